"""The event stream of a register, as it was hashed."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from kit import database
from kit.lists import MOST
from ledger import read
from ledger.as_at import resolve
from ledger.leaf import canonical
from register_api import reads
from register_api.caller import AsAtText, AuditReader
from register_api.listing import AS_AT, said

router = APIRouter(tags=["stream"])

After = Annotated[int, Query(ge=0, lt=2**62, description="The position after which to begin; 0 for the whole stream.")]
Part = Annotated[
    str,
    Query(
        pattern="^(leaves|texts)$",
        description="`leaves`: each line is the bytes that were hashed. `texts`: what they commit to, with salts.",
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
    """Give events after a position, in order and without gaps, one line each; an empty answer is the end, for now.

    `as_at` ends the stream at the position that it stands for. Each line of the leaves, without its LF, is exactly the
    bytes that the tree hashes (docs/events.md).
    """
    async with database.reading(caller.engine, caller.school_id) as connection:
        at = await resolve(connection, caller.school_id, as_at, caller.now())
        found = await read.events(connection, caller.school_id, after, min(limit, max(at.seq - after, 0)))
    # Who follows the stream asks often, and an empty answer tells of nobody.
    if found:
        await reads.record(caller, read_by, "events", found[-1].seq)
    if part == "leaves":
        body = b"".join(event.leaf + b"\n" for event in found)
    else:
        body = "".join(canonical({"seq": event.seq, "texts": event.texts}) + "\n" for event in found).encode()
    headers = {"Rollbook-Last-Seq": str(found[-1].seq if found else after), AS_AT: said(at)}
    return Response(body, media_type="application/x-ndjson", headers=headers)
