"""One running register API a module, and a school that has been set up through it."""

from collections.abc import AsyncIterator
from datetime import datetime

import httpx
import pytest

from tests.support.postgres import Database
from tests.support.services import Clock, Register, register_api

MONDAY = "2026-09-07"
AFTER_SCHOOL = "2026-09-07T16:00:00+01:00"


@pytest.fixture(scope="module")
async def register(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Register]:
    """Give a running register API on the afternoon of a Monday in September."""
    clock = Clock(datetime.fromisoformat(AFTER_SCHOOL))
    async with register_api(database, tmp_path_factory.mktemp("register"), clock) as running:
        yield running


@pytest.fixture(autouse=True)
def _afternoon(register: Register) -> None:
    register.clock.set(AFTER_SCHOOL)


@pytest.fixture(scope="module")
async def admin(register: Register) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client that may set up every school."""
    async with register.client((*_WRITES, "admin")) as http:
        yield http


_WRITES = ("roll:write", "marks:write", "amendments:write", "register:read", "audit:read")
