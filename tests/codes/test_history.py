"""History by the law: what the old register held is kept and flagged, what no register can hold is refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes.book import Session
from codes.history import (
    FLAGS,
    NOT_RECORDED,
    Decided,
    Setting,
    Told,
    decide_history_amendment,
    decide_history_mark,
)
from codes.policy import RegisterTimes
from codes.refusals import REFUSALS, Refused
from codes.register import Amended, Entered, Pupil, Sitting, Unchanged

LONDON = ZoneInfo("Europe/London")
NOW = datetime(2026, 9, 7, 16, 0, tzinfo=LONDON)
MONDAY = date(2025, 9, 8)
MADE = datetime(2025, 9, 8, 9, 0, tzinfo=LONDON)
PUPIL = Pupil(date(2016, 2, 11), ((date(2020, 9, 1), None),), None, False)
LEFT = Pupil(PUPIL.date_of_birth, ((date(2020, 9, 1), date(2021, 7, 31)),), None, False)
TIMES = {
    "AM": RegisterTimes(Session.AM, time(8, 45), time(9, 15), time(12, 0), None),
    "PM": RegisterTimes(Session.PM, time(13, 0), time(13, 30), time(15, 15), None),
}


@dataclass(frozen=True)
class Stands:
    code: str
    version: int = 1
    original_code: str | None = None
    arrived_at: time | None = None
    nature: str | None = None
    made_at: datetime = MADE


def told(code: str = "/", original: str | None = None, **other: Any) -> Told:
    said = {"date": MONDAY, "session": "AM", "arrived_at": None, "nature": None, "reason": "Mother telephoned"}
    made = {"made_at": MADE, "name": "A. Teacher", "position": "Class teacher"}
    return Told(**{**said, **made, "code": code, "original_entry": original, **other})


def decided(
    said: Told,
    chain: Sequence[Stands] = (),
    pupil: Pupil = PUPIL,
    closed: str | None = None,
    calendar: bool = True,
    now: datetime = NOW,
) -> Decided:
    sitting = Sitting(said.date, Session(said.session), closed, TIMES[said.session])
    decide = decide_history_mark if said.original_entry is None else decide_history_amendment
    return decide(said, pupil, Setting(sitting, calendar, now), chain, now)


def flags(said: Told, **given_: Any) -> tuple[str, ...]:
    event, found = decided(said, **given_)
    assert isinstance(event, Entered | Amended), event
    assert set(found) <= FLAGS.keys()
    return found


def refusal(said: Told, **given_: Any) -> tuple[str, str]:
    event, found = decided(said, **given_)
    assert isinstance(event, Refused), event
    assert found == ()
    assert event.slug in REFUSALS
    assert event.detail
    return event.slug, event.member


def test_a_mark_keeps_its_own_time_and_an_amendment_its_reason() -> None:
    assert decided(told(arrived_at=time(8, 50))) == (Entered("/", time(8, 50), None, MADE), ())
    amended = Amended("N", "I", 2, None, None, "Mother telephoned", MADE)
    assert decided(told("I", "N"), [Stands("N")]) == (amended, ())


@pytest.mark.parametrize(
    ("said", "flag"),
    [
        (told("H"), "code-not-in-force"),
        (told("K", date=date(2023, 9, 8), nature="Tutor at home"), "code-not-in-force"),
        (told("H", date=date(2023, 9, 8)), "code-withdrawn-since"),
        (told("B"), "nature-not-recorded"),
        (told("B", nature=" - "), "nature-not-recorded"),
        (told("X"), "code-not-for-age"),
        (told("L", arrived_at=time(9, 30)), "arrival-outside-register"),
        (told("U", arrived_at=time(9, 0)), "arrival-outside-register"),
        (told(name=None, position=None), "made-by-not-recorded"),
        (told(name=None), "made-by-not-recorded"),
        (told(position=None), "position-not-recorded"),
        (told(made_at=None), "made-at-not-recorded"),
        (told(made_at=datetime(2025, 9, 8, 8, 44, tzinfo=LONDON)), "made-at-before-session"),
    ],
)
def test_what_a_live_entry_would_be_refused_for_is_taken_and_flagged(said: Told, flag: str) -> None:
    late = said._replace(made_at=datetime(2025, 9, 9, 9, 0, tzinfo=LONDON)) if said.made_at == MADE else said
    assert flags(late) == (flag,)
    assert flags(late._replace(original_entry="N"), chain=[Stands("N")]) == (flag,)


def test_what_is_not_recorded_is_said_so_and_never_made_up() -> None:
    said = told("I", "N", reason=None, name=None, position=None, made_at=None)
    event, found = decided(said, [Stands("N")])
    assert event == Amended("N", "I", 2, None, None, NOT_RECORDED, NOW)
    assert found == ("made-by-not-recorded", "made-at-not-recorded", "reason-not-recorded")
    assert flags(told("I", "N", reason="..."), chain=[Stands("N")]) == ("reason-not-recorded",)


def test_a_year_without_a_calendar_is_taken_and_flagged_and_its_closures_are_believed() -> None:
    assert flags(told(), calendar=False) == ("calendar-missing",)
    assert flags(told("#"), calendar=False) == ("calendar-missing",)


@pytest.mark.parametrize("original", [None, "N"])
@pytest.mark.parametrize(
    ("said", "given_", "slug"),
    [
        (told("?"), {}, "unknown-code"),
        (told("\\"), {}, "code-not-for-session"),
        (told("#"), {}, "code-not-for-session"),
        (told(date=date(2020, 8, 31)), {}, "not-on-roll"),
        (told("Z"), {}, "code-not-for-pupil"),
        (told("Z"), {"pupil": LEFT}, "not-on-roll"),
        (told(), {"closed": "holiday"}, "session-closed"),
        (told(made_at=datetime(2026, 9, 7, 16, 6, tzinfo=LONDON)), {}, "made-at-in-future"),
    ],
)  # fmt: skip
def test_what_no_register_can_hold_is_refused(
    said: Told, given_: dict[str, Any], slug: str, original: str | None
) -> None:
    if original is not None:
        said, given_ = said._replace(original_entry=original), {**given_, "chain": [Stands(original)]}
    found, member = refusal(said, **given_)
    assert found == slug
    if member in ("code", "amended_entry"):
        assert member == ("code" if original is None else "amended_entry")


def test_a_session_that_is_to_come_is_refused() -> None:
    for now in (datetime(2025, 9, 7, 23, 0, tzinfo=LONDON), datetime(2025, 9, 8, 8, 44, tzinfo=LONDON)):
        assert refusal(told(made_at=None), now=now) == ("session-not-begun", "date")
    assert flags(told(made_at=None), now=datetime(2025, 9, 8, 8, 45, tzinfo=LONDON)) == ("made-at-not-recorded",)


def test_a_boarder_has_no_entry_and_one_that_stands_may_be_put_right() -> None:
    boarder = Pupil(PUPIL.date_of_birth, PUPIL.on_roll, None, True)
    assert refusal(told(), pupil=boarder) == ("boarder", "pupil")
    assert flags(told("I", "N"), pupil=boarder, chain=[Stands("N")]) == ()


def test_z_before_the_starting_day_is_taken() -> None:
    assert flags(told("Z", date=date(2020, 8, 31), made_at=MADE)) == ()


def test_a_planned_closure_on_a_closed_day_changes_nothing() -> None:
    assert decided(told("#"), closed="holiday") == (Unchanged(), ())
    assert flags(told("#", "N"), chain=[Stands("N")], closed="holiday") == ()


def test_what_the_register_says_already_changes_nothing_whatever_came_after() -> None:
    chain = [Stands("N"), Stands("I", 2, "N"), Stands("O", 3, "I", made_at=NOW)]
    assert decided(told("N"), chain) == (Unchanged(), ())
    assert decided(told("I", "N"), chain) == (Unchanged(), ())
    assert decided(told("I", "N", made_at=None), chain) == (Unchanged(), ())
    assert decided(told("O", "I", made_at=NOW), chain) == (Unchanged(), ())
    assert decided(told("O", "O"), chain) == (Unchanged(), ())
    assert decided(told("N", "N"), chain) == (Unchanged(), ())
    assert refusal(told("N", "N", arrived_at=time(9, 0)), chain=chain) == ("entry-changed", "original_entry")


def test_what_contradicts_what_stands_is_refused() -> None:
    assert refusal(told("/"), chain=[Stands("N")]) == ("already-entered", "code")
    assert refusal(told("N", arrived_at=time(9, 0)), chain=[Stands("N")]) == ("already-entered", "code")
    assert refusal(told("I", "N")) == ("no-entry", "original_entry")
    chain = [Stands("N"), Stands("I", 2, "N")]
    assert refusal(told("O", "N"), chain=chain) == ("entry-changed", "original_entry")
    assert refusal(told("I", "N", made_at=NOW), chain=chain) == ("entry-changed", "original_entry")


def test_the_same_amendment_made_again_later_is_another() -> None:
    chain = [Stands("N"), Stands("I", 2, "N"), Stands("N", 3, "I", made_at=NOW)]
    later = datetime(2026, 9, 7, 15, 0, tzinfo=LONDON)
    assert decided(told("I", "N", made_at=later), chain)[0] == Amended(
        "N", "I", 4, None, None, "Mother telephoned", later
    )
    assert flags(told("N", "N", arrived_at=time(8, 50)), chain=[Stands("N")]) == ()


@given(st.sampled_from(["/", "H", "J", "X", "#", "Z", "B", "?"]), st.dates(date(2006, 8, 1), date(2027, 8, 1)))
def test_every_line_is_taken_or_refused_for_a_documented_reason(code: str, on: date) -> None:
    event, found = decided(told(code, date=on))
    if isinstance(event, Refused):
        assert event.slug in REFUSALS
    assert set(found) <= FLAGS.keys()
