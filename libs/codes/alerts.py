"""The kinds of alert, and one of them: N past its day.

Pure rules over the entries that stand. Each answers with the evidence for itself, as plain values in `evidence()`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from codes.book import Session
from codes.deadlines import is_overdue, n_due

Standing = tuple[date, Session, str]
"""An entry that stands: day, session, code."""


class Alert(StrEnum):
    """The kinds of alert, by the slug of the catalogue."""

    PERSISTENT_ABSENCE = "persistent-absence"
    SEVERE_ABSENCE = "severe-absence"
    PENALTY_APPROACHING = "penalty-approaching"
    PENALTY_THRESHOLD = "penalty-threshold"
    N_OVERDUE = "n-overdue"
    # the law
    UNAUTHORISED_10_DAYS = "unauthorised-10-days"
    ABSENT_20_DAYS = "absent-20-days"
    NOT_RETURNED_FROM_LEAVE = "not-returned-from-leave"
    SICKNESS_RETURN = "sickness-return"
    NEW_PUPIL_RETURN = "new-pupil-return"
    DELETION_RETURN = "deletion-return"
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
    LEAVE_CODE_WITHOUT_LEAVE = "leave-code-without-leave"
    ABSENT_ON_REFUSED_DATES = "absent-on-refused-dates"
    DUAL_CONFLICT = "dual-conflict"
    PATTERN = "pattern"
    AMENDMENT_PATTERN = "amendment-pattern"


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
