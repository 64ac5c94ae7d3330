"""The penalty threshold of a pupil of several schools, joined by UPN for those who may see all of them.

A school knows its own sessions and what was passed on to it; the authority and the trust see what it comes to together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from codes.alerts import Alert, Standing
from codes.book import Kind, Session, read
from codes.finding import plain
from codes.penalty import MET, PenaltyMet, Spent, counting, episodes

_ACCOUNTED = frozenset({Kind.PRESENT, Kind.APPROVED, Kind.AUTHORISED})


@dataclass(frozen=True, slots=True)
class AtSchool:
    """What one school's register holds of a pupil: every entry that stands, in order, and the school's own weeks."""

    urn: str
    upn: str
    date_of_birth: date
    entries: Sequence[Standing]
    school_weeks: Sequence[date]


@dataclass(frozen=True, slots=True)
class MetAcross:
    """The alert that ten sessions of several schools met the threshold; `urns` are their schools, one for each."""

    together: PenaltyMet
    urns: tuple[str, ...]

    kind = Alert.PENALTY_THRESHOLD

    @property
    def since(self) -> date:
        """The earliest day on which it was met."""
        return self.together.since

    @property
    def period(self) -> str:
        """As for the threshold at one school, which may stand beside this one."""
        return f"{self.together.period} across schools"

    def evidence(self) -> dict[str, Any]:
        """The evidence for who may see every school: each session with its school."""
        evidence = self.together.evidence()
        sessions = zip(evidence["sessions"], self.urns, strict=True)
        return {**evidence, "sessions": [session | {"urn": urn} for session, urn in sessions]}

    def seen_by(self, urn: str) -> dict[str, Any]:
        """The evidence for one of the schools: its own sessions, and how many there were elsewhere.

        No other day is told: that on which it was met, the window, and whether it rests on an N may be of another's.
        """
        sessions = zip(self.together.met.sessions, self.urns, strict=True)
        own = [entry for entry, at in sessions if at == urn]
        elsewhere = len(self.urns) - len(own)
        return MET.finds(self.since, self.period, sessions=plain(own), elsewhere=elsewhere).evidence()


def across_schools(parts: Iterable[AtSchool], spent: Mapping[str, Spent]) -> dict[str, tuple[MetAcross, ...]]:
    """The thresholds met by sessions of more than one school, by UPN; `spent` sessions are given by UPN too.

    ASSUMPTION: the weeks are the union of those of the schools, whenever the pupil was at which (law doubt 6). Quiet
    where one school's sessions alone met it: that school's own alert says so.
    """
    by_upn: defaultdict[str, list[AtSchool]] = defaultdict(list)
    for part in parts:
        by_upn[part.upn].append(part)
    found = {
        upn: tuple(_met(of_pupil, spent.get(upn, ())))
        for upn, of_pupil in by_upn.items()
        if len({part.urn for part in of_pupil}) > 1
    }
    return {upn: met for upn, met in found.items() if met}


def _met(parts: Sequence[AtSchool], spent: Spent) -> Iterator[MetAcross]:
    counted = _once(parts, spent)
    weeks = sorted({monday for part in parts for monday in part.school_weeks})
    for together in episodes([entry for entry, _ in counted.values()], weeks, spent):
        urns = tuple(counted[entry[:2]][1] for entry in together.met.sessions)
        if len(set(urns)) > 1:
            yield MetAcross(together, urns)


def _once(parts: Sequence[AtSchool], spent: Spent) -> dict[tuple[date, Session], tuple[Standing, str]]:
    """The sessions that count, in order, each with its school.

    ASSUMPTION: a session counts once, by the school that knows more than N; and not at all where another of the schools
    had the pupil, or authorised the absence: a school that has yet to delete a name goes on marking it absent.
    """
    accounted = {entry[:2] for part in parts for entry in part.entries if read(entry[2], entry[0]).kind in _ACCOUNTED}
    found: dict[tuple[date, Session], tuple[Standing, str]] = {}
    for part in parts:
        for entry in counting(part.entries, part.school_weeks, part.date_of_birth, spent):
            at = entry[:2]
            if at not in accounted and (at not in found or found[at][0][2] == "N"):
                found[at] = (entry, part.urn)
    return dict(sorted(found.items()))
