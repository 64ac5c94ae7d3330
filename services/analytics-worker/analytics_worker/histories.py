"""Histories: what a register's stream says of some pupils, each thing with the London day on which it was recorded.

What stood when the first day to be judged was over is read from what is folded, with what was recorded after it undone.
"""

import json
import sys
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any

from analytics_worker import casework, school
from codes.acts import Act
from codes.alerts import Standing
from codes.book import Session
from codes.calendar import academic_year, academic_year_bounds
from codes.known import UNAUTHORISED, Admission, Known, Placed, Planned, Setting
from codes.notices import Notice
from codes.planned import plan_from_body
from codes.returns import Deletion
from kit import database
from kit.database import Connection
from kit.schools import midnight

_sql = database.statements(__file__)

At = tuple[date, Session]

_code_of = itemgetter(2)
_FIRST_YEAR = 1990
"""Marks of academic years before this, should there be any, are taken together."""


@dataclass(frozen=True, slots=True)
class Event:
    """A mark that was entered or amended: the day it was recorded, the session, the code, and the one it replaced."""

    recorded_on: date
    at: At
    code: str
    original: str | None


@dataclass(frozen=True, slots=True)
class Written:
    """What marks of a pupil were entered or amended on a day: of which academic years, those of them in which somebody
    wrote other than by an import, and the sessions of the present day; `is_plain` where all were first entries of
    presence in the day's own year, which can but lower a rate, or complete what is waited for.
    """

    years: frozenset[str]
    live: frozenset[str]
    today: frozenset[At]
    is_plain: bool


NOTHING = Written(frozenset(), frozenset(), frozenset(), True)


@dataclass(slots=True)
class History:
    """One pupil: what stood at first, in order; what came after it, and what was said of the pupil, in order of
    recording.

    `began` has the first entries of sessions that were amended. Where one day alone is judged, what stood has all that
    came already, and there are no `events`; `written` tells of either, by the day of recording.
    """

    pupil_no: int
    stood: list[Standing] = field(default_factory=list)
    began: dict[At, str] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    written: dict[date, Written] = field(default_factory=dict)
    roll: list[tuple[date, Mapping[str, Any]]] = field(default_factory=list)
    placed: list[tuple[date, Placed]] = field(default_factory=list)
    plans: list[tuple[date, Planned]] = field(default_factory=list)
    acts: list[tuple[date, Act]] = field(default_factory=list)
    notices: list[tuple[date, Notice]] = field(default_factory=list)
    _known: dict[date, Known | None] = field(default_factory=dict)

    def said_on(self) -> set[date]:
        """The days on which something was recorded of the pupil that is no entry."""
        told: tuple[list[tuple[date, Any]], ...] = (self.roll, self.placed, self.plans, self.acts, self.notices)
        return {on for each in told for on, _ in each}

    def household(self, on: date) -> str | None:
        """With whom the pupil was said to live, by the end of a day, in the MIS's own words."""
        said = [row for day, row in self.roll if day <= on and row["body"] is not None]
        home: str | None = said[-1]["body"].get("household") if said else None
        return home

    def known(self, on: date) -> Known | None:
        """What was known of the pupil at the end of a day; None before the pupil was on any roll."""
        told = max((day for day in self.said_on() if day <= on), default=date.min)
        if told not in self._known:
            self._known[told] = self._known_on(told)
        return self._known[told]

    def _known_on(self, on: date) -> Known | None:
        said = [row for day, row in self.roll if day <= on]
        if not said:
            return None
        latest = said[-1]
        placed = {each.starts: each for day, each in self.placed if day <= on}
        plans = {each.plan.id: each for day, each in self.plans if day <= on}
        notices = {each.id: each for day, each in self.notices if day <= on}
        spans = tuple((span.lower, span.upper) for span in latest["on_roll"])
        enrolled = _enrolled(latest)
        return Known(
            latest["date_of_birth"],
            spans,
            tuple(placed[starts] for starts in sorted(placed)),
            latest["boarder"],
            tuple(plans.values()),
            _admission(latest, enrolled),
            _deletion(self, on, placed),
            tuple(act for day, act in self.acts if day <= on),
            tuple(notices.values()),
        )


def _enrolled(row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The last enrolment in the body of a change of the roll; None where there is no body any more."""
    if row["body"] is None:
        return None
    enrolments = row["body"].get("enrolments") or [None]
    last: Mapping[str, Any] | None = enrolments[-1]
    return last


def _admission(row: Mapping[str, Any], enrolled: Mapping[str, Any] | None) -> Admission | None:
    if enrolled is None:
        return None
    starts = date.fromisoformat(enrolled["starting_day"])
    # ASSUMPTION: a name of which nobody says when it was entered was entered by the starting day.
    entered = row["body"].get("name_entered_on")
    entered_on = starts if entered is None else date.fromisoformat(entered)
    return Admission(entered_on, starts)


def _deletion(history: History, on: date, placed: Mapping[date, Placed]) -> Deletion | None:
    """The leaving that stands, as stated on the first day since which it has been so."""
    stated: tuple[date, Mapping[str, Any], Mapping[str, Any]] | None = None
    for day, row in history.roll:
        if day > on:
            break
        leaving = (_enrolled(row) or {}).get("leaving")
        if leaving is None:
            stated = None
        elif stated is None or stated[1]["date"] != leaving["date"]:
            stated = day, leaving, row
        else:
            stated = stated[0], leaving, row
    if stated is None:
        return None
    day, leaving, row = stated
    left = date.fromisoformat(leaving["date"])
    group = next((placed[starts].year_group for starts in sorted(placed, reverse=True) if starts <= left), "")
    return Deletion(left, day, leaving["ground"], leaving["destination"], row["date_of_birth"], group)


@dataclass(frozen=True, slots=True)
class Settings:
    """A school as it was known at the end of each day: from some days on, in order."""

    each: Sequence[tuple[date, Setting]]

    def at(self, on: date) -> Setting:
        """The school as it was known at the end of a day."""
        place = bisect_right(self.each, on, key=lambda pair: pair[0])
        return self.each[max(place - 1, 0)][1]


async def settings(connection: Connection, school_id: int, before: int, turned: Sequence[tuple[date, int]]) -> Settings:
    """The school as it stood at position `before`, and after each day on which something about all was recorded.

    `turned` are those days, in order, each with its last position.
    """
    groups = [
        (row["recorded_on"], row["year_group"]) async for row in _sql.year_groups(connection, school_id=school_id)
    ]
    since: date = await _sql.register_since(connection, school_id=school_id) or date.min
    positions = [(date.min, before), *turned]
    return Settings(
        [(day, Setting(await school.load(connection, school_id, seq), tuple(groups), since)) for day, seq in positions]
    )


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was recorded, by position: what stood when the first day to be judged began, the last of each day on which
    anything was since, how far the school is folded, and how far its weeks are laid together.
    """

    base: int
    days: Sequence[tuple[date, int]]
    folded: int
    laid: int

    def on_one_day(self, first: date) -> bool:
        """Whether nothing was recorded since but on one day, the first that is judged: what is folded is its end."""
        return all(day == first and seq == self.folded for day, seq in self.days)


async def load(
    connection: Connection,
    school_id: int,
    pupil_nos: Sequence[int],
    recorded: Recorded,
    since: date,
    *,
    is_one_day: bool,
) -> Mapping[int, History]:
    """The histories of some pupils from what stood at the base on, but for what was `written`.

    Entries since a day are whole; of earlier ones those that are unauthorised are given. For `is_one_day` what stands
    is what is folded, and there are no events.
    """
    found = {no: History(no) for no in pupil_nos}
    about = {"school_id": school_id, "pupil_nos": list(pupil_nos)}
    await _sql.plan_each(connection)
    if recorded.base > 0 or is_one_day:
        await _stood(connection, school_id, found, recorded, since)
    if not is_one_day:
        async for row in _sql.after(connection, after=recorded.base, up_to=recorded.folded, **about):
            event = Event(row["recorded_on"], _at(row), row["code"], row["original_code"])
            found[row["pupil_no"]].events.append(event)
        for history in found.values():
            _undo(history)
    await _began(connection, school_id, found)
    async for row in _sql.roll(connection, up_to=recorded.folded, **about):
        body = None if row["body"] is None else json.loads(row["body"])
        found[row["pupil_no"]].roll.append((row["recorded_on"], {**row, "body": body}))
    async for row in _sql.placed(connection, up_to=recorded.folded, **about):
        placed = Placed(row["effective_from"], row["year_group"], row["class"], json.loads(row["facts"]))
        found[row["pupil_no"]].placed.append((row["recorded_on"], placed))
    async for row in _sql.plans(connection, up_to=recorded.folded, **about):
        body = json.loads(row["body"])
        review_on = tuple(date.fromisoformat(day) for day in body.get("review_on") or ())
        planned = Planned(plan_from_body(body), review_on, row["recorded_on"])
        found[row["pupil_no"]].plans.append((row["recorded_on"], planned))
    await casework.tell(connection, school_id, found)
    return found


async def _stood(
    connection: Connection, school_id: int, found: Mapping[int, History], recorded: Recorded, since: date
) -> None:
    """Read what is folded: weeks as they were laid together, and what the stream says since."""
    about = {"school_id": school_id, "pupil_nos": list(found)}
    async for row in _sql.standing(connection, since=since, unauthorised=f"[{''.join(UNAUTHORISED)}]", **about):
        weeks = zip(row["weeks"], row["codes"], strict=True)
        found[row["pupil_no"]].stood = list(chain.from_iterable(of_week(week, codes) for week, codes in weeks))
    said: defaultdict[int, dict[At, str]] = defaultdict(dict)
    async for row in _sql.after(connection, after=recorded.laid, up_to=recorded.folded, **about):
        said[row["pupil_no"]][_at(row)] = row["code"]
    for no, of_pupil in said.items():
        kept = [each for each in found[no].stood if each[:2] not in of_pupil]
        found[no].stood = sorted([*kept, *((*at, code) for at, code in of_pupil.items())])


def _at(row: Mapping[str, Any]) -> At:
    return row["session_date"], Session(row["session"])


@lru_cache(maxsize=16_384)
def of_week(week: date, codes: str) -> tuple[Standing, ...]:
    """The entries of a week as it is laid together: two characters a session, from Monday's morning on."""
    used = len(codes.rstrip())
    days = (_of_day(week + timedelta(days=place // 4), codes[place : place + 4]) for place in range(0, used, 4))
    return tuple(chain.from_iterable(days))


@lru_cache(maxsize=16_384)
def _of_day(on: date, codes: str) -> tuple[Standing, ...]:
    both = ((Session.AM, codes[:2].rstrip()), (Session.PM, codes[2:].rstrip()))
    return tuple((on, session, code) for session, code in both if code)


def _undo(history: History) -> None:
    """Take back from what is folded what was recorded after the base."""
    first: dict[At, Event] = {}
    for event in history.events:
        first.setdefault(event.at, event)
    kept = [each for each in history.stood if each[:2] not in first]
    undone = [(*at, event.original) for at, event in first.items() if event.original is not None]
    history.stood = sorted([*kept, *undone])


async def _began(connection: Connection, school_id: int, found: Mapping[int, History]) -> None:
    """Read with what the amended sessions began, of pupils with an O: it alone is read by what it took the place of."""
    nos = [
        no
        for no, of in found.items()
        if "O" in map(_code_of, of.stood) or any(event.code == "O" for event in of.events)
    ]
    if nos:
        async for row in _sql.began(connection, school_id=school_id, pupil_nos=nos):
            found[row["pupil_no"]].began[_at(row)] = row["original_code"]


@dataclass(frozen=True, slots=True)
class Writing:
    """What was written of every pupil by the day of recording; whom anything of it since the last look may concern, and
    the earliest day that this touches.
    """

    by_pupil: Mapping[int, dict[date, Written]]
    concerned: frozenset[int]
    earliest: date


async def written(
    connection: Connection, school_id: int, recorded: Recorded, after: int, first: date, now: date
) -> Writing:
    """What marks were entered or amended on the days of `recorded`.

    An absence may open an alert, and an amendment do anything. A first entry of a pupil who was there only adds to the
    possible sessions: of those after position `after`, the last look, it concerns who is watched.
    """
    found: defaultdict[int, dict[date, list[Mapping[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    concerned, earliest = set[int](), now
    rows = _sql.written(
        connection,
        school_id=school_id,
        base=recorded.base,
        ends=[seq for _, seq in recorded.days],
        after=after,
        years=[begins(date(year, 12, 31)) for year in range(_FIRST_YEAR, now.year + 1)],
        this_year=begins(first),
        today=now,
    )
    async for row in rows:
        found[row["pupil_no"]][recorded.days[row["day_no"]][0]].append(row)
        if row["concerns"]:
            concerned.add(row["pupil_no"])
            earliest = min(earliest, row["earliest"])
    by_pupil = {no: {on: _written(on, of_day, now) for on, of_day in days.items()} for no, days in found.items()}
    return Writing(by_pupil, frozenset(concerned), earliest)


def _written(on: date, rows: Sequence[Mapping[str, Any]], now: date) -> Written:
    years = frozenset(academic_year(row["earliest"]) for row in rows)
    live = frozenset(academic_year(row["earliest"]) for row in rows if row["is_live"])
    today = frozenset((now, Session(session)) for row in rows for session in row["sessions"] or ())
    return Written(years, live, today, all(row["is_plain"] for row in rows) and years == {academic_year(on)})


async def recorded(
    connection: Connection, school_id: int, base: int, up_to: int, most: int = sys.maxsize
) -> list[tuple[date, int]]:
    """The London days on which something was recorded between two positions, each with its last; at most so many.

    What was recorded last may have been let go since: the last day reaches to the end all the same.
    """
    days: list[tuple[date, int]] = []
    while base < up_to and len(days) < most:
        on: date | None = await _sql.day_after(connection, school_id=school_id, after=base, up_to=up_to)
        if on is None:
            return [*days[:-1], (days[-1][0], up_to)] if days else []
        base = await position_before(connection, school_id, up_to, midnight(on, after=True))
        days.append((on, base))
    return days


async def position_before(connection: Connection, school_id: int, up_to: int, at: datetime | None) -> int:
    """The last position recorded before an instant, of those up to a position; 0 where there is none."""
    found: int = await _sql.position_before(connection, school_id=school_id, up_to=up_to, at=at)
    return found


def begins(on: date) -> date:
    """The first day of a day's academic year."""
    return academic_year_bounds(academic_year(on))[0]
