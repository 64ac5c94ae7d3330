"""The figures that the DfE publishes."""

from migrations.sql import run

revision = "0020"
down_revision = "0018"


def upgrade() -> None:
    """Forward only."""
    run(__file__)
