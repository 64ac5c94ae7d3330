"""What people did about alerts, and notices, leave with the register."""

from migrations.sql import run

revision = "0025"
down_revision = "0023"


def upgrade() -> None:
    """Forward only."""
    run(__file__)
