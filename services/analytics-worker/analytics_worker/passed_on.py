"""What a school is told of the thresholds that its pupils have met only together with other schools.

Its own sessions are its own to see; of the others it is told how many there were, and neither where nor when.
"""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from analytics_worker import across, alert_counts, reaches, summary
from analytics_worker.alert_answers import SchoolAcross
from analytics_worker.alert_counts import SEES_ALERTS, SEES_GROUPS
from analytics_worker.raised import Cell, Count
from analytics_worker.reaches import Member, Reached
from analytics_worker.summary import Reader
from codes.joined import MetAcross
from kit import database, reads
from kit.contract import tells
from kit.schools import AtSchool, Caller

router = APIRouter(tags=["alerts"])


@router.get(
    "/v1/schools/{urn}/alerts/across-schools",
    summary="What a school's pupils have come to at several schools",
    responses=tells(SchoolAcross),
)
async def across_school(
    caller: Annotated[Caller, Depends(AtSchool(SEES_ALERTS, SEES_GROUPS))], read_by: reads.ReadBy = None
) -> dict[str, Any]:
    """Give the penalty thresholds that pupils on roll today have met with sessions of this school and of others.

    They are those that its authority is shown at `.../alerts/across-schools`, or where that is shown none of a pupil,
    its trust. Of each the school sees its own sessions, and how many there were `elsewhere`: no other school is named,
    nor any day but its own. Who holds `summaries:read` alone is told how many there are, where that is not of one or
    two pupils.
    """
    who_reads = Reader(SEES_ALERTS in caller.identity.scopes, caller.request.app.state.settings.smallest_cell)
    of_authority, of_trust = await reaches.whose_school(caller)
    async with database.reading(caller.engine, caller.school_id) as connection:
        upns = await across.unauthorised_on_roll(connection, caller.school_id, caller.now().date())
        position_of = await summary.as_of(connection, caller.school_id, caller.now())
    items = await _items(caller, upns, of_authority, of_trust)
    pupils = sorted({item["pupil"] for item in items})
    count: dict[Cell, Count] = {(None, None): Count(len(items), len(pupils))}
    told = {"urn": caller.urn, **alert_counts.shown(count, who_reads, axes=())}
    if who_reads.sees_pupils:
        if pupils:
            await reads.record(caller, read_by, "alerts", position_of["seq"], pupils=pupils)
        told["items"] = items
    behind = {one.school_id: one.behind for one in (*of_authority, *of_trust) if one.school_id != caller.school_id}
    others = {"schools": len(behind), "behind": sum(events > 0 for events in behind.values())}
    return {**told, "next": None, "others": others, "as_of": position_of}


async def _items(
    caller: Caller, upns: Sequence[str], of_authority: Sequence[Member], of_trust: Sequence[Member]
) -> list[dict[str, Any]]:
    """Ask the other schools one after another who of these pupils is there, and join what they have with what is here.

    A school that has none of them is asked nothing else.
    """
    having: list[Member] = []
    shared = set[str]()
    for one in {one.school_id: one for one in (*of_authority, *of_trust)}.values() if upns else ():
        async with database.reading(caller.engine, one.school_id) as connection:
            there = {row["upn"] for row in await across.with_upns(connection, one, upns)}
        if there:
            having.append(one)
            shared |= there if one.school_id != caller.school_id else set()
    among = Reached(caller.identity, caller.engine, caller.request, having)
    parts = await across.parts(among, sorted(shared))
    own = {part.entries.upn: part for part in parts if part.one.school_id == caller.school_id}
    met: dict[str, Sequence[MetAcross]] = {}
    for readers in (frozenset(of_trust), frozenset(of_authority)):
        met |= across.thresholds([part for part in parts if part.one in readers])
    found = [(own[upn], each) for upn in own.keys() & met.keys() for each in met[upn] if own[upn].one.urn in each.urns]
    found.sort(key=lambda each: (each[0].pupil, each[1].since))
    return [{"kind": str(each.kind), "pupil": at.pupil, "evidence": each.seen_by(at.one.urn)} for at, each in found]
