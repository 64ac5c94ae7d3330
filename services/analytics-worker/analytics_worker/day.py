"""One day at a school: who is on site and who is not, whose absence nobody has explained, and what is due."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from analytics_worker import casework, registers
from analytics_worker.registers import InRegister
from codes import acts, the_day
from codes.alerts import Alert
from codes.book import Kind, Session, read
from codes.deadlines import is_overdue, n_due
from codes.finding import Finding
from codes.policy import times
from codes.school import School
from codes.the_day import Marked
from kit import database
from kit.database import Connection

_sql = database.statements(__file__)

_DAY = timedelta(days=1)
_BACK_DAYS = (20, 100, 400)
"""How many school days are looked back for the beginning of a spell: further only where it is not found."""


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Whom and which session a day is narrowed to; None is all of them."""

    classes: Collection[str] | None = None
    year_groups: Collection[str] | None = None
    session: Session | None = None

    @property
    def sessions(self) -> tuple[Session, ...]:
        """The sessions that are meant."""
        return tuple(Session) if self.session is None else (self.session,)

    def meets(self, pupil: InRegister) -> bool:
        """Say whether a pupil is meant."""
        return (self.classes is None or pupil.class_ in self.classes) and (
            self.year_groups is None or pupil.year_group in self.year_groups
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """A pupil by the last session that has begun and for which there is an entry."""

    pupil: InRegister
    session: Session
    code: str
    kind: Kind

    @property
    def is_on_site(self) -> bool:
        """Whether the pupil is in school: present, or come after the register had closed."""
        return self.kind is Kind.PRESENT or self.code == "U"


@dataclass(frozen=True, slots=True)
class Unexplained:
    """A pupil's absence of which nobody knows the reason, with its days up to this one."""

    pupil: InRegister
    days: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class StandingN:
    """An N that stands, the last day on which it may, and since when it is overdue."""

    pupil: InRegister
    on: date
    session: Session
    due: date | None
    overdue_since: date | None


@dataclass(frozen=True, slots=True)
class AlertHeld:
    """An alert that was open when the day was over, or is; one of no pupil may be of a class or a year group."""

    id: str
    kind: Alert
    pupil_no: int | None
    class_: str | None
    year_group: str | None
    opened_on: date


@dataclass(frozen=True, slots=True)
class DayAt:
    """A day at a school, of those who are meant."""

    pupils: Sequence[InRegister]
    seen: Sequence[Seen]
    without_entry: Sequence[InRegister]
    unexplained: Sequence[Unexplained]
    not_taken: Sequence[Finding]
    n_entries: Sequence[StandingN]
    alerts: Sequence[AlertHeld]


async def load(
    connection: Connection, school_id: int, school: School, on: date, at: datetime, meant: Narrowed
) -> DayAt:
    """Give a day of a school as it stands at an instant in London's time; of a day that is over, as it is known now.

    A session that has not begun is not looked at, whatever is entered ahead.
    """
    of_day = await registers.load(connection, school_id, [on])
    pupils = [pupil for pupil in of_day.pupils(on) if meant.meets(pupil)]
    nos = [pupil.pupil_no for pupil in pupils]
    seen, without = _seen(school, on, at, pupils, meant)
    # Who has come meanwhile is not asked after, though the register may still be open.
    on_site = {each.pupil.pupil_no for each in seen if each.is_on_site}
    absent = [pupil for pupil in pupils if pupil.pupil_no not in on_site]
    classes = {pupil.class_ for pupil in pupils}
    is_taken = on in await registers.taken(connection, school_id, [on])
    missing = [
        each
        for each in of_day.not_taken(school, on, at)
        if is_taken and each.facts["register"] in classes and each.facts["session"] in meant.sessions
    ]
    return DayAt(
        pupils,
        seen,
        without,
        await _unexplained(connection, school_id, school, on, at, absent, meant),
        missing,
        await _standing_n(connection, school_id, school, min(on, at.date()), pupils, meant),
        [each async for each in _held(connection, school_id, on) if _is_meant(each, meant, nos)],
    )


def _begun(school: School, on: date, at: datetime, year_group: str | None, meant: Narrowed) -> Iterator[Session]:
    """Give the sessions of a day that have begun, the last first."""
    policy = school.policy(on)
    for session in reversed(meant.sessions):
        opens = times(policy, session, year_group).opens
        if on < at.date() or (on == at.date() and opens <= at.time()):
            yield session


def _seen(
    school: School, on: date, at: datetime, pupils: Sequence[InRegister], meant: Narrowed
) -> tuple[list[Seen], list[InRegister]]:
    """Give the pupils who have an entry, and those who have none though an open session has begun."""
    seen, without = [], []
    for pupil in pupils:
        begun = [*_begun(school, on, at, pupil.year_group, meant)]
        session = next((each for each in begun if each in pupil.entered), None)
        if session is not None:
            code = pupil.entered[session]
            seen.append(Seen(pupil, session, code, read(code, on).kind))
        elif not pupil.boarder and any(_is_open(school, on, each, pupil.year_group) for each in begun):
            without.append(pupil)
    return seen, without


def _is_open(school: School, on: date, session: Session, year_group: str | None) -> bool:
    sitting = school.sitting(on, session, year_group)
    return sitting is not None and sitting.closed is None


async def _unexplained(
    connection: Connection,
    school_id: int,
    school: School,
    on: date,
    at: datetime,
    pupils: Sequence[InRegister],
    meant: Narrowed,
) -> list[Unexplained]:
    """Give those whose absence of this day is unexplained once its register has closed, by the rules of the alerts."""
    left = {
        each.pupil_no: each for each in pupils if {each.entered.get(session) for session in meant.sessions} & {"N", "O"}
    }
    days = school.all_open_days()
    upto = bisect_right(days, on)
    if not left or not upto or days[upto - 1] != on:
        return []
    told = (await casework.load(connection, school_id, left)).acts
    reasons = {no: acts.explained(act for _, act in told.get(no, ())) for no in left}
    found: list[Unexplained] = []
    for back in _BACK_DAYS:
        of_window = days[max(0, upto - back) : upto]
        is_whole = back >= upto or back == _BACK_DAYS[-1]
        for pupil_no, marks in (await _marks(connection, school_id, school, at, left, of_window, reasons)).items():
            spell = next((each for each in the_day.spells(marks, on) if each.running), None)
            if spell is None or not any(mark.on == on and mark.session in meant.sessions for mark in spell.marks):
                del left[pupil_no]
            elif is_whole or spell.days[0] > of_window[0]:
                found.append(Unexplained(left.pop(pupil_no), spell.days))
        if not left:
            break
    return sorted(found, key=lambda each: each.pupil.pupil_no)


async def _marks(
    connection: Connection,
    school_id: int,
    school: School,
    at: datetime,
    pupils: Mapping[int, InRegister],
    days: Sequence[date],
    reasons: Mapping[int, frozenset[tuple[date, Session]]],
) -> Mapping[int, list[Marked]]:
    """Give the entries of some pupils on some school days in a row."""
    is_open, today = frozenset(days), at.date()
    rows = _sql.entries(connection, school_id=school_id, pupil_nos=[*pupils], first=days[0], last=days[-1])
    marks = defaultdict[int, list[Marked]](list)
    async for row in rows:
        no, on, session, code = row["pupil_no"], row["session_date"], Session(row["session"]), row["code"]
        if on in is_open:
            replaced = None if row["first_code"] == code else row["first_code"]
            closes = times(school.policy(today), session, pupils[no].year_group).closes
            has_closed = on < today or (on == today and closes <= at.time())
            marks[no].append(Marked(on, session, code, replaced, (on, session) in reasons[no], has_closed))
    return marks


async def _standing_n(
    connection: Connection,
    school_id: int,
    school: School,
    on: date,
    pupils: Sequence[InRegister],
    meant: Narrowed,
) -> list[StandingN]:
    """Give every N that stands up to a day, the oldest first, each with its day by the school's own calendar."""
    by_no = {pupil.pupil_no: pupil for pupil in pupils}
    days, is_open = school.all_school_days(), frozenset(school.all_open_days())
    found = []
    async for row in _sql.standing_n(connection, school_id=school_id, pupil_nos=[*by_no], up_to=on):
        day, session = row["session_date"], Session(row["session"])
        if day in is_open and session in meant.sessions:
            due = n_due(day, days)
            since = due + _DAY if due is not None and is_overdue(due, on) else None
            found.append(StandingN(by_no[row["pupil_no"]], day, session, due, since))
    return found


async def _held(connection: Connection, school_id: int, on: date) -> Any:
    async for row in _sql.held(connection, school_id=school_id, on=on):
        kind = Alert(row["kind"])
        yield AlertHeld(str(row["id"]), kind, row["pupil_no"], row["class"], row["year_group"], row["opened_on"])


def _is_meant(alert: AlertHeld, meant: Narrowed, pupil_nos: Collection[int]) -> bool:
    if alert.pupil_no is not None and (meant.classes is not None or meant.year_groups is not None):
        return alert.pupil_no in pupil_nos
    return (meant.classes is None or alert.class_ in meant.classes) and (
        meant.year_groups is None or alert.year_group in meant.year_groups
    )
