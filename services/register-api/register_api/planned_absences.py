"""Absence known ahead: leave, timetables, suspensions and the like are stated, decided and read back, never marked."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from codes import planning
from codes.identifiers import shaped_like_upn
from codes.planned import KINDS
from codes.school import School
from kit import database, pupil_ids, reads
from kit.contract import refuses, tells
from kit.database import Connection
from kit.fields import Day, written
from kit.problems import Fault, Problem, pointer
from kit.schools import Caller
from ledger import append
from ledger.as_at import AsAt, resolve
from ledger.leaf import canonical
from ledger.plans import plan_of
from register_api import facts, plans
from register_api.answers.planned import PlanBecame, PlanRead, Plans
from register_api.bodies import AsAtRead
from register_api.caller import AsAtText, DryRun, RegisterReader, RollWriter
from register_api.changes import append_all, new_change
from register_api.decisions import at_decision
from register_api.facts import OnRoll
from register_api.listing import Item, Listing, Paged, Row
from register_api.planned_bodies import MEMBERS, Kind, Outcome, PutPlannedAbsence
from register_api.removed import Removals, removed, shown

router = APIRouter(tags=["planned absences"])
_sql = database.statements(__file__)

PlanPath = Annotated[
    str, Path(alias="id", pattern=r"^[A-Za-z0-9._~-]{1,64}$", description="The MIS's own id of the planned absence.")
]
COLUMNS = (
    *("id", "pupil", "kind", "code", "nature", "outcome", "first_date", "first_session", "last_date", "last_session"),
    *("requested_on", "decided_on", "decided_by_name", "decided_by_position", "reason", "made_at", "name", "position"),
    *("made_by_id", "recorded_at", "client", "seq"),
)


def _refused(faults: Sequence[Fault]) -> Problem:
    return Problem("invalid-planned-absence", "The planned absence cannot be kept.", tuple(faults))


def _path(member: str) -> str:
    return pointer(member.split("/"))


def _hold(caller: Caller, id_: str, said: Mapping[str, Any], pupil: OnRoll, owner: int | None) -> None:
    """Refuse what cannot be kept of a pupil; `owner` is the number of the pupil whom the id is about so far."""
    if shaped_like_upn(id_):
        raise _refused([Fault("An id must not look like a UPN: it stands in addresses.", parameter="id")])
    if owner not in (None, pupil.pupil_no):
        raise _refused([Fault("Under this id another pupil's absence is known.", pointer="#/pupil")])
    now = caller.now()
    roll = pupil.on(planning.first_day(said))
    if found := planning.faults(said, roll, caller.urn, now.date()):
        raise _refused([Fault(fault.detail, pointer=_path(fault.member)) for fault in found])


def _warnings(said: Mapping[str, Any], year_group: str | None, school: School) -> list[dict[str, str]]:
    return [
        {
            "code": warning.slug,
            "pointer": _path(warning.member),
            "detail": warning.detail,
            "source": warning.source,
        }
        for warning in planning.warnings(said, year_group, school)
    ]


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Say whether two bodies say the same of one pupil, whatever id the pupil had then."""
    return {**one, "pupil": None} == {**other, "pupil": None}


@router.put(
    "/v1/schools/{urn}/planned-absences/{id}",
    summary="State or decide an absence known ahead",
    openapi_extra=refuses("invalid-planned-absence", "made-at-in-future", "unknown-pupil"),
    responses=tells(PlanBecame),
)
async def put_planned_absence(
    caller: RollWriter, id_: PlanPath, body: PutPlannedAbsence, dry_run: DryRun = False
) -> dict[str, Any]:
    """Keep what is known ahead of a pupil's absence; what equals what stands emits nothing.

    It says what the register expects and offers once a decision grants it, and never writes a mark. What law or
    guidance advises against is kept and answered with `warnings`, each with its source.
    """
    said = body.said(id_)
    memory: facts.Memory = caller.request.app.state.memory
    async with database.writing(caller.engine, caller.school_id, dry_run=dry_run) as connection:
        head = await append.lock(connection, caller.school_id)
        now = caller.now()
        school, pupils = await facts.remember(connection, caller.school_id, memory.of(head), [body.pupil])
        pupil = pupils.get(body.pupil)
        if pupil is None:
            detail = f"There is no pupil {body.pupil!r}."
            raise Problem("unknown-pupil", detail, (Fault("Unknown.", pointer="#/pupil"),))
        row = await _sql.latest(connection, school_id=caller.school_id, id=id_)
        _hold(caller, id_, said, pupil, None if row is None else row["pupil_no"])
        warnings = _warnings(said, pupil.on(planning.first_day(said)).year_group, school)
        if row is not None and _same(json.loads(row["body"]), said):
            return {"id": id_, "outcome": "unchanged", "seq": row["seq"], "warnings": warnings}
        change = new_change("absence-planned", f"absence:{pupil.pupil_no}", canonical(said), body.change, now)
        [at] = await append_all(connection, caller, head, [change], now)
        await plans.keep(connection, caller.school_id, at.seq, pupil.pupil_no, said)
    return {"id": id_, "outcome": "entered" if row is None else "changed", "seq": at.seq, "warnings": warnings}


def _shown(row: Mapping[str, Any], pupil: str, removals: Removals) -> Item:
    """Show one version with what it says and the five facts of the change; null where its body was removed."""
    body = json.loads(row["body"]) if row["body"] is not None else {}
    plan = plan_of(row)
    return {
        **{member: body.get(member) for member in MEMBERS},
        "id": row["id"],
        "pupil": pupil,
        "kind": plan.kind,
        "code": plan.code,
        "outcome": plan.outcome,
        "about": {"from": plans.shown(plan.first), "to": plans.shown(plan.last)},
        "reason": row["reason"],
        "made_at": written(row["made_at"]),
        "made_by": None if row["name"] is None else {"name": row["name"], "position": row["position"]},
        "made_by_id": row["staff_no"],
        "recorded_at": written(row["recorded_at"]),
        "client": row["client_id"],
        "seq": row["seq"],
        "removed": shown(removals, row["seq"]),
    }


@router.get(
    "/v1/schools/{urn}/planned-absences/{id}",
    summary="Read an absence known ahead",
    openapi_extra=refuses("unknown-planned-absence"),
    responses=tells(PlanRead),
)
async def get_planned_absence(
    caller: RegisterReader, id_: PlanPath, as_at: AsAtText = None, read_by: reads.ReadBy = None
) -> dict[str, Any]:
    """Give an absence known ahead as it stands or stood, with every change of it, the latest last.

    `at_decision` is what was known when the decision that stands was recorded: the pupil's attendance of that academic
    year so far, and what had been asked for the pupil before.
    """
    async with database.reading(caller.engine, caller.school_id) as connection:
        at = await resolve(connection, caller.school_id, as_at, caller.now())
        rows = [row async for row in _sql.history(connection, school_id=caller.school_id, id=id_, seq=at.seq)]
        if not rows:
            raise Problem("unknown-planned-absence", f"There is no planned absence {id_!r}.")
        pupil_no = rows[-1]["pupil_no"]
        pupil = (await pupil_ids.ids(connection, caller.school_id, [pupil_no], at.seq))[pupil_no]
        removals = await removed(connection, caller.school_id, [row["seq"] for row in rows])
        versions = [_shown(row, pupil, removals) for row in rows]
        known = await at_decision(connection, caller.school_id, pupil_no, id_, versions)
        warnings = []
        if rows[-1]["body"] is not None:
            school = await facts.school(connection, caller.school_id, at.seq)
            warnings = _warnings(json.loads(rows[-1]["body"]), rows[-1]["year_group"], school)
    await reads.record(caller, read_by, "planned-absences", at.seq, pupils=[pupil])
    return {
        **versions[-1],
        "asked_by": KINDS[rows[-1]["kind"]].asked_by,
        "source": KINDS[rows[-1]["kind"]].source,
        "warnings": warnings,
        "at_decision": known,
        "history": versions,
        "as_at": AsAtRead.of(at).model_dump(),
    }


class PlanFilters(Paged):
    """What narrows the list: every filter that is given must be met; a repeated one is met by any of its values."""

    pupil: list[str] | None = None
    kind: list[Kind] | None = None
    outcome: list[Outcome] | None = None
    first: Day | None = Field(None, alias="from", description="Those about a session of this day or a later one.")
    last: Day | None = Field(None, alias="to", description="Those about a session of this day or an earlier one.")


def _row(item: Item) -> Row:
    about, decision = item["about"], item["decision"] or {}
    last, decided_by = about["to"] or {}, decision.get("decided_by") or {}
    flat = {
        **item,
        **(item["made_by"] or {"name": None, "position": None}),
        "first_date": about["from"]["date"],
        "first_session": about["from"]["session"],
        "last_date": last.get("date"),
        "last_session": last.get("session"),
        "decided_on": decision.get("decided_on"),
        "decided_by_name": decided_by.get("name"),
        "decided_by_position": decided_by.get("position"),
    }
    return [flat[name] for name in COLUMNS]


@router.get("/v1/schools/{urn}/planned-absences", summary="List absence known ahead", responses=tells(Plans))
async def get_planned_absences(
    caller: RegisterReader,
    filters: Annotated[PlanFilters, Query()],
    request: Request,
    response: Response,
    read_by: reads.ReadBy = None,
) -> Any:
    """Give every absence known ahead as it stands or stood, the one changed last first; where not as JSON all."""

    async def find(connection: Connection, at: AsAt, before: int | None, limit: int) -> list[Item]:
        pupil_nos = await pupil_ids.narrowed(connection, caller.school_id, filters.pupil, at.seq)
        found = _sql.listed(
            connection,
            school_id=caller.school_id,
            seq=at.seq,
            before=before,
            pupil_nos=pupil_nos,
            kinds=filters.kind,
            outcomes=filters.outcome,
            first=filters.first,
            last=filters.last,
            limit=limit,
        )
        rows = [row async for row in found]
        ids = await pupil_ids.ids(connection, caller.school_id, [row["pupil_no"] for row in rows], at.seq)
        removals = await removed(connection, caller.school_id, [row["seq"] for row in rows])
        return [_shown(row, ids[row["pupil_no"]], removals) for row in rows]

    async def record(at: AsAt) -> None:
        dates = (filters.first, filters.last)
        await reads.record(caller, read_by, "planned-absences", at.seq, pupils=filters.pupil, dates=dates)

    return await Listing(COLUMNS, find, lambda item: [_row(item)], record).answer(caller, filters, request, response)
