"""The OpenAPI document of a service: what FastAPI knows of the routes, and who may call them, and how they refuse.

Most refusals follow from a route's form: one that takes a token may lack it, one with a body may be sent no JSON. A
route names the others itself, `openapi_extra=refuses("sessions-marked")`, and the tests hold what is answered to that.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue, models_json_schema
from starlette.requests import Request
from starlette.responses import Response

from kit.catalogue import CATALOGUE
from kit.fields import Absent
from kit.formats import MEDIA, Format
from kit.problems import MEDIA_TYPE
from kit.routing import routes
from kit.tokens import SCOPES, authenticate

_EVER = ("invalid-parameter", "unknown-parameter", "not-acceptable", "busy", "database-away", "internal-error")
_WITH_TOKEN = ("token-required", "invalid-token", "rate-limited")
_WITH_BODY = ("malformed-json", "invalid-request", "unsupported-media-type", "too-large", "too-slow")
_BY_PARAMETER = {
    "urn": "unknown-school",
    "la_code": "unknown-authority",
    "uid": "unknown-trust",
    "region_code": "unknown-region",
    "as_at": "as-at-in-future",
    "cursor": "invalid-cursor",
}
_RETIRING_SENT = {
    "Deprecation": "Since when the route is deprecated: `@` and seconds since 1970 (RFC 9745).",
    "Sunset": "When it is gone (RFC 8594).",
    "Link": "Where it is said (`rel=deprecation`), and what takes its place (`rel=successor-version`).",
}
_WITH_TOKEN_SENT = {
    "RateLimit": "What is left of the client's requests of this minute, and seconds until it begins anew.",
    "RateLimit-Policy": "How many requests a minute a client has.",
}


class Fault(BaseModel):
    """Where a fault lies."""

    pointer: Annotated[str | Absent, Field(description="Where in the body (RFC 6901).")] = None
    parameter: Annotated[str | Absent, Field(description="Which parameter of path or query.")] = None
    detail: str


class Problem(BaseModel):
    """A refusal (RFC 9457). A type has further members of its own."""

    model_config = ConfigDict(extra="allow")

    type: Annotated[str, Field(description="The address of the type's page.", examples=["/problems/busy"])]
    code: Annotated[str, Field(description="The last part of the type: the word to act upon.", examples=["busy"])]
    title: str
    status: int
    detail: Annotated[str, Field(description="What was wrong this time, for people.")]
    errors: list[Fault] | Absent = None


@dataclass(frozen=True, slots=True)
class Described:
    """Describes a plain value by a model, without what validating it would take: `Annotated[dict[str, Any], ...]`."""

    model: type[BaseModel]

    def __get_pydantic_json_schema__(self, _: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Give the model's schema."""
        return handler(self.model.__pydantic_core_schema__)


ItemProblem = Annotated[dict[str, Any], Described(Problem)]
"""Why one item of a request was refused."""


def refuses(*slugs: str, items: Iterable[str] = ()) -> dict[str, Any]:
    """Say which problems of the catalogue a route answers with beside those that follow from its form.

    `items` are those by which it refuses one item of a request, inside an answer to the whole.
    """
    of_items = sorted(items)
    return {"x-problems": list(slugs), **({"x-item-problems": of_items} if of_items else {})}


def tells(model: Any) -> dict[int | str, dict[str, Any]]:
    """Say what a route answers that gives plain values, `responses=tells(RegisterRead)`; it describes, no more."""
    return {200: {"model": model}}


def describe(app: FastAPI, about: str, examples: Path | None = None) -> None:
    """Make `app` describe itself with `about` as its own words; made once, when it is first asked for.

    `examples` is a file of JSON with an answer to each operation, by its name, as the tests have got it.
    """

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = _document(app, about)
            _exemplify(document, {} if examples is None else json.loads(examples.read_text()))
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
    _serve(app)


def _serve(app: FastAPI) -> None:
    """Serve the document in place of the framework, beside the loop: it takes a second, in which others are served."""
    making: asyncio.Future[bytes] | None = None

    async def served(_: Request) -> Response:
        nonlocal making
        if making is None:
            making = asyncio.ensure_future(asyncio.to_thread(lambda: json.dumps(app.openapi()).encode()))
        # Who hangs up ends the waiting, and not the making.
        return Response(await asyncio.shield(making), media_type="application/json")

    assert app.openapi_url is not None
    app.router.routes[:] = [route for route in app.router.routes if getattr(route, "path", None) != app.openapi_url]
    app.add_route(app.openapi_url, served, include_in_schema=False)


def gates(route: APIRoute) -> list[Any]:
    """Give what a route depends on that asks for a token."""
    return [call for call in _dependencies(route.dependant) if call is authenticate or hasattr(call, "scope")]


def _dependencies(dependant: Dependant) -> Iterator[Any]:
    for inner in dependant.dependencies:
        yield inner.call
        yield from _dependencies(inner)


def _document(app: FastAPI, about: str) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, description=about, routes=app.routes)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    ref = "#/components/schemas/{model}"
    schemas.update(models_json_schema([(Problem, "serialization")], ref_template=ref)[1]["$defs"])
    for schema in schemas.values():
        _settle(schema)
    flow = {"tokenUrl": "/oauth/token", "scopes": {scope: scope.replace(":", ": ") for scope in sorted(SCOPES)}}
    document["components"]["securitySchemes"] = {"oauth": {"type": "oauth2", "flows": {"clientCredentials": flow}}}
    for route in routes(app):
        for method in route.methods or ():
            operation = document["paths"][route.path_format].get(method.lower())
            if operation is not None:
                _complete(operation, route)
                if route.response_model_exclude_none:
                    _leave_nulls_out(operation["responses"]["200"]["content"], schemas, set())
    return document


def _exemplify(document: dict[str, Any], examples: dict[str, Any]) -> None:
    for methods in document["paths"].values():
        for operation in methods.values():
            answer = next(each for status, each in operation["responses"].items() if status[0] == "2")
            if operation["operationId"] in examples:
                next(iter(answer["content"].values()))["example"] = examples[operation["operationId"]]


def _settle(schema: Any) -> None:
    """Take away the default null of members that are never null, but left out."""
    for member in schema.get("properties", {}).values():
        if "default" in member and member["default"] is None:
            del member["default"]


def _leave_nulls_out(part: Any, schemas: dict[str, Any], seen: set[str]) -> None:
    """Say of everything below an answer that leaves its nulls out that nothing in it is null, but may be missing."""
    if isinstance(part, list):
        for each in part:
            _leave_nulls_out(each, schemas, seen)
    elif isinstance(part, dict):
        for name, member in part.get("properties", {}).items():
            kinds = [each for each in member.get("anyOf", ()) if each != {"type": "null"}]
            if len(kinds) < len(member.get("anyOf", ())):
                del member["anyOf"]
                member.update(kinds[0] if len(kinds) == 1 else {"anyOf": kinds})
                part["required"] = [each for each in part["required"] if each != name]
        for each in part.values():
            _leave_nulls_out(each, schemas, seen)
        name = part.get("$ref", "").rpartition("/")[2]
        if name and name not in seen:
            seen.add(name)
            _leave_nulls_out(schemas[name], schemas, seen)


def _complete(operation: dict[str, Any], route: APIRoute) -> None:
    asking = gates(route)
    scopes = [call.scope for call in asking if hasattr(call, "scope")]
    others = [[call.otherwise] for call in asking if getattr(call, "otherwise", None) is not None]
    operation["security"] = [{"oauth": each} for each in (scopes, *others)] if asking else []
    operation["responses"].pop("422", None)
    slugs = dict.fromkeys([*_of_its_form(operation, bool(asking), bool(scopes)), *operation.get("x-problems", ())])
    operation["x-problems"] = sorted(slugs)
    by_status: defaultdict[int, list[str]] = defaultdict(list)
    for slug in sorted(slugs):
        by_status[CATALOGUE[slug].status].append(slug)
    for status, found in sorted(by_status.items()):
        operation["responses"][str(status)] = {
            "description": "; ".join(f"`{slug}`: {CATALOGUE[slug].title}" for slug in found),
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    for status, answer in operation["responses"].items():
        if status[0] == "2":
            _complete_answer(operation, answer, bool(asking))
        if operation.get("deprecated"):
            _tell(answer, _RETIRING_SENT)


def _tell(answer: dict[str, Any], headers: dict[str, str]) -> None:
    told = {name: {"description": what, "schema": {"type": "string"}} for name, what in headers.items()}
    answer.setdefault("headers", {}).update(told)


def _complete_answer(operation: dict[str, Any], answer: dict[str, Any], has_token: bool) -> None:
    names = {parameter["name"] for parameter in operation.get("parameters", ())}
    content = answer.get("content", {})
    headers = dict(_WITH_TOKEN_SENT if has_token else {})
    if "application/json" in content:
        schema = content["application/json"]["schema"]
        # The model alone: beside it stands what plain values are to the framework.
        content["application/json"]["schema"] = {name: schema[name] for name in ("$ref", "anyOf") if name in schema}
        if "format" in names:
            content |= {kind: {"schema": {"type": "string"}} for kind in ("text/csv", "application/x-ndjson")}
            content[MEDIA[Format.PARQUET]] = {"schema": {"type": "string", "format": "binary"}}
        if "cursor" in names:
            headers["Link"] = "The next page, `rel=next` (RFC 8288)."
    if headers:
        _tell(answer, headers)


def _of_its_form(operation: dict[str, Any], has_token: bool, has_scope: bool) -> Iterator[str]:
    yield from _EVER
    if has_token:
        yield from _WITH_TOKEN
    if has_scope:
        yield "scope-required"
    if "requestBody" in operation:
        yield from _WITH_BODY
    for parameter in operation.get("parameters", ()):
        if parameter["name"] in _BY_PARAMETER:
            yield _BY_PARAMETER[parameter["name"]]
