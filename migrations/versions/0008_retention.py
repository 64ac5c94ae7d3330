"""A year may be let go, six years after it was entered, and what must stay is held."""

from migrations.sql import run

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Forward only."""
    run(__file__)
