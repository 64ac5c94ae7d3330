"""Who counts in the DfE's absence statistics, the census periods, and how persistence was defined in earlier years."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from codes.ages import age_on_31_august, birthday
from codes.bank_holidays import BANK_HOLIDAYS
from codes.calendar import academic_year, academic_year_bounds
from codes.tallies import is_persistent

_DAY = timedelta(days=1)
SMALLEST_SCHOOL = 6
"""Enrolments aged 5 to 15 that a school has at the least that is published."""


class CensusPeriod(StrEnum):
    """The stretches of a school year for which absence is collected (methodology, table 6)."""

    AUTUMN = "autumn"
    SPRING = "spring"
    SUMMER_FIRST_HALF = "summer-first-half"
    SUMMER_SECOND_HALF = "summer-second-half"


def census_period(on: date) -> CensusPeriod:
    """The census period of a day: the next begins on 1 January, after Easter Sunday, at the spring bank holiday."""
    if on.month >= 8:
        return CensusPeriod.AUTUMN
    if on <= easter_sunday(on.year):
        return CensusPeriod.SPRING
    return CensusPeriod.SUMMER_FIRST_HALF if on < _second_half(on.year) else CensusPeriod.SUMMER_SECOND_HALF


def census_periods(year: str) -> tuple[tuple[CensusPeriod, date], ...]:
    """The census periods of an academic year such as "2026-27", each with its first day, in order."""
    ends = int(year[:4]) + 1
    return (
        (CensusPeriod.AUTUMN, date(ends - 1, 8, 1)),
        (CensusPeriod.SPRING, date(ends, 1, 1)),
        (CensusPeriod.SUMMER_FIRST_HALF, easter_sunday(ends) + _DAY),
        (CensusPeriod.SUMMER_SECOND_HALF, _second_half(ends)),
    )


def _second_half(year: int) -> date:
    """The first day of the second half of the summer term of a calendar year."""
    spring = _spring_bank_holiday(year)
    # It begins with the week of the bank holiday, though in 2022 that was a Thursday.
    return spring - timedelta(days=spring.weekday())


def easter_sunday(year: int) -> date:
    """Easter Sunday of the Gregorian calendar."""
    century, of_century = divmod(year, 100)
    moon = (19 * (year % 19) + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    week = (32 + 2 * (century % 4) + 2 * (of_century // 4) - moon - of_century % 4) % 7
    late = (year % 19 + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * late + 114, 31)
    return date(year, month, day + 1)


def _spring_bank_holiday(year: int) -> date:
    moved = (day for day, name in BANK_HOLIDAYS.items() if day.year == year and name.startswith("Spring"))
    last_of_may = date(year, 5, 31)
    return next(moved, last_of_may - last_of_may.weekday() * _DAY)


def age_counts(date_of_birth: date, year: str) -> bool:
    """Whether a pupil's absence is published in the main tables: aged 5 to 15 on 31 August before the year."""
    return 5 <= age_on_31_august(date_of_birth, year) <= 15


def published_apart(date_of_birth: date, year: str) -> bool:
    """Whether a pupil's absence is published by itself, overall absence alone: aged 4 on 31 August."""
    return age_on_31_august(date_of_birth, year) == 4


def enrolment_counts(possible: int, absent: int) -> bool:
    """Whether an enrolment is kept: it had a possible session, and no more absence than that."""
    return 0 < possible >= absent


def enrolled_in_time(first_day: date) -> bool:
    """Whether an enrolment begins early enough in its year: not in the second half of the summer term."""
    return census_period(first_day) is not CensusPeriod.SUMMER_SECOND_HALF


def session_counts(date_of_birth: date, on: date) -> bool:
    """Whether a session is kept: those of the second half of the summer term are not, for pupils aged 15 (Year 11)."""
    fifteen = age_on_31_august(date_of_birth, academic_year(on)) == 15
    return not (fifteen and census_period(on) is CensusPeriod.SUMMER_SECOND_HALF)


def school_counts(enrolments: int) -> bool:
    """Whether a school is kept: one with fewer than six enrolments aged 5 to 15 is not."""
    return enrolments >= SMALLEST_SCHOOL


def pupil_counts(date_of_birth: date, year: str, boarder: bool, first_day: date) -> bool:
    """Whether an enrolment belongs to the main tables of a year: age, day pupil, and enrolled in time."""
    return age_counts(date_of_birth, year) and not boarder and enrolled_in_time(first_day)


class Counted(StrEnum):
    """Where the sessions of an enrolment on a day are counted in the DfE's statistics (methodology, section 4)."""

    MAIN = "main"
    AGED_FOUR = "aged-four"
    NONE = "none"


Stretch = tuple[date, date | None, Counted]
"""Days from the first to before the second, or without an end, and where their sessions are counted."""


def standings(date_of_birth: date, boarder: bool, on_roll: Sequence[tuple[date, date | None]]) -> tuple[Stretch, ...]:
    """Where each day on roll is counted, as stretches in order; `on_roll` in order, each (first, day after the last).

    In the main tables from 5 to 15 on 31 August, at 4 by themselves; not boarders, not the second half of the summer
    term of those aged 15, nor an enrolment first made in a summer term's second half until the next year.
    """
    found: list[Stretch] = []
    for at, (first, end) in enumerate(on_roll):
        late = not enrolled_in_time(first) and not _was_in_time(on_roll[:at], first)
        counted_from = date(first.year, 8, 1) if late else first
        cuts = sorted({first, *(day for day in (counted_from, *_turns(date_of_birth)) if first < day)})
        for start, until in zip(cuts, [*cuts[1:], None], strict=True):
            if end is not None and start >= end:
                break
            ends = end if until is None or (end is not None and end < until) else until
            counted = Counted.NONE if boarder or start < counted_from else _by_age(date_of_birth, start)
            if found and found[-1][1] == start and found[-1][2] is counted:
                found[-1] = (found[-1][0], ends, counted)
            else:
                found.append((start, ends, counted))
    return tuple(found)


def _was_in_time(earlier: Sequence[tuple[date, date | None]], on: date) -> bool:
    """Whether one of some enrolments, each over before a day, was early enough in that day's academic year."""
    begins, _ = academic_year_bounds(academic_year(on))
    return any(end is not None and end > begins and enrolled_in_time(max(first, begins)) for first, end in earlier)


@lru_cache(maxsize=16_384)
def _turns(date_of_birth: date) -> tuple[date, date, date]:
    """The days from which a pupil counts apart, counts in the main tables, and counts no more."""
    fourth = birthday(date_of_birth, 4)
    aged_four = fourth.year + (fourth > date(fourth.year, 8, 31))
    return date(aged_four, 8, 1), date(aged_four + 1, 8, 1), _second_half(aged_four + 12)


def _by_age(date_of_birth: date, on: date) -> Counted:
    four, five, ended = _turns(date_of_birth)
    if four <= on < five:
        return Counted.AGED_FOUR
    return Counted.MAIN if five <= on < ended else Counted.NONE


class Span(StrEnum):
    """The stretches for which a fixed number of sessions once made a pupil persistently absent."""

    AUTUMN = "autumn"
    SPRING = "spring"
    AUTUMN_AND_SPRING = "autumn-and-spring"
    FIVE_HALF_TERMS = "five-half-terms"
    FULL_YEAR = "full-year"


@dataclass(frozen=True, slots=True)
class Persistence:
    """How persistence was defined from one academic year to another: sessions missed, or None for the exact 10 %."""

    first_year: str
    last_year: str | None
    sessions: MappingProxyType[Span, int] | None


PERSISTENCE: tuple[Persistence, ...] = (
    Persistence(
        "2005-06",
        "2009-10",
        MappingProxyType({Span.AUTUMN: 28, Span.AUTUMN_AND_SPRING: 52, Span.FIVE_HALF_TERMS: 64}),
    ),
    Persistence(
        "2010-11",
        "2014-15",
        MappingProxyType(
            {
                Span.AUTUMN: 22,
                Span.SPRING: 16,
                Span.AUTUMN_AND_SPRING: 38,
                Span.FIVE_HALF_TERMS: 46,
                Span.FULL_YEAR: 56,
            }
        ),
    ),
    Persistence("2015-16", None, None),
)


def was_persistent(year: str, span: Span, absent: int, possible: int) -> bool | None:
    """Whether an enrolment counted as persistently absent by the definition of its own time.

    None where that time had no figure for the span, and for years before 2005-06.
    """
    # Labels of academic years sort as the years do.
    rule = next((rule for rule in reversed(PERSISTENCE) if rule.first_year <= year), None)
    if rule is None:
        return None
    if rule.sessions is None:
        return is_persistent(absent, possible)
    return absent >= rule.sessions[span] if span in rule.sessions else None
