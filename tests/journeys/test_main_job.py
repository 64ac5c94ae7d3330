"""The main job, end to end: one mark from a MIS to the authority's file, amended, audited and pulled again."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import httpx
import pytest

from analytics_worker.app import WorkerSettings
from analytics_worker.app import create_app as create_worker
from tests.support.postgres import Database
from tests.support.school import OFFICE, amendment, marks, set_up
from tests.support.services import Clock, Register, register_api, serving

URN = "900201"
AFTER_SCHOOL = "2026-09-07T16:00:00+01:00"
DAILY = "/v1/local-authorities/931/daily"


@pytest.fixture(scope="module")
async def register(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Register]:
    """Give a running register API on the afternoon of a Monday in September."""
    clock = Clock(datetime.fromisoformat(AFTER_SCHOOL))
    async with register_api(database, tmp_path_factory.mktemp("register"), clock) as running:
        yield running


@asynccontextmanager
async def worker(register: Register) -> AsyncIterator[str]:
    """Run the analytics worker on the same database and by the same clock."""
    settings = WorkerSettings(database_url=register.database.analytics_url, poll_seconds=0.05)
    async with serving(create_worker(settings, register.clock)) as address:
        yield address


async def caught_up(http: httpx.AsyncClient, seq: int) -> None:
    """Wait until the read models have reached a position."""
    async with asyncio.timeout(30):
        while True:
            answer = await http.get(f"/v1/schools/{URN}/attendance", params={"from": "2026-09-07", "to": "2026-09-07"})
            assert answer.status_code == 200, answer.text
            if answer.json()["as_of"]["seq"] >= seq:
                return
            await asyncio.sleep(0.02)


def rows(answer: httpx.Response) -> dict[tuple[str, str], dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return {(row["pupil"], row["session"]): row for row in csv.DictReader(io.StringIO(answer.text))}


async def test_a_mark_is_entered_amended_audited_and_pulled_by_the_authority(register: Register) -> None:
    async with (
        register.client(("roll:write", "register:read", "admin")) as admin,
        register.client(("marks:write", "amendments:write", "register:read"), "schools", (URN,)) as mis,
        register.client(("audit:read", "register:read"), "schools", (URN,)) as auditor,
        register.client(("attendance:read", "alerts:read"), "authority", ("931",)) as authority,
        register.client(("attendance:read",), "authority", ("919",)) as neighbour,
        worker(register) as analytics,
    ):
        authority.base_url = neighbour.base_url = httpx.URL(analytics)
        first, second, third = await set_up(admin, URN, pupils=3)

        entered = await mis.post(
            f"/v1/schools/{URN}/registers/2026-09-07/AM/marks", json=marks((first, "/"), (second, "N"))
        )
        assert entered.status_code == 200, entered.text
        await caught_up(authority, entered.json()["seq"])
        day = await authority.get(DAILY, params={"date": "2026-09-07", "format": "csv"})
        pulled = rows(day)
        assert pulled[first, "AM"]["code"] == "/"
        assert (pulled[second, "AM"]["code"], pulled[second, "AM"]["unauthorised"]) == ("N", "1")
        assert pulled[third, "AM"]["state"] == "missing", "a silent school never reads as full attendance"
        position = day.headers["rollbook-changed-after"]

        amended = await mis.post(f"/v1/schools/{URN}/amendments", json=amendment(second, "N", "I"))
        assert amended.json()["amended"] == 1, amended.text
        await caught_up(authority, amended.json()["seq"])
        restated = await authority.get(DAILY, params={"changed_after": position, "format": "csv"})
        assert list(rows(restated)) == [(second, "AM")]
        row = rows(restated)[second, "AM"]
        assert (row["code"], row["first_entry"], row["version"]) == ("I", "N", "2")
        assert (row["authorised"], row["unauthorised"]) == ("1", "0")

        audit: dict[str, Any] = (await auditor.get(f"/v1/schools/{URN}/amendments")).json()
        (found,) = audit["items"]
        assert found["pupil"] == second
        assert (found["original_entry"], found["amended_entry"], found["first_entry"]) == ("N", "I", "N")
        assert found["reason"] == "Parent telephoned at 09:40: sickness"
        assert found["made_by"] == OFFICE
        assert found["made_at"] == "2026-09-07T15:00:00.000000Z"

        attendance = await authority.get(
            f"/v1/schools/{URN}/pupils/{second}/attendance", params={"from": "2026-09-07", "to": "2026-09-07"}
        )
        figures = attendance.json()
        assert (figures["possible_sessions"], figures["authorised_absence"]) == (1, 1)

        assert (await neighbour.get(DAILY)).status_code == 404
        assert (await neighbour.get(f"/v1/schools/{URN}/attendance")).status_code == 404


async def test_both_services_answer_on_one_public_address_without_meeting(register: Register) -> None:
    async with worker(register) as analytics, httpx.AsyncClient() as http:
        theirs = set((await http.get(f"{analytics}/openapi.json")).json()["paths"])
        ours = set((await http.get(f"{register.address}/openapi.json")).json()["paths"])
    assert theirs & ours == {"/healthz", "/readyz", "/metrics"}
