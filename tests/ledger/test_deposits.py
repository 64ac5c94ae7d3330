"""Deposits: every checkpoint in order at every place, at least once, and nothing that lies there overwritten."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI, Request, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from kit import database as kit_database
from ledger import append, checkpoints, deposits, sealing
from ledger.deposits import Lag, Place
from ledger.note import SigningKey
from tests.support.book import NOON
from tests.support.services import serving

KEY = SigningKey("rollbook.example/register", Ed25519PrivateKey.generate())


@pytest.fixture(scope="module")
async def notes(engine: AsyncEngine) -> dict[int, str]:
    """Give three checkpoints."""
    await checkpoints.open_log(engine, KEY.name)
    found = {}
    for number in range(1, 4):
        async with kit_database.writing(engine, 0) as connection:
            school = await append.open_register(connection, NOON)
        await sealing.seal(engine, school, is_new=True)
        at = NOON + timedelta(minutes=number)
        assert await checkpoints.sign(engine, [KEY], at, every=timedelta(0), ended=None) == number
        async with kit_database.reading(engine, school) as connection:
            stood = await checkpoints.standing(connection, school)
        assert stood is not None
        found[number] = stood.note
    return found


def lying(folder: Path) -> dict[str, str]:
    """Give what lies in a folder, by its names."""
    return {path.name: path.read_text() for path in folder.iterdir()}


async def deliver(engine: AsyncEngine, *places: Place) -> list[Lag]:
    await deposits.deliver(engine, places, lambda: NOON)
    async with kit_database.reading(engine) as connection:
        return await deposits.lagging(connection, places)


@dataclass
class Keeper:
    """Who keeps notes at an HTTP endpoint."""

    refusing: int = 0
    status: int = 503
    kept: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        """Listen for as long as the block runs; give the address."""
        app = FastAPI()

        @app.put("/kept/{size}")
        async def put(size: str, request: Request) -> Response:
            self.asked.append(size)
            assert request.headers["content-type"] == "text/plain; charset=utf-8"
            assert request.headers["if-none-match"] == "*"
            if self.refusing:
                self.refusing -= 1
                return Response(status_code=self.status, headers={"Location": "/elsewhere"})
            if size in self.kept:
                return Response(status_code=412)
            self.kept[size] = (await request.body()).decode()
            return Response(status_code=201)

        @app.get("/kept/{size}")
        async def get(size: str) -> Response:
            return Response(self.kept[size], media_type="text/plain")

        async with serving(app) as address:
            yield f"{address}/kept"


async def test_a_directory_gets_every_checkpoint_under_its_number(
    engine: AsyncEngine, notes: dict[int, str], tmp_path: Path
) -> None:
    place = Place.parse(tmp_path.as_uri())
    assert await deliver(engine, place) == []
    assert lying(tmp_path) == {f"{size:012d}.txt": note for size, note in notes.items()}
    assert await deliver(engine, place) == []


async def test_what_lies_in_a_directory_is_not_overwritten(
    engine: AsyncEngine, notes: dict[int, str], tmp_path: Path
) -> None:
    place = Place.parse(tmp_path.as_uri())
    (tmp_path / "000000000001.txt").write_text(notes[1])
    (tmp_path / "000000000002.txt").write_text("of another log")
    for _ in range(2):
        assert await deliver(engine, place) == [Lag(1, 2, True)]
        assert lying(tmp_path) == {"000000000001.txt": notes[1], "000000000002.txt": "of another log"}
    (tmp_path / "000000000002.txt").unlink()
    assert await deliver(engine, place) == []
    assert (tmp_path / "000000000003.txt").read_text() == notes[3]


async def test_an_endpoint_that_fails_is_asked_again_from_where_it_stood(
    engine: AsyncEngine, notes: dict[int, str]
) -> None:
    keeper = Keeper(refusing=2)
    async with keeper.open() as url:
        place = Place.parse(url)
        assert await deliver(engine, place) == [Lag(1, 3, True)]
        assert await deliver(engine, place) == [Lag(1, 3, True)]
        assert await deliver(engine, place) == []
        assert await deliver(engine, place) == []
    assert keeper.asked == ["1", "1", "1", "2", "3"]
    assert keeper.kept == {str(size): note for size, note in notes.items()}


async def test_a_note_that_is_there_already_is_there_and_another_one_is_not_ours(
    engine: AsyncEngine, notes: dict[int, str]
) -> None:
    keeper = Keeper(kept={"1": notes[1], "2": notes[2] + "more"})
    async with keeper.open() as url:
        assert await deliver(engine, Place.parse(url)) == [Lag(1, 2, True)]
        keeper.kept["2"] = notes[2][:-1]
        assert await deliver(engine, Place.parse(url)) == [Lag(1, 2, True)]
        keeper.kept["2"] = notes[2]
        assert await deliver(engine, Place.parse(url)) == []


async def test_a_redirection_is_not_followed(engine: AsyncEngine, notes: dict[int, str]) -> None:
    keeper = Keeper(refusing=1, status=307)
    async with keeper.open() as url:
        assert await deliver(engine, Place.parse(url)) == [Lag(1, len(notes), True)]
    assert keeper.asked == ["1"]


async def test_a_place_that_is_away_does_not_keep_the_others_waiting(
    engine: AsyncEngine, notes: dict[int, str], tmp_path: Path
) -> None:
    async with Keeper().open() as url:
        pass
    places = Place.parse(url), Place.parse((tmp_path / "not-there").as_uri()), Place.parse(tmp_path.as_uri())
    assert await deliver(engine, *places) == [Lag(1, 3, True), Lag(2, 3, True)]
    assert len(lying(tmp_path)) == len(notes)


@pytest.mark.usefixtures("notes")
async def test_no_password_is_kept_and_no_address_told(engine: AsyncEngine) -> None:
    async with Keeper().open() as url:
        place = Place.parse(url.replace("//", "//user:secret@"))
    await deliver(engine, place)
    async with kit_database.reading(engine) as connection:
        row = await connection.fetchrow("SELECT * FROM ledger.deposit WHERE place = $1", url)
    assert row is not None
    assert row["failure"] == "checkpoint 1: ConnectError"


@pytest.mark.parametrize(
    "address",
    ["/srv/checkpoints", "file:checkpoints", "file://host/srv", "ftp://example.org/x", "https:///x", "https://a/?b=c"],
)
def test_what_is_no_place_is_refused(address: str) -> None:
    with pytest.raises(deposits.NotAPlace):
        Place.parse(address)
