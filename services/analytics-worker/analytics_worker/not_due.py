"""Which registers of a day are not due yet: by session and year group, from the school's own times."""

from datetime import date, datetime

from codes.ages import YEAR_GROUPS
from codes.book import Session
from codes.policy import times
from codes.school import School

_YEAR_GROUPS = (None, *YEAR_GROUPS)


def not_due(facts: School, at: datetime, on: date) -> frozenset[tuple[str, str]]:
    """Give (session, year group) of every register that has not closed at an instant in London's time.

    A pupil without a year group is "". A register that has closed without an entry is missing.
    """
    if on < at.date():
        return frozenset()
    policy = facts.policy(on)
    return frozenset(
        (session.value, year_group or "")
        for session in Session
        for year_group in _YEAR_GROUPS
        if on > at.date() or at.time() < times(policy, session, year_group).closes
    )
