"""Runs the SQL that stands beside a migration, under the same name."""

from pathlib import Path
from typing import Any

from alembic import op
from sqlalchemy.util import await_only


def run(migration: str) -> None:
    """Run `NNNN_name.sql` beside the migration file `NNNN_name.py`, in the migration's transaction.

    The driver runs it as one script: a prepared statement may hold only one command.
    """
    # SQLAlchemy begins its transaction with its first statement; what the driver runs before that stands by itself.
    op.get_bind().exec_driver_sql("SELECT 1")
    driver: Any = op.get_bind().connection.driver_connection
    await_only(driver.execute(Path(migration).with_suffix(".sql").read_text("utf-8")))
