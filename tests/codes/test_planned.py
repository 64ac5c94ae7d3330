"""Absence known ahead: what may be stated, what is expected by it, and which entries it bears out."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes import planned, planning
from codes.book import lawful
from codes.calendar import calendar_from_body
from codes.planned import GRANTED, KINDS, OUTCOMES, REFUSED, At, Check, Plan, checks, expected, offered, outcome_on
from codes.reading import Session
from codes.school import School
from tests.codes.given import LONG_ON_ROLL, PUPIL, YOUNG
from tests.support.plans import KINDS as COMPLETE
from tests.support.plans import at, decided, plan
from tests.support.school import CALENDAR

AM, PM = Session.AM, Session.PM
URN = "900001"
TODAY = date(2026, 9, 7)
MONDAY, TUESDAY, WEDNESDAY, FRIDAY = (date(2026, 9, day) for day in (7, 8, 9, 11))
SCHOOL = School({"2026-27": calendar_from_body(CALENDAR, "2026-27")}, ())
NO_CALENDAR = School({}, ())
LEAVE = Plan(
    "x", "leave-of-absence", "C", GRANTED, (TUESDAY, AM), (FRIDAY, PM), (TUESDAY, AM), (FRIDAY, PM), frozenset()
)


def body(first: str = "2026-09-08", last: str | None = "2026-09-11", **other: Any) -> dict[str, Any]:
    """Give a recorded body: what is null is left out."""
    said = {"id": "x", **plan(first, last, **other)}
    return {name: value for name, value in said.items() if value is not None}


def members(said: dict[str, Any], pupil: Any = PUPIL) -> set[str]:
    return {fault.member for fault in planning.faults(said, pupil, URN, TODAY)}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_stated_and_names_its_source_and_who_may_ask(kind: str) -> None:
    said = body(last=None if COMPLETE[kind].get("ends_on") else "2026-09-18", kind=kind, **COMPLETE[kind])
    assert members(said) == set()
    assert KINDS[kind].source
    assert KINDS[kind].asked_by.endswith(".")
    assert KINDS[kind].in_advance <= set(KINDS[kind].codes)
    assert KINDS[kind].needs | KINDS[kind].takes <= planning.OF_A_KIND | {"pattern"}
    for member in KINDS[kind].needs:
        assert members({name: value for name, value in said.items() if name != member}) == {member}
    assert planning.first_day(said) == TUESDAY
    assert all(lawful(code, TODAY) for code in KINDS[kind].codes)


def test_every_code_of_leave_under_regulation_11_has_a_kind() -> None:
    """Law.md 1.8 and section 2: C, C1, J1, S, C2, and M."""
    codes = {code for kind in KINDS.values() for code in kind.codes}
    assert codes == {"C", "C1", "J1", "M", "C2", "S", "E", "R", "D", "I", "B", "K", "P", "V", "W"}
    assert {code for kind in KINDS.values() for code in kind.in_advance} == planned.NEED_A_GRANT
    assert codes >= planned.NEED_A_GRANT
    assert set(planned.checked_codes()) == planned.NEED_A_GRANT | {"E"}


@pytest.mark.parametrize(
    ("other", "wrong"),
    [
        ({}, set()),
        ({"code": "E"}, {"code"}),
        ({"to": at("2026-09-07")}, {"to"}),
        ({"to": None}, {"to"}),
        ({"to": None, "ends_on": "2026-09-08"}, set()),
        ({"to": None, "ends_on": "2026-09-07"}, {"ends_on"}),
        ({"ends_on": "2026-09-10"}, {"to"}),
        ({"ends_on": "2026-09-11"}, set()),
        ({"from": at("2026-09-02")}, {"from"}),
        ({"pattern": [{"weekday": "monday", "session": "AM"}]}, {"pattern"}),
        ({"pattern": [{"weekday": "friday", "session": "PM"}], "to": at("2026-09-11")}, {"pattern"}),
        ({"pattern": [{"weekday": "friday", "session": "AM"}], "to": at("2026-09-11")}, set()),
        ({"pattern": [{"weekday": "monday", "session": "AM"}], "to": at("2026-12-01")}, set()),
        ({"requested_on": "2026-09-08"}, {"requested_on"}),
        ({"requested_on": "2026-09-07"}, set()),
        ({"decision": decided(on="2026-09-08")}, {"decision/decided_on"}),
        ({"decision": decided(on="2026-09-04"), "requested_on": "2026-09-05"}, {"decision/decided_on"}),
        ({"decision": decided(on="2026-09-05"), "requested_on": "2026-09-05"}, set()),
        ({"decision": {"outcome": "granted", "decided_on": "2026-09-07"}}, {"decision/decided_by"}),
        ({"decision": {"outcome": "refused", "decided_on": "2026-09-07"}}, set()),
        ({"decision": decided("refused", last=at("2026-09-09"))}, {"decision/to"}),
        ({"decision": decided(first=at("2026-09-07"))}, {"decision/from"}),
        ({"decision": decided(last=at("2026-09-14"))}, {"decision/to"}),
        ({"decision": decided(first=at("2026-09-09", "PM"), last=at("2026-09-09"))}, {"decision/to"}),
        ({"decision": decided(first=at("2026-09-09"), last=at("2026-09-09"))}, set()),
        ({"times": [{"weekday": "monday", "starts": "09:00", "ends": "09:00"}]}, {"times", "times/0/ends"}),
        ({"session_times": {"starts": "09:00", "ends": "08:59"}}, {"session_times/ends"}),
        ({"session_times": {"starts": "09:00", "ends": "10:00"}}, set()),
        ({"kind": "exclusion", "code": "E", "to": None}, set()),
        ({"kind": "exclusion", "code": "E", "to": None, "decision": decided()}, set()),
        ({"kind": "approved-activity", "code": "K"}, {"nature"}),
        ({"kind": "approved-activity", "code": "V"}, set()),
        ({"kind": "dual-timetable", **COMPLETE["dual-timetable"], "other_school": URN}, {"other_school"}),
    ],
)
def test_what_contradicts_itself_is_a_fault_of_its_member(other: dict[str, Any], wrong: set[str]) -> None:
    assert members(body(**other)) == wrong


def test_a_code_that_is_not_in_force_on_the_first_day_is_none() -> None:
    assert members(body("2024-03-04", "2024-03-05", code="C1"), LONG_ON_ROLL) == {"code"}
    assert members(body("2024-03-04", "2024-03-05"), LONG_ON_ROLL) == set()


def test_a_pupil_is_on_roll_on_the_first_day() -> None:
    left = replace(PUPIL, on_roll=((date(2025, 9, 1), TUESDAY),))
    assert members(body(), left) == set()
    assert members(body("2026-09-09"), left) == {"from"}


def test_a_part_time_timetable_is_for_compulsory_age_throughout_and_reviewed_while_it_lasts() -> None:
    timetable = {"kind": "part-time-timetable", **COMPLETE["part-time-timetable"]}
    assert members(body(last=None, **timetable)) == set()
    assert members(body(last=None, **timetable), YOUNG) == {"code"}
    reviews = ["2026-09-08", "2026-10-02", "2026-09-07", "2026-10-03"]
    assert members(body(last=None, **{**timetable, "review_on": reviews})) == {"review_on/2", "review_on/3"}
    # Turns five, and so is of compulsory age, only at the end.
    early = replace(YOUNG, date_of_birth=date(2021, 9, 30))
    assert members(body(last=None, **timetable), early) == {"code"}


def slugs(said: dict[str, Any], year_group: str | None = "4", school: School = SCHOOL) -> list[tuple[str, str]]:
    return [(warning.slug, warning.member) for warning in planning.warnings(said, year_group, school)]


def test_leave_that_was_not_given_in_advance_is_flagged() -> None:
    """Law.md 1.8: never retrospective."""
    late = ("not-in-advance", "decision/decided_on")
    for kind, code in (("leave-of-absence", "C"), ("leave-of-absence", "C1"), ("leave-of-absence", "J1")):
        assert slugs(body("2026-09-04", kind=kind, code=code, decision=decided())) == [late]
    assert slugs(body("2026-09-04", kind="study-leave", code="S", decision=decided()), "11") == [late]
    assert slugs(body("2026-09-07", decision=decided())) == []
    assert slugs(body("2026-09-04", code="M", decision=decided())) == []
    assert slugs(body("2026-09-04", decision=decided("refused"))) == []
    assert slugs(body("2026-09-04", decision=decided(first=at("2026-09-07")))) == []
    asked = body("2026-09-04", requested_on="2026-09-07")
    assert slugs(asked) == [("not-in-advance", "requested_on")]
    assert slugs({**asked, "decision": decided()}) == [("not-in-advance", "requested_on"), late]


def test_religious_observance_is_one_day() -> None:
    said = {"kind": "religious-observance", "code": "R"}
    assert slugs(body("2026-09-08", "2026-09-08", **said)) == []
    assert slugs(body("2026-09-08", "2026-09-09", **said)) == [("more-than-one-day", "to")]
    one_day = decided(last=at("2026-09-08", "PM"))
    assert slugs(body("2026-09-08", "2026-09-09", **said, decision=one_day)) == []


def test_study_leave_of_another_year_group_than_11_is_flagged_and_not_refused() -> None:
    said = body(kind="study-leave", code="S")
    assert slugs(said, "11") == []
    assert slugs(said, "10") == slugs(said, None) == [("year-group", "code")]


def test_a_suspension_whose_length_is_not_that_of_its_school_days_is_flagged_where_they_are_known() -> None:
    said = body("2026-09-10", "2026-09-15", kind="suspension", code="E", length_days=4)
    assert slugs(said) == []
    assert slugs({**said, "length_days": 6}) == [("length-differs", "length_days")]
    assert slugs({**said, "length_days": 6}, school=NO_CALENDAR) == []
    assert slugs(body(last=None, kind="exclusion", code="E", length_days=4)) == []


def test_from_the_sixth_school_day_alternative_provision_is_offered_before_e() -> None:
    """Law.md section 2, E."""
    out = replace(LEAVE, kind="exclusion", code="E", last=None, asked_last=None)
    days = [date(2026, 9, 8) + timedelta(days=n) for n in range(8)]
    assert [offered(out, day, SCHOOL) for day in days if SCHOOL.open_days(day, day)] == [
        *[("E",)] * 5,
        ("K", "B", "D", "E"),
    ]
    assert offered(LEAVE, date(2026, 12, 1), SCHOOL) == ("C",)


def test_two_plans_that_offer_the_same_code_offer_it_once() -> None:
    both = expected([LEAVE, replace(LEAVE, id="y")], (TUESDAY, AM), SCHOOL)
    assert (both.attend, both.codes, [plan.id for plan, _ in both.planned]) == (False, ("C",), ["x", "y"])
    assert expected([], (TUESDAY, AM), SCHOOL) == planned.NOTHING_PLANNED


SESSIONS = [(date(2026, 9, 7) + timedelta(days=n), session) for n in range(21) for session in Session]
places = st.sampled_from(SESSIONS)
slots = st.frozensets(st.tuples(st.integers(0, 4), st.sampled_from(Session)), max_size=4)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Draw a plan with bounds granted within those asked for, with an end or without."""
    chosen = sorted(draw(st.lists(places, min_size=4, max_size=4)))
    outcome, endless = draw(st.sampled_from(OUTCOMES)), draw(st.booleans())
    asked_last = None if endless else chosen[3]
    first, last = (chosen[1], chosen[2]) if outcome == GRANTED and draw(st.booleans()) else (chosen[0], asked_last)
    return Plan("x", "leave-of-absence", "C", outcome, chosen[0], asked_last, first, last, draw(slots))


@given(plans(), places)
def test_a_plan_is_about_the_sessions_that_were_asked_for_and_grants_no_others(plan_: Plan, place: At) -> None:
    last = plan_.asked_last or SESSIONS[-1]
    asked = [
        each for each in SESSIONS if SESSIONS.index(plan_.asked_first) <= SESSIONS.index(each) <= SESSIONS.index(last)
    ]
    if plan_.pattern:
        asked = [each for each in asked if (each[0].weekday(), each[1]) in plan_.pattern]
    until = plan_.last or SESSIONS[-1]
    granted = [each for each in asked if SESSIONS.index(plan_.first) <= SESSIONS.index(each) <= SESSIONS.index(until)]
    outcome = outcome_on(plan_, place)
    if place not in asked:
        assert outcome is None
    elif plan_.outcome != GRANTED:
        assert outcome == plan_.outcome
    else:
        assert outcome == (GRANTED if place in granted else REFUSED)
    told = expected([plan_], place, SCHOOL)
    assert told.attend is (outcome != GRANTED)
    assert told.codes == (("C",) if outcome == GRANTED else ())
    assert [each for _, each in told.planned] == ([] if outcome is None else [outcome])


REFUSED_PLAN = replace(LEAVE, id="no", outcome=REFUSED)
NOT_GRANTED = Check("leave-not-granted")
ON_REFUSED = Check("absence-on-refused-dates", "no")


@pytest.mark.parametrize(
    ("code", "known", "found"),
    [
        *((code, [], [NOT_GRANTED]) for code in ("C", "C1", "C2", "J1", "S")),
        *((code, [], []) for code in ("M", "R", "I", "D", "/", "T", "O")),
        ("C", [LEAVE], []),
        ("C1", [LEAVE], [NOT_GRANTED]),
        ("C", [replace(LEAVE, outcome="asked")], [NOT_GRANTED]),
        ("C", [replace(LEAVE, outcome="withdrawn")], [NOT_GRANTED]),
        ("C", [replace(LEAVE, first=(WEDNESDAY, AM))], [NOT_GRANTED, Check("absence-on-refused-dates", "x")]),
        ("C", [REFUSED_PLAN, LEAVE], []),
        ("C", [REFUSED_PLAN], [NOT_GRANTED, ON_REFUSED]),
        *((code, [REFUSED_PLAN], [ON_REFUSED]) for code in ("I", "O", "G", "N", "U", "M")),
        *((code, [REFUSED_PLAN], []) for code in ("/", "L", "V", "D", "Y7")),
        ("E", [], [Check("suspension-not-recorded")]),
        ("E", [LEAVE], [Check("suspension-not-recorded")]),
        ("E", [replace(LEAVE, kind="suspension", code="E")], []),
        ("E", [replace(LEAVE, kind="exclusion", code="E"), REFUSED_PLAN], []),
    ],
)
def test_an_entry_is_held_against_the_plans_that_stand(code: str, known: list[Plan], found: list[Check]) -> None:
    assert checks(code, (TUESDAY, AM), known) == tuple(found)


def test_nothing_is_said_of_sessions_before_the_codes_of_leave_were_parted() -> None:
    assert checks("C", (date(2024, 8, 18), AM), []) == ()
    assert checks("C", (date(2024, 8, 19), AM), []) == (NOT_GRANTED,)
