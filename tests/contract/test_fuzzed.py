"""Both services, fuzzed from their own OpenAPI over real HTTP, find nothing; and the register still proves itself."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg
import httpx
import pytest

from analytics_worker import projector
from analytics_worker.app import WorkerSettings
from analytics_worker.app import create_app as analytics
from kit import database as kit_database
from kit.tokens import SCOPES
from tests.support import merkle
from tests.support.contract import documents
from tests.support.office import MONDAY, Office, amending, open_office
from tests.support.plans import plan
from tests.support.postgres import Database
from tests.support.school import OFFICE, put
from tests.support.sealing import checkpointed, leaves_of
from tests.support.services import Clock, add_client, register_api, serving, token

pytestmark = pytest.mark.alone

URN = "900181"
CONFIG, HOOKS = (Path(__file__).with_name(name) for name in ("schemathesis.toml", "fuzzing.py"))
OPERATIONS = {
    name: sum(map(len, document["paths"].values()))
    for name, document in zip(("register", "analytics"), documents(), strict=True)
}


async def _projected(database: Database, clock: Clock) -> None:
    engine = kit_database.connect(database.analytics_url, name="test", pool_size=2)
    await projector.sweep(engine, clock)
    await engine.dispose()


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """Both services at work, and a school with a little of everything."""

    addresses: dict[str, str]
    office: Office
    environment: dict[str, str]
    clock: Clock
    began_at: int


@pytest.fixture(scope="module")
async def fuzzed(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fuzzed]:
    clock = Clock(datetime.fromisoformat("2026-09-07T16:00:00+01:00"))
    worker = analytics(
        WorkerSettings(database_url=database.analytics_url, poll_seconds=3_600, requests_a_minute=0), clock
    )
    folder = tmp_path_factory.mktemp("register")
    async with register_api(database, folder, clock, requests_a_minute=0, sandbox=True) as running:
        bearer = await token(running.address, await add_client(database, sorted(SCOPES)))
        headers = {"Authorization": f"Bearer {bearer}"}
        async with httpx.AsyncClient(base_url=running.address, headers=headers, timeout=30, verify=False) as http:
            office = await open_office(http, database, URN, pupils=3, la_code="931")
            await office.entered(("p-001", "N"), ("p-002", "/"))
            await office.amended(amending("p-001", "N", "O"))
            await put(http, office.path("/planned-absences/p-001"), plan("2026-09-08", "2026-09-08"))
            day = {"from": {"date": MONDAY, "session": "PM"}, "to": {"date": MONDAY, "session": "PM"}}
            closing = {"code": "Y3", **day, "pupils": ["p-003"], "reason": "The boiler", "made_by": OFFICE}
            closed = await http.post(office.path("/closures"), json=closing)
            assert closed.status_code == 200, closed.text
            await checkpointed(database)
            await _projected(database, clock)
            async with serving(worker) as address:
                given = {"FUZZ_TOKEN": bearer, "FUZZ_CLOSURE": str(closed.json()["id"])}
                addresses = {"register": running.address, "analytics": address}
                yield Fuzzed(addresses, office, given, clock, (await office.head())[0])


PHASES = ("coverage", "examples,fuzzing,stateful")
"""Side by side: what schemathesis makes of the document takes a processor of its own."""


@pytest.mark.parametrize("service", ["register", "analytics"])
async def test_nothing_is_found(fuzzed: Fuzzed, service: str, tmp_path: Path) -> None:
    async def run(phases: str) -> int:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG)),
            *("run", f"{fuzzed.addresses[service]}/openapi.json", "--phases", phases),
            cwd=tmp_path,
            env={**os.environ, **fuzzed.environment, "SCHEMATHESIS_HOOKS": str(HOOKS)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said = (await process.communicate())[0].decode()
        assert process.returncode == 0, said
        generated = re.search(r"(\d+) generated, (\d+) passed", said)
        assert generated, said
        return int(generated[2])

    passed = await asyncio.gather(*map(run, PHASES))
    assert sum(passed) > 50 * OPERATIONS[service], passed


async def test_the_registers_prove_themselves_after_all_that(fuzzed: Fuzzed, database: Database) -> None:
    engine = kit_database.connect(database.register_url, name="test", pool_size=1)
    owner = await asyncpg.connect(database.owner_url)
    heads = await owner.fetch("SELECT school_id, seq, root FROM ledger.head")
    behind = "SELECT count(*) FROM ledger.head h JOIN analysis.checkpoint c USING (school_id) WHERE c.seq <> h.seq"
    try:
        assert (await fuzzed.office.head())[0] > fuzzed.began_at
        for head in heads:
            leaves = await leaves_of(engine, head["school_id"])
            assert (len(leaves), merkle.root(leaves)) == (head["seq"], head["root"])
        await _projected(database, fuzzed.clock)
        assert await owner.fetchval(behind) == 0
    finally:
        await owner.close()
        await engine.dispose()
