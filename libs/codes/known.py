"""What is known at the end of a day, as rules take it: a school, a pupil, and the entries that stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any

from codes.acts import Act
from codes.alerts import Standing
from codes.book import Session
from codes.calendar import school_weeks
from codes.notices import Notice
from codes.planned import Plan
from codes.returns import Deletion
from codes.school import School
from codes.the_day import Marked

UNAUTHORISED = ("G", "N", "O", "U")
"""The codes that a threshold, a deadline or a run looks for, however long ago they were entered."""


@dataclass(frozen=True)
class Setting:
    """A school as it is known at the end of a day; `groups` are its year groups, each since it was known to have it.

    `register_since` is the day on which its register began.
    """

    school: School
    groups: tuple[tuple[date, str], ...] = ()
    register_since: date = date.min

    def year_groups(self, on: date) -> frozenset[str]:
        """The year groups that it was known to have on a day."""
        return frozenset(group for since, group in self.groups if since <= on)

    @cached_property
    def open_days(self) -> frozenset[date]:
        """The days with sessions."""
        return frozenset(self.school.all_open_days())

    @cached_property
    def school_days(self) -> Sequence[date]:
        """The open days that no closure took, in order."""
        return self.school.all_school_days()

    @cached_property
    def school_weeks(self) -> Sequence[date]:
        """The Mondays of weeks with a school day, in order."""
        return school_weeks(self.school_days)


@dataclass(frozen=True, slots=True)
class Placed:
    """Class, year group and facts of a pupil from a day on."""

    starts: date
    year_group: str
    class_: str | None
    facts: Mapping[str, Any]


NOWHERE = Placed(date.min, "", None, MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, the days on which it is to be reviewed, and the day on which it was stated as it stands."""

    plan: Plan
    review_on: tuple[date, ...] = ()
    stated_on: date = date.min


@dataclass(frozen=True, slots=True)
class Admission:
    """The last enrolment as the admission register has it: when the name was entered, and the day it starts."""

    name_entered_on: date
    starting_day: date


@dataclass(frozen=True)
class Known:
    """What is known of a pupil at the end of a day, but for the entries; `placed` in order."""

    date_of_birth: date
    on_roll: tuple[tuple[date, date | None], ...]
    placed: tuple[Placed, ...] = ()
    boarder: bool = False
    plans: tuple[Planned, ...] = ()
    admission: Admission | None = None
    deletion: Deletion | None = None
    acts: tuple[Act, ...] = ()
    notices: tuple[Notice, ...] = ()

    def was_on_roll(self, on: date) -> bool:
        """Whether the pupil is on roll on a day."""
        return self.was_on_roll_throughout(on, on)

    def was_on_roll_throughout(self, first: date, last: date) -> bool:
        """Whether the pupil is on roll on every day from one to another, without a break."""
        return any(starts <= first and (end is None or last < end) for starts, end in self.on_roll)

    def at(self, on: date) -> Placed:
        """Where the pupil is placed on a day."""
        return next((each for each in reversed(self.placed) if each.starts <= on), NOWHERE)

    def first_at(self, on: date) -> Placed:
        """Where the pupil is placed on a day, else at first after it."""
        by_then = self.at(on)
        return next(iter(self.placed), NOWHERE) if by_then is NOWHERE else by_then


@dataclass(frozen=True, slots=True)
class Entries:
    """The entries of a pupil that stand, in order, on open days and on roll.

    `standing` are all of some academic years; `began` has the first entries of those that were amended; `unauthorised`
    every G, N, O and U of any year; `codes` counts `standing` by academic year and code. Of those in `waiting` the
    register is still open.
    """

    standing: Sequence[Standing]
    began: Mapping[tuple[date, Session], str]
    unauthorised: Sequence[Standing]
    codes: Mapping[str, Counter[str]]
    waiting: frozenset[tuple[date, Session]] = frozenset()

    def any_of(self, codes: str | frozenset[str], least: int = 1) -> bool:
        """Whether at least so many entries with one of these codes stand."""
        return sum(n for of_year in self.codes.values() for code, n in of_year.items() if code in codes) >= least

    def with_codes(self, codes: frozenset[str]) -> Sequence[Standing]:
        """Those entries that have one of these codes."""
        return [each for each in self.standing if each[2] in codes]

    def spelling(self) -> Sequence[Standing]:
        """The entries of which spells are made, and what ends them: all but a presence that follows a presence.

        A pupil's year has a tenth as many of these, and no spell of absence, nor its end, is another by them.
        """
        found: list[Standing] = []
        was_present = True
        for each in self.standing:
            is_present = each[2] in _PRESENT
            if not (is_present and was_present):
                found.append(each)
            was_present = is_present
        return found

    def since_attendance(self, explained: frozenset[tuple[date, Session]]) -> Sequence[Marked]:
        """The entries from the last day on which the pupil attended on: a spell of absence that lasts is in them.

        None where the last entry is an attendance. `explained` are the sessions for which somebody gave a reason.
        """
        last = len(self.standing) - 1
        while last >= 0 and not _attended(self.standing[last][2], self.standing[last][0]):
            last -= 1
        if last == len(self.standing) - 1:
            return ()
        while last > 0 and self.standing[last - 1][0] == self.standing[last][0]:
            last -= 1
        return [
            Marked(on, session, code, self._replaced(entry), entry[:2] in explained, entry[:2] not in self.waiting)
            for entry in self.standing[max(last, 0) :]
            for on, session, code in (entry,)
        ]

    def _replaced(self, entry: Standing) -> str | None:
        """The first entry of a session, where it is another."""
        first = self.began.get(entry[:2])
        return None if first == entry[2] else first


_PRESENT = frozenset({"/", "\\"})


@lru_cache(maxsize=4_096)
def _attended(code: str, on: date) -> bool:
    return Marked(on, Session.AM, code).attended
