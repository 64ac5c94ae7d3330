"""When the law's short limits run out: the five school days in which N must give way to the true code."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date

from codes.reading import STARTS_2024

N_SCHOOL_DAYS = 5


def n_due(session_date: date, school_days: Sequence[date]) -> date | None:
    """The last day on which an N of that session may stand: the fifth school day after it (reg 10(7) to (9)).

    `school_days` are open days in order, of as many academic years as needed (`codes.calendar.open_days`). None when
    they do not reach so far, and for a session before 19 August 2024, when there was no national limit.
    """
    if session_date < STARTS_2024:
        return None
    index = bisect_right(school_days, session_date) + N_SCHOOL_DAYS - 1
    return school_days[index] if index < len(school_days) else None


def is_overdue(due: date | None, today: date) -> bool:
    """Whether the limit has passed: from the day after it."""
    return due is not None and today > due
