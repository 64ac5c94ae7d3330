"""The database as a service meets it: a pool, a transaction for one school, and statements written as SQL.

SQLAlchemy owns connections and pool; the transaction and its statements are the driver's own (docs/adr/0003).
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias, cast

import aiosql
import asyncpg
from aiosql.adapters.asyncpg import AsyncPGAdapter
from sqlalchemy import PoolProxiedConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import greenlet_spawn

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
                # A statement whose caller is gone must not hold its locks to the end.
                "client_connection_check_interval": "1000",
                "transaction_timeout": str(TRANSACTION_TIMEOUT_MS),
                "timezone": "UTC",
            },
        },
    )


class _Adapter(AsyncPGAdapter):
    """Runs statements on the connection that it is given, without asking at each whether that is a pool.

    The question is asked by listing the connection's attributes; on the hot path that alone took a tenth of the time.
    """

    def _ordered(self, query_name: str, given: Mapping[str, Any]) -> list[Any]:
        return [given[name] for name in self.var_sorted[query_name]]

    async def select(
        self, conn: Connection, query_name: str, sql: str, parameters: Any, record_class: Any = None
    ) -> Any:
        for row in await conn.fetch(sql, *self._ordered(query_name, parameters)):
            yield row

    async def select_one(
        self, conn: Connection, query_name: str, sql: str, parameters: Any, record_class: Any = None
    ) -> Any:
        return await conn.fetchrow(sql, *self._ordered(query_name, parameters))

    async def select_value(self, conn: Connection, query_name: str, sql: str, parameters: Any) -> Any:
        return await conn.fetchval(sql, *self._ordered(query_name, parameters))

    async def insert_update_delete(self, conn: Connection, query_name: str, sql: str, parameters: Any) -> Any:
        return await conn.execute(sql, *self._ordered(query_name, parameters))


def statements(module: str) -> Any:
    """Load the named SQL blocks of the `.sql` file that stands beside `module` (its `__file__`) under its name."""
    return aiosql.from_path(Path(module).with_suffix(".sql"), _Adapter)


async def _checked_out(engine: AsyncEngine) -> PoolProxiedConnection:
    """Take a connection from the pool, passing over those that the server has gone away from.

    Raises ConnectionError when the server lets nobody in.
    """
    try:
        pooled = await engine.raw_connection()
        while cast(Connection, pooled.driver_connection).is_closed():
            await greenlet_spawn(pooled.invalidate)
            pooled = await engine.raw_connection()
    except engine.dialect.loaded_dbapi.Error as caught:
        raise ConnectionError("the server lets nobody in") from caught
    return pooled


def _context(school_id: int) -> str:
    return f"SET LOCAL app.school_id = '{school_id:d}'"


async def enter(connection: Connection, school_id: int) -> None:
    """Turn a transaction to one school: row-level security shows its rows and no others from here on."""
    await connection.execute(_context(school_id))


@asynccontextmanager
async def _transaction(engine: AsyncEngine, begin: str, end: str = "COMMIT") -> AsyncIterator[Connection]:
    pooled = await _checked_out(engine)
    connection = cast(Connection, pooled.driver_connection)
    trusted = False
    try:
        try:
            await connection.execute(begin)
            yield connection
            await connection.execute(end)
        except Exception:
            await connection.execute("ROLLBACK")
            trusted = True
            raise
        trusted = True
    finally:
        # A session that is away, cancelled between two messages or in the middle of something is closed, which rolls
        # it back: nobody gets it from the pool again.
        if not trusted:
            connection.terminate()
            await greenlet_spawn(pooled.invalidate)
        await greenlet_spawn(pooled.close)


@asynccontextmanager
async def writing(
    engine: AsyncEngine, school_id: int, *, dry_run: bool = False, plan_once: bool = False
) -> AsyncIterator[Connection]:
    """Open a transaction that may write to one school: committed when the block ends, undone when it raises.

    Row-level security shows this school's rows and no others. The block's end is the COMMIT: answer after it. A dry run
    does everything and is undone at the end. `plan_once` is for statements that look things up by their whole key: the
    server plans each once a connection, instead of weighing 30 partitions at every call.
    """
    begin = f"BEGIN; {_context(school_id)}"
    if plan_once:
        begin += "; SET LOCAL plan_cache_mode = force_generic_plan"
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
