"""The book: heads, events, changes, texts, persons."""

from migrations.sql import run

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Forward only."""
    run(__file__)
