"""Who is on roll: few facts a pupil, read apart from the many entries."""

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


async def enrolled(connection: Connection, school_id: int, pupil_nos: Sequence[int]) -> Mapping[int, Enrolled]:
    """Give the roll of some pupils as it stands."""
    rows = _sql.enrolled(connection, school_id=school_id, pupil_nos=list(pupil_nos))
    return {
        row["pupil_no"]: Enrolled(row["date_of_birth"], tuple((span.lower, span.upper) for span in row["on_roll"]))
        async for row in rows
    }
