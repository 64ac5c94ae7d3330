"""Signing and standing: what is signed is what the tables hold, and every proof leads to it."""

import asyncio
import itertools
from datetime import date, datetime, timedelta
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.ext.asyncio import AsyncEngine

from kit import database as kit_database
from kit.database import Connection
from ledger import append, checkpoints, note, paths, sealing
from ledger.note import SigningKey
from tests.support import merkle
from tests.support.book import NOON, mark, write
from tests.support.sealing import KEY, LATER, ORIGIN, assert_proven, round_of, seal_all, signed, standing


@pytest.fixture(scope="module", autouse=True)
async def _log(engine: AsyncEngine) -> None:
    await checkpoints.open_log(engine, ORIGIN)


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


async def test_signing_waits_for_a_seal_that_names_its_checkpoint(
    engine: AsyncEngine, school: int, owner: Connection
) -> None:
    await write(engine, school, mark(1))
    await seal_all(engine)
    await write(engine, school, mark(2))
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    async with owner.transaction():
        # Held up at its last statement, as a seal is that is about to be committed.
        await owner.execute("LOCK TABLE ledger.seal IN SHARE MODE")
        seal = asyncio.create_task(sealing.seal(engine, school))
        while await owner.fetchval(waiting) < 1:  # noqa: ASYNC110 -- what is waited for happens in the server
            await asyncio.sleep(0.01)
        signing = asyncio.create_task(signed(engine))
        while await owner.fetchval(waiting) < 2:
            assert not signing.done()
            await asyncio.sleep(0.01)
    assert await seal == "sealed"
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


async def test_who_comes_to_sign_after_another_has_does_not_sign_again(engine: AsyncEngine, school: int) -> None:
    async def comes(now: datetime, ended: date) -> int | None:
        await write(engine, school, mark(next(numbers)))
        await seal_all(engine)
        return await checkpoints.sign(engine, [KEY], now, every=timedelta(minutes=1), ended=ended)

    numbers = itertools.count(1)
    for day in (next(LATER) + timedelta(days=40), next(LATER) + timedelta(days=41)):
        size = await comes(day, day.date())
        assert size is not None
        # More has moved since, but the interval is not over, and the day has been closed.
        assert await comes(day + timedelta(seconds=59), day.date()) is None
        assert await comes(day + timedelta(minutes=1), day.date()) == size + 1
