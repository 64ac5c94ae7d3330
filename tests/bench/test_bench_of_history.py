"""`make bench`: years of history in batches of 5,000, laid beside one bare COPY of the same rows."""

from pathlib import Path
from typing import Any

import asyncpg
import pytest

from onebox.postgres import Server
from tests.bench import bare, checks, machine, past, writing
from tests.bench.report import Ratio, Row, Table
from tests.bench.subject import subject
from tests.support.postgres import Database

ROUNDS = 3
CLASSES = 10
"""Of 30 pupils each: a year of such a school is over a hundred thousand lines."""


@pytest.mark.bench
async def test_bench_of_history(
    server_in_service: Server, database_in_service: Database, tmp_path: Path, table: Table
) -> None:
    database = database_in_service
    facts = await machine.facts(database.owner_url, tmp_path)
    owner = await asyncpg.connect(database.owner_url)
    await owner.execute(bare.CREATE)
    taking = Row("history of one school over HTTP, batches of 5,000", "lines/s", timed=False)
    copying = Row("one bare COPY into an identical table", "rows/s", timed=False)
    async with subject(database, tmp_path, processes=1, schools=ROUNDS, classes=CLASSES) as running:
        pids = [running.running[0].process.pid]
        began = machine.busy(pids, server_in_service.pid)

        async def measure(row: Row, module: str, **wanted: Any) -> int:
            before = machine.spent(pids, server_in_service.pid)
            done = await writing.run(module, seconds=60.0, classes=CLASSES, lines=None, **wanted)
            row.add(done, machine.shares(before, machine.spent(pids, server_in_service.pid), done.processor))
            return done.events

        lines = len(past.ndjson(CLASSES))
        for number, school in enumerate(running.schools, 1):
            to = {"address": running.addresses[0], "urn": school.urn, "token": school.token}
            assert await measure(taking, "history", **to) == lines
            assert await measure(copying, "copying_in", url=database.owner_url, school=number) == lines
        facts["elsewhere"] = machine.elsewhere(began, machine.busy(pids, server_in_service.pid))
        for name in ("ledger.event", "bench.event"):
            assert await owner.fetchval(f"SELECT count(*) FROM {name}") == ROUNDS * lines
        same = "SELECT school_id, seq - min(seq) OVER (PARTITION BY school_id), session_date, session, code FROM {}"
        differ = f"SELECT count(*) FROM ({same.format('ledger.event')} EXCEPT {same.format('bench.event')}) AS one"
        assert await owner.fetchval(differ) == 0
        await checks.the_root_recomputes(running, running.schools[0])
    await owner.close()
    table.add(facts, [taking, copying], [Ratio(taking, copying, 0.15)])
