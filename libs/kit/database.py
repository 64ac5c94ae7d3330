"""The database as a service meets it: a pool, a transaction for one school, and statements written as SQL.

SQLAlchemy owns connections and pool; the transaction and its statements are the driver's own (docs/adr/0003).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias, cast

import aiosql
import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

LOCK_TIMEOUT_MS = 3_000
STATEMENT_TIMEOUT_MS = 20_000
TRANSACTION_TIMEOUT_MS = 60_000
"""No writer is in flight for longer than this: an instant that is older is settled (design.md section 3)."""

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


def connect(url: str, *, name: str, pool_size: int) -> AsyncEngine:
    """Give a pool of at most `pool_size` connections to `url` (`postgresql://...`); none is opened yet.

    `name` is shown by the server as the application's. Waits for locks, statements and idle transactions are bounded.
    """
    return create_async_engine(
        url.replace("postgresql://", "postgresql+asyncpg://", 1),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        connect_args={
            "timeout": 10,
            "server_settings": {
                "application_name": name,
                "jit": "off",
                "lock_timeout": str(LOCK_TIMEOUT_MS),
                "statement_timeout": str(STATEMENT_TIMEOUT_MS),
                "idle_in_transaction_session_timeout": "10000",
                "transaction_timeout": str(TRANSACTION_TIMEOUT_MS),
                "timezone": "UTC",
            },
        },
    )


def statements(module: str) -> Any:
    """Load the named SQL blocks of the `.sql` file that stands beside `module` (its `__file__`) under its name."""
    return aiosql.from_path(Path(module).with_suffix(".sql"), "asyncpg")


async def _driver(checked_out: AsyncConnection) -> Connection:
    """Give the driver's connection, a fresh one when the server has gone away from the pooled one."""
    connection = cast(Connection, (await checked_out.get_raw_connection()).driver_connection)
    if connection.is_closed():
        await checked_out.invalidate()
        connection = cast(Connection, (await checked_out.get_raw_connection()).driver_connection)
    return connection


async def _discard(checked_out: AsyncConnection, connection: Connection) -> None:
    """Close a session that is away or in the middle of something, so that nobody gets it from the pool again."""
    connection.terminate()
    await checked_out.invalidate()


def _context(school_id: int) -> str:
    return f"SET LOCAL app.school_id = '{school_id:d}'"


async def enter(connection: Connection, school_id: int) -> None:
    """Turn a transaction to one school: row-level security shows its rows and no others from here on."""
    await connection.execute(_context(school_id))


@asynccontextmanager
async def _transaction(engine: AsyncEngine, begin: str, end: str = "COMMIT") -> AsyncIterator[Connection]:
    async with engine.connect() as checked_out:
        connection = await _driver(checked_out)
        try:
            await connection.execute(begin)
            yield connection
            await connection.execute(end)
        except Exception:
            try:
                await connection.execute("ROLLBACK")
            except Exception:
                await _discard(checked_out, connection)
            raise
        except BaseException:
            # Cancelled somewhere between two messages: the session cannot be trusted, and closing it rolls back.
            await _discard(checked_out, connection)
            raise


@asynccontextmanager
async def writing(engine: AsyncEngine, school_id: int, *, dry_run: bool = False) -> AsyncIterator[Connection]:
    """Open a transaction that may write to one school: committed when the block ends, undone when it raises.

    Row-level security shows this school's rows and no others. The block's end is the COMMIT: answer after it. A dry run
    does everything and is undone at the end.
    """
    begin = f"BEGIN; {_context(school_id)}"
    async with _transaction(engine, begin, "ROLLBACK" if dry_run else "COMMIT") as connection:
        yield connection


@asynccontextmanager
async def reading(engine: AsyncEngine, school_id: int | None = None) -> AsyncIterator[Connection]:
    """Open a read-only transaction on one snapshot: of one school, or, without one, of what holds no pupil."""
    begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    if school_id is not None:
        begin += f"; {_context(school_id)}"
    async with _transaction(engine, begin) as connection:
        yield connection
