"""Sandboxes: registers that are begun for a day, and forgotten."""

from migrations.sql import run

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Forward only."""
    run(__file__)
