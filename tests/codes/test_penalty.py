"""The penalty threshold with every worked example and edge (law.md 5.1 and 5.2)."""

import json
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes.ages import compulsory_school_age
from codes.alerts import Alert, Standing
from codes.book import Session
from codes.calendar import school_weeks, week_of
from codes.penalty import penalty_met, penalty_threshold, thresholds, why_it_ended
from tests.codes.given import weekdays
from tests.codes.weeks import AM, BORN, DAYS, LEAVES, NOVEMBER, PM, WEEKS, spread, week


def met_on(entries: list[Standing], born: date = BORN) -> date | None:
    met = penalty_threshold(entries, WEEKS, born)
    return met.met_on if met else None


def test_four_sessions_of_holiday_and_six_late_after_the_register_closed_meet_the_threshold() -> None:
    """Law.md 5.2, example 1."""
    entries = spread(NOVEMBER, r"G G G G", r"U \ U \ U \ ", r"U \ U \ U \ ")
    assert met_on(entries) == date(2026, 11, 18)


def test_ten_sessions_of_holiday_in_one_week_meet_the_threshold() -> None:
    """Law.md 5.2, example 2."""
    met = penalty_threshold(week(NOVEMBER, "G G G G G G G G G G"), WEEKS, BORN)
    assert met is not None and met.met_on == date(2026, 11, 6)
    assert [session for _, session, _ in met.sessions] == [AM, PM] * 5


def test_six_sessions_in_one_week_and_one_a_week_for_four_more_meet_the_threshold() -> None:
    """Law.md 5.2, example 3."""
    assert met_on(spread(NOVEMBER, "O O O O O O", "O", "O", "O", "O")) == WEEKS[NOVEMBER + 4]


def test_two_sessions_in_summer_and_eight_in_autumn_meet_the_threshold_within_ten_school_weeks() -> None:
    """Law.md 5.2, example 4: the weeks of the summer holidays do not count."""
    july = WEEKS.index(date(2026, 7, 13))
    entries = [*week(july, "O O"), *week(july + 9, "O O O O O O O O")]
    met = penalty_threshold(entries, WEEKS, BORN)
    assert met is not None
    assert (met.window[0], met.window[-1]) == (date(2026, 7, 13), WEEKS[july + 9])
    assert met.met_on - met.window[0] > timedelta(weeks=14)


def test_nine_sessions_do_not_meet_the_threshold() -> None:
    """Law.md 5.2, derived."""
    assert met_on(week(NOVEMBER, "G G G G G G G G G")) is None


@pytest.mark.parametrize(("weeks_later", "met"), [(9, True), (10, False)])
def test_the_tenth_session_in_the_eleventh_school_week_does_not_meet_the_threshold(weeks_later: int, met: bool) -> None:
    """Law.md 5.2, derived."""
    september = WEEKS.index(date(2026, 9, 7))
    entries = [*week(september, "O O O O O O O O O"), *week(september + weeks_later, "O")]
    assert (met_on(entries) is not None) is met


def test_a_half_term_week_between_is_not_counted() -> None:
    """Law.md 5.2, derived: the eleventh week by the calendar is the tenth school week."""
    september = WEEKS.index(date(2026, 9, 7))
    entries = [*week(september, "O O O O O O O O O"), *week(september + 9, "O")]
    assert met_on(entries) == date(2026, 9, 7) + timedelta(weeks=10)


def test_an_amendment_of_one_o_to_i_takes_the_threshold_away() -> None:
    """Law.md 5.2, derived."""
    assert met_on(week(NOVEMBER, "O O O O O O O O O O")) is not None
    assert met_on(week(NOVEMBER, "O O O O I O O O O O")) is None


def test_an_amendment_of_n_to_o_does_not_change_the_count() -> None:
    """Law.md 5.1 and 5.2: N counts while it stands, and what rests on it is provisional."""
    before = penalty_threshold(week(NOVEMBER, "N N O O O O O O O O"), WEEKS, BORN)
    after = penalty_threshold(week(NOVEMBER, "O O O O O O O O O O"), WEEKS, BORN)
    assert before is not None and after is not None
    assert before.met_on == after.met_on
    assert (before.unresolved, before.provisional) == (2, True)
    assert (after.unresolved, after.provisional) == (0, False)


@pytest.mark.parametrize("removed", range(5))
def test_a_week_with_one_open_session_is_a_school_week_and_one_without_is_none(removed: int) -> None:
    """Law.md 5.2, derived: # all week, or Y4 with one open session left."""
    of_week = [day for day in DAYS if week_of(day) == date(2026, 11, 9)]
    open_now = [day for day in DAYS if day not in of_week or day == of_week[removed]]
    assert school_weeks(open_now) == WEEKS
    assert date(2026, 11, 9) not in school_weeks(day for day in DAYS if day not in of_week)


def test_absence_before_19_august_2024_does_not_count() -> None:
    """Law.md 5.1."""
    days = weekdays(date(2024, 7, 15), 5)
    entries = [(day, session, "G") for day in days for session in (AM, PM)]
    assert penalty_threshold(entries, [date(2024, 7, 15)], date(2012, 2, 11)) is None


def test_only_pupils_of_compulsory_age_meet_the_threshold() -> None:
    """Law.md 5.1."""
    entries = week(NOVEMBER, "G G G G G G G G G G")
    assert met_on(entries, date(2022, 2, 11)) is None
    assert met_on(entries, date(2009, 9, 1)) is None
    assert met_on(entries, date(2021, 8, 31)) is not None


@pytest.mark.parametrize("code", ["/", "L", "B", "C", "I", "X", "D", "Y4", "#", "H"])
def test_other_codes_do_not_count(code: str) -> None:
    """Law.md section 2: G, N, O and U alone."""
    assert met_on(week(NOVEMBER, "O O O O O O O O O " + code)) is None


def test_an_entry_in_no_school_week_does_not_count() -> None:
    """An entry that stands on a day since closed is no absence from a session."""
    entries = [*week(NOVEMBER, "O O O O O O O O O"), (date(2027, 8, 9), AM, "O")]
    assert met_on(entries) is None
    half_term: list[Standing] = [(date(2026, 10, 26), AM, "O")]
    assert met_on([*half_term, *week(NOVEMBER, "O O O O O O O O O")]) is None


def test_sessions_of_an_earlier_notice_are_spent() -> None:
    """Law.md section 9, doubt 15."""
    entries = spread(NOVEMBER, "O O O O O O O O O O", "O O")
    spent = [(on, session) for on, session, _ in week(NOVEMBER, "O O O")]
    assert penalty_threshold(entries, WEEKS, BORN, spent) is None
    assert penalty_threshold(entries, WEEKS, BORN, spent[:2]) is not None


def test_the_evidence_for_the_threshold_is_plain() -> None:
    met = penalty_threshold(spread(NOVEMBER, "N G G G", "U U U U U U"), WEEKS, BORN)
    assert met is not None and met.kind is Alert.PENALTY_THRESHOLD
    evidence = json.loads(json.dumps(met.evidence()))
    assert evidence["met_on"] == "2026-11-11"
    assert (evidence["from"], evidence["to"], evidence["school_weeks"]) == ("2026-08-31", "2026-11-15", 10)
    assert evidence["sessions"][0] == {"date": "2026-11-02", "session": "AM", "code": "N"}
    assert (len(evidence["sessions"]), evidence["unresolved"], evidence["provisional"]) == (10, 1, True)


def brute_force(entries: list[Standing], weeks: tuple[date, ...]) -> date | None:
    """For each window of ten listed weeks, in order: the day of the tenth session; the earliest of them."""
    found = []
    for n in range(len(weeks)):
        window = weeks[n : n + 10]
        inside = [on for on, _, code in entries if code in "GNOU" and week_of(on) in window]
        found += inside[9:10]
    return min(found, default=None)


CODES = st.sampled_from(["/", "I", "G", "N", "O", "U"])
ENTRIES = st.dictionaries(st.tuples(st.sampled_from(DAYS), st.sampled_from([AM, PM])), CODES, max_size=60)


@given(ENTRIES, st.sets(st.sampled_from(WEEKS), max_size=8))
def test_the_windows_are_those_of_brute_force(entries: dict[tuple[date, Session], str], without: set[date]) -> None:
    """Law.md 5.2, the algorithm; weeks in which nothing was open are left out of the list."""
    standing = sorted((on, session, code) for (on, session), code in entries.items())
    weeks = tuple(monday for monday in WEEKS if monday not in without)
    met = penalty_threshold(standing, weeks, BORN)
    assert (met.met_on if met else None) == brute_force(standing, weeks)


@given(ENTRIES)
def test_every_threshold_shows_ten_sessions_within_ten_school_weeks(entries: dict[tuple[date, Session], str]) -> None:
    standing = sorted((on, session, code) for (on, session), code in entries.items())
    for met in thresholds(standing, WEEKS, BORN):
        assert len(met.sessions) == 10 and len(met.window) <= 10
        assert met.met_on == met.sessions[-1][0]
        assert all(week_of(on) in met.window for on, _, _ in met.sessions)
        assert met.unresolved == sum(code == "N" for _, _, code in met.sessions)


def test_a_late_amendment_of_n_to_o_does_not_change_the_count() -> None:
    """Law.md 5.2, derived: the alert is the same one, since the same day, and no longer provisional."""
    [before] = penalty_met(week(NOVEMBER, "N N O O O O O O O O"), WEEKS, BORN)
    [after] = penalty_met(week(NOVEMBER, "O O O O O O O O O O"), WEEKS, BORN)
    assert (before.since, before.period, before.provisional) == (date(2026, 11, 6), "2026-27", True)
    assert (after.since, after.period, after.provisional) == (date(2026, 11, 6), "2026-27", False)


def test_an_amendment_of_one_o_to_i_ends_the_alert_and_what_was_met_on_which_day_is_kept() -> None:
    """Law.md 5.2, derived: withdrawn, but history keeps "was met on date X"."""
    [before] = penalty_met(week(NOVEMBER, "O O O O O O O O O O"), WEEKS, BORN)
    assert penalty_met(week(NOVEMBER, "O O O O I O O O O O"), WEEKS, BORN) == ()
    assert before.evidence()["met_on"] == "2026-11-06"
    assert why_it_ended(before, ()) == "amended"
    assert why_it_ended(before, {(date(2026, 11, 2), AM)}) == "spent"


def test_an_inset_only_week_is_no_school_week() -> None:
    """Law.md 5.2, derived: # all week, so that the tenth session still lies in the tenth school week."""
    september = WEEKS.index(date(2026, 9, 7))
    entries = [*week(september, "O O O O O O O O O"), *week(september + 10, "O")]
    assert penalty_met(entries, WEEKS, BORN) == ()
    inset = weekdays(date(2026, 11, 9), 5)
    weeks = school_weeks(day for day in DAYS if day not in inset)
    assert len(penalty_met(entries, weeks, BORN)) == 1


def test_a_week_of_which_y4_leaves_one_open_session_is_a_school_week() -> None:
    """Law.md 5.2, derived: the tenth session then lies in school week 11."""
    september = WEEKS.index(date(2026, 9, 7))
    entries = [*week(september, "O O O O O O O O O"), *week(september + 10, "O")]
    closed = weekdays(date(2026, 11, 9), 5)
    left = school_weeks(day for day in DAYS if day not in closed[1:])
    assert left == WEEKS
    assert penalty_met(entries, left, BORN) == ()


def test_the_threshold_is_met_across_a_half_term_two_terms_and_two_years() -> None:
    july, november = WEEKS.index(date(2026, 7, 20)), WEEKS.index(date(2026, 11, 2))
    assert november - july == 9, "the holidays of summer and October are no school weeks"
    [met] = penalty_met([*week(july, "O O"), *week(november, "G G G G U U U U")], WEEKS, BORN)
    assert (met.since, met.period) == (date(2026, 11, 5), "2026-27")


def test_sessions_after_the_last_friday_in_june_of_compulsory_age_do_not_count() -> None:
    """Law.md 5.1 and 8.3: the last Friday in June itself still does."""
    assert compulsory_school_age(LEAVES)[1] == date(2027, 6, 25)
    last = WEEKS.index(date(2027, 6, 21))
    assert met_on(week(last, "O O O O O O O O O O"), LEAVES) == date(2027, 6, 25)
    assert met_on(spread(last, "/ / O O O O O O O O", "O O O O"), LEAVES) is None


def test_the_first_session_of_compulsory_age_counts_and_the_one_before_does_not() -> None:
    """Law.md 5.1: a child of 11 February 2022 is of that age from 31 March 2027."""
    young = date(2022, 2, 11)
    april = WEEKS.index(date(2027, 4, 12))
    assert met_on([*week(april - 1, "O O O O O O"), *week(april, "O O O O O O O O O")], young) is None
    assert met_on(spread(april, "O O O O O O O O O O"), young) == date(2027, 4, 16)


def test_the_earliest_day_is_told_and_the_last_to_which_more_was_added() -> None:
    [met] = penalty_met(spread(NOVEMBER, "O O O O O O O O O O", "O O"), WEEKS, BORN)
    assert (met.since, met.last_met_on) == (date(2026, 11, 6), date(2026, 11, 9))
    assert len(met.met.sessions) == 10


def test_the_threshold_is_provisional_only_while_the_ten_need_an_n() -> None:
    """Law.md 5.1: N counts while it stands; two sessions more, and nothing rests on the two."""
    [met] = penalty_met(spread(NOVEMBER, "N N O O O O O O O O", "O"), WEEKS, BORN)
    assert (met.provisional, met.firm_on) == (True, None)
    [met] = penalty_met(spread(NOVEMBER, "N N O O O O O O O O", "O O"), WEEKS, BORN)
    assert (met.since, met.provisional, met.firm_on) == (date(2026, 11, 6), False, date(2026, 11, 9))


def test_an_n_of_one_alert_is_not_made_up_for_by_the_ten_of_another() -> None:
    firm, provisional = "O O O O O O O O O O", "N O O O O O O O O O"
    april, march = WEEKS.index(date(2026, 4, 20)), WEEKS.index(date(2027, 3, 1))
    for first, second in ((firm, provisional), (provisional, firm)):
        met = penalty_met([*week(april, first), *week(march, second)], WEEKS, BORN)
        assert [each.provisional for each in met] == ["N" in first, "N" in second]


def test_a_notice_that_relies_on_later_sessions_leaves_an_earlier_alert_as_it_is() -> None:
    ten = "O O O O O O O O O O"
    april, march = WEEKS.index(date(2026, 4, 20)), WEEKS.index(date(2027, 3, 1))
    spent = {(on, session) for on, session, _ in week(march, ten)}
    [met] = penalty_met([*week(april, ten), *week(march, ten)], WEEKS, BORN, spent)
    assert (met.period, met.evidence()["after"]) == ("2025-26", None)


def test_what_goes_on_is_one_alert_and_time_alone_never_ends_it() -> None:
    """Quiet: every further session, in the year after too, adds to the alert and opens none."""
    july = WEEKS.index(date(2026, 7, 6))
    [met] = penalty_met(spread(july, "O O O O O O O O O O", "O O", "O O", "O O O O", "O O O O"), WEEKS, BORN)
    assert (met.since, met.period) == (date(2026, 7, 10), "2025-26")
    assert met.last_met_on == WEEKS[july + 4] + timedelta(days=1)


def test_a_year_has_one_alert_while_nothing_was_done_and_the_next_year_another() -> None:
    ten = "O O O O O O O O O O"
    autumn, spring = WEEKS.index(date(2026, 9, 7)), WEEKS.index(date(2027, 3, 1))
    [met] = penalty_met([*week(autumn, ten), *week(spring, ten)], WEEKS, BORN)
    assert (met.since, met.last_met_on) == (date(2026, 9, 11), date(2027, 3, 5))
    summer = WEEKS.index(date(2026, 4, 20))
    two = penalty_met([*week(summer, ten), *week(spring, ten)], WEEKS, BORN)
    assert [(met.since, met.period) for met in two] == [(date(2026, 4, 24), "2025-26"), (date(2027, 3, 5), "2026-27")]


def test_after_sessions_were_spent_the_next_ten_are_another_alert_and_the_first_comes_back_with_them() -> None:
    """Law.md section 9, doubt 15: a notice relied on them; withdrawn, the alert is the same as it was."""
    entries = spread(NOVEMBER, "O O O O O O O O O O", "O O O O O O O O O O")
    spent = {(on, session) for on, session, _ in week(NOVEMBER, "O O O O O O O O O O")}
    [met] = penalty_met(entries, WEEKS, BORN, spent)
    assert (met.since, met.period) == (date(2026, 11, 13), "2026-27 after 2026-11-06")
    assert [each.period for each in penalty_met(entries, WEEKS, BORN)] == ["2026-27"]


def test_the_evidence_of_the_alert_is_enough_to_act_on() -> None:
    [met] = penalty_met(spread(NOVEMBER, "N G G G", "U U U U U U"), WEEKS, BORN)
    evidence = json.loads(json.dumps(met.evidence()))
    assert met.kind is Alert.PENALTY_THRESHOLD
    assert {"met_on", "sessions", "from", "to", "rule", "source", "closes_when"} <= set(evidence)
    assert (evidence["provisional"], evidence["firm_on"], evidence["last_met_on"]) == (True, None, "2026-11-11")
    assert "never by time alone" in evidence["closes_when"]


@given(ENTRIES, st.sets(st.tuples(st.sampled_from(DAYS), st.sampled_from([AM, PM])), max_size=10))
def test_the_first_alert_is_since_the_earliest_day_and_no_two_have_one_period(
    entries: dict[tuple[date, Session], str], spent: set[tuple[date, Session]]
) -> None:
    standing = sorted((on, session, code) for (on, session), code in entries.items())
    met = penalty_met(standing, WEEKS, BORN, spent)
    earliest = penalty_threshold(standing, WEEKS, BORN, spent)
    assert (met[0].met if met else None) == earliest
    assert len({each.period for each in met}) == len(met)
    assert all(not {entry[:2] for entry in each.met.sessions} & spent for each in met)
    for each in met:
        without_n = [entry for entry in standing if entry[2] != "N"]
        if each.firm_on is not None:
            assert any(firm.met_on == each.firm_on for firm in thresholds(without_n, WEEKS, BORN, spent))
