"""As at: any instant or position gives what a plain model of the stream gives, and says whether it is settled."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from kit import database as kit_database
from kit.problems import Problem
from ledger import append, read
from ledger.append import NewChange, Recorded
from ledger.as_at import AsAt, resolve
from ledger.writers import writers
from tests.support.book import DAY, NOON, mark, write

LATER = NOON + timedelta(days=1)


async def at(engine: AsyncEngine, school: int, asked: str | None, now: datetime = LATER) -> AsAt:
    async with kit_database.reading(engine, school) as connection:
        return await resolve(connection, school, asked, now)


async def test_every_instant_and_position_reads_as_a_plain_model_does(engine: AsyncEngine, school: int) -> None:
    random_ = random.Random(20260907)
    moments: list[datetime] = []
    versions: Counter[int] = Counter()
    stands: list[dict[int, str]] = [{}]
    clock = NOON
    for _ in range(40):
        clock += timedelta(microseconds=random_.choice((0, 1, 700, 60_000_000)))
        if random_.random() < 0.2:
            stands.append(stands[-1])
            moments += [each.recorded_at for each in await change_the_calendar(engine, school, clock)]
            continue
        marks = []
        for no in random_.sample(range(1, 10), random_.randint(1, 4)):
            original = stands[-1].get(no)
            code = random_.choice([code for code in "/NIO" if code != original])
            versions[no] += 1
            marks.append(mark(no, code, versions[no], original_code=original))
            stands.append({**stands[-1], no: code})
        moments += [each.recorded_at for each in await write(engine, school, *marks, now=clock)]
    assert len(moments) == len(stands) - 1
    for seq, expected in enumerate(stands):
        assert await standing_at(engine, school, f"seq:{seq}") == expected
    for seq, moment in enumerate(moments, start=1):
        assert (await at(engine, school, moment.isoformat())).seq == seq
        assert (await at(engine, school, (moment - timedelta(microseconds=1)).isoformat())).seq == seq - 1


async def change_the_calendar(engine: AsyncEngine, school: int, now: datetime) -> list[Recorded]:
    async with kit_database.writing(engine, school) as connection:
        head = await append.lock(connection, school)
        who = await writers(connection, head.school_id, "a-mis", [], [])
        change = NewChange("calendar-changed", "calendar:2026-27", "{}", now)
        return await append.append_changes(connection, head, who, [change], now)


async def standing_at(engine: AsyncEngine, school: int, asked: str) -> dict[int, str]:
    position = await at(engine, school, asked)
    async with kit_database.reading(engine, school) as connection:
        chains = await read.session_chains(connection, school, DAY, "AM", position.seq)
    return {key[0]: chain.current.code for key, chain in chains.items()}


async def test_a_position_repeats_itself_after_more_has_been_written(engine: AsyncEngine, school: int) -> None:
    await write(engine, school, mark(1, "N"))
    before = await standing_at(engine, school, "seq:1")
    await write(engine, school, mark(1, "I", version=2, reason="Sickness"), mark(2))
    assert await standing_at(engine, school, "seq:1") == before == {1: "N"}
    assert (await at(engine, school, "seq:1")).settled


async def test_the_position_before_the_first_event_repeats_itself_too(engine: AsyncEngine, school: int) -> None:
    before = await at(engine, school, "seq:0")
    await write(engine, school, mark(1))
    assert await at(engine, school, "seq:0") == before
    assert before.settled


async def test_what_is_to_come_is_refused(engine: AsyncEngine, school: int) -> None:
    await write(engine, school, mark(1))
    for asked in ("seq:2", (LATER + timedelta(seconds=1)).isoformat()):
        with pytest.raises(Problem) as caught:
            await at(engine, school, asked)
        assert caught.value.code == "as-at-in-future"


@pytest.mark.parametrize("asked", ["yesterday", "seq:", "seq:-1", "2026-09-07", "2026-09-07T10:00:00", "seq:1e3", ""])
async def test_what_is_neither_an_instant_nor_a_position_is_refused(
    engine: AsyncEngine, school: int, asked: str
) -> None:
    with pytest.raises(Problem) as caught:
        await at(engine, school, asked)
    assert caught.value.code == "invalid-parameter"
    assert caught.value.errors[0].parameter == "as_at"


async def test_an_instant_is_settled_once_no_writer_in_flight_can_add_to_it(engine: AsyncEngine, school: int) -> None:
    await write(engine, school, mark(1))
    just_now = (NOON + timedelta(seconds=1)).isoformat()
    soon = NOON + timedelta(seconds=2)
    assert not (await at(engine, school, just_now, soon)).settled
    assert not (await at(engine, school, None, soon)).settled
    await write(engine, school, mark(2), now=soon)
    assert (await at(engine, school, just_now, soon)).settled, "a later event stands, so every earlier one does"
    assert (await at(engine, school, just_now, NOON + timedelta(minutes=5))).settled


async def test_an_offset_and_a_plus_sign_that_became_a_space_are_understood(engine: AsyncEngine, school: int) -> None:
    await write(engine, school, mark(1))
    read_at = await at(engine, school, "2026-09-07T13:00:01 01:00")
    assert (read_at.seq, read_at.instant) == (1, datetime(2026, 9, 7, 12, 0, 1, tzinfo=UTC))
