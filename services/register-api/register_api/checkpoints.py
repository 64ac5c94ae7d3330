"""Checkpoints for everybody, and for a school: how its register stood at one, and the proofs that lead there."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import PlainTextResponse

from kit import database, lists, reads
from kit.contract import refuses, tells
from kit.database import Connection
from kit.fields import written
from kit.problems import Fault, Problem
from kit.schools import Caller
from kit.service import engine_of
from ledger import checkpoints as book
from ledger import proving, read
from ledger.as_at import resolve
from register_api.answers.proof import Checkpoints, Consistency, Continuation, Inclusion, Keys, StandingRead
from register_api.bodies import AsAtRead
from register_api.caller import AuditReader

router = APIRouter(tags=["checkpoints"])
_sql = database.statements(__file__)

Size = Annotated[int | None, Query(ge=1, lt=2**62, description="The number of a checkpoint; without it, the last one.")]
Seq = Annotated[int | None, Query(ge=1, lt=2**62, description="The position of an event.")]
FromSeq = Annotated[int | None, Query(ge=1, lt=2**62, description="A position at which the register was sealed.")]
ToSeq = Annotated[int | None, Query(ge=1, lt=2**62, description="A later one.")]
From = Annotated[int, Query(alias="from", ge=1, lt=2**62, description="The earlier checkpoint.")]
To = Annotated[int, Query(ge=1, lt=2**62, description="The later checkpoint.")]


@router.get("/v1/checkpoints", summary="List the checkpoints", responses=tells(Checkpoints))
async def get_checkpoints(
    request: Request, response: Response, limit: lists.Limit = lists.DEFAULT_LIMIT, cursor: lists.CursorText = None
) -> dict[str, Any]:
    """Give the checkpoints, newest first, each with its signed note: they are everybody's."""
    place = lists.numbers(cursor, frozenset({"size"}))
    below = None if place is None else place["size"]
    async with database.reading(engine_of(request)) as connection:
        rows = [row async for row in _sql.checkpoints(connection, below=below, limit=limit + 1)]
    items = [
        {
            "size": row["size"],
            "at": written(row["at"]),
            "closes": row["closes"],
            "heads": row["heads"],
            "note": row["note"],
        }
        for row in rows[:limit]
    ]
    following = {"size": rows[limit - 1]["size"]} if len(rows) > limit else None
    return lists.page(request, response, items, following)


@router.get("/v1/checkpoints/keys", summary="The keys that checkpoints are signed with", responses=tells(Keys))
async def get_keys(request: Request) -> dict[str, Any]:
    """Give every public key that checkpoints were signed with, in the form that readers of signed notes take."""
    async with database.reading(engine_of(request)) as connection:
        items = [{"vkey": row["vkey"], "since": row["since"]} async for row in _sql.keys(connection)]
    return {"items": items, "next": None}


@router.get(
    "/v1/checkpoints/proofs",
    summary="Prove that one checkpoint continues another",
    openapi_extra=refuses("unknown-checkpoint"),
    responses=tells(Continuation),
)
async def get_continuation(request: Request, from_: From, to: To) -> dict[str, Any]:
    """Give the path (RFC 9162 section 2.1.4) that proves that nothing in the log changed between two checkpoints."""
    if from_ > to:
        fault = Fault("Not before `from`.", parameter="to")
        raise Problem("invalid-parameter", "`to` lies before `from`.", (fault,))
    async with database.reading(engine_of(request)) as connection:
        last = await _sql.size(connection) or 0
        if to > last:
            raise Problem("unknown-checkpoint", f"The last checkpoint is number {last}.")
        path = await book.continuation(connection, from_, to)
    return {"from": from_, "to": to, "path": [step.hex() for step in path]}


@router.get(
    "/v1/checkpoints/{size}",
    summary="Read a checkpoint",
    response_class=PlainTextResponse,
    openapi_extra=refuses("unknown-checkpoint"),
)
async def get_note(request: Request, size: Annotated[int, Path(ge=1, lt=2**62)]) -> Response:
    """Give the signed note: the log's name, its size, its root, and the signatures (C2SP tlog-checkpoint)."""
    async with database.reading(engine_of(request)) as connection:
        note = await _sql.note(connection, size=size)
    if note is None:
        raise Problem("unknown-checkpoint", f"There is no checkpoint {size}.")
    return PlainTextResponse(note)


async def standing_at(connection: Connection, caller: Caller, size: int | None) -> book.Standing:
    """Give how the caller's register stood at a checkpoint; raise `unknown-checkpoint` or `not-sealed`."""
    stood = await book.standing(connection, caller.school_id, size)
    if stood is None:
        if size is not None and await _sql.note(connection, size=size) is None:
            raise Problem("unknown-checkpoint", f"There is no checkpoint {size}.")
        raise Problem("not-sealed", "No checkpoint covers the register yet.")
    return stood


@contextmanager
def unaltered() -> Iterator[None]:
    """Refuse to prove anything from tables that were changed by other hands; the first such event found is named."""
    try:
        yield
    except proving.Altered as caught:
        raise Problem("register-altered", f"{caught}.".capitalize()) from caught


@router.get(
    "/v1/schools/{urn}/checkpoint",
    summary="How the register stood at a checkpoint",
    openapi_extra=refuses("not-sealed", "unknown-checkpoint"),
    responses=tells(StandingRead),
)
async def get_standing(caller: AuditReader, size: Size = None) -> dict[str, Any]:
    """Give the register's position and roots at a checkpoint, and the proofs that lead from them to what is signed."""
    async with database.reading(caller.engine, caller.school_id) as connection:
        stood = await standing_at(connection, caller, size)
        at = await resolve(connection, caller.school_id, f"seq:{stood.seq}", caller.now())
    return {"register": stood.register, "as_at": AsAtRead.of(at).model_dump(), **stood.written()}


@router.get(
    "/v1/schools/{urn}/proofs",
    summary="Prove an event, or that the register continues what it was",
    openapi_extra=refuses("not-found", "not-sealed", "register-altered", "unknown-checkpoint"),
    responses=tells(Inclusion | Consistency),
)
async def get_proofs(
    caller: AuditReader,
    seq: Seq = None,
    size: Size = None,
    from_seq: FromSeq = None,
    to_seq: ToSeq = None,
    read_by: reads.ReadBy = None,
) -> dict[str, Any]:
    """Give the path that leads from one event to the register's root at a checkpoint.

    With `from_seq` and `to_seq` in its place: the path that proves that nothing was changed between two positions at
    which the register was sealed.
    """
    if seq is not None and from_seq is None and to_seq is None:
        return await _inclusion(caller, seq, size, read_by)
    if seq is None and size is None and from_seq is not None and to_seq is not None:
        return await _consistency(caller, from_seq, to_seq)
    wanted = "Either `seq`, with a `size` if need be, or both `from_seq` and `to_seq`."
    raise Problem("invalid-parameter", wanted, (Fault(wanted, parameter="seq"),))


async def _inclusion(caller: Caller, seq: int, size: int | None, read_by: str | None) -> dict[str, Any]:
    async with database.reading(caller.engine, caller.school_id) as connection:
        stood = await standing_at(connection, caller, size)
        if seq > stood.seq:
            raise Problem("not-sealed", f"Checkpoint {stood.size} covers the register up to {stood.seq}.")
        found = await read.events(connection, caller.school_id, seq - 1, 1)
        if not found:
            raise Problem("not-found", f"Event {seq} has been let go: no more than its place is kept.")
        with unaltered():
            path = (await proving.inclusion(connection, caller.school_id, [seq], stood.seq))[seq]
    await reads.record(caller, read_by, "events", seq)
    proven = book.Proven(found[0].leaf, seq - 1, stood.seq, tuple(path))
    return {"seq": seq, **proven.written(), "standing": stood.written()}


async def _consistency(caller: Caller, from_seq: int, to_seq: int) -> dict[str, Any]:
    if from_seq > to_seq:
        fault = Fault("Not before `from_seq`.", parameter="to_seq")
        raise Problem("invalid-parameter", "`to_seq` lies before `from_seq`.", (fault,))
    async with database.reading(caller.engine, caller.school_id) as connection:
        earlier = await _sealed(connection, caller.school_id, from_seq)
        later = await _sealed(connection, caller.school_id, to_seq)
        with unaltered():
            path = await proving.consistency(connection, caller.school_id, from_seq, to_seq)
    return {"from": earlier, "to": later, "path": [step.hex() for step in path]}


async def _sealed(connection: Connection, school_id: int, seq: int) -> dict[str, Any]:
    root = await _sql.sealed(connection, school_id=school_id, seq=seq)
    if root is None:
        raise Problem("not-sealed", f"The register was never sealed at {seq}.")
    return {"seq": seq, "root": root.hex()}
