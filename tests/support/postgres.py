"""A real PostgreSQL for the tests: one server a run, one migrated template, and clones of it."""

import itertools
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from onebox import database, postgres

TEMPLATE = "rollbook_template"

# As durable as in service; only smaller.
SMALL = {**postgres.SETTINGS, "shared_buffers": "128MB", "max_wal_size": "1GB"}

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Database:
    """A database of its own, migrated and empty, as its owner and as the two services see it."""

    owner_url: str
    register_url: str
    analytics_url: str


@contextmanager
def server(data: Path) -> Iterator[postgres.Server]:
    """Run a server in `data` for as long as the block runs, and leave nothing of it behind."""
    started = postgres.start(data, SMALL)
    try:
        yield started
    finally:
        postgres.stop(started)
        shutil.rmtree(data)


def named(url: str, name: str) -> str:
    return url.rpartition("/")[0] + "/" + name


async def execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def template(running: postgres.Server) -> Database:
    """Make the template that others are cloned from: every migration applied, both roles let in."""
    await execute(running.url, f"CREATE DATABASE {TEMPLATE}")
    url = named(running.url, TEMPLATE)
    database.migrate(url)
    register = await database.admit(url, database.REGISTER)
    return Database(url, register, await database.admit(url, database.ANALYTICS))


@asynccontextmanager
async def clone(running: postgres.Server, of: Database) -> AsyncIterator[Database]:
    """Give a fresh copy of the template, dropped when the block ends whoever is still connected."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    await execute(running.url, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    try:
        yield Database(named(of.owner_url, name), named(of.register_url, name), named(of.analytics_url, name))
    finally:
        await execute(running.url, f"DROP DATABASE {name} WITH (FORCE)")
