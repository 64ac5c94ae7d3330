"""Sealing and signing: what is signed is what the tables hold, and every proof leads to it."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from datetime import date, timedelta
from random import Random

import asyncpg
import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.ext.asyncio import AsyncEngine

from kit import database as kit_database
from kit.database import Connection
from ledger import append, checkpoints, leaf, note, paths, read, sealing, tree
from ledger.checkpoints import Standing
from ledger.note import SigningKey
from ledger.sealing import Outcome
from tests.support import merkle
from tests.support.book import NOON, mark, write
from tests.support.postgres import Database

ORIGIN = "rollbook.example/register"
KEY = SigningKey(ORIGIN, Ed25519PrivateKey.generate())
LATER = (NOON + timedelta(minutes=n) for n in itertools.count())


@pytest.fixture(scope="module", autouse=True)
async def _log(engine: AsyncEngine) -> None:
    await checkpoints.open_log(engine, ORIGIN)


async def seal_all(engine: AsyncEngine) -> list[Outcome]:
    return [await sealing.seal(engine, school, is_new=is_new) for school, is_new in await sealing.waiting(engine)]


async def round_of(engine: AsyncEngine) -> int | None:
    """Seal everything and sign, as a checkpointer does."""
    await seal_all(engine)
    return await signed(engine)


async def signed(engine: AsyncEngine, ended: date | None = None) -> int | None:
    return await checkpoints.sign(engine, [KEY], next(LATER), every=timedelta(0), ended=ended)


async def leaves_of(engine: AsyncEngine, school: int) -> list[bytes]:
    async with kit_database.reading(engine, school) as connection:
        return [event.leaf for event in await read.events(connection, school, 0, 100_000)]


async def standing(engine: AsyncEngine, school: int, size: int | None = None) -> Standing | None:
    async with kit_database.reading(engine, school) as connection:
        return await checkpoints.standing(connection, school, size)


async def subjects_of(connection: Connection, school: int, seq: int) -> list[bytes]:
    """Give the leaves of a register's contents at a position, from plain SQL and the keys alone."""
    rows = await connection.fetch(
        "SELECT subject, count(*) AS events, (SELECT key FROM ledger.contents c WHERE c.school_id = $1 "
        "AND c.subject = s.subject) AS key FROM (SELECT subject FROM ledger.change WHERE school_id = $1 AND seq <= $2 "
        "UNION ALL SELECT 'pupil:' || pupil_no || '/' || to_char(session_date - interval '7 months', 'YYYY-') "
        "|| to_char(session_date + interval '5 months', 'YY') FROM ledger.event WHERE school_id = $1 AND seq <= $2) s "
        "GROUP BY subject",
        school,
        seq,
    )
    return [
        rfc8785.dumps(
            {
                "events": row["events"],
                "nonce": leaf.nonce(row["key"], row["events"]),
                "subject": row["subject"],
                "v": 1,
            }
        )
        for row in sorted(rows, key=lambda row: row["subject"].encode())
    ]


async def assert_proven(engine: AsyncEngine, owner: Connection, school: int, size: int) -> Standing:
    """Assert that a register stood so at a checkpoint, and that everything leads to what is signed."""
    stood = await standing(engine, school, size)
    assert stood is not None
    head = json.loads(stood.heads.leaf)
    register = await owner.fetchval("SELECT register_id FROM ledger.head WHERE school_id = $1", school)
    assert head == {
        "contents": stood.contents.hex(),
        "register": str(register),
        "root": stood.root.hex(),
        "seq": stood.seq,
        "v": 1,
    }
    assert rfc8785.dumps(head) == stood.heads.leaf
    assert stood.root == merkle.root((await leaves_of(engine, school))[: stood.seq])
    assert stood.contents == merkle.root(await subjects_of(owner, school, stood.seq))
    top = led(stood.heads)
    record = json.loads(stood.log.leaf)
    assert record == {
        "at": leaf.micros(stood.at),
        "closes": None if stood.closes is None else str(stood.closes),
        "heads": stood.heads.size,
        "root": top.hex(),
        "v": 1,
    }
    assert rfc8785.dumps(record) == stood.log.leaf
    checkpoint = note.read(stood.note)
    assert (checkpoint.origin, checkpoint.size) == (ORIGIN, size)
    assert checkpoint.root == led(stood.log)
    assert checkpoint.signed_by([KEY.public]) == KEY.public
    return stood


def led(proven: checkpoints.Proven) -> bytes:
    root = paths.root_by(tree.leaf_hash(proven.leaf), proven.index, proven.size, proven.path)
    assert root is not None
    return root


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database.owner_url)
    yield connection
    await connection.close()


async def test_what_is_signed_is_what_the_tables_hold(engine: AsyncEngine, school: int, owner: Connection) -> None:
    await write(engine, school, *(mark(n) for n in range(1, 400)))
    await write(engine, school, mark(7, "I", version=2, original_code="/", reason="Parent telephoned"))
    assert set(await seal_all(engine)) == {"sealed"}
    size = await signed(engine)
    assert size is not None
    assert (await assert_proven(engine, owner, school, size)).seq == 400
    assert school not in dict(await sealing.waiting(engine))
    assert await signed(engine) is None


async def test_an_empty_register_is_covered_too(engine: AsyncEngine, school: int, owner: Connection) -> None:
    await seal_all(engine)
    size = await signed(engine)
    assert size is not None
    stood = await assert_proven(engine, owner, school, size)
    assert (stood.seq, stood.root, stood.contents) == (0, merkle.EMPTY, merkle.EMPTY)


async def test_an_old_checkpoint_is_proven_as_it_was(engine: AsyncEngine, school: int, owner: Connection) -> None:
    found = []
    for n in range(1, 12):
        await write(engine, school, *(mark(100 * n + at) for at in range(n)))
        await seal_all(engine)
        found.append((await signed(engine), n * (n + 1) // 2))
    await write(engine, school, mark(1))
    await seal_all(engine)
    for size, seq in found:
        assert size is not None
        assert (await assert_proven(engine, owner, school, size)).seq == seq


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
            "UPDATE ledger.head SET seq = 5, root = sha256('another') WHERE school_id = $1",
            "sealed up to 5, and the head at 5 is not what continues it",
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


async def test_signing_waits_for_a_seal_that_names_its_checkpoint(
    engine: AsyncEngine, school: int, owner: Connection
) -> None:
    await write(engine, school, mark(1))
    await seal_all(engine)
    await write(engine, school, mark(2))
    # A seal that has been written and not yet committed, as another process leaves it for a moment.
    lock = "SELECT FROM ledger.log FOR SHARE"
    async with owner.transaction():
        await owner.execute(lock)
        signing = asyncio.create_task(signed(engine))
        while not await owner.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110 -- of the server
            await asyncio.sleep(0.01)
        assert await sealing.seal(engine, school) == "sealed"
        assert not signing.done()
    size = await signing
    assert size is not None
    assert (await assert_proven(engine, owner, school, size)).seq == 2


@pytest.mark.parametrize("seed", range(2))
async def test_every_proof_of_every_checkpoint_leads_to_what_was_signed(
    engine: AsyncEngine, owner: Connection, seed: int
) -> None:
    random = Random(seed)
    schools = []
    for _ in range(4):
        async with kit_database.writing(engine, 0) as connection:
            schools.append(await append.open_register(connection, NOON))
    numbers = itertools.count(1)

    async def writes() -> None:
        for _ in range(random.randrange(6)):
            marks = [mark(next(numbers)) for _ in range(random.choice((1, 3, 30, 40)))]
            await write(engine, random.choice(schools), *marks)

    first = await owner.fetchval("SELECT size FROM ledger.log")
    for _ in range(8):
        await asyncio.gather(writes(), round_of(engine), writes(), round_of(engine))
    await round_of(engine)
    last = await owner.fetchval("SELECT size FROM ledger.log")
    assert last >= first + 5
    for size in range(first + 1, last + 1):
        for school in schools:
            if await standing(engine, school, size) is not None:
                await assert_proven(engine, owner, school, size)
    await assert_trees(engine, owner, range(first + 1, last + 1))


async def assert_trees(engine: AsyncEngine, owner: Connection, sizes: range) -> None:
    """Assert that the trees over all heads, and the log, are those that an independent library makes."""
    schools = [row["school_id"] for row in await owner.fetch("SELECT school_id FROM ledger.head ORDER BY register_id")]
    rows = await owner.fetch("SELECT size, heads, root, note FROM ledger.checkpoint ORDER BY size")
    logged = []
    for row in rows:
        stood = [at for school in schools if (at := await standing(engine, school, row["size"])) is not None]
        assert row["root"] == merkle.root(at.heads.leaf for at in stood)
        assert row["heads"] == len(stood)
        logged.append(stood[0].log.leaf)
        assert note.read(row["note"]).root == merkle.root(logged)
    async with kit_database.reading(engine) as connection:
        for old, new in itertools.combinations_with_replacement(sizes, 2):
            path = await checkpoints.continuation(connection, old, new)
            roots = (note.read(rows[size - 1]["note"]).root for size in (old, new))
            assert paths.continues(old, next(roots), new, next(roots), path)


async def test_a_register_sealed_twice_for_a_checkpoint_stands_in_it_as_it_was_last(
    engine: AsyncEngine, school: int, owner: Connection
) -> None:
    for n in range(1, 4):
        await write(engine, school, mark(n))
        await seal_all(engine)
    size = await signed(engine)
    await write(engine, school, mark(4))
    await round_of(engine)
    assert size is not None
    assert (await assert_proven(engine, owner, school, size)).seq == 3


async def test_a_register_is_not_proven_by_a_checkpoint_from_before_it(engine: AsyncEngine, school: int) -> None:
    await seal_all(engine)
    size = await signed(engine)
    assert size is not None
    assert await standing(engine, school, size) is not None
    assert await standing(engine, school, size - 1) is None
    assert await standing(engine, school, size + 1) is None


async def test_while_a_key_takes_the_place_of_another_both_sign(
    engine: AsyncEngine, school: int, owner: Connection
) -> None:
    new = SigningKey(ORIGIN, Ed25519PrivateKey.generate())
    holds = []
    for number, keys in enumerate(([KEY], [KEY, new], [new])):
        await write(engine, school, mark(number + 1))
        await seal_all(engine)
        size = await checkpoints.sign(engine, keys, next(LATER), every=timedelta(0), ended=None)
        signed_note = note.read(await owner.fetchval("SELECT note FROM ledger.checkpoint WHERE size = $1", size))
        holds.append([signed_note.signed_by([each.public]) is not None for each in (KEY, new)])
        since = await owner.fetchval("SELECT since FROM ledger.checkpoint_key WHERE vkey = $1", str(new.public))
        assert size is not None
        assert since == (None if number == 0 else size - number + 1)
    assert holds == [[True, False], [True, True], [False, True]]


async def test_a_log_keeps_its_name_for_life(engine: AsyncEngine) -> None:
    await checkpoints.open_log(engine, ORIGIN)
    with pytest.raises(checkpoints.AnotherLog, match=ORIGIN):
        await checkpoints.open_log(engine, "another.example/register")
