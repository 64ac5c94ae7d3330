"""Who looked at which pupil's history."""

from migrations.sql import run

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Forward only."""
    run(__file__)
