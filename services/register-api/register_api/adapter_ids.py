"""What a supplier that sends its own body calls the pupils, codes and staff of a school."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from codes import book
from codes.identifiers import shaped_like_upn, upn_normalised
from kit import database, lists, pupil_ids
from kit.contract import refuses, tells
from kit.database import Connection
from kit.fields import Body, Words
from kit.problems import Fault, Problem, pointer
from kit.schools import Caller
from ledger import append
from ledger.leaf import canonical
from register_api.answers.audit import MappedIds
from register_api.bodies import MadeBy, PupilId
from register_api.caller import DryRun, MarksWriter, RegisterReader

router = APIRouter(tags=["adapters"])
_sql = database.statements(__file__)

What = Literal["pupil", "code", "staff"]
MOST = 2_000
_TICK = timedelta(microseconds=1)
PATH = "/v1/schools/{urn}/adapters/session-attendance"

EXAMPLE = {
    "pupils": {"A1039521834": "p-003"},
    "codes": {"A2044": "/"},
    "staff": {"A77": {"name": "A. Teacher", "position": "Class teacher"}},
}


class PutIds(Body, json_schema_extra={"examples": [EXAMPLE]}):
    """The supplier's ids, each with what it means: a pupil's id here, a code of the register, a person."""

    pupils: dict[Words, Annotated[str, PupilId]] = Field({})
    codes: dict[Words, Annotated[str, Field(strict=True, max_length=4)]] = Field({})
    staff: dict[Words, MadeBy] = Field({})


class SetIds(Body):
    """How many of the ids mean something from now on that they did not mean before, and how many meant it already."""

    set: int
    unchanged: int


async def meanings(connection: Connection, school_id: int, what: What, ids: Iterable[str]) -> dict[str, Any]:
    """Give what each id means, as it was kept; one that means nothing is left out."""
    rows = _sql.means(connection, school_id=school_id, what=what, ids=list(ids))
    return {row["id"]: json.loads(row["means"]) async for row in rows}


async def pupils(connection: Connection, school_id: int, ids: Iterable[str]) -> Mapping[str, str]:
    """Give our id of the pupil behind each id of a supplier: a mapped one, one of ours, or a UPN, in this order."""
    asked = list(dict.fromkeys(ids))
    mapped = {id_: each["pupil_no"] for id_, each in (await meanings(connection, school_id, "pupil", asked)).items()}
    ours = await pupil_ids.numbers(connection, school_id, asked)
    upns = [upn_normalised(id_) for id_ in asked if shaped_like_upn(id_)]
    by_upn = {row["upn"]: row["pupil_no"] async for row in _sql.by_upn(connection, school_id=school_id, upns=upns)}
    by_upn = {id_: by_upn[upn_normalised(id_)] for id_ in asked if upn_normalised(id_) in by_upn}
    numbers: dict[str, int] = {**by_upn, **ours, **mapped}
    newest = await pupil_ids.ids(connection, school_id, numbers.values())
    return {id_: newest[no] for id_, no in numbers.items() if no in newest}


async def _told(connection: Connection, school_id: int, body: PutIds) -> dict[tuple[What, str], Any]:
    """Give what is to be kept, by kind and id; raise for pupils and codes that there are not, and for UPNs as ids."""
    if upns := [id_ for id_ in body.pupils if shaped_like_upn(id_)]:
        detail = "A UPN needs no mapping, and must not stand in the addresses of pages."
        faults = tuple(Fault(detail, pointer=pointer(("pupils", id_))) for id_ in upns)
        raise Problem("invalid-pupil-id", detail, faults)
    known = await pupil_ids.numbers(connection, school_id, body.pupils.values())
    unknown = [
        Fault(f"There is no pupil {ours!r}.", pointer=pointer(("pupils", id_)))
        for id_, ours in body.pupils.items()
        if ours not in known
    ]
    if unknown:
        raise Problem("unknown-pupil", f"{len(unknown)} ids stand for pupils whom the school has not.", tuple(unknown))
    never = [
        Fault(f"{code!r} was never a code.", pointer=pointer(("codes", id_)))
        for id_, code in body.codes.items()
        if not book.known(code)
    ]
    if never:
        raise Problem("unknown-code", f"{len(never)} ids stand for what was never a code.", tuple(never))
    told: dict[tuple[What, str], Any] = {("pupil", id_): {"pupil_no": known[ours]} for id_, ours in body.pupils.items()}
    told |= {("code", id_): {"code": code} for id_, code in body.codes.items()}
    return told | {("staff", id_): person.model_dump() for id_, person in body.staff.items()}


async def _keep(connection: Connection, school_id: int, told: Mapping[tuple[What, str], Any], now: datetime) -> int:
    """Keep what differs from what stands, and give how much that was."""
    standing: dict[tuple[What, str], tuple[Any, datetime]] = {}
    kinds: tuple[What, ...] = ("pupil", "code", "staff")
    for what in kinds:
        ids = [id_ for kind, id_ in told if kind == what]
        async for row in _sql.means(connection, school_id=school_id, what=what, ids=ids):
            standing[what, row["id"]] = (json.loads(row["means"]), row["set_at"])
    new = [key for key, means in told.items() if key not in standing or standing[key][0] != means]
    # Of two rows of one id the later one holds, so no two are of one instant.
    set_ats = [max(now, standing[key][1] + _TICK) if key in standing else now for key in new]
    await _sql.set_means(
        connection,
        school_id=school_id,
        whats=[what for what, _ in new],
        ids=[id_ for _, id_ in new],
        set_ats=set_ats,
        means=[canonical(told[key]) for key in new],
    )
    return len(new)


@router.put(
    f"{PATH}/ids",
    summary="Say what a supplier's ids mean",
    openapi_extra=refuses("invalid-pupil-id", "too-many-items", "unknown-code", "unknown-pupil"),
)
async def put_ids(caller: MarksWriter, body: PutIds, dry_run: DryRun = False) -> SetIds:
    """Keep what ids of pupils, codes and staff mean from now on; those that are left out mean what they meant.

    A pupil is meant for ever, whatever id the MIS gives later. A pupil or code that there is not refuses the whole.
    """
    count = len(body.pupils) + len(body.codes) + len(body.staff)
    if count > MOST:
        raise Problem("too-many-items", f"{count} ids; {MOST} at most.", (Fault("Too many.", pointer="#/pupils"),))
    async with database.writing(caller.engine, caller.school_id, dry_run=dry_run) as connection:
        # Nothing of the stream: its lock only puts two writers of one id one after the other.
        await append.lock(connection, caller.school_id)
        told = await _told(connection, caller.school_id, body)
        changed = await _keep(connection, caller.school_id, told, caller.now())
    return SetIds(set=changed, unchanged=count - changed)


def _place(cursor: str | None) -> tuple[str | None, str | None]:
    position = lists.position(cursor, frozenset({"what", "id"}))
    if position is None:
        return None, None
    if not all(isinstance(value, str) and "\0" not in value for value in position.values()):
        raise lists.not_ours()
    return position["what"], position["id"]


@router.get(f"{PATH}/ids", summary="List what a supplier's ids mean", responses=tells(MappedIds))
async def get_ids(
    caller: RegisterReader,
    request: Request,
    response: Response,
    limit: lists.Limit = lists.DEFAULT_LIMIT,
    cursor: lists.CursorText = None,
) -> dict[str, Any]:
    """Give every id of the supplier with what it means: `pupil`, `code`, or `name` and `position`."""
    after = _place(cursor)
    async with database.reading(caller.engine, caller.school_id) as connection:
        rows = [row async for row in _listed(connection, caller, after, limit + 1)]
        numbers = [row[2]["pupil_no"] for row in rows if row[0] == "pupil"]
        newest = await pupil_ids.ids(connection, caller.school_id, numbers)
    items = [
        {"what": what, "id": id_, **({"pupil": newest.get(means["pupil_no"])} if what == "pupil" else means)}
        for what, id_, means in rows[:limit]
    ]
    following = {"what": items[-1]["what"], "id": items[-1]["id"]} if len(rows) > limit else None
    return lists.page(request, response, items, following)


async def _listed(connection: Connection, caller: Caller, after: tuple[str | None, str | None], limit: int) -> Any:
    rows = _sql.listed(connection, school_id=caller.school_id, after_what=after[0], after_id=after[1], limit=limit)
    async for row in rows:
        yield row["what"], row["id"], json.loads(row["means"])
