"""The ids by which a supplier that sends its own body knows pupils, codes and staff."""

from migrations.sql import run

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Forward only."""
    run(__file__)
