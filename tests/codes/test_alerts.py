"""Levels, and N past its day (law.md 4.1 and section 2)."""

from datetime import date
from fractions import Fraction

import pytest

from codes.alerts import Alert, Level, Standing, levels, n_overdue
from codes.book import Session
from codes.calendar import calendar_from_body, open_days
from codes.tallies import Tally, tally
from tests.codes.given import calendar_body

THIS_YEAR = calendar_from_body(calendar_body())
DAYS = open_days([THIS_YEAR])
AM, PM = Session.AM, Session.PM


def absent(n: int, of: int) -> Tally:
    on = date(2026, 9, 7)
    return tally([("I", on, True, n), ("/", on, True, of - n)])


@pytest.mark.parametrize(
    ("n", "of", "kinds"),
    [
        (3, 40, []),
        (4, 40, [Alert.PERSISTENT_ABSENCE]),
        (19, 40, [Alert.PERSISTENT_ABSENCE]),
        (20, 40, [Alert.PERSISTENT_ABSENCE, Alert.SEVERE_ABSENCE]),
        (39, 39, []),
        (0, 0, []),
    ],
)
def test_a_level_is_given_from_so_many_possible_sessions_on(n: int, of: int, kinds: list[Alert]) -> None:
    """Law.md 4.1, and 4.3 on short enrolments."""
    assert [level.kind for level in levels(absent(n, of), 40)] == kinds


def test_without_a_minimum_one_absence_of_two_is_severe() -> None:
    """Law.md 4.3: no minimum number of sessions in the statistics."""
    assert len(levels(absent(1, 2), 1)) == 2
    assert levels(absent(0, 0), 0) == ()


def test_the_evidence_for_a_level_says_of_how_many_sessions() -> None:
    level = Level(Alert.PERSISTENT_ABSENCE, 4, 30, Fraction(4, 30))
    assert level.evidence() == {
        "absent_sessions": 4,
        "possible_sessions": 30,
        "overall_absence_perc": 13.3333333333333,
    }


def test_n_is_overdue_from_the_day_after_its_fifth_school_day() -> None:
    """Law.md section 2, row N; SI 2024/208 reg 10(7) to (9)."""
    entries: list[Standing] = [
        (date(2026, 9, 7), AM, "N"),
        (date(2026, 9, 7), PM, "I"),
        (date(2026, 9, 8), AM, "N"),
        (date(2027, 7, 21), PM, "N"),
    ]
    assert n_overdue(entries, DAYS, date(2026, 9, 14)) is None
    overdue = n_overdue(entries, DAYS, date(2026, 9, 15))
    assert overdue is not None and overdue.kind is Alert.N_OVERDUE
    assert overdue.evidence() == {"sessions": [{"date": "2026-09-07", "session": "AM", "due": "2026-09-14"}]}
    later = n_overdue(entries, DAYS, date(2027, 9, 30))
    assert later is not None and len(later.sessions) == 2, "the last has no due date: no calendar reaches so far"
