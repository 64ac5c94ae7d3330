"""Killed in the middle of a load: what was acknowledged is there exactly once, and the read models catch up."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from joserfc.jwk import OKPKey

from codes.calendar import calendar_from_body, school_days
from kit.tokens import SCOPES
from ledger import tree
from onebox import clients, database, postgres, services
from tests.support.ports import free_port
from tests.support.postgres import SMALL
from tests.support.school import CALENDAR, POLICY, TEACHER, pupil

pytestmark = pytest.mark.alone

URN = "900301"
CLASSES = [f"{year}{letter}" for year in "3456" for letter in "AB"]
IN_A_CLASS = 15
DAYS = [on for on in school_days(calendar_from_body({**CALENDAR}, "2026-27")) if on < date(2026, 9, 12)]
GIVE_UP = 60.0

Acknowledged = dict[tuple[str, str, str], int]
"""Position by date, session and pupil, as the replies said."""


class House:
    """The database and both services as processes that can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {"register-api": free_port(), "analytics-worker": free_port()}
        self.key = folder / "signing-key.json"
        postgres.write_private(self.key, OKPKey.generate_key("Ed25519").as_dict(private=True))
        self.server = postgres.start(folder, SMALL)
        database.migrate(self.server.url)
        self.roles = {
            "register-api": asyncio.run(database.admit(self.server.url, database.REGISTER)),
            "analytics-worker": asyncio.run(database.admit(self.server.url, database.ANALYTICS)),
        }
        self.running: dict[str, services.Service] = {}
        self.start_service("register-api")

    def start_service(self, name: str) -> None:
        settings = {
            "ROLLBOOK_DATABASE_URL": self.roles[name],
            "ROLLBOOK_PUBLIC_URL": "http://rollbook.test",
            "ROLLBOOK_SIGNING_KEY": str(self.key),
        }
        app = f"{name.replace('-', '_')}.app:create_app"
        self.running[name] = services.start(name, app, self.ports[name], self.folder / f"{name}.log", settings)
        services.await_ready(self.running[name])

    def kill_service(self, name: str) -> None:
        process = self.running[name].process
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

    def kill_server(self) -> None:
        os.kill(self.server.pid, signal.SIGKILL)

    def start_server(self) -> None:
        killed = self.server
        self.server = postgres.start(self.folder, SMALL)
        assert self.server.port == killed.port
        if killed.process is not None:
            killed.process.wait()

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def stop(self) -> None:
        services.stop(list(self.running.values()))
        postgres.stop(self.server)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Give a running house, stopped at the end."""
    built = House(tmp_path)
    yield built
    built.stop()


async def bearer(house: House) -> dict[str, str]:
    client = await clients.add(house.server.url, "A MIS", sorted(SCOPES), "national", [])
    async with httpx.AsyncClient(base_url=house.url("register-api")) as http:
        answer = await http.post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(client["client_id"], client["client_secret"]),
        )
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def set_up(http: httpx.AsyncClient) -> None:
    school = {"name": "Invented Juniors", "phase": "primary", "age_range": [7, 11], "policy": POLICY, "la_code": "931"}
    roll = [
        pupil(id=f"{class_}-{n}", **{"class": class_, "year_group": class_[0]})
        for class_ in CLASSES
        for n in range(IN_A_CLASS)
    ]
    for answer in (
        await http.put(f"/v1/schools/{URN}", json=school),
        await http.put(f"/v1/schools/{URN}/calendar/2026-27", json=CALENDAR),
        await http.post(f"/v1/schools/{URN}/pupils", json={"pupils": roll}),
    ):
        assert answer.status_code == 200, answer.text


async def send(http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> Any:
    """Post until it is answered, as a MIS does that heeds 503 and lost replies."""
    async with asyncio.timeout(GIVE_UP):
        while True:
            try:
                answer = await http.post(path, json=body)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code == 200:
                return answer.json()
            assert answer is None or answer.status_code == 503, answer.text
            await asyncio.sleep(0.1)


async def registers(http: httpx.AsyncClient, acknowledged: Acknowledged) -> AsyncIterator[None]:
    """Post every class register of every session in order, and note what the replies promised."""
    for on in DAYS:
        for session, code in (("AM", "/"), ("PM", "\\")):
            for class_ in CLASSES:
                marks = [{"pupil": f"{class_}-{n}", "code": code} for n in range(IN_A_CLASS)]
                path = f"/v1/schools/{URN}/registers/{on}/{session}/marks"
                answer = await send(http, path, {"made_by": TEACHER, "marks": marks})
                for outcome in answer["outcomes"]:
                    assert outcome["outcome"] in ("entered", "unchanged"), outcome
                    acknowledged[on.isoformat(), session, outcome["pupil"]] = outcome["seq"]
                yield


async def entries(url: str) -> Acknowledged:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            "SELECT e.session_date, e.session, i.id, e.seq, e.version FROM ledger.event e "
            "JOIN register.pupil_id i USING (school_id, pupil_no)"
        )
    finally:
        await connection.close()
    assert {row["version"] for row in rows} == {1}
    found = {(row["session_date"].isoformat(), row["session"], row["id"]): row["seq"] for row in rows}
    assert len(found) == len(rows)
    return found


async def assert_whole(http: httpx.AsyncClient, url: str) -> None:
    """Assert that the stream is gapless and hashes to the root of its head."""
    frontier, size = b"", 0
    while True:
        answer = await http.get(f"/v1/schools/{URN}/events", params={"after": size, "limit": 10_000})
        leaves = answer.content.splitlines()
        if not leaves:
            break
        frontier, size = tree.extend(frontier, size, leaves)
    connection = await asyncpg.connect(url)
    try:
        head = await connection.fetchrow("SELECT seq, root FROM ledger.head")
    finally:
        await connection.close()
    assert head is not None
    assert (head["seq"], head["root"]) == (size, tree.root(frontier))


async def caught_up(http: httpx.AsyncClient) -> Any:
    """Wait until the read models have everything, and give the school's attendance."""
    async with asyncio.timeout(GIVE_UP):
        while True:
            answer = await http.get(
                f"/v1/schools/{URN}/attendance", params={"from": DAYS[0].isoformat(), "to": DAYS[-1].isoformat()}
            )
            if answer.status_code == 200 and answer.json()["as_of"]["behind"] == 0:
                return answer.json()
            await asyncio.sleep(0.1)


def test_a_server_and_services_killed_in_the_middle_of_a_load_lose_nothing_acknowledged(house: House) -> None:
    house.start_service("analytics-worker")

    async def journey() -> None:
        headers = await bearer(house)
        acknowledged: Acknowledged = {}
        async with (
            httpx.AsyncClient(base_url=house.url("register-api"), headers=headers, timeout=10) as mis,
            httpx.AsyncClient(base_url=house.url("analytics-worker"), headers=headers, timeout=10) as authority,
        ):
            await set_up(mis)
            posted = 0
            async for _ in registers(mis, acknowledged):
                posted += 1
                if posted == 20:
                    house.kill_server()
                    await asyncio.to_thread(house.start_server)
                elif posted == 45:
                    house.kill_service("register-api")
                    await asyncio.to_thread(house.start_service, "register-api")
                elif posted == 60:
                    house.kill_service("analytics-worker")
                    await asyncio.to_thread(house.start_service, "analytics-worker")
            assert await entries(house.server.url) == acknowledged
            assert len(acknowledged) == len(DAYS) * 2 * len(CLASSES) * IN_A_CLASS
            await assert_whole(mis, house.server.url)
            attendance = await caught_up(authority)
        assert attendance["possible_sessions"] == attendance["present_sessions"] == len(acknowledged)
        assert attendance["codes"] == {"/": len(acknowledged) // 2, "\\": len(acknowledged) // 2}

    asyncio.run(journey())


def test_a_server_killed_while_requests_are_under_way_answers_no_lie(house: House) -> None:
    async def journey() -> None:
        headers = await bearer(house)
        acknowledged: Acknowledged = {}
        async with httpx.AsyncClient(base_url=house.url("register-api"), headers=headers, timeout=10) as mis:
            await set_up(mis)

            half_way = asyncio.Event()

            async def one_class(class_: str) -> None:
                for on in DAYS:
                    for session, code in (("AM", "/"), ("PM", "\\")):
                        marks = [{"pupil": f"{class_}-{n}", "code": code} for n in range(IN_A_CLASS)]
                        path = f"/v1/schools/{URN}/registers/{on}/{session}/marks"
                        for outcome in (await send(mis, path, {"made_by": TEACHER, "marks": marks}))["outcomes"]:
                            acknowledged[on.isoformat(), session, outcome["pupil"]] = outcome["seq"]
                        if len(acknowledged) > 200:
                            half_way.set()

            async def trouble() -> None:
                await half_way.wait()
                house.kill_server()
                await asyncio.to_thread(house.start_server)

            await asyncio.gather(trouble(), *(one_class(class_) for class_ in CLASSES))
            assert await entries(house.server.url) == acknowledged
            await assert_whole(mis, house.server.url)

    asyncio.run(journey())
