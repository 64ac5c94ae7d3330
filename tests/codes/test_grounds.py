"""Leaving the admission register: the grounds of regulation 9, what they ask, and what the entries say to them."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from codes.ages import compulsory_school_age
from codes.book import Session
from codes.grounds import CHECKED, GROUNDS, Case, contradicted, warnings
from tests.codes.given import weekdays

BORN = date(2018, 2, 11)
DAYS = weekdays(date(2026, 9, 7), 40)
LEAVING = DAYS[-1]
SIX = {"no-ground-to-believe-sick", "joint-enquiries-failed"}


def entries(codes: str | list[str], until: date = LEAVING) -> dict[tuple[date, Session], str]:
    """Give entries, the last of them in the afternoon of a day: each code for a morning and an afternoon."""
    days = [day for day in DAYS if day <= until]
    days = days[len(days) - len(codes) :]
    return {(day, session): code for day, code in zip(days, codes, strict=True) for session in Session}


def case(codes: str | list[str], **other: object) -> Case:
    given = Case(LEAVING, BORN, DAYS, True, LEAVING + timedelta(days=3), entries(codes))
    return replace(given, **other)  # type: ignore[arg-type]


def test_there_are_fifteen_grounds_each_with_its_regulation() -> None:
    assert "".join(GROUNDS) == "abcdefghijklmno"
    for letter, ground in GROUNDS.items():
        assert (ground.letter, ground.source) == (letter, f"SI 2024/208 reg 9(1)({letter})")
        assert all(test.slug and test.question.endswith("?") and test.source for test in ground.tests)
    assert {test.slug for letter in "hi" for test in GROUNDS[letter].tests} == SIX


def test_twenty_school_days_of_g_n_and_o_meet_ground_i() -> None:
    assert contradicted("i", case("GNO" * 6 + "GO")) is None
    assert contradicted("i", case("/" * 5 + "O" * 20)) is None


@pytest.mark.parametrize("code", ["U", "/", "I", "C", "X", "D", "L"])
def test_any_other_code_in_the_last_twenty_school_days_contradicts_ground_i(code: str) -> None:
    found = contradicted("i", case("O" * 10 + code + "O" * 9))
    assert found is not None
    assert found.entries == tuple((DAYS[-10], session, code) for session in Session)
    assert contradicted("i", case(code + "O" * 20)) is None


def test_a_missing_entry_contradicts_nothing() -> None:
    assert contradicted("i", case("")) is None
    assert contradicted("h", case("")) is None


def test_a_day_on_which_no_session_took_place_is_no_school_day() -> None:
    closed = ["O"] * 10 + ["Y4", "#"] + ["O"] * 10
    assert contradicted("i", case(closed)) is None
    assert contradicted("i", case(["/", *closed])) is None
    assert contradicted("i", case(["/", *closed[1:]])) is not None
    half = entries(closed) | {(DAYS[-12], Session.AM): "/"}
    assert contradicted("i", case("", entries=half)) is not None


def test_who_was_on_roll_for_fewer_days_was_not_absent_for_twenty() -> None:
    new = case("O" * 19, days=DAYS[-19:])
    found = contradicted("i", new)
    assert found is not None
    assert found.detail == "On roll for 19 school days, not 20."
    assert contradicted("i", replace(new, complete=False)) is None


def test_ten_school_days_after_a_leave_without_an_attendance_meet_ground_h() -> None:
    assert contradicted("h", case("C" * 5 + "O" * 10)) is None
    assert contradicted("h", case("O" * 10, leave_ended=DAYS[-11])) is None
    assert contradicted("h", case("C" * 5, days=DAYS[-8:], complete=False)) is None


def test_an_attendance_after_the_leave_contradicts_ground_h() -> None:
    for code in ("/", "L", "V"):
        found = contradicted("h", case("C" * 5 + "O" * 3 + code + "O" * 8))
        assert found is not None
        assert found.entries == tuple((DAYS[-9], session, code) for session in Session)
    assert contradicted("h", case("/" * 5 + "O" * 12, leave_ended=DAYS[-13])) is None


def test_fewer_than_ten_school_days_after_the_leave_contradict_ground_h() -> None:
    found = contradicted("h", case("C" + "O" * 9))
    assert found is not None
    assert f"ended on {DAYS[-10]}" in found.detail
    assert contradicted("h", case("O" * 20, leave_ended=LEAVING + timedelta(days=10))) is not None


def test_without_a_known_leave_an_attendance_in_the_last_ten_school_days_contradicts_ground_h() -> None:
    assert contradicted("h", case("/" + "O" * 9)) is not None
    assert contradicted("h", case("/" + "O" * 10)) is None


def test_ground_l_is_for_who_is_over_compulsory_age_when_the_school_next_meets() -> None:
    last = compulsory_school_age(BORN)[1]
    at = case("", leaving=last, next_day=last + timedelta(days=3))
    assert contradicted("l", at) is None
    assert contradicted("l", replace(at, next_day=last)) is not None
    assert contradicted("l", replace(at, next_day=None)) is None


@pytest.mark.parametrize("letter", sorted(GROUNDS.keys() - CHECKED))
def test_the_other_grounds_are_taken_from_the_school(letter: str) -> None:
    assert contradicted(letter, case("/" * 40)) is None


def members(letter: str | None, affirmed: set[str], destination: str | None, born: date = BORN) -> list[str]:
    found = warnings(letter, frozenset(affirmed), born, LEAVING, destination)
    assert all(each.detail and each.source for each in found)
    return [each.member for each in found]


def test_what_nobody_affirmed_is_asked() -> None:
    asked = [f"tests/{slug}" for slug in ("no-ground-to-believe-sick", "joint-enquiries-failed")]
    assert members("i", set(), "Abroad") == asked
    assert members("i", SIX, "Abroad") == []
    assert members("h", {"joint-enquiries-failed"}, "Abroad") == asked[:1]
    assert members("f", set(), None) == ["tests/written-notification"]


def test_a_destination_that_nobody_knows_is_shown_where_the_ground_needs_one() -> None:
    assert members("d", set(), None) == ["destination"]
    assert members("k", set(), None) == []


def test_a_pupil_of_compulsory_age_leaves_on_a_ground_alone() -> None:
    assert members(None, set(), None) == ["ground", "destination"]
    assert members(None, set(), "Elsewhere") == ["ground"]


def test_the_grounds_of_compulsory_age_are_not_those_of_others() -> None:
    nursery = date(2023, 2, 11)
    assert members(None, set(), None, nursery) == []
    assert members("d", set(), None, nursery) == ["ground"]
    assert members("b", {"not-continuing-here"}, None, nursery) == []
