"""The checkpointer: when a checkpoint is due, one at a time, and what it does about what fails."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest
from joserfc.jwk import ECKey, OKPKey
from sqlalchemy.ext.asyncio import AsyncEngine

from kit import database as kit_database
from kit.database import Connection
from kit.settings import IssuerSettings
from ledger import append, checkpoints, deposits, note
from ledger.note import PublicKey
from onebox.postgres import Server, write_private
from register_api import checkpointer
from register_api.checkpointer import Checkpointer, NotConfigured, faring, round_of
from tests.support import postgres
from tests.support.book import NOON, mark, write
from tests.support.postgres import Database
from tests.support.services import Clock, register_api

ORIGIN = "rollbook.example/register"


@pytest.fixture
async def database(postgres_server: Server, template_database: Database) -> AsyncIterator[Database]:
    """Give each test a log of its own: a checkpointer is about all registers."""
    async with postgres.clone(postgres_server, template_database) as cloned:
        yield cloned


@pytest.fixture
async def engine(database: Database) -> AsyncIterator[AsyncEngine]:
    engine = kit_database.connect(database.register_url, name="tests", pool_size=8)
    yield engine
    await engine.dispose()


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database.owner_url)
    yield connection
    await connection.close()


@pytest.fixture(autouse=True)
def _afternoon() -> None:
    """Run no service: what a checkpointer does is asked for round by round."""


@pytest.fixture
def clock() -> Clock:
    """Give a clock that stands at a noon in September."""
    return Clock(NOON)


def private_key(folder: Path, name: str = "checkpoints") -> Path:
    path = folder / f"{name}.json"
    if not path.exists():
        write_private(path, OKPKey.generate_key("Ed25519").as_dict(private=True))
    return path


def settings(database: Database, folder: Path, **other: object) -> IssuerSettings:
    given = {"checkpoint_key": str(private_key(folder)), "checkpoint_origin": ORIGIN, **other}
    return IssuerSettings.model_validate(
        {"database_url": database.register_url, "signing_key": folder / "signing-key.json", **given}
    )


@pytest.fixture
async def working(engine: AsyncEngine, database: Database, clock: Clock, tmp_path: Path) -> Checkpointer:
    """Give a checkpointer that has just made a checkpoint of all that there is."""
    configured = await checkpointer.configured(engine, clock, settings(database, tmp_path))
    assert configured is not None
    await opened(engine)
    assert await round_of(configured) is not None
    return configured


async def opened(engine: AsyncEngine) -> int:
    async with kit_database.writing(engine, 0) as connection:
        return await append.open_register(connection, NOON)


async def last(owner: Connection) -> asyncpg.Record:
    row = await owner.fetchrow("SELECT * FROM ledger.checkpoint ORDER BY size DESC LIMIT 1")
    assert row is not None
    return row


async def test_a_checkpoint_is_due_when_the_interval_is_over_and_something_has_moved(
    working: Checkpointer, engine: AsyncEngine, clock: Clock, owner: Connection
) -> None:
    school, before = await opened(engine), await last(owner)
    clock.now += timedelta(minutes=9)
    assert await round_of(working) is None
    clock.now += timedelta(minutes=1)
    assert await round_of(working) == before["size"] + 1
    assert (await last(owner))["heads"] == before["heads"] + 1
    clock.now += timedelta(minutes=20)
    assert await round_of(working) is None
    await write(engine, school, mark(1))
    assert await round_of(working) == before["size"] + 2
    assert (await last(owner))["at"] == clock.now
    assert (await last(owner))["closes"] is None


async def test_the_first_checkpoint_after_midnight_closes_the_day_whether_or_not_anything_moved(
    working: Checkpointer, clock: Clock, owner: Connection
) -> None:
    # In September London's midnight is 23:00 in UTC; a minute later nobody can still be writing for the day before.
    size, day = (await last(owner))["size"], clock.now.date()
    clock.now = datetime(day.year, day.month, day.day, 23, 0, 59, tzinfo=UTC)
    assert await round_of(working) is None
    clock.now += timedelta(seconds=1)
    assert await round_of(working) == size + 1
    assert (await last(owner))["closes"] == day
    clock.now += timedelta(hours=5)
    assert await round_of(working) is None


async def test_a_checkpointer_that_was_away_for_days_closes_the_last_of_them(
    working: Checkpointer, clock: Clock, owner: Connection
) -> None:
    day = clock.now.date()
    clock.now += timedelta(days=3)
    assert await round_of(working) is not None
    assert (await last(owner))["closes"] == day + timedelta(days=2)


async def test_in_winter_the_day_ends_an_hour_later(
    engine: AsyncEngine, database: Database, tmp_path: Path, owner: Connection
) -> None:
    clock = Clock(datetime(2027, 1, 18, 12, tzinfo=UTC))
    working = await checkpointer.configured(engine, clock, settings(database, tmp_path))
    assert working is not None
    await opened(engine)
    assert await round_of(working) == 1
    clock.now = datetime(2027, 1, 19, 0, 0, 59, tzinfo=UTC)
    assert await round_of(working) is None
    clock.now += timedelta(seconds=1)
    assert await round_of(working) == 2
    assert (await last(owner))["closes"] == date(2027, 1, 18)


async def test_nothing_is_signed_before_there_is_a_register(
    engine: AsyncEngine, database: Database, clock: Clock, tmp_path: Path
) -> None:
    working = await checkpointer.configured(engine, clock, settings(database, tmp_path))
    assert working is not None
    assert await round_of(working) is None
    await opened(engine)
    assert await round_of(working) == 1


async def test_of_several_checkpointers_one_signs_when_a_checkpoint_is_due(
    working: Checkpointer, engine: AsyncEngine, clock: Clock, owner: Connection
) -> None:
    schools = [await opened(engine) for _ in range(6)]
    sizes = []
    for number in range(1, 5):
        for school in schools:
            await write(engine, school, *(mark(100 * number + n) for n in range(20)))
        clock.now += timedelta(hours=12)
        signed = await asyncio.gather(*(round_of(replace(working)) for _ in range(4)))
        sizes += [size for size in signed if size is not None]
        assert len(sizes) >= number
    assert sizes == list(range(2, 2 + len(sizes)))
    # One at each interval; at the end of a day one more, where the first of it left out what another was still sealing.
    assert len(sizes) <= 6
    assert await owner.fetchval("SELECT count(*) FROM ledger.checkpoint WHERE closes IS NOT NULL") == 2
    assert await owner.fetchval("SELECT count(*) FROM ledger.sealed WHERE seq < 80") == 1


async def test_a_day_is_not_closed_while_another_process_is_at_a_register_of_it(
    working: Checkpointer, engine: AsyncEngine, clock: Clock, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpointer, "PATIENCE", 1)
    school, other = await opened(engine), await opened(engine)
    clock.now += timedelta(minutes=10)
    assert await round_of(working) == 2
    await write(engine, school, mark(1))
    await write(engine, other, mark(1))
    clock.now += timedelta(days=1)
    async with owner.transaction():
        await owner.execute("SELECT FROM ledger.sealed WHERE school_id = $1 FOR UPDATE", school)
        assert await round_of(working) == 3
        assert (await last(owner))["closes"] is None
        assert await round_of(working) is None
    assert await round_of(working) == 4
    assert (await last(owner))["closes"] == NOON.date()
    async with kit_database.reading(engine, school) as connection:
        stood = await checkpoints.standing(connection, school)
    assert stood is not None
    assert stood.seq == 1


async def test_while_a_key_takes_the_place_of_another_a_reader_needs_to_know_one_of_them(
    engine: AsyncEngine, database: Database, clock: Clock, tmp_path: Path, owner: Connection
) -> None:
    old, new = private_key(tmp_path, "old"), private_key(tmp_path, "new")
    school, signers = await opened(engine), []
    for number, files in enumerate((f"{old}", f"{old}:{new}", f"{new}"), 1):
        working = await checkpointer.configured(engine, clock, settings(database, tmp_path, checkpoint_key=files))
        assert working is not None
        await write(engine, school, mark(number))
        clock.now += timedelta(minutes=10)
        assert await round_of(working) == number
        signed = note.read((await last(owner))["note"])
        published = [PublicKey.parse(row["vkey"]) for row in await owner.fetch("SELECT * FROM ledger.checkpoint_key")]
        assert signed.signed_by(published) is not None
        signers.append({str(key) for key in published if signed.signed_by([key])})
    first, both, second = signers
    assert (len(first), len(second), both) == (1, 1, first | second)
    assert first != second
    since = {row["vkey"]: row["since"] for row in await owner.fetch("SELECT * FROM ledger.checkpoint_key")}
    assert since == {first.pop(): 1, second.pop(): 2}


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"checkpoint_origin": None}, NotConfigured),
        ({"checkpoint_origin": "another.example/register"}, checkpoints.AnotherLog),
        ({"checkpoint_deposits": "/srv/checkpoints"}, deposits.NotAPlace),
        ({"checkpoint_key": "not-there.json"}, FileNotFoundError),
    ],
)
@pytest.mark.usefixtures("working")
async def test_settings_that_cannot_be_followed_stop_the_start(
    engine: AsyncEngine, database: Database, clock: Clock, tmp_path: Path, wrong: dict[str, str], refusal: type
) -> None:
    with pytest.raises(refusal):
        await checkpointer.configured(engine, clock, settings(database, tmp_path, **wrong))


async def test_a_key_of_another_kind_stops_the_start(
    engine: AsyncEngine, database: Database, clock: Clock, tmp_path: Path
) -> None:
    path = tmp_path / "wrong.json"
    for content in (
        ECKey.generate_key("P-256").as_dict(private=True),
        OKPKey.generate_key("X25519").as_dict(private=True),
        OKPKey.generate_key("Ed25519").as_dict(private=False),
        {"no": "key"},
    ):
        path.unlink(missing_ok=True)
        write_private(path, content)
        with pytest.raises(NotConfigured):
            await checkpointer.configured(engine, clock, settings(database, tmp_path, checkpoint_key=str(path)))


async def test_without_a_key_there_is_no_checkpointer(
    engine: AsyncEngine, database: Database, clock: Clock, tmp_path: Path
) -> None:
    assert await checkpointer.configured(engine, clock, settings(database, tmp_path, checkpoint_key=None)) is None


async def test_readiness_tells_of_what_fails_and_names_no_school_and_no_place(
    database: Database, engine: AsyncEngine, owner: Connection, tmp_path: Path
) -> None:
    school = await opened(engine)
    await write(engine, school, mark(1))
    async with owner.transaction():
        await owner.execute("ALTER TABLE ledger.event DISABLE TRIGGER append_only")
        await owner.execute("UPDATE ledger.event SET code = 'N' WHERE school_id = $1", school)
        await owner.execute("ALTER TABLE ledger.event ENABLE TRIGGER append_only")
    clock = Clock(datetime.now(UTC))
    told = {
        "checkpoint_key": str(private_key(tmp_path)),
        "checkpoint_origin": ORIGIN,
        "checkpoint_interval": 0.02,
        "checkpoint_deposits": f"{tmp_path.as_uri()} {(tmp_path / 'not-there').as_uri()}",
    }
    async with (
        register_api(database, tmp_path, clock, **told) as running,
        httpx.AsyncClient(base_url=running.address, verify=False) as http,
    ):
        lagging = [{"place": 2, "behind": 1, "failing": True}]
        ready: dict[str, object] = {}
        while ready.get("deposits_behind") != lagging:
            clock.now = datetime.now(UTC)
            ready = (await http.get("/readyz")).json()
    assert ready["status"] == "ready"
    assert ready["checkpoint"] == {"size": 1, "at": (await last(owner))["at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
    assert ready["registers_not_sealed"] == 1
    assert ready["checkpoints_failed"] == 0


async def test_a_round_that_fails_is_counted_and_tried_again(working: Checkpointer, owner: Connection) -> None:
    failing = replace(working, every=timedelta(milliseconds=10))
    await owner.execute("ALTER TABLE ledger.checkpoint RENAME TO away")
    running = asyncio.create_task(checkpointer.run(failing))
    while failing.failed < 3:  # noqa: ASYNC110 -- what is waited for is the service's own doing
        await asyncio.sleep(0.01)
    await owner.execute("ALTER TABLE ledger.away RENAME TO checkpoint")
    while failing.failed:  # noqa: ASYNC110 -- as above
        await asyncio.sleep(0.01)
    assert (await faring(failing))["checkpoints_failed"] == 0
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
