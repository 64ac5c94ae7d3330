"""The projector: folds each school's events into what stands and into sums, exactly once; beside it, looks at alerts.

A school is taken by locking its checkpoint row; its read models and its checkpoint move in one transaction. Polling is
the truth. It never passes over an event: a school that cannot be folded stands still by itself, and says so. No school
waits to be folded until the alerts of others are looked at.
"""

import asyncio
import logging
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from analytics_worker import area_sums, evaluation, moves, spells, weeks, year_totals
from kit import database
from kit.database import Connection
from kit.schools import LONDON

MOST_EVENTS = 100_000
"""Events folded in one transaction, so that none is long; a school that has more is taken again at once."""
RETRY_WITHIN = 300
"""Seconds after which a school that stands still is tried again, at the latest."""

_AT_ONCE = 2
"""Schools that are folded at once: one is folded while another waits for its COMMIT."""
_LOOKED_AT = 10
"""Schools whose oldest event that waits is looked for."""

_log = logging.getLogger("rollbook.projector")
_sql = database.statements(__file__)


@dataclass(frozen=True, slots=True)
class Faring:
    """How the projection fares: schools that stand still, schools behind their heads, by how many events, how long.

    `seconds_behind` is how long the oldest event that is not folded has waited, at the schools whose heads have waited
    longest and at those that stand still.
    """

    stalled: int
    schools_behind: int
    events_behind: int
    seconds_behind: float


@dataclass(frozen=True, slots=True)
class Waiting:
    """A school that waits: whether it is new to us, is to be folded, and its alerts are to be looked at."""

    school_id: int
    is_new: bool
    is_behind: bool
    is_unseen: bool


async def run(
    engine: AsyncEngine, now: Callable[[], datetime], poll_seconds: float, counted: Counter[str] | None = None
) -> None:
    """Fold for ever, and beside it look at alerts for ever; either rests for `poll_seconds` whenever nothing waited.

    Waits for a database that is away.
    """
    counted = Counter() if counted is None else counted
    counted.update(schools_folded=0, folds_failed=0)

    async def go_on(step: Callable[[], Awaitable[int]]) -> None:
        while True:
            worked = 0
            try:
                worked = await step()
            except Exception as caught:
                _log.error("the projection rests: %s", type(caught).__name__)
            if worked == 0:
                await asyncio.sleep(poll_seconds)

    async with asyncio.TaskGroup() as together:
        together.create_task(go_on(lambda: _fold_those_behind(engine, now, counted)))
        together.create_task(go_on(lambda: _look_at_alerts(engine, now, counted)))


async def sweep(engine: AsyncEngine, now: Callable[[], datetime]) -> int:
    """Bring every school that waits up to its head, and then the alerts of each; give how many there were to do.

    A school that another worker has is left to it. A school that fails stops alone and is tried again later.
    """
    counted: Counter[str] = Counter()
    return await _fold_those_behind(engine, now, counted) + await _look_at_alerts(engine, now, counted)


async def _fold_those_behind(engine: AsyncEngine, now: Callable[[], datetime], counted: Counter[str]) -> int:
    """Fold every school that is behind, the one that has waited longest first; give how many were brought forward."""
    behind = iter([each for each in await waiting(engine, now()) if each.is_behind])

    async def one_after_another() -> int:
        worked = 0
        for each in behind:
            worked += await _done(engine, each.school_id, now, counted, bring_forward(engine, each))
        return worked

    worked = sum(await asyncio.gather(*(one_after_another() for _ in range(_AT_ONCE))))
    counted["schools_folded"] += worked
    return worked


async def _look_at_alerts(engine: AsyncEngine, now: Callable[[], datetime], counted: Counter[str]) -> int:
    """Look at the alerts of every school once that waits for it, then sum the areas that these moved; give how many."""
    worked = 0
    for each in await waiting(engine, now()):
        if each.is_unseen:
            worked += await _done(engine, each.school_id, now, counted, look(engine, each.school_id, now()))
    return worked + await area_sums.make_due(engine, now().astimezone(LONDON).date())


async def _done(
    engine: AsyncEngine, school_id: int, now: Callable[[], datetime], counted: Counter[str], doing: Awaitable[bool]
) -> bool:
    """Give whether something was done with a school; a failure is its own, and is counted."""
    try:
        return await doing
    except Exception as caught:
        # Where it is the database that is away, this fails too, and the whole round ends.
        await _stand_still(engine, school_id, now(), caught)
        counted["folds_failed"] += 1
        return False


async def waiting(engine: AsyncEngine, now: datetime) -> Sequence[Waiting]:
    """Give the schools that wait to be folded or looked at, the longest first."""
    async with database.reading(engine) as connection:
        rows = _sql.waiting(connection, today=now.astimezone(LONDON).date(), now=now)
        return [Waiting(row["school_id"], row["is_new"], row["is_behind"], row["is_unseen"]) async for row in rows]


async def bring_forward(engine: AsyncEngine, school: Waiting) -> bool:
    """Fold a school up to its head; False when another worker has it."""
    if school.is_new:
        async with database.writing(engine, school.school_id) as connection:
            await begin(connection, school.school_id)
    while (behind := await fold(engine, school.school_id)) is not None:
        if behind == 0:
            return True
    return False


async def begin(connection: Connection, school_id: int) -> None:
    """Make the checkpoint of a school that has none."""
    await _sql.begin(connection, school_id=school_id)


async def fold(engine: AsyncEngine, school_id: int, most: int = MOST_EVENTS) -> int | None:
    """Fold at most `most` events of a school; give how many are still to come, None when another worker has it."""
    async with database.writing(engine, school_id) as connection:
        claimed = await _sql.claim(connection, school_id=school_id)
        if claimed is None:
            return None
        return await fold_after(connection, school_id, claimed["seq"], most)


async def fold_after(connection: Connection, school_id: int, after: int, most: int = MOST_EVENTS) -> int:
    """Fold at most `most` events after a position, of a school that the caller has claimed; give how many are to come.

    First the marks, by the spells as they were; then what the changes of the roll among the events move.
    """
    folded = await _sql.fold(connection, school_id=school_id, after=after, most=most)
    if folded["moved"]:
        await moves.move(connection, school_id, folded["moved"], folded["seq"])
    behind: int = folded["head"] - folded["seq"]
    return behind


async def look(engine: AsyncEngine, school_id: int, now: datetime, most: int = MOST_EVENTS) -> bool:
    """Look at a school's alerts as far as it has been folded; False when another worker has the school.

    A transaction of its own, with a position of its own: a process that dies before it has lost nothing.

    With the first look of a London day the sums of academic years are made anew, as they were in the evening, then
    those of the areas, and weeks are laid together; these also where much was said since. Where more than `most` events
    have come since, weeks of so many are laid and no more is done: the school waits to be looked at again.
    """
    async with database.writing(engine, school_id) as connection:
        claimed = await _sql.claim(connection, school_id=school_id)
        if claimed is None:
            return False
        if claimed["seq"] - claimed["weeks_seq"] > most:
            await weeks.lay(connection, school_id, claimed["weeks_seq"], claimed["weeks_seq"] + most)
            return True
        today, laid = now.astimezone(LONDON).date(), claimed["weeks_seq"]
        if claimed["totals_on"] != today or claimed["seq"] - laid >= weeks.MOST_SAID:
            await weeks.lay(connection, school_id, laid, claimed["seq"])
            laid = claimed["seq"]
        names = ("seq", "alerts_seq", "alerts_on", "acts_no", "last_change", "weeks_seq")
        position = evaluation.Position(*({**claimed, "weeks_seq": laid}[name] for name in names))
        await evaluation.evaluate(connection, school_id, position, now.astimezone(LONDON))
        if claimed["totals_on"] != today:
            await total_years(connection, school_id, claimed["totals_seq"], claimed["seq"])
            await area_sums.place(connection, school_id, today)
            await _sql.totalled(connection, school_id=school_id, totals_seq=claimed["seq"], totals_on=today)
    return True


async def total_years(connection: Connection, school_id: int, after: int, seq: int) -> None:
    """Make the sums anew of the academic years that something between two positions may have moved.

    What is in the sums of the school's areas is to be made anew too.
    """
    if after == seq:
        return
    touched = await year_totals.touched(connection, school_id, after, seq)
    if touched.years:
        found = await spells.load(connection, school_id, seq=seq)
        await year_totals.make(connection, school_id, seq, touched.years, found)
    await area_sums.owe(connection, school_id, touched)


async def _stand_still(engine: AsyncEngine, school_id: int, now: datetime, caught: Exception) -> None:
    """Mark a school that failed. The alarm says what and where, never the message: it may hold what a row holds."""
    state = getattr(caught, "sqlstate", None)
    failure = f"{type(caught).__name__} {state}" if state else type(caught).__name__
    where = "".join(traceback.format_tb(caught.__traceback__)[-4:])
    today = now.astimezone(LONDON).date()
    async with database.writing(engine, school_id) as connection:
        marked = await _sql.fail(
            connection, school_id=school_id, now=now, today=today, retry_within=RETRY_WITHIN, failure=failure
        )
    if marked.endswith(" 1"):
        _log.error("school %d stands still: %s\n%s", school_id, failure, where)
    else:
        _log.warning("school %d was brought forward by others: %s\n%s", school_id, failure, where)


async def faring(engine: AsyncEngine, now: datetime) -> Faring:
    """Say how the projection fares."""
    async with database.reading(engine) as connection:
        row = await _sql.faring(connection)
        oldest = now
        for each in [each async for each in _sql.behind(connection, most=_LOOKED_AT)]:
            await database.enter(connection, each["school_id"])
            waiting = await _sql.oldest(connection, school_id=each["school_id"], after=each["seq"])
            oldest = min(oldest, waiting or now)
    behind = round((now - oldest).total_seconds(), 3)
    return Faring(row["stalled"], row["schools_behind"], row["events_behind"], behind)
