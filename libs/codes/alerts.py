"""When a pupil's attendance must be acted on: the kinds of alert, persistent and severe absence, N past its day.

Pure rules over the entries that stand. Each answers with the evidence for itself, as plain values in `evidence()`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any

from codes.book import Session
from codes.deadlines import is_overdue, n_due
from codes.tallies import Tally, is_persistent, is_severe, overall_absence, printed

Standing = tuple[date, Session, str]
"""An entry that stands: day, session, code."""


class Alert(StrEnum):
    """The kinds of alert, by the slug of the catalogue."""

    PERSISTENT_ABSENCE = "persistent-absence"
    SEVERE_ABSENCE = "severe-absence"
    PENALTY_APPROACHING = "penalty-approaching"
    PENALTY_THRESHOLD = "penalty-threshold"
    N_OVERDUE = "n-overdue"
    UNAUTHORISED_10_DAYS = "unauthorised-10-days"
    ABSENT_20_DAYS = "absent-20-days"
    NOT_RETURNED_FROM_LEAVE = "not-returned-from-leave"
    SICKNESS_RETURN = "sickness-return"
    NEW_PUPIL_RETURN = "new-pupil-return"
    DELETION_RETURN = "deletion-return"


@dataclass(frozen=True, slots=True)
class Level:
    """A pupil who has reached persistent or severe absence, and of how many sessions that is said."""

    kind: Alert
    absent_sessions: int
    possible_sessions: int
    rate: Fraction

    def evidence(self) -> dict[str, Any]:
        """The level in plain values."""
        perc = printed(self.rate)
        return {
            "absent_sessions": self.absent_sessions,
            "possible_sessions": self.possible_sessions,
            "overall_absence_perc": None if perc is None else float(perc),
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
class Overdue:
    """The N entries of a pupil that stand past their day, each with the day on which it was due."""

    sessions: tuple[tuple[date, Session, date], ...]

    kind = Alert.N_OVERDUE

    def evidence(self) -> dict[str, Any]:
        """The entries in plain values, the oldest first."""
        return {
            "sessions": [
                {"date": on.isoformat(), "session": str(session), "due": due.isoformat()}
                for on, session, due in self.sessions
            ]
        }


def n_overdue(entries: Sequence[Standing], school_days: Sequence[date], today: date) -> Overdue | None:
    """The N entries past the fifth school day after their session, or None (reg 10(7) to (9))."""
    late = tuple(
        (on, session, due)
        for on, session, code in entries
        if code == "N" and (due := n_due(on, school_days)) is not None and is_overdue(due, today)
    )
    return Overdue(late) if late else None
