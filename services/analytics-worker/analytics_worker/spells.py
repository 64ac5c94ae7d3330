"""Spells: the stretches of days on roll over which all that a summary may part a pupil's sessions by stays the same.

Entries are many and these are few, so whatever depends on a pupil and a date is worked out here, from the roll, and
given to the database as stretches to join with.
"""

import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

from analytics_worker.readings import depends_on_age
from codes.ages import compulsory_school_age
from codes.who_counts import Counted, standings
from kit import database
from kit.database import Connection

_sql = database.statements(__file__)


@dataclass(frozen=True, slots=True)
class Placing:
    """Class, year group and the facts of a cohort, as they are from a day on."""

    starts: date
    year_group: str | None
    class_: str | None
    facts: Mapping[str, Any]


UNPLACED = Placing(date.min, None, None, MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Spell:
    """A pupil's days on roll from `first` to before `until` (None: without an end), all alike."""

    pupil_no: int
    first: date
    until: date | None
    date_of_birth: date
    sex: str
    placing: Placing
    counted: Counted


async def load(
    connection: Connection, school_id: int, pupil_nos: Sequence[int] | None = None, seq: int | None = None
) -> list[Spell]:
    """Give the spells of some pupils or of all, by pupil and in order, as the roll stands, or stood at `seq`.

    What the transaction still asks is planned each time: a plan for one school's roll and question suits no other.
    """
    await _sql.plan_each(connection)
    asked = {"school_id": school_id, "pupil_nos": None if pupil_nos is None else list(pupil_nos), "seq": seq}
    return [spell async for row in _sql.pupils(connection, **asked) for spell in _of_pupil(row)]


def by_age(spell: Spell, first: date, last: date) -> Iterator[tuple[date, date, bool]]:
    """Give a spell as (first, the day after the last, whether of compulsory school age), for the days between two.

    It is cut where that age begins and ends only if any code's class depends on age on such a day; if not, it is given
    as of that age.
    """
    ends = spell.until or date.max
    if not depends_on_age(first, last):
        yield spell.first, ends, True
        return
    begins, over = compulsory_school_age(spell.date_of_birth)
    turns = [day for day in (begins, over + timedelta(days=1)) if spell.first < day < ends]
    for start, until in zip([spell.first, *turns], [*turns, ends], strict=True):
        yield start, until, begins <= start <= over


def _of_pupil(row: Mapping[str, Any]) -> Iterator[Spell]:
    on_roll = [(span.lower, span.upper) for span in row["on_roll"]]
    placings = [
        Placing(starts, year_group, class_, _facts(facts))
        for starts, year_group, class_, facts in zip(
            row["starts"], row["year_groups"], row["classes"], row["facts"], strict=True
        )
    ]
    starts = [placing.starts for placing in placings]
    for first, until, counted in standings(row["date_of_birth"], row["boarder"], on_roll):
        at = bisect_right(starts, first)
        cuts = [day for day in starts[at:] if until is None or day < until]
        for begins, ends in zip([first, *cuts], [*cuts, until], strict=True):
            placing = placings[at - 1] if at else UNPLACED
            yield Spell(row["pupil_no"], begins, ends, row["date_of_birth"], row["sex"], placing, counted)
            at += 1


def _facts(text: str) -> Mapping[str, Any]:
    facts: dict[str, Any] = json.loads(text)
    return facts
