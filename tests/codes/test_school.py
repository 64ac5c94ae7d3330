"""What a school has stated, read back from recorded texts (policy, calendar: design of the register, reg 10)."""

import json
from datetime import date, time
from typing import Any

import pytest

from codes.book import Session
from codes.policy import DEFAULT
from codes.school import School, school_of


def policy(opens: str) -> str:
    registers: list[dict[str, Any]] = [
        {"session": "AM", "opens": opens, "closes": "09:15", "ends": "12:00"},
        {"session": "PM", "opens": "13:00", "closes": "13:30", "ends": "15:15"},
    ]
    return json.dumps({"registers": registers})


CALENDARS = [
    ("2025-26", json.dumps({"terms": [{"name": "summer", "starts": "2026-07-20", "ends": "2026-07-21"}]})),
    ("2026-27", json.dumps({"terms": [{"name": "autumn", "starts": "2026-09-03", "ends": "2026-09-08"}]})),
]


@pytest.fixture
def school() -> School:
    """Give a school whose policy changed on 7 September, and was put right once more for that day."""
    stated = [
        (date(2026, 9, 7), 9, policy("08:50")),
        (date(2026, 9, 7), 5, policy("08:40")),
        (date(1900, 1, 1), 1, policy("08:45")),
    ]
    return school_of(stated, CALENDARS)


@pytest.mark.parametrize(
    ("on", "opens"), [(date(2026, 9, 4), time(8, 45)), (date(2026, 9, 7), time(8, 50)), (date(2026, 9, 8), time(8, 50))]
)
def test_the_policy_of_a_date_is_the_last_that_holds_by_then(school: School, on: date, opens: time) -> None:
    assert school.policy(on).registers[0].opens == opens


def test_before_every_policy_the_first_there_was_holds() -> None:
    school = school_of([(date(2026, 9, 7), 1, policy("08:50"))], [])
    assert school.policy(date(2026, 9, 1)).registers[0].opens == time(8, 50)


def test_a_school_that_has_stated_no_policy_has_the_default() -> None:
    assert school_of([], []).policy(date(2026, 9, 7)) is DEFAULT


def test_a_session_is_open_or_says_why_not(school: School) -> None:
    monday = school.sitting(date(2026, 9, 7), Session.AM, "4")
    sunday = school.sitting(date(2026, 9, 6), Session.AM, "4")
    assert monday is not None
    assert sunday is not None
    assert (monday.closed, monday.times.opens) == (None, time(8, 50))
    assert sunday.closed == "weekend"


def test_there_is_no_session_in_a_year_without_a_calendar(school: School) -> None:
    assert school.sitting(date(2027, 9, 7), Session.AM, "4") is None


def test_open_days_run_over_academic_years(school: School) -> None:
    assert school.open_days(date(2026, 7, 21), date(2026, 9, 4)) == [
        date(2026, 7, 21),
        date(2026, 9, 3),
        date(2026, 9, 4),
    ]
    assert len(school.all_open_days()) == 6
    assert school.open_days(date(2027, 9, 1), date(2027, 9, 9)) == []
