"""What holds of a school when one of its weeks is over."""

import json
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import Any

from codes.alerts import Alert
from codes.book import Session
from codes.calendar import school_days
from codes.gathering import OfPupil, of_week, weeks_over
from codes.known import Known, Placed, Setting
from codes.policy import policy_from_body
from codes.school import School, calendar_of
from tests.support.school import CALENDAR, POLICY

CALENDAR_2026 = calendar_of("2026-27", json.dumps(CALENDAR))
DAYS = school_days(CALENDAR_2026)
FRIDAY = date(2026, 10, 9)
BORN = date(2018, 2, 11)


def setting(**policy: Any) -> Setting:
    """A school with one year's calendar and a policy."""
    return Setting(School({"2026-27": CALENDAR_2026}, [(date.min, policy_from_body({**POLICY, **policy}))]))


def of(no: int, code: Callable[[date], str], *, household: str | None = None, **placed: Any) -> OfPupil:
    """A pupil with both sessions of every day of the year's calendar: what `code` says, or "/" for present."""
    facts = placed.pop("facts", {})
    year_group, class_ = placed.pop("year_group", "4"), placed.pop("class_", "4B")
    known = Known(BORN, ((date(2025, 9, 1), None),), (Placed(date(2025, 9, 1), year_group, class_, facts),))
    entries = [
        (day, session, ("/" if session is Session.AM else "\\") if code(day) == "/" else code(day))
        for day in DAYS
        for session in Session
    ]
    return OfPupil(no, known, entries, household)


def present(_: date) -> str:
    return "/"


def test_a_week_is_over_on_the_day_after_its_last_school_day() -> None:
    assert weeks_over(setting(), date(2026, 10, 5), FRIDAY) == []
    assert weeks_over(setting(), date(2026, 10, 5), date(2026, 10, 10)) == [FRIDAY]
    half_term = weeks_over(setting(), date(2026, 10, 19), date(2026, 11, 7))
    assert half_term == [date(2026, 10, 23), date(2026, 11, 6)]


def test_school_year_group_and_class_are_held_against_their_targets() -> None:
    absent = of(1, lambda day: "I" if day <= date(2026, 9, 18) else "/")
    pupils = [absent, of(2, present), of(3, present, year_group="", class_=None)]
    found, patterns = of_week(setting(class_targets={"4B": 50}), pupils, FRIDAY)
    told = {held.evidence()["of"]: held for held in found if held.kind is Alert.BELOW_TARGET}
    assert set(told) == {"school", "year group 4"}
    assert (
        told["school"].evidence()["possible_sessions"] == 3 * told["year group 4"].evidence()["possible_sessions"] / 2
    )
    assert patterns == {}
    found, _ = of_week(setting(target=None, class_targets={"4B": 99}), pupils, FRIDAY)
    assert [held.evidence()["of"] for held in found if held.kind is Alert.BELOW_TARGET] == ["class 4B"]


def test_a_cohort_is_compared_with_the_others_as_on_the_day() -> None:
    pupils = [
        of(no, (lambda day: "I" if day.weekday() == 0 else "/") if no <= 10 else present, facts={"sen": sen})
        for no, sen in ((no, "K" if no <= 10 else "N") for no in range(1, 22))
    ]
    found, _ = of_week(setting(), pupils, FRIDAY)
    [gap] = [held for held in found if held.kind is Alert.COHORT_GAP]
    assert (gap.evidence()["cohort"], gap.evidence()["pupils"], gap.evidence()["other_pupils"]) == ("sen", 10, 11)


def test_unauthorised_absence_is_counted_over_all_pupils_by_day() -> None:
    rises = of(1, lambda day: "O" if day >= date(2026, 10, 19) else "/")
    end = date(2026, 12, 4)
    found, _ = of_week(setting(), [rises, of(2, present)], end)
    [rising] = [held for held in found if held.kind is Alert.SCHOOL_UNAUTHORISED_RISING]
    assert Fraction(rising.evidence()["counted_sessions"], rising.evidence()["possible_sessions"]) == Fraction(1, 2)
    assert not [held for held in of_week(setting(), [of(2, present)], end)[0] if held.kind is rising.kind]


def test_pupils_of_one_household_are_siblings() -> None:
    away = {date(2026, 9, 8), date(2026, 9, 16), date(2026, 9, 24), date(2026, 9, 28), date(2026, 10, 9)}
    both = [of(no, lambda day: "O" if day in away else "/", household="h-1") for no in (1, 2)]
    alone = [of(no, present, household=f"h-{no}") for no in range(3, 40)]
    _, patterns = of_week(setting(), [*both, *alone, of(40, present)], FRIDAY)
    assert {no: [held.evidence()["pattern"] for held in found] for no, found in patterns.items()} == {
        1: ["with-siblings"],
        2: ["with-siblings"],
    }
