"""One running register API a module, and a school that has been set up through it."""

import itertools
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from kit import database as kit_database
from register_api.closer import Closer
from tests.support.closures import Opening
from tests.support.office import Office, calling, open_office
from tests.support.postgres import Database
from tests.support.services import Clock, Register, register_api

AFTER_SCHOOL = "2026-09-07T16:00:00+01:00"
_WRITES = ("roll:write", "marks:write", "amendments:write", "register:read", "audit:read", "evidence:read")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder in which the service's private key lies."""
    return tmp_path_factory.mktemp("register")


@pytest.fixture(scope="module")
async def register(database: Database, folder: Path) -> AsyncIterator[Register]:
    """Give a running register API on the afternoon of a Monday in September."""
    clock = Clock(datetime.fromisoformat(AFTER_SCHOOL))
    async with register_api(database, folder, clock) as running:
        yield running


@pytest.fixture(autouse=True)
def _afternoon(register: Register) -> None:
    register.clock.set(AFTER_SCHOOL)


@pytest.fixture(scope="module")
async def admin(register: Register) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client that may set up every school."""
    async with calling(register, (*_WRITES, "admin")) as http:
        yield http


@pytest.fixture(scope="module")
async def office(register: Register, admin: httpx.AsyncClient) -> Office:
    """Give the office of a school with forty pupils of Year 4."""
    return await open_office(admin, register.database, "900101")


@pytest.fixture
async def engine(database: Database) -> AsyncIterator[AsyncEngine]:
    """Give the register's pool, as a process beside the service has it."""
    engine = kit_database.connect(database.register_url, name="tests", pool_size=4)
    yield engine
    await engine.dispose()


@pytest.fixture
async def closing(engine: AsyncEngine, register: Register) -> Closer:
    """Give a closer whose rounds the test asks for; what other tests have closed is not waited for."""
    owner = await asyncpg.connect(register.database.owner_url)
    await owner.execute("DELETE FROM register.closure_due")
    await owner.close()
    return Closer(engine, register.clock, 5)


_urns = itertools.count(900301)


@pytest.fixture
def opening(register: Register, admin: httpx.AsyncClient) -> Opening:
    """Give what opens a school of its own for a test, on the morning of a Monday before anything is due."""

    async def open_(pupils: int = 3, now: str = "2026-09-07T07:30:00+01:00", **school: Any) -> Office:
        register.clock.set("2026-09-04T12:00:00+01:00")
        office = await open_office(admin, register.database, str(next(_urns)), pupils, **school)
        register.clock.set(now)
        return office

    return open_
