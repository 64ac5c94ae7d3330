"""Transactions: whole or not at all, of one school, and never handed on half-used, however a request ends."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from kit import database as kit
from ledger import append
from tests.support.postgres import Database

NOW = "2026-09-07T15:00:00+00:00"


@pytest.fixture
async def engine(database: Database) -> AsyncIterator[AsyncEngine]:
    """Give a pool of one connection, so that a connection that is not given back is missed at once."""
    pool = kit.connect(database.register_url, name="test-pool", pool_size=1)
    yield pool
    await pool.dispose()


@pytest.fixture
async def owner(database: Database) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(database.owner_url)
    yield connection
    await connection.close()


async def heads(engine: AsyncEngine) -> int:
    async with kit.reading(engine) as connection:
        return int(await connection.fetchval("SELECT count(*) FROM ledger.head"))


async def open_one(connection: kit.Connection) -> int:
    return await append.open_register(connection, datetime.fromisoformat(NOW))


async def test_a_block_that_ends_is_committed(engine: AsyncEngine) -> None:
    before = await heads(engine)
    async with kit.writing(engine, 0) as connection:
        await open_one(connection)
    assert await heads(engine) == before + 1


async def test_a_block_that_raises_is_undone(engine: AsyncEngine) -> None:
    before = await heads(engine)
    with pytest.raises(LookupError):
        async with kit.writing(engine, 0) as connection:
            await open_one(connection)
            raise LookupError
    assert await heads(engine) == before


async def test_a_statement_that_fails_is_undone_and_the_next_may_go_on(engine: AsyncEngine) -> None:
    before = await heads(engine)
    with pytest.raises(asyncpg.UndefinedTableError):
        async with kit.writing(engine, 0) as connection:
            await open_one(connection)
            await connection.execute("SELECT FROM nowhere")
    assert await heads(engine) == before


async def test_a_dry_run_is_undone(engine: AsyncEngine) -> None:
    before = await heads(engine)
    async with kit.writing(engine, 0, dry_run=True) as connection:
        await open_one(connection)
        assert await connection.fetchval("SELECT count(*) FROM ledger.head") == before + 1
    assert await heads(engine) == before


async def test_a_reader_writes_nothing(engine: AsyncEngine) -> None:
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with kit.reading(engine) as connection:
            await open_one(connection)


async def test_a_reader_sees_one_snapshot(engine: AsyncEngine, owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    count = "SELECT count(*) FROM access.key"
    async with kit.reading(engine) as connection:
        before = await connection.fetchval(count)
        await owner.execute("INSERT INTO access.key (kid, public_jwk) VALUES ('snapshot', '{}')")
        assert await connection.fetchval(count) == before
    async with kit.reading(engine) as connection:
        assert await connection.fetchval(count) == before + 1


async def test_the_school_of_a_transaction_ends_with_it(engine: AsyncEngine) -> None:
    asked = "SELECT current_setting('app.school_id', true)"
    async with kit.writing(engine, 7) as connection:
        assert await connection.fetchval(asked) == "7"
    async with kit.reading(engine, 8) as connection:
        assert await connection.fetchval(asked) == "8"
    async with kit.reading(engine) as connection:
        assert not await connection.fetchval(asked)


async def test_every_wait_is_bounded(engine: AsyncEngine) -> None:
    async with kit.reading(engine) as connection:
        bounds = {
            name: await connection.fetchval("SELECT current_setting($1)", name)
            for name in (
                "lock_timeout",
                "statement_timeout",
                "idle_in_transaction_session_timeout",
                "transaction_timeout",
            )
        }
    assert bounds == {
        "lock_timeout": "3s",
        "statement_timeout": "20s",
        "idle_in_transaction_session_timeout": "10s",
        "transaction_timeout": "1min",
    }


async def _in_a_statement(engine: AsyncEngine, begun: asyncio.Event) -> None:
    async with kit.writing(engine, 0) as connection:
        await open_one(connection)
        begun.set()
        await connection.execute("SELECT pg_sleep(1)")


async def _between_statements(engine: AsyncEngine, begun: asyncio.Event) -> None:
    async with kit.writing(engine, 0) as connection:
        await open_one(connection)
        begun.set()
        await asyncio.Event().wait()


@pytest.mark.parametrize("work", [_in_a_statement, _between_statements])
async def test_a_caller_who_goes_away_leaves_no_transaction_behind(
    engine: AsyncEngine, owner: "asyncpg.Connection[asyncpg.Record]", work: object
) -> None:
    before = await heads(engine)
    begun = asyncio.Event()
    assert callable(work)
    going = asyncio.create_task(work(engine, begun))
    await begun.wait()
    going.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going
    assert await heads(engine) == before
    half_used = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'test-pool' AND state <> 'idle'"
    async with asyncio.timeout(10):
        while await owner.fetchval(half_used):  # noqa: ASYNC110 -- the server notices in its own time
            await asyncio.sleep(0.01)


async def test_a_stream_that_is_not_read_to_its_end_gives_its_connection_back(engine: AsyncEngine) -> None:
    async def rows() -> AsyncIterator[int]:
        async with kit.reading(engine) as connection:
            for number in range(3):
                yield await connection.fetchval("SELECT $1::int", number)

    for _ in range(3):
        stream = rows()
        assert await anext(stream) == 0
        await stream.aclose()  # type: ignore[attr-defined]
    assert await heads(engine) >= 0


async def test_a_session_that_the_server_ended_is_replaced(
    engine: AsyncEngine, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    async with kit.reading(engine) as connection:
        pid = await connection.fetchval("SELECT pg_backend_pid()")
    await owner.fetchval("SELECT pg_terminate_backend($1, 10000)", pid)
    answered = 0
    for _ in range(2):
        try:
            async with kit.reading(engine) as connection:
                assert await connection.fetchval("SELECT pg_backend_pid()") != pid
                answered += 1
        except (asyncpg.PostgresConnectionError, asyncpg.AdminShutdownError, asyncpg.InterfaceError):
            continue
    assert answered >= 1


async def test_a_session_that_ends_within_a_transaction_is_not_answered_as_done(
    engine: AsyncEngine, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    before = await heads(engine)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
        async with kit.writing(engine, 0) as connection:
            await open_one(connection)
            pid = await connection.fetchval("SELECT pg_backend_pid()")
            await owner.fetchval("SELECT pg_terminate_backend($1, 10000)", pid)
    assert await heads(engine) == before
