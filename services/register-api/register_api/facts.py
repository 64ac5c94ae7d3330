"""The facts that decide what may be entered: policy, calendar and roll, read after the head is locked."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from asyncpg import Range

from codes.book import Session
from codes.calendar import Calendar, academic_year, calendar_from_body, closed_why
from codes.policy import DEFAULT, Policy, policy_from_body, times
from codes.register import Pupil, Sitting
from kit import database
from kit.database import Connection

_sql = database.statements(__file__)
_DAY = timedelta(days=1)


@lru_cache(maxsize=2_048)
def policy_of(body: str) -> Policy:
    """Read a policy as it was recorded; the same text is the same policy for ever."""
    return policy_from_body(json.loads(body))


@lru_cache(maxsize=2_048)
def calendar_of(academic_year: str, body: str) -> Calendar:
    """Read a calendar as it was recorded; the same text is the same calendar for ever."""
    return calendar_from_body(json.loads(body), academic_year)


@dataclass(frozen=True, slots=True)
class SchoolFacts:
    """A school's policies, each with the date from which it holds, and its calendars by academic year."""

    policies: Sequence[tuple[date, Policy]]
    calendars: dict[str, Calendar]

    def policy(self, on: date) -> Policy:
        """Give the policy in force on a date: the last that holds by then, or else the first there ever was."""
        holding = [policy for effective_from, policy in self.policies if effective_from <= on]
        if holding:
            return holding[-1]
        return self.policies[0][1] if self.policies else DEFAULT

    def sitting(self, on: date, session: Session, year_group: str | None) -> Sitting | None:
        """Give one session as it concerns a year group; None when the year has no calendar."""
        calendar = self.calendars.get(academic_year(on))
        if calendar is None:
            return None
        return Sitting(on, session, closed_why(calendar, on), times(self.policy(on), session, year_group))


async def school_facts(
    connection: Connection, school_id: int, dates: Iterable[date], seq: int | None = None
) -> SchoolFacts:
    """Give the policies and the calendars for these dates as they stand, or stood at `seq`."""
    years = sorted({academic_year(on) for on in dates})
    row = await _sql.school_facts(connection, school_id=school_id, years=years, seq=seq)
    policies = sorted(
        ((effective_from, seq_, policy_of(body)) for effective_from, seq_, body in row["policies"] or ()),
        key=lambda dated: dated[:2],
    )
    return SchoolFacts(
        [(effective_from, policy) for effective_from, _, policy in policies],
        {year: calendar_of(year, body) for year, body in row["calendars"] or ()},
    )


def spans(on_roll: "Iterable[Range[date]]") -> tuple[tuple[date, date | None], ...]:
    """Turn the database's half-open ranges into spans on roll with both days inclusive."""
    return tuple((span.lower or date.min, None if span.upper is None else span.upper - _DAY) for span in on_roll)


async def pupils(
    connection: Connection, school_id: int, wanted: Iterable[tuple[str, date]]
) -> dict[tuple[str, date], tuple[int, Pupil]]:
    """Give number and facts of each pupil (id in the MIS) on each date; an unknown pupil is left out."""
    pairs = list(dict.fromkeys(wanted))
    rows = _sql.pupils(connection, school_id=school_id, ids=[id_ for id_, _ in pairs], dates=[on for _, on in pairs])
    return {
        (row["id"], row["on"]): (
            row["pupil_no"],
            Pupil(row["date_of_birth"], spans(row["on_roll"]), row["year_group"], row["boarder"]),
        )
        async for row in rows
    }
