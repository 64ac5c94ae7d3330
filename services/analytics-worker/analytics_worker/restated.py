"""What an earlier answer must hear of again: entries, pupils and days that changed, and registers that came due.

A row that stands no more, its pupil off roll or its day closed, is given once more as `closed`.
A row may come again unchanged; none that changed is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from analytics_worker.authority import AreaSchool
from analytics_worker.not_due import not_due
from codes.calendar import school_days
from codes.school import School, calendar_of
from kit import database
from kit.database import Connection

_sql = database.statements(__file__)


@dataclass(frozen=True, slots=True)
class Restated:
    """The days to look at, and on them: everything, some pupils, whole days, what is not entered, later entries."""

    after: int
    days: Sequence[date]
    everything: bool = False
    pupil_nos: Sequence[int] = ()
    whole_days: Sequence[date] = ()
    clock_days: Sequence[date] = ()


async def since(
    connection: Connection, school: AreaSchool, facts: School, after: int, before: datetime, now: datetime
) -> Restated:
    """Give what was restated of a school after a position, and by the clock between two instants in London's time."""
    ever = sorted(day for day in facts.all_open_days() if day <= now.date())
    row = await _sql.changed(connection, school_id=school.school_id, after=after)
    clock_days = _clock_days(facts, before, now, new_times=row["policy_changed"])
    moved = await _days_opened_or_closed(connection, school.school_id, after, row["years"] or ())
    spans = [span async for span in _sql.closed(connection, school_id=school.school_id, after=after)]
    closed = [day for span in spans for day in facts.open_days(span["first_date"], span["last_date"])]
    whole_days = sorted({*moved, *closed})
    everything = after == 0 or row["school_changed"]
    if everything or row["pupil_nos"]:
        days = {*ever, *whole_days}
    else:
        days = {*whole_days, *clock_days, *(row["marked"] or ())}
    within = sorted(day for day in days if day <= now.date())
    return Restated(after, within, everything, row["pupil_nos"] or (), whole_days, clock_days)


def _clock_days(facts: School, before: datetime, now: datetime, *, new_times: bool) -> list[date]:
    """Give the days on which a row without an entry may have become due, or a row at all."""
    first = before.date()
    moved = new_times or not_due(facts, before, first) != not_due(facts, now, first)
    start = first if moved else first + timedelta(days=1)
    return facts.open_days(start, now.date())


async def _days_opened_or_closed(
    connection: Connection, school_id: int, after: int, years: Sequence[str]
) -> list[date]:
    """Give the days that some calendar since a position had open and another had closed."""
    versions: dict[str, list[frozenset[date]]] = {year: [] for year in years}
    async for row in _sql.calendars(connection, school_id=school_id, after=after, years=list(years)):
        calendar = calendar_of(row["academic_year"], row["body"]) if row["body"] is not None else None
        versions[row["academic_year"]].append(frozenset() if calendar is None else frozenset(school_days(calendar)))
    return sorted(
        day for opened in versions.values() for day in frozenset().union(*opened) - opened[0].intersection(*opened[1:])
    )
