"""The stretches of an academic year that all schools have in common: terms, their halves, and months.

Schools' own terms differ. The census's are cut where every school is on holiday, so that a school's sessions of its
autumn term lie in the autumn here too; its half-terms do where it breaks with most others.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from codes.calendar import academic_year_bounds
from codes.who_counts import CensusPeriod, census_periods

_DAY = timedelta(days=1)
YEAR = "year"
TERMS = ("autumn", "spring", "summer")
HALF_TERMS = tuple(f"{term}-{half}" for term in TERMS for half in (1, 2))


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days from the first to the last, both inclusive, of an academic year: "year", a term, a half-term or a month."""

    academic_year: str
    name: str
    first: date
    last: date


@lru_cache(maxsize=64)
def stretches(year: str) -> tuple[Stretch, ...]:
    """All stretches of an academic year such as "2026-27": the year, terms, half-terms, months, each kind in order."""
    starts, ends = academic_year_bounds(year)
    census = dict(census_periods(year))
    turns = [
        starts,
        _monday_from(date(starts.year, 10, 22)),
        census[CensusPeriod.SPRING],
        _monday_from(date(ends.year, 2, 12)),
        census[CensusPeriod.SUMMER_FIRST_HALF],
        census[CensusPeriod.SUMMER_SECOND_HALF],
        ends + _DAY,
    ]
    months = [date(starts.year + (7 + n) // 12, (7 + n) % 12 + 1, 1) for n in range(13)]
    return (
        Stretch(year, YEAR, starts, ends),
        *(Stretch(year, name, turns[2 * n], turns[2 * n + 2] - _DAY) for n, name in enumerate(TERMS)),
        *(Stretch(year, name, turns[n], turns[n + 1] - _DAY) for n, name in enumerate(HALF_TERMS)),
        *(Stretch(year, f"{month:%Y-%m}", month, months[n + 1] - _DAY) for n, month in enumerate(months[:-1])),
    )


def _monday_from(day: date) -> date:
    """The Monday of the seven days that begin with one.

    ASSUMPTION: the autumn's half-term is the week of the Monday from 22 to 28 October and the spring's of that from 12
    to 18 February, as most authorities have it. No law says so, and the census does not part these terms.
    """
    return day + timedelta(days=-day.weekday() % 7)
