"""The event stream of a register, as it was hashed."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from kit import database, reads
from kit.lists import MOST
from ledger import read
from ledger.as_at import AsAt, resolve
from ledger.leaf import canonical
from ledger.paths import Place
from register_api.caller import AsAtText, AuditReader
from register_api.listing import AS_AT, said

router = APIRouter(tags=["stream"])

After = Annotated[int, Query(ge=0, lt=2**62, description="The position after which to begin; 0 for the whole stream.")]
Part = Annotated[
    str,
    Query(
        pattern="^(leaves|texts|covers)$",
        description="`leaves`: each line is the bytes that were hashed. `texts`: what they commit to, with salts. "
        "`covers`: the hashes that stand for what was let go.",
    ),
]
LimitOfEvents = Annotated[int, Query(ge=1, le=10 * MOST, description="How many events an answer holds at the most.")]


@router.get(
    "/v1/schools/{urn}/events",
    summary="Read the stream",
    response_class=Response,
    responses={200: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}}},
)
async def events(
    caller: AuditReader,
    after: After = 0,
    part: Part = "leaves",
    limit: LimitOfEvents = 10 * MOST,
    as_at: AsAtText = None,
    read_by: reads.ReadBy = None,
) -> Response:
    """Give events after a position, in order, one line each; an empty answer is the end, for now.

    `as_at` ends the stream at the position that it stands for. Each line of the leaves, without its LF, is exactly the
    bytes that the tree hashes. Nothing is left out but what was let go after six years, for which the covers stand:
    with them the leaves hash to the root (docs/events.md).
    """
    async with database.reading(caller.engine, caller.school_id) as connection:
        at = await resolve(connection, caller.school_id, as_at, caller.now())
        if part == "covers":
            return _covers(await read.covers(connection, caller.school_id, after, limit), after, at)
        found = await read.events(connection, caller.school_id, after, limit)
    found = [event for event in found if event.seq <= at.seq]
    # Who follows the stream asks often, and an empty answer tells of nobody.
    if found:
        await reads.record(caller, read_by, "events", found[-1].seq)
    if part == "leaves":
        body = b"".join(event.leaf + b"\n" for event in found)
    else:
        body = "".join(canonical({"seq": event.seq, "texts": event.texts}) + "\n" for event in found).encode()
    return _lines(body, found[-1].seq if found else after, at)


def _covers(covers: Sequence[tuple[Place, bytes]], after: int, at: AsAt) -> Response:
    """Answer with subtrees and their hashes; the last position is that of the last leaf that they stand for."""
    body = b""
    for (level, index), hash_ in covers:
        body += canonical({"hash": hash_.hex(), "index": index, "level": level}).encode() + b"\n"
        after = (index + 1) << level
    return _lines(body, after, at)


def _lines(body: bytes, last: int, at: AsAt) -> Response:
    headers = {"Rollbook-Last-Seq": str(last), AS_AT: said(at)}
    return Response(body, media_type="application/x-ndjson", headers=headers)
