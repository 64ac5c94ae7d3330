"""Lists as every route gives them: `items` and `next`, a cursor that keeps the position of page one, a `Link`."""

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import Query, Request, Response

from kit.problems import Fault, Problem

DEFAULT_LIMIT = 100
MOST = 1_000

Limit = Annotated[int, Query(ge=1, le=MOST, description="How many items a page holds at the most.")]
CursorText = Annotated[str | None, Query(description="`next` of the page before.")]


def cursor(position: dict[str, Any]) -> str:
    """Write a position as an opaque cursor."""
    return base64.urlsafe_b64encode(json.dumps(position, separators=(",", ":")).encode()).decode().rstrip("=")


def position(text: str | None, members: frozenset[str]) -> dict[str, Any] | None:
    """Read a cursor that holds exactly `members`; None without one; raise `invalid-cursor`."""
    if text is None:
        return None
    try:
        read = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if isinstance(read, dict) and read.keys() == members:
            return read
    except (binascii.Error, ValueError):
        pass
    raise not_ours()


def not_ours() -> Problem:
    """Give the refusal of a cursor that cannot be read."""
    return Problem("invalid-cursor", "The cursor cannot be read.", (Fault("Not one of ours.", parameter="cursor"),))


def numbers(text: str | None, members: frozenset[str]) -> dict[str, int] | None:
    """Read a cursor whose members are all positions in a stream or numbers of pupils, as `position` does."""
    read = position(text, members)
    if read is not None and not all(type(value) is int and 0 <= value < 2**63 for value in read.values()):
        raise not_ours()
    return read


def day(ordinal: int) -> date:
    """Read a day that a cursor holds as its ordinal; raise `invalid-cursor`."""
    try:
        return date.fromordinal(ordinal)
    except (ValueError, OverflowError) as caught:
        raise not_ours() from caught


def page(
    request: Request, response: Response, items: Sequence[Any], next_position: dict[str, Any] | None
) -> dict[str, Any]:
    """Give the members `items` and `next`, and set the `Link` header where there is a next page (RFC 8288)."""
    following = cursor(next_position) if next_position is not None else None
    if following is not None:
        response.headers["Link"] = f'<{request.url.include_query_params(cursor=following)}>; rel="next"'
    return {"items": list(items), "next": following}
