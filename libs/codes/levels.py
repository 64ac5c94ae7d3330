"""How far a pupil's absence has gone in an academic year: at risk, below the referral line, persistent, severe.

Pure rules over the entries of one pupil as they stand at the end of a day.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from types import MappingProxyType
from typing import Any

from codes.ages import YEAR_GROUPS, compulsory_school_age, expected_year_group
from codes.alerts import Alert, Standing
from codes.book import CODES, Kind, edges, read
from codes.calendar import academic_year, academic_year_bounds
from codes.finding import Finding, Rule
from codes.tallies import Tally, is_persistent, is_severe, overall_absence, perc, rate

_ABSENT = frozenset({Kind.AUTHORISED, Kind.UNAUTHORISED})
_METHODOLOGY = "DfE, Pupil absence statistics: methodology, section 3"
_GUIDANCE = "Working together to improve school attendance (statutory guidance, DfE)"
_FROM, _TO = YEAR_GROUPS.index("R"), YEAR_GROUPS.index("11")
LEVELS_FROM_SESSIONS = 40
"""From how many possible sessions on a level is spoken of, where the school's policy says no other number."""

_NO_LONGER = (
    "The year's absence no longer reaches this line, or reaches a graver one; a year that is over ends nothing."
)
AT_RISK = Rule(
    Alert.AT_RISK,
    "Attendance in the year to date is below the school's line for pupils at risk.",
    _GUIDANCE,
    _NO_LONGER,
)
REFERRAL = Rule(
    Alert.REFERRAL_LINE,
    "Attendance in the year to date is below the line at which the school refers to the authority.",
    "School policies, in line with " + _GUIDANCE,
    _NO_LONGER,
)
PERSISTENT = Rule(
    Alert.PERSISTENT_ABSENCE, "Absent in 10 % or more of the possible sessions of the year.", _METHODOLOGY, _NO_LONGER
)
SEVERE = Rule(Alert.SEVERE_ABSENCE, "Absent in 50 % or more of the possible sessions.", _GUIDANCE, _NO_LONGER)
WITHOUT_PLAN = Rule(
    Alert.SEVERE_WITHOUT_PLAN,
    "Severely absent, and no plan of support is known: school and authority agree one for each such pupil.",
    _GUIDANCE + ", on severe absence",
    "A plan of support is stated, or the pupil is severely absent no longer.",
)
_RULES: Mapping[Alert, Rule] = MappingProxyType({rule.kind: rule for rule in (AT_RISK, REFERRAL, PERSISTENT, SEVERE)})


@dataclass(frozen=True, slots=True)
class Level:
    """A pupil who has reached persistent or severe absence, and of how many sessions that is said."""

    kind: Alert
    absent_sessions: int
    possible_sessions: int
    rate: Fraction

    def evidence(self) -> dict[str, Any]:
        """The level in plain values."""
        return {
            "absent_sessions": self.absent_sessions,
            "possible_sessions": self.possible_sessions,
            "overall_absence_perc": perc(self.rate),
        }


def levels(counted: Tally, levels_from_sessions: int) -> tuple[Level, ...]:
    """The levels an enrolment has reached in its academic year to date; severe is always persistent too.

    Nothing is said of fewer possible sessions than the school's policy asks for: the statistics know no such minimum,
    but one day in September is no pattern.
    """
    absent, possible = counted.overall_absence, counted.possible_sessions
    share = overall_absence(counted)
    if share is None or possible < levels_from_sessions:
        return ()
    reached = (
        (Alert.PERSISTENT_ABSENCE, is_persistent(absent, possible)),
        (Alert.SEVERE_ABSENCE, is_severe(absent, possible)),
    )
    return tuple(Level(kind, absent, possible, share) for kind, holds in reached if holds)


@dataclass(frozen=True, slots=True)
class Lines:
    """A school's own lines, as shares of attendance (9/10 for below 90 %); None where it has none."""

    # ASSUMPTION: a school that has drawn no line for pupils at risk has none; that of referral is 90 %, a policy's.
    at_risk_below: Fraction | None = None
    referral_below: Fraction | None = Fraction(9, 10)
    levels_from_sessions: int = LEVELS_FROM_SESSIONS

    def gravest(self, absent: int, possible: int) -> Alert | None:
        """The gravest line that so many sessions of absence have reached, or None."""
        if possible < max(1, self.levels_from_sessions):
            return None
        if is_severe(absent, possible):
            return Alert.SEVERE_ABSENCE
        if is_persistent(absent, possible):
            return Alert.PERSISTENT_ABSENCE
        if _is_below(self.referral_below, absent, possible):
            return Alert.REFERRAL_LINE
        return Alert.AT_RISK if _is_below(self.at_risk_below, absent, possible) else None

    def of(self, kind: Alert) -> Fraction | None:
        """The school's own line behind a kind, None where it is national."""
        return {Alert.AT_RISK: self.at_risk_below, Alert.REFERRAL_LINE: self.referral_below}.get(kind)


POLICY_LINES = Lines()


def _is_below(line: Fraction | None, absent: int, possible: int) -> bool:
    return line is not None and (possible - absent) * line.denominator < line.numerator * possible


@dataclass(frozen=True, slots=True)
class Episode:
    """How long one line was the gravest: `until` is the last day on which it was, None while it is."""

    kind: Alert
    since: date
    until: date | None
    absent_sessions: int
    possible_sessions: int

    def plain(self) -> dict[str, Any]:
        """The episode in plain values, with the sessions as they were on its first day."""
        return {
            "kind": str(self.kind),
            "since": self.since.isoformat(),
            "until": None if self.until is None else self.until.isoformat(),
            "absent_sessions": self.absent_sessions,
            "possible_sessions": self.possible_sessions,
        }


def has_levels(year_group: str | None, date_of_birth: date, year: str) -> bool:
    """Whether levels are spoken of: from Reception to Year 11.

    ASSUMPTION: who follows no year group, and of whom none is known, is taken with pupils of the same age.
    """
    group = expected_year_group(date_of_birth, year) if year_group in (None, "X") else year_group
    return group is not None and _FROM <= YEAR_GROUPS.index(group) <= _TO


def by_day(
    entries: Sequence[Standing], date_of_birth: date, first: date, last: date
) -> Iterator[tuple[date, int, int]]:
    """Each day between two, both inclusive, with a possible session: sessions absent and sessions possible."""
    compulsory = compulsory_school_age(date_of_birth)
    within = entries[bisect_left(entries, first, key=_day_of) : bisect_right(entries, last, key=_day_of)]
    for on, of_day in groupby(within, key=_day_of):
        worth = _worth(bisect_right(edges(), on), compulsory[0] <= on <= compulsory[1])
        absent = possible = 0
        for _, _, code in of_day:
            counts, was_absent = worth[code]
            possible += counts
            absent += was_absent
        if possible:
            yield on, absent, possible


_day_of = itemgetter(0)


@lru_cache(maxsize=64)
def _worth(edge: int, compulsory: bool) -> Mapping[str, tuple[bool, bool]]:
    """Of every code, whether it is possible and whether absent, from one edge of the code book to the next.

    A year of every pupil of an authority is read by it: looking each entry up in the book takes several times as long.
    """
    on = edges()[edge - 1] if edge else date.min
    book = {code: read(code, on, compulsory) for code in CODES}
    return MappingProxyType({code: (r.possible, r.kind in _ABSENT) for code, r in book.items()})


def episodes(entries: Sequence[Standing], date_of_birth: date, today: date, lines: Lines) -> Iterator[Episode]:
    """The episodes of the academic year of `today` up to its end, in order; the last may still be going on."""
    first = academic_year_bounds(academic_year(today))[0]
    return _episodes(by_day(entries, date_of_birth, first, today), lines)


def _episodes(course: Iterable[tuple[date, int, int]], lines: Lines) -> Iterator[Episode]:
    current: Episode | None = None
    absent = possible = 0
    before = date.min
    for on, more_absent, more_possible in course:
        absent += more_absent
        possible += more_possible
        kind = lines.gravest(absent, possible)
        if current is not None and kind is not current.kind:
            yield Episode(current.kind, current.since, before, current.absent_sessions, current.possible_sessions)
            current = None
        if kind is not None and current is None:
            current = Episode(kind, on, None, absent, possible)
        before = on
    if current is not None:
        yield current


def level(
    entries: Sequence[Standing],
    date_of_birth: date,
    year_group: str | None,
    today: date,
    lines: Lines = POLICY_LINES,
) -> Finding | None:
    """The gravest line that a pupil's absence has reached in the academic year of `today`, with all its episodes.

    `entries` are what stands, in order, of one enrolment. Of a year that is over, `today` is its last day: it says what
    the year came to, and changes by an amendment alone.
    """
    year = academic_year(today)
    if not has_levels(year_group, date_of_birth, year):
        return None
    sums = tuple(by_day(entries, date_of_birth, academic_year_bounds(year)[0], today))
    absent, possible = sum(absent for _, absent, _ in sums), sum(possible for _, _, possible in sums)
    if lines.gravest(absent, possible) is None:
        return None
    course = tuple(_episodes(sums, lines))
    kind, since = course[-1].kind, course[-1].since
    return _RULES[kind].finds(
        since,
        year,
        academic_year=year,
        absent_sessions=absent,
        possible_sessions=possible,
        overall_absence_perc=perc(rate(absent, possible)),
        attendance_below_perc=perc(lines.of(kind)),
        levels_from_sessions=lines.levels_from_sessions,
        episodes=[episode.plain() for episode in course],
    )


def severe_without_plan(reached: Finding | None, *, has_plan: bool) -> Finding | None:
    """A severely absent pupil for whom no plan of support is known; `reached` is what `level` found."""
    if reached is None or reached.kind is not Alert.SEVERE_ABSENCE or has_plan:
        return None
    return WITHOUT_PLAN.finds(reached.since, reached.period, **reached.facts)
