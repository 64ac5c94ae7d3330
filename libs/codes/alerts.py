"""The kinds of alert, and two of them: the penalty threshold, and N past its day.

Pure rules over the entries that stand. Each answers with the evidence for itself, as plain values in `evidence()`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from codes.ages import of_compulsory_age
from codes.book import Session, read
from codes.calendar import week_of
from codes.deadlines import is_overdue, n_due

THRESHOLD_SESSIONS = 10
THRESHOLD_WEEKS = 10

Standing = tuple[date, Session, str]
"""An entry that stands: day, session, code."""


class Alert(StrEnum):
    """The kinds of alert, by the slug of the catalogue."""

    PERSISTENT_ABSENCE = "persistent-absence"
    SEVERE_ABSENCE = "severe-absence"
    PENALTY_THRESHOLD = "penalty-threshold"
    N_OVERDUE = "n-overdue"
    # the day
    FIRST_DAY_UNEXPLAINED = "first-day-unexplained"
    NOT_BACK_AFTER_LUNCH = "not-back-after-lunch"
    UNEXPLAINED_DAY_3 = "unexplained-day-3"
    REGISTER_NOT_TAKEN = "register-not-taken"
    SOCIAL_WORKER_NOTIFY = "social-worker-notify"
    YOUTH_OFFENDING_NOTIFY = "youth-offending-notify"
    # levels
    AT_RISK = "at-risk"
    REFERRAL_LINE = "referral-line"
    SEVERE_WITHOUT_PLAN = "severe-without-plan"
    EHCP_FALLING = "ehcp-falling"
    BELOW_TARGET = "below-target"
    SCHOOL_UNAUTHORISED_RISING = "school-unauthorised-rising"
    COHORT_GAP = "cohort-gap"
    # conduct of the register
    LATE_REPEATED = "late-repeated"
    ILLNESS_EVIDENCE = "illness-evidence"
    PART_TIME_REVIEW = "part-time-review"
    RELIGIOUS_EXTRA_DAY = "religious-extra-day"
    EXCLUDED_DAY_6 = "excluded-day-6"
    RETURN_MEETING = "return-meeting"
    STUDY_LEAVE = "study-leave"
    NEXT_STEP_DUE = "next-step-due"
    PARENTS_NOT_TOLD = "parents-not-told"
    PATTERN = "pattern"
    AMENDMENT_PATTERN = "amendment-pattern"


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
        return sum(code == "N" for _, _, code in self.sessions)

    @property
    def provisional(self) -> bool:
        """Whether the threshold rests on an N; it should be resolved before a referral."""
        return self.unresolved > 0

    def evidence(self) -> dict[str, Any]:
        """The threshold in plain values; the window ends on a Sunday."""
        return {
            "met_on": self.met_on.isoformat(),
            "from": self.window[0].isoformat(),
            "to": (self.window[-1] + timedelta(days=6)).isoformat(),
            "school_weeks": len(self.window),
            "sessions": [{"date": on.isoformat(), "session": str(s), "code": code} for on, s, code in self.sessions],
            "unresolved": self.unresolved,
            "provisional": self.provisional,
        }


def penalty_threshold(
    entries: Sequence[Standing],
    school_weeks: Sequence[date],
    date_of_birth: date,
    spent: Collection[tuple[date, Session]] = (),
) -> Threshold | None:
    """The threshold at the earliest date on which it was met, or None: see `thresholds`."""
    return next(thresholds(entries, school_weeks, date_of_birth, spent), None)


def thresholds(
    entries: Sequence[Standing],
    school_weeks: Sequence[date],
    date_of_birth: date,
    spent: Collection[tuple[date, Session]] = (),
) -> Iterator[Threshold]:
    """Every session, in order, with which ten unauthorised ones stand in ten consecutive school weeks.

    `entries` are what stands, in order, of one pupil; `school_weeks` the Mondays of the weeks with at least one open
    session, in order, of as many years as needed (for a pupil of several schools their union). Codes G, N, O and U
    count from 19 August 2024 and while the pupil is of compulsory school age. `spent` are sessions that an earlier
    notice relied on. Source: National Framework for penalty notices.
    """
    counting = [
        (place, entry)
        for entry in entries
        if _counts(entry, date_of_birth, spent) and (place := _place(entry[0], school_weeks)) is not None
    ]
    for last in range(THRESHOLD_SESSIONS - 1, len(counting)):
        ten = counting[last - THRESHOLD_SESSIONS + 1 : last + 1]
        place = ten[-1][0]
        if place - ten[0][0] < THRESHOLD_WEEKS:
            window = tuple(school_weeks[max(0, place - THRESHOLD_WEEKS + 1) : place + 1])
            yield Threshold(ten[-1][1][0], window, tuple(entry for _, entry in ten))


def _counts(entry: Standing, date_of_birth: date, spent: Collection[tuple[date, Session]]) -> bool:
    on, session, code = entry
    return read(code, on).threshold and of_compulsory_age(date_of_birth, on) and (on, session) not in spent


def _place(on: date, school_weeks: Sequence[date]) -> int | None:
    """The place of a day's week among the school weeks; an entry on a day in no school week does not count."""
    monday = week_of(on)
    place = bisect_left(school_weeks, monday)
    return place if place < len(school_weeks) and school_weeks[place] == monday else None


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
