"""Who is on roll, and where each pupil is placed: few facts a pupil, read apart from the many entries."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from kit import database
from kit.database import Connection

_sql = database.statements(__file__)


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A pupil's date of birth, and the days on roll as (first, the day after the last or None)."""

    date_of_birth: date
    spans: tuple[tuple[date, date | None], ...]

    def on_roll(self, on: date) -> bool:
        """Say whether the pupil is on roll on a day."""
        return any(first <= on and (end is None or on < end) for first, end in self.spans)

    def moves(self) -> list[date]:
        """Give the days on which being on roll begins or has ended."""
        return [day for span in self.spans for day in span if day is not None]


@dataclass(frozen=True, slots=True)
class Placings:
    """The classes or year groups of a pupil, each from a day on, in order."""

    starts: Sequence[date]
    names: Sequence[str | None]

    def on(self, day: date) -> str | None:
        """Give the class or year group of a day."""
        at = bisect_right(self.starts, day)
        return self.names[at - 1] if at else None


async def enrolled(
    connection: Connection, school_id: int, pupil_nos: Sequence[int] | None = None, seq: int | None = None
) -> Mapping[int, Enrolled]:
    """Give the roll as it stands, or stood at `seq`, of some pupils or of all."""
    asked = None if pupil_nos is None else list(pupil_nos)
    rows = _sql.enrolled(connection, school_id=school_id, pupil_nos=asked, seq=seq)
    return {
        row["pupil_no"]: Enrolled(row["date_of_birth"], tuple((span.lower, span.upper) for span in row["on_roll"]))
        async for row in rows
    }


async def placings(
    connection: Connection, school_id: int, *, by_class: bool, seq: int | None = None
) -> Mapping[int, Placings]:
    """Give every pupil's classes, or year groups, as they stand, or stood at `seq`."""
    rows = _sql.placings(connection, school_id=school_id, by_class=by_class, seq=seq)
    return {row["pupil_no"]: Placings(row["starts"], row["names"]) async for row in rows}
