"""Alerts: which pupils must be looked at after what was folded, what holds of them day by day, and what changes by it.

The position looked at is kept apart from the position folded, so that nothing is lost between the two. A worker that
was away for days judges each of them, in order, as it stood when it was over; what fell due meanwhile is dated by its
day.
"""

import asyncio
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid5

from analytics_worker import casework, histories, school, whole_school
from analytics_worker.histories import Recorded, Settings, Written
from analytics_worker.judging import Awaited, Span, brought_up
from analytics_worker.whole_school import Since
from codes.alerts import Alert
from codes.known import Setting
from codes.life import Key, Life
from kit import database
from kit.database import Connection
from kit.schools import midnight

_sql = database.statements(__file__)
_DAY = timedelta(days=1)
_OF_A_PUPIL = re.compile(r"(?:pupil|absence):(\d+)")
MOST_DAYS = 10
"""Days that were recorded and are judged in one transaction of a worker's, so that none is long."""
EVERY_DAY = sys.maxsize
_AT_ONCE, _AT_ONCE_DAY_BY_DAY = 400, 50
"""Pupils whose histories are read at once, of a day or of many: while they are judged the database is asked nothing."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a school is folded; how far, on which London date, and after how many acts its alerts were looked at, the
    number of their last change, and how far its weeks are laid together.
    """

    seq: int
    alerts_seq: int
    alerts_on: date | None
    acts_no: int
    last_change: int
    weeks_seq: int


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look is about: the span, what was recorded from its first day on, the days on which something about all
    was recorded, each with its last position, the pupils concerned, what was written of every pupil, from which day on
    entries are wanted, the last act, the days on which anything was recorded since the last look, each with its last
    position, and that of the last.
    """

    span: Span
    recorded: Recorded
    turned: Sequence[tuple[date, int]]
    pupil_nos: Sequence[int]
    written: Mapping[int, dict[date, Written]]
    since: date
    acts_no: int
    recorded_on: Sequence[tuple[date, int]]
    seq: int


async def evaluate(
    connection: Connection, school_id: int, position: Position, now: datetime, most_days: int = MOST_DAYS
) -> Position:
    """Look at the alerts of every pupil whom something since the last look may concern, and keep what changes.

    Then at those of the school as a whole. The caller holds the school's checkpoint. `now` is local: what falls due by
    then is judged. Of the days on which anything was recorded since, the first `most_days` are. Gives how far it got.
    """
    looked = await _looked(connection, school_id, position, now, most_days)
    now = looked.span.now
    settings = await histories.settings(connection, school_id, looked.recorded.base, looked.turned)
    is_one_day = looked.recorded.on_one_day(looked.span.first)
    at_once = _AT_ONCE if is_one_day else _AT_ONCE_DAY_BY_DAY
    register: UUID = await _sql.register(connection, school_id=school_id)
    last_change = position.last_change
    for place in range(0, len(looked.pupil_nos), at_once):
        some = looked.pupil_nos[place : place + at_once]
        told = await histories.load(connection, school_id, some, looked.recorded, looked.since, is_one_day=is_one_day)
        lives = await _lives(connection, school_id, some)
        rows = _sql.awaits(connection, school_id=school_id, pupil_nos=some)
        awaits = {row["pupil_no"]: Awaited(row["on_date"], row["watched"]) async for row in rows}
        changed: list[tuple[int | None, Life]] = []
        awaited: dict[int, Awaited] = {}
        for no in some:
            # Others, who ask over HTTP, have their turn.
            await asyncio.sleep(0)
            told[no].written = looked.written.get(no, {})
            after, awaited[no] = brought_up(told[no], settings, lives[no], awaits.get(no, Awaited()), looked.span)
            changed += _changes(no, lives[no], after)
        last_change = await keep(connection, school_id, register, changed, last_change)
        await _await(connection, school_id, awaited)
    changed = await _whole_school(connection, school_id, position, looked, settings)
    last_change = await keep(connection, school_id, register, changed, last_change)
    if looked.acts_no > position.acts_no:
        # An act alone changes nothing of an alert, and whoever follows the changes must hear of it all the same.
        between = {"after": position.acts_no, "up_to": looked.acts_no}
        last_change = await _sql.acted_on(connection, school_id=school_id, last_change=last_change, **between)
    await _sql.looked(
        connection,
        school_id=school_id,
        alerts_seq=looked.seq,
        alerts_on=now.date(),
        acts_no=looked.acts_no,
        last_change=last_change,
        closes_at=_next_close(settings.at(now.date()), now),
        missing_at=_next_missing(settings.at(now.date()), now),
    )
    return replace(
        position, alerts_seq=looked.seq, alerts_on=now.date(), acts_no=looked.acts_no, last_change=last_change
    )


async def anew(connection: Connection, school_id: int, at: Position, now: datetime) -> tuple[int, int]:
    """Raise the alerts of a school anew, from its first event, and keep them in place of those that stood, if others.

    Gives how many stood and should not have, and how many should have and did not; one that is another is both. An
    alert that was opened and closed within one day, and so never was, is not compared. The caller holds the school's
    checkpoint, and has folded and looked at it up to position `seq` and instant `now`.
    """
    stood = await _compared(connection, school_id)
    last_change: int = await _sql.last_change(connection, school_id=school_id)
    beside = connection.transaction()
    await beside.start()
    await _sql.forget_all(connection, school_id=school_id)
    from_nothing = replace(at, alerts_seq=0, alerts_on=None, acts_no=0, last_change=last_change)
    await evaluate(connection, school_id, from_nothing, now, EVERY_DAY)
    stands = await _compared(connection, school_id)
    if stood == stands:
        await beside.rollback()
    else:
        await beside.commit()
    return len(stood - stands), len(stands - stood)


async def _compared(connection: Connection, school_id: int) -> set[tuple[Any, ...]]:
    return {tuple(row) async for row in _sql.compared(connection, school_id=school_id)}


async def _whole_school(
    connection: Connection, school_id: int, position: Position, looked: Looked, settings: Settings
) -> list[tuple[int | None, Life]]:
    """What has changed of the alerts about the school as a whole, and of its pupils' patterns."""
    first = position.alerts_on or looked.span.first
    since = Since(school_id, first, position.alerts_seq, looked.seq, position.seq, position.weeks_seq, looked.span.now)
    before: dict[int | None, dict[Key, Life]] = {None: {}}
    async for row in _sql.lives_of_school(connection, school_id=school_id, kind=str(Alert.PATTERN)):
        life = life_of(row)
        before.setdefault(row["pupil_no"], {})[life.kind, life.period] = life
    missing = {key: life for key, life in before[None].items() if life.kind is Alert.REGISTER_NOT_TAKEN}
    after = await whole_school.registers_not_taken(connection, settings, missing, since, looked.recorded_on)
    by_week = await whole_school.weeks(connection, settings, before, since)
    changed = _changes(None, missing, after)
    for no, lives in by_week.items():
        changed += _changes(no, before.get(no, {}), lives)
    return changed


def _changes(no: int | None, before: Mapping[Key, Life], after: Mapping[Key, Life]) -> list[tuple[int | None, Life]]:
    """Those alerts that are others than they were."""
    return [(no, life) for key, life in after.items() if before.get(key) is not life]


def _next_missing(setting: Setting, now: datetime) -> datetime | None:
    """The next instant of today from which a register that closed may be said to be missing."""
    if now.date() not in setting.open_days:
        return None
    policy = setting.school.policy(now.date())
    grace = timedelta(minutes=policy.register_grace_minutes)
    due = (datetime.combine(now.date(), register.closes, now.tzinfo) + grace for register in policy.registers)
    return min((at for at in due if at > now), default=None)


def _next_close(setting: Setting, now: datetime) -> datetime | None:
    """The next instant of today at which a register closes."""
    closes = {register.closes for register in setting.school.policy(now.date()).registers}
    return min((at for each in closes if (at := datetime.combine(now.date(), each, now.tzinfo)) > now), default=None)


async def _looked(connection: Connection, school_id: int, position: Position, now: datetime, most_days: int) -> Looked:
    """Find out what to look at.

    An absence may open an alert, and an amendment do anything. A first entry of a pupil who was there only adds to the
    possible sessions: it concerns those who are watched. A change of roll or plan concerns its pupil; one of calendar,
    policy or a closure concerns all; so does the day from which a policy holds.
    """
    after, up_to = position.alerts_seq, position.seq
    ends = await histories.recorded(connection, school_id, after, up_to, most_days)
    acted = [row async for row in casework.since(connection, school_id, position.acts_no)]
    if ends and ends[-1][1] < up_to:
        last, up_to = ends[-1]
        now = datetime.combine(last, time.max, now.tzinfo)
        acted = [row for row in acted if row["recorded_on"] <= last]
    days = [on for on, _ in ends]
    # The clock of who recorded may be a little ahead of ours: what is recorded was recorded by now.
    recorded_on = (*days[-1:], *(row["recorded_on"] for row in acted))
    now = max([now, *(at for on in recorded_on if (at := midnight(on)) is not None)])
    changes = [row async for row in _sql.changes(connection, school_id=school_id, after=after, up_to=up_to)]
    due = [row async for row in _sql.due(connection, school_id=school_id, today=now.date())]
    begun = await _begun(connection, school_id, position.alerts_on, now.date())
    first = min([*days, *(row["recorded_on"] for row in acted), *(row["on_date"] for row in due), *begun, now.date()])
    base = await histories.position_before(connection, school_id, position.seq, midnight(first))
    since_base = await histories.recorded(connection, school_id, base, up_to) if base < after else ends
    recorded = Recorded(base, since_base, position.seq, position.weeks_seq)
    rows = _sql.turned(connection, school_id=school_id, base=base, up_to=up_to)
    turned = [(row["recorded_on"], row["seq"]) async for row in rows]
    written = await histories.written(connection, school_id, recorded, after, first, now.date())
    concerned = {row["pupil_no"] for row in (*due, *acted) if row["pupil_no"] is not None} | written.concerned
    concerned |= {int(found[1]) for row in changes if (found := _OF_A_PUPIL.fullmatch(row["subject"]))}
    if begun or any(row["is_wide"] for row in changes):
        concerned = {row["pupil_no"] async for row in _sql.everyone(connection, school_id=school_id)}
    since = min(histories.begins(histories.begins(first) - _DAY), histories.begins(written.earliest))
    span = Span(first, now, frozenset({*begun, *(day for day, _ in turned)}))
    acts_no = max((row["no"] for row in acted), default=position.acts_no)
    return Looked(span, recorded, turned, sorted(concerned), written.by_pupil, since, acts_no, ends, up_to)


async def _begun(connection: Connection, school_id: int, before: date | None, today: date) -> list[date]:
    """The days since the last look from which another policy holds, and on which an academic year begins."""
    if before is None or before == today:
        return []
    facts = await school.load(connection, school_id)
    begins = [on for on, _ in facts.policies]
    return sorted({on for on in begins if before < on <= today})


async def _lives(connection: Connection, school_id: int, pupil_nos: Sequence[int]) -> Mapping[int, dict[Key, Life]]:
    """The alerts of some pupils as they were left at the last look."""
    lives: dict[int, dict[Key, Life]] = {no: {} for no in pupil_nos}
    async for row in _sql.lives(connection, school_id=school_id, pupil_nos=list(pupil_nos)):
        life = life_of(row)
        lives[row["pupil_no"]][life.kind, life.period] = life
    return lives


def life_of(row: Mapping[str, Any]) -> Life:
    """An alert from its row."""
    held = tuple((date.fromisoformat(since), _date(until)) for since, until in json.loads(row["held"]))
    before = None if row["before"] is None else json.loads(row["before"])
    told = (row["period"], row["academic_year"], held, json.loads(row["evidence"]), row["shown_on"], before)
    return Life(Alert(row["kind"]), *told)


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


async def keep(
    connection: Connection, school_id: int, register: UUID, changed: Iterable[tuple[int | None, Life]], last: int
) -> int:
    """Keep alerts that have changed, of pupils or (None) of the school, after change number `last`; give the last.

    The id of an alert follows from the register, its kind, its pupil and its period.
    """
    rows = [
        (
            uuid5(register, f"{life.kind} {'' if no is None else no} {life.period}"),
            *(no, str(life.kind), life.period, life.academic_year, life.opened_on, life.closed_on),
            json.dumps([[since.isoformat(), until and until.isoformat()] for since, until in life.held]),
            json.dumps(life.evidence),
            life.shown_on,
            None if life.before is None else json.dumps(life.before),
            last + n,
        )
        for n, (no, life) in enumerate(changed, start=1)
    ]
    if rows:
        names = (
            "ids",
            "pupil_nos",
            "kinds",
            "periods",
            "years",
            "opened",
            "closed",
            "held",
            "evidence",
            "shown",
            "before",
        )
        columns = dict(zip((*names, "changed"), map(list, zip(*rows, strict=True)), strict=True))
        await _sql.keep(connection, school_id=school_id, **columns)
    return last + len(rows)


async def _await(connection: Connection, school_id: int, awaited: Mapping[int, Awaited]) -> None:
    """Keep what pupils await."""
    each = [(no, awaits.on, awaits.watched) for no, awaits in awaited.items() if awaits != Awaited()]
    await _sql.forget(connection, school_id=school_id, pupil_nos=list(awaited))
    if each:
        nos, on_dates, watched = map(list, zip(*each, strict=True))
        await _sql.await_(connection, school_id=school_id, pupil_nos=nos, on_dates=on_dates, watched=watched)
