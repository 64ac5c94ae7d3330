"""How alerts live: opened, closed and opened again at the end of each day, in the order of recording."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date, timedelta

import pytest

from codes.alerts import Alert
from codes.finding import Finding, Rule
from codes.life import OF_A_PUPIL, OF_A_WEEK, Day, Key, Life, lived

MONDAY = date(2026, 9, 7)
TUESDAY, WEDNESDAY, THURSDAY = (MONDAY + timedelta(days=n) for n in (1, 2, 3))
LAST_YEAR = date(2026, 6, 1)
YEAR = "2026-27"


def held(kind: Alert = Alert.RETURN_MEETING, since: date = MONDAY, period: str = "x", says: int = 1) -> Finding:
    return Rule(kind, "It holds.", "Who says so", "It ends.").finds(since, period, says=says)


def day(
    on: date,
    *,
    live: Collection[str] = (YEAR,),
    years: Collection[str] = (YEAR,),
    since_year: str = "2025-26",
    kinds: Collection[Alert] = OF_A_PUPIL,
) -> Day:
    return Day(on, years, live, since_year, kinds)


def course(*days: tuple[Day, list[Finding]]) -> dict[Key, Life]:
    lives: dict[Key, Life] = {}
    for each, found in days:
        lives = lived(lives, found, each)
    return lives


def only(lives: dict[Key, Life]) -> Life:
    [life] = lives.values()
    return life


def test_an_alert_is_opened_on_the_day_judged_and_closed_on_the_day_on_which_it_is_not_found() -> None:
    life = only(course((day(TUESDAY), [held()])))
    assert (life.opened_on, life.closed_on, life.academic_year) == (TUESDAY, None, YEAR)
    closed = only(course((day(TUESDAY), [held()]), (day(WEDNESDAY), []), (day(THURSDAY), [])))
    assert closed.held == ((TUESDAY, WEDNESDAY),)


def test_what_holds_again_is_the_same_alert_open_once_more() -> None:
    life = only(course((day(MONDAY), [held()]), (day(TUESDAY), []), (day(WEDNESDAY), [held(says=2)])))
    assert life.held == ((MONDAY, TUESDAY), (WEDNESDAY, None))
    assert (life.opened_on, life.closed_on) == (MONDAY, None)
    assert life.evidence["says"] == 2


def test_another_period_and_another_kind_are_other_alerts() -> None:
    lives = course((day(MONDAY), [held(), held(period="y"), held(Alert.LATE_REPEATED)]))
    assert len(lives) == 3


def test_an_alert_is_closed_with_the_evidence_of_the_last_day_at_whose_end_it_held() -> None:
    before = [(day(MONDAY), [held(says=1)]), (day(TUESDAY), [held(says=2)])]
    assert only(course(*before, (day(WEDNESDAY), []))).evidence["says"] == 2
    within_a_day = only(course(*before, (day(WEDNESDAY), [held(says=3)]), (day(WEDNESDAY), [])))
    assert within_a_day.evidence["says"] == 2, "what was shown on the day itself had not held at its end"
    twice = [(day(WEDNESDAY), [held(says=3)]), (day(WEDNESDAY), [held(says=4)])]
    assert only(course(*before, *twice, (day(WEDNESDAY), []))).evidence["says"] == 2
    assert only(course(*before, *twice)).evidence["says"] == 4


def test_an_alert_that_says_the_same_has_not_changed() -> None:
    lives = course((day(MONDAY), [held()]))
    after = lived(lives, [held()], day(TUESDAY))
    assert only(after) is only(lives)


def test_what_was_opened_and_closed_within_one_day_is_no_stretch() -> None:
    life = only(course((day(MONDAY), [held()]), (day(MONDAY), [])))
    assert life.held == ((MONDAY, MONDAY),)
    again = only(course((day(MONDAY), [held()]), (day(MONDAY), []), (day(WEDNESDAY), [held()])))
    assert again.held == ((WEDNESDAY, None),)
    later = [(day(TUESDAY), []), (day(WEDNESDAY), [held()]), (day(WEDNESDAY), [])]
    assert only(course((day(MONDAY), [held()]), *later)).held == ((MONDAY, TUESDAY),)


def test_what_was_closed_and_opened_again_within_one_day_was_never_closed() -> None:
    life = only(course((day(MONDAY), [held()]), (day(TUESDAY), []), (day(TUESDAY), [held(says=2)])))
    assert life.held == ((MONDAY, None),)
    assert life.evidence["says"] == 2


def test_what_an_import_tells_of_a_year_that_is_over_arrives_closed() -> None:
    imported = day(MONDAY, live=())
    life = only(course((imported, [held(since=LAST_YEAR)])))
    assert (life.held, life.academic_year) == (((LAST_YEAR, MONDAY),), "2025-26")
    assert only(course((imported, [held()]))).closed_on is None, "this year is not over"
    live = only(course((day(MONDAY, live=("2025-26",)), [held(since=LAST_YEAR)])))
    assert live.held == ((MONDAY, None),), "somebody wrote in it"


def test_history_that_was_told_is_not_opened_by_looking_again() -> None:
    known = (day(MONDAY, live=()), [held(since=LAST_YEAR)])
    assert only(course(known, (day(TUESDAY, live=()), [held(since=LAST_YEAR)]))).closed_on == MONDAY
    amended = only(course(known, (day(TUESDAY, live=("2025-26",)), [held(since=LAST_YEAR)])))
    assert amended.held == ((LAST_YEAR, MONDAY), (TUESDAY, None))


@pytest.mark.parametrize("kind", [Alert.NEW_PUPIL_RETURN, Alert.DELETION_RETURN])
def test_a_return_is_due_though_the_year_in_which_it_fell_due_is_over(kind: Alert) -> None:
    """A name entered in July and told of in September: no import of marks can have told it."""
    assert only(course((day(MONDAY, live=()), [held(kind, LAST_YEAR)]))).held == ((MONDAY, None),)


@pytest.mark.parametrize(
    "kind", [Alert.AT_RISK, Alert.PERSISTENT_ABSENCE, Alert.SEVERE_ABSENCE, Alert.SEVERE_WITHOUT_PLAN]
)
def test_a_level_is_closed_only_when_its_own_year_was_asked_for(kind: Alert) -> None:
    opened = (day(MONDAY), [held(kind)])
    assert only(course(opened, (day(TUESDAY, years=("2027-28",)), []))).closed_on is None
    assert only(course(opened, (day(TUESDAY), []))).closed_on == TUESDAY


LASTING = {
    *(Alert.PENALTY_THRESHOLD, Alert.AMENDMENT_PATTERN, Alert.NEW_PUPIL_RETURN, Alert.DELETION_RETURN),
    *(Alert.N_OVERDUE, Alert.UNAUTHORISED_10_DAYS, Alert.SICKNESS_RETURN),
}


@pytest.mark.parametrize("kind", sorted(OF_A_PUPIL - {Alert.AT_RISK, Alert.REFERRAL_LINE}))
def test_what_is_too_long_ago_to_be_looked_at_ends_unless_an_amendment_or_an_act_alone_can_end_it(kind: Alert) -> None:
    levels = {Alert.PERSISTENT_ABSENCE, Alert.SEVERE_ABSENCE, Alert.SEVERE_WITHOUT_PLAN}
    later = day(date(2029, 9, 10), live=(), years=("2029-30",), since_year="2028-29")
    life = only(course((day(MONDAY), [held(kind)]), (later, [])))
    assert (life.closed_on is None) == (kind in LASTING | levels)
    assert only(course((day(MONDAY), [held(kind)]), (day(TUESDAY), []))).closed_on == TUESDAY


def test_a_look_at_pupils_leaves_what_is_looked_for_by_the_week_alone_and_the_other_way_round() -> None:
    assert not OF_A_WEEK & OF_A_PUPIL
    opened = course((day(MONDAY), [held(), held(Alert.PATTERN)]))
    by_day = lived(opened, [], day(TUESDAY))
    by_week = lived(opened, [], day(TUESDAY, kinds=OF_A_WEEK))
    assert {key[0] for key, life in by_day.items() if life.closed_on} == {Alert.RETURN_MEETING}
    assert {key[0] for key, life in by_week.items() if life.closed_on} == {Alert.PATTERN}


def test_days_that_are_judged_change_nothing_of_what_was_before() -> None:
    lives = course((day(MONDAY), [held()]))
    kept = {key: replace(life) for key, life in lives.items()}
    lived(lives, [], day(TUESDAY))
    assert lives == kept
