"""Closures of sessions, and changes that plan an absence."""

from migrations.sql import run

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Forward only."""
    run(__file__)
