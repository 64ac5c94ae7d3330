"""What people do about an alert: seen, called, written, met, returned; each step kept, with the person."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from fastapi import APIRouter

from analytics_worker import casework, raised, summary
from analytics_worker.casework_bodies import (
    ActRecorded,
    AlertPath,
    AlertsReader,
    AlertsWriter,
    AlertWithActs,
    At,
    DryRun,
    PostAcknowledgement,
    PostAct,
)
from analytics_worker.raised import AlertFilters, Asked
from codes import acts
from codes.acts import MEANS, NEEDS_NOTE, Act, Action, allowed
from codes.alerts import Alert
from kit import database, pupil_ids, reads
from kit.contract import refuses, tells
from kit.database import Connection
from kit.fields import written
from kit.problems import Fault, Problem, pointer
from kit.schools import Caller

router = APIRouter(tags=["alerts"])
_sql = database.statements(__file__)

Row = Mapping[str, Any]


async def _alert(connection: Connection, caller: Caller, id_: str) -> tuple[UUID, Row]:
    """Give an alert with its id; raise `unknown-alert` for what is none of this school."""
    unknown = Problem("unknown-alert", f"There is no alert {id_!r}.", (Fault("Unknown.", parameter="id"),))
    try:
        number = UUID(id_)
    except ValueError:
        raise unknown from None
    row = await _sql.alert(connection, school_id=caller.school_id, id=number)
    if row is None:
        raise unknown
    return number, row


async def _pupil(connection: Connection, caller: Caller, alert: Row) -> str | None:
    no = alert["pupil_no"]
    return None if no is None else (await pupil_ids.ids(connection, caller.school_id, [no]))[no]


def _narrowed(evidence: Mapping[str, Any], sessions: Sequence[At] | None) -> dict[str, Any]:
    """Give the evidence with those of its sessions that are meant; raise `invalid-act` for one that is not in it."""
    if sessions is None:
        return dict(evidence)
    meant = {(each.date.isoformat(), str(each.session)): n for n, each in enumerate(sessions)}
    rows = [row for row in evidence.get("sessions", ()) if (row["date"], row["session"]) in meant]
    unknown = meant.keys() - {(row["date"], row["session"]) for row in rows}
    if unknown:
        faults = [
            Fault("The alert does not rest on it.", pointer(["sessions", meant[each]])) for each in sorted(unknown)
        ]
        raise _refused(faults)
    return {**evidence, "sessions": rows}


def _refused(faults: Sequence[Fault]) -> Problem:
    return Problem("invalid-act", "The act cannot be kept.", tuple(faults))


def _shown(row: Row, alert: UUID, pupil: str | None) -> dict[str, Any]:
    evidence = json.loads(row["evidence"])
    act = Act(Alert(row["kind"]), row["period"], Action(row["action"]), row["done_on"], row["name"], None, evidence)
    return {
        "no": row["no"],
        "alert": str(alert),
        "kind": row["kind"],
        "pupil": pupil,
        "action": row["action"],
        "done_on": row["done_on"].isoformat(),
        "made_by": {"name": row["name"], "position": row["position"]},
        "note": row["note"],
        "ends": act.ends,
        "evidence": evidence,
        "recorded_at": written(row["recorded_at"]),
        "client": row["client_id"],
    }


async def _keep(
    caller: Caller,
    id_: str,
    action: Action,
    done_on: date,
    body: PostAcknowledgement | PostAct,
    sessions: Sequence[At] | None = None,
    *,
    dry_run: bool,
) -> dict[str, Any]:
    """Keep an act on an alert, or find the same one."""
    async with database.writing(caller.engine, caller.school_id, dry_run=dry_run) as connection:
        await casework.lock(connection, caller.school_id)
        now = caller.now()
        alert_id, alert = await _alert(connection, caller, id_)
        evidence = _narrowed(json.loads(alert["evidence"]), sessions)
        by = body.made_by
        act = Act(Alert(alert["kind"]), alert["period"], action, done_on, by.name, body.note or None, evidence)
        if isinstance(body, PostAct) and (faults := list(acts.faults(act, now.date()))):
            raise _refused([Fault(detail, pointer([member])) for member, detail in faults])
        said = {
            "school_id": caller.school_id,
            "alert_id": alert_id,
            "action": action,
            "done_on": done_on,
            "name": by.name,
            "position": by.position,
            "note": act.note,
            "evidence": json.dumps(evidence),
        }
        row = await _sql.same(connection, **said)
        outcome = "entered" if row is None else "unchanged"
        if row is None:
            of = {name: alert[name] for name in ("pupil_no", "kind", "period")}
            no = await casework.next_no(connection, caller.school_id)
            row = await _sql.add(connection, no=no, at=now, client_id=caller.identity.client_id, **said, **of)
        return {**_shown(row, alert_id, await _pupil(connection, caller, alert)), "outcome": outcome}


@router.post(
    "/v1/schools/{urn}/alerts/{id}/acknowledgements",
    status_code=201,
    summary="Acknowledge an alert",
    openapi_extra=refuses("unknown-alert"),
    responses={201: {"model": ActRecorded}},
)
async def acknowledge(
    caller: AlertsWriter, id_: AlertPath, body: PostAcknowledgement, dry_run: DryRun = False
) -> dict[str, Any]:
    """Keep that somebody has seen an alert; it ends nothing.

    What the same person says with the same words on the same day is kept once: `unchanged`.
    """
    return await _keep(caller, id_, Action.ACKNOWLEDGED, caller.now().date(), body, dry_run=dry_run)


@router.post(
    "/v1/schools/{urn}/alerts/{id}/actions",
    status_code=201,
    summary="Say what was done about an alert",
    openapi_extra=refuses("unknown-alert", "invalid-act"),
    responses={201: {"model": ActRecorded}},
)
async def act_on(caller: AlertsWriter, id_: AlertPath, body: PostAct, dry_run: DryRun = False) -> dict[str, Any]:
    """Keep what was done about an alert, open or closed. What belongs to which kind, and what ends it: docs/alerts.md.

    The same act of the same day, person, note and sessions is kept once, however often it is sent: `unchanged`. Where
    it ends the alert the list of alerts shows it as soon as the worker has looked.
    """
    return await _keep(caller, id_, body.action, body.done_on, body, body.sessions, dry_run=dry_run)


@router.get(
    "/v1/schools/{urn}/alerts/{id}",
    summary="An alert, and what was done about it",
    openapi_extra=refuses("unknown-alert"),
    responses=tells(AlertWithActs),
)
async def get_alert(caller: AlertsReader, id_: AlertPath, read_by: reads.ReadBy = None) -> dict[str, Any]:
    """Give one alert with every step that was taken, in order, and what can be done about an alert of its kind."""
    async with database.reading(caller.engine, caller.school_id) as connection:
        alert_id, alert = await _alert(connection, caller, id_)
        asked = Asked(caller.school_id, AlertFilters.model_validate({}), caller.now().date(), id=alert_id)
        [(_, shown)] = await raised.items(connection, asked, 0, 1)
        found = [row async for row in _sql.acts(connection, school_id=caller.school_id, alert_id=alert_id)]
        position = await summary.as_of(connection, caller.school_id, caller.now())
    pupil = shown["pupil"]
    await reads.record(caller, read_by, "alerts", position["seq"], pupils=None if pupil is None else [pupil])
    return {
        **shown,
        "steps": [_shown(row, alert_id, pupil) for row in found],
        "actions": [_possible(alert, action) for action in sorted(allowed(Alert(alert["kind"])))],
    }


def _possible(alert: Row, action: Action) -> dict[str, Any]:
    says, source = MEANS[action]
    ends = Act(Alert(alert["kind"]), alert["period"], action, date.min, "", None, {}).ends
    return {"action": action, "says": says, "source": source, "ends": ends, "needs_note": action in NEEDS_NOTE}
