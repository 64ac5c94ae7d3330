"""Alerts that live day by day, and what people did about them."""

from migrations.sql import run

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Forward only."""
    run(__file__)
