"""A pupil's id that changes in the MIS: the new one is shown from then on, and every earlier one keeps answering."""

from typing import Annotated, Any

from fastapi import APIRouter

from kit import database, pupil_ids
from kit.contract import refuses, tells
from kit.fields import Body
from kit.problems import Fault, Problem
from ledger import append
from register_api import roll
from register_api.admission import id_fault
from register_api.answers.roll import IdChanged
from register_api.bodies import Change, PupilId
from register_api.caller import DryRun, RollWriter
from register_api.changes import append_all
from register_api.roll import Kept, PupilPath

router = APIRouter(tags=["roll"])


EXAMPLE = {
    "id": "p-1002",
    "change": {
        "made_by": {"name": "B. Office", "position": "Attendance officer"},
        "reason": "The school has a new MIS",
    },
}


class ChangeId(Body, json_schema_extra={"examples": [EXAMPLE]}):
    """The id that the MIS has for the pupil from now on."""

    id: Annotated[str, PupilId]
    change: Change | None = None


@router.post(
    "/v1/schools/{urn}/pupils/{id}/pupil-ids",
    summary="Give a pupil another id",
    openapi_extra=refuses("invalid-pupil-id", "made-at-in-future", "pupil-id-in-use", "unknown-pupil"),
    responses=tells(IdChanged),
)
async def change_id(caller: RollWriter, id_: PupilPath, body: ChangeId, dry_run: DryRun = False) -> dict[str, Any]:
    """Let another id stand for a pupil; the ids before keep answering, and answers show the newest.

    An id that the pupil has or had is `unchanged`, so a request may be sent again; one of another pupil is refused,
    `pupil-id-in-use`: an id stands for one pupil for ever.
    """
    if wrong := id_fault(body.id):
        raise Problem("invalid-pupil-id", wrong, (Fault(wrong, pointer="#/id"),))
    async with database.writing(caller.engine, caller.school_id, dry_run=dry_run) as connection:
        head = await append.lock(connection, caller.school_id)
        now = caller.now()
        standing = (await roll.standing(connection, caller.school_id, [id_])).get(id_)
        if standing is None:
            raise Problem("unknown-pupil", f"There is no pupil {id_!r}.", (Fault("Unknown.", parameter="id"),))
        known = (await pupil_ids.numbers(connection, caller.school_id, [body.id])).get(body.id)
        if known == standing.no:
            return {"id": standing.id, "outcome": "unchanged", "seq": head.seq}
        if known is not None:
            detail = "The id stands for another pupil."
            raise Problem("pupil-id-in-use", detail, (Fault(detail, pointer="#/id"),))
        kept = Kept(0, body.id, standing.no, True, standing.effective_from, standing.entry, body.change)
        [place] = await append_all(connection, caller, head, [kept.as_change(now)], now)
        await roll.keep(connection, caller.school_id, [kept], [place.seq])
    return {"id": body.id, "outcome": "changed", "seq": place.seq}
