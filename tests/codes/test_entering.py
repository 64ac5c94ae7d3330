"""Entering: every reason to refuse a mark, and what is written otherwise (SI 2024/208 reg 10)."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest

from codes.register import Amended, Amendment, Entered, Entry, Mark, Pupil, Sitting, Unchanged, decide_mark, evolve
from tests.codes.given import (
    AM,
    CLOSED,
    EVENING,
    LONG_ON_ROLL,
    MONDAY,
    NOON,
    PM,
    PUPIL,
    STARTS_TUESDAY,
    YOUNG,
    amended,
    london,
    marked,
    refused,
    sitting_on,
)


def test_a_mark_is_entered_as_version_1_at_the_time_of_recording() -> None:
    """Reg 10(1)."""
    assert marked(Mark("/")) == Entered("/", None, None, EVENING)
    assert evolve(None, Entered("/", None, None, EVENING)) == Entry("/", 1)


def test_a_mark_keeps_when_it_was_made_if_that_is_said() -> None:
    made_at = datetime(2026, 9, 7, 7, 59, 10, tzinfo=UTC)
    assert marked(Mark("/", made_at=made_at)) == Entered("/", None, None, made_at)


@pytest.mark.parametrize("code", ["X01", "-", "", "a"])
def test_what_was_never_a_code_is_refused(code: str) -> None:
    """Law.md section 2, notes: the regulations know only their own codes."""
    assert refused(marked(Mark(code))) == ("unknown-code", "code")


@pytest.mark.parametrize("code", ["H", "J", "Y", "F"])
def test_a_withdrawn_code_is_refused_for_later_dates(code: str) -> None:
    """Law.md 3.1."""
    assert refused(marked(Mark(code))) == ("code-withdrawn", "code")


def test_a_code_is_lawful_by_the_day_of_its_session() -> None:
    """Law.md 3.2: the last day of the 2006 edition and the first of the 2024 edition."""
    now = london(date(2024, 9, 2), "18:00")
    before, after = sitting_on(date(2024, 7, 19)), sitting_on(date(2024, 9, 2))
    assert isinstance(decide_mark(Mark("H"), LONG_ON_ROLL, before, None, None, now), Entered)
    assert refused(decide_mark(Mark("H"), LONG_ON_ROLL, after, None, None, now))[0] == "code-withdrawn"
    assert refused(decide_mark(Mark("J1"), LONG_ON_ROLL, before, None, None, now))[0] == "code-withdrawn"
    assert isinstance(decide_mark(Mark("J1"), LONG_ON_ROLL, after, None, None, now), Entered)


def test_a_presence_mark_fits_its_session() -> None:
    """Law.md section 2: / is for the morning only, \\ for the afternoon only."""
    assert refused(marked(Mark("\\"))) == ("code-not-for-session", "code")
    assert refused(marked(Mark("/"), sitting=PM)) == ("code-not-for-session", "code")
    assert isinstance(marked(Mark("\\"), sitting=PM), Entered)


def test_a_planned_closure_is_no_mark_on_an_open_day() -> None:
    """Law.md section 2, row #: whole school."""
    assert refused(marked(Mark("#"))) == ("code-not-for-session", "code")


def test_a_planned_closure_of_a_part_was_a_mark_before_2024() -> None:
    """Law.md section 2, row #: before 2024 also partial."""
    outcome = marked(Mark("#"), LONG_ON_ROLL, sitting_on(date(2023, 9, 4)))
    assert isinstance(outcome, Entered)


def test_a_planned_closure_on_a_closed_day_changes_nothing() -> None:
    assert marked(Mark("#"), sitting=CLOSED) == Unchanged()


def test_nothing_is_entered_on_a_closed_day() -> None:
    assert refused(marked(Mark("/"), sitting=CLOSED)) == ("session-closed", "date")


@pytest.mark.parametrize(
    ("code", "pupil", "outcome"),
    [
        ("X", PUPIL, ("code-not-for-age", "code")),
        ("X", YOUNG, None),
        ("C2", YOUNG, ("code-not-for-age", "code")),
        ("C2", PUPIL, None),
        ("T", YOUNG, None),
    ],
)
def test_a_code_fits_the_age(code: str, pupil: Pupil, outcome: tuple[str, str] | None) -> None:
    """Law.md section 2, rows X and C2."""
    decided = marked(Mark(code), pupil)
    assert isinstance(decided, Entered) if outcome is None else refused(decided) == outcome


def test_x_was_for_everybody_during_the_pandemic() -> None:
    """Law.md 3.3."""
    on = sitting_on(date(2021, 1, 20))
    assert isinstance(marked(Mark("X"), LONG_ON_ROLL, on), Entered)
    younger = replace(LONG_ON_ROLL, date_of_birth=date(2017, 2, 11))
    assert isinstance(marked(Mark("X"), younger, on), Entered)


LEFT_FRIDAY = replace(PUPIL, on_roll=((date(2026, 9, 3), date(2026, 9, 4)),))
RETURNS = replace(PUPIL, on_roll=((date(2025, 9, 3), date(2026, 7, 17)), (date(2026, 9, 14), None)))
LEAVES_TODAY = replace(PUPIL, on_roll=((MONDAY, MONDAY),))
NEVER = replace(PUPIL, on_roll=())


@pytest.mark.parametrize(
    ("code", "pupil", "outcome"),
    [
        ("/", STARTS_TUESDAY, ("not-on-roll", "pupil")),
        ("Z", STARTS_TUESDAY, None),
        ("Z", PUPIL, ("code-not-for-pupil", "code")),
        ("Z", LEAVES_TODAY, ("code-not-for-pupil", "code")),
        ("/", LEAVES_TODAY, None),
        ("/", LEFT_FRIDAY, ("not-on-roll", "pupil")),
        ("Z", LEFT_FRIDAY, ("not-on-roll", "pupil")),
        ("Z", RETURNS, None),
        ("/", RETURNS, ("not-on-roll", "pupil")),
        ("Z", NEVER, ("not-on-roll", "pupil")),
    ],
)
def test_only_z_comes_before_the_starting_day(code: str, pupil: Pupil, outcome: tuple[str, str] | None) -> None:
    """Law.md 1.5 and section 2, row Z; both ends of a span on roll are inclusive."""
    decided = marked(Mark(code), pupil)
    assert isinstance(decided, Entered) if outcome is None else refused(decided) == outcome


def test_a_boarder_is_outside_the_attendance_register() -> None:
    """Reg 10(1)."""
    assert refused(marked(Mark("/"), replace(PUPIL, boarder=True))) == ("boarder", "pupil")


@pytest.mark.parametrize(
    ("sitting", "now", "begun"),
    [
        (AM, london(MONDAY, "08:44:59"), False),
        (AM, london(MONDAY, "08:45"), True),
        (PM, NOON, False),
        (PM, london(MONDAY, "13:00"), True),
        (sitting_on(MONDAY + timedelta(days=1)), london(MONDAY, "23:59"), False),
        (AM, london(MONDAY + timedelta(days=1), "00:01"), True),
    ],
)
def test_nothing_is_entered_before_its_session(sitting: Sitting, now: datetime, begun: bool) -> None:
    """Reg 10(1): at the beginning of each morning session and once during each afternoon session."""
    outcome = marked(Mark("I"), sitting=sitting, now=now)
    assert isinstance(outcome, Entered) if begun else refused(outcome) == ("session-not-begun", "date")


@pytest.mark.parametrize("code", ["B", "K"])
@pytest.mark.parametrize("nature", [None, "", "  ", "...", "?!"])
def test_b_and_k_need_a_nature_that_says_something(code: str, nature: str | None) -> None:
    """Law.md 1.2."""
    assert refused(marked(Mark(code, nature=nature))) == ("nature-required", "nature")


def test_a_nature_is_kept_with_any_code() -> None:
    """Law.md 1.2: optional for P, V, W and Y7."""
    assert marked(Mark("B", nature=" taster day ")) == Entered("B", None, "taster day", EVENING)
    assert marked(Mark("Y7", nature="flood at home")) == Entered("Y7", None, "flood at home", EVENING)
    assert marked(Mark("P")) == Entered("P", None, None, EVENING)


@pytest.mark.parametrize(
    ("code", "at", "fits"),
    [
        ("L", "08:45", False),
        ("L", "08:46", True),
        ("L", "09:14", True),
        ("L", "09:15", False),
        ("U", "09:14", False),
        ("U", "09:15", True),
        ("U", "11:59", True),
        ("U", "12:00", False),
        ("/", "08:30", True),
        ("M", "11:20", True),
    ],
)
def test_a_time_of_arrival_fits_this_schools_own_register(code: str, at: str, fits: bool) -> None:
    """Law.md section 2, rows L and U: before the taking of the register ended; before the end of the session."""
    arrived_at = time.fromisoformat(at)
    outcome = marked(Mark(code, arrived_at=arrived_at))
    if fits:
        assert outcome == Entered(code, arrived_at, None, EVENING)
    else:
        assert refused(outcome) == ("arrival-outside-register", "arrived_at")


@pytest.mark.parametrize("code", ["L", "U"])
def test_a_time_of_arrival_need_not_be_given(code: str) -> None:
    assert isinstance(marked(Mark(code)), Entered)


def test_minutes_late_count_from_the_opening_of_the_register() -> None:
    assert marked(Mark("L", minutes_late=13)) == Entered("L", time(8, 58), None, EVENING)
    assert marked(Mark("L", arrived_at=time(8, 58), minutes_late=13)) == Entered("L", time(8, 58), None, EVENING)


@pytest.mark.parametrize(
    ("mark", "outcome"),
    [
        (Mark("L", minutes_late=0), ("arrival-outside-register", "arrived_at")),
        (Mark("L", minutes_late=-1), ("arrival-outside-register", "minutes_late")),
        (Mark("U", minutes_late=10**12), ("arrival-outside-register", "minutes_late")),
        (Mark("L", time(8, 59), 13), ("arrival-contradictory", "minutes_late")),
    ],
)
def test_minutes_late_that_cannot_be_are_refused(mark: Mark, outcome: tuple[str, str]) -> None:
    assert refused(marked(mark)) == outcome
    amendment = Amendment("N", mark.code, "came late", arrived_at=mark.arrived_at, minutes_late=mark.minutes_late)
    assert refused(amended(amendment)) == outcome


@pytest.mark.parametrize(
    ("made_at", "outcome"),
    [
        (london(MONDAY, "18:05"), None),
        (london(MONDAY, "18:05:01"), ("made-at-in-future", "made_at")),
        (london(MONDAY, "08:45"), None),
        (london(MONDAY, "08:44:59"), ("made-at-before-session", "made_at")),
        (london(MONDAY - timedelta(days=1), "23:00"), ("made-at-before-session", "made_at")),
        (datetime(2026, 9, 7, 7, 45, tzinfo=UTC), None),
        (datetime(2026, 9, 7, 7, 44, tzinfo=UTC), ("made-at-before-session", "made_at")),
        (datetime(2026, 9, 7, 18, 0, tzinfo=timezone(timedelta(hours=2))), None),
    ],
)
def test_an_entry_is_made_after_its_session_began_and_not_in_the_future(
    made_at: datetime, outcome: tuple[str, str] | None
) -> None:
    """Reg 10(1), with five minutes for clocks that differ; instants in any offset."""
    entered = marked(Mark("/", made_at=made_at))
    changed = amended(Amendment("N", "I", "telephoned", made_at=made_at))
    if outcome is None:
        assert entered == Entered("/", None, None, made_at)
        assert changed == Amended("N", "I", 2, None, None, "telephoned", made_at)
    else:
        assert refused(entered) == refused(changed) == outcome


def test_a_mark_equal_to_the_first_entry_is_unchanged() -> None:
    first = Entry("L", 1, time(8, 58))
    assert marked(Mark("L", minutes_late=13), first=first) == Unchanged()
    assert marked(Mark("L", time(8, 58)), first=first, current=Entry("I", 2)) == Unchanged()


@pytest.mark.parametrize(
    "mark", [Mark("I"), Mark("L"), Mark("L", time(8, 59)), Mark("L", time(8, 58), nature="bus"), Mark("B")]
)
def test_a_mark_that_differs_from_the_first_entry_is_refused(mark: Mark) -> None:
    outcome = marked(mark, first=Entry("L", 1, time(8, 58)), current=Entry("I", 2))
    assert refused(outcome) == ("already-entered", "code")
    assert "I stands already" in str(outcome)


def test_a_retry_is_unchanged_whatever_has_changed_around_it() -> None:
    """A lost reply is repeated after the roll, the calendar or the times have been corrected."""
    for pupil, sitting in ((LEFT_FRIDAY, AM), (PUPIL, CLOSED), (replace(PUPIL, boarder=True), AM)):
        assert marked(Mark("/"), pupil, sitting, first=Entry("/", 1)) == Unchanged()
