"""Dual registration: of two schools that register a pupil, one alone marks a session; the other has D, or X."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import combinations
from typing import Any

from codes.alerts import Alert
from codes.book import Kind, Session, read
from codes.calendar import academic_year
from codes.finding import Rule
from codes.joined import AtSchool

# Methodology 4.4.1: each school records only the sessions that the pupil is required to attend with it.
_NOT_HERE = frozenset({"D", "X"})
_NO_SESSION = frozenset({Kind.NOT_POSSIBLE, Kind.ADMINISTRATIVE, Kind.NOT_ATTENDING_COVID})

DUAL = Rule(
    Alert.DUAL_CONFLICT,
    "Two schools that register a pupil have both marked a session, or neither has: one alone has another code than D.",
    "DfE, Pupil absence statistics: methodology, 4.4.1",
    "One of the two schools amends its entry of each of these sessions.",
)


class Conflict(StrEnum):
    """How the entries of two schools for one session disagree."""

    BOTH_MARKED = "both-marked"
    NEITHER_MARKED = "neither-marked"


def conflict(here: str | None, there: str | None) -> Conflict | None:
    """How the entries of two schools that register a pupil disagree, or None; None for an entry that is missing.

    Both hold another code than D or X, or neither does. A missing entry is a fault of that school's own register.
    """
    if here is None or there is None or (here in _NOT_HERE) != (there in _NOT_HERE):
        return None
    return Conflict.NEITHER_MARKED if here in _NOT_HERE else Conflict.BOTH_MARKED


@dataclass(frozen=True, slots=True)
class InConflict:
    """One session, the code that stands at each of two schools, in the order of their URNs, and how they disagree."""

    on: date
    session: Session
    codes: tuple[str, str]
    how: Conflict


@dataclass(frozen=True, slots=True)
class DualConflict:
    """The alert that the registers of two schools contradict each other; `urns` are in order, `sessions` too."""

    urns: tuple[str, str]
    sessions: tuple[InConflict, ...]

    kind = Alert.DUAL_CONFLICT

    @property
    def since(self) -> date:
        """The day of the first session."""
        return self.sessions[0].on

    @property
    def period(self) -> str:
        """The academic year, and the two schools."""
        return f"{academic_year(self.since)} {self.urns[0]} {self.urns[1]}"

    def evidence(self) -> dict[str, Any]:
        """The evidence for who may see both schools: each session with the code at each."""
        sessions = [{**_plain(each), "codes": dict(zip(self.urns, each.codes, strict=True))} for each in self.sessions]
        return DUAL.finds(self.since, self.period, schools=list(self.urns), sessions=sessions).evidence()

    def seen_by(self, urn: str) -> dict[str, Any]:
        """The evidence for one of the two: its own codes, and how they disagree with the other school's."""
        own = self.urns.index(urn)
        sessions = [{**_plain(each), "code": each.codes[own]} for each in self.sessions]
        return {**self.evidence(), "sessions": sessions}


def _plain(each: InConflict) -> dict[str, str]:
    return {"date": each.on.isoformat(), "session": str(each.session), "conflict": str(each.how)}


def dual_conflicts(parts: Iterable[AtSchool]) -> dict[str, tuple[DualConflict, ...]]:
    """The contradictions between the registers of any two schools of a pupil, by UPN: one a year and pair of schools.

    ASSUMPTION: where one of the two had no session (#, Y1 to Y7), or the pupil had not begun (Z), nothing is said.
    """
    by_upn: defaultdict[str, dict[str, AtSchool]] = defaultdict(dict)
    for part in parts:
        by_upn[part.upn][part.urn] = part
    found = {upn: tuple(_between(sorted(at.items()))) for upn, at in by_upn.items()}
    return {upn: alerts for upn, alerts in found.items() if alerts}


def _between(schools: Sequence[tuple[str, AtSchool]]) -> Iterator[DualConflict]:
    for (urn, here), (other, there) in combinations(schools, 2):
        codes = {entry[:2]: entry[2] for entry in there.entries}
        years: defaultdict[str, list[InConflict]] = defaultdict(list)
        for on, session, code in here.entries:
            beside = codes.get((on, session))
            how = conflict(code, beside)
            if beside is not None and how is not None and not any(_is_no_session(each, on) for each in (code, beside)):
                years[academic_year(on)].append(InConflict(on, session, (code, beside), how))
        for sessions in years.values():
            yield DualConflict((urn, other), tuple(sessions))


def _is_no_session(code: str, on: date) -> bool:
    return code not in _NOT_HERE and read(code, on).kind in _NO_SESSION
