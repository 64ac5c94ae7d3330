"""What holds of a school when one of its weeks is over: groups below their target, gaps, a rise, and pupils' patterns.

Pure: the pupils' entries as they stood then are an argument. Groups are as on the day of each session.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from codes.alerts import Standing
from codes.calendar import academic_year, academic_year_bounds, week_of
from codes.finding import Finding
from codes.gaps import Cohort, Day, below_target, cohort_gap
from codes.known import UNAUTHORISED, Known, Setting
from codes.levels import by_day
from codes.patterns import patterns
from codes.policy import Policy
from codes.rising import school_unauthorised_rising

COHORTS = (
    *("fsm", "ehcp", "social_worker", "looked_after", "previously_looked_after", "child_in_need"),
    *("child_protection", "young_carer", "medical_condition", "pupil_premium", "mobile_child"),
)
"""The facts whose pupils are compared with the others; beside them those with support for special needs, `sen`."""
_SEN = frozenset({"K", "E"})
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class OfPupil:
    """A pupil as known at the end of a week, with the entries that stood then, in order; and the household."""

    no: int
    known: Known
    entries: Sequence[Standing]
    household: str | None = None


def weeks_over(setting: Setting, first: date, today: date) -> list[date]:
    """The last school days, from a day on, of school weeks that are over before today."""
    last = {week_of(day): day for day in setting.school_days}
    return [day for day in last.values() if first <= day < today]


def of_week(setting: Setting, pupils: Sequence[OfPupil], today: date) -> tuple[list[Finding], dict[int, list[Finding]]]:
    """What holds of the school, and the patterns of its pupils by number, at the end of the last day of a week."""
    of_year, sums = _sums(pupils, academic_year_bounds(academic_year(today))[0], today)
    policy = setting.school.policy(today)
    found = [*_targets(sums, policy), *_gaps(of_year, sums)]
    rising = school_unauthorised_rising(_unauthorised(pupils, today), setting.school_days, today)
    named = patterns({each.no: each.entries for each in pupils}, setting.school_days, today, _siblings(pupils))
    return found + ([] if rising is None else [rising]), {no: list(of) for no, of in named.items()}


_Sums = Mapping[str, Mapping[date, tuple[int, int]]]


def _sums(pupils: Iterable[OfPupil], first: date, today: date) -> tuple[Mapping[str, set[int]], _Sums]:
    """Of each group the pupils in it, and by day the possible sessions and those attended."""
    members: defaultdict[str, set[int]] = defaultdict(set)
    sums: defaultdict[str, dict[date, tuple[int, int]]] = defaultdict(dict)
    for pupil in pupils:
        for on, absent, possible in by_day(pupil.entries, pupil.known.date_of_birth, first, today):
            for group in _groups(pupil.known, on):
                members[group].add(pupil.no)
                was = sums[group].get(on, (0, 0))
                sums[group][on] = was[0] + possible, was[1] + possible - absent
    return members, sums


def _groups(known: Known, on: date) -> Iterator[str]:
    placed = known.at(on)
    yield "school"
    if placed.year_group:
        yield f"year group {placed.year_group}"
    if placed.class_ is not None:
        yield f"class {placed.class_}"
    for fact in COHORTS:
        yield f"{'' if placed.facts.get(fact) is True else 'not '}cohort {fact}"
    yield f"{'' if placed.facts.get('sen') in _SEN else 'not '}cohort sen"


def _targets(sums: _Sums, policy: Policy) -> Iterator[Finding]:
    of_class = dict(policy.class_targets)
    for group in sorted(each for each in sums if "cohort " not in each):
        target: Fraction | None = of_class.get(group.removeprefix("class "), policy.target)
        found = below_target(group, _days(sums[group]), target if group.startswith("class ") else policy.target)
        if found is not None:
            yield found


def _gaps(members: Mapping[str, set[int]], sums: _Sums) -> Iterator[Finding]:
    for fact in (*COHORTS, "sen"):
        own, other = f"cohort {fact}", f"not cohort {fact}"
        days = sorted({*sums.get(own, {}), *sums.get(other, {})})
        found = cohort_gap(fact, _cohort(members, sums, own, days), _cohort(members, sums, other, days))
        if found is not None:
            yield found


def _cohort(members: Mapping[str, set[int]], sums: _Sums, group: str, days: Sequence[date]) -> Cohort:
    held = sums.get(group, {})
    return Cohort(len(members.get(group, ())), tuple(Day(on, *held.get(on, (0, 0))) for on in days))


def _days(of_group: Mapping[date, tuple[int, int]]) -> list[Day]:
    return [Day(on, *of_group[on]) for on in sorted(of_group)]


def _unauthorised(pupils: Iterable[OfPupil], today: date) -> Iterator[tuple[date, int, int]]:
    """By day, the sessions of unauthorised absence and the possible ones of all pupils together."""
    possible: Counter[date] = Counter()
    counted: Counter[date] = Counter()
    for pupil in pupils:
        for on, _, of_day in by_day(pupil.entries, pupil.known.date_of_birth, date.min, today):
            possible[on] += of_day
        counted.update(on for on, _, code in pupil.entries if code in UNAUTHORISED and on <= today)
    for on in sorted(possible):
        yield on, counted[on], possible[on]


def _siblings(pupils: Iterable[OfPupil]) -> dict[int, tuple[int, ...]]:
    """The other pupils of the same household, by the number of the pupil."""
    homes: defaultdict[str, list[int]] = defaultdict(list)
    for pupil in pupils:
        if pupil.household is not None:
            homes[pupil.household].append(pupil.no)
    return {
        no: tuple(other for other in home if other != no) for home in homes.values() if len(home) > 1 for no in home
    }
