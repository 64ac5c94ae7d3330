"""`rollbook rebuild`: read models made anew beside the live ones, compared, and put in their place."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import aiosql
import asyncpg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from analytics_worker import rebuilding
from analytics_worker.rebuilding import Difference, Rebuilt
from kit.database import Connection
from onebox import database

Done = Callable[[str, Rebuilt, int], None]
"""Takes the URN of a school, what came of it, and how many schools there are."""
Raised = Callable[[str, Difference, int], None]
"""The same, of its alerts."""

_sql = aiosql.from_path(Path(__file__).with_suffix(".sql"), "asyncpg")


class Differed(database.DatabaseFailed):
    """Read models were not what the events come to; the message says of how many schools."""


def run(url: str, urn: str | None, console: Console) -> None:
    """Rebuild one school, or all, and print a line for each. Raises Differed, once all are done, and DatabaseFailed."""
    shown = Progress(
        *(
            TextColumn("Schools rebuilt, and their alerts raised anew"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        ),
        console=console,
        disable=not console.is_terminal,
    )
    differing = 0

    def done(of: str, rebuilt: Rebuilt, schools: int) -> None:
        nonlocal differing
        differing += not rebuilt.same
        shown.update(task, advance=1, total=2 * schools)
        print(told(of, rebuilt), flush=True)

    def raised(of: str, found: Difference, schools: int) -> None:
        nonlocal differing
        differing += bool(found.removed or found.added)
        shown.update(task, advance=1, total=2 * schools)
        print(f"{of}  {_differed(found) if found.removed or found.added else 'alerts: the same'}", flush=True)

    with shown:
        task = shown.add_task("rebuilt", total=None)
        database.wait_for(rebuild(url, urn, done))
        database.wait_for(raise_anew(url, urn, datetime.now(UTC), raised))
    if differing:
        raise Differed(f"The read models of {differing} school(s) were not what their events come to, and are now.")


async def rebuild(url: str, urn: str | None, done: Done) -> None:
    """Rebuild the school with this URN, or all, as many at once as the machine has cores. Raises DatabaseFailed.

    Their alerts are not raised anew by this: see `raise_anew`.
    """

    async def work(connection: Connection, school_id: int, of: str, schools: int) -> None:
        done(of, await rebuilding.rebuild(connection, school_id), schools)

    await _each(url, urn, work)


async def raise_anew(url: str, urn: str | None, now: datetime, done: Raised) -> None:
    """Raise the alerts of the school with this URN, or of all, anew up to an instant. Raises DatabaseFailed."""

    async def work(connection: Connection, school_id: int, of: str, schools: int) -> None:
        done(of, await rebuilding.alerts(connection, school_id, now), schools)

    await _each(url, urn, work)


async def _each(url: str, urn: str | None, work: Callable[[Connection, int, str, int], Awaitable[None]]) -> None:
    """Do something with each school on a connection of its own, with as many at once as the machine has cores."""
    schools = await _schools(url, urn)
    waiting = iter(schools)
    connections = [await database.connect(url) for _ in range(min(os.cpu_count() or 1, len(schools)))]
    try:

        async def one_after_another(connection: Connection) -> None:
            await rebuilding.prepare(connection)
            for school_id, of in waiting:
                await work(connection, school_id, of, len(schools))

        async with asyncio.TaskGroup() as together:
            for connection in connections:
                together.create_task(one_after_another(connection))
    except* (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError) as errors:
        broke = "The database went away. What was rebuilt stands; run it again."
        raise database.DatabaseFailed(broke) from errors
    finally:
        for connection in connections:
            connection.terminate()


async def _schools(url: str, urn: str | None) -> list[tuple[int, str]]:
    connection = await database.connect(url)
    try:
        found = [(row["school_id"], row["urn"]) async for row in _sql.schools(connection, urn=urn)]
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError) as error:
        raise database.DatabaseFailed("The database was never migrated. `rollbook up` does it.") from error
    finally:
        await connection.close()
    if urn is not None and not found:
        raise database.DatabaseFailed(f"There is no school with the URN {urn} here.")
    return found


def told(urn: str, rebuilt: Rebuilt) -> str:
    """Say of one school what came of it."""
    return f"{urn}  at {rebuilt.seq:,}: {', '.join(_said(rebuilt))}"


def _said(rebuilt: Rebuilt) -> Iterator[str]:
    if rebuilt.is_new:
        yield "built, for nothing stood"
    elif rebuilt.same:
        yield "the same"
    if rebuilt.failure is not None:
        yield f"could not be folded on ({rebuilt.failure})"
    if not rebuilt.is_new:
        for each in rebuilt.differences:
            yield _differed(each)


def _differed(found: Difference) -> str:
    return f"{found.model} differed by {found.removed:,} rows too many and {found.added:,} too few"
