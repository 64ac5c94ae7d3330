"""`make bench`, among ten million events: pages and files over HTTP, the register verified, rebuilt and judged."""

import asyncio
from dataclasses import replace
from pathlib import Path

import asyncpg
import httpx
import pytest

from onebox.postgres import Server
from tests.bench import checks, machine, millions, same_query, writing
from tests.bench.report import Floor, Limit, Ratio, Row, Table
from tests.bench.subject import LA, reading, subject
from tests.bench.world import CLASS_OF, YEAR, open_days
from tests.support.postgres import Database

SCHOOLS, CLASSES = 86, 10
"""Ten million events and a few: 119,351 a school."""
ROUNDS = 3
JUDGES, JUDGED = 2, 8
"""Processes that judge, and the schools that they judge together."""
SECONDS = 2.5
PUPIL = "p-007"

# By what is asked: the path under the school, the milliseconds that are aimed at, and the items of the answer.
ASKED = {
    "an audit page, the newest 100": ("/amendments", 50, "items", 100),
    "an audit page, by a person of few": ("/amendments?made_by_name=S.+Cover", 50, "items", 55),
    "an audit page, by the lag": ("/amendments?lag_min=25", 50, "items", 100),
    "an audit page, by both entries": ("/amendments?original_entry=N&amended_entry=I", 50, "items", 100),
    "a pupil's year with its history": (
        f"/pupils/{PUPIL}/marks?from={open_days()[0]}&to={open_days()[-1]}",
        50,
        "items",
        2 * len(open_days()),
    ),
    "evidence of a pupil's year": (
        f"/pupils/{PUPIL}/evidence?academic_year={YEAR}",
        500,
        "entries",
        2 * len(open_days()),
    ),
}

# Pages of a school's summaries over its whole year; by what they are parted, and how many parts there are.
SUMMARIES = {
    "a page of summaries, the school's year": ("", None),
    "the same by class": ("&by=class", CLASSES),
    "the same by class and week": ("&by=class&by=week&limit=1000", None),
    "the same by pupil": ("&by=pupil&limit=1000", CLASSES * CLASS_OF),
}
TENS_OF_MS = 99


@pytest.mark.bench
async def test_bench_of_millions(
    server_in_service: Server, database_in_service: Database, tmp_path: Path, table: Table
) -> None:
    database = database_in_service
    facts = await machine.facts(database.owner_url, tmp_path)
    async with subject(database, tmp_path, processes=1, schools=1, classes=CLASSES) as running:
        school, service = running.schools[0], running.running[0]
        loaded = await millions.load(database, school.urn, open_days(), schools=SCHOOLS, pupils=CLASSES * CLASS_OF)
        facts["events"] = loaded.events
        limits = []
        pids, began = [service.process.pid], machine.busy([service.process.pid], server_in_service.pid)

        async def measure(row: Row, module: str, **wanted: object) -> None:
            before = machine.spent(pids, server_in_service.pid)
            done = await writing.run(module, seconds=SECONDS, **wanted)
            row.add(done, machine.shares(before, machine.spent(pids, server_in_service.pid), done.processor))

        for name, (path, most, items, count) in ASKED.items():
            row = Row(name, "answers/s")
            asked = {"address": service.url, "token": school.token, "path": f"/v1/schools/{school.urn}{path}"}
            async with httpx.AsyncClient(base_url=service.url, timeout=30) as http:
                answer = await http.get(asked["path"], headers={"Authorization": f"Bearer {school.token}"})
                assert len(answer.json()[items]) == count, answer.text[:1000]
            for _ in range(ROUNDS):
                await measure(row, "answers", **asked)
            limits.append(Limit(row, most))
        file = await millions.exported(database, school.urn, tmp_path)
        for name, whole in (("a school year verified, by the command", True), ("the check alone", False)):
            row = Row(name, "events/s")
            for _ in range(ROUNDS):
                await measure(row, "verifying", whole=whole, **file.told())
            limits.append(Limit(row, 1_000))
        built = Row("read models built from the first event", "events/s", timed=False)
        rebuilt = Row("read models rebuilt, and compared with the live", "events/s", timed=False)
        for row, same in ((built, False), *((rebuilt, True) for _ in range(ROUNDS))):
            await measure(row, "rebuilding", url=database.owner_url, same=same)
        judged = Row("pupils judged from nothing, by two processes", "pupils/s", timed=False)
        for _ in range(ROUNDS):
            before = machine.spent(pids, server_in_service.pid)
            told = {"url": database.owner_url, "most": JUDGED, "of": JUDGES}
            each = await asyncio.gather(*(writing.run("judging", **told, part=part) for part in range(JUDGES)))
            together = {name: sum(getattr(done, name) for done in each) for name in ("events", "rate", "processor")}
            shares = machine.shares(before, machine.spent(pids, server_in_service.pid), together["processor"])
            judged.add(replace(each[0], **together), shares)
        await millions.seen(database)
        async with reading(running) as (worker, bearer):
            pids.append(worker.process.pid)
            span = f"from={open_days()[0]}&to={open_days()[-1]}"
            for name, (parted, parts) in SUMMARIES.items():
                row = Row(name, "answers/s")
                path = f"/v1/schools/{school.urn}/attendance?{span}{parted}"
                async with httpx.AsyncClient(base_url=worker.url, timeout=30) as http:
                    told = (await http.get(path, headers={"Authorization": f"Bearer {bearer}"})).json()
                assert sum(told["codes"].values()) == CLASSES * CLASS_OF * 2 * len(open_days()), told["codes"]
                assert parts is None or len(told["items"]) == parts
                for _ in range(ROUNDS):
                    await measure(row, "answers", address=worker.url, token=bearer, path=path)
                limits.append(Limit(row, TENS_OF_MS))
            await millions.admit(database, school.urn)
            on = open_days()[len(open_days()) // 2]
            path = f"/v1/local-authorities/{LA}/daily?date={on}&format=csv"
            statements = await same_query.statements(database.analytics_url, LA, on)
            async with httpx.AsyncClient(base_url=worker.url, timeout=60) as http:
                answer = await http.get(path, headers={"Authorization": f"Bearer {bearer}"})
            assert answer.content.count(b"\r\n") == 1 + SCHOOLS * CLASSES * CLASS_OF * 2
            await checks.the_day_is_the_copy(database.owner_url, answer.content, statements)
            day, copy = Row("an authority's day over HTTP, CSV", "rows/s"), Row("COPY of the same query", "rows/s")
            for _ in range(ROUNDS):
                await measure(day, "authority_day", address=worker.url, token=bearer, path=path)
                await measure(copy, "copying", url=database.owner_url, statements=statements)
            facts["elsewhere"] = machine.elsewhere(began, machine.busy(pids, server_in_service.pid))
    connection = await asyncpg.connect(database.owner_url)
    assert await connection.fetchval("SELECT count(*) FROM ledger.event") > 0.99 * loaded.events
    await connection.close()
    floors = [Floor(rebuilt, 500_000), Floor(judged, 180_000 / 60)]
    rows = [*(limit.of for limit in limits), built, rebuilt, judged, day, copy]
    table.add(facts, rows, [Ratio(day, copy, 0.5)], limits=limits, floors=floors)
