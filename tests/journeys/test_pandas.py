"""The README's lines of pandas load a day and its corrections: what they hold is what stands."""

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pandas.testing import assert_frame_equal

from analytics_worker import projector
from analytics_worker.app import WorkerSettings, create_app
from kit import database as kit_database
from tests.support import tree
from tests.support.office import amending, calling, open_office
from tests.support.postgres import Database
from tests.support.school import pupil
from tests.support.services import EVERY_SCOPE, Clock, add_client, register_api, serving, token

PAGE = (tree.ROOT / "README.md").read_text("utf-8")
[LINES] = re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)
KEY = ["urn", "pupil", "date", "session"]
DAY = "2026-11-20"


def run(lines: str, known: dict[str, Any]) -> None:
    exec(lines, known)


async def test_the_lines_of_the_readme_load_a_day_and_its_corrections(database: Database, tmp_path: Path) -> None:
    assert len([line for line in LINES.splitlines() if line]) <= 10
    clock = Clock(datetime(2026, 11, 20, 16, tzinfo=UTC))
    settings = WorkerSettings(database_url=database.analytics_url, poll_seconds=3_600)
    engine = kit_database.connect(database.analytics_url, name="test", pool_size=1)
    async with (
        register_api(database, tmp_path, clock) as running,
        calling(running, (*EVERY_SCOPE, "admin")) as http,
        serving(create_app(settings, clock)) as worker,
    ):
        office = await open_office(http, database, "900301", 4, la_code="301")
        await office.entered(("p-001", "/"), ("p-002", "N"), ("p-003", "N"), day=DAY)
        await projector.sweep(engine, clock)
        credentials = await add_client(database, ("attendance:read",), "authority", ["301"])
        lines = LINES.replace("http://127.0.0.1:8001", worker)
        first, then, rest = lines.partition("changed, position")
        known: dict[str, Any] = {"token": await token(running.address, credentials)}
        await asyncio.to_thread(run, first, known)
        before = known["day"]
        assert before.code.dropna().tolist() == ["/", "N", "N"]
        assert (before.state == "missing").sum() == 5
        await office.amended(amending("p-002", "N", "I", date=DAY))
        left = pupil(leaving={"date": "2026-11-19"})
        assert (await http.put(office.path("/pupils/p-004"), json=left)).status_code == 200
        await projector.sweep(engine, clock)
        await asyncio.to_thread(run, then + rest, known)
        fresh, _ = await asyncio.to_thread(known["pull"], date=DAY)
        held = known["day"]
        today = held[held.index.get_level_values("date") == datetime(2026, 11, 20).date()]
        assert_frame_equal(today.sort_index(), fresh.sort_index())
        assert fresh.code.dropna().tolist() == ["/", "I", "N"]
        assert len(fresh) == 6
        assert known["changed"].index.names == KEY
    await engine.dispose()
