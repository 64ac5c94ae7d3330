"""When a pupil is looked at again though nothing is recorded: on the day on which something falls due, no later."""

from dataclasses import replace
from datetime import date

import pytest

from codes.acts import Act, Action
from codes.alerts import Alert
from codes.awaiting import awaited
from codes.judging import Asked, judged
from codes.known import Admission, Placed, Planned
from codes.planned import GRANTED, Plan
from codes.returns import Deletion
from tests.codes.asking import AM, PM, PUPIL, asked, days, entries, setting
from tests.codes.given import MONDAY

NEW_YEAR = date(2027, 8, 1)
"""What holds is looked at when the academic year begins."""


def due(question: Asked) -> date | None:
    return awaited(question, judged(question))


def test_a_pupil_who_was_present_awaits_nothing() -> None:
    assert due(asked(days("/", "/"))) is None


def test_while_a_register_is_open_the_same_day_is_awaited() -> None:
    waiting = entries(days("/ N"), waiting=frozenset({(MONDAY, PM)}))
    assert due(replace(asked(days("/ N")), entries=waiting)) == MONDAY


def test_an_n_awaits_the_day_after_its_fifth_school_day_and_then_no_more() -> None:
    assert due(asked(days("N"))) == date(2026, 9, 15)
    assert due(asked(days("N"), date(2026, 9, 14))) == date(2026, 9, 15)
    assert due(asked(days("N"), date(2026, 9, 15))) == NEW_YEAR
    assert due(asked(days("N", first=date(2027, 7, 20)))) == NEW_YEAR, "no calendar reaches as far"


def test_unauthorised_absence_awaits_the_day_by_which_parents_are_told() -> None:
    assert due(asked(days("G"))) == date(2026, 9, 15)
    assert due(asked(days("I"))) is None


def test_lateness_awaits_the_next_mondays() -> None:
    late = days("L", "U")
    assert due(asked(late)) == date(2026, 9, 14)
    assert due(asked(late, date(2026, 9, 14))) == date(2026, 9, 16), "parents are to be told of U"
    assert due(asked(late, date(2026, 9, 16))) == date(2026, 9, 21)


def test_absence_after_leave_awaits_the_tenth_school_day_after_it_and_after_what_was_granted() -> None:
    away = days("C", "I", "O", "/ O")
    assert date(2026, 9, 21) in _each(asked(away))
    first, last = (MONDAY, AM), (date(2026, 9, 9), PM)
    leave = Plan("x", "leave-of-absence", "C", GRANTED, first, last, first, last, frozenset())
    granted = replace(PUPIL, plans=(Planned(leave), Planned(replace(leave, id="y", last=None))))
    assert {date(2026, 9, 21), date(2026, 9, 23)} <= _each(asked(away, known=granted))
    assert date(2026, 9, 21) not in _each(asked(days("C", "/")))


def _each(question: Asked) -> set[date]:
    """Every day that is awaited one after another, as long as nothing is recorded."""
    found: set[date] = set()
    while (day := due(question)) is not None and day < date(2026, 12, 1):
        found.add(day)
        question = replace(question, today=day)
    return found


def test_placings_enrolment_reviews_and_returns_are_awaited() -> None:
    placed = (*PUPIL.placed, Placed(date(2026, 10, 1), "5", "5A", {}))
    assert due(asked(days("/"), known=replace(PUPIL, placed=placed))) == date(2026, 10, 1)
    leaves = replace(PUPIL, on_roll=((date(2025, 9, 3), date(2026, 10, 5)),))
    assert due(asked(days("/"), known=leaves)) == date(2026, 10, 5)
    first, last = (MONDAY, AM), (date(2026, 10, 2), PM)
    part_time = Plan("t", "part-time-timetable", "C2", GRANTED, first, last, first, last, frozenset())
    reviewed = replace(PUPIL, plans=(Planned(part_time, (date(2026, 9, 21),)), Planned(replace(part_time, id="u"))))
    assert _each(asked(days("/"), known=reviewed)) == {date(2026, 9, 21), date(2026, 10, 3)}


def test_a_name_awaits_its_entering_and_the_day_on_which_its_return_is_late() -> None:
    new = replace(PUPIL, admission=Admission(date(2026, 9, 10), date(2026, 9, 14)))
    assert _each(asked(days("/"), known=new)) == {date(2026, 9, 10), date(2026, 9, 16)}


def test_a_leaving_awaits_its_date_and_the_day_after() -> None:
    left = Deletion(date(2026, 9, 18), MONDAY, "a", "Another school", date(2018, 2, 11), "4")
    found = _each(asked(days("/"), known=replace(PUPIL, deletion=left)))
    assert found == {date(2026, 9, 18), date(2026, 9, 19)}


def test_a_pupil_with_a_plan_of_education_health_and_care_awaits_the_last_day_of_each_school_week() -> None:
    with_plan = replace(PUPIL, placed=(replace(PUPIL.placed[0], facts={"ehcp": True}),))
    found = sorted(_each(asked(days("/"), known=with_plan)))
    assert found[:3] == [date(2026, 9, 11), date(2026, 9, 18), date(2026, 9, 25)]
    assert date(2026, 10, 30) not in found, "half-term"


def test_a_threshold_that_is_near_awaits_the_mondays_that_may_end_it_and_the_end_of_compulsory_age() -> None:
    seven = days("O", "O", "O", "O /")
    question = asked(seven)
    assert Alert.PENALTY_APPROACHING in {held.kind for held in judged(question)}
    assert date(2026, 11, 23) in _each(question), "the eleventh school week"
    leaver = replace(PUPIL, date_of_birth=date(2010, 9, 1))
    june = days("O", "O", "O", "O /", first=date(2027, 6, 21))
    assert due(asked(june, known=leaver)) == date(2027, 6, 26)


@pytest.mark.parametrize("after_weeks", [1, 2, None])
def test_a_step_that_was_taken_awaits_the_next_by_the_school_weeks_between(after_weeks: int | None) -> None:
    steps = [{"step": "letter"}, {"step": "further-letter", "after_weeks": after_weeks}]
    of = setting(levels_from_sessions=2, staged_approach={"steps": steps})
    letter = Act(Alert.SEVERE_ABSENCE, "2026-27", Action.LETTER, MONDAY, "B. Office", None, {})
    question = asked(days("I"), known=replace(PUPIL, acts=(letter,)), of=of)
    expected = {1: date(2026, 9, 14), 2: date(2026, 9, 21), None: NEW_YEAR}
    assert due(question) == expected[after_weeks]
