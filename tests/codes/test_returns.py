"""Returns about the admission register: a new pupil, a deletion, and a destination that nobody knows (law.md 1.7)."""

import json
from datetime import date
from typing import Any

import pytest

from codes.alerts import Alert
from codes.calendar import calendar_from_body
from codes.returns import Deletion, Due, deletion_return, new_pupil_return
from tests.codes.given import calendar_body

CALENDAR = calendar_from_body(calendar_body())
PRIMARY = ["R", "1", "2", "3", "4", "5", "6", "X"]
FIRST_DAY, LAST_DAY = date(2026, 9, 4), date(2027, 7, 21)
ENTERED = date(2026, 10, 5)


def new(today: date, **other: Any) -> Due | None:
    given: dict[str, Any] = {
        "name_entered_on": ENTERED,
        "starting_day": date(2026, 10, 7),
        "year_group": "3",
        "of_school": PRIMARY,
        "calendar": CALENDAR,
    }
    return new_pupil_return(**given | other, today=today)


def test_a_new_pupil_return_is_due_by_the_end_of_the_fifth_day_after_the_name_was_entered() -> None:
    """Law.md 1.7: from the day of the entry, whenever the pupil starts."""
    assert new(date(2026, 10, 4)) is None
    alert = new(ENTERED)
    assert alert is not None and alert.kind is Alert.NEW_PUPIL_RETURN
    assert (alert.since, alert.due, alert.period) == (ENTERED, date(2026, 10, 10), "2026-10-05")
    assert alert.overdue_since is None
    evidence = json.loads(json.dumps(alert.evidence()))
    assert evidence["overdue_since"] is None and evidence["source"] and evidence["rule"] and evidence["closes_when"]


def test_it_is_overdue_from_the_sixth_day_and_stays_overdue_since_then() -> None:
    for day, since in ((10, None), (11, "2026-10-11"), (20, "2026-10-11")):
        alert = new(date(2026, 10, day))
        assert alert is not None and alert.evidence()["overdue_since"] == since


def test_the_return_made_closes_it() -> None:
    assert new(date(2026, 10, 8), returned_on=date(2026, 10, 9)) is not None
    assert new(date(2026, 10, 9), returned_on=date(2026, 10, 9)) is None


@pytest.mark.parametrize(
    ("year_group", "starting_day", "exempt"),
    [
        ("R", FIRST_DAY, True),
        ("R", date(2026, 9, 1), True),
        ("R", date(2026, 9, 7), False),
        ("1", FIRST_DAY, False),
        ("X", FIRST_DAY, False),
    ],
)
def test_exempt_is_the_most_junior_class_alone_starting_on_the_first_day(
    year_group: str, starting_day: date, exempt: bool
) -> None:
    """Law.md 1.7; the first day is the one with sessions, after an INSET day."""
    alert = new(date(2026, 9, 8), year_group=year_group, starting_day=starting_day, name_entered_on=date(2026, 9, 1))
    assert (alert is None) is exempt
    assert new(ENTERED, year_group=year_group, starting_day=starting_day, asked=True) is not None


def test_the_most_junior_class_is_that_of_the_school() -> None:
    """Quiet for Year 7 of a secondary school, and not for its Year 8; without a calendar nobody is exempt."""
    secondary = ["7", "8", "9", "10", "11"]
    given: dict[str, Any] = {"of_school": secondary, "starting_day": FIRST_DAY}
    assert new(ENTERED, year_group="7", **given) is None
    assert new(ENTERED, year_group="8", **given) is not None
    assert new(ENTERED, year_group="R", starting_day=FIRST_DAY, of_school=["N2", *PRIMARY]) is not None
    assert new(ENTERED, year_group="7", **given | {"calendar": None}) is not None
    assert new(ENTERED, year_group="X", starting_day=FIRST_DAY, of_school=["X"]) is not None


LEAVING = date(2026, 11, 20)


def gone(today: date, returned_on: date | None = None, asked: bool = False, **other: Any) -> Due | None:
    given: dict[str, Any] = {
        "leaving": LEAVING,
        "stated_on": date(2026, 11, 16),
        "ground": "a",
        "destination": "Invented School",
        "date_of_birth": date(2018, 2, 11),
        "year_group": "3",
    }
    return deletion_return(Deletion(**given | other), PRIMARY, CALENDAR, today, asked=asked, returned_on=returned_on)


def test_a_deletion_return_is_due_no_later_than_the_deletion_from_the_day_it_is_known() -> None:
    """Law.md 1.7."""
    assert gone(date(2026, 11, 15)) is None
    alert = gone(date(2026, 11, 16))
    assert alert is not None and alert.kind is Alert.DELETION_RETURN
    assert (alert.since, alert.due, alert.period) == (date(2026, 11, 16), LEAVING, "2026-11-20")
    assert json.loads(json.dumps(alert.evidence()))["ground"] == "a"
    assert (alert.overdue_since, alert.particulars["missing_education"]) == (None, None)


def test_a_deletion_return_is_overdue_from_the_day_after_and_at_once_where_the_leaving_was_stated_late() -> None:
    on_the_day, after = gone(LEAVING), gone(date(2026, 11, 21))
    assert on_the_day is not None and on_the_day.overdue_since is None
    assert after is not None and after.overdue_since == date(2026, 11, 21)
    late = gone(date(2026, 12, 1), stated_on=date(2026, 12, 1))
    assert late is not None and late.overdue_since == date(2026, 12, 1)


def test_the_deletion_return_made_closes_it() -> None:
    assert gone(LEAVING, returned_on=LEAVING) is None


@pytest.mark.parametrize(
    ("ground", "destination", "missing"),
    [
        ("g", None, True),
        ("h", None, True),
        ("a", None, True),
        (None, None, True),
        ("k", None, False),
        ("f", None, False),
    ],
)
def test_a_destination_that_nobody_knows_is_a_child_who_may_be_missing_education(
    ground: str | None, destination: str | None, missing: bool
) -> None:
    """Law.md 1.7 and Education Act 1996 s.436A; home education and death ask for no destination."""
    alert = gone(LEAVING, ground=ground, destination=destination)
    assert alert is not None
    evidence = alert.evidence()
    assert ("436A" in (evidence["missing_education"] or "")) is missing


def test_a_pupil_past_compulsory_age_is_not_missing_education() -> None:
    alert = gone(LEAVING, destination=None, date_of_birth=date(2008, 2, 11))
    assert alert is not None and alert.particulars["missing_education"] is None


def test_exempt_is_who_leaves_at_the_end_of_the_final_year() -> None:
    """Law.md 1.7; unless the authority has asked, or the school does not know where the pupil is."""
    today = date(2027, 7, 22)
    given: dict[str, Any] = {"year_group": "6", "leaving": LAST_DAY, "date_of_birth": date(2016, 2, 11)}
    assert gone(today, **given) is None
    assert gone(today, **given, destination=None) is None, "quiet: a whole class leaves"
    assert gone(today, **given, asked=True) is not None
    assert gone(today, **given, ground="i", destination=None) is not None
    assert gone(today, **given | {"leaving": date(2027, 7, 20)}) is not None
    assert gone(today, **given | {"year_group": "5"}) is not None
