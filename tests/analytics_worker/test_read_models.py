"""Incremental, rebuilt, and folded in plain Python: the same after any history, in any batches, by any workers."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest

from analytics_worker import projector
from kit.database import Connection
from tests.analytics_worker.writing import Desk, School
from tests.support.apart import history
from tests.support.folded import models, rebuilt, weeks
from tests.support.postgres import Database

# Around the turn of two school years, and the second half of a summer term, in which fifteen-year-olds are not counted.
# Two of the time in which the class of X depended on whether the pupil was of compulsory age.
DAYS = [
    date(2021, 1, 12),
    date(2021, 5, 4),
    date(2025, 9, 8),
    date(2026, 5, 22),
    date(2026, 6, 8),
    date(2026, 7, 14),
    date(2026, 9, 7),
    date(2026, 11, 19),
]
# Four, five and fifteen on 31 August 2025 and 2026, by a day or two.
BIRTHDAYS = [
    date(2016, 1, 5),
    date(2021, 8, 31),
    date(2021, 9, 1),
    date(2020, 8, 31),
    date(2011, 8, 31),
    date(2010, 9, 1),
    date(2018, 2, 11),
]
ROLLS = [
    "{[2020-09-03,)}",
    "{[2025-09-03,)}",
    "{[2025-09-03,2026-06-10)}",
    "{[2025-09-03,2026-05-23),[2026-09-03,)}",
    "{[2026-06-02,)}",
    "{[2026-11-01,)}",
    "{[2024-01-08,2024-02-01)}",
]
CODES = ["/", "\\", "N", "I", "L", "O", "U", "#", "X"]


@pytest.fixture(scope="module")
async def owner(database: Database) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database.owner_url)
    yield connection
    await connection.close()


async def checkpoint(owner: Connection, school_id: int) -> int:
    seq = await owner.fetchval("SELECT seq FROM analysis.checkpoint WHERE school_id = $1", school_id)
    return int(seq or 0)


async def is_the_fold_of_its_events(owner: Connection, school_id: int) -> None:
    """The live models are what the events up to the checkpoint come to, and weeks those up to where they were laid."""
    told = await history(owner, school_id)
    assert await models(owner, school_id) == told.at(await checkpoint(owner, school_id))
    laid_at, rows = await weeks(owner, school_id)
    assert rows == told.weeks_at(laid_at)


async def something_happens(school: School, chance: random.Random, pupils: int) -> None:
    """Write marks and amendments, mostly; or change what the roll says of a pupil, from some day past or to come."""
    no = chance.randrange(1, pupils + 1)
    if chance.random() < 0.55:
        moments = [
            (chance.randrange(1, pupils + 1), day.isoformat(), session, chance.choice(CODES))
            for day in chance.choices(DAYS, k=chance.randrange(1, 12))
            for session in ("AM", "PM")
        ]
        await school.enter(*moments)
    else:
        await school.pupil(
            no,
            date_of_birth=chance.choice(BIRTHDAYS).isoformat(),
            on_roll=chance.choice(ROLLS),
            boarder=chance.random() < 0.2,
            effective_from=chance.choice([*DAYS, date(2025, 9, 3)]).isoformat(),
            year_group=chance.choice(["R", "1", "10", "11"]),
            facts={"fsm": chance.random() < 0.5},
        )


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_happens_the_models_are_the_fold_of_the_events_at_every_position(
    desk: Desk, owner: Connection, seed: int
) -> None:
    chance = random.Random(seed)
    school = await desk.open(f"9111{seed:02}", pupils=4)
    assert await desk.sweep() >= 1
    day = desk.clock()
    for _ in range(14):
        await something_happens(school, chance, pupils=4)
        if chance.random() < 0.6:
            await projector.fold(desk.analytics, school.school_id, chance.choice((1, 2, 7, 100_000)))
            await is_the_fold_of_its_events(owner, school.school_id)
        if chance.random() < 0.3:
            day += timedelta(days=1)
            await projector.look(desk.analytics, school.school_id, day)
            assert (await weeks(owner, school.school_id))[0] == await checkpoint(owner, school.school_id)
            await is_the_fold_of_its_events(owner, school.school_id)
    while await projector.fold(desk.analytics, school.school_id, chance.choice((1, 3, 50))):
        await is_the_fold_of_its_events(owner, school.school_id)
    await is_the_fold_of_its_events(owner, school.school_id)
    before = await models(owner, school.school_id)
    again = await rebuilt(desk.analytics, school.school_id)
    assert (again.same, again.is_new, again.differences) == (True, False, ())
    assert await models(owner, school.school_id) == before
    assert (await weeks(owner, school.school_id))[0] == await checkpoint(owner, school.school_id)
    await is_the_fold_of_its_events(owner, school.school_id)


async def year_totals(owner: Connection, school_id: int) -> list[tuple[Any, ...]]:
    rows = await owner.fetch(
        "SELECT academic_year, stretch, counted, part_of, part, enrolments, persistent, severe, absence_of_persistent, "
        "codes "
        "FROM analysis.year_total WHERE school_id = $1 ORDER BY 1, 2, 3, 4, 5",
        school_id,
    )
    return [(*tuple(row)[:-1], json.loads(row["codes"])) for row in rows]


@pytest.mark.parametrize("seed", range(6))
async def test_the_sums_of_academic_years_are_those_of_the_evening_before(
    desk: Desk, owner: Connection, seed: int
) -> None:
    chance = random.Random(seed)
    school = await desk.open(f"9113{seed:02}", pupils=5)
    for day in range(20, 24):
        desk.clock.set(f"2026-11-{day}T00:00:30+00:00")
        for _ in range(chance.randrange(6) if day > 20 else 12):
            await something_happens(school, chance, pupils=5)
        await desk.sweep()
        told = await history(owner, school.school_id)
        evening = told.years_at(await checkpoint(owner, school.school_id))
        assert await year_totals(owner, school.school_id) == evening
        desk.clock.set(f"2026-11-{day}T09:00:00+00:00")
        await something_happens(school, chance, pupils=5)
        await desk.sweep()
        assert await year_totals(owner, school.school_id) == evening
    assert (await rebuilt(desk.analytics, school.school_id)).same
    assert await year_totals(owner, school.school_id) == (await history(owner, school.school_id)).years_at(
        await checkpoint(owner, school.school_id)
    )


@pytest.mark.parametrize("seed", range(3))
async def test_any_workers_at_once_that_die_in_between_lose_nothing_and_fold_nothing_twice(
    desk: Desk, owner: Connection, seed: int
) -> None:
    chance = random.Random(seed)
    schools = [await desk.open(f"9112{seed}{n}", pupils=4) for n in range(2)]
    written = asyncio.Event()

    async def write(school: School) -> None:
        for _ in range(15):
            await something_happens(school, chance, pupils=4)

    async def work() -> None:
        while not written.is_set():
            for school in schools:
                worker = asyncio.create_task(
                    projector.fold(desk.analytics, school.school_id, chance.choice((1, 5, 100_000)))
                )
                await asyncio.sleep(chance.random() * 0.004)
                # Cancelled between two messages, its connection is cut off: as when its process is killed.
                if chance.random() < 0.5:
                    worker.cancel()
                with suppress(asyncio.CancelledError):
                    await worker

    async def write_all() -> None:
        await desk.sweep()
        await asyncio.gather(*(write(school) for school in schools))
        written.set()

    await asyncio.gather(write_all(), work(), work(), work())
    await desk.sweep()
    for school in schools:
        await is_the_fold_of_its_events(owner, school.school_id)
        assert (await rebuilt(desk.analytics, school.school_id)).same
