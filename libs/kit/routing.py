"""The routes of an application, wherever they were included."""

from collections.abc import Iterator
from typing import Any

from fastapi.routing import APIRoute


def routes(holder: Any) -> Iterator[APIRoute]:
    """Give every route below an application or a router, those of included routers too."""
    for route in holder.routes:
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "original_router"):
            yield from routes(route.original_router)


def at(holder: Any, path: str) -> Iterator[APIRoute]:
    """Give the routes at an address, in the order in which they are tried."""
    return (route for route in routes(holder) if route.path_regex.match(path))
