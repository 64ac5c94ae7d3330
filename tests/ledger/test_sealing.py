"""Sealing and signing: what is signed is what the tables hold, and every proof leads to it."""

import itertools
import json
from datetime import date, timedelta
from typing import Any

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
async def owner(database: Database) -> Any:
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
    assert await seal_all(engine) == []
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


async def test_a_register_that_was_tampered_with_stops_alone(
    engine: AsyncEngine, school: int, owner: Connection
) -> None:
    async with kit_database.writing(engine, 0) as connection:
        other = await append.open_register(connection, NOON)
    await write(engine, school, *(mark(n) for n in range(1, 20)))
    await seal_all(engine)
    await write(engine, school, *(mark(n) for n in range(20, 40)))
    await write(engine, other, mark(1))
    async with owner.transaction():
        await owner.execute("ALTER TABLE ledger.event DISABLE TRIGGER append_only")
        await owner.execute("UPDATE ledger.event SET code = 'N' WHERE school_id = $1 AND seq = 25", school)
        await owner.execute("ALTER TABLE ledger.event ENABLE TRIGGER append_only")
    assert sorted(await seal_all(engine)) == ["failed", "sealed"]
    size = await signed(engine)
    row = await owner.fetchrow("SELECT seq, failure FROM ledger.sealed WHERE school_id = $1", school)
    assert row is not None
    assert (row["seq"], row["failure"]) == (19, "the events from 20 to 39 do not lead to the root in the head")
    assert size is not None
    assert (await assert_proven(engine, owner, other, size)).seq == 1
    async with owner.transaction():
        await owner.execute("ALTER TABLE ledger.event DISABLE TRIGGER append_only")
        await owner.execute("UPDATE ledger.event SET code = '/' WHERE school_id = $1 AND seq = 25", school)
        await owner.execute("ALTER TABLE ledger.event ENABLE TRIGGER append_only")
    assert await seal_all(engine) == ["sealed"]
    assert await owner.fetchval("SELECT failure FROM ledger.sealed WHERE school_id = $1", school) is None
