"""Entering marks over real HTTP: each stands alone, a retry is harmless, and nothing is written ahead or half."""

from typing import Any

import httpx
import pytest

from tests.support.school import TEACHER, set_up

URN = "900101"
AM = f"/v1/schools/{URN}/registers/2026-09-07/AM"


@pytest.fixture(scope="module")
async def pupils(admin: httpx.AsyncClient) -> list[str]:
    return await set_up(admin, URN, pupils=12)


async def post(http: httpx.AsyncClient, body: dict[str, Any], **request: Any) -> Any:
    answer = await http.post(f"{AM}/marks", json=body, **request)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_each_mark_stands_alone_and_is_answered_in_order(admin: httpx.AsyncClient, pupils: list[str]) -> None:
    body = {
        "made_by": TEACHER,
        "made_at": "2026-09-07T08:59:10+01:00",
        "marks": [
            {"pupil": pupils[0], "code": "/"},
            {"pupil": pupils[1], "code": "L", "arrived_at": "08:58"},
            {"pupil": pupils[2], "code": "B"},
        ],
    }
    answer = await post(admin, body)
    assert (answer["entered"], answer["unchanged"], answer["refused"]) == (2, 0, 1)
    first, second, third = answer["outcomes"]
    assert (first["outcome"], second["outcome"], third["outcome"]) == ("entered", "entered", "refused")
    assert second["seq"] == first["seq"] + 1 == answer["seq"]
    assert third["problem"]["code"] == "nature-required"
    assert third["problem"]["status"] == 422
    assert third["problem"]["type"] == "/problems/nature-required"
    assert third["problem"]["errors"][0]["pointer"] == "#/marks/2/nature"
    read = (await admin.get(AM)).json()
    states = {item["pupil"]: item["state"] for item in read["items"]}
    assert states[pupils[0]] == "entered"
    assert states[pupils[2]] == "missing"
    assert read["taken"] == "partial"
    late = next(item["entry"] for item in read["items"] if item["pupil"] == pupils[1])
    assert late["arrived_at"] == "08:58"
    assert late["made_by"] == TEACHER
    assert late["made_at"] == "2026-09-07T07:59:10.000000Z"
