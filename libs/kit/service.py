"""What every service does the same way: start with a pool, refuse what it does not know, and say how it fares."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.datastructures import DefaultPlaceholder
from fastapi.responses import PlainTextResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Scope

from kit import contract, database, limits, metrics, problems, retiring
from kit.answers import Answers, Packed
from kit.fields import Body
from kit.gate import Gate
from kit.problems import Fault, Problem
from kit.settings import Settings
from kit.tokens import Verifier

MOST_BYTES = 1_048_576
_WORTH_PACKING = 8_192
"""Bytes from which an answer is compressed for those who take it so: the answers to marks are smaller."""
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


def _is_json_alone(route: APIRoute) -> bool:
    return isinstance(route.response_class, DefaultPlaceholder) and "format" not in _known(route)


def _takes_json(accept: str) -> bool:
    """Say whether an Accept lets JSON in, ours or a problem's (RFC 9110 section 12.5.1)."""
    named = [[text.strip().lower() for text in part.split(";")] for part in accept.split(",") if part.strip()]
    wanted = {kind for kind, *parameters in named if not any(re.fullmatch(r"q=0(\.0*)?", each) for each in parameters)}
    return not wanted.isdisjoint({"*/*", "application/*", "application/json", "application/problem+json"})


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
    accept = request.headers.get("accept", "*/*")
    if accept != "*/*" and _is_json_alone(route) and not _takes_json(accept):
        raise Problem("not-acceptable", "Can be had as application/json.")
    if route.body_field is not None and "json" not in request.headers.get("content-type", "application/json"):
        raise Problem("unsupported-media-type", "The body must be application/json.")


def create(
    title: str,
    settings: Settings,
    *,
    name: str,
    about: str,
    work: Work | None = None,
    detail: Detail | None = None,
    now: Clock = clock,
    streamed: Mapping[str, int] = MappingProxyType({}),
    examples: Path | None = None,
) -> FastAPI:
    """Give an application, described by `about`, with its pool, clock, token verifier, problems and health routes.

    `work` runs beside it for its whole life; `detail` says more in the answer of /readyz. `now` stands in for the clock
    in tests. `streamed` has the bytes of bodies that are read as they come, by the end of their address; `examples` is
    a file with an answer to each operation.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = database.connect(settings.database_url, name=name, pool_size=settings.pool_size)
        app.state.engine, app.state.clock, app.state.settings, app.state.detail = engine, now, settings, detail
        app.state.verifier, app.state.numbers = Verifier(engine, settings.public_url), {}
        app.state.rates = limits.Rates(settings.requests_a_minute)
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
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.answered, app.state.counted = Counter(), Counter()
    contract.describe(app, about, examples)
    announced = retiring.announcing(app)

    def extra(scope: Scope) -> list[tuple[str, str]]:
        return limits.earned(scope) + announced(scope)

    # From the inside out: what comes in, what every answer has, who may read it in a browser, how it travels.
    app.add_middleware(Gate, most_bytes=MOST_BYTES, streamed=streamed)
    app.add_middleware(Answers, secure=settings.public_url.startswith("https:"), extra=extra, counts=app.state.answered)
    if origins := settings.cors_origins.split():
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "HEAD", "POST", "PUT"],
            allow_headers=["Authorization", "Content-Type", "If-None-Match", "Prefer", "Rollbook-Read-By"],
            expose_headers=[
                *("Deprecation", "ETag", "Link", "RateLimit", "RateLimit-Policy", "Retry-After", "Rollbook-As-At"),
                "Sunset",
            ],
        )
    app.add_middleware(Packed, minimum_size=_WORTH_PACKING, compresslevel=4)
    problems.install(app)
    app.include_router(_health)
    return app


def engine_of(request: Request) -> AsyncEngine:
    """Give the pool of the application that answers `request`."""
    engine: AsyncEngine = request.app.state.engine
    return engine


_health = APIRouter(tags=["operations"])


class Alive(Body):
    """The process is alive."""

    status: Literal["alive"]


class Ready(BaseModel):
    """The service can serve; the other members say how what runs beside it fares (docs/operations.md)."""

    model_config = ConfigDict(extra="allow")

    status: Literal["ready"]


@_health.get("/healthz", summary="Is the process alive?", responses=contract.tells(Alive))
async def healthz() -> dict[str, str]:
    """Answer without looking at anything."""
    return {"status": "alive"}


@_health.get("/readyz", summary="Can it serve?", responses=contract.tells(Ready))
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


@_health.get(
    "/metrics",
    name="metrics",
    summary="How much has it done, and how does it fare?",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/plain": {"example": "rollbook_ready 1\n"}}}},
)
async def measured(request: Request) -> PlainTextResponse:
    """Give what was counted since the process began, and the numbers of /readyz, in the text format of Prometheus.

    It holds counts alone, of all schools together. While it is not ready `rollbook_ready` is 0, and they are missing.
    """
    state = request.app.state
    try:
        said = {"ready": int(bool(ready := await readyz(request))), **ready}
    except Exception:
        # Whatever stands in the way, /readyz says it; what was counted can be told all the same.
        said = {"ready": 0}
    return PlainTextResponse(metrics.text(state.answered, state.counted, said), media_type=metrics.MEDIA_TYPE)
