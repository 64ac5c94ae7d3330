"""`make bench`: everything side by side in one run, round after round, and one table."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import asyncpg
import pytest

from onebox.postgres import Server
from onebox.services import Service
from tests.bench import bare, checks, machine, writing
from tests.bench.report import Limit, Ratio, Row, Table
from tests.bench.subject import reading, subject
from tests.bench.world import CLASS_OF
from tests.support.postgres import Database

ROUNDS = 5
FEWEST_ROUNDS = 3
PATIENCE = 90.0
"""Seconds after which no further round begins once there are the fewest that will do."""
SECONDS = 2.5
SCHOOLS = 48
CONNECTIONS = 8
PACE, LASTS = 5_000, 6.0
"""Marks a second, and for how many seconds, while it is looked how soon they are in the summaries."""
HEADS = 24_000
"""The registers of England."""
READY = {"load": 3_000, "bare": 12_000, "eventsourced": 5_000}
"""Registers that a writer has ready for one round: as many as it could ever write in its time."""


@pytest.mark.bench
async def test_bench(server_in_service: Server, database_in_service: Database, tmp_path: Path, table: Table) -> None:
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
    folding = Row("projection, folding alone", "events/s", timed=False)
    alerts = Row("projection, alerts after it", "events/s", timed=False)
    async with subject(database, tmp_path, processes=2, schools=SCHOOLS) as running:
        await checks.database_is_as_in_service(running)
        schools = [[school.urn, school.token] for school in running.schools]
        written = bare_written = 0

        async def measure(row: Row, module: str, services: Sequence[Service], **wanted: Any) -> int:
            pids = [service.process.pid for service in services]
            before = machine.spent(pids, server_in_service.pid)
            done = await writing.run(module, seconds=SECONDS, most=READY.get(module), **wanted)
            row.add(done, machine.shares(before, machine.spent(pids, server_in_service.pid), done.processor))
            return done.registers

        async def over_http(row: Row, services: Sequence[Service]) -> int:
            addresses = [service.url for service in services]
            load = {"addresses": addresses, "connections": CONNECTIONS, "schools": schools}
            return await measure(row, "load", services, start=written, **load)

        # What was said of the schools themselves is folded beforehand, and their checkpoints made.
        await writing.run("projection", url=database.analytics_url, alerts=True, events=0)
        began, pids = perf_counter(), [service.process.pid for service in running.running]
        before = machine.busy(pids, server_in_service.pid)
        for turn in range(ROUNDS):
            if turn >= FEWEST_ROUNDS and perf_counter() - began > PATIENCE:
                break
            written += await over_http(one, running.running[:1])
            bare_written += await measure(
                unnest, "bare", (), url=database.owner_url, schools=SCHOOLS, start=bare_written
            )
            address = writing.parts(database.owner_url)
            for recorder, row in (("application", application), ("aggregate", aggregate)):
                await measure(row, "eventsourced", (), recorder=recorder, turn=turn, schools=SCHOOLS, **address)
            written += await over_http(two, running.running)
            await measure(folding, "projection", (), url=database.analytics_url, alerts=False)
            events = folding.events[-1]
            await measure(alerts, "projection", (), url=database.analytics_url, alerts=True, events=events)
        facts["elsewhere"] = machine.elsewhere(before, machine.busy(pids, server_in_service.pid))
        await checks.everything_stands(running, written * CLASS_OF)
        await checks.everything_is_folded(running, written * CLASS_OF)
        await checks.bare_stands(database.owner_url, bare_written * CLASS_OF)
        await checks.only_who_may_what_is_lawful(running)
        await checks.the_root_recomputes(running, running.schools[0])
    rows = [one, two, unnest, application, aggregate, folding, alerts]
    ratios = [
        *(Ratio(http_row, unnest, 0.25) for http_row in (one, two)),
        *(Ratio(http_row, recorder, 1.0) for http_row in (one, two) for recorder in (application, aggregate)),
    ]
    table.add(facts, rows, ratios)


@pytest.mark.bench
async def test_bench_of_the_lag(
    server_in_service: Server, database_in_service: Database, tmp_path: Path, table: Table
) -> None:
    database = database_in_service
    facts = await machine.facts(database.owner_url, tmp_path)
    writes = Row(f"registers of 30 over HTTP, paced to {PACE:,} marks/s", "marks/s")
    lag = Row("meanwhile, marks into the summaries (p99: the slowest)", "events/s")
    async with subject(database, tmp_path, processes=1, schools=SCHOOLS) as running:
        await writing.run("projection", url=database.analytics_url, alerts=True, events=0)
        async with reading(running) as (service, _):
            pids = [service.process.pid, running.running[0].process.pid]
            began = machine.busy(pids, server_in_service.pid)
            load = {"addresses": running.addresses, "connections": CONNECTIONS, "pace": PACE / CLASS_OF}
            schools = [[school.urn, school.token] for school in running.schools]
            written = 0
            for _ in range(FEWEST_ROUNDS):
                before = machine.spent(pids, server_in_service.pid)
                done, seen = await asyncio.gather(
                    writing.run("load", schools=schools, start=written, most=READY["load"], seconds=LASTS, **load),
                    writing.run("lag", url=database.owner_url, seconds=LASTS),
                )
                written += done.registers
                shares = machine.shares(before, machine.spent(pids, server_in_service.pid), done.processor)
                writes.add(done, shares)
                lag.add(seen, shares)
            facts["elsewhere"] = machine.elsewhere(began, machine.busy(pids, server_in_service.pid))
    table.add(facts, [writes, lag], limits=[Limit(lag, 2_000, slowest=True)])


@pytest.mark.bench
async def test_bench_of_checkpoints(
    server_in_service: Server, database_in_service: Database, tmp_path: Path, table: Table
) -> None:
    database = database_in_service
    facts = await machine.facts(database.owner_url, tmp_path)
    signing = Row(f"a checkpoint over {HEADS:,} heads", "checkpoints/s")
    began = machine.busy([], server_in_service.pid)
    for _ in range(FEWEST_ROUNDS):
        before = machine.spent([], server_in_service.pid)
        wanted = {"url": database.register_url, "owner_url": database.owner_url, "heads": HEADS, "seconds": SECONDS}
        done = await writing.run("checkpoint", **wanted)
        signing.add(done, machine.shares(before, machine.spent([], server_in_service.pid), done.processor))
    facts["elsewhere"] = machine.elsewhere(began, machine.busy([], server_in_service.pid))
    table.add(facts, [signing], limits=[Limit(signing, 100)])
