"""Lines of absence in an academic year, and what is said of groups (law.md 4.1, 4.3 and section 7)."""

import json
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes.ages import of_compulsory_age
from codes.alerts import Alert, Standing
from codes.book import CODES, Session, edges
from codes.calendar import calendar_from_body, open_days, school_weeks, week_of
from codes.finding import Finding
from codes.gaps import Cohort, Day, below_target, cohort_gap
from codes.levels import Episode, Level, Lines, by_day, episodes, has_levels, level, levels, severe_without_plan
from codes.rising import ehcp_falling, school_unauthorised_rising
from codes.tallies import Tally, is_persistent, is_severe, tally
from tests.codes.given import calendar_body

BORN = date(2015, 2, 11)
DAYS = open_days([calendar_from_body(calendar_body())])
WEEKS = school_weeks(DAYS)
LINES = Lines(at_risk_below=Fraction(95, 100))
AM, PM = Session.AM, Session.PM


def entries(absent_days: dict[int, str], days: int) -> list[Standing]:
    """So many school days of the year, present but for those given by number, with one code for the whole day."""
    return [
        (day, session, absent_days.get(n, present))
        for n, day in enumerate(DAYS[:days])
        for session, present in ((AM, "/"), (PM, "\\"))
    ]


def held(found: Finding | None) -> Finding:
    assert found is not None
    json.dumps(found.evidence())
    assert found.evidence()["source"] and found.evidence()["closes_when"].endswith(".")
    return found


def of_days(absent_days: dict[int, str], days: int, lines: Lines = LINES, group: str | None = "6") -> Finding | None:
    return level(entries(absent_days, days), BORN, group, DAYS[days - 1], lines)


def absent(n: int, of: int) -> Tally:
    on = date(2026, 9, 7)
    return tally([("I", on, True, n), ("/", on, True, of - n)])


@pytest.mark.parametrize(
    ("n", "of", "kinds"),
    [
        (3, 40, []),
        (4, 40, [Alert.PERSISTENT_ABSENCE]),
        (19, 40, [Alert.PERSISTENT_ABSENCE]),
        (20, 40, [Alert.PERSISTENT_ABSENCE, Alert.SEVERE_ABSENCE]),
        (39, 39, []),
        (0, 0, []),
    ],
)
def test_a_level_is_given_from_so_many_possible_sessions_on(n: int, of: int, kinds: list[Alert]) -> None:
    """Law.md 4.1, and 4.3 on short enrolments."""
    assert [level.kind for level in levels(absent(n, of), 40)] == kinds


def test_without_a_minimum_one_absence_of_two_is_severe() -> None:
    """Law.md 4.3: no minimum number of sessions in the statistics."""
    assert len(levels(absent(1, 2), 1)) == 2
    assert levels(absent(0, 0), 0) == ()


def test_the_evidence_for_a_level_says_of_how_many_sessions() -> None:
    level = Level(Alert.PERSISTENT_ABSENCE, 4, 30, Fraction(4, 30))
    assert level.evidence() == {
        "absent_sessions": 4,
        "possible_sessions": 30,
        "overall_absence_perc": 13.3333333333333,
    }


@pytest.mark.parametrize(
    ("absent_days", "days", "kind"),
    [
        (1, 20, None),
        (2, 20, Alert.PERSISTENT_ABSENCE),
        (2, 21, None),
        (10, 20, Alert.SEVERE_ABSENCE),
    ],
)
def test_the_line_of_a_year_is_the_gravest_reached(absent_days: int, days: int, kind: Alert | None) -> None:
    """Law.md 4.1: persistent from 10 %, severe from 50 %, of the pupil's own possible sessions."""
    found = of_days(dict.fromkeys(range(absent_days), "I"), days, Lines())
    assert (None if found is None else found.kind) == kind


def test_below_90_percent_is_the_referral_line_and_one_of_95_comes_before_it() -> None:
    """Law.md section 7, S000: refer below 90 %. Persistent absence is graver, and begins at 90 % itself."""
    at_93 = dict.fromkeys(range(2), "I")
    assert held(of_days(at_93, 29)).kind is Alert.AT_RISK
    early = Lines(at_risk_below=Fraction(97, 100), referral_below=Fraction(95, 100))
    assert held(of_days(at_93, 29, early)).kind is Alert.REFERRAL_LINE
    assert held(of_days(at_93, 29, early)).evidence()["attendance_below_perc"] == 95
    assert of_days(at_93, 29, Lines()) is None, "the school has drawn no line for pupils at risk"
    assert of_days(at_93, 29, Lines(referral_below=None)) is None


def test_at_a_line_attendance_is_not_below_it() -> None:
    exactly_95 = dict.fromkeys(range(2), "I")
    assert of_days(exactly_95, 40) is None
    assert held(of_days(exactly_95, 39)).kind is Alert.AT_RISK


def test_one_alert_a_pupil_and_year_with_the_gravest_line_open_and_its_episodes() -> None:
    found = held(of_days(dict.fromkeys(range(2), "I"), 30))
    says = found.evidence()
    assert (found.kind, found.since, found.period) == (Alert.AT_RISK, DAYS[20], "2026-27")
    assert [(row["kind"], row["since"], row["until"]) for row in says["episodes"]] == [
        ("persistent-absence", DAYS[19].isoformat(), DAYS[19].isoformat()),
        ("at-risk", DAYS[20].isoformat(), None),
    ]
    assert (says["absent_sessions"], says["possible_sessions"], says["levels_from_sessions"]) == (4, 60, 40)
    assert says["overall_absence_perc"] == 6.66666666666667
    assert says["episodes"][1]["possible_sessions"] == 42


def test_nothing_is_said_of_fewer_sessions_than_the_school_asks_for() -> None:
    """Law.md 4.3: no minimum in the statistics, so it is the school's."""
    gone = dict.fromkeys(range(19), "I")
    assert of_days(gone, 19) is None
    assert held(of_days(gone, 20)).since == DAYS[19]
    assert held(of_days(gone, 1, Lines(levels_from_sessions=1))).kind is Alert.SEVERE_ABSENCE
    assert level([], BORN, "6", DAYS[0], Lines(levels_from_sessions=0)) is None


def test_a_line_that_is_reached_no_longer_leaves_nothing_open() -> None:
    assert of_days({0: "I", 1: "I"}, 45) is None
    assert of_days({}, 45) is None


def test_a_year_that_is_over_keeps_what_it_came_to() -> None:
    """The last day of the year is asked about: only an amendment changes it."""
    gone = dict.fromkeys(range(20, 60), "O")
    found = held(level(entries(gone, len(DAYS)), BORN, "6", date(2027, 7, 31)))
    assert (found.kind, found.period) == (Alert.PERSISTENT_ABSENCE, "2026-27")
    assert level(entries(gone, len(DAYS)), BORN, "7", date(2027, 9, 6)) is None, "the new year begins anew"


def test_sessions_that_are_not_possible_count_for_nothing() -> None:
    found = held(of_days({0: "I", 1: "I", 2: "D", 3: "X", 4: "Y1"}, 23))
    assert (found.evidence()["possible_sessions"], found.evidence()["absent_sessions"]) == (40, 4)


@pytest.mark.parametrize(
    ("group", "born", "spoken"),
    [
        ("N2", BORN, False),
        ("R", BORN, True),
        ("11", BORN, True),
        ("12", BORN, False),
        ("X", BORN, True),
        (None, BORN, True),
        ("X", date(2009, 1, 1), False),
        (None, date(1990, 1, 1), False),
    ],
)
def test_levels_are_spoken_of_from_reception_to_year_11(group: str | None, born: date, spoken: bool) -> None:
    assert has_levels(group, born, "2026-27") is spoken
    assert (of_days(dict.fromkeys(range(20), "I"), 20, group="N2")) is None


@given(st.lists(st.sampled_from(["/", "I", "O", "D"]), max_size=120), st.integers(1, 60))
def test_the_episodes_say_of_each_day_what_its_sums_say(codes: list[str], least: int) -> None:
    """A model: the tally of the entries up to each day, judged by itself."""
    lines = Lines(Fraction(95, 100), Fraction(9, 10), least)
    given_ = [(DAYS[n // 2], (AM, PM)[n % 2], code) for n, code in enumerate(codes)]
    course = list(episodes(given_, BORN, DAYS[-1], lines))
    for day in {on for on, _, code in given_ if code != "D"}:
        counted = tally((code, on, True, 1) for on, _, code in given_ if on <= day)
        absent, possible = counted.overall_absence, counted.possible_sessions
        expected: Alert | None = None
        if possible >= least:
            if is_severe(absent, possible):
                expected = Alert.SEVERE_ABSENCE
            elif is_persistent(absent, possible):
                expected = Alert.PERSISTENT_ABSENCE
            elif 1 - Fraction(absent, possible) < Fraction(95, 100):
                expected = Alert.AT_RISK
        of_day = [each.kind for each in course if each.since <= day and (each.until is None or day <= each.until)]
        assert of_day == ([] if expected is None else [expected])


@given(
    st.sampled_from(CODES), st.dates(date(1990, 1, 1), date(2040, 1, 1)), st.dates(date(1985, 1, 1), date(2035, 1, 1))
)
def test_a_day_is_worth_what_the_code_book_says_on_it(code: str, on: date, born: date) -> None:
    counted = tally([(code, on, of_compulsory_age(born, on), 1)])
    expected = [(on, counted.overall_absence, 1)] if counted.possible_sessions else []
    assert list(by_day([(on, AM, code)], born, on, on)) == expected


@pytest.mark.parametrize("on", [day for edge in edges() for day in (edge - timedelta(days=1), edge)])
def test_on_either_side_of_an_edge_of_the_code_book_each_code_has_its_own_worth(on: date) -> None:
    for code in CODES:
        counted = tally([(code, on, False, 1)])
        expected = [(on, counted.overall_absence, 1)] if counted.possible_sessions else []
        assert list(by_day([(on, AM, code)], date(1950, 1, 1), on, on)) == expected


@pytest.mark.parametrize(
    ("born", "on", "possible"),
    [
        (date(2016, 3, 20), date(2021, 3, 30), 0),
        (date(2016, 3, 20), date(2021, 3, 31), 1),
        (date(2005, 6, 1), date(2021, 6, 25), 1),
        (date(2005, 6, 1), date(2021, 6, 26), 0),
    ],
)
def test_the_pandemics_x_is_possible_on_the_first_and_the_last_day_of_compulsory_age(
    born: date, on: date, possible: int
) -> None:
    assert sum(counted for _, _, counted in by_day([(on, AM, "X")], born, on, on)) == possible


def test_only_days_within_the_bounds_are_summed() -> None:
    assert [on for on, _, _ in by_day(entries({}, 5), BORN, DAYS[1], DAYS[3])] == list(DAYS[1:4])


def test_an_episode_is_told_in_plain_values() -> None:
    assert Episode(Alert.AT_RISK, DAYS[0], None, 1, 2).plain()["until"] is None


def test_a_severely_absent_pupil_without_a_plan_is_said_to_have_none() -> None:
    """Law.md section 7, S002: a joint approach for every severely absent pupil."""
    severe = of_days(dict.fromkeys(range(10), "O"), 20)
    found = held(severe_without_plan(severe, has_plan=False))
    assert (found.kind, found.since, found.period) == (Alert.SEVERE_WITHOUT_PLAN, DAYS[19], "2026-27")
    assert found.evidence()["absent_sessions"] == 20
    assert severe_without_plan(severe, has_plan=True) is None
    assert severe_without_plan(of_days({0: "I", 1: "I"}, 20), has_plan=False) is None
    assert severe_without_plan(None, has_plan=False) is None


def of_weeks(first: int, absent: list[int]) -> list[Standing]:
    """Entries of school weeks from the nth on, with so many sessions of I in each, from its first on."""
    found: list[Standing] = []
    for monday, n in zip(WEEKS[first:], absent, strict=False):
        sessions = [(day, session) for day in DAYS if week_of(day) == monday for session in (AM, PM)]
        found += [(day, at, "I" if k < n else "/") for k, (day, at) in enumerate(sessions)]
    return found


TWELVE = date(2026, 12, 4)
"""The Friday of the twelfth full school week: the first is that of 7 September, and half-term lies between."""


def test_attendance_of_a_pupil_with_a_plan_falls_by_five_points_and_four_sessions() -> None:
    assert ehcp_falling(of_weeks(1, [0] * 6 + [1, 1, 1, 0, 0, 0]), BORN, DAYS[1:], TWELVE) is None, "3 sessions"
    found = held(ehcp_falling(of_weeks(1, [0] * 6 + [1, 1, 1, 0, 0, 1]), BORN, DAYS[1:], TWELVE))
    assert (found.kind, found.since, found.period) == (Alert.EHCP_FALLING, TWELVE, "2026-27")
    says = found.evidence()
    assert (says["from"], says["before_from"]) == ("2026-10-19", "2026-09-07")
    counted = (says["counted_sessions"], says["possible_sessions"], says["counted_sessions_before"])
    assert counted == (4, 60, 0)


def test_four_sessions_of_many_are_less_than_five_points_and_five_points_of_few_less_than_four_sessions() -> None:
    long_absent = of_weeks(1, [5] * 6 + [6, 6, 6, 5, 5, 5])
    assert ehcp_falling(long_absent, BORN, DAYS[1:], TWELVE) is None, "3 sessions are 5 points"
    part_time = [entry for entry in of_weeks(1, [0] * 6 + [1, 1, 1, 0, 0, 0]) if entry[0].weekday() < 2]
    assert ehcp_falling(part_time, BORN, DAYS[1:], TWELVE) is None, "3 sessions of 24 are 12.5 points"


def test_a_week_that_is_not_over_and_twelve_that_are_not_there_say_nothing() -> None:
    fallen = of_weeks(1, [0] * 6 + [2] * 6)
    assert ehcp_falling(fallen, BORN, DAYS[1:], date(2026, 12, 3)) is None
    assert ehcp_falling([], BORN, DAYS[1:], TWELVE) is None
    new = [entry for entry in fallen if entry[0] >= date(2026, 10, 19)]
    assert ehcp_falling(new, BORN, DAYS[1:], TWELVE) is None, "there is nothing to compare"


def test_a_fall_that_lasts_holds_since_the_week_that_completed_it_and_then_is_over() -> None:
    fallen = of_weeks(0, [0] * 7 + [2] * 6 + [0] * 20)
    later = held(ehcp_falling(fallen, BORN, DAYS, date(2026, 12, 11)))
    assert later.since < TWELVE and later.evidence()["from"] == "2026-11-02"
    assert ehcp_falling(fallen, BORN, DAYS, date(2027, 3, 12)) is None


def test_unauthorised_absence_of_a_school_rises_by_a_point_and_twenty_sessions() -> None:
    def school(after: int) -> list[tuple[date, int, int]]:
        return [(day, 2 if day < date(2026, 10, 19) else after, 200) for day in DAYS]

    assert school_unauthorised_rising(school(3), DAYS[1:], TWELVE) is None, "30 sessions, half a point"
    found = held(school_unauthorised_rising(school(4), DAYS[1:], TWELVE))
    assert (found.kind, found.since, found.period) == (Alert.SCHOOL_UNAUTHORISED_RISING, TWELVE, "2026-27")
    assert (found.evidence()["perc"], found.evidence()["perc_before"]) == (2, 1)
    few = [(day, 0 if day < date(2026, 11, 30) else 1, 4) for day in DAYS]
    assert school_unauthorised_rising(few, DAYS[1:], TWELVE) is None, "four points, but five sessions"
    assert school_unauthorised_rising(few, DAYS[1:], TWELVE, sessions=5) is not None


def group_of(attended: int, of: int, days: int = 30) -> tuple[Day, ...]:
    return tuple(Day(day, of, attended) for day in DAYS[:days])


def test_a_school_year_group_or_class_is_below_its_target() -> None:
    """Law.md section 7, S000: school minimum 96 %."""
    target = Fraction(96, 100)
    found = held(below_target("class 3A", group_of(95, 100), target))
    assert (found.kind, found.since, found.period) == (Alert.BELOW_TARGET, DAYS[19], "2026-27 class 3A")
    assert (found.evidence()["attendance_perc"], found.evidence()["target_perc"]) == (95, 96)
    assert below_target("school", group_of(96, 100), target) is None
    assert below_target("school", group_of(95, 100, 19), target) is None, "the year has just begun"
    assert below_target("school", group_of(95, 100), None) is None, "no target was set"
    assert below_target("school", (), target) is None


def test_below_target_holds_since_the_stretch_that_lasts() -> None:
    days = [*group_of(90, 100, 22), Day(DAYS[22], 400, 400), Day(DAYS[23], 1000, 1000), Day(DAYS[24], 900, 400)]
    assert held(below_target("school", days, Fraction(9, 10))).since == DAYS[24]
    assert below_target("school", days[:-1], Fraction(9, 10)) is None


def test_a_cohort_that_attends_markedly_less_has_a_gap() -> None:
    cohort, others = Cohort(12, group_of(88, 100)), Cohort(150, group_of(930, 1000))
    found = held(cohort_gap("fsm", cohort, others))
    assert (found.kind, found.since, found.period) == (Alert.COHORT_GAP, DAYS[19], "2026-27 fsm")
    assert (found.evidence()["attendance_perc"], found.evidence()["other_attendance_perc"]) == (88, 93)
    assert cohort_gap("fsm", cohort, Cohort(150, group_of(929, 1000))) is None, "4.9 points"


def test_few_pupils_have_no_gap() -> None:
    cohort, others = Cohort(9, group_of(50, 100)), Cohort(150, group_of(930, 1000))
    assert cohort_gap("fsm", cohort, others) is None
    assert cohort_gap("fsm", others, cohort) is None
    assert cohort_gap("fsm", cohort, others, least_pupils=9) is not None
    assert cohort_gap("fsm", Cohort(12, group_of(0, 0)), others) is None, "no possible session"
