"""One pupil's alerts brought up to the present: judged at the end of each day that may change them, in order."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from analytics_worker.course import Course
from analytics_worker.histories import NOTHING, At, History, Settings, Written
from codes.awaiting import awaited
from codes.book import Session
from codes.calendar import academic_year, academic_year_bounds
from codes.judging import Asked, Held, judged
from codes.known import Known, Setting
from codes.life import Day, Key, Life, lived
from codes.policy import times

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Awaited:
    """When a pupil must be looked at next though nothing is recorded, and whether any entry at all is of interest."""

    on: date | None = None
    watched: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """The days to be judged: from the first to the one of `now` (London's), and those that concern every pupil."""

    first: date
    now: datetime
    for_all: frozenset[date] = frozenset()

    @property
    def today(self) -> date:
        """The day that is not over."""
        return self.now.date()


def brought_up(
    history: History, settings: Settings, lives: Mapping[Key, Life], awaits: Awaited, span: Span
) -> tuple[Mapping[Key, Life], Awaited]:
    """The alerts of a pupil at present, from those at the last look, and what the pupil awaits."""
    course = Course(history)
    events = {on: list(of_day) for on, of_day in groupby(history.events, key=lambda event: event.recorded_on)}
    said = history.said_on()
    days = sorted(day for day in {*history.written, *said, *span.for_all} if span.first <= day <= span.today)
    while (day := _next(days, awaits, span.today)) is not None:
        written = history.written.get(day, NOTHING)
        if days and days[0] == day:
            days.pop(0)
            for event in events.get(day, ()):
                course.add(event)
        is_told = day in said or day in span.for_all
        if is_told or awaits.on == day or not written.is_plain or (awaits.watched and written is not NOTHING):
            lives, awaits = _judged(_At(day, history, settings.at(day), course, written, is_told, span), lives)
            if awaits.on == day:
                break
    return lives, awaits


def _next(days: Sequence[date], awaits: Awaited, today: date) -> date | None:
    """The next day to be looked at."""
    due = [awaits.on] if awaits.on is not None and awaits.on <= today else []
    return min((*days[:1], *due), default=None)


@dataclass(frozen=True, slots=True)
class _At:
    """A pupil at the end of a day, or at present."""

    day: date
    history: History
    setting: Setting
    course: Course
    written: Written
    is_told: bool
    span: Span

    def years(self) -> frozenset[str]:
        """The years whose levels are asked for: the day's, those of its entries, last year's if the roll has moved."""
        years = {academic_year(self.day), *self.written.years}
        return frozenset(years | {_before(academic_year(self.day))} if self.is_told else years)

    def live(self) -> frozenset[str]:
        """The years in which somebody wrote on this day, other than by an import: marks, or notices relying on them."""
        stated = (notice for on, notice in self.history.notices if on == self.day)
        return self.written.live.union(academic_year(entry[0]) for notice in stated for entry in notice.sessions)


def _judged(at: _At, lives: Mapping[Key, Life]) -> tuple[Mapping[Key, Life], Awaited]:
    known = at.history.known(at.day)
    if known is None:
        return lives, Awaited()
    years, last_year = at.years(), _before(academic_year(at.day))
    since = academic_year_bounds(min(last_year, *years))[0]
    waiting = _waiting(at, known)
    entries = at.course.entries(at.setting, known, since, waiting)
    asked = Asked(at.setting, known, entries, at.day, tuple(sorted(years)))
    found = judged(asked)
    after = lived(lives, found, Day(at.day, years, at.live(), academic_year(since)))
    return after, Awaited(awaited(asked, found), _watched(asked, found, after.values()))


def _waiting(at: _At, known: Known) -> frozenset[At]:
    """The sessions of the present day whose register has not closed yet."""
    if at.day < at.span.today:
        return frozenset()
    group = known.at(at.day).year_group
    policy = at.setting.school.policy(at.day)
    here = at.span.now.time()
    return frozenset(
        (at.day, session)
        for session in Session
        if (at.day, session) in at.written.today and times(policy, session, group).closes > here
    )


def _watched(asked: Asked, found: Sequence[Held], lives: Iterable[Life]) -> bool:
    """Whether a present mark may change an alert: one is open, a spell goes on, or a level waits for more sessions."""
    entries = asked.entries
    if found or any(life.closed_on is None for life in lives):
        return True
    if entries.standing and entries.standing[-1][2] not in ("/", "\\"):
        return True
    # Sessions may be missing to a level, but only where there is an absence at all.
    codes = entries.codes.get(academic_year(asked.today), Counter())
    return codes["/"] + codes["\\"] < codes.total() < 2 * asked.policy.levels_from_sessions


def _before(year: str) -> str:
    return academic_year(academic_year_bounds(year)[0] - _DAY)
