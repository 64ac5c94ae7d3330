"""Sealing: what is kept is what the tables hold; what was tampered with stops alone, and a kill leaves nothing half."""

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from kit import database as kit_database
from kit.database import Connection
from ledger import append, checkpoints, paths, sealing, tree
from tests.support.book import NOON, mark, write
from tests.support.sealing import ORIGIN, assert_proven, leaves_of, round_of, seal_all, signed


@pytest.fixture(scope="module", autouse=True)
async def _log(engine: AsyncEngine) -> None:
    await checkpoints.open_log(engine, ORIGIN)


async def test_nodes_and_fingerprints_are_those_of_the_tree(
    engine: AsyncEngine, school: int, owner: Connection
) -> None:
    for count in (1, 31, 200, 24, 1, 700, 67):
        first = await owner.fetchval("SELECT seq FROM ledger.head WHERE school_id = $1", school)
        await write(engine, school, *(mark(first + n + 1) for n in range(count)))
        await seal_all(engine)
    hashes = [tree.leaf_hash(each) for each in await leaves_of(engine, school)]
    assert len(hashes) == 1024
    prints = await owner.fetch("SELECT prints FROM ledger.fingerprint WHERE school_id = $1 ORDER BY block", school)
    assert [row["prints"] for row in prints] == [
        b"".join(each[:4] for each in hashes[at : at + 256]) for at in range(0, 1024, 256)
    ]
    nodes = await owner.fetch("SELECT level, index, hash FROM ledger.node WHERE school_id = $1", school)
    levels = paths.levels(b"".join(hashes))
    assert {(row["level"], row["index"]): row["hash"] for row in nodes} == {
        (level, at // 32): levels[level][at : at + 32]
        for level in range(5, len(levels))
        for at in range(0, len(levels[level]), 32)
    }


async def tamper(owner: Connection, statement: str, *given: object) -> None:
    """Do as the owner of the database can, whatever the triggers are for."""
    async with owner.transaction():
        await owner.execute("ALTER TABLE ledger.event DISABLE TRIGGER append_only")
        await owner.execute(statement, *given)
        await owner.execute("ALTER TABLE ledger.event ENABLE TRIGGER append_only")


async def failure_of(owner: Connection, school: int) -> str | None:
    failure: str | None = await owner.fetchval("SELECT failure FROM ledger.sealed WHERE school_id = $1", school)
    return failure


async def test_a_register_that_was_tampered_with_stops_alone_and_goes_on_when_it_is_mended(
    engine: AsyncEngine, school: int, owner: Connection
) -> None:
    async with kit_database.writing(engine, 0) as connection:
        other = await append.open_register(connection, NOON)
    await write(engine, school, *(mark(n) for n in range(1, 20)))
    await round_of(engine)
    await write(engine, school, *(mark(n) for n in range(20, 40)))
    await write(engine, other, mark(1))
    await tamper(owner, "UPDATE ledger.event SET code = 'N' WHERE school_id = $1 AND seq = 25", school)
    async with kit_database.reading(engine) as connection:
        before = await sealing.failing(connection)
    assert [await sealing.seal(engine, each, is_new=True) for each in (school, other)] == ["failed", "sealed"]
    async with kit_database.reading(engine) as connection:
        assert await sealing.failing(connection) == before + 1
    assert await failure_of(owner, school) == "the events from 20 to 39 do not lead to the root in the head"
    size = await signed(engine)
    assert size is not None
    assert (await assert_proven(engine, owner, other, size)).seq == 1
    assert (await assert_proven(engine, owner, school, size)).seq == 19
    await tamper(owner, "UPDATE ledger.event SET code = '/' WHERE school_id = $1 AND seq = 25", school)
    assert await sealing.seal(engine, school) == "sealed"
    assert await failure_of(owner, school) is None


@pytest.mark.parametrize(
    ("statement", "failure"),
    [
        (
            "DELETE FROM ledger.event WHERE school_id = $1 AND seq = 7",
            "the events from 6 to 9 cannot all be hashed: event 7, or what it refers to, is missing",
        ),
        (
            "UPDATE ledger.event SET seq = 8 WHERE school_id = $1 AND seq = 7",
            "two of the events from 6 to 9 have one number",
        ),
        (
            "UPDATE ledger.event SET staff_no = 77 WHERE school_id = $1 AND seq = 9",
            "the events from 6 to 9 cannot all be hashed: event 9, or what it refers to, is missing",
        ),
        (
            "UPDATE ledger.event SET pupil_no = 30 - seq WHERE school_id = $1 AND seq IN (7, 8)",
            "the events from 6 to 9 do not lead to the root in the head",
        ),
        (
            "UPDATE ledger.head SET seq = 4 WHERE school_id = $1",
            "sealed up to 5, and the head at 4 is not what continues it",
        ),
        (
            "UPDATE ledger.head SET seq = 5, root = sha256('a'), frontier = sha256('b') WHERE school_id = $1",
            "sealed up to 5, and the head at 5 is not what continues it",
        ),
        (
            "UPDATE ledger.head SET frontier = sha256('another') || sha256('one') WHERE school_id = $1",
            "the events from 6 to 9 do not lead to the root in the head",
        ),
    ],
)
async def test_what_was_done_to_the_tables_is_told(
    engine: AsyncEngine, school: int, owner: Connection, statement: str, failure: str
) -> None:
    await write(engine, school, *(mark(n) for n in range(1, 6)))
    await seal_all(engine)
    await write(engine, school, *(mark(n) for n in range(6, 10)))
    counted = await owner.fetchval("SELECT sum(events) FROM ledger.contents WHERE school_id = $1", school)
    await tamper(owner, statement, school)
    assert school in dict(await sealing.waiting(engine))
    assert await sealing.seal(engine, school) == "failed"
    assert await failure_of(owner, school) == failure
    assert await owner.fetchval("SELECT sum(events) FROM ledger.contents WHERE school_id = $1", school) == counted
    assert await owner.fetchval("SELECT max(seq) FROM ledger.seal WHERE school_id = $1", school) == 5


async def everything(owner: Connection, school: int) -> list[list[str]]:
    """Give every row that sealing keeps of a register, and what the log holds."""
    tables = [f"{name} WHERE school_id = {school}" for name in ("node", "fingerprint", "contents", "sealed", "seal")]
    return [
        [str(row) for row in await owner.fetch(f"SELECT * FROM ledger.{table} ORDER BY 1, 2, 3")]
        for table in (*tables, "checkpoint", "log")
    ]


async def test_a_sealing_that_is_killed_leaves_nothing_half(
    engine: AsyncEngine, school: int, owner: Connection
) -> None:
    await write(engine, school, *(mark(n) for n in range(1, 300)))
    await seal_all(engine)
    await write(engine, school, *(mark(n) for n in range(300, 1500)))
    before = await everything(owner, school)
    for turns in (1, 3, 10, 30, 60):
        killed = asyncio.create_task(sealing.seal(engine, school))
        for _ in range(turns):
            await asyncio.sleep(0)
        killed.cancel()
        with pytest.raises(asyncio.CancelledError):
            await killed
        assert await everything(owner, school) == before
    # The end of the transaction is as far as a kill can come.
    await owner.execute("""
        CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
        CREATE CONSTRAINT TRIGGER fails_at_commit AFTER INSERT ON ledger.seal
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.fail();
    """)
    try:
        assert await sealing.seal(engine, school) == "failed"
        assert await failure_of(owner, school) == "RaiseError P0001"
        await owner.execute("UPDATE ledger.sealed SET failure = NULL WHERE school_id = $1", school)
        assert await everything(owner, school) == before
    finally:
        await owner.execute("DROP FUNCTION public.fail() CASCADE")
    assert await sealing.seal(engine, school) == "sealed"
    size = await signed(engine)
    assert size is not None
    assert (await assert_proven(engine, owner, school, size)).seq == 1499
