"""Failures as `application/problem+json` (RFC 9457), each of a documented type, with a pointer to the fault."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import asyncpg
from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from kit import routing
from kit.catalogue import CATALOGUE

MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger("rollbook.problems")


@dataclass(frozen=True, slots=True)
class Fault:
    """Where the fault lies: a JSON pointer into the body (`#/marks/2/code`) or the name of a parameter."""

    detail: str
    pointer: str | None = None
    parameter: str | None = None

    def as_json(self) -> dict[str, str]:
        """Give the object that stands in `errors`."""
        named = {"pointer": self.pointer, "parameter": self.parameter, "detail": self.detail}
        return {name: text for name, text in named.items() if text is not None}


@dataclass(eq=False)
class Problem(Exception):
    """A refusal: `code` is a slug of the catalogue; `extra` are further members of the answer."""

    code: str
    detail: str
    errors: tuple[Fault, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Give the problem as RFC 9457 has it, with our `code`, and `errors` where the fault can be pointed at."""
        kind = CATALOGUE[self.code]
        body: dict[str, Any] = {
            "type": f"/problems/{self.code}",
            "code": self.code,
            "title": kind.title,
            "status": kind.status,
            "detail": self.detail,
        }
        if self.errors:
            body["errors"] = [fault.as_json() for fault in self.errors]
        return {**body, **self.extra}

    def as_response(self) -> JSONResponse:
        """Give the answer with its status and headers."""
        return JSONResponse(
            jsonable_encoder(self.as_json()),
            CATALOGUE[self.code].status,
            headers=dict(self.headers),
            media_type=MEDIA_TYPE,
        )


def invalid_parameter(parameter: str, detail: str) -> Problem:
    """Give the refusal of a parameter that cannot be used, named before what is wrong with it."""
    return Problem("invalid-parameter", f"{parameter}: {detail}", (Fault(detail, parameter=parameter),))


def pointer(parts: Iterable[str | int]) -> str:
    """Write a path into the body as a JSON pointer in a URI fragment (RFC 6901 section 6)."""
    return "#" + "".join("/" + _escaped(str(part)) for part in parts)


def _escaped(part: str) -> str:
    return quote(part.replace("~", "~0").replace("/", "~1"), safe="!$&'()*+,;=:@?~", errors="replace")


def fault_of(error: Mapping[str, Any], under: tuple[str | int, ...] = ()) -> Fault:
    """Turn one error of pydantic, found in `under`, into a fault."""
    detail = str(error["msg"]).removeprefix("Value error, ")
    return Fault(detail, pointer=pointer((*under, *error["loc"])))


def _unreadable(_: Request, caught: Exception) -> JSONResponse:
    assert isinstance(caught, RequestValidationError)
    faults = []
    for error in caught.errors():
        where, *rest = error["loc"]
        if error["type"] == "json_invalid":
            at = rest[0] if rest else 0
            return Problem(
                "malformed-json", f"The body is not JSON: {error['ctx']['error']} at character {at}."
            ).as_response()
        if where == "body":
            faults.append(fault_of({**error, "loc": rest}))
        else:
            faults.append(Fault(str(error["msg"]).removeprefix("Value error, "), parameter=str(rest[0])))
    if all(fault.parameter for fault in faults):
        return Problem("invalid-parameter", "A parameter of the request cannot be used.", tuple(faults)).as_response()
    return Problem("invalid-request", "The body does not have the documented form.", tuple(faults)).as_response()


# 400 is the framework's word for a body that no parser got through.
_BY_STATUS = {400: "malformed-json", 404: "not-found", 405: "method-not-allowed", 408: "too-slow", 413: "too-large"}


def _of_the_framework(request: Request, caught: Exception) -> Response:
    assert isinstance(caught, HTTPException)
    if caught.status_code == 405 and request.method == "OPTIONS":
        return Response(status_code=204, headers={"Allow": _methods(request)})
    code = _BY_STATUS.get(caught.status_code, "invalid-request")
    headers = {"Allow": _methods(request)} if caught.status_code == 405 else caught.headers or {}
    return Problem(code, str(caught.detail), headers=headers).as_response()


def _methods(request: Request) -> str:
    """Give every method that the address knows; the framework gives those of its first route."""
    known = {method for route in routing.at(request.app, request.url.path) for method in route.methods or ()}
    known |= {"HEAD"} if "GET" in known else set()
    return ", ".join(sorted({*known, "OPTIONS"}))


def _database_away(_: Request, caught: Exception) -> JSONResponse:
    _log.error("database away: %s", type(caught).__name__)
    return Problem(
        "database-away",
        "The database cannot be reached. What has not been answered may be sent again.",
        headers={"Retry-After": "5"},
    ).as_response()


def _busy(_: Request, caught: Exception) -> JSONResponse:
    _log.warning("busy: %s", type(caught).__name__)
    return Problem("busy", "The register is busy. Send the request again.", headers={"Retry-After": "1"}).as_response()


def install(app: FastAPI) -> None:
    """Make every failure of `app` a problem of the catalogue, the framework's own and the database's included."""
    app.add_exception_handler(Problem, lambda _, caught: caught.as_response())
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(HTTPException, _of_the_framework)
    for away in (
        OSError,
        DBAPIError,
        asyncpg.PostgresConnectionError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,
        asyncpg.CannotConnectNowError,
        asyncpg.OperatorInterventionError,
        asyncpg.InsufficientResourcesError,  # too many connections, no memory, a disk that is full
        asyncpg.ReadOnlySQLTransactionError,  # a standby: the writer is elsewhere
    ):
        app.add_exception_handler(away, _database_away)
    for busy in (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError, asyncpg.DeadlockDetectedError, PoolTimeout):
        app.add_exception_handler(busy, _busy)
