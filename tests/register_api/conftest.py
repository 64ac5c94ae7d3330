"""One running register API a module, and a school that has been set up through it."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest

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
