"""Which days a question about attendance means: from and to, or the year, term, half-term or week of a date."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from codes.calendar import Calendar, Term, academic_year, academic_year_bounds, week_of
from codes.school import School
from kit.problems import Fault, Problem

_DAY = timedelta(days=1)
_WEEKDAYS = 5


class Period(StrEnum):
    """The stretches of time that a school thinks in."""

    YEAR = "year"
    TERM = "term"
    HALF_TERM = "half-term"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class Asked:
    """Two dates inclusive, or a period and the date that says which one."""

    first: date | None
    last: date | None
    period: Period | None
    on: date | None


def bounds(asked: Asked, school: School, today: date) -> tuple[date, date]:
    """Give the first and the last date, both inclusive, of what is asked; the academic year of `on` if nothing is.

    A term or half-term in a holiday is the one before it. Without a calendar, or before the first term, it is the one
    day `on`, which has no sessions. Raises `invalid-parameter`.
    """
    if asked.first is not None or asked.last is not None:
        if asked.period is not None or asked.on is not None:
            raise _refused("period", "Give from and to, or a period, not both.")
        if asked.first is None or asked.last is None:
            raise _refused("from" if asked.first is None else "to", "from and to are given together.")
        if asked.last < asked.first:
            raise _refused("to", "It lies before from.")
        return asked.first, asked.last
    on = asked.on or today
    if asked.period is Period.WEEK:
        return week_of(on), week_of(on) + 6 * _DAY
    if asked.period in (None, Period.YEAR):
        return academic_year_bounds(academic_year(on))
    calendar = school.calendar(on)
    parts = [] if calendar is None else _parts(calendar, halves=asked.period is Period.HALF_TERM)
    return next(((first, last) for first, last in reversed(parts) if first <= on), (on, on))


def _parts(calendar: Calendar, *, halves: bool) -> list[tuple[date, date]]:
    parts: list[tuple[date, date]] = []
    for term in calendar.terms:
        parts += _halves(calendar, term) if halves else [(term.starts, term.ends)]
    return parts


def _halves(calendar: Calendar, term: Term) -> list[tuple[date, date]]:
    """Give the parts of a term.

    ASSUMPTION: half-term is the longest holiday inside a term, of a school week or more; a term without one is a
    half-term itself, as where a school states six terms.
    """
    inside = [holiday for holiday in calendar.holidays if term.starts < holiday.starts and holiday.ends < term.ends]
    longest = max(inside, key=lambda holiday: holiday.ends - holiday.starts, default=None)
    if longest is None or (longest.ends - longest.starts).days + 1 < _WEEKDAYS:
        return [(term.starts, term.ends)]
    return [(term.starts, longest.starts - _DAY), (longest.ends + _DAY, term.ends)]


def _refused(parameter: str, detail: str) -> Problem:
    return Problem("invalid-parameter", f"{parameter}: {detail}", (Fault(detail, parameter=parameter),))
