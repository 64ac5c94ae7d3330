"""Alerts about a school as a whole: registers that were not taken, and what its weeks show when they are over.

A register is judged at the end of its day, and live; groups, patterns of pupils and patterns of amendments at the end
of the last day of each school week, as everything stood when that day was over.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from analytics_worker import casework, histories, registers
from analytics_worker.course import Course
from analytics_worker.histories import History, Recorded, Settings
from codes import acts
from codes.alerts import Alert
from codes.auditing import Amending, amendment_patterns, census_days
from codes.book import Session
from codes.calendar import academic_year, academic_year_bounds
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

    `folded` is how far the school is folded: what was recorded later is undone to see what stood; `laid` is how far its
    weeks are laid together.
    """

    school_id: int
    first: date
    seq: int
    folded: int
    laid: int
    now: datetime

    @property
    def today(self) -> date:
        """The day that is not over."""
        return self.now.date()


async def registers_not_taken(
    connection: Connection, settings: Settings, lives: Lives, since: Since, recorded_on: Sequence[date]
) -> Lives:
    """The alerts about registers that were not taken, brought up to the present; of past days once they were over.

    ASSUMPTION: until the first mark of an academic year was entered, by anything but an import, nobody takes the
    register here yet, and nothing is missing.
    """
    first = max(since.first, settings.at(since.first).register_since)
    days = {first + n * _DAY for n in range((since.today - first).days + 1)}
    for on in sorted(day for day in days if day in settings.at(day).open_days or day in recorded_on):
        asked = set() if on == since.today and since.now < first_due(settings.at(on), on) else {on}
        if on in recorded_on:
            asked |= {
                date.fromisoformat(each.period.split(" ")[0]) for each in lives.values() if each.closed_on is None
            }
        if not asked:
            continue
        seq = await _position(connection, since, on)
        if seq is None or not await _sql.is_taken(
            connection, school_id=since.school_id, first=_begins(on), last=on, seq=seq
        ):
            continue
        at = since.now.replace(tzinfo=None) if on == since.today else datetime.combine(on, time.max)
        for day in sorted(asked):
            school = settings.at(on).school
            found = await registers.not_taken(connection, since.school_id, school, day, at, seq)
            of_day = {key: life for key, life in lives.items() if life.period.startswith(day.isoformat())}
            year = academic_year(day)
            judged = Day(on, (year,), (year,), year, (Alert.REGISTER_NOT_TAKEN,))
            lives = {**lives, **lived(of_day, found, judged)}
    return lives


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
    reach = _begins(ends[0] - 7 * 4 * WEEKS_COMPARED * _DAY)
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
        judged = Day(end, (year,), (year,), academic_year(_begins(end) - _DAY), OF_A_WEEK)
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
    entries = course.entries(setting, known, _begins(end - 7 * 4 * WEEKS_COMPARED * _DAY), frozenset())
    return OfPupil(history.pupil_no, known, list(entries.standing), history.household(end))


async def _amendments(
    connection: Connection, school_id: int, end: date, lives: Mapping[Of, Lives]
) -> Sequence[Finding]:
    """The patterns among the amendments that persons made since the academic year before began."""
    rows = _sql.amendments(
        connection, school_id=school_id, first=midnight(_begins(_begins(end) - _DAY)), until=midnight(end, after=True)
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
    years = (academic_year(_begins(end) - _DAY), academic_year(end))
    return amendment_patterns(made, end, [day for year in years for day in census_days(year)], met)


def _threshold(evidence: Mapping[str, object]) -> Threshold:
    sessions = evidence["sessions"]
    assert isinstance(sessions, list)
    standing = tuple((date.fromisoformat(row["date"]), Session(row["session"]), row["code"]) for row in sessions)
    return Threshold(date.fromisoformat(str(evidence["met_on"])), (), standing)


async def _position(connection: Connection, since: Since, on: date) -> int | None:
    """The last position recorded by the end of a day."""
    if on == since.today:
        return since.seq
    at = midnight(on, after=True)
    return await histories.position_before(connection, since.school_id, since.seq, at) or None


def _begins(on: date) -> date:
    return academic_year_bounds(academic_year(on))[0]
