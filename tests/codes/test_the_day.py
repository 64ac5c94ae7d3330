"""Unexplained absence from the first day on, who is told of it, and registers not taken (law.md 6.2 and section 7)."""

import json
from dataclasses import replace
from datetime import date, datetime, time

import pytest

from codes.alerts import Alert
from codes.book import Session
from codes.calendar import calendar_from_body, open_days
from codes.finding import Finding
from codes.the_day import (
    Marked,
    Register,
    Required,
    first_day_unexplained,
    not_back_after_lunch,
    overdue,
    register_not_taken,
    spells,
    unexplained_day_3,
    workers_to_notify,
)
from tests.codes.given import calendar_body, weekdays

AM, PM = Session.AM, Session.PM
MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, NEXT_MONDAY = weekdays(date(2026, 9, 7), 6)


def marked(codes: str, first: date = MONDAY) -> list[Marked]:
    """Entries from a Monday morning on; `.` is none, and `N>O` an O that took the place of an N."""
    days = weekdays(first, 20)
    entries = []
    for place, text in enumerate(codes.split()):
        was, _, code = text.rpartition(">")
        if code != ".":
            entries.append(Marked(days[place // 2], (AM, PM)[place % 2], code, was or None))
    return entries


def held(found: Finding | None) -> Finding:
    assert found is not None
    json.dumps(found.evidence())
    assert found.evidence()["source"] and found.evidence()["closes_when"].endswith(".")
    return found


def test_an_absence_without_a_reason_is_told_on_its_first_day() -> None:
    """Law.md section 7, S000, S001, S003: first-day contact for each absence without one."""
    found = held(first_day_unexplained(marked(r"/ \ N"), TUESDAY))
    assert (found.kind, found.since, found.period) == (Alert.FIRST_DAY_UNEXPLAINED, TUESDAY, "2026-09-08")
    assert found.evidence()["sessions"] == [{"date": "2026-09-08", "session": "AM", "code": "N"}]
    assert found.evidence()["calls_due"] == ["2026-09-08"]


def test_each_further_unexplained_day_adds_a_due_call_to_the_same_alert() -> None:
    """Law.md section 7, S003: a call each day while it is unexplained."""
    entries = marked("N N N N N N")
    first, third = held(first_day_unexplained(entries, MONDAY)), held(first_day_unexplained(entries, WEDNESDAY))
    assert (first.since, first.period) == (third.since, third.period) == (MONDAY, "2026-09-07")
    assert first.evidence()["calls_due"] == ["2026-09-07"]
    assert third.evidence()["calls_due"] == ["2026-09-07", "2026-09-08", "2026-09-09"]


def test_while_a_register_is_open_nobody_is_unexplained() -> None:
    early = [replace(mark, settled=False) for mark in marked("N")]
    assert first_day_unexplained(early, MONDAY) is None
    assert not_back_after_lunch(early, MONDAY) is None


@pytest.mark.parametrize("codes", ["I I", "O O", "G G", r"/ \ ", "X X", "N>I I", "N>U /"])
def test_a_known_reason_and_an_attendance_need_no_call(codes: str) -> None:
    assert first_day_unexplained(marked(codes), MONDAY) is None
    assert workers_to_notify(marked(codes), MONDAY, social_worker=True, youth_offending=True) == ()


@pytest.mark.parametrize("after", ["/", "L", "U", "V", "I"])
def test_an_attendance_or_an_explained_day_ends_the_calls_though_the_n_still_stands(after: str) -> None:
    assert first_day_unexplained(marked(f"N N {after}"), TUESDAY) is None


def test_an_attendance_on_the_same_day_ends_the_calls_and_the_reason_of_one_session_does_not() -> None:
    assert first_day_unexplained(marked(r"N \ "), MONDAY) is None
    assert held(first_day_unexplained(marked("N M"), MONDAY)).since == MONDAY


@pytest.mark.parametrize("between", [". .", "Y4 Y4", "# #", "D D"])
def test_a_day_without_a_session_for_the_pupil_neither_ends_nor_lengthens_a_spell(between: str) -> None:
    [spell] = spells(marked(f"N N {between} N N"), WEDNESDAY)
    assert spell.days == (MONDAY, WEDNESDAY) and spell.running


def test_a_second_spell_is_another_alert() -> None:
    entries = marked(r"N N / \ N N")
    assert [spell.running for spell in spells(entries, WEDNESDAY)] == [False, True]
    assert held(first_day_unexplained(entries, WEDNESDAY)).period == "2026-09-09"


def test_a_reason_that_somebody_gave_is_known_whatever_the_code() -> None:
    told = [replace(mark, explained=True) for mark in marked("N N>O")]
    assert first_day_unexplained(told, MONDAY) is None


def test_present_in_the_morning_and_n_in_the_afternoon_is_not_back_after_lunch_and_no_first_day() -> None:
    entries = marked("/ N")
    found = held(not_back_after_lunch(entries, MONDAY))
    assert (found.kind, found.since, found.period) == (Alert.NOT_BACK_AFTER_LUNCH, MONDAY, "2026-09-07 PM")
    assert [row["code"] for row in found.evidence()["sessions"]] == ["/", "N"]
    assert first_day_unexplained(entries, MONDAY) is None, "one alert for one thing"


def test_not_back_on_the_next_day_either_adds_a_first_day() -> None:
    entries = marked("/ N N")
    assert held(not_back_after_lunch(entries, TUESDAY)).since == MONDAY
    assert held(first_day_unexplained(entries, TUESDAY)).evidence()["calls_due"] == ["2026-09-08"]


@pytest.mark.parametrize("codes", ["M N", ". N", "N N", "/ I", "/ ."])
def test_who_did_not_attend_in_the_morning_or_is_explained_has_not_stayed_away_from_lunch(codes: str) -> None:
    assert not_back_after_lunch(marked(codes), MONDAY) is None


def test_a_visit_is_due_on_the_third_unexplained_day() -> None:
    """Law.md section 7, S000: home visit if nothing by day 3."""
    entries = marked("N N N N N N")
    assert unexplained_day_3(entries, TUESDAY) is None
    found = held(unexplained_day_3(entries, WEDNESDAY))
    assert (found.kind, found.since, found.period) == (Alert.UNEXPLAINED_DAY_3, WEDNESDAY, "2026-09-07")
    assert found.evidence()["visit_on_day"] == 3 and len(found.evidence()["sessions"]) == 6


def test_the_third_day_may_lie_behind_a_weekend_and_a_school_may_visit_sooner() -> None:
    entries = marked(r"/ \ / \ / \ N N N N N N")
    assert held(unexplained_day_3(entries, NEXT_MONDAY)).since == NEXT_MONDAY
    assert held(unexplained_day_3(entries, FRIDAY, visit_on_day=2)).since == FRIDAY


def test_an_o_that_merely_replaced_an_unanswered_n_is_still_unexplained() -> None:
    assert held(unexplained_day_3(marked("N>O N>O N>O N>O N N"), WEDNESDAY)).since == WEDNESDAY
    assert unexplained_day_3(marked("O O O O N N"), WEDNESDAY) is None
    assert unexplained_day_3(marked("G>O G>O N>O N>O N N"), WEDNESDAY) is None


def test_no_visit_is_due_to_a_pupil_who_came_back() -> None:
    assert unexplained_day_3(marked("N N N N N N /"), THURSDAY) is None
    assert unexplained_day_3(marked(r"/ \ "), MONDAY) is None


def test_the_social_worker_and_the_youth_offending_worker_are_told_of_an_unexplained_absence_once_a_spell() -> None:
    """Law.md 6.2."""
    entries = marked("N N N N")
    both = workers_to_notify(entries, TUESDAY, social_worker=True, youth_offending=True)
    assert [found.kind for found in both] == [Alert.SOCIAL_WORKER_NOTIFY, Alert.YOUTH_OFFENDING_NOTIFY]
    assert {(held(found).since, found.period) for found in both} == {(MONDAY, "2026-09-07")}
    assert both[0].evidence()["because"] == "unexplained-absence"
    assert workers_to_notify(entries, TUESDAY, social_worker=False, youth_offending=False) == ()


def test_they_are_told_of_a_deletion_from_its_day() -> None:
    """Law.md 6.2 for the social worker."""
    left = {"social_worker": True, "youth_offending": False, "left_on": TUESDAY}
    assert workers_to_notify([], MONDAY, social_worker=True, youth_offending=False, left_on=TUESDAY) == ()
    [found] = workers_to_notify([], TUESDAY, **left)  # type: ignore[arg-type]
    assert (held(found).since, found.period, found.evidence()["because"]) == (
        TUESDAY,
        "deletion 2026-09-08",
        "deletion",
    )


REGISTER = Register(MONDAY, AM, "3A", time(9, 15), (Required(), Required(known="C")))


def taken_by(at: str, *pupils: Required) -> Finding | None:
    return register_not_taken(replace(REGISTER, pupils=pupils), datetime.fromisoformat(f"2026-09-07T{at}"))


def test_a_register_is_not_taken_once_it_has_closed_and_its_grace_has_passed() -> None:
    """SI 2024/208 reg 10(1)."""
    assert taken_by("09:44", Required()) is None
    found = held(taken_by("09:45", Required(), Required(known="D")))
    assert (found.kind, found.since, found.period) == (Alert.REGISTER_NOT_TAKEN, MONDAY, "2026-09-07 AM 3A")
    says = found.evidence()
    assert (says["closed_at"], says["due_at"], says["required"]) == ("09:15", "2026-09-07T09:45", 1)
    assert held(register_not_taken(replace(REGISTER, name=None), datetime(2026, 9, 8))).period == "2026-09-07 AM"


def test_the_grace_is_the_schools() -> None:
    at = datetime(2026, 9, 7, 9, 20)
    assert register_not_taken(REGISTER, at) is None
    assert register_not_taken(REGISTER, at, grace_minutes=5) is not None


@pytest.mark.parametrize(
    "pupil",
    [
        Required(boarder=True),
        Required(entered="X"),
        Required(known="D"),
        Required(known="V"),
        Required(entered="V"),
        Required(known="Y4"),
        Required(entered="Y4"),
    ],
)
def test_a_class_in_which_nobody_is_required_has_no_register_to_take(pupil: Required) -> None:
    assert taken_by("12:00", pupil, pupil) is None
    assert taken_by("12:00") is None
    assert taken_by("12:00", pupil, Required()) is not None


def test_one_entry_of_a_required_pupil_is_a_register_taken_and_known_leave_excuses_none() -> None:
    assert taken_by("12:00", Required(entered="N"), Required()) is None
    assert taken_by("12:00", Required(entered="X"), Required()) is not None, "the office alone entered an X"
    assert taken_by("12:00", Required(known="C")) is not None


SCHOOL_DAYS = open_days([calendar_from_body(calendar_body())])


def test_an_overdue_n_must_be_o_and_keeps_since_when_it_is_overdue() -> None:
    """Law.md section 2, row N, and 6.2: failing the true code within five school days it is amended to O."""
    entries = [mark.standing for mark in marked("N I . N")]
    assert overdue(entries, SCHOOL_DAYS, date(2026, 9, 14)) is None
    found = held(overdue(entries, SCHOOL_DAYS, date(2026, 9, 15)))
    assert (found.kind, found.since, found.period) == (Alert.N_OVERDUE, date(2026, 9, 15), "2026-09-07 AM")
    assert found.evidence()["sessions"] == [
        {
            "date": "2026-09-07",
            "session": "AM",
            "due": "2026-09-14",
            "overdue_since": "2026-09-15",
            "must_be": "O",
        }
    ]
    later = held(overdue(entries, SCHOOL_DAYS, date(2026, 10, 15)))
    assert (later.since, later.period) == (found.since, found.period)
    assert [row["overdue_since"] for row in later.evidence()["sessions"]] == ["2026-09-15", "2026-09-16"]


def test_days_that_a_closure_took_do_not_count_for_an_overdue_n() -> None:
    """Law.md section 9, 17: with a day of Y4 between, N is overdue a school day later."""
    without = [day for day in SCHOOL_DAYS if day != WEDNESDAY]
    plain, moved = (held(overdue([(MONDAY, AM, "N")], each, date(2026, 9, 30))) for each in (SCHOOL_DAYS, without))
    assert (plain.since, moved.since) == (date(2026, 9, 15), date(2026, 9, 16))
