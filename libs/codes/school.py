"""What a school has stated for itself, read from the texts of its policies and calendars as they were recorded."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from functools import lru_cache
from types import MappingProxyType

from codes.book import Session
from codes.calendar import Calendar, academic_year, calendar_from_body, closed_why, open_days, school_days
from codes.closures import Closure, Moment, closures_of, moments, shut
from codes.policy import DEFAULT, Policy, policy_from_body, times
from codes.register import Sitting

_NOTHING_SHUT: Mapping[Moment, str] = MappingProxyType({})


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
    """A school's calendars by academic year, its policies, each with the date from which it holds, and its closures.

    `shut` are the sessions that do not take place by a closure, each with the code that may stand in it.
    """

    calendars: Mapping[str, Calendar]
    policies: Sequence[tuple[date, Policy]]
    closures: Sequence[Closure] = ()
    shut: Mapping[Moment, str] = field(default_factory=lambda: _NOTHING_SHUT)

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
        closed, closed_code = closed_why(calendar, on), "#"
        if self.shut and closed is None and (on, session) in self.shut:
            closed, closed_code = "closure", self.shut[on, session]
        return Sitting(on, session, closed, times(self.policy(on), session, year_group), closed_code)

    def open_sessions(self, first: Moment, last: Moment) -> list[Moment]:
        """The sessions that the calendar has from one to another, both inclusive, closures or no closures."""
        days = set(self.open_days(first[0], last[0]))
        return [at for at in moments(first, last) if at[0] in days]

    def all_opened_at(self, on: date, session: Session) -> time:
        """The local time from which on every register of a session has opened: the latest of the policy of the day."""
        return max(each.opens for each in self.policy(on).registers if each.session is session)

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

    def all_school_days(self) -> list[date]:
        """The open days on which a session took place or may yet, in order: the law's limits are counted by them.

        ASSUMPTION: a day whose sessions a closure has all taken is no school day, and a week of them no school week.
        """
        days = self.all_open_days()
        return [day for day in days if not all((day, at) in self.shut for at in Session)] if self.shut else days


def school_of(
    policies: Iterable[tuple[date, int, str]],
    calendars: Iterable[tuple[str, str]],
    closures: Iterable[tuple[str, str]] = (),
) -> School:
    """The school that these recorded texts state.

    A policy comes with the date from which it holds and its place in the stream: of two from one date the later stands.
    A calendar comes with its academic year; closures and their reversals come with the id, in the order of the stream.
    """
    closed = closures_of((id_, json.loads(body)) for id_, body in closures)
    dated = sorted(policies, key=lambda each: each[:2])
    return School(
        {year: calendar_of(year, body) for year, body in calendars},
        [(effective_from, policy_of(body)) for effective_from, _, body in dated],
        closed,
        shut(closed),
    )
