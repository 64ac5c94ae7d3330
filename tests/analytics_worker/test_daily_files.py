"""An authority's day and year as files: Parquet with real types, a whole academic year, in constant memory."""

import io
import json
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time
from typing import Any

import httpx
import pyarrow
import pyarrow.parquet as pq
import pytest

from analytics_worker import rows
from analytics_worker.app import WorkerSettings, create_app
from kit.fields import written
from kit.parquet import Kind
from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.test_daily import got, pull
from tests.analytics_worker.writing import Desk
from tests.support.postgres import Database
from tests.support.services import serving

YEAR = {"from": "2025-09-01", "to": "2026-08-31"}
TYPES: dict[Kind, str] = {
    "text": "string",
    "number": "int64",
    "yes-no": "bool",
    "date": "date32[day]",
    "instant": "timestamp[us, tz=UTC]",
}


def table(answer: httpx.Response) -> Any:
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    return pq.read_table(io.BytesIO(answer.content))


def as_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return written(value.astimezone(UTC))
    return value.isoformat() if isinstance(value, date) else value


async def test_parquet_holds_the_rows_of_json_with_their_types(desk: Desk, calling: Calling) -> None:
    facts = {"fsm": True, "sen": "K", "ehcp": False, "ethnicity": "É, x"}
    first = await desk.open("960001", "801", pupils=3, facts=facts, **{"class": 'Mr "B",\r\n4'})
    await desk.open("960002", "801", pupils=2, upn="X931345622001")
    await first.enter((1, "2026-11-18", "AM", "/"), (2, "2026-11-18", "PM", "\\"))
    await first.enter((3, "2026-11-19", "AM", "L"), arrived_at=time(8, 58))
    await first.pupil(2, **{"class": ""})
    await desk.sweep()
    dates = {"from": "2026-11-16", "to": "2026-11-20"}
    body = await pull(calling, "801", **dates)
    async with calling("authority", "801") as http:
        answer = await got(http, "801", format="parquet", **dates)
        counted = table(await got(http, "801", format="parquet", part="registers", **dates))
    found = table(answer)
    assert answer.headers["rollbook-changed-after"] == body["changed_after"]
    assert {field.name: str(field.type) for field in found.schema} == {
        name: TYPES[kind] for name, kind in rows.COLUMNS.items()
    }
    assert [{name: as_json(value) for name, value in row.items()} for row in found.to_pylist()] == body["items"]
    assert {row["class"] for row in body["items"]} == {'Mr "B",  4', "", "4B"}
    assert {field.name: str(field.type) for field in counted.schema} == {
        name: TYPES[kind] for name, kind in rows.REGISTER_COLUMNS.items()
    }
    assert [{name: as_json(value) for name, value in row.items()} for row in counted.to_pylist()] == body["registers"]


async def test_a_day_without_a_row_is_a_file_with_its_columns(desk: Desk, calling: Calling) -> None:
    async with calling("authority", "802") as http:
        found = table(await got(http, "802", format="parquet"))
    assert (found.num_rows, found.schema.names) == (0, list(rows.COLUMNS))


async def test_an_academic_year_is_one_stream_and_json_comes_by_the_month(desk: Desk, calling: Calling) -> None:
    schools = [await desk.open(f"96010{n}", "803", pupils=2) for n in range(2)]
    await schools[0].enter((1, "2025-09-04", "AM", "/"), (2, "2026-07-20", "PM", "I"))
    await desk.sweep()
    async with calling("authority", "803") as http:
        whole = table(await got(http, "803", format="parquet", **YEAR))
        lines = await got(http, "803", format="ndjson", **YEAR)
        later = await got(http, "803", format="ndjson", changed_after=lines.headers["rollbook-changed-after"])
        longer = {**YEAR, "to": "2026-09-02"}
        for format_, asked, most in (("json", YEAR, "31 days, as a stream 366"), ("parquet", longer, "366 days")):
            refused = await http.get("/v1/local-authorities/803/daily", params={"format": format_, **asked})
            assert (refused.status_code, refused.json()["errors"][0]["parameter"]) == (422, "to")
            assert most in refused.json()["detail"]
    assert whole.num_rows == len(lines.text.splitlines()) == 203 * 2 * 2 * 2
    assert [row["date"] for row in whole.filter(pyarrow.compute.field("state") == "entered").to_pylist()] == [
        date(2025, 9, 4),
        date(2026, 7, 20),
    ]
    assert [json.loads(line) for line in later.text.splitlines()] == []


@asynccontextmanager
async def over_http(desk: Desk, database: Database, calling: Calling, la_code: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give a caller over a real connection, through which nothing is gathered before it is read."""
    settings = WorkerSettings(database_url=database.analytics_url, poll_seconds=3_600)
    async with calling("authority", la_code) as caller, serving(create_app(settings, desk.clock)) as address:
        headers = {"Authorization": caller.headers["Authorization"], "Accept-Encoding": "identity"}
        async with httpx.AsyncClient(base_url=address, headers=headers, verify=False, timeout=60) as http:
            yield http


@pytest.mark.alone
@pytest.mark.parametrize(("format_", "la_code"), [("csv", "805"), ("ndjson", "806"), ("parquet", "807")])
async def test_a_year_takes_no_more_memory_than_a_week(
    desk: Desk, database: Database, calling: Calling, monkeypatch: pytest.MonkeyPatch, format_: str, la_code: str
) -> None:
    monkeypatch.setattr("kit.parquet._ROWS_A_GROUP", 1_000)
    await desk.open(f"96{la_code}1", la_code, pupils=100)
    await desk.sweep()

    async def read(**dates: str) -> int:
        """Give the most that was held at once, on both ends, while an answer was read."""
        before, most = pyarrow.total_allocated_bytes(), 0
        tracemalloc.start()
        try:
            async with http.stream("GET", path, params={"format": format_, **dates}) as answer:
                assert answer.status_code == 200
                async for _ in answer.aiter_raw():
                    most = max(most, pyarrow.total_allocated_bytes() - before)
            return most + tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    path = f"/v1/local-authorities/{la_code}/daily"
    fortnight = {"from": "2026-05-04", "to": "2026-05-15"}
    async with over_http(desk, database, calling, la_code) as http:
        # What is loaded once is loaded.
        await read(**fortnight)
        held = await read(**fortnight)
        # Twenty fortnights: of the smallest form, CSV, they are 6 MB.
        assert await read(**YEAR) < held + (2 << 20)


async def test_a_stream_that_fails_never_ends_cleanly(desk: Desk, database: Database, calling: Calling) -> None:
    await desk.open("968081", "808", pupils=2)
    broken = await desk.open("968082", "808", pupils=2)
    await desk.sweep()
    await broken.calendar("2026-27", {"terms": []})
    async with over_http(desk, database, calling, "808") as http:
        for format_ in ("csv", "ndjson", "parquet"):
            with pytest.raises(httpx.RemoteProtocolError):
                await http.get("/v1/local-authorities/808/daily", params={"format": format_})
