"""What was recorded on which day: positions are found by halves, whatever the stream has lost since."""

from datetime import date, timedelta

import asyncpg

from analytics_worker import histories
from kit import database as kit_database
from kit.schools import midnight
from tests.analytics_worker.writing import Desk
from tests.support.postgres import Database

NAIVE = """
SELECT coalesce(max(seq), 0) FROM (SELECT seq, recorded_at FROM ledger.event WHERE school_id = $1
                                   UNION ALL SELECT seq, recorded_at FROM ledger.change WHERE school_id = $1) AS each
WHERE seq <= $2 AND recorded_at < $3
"""
WRITTEN = [date(2026, 9, 7) + timedelta(days=n) for n in (0, 1, 3, 4, 10, 11)]


async def test_positions_and_days_of_recording_are_found_by_halves_also_where_entries_were_let_go(
    desk: Desk, database: Database
) -> None:
    desk.clock.set("2026-09-01T08:00:00+01:00")
    school = await desk.open("930001", pupils=3)
    for day in WRITTEN:
        desk.clock.set(f"{day}T12:00:00+01:00")
        await school.enter(*((no, day.isoformat(), at, "/") for no in (1, 2, 3) for at in ("AM", "PM")))
    owner = await asyncpg.connect(database.owner_url)
    head = await owner.fetchval("SELECT seq FROM ledger.head WHERE school_id = $1", school.school_id)
    gone = set[date]()
    for gap in (None, WRITTEN[2], WRITTEN[0], WRITTEN[-1]):
        if gap is not None:
            # What retention leaves behind: positions that are no more.
            await owner.execute("SET session_replication_role = replica")
            await owner.execute("DELETE FROM ledger.event WHERE session_date = $1", gap)
            gone.add(gap)
        async with kit_database.writing(desk.analytics, school.school_id) as connection:
            for day in (WRITTEN[0] - timedelta(days=8) + timedelta(days=n) for n in range(24)):
                for up_to in (head, head // 2, 1):
                    at = midnight(day)
                    found = await histories.position_before(connection, school.school_id, up_to, at)
                    assert found == await owner.fetchval(NAIVE, school.school_id, up_to, at), (gap, day, up_to)
            days = await histories.recorded(connection, school.school_id, 0, head)
        kept = [day for day in WRITTEN if day not in gone]
        assert [day for day, _ in days] == [date(2026, 9, 1), *kept]
        assert days[-1][1] == head
    await owner.close()


async def test_of_many_days_on_which_something_was_recorded_the_first_are_given_with_their_last_positions(
    desk: Desk,
) -> None:
    desk.clock.set("2026-09-01T08:00:00+01:00")
    school = await desk.open("930002", pupils=1)
    for day in WRITTEN:
        desk.clock.set(f"{day}T23:59:59+01:00")
        await school.enter((1, day.isoformat(), "AM", "/"))
    async with kit_database.reading(desk.analytics, school.school_id) as connection:
        begun = await histories.recorded(connection, school.school_id, 0, 10_000, 1)
        assert [day for day, _ in begun] == [date(2026, 9, 1)]
        rest = await histories.recorded(connection, school.school_id, begun[0][1], begun[0][1] + 6, 3)
    assert rest == [(day, begun[0][1] + 1 + n) for n, day in enumerate(WRITTEN[:3])]
