"""Amending: every reason to refuse an amendment, and what is written otherwise (SI 2024/208 regs 6 and 10)."""

from dataclasses import replace
from datetime import date, time

import pytest

from codes.book import Session
from codes.register import Amended, Amendment, Entry, Unchanged, evolve
from tests.codes.given import (
    CLOSED,
    EVENING,
    LONG_ON_ROLL,
    PUPIL,
    STARTS_TUESDAY,
    amended,
    refused,
    sitting_on,
)


def test_an_amendment_carries_the_original_the_amended_entry_and_the_reason() -> None:
    """Law.md 1.3: the five facts; who made it is beside."""
    amendment = Amendment("N", "I", " Parent telephoned at 09:40: sickness ", version=1)
    assert amended(amendment) == Amended("N", "I", 2, None, None, "Parent telephoned at 09:40: sickness", EVENING)


def test_the_version_after_an_amendment_is_the_next() -> None:
    event = amended(Amendment("I", "O", "no evidence"), Entry("I", 4))
    assert isinstance(event, Amended) and event.version == 5
    assert evolve(Entry("I", 4), event) == Entry("O", 5)


def test_what_has_no_entry_cannot_be_amended() -> None:
    assert refused(amended(Amendment("N", "I", "ill"), None)) == ("no-entry", "original_entry")


def test_an_entry_that_has_moved_on_is_not_amended() -> None:
    assert refused(amended(Amendment("N", "I", "ill"), Entry("O", 2))) == ("entry-changed", "original_entry")
    assert refused(amended(Amendment("N", "I", "ill", version=1), Entry("N", 3))) == ("entry-changed", "version")


def test_an_amendment_to_what_stands_already_is_a_retry() -> None:
    assert amended(Amendment("N", "I", "ill"), Entry("I", 2)) == Unchanged()
    assert amended(Amendment("N", "I", "ill", version=1), Entry("I", 2)) == Unchanged()
    late = Amendment("N", "U", "came late", minutes_late=40)
    assert amended(late, Entry("U", 2, time(9, 25))) == Unchanged()


def test_a_change_of_nothing_emits_nothing() -> None:
    assert amended(Amendment("N", "N", "")) == Unchanged()


@pytest.mark.parametrize("reason", ["", " ", ".", "--"])
def test_an_amendment_needs_a_reason_that_says_something(reason: str) -> None:
    """Law.md 1.3."""
    assert refused(amended(Amendment("N", "I", reason))) == ("reason-required", "reason")


def test_another_arrival_or_nature_under_the_same_code_is_an_amendment() -> None:
    arrival = amended(Amendment("L", "L", "misread the clock", arrived_at=time(8, 59)), Entry("L", 1, time(8, 58)))
    assert arrival == Amended("L", "L", 2, time(8, 59), None, "misread the clock", EVENING)
    nature = amended(Amendment("B", "B", "was a museum", nature="museum"), Entry("B", 1, None, "theatre"))
    assert nature == Amended("B", "B", 2, None, "museum", "was a museum", EVENING)


def test_what_an_amendment_leaves_out_is_none() -> None:
    """The amended entry is what the amendment says and no more: an arrival is never carried over in silence."""
    gone = amended(Amendment("U", "U", "time was of another pupil"), Entry("U", 1, time(9, 40)))
    assert gone == Amended("U", "U", 2, None, None, "time was of another pupil", EVENING)
    assert refused(amended(Amendment("B", "B", "typing"), Entry("B", 1, None, "theatre"))) == (
        "nature-required",
        "nature",
    )


@pytest.mark.parametrize(
    ("amendment", "outcome"),
    [
        (Amendment("N", "I9", "ill"), ("unknown-code", "amended_entry")),
        (Amendment("N", "H", "holiday"), ("code-withdrawn", "amended_entry")),
        (Amendment("N", "\\", "was in"), ("code-not-for-session", "amended_entry")),
        (Amendment("N", "#", "closed"), ("code-not-for-session", "amended_entry")),
        (Amendment("N", "X", "not due"), ("code-not-for-age", "amended_entry")),
        (Amendment("N", "Z", "not on roll"), ("code-not-for-pupil", "amended_entry")),
        (Amendment("N", "K", "tuition"), ("nature-required", "nature")),
        (Amendment("N", "L", "late", arrived_at=time(9, 15)), ("arrival-outside-register", "arrived_at")),
    ],
)
def test_an_amended_entry_obeys_the_rules_of_a_mark(amendment: Amendment, outcome: tuple[str, str]) -> None:
    """Reg 10."""
    assert refused(amended(amendment)) == outcome


def test_on_a_closed_day_an_entry_can_become_a_planned_closure_alone() -> None:
    """A day closed after its register was taken: what was entered stays a fact until it is amended to #."""
    assert refused(amended(Amendment("N", "I", "ill"), sitting=CLOSED)) == ("session-closed", "date")
    closed = amended(Amendment("N", "#", "INSET day moved"), sitting=CLOSED)
    assert closed == Amended("N", "#", 2, None, None, "INSET day moved", EVENING)


def test_an_entry_before_a_starting_day_that_moved_can_become_z_alone() -> None:
    """Law.md 1.5."""
    assert refused(amended(Amendment("N", "I", "ill"), pupil=STARTS_TUESDAY)) == ("not-on-roll", "pupil")
    assert isinstance(amended(Amendment("N", "Z", "starts tomorrow"), pupil=STARTS_TUESDAY), Amended)


def test_the_entry_of_a_boarder_can_be_put_right() -> None:
    assert isinstance(amended(Amendment("N", "I", "ill"), pupil=replace(PUPIL, boarder=True)), Amended)


def test_an_older_entry_is_amended_by_the_code_set_of_its_own_day() -> None:
    """Law.md 3.2."""
    then = sitting_on(date(2024, 7, 19), Session.PM)
    outcome = amended(Amendment("N", "H", "holiday agreed in May"), pupil=LONG_ON_ROLL, sitting=then)
    assert isinstance(outcome, Amended)
