"""Dual registration: the sessions in which the registers of two schools that register a pupil disagree.

The registers are read one after another, each in a transaction of its own that shows no other school's rows. A school
that does not name the first one back for the same UPN is not read at all.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from codes.book import Session
from codes.dual import Conflict, conflict
from codes.school import School
from kit import database, lists, pupil_ids, reads
from kit.contract import tells
from kit.database import Connection
from kit.fields import Day
from kit.problems import Fault, Problem
from kit.schools import LONDON, Caller
from ledger.as_at import resolve
from register_api import facts
from register_api.answers.roll import Conflicts
from register_api.bodies import AsAtRead
from register_api.caller import AsAtText, RegisterReader
from register_api.facts import Span

router = APIRouter(tags=["roll"])
_sql = database.statements(__file__)

MOST_DAYS = 400
_WITHOUT_DATES = timedelta(days=27)
_MEMBERS = frozenset({"seq", "from", "to", "date", "session", "pupil"})
_SESSIONS = list(Session)

Key = tuple[int, date, Session]
"""A pupil's number, a date and a session."""


@dataclass(frozen=True, slots=True)
class _Registered:
    """A pupil of one school, and the other schools that its entry names, each with the days that it names."""

    pupil_no: int
    upn: str | None
    on_roll: Sequence[Span]
    elsewhere: Sequence[tuple[str, Span]]

    def at(self, urns: Sequence[str], on: date) -> str | None:
        """Give the URN, one of these, of a school that the entry names on a day; None off roll here, or there."""
        named = [urn for urn, span in self.elsewhere if urn in urns and _within([span], on)]
        return named[0] if named and _within(self.on_roll, on) else None

    def ever_at(self, urns: Sequence[str]) -> bool:
        """Say whether the entry names a school of these URNs at all."""
        return any(urn in urns for urn, _ in self.elsewhere)


def _within(spans: Sequence[Span], on: date) -> bool:
    return any(first <= on and (last is None or on <= last) for first, last in spans)


@dataclass(frozen=True, slots=True)
class _Side:
    """What one register holds of some pupils at an instant: entries, and what tells when a register has closed."""

    instant: datetime
    school: School
    entries: Mapping[Key, Mapping[str, Any]]
    year_groups: Mapping[int, Sequence[tuple[date, str]]]

    def has_closed(self, key: Key) -> bool:
        """Say whether there was a session, whose register has closed."""
        pupil_no, on, session = key
        holding = [year_group for since, year_group in self.year_groups.get(pupil_no, ()) if since <= on]
        sitting = self.school.sitting(on, session, holding[-1] if holding else None)
        if sitting is None or sitting.closed is not None:
            return False
        return datetime.combine(on, sitting.times.closes, LONDON) <= self.instant


@dataclass(frozen=True, slots=True)
class _Found:
    """One session in which two registers disagree, as the first school is shown it."""

    pupil_no: int
    on: date
    session: Session
    urn: str
    kind: Conflict


async def _registered(
    connection: Connection, school_id: int, seq: int, upns: list[str] | None = None, urns: list[str] | None = None
) -> list[_Registered]:
    rows = _sql.registered_elsewhere(connection, school_id=school_id, seq=seq, upns=upns, urns=urns)
    return [
        _Registered(
            row["pupil_no"],
            row["upn"],
            facts.spans(row["on_roll"]),
            [(each["urn"], _span(each)) for each in json.loads(row["registered_at"])],
        )
        async for row in rows
    ]


def _span(registered: Mapping[str, Any]) -> Span:
    to = registered.get("to")
    return date.fromisoformat(registered["from"]), None if to is None else date.fromisoformat(to)


async def _side(connection: Connection, school_id: int, asked: "_Asked", seq: int, pupil_nos: Sequence[int]) -> _Side:
    which = {"school_id": school_id, "pupil_nos": list(pupil_nos), "seq": seq}
    rows = [row async for row in _sql.entries(connection, first=asked.first, last=asked.last, **which)]
    return _Side(
        asked.instant,
        await facts.school(connection, school_id, seq),
        {(row["pupil_no"], row["session_date"], Session(row["session"])): row for row in rows},
        {row["pupil_no"]: row["year_groups"] async for row in _sql.year_groups(connection, **which)},
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """Between which dates, at which instant, and who looks; `as_at` None for other registers as they stand now."""

    caller: Caller
    first: date
    last: date
    instant: datetime
    as_at: str | None
    read_by: str | None


@dataclass(frozen=True, slots=True)
class _Own:
    """The caller's own register: its URNs, the pupils registered elsewhere too, and what it holds of them."""

    urns: list[str]
    pupils: Sequence[_Registered]
    side: _Side


async def _registers(caller: Caller, pupils: Sequence[_Registered]) -> tuple[list[str], Mapping[int, list[str]]]:
    """Give the caller's own URNs, and those of every other register that some entry names."""
    named = sorted({urn for pupil in pupils for urn, _ in pupil.elsewhere})
    async with database.reading(caller.engine) as connection:
        own = [row["urn"] async for row in _sql.urns(connection, school_id=caller.school_id)]
        rows = [row async for row in _sql.registers(connection, urns=named)]
    return own, {row["school_id"]: row["urns"] for row in rows if row["school_id"] != caller.school_id}


async def _compared(
    asked: _Asked, own: _Own, school_id: int, urns: list[str]
) -> tuple[list[_Found], list[_Registered]]:
    """Give the sessions in which another register disagrees, and whom it names back; recorded there as a read."""
    upns = sorted({pupil.upn for pupil in own.pupils if pupil.upn is not None and pupil.ever_at(urns)})
    async with database.reading(asked.caller.engine, school_id) as connection:
        at = await resolve(connection, school_id, asked.as_at, asked.caller.now())
        back = await _registered(connection, school_id, at.seq, upns, own.urns)
        if not back:
            return [], []
        numbers = [each.pupil_no for each in back]
        there = await _side(connection, school_id, asked, at.seq, numbers)
        ids = await pupil_ids.ids(connection, school_id, numbers, at.seq)
    caller = replace(asked.caller, school_id=school_id, urn=urns[-1])
    dates = (asked.first, asked.last)
    await reads.record(caller, asked.read_by, "dual-registrations", at.seq, pupils=list(ids.values()), dates=dates)
    by_upn = {each.upn: each for each in back}
    pairs = {pupil.pupil_no: (pupil, by_upn[pupil.upn]) for pupil in own.pupils if pupil.upn in by_upn}
    found = []
    for (pupil_no, on, session), entry in own.side.entries.items():
        if pupil_no not in pairs:
            continue
        pupil, theirs = pairs[pupil_no]
        beside = there.entries.get((theirs.pupil_no, on, session))
        kind = None if beside is None else conflict(entry["code"], beside["code"])
        urn = pupil.at(urns, on)
        if kind is None or urn is None or theirs.at(own.urns, on) is None:
            continue
        if own.side.has_closed((pupil_no, on, session)) and there.has_closed((theirs.pupil_no, on, session)):
            found.append(_Found(pupil_no, on, session, urn, kind))
    return found, back


def _not_mutual(
    asked: _Asked, own: _Own, registers: Mapping[int, list[str]], back: Mapping[int, set[str | None]]
) -> list[tuple[int, str]]:
    """Give each pupil and URN that an entry names between the dates, whose register does not name this one back."""
    school_of = {urn: school_id for school_id, urns in registers.items() for urn in urns}
    return sorted(
        {
            (pupil.pupil_no, urn)
            for pupil in own.pupils
            for urn, (first, last) in pupil.elsewhere
            if first <= asked.last and (last is None or last >= asked.first)
            if pupil.upn is None or pupil.upn not in back.get(school_of.get(urn, 0), set())
        }
    )


def _place(found: _Found) -> tuple[int, int, int]:
    return found.on.toordinal(), _SESSIONS.index(found.session), found.pupil_no


def _window(first: date | None, last: date | None, today: date) -> tuple[date, date]:
    until = last or today
    since = first or until - _WITHOUT_DATES
    if not timedelta(0) <= until - since < timedelta(days=MOST_DAYS):
        fault = Fault(f"From and to span 1 to {MOST_DAYS} days.", parameter="from")
        raise Problem("invalid-parameter", "The dates cannot be asked for.", (fault,))
    return since, until


@router.get(
    "/v1/schools/{urn}/dual-registrations/conflicts",
    summary="Where two registers disagree about a pupil",
    responses=tells(Conflicts),
)
async def conflicts(
    caller: RegisterReader,
    request: Request,
    response: Response,
    first: Annotated[Day | None, Query(alias="from", description="Without it, 28 days up to the last.")] = None,
    last: Annotated[Day | None, Query(alias="to", description="Without it, the day of what is answered at.")] = None,
    as_at: AsAtText = None,
    limit: lists.Limit = lists.DEFAULT_LIMIT,
    cursor: lists.CursorText = None,
    read_by: reads.ReadBy = None,
) -> dict[str, Any]:
    """Give the closed sessions in which this school and another that registers a pupil both hold a mark, or neither.

    A mark is an entry other than D or X. Both schools name each other in `registered_at` and have the same UPN: of
    the other nothing is told but its URN and which of the two it is. Who is not named back there is in `not_mutual`.
    """
    position = lists.numbers(cursor, _MEMBERS)
    asked_at = as_at if position is None else f"seq:{position['seq']}"
    async with database.reading(caller.engine, caller.school_id) as connection:
        at = await resolve(connection, caller.school_id, asked_at, caller.now())
        instant = caller.now() if as_at is None else at.instant.astimezone(LONDON)
        if position is not None:
            first, last = lists.day(position["from"]), lists.day(position["to"])
        since, until = _window(first, last, instant.date())
        asked = _Asked(caller, since, until, instant, None if as_at is None else at.instant.isoformat(), read_by)
        pupils = await _registered(connection, caller.school_id, at.seq)
        numbers = [pupil.pupil_no for pupil in pupils]
        side = await _side(connection, caller.school_id, asked, at.seq, numbers)
        ids = await pupil_ids.ids(connection, caller.school_id, numbers, at.seq)
    own_urns, registers = await _registers(caller, pupils)
    own = _Own(own_urns, pupils, side)
    found: list[_Found] = []
    back: dict[int, set[str | None]] = {}
    for school_id, urns in sorted(registers.items()):
        disagreeing, named = await _compared(asked, own, school_id, urns)
        found += disagreeing
        back[school_id] = {each.upn for each in named}
    await reads.record(caller, read_by, "dual-registrations", at.seq, dates=(since, until))
    after = None if position is None else (position["date"], position["session"], position["pupil"])
    rest = sorted((each for each in found if after is None or _place(each) > after), key=_place)
    items = [_shown(each, ids, side) for each in rest[:limit]]
    following = None
    if len(rest) > limit:
        place = dict(zip(("date", "session", "pupil"), _place(rest[limit - 1]), strict=True))
        following = {"seq": at.seq, "from": since.toordinal(), "to": until.toordinal(), **place}
    return {
        "from": since.isoformat(),
        "to": until.isoformat(),
        "not_mutual": [
            {"pupil": ids[pupil_no], "urn": urn} for pupil_no, urn in _not_mutual(asked, own, registers, back)
        ],
        **lists.page(request, response, items, following),
        "as_at": AsAtRead.of(at).model_dump(),
    }


def _shown(found: _Found, ids: Mapping[int, str], side: _Side) -> dict[str, Any]:
    entry = side.entries[found.pupil_no, found.on, found.session]
    return {
        "pupil": ids[found.pupil_no],
        "date": found.on.isoformat(),
        "session": found.session,
        "entry": {name: entry[name] for name in ("code", "version", "seq")},
        "urn": found.urn,
        "conflict": found.kind,
    }
