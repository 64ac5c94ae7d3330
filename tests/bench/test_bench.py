"""`make bench`: everything side by side in one run, round after round, and one table."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from onebox.postgres import Server
from tests.bench import bare, checks, machine, report, writing
from tests.bench.report import Ratio, Row
from tests.bench.subject import subject
from tests.bench.writing import Written
from tests.support.postgres import Database

ROUNDS = 5
SECONDS = 3.0
SCHOOLS = 48
CONNECTIONS = 8
MOST = 12_000
"""Registers that a writer has ready for one round."""


@pytest.mark.bench
async def test_bench(
    server_in_service: Server, database_in_service: Database, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    database = database_in_service
    facts = await machine.facts(database.owner_url, tmp_path)
    owner = await asyncpg.connect(database.owner_url)
    await owner.execute(bare.CREATE)
    await owner.close()
    one = Row("registers of 30 over HTTP, one process", "marks/s")
    two = Row("registers of 30 over HTTP, two processes", "marks/s")
    unnest = Row("bare unnest insert, 30 a commit", "marks/s")
    application = Row("eventsourcing, application recorder", "events/s")
    aggregate = Row("eventsourcing, aggregate recorder", "events/s")
    async with subject(database, tmp_path, processes=2, schools=SCHOOLS) as running:
        await checks.database_is_as_in_service(running)
        pids = [service.process.pid for service in running.running]
        written, bare_written = 0, 0
        bound: dict[str, Any] = {"most": MOST, "seconds": SECONDS}
        schools = [[school.urn, school.token] for school in running.schools]

        async def measure(row: Row, module: str, **wanted: Any) -> Written:
            before = machine.spent(pids, server_in_service.pid)
            done = await writing.run(module, **bound, **wanted)
            row.add(done, machine.spent(pids, server_in_service.pid).since(before))
            return done

        async def over_http(row: Row, addresses: list[str]) -> int:
            load = {"addresses": addresses, "connections": CONNECTIONS, "schools": schools}
            return (await measure(row, "load", start=written, **load)).registers

        for turn in range(ROUNDS):
            written += await over_http(one, running.addresses[:1])
            bare_written += (
                await measure(unnest, "bare", url=database.owner_url, schools=SCHOOLS, start=bare_written)
            ).registers
            for recorder, row in (("application", application), ("aggregate", aggregate)):
                await measure(
                    row, "eventsourced", recorder=recorder, turn=turn, schools=SCHOOLS, **parts(database.owner_url)
                )
            written += await over_http(two, running.addresses)
        await checks.everything_stands(running, written * 30)
        await checks.bare_stands(database.owner_url, bare_written * 30)
        await checks.only_who_may_what_is_lawful(running)
        await checks.the_root_recomputes(running, running.schools[0])
    rows = [one, two, unnest, application, aggregate]
    ratios = [
        Ratio(one, unnest, 0.25),
        Ratio(two, unnest, 0.25),
        Ratio(one, application, 1.0),
        Ratio(one, aggregate, 1.0),
    ]
    print("\n\n" + report.as_table(facts, rows, ratios) + "\n")
    if (path := pytestconfig.getoption("--bench-json")) is not None:
        path.write_text(json.dumps(report.as_json(facts, rows, ratios), indent=2) + "\n")


def parts(url: str) -> dict[str, Any]:
    """Give a database's address in the parts that psycopg's user wants."""
    split = urlsplit(url)
    return {
        "host": split.hostname,
        "port": split.port,
        "user": split.username,
        "password": split.password,
        "dbname": split.path.removeprefix("/"),
    }
