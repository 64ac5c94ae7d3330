"""Which schools have ever had a child for whom an authority is responsible."""

from migrations.sql import run

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Forward only."""
    run(__file__)
