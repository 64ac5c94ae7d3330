"""`rollbook rebuild`: read models made anew beside the live ones, compared, and put in their place."""

import asyncio
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import aiosql
import asyncpg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from analytics_worker import rebuilding
from analytics_worker.rebuilding import Rebuilt
from onebox import database

Done = Callable[[str, Rebuilt, int], None]
"""Takes the URN of a school, what came of it, and how many schools there are."""

_sql = aiosql.from_path(Path(__file__).with_suffix(".sql"), "asyncpg")


class Differed(database.DatabaseFailed):
    """Read models were not what the events come to; the message says of how many schools."""


def run(url: str, urn: str | None, console: Console) -> None:
    """Rebuild one school, or all, and print a line for each. Raises Differed, once all are done, and DatabaseFailed."""
    shown = Progress(
        *(TextColumn("Schools rebuilt"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()),
        console=console,
        disable=not console.is_terminal,
    )
    differing = 0

    def done(of: str, rebuilt: Rebuilt, schools: int) -> None:
        nonlocal differing
        differing += not rebuilt.same
        shown.update(task, advance=1, total=schools)
        print(told(of, rebuilt), flush=True)

    with shown:
        task = shown.add_task("rebuilt", total=None)
        database.wait_for(rebuild(url, urn, done))
    if differing:
        raise Differed(f"The read models of {differing} school(s) were not what their events come to, and are now.")


def _now() -> datetime:
    return datetime.now(UTC)


async def rebuild(url: str, urn: str | None, done: Done, now: Callable[[], datetime] = _now) -> None:
    """Rebuild the school with this URN, or all, as many at once as the machine has cores. Raises DatabaseFailed.

    Its alerts are raised anew, too, up to the instant that `now` gives.
    """
    schools = await _schools(url, urn)
    waiting = iter(schools)
    connections = [await database.connect(url) for _ in range(min(os.cpu_count() or 1, len(schools)))]
    try:

        async def work(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
            await rebuilding.prepare(connection)
            for school_id, of in waiting:
                rebuilt = await rebuilding.rebuild(connection, school_id)
                raised = await rebuilding.alerts(connection, school_id, now())
                done(of, rebuilt.with_also(raised), len(schools))

        async with asyncio.TaskGroup() as together:
            for connection in connections:
                together.create_task(work(connection))
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
            yield f"{each.model} differed by {each.removed:,} rows too many and {each.added:,} too few"
