"""Sandboxes: a school of one's own in one call, to try everything on, gone after a day. Off unless switched on."""

import hashlib
import json
import math
import secrets
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from codes.calendar import academic_year
from kit import database
from kit.contract import refuses
from kit.database import Connection
from kit.fields import Body, Utc, written
from kit.problems import Problem
from kit.schools import Caller, london_now
from kit.tokens import Identity, Reach, issue
from ledger import append
from ledger.append import NewChange
from ledger.incoming import Said
from ledger.leaf import canonical
from register_api import sandbox_school, sandboxes
from register_api.admission import PupilItem, entry_after
from register_api.calendars import PutCalendar
from register_api.changes import append_all, new_change
from register_api.derived import Derived
from register_api.schools import FROM_THE_BEGINNING, REACH_FACTS, PutSchool

router = APIRouter(tags=["sandbox"])
_sql = database.statements(__file__)

LIFETIME = timedelta(days=1)
SCOPES = (
    *("alerts:read", "amendments:write", "attendance:read", "audit:read", "evidence:read", "history:write"),
    *("marks:write", "register:read", "roll:write"),
)
"""What a MIS, an auditor and a school's reader need; nothing that administers."""
_TEACHER = {"name": "A. Newcomer", "position": "Class teacher"}
_OFFICE = {"name": "B. Osierthorpe", "position": "Attendance officer"}


class PostSandbox(Body, json_schema_extra={"examples": [{"phase": "primary"}]}):
    """What kind of school it is to be."""

    phase: sandbox_school.Phase = "primary"


class SandboxClient(Body):
    """The client that reaches the sandbox. Its secret is shown once."""

    client_id: str
    client_secret: str
    scopes: list[str]


class NextRequest(Body):
    """A request that is ready to be sent as it stands, within the half hour that its token lives."""

    what: str
    method: Literal["GET", "POST"]
    url: str
    headers: dict[str, str]
    body: Annotated[str | None, Field(description="The body to the letter, or null.")]


class Sandbox(Body):
    """A school of one's own until an instant: its year, its pupils, its client, and what to try first."""

    urn: str
    name: str
    until: Utc
    academic_year: str
    pupils: list[str]
    client: SandboxClient
    token_url: str
    next: list[NextRequest]


async def _switched_on(request: Request) -> None:
    if not request.app.state.settings.sandbox:
        raise Problem("not-found", "There is nothing at this address.")


@router.post(
    "/v1/sandbox",
    status_code=201,
    summary="Begin a sandbox",
    dependencies=[Depends(_switched_on)],
    openapi_extra=refuses("not-found", "sandbox-full"),
)
async def post_sandbox(request: Request, response: Response, body: PostSandbox | None = None) -> Sandbox:
    """Give an invented school with a calendar, thirty pupils and a client; a day later all of it is gone.

    Off by default: then there is nothing at this address. It needs no token. The client reaches this school alone, and
    nobody else does. No checkpoint covers a sandbox, so what asks for one is answered `not-sealed`. As many stand at
    once as there may be: `sandbox-full`.
    """
    state = request.app.state
    phase = PostSandbox().phase if body is None else body.phase
    now = london_now(request)
    secret = secrets.token_urlsafe(32)
    caller, calendar, pupils = await _begin(request, phase, secret, now)
    response.headers["Cache-Control"] = "no-store"
    public: str = state.settings.public_url
    bearer = issue(caller.identity, state.signing_key, public, now.timestamp())
    first = sandbox_school.last_begun(calendar, now)
    return Sandbox(
        urn=caller.urn,
        name=sandbox_school.school(phase, caller.urn).name,
        until=written(_until(now)),
        academic_year=academic_year(now.date()),
        pupils=[pupil.id for pupil in pupils],
        client=SandboxClient(client_id=caller.identity.client_id, client_secret=secret, scopes=list(SCOPES)),
        token_url=f"{public}/oauth/token",
        next=_next(f"{public}/v1/schools/{caller.urn}", bearer, first, pupils),
    )


def _until(now: datetime) -> datetime:
    """Give the instant at which a sandbox that is begun now is over: a day of 24 hours, whatever the clocks do."""
    return now.astimezone(UTC) + LIFETIME


async def _begin(
    request: Request, phase: sandbox_school.Phase, secret: str, now: datetime
) -> tuple[Caller, PutCalendar, Sequence[PupilItem]]:
    """Begin a sandbox in one transaction, so that all of it stands or nothing does; raise `sandbox-full`."""
    engine = request.app.state.engine
    client_id = f"sandbox-{secrets.token_hex(8)}"
    # School 0 is nobody's: the transaction turns to the school once it has a number.
    async with database.writing(engine, 0) as connection:
        begun = await _sql.begin(
            connection,
            client_id=client_id,
            secret_sha256=hashlib.sha256(secret.encode()).digest(),
            scopes=list(SCOPES),
            begun_at=now,
            until=_until(now),
            most=request.app.state.settings.sandbox_most,
        )
        if begun is None:
            raise await _full(connection, now)
        school_id, urn = begun
        identity = Identity(client_id, frozenset(SCOPES), Reach("schools", frozenset({urn})))
        caller = Caller(identity, school_id, urn, engine, request)
        calendar = sandbox_school.calendar(now.date())
        pupils = sandbox_school.pupils(phase, calendar)
        await _write(connection, caller, _changes(urn, sandbox_school.school(phase, urn), calendar, pupils, now), now)
    return caller, calendar, pupils


async def _full(connection: Connection, now: datetime) -> Problem:
    first_over: datetime | None = await _sql.first_over(connection)
    wait = timedelta(0) if first_over is None else first_over + sandboxes.SETTLED - now
    # It goes with the first round that finds it over.
    seconds = max(0, math.ceil(wait.total_seconds())) + int(sandboxes.POLL_SECONDS)
    return Problem("sandbox-full", "No more can be begun for now.", headers={"Retry-After": str(seconds)})


def _changes(
    urn: str, school: PutSchool, calendar: PutCalendar, pupils: Sequence[PupilItem], now: datetime
) -> list[NewChange]:
    """Give the changes that the school's MIS would have made by setting it up, in that order."""
    since = FROM_THE_BEGINNING.isoformat()
    facts = {"urn": urn, "name": school.name, "phase": school.phase, "age_range": school.age_range}
    year = academic_year(date.fromisoformat(calendar.terms[0].starts))
    said: list[tuple[str, str, dict[str, Any]]] = [
        ("school-changed", "school", {**facts, **dict.fromkeys(REACH_FACTS), "effective_from": since}),
        ("policy-changed", "policy", {"effective_from": since, "policy": school.policy}),
        ("calendar-changed", f"calendar:{year}", sandbox_school.said(calendar)),
    ]
    for no, pupil in enumerate(pupils, 1):
        dated = {"id": pupil.id, "effective_from": pupil.starting_day.isoformat()}
        said.append(("roll-changed", f"pupil:{no}", {**entry_after(pupil, None), **dated}))
    return [new_change(kind, subject, canonical(body), None, now) for kind, subject, body in said]


async def _write(connection: Connection, caller: Caller, changes: Sequence[NewChange], now: datetime) -> None:
    """Append the changes, and keep the rows that follow from them."""
    await database.enter(connection, caller.school_id)
    head = await append.lock(connection, caller.school_id)
    recorded = await append_all(connection, caller, head, changes, now)
    said = [
        Said(at.seq, change.kind, change.subject, change.body) for change, at in zip(changes, recorded, strict=True)
    ]
    await Derived().keep(connection, caller.school_id, said)


def _next(school: str, bearer: str, on: date, pupils: Sequence[PupilItem]) -> list[NextRequest]:
    """Give what to try first: the morning's register of a class, an amendment of it, and the audit of that."""
    mine = [pupil.id for pupil in pupils if pupil.class_ == pupils[0].class_]
    marks = [{"pupil": id_, "code": "N" if id_ == mine[-1] else "/"} for id_ in mine]
    amendment = {
        "pupil": mine[-1],
        "date": on.isoformat(),
        "session": "AM",
        "original_entry": "N",
        "amended_entry": "I",
        "reason": "A parent telephoned: ill",
    }
    asked: list[tuple[str, Literal["GET", "POST"], str, dict[str, Any] | None]] = [
        (
            "A teacher takes the register of a class",
            "POST",
            f"/registers/{on}/AM/marks",
            {"made_by": _TEACHER, "marks": marks},
        ),
        ("The office amends an entry", "POST", "/amendments", {"made_by": _OFFICE, "amendments": [amendment]}),
        ("An auditor asks who amended what, and why", "GET", "/amendments", None),
    ]
    return [
        NextRequest(
            what=what,
            method=method,
            url=school + path,
            headers={"Authorization": f"Bearer {bearer}"}
            | ({} if body is None else {"Content-Type": "application/json"}),
            body=None if body is None else json.dumps(body),
        )
        for what, method, path, body in asked
    ]
