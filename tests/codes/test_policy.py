"""What a school sets for itself (law.md section 7, design: policy)."""

from collections.abc import Mapping
from datetime import date, time
from fractions import Fraction
from typing import Any

import pytest

from codes import policy
from codes.book import Session
from codes.members import PolicyFault
from codes.policy import Policy, RegisterTimes
from codes.staged import Late

TODAY = date(2026, 9, 7)
MORNING = {"session": "AM", "opens": "09:00", "closes": "09:30", "ends": "12:00"}
AFTERNOON = {"session": "PM", "opens": "13:00", "closes": "13:30", "ends": "15:15"}
YOUNGER = AFTERNOON | {"year_groups": ["R", "1", "2"]}
OLDER = {"session": "PM", "opens": "13:15", "closes": "13:45", "ends": "15:15", "year_groups": ["3", "4", "5", "6"]}


def stated(*registers: Mapping[str, Any], **others: Any) -> Policy:
    return policy.policy_from_body({"registers": list(registers), **others})


def test_a_policy_is_read_from_its_body() -> None:
    read = stated(MORNING, YOUNGER, OLDER, target=96, referral_below=92.5)
    assert read.registers[0] == RegisterTimes(Session.AM, time(9), time(9, 30), time(12), None)
    assert read.registers[1].year_groups == ("R", "1", "2")
    assert read.target == Fraction(24, 25)
    assert read.referral_below == Fraction(37, 40)
    assert read.levels_from_sessions == 40
    assert stated(MORNING, AFTERNOON, levels_from_sessions=1).levels_from_sessions == 1


def test_a_school_may_set_what_it_asks_of_parents_and_what_it_does_when() -> None:
    read = stated(
        MORNING,
        AFTERNOON,
        at_risk_below=95,
        report_by="09:00",
        register_grace_minutes=0,
        illness_evidence_after_days=5,
        staged_approach={"late": {"times": 2, "within_weeks": 1}},
        reporting_cycle="half-termly",
        monitoring_cycles=["weekly", "yearly"],
    )
    assert (read.at_risk_below, read.report_by) == (Fraction(19, 20), time(9))
    assert (read.register_grace_minutes, read.illness_evidence_after_days) == (0, 5)
    assert read.staged_approach.late == Late(2, 1)
    assert (read.reporting_cycle, read.monitoring_cycles) == ("half-termly", ("weekly", "yearly"))


def test_a_policy_of_before_is_the_policy_it_was() -> None:
    """Nothing is asked of anybody by what a school has not set."""
    read = stated(MORNING, AFTERNOON, target=96, referral_below=90)
    assert read == Policy(read.registers, Fraction(24, 25), Fraction(9, 10))
    assert (read.at_risk_below, read.report_by, read.illness_evidence_after_days) == (None, None, None)
    assert (read.reporting_cycle, read.monitoring_cycles, read.register_grace_minutes) == (None, (), 30)
    assert (read.staged_approach.late, read.staged_approach.steps) == (None, ())
    assert policy.warnings(read, TODAY) == ()


def test_a_school_may_keep_its_register_longer_than_six_years_and_not_shorter() -> None:
    """Law.md 1.4: reg 7."""
    assert stated(MORNING, AFTERNOON).retention_years == 6
    assert [stated(MORNING, AFTERNOON, retention_years=years).retention_years for years in (6, 25)] == [6, 25]
    with pytest.raises(policy.RetentionTooShort, match="regulation 7") as caught:
        stated(MORNING, AFTERNOON, retention_years=3)
    assert (caught.value.member, caught.value.slug) == ("retention_years", "retention-too-short")
    for wrong in (0, "6", 6.5, True, 101):
        with pytest.raises(PolicyFault, match="retention_years") as wrongly:
            stated(MORNING, AFTERNOON, retention_years=wrong)
        assert wrongly.value.slug == "invalid-policy"


def test_each_year_group_has_its_own_register() -> None:
    """Law.md section 7, S003: two afternoon registers."""
    read = stated(MORNING, YOUNGER, OLDER)
    assert policy.times(read, Session.AM, "4").opens == time(9)
    assert policy.times(read, Session.PM, "1").opens == time(13)
    assert policy.times(read, Session.PM, "4").opens == time(13, 15)


def test_a_year_group_that_no_register_names_has_the_one_for_the_others() -> None:
    read = stated(MORNING, OLDER, AFTERNOON)
    assert policy.times(read, Session.PM, "N1").opens == time(13)
    assert policy.times(read, Session.PM, None).opens == time(13)
    assert policy.times(read, Session.PM, "3").opens == time(13, 15)


def test_a_year_group_that_no_register_concerns_has_the_first() -> None:
    read = stated(MORNING, YOUNGER, OLDER)
    assert policy.times(read, Session.PM, "N1").opens == time(13)


def test_a_policy_made_by_hand_without_a_register_is_an_error() -> None:
    with pytest.raises(LookupError, match="no register for PM"):
        policy.times(Policy(policy.DEFAULT.registers[:1], None, None), Session.PM, None)


def test_a_school_that_states_nothing_has_registers_of_thirty_minutes() -> None:
    assert [(r.session, r.opens, r.closes, r.ends) for r in policy.DEFAULT.registers] == [
        (Session.AM, time(8, 45), time(9, 15), time(12)),
        (Session.PM, time(13), time(13, 30), time(15, 15)),
    ]
    assert policy.warnings(policy.DEFAULT, TODAY) == ()


@pytest.mark.parametrize(
    ("body", "member"),
    [
        ({}, "registers"),
        ({"registers": "AM"}, "registers"),
        ({"registers": []}, "registers"),
        ({"registers": [MORNING]}, "registers"),
        ({"registers": ["AM"]}, "registers/0"),
        ({"registers": [MORNING | {"session": "EVE"}, AFTERNOON]}, "registers/0/session"),
        ({"registers": [MORNING | {"opens": "9:00"}, AFTERNOON]}, "registers/0/opens"),
        ({"registers": [MORNING | {"closes": "24:00"}, AFTERNOON]}, "registers/0/closes"),
        ({"registers": [MORNING | {"ends": None}, AFTERNOON]}, "registers/0/ends"),
        ({"registers": [MORNING | {"closes": "09:00"}, AFTERNOON]}, "registers/0/closes"),
        ({"registers": [MORNING | {"ends": "09:29"}, AFTERNOON]}, "registers/0/ends"),
        ({"registers": [MORNING | {"room": "4B"}, AFTERNOON]}, "registers/0/room"),
        ({"registers": [MORNING, AFTERNOON, AFTERNOON]}, "registers/2"),
        ({"registers": [MORNING, YOUNGER, OLDER | {"year_groups": ["2", "3"]}]}, "registers/2/year_groups"),
        ({"registers": [MORNING, YOUNGER | {"year_groups": []}]}, "registers/1/year_groups"),
        ({"registers": [MORNING, YOUNGER | {"year_groups": "R"}]}, "registers/1/year_groups"),
        ({"registers": [MORNING, YOUNGER | {"year_groups": ["R", "15"]}]}, "registers/1/year_groups/1"),
        ({"registers": [MORNING, AFTERNOON | {"opens": "11:00"}]}, "registers/1/opens"),
        ({"registers": [AFTERNOON | {"opens": "11:00"}, MORNING]}, "registers/0/opens"),
        ({"registers": [MORNING, AFTERNOON], "target": "96"}, "target"),
        ({"registers": [MORNING, AFTERNOON], "target": True}, "target"),
        ({"registers": [MORNING, AFTERNOON], "referral_below": 101}, "referral_below"),
        ({"registers": [MORNING, AFTERNOON], "referral_below": float("nan")}, "referral_below"),
        ({"registers": [MORNING, AFTERNOON], "levels_from_sessions": 0}, "levels_from_sessions"),
        ({"registers": [MORNING, AFTERNOON], "levels_from_sessions": 1.5}, "levels_from_sessions"),
        ({"registers": [MORNING, AFTERNOON], "levels_from_sessions": True}, "levels_from_sessions"),
        ({"registers": [MORNING, AFTERNOON], "at_risk_below": "95"}, "at_risk_below"),
        ({"registers": [MORNING, AFTERNOON], "report_by": "9am"}, "report_by"),
        ({"registers": [MORNING, AFTERNOON], "report_by": 9}, "report_by"),
        ({"registers": [MORNING, AFTERNOON], "register_grace_minutes": -1}, "register_grace_minutes"),
        ({"registers": [MORNING, AFTERNOON], "register_grace_minutes": None}, "register_grace_minutes"),
        ({"registers": [MORNING, AFTERNOON], "illness_evidence_after_days": 2.5}, "illness_evidence_after_days"),
        ({"registers": [MORNING, AFTERNOON], "reporting_cycle": "daily"}, "reporting_cycle"),
        ({"registers": [MORNING, AFTERNOON], "monitoring_cycles": "termly"}, "monitoring_cycles"),
        ({"registers": [MORNING, AFTERNOON], "monitoring_cycles": ["termly", "often"]}, "monitoring_cycles/1"),
        ({"registers": [MORNING, AFTERNOON], "monitoring_cycles": ["weekly", "weekly"]}, "monitoring_cycles"),
        ({"registers": [MORNING, AFTERNOON], "n_days": 9}, "n_days"),
    ],
)
def test_a_policy_that_cannot_be_names_the_member_at_fault(body: dict[str, Any], member: str) -> None:
    """What the law fixes, such as the five days of N, is no member and so cannot be set."""
    with pytest.raises(PolicyFault) as raised:
        policy.policy_from_body(body)
    assert raised.value.member == member
    assert raised.value.detail in str(raised.value)


def test_a_morning_may_run_into_the_afternoon_of_other_year_groups() -> None:
    late_morning = MORNING | {"ends": "13:10", "year_groups": ["3", "4"]}
    early_morning = MORNING | {"year_groups": ["R", "1"]}
    read = stated(late_morning, early_morning, YOUNGER, OLDER)
    assert policy.times(read, Session.AM, "3").ends == time(13, 10)


def test_a_register_open_for_over_thirty_minutes_is_allowed_with_a_warning() -> None:
    """Law.md section 2, row L: at most 30 minutes, which is guidance."""
    found = policy.warnings(stated(MORNING | {"closes": "09:31"}, AFTERNOON | {"closes": "13:31"}), TODAY)
    assert [w.member for w in found] == ["registers/0/closes", "registers/1/closes"]
    assert "31 minutes" in found[0].detail and found[0].source


def test_registers_of_unequal_lengths_are_allowed_with_a_warning() -> None:
    """Law.md section 7, S001: 15 minutes in the morning, 10 in the afternoon."""
    (found,) = policy.warnings(stated(MORNING | {"closes": "09:15"}, AFTERNOON | {"closes": "13:10"}), TODAY)
    assert found.member == "registers" and "10 and 15 minutes" in found.detail


def test_two_afternoon_registers_at_different_times_are_allowed_with_a_warning() -> None:
    """Law.md section 9, doubt 18."""
    (found,) = policy.warnings(stated(MORNING, YOUNGER, OLDER), TODAY)
    assert found.detail.startswith("PM") and "paragraph 32" in found.source


def test_a_class_may_have_a_target_of_its_own() -> None:
    """Design 6: targets are the school's own."""
    read = stated(MORNING, AFTERNOON, class_targets={"4B": 97.5, "5A": 90})
    assert read.class_targets == (("4B", Fraction(39, 40)), ("5A", Fraction(9, 10)))
    assert stated(MORNING, AFTERNOON).class_targets == ()


@pytest.mark.parametrize(
    ("targets", "member"),
    [(["4B"], "class_targets"), ({"4B": None}, "class_targets/4B"), ({"4B": 101}, "class_targets/4B")],
)
def test_a_target_that_is_no_percentage_of_a_class_is_refused(targets: object, member: str) -> None:
    with pytest.raises(PolicyFault) as caught:
        stated(MORNING, AFTERNOON, class_targets=targets)
    assert caught.value.member == member
