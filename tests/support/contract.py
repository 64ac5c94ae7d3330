"""The OpenAPI documents of both services, and every answer that a test's client sees held against them."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import httpx
import jsonschema_rs
from starlette.routing import compile_path

from analytics_worker.app import WorkerSettings
from analytics_worker.app import create_app as analytics
from kit.settings import IssuerSettings
from register_api.app import create_app as register

Operation = dict[str, Any]


@cache
def documents() -> tuple[dict[str, Any], ...]:
    """Give the document of the register API and that of the analytics API."""
    settings: Any = {"database_url": "postgresql://nowhere", "signing_key": None}
    return (
        register(IssuerSettings.model_construct(**settings)).openapi(),
        analytics(WorkerSettings.model_construct(**settings)).openapi(),
    )


def operations() -> Iterator[tuple[str, Operation]]:
    """Give every operation of both services with its method and path."""
    for document in documents():
        for path, methods in document["paths"].items():
            for method, each in methods.items():
                yield f"{method.upper()} {path}", each


@cache
def _addresses() -> tuple[tuple[re.Pattern[str], dict[str, Operation], dict[str, Any]], ...]:
    # The addresses without a parameter first, as the router has them: /v1/checkpoints/keys is no size.
    paths = [(path, methods, document) for document in documents() for path, methods in document["paths"].items()]
    ordered = sorted(paths, key=lambda each: "{" in each[0])
    return tuple((compile_path(path)[0], methods, document) for path, methods, document in ordered)


def _asked(request: httpx.Request) -> tuple[Operation, dict[str, Any]] | None:
    for pattern, methods, document in _addresses():
        if pattern.match(request.url.path):
            found = methods.get("get" if request.method == "HEAD" else request.method.lower())
            return None if found is None else (found, document)
    return None


# Made before any test runs: it takes a second or more, in which a service in the same loop would stand still.
documents()
_validators: dict[tuple[str, int], Any] = {}


def faults(operation: Operation, document: dict[str, Any], status: int, body: Any) -> list[str]:
    """Give where an answer as JSON is not what the operation's schema says."""
    key = (operation["operationId"], status)
    if key not in _validators:
        schema = operation["responses"][str(status)]["content"]["application/json"]["schema"]
        whole = {**schema, "components": document["components"]}
        _validators[key] = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
    return [f"{fault.instance_path}: {fault.message}" for fault in _validators[key].iter_errors(body)]


async def holds(answer: httpx.Response) -> None:
    """Fail where an answer is not documented; a hook of the tests' clients, which see every answer through it."""
    asked = _asked(answer.request)
    if asked is None or answer.request.method in ("HEAD", "OPTIONS") or answer.status_code == 304:
        return
    operation, document = asked
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if kind == "application/problem+json":
        is_documented(answer.request, (await answer.aread(), answer.json())[1]["code"])
        return
    documented = operation["responses"].get(str(answer.status_code), {}).get("content", {})
    assert kind in documented, f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {kind}"
    if kind == "application/json":
        await answer.aread()
        body = answer.json()
        wrong = faults(operation, document, answer.status_code, body)
        assert not wrong, f"{answer.request.method} {answer.request.url.path}: {wrong[:3]}"
        outcomes = body.get("outcomes", ())
        refused = {each["problem"]["code"] for each in outcomes if "problem" in each}
        undocumented = refused - set(operation.get("x-item-problems", ()))
        assert not undocumented, f"{answer.request.url.path} does not say that it refuses items as {undocumented}"


def is_documented(request: httpx.Request, code: str) -> None:
    """Fail where an operation answers with a problem that its document does not name."""
    asked = _asked(request)
    if asked is not None and code != "not-found":
        where = f"{request.method} {request.url.path}"
        assert code in asked[0]["x-problems"], f"{where} does not say that it refuses {code}"


HELD: Any = {"response": [holds]}
"""The hooks of a client whose every answer must be documented: `httpx.AsyncClient(event_hooks=HELD)`."""
