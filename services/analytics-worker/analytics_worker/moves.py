"""What a change of the roll moves: a pupil's spells, and from one sum of a day to another what stands of their entries.

Calendars, policies and closures move nothing here. An entry of a session that the calendar or a closure shuts later is
amended to # or Y4 in the stream (register_api.calendars, closed), and so moves as any mark does; one of a pupil who is
not on roll that day is left as it is, and is in no sum.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby, zip_longest
from typing import TypeVar

from analytics_worker import spells
from analytics_worker.spells import Spell
from kit import database
from kit.database import Connection

_sql = database.statements(__file__)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days on roll from `first` to before `until` (`date.max`, which the database calls infinity: without an end)."""

    first: date
    until: date
    year_group: str
    counted: str


AnyStretch = TypeVar("AnyStretch", Stretch, Spell)
Stretches = dict[int, list[Stretch]]
"""The stretches of each pupil, in order."""


def stretches(found: Iterable[Spell]) -> Stretches:
    """Give spells by pupil without class and facts, those joined that are then alike and follow on each other."""
    by_pupil: Stretches = {}
    for pupil_no, of_pupil in groupby(found, lambda spell: spell.pupil_no):
        joined: list[Stretch] = []
        for spell in of_pupil:
            until, year_group = spell.until or date.max, spell.placing.year_group or ""
            before = joined[-1] if joined else None
            if before and (before.until, before.year_group, before.counted) == (spell.first, year_group, spell.counted):
                joined[-1] = Stretch(before.first, until, year_group, before.counted)
            else:
                joined.append(Stretch(spell.first, until, year_group, spell.counted.value))
        by_pupil[pupil_no] = joined
    return by_pupil


def differ_from(old: Sequence[AnyStretch], new: Sequence[AnyStretch]) -> date | None:
    """Give a day before which two rows of stretches are the same, or None where they are the same for ever."""
    for was, is_ in zip_longest(old, new):
        if was == is_:
            continue
        if was is None or is_ is None:
            return (was or is_).first
        if replace(was, until=is_.until) == is_:
            return min(was.until or date.max, is_.until or date.max)
        return min(was.first, is_.first)
    return None


async def move(connection: Connection, school_id: int, pupil_nos: Sequence[int], seq: int) -> None:
    """Replace the spells of some pupils by those of the roll as it stood at `seq`, and the sums with them.

    The sums must be those of what stands in `analysis.entry`, by the spells in `analysis.spell`, and are so afterwards.
    """
    new = stretches(await spells.load(connection, school_id, pupil_nos, seq))
    old: defaultdict[int, list[Stretch]] = defaultdict(list)
    async for row in _sql.standing(connection, school_id=school_id, pupil_nos=list(pupil_nos)):
        old[row["pupil_no"]].append(Stretch(row["first"], row["until"], row["year_group"], row["counted"]))
    # Most changes of the admission register are of nothing that a figure is parted by.
    since = {no: day for no in pupil_nos if (day := differ_from(old[no], new.get(no, []))) is not None}
    if since:
        concerned = {"school_id": school_id, "pupil_nos": list(since)}
        moved = columns({no: new.get(no, []) for no in since})
        await _sql.move_sums(connection, since=min(since.values()), **concerned, **moved)
        await _sql.forget(connection, **concerned)
        await _sql.keep(connection, school_id=school_id, **moved)


def columns(of: Mapping[int, Sequence[Stretch]]) -> dict[str, list[object]]:
    """Give stretches as a statement takes them, column by column."""
    rows = [(no, each) for no, found in of.items() for each in found]
    return {
        "of_pupils": [no for no, _ in rows],
        "firsts": [each.first for _, each in rows],
        "untils": [each.until for _, each in rows],
        "year_groups": [each.year_group for _, each in rows],
        "counteds": [each.counted for _, each in rows],
    }
