"""What a school has set for itself: its calendars and policies as they stand, read once."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from codes.calendar import Calendar, academic_year, calendar_from_body, open_days, school_days
from codes.policy import DEFAULT, Policy, policy_from_body
from kit import database
from kit.database import Connection

_sql = database.statements(__file__)


@lru_cache(maxsize=2_048)
def policy_of(body: str) -> Policy:
    """Read a policy as it was recorded; the same text is the same policy for ever."""
    return policy_from_body(json.loads(body))


@lru_cache(maxsize=2_048)
def calendar_of(year: str, body: str) -> Calendar:
    """Read a calendar as it was recorded; the same text is the same calendar for ever."""
    return calendar_from_body(json.loads(body), year)


@dataclass(frozen=True, slots=True)
class School:
    """A school's calendars by academic year, and its policies, each with the date from which it holds, in order."""

    calendars: Mapping[str, Calendar]
    policies: Sequence[tuple[date, Policy]]

    def policy(self, on: date) -> Policy:
        """Give the policy in force on a date: the last that holds by then, or else the first there ever was."""
        holding = [policy for effective_from, policy in self.policies if effective_from <= on]
        if holding:
            return holding[-1]
        return self.policies[0][1] if self.policies else DEFAULT

    def calendar(self, on: date) -> Calendar | None:
        """Give the calendar of a date's academic year."""
        return self.calendars.get(academic_year(on))

    def open_days(self, first: date, last: date) -> list[date]:
        """Give the days with sessions between two dates inclusive, in order; none in a year without a calendar."""
        within = [
            day
            for year in sorted(self.calendars)
            if academic_year(first) <= year <= academic_year(last)
            for day in school_days(self.calendars[year])
        ]
        return [day for day in within if first <= day <= last]

    def all_open_days(self) -> list[date]:
        """Give every day with sessions that the school has stated, in order."""
        return list(open_days(self.calendars.values()))


async def load(connection: Connection, school_id: int) -> School:
    """Give the school that the transaction is turned to."""
    row = await _sql.school(connection, school_id=school_id)
    policies = sorted(row["policies"] or (), key=lambda dated: (dated[0], dated[1]))
    return School(
        {year: calendar_of(year, body) for year, body in row["calendars"] or ()},
        [(effective_from, policy_of(body)) for effective_from, _, body in policies],
    )
