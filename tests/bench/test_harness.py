"""The bench runs: a few registers by every writer, counted as they were answered, standing as they were counted."""

from pathlib import Path

import asyncpg

from onebox.postgres import Server
from tests.bench import bare, checks, machine, millions, writing
from tests.bench.subject import subject
from tests.bench.world import CLASS_OF, YEAR, open_days
from tests.support.postgres import Database, clone

FEW = {"most": 6, "seconds": 60.0}


async def test_every_writer_of_the_bench_writes_what_it_is_credited_with(
    postgres_server: Server, database: Database, tmp_path: Path
) -> None:
    owner = await asyncpg.connect(database.owner_url)
    await owner.execute(bare.CREATE)
    await owner.close()
    async with subject(database, tmp_path, processes=1, schools=2) as running:
        schools = [[school.urn, school.token] for school in running.schools]
        before = machine.spent([service.process.pid for service in running.running], postgres_server.pid)
        done = await writing.run("load", addresses=running.addresses, connections=2, schools=schools, start=0, **FEW)
        assert (done.registers, done.events) == (6, 180)
        await checks.database_is_as_in_service(running)
        await checks.everything_stands(running, 180)
        await checks.only_who_may_what_is_lawful(running)
        await checks.the_root_recomputes(running, running.schools[1])
        after = machine.spent([service.process.pid for service in running.running], postgres_server.pid)
        assert all(share > 0 for share in machine.shares(before, after, done.processor).values())
        folded = await writing.run("projection", url=database.analytics_url, alerts=True, events=0)
        assert folded.events > 180
        await checks.everything_is_folded(running, 180)
    done = await writing.run("bare", url=database.owner_url, schools=2, start=0, **FEW)
    assert done.events == 180
    await checks.bare_stands(database.owner_url, 180)
    for recorder in ("application", "aggregate"):
        address = writing.parts(database.owner_url)
        done = await writing.run("eventsourced", recorder=recorder, turn=0, schools=4, **address, **FEW)
        assert done.events == 180
    heads = {"url": database.register_url, "owner_url": database.owner_url, "heads": 40}
    assert (await writing.run("checkpoint", **heads, **FEW)).events == 6


async def test_what_is_asked_among_millions_of_events_stands_is_amended_and_proven(
    postgres_server: Server, template_database: Database, tmp_path: Path
) -> None:
    async with (
        clone(postgres_server, template_database) as database,
        subject(database, tmp_path, processes=1, schools=1, classes=1) as running,
    ):
        school, days = running.schools[0], open_days()[:8]
        loaded = await millions.load(database, school.urn, days, schools=3, pupils=CLASS_OF)
        # Two registers a day, and the amendments of six entries in each register that had their time.
        assert loaded.amendments == 2 * sum(len(days[lag:]) for lag in (*millions.LAGS, 2))
        file = await millions.exported(database, school.urn, tmp_path)
        marks = 2 * CLASS_OF * len(days) + loaded.amendments
        assert loaded.events == 3 * file.events
        owner = await asyncpg.connect(database.owner_url)
        assert await owner.fetchval("SELECT count(*) FROM ledger.event") == 3 * marks
        assert await owner.fetchval("SELECT count(*) FROM ledger.text WHERE part = 'reason'") == 3 * loaded.amendments
        await owner.close()
        asked = {"address": running.addresses[0], "token": school.token, **FEW}
        for path in ("/amendments?lag_min=1", f"/pupils/p-007/evidence?academic_year={YEAR}"):
            done = await writing.run("answers", path=f"/v1/schools/{school.urn}{path}", **asked)
            assert done.events == 6
        for whole in (True, False):
            done = await writing.run("verifying", whole=whole, **file.told(), **{**FEW, "most": 1})
            assert done.events == file.events > marks
        for same in (False, True):
            done = await writing.run("rebuilding", url=database.owner_url, same=same)
            assert done.events == loaded.events


async def test_history_is_taken_line_by_line_and_copied_row_by_row(
    postgres_server: Server, template_database: Database, tmp_path: Path
) -> None:
    async with (
        clone(postgres_server, template_database) as database,
        subject(database, tmp_path, processes=1, schools=1) as running,
    ):
        owner = await asyncpg.connect(database.owner_url)
        await owner.execute(bare.CREATE)
        school = running.schools[0]
        wanted = {"classes": 2, "lines": 500, **FEW}
        to = {"address": running.addresses[0], "urn": school.urn, "token": school.token}
        assert (await writing.run("history", **to, **wanted)).events == 500
        assert (await writing.run("copying_in", url=database.owner_url, school=1, **wanted)).events == 500
        for table in ("ledger.event", "bench.event"):
            assert await owner.fetchval(f"SELECT count(*) FROM {table} WHERE source = 'history'") == 500
        await checks.the_root_recomputes(running, school)
        await owner.close()
