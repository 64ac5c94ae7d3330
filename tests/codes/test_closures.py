"""Law.md section 9, no. 17, and the rows #, Y3 and Y4 of section 2: what a closure closes, and what was held."""

import json
from datetime import date, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes.book import Session
from codes.calendar import school_weeks, shortfall
from codes.closures import (
    Closure,
    ClosureFault,
    Moment,
    closure_from_body,
    closures_of,
    moments,
    reversed_by,
    shut,
    was_held,
)
from codes.deadlines import n_due
from codes.school import School, calendar_of, school_of

AM, PM = Session.AM, Session.PM
MONDAY, TUESDAY, FRIDAY = date(2026, 9, 7), date(2026, 9, 8), date(2026, 9, 11)
NEXT_MONDAY = date(2026, 9, 14)
CALENDAR = json.dumps({"terms": [{"name": "autumn", "starts": "2026-09-03", "ends": "2026-12-18"}]})
POLICY = json.dumps(
    {
        "registers": [
            {"session": "AM", "opens": "08:45", "closes": "09:15", "ends": "12:00"},
            {"session": "PM", "opens": "13:15", "closes": "13:45", "ends": "15:15", "year_groups": ["3", "4"]},
            {"session": "PM", "opens": "13:00", "closes": "13:30", "ends": "15:15"},
        ]
    }
)


def session(at: Moment) -> dict[str, str]:
    return {"date": at[0].isoformat(), "session": at[1].value}


def body(code: str, first: Moment, last: Moment, **other: Any) -> dict[str, Any]:
    return {"code": code, "from": session(first), "to": session(last), **other}


def school(*said: tuple[str, dict[str, Any]]) -> School:
    return school_of(
        [(date(2026, 9, 1), 1, POLICY)], [("2026-27", CALENDAR)], [(id_, json.dumps(b)) for id_, b in said]
    )


def test_a_closure_is_a_run_of_sessions_with_both_ends() -> None:
    closure = closure_from_body("c-1", body("Y4", (MONDAY, PM), (TUESDAY, AM)))
    assert [at for at in moments((MONDAY, AM), (TUESDAY, PM)) if closure.stands(at)] == [(MONDAY, PM), (TUESDAY, AM)]
    assert list(moments((MONDAY, PM), (MONDAY, AM))) == []


def test_the_calendar_says_which_sessions_of_a_run_there_are() -> None:
    assert school().open_sessions((FRIDAY, PM), (NEXT_MONDAY, AM)) == [(FRIDAY, PM), (NEXT_MONDAY, AM)]
    assert school().open_sessions((date(2027, 9, 6), AM), (date(2027, 9, 6), PM)) == []


@pytest.mark.parametrize(
    ("code", "other", "member"),
    [
        ("Y5", {}, "code"),
        ("Y4", {"to": session((date(2026, 9, 4), PM))}, "to"),
        ("Y4", {"to": session((date(2027, 10, 12), PM))}, "to/date"),
        ("Y4", {"from": session((date(2024, 8, 18), PM)), "to": session((date(2024, 8, 18), PM))}, "code"),
        ("Y3", {}, "code"),
        ("Y4", {"pupils": ["p-001"]}, "code"),
        ("#", {"classes": ["4B"]}, "code"),
        ("Y3", {"year_groups": ["4", "15"]}, "year_groups/1"),
    ],
)
def test_a_closure_that_cannot_be_names_the_member_at_fault(code: str, other: dict[str, Any], member: str) -> None:
    with pytest.raises(ClosureFault) as caught:
        closure_from_body("c-1", {**body(code, (MONDAY, AM), (TUESDAY, PM)), **other})
    assert caught.value.member == member


def test_a_planned_closure_of_the_whole_school_was_known_before_2024_too() -> None:
    closed = closure_from_body("c-1", body("#", (date(2023, 5, 4), AM), (date(2023, 5, 4), PM)))
    assert closed.shuts((date(2023, 5, 4), AM))


def test_the_sitting_of_a_closed_session_admits_the_code_of_its_closure() -> None:
    closed = school(("c-1", body("Y4", (MONDAY, AM), (MONDAY, AM))), ("c-2", body("#", (MONDAY, PM), (MONDAY, PM))))
    for at, code in ((AM, "Y4"), (PM, "#")):
        sitting = closed.sitting(MONDAY, at, "4")
        assert sitting is not None
        assert (sitting.closed, sitting.closed_code) == ("closure", code)
    sitting = closed.sitting(TUESDAY, AM, "4")
    assert sitting is not None
    assert sitting.closed is None


def test_the_calendar_comes_before_a_closure() -> None:
    closed = school(("c-1", body("Y4", (FRIDAY, AM), (NEXT_MONDAY, PM))))
    sitting = closed.sitting(date(2026, 9, 12), AM, "4")
    assert sitting is not None
    assert (sitting.closed, sitting.closed_code) == ("weekend", "#")


def test_a_part_closure_shuts_nothing() -> None:
    closed = school(("c-1", body("Y3", (MONDAY, AM), (MONDAY, PM), classes=["4B"])))
    assert (closed.shut, closed.all_school_days()) == ({}, closed.all_open_days())
    assert closed.closures[0].stands((MONDAY, AM))


def test_a_session_that_was_held_is_not_shut_and_one_that_is_another_s_stays_so() -> None:
    held, already = [session((MONDAY, AM))], [session((TUESDAY, PM))]
    closure = closure_from_body("c-1", body("Y4", (MONDAY, AM), (TUESDAY, PM), held=held, already=already))
    assert shut([closure]) == {(MONDAY, PM): "Y4", (TUESDAY, AM): "Y4"}
    assert closure.stands((MONDAY, AM))
    assert not closure.stands((TUESDAY, PM))


@pytest.mark.parametrize(
    ("codes", "held"), [([], False), (["Y4", "Y3", "#"], False), (["Y4", "N"], True), (["I"], True), (["/"], True)]
)
def test_entries_other_than_a_closure_s_show_that_a_session_was_held(codes: list[str], held: bool) -> None:
    assert was_held(codes) is held


def test_a_reversal_opens_from_a_session_on_and_the_earliest_says_most() -> None:
    closure = closure_from_body("c-1", body("Y4", (MONDAY, AM), (FRIDAY, PM)))
    some = reversed_by(closure, {"reversed_from": session((TUESDAY, PM))})
    assert [some.stands(at) for at in ((TUESDAY, AM), (TUESDAY, PM), (FRIDAY, PM))] == [True, False, False]
    later = reversed_by(some, {"reversed_from": session((FRIDAY, AM))})
    assert later == some
    assert not any(each.stands((MONDAY, AM)) for each in [reversed_by(some, {"reversed_from": session((MONDAY, AM))})])
    for beyond in ((date(2026, 9, 4), PM), (NEXT_MONDAY, AM)):
        with pytest.raises(ClosureFault) as caught:
            reversed_by(closure, {"reversed_from": session(beyond)})
        assert caught.value.member == "from"


def test_two_closures_are_one_when_code_bounds_and_selection_are() -> None:
    of = body("Y3", (MONDAY, AM), (MONDAY, PM))
    one = closure_from_body("c-1", {**of, "pupils": ["p-1", "p-2"]})
    assert one.same == closure_from_body("c-2", {**of, "pupils": ["p-2", "p-1"]}).same
    assert one.same != closure_from_body("c-2", {**of, "pupils": ["p-2"]}).same


def test_every_register_of_a_session_has_opened_when_the_last_has() -> None:
    assert (school().all_opened_at(MONDAY, AM), school().all_opened_at(MONDAY, PM)) == (time(8, 45), time(13, 15))


def test_a_day_whose_sessions_are_all_closed_is_no_school_day_and_half_a_day_is() -> None:
    """Section 9, no. 17."""
    whole = school(("c-1", body("Y4", (MONDAY, AM), (MONDAY, AM))), ("c-2", body("#", (MONDAY, PM), (TUESDAY, AM))))
    days = whole.all_school_days()
    assert (MONDAY in days, TUESDAY in days) == (False, True)
    assert MONDAY in whole.all_open_days()
    held = school(("c-1", body("Y4", (MONDAY, AM), (MONDAY, PM), held=[session((MONDAY, AM))])))
    assert MONDAY in held.all_school_days()
    reversed_ = school(
        ("c-1", body("Y4", (MONDAY, AM), (MONDAY, PM))), ("c-1", {"reversed_from": session((MONDAY, PM))})
    )
    assert MONDAY in reversed_.all_school_days()


def test_the_five_school_days_of_n_pass_over_a_closed_day() -> None:
    """Law.md 5.1 and section 9, no. 17."""
    friday = date(2026, 9, 4)
    assert n_due(friday, school().all_school_days()) == FRIDAY
    closed = school(("c-1", body("Y4", (MONDAY, AM), (TUESDAY, PM))))
    assert n_due(friday, closed.all_school_days()) == date(2026, 9, 15)


def test_a_week_of_closures_is_no_school_week() -> None:
    closed = school(("c-1", body("Y4", (MONDAY, AM), (FRIDAY, PM))))
    assert MONDAY in school_weeks(school().all_school_days())
    assert MONDAY not in school_weeks(closed.all_school_days())


def test_fewer_days_than_a_maintained_school_owes_are_said() -> None:
    """Law.md 8.3: 190 days and 380 sessions."""
    short = shortfall(calendar_of("2026-27", CALENDAR))
    assert short is not None
    assert "academy" in short.detail
    terms = [{"name": "all", "starts": "2026-08-03", "ends": "2027-07-30"}]
    assert shortfall(calendar_of("2026-27", json.dumps({"terms": terms}))) is None


_MOMENTS = list(moments((MONDAY, AM), (FRIDAY, PM)))
_RUNS = st.tuples(st.sampled_from(_MOMENTS), st.sampled_from(_MOMENTS)).map(sorted)
_CLOSURES = st.tuples(st.sampled_from(["#", "Y4"]), _RUNS, st.none() | st.integers(0, 9))


@given(st.lists(_CLOSURES, max_size=5))
def test_what_is_shut_is_what_some_closure_that_stands_shuts(drawn: list[tuple[str, list[Moment], int | None]]) -> None:
    said: list[tuple[str, dict[str, Any]]] = []
    expected: dict[Moment, str] = {}
    for n, (code, (first, last), back) in enumerate(drawn):
        taken = [at for at in moments(first, last) if at in expected]
        said.append((f"c-{n}", body(code, first, last, already=[session(at) for at in taken])))
        mine = [at for at in moments(first, last) if at not in expected]
        if back is not None:
            begins = min(_MOMENTS.index(first) + back, _MOMENTS.index(last))
            said.append((f"c-{n}", {"reversed_from": session(_MOMENTS[begins])}))
            mine = [at for at in mine if at < _MOMENTS[begins]]
        expected |= dict.fromkeys(mine, code)
    found = closures_of(said)
    assert [closure.id for closure in found] == [f"c-{n}" for n in range(len(drawn))]
    assert all(isinstance(closure, Closure) for closure in found)
    assert shut(found) == expected
