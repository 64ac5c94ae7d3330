"""Alerts: which pupils must be looked at after what was folded, what the law says of them, and what changes by it.

The position looked at is kept apart from the position folded, so that nothing is lost between the two. Level alerts are
of the present academic year and the one before it: a school begins its autumn with last year's figures. What is older
is closed when the year moves on, and history that is entered late opens nothing.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from analytics_worker import counting, school
from analytics_worker.readings import ABSENCES
from analytics_worker.school import School
from codes.alerts import Standing, levels, n_overdue, penalty_threshold
from codes.book import Session
from codes.calendar import academic_year, academic_year_bounds, school_weeks
from kit import database
from kit.database import Connection

_sql = database.statements(__file__)
_DAY = timedelta(days=1)
_ABOUT_NO_FIGURE = frozenset({"school-changed", "text-redacted"})

Key = tuple[int, str, str | None]
"""Pupil number, kind of alert, and the academic year where the kind belongs to one."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a school is folded, how far and on which London date its alerts were looked at, and their last change."""

    seq: int
    alerts_seq: int
    alerts_on: date | None
    last_change: int


async def evaluate(connection: Connection, school_id: int, position: Position, today: date) -> None:
    """Look at the alerts of every pupil whom something since the last look may concern, and keep what changes.

    The caller holds the school's checkpoint. `today` is London's date: alerts open and close on it.
    """
    facts = await school.load(connection, school_id)
    years = _years(today)
    pupil_nos = await _concerned(connection, school_id, position, facts, today)
    last_change = position.last_change
    if pupil_nos:
        holding, watched = await _holding(connection, school_id, facts, pupil_nos, years, today)
        last_change = await _keep(connection, school_id, position, pupil_nos, holding, today)
        await _sql.unwatch(connection, school_id=school_id, pupil_nos=[no for no in pupil_nos if no not in watched])
        await _sql.watch(connection, school_id=school_id, pupil_nos=sorted(watched))
    await _sql.looked(
        connection, school_id=school_id, alerts_seq=position.seq, alerts_on=today, last_change=last_change
    )


def _years(today: date) -> tuple[str, str]:
    this = academic_year(today)
    return academic_year(academic_year_bounds(this)[0] - _DAY), this


async def _concerned(
    connection: Connection, school_id: int, position: Position, facts: School, today: date
) -> list[int]:
    """Give the pupils for whom an alert may have opened, changed or closed since the last look.

    An absence may open one and an amendment may do anything. A first entry that is no absence only adds to the possible
    sessions: it can do nothing but lower a rate that already counts, or complete the sessions that a level waits for;
    those pupils are watched. A change of roll concerns its pupil; one of calendar, policy or a closure concerns all.
    """
    span = {"school_id": school_id, "after": position.alerts_seq, "up_to": position.seq}
    changes = [(row["kind"], row["subject"]) async for row in _sql.changes(connection, **span)]
    about = {int(found[1]) for _, subject in changes if (found := re.fullmatch(r"pupil:(\d+)", subject))}
    wide = [kind for kind, subject in changes if kind not in _ABOUT_NO_FIGURE and not subject.startswith("pupil:")]
    before = position.alerts_on
    new_year = before is None or _years(before) != _years(today)
    new_policy = before is not None and any(before < effective_from <= today for effective_from, _ in facts.policies)
    if wide or new_year or new_policy:
        return [row["pupil_no"] async for row in _sql.everyone(connection, school_id=school_id)]
    if position.alerts_seq < position.seq:
        about |= {row["pupil_no"] async for row in _sql.touched(connection, absences=list(ABSENCES), **span)}
    if before != today:
        about |= {row["pupil_no"] async for row in _sql.with_standing_n(connection, school_id=school_id)}
    return sorted(about)


async def _holding(
    connection: Connection,
    school_id: int,
    facts: School,
    pupil_nos: Sequence[int],
    years: Iterable[str],
    today: date,
) -> tuple[dict[Key, dict[str, Any]], set[int]]:
    """Give what holds of these pupils with its evidence, and the pupils to be watched: any rate at a level's line."""
    holding: dict[Key, dict[str, Any]] = {}
    watched: set[int] = set()
    for year in years:
        first, last = academic_year_bounds(year)
        least = facts.policy(min(today, last)).levels_from_sessions
        tallies = await counting.of_pupils(connection, school_id, facts.open_days(first, last), pupil_nos)
        for pupil_no, counted in tallies.items():
            if levels(counted, 1):
                watched.add(pupil_no)
            for level in levels(counted, least):
                evidence = {"academic_year": year, **level.evidence(), "codes": dict(counted.codes)}
                holding[pupil_no, level.kind, year] = evidence
    holding |= await _of_sessions(connection, school_id, facts, pupil_nos, academic_year_bounds(min(years))[0], today)
    return holding, watched


async def _of_sessions(
    connection: Connection, school_id: int, facts: School, pupil_nos: Sequence[int], since: date, today: date
) -> dict[Key, dict[str, Any]]:
    """Give the alerts that rest on single sessions: the penalty threshold since a date, and N past its day."""
    standing: defaultdict[int, list[Standing]] = defaultdict(list)
    dates_of_birth: dict[int, date] = {}
    days = facts.all_open_days()
    is_open = frozenset(days)
    async for row in _sql.unauthorised(connection, school_id=school_id, pupil_nos=list(pupil_nos)):
        if row["session_date"] in is_open:
            standing[row["pupil_no"]].append((row["session_date"], Session(row["session"]), row["code"]))
            dates_of_birth[row["pupil_no"]] = row["date_of_birth"]
    weeks = school_weeks(days)
    holding: dict[Key, dict[str, Any]] = {}
    for pupil_no, entries in standing.items():
        recent = [entry for entry in entries if entry[0] >= since]
        if (met := penalty_threshold(recent, weeks, dates_of_birth[pupil_no])) is not None:
            holding[pupil_no, met.kind, None] = met.evidence()
        if (late := n_overdue(entries, days, today)) is not None:
            holding[pupil_no, late.kind, None] = late.evidence()
    return holding


async def _keep(
    connection: Connection,
    school_id: int,
    position: Position,
    pupil_nos: Sequence[int],
    holding: dict[Key, dict[str, Any]],
    today: date,
) -> int:
    """Close what no longer holds, renew evidence that is another, open what is new; give the last change's number."""
    open_: dict[Key, tuple[Any, dict[str, Any]]] = {
        (row["pupil_no"], row["kind"], row["academic_year"]): (row["id"], json.loads(row["evidence"]))
        async for row in _sql.open_alerts(connection, school_id=school_id, pupil_nos=list(pupil_nos))
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
