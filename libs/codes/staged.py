"""The staged approach of a school: on which day it telephones and visits, when lateness is taken up, what follows."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from codes.members import PolicyFault, chosen, items, number, only, share

STEPS = ("letter", "further-letter", "meeting")
"""The steps there are, in the only order in which they are taken."""


@dataclass(frozen=True, slots=True)
class Late:
    """So many times late within so many weeks running is taken up with the parents."""

    times: int
    within_weeks: int


@dataclass(frozen=True, slots=True)
class Step:
    """One step: due when attendance is below a share, not before so many school weeks after the step before it.

    With neither the step has its place in the order, and falls due by itself never.
    """

    step: str
    below: Fraction | None
    after_weeks: int | None


@dataclass(frozen=True, slots=True)
class StagedApproach:
    """What a school does, and when; None is what it does not do, and asks nothing of anybody.

    Days are school days of one unexplained absence, its first being 1. ASSUMPTION: a school that has not said so
    telephones on the first and visits on the third; lateness, letters and meetings it has to state.
    """

    call_on_day: int | None = 1
    visit_on_day: int | None = 3
    late: Late | None = None
    steps: tuple[Step, ...] = ()


def staged_approach(body: Any, member: str) -> StagedApproach:
    """The staged approach from its body: `call_on_day`, `visit_on_day`, `late` {times, within_weeks}, `steps`.

    `steps` are [{step, below?, after_weeks?}], "letter", "further-letter" and "meeting", any of them, in this order.
    Raises `PolicyFault` for an unknown member, a visit before the call, steps out of order, and a line above that of
    the step before.
    """
    only(body, member, {"call_on_day", "visit_on_day", "late", "steps"})
    call = _day(body.get("call_on_day", StagedApproach().call_on_day), f"{member}/call_on_day")
    visit = _day(body.get("visit_on_day", StagedApproach().visit_on_day), f"{member}/visit_on_day")
    if call is not None and visit is not None and visit < call:
        raise PolicyFault(f"{member}/visit_on_day", "Nobody is visited before anybody was called.")
    return StagedApproach(call, visit, _late(body.get("late"), f"{member}/late"), _steps(body, f"{member}/steps"))


def _day(value: Any, member: str) -> int | None:
    return None if value is None else number(value, member, "school days")


def _late(row: Any, member: str) -> Late | None:
    if row is None:
        return None
    only(row, member, {"times", "within_weeks"})
    times = number(row.get("times"), f"{member}/times", "times late")
    return Late(times, number(row.get("within_weeks"), f"{member}/within_weeks", "weeks"))


def _steps(body: Any, member: str) -> tuple[Step, ...]:
    rows = enumerate(items(body.get("steps", ()), member))
    steps = tuple(_step(row, f"{member}/{n}") for n, row in rows)
    for n, (before, after) in enumerate(pairwise(steps), 1):
        if STEPS.index(after.step) <= STEPS.index(before.step):
            raise PolicyFault(f"{member}/{n}/step", f"The order is {', '.join(STEPS)}, each once.")
        if before.below is not None and after.below is not None and after.below > before.below:
            raise PolicyFault(f"{member}/{n}/below", "A later step has no higher line.")
    return steps


def _step(row: Any, member: str) -> Step:
    only(row, member, {"step", "below", "after_weeks"})
    below, weeks = row.get("below"), row.get("after_weeks")
    return Step(
        chosen(row.get("step"), f"{member}/step", STEPS),
        None if below is None else share(below, f"{member}/below"),
        None if weeks is None else number(weeks, f"{member}/after_weeks", "school weeks"),
    )
