"""What holds at every address: names, dates, methods, problems, health, and the document that describes them."""

from typing import Any

import httpx
import pytest

from kit import lists
from kit.catalogue import CATALOGUE
from tests.support.office import MONDAY, Office, refusal
from tests.support.services import Register


@pytest.mark.parametrize(
    "path",
    [
        f"/registers/{MONDAY}/AM?form=csv",
        f"/registers/{MONDAY}/AM?classes=4B",
        "/amendments?form=csv",
        "/amendments?reasons=sick",
        "/pupils?page=2",
        "/events?since=1",
        "?as_of=seq:1",
    ],
)
async def test_a_parameter_that_the_route_does_not_know_is_refused(office: Office, path: str) -> None:
    name = path.partition("?")[2].partition("=")[0]
    refusal(await office.http.get(office.path(path)), "unknown-parameter", at=name)


@pytest.mark.parametrize(
    "day",
    [
        "2026-9-7",
        "07-09-2026",
        "20260907",
        "2026-W37-1",
        "2026-02-30",
        "2026-09-07T00:00:00",
        "today",
        "\u0662\u0660\u0662\u0666-09-07",
    ],
)
async def test_a_date_has_one_form(office: Office, day: str) -> None:
    refusal(await office.http.get(office.register(day)), "invalid-parameter", at="date")
    refusal(await office.http.get(office.path("/pupils"), params={"on": day}), "invalid-parameter", at="on")


@pytest.mark.parametrize("session", ["am", "A", "EVE"])
async def test_a_session_is_am_or_pm(office: Office, session: str) -> None:
    refusal(await office.http.get(office.register(session=session)), "invalid-parameter", at="session")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/amendments", "made_by_id"),
        ("/amendments", "lag_min"),
        ("/amendments", "limit"),
        ("/events", "after"),
        ("/events", "limit"),
        ("/pupils", "limit"),
        ("/late-entries", "late_min"),
        ("/roll-changes", "made_by_id"),
    ],
)
@pytest.mark.parametrize("number", ["-1", "1.5", "x", str(2**40), str(2**64), "9" * 5_000])
async def test_a_number_that_cannot_be_is_refused(office: Office, path: str, name: str, number: str) -> None:
    answer = await office.http.get(office.path(path), params={name: number})
    if (name, number) == ("after", str(2**40)):
        assert (answer.status_code, answer.content) == (200, b"")
    else:
        refusal(answer, "invalid-parameter", at=name)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/amendments", "pupil"),
        ("/amendments", "client"),
        ("/amendments", "original_entry"),
        ("/amendments", "reason"),
        ("/late-entries", "code"),
        ("/roll-changes", "member"),
        ("/pupils", "class"),
        (f"/registers/{MONDAY}/AM", "class"),
        (f"/registers/{MONDAY}/AM", "as_at"),
    ],
)
async def test_a_null_byte_in_a_parameter_is_refused(office: Office, path: str, name: str) -> None:
    answer = await office.http.get(f"{office.path(path)}?{name}=a%00b")
    body = refusal(answer, "invalid-parameter", at=name)
    assert "\0" not in body["detail"]


async def test_a_null_byte_in_an_address_is_nothing_that_exists(office: Office) -> None:
    refusal(await office.http.get("/v1/schools/90%000101"), "not-found")
    refusal(await office.http.get(office.path("/calendar/2026%00-27")), "not-found")


@pytest.mark.parametrize("first", ["0001-01-01", "1899-12-31"])
@pytest.mark.parametrize("last", ["9999-12-31", "2201-01-01"])
async def test_dates_at_the_ends_of_time_are_refused_and_do_no_harm(office: Office, first: str, last: str) -> None:
    for path in ("/amendments", "/late-entries", "/pupils/p-001/marks"):
        for name, day in (("from", first), ("to", last)):
            answer = await office.http.get(office.path(path), params={name: day})
            refusal(answer, "invalid-parameter", at=name)
    for name in ("made_to", "recorded_to"):
        answer = await office.http.get(office.path("/amendments"), params={name: last})
        refusal(answer, "invalid-parameter", at=name)
    for day in (first, last):
        refusal(await office.http.get(office.register(day)), "invalid-parameter", at="date")


@pytest.mark.parametrize(
    "cursor", ["x", "!!!", "bnVsbA", "eyJzZXEiOjF9", "eyJzZXEiOiJ4IiwiYmVmb3JlIjoieSJ9", "é", "A" * 5_000]
)
async def test_a_cursor_that_is_not_ours_is_refused(office: Office, cursor: str) -> None:
    for path in ("/amendments", "/pupils", "/late-entries", "/roll-changes"):
        answer = await office.http.get(office.path(path), params={"cursor": cursor})
        refusal(answer, "invalid-cursor", at="cursor")


@pytest.mark.parametrize("on", [0, 3_652_060, 2**62])
async def test_a_cursor_of_a_day_that_never_was_is_refused(office: Office, on: int) -> None:
    cursor = lists.cursor({"seq": 1, "after": 0, "on": on})
    refusal(await office.http.get(office.path("/pupils"), params={"cursor": cursor}), "invalid-cursor", at="cursor")


async def test_a_method_that_the_address_does_not_know_is_told_which_it_knows(office: Office) -> None:
    answer = await office.http.delete(office.path("/amendments"))
    refusal(answer, "method-not-allowed")
    assert set(answer.headers["allow"].replace(" ", "").split(",")) >= {"GET", "POST"}
    answer = await office.http.patch(office.path("/pupils/p-001"), json={})
    refusal(answer, "method-not-allowed")


@pytest.mark.parametrize("path", ["/", "/v1", "/v2/schools/900101", "/v1/schools", "/v1/schools/900101/marks"])
async def test_an_address_of_nothing_is_not_found(office: Office, path: str) -> None:
    refusal(await office.http.get(path), "not-found")


async def test_every_type_of_problem_is_explained_at_its_own_address(register: Register) -> None:
    async with httpx.AsyncClient(base_url=register.address, verify=False) as http:
        for slug, kind in CATALOGUE.items():
            body = (await http.get(f"/problems/{slug}")).json()
            assert body == {"code": slug, "title": kind.title, "status": kind.status, "remedy": kind.remedy}


async def test_a_type_of_problem_that_there_is_not_is_not_found(office: Office) -> None:
    refusal(await office.http.get("/problems/no-such-problem"), "not-found")


async def test_the_codes_of_a_date_are_those_of_its_edition(register: Register) -> None:
    async with httpx.AsyncClient(base_url=register.address, verify=False) as http:
        now, then = [(await http.get("/v1/codes", params=on)).json() for on in ({}, {"on": "2023-11-06"})]
    assert now["on"] == MONDAY
    codes_now, codes_then = ({item["code"] for item in each["items"]} for each in (now, then))
    assert "H" in codes_then - codes_now
    assert "K" in codes_now - codes_then
    assert len(codes_now) == len(now["items"])
    nature = {item["code"] for item in now["items"] if "nature" in item["needs"]}
    assert nature == {"B", "K"}


async def test_every_route_is_described_with_a_summary(register: Register) -> None:
    async with httpx.AsyncClient(base_url=register.address, verify=False) as http:
        document: dict[str, Any] = (await http.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    operations = [each for path in document["paths"].values() for each in path.values()]
    assert len(operations) >= 20
    assert [each["operationId"] for each in operations if not each.get("summary")] == []
    assert [each["operationId"] for each in operations if not each.get("description")] == []


async def test_the_service_is_ready_while_its_clock_is_the_databases(register: Register) -> None:
    async with httpx.AsyncClient(base_url=register.address, verify=False) as http:
        assert (await http.get("/healthz")).json() == {"status": "alive"}
        refusal(await http.get("/readyz"), "busy")
