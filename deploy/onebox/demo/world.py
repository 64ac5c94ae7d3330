"""The whole invented world: schools, pupils and what happened, for the school weeks up to a given moment."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property
from random import Random

from codes.calendar import school_days
from onebox.demo.acts import Act, Amended, SchoolYear, acts, present, school_year
from onebox.demo.people import staff
from onebox.demo.pupils import Pupil, pupils_of
from onebox.demo.schools import SCHOOLS, School
from onebox.demo.terms import calendar_body, calendar_of, window_start, year_of

SEED = 5
TRY_CLASS = "Year 4"
"""At the first school, the class whose latest registers are left for the reader to take."""

_ROLL_STATED = time(8, 0)


@dataclass(frozen=True)
class SchoolWorld:
    """One school as it stands at `now` (aware, London), since the day it began to use the register."""

    school: School
    starts: date
    now: datetime
    seed: int
    is_first: bool

    @cached_property
    def years(self) -> tuple[int, ...]:
        """The academic years shown, each by the calendar year it began in."""
        every = range(year_of(self.starts), year_of(self.now.date()) + 1)
        shown = (school_days(calendar_of(year, self.school.inset)) for year in every)
        return tuple(year for year, days in zip(every, shown, strict=True) if days[0] <= self.now.date())

    @cached_property
    def pupils(self) -> list[Pupil]:
        """Everyone on the roll at any time since `starts`."""
        return [
            pupil
            for pupil in pupils_of(self.seed, self.school, self.years[0], self.years[-1])
            if pupil.leaves >= self.starts and pupil.starts <= self.now.date()
        ]

    @cached_property
    def played(self) -> dict[int, SchoolYear]:
        """Each academic year as it went."""
        return {year: school_year(self.seed, self.school, year, self.pupils) for year in self.years}

    @cached_property
    def days(self) -> list[date]:
        """The school days from `starts` to today, in order."""
        every = (day for year in self.years for day in school_days(calendar_of(year, self.school.inset)))
        return [day for day in every if self.starts <= day <= self.now.date()]

    @cached_property
    def untaken(self) -> frozenset[tuple[str, date]]:
        """The registers that are left for the reader: (class, day)."""
        return frozenset({(TRY_CLASS, self.last_begun)}) if self.is_first else frozenset()

    @cached_property
    def last_begun(self) -> date:
        """The latest school day whose morning register has opened."""
        opens = self.school.register("AM", self.school.lowest).opens
        begun = [day for day in self.days if datetime.combine(day, opens, self.now.tzinfo) <= self.now]
        return begun[-1]

    @property
    def expected(self) -> int:
        """How many marks there are to enter: one for each pupil on roll in each session that has begun."""
        last = self.last_begun
        days = [day for day in self.days if day <= last]
        return 2 * sum(bisect_right(days, pupil.leaves) - bisect_left(days, pupil.starts) for pupil in self.pupils)

    def calendars(self) -> dict[str, dict[str, object]]:
        """The calendar bodies by academic year, from the day the school began to use the register."""
        return {
            f"{year}-{(year + 1) % 100:02d}": calendar_body(year, self.school.inset, self.starts) for year in self.years
        }

    def acts(self, year: int) -> Iterator[Act]:
        """What the MIS sends of one academic year, in order."""
        return acts(self.played[year], self.starts, self.now, self.untaken)

    def pupil_body(self, pupil: Pupil, year: int) -> dict[str, object]:
        """The admission register entry as the MIS states it in an academic year; with the leaving, if that is past."""
        first = max(pupil.starts, date(year, 9, 1)) if year > self.years[0] else pupil.starts
        stated = datetime.combine(max(first, self.starts), _ROLL_STATED, self.now.tzinfo)
        keeper = staff(Random(f"{self.seed}/{self.school.urn}/roll"), "Data manager")
        body = pupil.body(year) | {
            "effective_from": first.isoformat(),
            "change": {
                "made_by": {"name": keeper.name, "position": keeper.position},
                "made_at": stated.isoformat(),
                "reason": "Roll of the academic year",
            },
        }
        if pupil.leaves <= self.now.date():
            body["leaving"] = {"date": pupil.leaves.isoformat(), "ground": pupil.ground}
        return body

    def span(self, year: int) -> tuple[date, date]:
        """The first and last school day shown of an academic year."""
        days = [day for day in self.days if year_of(day) == year]
        return days[0], days[-1]

    def roll(self, year: int) -> list[Pupil]:
        """Those on roll in the part of an academic year that is shown."""
        return self.played[year].roll(self.starts)


def world(now: datetime, schools: Sequence[School] = SCHOOLS, seed: int = SEED) -> list[SchoolWorld]:
    """The schools of the demonstration as they stand at `now` (aware, London time)."""
    starts = window_start(now.date())
    return [SchoolWorld(school, starts, now, seed, school is schools[0]) for school in schools]


def try_mark(shown: SchoolWorld) -> dict[str, object]:
    """A register that nobody has taken, with a body to take it: two pupils of `TRY_CLASS`, the last session begun."""
    day = shown.last_begun
    afternoon = datetime.combine(day, shown.school.register("PM", shown.school.highest).opens, shown.now.tzinfo)
    session = "PM" if afternoon <= shown.now else "AM"
    played = shown.played[year_of(day)]
    pupils = [pupil.id for pupil in played.classes[TRY_CLASS] if pupil.on_roll(day)][:2]
    codes = (present(session), "N")
    return {
        "urn": shown.school.urn,
        "date": day.isoformat(),
        "session": session,
        "class": TRY_CLASS,
        "body": {
            "made_by": {"name": "A. Newcomer", "position": "Class teacher"},
            "marks": [{"pupil": pupil, "code": code} for pupil, code in zip(pupils, codes, strict=True)],
        },
    }


def last_amendment(shown: SchoolWorld) -> dict[str, str]:
    """The latest amendment of a school: `urn` and the item as it was sent."""
    for year in reversed(shown.years):
        amended = [act for act in shown.acts(year) if isinstance(act, Amended)]
        if amended:
            return {"urn": shown.school.urn, **amended[-1].amendments[-1]}
    raise LookupError(f"{shown.school.name} has amended nothing")
