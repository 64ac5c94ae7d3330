"""What every service does the same way: start with a pool, refuse what it does not know, and say how it fares."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine

from kit import database, problems
from kit.gate import Gate
from kit.problems import Fault, Problem
from kit.settings import Settings
from kit.tokens import Verifier

MOST_BYTES = 1_048_576
MOST_CLOCK_SKEW = 1.0
"""Seconds by which the service's clock may differ from the database's before it is not ready."""

_sql = database.statements(__file__)
Clock = Callable[[], datetime]
Work = Callable[[FastAPI], AbstractAsyncContextManager[None]]
Detail = Callable[[FastAPI], Awaitable[Mapping[str, Any]]]


def clock() -> datetime:
    """Give the present instant."""
    return datetime.now(UTC)


def _known(route: APIRoute) -> frozenset[str]:
    """Give the names of the query parameters that a route knows, its dependencies' included."""
    names: set[str] = set()
    waiting = [route.dependant]
    while waiting:
        dependant = waiting.pop()
        waiting += dependant.dependencies
        for field in dependant.query_params:
            kind = field.field_info.annotation
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                names |= {inner.alias or name for name, inner in kind.model_fields.items()}
            else:
                names.add(field.alias)
    return frozenset(names)


async def _strict(request: Request) -> None:
    """Refuse parameters that the route does not know or no text can hold, and a body in a form that is not taken."""
    route = request.scope["route"]
    assert isinstance(route, APIRoute)
    if request.query_params and (unknown := sorted(set(request.query_params) - _known(route))):
        faults = tuple(Fault("Not a parameter of this route.", parameter=name) for name in unknown)
        raise Problem("unknown-parameter", f"Unknown: {', '.join(unknown)}.", faults)
    if any("\0" in value for value in request.path_params.values()):
        raise Problem("not-found", "There is nothing at this address.")
    if null := sorted({name for name, value in request.query_params.multi_items() if "\0" in value}):
        faults = tuple(Fault("A text holds no null byte.", parameter=name) for name in null)
        raise Problem("invalid-parameter", "A parameter of the request cannot be used.", faults)
    if route.body_field is not None and "json" not in request.headers.get("content-type", "application/json"):
        raise Problem("unsupported-media-type", "The body must be application/json.")


def create(
    title: str,
    settings: Settings,
    *,
    name: str,
    work: Work | None = None,
    detail: Detail | None = None,
    now: Clock = clock,
    streamed: Mapping[str, int] = MappingProxyType({}),
) -> FastAPI:
    """Give an application with its pool, clock, token verifier, problems and health routes.

    `work` runs beside it for its whole life; `detail` says more in the answer of /readyz. `now` stands in for the clock
    in tests. `streamed` has the bytes of bodies that are read as they come, by the end of their address.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = database.connect(settings.database_url, name=name, pool_size=settings.pool_size)
        app.state.engine, app.state.clock, app.state.settings, app.state.detail = engine, now, settings, detail
        app.state.verifier, app.state.numbers = Verifier(engine, settings.public_url), {}
        try:
            if work is None:
                yield
            else:
                async with work(app):
                    yield
        finally:
            await engine.dispose()

    app = FastAPI(
        title=title,
        version="1",
        lifespan=lifespan,
        dependencies=[Depends(_strict)],
        strict_content_type=False,
        openapi_url="/openapi.json",
    )
    app.add_middleware(Gate, most_bytes=MOST_BYTES, streamed=streamed)
    problems.install(app)
    app.include_router(_health)
    return app


def engine_of(request: Request) -> AsyncEngine:
    """Give the pool of the application that answers `request`."""
    engine: AsyncEngine = request.app.state.engine
    return engine


_health = APIRouter(tags=["operations"])


@_health.get("/healthz", summary="Is the process alive?")
async def healthz() -> dict[str, str]:
    """Answer without looking at anything."""
    return {"status": "alive"}


@_health.get("/readyz", summary="Can it serve?")
async def readyz(request: Request) -> dict[str, Any]:
    """Ready when the database answers and its clock is ours to within a second; else 503 `database-away` or `busy`."""
    async with database.reading(engine_of(request)) as connection:
        theirs: datetime = await _sql.the_time(connection)
    skew = abs((request.app.state.clock() - theirs).total_seconds())
    if skew > MOST_CLOCK_SKEW:
        differs = f"The clock differs from the database's by {skew:.1f} s."
        raise Problem("busy", differs, headers={"Retry-After": "1"})
    detail: Detail | None = request.app.state.detail
    return {"status": "ready", **({} if detail is None else await detail(request.app))}
