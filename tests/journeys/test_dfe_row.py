"""One whole row of the DfE's file, entered as marks and read back: Herefordshire's special schools of 2025/26."""

import csv
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from analytics_worker import projector
from analytics_worker.app import WorkerSettings
from analytics_worker.app import create_app as analytics
from codes.calendar import school_days
from codes.school import calendar_of
from kit import database as kit_database
from tests.analytics_worker.writing import CALENDAR_BEFORE as CALENDAR
from tests.codes.test_dfe_sample import CODE_RATES, COLUMNS, RATES, SAMPLE, TOTALS, legacy
from tests.support.postgres import Database
from tests.support.school import POLICY, pupil, put
from tests.support.services import EVERY_SCOPE, Clock, register_api, serving

ROW = next(
    row
    for row in csv.DictReader(SAMPLE.read_text(encoding="utf-8").splitlines())
    if (row["old_la_code"], row["education_phase"]) == ("884", "Special")
)
URN, PUPILS, DAYS = "900981", 348, 181
MOST_LINES = 50_000
BY = {"name": "A. Teacher", "position": "Class teacher"}


def codes() -> dict[str, list[str]]:
    """Give the codes of the row, each as often as it says, by the session that they stand in."""
    counts = {code: int(ROW[column]) for column, code in COLUMNS.items()}
    assert legacy(ROW) == 0
    morning, afternoon = [["/"] * counts.pop("/"), ["\\"] * counts.pop("\\")]
    others = [code for code, n in counts.items() for _ in range(n)]
    room = PUPILS * DAYS - len(morning)
    return {"AM": morning + others[:room], "PM": afternoon + others[room:]}


def lines() -> Iterator[bytes]:
    """Give the marks as lines of history, day by day."""
    days = school_days(calendar_of("2025-26", json.dumps(CALENDAR)))[:DAYS]
    for session, standing in codes().items():
        for at, code in enumerate(standing):
            on = days[at // PUPILS].isoformat()
            nature = {"nature": "Arranged elsewhere"} if code in "BK" else {}
            made = {"made_at": f"{on}T14:00:00Z", "made_by": BY}
            mark = {"kind": "mark", "pupil": f"p-{at % PUPILS}", "date": on, "session": session, "code": code}
            yield json.dumps({**mark, **nature, **made}).encode() + b"\n"


async def set_up(http: httpx.AsyncClient) -> None:
    reach = {"la_code": "884", "laestab": "8847000"}
    school = {"name": "Invented Special", "phase": "special", "age_range": [4, 16], "policy": POLICY}
    await put(http, f"/v1/schools/{URN}", {**school, **reach})
    await put(http, f"/v1/schools/{URN}/calendar/2025-26", CALENDAR)
    roll = [pupil(id=f"p-{n}", starting_day="2025-09-03", date_of_birth="2015-05-01") for n in range(PUPILS)]
    answer = await http.post(f"/v1/schools/{URN}/pupils", json={"pupils": roll})
    assert answer.json()["entered"] == PUPILS, answer.text


@pytest.fixture(scope="module")
async def told(database: Database, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Enter the row through the API and give what the API says of it."""
    clock = Clock(datetime.fromisoformat("2026-07-22T09:00:00+01:00"))
    folder: Path = tmp_path_factory.mktemp("register")
    settings = WorkerSettings(database_url=database.analytics_url, poll_seconds=3_600)
    async with register_api(database, folder, clock) as running, running.client((*EVERY_SCOPE, "admin")) as http:
        await set_up(http)
        given = [*lines()]
        assert len(given) == int(ROW["possible_sessions"])
        for at in range(0, len(given), MOST_LINES):
            body = b"".join(given[at : at + MOST_LINES])
            kind = {"Content-Type": "application/x-ndjson"}
            answer = await http.post(f"/v1/schools/{URN}/history", content=body, headers=kind)
            assert answer.json()["entered"] == min(MOST_LINES, len(given) - at), answer.text[:2000]
        engine = kit_database.connect(database.analytics_url, name="test", pool_size=2)
        await projector.sweep(engine, clock)
        await engine.dispose()
        async with serving(analytics(settings, clock)) as worker:
            asked = {"from": "2025-09-03", "to": "2026-07-21"}
            read = await http.get(f"{worker}/v1/schools/{URN}/attendance", params=asked)
            of_authority = await http.get(f"{worker}/v1/local-authorities/884/attendance", params=asked)
            by_code = await http.get(f"{worker}/v1/schools/{URN}/attendance", params={**asked, "by": "code"})
    shares = {item["code"]: item for item in by_code.json()["items"]}
    return {**read.json(), "by_code": shares, "of_authority": of_authority.json()}


def test_every_total_of_the_row_is_the_dfes(told: dict[str, Any]) -> None:
    """Law.md 4.2."""
    assert {name: told[name] for name in TOTALS} == {name: int(ROW[name]) for name in TOTALS}
    assert {name: told["of_authority"][name] for name in TOTALS} == {name: int(ROW[name]) for name in TOTALS}
    assert told["codes"] == {code: int(ROW[column]) for column, code in COLUMNS.items() if int(ROW[column])}


def test_every_rate_of_the_row_is_the_dfes_to_its_last_digit(told: dict[str, Any]) -> None:
    """Law.md 4.1 and 4.2."""
    assert {name: repr(told[name]) for name in RATES} == {name: repr(float(ROW[name])) for name in RATES}
    shares = {
        column: told["by_code"][code]["perc"] if code in told["by_code"] else 0.0 for column, code in CODE_RATES.items()
    }
    assert shares == {column: float(ROW[column]) for column in CODE_RATES}
