"""Lay every checkpoint down outside: in a directory, or at an HTTP endpoint, in order and at least once.

Whoever holds the deposited notes can tell when the log is rewritten. A place that cannot be reached waits for the next
round; nothing that lies there is ever overwritten.
"""

import asyncio
import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from kit import database
from kit.database import Connection

MOST = 200
"""Checkpoints that a place is given in one round."""
PATIENCE = 15.0
"""Seconds after which a place that has not taken one is left for the next round."""

_sql = database.statements(__file__)


class NotAPlace(ValueError):
    """What was given is no address of a place that takes checkpoints."""


class _Refused(Exception):
    """A place did not take a checkpoint."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where checkpoints are laid down: `name` without the password that the address may hold."""

    address: str
    name: str
    folder: Path | None

    @classmethod
    def parse(cls, address: str) -> "Place":
        """Read `file:///folder`, `https://host/path` or `http://host/path`; raise NotAPlace."""
        parts = urlsplit(address)
        if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path.startswith("/"):
            return cls(address, address, Path(unquote(parts.path)))
        if parts.scheme in ("http", "https") and parts.hostname and not parts.query and not parts.fragment:
            named = parts._replace(netloc=parts.netloc.rpartition("@")[2])
            return cls(address.rstrip("/"), urlunsplit(named).rstrip("/"), None)
        raise NotAPlace("a deposit is an address like file:///srv/checkpoints or https://example.org/checkpoints")


@dataclass(frozen=True, slots=True)
class Lag:
    """How many checkpoints the place of this number, counted from 1, has not got; failing: it did not take the next."""

    place: int
    behind: int
    failing: bool


async def deliver(engine: AsyncEngine, places: Sequence[Place], now: Callable[[], datetime]) -> None:
    """Give every place the checkpoints that it has not got, each in order up to the first that it does not take."""
    async with AsyncExitStack() as stack:
        http: httpx.AsyncClient | None = None
        if any(place.folder is None for place in places):
            # Reading the certificates takes a while.
            http = await asyncio.to_thread(httpx.AsyncClient, timeout=PATIENCE, follow_redirects=False)
            await stack.enter_async_context(http)
        for place in places:
            await _deliver(engine, place, http, now)


async def _deliver(
    engine: AsyncEngine, place: Place, http: httpx.AsyncClient | None, now: Callable[[], datetime]
) -> None:
    async with database.writing(engine, 0) as connection:
        await _sql.begin(connection, place=place.name, at=now())
        waiting = [(row["size"], row["note"]) async for row in _sql.waiting(connection, place=place.name, most=MOST)]
    reached, failure = 0, None
    for size, note in waiting:
        try:
            async with asyncio.timeout(PATIENCE):
                if place.folder is not None:
                    await asyncio.to_thread(_lay_down, place.folder / f"{size:012d}.txt", note.encode())
                elif http is not None:
                    await _put(http, f"{place.address}/{size}", note.encode())
        except (_Refused, OSError, httpx.HTTPError) as caught:
            failure = f"checkpoint {size}: {caught if isinstance(caught, _Refused) else type(caught).__name__}"
            break
        reached = size
    async with database.writing(engine, 0) as connection:
        if reached:
            await _sql.moved(connection, place=place.name, size=reached, at=now())
        if failure:
            await _sql.failed(connection, place=place.name, at=now(), failure=failure)


def _lay_down(path: Path, note: bytes) -> None:
    """Write a file that is whole or not there; raise _Refused where another lies there."""
    if path.exists():
        if path.read_bytes() != note:
            raise _Refused("another file lies there under its name")
        return
    number, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(number, "wb") as file:
            file.write(note)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        # Who else writes under this name writes the same bytes.
        Path(name).rename(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


async def _put(http: httpx.AsyncClient, url: str, note: bytes) -> None:
    """PUT a note where none lies yet; raise _Refused where it is not taken, or another lies there."""
    headers = {"Content-Type": "text/plain; charset=utf-8", "If-None-Match": "*"}
    async with http.stream("PUT", url, content=note, headers=headers) as answer:
        status = answer.status_code
    if status == httpx.codes.PRECONDITION_FAILED:
        async with http.stream("GET", url) as answer:
            if answer.is_success and not await _is(answer, note):
                raise _Refused("another note lies there under its number")
    elif not httpx.codes.is_success(status):
        raise _Refused(f"answered {status}")


async def _is(answer: httpx.Response, note: bytes) -> bool:
    """Say whether an answer is this note, without reading more of it."""
    read = b""
    async for part in answer.aiter_bytes():
        read += part
        if not note.startswith(read):
            return False
    return read == note


async def lagging(connection: Connection, places: Sequence[Place]) -> list[Lag]:
    """Give the places that have not got every checkpoint, or did not take the last that they were offered."""
    rows = _sql.lagging(connection, places=[place.name for place in places])
    found = [Lag(row["number"], row["behind"], row["failure"] is not None) async for row in rows]
    return [lag for lag in found if lag.behind or lag.failing]
