"""Workers as processes, each school by one at a time: killed in the middle of a fold or asleep in it, without harm."""

import asyncio
import itertools
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from kit.database import Connection
from tests.analytics_worker.test_read_models import something_happens
from tests.analytics_worker.writing import Desk, School
from tests.support import tree
from tests.support.apart import history
from tests.support.folded import models, rebuilt
from tests.support.postgres import Database

pytestmark = pytest.mark.alone

PUPILS = 4
GIVE_UP = 60.0
# Of a session that has claimed a school, and waits for its worker to say more.
HOLDS = """
SELECT a.state = 'idle in transaction' AND EXISTS (
    SELECT FROM pg_locks l
    WHERE l.pid = a.pid AND l.relation = 'analysis.checkpoint'::regclass AND l.mode = 'RowShareLock')
FROM pg_stat_activity a WHERE a.application_name = $1 AND a.state <> 'idle'
"""


class Workers:
    """Processes that project, by name."""

    def __init__(self, database: Database, owner: Connection) -> None:
        self._url, self._owner = database.analytics_url, owner
        self._numbers = itertools.count(1)
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> str:
        name = f"worker-{next(self._numbers)}"
        command = (sys.executable, "-m", "tests.support.worker", self._url, name)
        self.running[name] = subprocess.Popen(command, cwd=tree.ROOT, stderr=subprocess.DEVNULL)
        return name

    async def stopped_in_a_fold(self) -> str:
        """Stop a worker while it has a school, however often it takes."""
        async with asyncio.timeout(GIVE_UP):
            while True:
                for name, process in self.running.items():
                    os.kill(process.pid, signal.SIGSTOP)
                    await asyncio.sleep(0.02)  # for what it has asked of the server to be done
                    if any(row[0] for row in await self._owner.fetch(HOLDS, name)):
                        return name
                    os.kill(process.pid, signal.SIGCONT)
                    await asyncio.sleep(random.random() * 0.02)

    def kill(self, name: str) -> None:
        process = self.running.pop(name)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database.owner_url)
    yield connection
    await connection.close()


@pytest.fixture
async def workers(database: Database, owner: Connection) -> AsyncIterator[Workers]:
    """Give workers, all killed at the end."""
    given = Workers(database, owner)
    yield given
    for name in [*given.running]:
        given.kill(name)


@asynccontextmanager
async def written_meanwhile(schools: list[School], seed: int) -> AsyncIterator[None]:
    """Write to the schools for as long as the block runs."""
    ended = asyncio.Event()

    async def write(school: School, chance: random.Random) -> None:
        while not ended.is_set():
            await something_happens(school, chance, PUPILS)
            await asyncio.sleep(0.02)

    writers = [asyncio.create_task(write(school, random.Random(seed + n))) for n, school in enumerate(schools)]
    yield
    ended.set()
    await asyncio.gather(*writers)


async def caught_up(owner: Connection) -> None:
    """Wait until everything is folded, and looked at, and nothing is held to stand still."""
    behind = (
        "SELECT count(*) FROM ledger.head h LEFT JOIN analysis.checkpoint c USING (school_id) "
        "WHERE c.seq IS DISTINCT FROM h.seq OR c.alerts_seq <> c.seq OR c.failures > 0"
    )
    async with asyncio.timeout(GIVE_UP):
        while await owner.fetchval(behind):  # noqa: ASYNC110 -- other processes' work is waited for
            await asyncio.sleep(0.05)


async def nothing_twice_nothing_missing(desk: Desk, owner: Connection, schools: list[School]) -> None:
    for school in schools:
        head = await owner.fetchval("SELECT seq FROM ledger.head WHERE school_id = $1", school.school_id)
        told = await history(owner, school.school_id)
        assert told.marks
        assert await models(owner, school.school_id) == told.at(head)
        assert (await rebuilt(desk.analytics, school.school_id)).same


async def test_workers_killed_in_the_middle_of_folds_lose_nothing_and_fold_nothing_twice(
    desk: Desk, owner: Connection, workers: Workers
) -> None:
    schools = [await desk.open(f"91140{n}", pupils=PUPILS) for n in range(3)]
    for _ in range(3):
        workers.start()
    async with written_meanwhile(schools, seed=1):
        for _ in range(5):
            workers.kill(await workers.stopped_in_a_fold())
            workers.start()
    await caught_up(owner)
    await nothing_twice_nothing_missing(desk, owner, schools)


async def test_a_worker_that_sleeps_with_a_school_loses_it_to_the_others_and_does_no_harm_when_it_wakes(
    desk: Desk, owner: Connection, workers: Workers
) -> None:
    schools = [await desk.open(f"91141{n}", pupils=PUPILS) for n in range(2)]
    for _ in range(2):
        workers.start()
    async with written_meanwhile(schools, seed=2):
        sleeper = await workers.stopped_in_a_fold()
    # The server ends its transaction after ten seconds; only then can another have the school.
    await caught_up(owner)
    await nothing_twice_nothing_missing(desk, owner, schools)
    before = [await models(owner, school.school_id) for school in schools]
    os.kill(workers.running[sleeper].pid, signal.SIGCONT)
    for school in schools:
        await something_happens(school, random.Random(3), PUPILS)
    # From here on the one that slept has all to do.
    for other in [name for name in workers.running if name != sleeper]:
        workers.kill(other)
    await something_happens(schools[0], random.Random(4), PUPILS)
    await caught_up(owner)
    await nothing_twice_nothing_missing(desk, owner, schools)
    assert [await models(owner, school.school_id) for school in schools] != before
