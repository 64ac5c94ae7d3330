"""Histories: what a register's stream says of some pupils, each thing with the London day on which it was recorded.

What stood when the first day to be judged was over is read from what is folded, with what was recorded after it undone.
"""

import json
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from analytics_worker import casework, school
from codes.acts import Act
from codes.alerts import Standing
from codes.book import Session
from codes.calendar import academic_year
from codes.known import UNAUTHORISED, Admission, Entries, Known, Placed, Planned, Setting
from codes.notices import Notice
from codes.planned import plan_from_body
from codes.returns import Deletion
from kit import database
from kit.database import Connection

_sql = database.statements(__file__)

At = tuple[date, Session]


@dataclass(frozen=True, slots=True)
class Event:
    """A mark that was entered or amended: the day it was recorded, the session, the code, and whether it is history."""

    recorded_on: date
    at: At
    version: int
    code: str
    original: str | None
    is_history: bool

    @property
    def is_plain(self) -> bool:
        """Whether it is a first entry of a pupil who was present when the register was taken."""
        return self.version == 1 and self.code in ("/", "\\")


@dataclass(slots=True)
class History:
    """One pupil: what stood at first (session, code, first code), in order; what came after it, and what was said of
    the pupil, in order of recording.
    """

    pupil_no: int
    stood: list[tuple[At, str, str]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
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
        home: str | None = json.loads(said[-1]["body"]).get("household") if said else None
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
    enrolments = json.loads(row["body"]).get("enrolments") or [None]
    last: Mapping[str, Any] | None = enrolments[-1]
    return last


def _admission(row: Mapping[str, Any], enrolled: Mapping[str, Any] | None) -> Admission | None:
    if enrolled is None:
        return None
    starts = date.fromisoformat(enrolled["starting_day"])
    # ASSUMPTION: a name of which nobody says when it was entered was entered by the starting day.
    entered = json.loads(row["body"]).get("name_entered_on")
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


async def load(
    connection: Connection, school_id: int, pupil_nos: Sequence[int], base: int, up_to: int, since: date
) -> Mapping[int, History]:
    """The histories of some pupils up to position `up_to`, from what stood at `base` on.

    Entries since a day are whole; of earlier ones those that are unauthorised are given.
    """
    found = {no: History(no) for no in pupil_nos}
    about = {"school_id": school_id, "pupil_nos": list(pupil_nos)}
    await _sql.plan_each(connection)
    async for row in _sql.standing(connection, since=since, unauthorised=list(UNAUTHORISED), **about):
        read = zip(row["dates"], map(_read, row["entries"]), strict=True)
        found[row["pupil_no"]].stood = [((on, session), code, first) for on, (session, code, first) in read]
    async for row in _sql.after(connection, base=base, up_to=up_to, **about):
        event = Event(
            row["recorded_on"],
            (row["session_date"], Session(row["session"])),
            row["version"],
            row["code"],
            row["original_code"],
            row["source"] == "history",
        )
        found[row["pupil_no"]].events.append(event)
    async for row in _sql.roll(connection, up_to=up_to, **about):
        found[row["pupil_no"]].roll.append((row["recorded_on"], row))
    async for row in _sql.placed(connection, up_to=up_to, **about):
        placed = Placed(row["effective_from"], row["year_group"], row["class"], json.loads(row["facts"]))
        found[row["pupil_no"]].placed.append((row["recorded_on"], placed))
    async for row in _sql.plans(connection, up_to=up_to, **about):
        body = json.loads(row["body"])
        review_on = tuple(date.fromisoformat(day) for day in body.get("review_on") or ())
        planned = Planned(plan_from_body(body), review_on, row["recorded_on"])
        found[row["pupil_no"]].plans.append((row["recorded_on"], planned))
    for history in found.values():
        _undo(history)
    await casework.tell(connection, school_id, found)
    return found


@lru_cache(maxsize=4_096)
def _read(entry: str) -> tuple[Session, str, str]:
    """A session, the code that stands and the one it began with, as they come from the database."""
    session, code, first = entry.split(" ")
    return Session(session), code, first


def _undo(history: History) -> None:
    """Take back from what is folded what was recorded after the base."""
    first: dict[At, Event] = {}
    for event in history.events:
        first.setdefault(event.at, event)
    if not first:
        return
    began = {at: code for at, _, code in history.stood if at in first}
    kept = [each for each in history.stood if each[0] not in first]
    undone = [(at, e.original, began.get(at, e.original)) for at, e in first.items() if e.original is not None]
    history.stood = sorted([*kept, *undone]) if undone else kept


class Course:
    """The entries of one pupil as they stand day after day, kept in order while events are added."""

    def __init__(self, history: History) -> None:
        self._at = [at for at, _, _ in history.stood]
        self._codes_at = [(code, first) for _, code, first in history.stood]
        self._parts: tuple[Setting, Known, date] | None = None
        self._standing: list[Standing] = []
        self._replaced: list[str | None] = []
        self._earlier: list[Standing] = []
        self._codes: dict[str, Counter[str]] = {}
        self._day, self._is_counted = date.min, False
        self._of_year: Counter[str] | None = None

    def add(self, event: Event) -> None:
        """Let an event follow."""
        if not self._at or event.at > self._at[-1]:
            self._at.append(event.at)
            self._codes_at.append((event.code, event.code))
            if self._parts is not None:
                self._append(event.at, event.code, event.code)
            return
        self._parts = None
        place = bisect_left(self._at, event.at)
        if self._at[place] == event.at:
            self._codes_at[place] = event.code, self._codes_at[place][1]
        else:
            self._at.insert(place, event.at)
            self._codes_at.insert(place, (event.code, event.code))

    def entries(self, setting: Setting, known: Known, since: date, waiting: frozenset[At]) -> Entries:
        """The entries on open days and on roll, by what is known now: whole since a day."""
        parts = self._parts
        if parts is None or parts[0] is not setting or parts[1].on_roll != known.on_roll or parts[2] != since:
            self._parts = setting, known, since
            self._standing, self._replaced, self._earlier, self._codes, self._day = [], [], [], {}, date.min
            for at, (code, first) in zip(self._at, self._codes_at, strict=True):
                self._append(at, code, first)
        unauthorised = [*self._earlier, *(each for each in self._standing if each[2] in UNAUTHORISED)]
        return Entries(self._standing, self._replaced, unauthorised, self._codes, waiting)

    def _append(self, at: At, code: str, first: str) -> None:
        assert self._parts is not None
        setting, known, since = self._parts
        on = at[0]
        if on != self._day:
            self._day, self._is_counted = on, on in setting.open_days and known.was_on_roll(on)
            self._of_year = self._codes.setdefault(academic_year(on), Counter()) if on >= since else None
        if not self._is_counted:
            return
        if self._of_year is None:
            if code in UNAUTHORISED:
                self._earlier.append((*at, code))
            return
        self._standing.append((*at, code))
        self._replaced.append(None if first == code else first)
        self._of_year[code] += 1
