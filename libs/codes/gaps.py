"""What is said of groups: a school, year group or class below its target, and a cohort behind the other pupils.

Pure rules over sums by day of one academic year. Who may see pupils of so small a group is `codes.suppression`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import accumulate

from codes.alerts import Alert
from codes.calendar import academic_year
from codes.finding import Finding, Rule
from codes.tallies import perc, rate

_GUIDANCE = "Working together to improve school attendance (statutory guidance, DfE)"
FROM_DAYS = 20
"""For so many school days of the year nothing is said of a group."""
GAP, LEAST_PUPILS = Fraction(5, 100), 10

TARGET = Rule(
    Alert.BELOW_TARGET,
    "Attendance in the year to date is below the target that the school has set.",
    "The school's own policy",
    "Attendance in the year to date is at the target or above, or the target is another.",
)
# ASSUMPTION: no source says how wide a gap is worth a word, nor of how many pupils; these keep small schools quiet.
COHORT = Rule(
    Alert.COHORT_GAP,
    "A cohort attends markedly less than the other pupils of the school.",
    _GUIDANCE + ", on regular analysis of attendance data by cohort",
    "The gap in the year to date is smaller, or either group has too few pupils.",
)


@dataclass(frozen=True, slots=True)
class Day:
    """The sums over a group on one school day, in sessions."""

    on: date
    possible: int
    attended: int


def _since(held: Iterable[tuple[date, bool]]) -> date | None:
    """The first day of the stretch that still lasts at the end, None when none does."""
    since: date | None = None
    for on, holds in held:
        since = (since or on) if holds else None
    return since


def _to_date(days: Sequence[Day]) -> list[Day]:
    """The sums of the year up to each day."""
    return list(accumulate(days, lambda a, b: Day(b.on, a.possible + b.possible, a.attended + b.attended)))


def below_target(of: str, days: Sequence[Day], target: Fraction | None, from_days: int = FROM_DAYS) -> Finding | None:
    """A school, year group or class that is below its target, named by `of` ("school", "class 3A"...).

    `days` are those of the academic year up to the day judged, in order. A target of None is none.
    """
    if target is None:
        return None
    sums = _to_date(days)
    since = _since(
        (each.on, n >= from_days and each.attended < target * each.possible) for n, each in enumerate(sums, start=1)
    )
    if since is None:
        return None
    return TARGET.finds(
        since,
        f"{academic_year(since)} {of}",
        of=of,
        possible_sessions=sums[-1].possible,
        overall_attendance=sums[-1].attended,
        attendance_perc=perc(rate(sums[-1].attended, sums[-1].possible)),
        target_perc=perc(target),
        from_days=from_days,
    )


@dataclass(frozen=True, slots=True)
class Cohort:
    """A cohort or the other pupils of the school: how many pupils, and their sums by day of the academic year."""

    pupils: int
    days: tuple[Day, ...]


def cohort_gap(
    name: str,
    cohort: Cohort,
    others: Cohort,
    gap: Fraction = GAP,
    least_pupils: int = LEAST_PUPILS,
    from_days: int = FROM_DAYS,
) -> Finding | None:
    """A cohort whose attendance in the year to date is so far below that of the other pupils.

    Both have their sums for the same days, in order. Nothing is said where either has fewer than `least_pupils`.
    """
    if min(cohort.pupils, others.pupils) < least_pupils:
        return None
    sums = list(zip(_to_date(cohort.days), _to_date(others.days), strict=True))
    since = _since(
        (mine.on, n >= from_days and _behind(mine, theirs) >= gap) for n, (mine, theirs) in enumerate(sums, start=1)
    )
    if since is None:
        return None
    mine, theirs = sums[-1]
    return COHORT.finds(
        since,
        f"{academic_year(since)} {name}",
        cohort=name,
        pupils=cohort.pupils,
        attendance_perc=perc(rate(mine.attended, mine.possible)),
        other_pupils=others.pupils,
        other_attendance_perc=perc(rate(theirs.attended, theirs.possible)),
        at_least_points=perc(gap),
        least_pupils=least_pupils,
    )


def _behind(mine: Day, theirs: Day) -> Fraction:
    """How far the first attends less than the second; nothing where either has no possible session."""
    own, other = rate(mine.attended, mine.possible), rate(theirs.attended, theirs.possible)
    return Fraction(0) if own is None or other is None else other - own
