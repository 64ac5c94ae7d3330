"""On the way to the penalty threshold: from the seventh session on, and when that is quiet (law.md 5.1)."""

import json
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from codes.alerts import Alert
from codes.book import Session
from codes.calendar import week_of
from codes.penalty import penalty_approaching, penalty_threshold
from tests.codes.weeks import AM, BORN, DAYS, LEAVES, NOVEMBER, PM, WEEKS, spread, week

CODES = st.sampled_from(["/", "I", "G", "N", "O", "U"])
ENTRIES = st.dictionaries(st.tuples(st.sampled_from(DAYS), st.sampled_from([AM, PM])), CODES, max_size=60)
FRIDAY = date(2026, 11, 6)


def test_the_threshold_is_approaching_from_the_seventh_session_on() -> None:
    assert penalty_approaching(week(NOVEMBER, "O O O O O O"), WEEKS, BORN, FRIDAY) is None
    near = penalty_approaching(week(NOVEMBER, "O O N O O O O"), WEEKS, BORN, FRIDAY)
    assert near is not None and near.kind is Alert.PENALTY_APPROACHING
    assert (near.since, near.period, near.quiet_from) == (date(2026, 11, 5), "2026-27", WEEKS[NOVEMBER + 10])
    evidence = json.loads(json.dumps(near.evidence()))
    assert (evidence["sessions_left"], evidence["unresolved"], evidence["school_weeks"]) == (3, 1, 10)
    assert evidence["from_sessions"] == 7
    assert len(evidence["sessions"]) == 7 and evidence["source"] and evidence["closes_when"]


def test_from_how_many_sessions_on_it_is_approaching_can_be_set() -> None:
    near = penalty_approaching(week(NOVEMBER, "O O O O"), WEEKS, BORN, FRIDAY, from_sessions=4)
    assert near is not None and near.evidence()["from_sessions"] == 4


def test_approaching_is_quiet_once_the_threshold_is_met_and_while_what_met_it_is_in_the_window() -> None:
    entries = spread(NOVEMBER, "O O O O O O O O O O", "O O")
    for weeks_on in range(12):
        assert penalty_approaching(entries, WEEKS, BORN, WEEKS[NOVEMBER + weeks_on]) is None
    later = [*entries, *spread(NOVEMBER + 12, "O O O O O O O")]
    near = penalty_approaching(later, WEEKS, BORN, WEEKS[NOVEMBER + 12] + timedelta(days=4))
    assert near is not None and len(near.sessions) == 7, "seven of its own since"


def test_approaching_ends_when_the_sessions_leave_the_ten_school_weeks_and_holidays_do_not_count() -> None:
    entries = week(NOVEMBER, "O O O O O O O")
    assert penalty_approaching(entries, WEEKS, BORN, WEEKS[NOVEMBER + 10] - timedelta(days=1)) is not None
    assert penalty_approaching(entries, WEEKS, BORN, WEEKS[NOVEMBER + 10]) is None
    assert WEEKS[NOVEMBER + 10] - WEEKS[NOVEMBER] == timedelta(weeks=12), "two weeks of Christmas"


def test_approaching_is_since_the_day_from_which_it_held_throughout() -> None:
    entries = [*week(NOVEMBER, "O O O O O O O"), *week(NOVEMBER + 5, "O")]
    near = penalty_approaching(entries, WEEKS, BORN, WEEKS[NOVEMBER + 6])
    assert near is not None and near.since == date(2026, 11, 5)
    apart = [*week(NOVEMBER, "O O O O O O O"), *week(NOVEMBER + 10, "O O O O O O O")]
    near = penalty_approaching(apart, WEEKS, BORN, WEEKS[NOVEMBER + 11])
    assert near is not None and near.since == WEEKS[NOVEMBER + 10] + timedelta(days=3)


def test_approaching_says_nothing_of_a_pupil_past_compulsory_age_nor_of_days_to_come() -> None:
    last = WEEKS.index(date(2027, 6, 21))
    entries = week(last, "O O O O O O O")
    assert penalty_approaching(entries, WEEKS, LEAVES, date(2027, 6, 25)) is not None
    assert penalty_approaching(entries, WEEKS, LEAVES, date(2027, 6, 26)) is None
    assert penalty_approaching(entries, WEEKS, BORN, date(2027, 6, 23)) is None
    assert penalty_approaching(entries, WEEKS, BORN, date(2020, 1, 1)) is None


def test_no_day_is_named_on_which_approaching_ends_where_no_calendar_reaches_so_far() -> None:
    near = penalty_approaching(week(len(WEEKS) - 2, "O O O O O O O"), WEEKS, BORN, DAYS[-1])
    assert near is not None and near.evidence()["quiet_from"] is None


@given(ENTRIES, st.sampled_from(DAYS))
def test_approaching_is_seven_to_nine_sessions_of_the_ten_weeks_and_never_a_threshold(
    entries: dict[tuple[date, Session], str], today: date
) -> None:
    standing = sorted((on, session, code) for (on, session), code in entries.items() if on <= today)
    near = penalty_approaching(standing, WEEKS, BORN, today)
    here = WEEKS.index(week_of(today))
    window = WEEKS[max(0, here - 9) : here + 1]
    inside = [entry for entry in standing if entry[2] in "GNOU" and week_of(entry[0]) in window]
    if near is None:
        assert len(inside) < 7 or penalty_threshold(standing, WEEKS, BORN) is not None
    else:
        assert 7 <= len(near.sessions) <= 9
        assert set(near.sessions) <= set(inside)
        assert near.since <= today
        past = [entry for entry in standing if entry[0] < near.since]
        assert len(past) < 7 or penalty_approaching(past, WEEKS, BORN, near.since - timedelta(days=1)) is None
