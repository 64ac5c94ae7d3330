"""Entries that the plans of absence do not bear out (law.md 1.8): leave without a grant, absence on refused dates."""

from dataclasses import replace
from datetime import date

import pytest

from codes.alerts import Alert, Standing
from codes.book import Session
from codes.leave import unfitting
from codes.planned import GRANTED, REFUSED, WITHDRAWN, Plan

AM, PM = Session.AM, Session.PM
MONDAY, TUESDAY, FRIDAY = date(2026, 9, 7), date(2026, 9, 8), date(2026, 9, 11)
GRANT = Plan("x", "leave-of-absence", "C", GRANTED, (MONDAY, AM), (FRIDAY, PM), (MONDAY, AM), (FRIDAY, PM), frozenset())
REFUSAL = replace(GRANT, outcome=REFUSED)


def day(on: date, code: str) -> list[Standing]:
    return [(on, AM, code), (on, PM, code)]


@pytest.mark.parametrize("code", ["C", "C1", "C2", "J1", "S", "E"])
def test_leave_that_nobody_granted_and_e_without_a_suspension_are_one_alert_a_year(code: str) -> None:
    entries = [*day(MONDAY, code), *day(TUESDAY, "/"), *day(FRIDAY, code), *day(date(2027, 9, 6), code)]
    found = list(unfitting(entries, ()))
    assert [(each.kind, each.since, each.period) for each in found] == [
        (Alert.LEAVE_CODE_WITHOUT_LEAVE, MONDAY, "2026-27"),
        (Alert.LEAVE_CODE_WITHOUT_LEAVE, date(2027, 9, 6), "2027-28"),
    ]
    assert len(found[0].evidence()["sessions"]) == 4
    assert found[0].evidence()["source"]


@pytest.mark.parametrize("code", ["M", "R", "I", "O", "N", "/", "D", "Y4"])
def test_no_other_code_needs_a_grant(code: str) -> None:
    assert list(unfitting(day(MONDAY, code), ())) == []
    assert list(unfitting(day(MONDAY, code), [GRANT])) == []


def test_granted_leave_bears_out_its_own_code_on_its_own_dates() -> None:
    assert list(unfitting([*day(MONDAY, "C"), *day(FRIDAY, "C")], [GRANT])) == []
    [longer] = unfitting([*day(FRIDAY, "C"), *day(date(2026, 9, 14), "C")], [GRANT])
    assert longer.since == date(2026, 9, 14)
    [another] = unfitting(day(MONDAY, "J1"), [GRANT])
    assert another.kind is Alert.LEAVE_CODE_WITHOUT_LEAVE
    [taken_back] = unfitting(day(MONDAY, "C"), [replace(GRANT, outcome=WITHDRAWN)])
    assert taken_back.kind is Alert.LEAVE_CODE_WITHOUT_LEAVE


@pytest.mark.parametrize("code", ["G", "I", "N", "O", "U"])
def test_any_absence_on_refused_dates_is_one_alert_a_plan(code: str) -> None:
    other = replace(REFUSAL, id="y", asked_first=(FRIDAY, AM), asked_last=(FRIDAY, PM))
    found = list(unfitting([*day(MONDAY, code), *day(TUESDAY, code), *day(FRIDAY, code)], [REFUSAL, other]))
    assert [(each.kind, each.since, each.period) for each in found] == [
        (Alert.ABSENT_ON_REFUSED_DATES, MONDAY, "x"),
        (Alert.ABSENT_ON_REFUSED_DATES, FRIDAY, "y"),
    ]
    assert found[0].evidence()["absence"] == "x"


@pytest.mark.parametrize("code", ["/", "L", "B", "D", "X", "Y1"])
def test_who_came_or_was_not_expected_on_refused_dates_is_not_absent(code: str) -> None:
    assert list(unfitting(day(MONDAY, code), [REFUSAL])) == []


def test_what_was_left_out_of_a_grant_was_refused() -> None:
    """The school sets how long a leave is: granted are Monday and Tuesday, asked for was the week."""
    shorter = replace(GRANT, last=(TUESDAY, PM))
    assert list(unfitting([*day(MONDAY, "C"), *day(TUESDAY, "C")], [shorter])) == []
    [refused] = unfitting(day(FRIDAY, "G"), [shorter])
    assert (refused.kind, refused.since) == (Alert.ABSENT_ON_REFUSED_DATES, FRIDAY)
    later = replace(GRANT, first=(TUESDAY, AM))
    [before] = unfitting(day(MONDAY, "G"), [later])
    assert (before.kind, before.since) == (Alert.ABSENT_ON_REFUSED_DATES, MONDAY)


def test_another_grant_bears_out_absence_on_dates_that_were_refused_first() -> None:
    assert list(unfitting(day(MONDAY, "C"), [REFUSAL, replace(GRANT, id="y")])) == []


def test_nothing_is_said_of_sessions_before_the_codes_of_leave_were_parted() -> None:
    assert list(unfitting(day(date(2024, 7, 1), "C"), ())) == []
