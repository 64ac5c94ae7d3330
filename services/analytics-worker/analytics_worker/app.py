"""The analytics worker as an application: the projector beside it, and its rooms."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI
from pydantic import Field

from analytics_worker import (
    across,
    acts,
    alerts,
    alerts_of_many,
    areas,
    attendance,
    behind,
    daily,
    days,
    national_daily,
    notices,
    passed_on,
    pooled,
    projector,
    published,
)
from codes.suppression import SMALLEST_SHOWN
from kit import service
from kit.settings import Settings

PUBLIC = frozenset({"/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"})
"""The routes that need no token; every other route says who may call it."""

ABOUT = """What follows from the attendance registers of schools in England: figures by the DfE's names and arithmetic,
alerts, and an authority's daily file with everything restated since. All of it can be made again from the registers."""


class WorkerSettings(Settings):
    """Settings of the analytics worker."""

    poll_seconds: float = 0.5
    """How long the projector rests when nothing was waiting."""
    smallest_cell: Annotated[int, Field(ge=SMALLEST_SHOWN)] = SMALLEST_SHOWN
    """Fewer pupils than this are not shown to readers who may not see pupils."""


async def _detail(app: FastAPI) -> dict[str, Any]:
    """Say how the projection fares: a school that stands still makes the others no less ready."""
    return asdict(await projector.faring(app.state.engine, app.state.clock()))


@asynccontextmanager
async def _projecting(app: FastAPI) -> AsyncIterator[None]:
    state = app.state
    projecting = asyncio.create_task(
        projector.run(state.engine, state.clock, state.settings.poll_seconds, state.counted)
    )
    try:
        yield
    finally:
        projecting.cancel()
        with suppress(asyncio.CancelledError):
            await projecting


def create_app(settings: WorkerSettings | None = None, now: service.Clock = service.clock) -> FastAPI:
    """Give the application; settings come from the environment unless given, and `now` is the clock."""
    app = service.create(
        "Rollbook analytics API",
        settings or WorkerSettings.model_validate({}),
        name="analytics-worker",
        about=ABOUT,
        work=_projecting,
        detail=_detail,
        now=now,
        examples=Path(__file__).with_name("examples.json"),
    )
    figures = (attendance, behind, daily, pooled, areas, national_daily, published)
    rooms = (alerts, alerts_of_many, across, passed_on, acts, notices, days, *figures)
    for room in rooms:
        app.include_router(room.router)
    return app
