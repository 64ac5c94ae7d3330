"""Appending: gapless under concurrency, strictly rising in time, one statement, hashed as it was written."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from kit import database as kit_database
from ledger import append, read, tree
from ledger.append import NewChange
from ledger.leaf import Event
from ledger.writers import Person, writers
from tests.support.book import DAY, NOON, TEACHER, mark, write
from tests.support.postgres import Database


async def stream(engine: AsyncEngine, school: int) -> list[Event]:
    async with kit_database.reading(engine, school) as connection:
        return await read.events(connection, school, 0, 100_000)


async def head(engine: AsyncEngine, school: int) -> append.Head:
    async with kit_database.writing(engine, school) as connection:
        return await append.lock(connection, school)


async def assert_whole(engine: AsyncEngine, school: int) -> list[Event]:
    """Assert that the stream is gapless and that its leaves hash to the root that the head has."""
    events = await stream(engine, school)
    now = await head(engine, school)
    assert [event.seq for event in events] == list(range(1, now.seq + 1))
    frontier, _ = tree.extend(b"", 0, [event.leaf for event in events])
    assert frontier == now.frontier
    return events


async def test_what_was_appended_hashes_to_the_root_that_the_head_has(engine: AsyncEngine, school: int) -> None:
    await write(engine, school, mark(1), mark(2, "N"), mark(3, "B", nature="Taster day"))
    await write(engine, school, mark(2, "I", version=2, reason="Parent telephoned: sickness"))
    async with kit_database.writing(engine, school) as connection:
        locked = await append.lock(connection, school)
        who = await writers(connection, locked.school_id, "a-mis", [], [])
        change = NewChange("roll-changed", "pupil:4", '{"forename":"Zoë"}', NOON, reason="Moved in")
        await append.append_changes(connection, locked, who, [change], NOON)
    events = await assert_whole(engine, school)
    assert len(events) == 5
    assert events[3].texts["reason"]["text"] == "Parent telephoned: sickness"
    assert events[4].texts["body"]["text"] == '{"forename":"Zoë"}'
    assert events[0].texts["made_by"]["name"] == "A. Teacher"


async def test_many_writers_at_once_leave_a_gapless_stream(engine: AsyncEngine, school: int) -> None:
    async def register_class(first: int) -> None:
        who = Person(f"Teacher {first}", "Class teacher")
        await write(engine, school, *(mark(first + n, made_by=who) for n in range(7)), client=f"mis-{first % 3}")

    await asyncio.gather(*(register_class(100 * n + 1) for n in range(24)))
    events = await assert_whole(engine, school)
    assert len(events) == 24 * 7


async def test_two_writers_cannot_both_write_the_first_version(engine: AsyncEngine, school: int) -> None:
    await write(engine, school, mark(1))
    with pytest.raises(asyncpg.UniqueViolationError):
        await write(engine, school, mark(2), mark(1, "N"))
    assert len(await assert_whole(engine, school)) == 1


async def test_times_of_recording_rise_even_when_the_clock_stands_or_runs_back(
    engine: AsyncEngine, school: int
) -> None:
    first = await write(engine, school, mark(1), mark(2))
    standing = await write(engine, school, mark(3))
    back = await write(engine, school, mark(4), now=NOON - timedelta(hours=1))
    later = await write(engine, school, mark(5), now=NOON + timedelta(hours=1))
    times = [each.recorded_at for each in (*first, *standing, *back, *later)]
    assert times == sorted(set(times))
    assert times[-1] == NOON + timedelta(hours=1)


async def test_a_writer_that_fails_half_way_leaves_nothing(engine: AsyncEngine, school: int) -> None:
    await write(engine, school, mark(1))
    before = await head(engine, school)

    async def fails() -> None:
        async with kit_database.writing(engine, school) as connection:
            locked = await append.lock(connection, school)
            who = await writers(connection, locked.school_id, "a-mis", [TEACHER], [DAY])
            await append.append_marks(connection, locked, who, [mark(2)], NOON)
            raise RuntimeError("the process had second thoughts")

    with pytest.raises(RuntimeError, match="second thoughts"):
        await fails()
    assert await head(engine, school) == before
    assert len(await assert_whole(engine, school)) == 1


async def test_a_writer_that_is_cancelled_frees_the_head_and_leaves_nothing(engine: AsyncEngine, school: int) -> None:
    locked = asyncio.Event()

    async def waits_for_ever() -> None:
        async with kit_database.writing(engine, school) as connection:
            await append.lock(connection, school)
            locked.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(waits_for_ever())
    await locked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await write(engine, school, mark(1))
    assert len(await assert_whole(engine, school)) == 1


async def test_an_empty_append_moves_nothing(engine: AsyncEngine, school: int) -> None:
    before = await head(engine, school)
    assert await write(engine, school) == []
    assert await head(engine, school) == before


async def test_persons_are_interned_once_and_a_new_post_is_a_new_person(engine: AsyncEngine, school: int) -> None:
    promoted = Person("A. Teacher", "Deputy head")
    await write(engine, school, mark(1), mark(2))
    await write(engine, school, mark(3), mark(4, made_by=promoted))
    async with kit_database.reading(engine, school) as connection:
        chains = await read.session_chains(connection, school, DAY, "AM", 10)
    persons = {key[0]: (chain.first.staff_no, chain.first.position) for key, chain in chains.items()}
    assert persons == {
        1: (1, "Class teacher"),
        2: (1, "Class teacher"),
        3: (1, "Class teacher"),
        4: (2, "Deputy head"),
    }


async def test_entries_of_two_academic_years_carry_nonces_of_two_keys(engine: AsyncEngine, school: int) -> None:
    made = datetime(2010, 9, 6, 9, 0, tzinfo=UTC)
    old = mark(1, date=made.date(), made_at=made, source="history")
    await write(engine, school, old, mark(1))
    async with kit_database.reading(engine, school) as connection:
        years = {row["academic_year"] async for row in read._sql.nonce_keys(connection, school_id=school)}
    assert years == {2010, 2026}
    await assert_whole(engine, school)


async def test_a_writer_sees_no_other_school(engine: AsyncEngine, school: int, database: Database) -> None:
    await write(engine, school, mark(1, "B", nature="Taster day"))
    async with kit_database.writing(engine, 0) as connection:
        other = await append.open_register(connection, NOON)
    async with kit_database.reading(engine, other) as connection:
        assert await read.events(connection, school, 0, 10) == []
        assert await read.session_chains(connection, school, DAY, "AM", 10) == {}
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with kit_database.writing(engine, other) as connection:
            locked = await append.lock(connection, school)
            await writers(connection, locked.school_id, "a-mis", [TEACHER], [DAY])
