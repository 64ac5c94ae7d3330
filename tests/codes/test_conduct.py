"""Lateness, evidence, reviews, exclusion, meetings, steps and parents (law.md sections 2 and 7)."""

import json
from collections.abc import Collection
from dataclasses import replace
from datetime import date

import pytest

from codes.alerts import Alert, Standing
from codes.book import Session
from codes.calendar import calendar_from_body, open_days, school_weeks
from codes.conduct import (
    excluded_day_6,
    illness_evidence,
    late_repeated,
    next_step_due,
    parents_not_told,
    part_time_review,
    religious_extra_day,
    return_meeting,
    study_leave,
)
from codes.finding import Finding
from codes.levels import level
from codes.planned import GRANTED, REFUSED, Plan
from codes.spells import spells
from tests.codes.given import calendar_body

BORN = date(2012, 2, 11)
DAYS = [day for day in open_days([calendar_from_body(calendar_body())]) if day >= date(2026, 9, 7)]
WEEKS = school_weeks(DAYS)
AM, PM = Session.AM, Session.PM


def entries(codes: str, first: int = 0) -> list[Standing]:
    """One code a session from the nth school day's morning on; `=` is present all day, `I2` a code of both sessions."""
    found: list[Standing] = []
    sessions = [(day, session) for day in DAYS[first:] for session in (AM, PM)]
    for text in codes.split():
        both = {"=": ("/", "\\")}.get(text) or ((text[:-1],) * 2 if text[-1] == "2" and len(text) > 1 else (text,))
        for code in both:
            on, session = sessions[len(found)]
            found.append((on, session, code))
    return found


def held(found: Finding | tuple[Finding, ...] | None) -> Finding:
    if isinstance(found, tuple):
        [found] = found
    assert found is not None
    json.dumps(found.evidence())
    assert found.evidence()["source"] and found.evidence()["closes_when"].endswith(".")
    return found


def test_a_spell_lies_over_weekends_and_holidays_and_over_sessions_that_were_not_possible() -> None:
    given = entries("= = = I2 I2 I2 D2 X2 I2 = I2")
    assert [len(spell) for spell in spells(given, lambda entry: entry[2] == "I")] == [8, 2]
    assert [*spells([], lambda entry: True)] == []


def late(codes: str, day: int, transport: Collection[tuple[date, Session]] = (), weeks: int = 2) -> Finding | None:
    return late_repeated(entries(codes), transport, WEEKS, DAYS[day], weeks=weeks)


def test_late_twice_in_a_week_or_over_two_is_repeated() -> None:
    """Law.md section 7, S003: twice or more in one week or over two weeks."""
    in_a_week = held(late(r"L \ = U \ ", 2))
    assert (in_a_week.kind, in_a_week.since, in_a_week.period) == (Alert.LATE_REPEATED, DAYS[2], "2026-09-07")
    assert [row["code"] for row in in_a_week.evidence()["sessions"]] == ["L", "U"]
    over_two = held(late(r"L \ = = = = = = = = L \ ", 9))
    assert (over_two.since, over_two.period) == (DAYS[9], "2026-09-07")


def test_late_once_or_twice_over_three_weeks_is_not() -> None:
    assert late(r"L \ = = = =", 4) is None
    assert late("", 0) is None
    apart = r"L \ = = = = = = = = = L \ "
    assert late(apart, 10) is None
    assert late(apart, 10, weeks=3) is not None
    thrice = entries(r"L \ = = = = L \ = = = = = L \ ")
    assert late_repeated(thrice, (), WEEKS, DAYS[11], times=3) is None, "each after the other, but over three weeks"
    assert late_repeated(thrice, (), WEEKS, DAYS[11], times=3, weeks=3) is not None


def test_lateness_of_the_schools_own_transport_is_left_out() -> None:
    codes = r"L \ L \ L \ "
    assert held(late(codes, 2, {(DAYS[0], AM)})).since == DAYS[2]
    assert late(codes, 2, {(DAYS[0], AM), (DAYS[1], AM)}) is None


def test_a_third_lateness_is_the_same_alert_until_two_weeks_pass_without() -> None:
    codes = r"L \ L \ = = = = = L \ = "
    assert held(late(codes, 7)).since == DAYS[1] and held(late(codes, 7)).evidence()["late"] == 3
    assert late(codes, 10) is not None, "the week after"
    assert late(codes, 15) is None, "two school weeks later"
    assert held(late(codes, 5)).evidence()["late"] == 2, "what is to come is not seen"


def test_lateness_two_weeks_after_the_last_is_a_run_of_its_own() -> None:
    found = held(late(r"L \ = = = = = = = = = L \ L \ ", 11))
    assert (found.period, found.evidence()["late"]) == ("2026-09-21", 2)


def test_lateness_in_no_school_week_does_not_count() -> None:
    assert late_repeated([(date(2026, 8, 24), AM, "L"), (DAYS[0], AM, "L")], (), WEEKS, DAYS[0]) is None


def test_evidence_of_illness_is_due_after_five_days_where_the_policy_says_so_and_goes_further_than_guidance() -> None:
    """Law.md section 7, S003: longer than 5 days; section 2, row I: on genuine and reasonable doubt alone."""
    given = entries("I2 I2 I2 I2 I2 I2 =")
    found = held(illness_evidence(given, 5))
    assert (found.kind, found.since, found.period) == (Alert.ILLNESS_EVIDENCE, DAYS[5], "2026-09-07")
    assert found.evidence()["evidence_after_days"] == 5
    assert "further than the guidance" in found.evidence()["against_guidance"]


def test_without_such_a_policy_and_for_shorter_or_interrupted_illness_no_evidence_is_asked_for() -> None:
    assert illness_evidence(entries("I2 I2 I2 I2 I2 I2 I2")) == ()
    assert illness_evidence(entries("I2 I2 I2 I2 I2"), 5) == ()
    assert illness_evidence(entries("I2 I2 I2 = I2 I2 I2"), 5) == ()
    assert illness_evidence(entries("I2 I2 I2 I2 I2 I2"), 5, {DAYS[0]}) == (), "it is there"
    assert held(illness_evidence(entries("I2 I2 I2 M2 I2 I2 I2"), 5)).since == DAYS[6], "an appointment passes"


TIMETABLE = Plan(
    "p1",
    "part-time-timetable",
    "C2",
    GRANTED,
    (DAYS[0], AM),
    (DAYS[40], PM),
    (DAYS[0], AM),
    (DAYS[40], PM),
    frozenset({(0, PM)}),
)


def test_a_part_time_timetable_is_reviewed_on_its_day() -> None:
    """SI 2024/208 reg 11(6): temporary."""
    reviews = [DAYS[20], DAYS[10]]
    assert part_time_review(TIMETABLE, reviews, 0, DAYS[9]) is None
    found = held(part_time_review(TIMETABLE, reviews, 0, DAYS[10]))
    assert (found.kind, found.since, found.period) == (Alert.PART_TIME_REVIEW, DAYS[10], f"p1 {DAYS[10]}")
    assert part_time_review(TIMETABLE, reviews, 1, DAYS[19]) is None
    assert held(part_time_review(TIMETABLE, reviews, 1, DAYS[20])).since == DAYS[20]
    assert part_time_review(TIMETABLE, reviews, 2, DAYS[20]) is None


def test_a_timetable_that_is_over_or_was_not_granted_and_any_other_leave_are_not_reviewed() -> None:
    for plan in (replace(TIMETABLE, outcome=REFUSED), replace(TIMETABLE, code="C")):
        assert part_time_review(plan, [DAYS[10]], 0, DAYS[20]) is None
    assert part_time_review(TIMETABLE, [DAYS[10]], 0, DAYS[40]) is not None, "its last day"
    assert part_time_review(TIMETABLE, [DAYS[10]], 0, DAYS[41]) is None
    assert part_time_review(replace(TIMETABLE, last=None), [DAYS[10]], 0, DAYS[41]) is not None


def test_a_second_day_of_religious_observance_needs_leave_or_is_unauthorised() -> None:
    """Law.md section 2, row R."""
    found = held(religious_extra_day(entries("R2 R2")))
    assert (found.kind, found.since, found.period) == (Alert.RELIGIOUS_EXTRA_DAY, DAYS[1], "2026-09-07")
    assert religious_extra_day(entries("R2 = R2")) == (), "two occasions"
    assert religious_extra_day(entries("R2 C2")) == ()
    assert religious_extra_day(entries("R2 R2"), set_apart=2) == ()
    assert religious_extra_day(entries("R2 R2"), settled={DAYS[0]}) == ()


def test_provision_is_due_on_the_sixth_consecutive_school_day_of_an_exclusion() -> None:
    """Law.md section 2, row E."""
    assert excluded_day_6(entries("E2 E2 E2 E2 E2")) is None
    found = held(excluded_day_6(entries("= E2 E2 E2 E2 E2 E2")))
    assert (found.kind, found.since, found.period) == (Alert.EXCLUDED_DAY_6, DAYS[6], "2026-09-08")
    assert len(found.evidence()["days"]) == 6 and len(found.evidence()["sessions"]) == 2


@pytest.mark.parametrize(
    "codes",
    [
        "E2 E2 E2 E2 E2 K2",
        "E2 E2 E2 E2 E2 D2",
        "E2 E2 E2 E2 E2 E2 B2",
        "E2 E2 E2 E2 E2 E2 =",
        "E2 E2 E2 = E2 E2 E2",
        "B2 B2 B2 B2 B2 B2",
        "B2 B2 B2 E2 E2 E2",
        "=",
        "",
    ],
)
def test_provision_the_return_and_shorter_exclusions_are_quiet(codes: str) -> None:
    assert excluded_day_6(entries(codes)) is None


def test_a_day_that_a_closure_took_is_no_day_of_an_exclusion() -> None:
    assert excluded_day_6(entries("E2 E2 E2 E2 Y42 E2")) is None
    assert held(excluded_day_6(entries("E2 E2 E2 E2 Y42 E2 E2"))).since == DAYS[6]


def test_days_of_provision_are_days_of_the_exclusion() -> None:
    assert held(excluded_day_6(entries("E2 E2 E2 E2 E2 B2 E2"))).since == DAYS[6]


def test_a_meeting_is_due_on_the_return_after_a_lengthy_absence() -> None:
    """Law.md section 7, S003: return meeting after lengthy absence."""
    found = held(return_meeting(entries("I2 " * 10 + "=")))
    assert (found.kind, found.since, found.period) == (Alert.RETURN_MEETING, DAYS[10], "2026-09-07")
    assert held(return_meeting(entries("= = " + "I2 " * 10 + "="))).since == DAYS[12]
    assert held(return_meeting(entries("I2 " * 10 + "S2 X2 ="))).since == DAYS[12], "not on study leave"
    assert found.evidence()["after_days"] == 10 and len(found.evidence()["days"]) == 10
    assert held(return_meeting(entries("I2 I2 O2 M2 U \\"), after_days=4)).since == DAYS[4]


def test_who_is_still_away_was_away_shortly_or_on_leave_long_agreed_is_not_met() -> None:
    assert return_meeting(entries("I2 " * 10)) == ()
    assert return_meeting(entries("I2 " * 9 + "=")) == ()
    assert return_meeting(entries("T2 " * 10 + "=")) == ()
    assert return_meeting(entries("I2 " * 10 + "="), settled={DAYS[0]}) == ()


def test_study_leave_in_years_7_to_10_is_asked_about() -> None:
    """Law.md section 2, row S."""
    given = entries("= S2")
    found = held(study_leave(given, "10", DAYS[1]))
    assert (found.kind, found.since, found.period) == (Alert.STUDY_LEAVE, DAYS[1], "2026-27")
    assert len(found.evidence()["sessions"]) == 2
    for group in ("11", "12", "6", None):
        assert study_leave(given, group, DAYS[1]) is None
    assert study_leave(given, "10", DAYS[0]) is None
    assert study_leave(given, "10", date(2027, 9, 1)) is None, "last year's"


def concern(absent: int = 3) -> Finding | None:
    return level(entries("I2 " * absent + "= " * (20 - absent)), BORN, "9", DAYS[19])


def test_the_steps_of_the_staged_approach_fall_due_one_after_another() -> None:
    """Law.md section 7, S003 and S004: letter, further letter, meeting."""
    first = held(next_step_due(concern(), [], DAYS, DAYS[19]))
    assert (first.kind, first.since, first.evidence()["step"]) == (Alert.NEXT_STEP_DUE, DAYS[19], "letter")
    assert first.period == "2026-27 letter"
    graver = held(next_step_due(concern(10), [], DAYS, DAYS[19]))
    assert (graver.period, graver.evidence()["concern"]) == (first.period, "severe-absence"), "the same letter"
    assert next_step_due(concern(), [DAYS[20]], DAYS, DAYS[29]) is None
    second = held(next_step_due(concern(), [DAYS[20]], DAYS, DAYS[30]))
    assert (second.since, second.evidence()["step"]) == (DAYS[30], "further-letter")
    assert held(next_step_due(concern(), [DAYS[20], DAYS[30]], DAYS, DAYS[45])).since == DAYS[40]


def test_no_step_is_due_once_the_concern_is_over_or_every_step_was_taken() -> None:
    assert next_step_due(None, [], DAYS, DAYS[19]) is None
    assert next_step_due(concern(), DAYS[20:23], DAYS, DAYS[60]) is None
    assert next_step_due(concern(), [DAYS[-1]], DAYS, date(2027, 8, 31)) is None, "no calendar reaches so far"
    assert next_step_due(concern(), [], DAYS, DAYS[18]) is None


def test_parents_are_told_of_unauthorised_absence_within_five_school_days() -> None:
    given = entries("O G N I =")
    assert parents_not_told(given, (), DAYS, DAYS[5]) is None
    found = held(parents_not_told(given, (), DAYS, DAYS[6]))
    assert (found.kind, found.since, found.period) == (Alert.PARENTS_NOT_TOLD, date(2026, 9, 15), "2026-27")
    assert [row["code"] for row in found.evidence()["sessions"]] == ["O", "G"], "of an N nobody knows what to tell"
    assert parents_not_told(given, {(DAYS[0], AM), (DAYS[0], PM)}, DAYS, DAYS[6]) is None
    assert [row["code"] for row in held(parents_not_told(given, (), DAYS, DAYS[9])).evidence()["sessions"]] == [
        "O",
        "G",
    ]
    for last in (1, 5):
        assert parents_not_told(entries("U \\", len(DAYS) - last), (), DAYS, date(2027, 8, 31)) is None
    assert parents_not_told(entries("U \\", len(DAYS) - 6), (), DAYS, date(2027, 8, 31)) is not None
    assert parents_not_told(given, (), DAYS, DAYS[2], within_days=1) is not None
