"""Which days a question about attendance means: from and to, or the year, term, half-term or week of a date."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from codes.calendar import Calendar, Term, academic_year, academic_year_bounds, school_weeks, week_of
from codes.school import School
from kit.problems import invalid_parameter

_DAY = timedelta(days=1)
_WEEKDAYS = 5
_YEAR = timedelta(weeks=52)


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
            raise invalid_parameter("period", "Give from and to, or a period, not both.")
        if asked.first is None or asked.last is None:
            raise invalid_parameter("from" if asked.first is None else "to", "from and to are given together.")
        if asked.last < asked.first:
            raise invalid_parameter("to", "It lies before from.")
        return asked.first, asked.last
    on = asked.on or today
    if asked.period is Period.WEEK:
        return week_of(on), week_of(on) + 6 * _DAY
    if asked.period in (None, Period.YEAR):
        return academic_year_bounds(academic_year(on))
    parts = _parts(school.calendar(on), asked.period)
    return next(((first, last) for first, last, _ in reversed(parts) if first <= on), (on, on))


Part = tuple[date, date, str]
"""First and last day, and the name, of a part of a school's year."""


def _parts(calendar: Calendar | None, period: Period) -> Sequence[Part]:
    if calendar is None:
        return []
    return half_terms(calendar) if period is Period.HALF_TERM else terms(calendar)


def terms(calendar: Calendar) -> list[Part]:
    """Give the terms of a year."""
    return [(term.starts, term.ends, term.name) for term in calendar.terms]


def half_terms(calendar: Calendar) -> list[Part]:
    """Give the half-terms of a year, numbered within their terms: "autumn-1"."""
    return [
        (first, last, f"{term.name}-{n}")
        for term in calendar.terms
        for n, (first, last) in enumerate(_halves(calendar, term), start=1)
    ]


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


def before(asked: Asked, school: School, first: date, last: date) -> tuple[date, date]:
    """Give the days of the period before the one that was asked for.

    The year, term, half-term or school week before; before two dates as many open days as lie between them. Where the
    school has stated none, as many days as the period has.
    """
    if asked.period in (Period.TERM, Period.HALF_TERM):
        parts = [part for year in sorted(school.calendars) for part in _parts(school.calendars[year], asked.period)]
        found = [(starts, ends) for starts, ends, _ in parts if ends < first]
    elif asked.period is Period.WEEK:
        found = [(monday, monday + 6 * _DAY) for monday in school_weeks(school.all_open_days()) if monday < first]
    elif asked.first is None:
        found = [academic_year_bounds(academic_year(first - _DAY))]
    else:
        many = len(school.open_days(first, last))
        days = [day for day in school.all_open_days() if day < first]
        found = [(days[-many], first - _DAY)] if 0 < many <= len(days) else []
    return found[-1] if found else (first - (last - first) - _DAY, first - _DAY)


def year_before(asked: Asked, school: School, first: date, last: date, today: date) -> tuple[date, date]:
    """Give the same days of the academic year before: the term of the same name, or 52 weeks earlier.

    ASSUMPTION: of a period that is not over yet, only the days that correspond to those up to today, 52 weeks before.
    """
    year = academic_year(first)
    earlier = academic_year(academic_year_bounds(year)[0] - _DAY)
    found = first - _YEAR, last - _YEAR
    if asked.period in (Period.TERM, Period.HALF_TERM):
        named = {starts: name for starts, _, name in _parts(school.calendar(first), asked.period)}
        parts = _parts(school.calendars.get(earlier), asked.period)
        same = [(starts, ends) for starts, ends, name in parts if name == named.get(first)]
        found = same[0] if same else found
    elif asked.first is None and asked.period is not Period.WEEK:
        found = academic_year_bounds(earlier)
    return (found[0], max(found[0], min(found[1], today - _YEAR))) if first <= today <= last else found


def around(school: School, on: date, weeks: int) -> tuple[tuple[date, date], tuple[date, date]]:
    """Give so many school weeks before that of a day, up to the day before; and from the day on to as many after it."""
    mondays = school_weeks(school.all_open_days())
    earlier = [monday for monday in mondays if monday < week_of(on)][-weeks:]
    later = [monday for monday in mondays if monday > week_of(on)][:weeks]
    return (earlier[0] if earlier else on - _DAY, on - _DAY), (on, later[-1] + 6 * _DAY if later else on)
