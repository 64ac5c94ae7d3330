"""Every number of the policies S003 and S004 (law.md section 7), as `test_five_policies` has those of the others."""

from datetime import time

import pytest

from codes.book import Session, lawful, read
from codes.policy import Cycle, policy_from_body, warnings
from codes.staged import Late
from tests.support import five_policies
from tests.support.papers import TODAY, advised, contradicted, register, stated, wins

S003, S004 = policy_from_body(five_policies.S003), policy_from_body(five_policies.S004)

# S003


def test_s003_the_morning_register_is_open_for_30_minutes_from_9_00() -> None:
    assert register(S003, Session.AM)[:2] == (time(9), time(9, 30))


@pytest.mark.parametrize("group", ["N1", "N2", "R", "1", "2"])
def test_s003_the_afternoon_register_of_eyfs_and_ks1_is_open_from_1_00_to_1_30(group: str) -> None:
    assert register(S003, Session.PM, group) == (time(13), time(13, 30), time(15, 15))


@pytest.mark.parametrize("group", ["3", "4", "5", "6"])
def test_s003_the_afternoon_register_of_ks2_is_open_from_1_15_to_1_45(group: str) -> None:
    assert register(S003, Session.PM, group) == (time(13, 15), time(13, 45), time(15, 15))


def test_s003_two_afternoon_registers_are_advised_against() -> None:
    assert advised(S003) == ["registers", "illness_evidence_after_days"]
    assert "PM registers open at 2 times" in warnings(S003, TODAY)[0].detail


def test_s003_6_years_of_keeping_are_the_law() -> None:
    assert "retention_years" not in contradicted(S003)


def test_s003_5_working_days_for_n_are_5_school_days() -> None:
    assert list(contradicted(S003)) == ["n_limit"]
    wins(S003, "n_limit", "5 working days", "5 school days")


def test_s003_evidence_of_more_than_5_days_of_illness_is_allowed_and_goes_further_than_the_guidance() -> None:
    assert S003.illness_evidence_after_days == 5
    found = warnings(S003, TODAY)[1]
    assert "more than 5 days" in found.detail and "365" in found.source


def test_s003_late_twice_in_one_week_or_over_two_is_taken_up() -> None:
    assert S003.staged_approach.late == Late(times=2, within_weeks=2)


def test_s003_a_letter_is_followed_by_a_meeting() -> None:
    assert [step.step for step in S003.staged_approach.steps] == ["letter", "meeting"]


def test_s003_parents_report_by_9_00_and_are_called_on_the_first_day() -> None:
    assert (S003.report_by, S003.staged_approach.call_on_day) == (time(9), 1)


def test_s003_a_new_pupil_is_told_within_5_days() -> None:
    assert "new_pupil_return_days" not in contradicted(S003)
    wins(stated(new_pupil_return_days=10), "new_pupil_return_days", "10", "5th day")


def test_s003_80_pounds_in_21_days_160_in_28_and_a_second_160_in_28() -> None:
    assert not [member for member in contradicted(S003) if member.startswith("penalty_notice")]
    wins(stated(penalty_notice={"second_days": 21}), "penalty_notice/second_days", "21", "28 days")


def test_s003_the_first_5_days_of_an_exclusion_have_a_notice_of_their_own() -> None:
    """The amounts of before, within 21 and 28 days."""
    assert not [member for member in contradicted(S003) if member.startswith("excluded")]
    assert contradicted(stated(excluded_in_public={"early": 60, "late": 120})) == {}
    wins(stated(excluded_in_public={"early": 80}), "excluded_in_public/early", "80", "£60")


def test_s003_a_notice_to_improve_gives_3_to_6_weeks() -> None:
    assert not [member for member in contradicted(S003) if member.startswith("improvement")]
    assert contradicted(stated(improvement_weeks={"least": 4, "most": 5})) == {}
    wins(stated(improvement_weeks={"least": 2}), "improvement_weeks/least", "2", "3 weeks")
    wins(stated(improvement_weeks={"most": 12}), "improvement_weeks/most", "12", "6 weeks")


def test_s003_it_looks_monthly_half_termly_termly_and_yearly_and_reports_termly() -> None:
    assert S003.monitoring_cycles == (Cycle.MONTHLY, Cycle.HALF_TERMLY, Cycle.TERMLY, Cycle.YEARLY)
    assert S003.reporting_cycle is Cycle.TERMLY


# S004


def test_s004_the_day_is_8_45_to_3_15_and_the_afternoon_register_opens_at_1_15() -> None:
    assert register(S004, Session.AM)[0] == time(8, 45)
    assert (register(S004, Session.PM)[0], register(S004, Session.PM)[2]) == (time(13, 15), time(15, 15))


def test_s004_reception_is_8_50_to_3_05_five_minutes_after_the_register_opens() -> None:
    assert register(S004, Session.AM, "R") == (time(8, 50), time(9, 15), time(12))
    assert register(S004, Session.PM, "R")[2] == time(15, 5)
    assert advised(S004) == ["registers", "registers", "illness_evidence_after_days"]


def test_s004_9_00_against_9_15_is_said_and_the_register_closes_as_it_is_set() -> None:
    assert contradicted(S004)["registers_close/AM"].detail == (
        "The school's paper says AM closes at 09:00, 09:15. Here it closes at 09:15: that decides L or U."
    )
    assert register(S004, Session.AM)[1] == time(9, 15)
    agreeing = policy_from_body({**five_policies.S004, "stated": {"registers_close": {"AM": ["09:15"]}}})
    assert contradicted(agreeing) == {}


def test_s004_3_years_of_keeping_are_6() -> None:
    wins(S004, "retention_years", "3", "6 years")


def test_s004_5_days_for_n_may_stand_for_school_days() -> None:
    assert "n_limit" not in contradicted(S004)
    wins(stated(n_limit={"days": 6}), "n_limit", "6 school days", "5 school days")


def test_s004_parents_report_by_9_00() -> None:
    assert S004.report_by == time(9)


def test_s004_all_illness_needs_evidence_which_goes_further_than_the_guidance() -> None:
    assert S004.illness_evidence_after_days == 0
    assert "of any length" in warnings(S004, TODAY)[2].detail


def test_s004_a_letter_is_followed_by_a_further_letter() -> None:
    assert [step.step for step in S004.staged_approach.steps] == ["letter", "further-letter"]


def test_s004_it_looks_weekly_and_its_boards_termly() -> None:
    assert S004.monitoring_cycles == (Cycle.WEEKLY, Cycle.TERMLY)


def test_s004_annex_a_files_codes_under_absence_that_are_no_possible_session() -> None:
    found = contradicted(S004)
    authorised, unauthorised = (found[f"classes/{kind}-absence"].detail for kind in ("authorised", "unauthorised"))
    assert "D, Q, X, Y1, Y2, Y3, Y4, Y5, Y6, Y7 count as authorised absence" in authorised
    assert "Z, # count as unauthorised absence" in unauthorised
    assert all("nationally each is no possible session" in detail for detail in (authorised, unauthorised))
    assert not any(read(code, TODAY, compulsory=False).possible for code in ("D", "Q", "X", "Y7", "Z", "#"))


def test_s004_a_code_filed_under_another_class_of_possible_sessions_is_said_too() -> None:
    paper = stated(classes={"present": ["L", "U"], "not-possible": ["#", "B"]})
    assert contradicted(paper)["classes/present"].detail.endswith(
        "says U count as present; nationally each is unauthorised absence, and so is it counted here."
    )
    assert "B count as not possible" in contradicted(paper)["classes/not-possible"].detail


def test_s004_a_part_time_timetable_must_not_make_all_absence_authorised() -> None:
    wins(S004, "part_time_absence", "absence on a part-time timetable must be authorised", "at the times and dates")
    reading = lawful("C2", TODAY)
    assert reading is not None and reading.kind == "authorised-absence"


def test_s004_the_law_began_on_19_august_2024_and_not_in_september() -> None:
    wins(S004, "in_force_from", "2024-09-01", "19 August 2024")
    assert contradicted(stated(in_force_from="2024-08-19")) == {}


def test_s004_80_160_21_28_and_3_to_6_weeks_are_the_law() -> None:
    assert sorted(contradicted(S004)) == [
        "classes/authorised-absence",
        "classes/unauthorised-absence",
        "in_force_from",
        "part_time_absence",
        "registers_close/AM",
        "retention_years",
    ]
