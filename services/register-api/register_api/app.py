"""The register API as an application: its rooms, its key, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from kit import service
from kit.settings import IssuerSettings
from register_api import (
    amendments,
    audit_totals,
    calendars,
    checkpointer,
    checkpoints,
    differences,
    evidence,
    exports,
    facts,
    issuer,
    late_entries,
    marks,
    reads,
    redactions,
    reference,
    registers,
    roll,
    roll_changes,
    sandbox,
    sandboxes,
    schools,
    stream,
)

PUBLIC = frozenset(
    {"/healthz", "/readyz", "/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"}
    | {"/oauth/token", "/v1/codes", "/problems/{slug}", "/v1/sandbox"}
    | {"/v1/checkpoints", "/v1/checkpoints/keys", "/v1/checkpoints/proofs", "/v1/checkpoints/{size}"}
)
"""The routes that need no token; every other route says who may call it."""


@asynccontextmanager
async def _working(app: FastAPI) -> AsyncIterator[None]:
    app.state.memory = facts.Memory()
    app.state.signing_key = await issuer.load_key(app.state.engine, app.state.settings)
    app.state.checkpointer = await checkpointer.configured(app.state.engine, app.state.clock, app.state.settings)
    signing = None if app.state.checkpointer is None else asyncio.create_task(checkpointer.run(app.state.checkpointer))
    # Switched off or not: those that were begun before go when they are over.
    forgetting = asyncio.create_task(sandboxes.run(app.state.engine, app.state.clock))
    try:
        yield
    finally:
        await sandboxes.stop(forgetting)
        if signing is not None:
            await checkpointer.stop(signing)


async def _detail(app: FastAPI) -> dict[str, Any]:
    """Say how the checkpoints fare: what cannot be signed can be served all the same."""
    working: checkpointer.Checkpointer | None = app.state.checkpointer
    return {} if working is None else await checkpointer.faring(working)


def create_app(settings: IssuerSettings | None = None, now: service.Clock = service.clock) -> FastAPI:
    """Give the application; settings come from the environment unless given, and `now` is the clock."""
    app = service.create(
        "Rollbook register API",
        settings or IssuerSettings.model_validate({}),
        name="register-api",
        work=_working,
        detail=_detail,
        now=now,
    )
    # Routes are tried in this order: what is called most comes first.
    for room in (
        marks,
        amendments,
        registers,
        issuer,
        schools,
        calendars,
        roll,
        differences,
        audit_totals,
        evidence,
        late_entries,
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
