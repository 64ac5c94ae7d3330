"""A pool of connections as the register API's role, and empty registers to append to."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from kit import database as kit_database
from kit.database import Connection
from ledger import append
from tests.support.book import NOON
from tests.support.postgres import Database


@pytest.fixture(scope="module")
async def engine(database: Database) -> AsyncIterator[AsyncEngine]:
    """Give a pool with the rights of the register API and no more."""
    engine = kit_database.connect(database.register_url, name="tests", pool_size=8)
    yield engine
    await engine.dispose()


@pytest.fixture
async def school(engine: AsyncEngine) -> int:
    """Give the number of an empty register."""
    async with kit_database.writing(engine, 0) as connection:
        return await append.open_register(connection, NOON)


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Connection]:
    """Give a connection as the owner of the database."""
    connection = await asyncpg.connect(database.owner_url)
    yield connection
    await connection.close()
