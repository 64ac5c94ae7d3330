"""What holds of one pupil at the end of a day: each rule is asked where it may hold, with what is known by then."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes import conduct, sickness
from codes.acts import Act, Action
from codes.alerts import Alert, Standing
from codes.grounds import LEAVE
from codes.judging import judged
from codes.known import NOWHERE, Admission, Known, Placed, Planned, Setting
from codes.notices import Notice
from codes.planned import ASKED, GRANTED, REFUSED, WITHDRAWN, Plan
from codes.returns import Deletion
from tests.codes.asking import AM, DAYS, PM, PUPIL, SCHOOL, asked, days, entries, setting
from tests.codes.given import MONDAY

TEN = days(*["O"] * 10)
TWENTY = days(*["O"] * 20)
LEFT = Deletion(date(2026, 9, 18), MONDAY, "a", "Another school", date(2018, 2, 11), "4")


def kinds(standing: list[Standing], *given: Any, **other: Any) -> set[Alert]:
    return {held.kind for held in judged(asked(standing, *given, **other))}


def with_facts(**facts: Any) -> Known:
    return replace(PUPIL, placed=(replace(PUPIL.placed[0], facts=facts),))


def of_year_group(group: str) -> Known:
    return replace(PUPIL, placed=(replace(PUPIL.placed[0], year_group=group),))


def plan(code: str, outcome: str = GRANTED, last: date | None = date(2026, 9, 9), id_: str = "x") -> Plan:
    first, end = (MONDAY, AM), None if last is None else (last, PM)
    return Plan(id_, "leave-of-absence", code, outcome, first, end, first, end, frozenset())


def act(kind: Alert, action: Action, period: str = "2026-27", of: list[Standing] | None = None) -> Act:
    sessions = [{"date": on.isoformat(), "session": str(at), "code": code} for on, at, code in of or ()]
    return Act(kind, period, action, MONDAY, "B. Office", "Said so", {"sessions": sessions})


def test_of_a_pupil_who_was_present_nothing_holds() -> None:
    assert kinds(days("/", "L /", "B", "/", "/")) == set()
    assert judged(asked([], MONDAY)) == ()


HOLDS: tuple[tuple[Alert, list[Standing], list[Standing]], ...] = (
    (Alert.FIRST_DAY_UNEXPLAINED, days("N"), days("/ N")),
    (Alert.NOT_BACK_AFTER_LUNCH, days("/ N"), days("N")),
    (Alert.UNEXPLAINED_DAY_3, days("N", "N", "N"), days("N", "N", "N", "/")),
    (Alert.N_OVERDUE, days("N", *"//////"), days("N", *"/////")),
    (Alert.PERSISTENT_ABSENCE, days("I", "I", *"/" * 18), days("I", *"/" * 19)),
    (Alert.SEVERE_ABSENCE, days(*"I" * 10, *"/" * 10), days(*"I" * 9, *"/" * 11)),
    (Alert.SEVERE_WITHOUT_PLAN, days(*"I" * 10, *"/" * 10), days(*"I" * 9, *"/" * 11)),
    (Alert.PENALTY_THRESHOLD, days(*"OGUNO"), days(*"OGUN")),
    (Alert.PENALTY_APPROACHING, days(*"OGU", "N /"), days(*"OGUNO")),
    (Alert.UNAUTHORISED_10_DAYS, TEN, TEN[:-1]),
    (Alert.ABSENT_20_DAYS, TWENTY, [*TWENTY[:-1], (*TWENTY[-1][:2], "U")]),
    (Alert.NOT_RETURNED_FROM_LEAVE, days("C", *"O" * 10), days("C", *"O" * 9, "I")),
    (Alert.SICKNESS_RETURN, days(*"I" * 15), days(*"I" * 14, "I /")),
    (Alert.LATE_REPEATED, days("L /", "U /"), days("L /")),
    (Alert.RELIGIOUS_EXTRA_DAY, days("R", "R"), days("R")),
    (Alert.EXCLUDED_DAY_6, days(*"EEEEEE"), days(*"EEEEE")),
    (Alert.RETURN_MEETING, days(*"I" * 10, "/"), days(*"I" * 10)),
    (Alert.PARENTS_NOT_TOLD, days("G", *"//////"), days("G", *"/////")),
    (Alert.LEAVE_CODE_WITHOUT_LEAVE, days("C"), days("M")),
)


@pytest.mark.parametrize(("kind", "holds", "quiet"), HOLDS, ids=[str(kind) for kind, _, _ in HOLDS])
def test_each_rule_about_marks_is_asked_and_holds_or_is_quiet(
    kind: Alert, holds: list[Standing], quiet: list[Standing]
) -> None:
    [held] = [each for each in judged(asked(holds)) if each.kind is kind]
    assert held.since <= holds[-1][0]
    assert {"rule", "source", "closes_when"} <= held.evidence().keys()
    assert kind not in kinds(quiet)


def test_a_school_that_neither_calls_nor_visits_is_asked_for_neither() -> None:
    of = setting(staged_approach={"call_on_day": None, "visit_on_day": None})
    three = days("/ N", "N", "N", "N")
    assert kinds(three) >= {Alert.FIRST_DAY_UNEXPLAINED, Alert.UNEXPLAINED_DAY_3, Alert.NOT_BACK_AFTER_LUNCH}
    found = kinds(three, of=of)
    assert not found & {Alert.FIRST_DAY_UNEXPLAINED, Alert.UNEXPLAINED_DAY_3}
    assert Alert.NOT_BACK_AFTER_LUNCH in found


def test_a_register_that_is_open_says_nothing_of_its_session_yet() -> None:
    waiting = replace(asked(days("N")), entries=entries(days("N"), waiting=frozenset({(MONDAY, AM), (MONDAY, PM)})))
    assert judged(waiting) == ()


def test_an_o_in_place_of_an_n_is_unexplained_and_one_of_its_own_is_not() -> None:
    question = asked(days("O"))
    replaced = replace(question, entries=entries(days("O"), replaced="N"))
    assert Alert.FIRST_DAY_UNEXPLAINED in {held.kind for held in judged(replaced)}
    assert Alert.FIRST_DAY_UNEXPLAINED not in kinds(days("O"))


def test_a_spell_begins_after_the_last_day_on_which_the_pupil_attended() -> None:
    in_september = entries(days("N", "/", "N", "N"))
    assert [mark.on.day for mark in in_september.since_attendance(frozenset())] == [8, 8, 9, 9, 10, 10]
    assert entries(days("N", "/ N")).since_attendance(frozenset())[0].code == "/", "the morning of the same day"
    assert entries(days("N", "/")).since_attendance(frozenset()) == ()
    assert entries([]).since_attendance(frozenset()) == ()
    assert len(entries(days("N")).since_attendance(frozenset())) == 2


def test_a_reason_that_somebody_noted_explains_its_own_sessions() -> None:
    told = replace(PUPIL, acts=(act(Alert.FIRST_DAY_UNEXPLAINED, Action.REASON_GIVEN, str(MONDAY), days("N")),))
    assert kinds(days("N"), known=told) == set()
    assert Alert.FIRST_DAY_UNEXPLAINED in kinds(days("N", "N"), known=told)


@pytest.mark.parametrize("facts", [{"social_worker": True}, {"youth_offending": True}, {}, {"social_worker": False}])
def test_the_workers_that_a_pupil_has_are_told_of_absence_and_of_deletion(facts: dict[str, bool]) -> None:
    named = {"social_worker": Alert.SOCIAL_WORKER_NOTIFY, "youth_offending": Alert.YOUTH_OFFENDING_NOTIFY}
    workers = {named[fact] for fact, has in facts.items() if has}
    assert kinds(days("N"), known=with_facts(**facts)) & set(named.values()) == workers
    left = replace(with_facts(**facts), deletion=LEFT)
    assert kinds(days("/"), date(2026, 9, 18), known=left) & set(named.values()) == workers


def test_sessions_of_an_approved_activity_are_possible_ones_that_a_level_waits_for() -> None:
    assert Alert.PERSISTENT_ABSENCE in kinds(days(*"III", *"/" * 10, *"V" * 10))  # 6 of 46
    assert Alert.PERSISTENT_ABSENCE not in kinds(days(*"III", *"/" * 10, *"X" * 10))  # 6 of 26, too few to speak of


def test_levels_are_asked_of_the_years_that_are_named_each_at_its_last_day_if_it_is_over() -> None:
    last = days("I", "I", *"/" * 18, first=date(2026, 6, 1))
    this = days("I", "I", *"/" * 18)
    question = asked([*last, *this], years=("2025-26", "2026-27"))
    found = [(held.period, held.since) for held in judged(question) if held.kind is Alert.PERSISTENT_ABSENCE]
    assert found == [("2025-26", last[-1][0]), ("2026-27", this[-1][0])]
    assert not [held for held in judged(replace(question, years=("2024-25",))) if "level" in held.evidence()]


def test_most_pupils_are_not_asked_about_and_what_is_no_possible_session_hides_none() -> None:
    of = setting(levels_from_sessions=4, at_risk_below=99)
    assert kinds(days("D", "I /", "X", "/"), of=of) >= {Alert.PERSISTENT_ABSENCE}
    assert kinds(days("/", "/"), of=of) == set()
    assert Alert.AT_RISK in kinds(days("I /", *"/" * 40), of=of)
    assert Alert.AT_RISK not in kinds(days("I /", *"/" * 40))


def test_the_line_of_referral_is_90_where_the_school_has_drawn_none() -> None:
    steep = days("I /", *"/" * 19)
    assert Alert.REFERRAL_LINE in kinds(steep, of=setting(referral_below=98))
    assert Alert.REFERRAL_LINE not in kinds(steep, of=setting(referral_below=None))


def test_a_fall_of_attendance_is_asked_about_where_there_is_a_plan_of_education_health_and_care() -> None:
    twelve_weeks = days(*"/" * 56, "I", "/", "I", "/")
    assert Alert.EHCP_FALLING in kinds(twelve_weeks, known=with_facts(ehcp=True))
    assert Alert.EHCP_FALLING not in kinds(twelve_weeks, known=with_facts(ehcp=False))


STEPS = [
    {"step": "letter", "below": 90},
    {"step": "further-letter", "below": 80, "after_weeks": 1},
    {"step": "meeting", "below": 80},
]


def test_the_next_step_is_due_below_its_line_after_its_weeks_and_by_itself_only_where_it_has_any() -> None:
    of = setting(levels_from_sessions=2, staged_approach={"steps": STEPS}, at_risk_below=96)
    ill = days("I")

    def step(standing: list[Standing], today: date, *taken: Act) -> list[str]:
        found = judged(asked(standing, today, known=replace(PUPIL, acts=taken), of=of))
        return [held.evidence()["step"] for held in found if held.kind is Alert.NEXT_STEP_DUE]

    letter = act(Alert.SEVERE_ABSENCE, Action.LETTER)
    assert step(ill, MONDAY) == ["letter"]
    assert step(days("I /", *"/" * 9), date(2026, 9, 18)) == [], "95 %: not below 90"
    assert step(ill, date(2026, 9, 11), letter) == []
    assert step(ill, date(2026, 9, 14), letter) == ["further-letter"]
    further = act(Alert.SEVERE_ABSENCE, Action.FURTHER_LETTER)
    assert step(ill, date(2026, 10, 14), letter, further) == [], "a meeting has no weeks"
    assert step(ill, date(2026, 10, 14), act(Alert.SEVERE_ABSENCE, Action.MEETING)) == [], "every step was taken"


def test_sessions_that_a_notice_relies_on_or_an_act_has_dealt_with_are_spent() -> None:
    five = days(*"OOOOO")
    notice = Notice("n", "parent-1", "1", "Invented Council", date(2026, 9, 11), tuple(five))
    assert Alert.PENALTY_THRESHOLD not in kinds(five, known=replace(PUPIL, notices=(notice,)))
    withdrawn = replace(notice, withdrawn_on=date(2026, 9, 11), withdrawn_why="An error")
    assert Alert.PENALTY_THRESHOLD in kinds(five, known=replace(PUPIL, notices=(withdrawn,)))
    dealt = act(Alert.PENALTY_THRESHOLD, Action.DEALT_WITH, of=five[:1])
    assert Alert.PENALTY_THRESHOLD not in kinds(five, known=replace(PUPIL, acts=(dealt,)))


def test_leave_counts_from_the_end_of_what_was_granted_with_its_own_code() -> None:
    away = days("C", *"O" * 11)

    def since(*plans: Plan) -> list[date]:
        known = replace(PUPIL, plans=tuple(map(Planned, plans)))
        found = judged(asked(away, known=known))
        return [held.since for held in found if held.kind is Alert.NOT_RETURNED_FROM_LEAVE]

    assert since() == [DAYS[DAYS.index(MONDAY) + 10]]
    assert since(plan("C", last=date(2026, 9, 8))) == [DAYS[DAYS.index(MONDAY) + 11]]
    for without in (plan("J1"), plan("C", REFUSED), plan("C", last=None)):
        assert since(without) == since()
    later = replace(plan("C"), first=(date(2026, 9, 8), AM))
    assert since(later) == since()
    assert "C" in LEAVE


@pytest.mark.parametrize(
    ("given", "foretold"),
    [
        (plan("I", last=date(2026, 9, 25)), True),
        (plan("I", ASKED, date(2026, 9, 25)), True),
        (plan("I", last=date(2026, 9, 24)), False),
        (plan("I", last=None), False),
        (plan("I", WITHDRAWN, date(2026, 9, 25)), False),
        (plan("C", last=date(2026, 9, 25)), False),
    ],
)
def test_a_long_illness_that_is_stated_for_fifteen_school_days_foretells_a_sickness_return(
    given: Plan, *, foretold: bool
) -> None:
    known = replace(PUPIL, plans=(Planned(given, stated_on=date(2026, 9, 4)),))
    found = [held for held in judged(asked(days("/"), known=known)) if held.kind is Alert.SICKNESS_RETURN]
    assert [(held.since, held.evidence()["forecast"]["name"]) for held in found] == (
        [(date(2026, 9, 4), "x")] if foretold else []
    )


def test_lateness_and_evidence_go_by_the_schools_own_numbers() -> None:
    three = setting(staged_approach={"late": {"times": 3, "within_weeks": 1}})
    assert Alert.LATE_REPEATED not in kinds(days("L /", "L /"), of=three)
    assert Alert.LATE_REPEATED in kinds(days("L /", "L /", "U /"), of=three)
    bus = act(Alert.LATE_REPEATED, Action.TRANSPORT_LATE, str(MONDAY), days("L /")[:1])
    assert Alert.LATE_REPEATED not in kinds(days("L /", "L /"), known=replace(PUPIL, acts=(bus,)))
    assert Alert.ILLNESS_EVIDENCE not in kinds(days(*"IIIIII"))
    assert Alert.ILLNESS_EVIDENCE in kinds(days(*"IIIIII"), of=setting(illness_evidence_after_days=5))
    assert Alert.ILLNESS_EVIDENCE not in kinds(days(*"IIIII"), of=setting(illness_evidence_after_days=5))
    assert Alert.ILLNESS_EVIDENCE not in kinds(days(*"//////"), of=setting(illness_evidence_after_days=5))


def test_study_leave_is_asked_about_in_the_year_of_the_day() -> None:
    assert Alert.STUDY_LEAVE in kinds(days("S"), known=of_year_group("10"))
    assert Alert.STUDY_LEAVE not in kinds(days("S"), known=of_year_group("11"))
    assert Alert.STUDY_LEAVE not in kinds(days("S"), known=replace(PUPIL, placed=()))
    assert Alert.STUDY_LEAVE not in kinds(days("S", first=date(2026, 6, 1)), MONDAY, known=of_year_group("10"))


def test_parents_who_were_told_need_not_be_told_again() -> None:
    late = days("G", *"//////")
    told = act(Alert.PARENTS_NOT_TOLD, Action.PARENTS_TOLD, of=days("G"))
    assert Alert.PARENTS_NOT_TOLD not in kinds(late, known=replace(PUPIL, acts=(told,)))


def test_plans_are_held_against_the_entries_and_reviewed() -> None:
    refused = replace(PUPIL, plans=(Planned(plan("C", REFUSED)),))
    assert Alert.ABSENT_ON_REFUSED_DATES in kinds(days("G"), known=refused)
    part_time = Planned(replace(plan("C2", last=date(2026, 10, 2)), kind="part-time-timetable"), (date(2026, 9, 8),))
    known = replace(PUPIL, plans=(part_time,))
    assert Alert.PART_TIME_REVIEW not in kinds(days("/"), known=known)
    assert Alert.PART_TIME_REVIEW in kinds(days("/", "/"), known=known)
    held = Act(Alert.PART_TIME_REVIEW, "x 2026-09-08", Action.REVIEW_HELD, MONDAY, "B. Office", None, {"absence": "x"})
    assert Alert.PART_TIME_REVIEW not in kinds(days("/", "/"), known=replace(known, acts=(held,)))


def entered(on: date, starts: date, *groups: tuple[date, str]) -> Known:
    placed = tuple(Placed(from_, group, None, {}) for from_, group in groups)
    return Known(date(2022, 2, 11), ((starts, None),), placed, admission=Admission(on, starts))


SEPTEMBER = date(2026, 9, 3)
JUNIOR = entered(date(2026, 7, 1), SEPTEMBER, (SEPTEMBER, "R"), (date(2027, 9, 1), "1"))


def test_a_new_pupil_return_is_due_of_names_entered_since_the_register_began() -> None:
    new = entered(date(2026, 10, 5), date(2026, 10, 12), (date(2026, 10, 12), "4"))
    assert kinds([], date(2026, 10, 5), known=new) == {Alert.NEW_PUPIL_RETURN}
    assert kinds([], date(2026, 10, 4), known=new) == set()
    begun_later = replace(setting(), register_since=date(2026, 10, 6))
    assert kinds([], date(2026, 10, 6), known=new, of=begun_later) == set()


def test_the_most_junior_class_is_that_of_the_starting_day_by_the_groups_of_its_year() -> None:
    assert kinds([], date(2026, 9, 7), known=JUNIOR) == set()
    assert kinds([], date(2027, 9, 7), known=JUNIOR) == set(), "in Year 1 by then"
    nursery = Setting(SCHOOL, (*setting().groups, (date(2027, 9, 1), "N2")), date(2025, 9, 1))
    assert kinds([], date(2027, 9, 7), known=JUNIOR, of=nursery) == set(), "opened a year later"
    at_once = Setting(SCHOOL, (*setting().groups, (date(2026, 9, 7), "N2")), date(2025, 9, 1))
    assert kinds([], date(2026, 9, 7), known=JUNIOR, of=at_once) == {Alert.NEW_PUPIL_RETURN}
    late = entered(date(2026, 7, 1), SEPTEMBER, (date(2026, 9, 4), "R"))
    assert kinds([], date(2026, 9, 7), known=late) == set(), "placed a day after the start"
    assert kinds([], date(2026, 9, 7), known=entered(date(2026, 7, 1), SEPTEMBER)) == {Alert.NEW_PUPIL_RETURN}


def test_a_deletion_return_is_due_of_leavings_stated_since_the_register_began_but_not_of_the_final_year() -> None:
    assert kinds([], MONDAY, known=replace(PUPIL, deletion=LEFT)) == {Alert.DELETION_RETURN}
    begun_later = replace(setting(), register_since=date(2026, 9, 8))
    assert kinds([], date(2026, 9, 8), known=replace(PUPIL, deletion=LEFT), of=begun_later) == set()
    final = replace(LEFT, leaving=date(2027, 7, 21), stated_on=date(2027, 7, 1), year_group="6")
    leaver = replace(PUPIL, deletion=final)
    assert kinds([], date(2027, 7, 22), known=leaver) == set()
    seventh = Setting(SCHOOL, (*setting().groups, (date(2027, 9, 1), "7")), date(2025, 9, 1))
    assert kinds([], date(2027, 9, 7), known=leaver, of=seventh) == set()


MANY_CODES = ("/", "/", "/", "/", "I", "I", "O", "E", "R", "K", "L", "U", "M", "X", "Y4", "S", "#")


@given(st.lists(st.sampled_from(MANY_CODES), min_size=1, max_size=80), st.integers(1, 3))
def test_the_entries_of_which_spells_are_made_are_enough_for_whatever_counts_spells(
    codes: list[str], least: int
) -> None:
    standing = [(DAYS[place // 2], (AM, PM)[place % 2], code) for place, code in enumerate(codes)]
    spelling = entries(standing).spelling()
    assert conduct.return_meeting(spelling, least) == conduct.return_meeting(standing, least)
    assert conduct.illness_evidence(spelling, least) == conduct.illness_evidence(standing, least)
    assert conduct.religious_extra_day(spelling) == conduct.religious_extra_day(standing)
    assert conduct.excluded_day_6(spelling) == conduct.excluded_day_6(standing)
    born = PUPIL.date_of_birth
    assert sickness.sickness_returns(spelling, born) == sickness.sickness_returns(standing, born)


def test_of_presence_after_presence_nothing_is_kept_that_spells_are_made_of() -> None:
    standing = days("/", "I", "/", "/", "/", "O /")
    assert [code for _, _, code in entries(standing).spelling()] == ["I", "I", "/", "O", "/"]


def test_what_an_act_has_settled_is_not_said_again_but_of_another_period_it_is() -> None:
    settled = act(Alert.UNAUTHORISED_10_DAYS, Action.RETURN_MADE, str(MONDAY))
    assert Alert.UNAUTHORISED_10_DAYS not in kinds(TEN, known=replace(PUPIL, acts=(settled,)))
    another = replace(settled, period="2026-09-04")
    assert Alert.UNAUTHORISED_10_DAYS in kinds(TEN, known=replace(PUPIL, acts=(another,)))


def test_a_pupil_is_on_roll_and_placed_by_the_day() -> None:
    known = replace(
        PUPIL,
        on_roll=((date(2025, 9, 3), date(2026, 1, 5)), (date(2026, 9, 3), None)),
        placed=(*PUPIL.placed, Placed(date(2026, 9, 1), "5", "5A", {})),
    )
    assert [known.was_on_roll(on) for on in (date(2026, 1, 4), date(2026, 1, 5), SEPTEMBER)] == [True, False, True]
    assert [known.at(on).year_group for on in (date(2026, 8, 31), date(2026, 9, 1))] == ["4", "5"]
    assert known.at(date(2025, 1, 1)) is NOWHERE
    assert known.first_at(date(2025, 1, 1)).year_group == "4"


def test_a_school_is_what_was_known_of_it() -> None:
    assert setting().year_groups(date(2025, 8, 31)) == set()
    assert setting().year_groups(MONDAY) == {"R", "4", "6"}
    assert setting().open_days == set(DAYS) == set(setting().school_days)
    assert MONDAY in setting().school_weeks
