"""A route that is to go says so in whatever it answers, and in the contract; no other route does."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Annotated

import httpx
import pytest
from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import StreamingResponse

from kit import lists, service
from kit.contract import refuses
from kit.problems import Problem
from kit.retiring import retires
from kit.settings import Settings
from tests.support import tree
from tests.support.contract import operations
from tests.support.services import serving

SINCE = datetime(2027, 9, 1, tzinfo=UTC)
SUNSET = datetime(2028, 11, 11, 23, 59, 59, tzinfo=UTC)
OLD = "/v1/schools/{urn}/old"


def app() -> FastAPI:
    """Give an application with two routes that are to go, and some that stay."""
    settings = Settings(database_url="postgresql://nowhere", cors_origins="https://mis.example")
    made = service.create("Retiring", settings, name="retiring", about="Retiring.")

    @made.get(OLD, openapi_extra=refuses("unknown-pupil") | retires(SINCE, SUNSET, "/v1/schools/{urn}/new"))
    async def old(
        urn: str, request: Request, response: Response, limit: Annotated[int, Query(le=9)] = 9
    ) -> dict[str, object]:
        if urn == "000000":
            raise Problem("unknown-pupil", "None.")
        if urn == "000001":
            raise RuntimeError
        return lists.page(request, response, [urn], {"seq": limit})

    @made.put("/v1/old-lines", openapi_extra=refuses() | retires(SINCE, SUNSET))
    async def old_lines(_: dict[str, str]) -> StreamingResponse:
        async def lines() -> AsyncIterator[bytes]:
            yield b"{}\n"

        return StreamingResponse(lines(), media_type="application/x-ndjson")

    @made.post(OLD)
    async def kept() -> dict[str, str]:
        return {}

    @made.get("/v1/schools/{urn}/new")
    async def new(urn: str) -> dict[str, str]:
        return {"urn": urn}

    return made


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with serving(app()) as address, httpx.AsyncClient(base_url=address, verify=False) as client:
        yield client


def links(answer: httpx.Response) -> dict[str | None, str]:
    told = (part for line in answer.headers.get_list("link") for part in line.split(", "))
    return {link.partition('rel="')[2].partition('"')[0]: link.partition("<")[2].partition(">")[0] for link in told}


def says_so(answer: httpx.Response) -> bool:
    if "sunset" not in answer.headers:
        assert "deprecation" not in answer.headers
        return False
    assert answer.headers["deprecation"] == f"@{int(SINCE.timestamp())}"
    assert parsedate_to_datetime(answer.headers["sunset"]) == SUNSET
    assert answer.headers["sunset"] == "Sat, 11 Nov 2028 23:59:59 GMT"
    assert links(answer)["deprecation"] == "/docs"
    return True


async def test_every_answer_of_the_route_says_since_when_until_when_and_what_takes_its_place(
    http: httpx.AsyncClient,
) -> None:
    old = "/v1/schools/100000/old"
    whole = await http.get(old)
    same = await http.get(old, headers={"If-None-Match": whole.headers["etag"]})
    asked = {
        200: whole,
        304: same,
        404: await http.get("/v1/schools/000000/old"),
        406: await http.get(old, headers={"Accept": "text/csv"}),
        422: await http.get(old, params={"limit": 10}),
        500: await http.get("/v1/schools/000001/old"),
    }
    for status, answer in asked.items():
        assert answer.status_code == status
        assert says_so(answer), status
        assert links(answer)["successor-version"] == str(answer.url.path).replace("old", "new")
    assert says_so(await http.head(old))
    assert "cursor=" in links(whole)["next"]
    assert (await http.get(links(whole)["successor-version"])).status_code == 200


async def test_a_stream_says_so_before_its_first_line(http: httpx.AsyncClient) -> None:
    answer = await http.put("/v1/old-lines", json={})
    assert answer.text == "{}\n"
    assert says_so(answer)
    assert links(answer).keys() == {"deprecation"}
    assert says_so(await http.put("/v1/old-lines", content=b"{"))


async def test_what_is_refused_before_it_is_read_says_so() -> None:
    transport = httpx.ASGITransport(app())
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        answer = await http.put("/v1/old-lines", headers={"Content-Length": str(service.MOST_BYTES + 1)})
    assert answer.status_code == 413
    assert says_so(answer)


async def test_no_other_answer_says_so(http: httpx.AsyncClient) -> None:
    for answer in (
        await http.get("/v1/schools/100000/new"),
        await http.post("/v1/schools/100000/old"),
        await http.delete("/v1/schools/100000/old"),
        await http.get("/v1/schools/100000/older"),
        await http.get("/healthz"),
    ):
        assert not says_so(answer)


async def test_a_browser_may_read_what_is_said(http: httpx.AsyncClient) -> None:
    answer = await http.get("/v1/schools/100000/old", headers={"Origin": "https://mis.example"})
    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert {"Deprecation", "Sunset", "Link"} <= set(exposed)


def test_the_contract_says_so() -> None:
    paths = app().openapi()["paths"]
    assert {path for path, methods in paths.items() for each in methods.values() if each.get("deprecated")} == {
        OLD,
        "/v1/old-lines",
    }
    assert "deprecated" not in paths[OLD]["post"]
    for answer in paths[OLD]["get"]["responses"].values():
        assert {"Deprecation", "Sunset", "Link"} <= answer["headers"].keys()


def test_notice_is_given_for_a_year_at_least() -> None:
    with pytest.raises(ValueError, match="a year at least"):
        retires(SINCE, SINCE + timedelta(days=364))


def test_the_page_for_integrators_says_which_routes_are_to_go() -> None:
    going = [name for name, operation in operations() if operation.get("deprecated")]
    page = " ".join((tree.ROOT / "docs" / "integrate.md").read_text("utf-8").split())
    assert ("No operation of either service is deprecated now" in page) == (not going)
    assert all(f"`{name}`" in page for name in going)
