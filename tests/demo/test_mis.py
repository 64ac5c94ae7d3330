"""The MIS of the demonstration: patient with a busy register, and at home in a real one."""

from collections.abc import AsyncIterator
from datetime import date, datetime
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from onebox.demo import mis, world
from onebox.demo.acts import Amended
from onebox.demo.play import MIS_SCOPES
from onebox.demo.schools import SCHOOLS
from tests.demo.conftest import LONDON
from tests.support.postgres import Database
from tests.support.services import Clock, add_client, register_api, serving, token

NOW = datetime(2026, 9, 8, 12, 0, tzinfo=LONDON)
VILLAGE = next(school for school in SCHOOLS if school.urn == "900007")
CREDENTIALS = {"client_id": "mis", "client_secret": "secret"}


class Stub:
    """A register that says what it is told to say, one status after the other, and then 200."""

    def __init__(self) -> None:
        self.app = FastAPI()
        self.statuses: list[int] = []
        self.lives = 1800
        self.tokens = 0
        self.app.post("/oauth/token")(self.token)
        self.app.get("/anything")(self.anything)

    async def token(self) -> dict[str, object]:
        self.tokens += 1
        return {"access_token": f"t{self.tokens}", "token_type": "Bearer", "expires_in": self.lives}

    async def anything(self, request: Request) -> JSONResponse:
        status = self.statuses.pop(0) if self.statuses else 200
        return JSONResponse({"bearer": request.headers["authorization"]}, status, headers={"Retry-After": "0"})


@pytest.fixture
async def stub() -> Stub:
    return Stub()


@pytest.fixture
async def client(stub: Stub) -> AsyncIterator[mis.Mis]:
    async with serving(stub.app) as address, httpx.AsyncClient(base_url=address) as http:
        yield mis.Mis(http, CREDENTIALS)


async def test_a_busy_register_is_asked_again_when_it_says(stub: Stub, client: mis.Mis) -> None:
    stub.statuses = [503, 429]
    assert await client.send("GET", "/anything") == {"bearer": "Bearer t1"}
    assert (client.sent.requests, client.sent.retries) == (3, 2)


async def test_a_token_is_kept_until_shortly_before_its_end(stub: Stub, client: mis.Mis) -> None:
    await client.send("GET", "/anything")
    await client.send("GET", "/anything")
    assert stub.tokens == 1
    stub.lives = int(mis.REFRESH_BEFORE) - 1
    stub.statuses = [401]
    assert await client.send("GET", "/anything") == {"bearer": "Bearer t2"}
    assert await client.send("GET", "/anything") == {"bearer": "Bearer t3"}


async def test_a_refusal_of_the_whole_request_is_said_with_its_words(stub: Stub, client: mis.Mis) -> None:
    stub.statuses = [422]
    with pytest.raises(mis.Refused, match="GET /anything: 422"):
        await client.send("GET", "/anything")


async def test_a_real_register_takes_a_school_over_the_turn_of_the_year_and_a_second_time_changes_nothing(
    database: Database, tmp_path: Path
) -> None:
    shown = world.SchoolWorld(VILLAGE, date(2026, 7, 16), NOW, world.SEED, False)
    amended = sum(len(act.amendments) for year in shown.years for act in shown.acts(year) if isinstance(act, Amended))
    async with register_api(database, tmp_path, Clock(NOW)) as register:
        async with register.client(("admin", "roll:write")) as admin:
            (await admin.put(f"/v1/schools/{VILLAGE.urn}", json=VILLAGE.body())).raise_for_status()
        client_id, secret = await add_client(database, MIS_SCOPES, "schools", [VILLAGE.urn])
        credentials = {"client_id": client_id, "client_secret": secret}
        bearer = {"Authorization": f"Bearer {await token(register.address, (client_id, secret))}"}
        async with httpx.AsyncClient(base_url=register.address, timeout=30) as http:
            first, second = mis.Mis(http, credentials), mis.Mis(http, credentials)
            bars: list[int] = []
            await mis.keep_school(first, shown, lambda urn, marks: bars.append(marks))
            head = (await http.get(f"/v1/schools/{VILLAGE.urn}", headers=bearer)).json()["as_at"]["seq"]
            await mis.keep_school(second, shown, lambda urn, marks: None)
            again = (await http.get(f"/v1/schools/{VILLAGE.urn}", headers=bearer)).json()["as_at"]["seq"]
            path = f"/v1/schools/{VILLAGE.urn}/amendments?limit=1000"
            audit = (await http.get(path, headers=bearer)).json()
    assert first.sent.refused == {}
    assert (first.sent.entered, first.sent.amended) == (sum(bars), amended)
    assert second.sent.refused == {}
    assert (second.sent.entered, second.sent.amended) == (0, 0)
    assert second.sent.unchanged == sum(bars) + amended
    assert again == head
    assert len(audit["items"]) == amended > 0
    assert {item["made_by"]["position"] for item in audit["items"]} == {"Attendance officer"}
    assert all(item["reason"] for item in audit["items"])
