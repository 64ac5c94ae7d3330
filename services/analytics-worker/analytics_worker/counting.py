"""Counting what stands: the database sums entries by pupil and code, the law says what each code is worth."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from analytics_worker.readings import AGEING
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


def _window(days: Sequence[date]) -> dict[str, Any]:
    """Give the parameters that say which entries are counted, and which sums must be kept apart."""
    return {
        "days": list(days),
        "first": days[0],
        "last": days[-1],
        "edges": list(edges()),
        "ageing_codes": [ageing.code for ageing in AGEING],
        "ageing_from": [ageing.first for ageing in AGEING],
        "ageing_to": [ageing.last for ageing in AGEING],
    }


def _tallies(rows: Sequence[Mapping[str, Any]]) -> dict[Enrolment, Tally]:
    counts: defaultdict[Enrolment, list[tuple[str, date, bool, int]]] = defaultdict(list)
    for row in rows:
        compulsory = of_compulsory_age(row["date_of_birth"], row["on"])
        counts[Enrolment(row["pupil_no"], row["part"])].append((row["code"], row["on"], compulsory, row["sessions"]))
    return {enrolment: tally(counted) for enrolment, counted in counts.items()}


async def of_school(
    connection: Connection, school_id: int, days: Sequence[date], by: By = By.PUPIL
) -> dict[Enrolment, Tally]:
    """Give a tally for each pupil with entries on these open days, in order, while on roll.

    By class or year group a pupil who moved has a tally for each, of the days spent in it.
    """
    if not days:
        return {}
    window = _window(days)
    if by is By.PUPIL:
        return _tallies([row async for row in _sql.of_school(connection, school_id=school_id, **window)])
    rows = _sql.by_placing(connection, school_id=school_id, by_class=by is By.CLASS, **window)
    return _tallies([row async for row in rows])


async def of_pupils(
    connection: Connection, school_id: int, days: Sequence[date], pupil_nos: Sequence[int]
) -> dict[int, Tally]:
    """Give a tally for each of these pupils with entries on these open days, in order, while on roll."""
    if not days or not pupil_nos:
        return {}
    rows = _sql.of_pupils(connection, school_id=school_id, pupil_nos=list(pupil_nos), **_window(days))
    return {enrolment.pupil_no: counted for enrolment, counted in _tallies([row async for row in rows]).items()}
