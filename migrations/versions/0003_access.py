"""Clients and the public keys of their tokens."""

from migrations.sql import run

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Forward only."""
    run(__file__)
