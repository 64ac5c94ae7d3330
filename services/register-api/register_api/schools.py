"""Set up a school: its name, phase and policy, and the facts that decide who may read it."""

import json
from datetime import date, datetime
from typing import Annotated, Any, Literal

import asyncpg
from fastapi import APIRouter, Depends, Request
from pydantic import Field

from codes import policy as law
from codes.identifiers import la_name, laestab_fault, urn_fault, urn_is_reserved
from codes.members import PolicyFault
from kit import database
from kit.contract import refuses, tells
from kit.database import Connection
from kit.fields import Body, Day, Words
from kit.problems import Fault, Problem, pointer
from kit.schools import LONDON, Caller, Urn, london_now, school_id_in_reach
from kit.tokens import Identity, Needs
from ledger import append
from ledger.as_at import resolve
from ledger.leaf import canonical
from register_api.answers.schools import SchoolRead
from register_api.bodies import AsAtRead, Change
from register_api.caller import AsAtText, DryRun, RegisterReader
from register_api.changes import append_all, new_change

router = APIRouter(tags=["schools"])
_sql = database.statements(__file__)

FROM_THE_BEGINNING = date(1900, 1, 1)
"""The first policy and the first facts of a school hold for every date before the next."""

REACH_FACTS = ("laestab", "la_code", "trust", "continues", "closed_on")
"""Who may read a school follows from these, so an administrator alone may set them."""


class Trust(Body):
    """A trust: its UID in the register of groups, and its name."""

    uid: Annotated[str, Field(pattern=r"^[0-9]{1,8}$")]
    name: Words


EXAMPLE = {
    "name": "Ashfield Primary",
    "phase": "primary",
    "age_range": [4, 11],
    "laestab": "9313456",
    "la_code": "931",
    "trust": {"uid": "5143", "name": "Ash Trust"},
    "policy": {
        "registers": [
            {"session": "AM", "opens": "08:45", "closes": "09:15", "ends": "12:00"},
            {"session": "PM", "opens": "13:00", "closes": "13:30", "ends": "15:15"},
        ],
        "target": 96,
        "referral_below": 90,
        "report_by": "09:00",
        "staged_approach": {"call_on_day": 1, "visit_on_day": 3, "late": {"times": 2, "within_weeks": 2}},
    },
}


class PutSchool(Body, json_schema_extra={"examples": [EXAMPLE]}):
    """A school as it stands from a date on."""

    name: Words
    phase: Literal[
        "nursery", "primary", "middle", "secondary", "all-through", "special", "alternative-provision", "16-plus"
    ]
    age_range: Annotated[list[Annotated[int, Field(strict=True, ge=2, le=20)]], Field(min_length=2, max_length=2)]
    policy: Annotated[dict[str, Any] | None, Field(description="Its members are listed in docs/law.md.")] = None
    laestab: str | None = None
    la_code: str | None = None
    trust: Trust | None = None
    continues: Annotated[
        str | None, Field(pattern="^[0-9]{6}$", description="The URN that this school had before a conversion.")
    ] = None
    closed_on: Day | None = None
    effective_from: Day | None = None
    change: Change | None = None


def _check(body: PutSchool) -> None:
    """Refuse what cannot be kept, with a pointer to it."""
    faults = []
    if body.age_range[0] >= body.age_range[1]:
        faults.append(Fault("The lower age comes first.", pointer="#/age_range"))
    if body.laestab is not None and (wrong := laestab_fault(body.laestab)):
        faults.append(Fault(wrong, pointer="#/laestab"))
    if body.la_code is not None and la_name(body.la_code) is None:
        faults.append(Fault("There is no such authority.", pointer="#/la_code"))
    if faults:
        raise Problem("invalid-request", "The school cannot be kept.", tuple(faults))
    if body.policy is not None:
        try:
            law.policy_from_body(body.policy)
        except PolicyFault as caught:
            where = pointer(["policy", *caught.member.split("/")] if caught.member else ["policy"])
            raise Problem(caught.slug, caught.detail, (Fault(caught.detail, pointer=where),)) from caught


def _reach_facts(body: PutSchool) -> dict[str, Any]:
    return {name: getattr(body, name) for name in REACH_FACTS if name in body.model_fields_set}


def _facts(body: PutSchool, urn: str, standing: dict[str, Any] | None, may_set_reach: bool) -> dict[str, Any]:
    """Give the facts after the change, `urn` being the register's; reach facts that are left out stay as they stand."""
    reach: dict[str, Any] = {name: standing[name] if standing else None for name in REACH_FACTS}
    given = json.loads(body.model_dump_json(include=set(_reach_facts(body))))
    if changed := [name for name in given if given[name] != reach[name]]:
        if not may_set_reach:
            detail = f"{', '.join(changed)}: set by an administrator alone."
            raise Problem("reach-fact", detail, tuple(Fault(detail, pointer=pointer((name,))) for name in changed))
        reach |= given
    return {"urn": urn, "name": body.name, "phase": body.phase, "age_range": list(body.age_range), **reach}


async def _begin(connection: Connection, identity: Identity, urn: str, continued: int | None, now: datetime) -> int:
    """Begin the register of a URN that is new, or let the URN stand for the register that it continues."""
    may_begin = identity.reach.kind == "national" or (identity.reach.kind == "schools" and urn in identity.reach.ids)
    if not may_begin or await _sql.number_of(connection, urn=urn) is not None:
        raise Problem("unknown-school", f"There is no school {urn} within reach.")
    if urn_is_reserved(urn):
        raise Problem("invalid-urn", "The URN is kept for sandboxes.", (Fault("Kept for sandboxes.", parameter="urn"),))
    school_id = await append.open_register(connection, now) if continued is None else continued
    try:
        await keep_urn(connection, school_id, urn)
    except asyncpg.UniqueViolationError as caught:
        raise Problem("busy", f"{urn} is being set up at this moment.", headers={"Retry-After": "1"}) from caught
    return school_id


async def _continued(request: Request, identity: Identity, body: PutSchool) -> int | None:
    """Give the number of the register that is to go on under another URN; its client must reach it already."""
    if body.continues is None or "admin" not in identity.scopes:
        return None
    school_id = await school_id_in_reach(request, identity, body.continues)
    if school_id is None:
        detail = f"There is no school {body.continues} within reach."
        raise Problem("unknown-school", detail, (Fault(detail, pointer="#/continues"),))
    return school_id


async def _check_continued(connection: Connection, school_id: int, continues: str, standing: str | None) -> None:
    """Refuse that a register that stands already should continue another: two streams are never merged."""
    if continues == standing:
        return
    number = await _sql.number_of(connection, urn=continues)
    if number == school_id:
        return
    slug, detail = "two-registers", f"{continues} has a register of its own."
    if number is None:
        slug, detail = "unknown-school", f"There is no school {continues} within reach."
    raise Problem(slug, detail, (Fault(detail, pointer="#/continues"),))


Writer = Annotated[Identity, Depends(Needs("roll:write"))]


@router.put(
    "/v1/schools/{urn}",
    summary="Set up or change a school",
    openapi_extra=refuses(
        "invalid-policy", "invalid-urn", "reach-fact", "retention-too-short", "two-registers", "unknown-school"
    ),
    responses=tells(SchoolRead),
)
async def put_school(
    writer: Writer, urn: Urn, body: PutSchool, request: Request, dry_run: DryRun = False
) -> dict[str, Any]:
    """Keep a school as it stands; what equals what stands emits nothing. The first call begins its register.

    A URN belongs to a register for ever. Reach may precede the school, so a client may set up the schools it names.
    """
    if wrong := urn_fault(urn):
        raise Problem("invalid-urn", wrong, (Fault(wrong, parameter="urn"),))
    _check(body)
    now = london_now(request)
    school_id = await school_id_in_reach(request, writer, urn)
    continued = await _continued(request, writer, body) if school_id is None else None
    # The transaction of a school that is new begins as nobody's, and turns to the school once it has a number.
    begins = school_id is None
    async with database.writing(request.app.state.engine, school_id or 0, dry_run=dry_run) as connection:
        if school_id is None:
            school_id = await _begin(connection, writer, urn, continued, now)
            await database.enter(connection, school_id)
        caller = Caller(writer, school_id, urn, request.app.state.engine, request)
        head = await append.lock(connection, school_id)
        now = caller.now()
        effective_from = body.effective_from or now.date()
        standing = await _standing(connection, school_id, effective_from, None)
        # Of a register that stands a URN before the last one is an address, and no fact to turn back to.
        current = urn if begins or standing is None else standing["urn"]
        facts = _facts(body, current, standing, "admin" in writer.scopes)
        if body.continues is not None and standing is not None and not begins:
            await _check_continued(connection, school_id, body.continues, standing["continues"])
        if standing is None and body.effective_from is None:
            effective_from = FROM_THE_BEGINNING
        policy = canonical(body.policy) if body.policy is not None else None
        changes = []
        if standing is None or any(facts[name] != standing[name] for name in facts):
            if standing is not None and effective_from > now.date() and "admin" not in writer.scopes:
                raise _not_yet()
            dated = {**facts, "effective_from": effective_from.isoformat()}
            changes.append(new_change("school-changed", "school", canonical(dated), body.change, now))
        if policy is not None and (standing is None or policy != standing["policy_body"]):
            dated = {"effective_from": effective_from.isoformat(), "policy": body.policy}
            changes.append(new_change("policy-changed", "policy", canonical(dated), body.change, now))
        for change, at in zip(changes, await append_all(connection, caller, head, changes, now), strict=True):
            if change.kind == "school-changed":
                await keep(connection, school_id, at.seq, effective_from, facts)
            elif policy is not None:
                await keep_policy(connection, school_id, at.seq, effective_from, policy)
        return await _shown(connection, caller, None)


def _not_yet() -> Problem:
    # It would state again, for that day, who may read the school, whatever an administrator says until then.
    detail = "What the school is from a day to come is stated by an administrator alone."
    return Problem("reach-fact", detail, (Fault(detail, pointer="#/effective_from"),))


async def keep_urn(connection: Connection, school_id: int, urn: str) -> None:
    """Let a URN stand for a register from now on, and for ever."""
    await _sql.add_urn(connection, urn=urn, school_id=school_id)


async def keep_policy(connection: Connection, school_id: int, seq: int, effective_from: date, body: str) -> None:
    """Write the row that is found again by what a change of the policy said."""
    await _sql.add_policy(connection, school_id=school_id, seq=seq, effective_from=effective_from, body=body)


async def keep(connection: Connection, school_id: int, seq: int, effective_from: date, facts: dict[str, Any]) -> None:
    """Write the row that is found again by what a change of the school said."""
    trust = facts["trust"] or {"uid": None, "name": None}
    closed_on = facts["closed_on"]
    await _sql.add_school_facts(
        connection,
        school_id=school_id,
        seq=seq,
        effective_from=effective_from,
        urn=facts["urn"],
        name=facts["name"],
        phase=facts["phase"],
        age_from=facts["age_range"][0],
        age_to=facts["age_range"][1],
        laestab=facts["laestab"],
        la_code=facts["la_code"],
        trust_uid=trust["uid"],
        trust_name=trust["name"],
        continues=facts["continues"],
        closed_on=None if closed_on is None else date.fromisoformat(closed_on),
    )


async def _standing(connection: Connection, school_id: int, on: date, seq: int | None) -> dict[str, Any] | None:
    """Give the facts and the policy as they stand, or stood at `seq`, those of reach as on a day; None before any."""
    row = await _sql.school(connection, school_id=school_id, on=on, seq=seq)
    if row is None:
        return None
    return {
        "urn": row["urn"],
        "name": row["name"],
        "phase": row["phase"],
        "age_range": [row["age_from"], row["age_to"]],
        "laestab": row["laestab"],
        "la_code": row["la_code"],
        "trust": None if row["trust_uid"] is None else {"uid": row["trust_uid"], "name": row["trust_name"]},
        "continues": row["continues"],
        "closed_on": None if row["closed_on"] is None else row["closed_on"].isoformat(),
        "register": str(row["register_id"]),
        "policy_body": row["policy"],
    }


async def _shown(connection: Connection, caller: Caller, as_at: str | None) -> dict[str, Any]:
    at = await resolve(connection, caller.school_id, as_at, caller.now())
    today = at.instant.astimezone(LONDON).date()
    standing = await _standing(connection, caller.school_id, today, at.seq)
    if standing is None:
        raise Problem("unknown-school", f"There was no school {caller.urn} then.")
    body = standing.pop("policy_body")
    policy = law.DEFAULT if body is None else law.policy_from_body(json.loads(body))
    warnings = [
        {"pointer": pointer(("policy", *warning.member.split("/"))), "detail": warning.detail, "source": warning.source}
        for warning in law.warnings(policy, today)
    ]
    return {
        **standing,
        "policy": None if body is None else json.loads(body),
        "warnings": warnings,
        "as_at": AsAtRead.of(at).model_dump(),
    }


@router.get("/v1/schools/{urn}", summary="Read a school", responses=tells(SchoolRead))
async def get_school(caller: RegisterReader, as_at: AsAtText = None) -> dict[str, Any]:
    """Give the school as it stands or stood, with what law and guidance say otherwise than its policy, or its paper."""
    async with database.reading(caller.engine, caller.school_id) as connection:
        return await _shown(connection, caller, as_at)
