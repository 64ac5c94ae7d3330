"""The school calendar: academic years, terms, and which days have sessions.

Every school day has two sessions, AM and PM. A day is open when it is a weekday inside a term, and not a bank
holiday, a holiday of the school or an INSET day.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from codes.bank_holidays import BANK_HOLIDAYS

_DAY = timedelta(days=1)
_SATURDAY = 5
EXPECTED_DAYS, EXPECTED_SESSIONS = 190, 380
"""What a maintained school owes in an academic year at least."""
_OWED = "DfE, Pupil absence statistics: methodology, section 1.1; for an academy its funding agreement"
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Term:
    """A term, both days inclusive."""

    name: str
    starts: date
    ends: date


@dataclass(frozen=True, slots=True)
class Holiday:
    """Days inside the year on which the school is closed as planned, both inclusive."""

    starts: date
    ends: date
    name: str


@dataclass(frozen=True)
class Calendar:
    """One school's calendar of one academic year."""

    academic_year: str
    terms: tuple[Term, ...]
    holidays: tuple[Holiday, ...]
    inset_days: frozenset[date]


class CalendarFault(ValueError):
    """A calendar that cannot be; `member` is the path of the member at fault, such as "terms/0/ends"."""

    def __init__(self, member: str, detail: str) -> None:
        super().__init__(f"{member}: {detail}")
        self.member = member
        self.detail = detail


def academic_year(on: date) -> str:
    """The label of the academic year of a day, 1 August to 31 July: "2026-27"."""
    first = _begins_in(on)
    return f"{first}-{(first + 1) % 100:02d}"


def _begins_in(on: date) -> int:
    return on.year if on.month >= 8 else on.year - 1


def academic_year_bounds(label: str) -> tuple[date, date]:
    """The first and last day of an academic year; raises ValueError for what is not a label such as "2026-27"."""
    if len(label) == 7 and label.isascii() and label[:4].isdigit() and label[:4] != "0000":
        first = date(int(label[:4]), 8, 1)
        if academic_year(first) == label:
            return first, date(first.year + 1, 7, 31)
    raise ValueError(f"{label!r} is not an academic year such as 2026-27")


def calendar_from_body(body: Mapping[str, Any], year: str | None = None) -> Calendar:
    """A calendar from its body: `terms` [{name, starts, ends}], `holidays` [{from, to, name}], `inset_days` [date].

    The academic year is `year`, such as "2026-27", or without it that of the first term. Raises `CalendarFault` for
    an unknown member, a date that is not one, an order or overlap that cannot be, a day outside the academic year, and
    an INSET day that is not a weekday within a term.
    """
    _only(body, "", {"terms", "holidays", "inset_days"})
    terms = tuple(_term(row, f"terms/{n}") for n, row in enumerate(_rows(body, "terms")))
    holidays = tuple(_holiday(row, f"holidays/{n}") for n, row in enumerate(_rows(body, "holidays")))
    if not terms:
        raise CalendarFault("terms", "A calendar needs at least one term.")
    label = year or academic_year(terms[0].starts)
    _spans_fit(label, "terms", ("starts", "ends"), terms)
    _spans_fit(label, "holidays", ("from", "to"), holidays)
    inset_days = [_day(value, f"inset_days/{n}") for n, value in enumerate(_rows(body, "inset_days"))]
    for n, day in enumerate(inset_days):
        if day.weekday() >= _SATURDAY:
            raise CalendarFault(f"inset_days/{n}", "An INSET day is a weekday.")
        if not _within(terms, day):
            raise CalendarFault(f"inset_days/{n}", "An INSET day lies within a term.")
    return Calendar(label, terms, holidays, frozenset(inset_days))


def closed_why(calendar: Calendar, on: date) -> str | None:
    """Why a day has no session, or None when it is open.

    One of "weekend", "bank-holiday", "holiday", "inset", "outside-term", the first that applies in that order.
    """
    if on.weekday() >= _SATURDAY:
        return "weekend"
    if on in BANK_HOLIDAYS:
        return "bank-holiday"
    if _within(calendar.holidays, on):
        return "holiday"
    if on in calendar.inset_days:
        return "inset"
    return None if _within(calendar.terms, on) else "outside-term"


def is_school_day(calendar: Calendar, on: date) -> bool:
    """Whether a day has its two sessions."""
    return closed_why(calendar, on) is None


@lru_cache(maxsize=1024)
def school_days(calendar: Calendar) -> tuple[date, ...]:
    """The open days of a calendar, in order."""
    days = {day for term in calendar.terms for day in _each_day(term.starts, term.ends)}
    return tuple(sorted(day for day in days if is_school_day(calendar, day)))


def count(calendar: Calendar) -> tuple[int, int]:
    """How many days and how many sessions a calendar opens; a maintained school owes at least 190 and 380."""
    days = len(school_days(calendar))
    return days, 2 * days


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A year with fewer sessions than are expected: allowed, and said, with who expects more."""

    detail: str
    source: str = _OWED


def shortfall(calendar: Calendar) -> Shortfall | None:
    """What a calendar lacks of 190 days and 380 sessions, or None.

    ASSUMPTION: an academy is measured by the same numbers, though its funding agreement may say others.
    """
    days, sessions = count(calendar)
    if sessions >= EXPECTED_SESSIONS:
        return None
    detail = (
        f"{days} days and {sessions} sessions; a maintained school has {EXPECTED_DAYS} and {EXPECTED_SESSIONS} at "
        "least, and an academy what its funding agreement says."
    )
    return Shortfall(detail)


def open_days(calendars: Iterable[Calendar]) -> tuple[date, ...]:
    """The open days of several academic years, in order."""
    return tuple(sorted({day for calendar in calendars for day in school_days(calendar)}))


def week_of(on: date) -> date:
    """The Monday of a day's week. ASSUMPTION: a school week runs Monday to Sunday; no source defines it."""
    return on - timedelta(days=on.weekday())


def school_weeks(days: Iterable[date]) -> tuple[date, ...]:
    """The Mondays of the weeks with at least one open session, in order, from the open days."""
    return tuple(sorted({week_of(day) for day in days}))


def add_school_days(calendars: Sequence[Calendar], start: date, n: int) -> date | None:
    """The nth school day after `start`, which itself is not counted and need not be one.

    None when the calendars do not reach so far: too few days, or an academic year on the way that is not among them.
    """
    days = open_days(calendars)
    index = bisect_right(days, start) + n - 1
    if index >= len(days):
        return None
    stated = {calendar.academic_year for calendar in calendars}
    passed = range(_begins_in(start), _begins_in(days[index]) + 1)
    return days[index] if all(academic_year(date(year, 8, 1)) in stated for year in passed) else None


def _within(spans: Iterable[Term | Holiday], on: date) -> bool:
    return any(span.starts <= on <= span.ends for span in spans)


def _each_day(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def _spans_fit(label: str, member: str, ends: tuple[str, str], spans: Sequence[Term | Holiday]) -> None:
    first, last = academic_year_bounds(label)
    for n, span in enumerate(spans):
        if span.ends < span.starts:
            raise CalendarFault(f"{member}/{n}/{ends[1]}", f"Ends on {span.ends}, before it starts on {span.starts}.")
        for name, day in zip(ends, (span.starts, span.ends), strict=True):
            if not first <= day <= last:
                raise CalendarFault(f"{member}/{n}/{name}", f"{day} is outside the academic year {label}.")
        if n and span.starts <= spans[n - 1].ends:
            raise CalendarFault(f"{member}/{n}/{ends[0]}", f"Starts on {span.starts}, before the one above ends.")


def _term(row: Any, member: str) -> Term:
    _only(row, member, {"name", "starts", "ends"})
    return Term(
        _text(row.get("name"), f"{member}/name"),
        _day(row.get("starts"), f"{member}/starts"),
        _day(row.get("ends"), f"{member}/ends"),
    )


def _holiday(row: Any, member: str) -> Holiday:
    _only(row, member, {"from", "to", "name"})
    return Holiday(
        _day(row.get("from"), f"{member}/from"),
        _day(row.get("to"), f"{member}/to"),
        _text(row.get("name"), f"{member}/name"),
    )


def _only(row: Any, member: str, known: set[str]) -> None:
    if not isinstance(row, Mapping):
        raise CalendarFault(member, "This is an object.")
    for name in row:
        if name not in known:
            raise CalendarFault(f"{member}/{name}".lstrip("/"), "A calendar has no such member.")


def _rows(body: Mapping[str, Any], name: str) -> Sequence[Any]:
    rows = body.get(name, ())
    if isinstance(rows, str) or not isinstance(rows, Sequence):
        raise CalendarFault(name, "This is a list.")
    return rows


def _text(value: Any, member: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise CalendarFault(member, "This is a name.")
    return value


def _day(value: Any, member: str) -> date:
    if isinstance(value, str) and _ISO_DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise CalendarFault(member, "This is a date, YYYY-MM-DD.")
