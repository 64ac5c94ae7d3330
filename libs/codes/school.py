"""What a school has stated for itself, read from the texts of its policies and calendars as they were recorded."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from codes.book import Session
from codes.calendar import Calendar, academic_year, calendar_from_body, closed_why, open_days, school_days
from codes.policy import DEFAULT, Policy, policy_from_body, times
from codes.register import Sitting


@lru_cache(maxsize=2_048)
def policy_of(body: str) -> Policy:
    """The policy in a recorded text; the same text is the same policy for ever."""
    return policy_from_body(json.loads(body))


@lru_cache(maxsize=2_048)
def calendar_of(year: str, body: str) -> Calendar:
    """The calendar of an academic year in a recorded text; the same text is the same calendar for ever."""
    return calendar_from_body(json.loads(body), year)


@dataclass(frozen=True, slots=True)
class School:
    """A school's calendars by academic year, and its policies, each with the date from which it holds, in order."""

    calendars: Mapping[str, Calendar]
    policies: Sequence[tuple[date, Policy]]

    def policy(self, on: date) -> Policy:
        """The policy in force on a date: the last that holds by then, else the first there ever was, else DEFAULT."""
        holding = [policy for effective_from, policy in self.policies if effective_from <= on]
        if holding:
            return holding[-1]
        return self.policies[0][1] if self.policies else DEFAULT

    def calendar(self, on: date) -> Calendar | None:
        """The calendar of a date's academic year."""
        return self.calendars.get(academic_year(on))

    def sitting(self, on: date, session: Session, year_group: str | None) -> Sitting | None:
        """One session as it concerns a year group; None when the year has no calendar."""
        calendar = self.calendar(on)
        if calendar is None:
            return None
        return Sitting(on, session, closed_why(calendar, on), times(self.policy(on), session, year_group))

    def open_days(self, first: date, last: date) -> list[date]:
        """The days with sessions between two dates inclusive, in order; none in a year without a calendar."""
        within = [
            day
            for year in sorted(self.calendars)
            if academic_year(first) <= year <= academic_year(last)
            for day in school_days(self.calendars[year])
        ]
        return [day for day in within if first <= day <= last]

    def all_open_days(self) -> list[date]:
        """Every day with sessions that the school has stated, in order."""
        return list(open_days(self.calendars.values()))


def school_of(policies: Iterable[tuple[date, int, str]], calendars: Iterable[tuple[str, str]]) -> School:
    """The school that these recorded texts state.

    A policy comes with the date from which it holds and its place in the stream: of two from one date the later stands.
    A calendar comes with its academic year.
    """
    dated = sorted(policies, key=lambda each: each[:2])
    return School(
        {year: calendar_of(year, body) for year, body in calendars},
        [(effective_from, policy_of(body)) for effective_from, _, body in dated],
    )
