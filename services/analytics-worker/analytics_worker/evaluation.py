"""Alerts: which pupils must be looked at after what was folded, what the law says of them, and what changes by it.

The position looked at is kept apart from the position folded, so that nothing is lost between the two. Level alerts are
of the present academic year and the one before it: a school begins its autumn with last year's figures. What is older
is closed when the year moves on, and history that is entered late opens nothing.
"""

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from analytics_worker import counting, roll, school
from analytics_worker.readings import ABSENCES
from analytics_worker.roll import Enrolled
from codes.alerts import Standing, n_overdue
from codes.book import Session
from codes.calendar import academic_year, academic_year_bounds, school_weeks
from codes.levels import levels
from codes.penalty import penalty_threshold
from codes.school import School
from kit import database
from kit.database import Connection

_sql = database.statements(__file__)
_DAY = timedelta(days=1)
_ABOUT_NO_FIGURE = frozenset({"school-changed", "absence-planned", "text-redacted"})

Key = tuple[int, str, str | None]
"""Pupil number, kind of alert, and the academic year where the kind belongs to one."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a school is folded, how far and on which London date its alerts were looked at, and their last change."""

    seq: int
    alerts_seq: int
    alerts_on: date | None
    last_change: int


@dataclass(frozen=True, slots=True)
class Concerned:
    """Pupils to look at, and whether last year's figures may have moved besides this year's."""

    pupil_nos: Sequence[int]
    last_year_too: bool


async def evaluate(connection: Connection, school_id: int, position: Position, today: date) -> None:
    """Look at the alerts of every pupil whom something since the last look may concern, and keep what changes.

    The caller holds the school's checkpoint. `today` is London's date: alerts open and close on it.
    """
    facts = await school.load(connection, school_id)
    concerned = await _concerned(connection, school_id, position, facts, today)
    last_change = position.last_change
    if concerned.pupil_nos:
        holding, watched = await _holding(connection, school_id, facts, concerned, today)
        last_change = await _keep(connection, school_id, position, concerned, holding, today)
        let_go = [no for no in concerned.pupil_nos if no not in watched]
        await _sql.unwatch(connection, school_id=school_id, pupil_nos=let_go)
        await _sql.watch(connection, school_id=school_id, pupil_nos=sorted(watched))
    await _sql.looked(
        connection, school_id=school_id, alerts_seq=position.seq, alerts_on=today, last_change=last_change
    )


def _years(today: date) -> tuple[str, str]:
    """Give the academic year before, and this one."""
    this = academic_year(today)
    return academic_year(academic_year_bounds(this)[0] - _DAY), this


async def _concerned(
    connection: Connection, school_id: int, position: Position, facts: School, today: date
) -> Concerned:
    """Give the pupils for whom an alert may have opened, changed or closed since the last look.

    An absence may open one and an amendment may do anything. A first entry that is no absence only adds to the possible
    sessions: it can do nothing but lower a rate that already counts, or complete the sessions that a level waits for;
    those pupils are watched. (This year's are: an entry of an earlier year is rare, and always looked at.) A change of
    roll concerns its pupil; one of calendar, policy or a closure concerns all.
    """
    span = {"school_id": school_id, "after": position.alerts_seq, "up_to": position.seq}
    changes = [(row["kind"], row["subject"]) async for row in _sql.changes(connection, **span)]
    about = {int(found[1]) for _, subject in changes if (found := re.fullmatch(r"pupil:(\d+)", subject))}
    wide = [kind for kind, subject in changes if kind not in _ABOUT_NO_FIGURE and not subject.startswith("pupil:")]
    before = position.alerts_on
    new_year = before is None or _years(before) != _years(today)
    new_policy = before is not None and any(before < effective_from <= today for effective_from, _ in facts.policies)
    if wide or new_year or new_policy:
        return Concerned([row["pupil_no"] async for row in _sql.everyone(connection, school_id=school_id)], True)
    last_year_too = bool(about)
    if position.alerts_seq < position.seq:
        this_year = academic_year_bounds(academic_year(today))[0]
        async for row in _sql.touched(connection, absences=list(ABSENCES), this_year=this_year, **span):
            about.add(row["pupil_no"])
            last_year_too = last_year_too or row["earlier"]
    if before != today:
        about |= {row["pupil_no"] async for row in _sql.with_standing_n(connection, school_id=school_id)}
    return Concerned(sorted(about), last_year_too)


async def _holding(
    connection: Connection,
    school_id: int,
    facts: School,
    concerned: Concerned,
    today: date,
) -> tuple[dict[Key, dict[str, Any]], set[int]]:
    """Give what holds of these pupils with its evidence, and the pupils to be watched: any rate at a level's line."""
    holding: dict[Key, dict[str, Any]] = {}
    watched: set[int] = set()
    enrolled = await roll.enrolled(connection, school_id, concerned.pupil_nos)
    last_year, this_year = _years(today)
    for year in (last_year, this_year) if concerned.last_year_too else (this_year,):
        first, last = academic_year_bounds(year)
        least = facts.policy(min(today, last)).levels_from_sessions
        tallies = await counting.of_pupils(connection, school_id, facts.open_days(first, last), enrolled)
        for pupil_no, counted in tallies.items():
            if year == this_year and levels(counted, 1):
                watched.add(pupil_no)
            for level in levels(counted, least):
                evidence = {"academic_year": year, **level.evidence(), "codes": dict(counted.codes)}
                holding[pupil_no, level.kind, year] = evidence
    holding |= await _of_sessions(connection, school_id, facts, enrolled, academic_year_bounds(last_year)[0], today)
    return holding, watched


async def _of_sessions(
    connection: Connection, school_id: int, facts: School, enrolled: Mapping[int, Enrolled], since: date, today: date
) -> dict[Key, dict[str, Any]]:
    """Give the alerts that rest on single sessions: the penalty threshold since a date, and N past its day."""
    standing: defaultdict[int, list[Standing]] = defaultdict(list)
    days, is_open = facts.all_school_days(), frozenset(facts.all_open_days())
    async for row in _sql.unauthorised(connection, school_id=school_id, pupil_nos=list(enrolled)):
        pupil_no, on = row["pupil_no"], row["session_date"]
        if on in is_open and enrolled[pupil_no].on_roll(on):
            standing[pupil_no].append((on, Session(row["session"]), row["code"]))
    weeks = school_weeks(days)
    holding: dict[Key, dict[str, Any]] = {}
    for pupil_no, entries in standing.items():
        recent = [entry for entry in entries if entry[0] >= since]
        if (met := penalty_threshold(recent, weeks, enrolled[pupil_no].date_of_birth)) is not None:
            holding[pupil_no, met.kind, None] = met.evidence()
        if (late := n_overdue(entries, days, today)) is not None:
            holding[pupil_no, late.kind, None] = late.evidence()
    return holding


async def _keep(
    connection: Connection,
    school_id: int,
    position: Position,
    concerned: Concerned,
    holding: dict[Key, dict[str, Any]],
    today: date,
) -> int:
    """Close what no longer holds, renew evidence that is another, open what is new; give the last change's number."""
    but = None if concerned.last_year_too else _years(today)[0]
    found = _sql.open_alerts(connection, school_id=school_id, pupil_nos=list(concerned.pupil_nos), but=but)
    open_: dict[Key, tuple[Any, dict[str, Any]]] = {
        (row["pupil_no"], row["kind"], row["academic_year"]): (row["id"], json.loads(row["evidence"]))
        async for row in found
    }
    closed = [id_ for key, (id_, _) in open_.items() if key not in holding]
    renewed = [(id_, holding[key]) for key, (id_, was) in open_.items() if key in holding and holding[key] != was]
    opened = [(key, evidence) for key, evidence in holding.items() if key not in open_]
    numbers = iter(range(position.last_change + 1, position.last_change + 1 + len(closed) + len(renewed) + len(opened)))
    stated = {"school_id": school_id, "seq": position.seq}
    if closed:
        changed = [next(numbers) for _ in closed]
        await _sql.close(connection, ids=closed, changed=changed, today=today, **stated)
    if renewed:
        await _sql.renew(
            connection,
            ids=[id_ for id_, _ in renewed],
            changed=[next(numbers) for _ in renewed],
            evidence=[json.dumps(evidence) for _, evidence in renewed],
            **stated,
        )
    if opened:
        await _sql.open_new(
            connection,
            changed=[next(numbers) for _ in opened],
            pupil_nos=[pupil_no for (pupil_no, _, _), _ in opened],
            kinds=[str(kind) for (_, kind, _), _ in opened],
            years=[year for (_, _, year), _ in opened],
            evidence=[json.dumps(evidence) for _, evidence in opened],
            today=today,
            **stated,
        )
    return position.last_change + len(closed) + len(renewed) + len(opened)
