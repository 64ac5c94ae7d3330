"""Term dates of the invented schools for any year: the shape most authorities publish, and the weeks to play."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from codes.calendar import Calendar, academic_year, calendar_from_body, school_days, school_weeks

WEEKS_AT_LEAST = 12
"""A demonstration covers at least so many school weeks, so that a term's patterns can be seen."""


@dataclass(frozen=True, slots=True)
class HalfTerm:
    """An unbroken run of school weeks, `starts` to `ends` inclusive, and the term it belongs to."""

    term: str
    starts: date
    ends: date


def year_of(day: date) -> int:
    """The calendar year in which the academic year of a day began."""
    return int(academic_year(day)[:4])


@lru_cache(maxsize=32)
def half_terms(year: int) -> tuple[HalfTerm, ...]:
    """The six half-terms of the academic year that begins in the autumn of `year`."""
    easter = easter_sunday(year + 1)
    october = _last_monday(year, 10)
    february = _monday_from(date(year + 1, 2, 12))
    late_may = _last_monday(year + 1, 5)
    if easter + timedelta(days=1) < date(year + 1, 4, 1):
        summer, spring_ends = easter + timedelta(days=15), easter - timedelta(days=3)
    else:
        summer, spring_ends = easter + timedelta(days=8), easter - timedelta(days=9)
    return (
        HalfTerm("autumn", _weekday_from(date(year, 9, 3)), october - timedelta(days=3)),
        HalfTerm("autumn", october + timedelta(days=7), _monday_from(date(year, 12, 10)) + timedelta(days=4)),
        HalfTerm("spring", _monday_from(date(year + 1, 1, 3)), february - timedelta(days=3)),
        HalfTerm("spring", february + timedelta(days=7), spring_ends),
        HalfTerm("summer", summer, late_may - timedelta(days=3)),
        HalfTerm("summer", late_may + timedelta(days=7), _weekday_from(date(year + 1, 7, 20))),
    )


def calendar_body(year: int, inset: Sequence[str] = (), starts: date = date.min) -> dict[str, object]:
    """The calendar of one academic year as the register takes it, from `starts` (when the school began to use it).

    `inset` names the training days: the first day of a half-term, 1 to 6. Half-terms that ended before `starts` are
    left out.
    """
    played = [half for half in half_terms(year) if half.ends >= starts]
    terms: list[dict[str, str]] = []
    holidays: list[dict[str, str]] = []
    for half in played:
        if terms and terms[-1]["name"] == half.term:
            friday = date.fromisoformat(terms[-1]["ends"])
            gap = (friday + timedelta(days=3), half.starts - timedelta(days=3))
            holidays.append({"from": gap[0].isoformat(), "to": gap[1].isoformat(), "name": "half-term"})
            terms[-1]["ends"] = half.ends.isoformat()
        else:
            terms.append({"name": half.term, "starts": half.starts.isoformat(), "ends": half.ends.isoformat()})
    training = [half_terms(year)[int(n) - 1].starts for n in inset]
    return {"terms": terms, "holidays": holidays, "inset_days": [day.isoformat() for day in training if day >= starts]}


@lru_cache(maxsize=256)
def calendar_of(year: int, inset: tuple[str, ...] = (), starts: date = date.min) -> Calendar:
    """The same calendar as the law reads it."""
    return calendar_from_body(calendar_body(year, inset, starts))


def window_start(until: date) -> date:
    """The start of the latest half-term that leaves `WEEKS_AT_LEAST` school weeks up to and including `until`."""
    year = year_of(until)
    days = [day for y in (year - 1, year) for day in school_days(calendar_of(y)) if day <= until]
    halves = [half for y in (year - 1, year) for half in half_terms(y)]
    for half in reversed(halves):
        if len(school_weeks(day for day in days if day >= half.starts)) >= WEEKS_AT_LEAST:
            return half.starts
    return halves[0].starts


def easter_sunday(year: int) -> date:
    """Easter in the Gregorian calendar (the anonymous computus)."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    k = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * k) // 451
    month, day = divmod(h + k - 7 * m + 114, 31)
    return date(year, month, day + 1)


def _monday_from(day: date) -> date:
    return day + timedelta(days=-day.weekday() % 7)


def _weekday_from(day: date) -> date:
    return day if day.weekday() < 5 else _monday_from(day)


def _last_monday(year: int, month: int) -> date:
    last = date(year, month, 31)
    return last - timedelta(days=last.weekday())
