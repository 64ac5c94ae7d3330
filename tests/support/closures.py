"""Closures as a school's office makes and reads them."""

from collections.abc import Callable, Coroutine
from typing import Any

import httpx

from tests.support.office import MONDAY, Office
from tests.support.school import OFFICE

Opening = Callable[..., Coroutine[Any, Any, Office]]
"""Opens a school of its own: how many pupils, what time it is then, and what is said of the school."""
HEAD = {"name": "H. Teacher", "position": "Head teacher"}


def at(day: str, session: str) -> dict[str, str]:
    return {"date": day, "session": session}


def body(code: str, first: tuple[str, str], last: tuple[str, str] | None = None, **other: Any) -> dict[str, Any]:
    closed = {"code": code, "from": at(*first), "to": at(*(last or first))}
    return {**closed, "reason": "The boiler failed", "made_by": HEAD, **other}


async def close(office: Office, *closure: Any, params: Any = None, **other: Any) -> Any:
    """Close sessions, which must be answered, and give the answer."""
    answer = await office.http.post(office.path("/closures"), json=body(*closure, **other), params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def reverse(office: Office, id_: str, **other: Any) -> httpx.Response:
    said = {"reason": "It was open after all", "made_by": OFFICE, **other}
    return await office.http.post(office.path(f"/closures/{id_}/reversals"), json=said)


def states(closure: Any) -> dict[tuple[str, str], str]:
    return {(each["date"], each["session"]): each["state"] for each in closure["sessions"]}


async def codes(office: Office, day: str = MONDAY, session: str = "AM") -> dict[str, str]:
    """Give the entries that stand in a session, by pupil."""
    items = (await office.get(f"/registers/{day}/{session}"))["items"]
    return {item["pupil"]: item["entry"]["code"] for item in items if item["entry"] is not None}
