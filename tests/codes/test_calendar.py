"""School days, terms, weeks, academic years and bank holidays (law.md 8.3 and 5.1)."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes import calendar
from codes.bank_holidays import BANK_HOLIDAYS
from codes.calendar import CalendarFault
from codes.deadlines import is_overdue, n_due
from codes.who_counts import easter_sunday
from tests.codes.given import calendar_body

YEAR = calendar.calendar_from_body(calendar_body())
NEXT = calendar.calendar_from_body({"terms": [{"name": "autumn", "starts": "2027-09-06", "ends": "2027-12-17"}]})
AFTER_NEXT = calendar.calendar_from_body({"terms": [{"name": "autumn", "starts": "2028-09-04", "ends": "2028-12-15"}]})
DAYS = st.dates(date(2006, 1, 1), date(2029, 12, 31))


def test_a_calendar_is_read_from_its_body() -> None:
    assert YEAR.academic_year == "2026-27"
    assert [term.name for term in YEAR.terms] == ["autumn", "spring", "summer"]
    assert YEAR.holidays[0] == calendar.Holiday(date(2026, 10, 26), date(2026, 10, 30), "half-term")
    assert YEAR.inset_days == {date(2026, 9, 3)}
    assert calendar.calendar_from_body(calendar_body(), "2026-27") == YEAR


@pytest.mark.parametrize(
    ("on", "why"),
    [
        (date(2026, 9, 4), None),
        (date(2026, 9, 5), "weekend"),
        (date(2026, 9, 3), "inset"),
        (date(2026, 10, 28), "holiday"),
        (date(2027, 5, 3), "bank-holiday"),
        (date(2027, 5, 31), "bank-holiday"),
        (date(2026, 12, 21), "outside-term"),
        (date(2026, 12, 25), "bank-holiday"),
        (date(2030, 9, 3), "outside-term"),
    ],
)
def test_a_closed_day_says_why(on: date, why: str | None) -> None:
    """Law.md 8.3: two sessions on each school day, none on others."""
    assert calendar.closed_why(YEAR, on) == why
    assert calendar.is_school_day(YEAR, on) is (why is None)


def test_the_days_and_sessions_are_counted() -> None:
    """Law.md 8.3: two sessions a school day; here 71 days, 54 and 67."""
    days, sessions = calendar.count(YEAR)
    assert days == len(calendar.school_days(YEAR)) == 192
    assert sessions == 2 * days
    assert list(calendar.school_days(YEAR)) == [
        day for n in range(365) if calendar.is_school_day(YEAR, day := date(2026, 8, 1) + timedelta(days=n))
    ]


TERM = {"name": "autumn", "starts": "2026-09-03", "ends": "2026-12-18"}
HOLIDAY = {"from": "2026-10-26", "to": "2026-10-30", "name": "half-term"}


@pytest.mark.parametrize(
    ("changes", "member"),
    [
        ({"terms": []}, "terms"),
        ({"terms": "autumn"}, "terms"),
        ({"terms": ["autumn"]}, "terms/0"),
        ({"terms": [TERM | {"name": " "}]}, "terms/0/name"),
        ({"terms": [TERM | {"starts": None}]}, "terms/0/starts"),
        ({"terms": [TERM | {"starts": "20260903"}]}, "terms/0/starts"),
        ({"terms": [TERM | {"starts": "2026-W36-4"}]}, "terms/0/starts"),
        ({"terms": [TERM | {"starts": "2026-09-31"}]}, "terms/0/starts"),
        ({"terms": [TERM | {"ends": "2026-09-02"}]}, "terms/0/ends"),
        ({"terms": [TERM | {"ends": "2027-08-01"}]}, "terms/0/ends"),
        ({"terms": [TERM, TERM]}, "terms/1/starts"),
        ({"terms": [TERM | {"length": 3}]}, "terms/0/length"),
        ({"holidays": [HOLIDAY | {"to": "2026-10-25"}]}, "holidays/0/to"),
        ({"holidays": [HOLIDAY | {"from": "2026-07-31"}]}, "holidays/0/from"),
        ({"holidays": [HOLIDAY, HOLIDAY]}, "holidays/1/from"),
        ({"holidays": {"from": "2026-10-26"}}, "holidays"),
        ({"inset_days": ["2026-09-05"]}, "inset_days/0"),
        ({"inset_days": ["2026-09-04", "2026-12-21"]}, "inset_days/1"),
        ({"inset_days": [20260904]}, "inset_days/0"),
        ({"academic_year": "2026-27"}, "academic_year"),
    ],
)
def test_a_calendar_that_cannot_be_names_the_member_at_fault(changes: dict[str, Any], member: str) -> None:
    with pytest.raises(CalendarFault) as raised:
        calendar.calendar_from_body(calendar_body(**changes))
    assert raised.value.member == member
    assert raised.value.detail in str(raised.value)


def test_terms_lie_inside_the_academic_year_that_is_named() -> None:
    with pytest.raises(CalendarFault, match="outside the academic year 2025-26"):
        calendar.calendar_from_body(calendar_body(), "2025-26")


def test_an_academic_year_runs_from_august_to_july() -> None:
    """Law.md 8.3."""
    assert calendar.academic_year(date(2026, 7, 31)) == "2025-26"
    assert calendar.academic_year(date(2026, 8, 1)) == "2026-27"
    assert calendar.academic_year(date(1999, 9, 1)) == "1999-00"
    assert calendar.academic_year_bounds("2026-27") == (date(2026, 8, 1), date(2027, 7, 31))
    assert calendar.academic_year_bounds("1999-00") == (date(1999, 8, 1), date(2000, 7, 31))


@pytest.mark.parametrize("label", ["", "2026", "2026-28", "2026/27", "2026-2027", "202627x", "0000-01", "२०२६-27"])
def test_a_bad_label_is_no_academic_year(label: str) -> None:
    with pytest.raises(ValueError, match="not an academic year"):
        calendar.academic_year_bounds(label)


@given(DAYS)
def test_a_day_lies_in_its_own_academic_year(on: date) -> None:
    first, last = calendar.academic_year_bounds(calendar.academic_year(on))
    assert first <= on <= last


def test_a_school_week_has_at_least_one_open_session() -> None:
    """Law.md 5.1: the half-term week and the holidays are no school weeks; a week with one open day is one."""
    weeks = calendar.school_weeks(calendar.open_days([YEAR, NEXT]))
    assert weeks[0] == date(2026, 8, 31), "only Friday 4 September is open"
    assert date(2026, 10, 26) not in weeks
    assert date(2027, 5, 31) not in weeks
    assert weeks[weeks.index(date(2027, 7, 19)) + 1] == date(2027, 9, 6)


def test_a_week_of_inset_days_alone_is_no_school_week() -> None:
    """Law.md 5.2, derived."""
    inset = [f"2026-11-{day:02d}" for day in range(2, 7)]
    weeks = calendar.school_weeks(calendar.school_days(calendar.calendar_from_body(calendar_body(inset_days=inset))))
    assert date(2026, 11, 2) not in weeks
    assert date(2026, 11, 9) in weeks


def test_school_days_are_added_across_holidays_and_academic_years() -> None:
    add = calendar.add_school_days
    assert add([YEAR], date(2026, 9, 3), 1) == date(2026, 9, 4)
    assert add([YEAR], date(2026, 10, 23), 1) == date(2026, 11, 2)
    assert add([YEAR, NEXT], date(2027, 7, 20), 2) == date(2027, 9, 6)


def test_school_days_are_not_added_beyond_what_the_calendars_say() -> None:
    assert calendar.add_school_days([YEAR], date(2027, 7, 20), 2) is None
    assert calendar.add_school_days([], date(2027, 7, 20), 1) is None
    assert calendar.add_school_days([YEAR, AFTER_NEXT], date(2027, 7, 20), 2) is None, "a year is missing between"
    assert calendar.add_school_days([NEXT], date(2027, 7, 20), 1) is None, "the year of the start is missing"


def test_n_is_due_five_school_days_after_its_session_and_overdue_from_the_day_after() -> None:
    """Law.md section 2, row N; SI 2024/208 reg 10(7) to (9)."""
    days = calendar.open_days([YEAR])
    due = n_due(date(2026, 10, 21), days)
    assert due == date(2026, 11, 4), "two days before half-term, three after"
    assert not is_overdue(due, date(2026, 11, 4))
    assert is_overdue(due, date(2026, 11, 5))


def test_n_has_no_due_date_where_the_calendar_ends_or_the_limit_did_not_exist() -> None:
    days = calendar.open_days([YEAR])
    assert n_due(date(2027, 7, 20), days) is None
    assert not is_overdue(None, date(2027, 9, 30))
    old = calendar.calendar_from_body({"terms": [{"name": "autumn", "starts": "2023-09-04", "ends": "2023-12-15"}]})
    assert n_due(date(2023, 9, 4), calendar.school_days(old)) is None


@given(DAYS, st.integers(1, 200))
def test_adding_school_days_counts_open_days(start: date, n: int) -> None:
    found = calendar.add_school_days([YEAR, NEXT], start, n)
    if found is not None:
        days = calendar.open_days([YEAR, NEXT])
        assert sum(start < day <= found for day in days) == n
        assert found in days


SUBSTITUTED = {"01-01", "12-25", "12-26"}
BY_PROCLAMATION = {
    date(2011, 4, 29),
    date(2012, 6, 5),
    date(2022, 6, 3),
    date(2022, 9, 19),
    date(2023, 5, 8),
}
MOVED = {
    date(2012, 5, 28): date(2012, 6, 4),
    date(2020, 5, 4): date(2020, 5, 8),
    date(2022, 5, 30): date(2022, 6, 2),
}


def first_monday_from(day: date) -> date:
    return day + timedelta(days=-day.weekday() % 7)


def by_rule(year: int) -> set[date]:
    """Banking and Financial Dealings Act 1971, with a weekday for each holiday that falls on a weekend."""
    easter = easter_sunday(year)
    days = {easter - timedelta(days=2), easter + timedelta(days=1), first_monday_from(date(year, 5, 1))}
    days |= {first_monday_from(date(year, 5, 25)), first_monday_from(date(year, 8, 25))}
    for fixed in (date(year, 1, 1), date(year, 12, 25), date(year, 12, 26)):
        while fixed.weekday() >= 5 or fixed in days:
            fixed += timedelta(days=1)
        days.add(fixed)
    return {MOVED.get(day, day) for day in days} | {day for day in BY_PROCLAMATION if day.year == year}


@pytest.mark.parametrize("year", range(2006, 2029))
def test_the_bank_holidays_of_each_year_are_those_of_the_rule(year: int) -> None:
    """Law.md 8.3; GOV.UK for 2012 to 2028, the rule alone before."""
    assert {day for day in BANK_HOLIDAYS if day.year == year} == by_rule(year)


def test_the_bank_holidays_are_known_from_2006_to_2028() -> None:
    assert {day.year for day in BANK_HOLIDAYS} == set(range(2006, 2029))
    assert sum(day.year >= 2012 for day in BANK_HOLIDAYS) == 140
