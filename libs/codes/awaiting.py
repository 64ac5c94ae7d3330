"""When a pupil must be looked at again though nothing is recorded: the next day on which something may fall due.

Pure, and generous: a day too many costs a look, a day too few would date an alert by when somebody happened to look.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from codes import conduct, continuous
from codes.ages import compulsory_school_age
from codes.alerts import Alert
from codes.calendar import academic_year, academic_year_bounds, week_of
from codes.deadlines import n_due
from codes.grounds import DAYS_NOT_BACK, LEAVE
from codes.judging import Asked, Held
from codes.returns import NEW_PUPIL_DAYS
from codes.rising import WEEKS_COMPARED

_DAY = timedelta(days=1)
_LATE = frozenset({"L", "U"})
_UNTOLD = frozenset({"G", "O", "U"})


def awaited(asked: Asked, found: Sequence[Held]) -> date | None:
    """The next day on which something may hold, or hold no more, by time alone; the same day while a register is open.

    None where time alone changes nothing.
    """
    if asked.entries.waiting:
        return asked.today
    coming = [day for day in _coming(asked, found) if day > asked.today]
    return min(coming, default=None)


def _coming(asked: Asked, found: Sequence[Held]) -> Iterator[date]:
    known, today = asked.known, asked.today
    yield from _by_entries(asked)
    yield from (placed.starts for placed in known.placed)
    yield from (day for span in known.on_roll for day in span if day is not None)
    yield from (on for each in known.plans for on in each.review_on)
    yield from (each.plan.last[0] + _DAY for each in known.plans if each.review_on and each.plan.last is not None)
    if known.admission is not None:
        yield known.admission.name_entered_on
        yield known.admission.name_entered_on + (NEW_PUPIL_DAYS + 1) * _DAY
    if known.deletion is not None:
        yield known.deletion.leaving
        yield known.deletion.leaving + _DAY
    if known.at(today).facts.get("ehcp") is True:
        yield from _week_ends(asked.setting.school_days, today)
    if found:
        yield academic_year_bounds(academic_year(today))[1] + _DAY
    for held in found:
        if held.kind is Alert.PENALTY_APPROACHING:
            yield from _mondays(asked, today, 12)
            yield compulsory_school_age(known.date_of_birth)[1] + _DAY
        if held.kind in (Alert.PERSISTENT_ABSENCE, Alert.SEVERE_ABSENCE, Alert.REFERRAL_LINE, Alert.AT_RISK):
            yield from _steps(asked)


def _by_entries(asked: Asked) -> Iterator[date]:
    """Days that entries fall due on: N, what parents were not told, lateness that is over, leave that has ended."""
    days, today = asked.setting.school_days, asked.today
    for on, _, code in asked.entries.unauthorised:
        if code == "N" and (due := n_due(on, days)) is not None:
            yield due + _DAY
        if code in _UNTOLD:
            yield from (day + _DAY for day in _school_day(days, on, conduct.TOLD_WITHIN_DAYS))
    if asked.entries.any_of(_LATE, 2):
        yield from _mondays(asked, today, 2)
    if asked.entries.any_of(LEAVE) and asked.entries.standing[-1][2] in continuous.ABSENT:
        ended = max(on for on, _, code in asked.entries.standing if code in LEAVE)
        until = [each.plan.last[0] for each in asked.known.plans if each.plan.last is not None]
        for day in (ended, *until):
            yield from _school_day(days, day, DAYS_NOT_BACK)


def _school_day(days: Sequence[date], after: date, nth: int) -> Iterator[date]:
    place = bisect_right(days, after) + nth - 1
    yield from days[place : place + 1]


def _mondays(asked: Asked, today: date, weeks: int) -> Iterator[date]:
    """The Mondays of the next school weeks: what counts weeks moves with them."""
    place = bisect_right(asked.setting.school_weeks, today)
    yield from asked.setting.school_weeks[place : place + weeks]


def _week_ends(days: Sequence[date], today: date) -> Iterator[date]:
    """The last school days of this week and the next ones."""
    place = bisect_right(days, today)
    within = days[place : place + 7 * WEEKS_COMPARED]
    last = {week_of(day): day for day in within}
    yield from last.values()


def _steps(asked: Asked) -> Iterator[date]:
    """Days on which the next step may be due: so many school weeks after each that was taken."""
    days = asked.setting.school_days
    for act in asked.known.acts:
        for step in asked.policy.staged_approach.steps:
            yield from _school_day(days, act.done_on, 5 * (step.after_weeks or 0))
