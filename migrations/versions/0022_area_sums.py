"""Sums of academic years by term, half-term and month too, and the sums of areas."""

from migrations.sql import run

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Forward only."""
    run(__file__)
