"""A route that is to go says so in every answer, long before: Deprecation (RFC 9745), Sunset (RFC 8594) and Link."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI
from starlette.types import Scope

from kit import routing

NOTICE = timedelta(days=365)
"""From the first answer that says so to the last that is given, at the least: as CHANGELOG.md promises."""
_TOLD = "x-retiring"


def retires(since: datetime, sunset: datetime, successor: str | None = None) -> dict[str, Any]:
    """Say beside what a route refuses that it is deprecated since one instant and gone from another on.

    `@router.get(..., openapi_extra=refuses("unknown-pupil") | retires(since, sunset))`. `successor` is the path of what
    takes its place, whose parameters the route has too. Raises ValueError for a notice that is too short.
    """
    if sunset - since < NOTICE:
        raise ValueError("A route that is to go says so for a year at least.")
    return {
        "deprecated": True,
        _TOLD: {
            "since": since.astimezone(UTC).isoformat(),
            "sunset": sunset.astimezone(UTC).isoformat(),
            "successor": successor,
        },
    }


def announcing(app: FastAPI) -> Callable[[Scope], list[tuple[str, str]]]:
    """Give what names the headers that a request's answer has because its route is to go."""
    some: bool | None = None

    def announced(scope: Scope) -> list[tuple[str, str]]:
        nonlocal some
        if some is None:
            some = any(_told(route) for route in routing.routes(app))
        if not some:
            return []
        asked = (route for route in routing.at(app, scope["path"]) if scope["method"] in (route.methods or ()))
        route = next(asked, None)
        told = None if route is None else _told(route)
        return [] if route is None or told is None else _headers(told, route.path_regex.match(scope["path"]))

    return announced


def _told(route: Any) -> dict[str, Any] | None:
    told: dict[str, Any] | None = (route.openapi_extra or {}).get(_TOLD)
    return told


def _headers(told: dict[str, Any], asked: Any) -> list[tuple[str, str]]:
    since, sunset = (datetime.fromisoformat(told[name]) for name in ("since", "sunset"))
    links = ['</docs>; rel="deprecation"; type="text/html"']
    if told["successor"] is not None:
        path = told["successor"].format_map({name: quote(value, safe="") for name, value in asked.groupdict().items()})
        links.append(f'<{path}>; rel="successor-version"')
    return [
        ("Deprecation", f"@{since.timestamp():.0f}"),
        ("Sunset", format_datetime(sunset, usegmt=True)),
        *(("Link", link) for link in links),
    ]
