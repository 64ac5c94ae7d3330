"""Absence that is known ahead."""

from migrations.sql import run

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Forward only."""
    run(__file__)
