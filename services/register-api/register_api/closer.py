"""The closer: enters what a closure says of a session once the registers of that session have opened, and never before.

Any number of processes may run it: the head of a school lets one at a time in, and who comes second finds nothing left
to do. It is a guest in a service that answers requests: it makes the entries of a few sessions in one transaction, and
no failure of it, nor of one school, ends the service or keeps another school waiting.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from codes.book import Session
from codes.calendar import academic_year
from codes.closures import Closure, Moment
from codes.planned import outcome_on
from codes.register import Entered, Mark, Pupil, decide_mark
from codes.school import School
from kit import database
from kit.database import Connection
from kit.schools import LONDON
from ledger import append, plans
from ledger.append import NewMark
from ledger.plans import Standing
from ledger.writers import Person, writers
from register_api import facts
from register_api.closing import by_system

MOST_SESSIONS = 6
"""Sessions that are entered in one transaction: other writers of the school wait for it."""
PATIENCE = timedelta(minutes=5)
"""How long after its registers have opened a session may wait before /readyz says so."""

_EVERY_CHANGE = 2**63 - 1
"""A position after every other: what stands now."""

_sql = database.statements(__file__)
_log = logging.getLogger("rollbook.closures")


@dataclass(slots=True)
class Closer:
    """What the closer works with; `failed` counts the rounds that failed since the last that did not."""

    engine: AsyncEngine
    now: Callable[[], datetime]
    every: float
    failed: int = 0


def opens_at(school: School, at: Moment) -> datetime:
    """Give the instant from which on every register of a session has opened, under the policy of its day."""
    return datetime.combine(at[0], school.all_opened_at(*at), LONDON)


async def expect(
    connection: Connection, school_id: int, seq: int, school: School, closure: Closure, among: Iterable[Moment]
) -> None:
    """Put the sessions that a closure, made by the change `seq`, enters its code in among those to be done.

    Nothing is entered by `#`: there is no session.
    """
    sessions = [at for at in among if closure.stands(at)] if closure.code != "#" else []
    await _sql.add_due(
        connection,
        school_id=school_id,
        seq=seq,
        days=[day for day, _ in sessions],
        sessions=[session.value for _, session in sessions],
        opens_ats=[opens_at(school, at) for at in sessions],
    )


async def expect_again(connection: Connection, school_id: int, days: Collection[date] | None = None) -> None:
    """Put the sessions that the school's closures enter their codes in, of some days or all, among those to be done.

    What has been entered before is looked at once more.
    """
    school = await facts.school(connection, school_id)
    if not school.closures:
        return
    seqs = {row["id"]: row["seq"] async for row in _sql.seqs(connection, school_id=school_id)}
    for closure in school.closures:
        sessions = school.open_sessions(closure.first, closure.last)
        among = [at for at in sessions if days is None or at[0] in days]
        await expect(connection, school_id, seqs[closure.id], school, closure, among)


async def enter(connection: Connection, school_id: int, now: datetime, most: int = MOST_SESSIONS) -> tuple[int, int]:
    """Make the entries of a school's sessions that are due at `now`, London's time; give how many sessions and entries.

    The caller holds the head of the school. Entries that stand are not touched. Source: SI 2024/208 reg 10, Table 3.
    """
    rows = [row async for row in _sql.due(connection, school_id=school_id, now=now, most=most)]
    if not rows:
        return 0, 0
    school, retired = await facts.school(connection, school_id), await facts.retired(connection, school_id)
    standing = {closure.id: closure for closure in school.closures}
    entries = 0
    for (seq, id_), of_one in groupby(
        sorted(rows, key=lambda row: row["seq"]), key=lambda row: (row["seq"], row["id"])
    ):
        sessions = [(row["session_date"], Session(row["session"])) for row in of_one]
        closure = standing[id_]
        open_ = [at for at in sessions if closure.stands(at) and academic_year(at[0]) not in retired]
        ready = [at for at in open_ if opens_at(school, at) <= now]
        entries += await _enter(connection, school_id, seq, school, closure, ready, now)
        names = [session.value for _, session in sessions]
        days = [day for day, _ in sessions]
        await _sql.entered(connection, school_id=school_id, seq=seq, days=days, sessions=names)
        # The policy may have come to open a register later than it did when the closure was made.
        await expect(connection, school_id, seq, school, closure, [at for at in open_ if at not in ready])
    return len(rows), entries


async def _enter(
    connection: Connection,
    school_id: int,
    seq: int,
    school: School,
    closure: Closure,
    sessions: Sequence[Moment],
    now: datetime,
) -> int:
    made = await _sql.made(connection, school_id=school_id, seq=seq)
    person = Person(made["name"], made["position"])
    cause = by_system("closure", closure.id)
    marks = [
        NewMark(
            pupil_no,
            on,
            session.value,
            1,
            None,
            event.code,
            None,
            event.made_at,
            person,
            source="closure",
            by_system=cause,
        )
        for on, session in sessions
        for pupil_no, event in await _decided(connection, school_id, school, closure, (on, session), now)
    ]
    if marks:
        head = await append.lock(connection, school_id)
        who = await writers(connection, school_id, made["client_id"], {person}, {mark.date for mark in marks})
        await append.append_marks(connection, head, who, marks, now)
    return len(marks)


async def _decided(
    connection: Connection, school_id: int, school: School, closure: Closure, at: Moment, now: datetime
) -> list[tuple[int, Entered]]:
    """Give the entries that the law admits in a session, for everybody whom the closure concerns and who has none."""
    on, session = at
    rows = _sql.without_entry(
        connection,
        school_id=school_id,
        on=on,
        session=session.value,
        everyone=closure.of_everyone,
        pupils=list(closure.pupils),
        classes=list(closure.classes),
        year_groups=list(closure.year_groups),
    )
    found = [row async for row in rows]
    # What was planned stands where a part of the site closes, and not where nobody has a session.
    known: Standing = {}
    if not closure.of_everyone:
        numbers = [row["pupil_no"] for row in found]
        known = await plans.standing(connection, school_id, (on, on), _EVERY_CHANGE, numbers)
    decided = []
    for row in found:
        if any(outcome_on(plan, at) == "granted" for plan in known.get(row["pupil_no"], ())):
            continue
        pupil = Pupil(row["date_of_birth"], facts.spans(row["on_roll"]), row["year_group"], row["boarder"])
        sitting = school.sitting(on, session, pupil.year_group)
        if sitting is not None:
            event = decide_mark(Mark(closure.code), pupil, sitting, None, None, now)
            if isinstance(event, Entered):
                decided.append((row["pupil_no"], event))
    return decided


async def run(closer: Closer) -> None:
    """Look for ever whether any session has come due; a round that fails is counted, and tried again."""
    while True:
        try:
            await round_of(closer)
            closer.failed = 0
        except Exception as caught:
            closer.failed += 1
            _log.error("closures are not entered: %s", type(caught).__name__)
        await asyncio.sleep(closer.every)


async def round_of(closer: Closer) -> int:
    """Enter every session that is due, school after school; give the number of entries made.

    Raises what failed last, once every other school has had its turn.
    """
    async with database.reading(closer.engine) as connection:
        waiting = [row["school_id"] async for row in _sql.schools(connection, now=closer.now())]
    made, failure = 0, None
    for school_id in waiting:
        try:
            made += await _of_school(closer, school_id)
        except Exception as caught:
            failure = caught
    if failure is not None:
        raise failure
    return made


async def _of_school(closer: Closer, school_id: int) -> int:
    made, done = 0, MOST_SESSIONS
    while done == MOST_SESSIONS:
        async with database.writing(closer.engine, school_id) as connection:
            await append.lock(connection, school_id)
            done, entries = await enter(connection, school_id, closer.now().astimezone(LONDON))
        made += entries
    return made


async def faring(closer: Closer) -> dict[str, Any]:
    """Say how the closures fare: sessions that wait too long for their entries, and rounds that failed."""
    async with database.reading(closer.engine) as connection:
        overdue = await _sql.overdue(connection, before=closer.now() - PATIENCE)
    return {"closures_overdue": overdue, "closures_failed": closer.failed}
