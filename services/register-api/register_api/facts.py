"""The facts that decide what may be entered: policy, calendar and roll, read after the head is locked.

A locked head says which change of the stream was the last one. What a process has read since that change cannot have
moved, so it is not read again; what it has not read yet, it reads then (docs/adr/0006).
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from asyncpg import Range

from codes.register import Pupil
from codes.school import School, school_of
from kit import database
from kit.database import Connection
from ledger.append import Head
from ledger.writers import Interned

_sql = database.statements(__file__)
_DAY = timedelta(days=1)
MOST_SCHOOLS = 1_000
"""Schools that a process remembers; the one that was not asked for longest is forgotten first."""

Span = tuple[date, date | None]


@dataclass(frozen=True, slots=True)
class OnRoll:
    """What the roll says of a pupil; year groups with the date that each holds from, in order."""

    pupil_no: int
    date_of_birth: date
    on_roll: tuple[Span, ...]
    boarder: bool
    year_groups: tuple[tuple[date, str], ...]

    def on(self, day: date) -> Pupil:
        """Give what decides about an entry of a day."""
        holding = [year_group for effective_from, year_group in self.year_groups if effective_from <= day]
        return Pupil(self.date_of_birth, self.on_roll, holding[-1] if holding else None, self.boarder)


@dataclass(slots=True)
class Remembered:
    """What this process has read of a school since its last change, and what never changes."""

    changed_seq: int
    interned: Interned
    school: School | None = None
    retired: frozenset[str] = frozenset()
    pupils: dict[str, OnRoll] = field(default_factory=dict)


class Memory:
    """What a process remembers of the schools that it writes to."""

    def __init__(self) -> None:
        self._schools: OrderedDict[int, Remembered] = OrderedDict()

    def of(self, head: Head) -> Remembered:
        """Give what still holds of the school whose head is locked; nothing but persons once it has changed."""
        remembered = self._schools.get(head.school_id)
        if remembered is None or remembered.changed_seq != head.changed_seq:
            interned = Interned() if remembered is None else remembered.interned
            # The change may have let a year go, and its key: nobody remembers what that was.
            interned.keys.clear()
            remembered = self._schools[head.school_id] = Remembered(head.changed_seq, interned)
        self._schools.move_to_end(head.school_id)
        if len(self._schools) > MOST_SCHOOLS:
            self._schools.popitem(last=False)
        return remembered


async def school(connection: Connection, school_id: int, seq: int | None = None) -> School:
    """Give the school with its policies, calendars and closures as they stand, or stood at `seq`."""
    row = await _sql.school(connection, school_id=school_id, seq=seq)
    return school_of(row["policies"] or (), row["calendars"] or (), row["closures"] or ())


async def remember(
    connection: Connection, school_id: int, remembered: Remembered, ids: Iterable[str]
) -> tuple[School, dict[str, OnRoll]]:
    """Give the school, and its pupils by the MIS's ids, those asked for among them; read what is not remembered.

    After it `remembered` holds the academic years that the school has let go, too.
    """
    if remembered.school is None:
        remembered.school = await school(connection, school_id)
        remembered.retired = await retired(connection, school_id)
    if unread := [id_ for id_ in dict.fromkeys(ids) if id_ not in remembered.pupils]:
        remembered.pupils.update(await pupils(connection, school_id, unread))
    return remembered.school, remembered.pupils


async def retired(connection: Connection, school_id: int) -> frozenset[str]:
    """Give the academic years that the school has let go."""
    return frozenset([row["academic_year"] async for row in _sql.retired(connection, school_id=school_id)])


async def pupils(connection: Connection, school_id: int, ids: Iterable[str]) -> dict[str, OnRoll]:
    """Give what the roll says of pupils by the MIS's ids; an id that it does not know is left out."""
    return {
        row["id"]: OnRoll(
            row["pupil_no"],
            row["date_of_birth"],
            spans(row["on_roll"]),
            row["boarder"],
            tuple((effective_from, year_group) for effective_from, year_group in row["year_groups"] or ()),
        )
        async for row in _sql.pupils(connection, school_id=school_id, ids=list(ids))
    }


def spans(on_roll: "Iterable[Range[date]]") -> tuple[Span, ...]:
    """Turn the database's half-open ranges into spans on roll with both days inclusive."""
    return tuple((span.lower or date.min, None if span.upper is None else span.upper - _DAY) for span in on_roll)
