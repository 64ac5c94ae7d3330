"""The database seen by its owner: migrated, with the two services let in, and the question whether it is new."""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

import aiosql
import asyncpg

REGISTER = "rollbook_register"
ANALYTICS = "rollbook_analytics"
OLDEST_SERVER = 170000

Answer = TypeVar("Answer")

_ROOT = Path(__file__).parents[2]
_sql = aiosql.from_path(Path(__file__).with_suffix(".sql"), "asyncpg")


class DatabaseFailed(Exception):
    """The database is away, too old, or could not be migrated; the message says why."""


async def connect(url: str) -> "asyncpg.Connection[asyncpg.Record]":
    """Connect as the owner. Raises DatabaseFailed."""
    try:
        return await asyncpg.connect(url, timeout=30)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise DatabaseFailed(f"The database does not let us in: {str(error) or type(error).__name__}") from error


def wait_for(work: Coroutine[Any, Any, Answer]) -> Answer:
    """Run a coroutine to its end. A signal may interrupt it, but not the making and clearing away of its loop."""
    runner = asyncio.Runner()
    try:
        with _undisturbed():
            runner.get_loop()
        return runner.run(work)
    finally:
        with _undisturbed():
            work.close()
            runner.close()


@contextmanager
def _undisturbed() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def migrate(url: str) -> None:
    """Bring the database to the newest migration. Raises DatabaseFailed with what the migration said."""
    result = subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=_ROOT,
        env={**os.environ, "ROLLBOOK_DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise DatabaseFailed(f"The database could not be migrated:\n{result.stdout}{result.stderr}")


async def require_version(url: str) -> None:
    """Raise DatabaseFailed where the server is older than PostgreSQL 17."""
    connection = await connect(url)
    try:
        number = await _sql.server_version(connection)
    finally:
        await connection.close()
    if number < OLDEST_SERVER:
        raise DatabaseFailed(f"Rollbook needs PostgreSQL 17 or newer; this server is {number // 10000}.")


async def is_new(url: str) -> bool:
    """Say whether no school has been set up in this register yet."""
    connection = await connect(url)
    try:
        return not await _sql.any_school(connection)
    finally:
        await connection.close()


async def log_origin(url: str) -> str:
    """Give the name of this register's log of checkpoints: the one it has for life, or a new one of this machine."""
    connection = await connect(url)
    try:
        known: str | None = await _sql.log_origin(connection)
    finally:
        await connection.close()
    return known or f"onebox.rollbook.invalid/{secrets.token_hex(8)}"


async def admit(url: str, role: str) -> str:
    """Let a service's role log in under a fresh password, and return the role's own address of the database.

    The password is written nowhere but into the address: it lives as long as the service that is given it.
    """
    password = secrets.token_urlsafe(32)
    connection = await connect(url)
    try:
        await connection.execute(await _sql.admission(connection, role=role, password=password))
    finally:
        await connection.close()
    return address(url, role, password)


def address(url: str, role: str, password: str) -> str:
    """Return the same database's address for another role."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(role, safe='')}:{quote(password, safe='')}@{host}"))
