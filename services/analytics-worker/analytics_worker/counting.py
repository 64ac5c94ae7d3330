"""Counting what stands: the database sums entries by pupil and code, the law says what each code is worth.

Roll and placing are few facts and the entries are many, so they are never joined in the database, where a table just
filled would be joined by a plan for an empty one. Sums of a pupil who moved are parted at the days of moving instead.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from analytics_worker import roll
from analytics_worker.readings import AGEING
from analytics_worker.roll import Enrolled, Placings
from codes.ages import of_compulsory_age
from codes.book import edges
from codes.tallies import Tally, tally
from kit import database
from kit.database import Connection

_sql = database.statements(__file__)


class By(StrEnum):
    """What a school's figures may be parted by."""

    PUPIL = "pupil"
    CLASS = "class"
    YEAR_GROUP = "year-group"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A pupil, and where the figures are parted by it the class or year group of the days counted."""

    pupil_no: int
    part: str | None = None


def _window(days: Sequence[date], moves: Mapping[int, Iterable[date]]) -> dict[str, Any]:
    """Give the parameters that say which entries are counted, and which sums must be kept apart."""
    inside = {no: kept for no, dates in moves.items() if (kept := [day for day in dates if days[0] < day <= days[-1]])}
    return {
        "days": list(days),
        "edges": list(edges()),
        "moving": list(inside),
        "moves": sorted({day for dates in inside.values() for day in dates}),
        "ageing_codes": [ageing.code for ageing in AGEING],
        "ageing_from": min(ageing.first for ageing in AGEING),
        "ageing_to": max(ageing.last for ageing in AGEING),
    }


def _tallies(
    rows: Iterable[Mapping[str, Any]], enrolled: Mapping[int, Enrolled], placings: Mapping[int, Placings]
) -> dict[Enrolment, Tally]:
    """Give a tally for each pupil and part; any day of a sum tells its era, whether on roll, and where placed."""
    counts: defaultdict[Enrolment, list[tuple[str, date, bool, int]]] = defaultdict(list)
    for row in rows:
        pupil_no, code, on, sessions = row["pupil_no"], row["code"], row["on"], row["sessions"]
        pupil = enrolled.get(pupil_no)
        if pupil is not None and pupil.on_roll(on):
            part = placings[pupil_no].on(on) if pupil_no in placings else None
            compulsory = of_compulsory_age(pupil.date_of_birth, on)
            counts[Enrolment(pupil_no, part)].append((code, on, compulsory, sessions))
    return {enrolment: tally(counted) for enrolment, counted in counts.items()}


async def of_school(
    connection: Connection, school_id: int, days: Sequence[date], by: By = By.PUPIL, seq: int | None = None
) -> dict[Enrolment, Tally]:
    """Give a tally for each pupil with entries on these open days, in order, while on roll; now, or as at `seq`.

    By class or year group a pupil who moved has a tally for each, of the days spent in it.
    """
    if not days:
        return {}
    enrolled = await roll.enrolled(connection, school_id, seq=seq)
    placings: Mapping[int, Placings] = {}
    if by is not By.PUPIL:
        placings = await roll.placings(connection, school_id, by_class=by is By.CLASS, seq=seq)
    moves = {no: [*pupil.moves(), *(placings[no].starts if no in placings else ())] for no, pupil in enrolled.items()}
    asked = {"school_id": school_id, **_window(days, moves)}
    found = _sql.of_school(connection, **asked) if seq is None else _sql.of_school_at(connection, seq=seq, **asked)
    return _tallies([row async for row in found], enrolled, placings)


async def of_pupils(
    connection: Connection,
    school_id: int,
    days: Sequence[date],
    enrolled: Mapping[int, Enrolled],
    seq: int | None = None,
) -> dict[int, Tally]:
    """Give a tally for each of these pupils with entries on these open days, in order, while on roll.

    Of the entries as they stand, or stood at `seq`.
    """
    if not days or not enrolled:
        return {}
    window = _window(days, {no: pupil.moves() for no, pupil in enrolled.items()})
    asked = {"school_id": school_id, "pupil_nos": list(enrolled), **window}
    found = _sql.of_pupils(connection, **asked) if seq is None else _sql.of_pupils_at(connection, seq=seq, **asked)
    tallies = _tallies([row async for row in found], enrolled, {})
    return {enrolment.pupil_no: counted for enrolment, counted in tallies.items()}
