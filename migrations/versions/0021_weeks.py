"""A pupil's week in one row."""

from migrations.sql import run

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Forward only."""
    run(__file__)
