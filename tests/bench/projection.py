"""Writer 4: the projector's own functions bring every school that waits up to its head.

Told: url (of the analytics role), alerts (whether to sweep, or only to fold), events (how many a sweep that finds all
folded is credited with: those whose alerts it looks at).
"""

from datetime import UTC, datetime
from time import perf_counter

import uvloop
from sqlalchemy.ext.asyncio import AsyncEngine

from analytics_worker import projector
from kit import database
from tests.bench.writing import Stint, tell, told


def _now() -> datetime:
    return datetime.now(UTC)


async def _fold(engine: AsyncEngine) -> None:
    async with database.reading(engine) as connection:
        waiting = await connection.fetch(
            "SELECT school_id FROM ledger.head h JOIN analysis.checkpoint c USING (school_id) WHERE h.seq > c.seq"
        )
    for school in waiting:
        assert await projector.fold(engine, school["school_id"]) == 0


async def _position(engine: AsyncEngine) -> int:
    async with database.reading(engine) as connection:
        return int(await connection.fetchval("SELECT coalesce(sum(seq), 0) FROM analysis.checkpoint"))


async def main() -> None:
    """Fold what waits, and tell."""
    wanted = told()
    engine = database.connect(wanted["url"], name="bench", pool_size=1)
    before = await _position(engine)
    stint = Stint(0.0, 1, warm_up=0.0)
    sent = perf_counter()
    if wanted["alerts"]:
        while await projector.sweep(engine, _now):
            pass
    else:
        await _fold(engine)
    lasted = perf_counter()
    stint.answered(sent, (await _position(engine) - before) or wanted["events"], lasted)
    await engine.dispose()
    tell(stint)


if __name__ == "__main__":
    uvloop.run(main())
