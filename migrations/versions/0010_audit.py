"""The amendments of a school, found without its first entries."""

from migrations.sql import run

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Forward only."""
    run(__file__)
