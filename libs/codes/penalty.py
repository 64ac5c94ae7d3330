"""The penalty threshold: ten unauthorised sessions in ten school weeks, the way there, and over several schools.

Pure rules over the entries that stand, from the National Framework as local codes of conduct repeat it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from codes.ages import of_compulsory_age
from codes.alerts import Alert, Standing
from codes.book import Session, read
from codes.calendar import academic_year, week_of
from codes.finding import Rule, plain

THRESHOLD_SESSIONS = 10
THRESHOLD_WEEKS = 10
# ASSUMPTION: no source says from how many sessions on the threshold is near; from the seventh, three are left.
APPROACHING_SESSIONS = 7

SOURCE = "National Framework for penalty notices, from 19 August 2024"
MET = Rule(
    Alert.PENALTY_THRESHOLD,
    "A penalty notice must be considered: 10 sessions of G, N, O or U in 10 school weeks, of compulsory school age.",
    SOURCE,
    "An amendment takes the sessions away, or an act deals with them; never by time alone.",
)
NEAR = Rule(
    Alert.PENALTY_APPROACHING,
    "The penalty threshold is near: 10 sessions of G, N, O or U in 10 school weeks.",
    SOURCE,
    "Too few stand in the 10 school weeks to date, the tenth does, or the pupil is of compulsory school age no more.",
)

Spent = Collection[tuple[date, Session]]
"""Sessions that count no more: a notice that was not withdrawn relied on them, or an act has dealt with them."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """The penalty threshold, met: the ten sessions, and the window of at most ten school weeks that holds them.

    `window` are the Mondays of its school weeks; the last is that of `met_on`.
    """

    met_on: date
    window: tuple[date, ...]
    sessions: tuple[Standing, ...]

    kind = Alert.PENALTY_THRESHOLD

    @property
    def unresolved(self) -> int:
        """How many of the ten are N, and so may yet turn out to be something else."""
        return _unresolved(self.sessions)

    @property
    def provisional(self) -> bool:
        """Whether the threshold rests on an N; it should be resolved before a referral."""
        return self.unresolved > 0

    def evidence(self) -> dict[str, Any]:
        """The threshold in plain values; the window ends on a Sunday."""
        return {
            "met_on": self.met_on.isoformat(),
            **_window(self.window),
            "sessions": plain(self.sessions),
            "unresolved": self.unresolved,
            "provisional": self.provisional,
        }


def penalty_threshold(
    entries: Sequence[Standing], school_weeks: Sequence[date], date_of_birth: date, spent: Spent = ()
) -> Threshold | None:
    """The threshold at the earliest date on which it was met, or None: see `thresholds`."""
    return next(thresholds(entries, school_weeks, date_of_birth, spent), None)


def thresholds(
    entries: Sequence[Standing], school_weeks: Sequence[date], date_of_birth: date, spent: Spent = ()
) -> Iterator[Threshold]:
    """Every session, in order, with which ten unauthorised ones stand in ten consecutive school weeks.

    `entries` are what stands, in order, of one pupil; `school_weeks` the Mondays of the weeks with at least one open
    session, in order, of as many years as needed. Codes G, N, O and U count from 19 August 2024 and while the pupil is
    of compulsory school age; `spent` sessions do not.
    """
    return tens(counting(entries, school_weeks, date_of_birth, spent), school_weeks)


def counting(
    entries: Iterable[Standing], school_weeks: Sequence[date], date_of_birth: date, spent: Spent
) -> list[Standing]:
    """The entries that count to the threshold; one on a day in no school week does not."""
    return [
        entry
        for entry in entries
        if read(entry[2], entry[0]).threshold
        and of_compulsory_age(date_of_birth, entry[0])
        and entry[:2] not in spent
        and _is_school_week(entry[0], school_weeks)
    ]


def tens(counted: Sequence[Standing], school_weeks: Sequence[date]) -> Iterator[Threshold]:
    """Every ten of the entries that count, one after another, which lie in ten consecutive school weeks."""
    places = _places(counted, school_weeks)
    for last in range(THRESHOLD_SESSIONS - 1, len(counted)):
        first, place = last - THRESHOLD_SESSIONS + 1, places[last]
        if place - places[first] < THRESHOLD_WEEKS:
            window = tuple(school_weeks[max(0, place - THRESHOLD_WEEKS + 1) : place + 1])
            yield Threshold(counted[last][0], window, tuple(counted[first : last + 1]))


@dataclass(frozen=True, slots=True)
class PenaltyMet:
    """The alert that the threshold was met, from the earliest day on; it holds until an amendment or an act ends it.

    `firm_on` is the day from which ten sessions without an N meet it, None while the ten need one. `last_met_on` is
    the last day on which a session was added to it. `after` is the day of the last spent session before it.
    """

    met: Threshold
    firm_on: date | None
    last_met_on: date
    after: date | None = None

    kind = Alert.PENALTY_THRESHOLD

    @property
    def since(self) -> date:
        """The earliest day on which it was met."""
        return self.met.met_on

    @property
    def period(self) -> str:
        """The academic year in which it was met, and after which spent session, so that a second one is another."""
        return _period(self.since, self.after)

    @property
    def provisional(self) -> bool:
        """Whether the ten need an N; it should be resolved before a referral."""
        return self.firm_on is None

    def evidence(self) -> dict[str, Any]:
        """What was met, with which sessions, and what would end it."""
        facts = {
            **self.met.evidence(),
            "provisional": self.provisional,
            "firm_on": _day(self.firm_on),
            "last_met_on": self.last_met_on.isoformat(),
            "after": _day(self.after),
        }
        return MET.finds(self.since, self.period, **facts).evidence()


def penalty_met(
    entries: Sequence[Standing], school_weeks: Sequence[date], date_of_birth: date, spent: Spent = ()
) -> tuple[PenaltyMet, ...]:
    """The thresholds that were met and stand, each once: what goes on without a gap is one, and a year has one.

    A gap is a ten that shares no session with the ten before it. Once its sessions are spent the next ten sessions meet
    it anew. Parameters as for `thresholds`.
    """
    return episodes(counting(entries, school_weeks, date_of_birth, spent), school_weeks, spent)


def episodes(counted: Sequence[Standing], school_weeks: Sequence[date], spent: Spent) -> tuple[PenaltyMet, ...]:
    """As `penalty_met`, of entries that count."""
    found: dict[str, list[Threshold]] = {}
    period = ""
    before: Threshold | None = None
    for met in tens(counted, school_weeks):
        if before is None or before.sessions[-1] < met.sessions[0]:
            period = _period(met.met_on, _after(met.met_on, spent))
        found.setdefault(period, []).append(met)
        before = met
    firm = list(tens([entry for entry in counted if entry[2] != "N"], school_weeks))
    return tuple(
        PenaltyMet(first, _firm_on(first, last, firm), last.met_on, _after(first.met_on, spent))
        for first, last in ((each[0], each[-1]) for each in found.values())
    )


def why_it_ended(was: PenaltyMet, spent: Spent) -> str:
    """Why a threshold that was met is met no more: "spent" by a notice or another act, or "amended"."""
    return "spent" if any(entry[:2] in spent for entry in was.met.sessions) else "amended"


@dataclass(frozen=True, slots=True)
class Approaching:
    """The alert that the threshold is near: so many sessions in the ten school weeks to date.

    `since` is the day from which there have been so many throughout; `quiet_from` the Monday of the school week with
    which there will be too few if none is added, None where the calendars do not reach so far.
    """

    since: date
    window: tuple[date, ...]
    sessions: tuple[Standing, ...]
    from_sessions: int
    quiet_from: date | None
    after: date | None = None

    kind = Alert.PENALTY_APPROACHING

    @property
    def period(self) -> str:
        """As for the threshold."""
        return _period(self.since, self.after)

    def evidence(self) -> dict[str, Any]:
        """How near the threshold is, by which sessions, and what would end it."""
        facts = {
            **_window(self.window),
            "sessions": plain(self.sessions),
            "sessions_left": THRESHOLD_SESSIONS - len(self.sessions),
            "unresolved": _unresolved(self.sessions),
            "quiet_from": _day(self.quiet_from),
            "from_sessions": self.from_sessions,
        }
        return NEAR.finds(self.since, self.period, **facts).evidence()


def penalty_approaching(
    entries: Sequence[Standing],
    school_weeks: Sequence[date],
    date_of_birth: date,
    today: date,
    spent: Spent = (),
    from_sessions: int = APPROACHING_SESSIONS,
) -> Approaching | None:
    """Whether as many sessions as `from_sessions`, and not yet ten, stand in the ten school weeks to `today`.

    Quiet where the threshold is met: sessions that already met it do not count here. Parameters as for `thresholds`.
    """
    here = bisect_right(school_weeks, today) - 1
    if not of_compulsory_age(date_of_birth, today):
        return None
    counted = counting((e for e in entries if e[0] <= today), school_weeks, date_of_birth, spent)
    met = [ten.sessions[-1] for ten in tens(counted, school_weeks)][-1:]
    counted = [entry for entry in counted if not met or entry > met[0]]
    places = _places(counted, school_weeks)
    inside = [entry for entry, place in zip(counted, places, strict=True) if here - place < THRESHOLD_WEEKS]
    if len(inside) < from_sessions:
        return None
    last = len(counted) - 1
    while last >= from_sessions and places[last] - places[last - from_sessions] < THRESHOLD_WEEKS:
        last -= 1
    since = counted[last][0]
    falls = places[-from_sessions] + THRESHOLD_WEEKS
    return Approaching(
        since,
        tuple(school_weeks[max(0, here - THRESHOLD_WEEKS + 1) : here + 1]),
        tuple(inside),
        from_sessions,
        school_weeks[falls] if falls < len(school_weeks) else None,
        _after(since, spent),
    )


def _firm_on(first: Threshold, last: Threshold, firm: Iterable[Threshold]) -> date | None:
    within = (met for met in firm if first.sessions[0] <= met.sessions[0] and met.sessions[-1] <= last.sessions[-1])
    return next((met.met_on for met in within), None)


def _after(on: date, spent: Spent) -> date | None:
    return max((day for day, _ in spent if day <= on), default=None)


def _period(since: date, after: date | None) -> str:
    return academic_year(since) + ("" if after is None else f" after {after}")


def _is_school_week(on: date, school_weeks: Sequence[date]) -> bool:
    monday = week_of(on)
    place = bisect_left(school_weeks, monday)
    return place < len(school_weeks) and school_weeks[place] == monday


def _places(counted: Iterable[Standing], school_weeks: Sequence[date]) -> list[int]:
    return [bisect_left(school_weeks, week_of(on)) for on, _, _ in counted]


def _unresolved(sessions: Iterable[Standing]) -> int:
    return sum(code == "N" for _, _, code in sessions)


def _window(mondays: Sequence[date]) -> dict[str, Any]:
    ends = mondays[-1] + timedelta(days=6)
    return {"from": mondays[0].isoformat(), "to": ends.isoformat(), "school_weeks": len(mondays)}


def _day(on: date | None) -> str | None:
    return None if on is None else on.isoformat()
