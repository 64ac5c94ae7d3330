"""Every number of the five policies (law.md section 7), named after policy and number, and what contradicts the law.

S000 to S002; those of S003 and S004 are in `test_five_policies_s003_s004`.
"""

from datetime import date, time, timedelta
from fractions import Fraction

import pytest

from codes.book import Session, read
from codes.penalty import penalty_threshold
from codes.policy import Cycle, Policy, policy_from_body, warnings
from codes.staged import Step
from codes.tallies import days_lost, is_persistent, is_severe, tally
from tests.support import five_policies
from tests.support.papers import TODAY, advised, contradicted, register, stated, wins

UNDER_THE_OLD_LAW = date(2023, 9, 4)
S000, S001, S002 = map(policy_from_body, (five_policies.S000, five_policies.S001, five_policies.S002))

# S000


def test_s000_the_morning_register_is_open_from_8_40_to_8_55() -> None:
    assert register(S000, Session.AM) == (time(8, 40), time(8, 55), time(12))


def test_s000_the_afternoon_register_opens_at_1_00() -> None:
    assert register(S000, Session.PM)[0] == time(13)


def test_s000_the_target_is_96_percent() -> None:
    assert S000.target == Fraction(96, 100)


def test_s000_it_refers_below_90_percent() -> None:
    assert S000.referral_below == Fraction(90, 100)


def test_s000_parents_report_by_9_00() -> None:
    assert S000.report_by == time(9)


def test_s000_the_first_day_has_a_call_and_the_third_a_visit_and_a_meeting_follows() -> None:
    approach = S000.staged_approach
    assert (approach.call_on_day, approach.visit_on_day) == (1, 3)
    assert approach.steps == (Step("meeting", None, None),)


def test_s000_analysis_is_termly() -> None:
    assert S000.monitoring_cycles == (Cycle.TERMLY,)


def test_s000_persistent_is_10_percent_and_severe_50() -> None:
    assert [is_persistent(absent, 380) for absent in (37, 38)] == [False, True]
    assert [is_severe(absent, 380) for absent in (189, 190)] == [False, True]
    assert not {"persistent_perc", "severe_perc"} & contradicted(S000).keys()
    assert contradicted(stated(severe_perc=40))["severe_perc"].detail == (
        "The school's paper says 40; nationally severe is 50 % missed, and so is it counted here."
    )


def test_s000_60_and_120_pounds_are_superseded_by_80_and_160() -> None:
    wins(S000, "penalty_notice/early", "60", "£80")
    wins(S000, "penalty_notice/first", "120", "£160")
    assert "SI 2024/210" in contradicted(S000)["penalty_notice/first"].source


def test_s000_21_and_28_days_are_as_they_were() -> None:
    assert not {"penalty_notice/early_days", "penalty_notice/first_days"} & contradicted(S000).keys()
    wins(stated(penalty_notice={"first_days": 42}), "penalty_notice/first_days", "42", "28 days")


def test_s000_no_limit_for_n_is_superseded_by_five_school_days() -> None:
    wins(S000, "n_limit", "no limit", "5 school days")
    assert "10(7) to (9)" in contradicted(S000)["n_limit"].source


def test_s000_a_rolling_academic_year_is_superseded_by_10_school_weeks() -> None:
    wins(S000, "penalty_threshold/within", "rolling academic year", "10 rolling school weeks")


def test_s000_19_5_days_lost_at_90_percent_are_19_0() -> None:
    (member,) = (member for member in contradicted(S000) if member.startswith("days_lost"))
    assert member == "days_lost/1"
    assert contradicted(S000)[member].detail == (
        "The school's paper says 19.5 days lost at 90 %; nationally it is 19.0 of 190 days, and so is it counted here."
    )


@pytest.mark.parametrize(("attendance", "days"), [(95, 9.5), (90, 19.0), (85, 28.5), (75, 47.5)])
def test_s000_the_days_lost_of_its_table_are_those_of_the_figures(attendance: int, days: float) -> None:
    absent = 380 * (100 - attendance) // 100
    counted = tally([("I", TODAY, True, absent), ("/", TODAY, True, 380 - absent)])
    assert days_lost(counted) == {"days_lost": days, "days_lost_a_year": days}
    assert contradicted(stated(days_lost=[{"attendance": attendance, "days": days}])) == {}


def test_s000_h_j_and_y_are_codes_no_more() -> None:
    wins(S000, "codes", "H, J, Y are codes", "2024 code set")


def test_s000_stood_with_the_law_of_its_own_day_but_for_its_table() -> None:
    """The numbers of September 2023: what is national is dated."""
    assert list(contradicted(S000, UNDER_THE_OLD_LAW)) == ["days_lost/1"]
    assert list(contradicted(S000, date(2024, 8, 18))) == ["days_lost/1"]
    assert len(contradicted(S000, date(2024, 8, 19))) == 6


# S001


def test_s001_the_morning_register_is_open_for_15_minutes_from_9_00_and_the_afternoon_for_10_from_1_30() -> None:
    assert register(S001, Session.AM)[:2] == (time(9), time(9, 15))
    assert register(S001, Session.PM)[:2] == (time(13, 30), time(13, 40))


def test_s001_unequal_lengths_are_advised_against() -> None:
    assert advised(S001) == ["registers", "reporting_cycle"]
    assert "10 and 15 minutes" in warnings(S001, TODAY)[0].detail


def test_s001_parents_report_by_9_00_and_the_office_calls_the_same_morning() -> None:
    assert (S001.report_by, S001.staged_approach.call_on_day, S001.staged_approach.visit_on_day) == (time(9), 1, None)


def test_s001_the_goal_is_100_percent() -> None:
    assert S001.target == 1


def test_s001_parents_are_told_once_a_year_and_should_be_regularly() -> None:
    assert S001.reporting_cycle is Cycle.YEARLY
    assert "regularly" in warnings(S001, TODAY)[1].detail


def test_s001_3_years_of_keeping_are_6() -> None:
    wins(S001, "retention_years", "3", "6 years")
    assert "regulation 7" in contradicted(S001)["retention_years"].source
    assert S001.retention_years == 6, "what the paper says decides nothing"
    assert "retention_years" not in contradicted(S001, UNDER_THE_OLD_LAW)


def test_s001_n_counts_to_the_threshold_though_the_paper_leaves_it_out() -> None:
    wins(S001, "penalty_threshold/codes", "G, O, U count", "G, N, O, U count")
    assert read("N", TODAY).threshold


def test_s001_10_sessions_in_10_weeks_are_the_law() -> None:
    assert not {"penalty_threshold/sessions", "penalty_threshold/weeks"} & contradicted(S001).keys()
    wins(stated(penalty_threshold={"sessions": 12, "weeks": 6}), "penalty_threshold/sessions", "12", "10 unauthorised")


def test_s001_the_ten_may_span_terms_years_and_settings() -> None:
    """The school weeks of both settings together, the summer's being none."""
    weeks = [date(2025, 7, 7) + timedelta(weeks=n) for n in (0, 1, 8, 9)]
    ten = [(monday, session, "O") for monday in weeks for session in Session]
    two_more = [(weeks[-1] + timedelta(days=1), session, "G") for session in Session]
    met = penalty_threshold([*ten, *two_more], weeks, date(2015, 2, 11))
    assert met is not None
    assert met.met_on == date(2025, 9, 9)


def test_s001_80_pounds_in_21_days_160_for_a_second_within_3_years_and_no_third() -> None:
    assert not [member for member in contradicted(S001) if member.startswith("penalty_notice")]
    wins(stated(penalty_notice={"second": 80}), "penalty_notice/second", "80", "£160")
    wins(stated(penalty_notice={"most": 3}), "penalty_notice/most", "3", "2 notices")
    wins(stated(penalty_notice={"years": 1}), "penalty_notice/years", "1", "3 years")


def test_s001_2500_pounds_and_3_months_are_the_most_of_a_court() -> None:
    assert not [member for member in contradicted(S001) if member.startswith("court")]
    wins(stated(court={"fine": 1000}), "court/fine", "1000", "£2,500")


def test_s001_15_days_of_sickness_are_to_be_returned() -> None:
    assert "sickness_return_days" not in contradicted(S001)
    wins(stated(sickness_return_days=20), "sickness_return_days", "20", "15 school days")
    assert contradicted(stated(sickness_return_days=10)) == {}, "the return may be made on a forecast"


def test_s001_an_amendment_shows_five_facts() -> None:
    assert "amendment_shows" not in contradicted(S001)
    three = stated(amendment_shows=["original-entry", "amended-entry", "date"])
    wins(three, "amendment_shows", "nothing of reason, name and position", "who made it")


# S002


def test_s002_a_conversation_every_term_and_nothing_against_it() -> None:
    assert S002.monitoring_cycles == (Cycle.TERMLY,)
    assert warnings(S002, TODAY) == ()


def test_what_the_papers_say_decides_nothing() -> None:
    """Without their papers the five set what they set with them."""
    for name in ("S000", "S001", "S003", "S004"):
        body = dict(getattr(five_policies, name))
        paper = policy_from_body(body).stated
        silent = policy_from_body({key: value for key, value in body.items() if key != "stated"})
        assert paper != silent.stated
        assert policy_from_body(body) == Policy(**{**vars(silent), "stated": paper})
