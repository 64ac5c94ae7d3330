"""Secrets that overlap while one takes the place of another, and which clients have been revoked."""

from migrations.sql import run

revision = "0015"
down_revision = "0013"


def upgrade() -> None:
    """Forward only."""
    run(__file__)
