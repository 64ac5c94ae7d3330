"""What the register knows of its school and pupils."""

from migrations.sql import run

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Forward only."""
    run(__file__)
