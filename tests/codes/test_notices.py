"""Penalty notices: tiers, amounts, last days to pay, spent sessions; notices to improve (law.md 5.3 to 5.5)."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes import improvement
from codes.ages import birthday
from codes.alerts import Standing
from codes.book import Session
from codes.improvement import CONTENTS, NoticeToImprove
from codes.notices import (
    Notice,
    Offence,
    Payable,
    State,
    Tier,
    Verdict,
    faults,
    first_five_days,
    owed,
    payable,
    spent,
    state,
    tier,
    tier_of,
)
from tests.codes.given import weekdays

PARENT, OTHER, CHILD = "parent-1", "parent-2", "child-1"
MONDAY = date(2026, 11, 2)
TEN: tuple[Standing, ...] = tuple((day, session, "O") for day in weekdays(MONDAY, 5) for session in Session)
NEXT_TEN: tuple[Standing, ...] = tuple((on + timedelta(weeks=4), session, code) for on, session, code in TEN)
ISSUED = date(2026, 12, 1)
FIRST = Notice("n-1", PARENT, CHILD, "Invented Council", ISSUED, TEN, received_on=date(2026, 12, 3))
SECOND = replace(FIRST, id="n-2", issued_on=date(2027, 6, 1), sessions=NEXT_TEN, received_on=None)


def tier_on(on: date, *notices: Notice) -> Tier:
    return tier(notices, PARENT, CHILD, on).tier


def test_none_in_three_years_is_first_one_is_second_and_two_are_no_notice() -> None:
    """Law.md 5.3, the table."""
    assert tier_on(ISSUED) is Tier.FIRST
    assert tier_on(date(2027, 6, 1), FIRST) is Tier.SECOND
    assert tier_on(date(2027, 9, 1), FIRST, SECOND) is Tier.NONE
    assert [tier_of(each, (FIRST, SECOND)) for each in (FIRST, SECOND)] == [Tier.FIRST, Tier.SECOND]


def test_the_three_years_end_on_the_day_of_issue_of_the_new_one() -> None:
    """Law.md 5.3: on the same day three years on the first is no longer within them."""
    assert tier_on(date(2029, 11, 30), FIRST) is Tier.SECOND
    assert tier_on(date(2029, 12, 1), FIRST) is Tier.FIRST
    leap = replace(FIRST, issued_on=date(2028, 2, 29))
    assert tier_on(date(2031, 2, 28), leap) is Tier.SECOND
    assert tier_on(date(2031, 3, 1), leap) is Tier.FIRST


def test_when_the_first_of_two_is_over_three_years_old_the_next_is_a_second_again() -> None:
    """Law.md 5.3: three years back from the new one, and not on from the first."""
    none = tier([FIRST, SECOND], PARENT, CHILD, date(2029, 11, 30))
    assert (none.tier, none.again_on) == (Tier.NONE, date(2029, 12, 1))
    again = tier([FIRST, SECOND], PARENT, CHILD, date(2029, 12, 1))
    assert (again.tier, again.counted, again.again_on) == (Tier.SECOND, (SECOND,), None)


def test_the_evidence_for_a_tier_names_the_notices_that_decide_it() -> None:
    evidence = json.loads(json.dumps(tier([SECOND, FIRST], PARENT, CHILD, date(2027, 9, 1)).evidence()))
    assert [notice["id"] for notice in evidence["notices"]] == ["n-1", "n-2"]
    assert (evidence["tier"], evidence["again_on"]) == ("none", "2029-12-01")
    assert json.loads(json.dumps(tier([], PARENT, CHILD, ISSUED).evidence()))["again_on"] is None


def test_notices_to_another_parent_or_for_another_child_do_not_count() -> None:
    """Law.md 5.3: per parent, per child."""
    elsewhere = (replace(FIRST, parent=OTHER), replace(SECOND, child="child-2"))
    assert tier_on(date(2027, 6, 2), *elsewhere) is Tier.FIRST


def test_notices_issued_before_19_august_2024_do_not_count() -> None:
    """Law.md 5.3."""
    assert tier_on(date(2024, 9, 1), replace(FIRST, issued_on=date(2024, 8, 18))) is Tier.FIRST
    assert tier_on(date(2024, 9, 1), replace(FIRST, issued_on=date(2024, 8, 19))) is Tier.SECOND


def test_an_unpaid_notice_counts_and_a_withdrawn_one_never() -> None:
    """Law.md 5.3."""
    assert tier_on(date(2027, 2, 1), FIRST) is Tier.SECOND
    withdrawn = replace(FIRST, withdrawn_on=date(2027, 1, 10), withdrawn_why="Issued in error.")
    assert tier_on(date(2027, 1, 9), withdrawn) is Tier.SECOND
    assert tier_on(date(2027, 1, 10), withdrawn) is Tier.FIRST


@pytest.mark.parametrize(
    ("verdict", "counts"),
    [
        (Verdict.PLEADED_GUILTY, True),
        (Verdict.FOUND_GUILTY, True),
        (Verdict.FOUND_NOT_GUILTY, False),
        (Verdict.DISCONTINUED, False),
    ],
)
def test_a_prosecuted_notice_counts_only_where_the_parent_pleaded_or_was_found_guilty(
    verdict: Verdict, counts: bool
) -> None:
    """Law.md 5.3; while the prosecution goes on it does not count yet."""
    tried = replace(FIRST, prosecuted_on=date(2027, 2, 1), ended_on=date(2027, 5, 1), verdict=verdict)
    assert tier_on(date(2027, 1, 31), tried) is Tier.SECOND
    assert tier_on(date(2027, 4, 30), tried) is Tier.FIRST
    assert tier_on(date(2027, 5, 1), tried) is (Tier.SECOND if counts else Tier.FIRST)
    assert tier_on(date(2027, 5, 1), replace(tried, ended_on=None, verdict=None)) is Tier.FIRST


def test_of_two_notices_of_one_day_the_one_given_first_is_the_first() -> None:
    twin = replace(FIRST, id="n-0")
    assert [tier_of(each, (FIRST, twin)) for each in (FIRST, twin)] == [Tier.FIRST, Tier.SECOND]
    assert tier_of(SECOND, (FIRST,)) is Tier.SECOND, "one that is not recorded yet"


def test_a_first_notice_is_80_pounds_within_21_days_and_160_within_28_the_day_of_receipt_included() -> None:
    """Law.md 5.3: beginning with the date on which the notice is received (SI 2024/210 reg 4)."""
    assert payable(FIRST, Tier.FIRST) == (Payable(80, date(2026, 12, 23)), Payable(160, date(2026, 12, 30)))
    days = [date(2026, 12, day) for day in (3, 23, 24, 30, 31)]
    assert [owed(FIRST, Tier.FIRST, on) for on in days] == [80, 80, 160, 160, None]


def test_a_second_notice_is_160_pounds_within_28_days_and_a_third_is_none() -> None:
    """Law.md 5.3."""
    received = replace(SECOND, received_on=date(2027, 6, 3))
    assert payable(received, Tier.SECOND) == (Payable(160, date(2027, 6, 30)),)
    assert payable(received, Tier.NONE) == ()


def test_no_last_day_is_named_while_nobody_knows_when_the_notice_was_received() -> None:
    assert payable(SECOND, Tier.SECOND) == (Payable(160, None),)
    assert owed(SECOND, Tier.SECOND, date(2030, 1, 1)) == 160
    assert state(SECOND, Tier.SECOND, date(2030, 1, 1)) is State.ISSUED


PUBLIC_PLACE = replace(FIRST, offence=Offence.PUBLIC_PLACE, sessions=(), excluded_on=date(2026, 11, 3))


def test_a_notice_for_the_first_five_days_of_an_exclusion_is_60_and_120_pounds_and_apart() -> None:
    """Law.md 5.3: section 105 of the Education and Inspections Act 2006."""
    assert payable(PUBLIC_PLACE, Tier.FIRST) == (Payable(60, date(2026, 12, 23)), Payable(120, date(2026, 12, 30)))
    assert tier_on(date(2027, 6, 1), PUBLIC_PLACE, replace(PUBLIC_PLACE, id="n-9")) is Tier.FIRST
    assert spent([PUBLIC_PLACE], CHILD, date(2027, 6, 1)) == frozenset()
    assert tier_on(date(2027, 7, 1), FIRST, SECOND) is Tier.NONE
    again = replace(PUBLIC_PLACE, id="n-3", issued_on=date(2027, 7, 1), received_on=None)
    assert faults(again, [FIRST, SECOND]) == ()


def test_the_first_five_days_of_an_exclusion_are_school_days() -> None:
    days = weekdays(date(2026, 10, 21), 3) + weekdays(MONDAY, 5)
    assert first_five_days(date(2026, 10, 22), days) == (*days[1:3], *days[3:6])
    assert first_five_days(date(2026, 10, 24), days)[0] == MONDAY
    assert first_five_days(date(2027, 10, 24), days) == ()


def test_a_notice_issued_before_19_august_2024_has_the_amounts_of_before() -> None:
    """Law.md 5.3: 60 pounds in 21 days, 120 in 28."""
    old = replace(FIRST, issued_on=date(2024, 8, 18), received_on=date(2024, 8, 20))
    assert [each.pounds for each in payable(old, Tier.FIRST)] == [60, 120]


def test_what_becomes_of_a_notice_is_told_to_the_day() -> None:
    """Law.md 5.3: unpaid after 28 days, the authority prosecutes or withdraws."""

    def states(notice: Notice, *days: date) -> list[str]:
        return [str(state(notice, Tier.FIRST, on)) for on in days]

    december, january = date(2026, 12, 30), date(2026, 12, 31)
    assert states(FIRST, date(2026, 12, 2), date(2026, 12, 3), december, january) == [
        "issued",
        "payable",
        "payable",
        "unpaid",
    ]
    assert states(replace(FIRST, paid_on=december, paid_pounds=160), date(2026, 12, 29), january) == ["payable", "paid"]
    assert states(replace(FIRST, paid_on=date(2026, 12, 23), paid_pounds=80), january) == ["paid"]
    assert states(replace(FIRST, paid_on=date(2026, 12, 24), paid_pounds=80), january) == ["unpaid"]
    assert states(replace(FIRST, paid_on=january, paid_pounds=160), january) == ["unpaid"]
    assert states(replace(FIRST, received_on=None, paid_on=december, paid_pounds=80), january) == ["paid"]
    assert states(replace(FIRST, prosecuted_on=january), december, january) == ["payable", "prosecuted"]
    withdrawn = replace(FIRST, prosecuted_on=december, withdrawn_on=january, withdrawn_why="Address.")
    assert states(withdrawn, december, january) == ["prosecuted", "withdrawn"]


def test_sessions_relied_on_are_spent_from_the_day_of_issue_until_the_notice_is_withdrawn() -> None:
    """Law.md section 9, doubt 15."""
    ten = {entry[:2] for entry in TEN}
    assert spent([FIRST], CHILD, date(2026, 11, 30)) == frozenset()
    assert spent([FIRST], CHILD, ISSUED) == ten
    assert spent([FIRST], "child-2", ISSUED) == frozenset()
    withdrawn = replace(FIRST, withdrawn_on=date(2027, 1, 10), withdrawn_why="Issued in error.")
    assert spent([withdrawn], CHILD, date(2027, 1, 9)) == ten
    assert spent([withdrawn], CHILD, date(2027, 1, 10)) == frozenset()
    both = [withdrawn, replace(FIRST, id="n-5", parent=OTHER)]
    assert spent(both, CHILD, date(2027, 1, 10)) == ten, "the notice to the other parent stands"


def members(notice: Notice, *others: Notice) -> list[tuple[str, bool]]:
    found = faults(notice, others)
    assert all(fault.detail.endswith(".") and fault.source for fault in found)
    return [(fault.member, fault.refused) for fault in found]


def test_a_notice_that_may_be_issued_has_no_fault() -> None:
    assert members(FIRST, FIRST) == []
    assert members(SECOND, FIRST, SECOND) == []
    assert members(replace(FIRST, id="n-6", parent=OTHER), FIRST) == [], "both parents, by the same sessions"


def test_a_third_notice_within_three_years_is_refused() -> None:
    third = replace(FIRST, id="n-3", issued_on=date(2029, 11, 30), sessions=NEXT_TEN[:0], received_on=None)
    assert ("issued_on", True) in members(third, FIRST, SECOND)
    assert ("issued_on", True) not in members(replace(third, issued_on=date(2029, 12, 1)), FIRST, SECOND)


def test_a_notice_relies_on_sessions_that_count_and_on_none_twice() -> None:
    ill = replace(FIRST, sessions=((MONDAY, Session.AM, "I"), *TEN[1:]))
    assert members(ill) == [("sessions", True)]
    early = replace(FIRST, sessions=((date(2024, 7, 1), Session.AM, "O"), *TEN[1:]))
    assert members(early) == [("sessions", True)]
    assert members(replace(SECOND, sessions=(*NEXT_TEN[:9], TEN[9])), FIRST) == [("sessions", True)]
    unresolved = replace(FIRST, sessions=((MONDAY, Session.AM, "N"), *TEN[1:]))
    assert members(unresolved) == [("sessions", False)]
    assert members(replace(FIRST, sessions=TEN[:9])) == [("sessions", False)], "below ten: only exceptionally"
    assert members(replace(ill, issued_on=date(2024, 8, 1))) == [], "another law's"


def test_a_notice_for_a_public_place_names_the_day_and_no_session() -> None:
    assert members(PUBLIC_PLACE) == []
    assert members(replace(PUBLIC_PLACE, excluded_on=None)) == [("excluded_on", True)]
    assert members(replace(PUBLIC_PLACE, sessions=TEN)) == [("excluded_on", True)]


@pytest.mark.parametrize(
    ("wrong", "member"),
    [
        ({"received_on": date(2026, 11, 30)}, "received_on"),
        ({"paid_on": date(2026, 11, 30), "paid_pounds": 80}, "paid_on"),
        ({"paid_on": date(2026, 12, 4)}, "paid_pounds"),
        ({"paid_pounds": 80}, "paid_pounds"),
        ({"withdrawn_on": date(2027, 1, 4)}, "withdrawn_why"),
        ({"withdrawn_on": date(2027, 1, 4), "withdrawn_why": " "}, "withdrawn_why"),
        ({"prosecuted_on": date(2027, 1, 4), "ended_on": date(2027, 1, 5)}, "verdict"),
        ({"prosecuted_on": date(2027, 1, 4), "verdict": Verdict.FOUND_GUILTY}, "verdict"),
        ({"ended_on": date(2027, 1, 5), "verdict": Verdict.FOUND_GUILTY}, "ended_on"),
        (
            {"prosecuted_on": date(2027, 1, 6), "ended_on": date(2027, 1, 5), "verdict": Verdict.FOUND_GUILTY},
            "ended_on",
        ),
    ],
)
def test_a_record_that_cannot_be_is_refused_at_its_member(wrong: dict[str, object], member: str) -> None:
    assert members(replace(FIRST, **wrong)) == [(member, True)]  # type: ignore[arg-type]


@given(st.lists(st.dates(date(2024, 8, 19), date(2035, 1, 1)), max_size=12))
def test_no_three_years_hold_more_than_two_notices_where_each_is_issued_by_its_tier(days: list[date]) -> None:
    """Law.md 5.3: the most is two, whatever the order of the records."""
    issued: list[Notice] = []
    for n, on in enumerate(sorted(days)):
        if tier(issued, PARENT, CHILD, on).tier is not Tier.NONE:
            issued.append(Notice(f"n-{n}", PARENT, CHILD, "Invented Council", on))
        else:
            again = tier(issued, PARENT, CHILD, on).again_on
            assert again is not None and again > on
            assert tier(issued, PARENT, CHILD, again - timedelta(days=1)).tier is Tier.NONE
            assert tier(issued, PARENT, CHILD, again).tier is not Tier.NONE
    for three in zip(issued, issued[1:], issued[2:], strict=False):
        assert three[2].issued_on >= birthday(three[0].issued_on, 3)


IMPROVE = NoticeToImprove(
    "i-1", PARENT, CHILD, "Invented Council", MONDAY, MONDAY, date(2026, 11, 22), frozenset(CONTENTS)
)


@pytest.mark.parametrize(
    ("ends", "right"),
    [
        (date(2026, 11, 19), False),
        (date(2026, 11, 20), True),
        (date(2026, 11, 22), True),
        (date(2026, 12, 11), True),
        (date(2026, 12, 13), True),
        (date(2026, 12, 14), False),
    ],
)
def test_an_improvement_period_has_three_to_six_weeks(ends: date, right: bool) -> None:
    """Law.md 5.4; three weeks from a Monday end on a Friday or on the Sunday after it."""
    found = improvement.faults(replace(IMPROVE, ends=ends))
    assert [fault.member for fault in found] == ([] if right else ["ends"])


def test_an_improvement_period_does_not_begin_before_the_notice() -> None:
    found = improvement.faults(replace(IMPROVE, issued_on=date(2026, 11, 3)))
    assert [(fault.member, fault.refused) for fault in found] == [("starts", True)]


@pytest.mark.parametrize("part", CONTENTS)
def test_what_a_notice_to_improve_does_not_say_is_told(part: str) -> None:
    """Law.md 5.4."""
    [fault] = improvement.faults(replace(IMPROVE, contents=IMPROVE.contents - {part}))
    assert (fault.member, fault.refused) == (f"contents/{part}", False)
    assert CONTENTS[part] in fault.detail


def test_an_improvement_period_is_over_from_the_day_after_its_last() -> None:
    assert not IMPROVE.over(date(2026, 11, 22))
    assert IMPROVE.over(date(2026, 11, 23))
