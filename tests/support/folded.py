"""Read models as a test reads them: made anew, and every row of them."""

from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from analytics_worker import rebuilding
from analytics_worker.rebuilding import Rebuilt
from kit.database import Connection

MODELS = {
    "spell": "SELECT pupil_no, first, until, year_group, counted FROM analysis.spell WHERE school_id = $1 "
    "ORDER BY 1, 2",
    "entry": "SELECT session_date, session, pupil_no, code, first_code, version, arrived_at, made_at, recorded_at, seq "
    "FROM analysis.entry WHERE school_id = $1 ORDER BY 1, 2, 3",
    "day_total": "SELECT session_date, session, year_group, counted, code, entries FROM analysis.day_total "
    "WHERE school_id = $1 AND entries <> 0 ORDER BY 1, 2, 3, 4, 5",
}

Models = dict[str, list[tuple[Any, ...]]]

WEEKS = "SELECT week, pupil_no, codes FROM analysis.pupil_week WHERE school_id = $1 ORDER BY 1, 2"


async def rebuilt(engine: AsyncEngine, school_id: int) -> Rebuilt:
    """Rebuild a school on a connection of its own, as the role of a pool."""
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(url)
    try:
        await rebuilding.prepare(connection)
        return await rebuilding.rebuild(connection, school_id)
    finally:
        await connection.close()


async def weeks(connection: Connection, school_id: int) -> tuple[int, list[tuple[Any, ...]]]:
    """Read the position that a school's weeks are laid together at, and every row of them."""
    seq = await connection.fetchval("SELECT weeks_seq FROM analysis.checkpoint WHERE school_id = $1", school_id)
    return int(seq or 0), [tuple(row) for row in await connection.fetch(WEEKS, school_id)]


async def models(connection: Connection, school_id: int) -> Models:
    """Read every row of a school's read models, but for sums that came to 0."""
    return {name: [tuple(row) for row in await connection.fetch(sql, school_id)] for name, sql in MODELS.items()}
