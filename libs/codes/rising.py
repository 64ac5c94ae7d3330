"""Six school weeks against the six before: a pupil with a plan who attends less, a school's unauthorised absence.

Pure rules over sums of weeks that are over at the end of a day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from codes.alerts import Alert, Standing
from codes.calendar import academic_year, school_weeks, week_of
from codes.finding import Finding, Rule
from codes.levels import by_day
from codes.tallies import perc, rate

_GUIDANCE = "Working together to improve school attendance (statutory guidance, DfE)"
WEEKS_COMPARED = 6
# ASSUMPTION: no source has any of these numbers.
EHCP_POINTS, EHCP_SESSIONS = Fraction(5, 100), 4
SCHOOL_POINTS, SCHOOL_SESSIONS = Fraction(1, 100), 20

EHCP = Rule(
    Alert.EHCP_FALLING,
    "A pupil with an education, health and care plan attends markedly less in the last six school weeks than before.",
    _GUIDANCE + ", on pupils with an education, health and care plan",
    "In a later six school weeks attendance has not fallen so far against the six before.",
)
SCHOOL = Rule(
    Alert.SCHOOL_UNAUTHORISED_RISING,
    "The school's unauthorised absence in the last six school weeks is markedly above that of the six before.",
    _GUIDANCE + ", on regular analysis of attendance data",
    "In a later six school weeks it is not so far above the six before.",
)


@dataclass(frozen=True, slots=True)
class _Risen:
    """A rise since a day: sessions counted and possible in six school weeks, and in the six before."""

    since: date
    weeks: tuple[date, ...]
    now: tuple[int, int]
    was: tuple[int, int]

    def plain(self, points: Fraction, sessions: int) -> dict[str, Any]:
        """The rise in plain values, with what it is measured by."""
        return {
            "from": self.weeks[WEEKS_COMPARED].isoformat(),
            "counted_sessions": self.now[0],
            "possible_sessions": self.now[1],
            "perc": perc(rate(*self.now)),
            "before_from": self.weeks[0].isoformat(),
            "counted_sessions_before": self.was[0],
            "possible_sessions_before": self.was[1],
            "perc_before": perc(rate(*self.was)),
            "weeks_compared": WEEKS_COMPARED,
            "at_least_points": perc(points),
            "at_least_sessions": sessions,
        }


def _ended_weeks(school_days: Sequence[date], today: date) -> list[tuple[date, date]]:
    """The school weeks that are over at the end of a day: the Monday and the last school day of each, in order."""
    last_days = {week_of(day): day for day in school_days}
    return [(monday, last_days[monday]) for monday in school_weeks(school_days) if last_days[monday] <= today]


def _risen(
    sums: Mapping[date, tuple[int, int]], weeks: Sequence[tuple[date, date]], points: Fraction, sessions: int
) -> _Risen | None:
    """The rise that lasts at the end of the weeks, as it is now, since the week that completed it."""

    def summed(of: Sequence[tuple[date, date]]) -> tuple[int, int]:
        each = [sums.get(monday, (0, 0)) for monday, _ in of]
        return sum(counted for counted, _ in each), sum(possible for _, possible in each)

    found: _Risen | None = None
    for end in range(len(weeks), 2 * WEEKS_COMPARED - 1, -1):
        both = weeks[end - 2 * WEEKS_COMPARED : end]
        was, now = summed(both[:WEEKS_COMPARED]), summed(both[WEEKS_COMPARED:])
        before, after = rate(*was), rate(*now)
        if before is None or after is None or after - before < points or now[0] - was[0] < sessions:
            break
        since = both[-1][1]
        found = (
            _Risen(since, tuple(monday for monday, _ in both), now, was)
            if found is None
            else _Risen(since, found.weeks, found.now, found.was)
        )
    return found


def _by_week(sessions: Iterable[tuple[date, int, int]]) -> dict[date, tuple[int, int]]:
    sums: dict[date, tuple[int, int]] = {}
    for on, counted, possible in sessions:
        held = sums.get(week_of(on), (0, 0))
        sums[week_of(on)] = held[0] + counted, held[1] + possible
    return sums


def ehcp_falling(
    entries: Sequence[Standing], date_of_birth: date, school_days: Sequence[date], today: date
) -> Finding | None:
    """A fall of attendance by at least 5 points and 4 sessions, of a pupil with an education, health and care plan.

    `entries` and `school_days` are in order, of as many years as needed. It holds since the last school day of the
    week that completed it; the sessions that its evidence counts are those of absence.
    """
    absences = by_day(entries, date_of_birth, date.min, today)
    risen = _risen(_by_week(absences), _ended_weeks(school_days, today), EHCP_POINTS, EHCP_SESSIONS)
    if risen is None:
        return None
    return EHCP.finds(risen.since, academic_year(risen.since), **risen.plain(EHCP_POINTS, EHCP_SESSIONS))


def school_unauthorised_rising(
    days: Iterable[tuple[date, int, int]],
    school_days: Sequence[date],
    today: date,
    points: Fraction = SCHOOL_POINTS,
    sessions: int = SCHOOL_SESSIONS,
) -> Finding | None:
    """A rise of a school's unauthorised absence by at least so many points and so many sessions.

    `days` are the day, its sessions of unauthorised absence and its possible sessions, of all pupils together.
    """
    risen = _risen(_by_week(days), _ended_weeks(school_days, today), points, sessions)
    if risen is None:
        return None
    return SCHOOL.finds(risen.since, academic_year(risen.since), **risen.plain(points, sessions))
