"""What proves the register to others: inner nodes, contents, seals, checkpoints."""

from migrations.sql import run

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Forward only."""
    run(__file__)
