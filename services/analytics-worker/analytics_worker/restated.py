"""What an earlier answer must hear of again: entries, pupils and days that changed, and registers that came due.

A row that stands no more, its pupil off roll or its day closed, is given once more as `closed`.
A row may come again unchanged; none that changed is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from analytics_worker.authority import AreaSchool, SchoolThen
from analytics_worker.not_due import not_due
from analytics_worker.school import load
from codes.closures import Moment
from codes.school import School
from kit import database
from kit.database import Connection

_sql = database.statements(__file__)
_DAY = timedelta(days=1)

Move = tuple[int, date, date]
"""A pupil, and the first and last day on which something that is said of the pupil has changed."""


@dataclass(frozen=True, slots=True)
class Restated:
    """The days to look at, and on them: everything, some pupils, whole days, what is not entered, later entries.

    `after` is the position of the entries that were read, `roll_after` that of the roll.
    """

    after: int
    roll_after: int
    days: Sequence[date]
    everything: bool = False
    moved: Sequence[Move] = ()
    whole_days: Sequence[date] = ()
    clock_days: Sequence[date] = ()


@dataclass(frozen=True, slots=True)
class Before:
    """What a reader had of one school: the positions of entries and roll, the instant, and the facts of reach then."""

    after: int
    roll_after: int
    at: datetime
    school: SchoolThen


async def since(
    connection: Connection, school: AreaSchool, facts: School, before: Before, now: datetime, until: date
) -> Restated:
    """Give what was restated of a school's days up to `until`, since a reader had it and by the clock of London."""
    known = {"school_id": school.school_id, "roll_after": before.roll_after, "roll_to": school.head}
    row = await _sql.changed(connection, **known, after=before.after)
    clock_days = _clock_days(facts, before.at, now, new_times=row["policy_changed"])
    earlier = await load(connection, school.school_id, before.roll_after) if row["days_changed"] else facts
    ever = facts.all_open_days()
    first, last = sorted((before.school.closed_on or date.max, school.closed_on or date.max))
    ended = [day for day in ever if first < day <= last]
    whole_days = sorted({*_days_opened_or_closed(earlier, facts), *ended})
    everything = before.school.laestab != school.laestab
    moved = [
        (each["pupil_no"], span.lower or date.min, date.max if span.upper is None else span.upper - _DAY)
        async for each in _sql.moved(connection, **known)
        for span in each["days"]
    ]
    spanned = {(first, last) for _, first, last in moved}
    on = {day for day in ever if everything or any(first <= day <= last for first, last in spanned)}
    days = {*on, *whole_days, *clock_days, *(row["marked"] or ())}
    within = sorted(day for day in days if day <= until)
    return Restated(before.after, before.roll_after, within, everything, moved, whole_days, clock_days)


def _clock_days(facts: School, before: datetime, now: datetime, *, new_times: bool) -> list[date]:
    """Give the days on which a row without an entry may have become due, or a row at all."""
    first = before.date()
    moved = new_times or not_due(facts, before, first) != not_due(facts, now, first)
    start = first if moved else first + _DAY
    return facts.open_days(start, now.date())


def _days_opened_or_closed(before: School, now: School) -> set[date]:
    """Give the days that a school has open and had not, or had and has not, whole or for a session as planned."""
    opened = set(before.all_open_days()) ^ set(now.all_open_days())
    return opened | {day for day, _ in planned(before) ^ planned(now)}


def planned(facts: School) -> set[Moment]:
    """Give the sessions of a planned closure: as on a holiday nothing is expected."""
    # One that is closed by Y4 is expected: its entries are on their way.
    return {at for at, code in facts.shut.items() if code == "#"}
