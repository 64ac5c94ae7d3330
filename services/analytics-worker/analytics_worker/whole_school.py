"""Alerts about a school as a whole: registers that were not taken, and what its weeks show when they are over.

A register is judged at the end of its day, and live; groups, patterns of pupils and patterns of amendments at the end
of the last day of each school week, as everything stood when that day was over.
"""

import asyncio
import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby

from analytics_worker import casework, histories, registers
from analytics_worker.course import Course
from analytics_worker.histories import History, Recorded, Settings
from codes import acts
from codes.alerts import Alert
from codes.auditing import Amending, amendment_patterns, census_days
from codes.book import Session
from codes.calendar import academic_year
from codes.finding import Finding
from codes.gathering import OfPupil, of_week, weeks_over
from codes.known import Setting
from codes.life import OF_A_WEEK, Day, Key, Life, lived
from codes.penalty import Threshold
from codes.rising import WEEKS_COMPARED
from kit import database
from kit.database import Connection
from kit.schools import midnight

_sql = database.statements(__file__)
_DAY = timedelta(days=1)

Lives = Mapping[Key, Life]
Of = int | None
"""Whom an alert is about: a pupil by number, or None, the school."""


@dataclass(frozen=True, slots=True)
class Since:
    """A look at a school: the days from `first` on, the position at their end, and the present, in London's time.

    `looked` is how far it was looked at before; `folded` is how far the school is folded: what was recorded later is
    undone to see what stood; `laid` is how far its weeks are laid together.
    """

    school_id: int
    first: date
    looked: int
    seq: int
    folded: int
    laid: int
    now: datetime

    @property
    def today(self) -> date:
        """The day that is not over."""
        return self.now.date()


@dataclass(frozen=True, slots=True)
class _Told:
    """What was recorded on a day: its last position, the dates of the marks, and whether anything that is no mark."""

    seq: int
    dates: frozenset[date]
    is_wide: bool

    def concerns(self, on: date) -> bool:
        """Whether the registers of another day may be others by it."""
        return self.is_wide or on in self.dates


async def registers_not_taken(
    connection: Connection, settings: Settings, lives: Lives, since: Since, recorded_on: Sequence[tuple[date, int]]
) -> Lives:
    """The alerts about registers that were not taken, brought up to the present; of past days once they were over.

    Those that are open are judged again when something about their day, or about all, was recorded. Days by whose end
    the same was recorded are read at once. `recorded_on` are those on which anything was, each with its last position.
    """
    first = max(since.first, settings.at(since.first).register_since)
    every = (first + n * _DAY for n in range((since.today - first).days + 1))
    ends = dict(recorded_on)
    days = [on for on in every if on in settings.at(on).open_days or on in ends]
    due = {on for on in days if on < since.today or since.now >= first_due(settings.at(on), on)}
    by_day = defaultdict[date, dict[Key, Life]](dict)
    for key, life in lives.items():
        by_day[date.fromisoformat(life.period.split(" ")[0])][key] = life
    told = await _told(connection, since, recorded_on, due | _open(by_day))
    taken = await registers.taken(connection, since.school_id, due | (_open(by_day) if told else set()), since.seq)
    recorded = sorted(told)
    for place, of_position in groupby(days, key=lambda on: bisect_right(recorded, on)):
        asked = {on: {on} & due & taken for on in of_position}
        for on in told.keys() & asked.keys():
            asked[on] |= {day for day in _open(by_day) & taken if told[on].concerns(day)}
        if not any(asked.values()):
            continue
        seq = told[recorded[place - 1]].seq if place else since.looked
        found = await registers.load(connection, since.school_id, set[date]().union(*asked.values()), seq)
        for on, of_day in asked.items():
            at = since.now.replace(tzinfo=None) if on == since.today else datetime.combine(on, time.max)
            for day in sorted(of_day):
                missing = found.not_taken(settings.at(on).school, day, at)
                year = academic_year(day)
                judged = Day(on, (year,), (year,), year, (Alert.REGISTER_NOT_TAKEN,))
                by_day[day] = lived(by_day[day], missing, judged)
            # Others, who ask over HTTP, have their turn.
            await asyncio.sleep(0)
    return {key: life for of_day in by_day.values() for key, life in of_day.items()}


def _open(by_day: Mapping[date, Lives]) -> set[date]:
    """The days with a register that is said to be missing."""
    return {day for day, lives in by_day.items() if any(life.closed_on is None for life in lives.values())}


async def _told(
    connection: Connection, since: Since, recorded_on: Sequence[tuple[date, int]], of: Collection[date]
) -> Mapping[date, _Told]:
    """What was recorded since the last look, by the London day; of the dates of marks those in `of`."""
    if not recorded_on:
        return {}
    dates: list[set[date | None]] = [set() for _ in recorded_on]
    ends = [seq for _, seq in recorded_on]
    about = {"school_id": since.school_id, "after": since.looked, "up_to": ends[-1], "ends": ends, "dates": list(of)}
    async for row in _sql.recorded(connection, **about):
        dates[row["day_no"]].add(row["session_date"])
    return {
        on: _Told(seq, frozenset(day for day in of_day if day is not None), None in of_day)
        for (on, seq), of_day in zip(recorded_on, dates, strict=True)
    }


def first_due(setting: Setting, on: date) -> datetime:
    """The instant from which a register of a day may be said to be missing: none is before."""
    policy = setting.school.policy(on)
    closes = min(register.closes for register in policy.registers)
    at = datetime.combine(on, closes) + timedelta(minutes=policy.register_grace_minutes)
    instant = midnight(on)
    assert instant is not None
    return at.replace(tzinfo=instant.tzinfo)


async def weeks(
    connection: Connection, settings: Settings, lives: Mapping[Of, Lives], since: Since
) -> Mapping[Of, Lives]:
    """The alerts of weeks, brought up to the last school week that is over; of pupils' patterns by number."""
    candidates = {day for _, setting in settings.each for day in weeks_over(setting, since.first, since.today)}
    ends = sorted(day for day in candidates if day in weeks_over(settings.at(day), since.first, since.today))
    ends = [day for day in ends if day >= settings.at(day).register_since]
    if not ends:
        return lives
    base = await histories.position_before(connection, since.school_id, since.seq, midnight(ends[0]))
    numbers = [row["pupil_no"] async for row in _sql.everyone(connection, school_id=since.school_id)]
    reach = histories.begins(ends[0] - 7 * 4 * WEEKS_COMPARED * _DAY)
    recorded = Recorded(base, (), since.folded, since.laid)
    told = await histories.load(connection, since.school_id, numbers, recorded, reach, is_one_day=False)
    said = (await casework.load(connection, since.school_id, ())).acts.get(None, [])
    courses = {no: Course(history) for no, history in told.items()}
    places = dict.fromkeys(numbers, 0)
    for end in ends:
        setting = settings.at(end)
        pupils = [
            each for no in numbers if (each := _as_known(told[no], courses[no], places, setting, end)) is not None
        ]
        # In a thread, for it is much to count: whoever asks over HTTP has a turn meanwhile.
        found, named = await asyncio.to_thread(of_week, setting, pupils, end)
        settled = acts.settled(act for on, act in said if on <= end)
        found += await _amendments(connection, since.school_id, end, lives)
        found = [each for each in found if (each.kind, each.period) not in settled]
        year = academic_year(end)
        judged = Day(end, (year,), (year,), academic_year(histories.begins(end) - _DAY), OF_A_WEEK)
        concerned: set[Of] = {None, *named, *lives}
        lives = {
            **lives,
            **{no: lived(lives.get(no, {}), found if no is None else named.get(no, ()), judged) for no in concerned},
        }
    return lives


def _as_known(history: History, course: Course, places: dict[int, int], setting: Setting, end: date) -> OfPupil | None:
    """A pupil with the entries as they stood at the end of a day; None before the pupil was on any roll."""
    while places[history.pupil_no] < len(history.events):
        event = history.events[places[history.pupil_no]]
        if event.recorded_on > end:
            break
        course.add(event)
        places[history.pupil_no] += 1
    known = history.known(end)
    if known is None:
        return None
    entries = course.entries(setting, known, histories.begins(end - 7 * 4 * WEEKS_COMPARED * _DAY), frozenset())
    return OfPupil(history.pupil_no, known, list(entries.standing), history.household(end))


async def _amendments(
    connection: Connection, school_id: int, end: date, lives: Mapping[Of, Lives]
) -> Sequence[Finding]:
    """The patterns among the amendments that persons made since the academic year before began."""
    rows = _sql.amendments(
        connection,
        school_id=school_id,
        first=midnight(histories.begins(histories.begins(end) - _DAY)),
        until=midnight(end, after=True),
    )
    made = [
        Amending(
            row["pupil"],
            row["session_date"],
            Session(row["session"]),
            row["original_code"],
            row["code"],
            row["recorded_on"],
            f"{row['name']}, {row['position']}",
        )
        async for row in rows
    ]
    if not made:
        return ()
    met = {
        row["pupil"]: _threshold(json.loads(row["evidence"]))
        async for row in _sql.thresholds(connection, school_id=school_id, until=end)
    }
    years = (academic_year(histories.begins(end) - _DAY), academic_year(end))
    return amendment_patterns(made, end, [day for year in years for day in census_days(year)], met)


def _threshold(evidence: Mapping[str, object]) -> Threshold:
    sessions = evidence["sessions"]
    assert isinstance(sessions, list)
    standing = tuple((date.fromisoformat(row["date"]), Session(row["session"]), row["code"]) for row in sessions)
    return Threshold(date.fromisoformat(str(evidence["met_on"])), (), standing)
