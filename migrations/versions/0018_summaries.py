"""Read models of summaries: spells on roll, sums of a day, and sums of an academic year."""

from migrations.sql import run

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Forward only."""
    run(__file__)
