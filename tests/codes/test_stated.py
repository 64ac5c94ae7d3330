"""What may be stated of a school's paper, and what cannot be read; what is national, from which day on."""

from dataclasses import fields
from datetime import date, time
from fractions import Fraction
from typing import Any

import pytest

from codes.book import Session
from codes.members import PolicyFault
from codes.national import MEMBERS, NUMBERS, in_force
from codes.policy import Policy, policy_from_body, warnings
from codes.staged import Late, StagedApproach, Step, staged_approach
from codes.stated import OTHERS, NLimit, Stated, stated_in
from tests.support import tree
from tests.support.five_policies import S002

TODAY = date(2026, 9, 7)


def test_a_paper_that_says_nothing_contradicts_nothing() -> None:
    assert stated_in({}, "stated") == Stated()
    assert warnings(policy_from_body({**S002, "stated": {}}), TODAY) == ()


def test_a_paper_is_read_from_its_body() -> None:
    read = stated_in(
        {
            "retention_years": 3,
            "penalty_notice": {"first": 120},
            "n_limit": {"days": 5},
            "penalty_threshold": {"within": "term", "codes": ["G"]},
            "registers_close": {"PM": ["13:30"]},
            "days_lost": [{"attendance": 97.5, "days": 4.75}],
            "in_force_from": "2024-09-01",
        },
        "stated",
    )
    assert read.numbers == (("penalty_notice/first", 120), ("retention_years", 3))
    assert read.n_limit == NLimit(5, "school-days")
    assert (read.threshold_within, read.threshold_codes) == ("term", frozenset({"G"}))
    assert read.registers_close == ((Session.PM, frozenset({time(13, 30)})),)
    assert read.days_lost == ((Fraction(39, 40), Fraction(19, 4)),)
    assert read.in_force_from == date(2024, 9, 1)


def test_no_code_counting_to_the_threshold_is_contradicted_too() -> None:
    paper: dict[str, Any] = {"penalty_threshold": {"codes": []}}
    (found,) = warnings(policy_from_body({**S002, "stated": paper}), TODAY)
    assert "says no code count" in found.detail


@pytest.mark.parametrize("days", [3, 5])
def test_fewer_than_five_school_days_for_n_ask_for_more_than_the_law_and_are_no_contradiction(days: int) -> None:
    assert warnings(policy_from_body({**S002, "stated": {"n_limit": {"days": days}}}), TODAY) == ()


@pytest.mark.parametrize(
    ("body", "member"),
    [
        (None, "stated"),
        ([], "stated"),
        ({"retention": 3}, "stated/retention"),
        ({"retention_years": "3"}, "stated/retention_years"),
        ({"retention_years": -1}, "stated/retention_years"),
        ({"retention_years": 10**7}, "stated/retention_years"),
        ({"retention_years": True}, "stated/retention_years"),
        ({"penalty_notice": 160}, "stated/penalty_notice"),
        ({"penalty_notice": {"third": 160}}, "stated/penalty_notice/third"),
        ({"penalty_notice": {"codes": ["G"]}}, "stated/penalty_notice/codes"),
        ({"penalty_threshold": []}, "stated/penalty_threshold"),
        ({"penalty_threshold": {"within": None}}, "stated/penalty_threshold/within"),
        ({"penalty_threshold": {"within": "fortnight"}}, "stated/penalty_threshold/within"),
        ({"penalty_threshold": {"codes": "G"}}, "stated/penalty_threshold/codes"),
        ({"penalty_threshold": {"codes": ["G", "?"]}}, "stated/penalty_threshold/codes/1"),
        ({"n_limit": None}, "stated/n_limit"),
        ({"n_limit": {}}, "stated/n_limit/days"),
        ({"n_limit": {"days": 0}}, "stated/n_limit/days"),
        ({"n_limit": {"days": 5, "of": "weekdays"}}, "stated/n_limit/of"),
        ({"amendment_shows": ["reason", "reason"]}, "stated/amendment_shows"),
        ({"amendment_shows": ["reason", "colour"]}, "stated/amendment_shows/1"),
        ({"codes": [["L"]]}, "stated/codes/0"),
        ({"classes": {"absence": ["I"]}}, "stated/classes/absence"),
        ({"classes": {"present": ["?"]}}, "stated/classes/present/0"),
        ({"registers_close": {"EVE": ["18:00"]}}, "stated/registers_close/EVE"),
        ({"registers_close": {"AM": []}}, "stated/registers_close/AM"),
        ({"registers_close": {"AM": ["9.15"]}}, "stated/registers_close/AM/0"),
        ({"part_time_absence": "unauthorised"}, "stated/part_time_absence"),
        ({"days_lost": [{"attendance": 90}]}, "stated/days_lost/0/days"),
        ({"days_lost": [{"attendance": 90, "days": True}]}, "stated/days_lost/0/days"),
        ({"days_lost": [{"attendance": 90, "days": 191}]}, "stated/days_lost/0/days"),
        ({"days_lost": [{"days": 19}]}, "stated/days_lost/0/attendance"),
        ({"days_lost": [{"attendance": 90, "days": 19, "of": 190}]}, "stated/days_lost/0/of"),
        ({"in_force_from": "September 2024"}, "stated/in_force_from"),
        ({"in_force_from": "2024-09-31"}, "stated/in_force_from"),
    ],
)
def test_a_statement_that_cannot_be_read_names_the_member_at_fault(body: Any, member: str) -> None:
    with pytest.raises(PolicyFault) as raised:
        policy_from_body({**S002, "stated": body})
    assert raised.value.member == member


def test_every_member_is_listed_in_the_page_of_the_law() -> None:
    page = (tree.ROOT / "docs" / "law.md").read_text()
    sets, _, cannot = page.partition("## What a school sets")[2].partition("## What a school cannot set")
    cannot = cannot.partition("## Keeping")[0]
    settable = {each.name for each in (*fields(Policy), *fields(StagedApproach), *fields(Late), *fields(Step))}
    assert {name for name in settable if f"`{name}`" not in sets} == set()
    stated = {part for member in (*MEMBERS, *OTHERS) for part in member.split("/")}
    assert {name for name in stated if f"`{name}`" not in cannot} == set()


def test_every_national_number_has_a_source_and_quotes_its_value() -> None:
    for row in NUMBERS:
        assert row.source
        assert f"{row.value:,}" in row.says, row.member


def test_every_national_number_holds_today_and_none_before_the_first_row() -> None:
    for member in MEMBERS:
        law = in_force(member, TODAY)
        assert law is not None and not law.contradicts(law.value)
        assert in_force(member, date(2000, 1, 1)) is None


def test_a_number_is_the_one_of_the_day() -> None:
    found = [in_force("retention_years", on) for on in (date(2024, 8, 18), date(2024, 8, 19))]
    assert [law and law.value for law in found] == [3, 6]


def test_what_was_no_law_yet_is_contradicted_by_nothing() -> None:
    paper = {
        "retention_years": 1,
        "improvement_weeks": {"most": 20},
        "n_limit": {"days": 40},
        "penalty_notice": {"most": 9},
    }
    assert warnings(policy_from_body({**S002, "stated": paper}), date(2005, 9, 1)) == ()
    assert len(warnings(policy_from_body({**S002, "stated": paper}), TODAY)) == 4


def test_x_of_the_pandemic_is_compared_as_the_code_of_a_pupil_who_need_not_attend() -> None:
    paper = {"classes": {"not-possible": ["X"]}}
    assert warnings(policy_from_body({**S002, "stated": paper}), date(2021, 9, 6)) == ()


def test_a_staged_approach_is_read_from_its_body() -> None:
    body = {
        "call_on_day": 2,
        "visit_on_day": 4,
        "late": {"times": 3, "within_weeks": 1},
        "steps": [
            {"step": "letter", "below": 95},
            {"step": "further-letter", "below": 92.5, "after_weeks": 4},
            {"step": "meeting", "after_weeks": 2},
        ],
    }
    assert staged_approach(body, "staged_approach") == StagedApproach(
        2,
        4,
        Late(3, 1),
        (
            Step("letter", Fraction(19, 20), None),
            Step("further-letter", Fraction(37, 40), 4),
            Step("meeting", None, 2),
        ),
    )


def test_a_school_that_says_nothing_calls_on_the_first_day_visits_on_the_third_and_writes_no_letter() -> None:
    assert policy_from_body(S002).staged_approach == StagedApproach(1, 3, None, ())


def test_a_school_may_neither_call_nor_visit() -> None:
    approach = staged_approach({"call_on_day": None, "visit_on_day": None}, "staged_approach")
    assert (approach.call_on_day, approach.visit_on_day) == (None, None)
    assert staged_approach({"visit_on_day": None}, "staged_approach").call_on_day == 1


@pytest.mark.parametrize(
    ("body", "member"),
    [
        (None, ""),
        ({"call": 1}, "/call"),
        ({"call_on_day": 0}, "/call_on_day"),
        ({"visit_on_day": "3"}, "/visit_on_day"),
        ({"call_on_day": 3, "visit_on_day": 2}, "/visit_on_day"),
        ({"late": 2}, "/late"),
        ({"late": {"times": 2}}, "/late/within_weeks"),
        ({"late": {"times": 0, "within_weeks": 1}}, "/late/times"),
        ({"steps": "letter"}, "/steps"),
        ({"steps": [{"step": "fine"}]}, "/steps/0/step"),
        ({"steps": [{}]}, "/steps/0/step"),
        ({"steps": [{"step": "letter", "by": "post"}]}, "/steps/0/by"),
        ({"steps": [{"step": "meeting"}, {"step": "letter"}]}, "/steps/1/step"),
        ({"steps": [{"step": "letter"}, {"step": "letter"}]}, "/steps/1/step"),
        ({"steps": [{"step": "letter", "below": 90}, {"step": "meeting", "below": 95}]}, "/steps/1/below"),
        ({"steps": [{"step": "letter", "after_weeks": 0}]}, "/steps/0/after_weeks"),
    ],
)
def test_a_staged_approach_that_cannot_be_names_the_member_at_fault(body: Any, member: str) -> None:
    with pytest.raises(PolicyFault) as raised:
        policy_from_body({**S002, "staged_approach": body})
    assert raised.value.member == f"staged_approach{member}"
