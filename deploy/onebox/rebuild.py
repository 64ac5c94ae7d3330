"""`rollbook rebuild`: read models made anew beside the live ones, compared, and put in their place."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import aiosql
import asyncpg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from analytics_worker import area_sums, rebuilding
from analytics_worker.rebuilding import Difference, Rebuilt
from kit.database import Connection
from onebox import database

Areas = Mapping[str, tuple[int, int]]
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
        is_other = bool(found.removed or found.added)
        differing += is_other
        shown.update(task, advance=1, total=2 * schools)
        said = _differed(found.model, found.removed, found.added) if is_other else "alerts: the same"
        print(f"{of}  {said}", flush=True)

    with shown:
        task = shown.add_task("rebuilt", total=None)
        areas = database.wait_for(rebuild(url, urn, done))
        database.wait_for(raise_anew(url, urn, datetime.now(UTC), raised))
    for area, models in areas.items():
        print(f"area {area}: {', '.join(_differed(model, *rows) for model, rows in models.items())}", flush=True)
    wrong = (
        [f"The read models of {differing} school(s) were not what their events come to, and are now."]
        if differing
        else []
    )
    if areas:
        wrong.append(f"The sums of {len(areas)} area(s) were not those of their schools, and are now.")
    if wrong:
        raise Differed(" ".join(wrong))


async def rebuild(url: str, urn: str | None, done: Done) -> dict[str, Areas]:
    """Rebuild the school with this URN, or all, as many at once as the machine has cores, and then their areas.

    Gives the areas whose sums differed, with how many rows too many and too few of which model. Alerts are not raised
    anew by this: see `raise_anew`. Raises DatabaseFailed.
    """

    async def work(connection: Connection, school_id: int, of: str, schools: int) -> None:
        done(of, await rebuilding.rebuild(connection, school_id), schools)

    worked = await _each(url, urn, work)
    return await _areas(url, worked[0] if urn is not None else None)


async def raise_anew(url: str, urn: str | None, now: datetime, done: Raised) -> None:
    """Raise the alerts of the school with this URN, or of all, anew up to an instant. Raises DatabaseFailed."""

    async def work(connection: Connection, school_id: int, of: str, schools: int) -> None:
        done(of, await rebuilding.alerts(connection, school_id, now), schools)

    await _each(url, urn, work)


async def _each(url: str, urn: str | None, work: Callable[[Connection, int, str, int], Awaitable[None]]) -> list[int]:
    """Do something with each school on a connection of its own, with as many at once as the machine has cores.

    Gives their numbers.
    """
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
        return [school_id for school_id, _ in schools]
    except* (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError) as errors:
        broke = "The database went away. What was rebuilt stands; run it again."
        raise database.DatabaseFailed(broke) from errors
    finally:
        for connection in connections:
            connection.terminate()


async def _areas(url: str, school_id: int | None) -> dict[str, Areas]:
    """Sum the areas anew that a school is in, or all, each once those that it is made of are right."""
    connection = await database.connect(url)
    found: dict[str, Areas] = {}
    try:
        await area_sums.prepare(connection)
        for area in await area_sums.areas_of(connection, school_id):
            async with connection.transaction():
                if differing := await area_sums.rebuild(connection, area):
                    found[area] = differing
    finally:
        connection.terminate()
    return found


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
            yield _differed(each.model, each.removed, each.added)


def _differed(model: str, removed: int, added: int) -> str:
    return f"{model} differed by {removed:,} rows too many and {added:,} too few"
