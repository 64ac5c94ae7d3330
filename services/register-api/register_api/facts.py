"""The facts that decide what may be entered: policy, calendar and roll, read after the head is locked."""

from collections.abc import Iterable
from datetime import date, timedelta

from asyncpg import Range

from codes.calendar import academic_year
from codes.register import Pupil
from codes.school import School, school_of
from kit import database
from kit.database import Connection

_sql = database.statements(__file__)
_DAY = timedelta(days=1)


async def school_facts(connection: Connection, school_id: int, dates: Iterable[date], seq: int | None = None) -> School:
    """Give the school with the policies and the calendars for these dates as they stand, or stood at `seq`."""
    years = sorted({academic_year(on) for on in dates})
    row = await _sql.school_facts(connection, school_id=school_id, years=years, seq=seq)
    return school_of(row["policies"] or (), row["calendars"] or ())


def spans(on_roll: "Iterable[Range[date]]") -> tuple[tuple[date, date | None], ...]:
    """Turn the database's half-open ranges into spans on roll with both days inclusive."""
    return tuple((span.lower or date.min, None if span.upper is None else span.upper - _DAY) for span in on_roll)


async def pupils(
    connection: Connection, school_id: int, wanted: Iterable[tuple[str, date]]
) -> dict[tuple[str, date], tuple[int, Pupil]]:
    """Give number and facts of each pupil (id in the MIS) on each date; an unknown pupil is left out."""
    pairs = list(dict.fromkeys(wanted))
    rows = _sql.pupils(connection, school_id=school_id, ids=[id_ for id_, _ in pairs], dates=[on for _, on in pairs])
    return {
        (row["id"], row["on"]): (
            row["pupil_no"],
            Pupil(row["date_of_birth"], spans(row["on_roll"]), row["year_group"], row["boarder"]),
        )
        async for row in rows
    }
