"""What a MIS sends, in the order in which people did it: registers class by class, amendments, changes of the roll."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from codes.calendar import school_days
from onebox.demo.absence import KNOWN, NEVER, Key, Line, plan
from onebox.demo.occasions import closed_sessions, trips, with_occasions
from onebox.demo.people import Person, staff
from onebox.demo.pupils import Pupil
from onebox.demo.reasons import reason
from onebox.demo.schools import Register, School
from onebox.demo.terms import calendar_of

Item = dict[str, str]
"""One mark or amendment as it is sent."""

_OFFICE_OPENS = timedelta(minutes=5)  # after the morning register closes
_MORNING_OVER = time(11, 20)
_DAY_OVER = time(15, 40)
_COVERED = 0.05  # the share of registers taken by somebody else than the class's own teacher
_SECOND_THOUGHTS = 3  # school days after which an O was amended again


@dataclass(frozen=True, slots=True)
class RegisterTaken:
    """One class's register of one session, as its teacher saved it at `made_at` (aware)."""

    made_at: datetime
    day: date
    session: str
    class_name: str
    made_by: Person
    marks: list[Item]


@dataclass(frozen=True, slots=True)
class Amended:
    """What the office amended up to `made_at` (aware), each item with its own time, in order."""

    made_at: datetime
    made_by: Person
    amendments: list[Item]


Act = RegisterTaken | Amended


@dataclass(slots=True)
class _Amendment:
    at: datetime
    item: Item


@dataclass(frozen=True, slots=True)
class SchoolYear:
    """One school's academic year as it went: its days, its pupils by class, and each pupil's lines."""

    school: School
    year: int
    days: tuple[date, ...]
    classes: dict[str, list[Pupil]]
    lines: dict[str, dict[Key, Line]]
    closed: dict[Key, str]

    def roll(self, starts: date) -> list[Pupil]:
        """Those on roll at any time in the academic year, leaving out who left before `starts`."""
        return [one for every in self.classes.values() for one in every if one.leaves >= starts]


def present(session: str) -> str:
    """The mark of presence in a session."""
    return "/" if session == "AM" else "\\"


def school_year(seed: int, school: School, year: int, pupils: Sequence[Pupil]) -> SchoolYear:
    """Play one academic year of a school: the same for the same seed, whatever part of it is shown."""
    days = school_days(calendar_of(year, school.inset))
    outings = trips(seed, school, year, days)
    classes: dict[str, list[Pupil]] = {name: [] for name, _ in school.classes}
    lines: dict[str, dict[Key, Line]] = {}
    for pupil in pupils:
        if pupil.leaves >= days[0] and pupil.starts <= days[-1]:
            classes[pupil.class_in(year)].append(pupil)
            lines[pupil.id] = with_occasions(pupil, year, days, plan(pupil, year, days), outings)
    return SchoolYear(school, year, days, classes, lines, closed_sessions(school, days))


def acts(played: SchoolYear, starts: date, now: datetime, untaken: frozenset[tuple[str, date]]) -> Iterator[Act]:
    """What was sent from the day `starts` up to `now` (aware, London), in order of `made_at`.

    `untaken` are the registers nobody has taken: (class, day), both sessions.
    """
    office = _staff(played, "office", "Attendance officer")
    waiting: dict[int, list[_Amendment]] = {}
    for index, day in enumerate(played.days):
        if not starts <= day <= now.date():
            continue
        for session, over in (("AM", _MORNING_OVER), ("PM", _DAY_OVER)):
            taken = [
                _register(played, index, session, name, now, waiting)
                for name, _ in played.school.classes
                if (name, day) not in untaken
            ]
            yield from sorted((one for one in taken if one.marks and one.made_at <= now), key=lambda one: one.made_at)
            end = datetime.combine(day, over, now.tzinfo)
            done = sorted((one for one in waiting.get(index, []) if one.at <= end), key=lambda one: one.at)
            waiting[index] = [one for one in waiting.get(index, []) if one.at > end]
            done = [one for one in done if one.at <= now]
            if done:
                yield Amended(done[-1].at, office, [one.item for one in done])


def _register(
    played: SchoolYear, index: int, session: str, name: str, now: datetime, waiting: dict[int, list[_Amendment]]
) -> RegisterTaken:
    """One class's register; what has to be amended later goes to `waiting`, by the index of the day."""
    school, day = played.school, played.days[index]
    pupils = [one for one in played.classes[name] if one.on_roll(day)]
    years = next(years for class_name, years in school.classes if class_name == name)
    register = school.register(session, years[0])
    random = Random(f"{school.urn}/{day}/{session}/{name}")
    opens = datetime.combine(day, register.opens, now.tzinfo)
    made_at = opens + (_length(register) * random.uniform(0.75, 0.97))
    made_at = made_at.replace(microsecond=0)
    closed = played.closed.get((index, session))
    if closed is not None:
        marks = [{"pupil": pupil.id, "code": "Y4", "nature": f"Site closed: {closed}"} for pupil in pupils]
        return RegisterTaken(made_at, day, session, name, _staff(played, "head", "Headteacher"), marks)
    marks = []
    for pupil in pupils:
        line = played.lines[pupil.id].get((index, session))
        if line is None:
            marks.append({"pupil": pupil.id, "code": present(session)})
            continue
        marks.append(_mark(pupil, line, register))
        if line.known not in (KNOWN, NEVER) and made_at <= now:
            _await(played, index, session, pupil, line, register, now, waiting)
    tutor = "Form tutor" if school.phase == "secondary" else "Class teacher"
    if random.random() < _COVERED:
        return RegisterTaken(made_at, day, session, name, _staff(played, "cover", "Supply teacher"), marks)
    return RegisterTaken(made_at, day, session, name, _staff(played, name, tutor), marks)


def _mark(pupil: Pupil, line: Line, register: Register) -> Item:
    if line.known != KNOWN:
        return {"pupil": pupil.id, "code": "N"}
    item = {"pupil": pupil.id, "code": line.code}
    if line.code == "L" and line.minutes is not None:
        latest = int(_length(register).total_seconds() / 60 * 0.7)
        item["arrived_at"] = _later(register.opens, min(line.minutes, latest))
    if line.nature:
        item["nature"] = line.nature
    return item


def _await(
    played: SchoolYear,
    index: int,
    session: str,
    pupil: Pupil,
    line: Line,
    register: Register,
    now: datetime,
    waiting: dict[int, list[_Amendment]],
) -> None:
    """Set down when N is amended, by whom it is found out, and why."""
    day = played.days[index]
    item = {"pupil": pupil.id, "date": day.isoformat(), "session": session, "original_entry": "N"}
    random = Random(f"{pupil.seed}/{day}/{session}")
    if line.code == "U" and line.minutes is not None:
        arrived = _later(register.closes, line.minutes)
        at = datetime.combine(day, time.fromisoformat(arrived), now.tzinfo) + timedelta(seconds=random.randint(20, 90))
        item |= {"amended_entry": "U", "arrived_at": arrived}
        _put(waiting, index, at, item, reason(random, "U", at))
        return
    codes = [line.at_first, line.code] if line.at_first else [line.code]
    for step, code in enumerate(codes):
        found = line.known + step * _SECOND_THOUGHTS
        if found >= len(played.days):
            return
        morning = played.school.register("AM", pupil.year_group(played.year))
        opens = datetime.combine(played.days[found], morning.closes, now.tzinfo) + _OFFICE_OPENS
        at = opens + timedelta(seconds=Random(f"{pupil.seed}/{found}").randint(0, 6000))
        _put(waiting, found, at, item | {"amended_entry": code}, reason(random, code, at))
        item = item | {"original_entry": code}


def _put(waiting: dict[int, list[_Amendment]], index: int, at: datetime, item: Item, why: str) -> None:
    waiting.setdefault(index, []).append(_Amendment(at, item | {"reason": why, "made_at": at.isoformat()}))


def _staff(played: SchoolYear, role: str, position: str) -> Person:
    return staff(Random(f"{played.school.urn}/{played.year}/{role}"), position)


def _length(register: Register) -> timedelta:
    today = date.min
    return datetime.combine(today, register.closes) - datetime.combine(today, register.opens)


def _later(moment: time, minutes: int) -> str:
    return f"{(datetime.combine(date.min, moment) + timedelta(minutes=minutes)):%H:%M}"
