"""Seals and checkpoints as a checkpointer makes them, and what holds of every one."""

import itertools
import json
from datetime import date, datetime, timedelta

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.ext.asyncio import AsyncEngine

from kit import database as kit_database
from kit.database import Connection
from ledger import checkpoints, leaf, note, paths, read, sealing, tree
from ledger.checkpoints import Standing
from ledger.note import PublicKey, SigningKey
from ledger.sealing import Outcome
from tests.support import merkle
from tests.support.book import NOON
from tests.support.postgres import Database

ORIGIN = "rollbook.example/register"
KEY = SigningKey(ORIGIN, Ed25519PrivateKey.generate())
AT = datetime.fromisoformat("2026-09-08T16:00:00+01:00")
LATER = (NOON + timedelta(minutes=n) for n in itertools.count())


async def seal_all(engine: AsyncEngine) -> list[Outcome]:
    """Seal everything that waits."""
    return [await sealing.seal(engine, school, is_new=is_new) for school, is_new in await sealing.waiting(engine)]


async def round_of(engine: AsyncEngine) -> int | None:
    """Seal everything and sign, as a checkpointer does."""
    await seal_all(engine)
    return await signed(engine)


async def signed(engine: AsyncEngine, ended: date | None = None) -> int | None:
    """Sign, at an instant after all the others."""
    return await checkpoints.sign(engine, [KEY], next(LATER), every=timedelta(0), ended=ended)


async def leaves_of(engine: AsyncEngine, school: int) -> list[bytes]:
    """Give the leaves of a register, as everybody reads them."""
    async with kit_database.reading(engine, school) as connection:
        return [event.leaf for event in await read.events(connection, school, 0, 100_000)]


async def standing(engine: AsyncEngine, school: int, size: int | None = None) -> Standing | None:
    """Give how a register stood at a checkpoint, the last one without a size."""
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
    """Give the root to which a path leads."""
    root = paths.root_by(tree.leaf_hash(proven.leaf), proven.index, proven.size, proven.path)
    assert root is not None
    return root


async def checkpointed(database: Database, at: datetime = AT) -> PublicKey:
    """Seal every register and sign a checkpoint; give the key to check it with."""
    engine = kit_database.connect(database.register_url, name="tests", pool_size=1)
    try:
        await checkpoints.open_log(engine, ORIGIN)
        for school_id, is_new in await sealing.waiting(engine):
            assert await sealing.seal(engine, school_id, is_new=is_new) == "sealed"
        assert await checkpoints.sign(engine, [KEY], at, every=timedelta(0), ended=None)
    finally:
        await engine.dispose()
    return KEY.public
