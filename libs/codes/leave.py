"""Entries that the plans of absence do not bear out: leave that nobody granted, E without a suspension, refused dates.

Pure rules over the entries of one pupil as they stand at the end of a day, and the plans that are known by then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from codes.alerts import Alert, Standing
from codes.calendar import academic_year
from codes.finding import Finding, Rule, plain
from codes.planned import REFUSED, Plan, checked_codes, checks

UNGRANTED = Rule(
    Alert.LEAVE_CODE_WITHOUT_LEAVE,
    "A code of leave without leave that was granted, or E without a suspension or exclusion that is recorded.",
    "SI 2024/208 reg 11; reg 10(3), Table 3",
    "The leave, suspension or exclusion is recorded as granted, or the entries are amended.",
)
REFUSED_DATES = Rule(
    Alert.ABSENT_ON_REFUSED_DATES,
    "Absent on dates for which leave was asked for and refused.",
    "SI 2024/208 reg 11; Working together to improve school attendance (statutory guidance, DfE), on leave of absence",
    "The leave is granted after all, or the entries are amended; an act on the alert ends it too.",
)
CHECKED = frozenset(checked_codes())
"""The codes that need a grant, or a suspension."""
_PRESENT = frozenset({"/", "\\", "L"})


def unfitting(entries: Sequence[Standing], plans: Sequence[Plan]) -> Iterator[Finding]:
    """What does not fit between entries and plans: one alert a year for leave without a grant, one a refused plan.

    It holds since the day of the first such entry.
    """
    refused = any(plan.outcome == REFUSED or _is_less(plan) for plan in plans)
    ungranted: defaultdict[str, list[Standing]] = defaultdict(list)
    on_refused: defaultdict[str, list[Standing]] = defaultdict(list)
    for entry in entries:
        if entry[2] not in CHECKED and (not refused or entry[2] in _PRESENT):
            continue
        for check in checks(entry[2], entry[:2], plans):
            if check.plan is None:
                ungranted[academic_year(entry[0])].append(entry)
            else:
                on_refused[check.plan].append(entry)
    for year, found in ungranted.items():
        yield UNGRANTED.finds(found[0][0], year, academic_year=year, sessions=plain(found))
    for plan, found in on_refused.items():
        yield REFUSED_DATES.finds(found[0][0], plan, absence=plan, sessions=plain(found))


def _is_less(plan: Plan) -> bool:
    """Whether less was granted than asked for, at either end."""
    return (plan.first, plan.last) != (plan.asked_first, plan.asked_last)
