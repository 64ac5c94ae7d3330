"""The OpenAPI documents of both services as the tests hold answers against them."""

import re
from functools import cache
from typing import Any

import httpx
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


@cache
def _operations() -> tuple[tuple[re.Pattern[str], dict[str, Operation]], ...]:
    # The addresses without a parameter first, as the router has them: /v1/checkpoints/keys is no size.
    paths = [each for document in documents() for each in document["paths"].items()]
    return tuple((compile_path(path)[0], methods) for path, methods in sorted(paths, key=lambda each: "{" in each[0]))


def operation(request: httpx.Request) -> Operation | None:
    """Give the operation that a request asks for; None where there is nothing, or not by this method."""
    for pattern, methods in _operations():
        if pattern.match(request.url.path):
            found: Operation | None = methods.get("get" if request.method == "HEAD" else request.method.lower())
            return found
    return None


def is_documented(request: httpx.Request, code: str) -> None:
    """Fail where an operation answers with a problem that its document does not name."""
    asked = operation(request)
    if asked is not None and code != "not-found":
        assert code in asked["x-problems"], f"{request.method} {request.url.path} does not say that it refuses {code}"
