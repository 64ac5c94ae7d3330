"""What people do about alerts: which acts belong to which kind, what they end, and what they tell the rules."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from codes.acts import (
    INFORMS,
    LEVELS,
    MEANS,
    SETTLES,
    Act,
    Action,
    allowed,
    answers,
    by_school_transport,
    dealt_with,
    explained,
    faults,
    reviews_held,
    settled,
    steps_taken,
    told,
)
from codes.alerts import Alert
from codes.book import Session
from codes.conduct import STEPS
from codes.sickness import Answer

MONDAY = date(2026, 9, 7)
TODAY = date(2026, 11, 16)
ABSENT = {
    "sessions": [
        {"date": "2026-09-07", "session": "AM", "code": "O"},
        {"date": "2026-09-07", "session": "PM", "code": "O"},
    ]
}
BOTH = {(MONDAY, Session.AM), (MONDAY, Session.PM)}


def act(
    kind: Alert,
    action: Action,
    period: str = "2026-27",
    on: date = TODAY,
    note: str | None = "Said so",
    evidence: Mapping[str, Any] = ABSENT,
) -> Act:
    return Act(kind, period, action, on, "A. Officer", note, evidence)


def refused(given: Act) -> list[str]:
    return [member for member, detail in faults(given, TODAY) if detail.endswith(".")]


def test_every_action_says_what_it_means_and_by_whom() -> None:
    assert set(MEANS) == set(Action)
    assert all(says.endswith(".") and source for says, source in MEANS.values())


def test_every_action_can_be_taken_about_some_alert_but_seeing_one_is_no_act() -> None:
    assert set().union(*map(allowed, Alert)) == set(Action) - {Action.ACKNOWLEDGED}


@pytest.mark.parametrize("kind", [Alert.N_OVERDUE, Alert.ABSENT_20_DAYS, Alert.NOT_RETURNED_FROM_LEAVE])
def test_no_act_ends_what_the_law_asks_an_amendment_for(kind: Alert) -> None:
    assert allowed(kind)
    acts = [act(kind, action) for action in allowed(kind)]
    assert not settled(acts)
    assert {each.ends for each in acts} == {None}


@pytest.mark.parametrize("kind", sorted(set(SETTLES) - LEVELS))
def test_an_act_that_belongs_to_an_alert_settles_it_for_good_and_no_other_period(kind: Alert) -> None:
    for action in SETTLES[kind]:
        given = act(kind, action)
        assert not refused(given)
        assert given.ends == "for-good"
        assert (kind, "2026-27") in settled([given])
        assert (kind, "2025-26") not in settled([given])


def test_an_act_that_is_of_another_kind_settles_nothing() -> None:
    assert not settled([act(Alert.STUDY_LEAVE, Action.RETURN_MADE), act(Alert.SICKNESS_RETURN, Action.LETTER)])


@pytest.mark.parametrize("kind", sorted(LEVELS))
def test_low_attendance_is_dealt_with_only_when_its_year_is_over(kind: Alert) -> None:
    last_year = act(kind, Action.DEALT_WITH, "2025-26")
    assert not refused(last_year)
    assert settled([last_year]) == {(kind, "2025-26")}
    within = act(kind, Action.DEALT_WITH, "2025-26", on=date(2026, 7, 31))
    assert refused(within) == ["action"]
    assert not settled([within])


def test_a_plan_of_support_stated_with_severe_absence_is_known_where_one_is_asked_for() -> None:
    assert settled([act(Alert.SEVERE_ABSENCE, Action.PLAN_OF_SUPPORT)]) == {(Alert.SEVERE_WITHOUT_PLAN, "2026-27")}
    assert not settled([act(Alert.SEVERE_ABSENCE, Action.EARLY_HELP)])


def test_what_is_done_about_a_pupil_is_not_done_about_a_school() -> None:
    assert Action.HOME_VISIT in allowed(Alert.PERSISTENT_ABSENCE)
    assert refused(act(Alert.COHORT_GAP, Action.HOME_VISIT)) == ["action"]
    assert not refused(act(Alert.COHORT_GAP, Action.LOOKED_INTO))


def test_an_act_is_not_of_the_future_and_has_a_note_where_it_says_nothing_without() -> None:
    assert refused(act(Alert.SICKNESS_RETURN, Action.NOT_DUE, on=date(2026, 11, 17), note=None)) == ["note", "done_on"]
    assert not refused(act(Alert.SICKNESS_RETURN, Action.RETURN_MADE, note=None))
    assert refused(act(Alert.N_OVERDUE, Action.NOT_DUE)) == ["action"]


def test_a_sickness_return_is_answered_by_being_made_or_with_a_reason() -> None:
    made = act(Alert.SICKNESS_RETURN, Action.RETURN_MADE, "2026-09-07")
    not_due = act(Alert.SICKNESS_RETURN, Action.NOT_DUE, "2026-09-07", note="Back on Monday")
    others = [act(Alert.SICKNESS_RETURN, Action.LETTER, "2026-09-07"), act(Alert.NEW_PUPIL_RETURN, Action.RETURN_MADE)]
    assert answers([made, not_due, *others]) == (
        Answer(MONDAY, TODAY, "A. Officer"),
        Answer(MONDAY, TODAY, "A. Officer", "Back on Monday"),
    )


@pytest.mark.parametrize("action", [Action.PARENTS_TOLD, Action.LETTER, Action.TELEPHONE_CALL, Action.MEETING])
@pytest.mark.parametrize("kind", [Alert.PARENTS_NOT_TOLD, Alert.FIRST_DAY_UNEXPLAINED, Alert.PENALTY_THRESHOLD])
def test_parents_with_whom_somebody_spoke_about_an_absence_were_told_of_its_sessions(
    kind: Alert, action: Action
) -> None:
    given = act(kind, action)
    assert not refused(given)
    assert told([given]) == BOTH


def test_parents_were_not_told_by_a_call_that_nobody_answered_nor_by_one_about_something_else() -> None:
    assert not told([act(Alert.FIRST_DAY_UNEXPLAINED, Action.CALL_UNANSWERED)])
    assert not told([act(Alert.PARENTS_NOT_TOLD, Action.HOME_VISIT)])
    assert not told([act(Alert.LATE_REPEATED, Action.TELEPHONE_CALL)])


def test_being_told_once_does_not_silence_the_year() -> None:
    given = act(Alert.PARENTS_NOT_TOLD, Action.PARENTS_TOLD)
    assert given.ends == "as-far-as-it-goes"
    assert not settled([given])


@pytest.mark.parametrize("kind", sorted(INFORMS))
def test_an_act_ends_an_alert_for_good_or_as_far_as_it_goes_and_never_both(kind: Alert) -> None:
    assert not SETTLES.get(kind, frozenset()) & INFORMS[kind]
    assert {act(kind, action).ends for action in INFORMS[kind]} == {"as-far-as-it-goes"}


def test_sessions_are_explained_late_by_transport_or_spent_as_the_acts_say() -> None:
    explains = act(Alert.FIRST_DAY_UNEXPLAINED, Action.REASON_GIVEN, "2026-09-07")
    transport = act(Alert.LATE_REPEATED, Action.TRANSPORT_LATE, "2026-09-07")
    spends = act(Alert.PENALTY_THRESHOLD, Action.DEALT_WITH)
    year = act(Alert.PERSISTENT_ABSENCE, Action.DEALT_WITH, "2025-26")
    every = [explains, transport, spends, year]
    assert explained(every) == by_school_transport(every) == dealt_with(every) == BOTH
    assert not explained([transport, spends, year])
    assert not by_school_transport([explains, spends, year])
    assert not dealt_with([explains, transport, year])


def test_an_act_on_an_alert_without_sessions_is_about_none() -> None:
    assert not dealt_with([act(Alert.PENALTY_THRESHOLD, Action.DEALT_WITH, evidence={})])


def test_a_review_that_is_stated_twice_was_held_once() -> None:
    def review(day: str, plan: str = "c2-1") -> Act:
        return act(Alert.PART_TIME_REVIEW, Action.REVIEW_HELD, f"{plan} {day}", evidence={"absence": plan})

    acts = [review("2026-09-21"), review("2026-09-21"), review("2026-10-19"), review("2026-09-21", "c2-2")]
    assert reviews_held(acts, "c2-1") == 2
    assert reviews_held([act(Alert.PART_TIME_REVIEW, Action.MEETING, evidence={"absence": "c2-1"})], "c2-1") == 0


FIFTH, TWELFTH, NINETEENTH = date(2026, 10, 5), date(2026, 10, 12), date(2026, 10, 19)


def test_steps_are_those_of_the_year_whichever_line_the_pupil_was_below() -> None:
    letter = act(Alert.AT_RISK, Action.LETTER, on=FIFTH)
    further = act(Alert.NEXT_STEP_DUE, Action.FURTHER_LETTER, "2026-27 further-letter", on=TWELFTH)
    assert steps_taken([further, letter], "2026-27", STEPS) == (FIFTH, TWELFTH)
    assert steps_taken([further, letter], "2025-26", STEPS) == ()
    late = act(Alert.NEXT_STEP_DUE, Action.LETTER, "2025-26 letter")
    assert steps_taken([late, act(Alert.LATE_REPEATED, Action.LETTER)], "2026-27", STEPS) == ()


def test_a_letter_that_was_written_twice_is_one_step() -> None:
    letters = [act(Alert.AT_RISK, Action.LETTER, on=on) for on in (TWELFTH, FIFTH)]
    assert steps_taken(letters, "2026-27", STEPS) == (FIFTH,)


def test_after_a_meeting_nobody_is_asked_for_the_letters_before_it() -> None:
    letter = act(Alert.AT_RISK, Action.LETTER, on=FIFTH)
    meeting = act(Alert.SEVERE_WITHOUT_PLAN, Action.MEETING, on=NINETEENTH)
    assert steps_taken([letter, meeting], "2026-27", STEPS) == (FIFTH, NINETEENTH, NINETEENTH)
    assert steps_taken([meeting], "2026-27", STEPS) == (NINETEENTH,) * 3


def test_what_is_no_step_of_the_school_is_none() -> None:
    further = act(Alert.AT_RISK, Action.FURTHER_LETTER, on=FIFTH)
    assert steps_taken([further], "2026-27", ("letter", "meeting")) == ()
