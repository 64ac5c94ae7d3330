"""What becomes of entries when their sessions are closed or opened: named in a refusal, or amended if asked."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from codes.book import Session
from codes.closures import Moment
from codes.register import Amended, Amendment, Entry, decide_amendment
from codes.school import School
from kit import database
from kit.database import Connection
from kit.problems import Problem
from kit.schools import LONDON
from ledger import append
from ledger.append import NewMark, Recorded
from ledger.leaf import canonical
from ledger.writers import Person, writers
from register_api import facts

MOST_NAMED = 1_000
"""Marks that a refusal names; beside them it says how many there are."""

_sql = database.statements(__file__)


@dataclass(frozen=True, slots=True)
class Standing:
    """An entry that stands, and whose it is."""

    pupil: str
    pupil_no: int
    date: date
    session: Session
    version: int
    code: str
    arrived_at: time | None

    @property
    def at(self) -> Moment:
        """The session of the entry."""
        return self.date, self.session


@dataclass(frozen=True, slots=True)
class Why:
    """Who has entries amended, through which client, when and why; and by which rule it was done for all of them."""

    client_id: str
    made_by: Person
    made_at: datetime | None
    reason: str
    by_system: str


def by_system(rule: str, cause: str) -> str:
    """Write what made an automatic entry, as it is recorded beside the person."""
    return canonical({"system": "rollbook", "rule": rule, "cause": cause})


async def standing(
    connection: Connection, school_id: int, sessions: Iterable[Moment], by: str | None = None
) -> list[Standing]:
    """Give the entries that stand in some sessions, or those whose code the rule `by` entered or amended to."""
    listed = sorted(set(sessions))
    days, names = [day for day, _ in listed], [session.value for _, session in listed]
    rows = _sql.standing(connection, school_id=school_id, days=days, sessions=names, by_system=by)
    found = [tuple(row.values()) async for row in rows]
    return [
        Standing(pupil, no, on, Session(session), version, code, arrived_at)
        for pupil, no, on, session, version, code, arrived_at in found
    ]


Amending = Sequence[tuple[Standing, Amended]]
"""Entries, each with the amendment that the law admits."""


async def amending(
    connection: Connection,
    school_id: int,
    school: School,
    entries: Collection[Standing],
    to: str,
    why: Why,
    now: datetime,
) -> Amending:
    """Decide for each entry its amendment to a code, under the school as it will be.

    An entry of a pupil who is not on roll, or in a session that does not admit the code, stays and is left out.
    """
    pupils = await facts.pupils(connection, school_id, {entry.pupil for entry in entries})
    decided = []
    for entry in entries:
        pupil = pupils[entry.pupil].on(entry.date)
        sitting = school.sitting(entry.date, entry.session, pupil.year_group)
        if sitting is None:
            continue
        opens = datetime.combine(entry.date, sitting.times.opens, LONDON)
        # What closes a session may have been decided before it began; no amendment of an entry was.
        made_at = why.made_at if why.made_at is not None and why.made_at >= opens else None
        amendment = Amendment(entry.code, to, why.reason, made_at=made_at)
        current = Entry(entry.code, entry.version, entry.arrived_at)
        if isinstance(event := decide_amendment(amendment, pupil, sitting, current, now), Amended):
            decided.append((entry, event))
    return decided


def marked(decided: Amending, detail: str) -> Problem:
    """Give the refusal of a change that touches entries, with the sessions and the marks themselves named."""
    sessions: dict[Moment, int] = {}
    for entry, _ in decided:
        sessions[entry.at] = sessions.get(entry.at, 0) + 1
    marks = [
        {"pupil": entry.pupil, "date": entry.date.isoformat(), "session": entry.session, "code": entry.code}
        for entry, _ in decided[:MOST_NAMED]
    ]
    named: list[dict[str, Any]] = [
        {"date": day.isoformat(), "session": session, "entries": entries}
        for (day, session), entries in sorted(sessions.items())
    ]
    extra = {"sessions": named, "marks": marks, "total": len(decided)}
    return Problem("sessions-marked", f"{len(decided)} entries {detail}", extra=extra)


async def amend(connection: Connection, school_id: int, decided: Amending, why: Why, now: datetime) -> list[Recorded]:
    """Append amendments that were decided, after whatever this transaction has appended before."""
    if not decided:
        return []
    head = await append.lock(connection, school_id)
    who = await writers(connection, school_id, why.client_id, {why.made_by}, {entry.date for entry, _ in decided})
    marks = [
        NewMark(
            entry.pupil_no,
            entry.date,
            entry.session.value,
            event.version,
            event.original_code,
            event.code,
            event.arrived_at,
            event.made_at,
            why.made_by,
            source="closure",
            reason=event.reason,
            by_system=why.by_system,
        )
        for entry, event in decided
    ]
    return await append.append_marks(connection, head, who, marks, now)
