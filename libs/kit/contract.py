"""The OpenAPI document of a service: what FastAPI knows of the routes, and who may call them, and how they refuse.

Most refusals follow from a route's form: one that takes a token may lack it, one with a body may be sent no JSON. A
route names the others itself, `openapi_extra=refuses("sessions-marked")`, and the tests hold what is answered to that.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from kit.catalogue import CATALOGUE
from kit.problems import MEDIA_TYPE
from kit.tokens import SCOPES, authenticate

_EVER = ("invalid-parameter", "unknown-parameter", "not-acceptable", "busy", "database-away", "internal-error")
_WITH_TOKEN = ("token-required", "invalid-token", "rate-limited")
_WITH_BODY = ("malformed-json", "invalid-request", "unsupported-media-type", "too-large", "too-slow")
_BY_PARAMETER = {
    "urn": "unknown-school",
    "la_code": "unknown-authority",
    "as_at": "as-at-in-future",
    "cursor": "invalid-cursor",
}
_HEADERS = {
    "RateLimit": "What is left of the client's requests of this minute, and seconds until it begins anew.",
    "RateLimit-Policy": "How many requests a minute a client has.",
}

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "A refusal (RFC 9457). A type has further members of its own.",
    "required": ["type", "code", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "description": "The address of the type's page.", "examples": ["/problems/busy"]},
        "code": {
            "type": "string",
            "description": "The last part of the type: the word to act upon.",
            "examples": ["busy"],
        },
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What was wrong this time, for people."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "Where in the body (RFC 6901)."},
                    "parameter": {"type": "string", "description": "Which parameter of path or query."},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


def refuses(*slugs: str) -> dict[str, Any]:
    """Say which problems of the catalogue a route answers with beside those that follow from its form."""
    return {"x-problems": list(slugs)}


def describe(app: FastAPI, about: str) -> None:
    """Make `app` describe itself with `about` as its own words; made once, when it is first asked for."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, about)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def routes(holder: Any) -> Iterator[APIRoute]:
    """Give every route below an application or a router, those of included routers too."""
    for route in holder.routes:
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "original_router"):
            yield from routes(route.original_router)


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
    schemas["Problem"] = PROBLEM
    flow = {"tokenUrl": "/oauth/token", "scopes": {scope: scope.replace(":", ": ") for scope in sorted(SCOPES)}}
    document["components"]["securitySchemes"] = {"oauth": {"type": "oauth2", "flows": {"clientCredentials": flow}}}
    for route in routes(app):
        for method in route.methods or ():
            operation = document["paths"][route.path_format].get(method.lower())
            if operation is not None:
                _complete(operation, route)
    return document


def _complete(operation: dict[str, Any], route: APIRoute) -> None:
    asking = gates(route)
    scopes = [call.scope for call in asking if hasattr(call, "scope")]
    operation["security"] = [{"oauth": scopes}] if asking else []
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
    if asking:
        for status, answer in operation["responses"].items():
            if status[0] == "2":
                headers = {name: {"description": what, "schema": {"type": "string"}} for name, what in _HEADERS.items()}
                answer.setdefault("headers", {}).update(headers)


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
