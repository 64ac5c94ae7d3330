"""Being told what the register should hold: an entry where there is none, an amendment with its reason, no guess."""

from dataclasses import replace
from datetime import time

import pytest

from codes.refusals import Refused
from codes.register import Amended, Entered, Entry, Unchanged
from codes.told import Told, decide_told
from tests.codes.given import AM, CLOSED, EVENING, MONDAY, NOON, PUPIL, london

ILL = Told("I", comment="Parent telephoned: sickness")
N = Entry("N", 1)
LATE = Entry("L", 1, time(8, 55))


def decided(told: Told, first: Entry | None = None, current: Entry | None = None) -> object:
    return decide_told(told, PUPIL, AM, first, current or first, NOON)


def refused(told: Told, *stands: Entry) -> tuple[str, str]:
    found = decided(told, *stands)
    assert isinstance(found, Refused)
    return found.slug, found.member


def test_where_there_is_no_entry_one_is_made() -> None:
    assert decided(Told("/")) == Entered("/", None, None, NOON)
    assert decided(Told("L", minutes_late=10)) == Entered("L", time(8, 55), None, NOON)
    assert decided(Told("/", made_at=london(MONDAY, "09:00"))) == Entered("/", None, None, london(MONDAY, "09:00"))


def test_the_comment_is_the_nature_of_a_code_that_needs_one_and_of_no_other() -> None:
    assert decided(Told("B", comment="Taster day")) == Entered("B", None, "Taster day", NOON)
    assert decided(ILL) == Entered("I", None, None, NOON)
    assert refused(Told("B")) == ("nature-required", "nature")


def test_an_entry_needs_a_person() -> None:
    assert refused(replace(ILL, by_somebody=False)) == ("made-by-required", "made_by")
    assert refused(Told("?", by_somebody=False)) == ("unknown-code", "code")


def test_equal_to_the_first_or_the_current_entry_is_unchanged() -> None:
    amended = Entry("I", 2)
    for told in (Told("N"), Told("I"), replace(ILL, by_somebody=False), Told("N", comment="Again")):
        assert decided(told, N, amended) == Unchanged()
    assert decided(Told("L", minutes_late=10), LATE) == Unchanged()
    assert decided(Told("L"), LATE) == Unchanged()


def test_a_different_code_is_amended_for_the_reason_of_the_comment() -> None:
    assert decided(ILL, N) == Amended("N", "I", 2, None, None, "Parent telephoned: sickness", NOON)
    assert decided(ILL, N, Entry("O", 3)) == Amended("O", "I", 4, None, None, "Parent telephoned: sickness", NOON)
    visit = Told("B", comment="Taster day")
    assert decided(visit, N) == Amended("N", "B", 2, None, "Taster day", "Taster day", NOON)


def test_another_time_of_arrival_is_amended_too() -> None:
    later = Told("L", 15, "Misread")
    assert decided(later, LATE) == Amended("L", "L", 2, time(9, 0), None, "Misread", NOON)
    assert refused(Told("L", 15), LATE) == ("reason-required", "reason")


@pytest.mark.parametrize(
    "told", [Told("I"), Told("I", comment=""), Told("I", comment=" - "), replace(ILL, by_somebody=False)]
)
def test_without_a_reason_or_a_person_nothing_is_guessed(told: Told) -> None:
    assert refused(told, N) == ("reason-required", "reason")


def test_what_the_law_refuses_is_refused_whoever_sends_it() -> None:
    assert refused(Told("?"), N) == ("unknown-code", "amended_entry")
    assert refused(Told("H", comment="Holiday"), N) == ("code-withdrawn", "amended_entry")
    assert refused(Told("L", 1_000, "Late"), N) == ("arrival-outside-register", "minutes_late")
    assert isinstance(decide_told(Told("/"), PUPIL, CLOSED, None, None, EVENING), Refused)
    assert decide_told(Told("#", by_somebody=False), PUPIL, CLOSED, None, None, EVENING) == Unchanged()
