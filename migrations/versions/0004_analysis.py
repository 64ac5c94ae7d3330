"""What follows from the register: read models that can be thrown away and built again, and alerts."""

from migrations.sql import run

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Forward only."""
    run(__file__)
