"""A register of any length goes out and comes in through the same few megabytes."""

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import asyncpg
import pytest

from kit import database as kit_database
from ledger import exporting, importing
from ledger.archive import Reading
from ledger.exporting import Wanted
from register_api.derived import Derived
from tests.support.book import NOON, mark, write
from tests.support.exchange import SCOPES, URN
from tests.support.office import calling
from tests.support.postgres import Database
from tests.support.school import set_up
from tests.support.services import Clock, register_api

PUPILS, DAYS = 100, 60
MOST = 12 << 20
"""Bytes: a portion of events in every shape that it passes through, and not half of what the whole would take."""


@pytest.fixture(scope="module")
async def long(database: Database, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Write a register of 12,000 entries."""
    clock = Clock(datetime.fromisoformat("2026-09-07T16:00:00+01:00"))
    folder = tmp_path_factory.mktemp("register")
    async with register_api(database, folder, clock) as running, calling(running, SCOPES) as http:
        await set_up(http, URN, pupils=PUPILS)
    engine = kit_database.connect(database.register_url, name="test", pool_size=1)
    for on in (date(2026, 9, 7) + timedelta(days=day) for day in range(0, DAYS, 5)):
        await write(
            engine,
            1,
            *(
                mark(no, date=on + timedelta(days=more), session=session, made_at=NOON)
                for more in range(5)
                for session in ("AM", "PM")
                for no in range(1, PUPILS + 1)
            ),
        )
    await engine.dispose()


@contextmanager
def within(most: int) -> Iterator[None]:
    """Fail where more bytes than these are held at once in the block."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[BinaryIO]:
    with (tmp_path / "whole.zip").open("w+b") as opened:
        yield opened


@pytest.mark.alone
@pytest.mark.usefixtures("long")
async def test_a_long_register_takes_no_more_memory_than_a_portion_of_it(
    database: Database, empty: Database, file: BinaryIO
) -> None:
    connection = await asyncpg.connect(database.owner_url)
    with within(MOST):
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await kit_database.enter(connection, 1)
            manifest = await exporting.export(connection, 1, file, NOON, Wanted())
    await connection.close()
    assert manifest["files"]["events.ndjson"]["lines"] == manifest["seq"] > PUPILS * DAYS * 2

    connection = await asyncpg.connect(empty.owner_url)
    with within(MOST), Reading(file) as reading:
        async with connection.transaction():
            await importing.take_in(connection, reading, Derived().keep, lambda done, total: None)
    root = await connection.fetchval("SELECT root FROM ledger.head")
    await connection.close()
    assert root.hex() == manifest["root"]
