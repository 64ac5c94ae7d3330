"""A text may be removed, by an act that stands in the stream."""

from migrations.sql import run

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Forward only."""
    run(__file__)
