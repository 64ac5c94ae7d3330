"""The penalty threshold with every worked example, and N past its day (law.md 5.1 and 5.2)."""

import json
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes.alerts import Alert, Standing, n_overdue, penalty_threshold, thresholds
from codes.book import Session
from codes.calendar import calendar_from_body, open_days, school_weeks, week_of
from tests.codes.given import calendar_body, weekdays

BORN = date(2015, 2, 11)
LAST_YEAR = calendar_from_body(
    {
        "terms": [
            {"name": "autumn", "starts": "2025-09-03", "ends": "2025-12-19"},
            {"name": "summer", "starts": "2026-04-13", "ends": "2026-07-21"},
        ],
        "holidays": [{"from": "2026-05-25", "to": "2026-05-29", "name": "half-term"}],
    }
)
THIS_YEAR = calendar_from_body(calendar_body())
DAYS = open_days([LAST_YEAR, THIS_YEAR])
WEEKS = school_weeks(DAYS)
AM, PM = Session.AM, Session.PM
NOVEMBER = WEEKS.index(date(2026, 11, 2))


def week(n: int, codes: str) -> list[Standing]:
    """Entries of the nth school week, one code a session from Monday morning on."""
    days = weekdays(WEEKS[n], 5)
    return [(days[place // 2], (AM, PM)[place % 2], code) for place, code in enumerate(codes.split())]


def spread(first: int, *weeks: str) -> list[Standing]:
    return [entry for n, codes in enumerate(weeks, start=first) for entry in week(n, codes)]


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


def test_n_is_overdue_from_the_day_after_its_fifth_school_day() -> None:
    """Law.md section 2, row N; SI 2024/208 reg 10(7) to (9)."""
    entries: list[Standing] = [
        (date(2026, 9, 7), AM, "N"),
        (date(2026, 9, 7), PM, "I"),
        (date(2026, 9, 8), AM, "N"),
        (date(2027, 7, 21), PM, "N"),
    ]
    assert n_overdue(entries, DAYS, date(2026, 9, 14)) is None
    overdue = n_overdue(entries, DAYS, date(2026, 9, 15))
    assert overdue is not None and overdue.kind is Alert.N_OVERDUE
    assert overdue.evidence() == {"sessions": [{"date": "2026-09-07", "session": "AM", "due": "2026-09-14"}]}
    later = n_overdue(entries, DAYS, date(2027, 9, 30))
    assert later is not None and len(later.sessions) == 2, "the last has no due date: no calendar reaches so far"
