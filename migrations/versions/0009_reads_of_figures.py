"""Reads of pupils' figures are recorded too."""

from migrations.sql import run

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Forward only."""
    run(__file__)
