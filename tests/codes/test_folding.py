"""Properties of entering and amending that hold for any sequence of commands."""

from dataclasses import replace
from datetime import time, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from codes.book import lawful
from codes.refusals import REFUSALS, Refused
from codes.register import (
    Amended,
    Amendment,
    Entered,
    Entry,
    Mark,
    Pupil,
    Sitting,
    Unchanged,
    decide_amendment,
    decide_mark,
    evolve,
)
from tests.codes.given import AM, CLOSED, EVENING, PM, PUPIL, YOUNG, sitting_on

CODES = st.sampled_from(["/", "\\", "L", "U", "N", "I", "O", "B", "K", "X", "C2", "Z", "#", "H", "??"])
TIMES = st.none() | st.sampled_from([time(8, 45), time(8, 58), time(9, 15), time(9, 40), time(13, 10), time(16)])
NATURES = st.none() | st.sampled_from(["", "museum", "tuition "])
MINUTES = st.none() | st.integers(-1, 60)
MADE_AT = st.none() | st.builds(lambda minutes: EVENING - timedelta(minutes=minutes), st.integers(-10, 800))
PUPILS = st.sampled_from(
    [PUPIL, YOUNG, replace(PUPIL, boarder=True), replace(PUPIL, on_roll=((AM.date + timedelta(days=1), None),))]
)
SITTINGS = st.sampled_from([AM, PM, CLOSED, sitting_on(AM.date + timedelta(days=1))])
MARKS = st.builds(Mark, CODES, TIMES, MINUTES, NATURES, MADE_AT)
AMENDMENTS = st.builds(
    Amendment,
    CODES,
    CODES,
    st.sampled_from(["", "telephoned"]),
    st.none() | st.integers(1, 4),
    TIMES,
    MINUTES,
    NATURES,
    MADE_AT,
)
COMMANDS = st.lists(st.tuples(MARKS | AMENDMENTS, PUPILS, SITTINGS), max_size=30)
ONE_SITTING = st.lists(MARKS | AMENDMENTS, max_size=40)


def decided(
    command: Mark | Amendment, events: list[Entered | Amended], pupil: Pupil = PUPIL, sitting: Sitting = AM
) -> Entered | Amended | Unchanged | Refused:
    first, current = folded(events[:1]), folded(events)
    if isinstance(command, Mark):
        return decide_mark(command, pupil, sitting, first, current, EVENING)
    return decide_amendment(command, pupil, sitting, current, EVENING)


def folded(events: list[Entered | Amended]) -> Entry | None:
    current = None
    for event in events:
        current = evolve(current, event)
    return current


def history(commands: list[Mark | Amendment]) -> list[Entered | Amended]:
    events: list[Entered | Amended] = []
    for command in commands:
        outcome = decided(command, events)
        if isinstance(outcome, Entered | Amended):
            events.append(outcome)
    return events


@given(ONE_SITTING)
def test_versions_are_gapless_from_one(commands: list[Mark | Amendment]) -> None:
    events = history(commands)
    for n, event in enumerate(events, start=1):
        assert isinstance(event, Entered) is (n == 1)
        assert n == 1 or (isinstance(event, Amended) and event.version == n)


@given(ONE_SITTING)
def test_what_stands_is_the_last_event(commands: list[Mark | Amendment]) -> None:
    events = history(commands)
    current = folded(events)
    if events:
        assert current == Entry(events[-1].code, len(events), events[-1].arrived_at, events[-1].nature)
    else:
        assert current is None


@given(ONE_SITTING)
def test_every_amendment_names_the_entry_it_replaces_and_changes_something(commands: list[Mark | Amendment]) -> None:
    events = history(commands)
    for before, after in pairwise(events):
        assert isinstance(after, Amended)
        assert after.original_code == before.code
        assert after.reason
        changed = (after.code, after.arrived_at, after.nature)
        assert changed != (before.code, before.arrived_at, before.nature)


@given(ONE_SITTING, MARKS | AMENDMENTS)
def test_a_retry_never_emits(commands: list[Mark | Amendment], command: Mark | Amendment) -> None:
    events = history(commands)
    outcome = decided(command, events)
    if isinstance(outcome, Entered | Amended):
        assert decided(command, [*events, outcome]) == Unchanged()


@given(ONE_SITTING, MARKS)
def test_a_mark_is_a_retry_for_ever(commands: list[Mark | Amendment], mark: Mark) -> None:
    outcome = decided(mark, [])
    if isinstance(outcome, Entered):
        assert decided(mark, history([mark, *commands])) == Unchanged()


@given(COMMANDS)
def test_every_decision_is_lawful_or_named(commands: list[tuple[Mark | Amendment, Pupil, Sitting]]) -> None:
    events: list[Entered | Amended] = []
    for command, pupil, sitting in commands:
        outcome = decided(command, events, pupil, sitting)
        if isinstance(outcome, Refused):
            assert outcome.slug in REFUSALS
        elif isinstance(outcome, Entered | Amended):
            events.append(outcome)
            assert lawful(outcome.code, AM.date) is not None
            assert outcome.nature is not None or outcome.code not in "BK"
