"""The register API as an application: its rooms, its key, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from kit import service
from kit.settings import IssuerSettings
from register_api import (
    adapter,
    adapter_ids,
    amendments,
    audit_totals,
    calendars,
    changed_ids,
    checkpointer,
    checkpoints,
    closed,
    closer,
    closures,
    day,
    differences,
    dual_registrations,
    evidence,
    exports,
    facts,
    history,
    issuer,
    late_entries,
    leave_checks,
    marks,
    planned_absences,
    pupils,
    reads,
    redactions,
    reference,
    registers,
    roll_changes,
    sandbox,
    sandboxes,
    schools,
    stream,
)

PUBLIC = frozenset(
    {"/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"}
    | {"/oauth/token", "/v1/codes", "/v1/deletion-grounds", "/problems/{slug}", "/v1/sandbox"}
    | {"/v1/checkpoints", "/v1/checkpoints/keys", "/v1/checkpoints/proofs", "/v1/checkpoints/{size}"}
)
"""The routes that need no token; every other route says who may call it."""

ABOUT = """The statutory attendance register of schools in England: schools, calendars and the admission register, marks
and amendments, the audit of both, and the proof that nothing was changed. Dates are London's; instants are answered in
UTC. Every refusal is `application/problem+json`, and its type says what it wants of you."""


@asynccontextmanager
async def _working(app: FastAPI) -> AsyncIterator[None]:
    app.state.memory = facts.Memory()
    app.state.signing_key = await issuer.load_key(app.state.engine, app.state.settings)
    app.state.checkpointer = await checkpointer.configured(app.state.engine, app.state.clock, app.state.settings)
    app.state.closer = closer.Closer(app.state.engine, app.state.clock, app.state.settings.closures_poll_seconds)
    # Switched off or not: sandboxes that were begun before go when they are over.
    work = [closer.run(app.state.closer), sandboxes.run(app.state.engine, app.state.clock)]
    if app.state.checkpointer is not None:
        work.append(checkpointer.run(app.state.checkpointer))
    running = [asyncio.create_task(each) for each in work]
    try:
        yield
    finally:
        # What each was at is undone.
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _detail(app: FastAPI) -> dict[str, Any]:
    """Say how closures and checkpoints fare: what cannot be entered or signed can be served all the same."""
    working: checkpointer.Checkpointer | None = app.state.checkpointer
    signed = {} if working is None else await checkpointer.faring(working)
    return {**signed, **await closer.faring(app.state.closer)}


def create_app(settings: IssuerSettings | None = None, now: service.Clock = service.clock) -> FastAPI:
    """Give the application; settings come from the environment unless given, and `now` is the clock."""
    app = service.create(
        "Rollbook register API",
        settings or IssuerSettings.model_validate({}),
        name="register-api",
        about=ABOUT,
        work=_working,
        detail=_detail,
        now=now,
        examples=Path(__file__).with_name("examples.json"),
        streamed={"history": history.MOST_BYTES},
    )
    # Routes are tried in this order: what is called most comes first.
    for room in (
        marks,
        amendments,
        registers,
        issuer,
        schools,
        calendars,
        day,
        planned_absences,
        leave_checks,
        adapter,
        adapter_ids,
        pupils,
        changed_ids,
        closures,
        closed,
        history,
        differences,
        audit_totals,
        evidence,
        late_entries,
        dual_registrations,
        roll_changes,
        stream,
        checkpoints,
        exports,
        reads,
        redactions,
        reference,
        sandbox,
    ):
        app.include_router(room.router)
    return app
