"""Bulk history over HTTP: what is taken, what is flagged, what is refused and where, and that it may be sent again."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest

from tests.support.office import Office, calling, open_office
from tests.support.services import Register

DAY = "2026-09-04"
BY = {"name": "A. Teacher", "position": "Class teacher"}
NDJSON = "application/x-ndjson"
CSV = "text/csv; charset=utf-8"


def mark(pupil_: str, code: str = "/", **other: Any) -> dict[str, Any]:
    made = {"made_at": f"{DAY}T09:00:00+01:00", "made_by": BY}
    return {"kind": "mark", "pupil": pupil_, "date": DAY, "session": "AM", "code": code, **made, **other}


def amendment(pupil_: str, original: str, amended: str, **other: Any) -> dict[str, Any]:
    said = {"original_entry": original, "amended_entry": amended, "reason": "Mother telephoned"}
    made = {"made_at": f"{DAY}T10:00:00+01:00", "made_by": BY}
    return {"kind": "amendment", "pupil": pupil_, "date": DAY, "session": "AM", **said, **made, **other}


def lines(*items: Mapping[str, Any]) -> bytes:
    return b"".join(json.dumps(item).encode() + b"\n" for item in items)


@pytest.fixture(scope="module")
async def http(register: Register) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(register) as calls:
        yield calls


@pytest.fixture(scope="module")
async def school(http: httpx.AsyncClient, admin: httpx.AsyncClient, register: Register) -> Office:
    office = await open_office(admin, register.database, "900501", pupils=80)
    return Office(http, office.urn, office.database, office.unused)


async def send(school: Office, body: bytes, kind: str = NDJSON, **params: str) -> httpx.Response:
    return await school.http.post(school.path("/history"), content=body, headers={"Content-Type": kind}, params=params)


async def taken(school: Office, body: bytes, kind: str = NDJSON, **params: str) -> Any:
    answer = await send(school, body, kind, **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_marks_and_amendments_of_a_file_come_in_with_their_own_dates_and_people(school: Office) -> None:
    one, two = school.pupil(), school.pupil()
    body = lines(
        mark(one, "N"), mark(two), amendment(one, "N", "I"), amendment(one, "I", "O", made_at=f"{DAY}T11:00:00Z")
    )
    answer = await taken(school, body)
    assert {name: answer[name] for name in ("entered", "amended", "unchanged", "refused")} == {
        "entered": 2, "amended": 2, "unchanged": 0, "refused": 0,
    }  # fmt: skip
    assert (answer["flagged"], answer["outcomes"]) == ({}, [])
    again = await taken(school, body)
    assert (again["entered"], again["amended"], again["unchanged"], again["refused"]) == (0, 0, 4, 0)
    assert again["seq"] == answer["seq"]
    await school.stream()
