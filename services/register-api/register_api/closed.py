"""Read what was closed beside the calendar: by whom and why, reversals, and what has become of each session."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from codes.book import Session
from codes.closures import Closure, Moment
from codes.school import School
from kit import database, lists
from kit.contract import refuses, tells
from kit.database import Connection
from kit.fields import Day, written
from kit.problems import Fault, Problem
from kit.schools import Caller
from ledger.as_at import AsAt, resolve
from register_api import facts
from register_api.answers.closures import ClosureRead, Closures
from register_api.bodies import AsAtRead
from register_api.caller import AsAtText, RegisterReader
from register_api.closer import opens_at
from register_api.closing import by_system

router = APIRouter(tags=["closures"])
_sql = database.statements(__file__)

ClosureId = Annotated[str, Path(alias="closure", description="The id that the closure was given.", examples=["c-412"])]
_NONE: Mapping[str, int] = {"entered": 0, "amended": 0, "stood": 0, "entered_ever": 0}


def named(sessions: Iterable[Moment]) -> list[dict[str, str]]:
    """Show some sessions, in order."""
    return [{"date": day.isoformat(), "session": session.value} for day, session in sorted(sessions)]


def unknown(id_: str) -> Problem:
    """Give the refusal of an id that no closure has."""
    return Problem("unknown-closure", f"There is no closure {id_!r}.", (Fault("Unknown.", parameter="closure"),))


def _said(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "seq": row["seq"],
        "reason": row["reason"],
        "made_by": {"name": row["name"], "position": row["position"]},
        "made_at": written(row["made_at"]),
        "recorded_at": written(row["recorded_at"]),
        "client": row["client_id"],
    }


def _state(
    school: School, closure: Closure, at: Moment, counted: Mapping[str, int], due: frozenset[Moment], now: AsAt
) -> str:
    """Say what has become of a session: `held` took place for those who had an entry, `due` is still to be entered."""
    if at in closure.already:
        return "closed-already"
    if not closure.stands(at):
        return "reversed"
    if closure.code == "#":
        return "closed"
    if at in closure.held:
        return "held"
    if counted["entered"]:
        return "entered"
    waits = counted["entered_ever"] or at in due or opens_at(school, at) > now.instant
    return "due" if waits else "entered"


async def _shown(
    connection: Connection, school_id: int, school: School, rows: Sequence[Mapping[str, Any]], at: AsAt
) -> dict[str, Any]:
    """Show a closure: `rows` are what was said of it up to a position, the closure first, `school` as it was then."""
    made = rows[0]
    closure = next(each for each in school.closures if each.id == made["id"])
    counted = {
        (row["session_date"], Session(row["session"])): row
        async for row in _sql.entries(
            connection,
            school_id=school_id,
            since=made["seq"],
            seq=at.seq,
            first_date=closure.first[0],
            last_date=closure.last[0],
            by_system=by_system("closure", closure.id),
        )
    }
    waiting = _sql.due(connection, school_id=school_id, seq=made["seq"])
    due = frozenset([(row["session_date"], Session(row["session"])) async for row in waiting])
    [first], [last] = named([closure.first]), named([closure.last])
    begins = closure.reversed_from
    sessions = [
        {
            **each,
            "state": _state(school, closure, moment, counted.get(moment, _NONE), due, at),
            **{name: counted.get(moment, _NONE)[name] for name in ("entered", "amended", "stood")},
        }
        for moment in school.open_sessions(closure.first, closure.last)
        for each in named([moment])
    ]
    return {
        "id": closure.id,
        "code": closure.code,
        "from": first,
        "to": last,
        **{name: list(getattr(closure, name)) for name in ("pupils", "classes", "year_groups")},
        **_said(made),
        "reversed_from": None if begins is None else named([begins])[0],
        "reversals": [_said(row) for row in rows[1:]],
        "sessions": sessions,
    }


async def one(connection: Connection, caller: Caller, id_: str, as_at: str | None) -> dict[str, Any]:
    """Show one closure as it stands, or stood; raise `unknown-closure`."""
    at = await resolve(connection, caller.school_id, as_at, caller.now())
    rows = [row async for row in _sql.said(connection, school_id=caller.school_id, seq=at.seq, id=id_)]
    if not rows:
        raise unknown(id_)
    school = await facts.school(connection, caller.school_id, at.seq)
    return {**await _shown(connection, caller.school_id, school, rows, at), "as_at": AsAtRead.of(at).model_dump()}


@router.get(
    "/v1/schools/{urn}/closures/{closure}",
    summary="Read a closure",
    openapi_extra=refuses("unknown-closure"),
    responses=tells(ClosureRead),
)
async def get_closure(caller: RegisterReader, id_: ClosureId, as_at: AsAtText = None) -> dict[str, Any]:
    """Give one closure with its reversals, and what has become of each of its sessions."""
    async with database.reading(caller.engine, caller.school_id) as connection:
        return await one(connection, caller, id_, as_at)


@router.get("/v1/schools/{urn}/closures", summary="List the closures", responses=tells(Closures))
async def get_closures(
    caller: RegisterReader,
    request: Request,
    response: Response,
    first: Annotated[Day | None, Query(alias="from", description="Closures that end on this date or later.")] = None,
    last: Annotated[Day | None, Query(alias="to", description="Closures that begin on this date or earlier.")] = None,
    as_at: AsAtText = None,
    limit: lists.Limit = lists.DEFAULT_LIMIT,
    cursor: lists.CursorText = None,
) -> dict[str, Any]:
    """Give the closures in the order in which they were recorded, each with its reversals and its sessions."""
    place = lists.numbers(cursor, frozenset({"seq", "after"}))
    asked, after = (as_at, 0) if place is None else (f"seq:{place['seq']}", place["after"])
    async with database.reading(caller.engine, caller.school_id) as connection:
        at = await resolve(connection, caller.school_id, asked, caller.now())
        school = await facts.school(connection, caller.school_id, at.seq)
        by_id: dict[str, list[Mapping[str, Any]]] = {}
        async for row in _sql.said(connection, school_id=caller.school_id, seq=at.seq, id=None):
            by_id.setdefault(row["id"], []).append(row)
        within = [each for each in school.closures if _overlaps(each, first, last) and by_id[each.id][0]["seq"] > after]
        told = [by_id[each.id] for each in within[:limit]]
        items = [await _shown(connection, caller.school_id, school, rows, at) for rows in told]
    following = {"seq": at.seq, "after": items[-1]["seq"]} if len(within) > limit else None
    return {"as_at": AsAtRead.of(at).model_dump(), **lists.page(request, response, items, following)}


def _overlaps(closure: Closure, first: date | None, last: date | None) -> bool:
    return (first is None or closure.last[0] >= first) and (last is None or closure.first[0] <= last)
