"""How alerts live: opened, closed and opened again by what holds at the end of each day, in the order of recording.

Pure. The present day is judged again whenever something comes, and what was said of it before is then as if never said.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from codes.acts import LEVELS
from codes.alerts import Alert
from codes.calendar import academic_year
from codes.judging import Held

_OF_A_YEAR = LEVELS | {Alert.SEVERE_WITHOUT_PLAN}

Key = tuple[Alert, str]
"""What makes an alert of one pupil the same: its kind and its period."""
Stretch = tuple[date, date | None]
"""From the first day on which an alert was open to the day on which it was no more, None while it is."""

OF_A_WEEK = frozenset(
    {
        *(Alert.BELOW_TARGET, Alert.SCHOOL_UNAUTHORISED_RISING, Alert.COHORT_GAP),
        *(Alert.PATTERN, Alert.AMENDMENT_PATTERN),
    }
)
"""Kinds that are looked for when a school week is over, over the whole school."""
OF_A_PUPIL = frozenset(Alert) - OF_A_WEEK - {Alert.REGISTER_NOT_TAKEN}
"""Kinds that are looked for whenever something about a pupil was recorded or falls due."""
_LASTING = frozenset(
    {
        *(Alert.PENALTY_THRESHOLD, Alert.AMENDMENT_PATTERN, Alert.NEW_PUPIL_RETURN, Alert.DELETION_RETURN),
        *(Alert.N_OVERDUE, Alert.UNAUTHORISED_10_DAYS, Alert.SICKNESS_RETURN),
    }
)
"""Kinds that an amendment or an act alone ends: time never does, however long ago it was; levels, too."""
_NO_HISTORY = frozenset({Alert.NEW_PUPIL_RETURN, Alert.DELETION_RETURN})
"""Kinds that rest on the roll and not on marks: they are due though told of when their year was over."""


@dataclass(frozen=True, slots=True)
class Life:
    """An alert with the stretches of days on which it was open, in order, and its evidence.

    `shown_on` is the day whose evidence it is, `before` the evidence of the day before that on which it was shown.
    """

    kind: Alert
    period: str
    academic_year: str
    held: tuple[Stretch, ...]
    evidence: Mapping[str, Any]
    shown_on: date
    before: Mapping[str, Any] | None = None

    @property
    def opened_on(self) -> date:
        """The day on which it was opened first."""
        return self.held[0][0]

    @property
    def closed_on(self) -> date | None:
        """The day on which it was closed last; None while it is open."""
        return self.held[-1][1]


@dataclass(frozen=True, slots=True)
class Day:
    """A day judged: which years' levels were asked for, in which years somebody entered or amended marks on this day,
    other than by an import, from which academic year on every entry was looked at, and which kinds were looked for.
    """

    on: date
    years: Collection[str]
    live: Collection[str]
    since_year: str
    kinds: Collection[Alert] = OF_A_PUPIL


def lived(lives: Mapping[Key, Life], found: Iterable[Held], day: Day) -> dict[Key, Life]:
    """The alerts of a pupil after a day, from those before it and what was found at its end.

    What was found of a year that is over, in which nobody wrote but an import, arrives closed: that tells history.
    """
    after = dict(lives)
    holding = {(held.kind, held.period): held for held in found}
    for key, held in holding.items():
        before = lives.get(key)
        if before is None or before.closed_on is not None:
            life = _opened(before, held, day)
            if life is not None:
                after[key] = life
        else:
            after[key] = _shown(before, held.evidence(), day.on)
    for key, life in lives.items():
        if key not in holding and life.closed_on is None and _may_close(life, day):
            after[key] = _closed(life, day.on)
    return after


def _opened(before: Life | None, held: Held, day: Day) -> Life | None:
    year = academic_year(held.since)
    is_over = year != academic_year(day.on) and year not in day.live and held.kind not in _NO_HISTORY
    if before is None:
        stretch = (min(held.since, day.on), day.on) if is_over else (day.on, None)
        return Life(held.kind, held.period, year, (stretch,), held.evidence(), day.on)
    first, until = before.held[-1]
    if until == day.on and first < day.on:
        # It was closed earlier this day, which is over only now: so it never was.
        life = replace(before, held=(*before.held[:-1], (first, None)))
        return _shown(life, held.evidence(), day.on)
    if is_over:
        return None
    was = tuple(each for each in before.held if each[0] != each[1])
    return replace(
        before, held=(*was, (day.on, None)), evidence=held.evidence(), shown_on=day.on, before=before.evidence
    )


def _shown(life: Life, evidence: Mapping[str, Any], on: date) -> Life:
    if evidence == life.evidence:
        return life
    return replace(life, evidence=evidence, shown_on=on, before=life.before if life.shown_on == on else life.evidence)


def _closed(life: Life, on: date) -> Life:
    """Closed with the evidence of the last day at whose end it held; what was opened again this very day never was."""
    first, _ = life.held[-1]
    was = life.evidence if life.before is None or life.shown_on != on else life.before
    if first < on:
        return replace(life, held=(*life.held[:-1], (first, on)), evidence=was)
    if len(life.held) > 1:
        return replace(life, held=life.held[:-1], evidence=was)
    return replace(life, held=((on, on),))


def _may_close(life: Life, day: Day) -> bool:
    """Whether what was not found was looked for."""
    if life.kind not in day.kinds:
        return False
    if life.kind in _OF_A_YEAR:
        return life.academic_year in day.years
    if life.academic_year >= day.since_year:
        return True
    return life.kind not in _LASTING
