"""The list of who looked: narrowed by every filter, page by page while reads arrive, of one school alone."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.support.office import Office, calling, open_office, refusal
from tests.support.services import Register


async def listed(office: Office, **params: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await office.get("/reads", **params))["items"]
    return items


async def look(office: Office, path: str, **request: Any) -> httpx.Response:
    answer = await office.http.get(office.path(path), **request)
    assert answer.status_code == 200, answer.text
    return answer


@pytest.fixture(scope="module")
async def looked(register: Register, admin: httpx.AsyncClient) -> tuple[Office, str]:
    """Give a school that was read on two days by two clients, and the second client."""
    office = await open_office(admin, register.database, "900152", pupils=3)
    register.clock.set("2026-09-08T23:59:58+01:00")
    await look(office, "/pupils/p-001")
    register.clock.set("2026-09-09T00:00:00+01:00")
    await look(office, "/pupils/p-002")
    register.clock.set("2026-09-09T12:00:00+01:00")
    await look(office, "/events")
    async with calling(register, ("register:read",)) as other:
        register.clock.set("2026-09-09T12:00:01+01:00")
        assert (await other.get(office.path("/pupils/p-001/marks"))).status_code == 200
    return office, (await listed(office, limit=1))[0]["client"]


ALL = [("pupil-marks", "p-001"), ("events", None), ("pupil", "p-002"), ("pupil", "p-001")]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, ALL),
        ({"pupil": "p-001"}, [ALL[0], ALL[3]]),
        ({"pupil": ["p-001", "p-002"]}, [ALL[0], ALL[2], ALL[3]]),
        ({"pupil": "p-003"}, []),
        ({"pupil": "p-999"}, []),
        ({"from": "2026-09-09"}, ALL[:3]),
        ({"to": "2026-09-08"}, ALL[3:]),
        ({"from": "2026-09-08", "to": "2026-09-08"}, ALL[3:]),
        ({"from": "2026-09-10"}, []),
        ({"pupil": "p-001", "to": "2026-09-08"}, ALL[3:]),
        ({"client": "nobody"}, []),
    ],
)
async def test_every_filter_narrows_the_list(
    looked: tuple[Office, str], params: dict[str, Any], expected: list[Any]
) -> None:
    office, _ = looked
    assert [(row["what"], row["pupil"]) for row in await listed(office, **params)] == expected


async def test_the_list_can_be_of_one_client_or_several(looked: tuple[Office, str]) -> None:
    office, other = looked
    ours = {row["client"] for row in await listed(office)} - {other}
    assert [row["what"] for row in await listed(office, client=other)] == ["pupil-marks"]
    assert [row["what"] for row in await listed(office, client=[other, *ours])] == [what for what, _ in ALL]


async def test_pages_go_on_below_the_first_while_reads_arrive(register: Register, admin: httpx.AsyncClient) -> None:
    office = await open_office(admin, register.database, "900153", pupils=6)
    for number in range(1, 6):
        # The last three are of one and the same instant.
        register.clock.now += timedelta(seconds=int(number < 4))
        await look(office, f"/pupils/p-00{number}")
    whole = await listed(office)
    assert {row["pupil"] for row in whole[:3]} == {"p-003", "p-004", "p-005"}
    assert [row["pupil"] for row in whole[3:]] == ["p-002", "p-001"]
    answer = await look(office, "/reads", params={"limit": 2})
    seen = answer.json()["items"]
    register.clock.now += timedelta(seconds=1)
    await look(office, "/pupils/p-006")
    while answer.json()["next"] is not None:
        link = answer.headers["link"]
        assert link.endswith('>; rel="next"')
        answer = await office.http.get(link[1:].partition(">")[0])
        assert answer.status_code == 200
        seen += answer.json()["items"]
    assert seen == whole
    assert (await listed(office, limit=1))[0]["pupil"] == "p-006"
    assert (await office.get("/reads", limit=6))["next"] is None


@pytest.mark.parametrize(
    "cursor", ["x", "é", "eyJhdCI6IngiLCJpZCI6IngifQ", "eyJhdCI6MSwiaWQiOjF9", "eyJzZXEiOjEsImJlZm9yZSI6MX0"]
)
async def test_a_cursor_that_is_not_ours_is_refused(office: Office, cursor: str) -> None:
    refusal(await office.http.get(office.path("/reads"), params={"cursor": cursor}), "invalid-cursor", at="cursor")


@pytest.mark.parametrize(
    ("name", "value"), [("limit", "0"), ("limit", "1001"), ("from", "0001-01-01"), ("to", "today")]
)
async def test_a_filter_that_cannot_be_is_refused(office: Office, name: str, value: str) -> None:
    refusal(await office.http.get(office.path("/reads"), params={name: value}), "invalid-parameter", at=name)


async def test_the_reads_of_one_school_are_not_shown_at_another(
    looked: tuple[Office, str], office: Office, register: Register
) -> None:
    theirs, other = looked
    assert await listed(office, client=other) == []
    async with calling(register, ("audit:read",), "schools", [office.urn]) as http:
        assert (await http.get(office.path("/reads"))).status_code == 200
        refusal(await http.get(theirs.path("/reads")), "unknown-school")
