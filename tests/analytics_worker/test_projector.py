"""What stands and what is summed follows from the events: each folded once, none passed over, whatever happens."""

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import asyncpg
import httpx
import pytest

from analytics_worker import projector
from analytics_worker.app import WorkerSettings, create_app
from analytics_worker.projector import Waiting
from kit import database as kit_database
from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.writing import Desk, School
from tests.support.folded import rebuilt
from tests.support.postgres import Database
from tests.support.school import CALENDAR

_STANDS = (
    "SELECT pupil_no, session_date, session, code, first_code, version, arrived_at, made_at, recorded_at, seq "
    "FROM analysis.entry WHERE school_id = $1 ORDER BY session_date, session, pupil_no"
)
_SUMS = (
    "SELECT session_date, session, code, CAST(sum(entries) AS int) FROM analysis.day_total WHERE school_id = $1 "
    "GROUP BY session_date, session, code HAVING sum(entries) <> 0 ORDER BY session_date, session, code"
)


def expected_sums(school: School) -> list[tuple[date, str, str, int]]:
    """Fold the events one by one, in Python."""
    stands = {key: code for key, _, code in school.events}
    counts = Counter((day, session, code) for (_, day, session), code in stands.items())
    return [(*key, n) for key, n in sorted(counts.items())]


def expected_entries(school: School) -> list[tuple[int, date, str, str, str, int]]:
    """Fold the events one by one, in Python."""
    stands: dict[tuple[date, str, int], tuple[str, str, int]] = {}
    for (pupil_no, day, session), original, code in school.events:
        before = stands.get((day, session, pupil_no))
        assert (before is None) == (original is None)
        stands[day, session, pupil_no] = (code, code, 1) if before is None else (code, before[1], before[2] + 1)
    return [(pupil_no, day, session, *entry) for (day, session, pupil_no), entry in sorted(stands.items())]


async def test_an_amendment_moves_the_sums_of_its_own_session(desk: Desk) -> None:
    school = await desk.open("910001")
    await school.enter((1, "2026-09-07", "AM", "/"), (2, "2026-09-07", "AM", "N"), (1, "2026-11-19", "AM", "/"))
    await desk.sweep()
    await school.enter((2, "2026-09-07", "AM", "I"), (3, "2026-11-19", "AM", "N"), (3, "2026-11-19", "AM", "U"))
    await desk.sweep()
    assert await school.rows(_SUMS) == [
        (date(2026, 9, 7), "AM", "/", 1),
        (date(2026, 9, 7), "AM", "I", 1),
        (date(2026, 11, 19), "AM", "/", 1),
        (date(2026, 11, 19), "AM", "U", 1),
    ]
    assert [row[:6] for row in await school.rows(_STANDS)] == [
        (1, date(2026, 9, 7), "AM", "/", "/", 1),
        (2, date(2026, 9, 7), "AM", "I", "N", 2),
        (1, date(2026, 11, 19), "AM", "/", "/", 1),
        (3, date(2026, 11, 19), "AM", "U", "N", 2),
    ]


_PLACED = (
    "SELECT session_date, session, year_group, counted, code, entries FROM analysis.day_total "
    "WHERE school_id = $1 AND entries <> 0 ORDER BY 1, 2, 3, 4, 5"
)
_YEARS = (
    "SELECT academic_year, enrolments, CAST(codes AS text) FROM analysis.year_total "
    "WHERE school_id = $1 AND stretch = 'year' AND part_of = 'all' ORDER BY 1"
)


async def test_an_amendment_years_later_lands_in_its_own_week_and_its_own_year(desk: Desk, calling: Calling) -> None:
    school = await desk.open("911001", pupils=1)
    await school.enter((1, "2025-09-08", "AM", "N"), (1, "2026-11-19", "AM", "/"))
    await desk.sweep()
    desk.clock.set("2029-03-05T10:00:00+00:00")
    await school.enter((1, "2025-09-08", "AM", "I"))
    await desk.sweep()
    assert await school.rows(_PLACED) == [
        (date(2025, 9, 8), "AM", "4", "main", "I", 1),
        (date(2026, 11, 19), "AM", "4", "main", "/", 1),
    ]
    assert await school.rows(_YEARS) == [("2025-26", 1, '{"I": 1}'), ("2026-27", 1, '{"/": 1}')]
    async with calling() as http:
        asked = {"from": "2025-09-03", "to": "2026-11-20", "by": "week"}
        told = await http.get(f"/v1/schools/{school.urn}/attendance", params=asked)
    weeks = {item["week"]: item["codes"] for item in told.json()["items"] if item["codes"]}
    assert weeks == {"2025-09-08": {"I": 1}, "2026-11-16": {"/": 1}}


async def test_a_roll_that_changes_later_moves_what_it_is_about_and_nothing_else(desk: Desk) -> None:
    school = await desk.open("911002", pupils=2)
    days = ("2025-09-08", "2026-09-07", "2026-11-19")
    await school.enter(*[(no, day, "AM", "/") for no in (1, 2) for day in days])
    await desk.sweep()
    # In Year 5 since September after all; and a boarder, whom the DfE counts nowhere, who left in October.
    await school.pupil(1, year_group="5", effective_from="2026-09-01")
    await school.pupil(2, boarder=True, on_roll="{[2025-09-03,2026-10-31)}")
    await desk.sweep()
    first, second, third = (date.fromisoformat(day) for day in days)
    moved = [
        (first, "AM", "4", "main", "/", 1),
        (first, "AM", "4", "none", "/", 1),
        (second, "AM", "4", "none", "/", 1),
        (second, "AM", "5", "main", "/", 1),
        (third, "AM", "5", "main", "/", 1),
    ]
    assert await school.rows(_PLACED) == moved
    # Back on roll since November: what was entered then counts again.
    await school.pupil(2, boarder=True, on_roll="{[2025-09-03,2026-10-31),[2026-11-02,)}")
    await desk.sweep()
    assert await school.rows(_PLACED) == sorted([*moved, (third, "AM", "4", "none", "/", 1)])


async def test_a_calendar_that_changes_later_moves_the_entries_that_it_has_amended(desk: Desk) -> None:
    school = await desk.open("911003", pupils=2)
    await school.enter(*[(no, "2026-09-07", "AM", "/") for no in (1, 2)], (1, "2026-09-08", "AM", "/"))
    await desk.sweep()
    await school.calendar("2026-27", {**CALENDAR, "inset_days": ["2026-09-07"]})
    # As the register does with a calendar that closes a day on which there are entries.
    await school.enter(*[(no, "2026-09-07", "AM", "#") for no in (1, 2)])
    await desk.sweep()
    assert await school.rows(_PLACED) == [
        (date(2026, 9, 7), "AM", "4", "main", "#", 2),
        (date(2026, 9, 8), "AM", "4", "main", "/", 1),
    ]
    assert (await rebuilt(desk.analytics, school.school_id)).same


async def test_two_projectors_at_once_fold_each_event_once(desk: Desk) -> None:
    schools = [await desk.open(f"9102{n:02}") for n in range(4)]

    async def write(school: School) -> None:
        for n in range(12):
            day = (date(2026, 9, 7) + timedelta(days=n % 5)).isoformat()
            await school.enter(*[(pupil, day, "AM", code) for pupil in (1, 2, 3) for code in ("N", "/")])

    async def fold() -> None:
        for _ in range(30):
            await projector.sweep(desk.analytics, desk.clock)
            await asyncio.sleep(0)

    await asyncio.gather(*[write(school) for school in schools], fold(), fold(), fold())
    await desk.sweep()
    for school in schools:
        assert [row[:6] for row in await school.rows(_STANDS)] == expected_entries(school)
        assert await school.rows(_SUMS) == expected_sums(school)


async def test_a_school_that_fails_stands_still_alone_and_goes_on_when_it_can(
    desk: Desk, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = await desk.open("910301"), await desk.open("910302")
    owner = await asyncpg.connect(database.owner_url)
    await owner.execute(f"ALTER TABLE analysis.day_total ADD CONSTRAINT broken CHECK (school_id <> {broken.school_id})")
    await broken.enter((1, "2026-09-07", "AM", "/"))
    await sound.enter((1, "2026-09-07", "AM", "/"))
    await desk.sweep()
    assert await sound.rows(_SUMS) == expected_sums(sound)
    assert await broken.rows(_SUMS) == await broken.rows(_STANDS) == []
    standing = await broken.rows("SELECT seq, failures, failure FROM analysis.checkpoint WHERE school_id = $1")
    assert standing == [(0, 1, "CheckViolationError 23514")]
    assert f"school {broken.school_id} stands still" in caplog.text
    assert (await projector.faring(desk.analytics, desk.clock())).stalled == 1

    await owner.execute("ALTER TABLE analysis.day_total DROP CONSTRAINT broken")
    await owner.close()
    assert await desk.sweep() == 0  # it is not tried again at once
    desk.clock.set("2026-11-20T16:00:03+00:00")
    # Its alerts are not looked at before it is folded: that would say that all is well again.
    assert await projector.waiting(desk.analytics, desk.clock()) == [Waiting(broken.school_id, False, True, False)]
    await desk.sweep()
    assert await broken.rows(_SUMS) == expected_sums(broken)
    assert (await projector.faring(desk.analytics, desk.clock())).stalled == 0


@pytest.mark.alone
async def test_no_school_waits_to_be_folded_until_the_alerts_of_another_are_looked_at(
    desk: Desk, database: Database
) -> None:
    slow, other = await desk.open("910311"), await desk.open("910312")
    await desk.sweep()
    owner = await asyncpg.connect(database.owner_url)
    waits = "SELECT count(*) FROM pg_locks WHERE relation = 'analysis.alert'::regclass AND NOT granted"
    fares = "SELECT alerts_seq < seq, failures FROM analysis.checkpoint WHERE school_id = $1"
    unseen = "SELECT count(*) FROM analysis.checkpoint WHERE alerts_seq < seq OR failures > 0"

    async def folded(school: School) -> None:
        while await school.rows(_SUMS) != expected_sums(school):  # noqa: ASYNC110 -- another's work is waited for
            await asyncio.sleep(0.01)

    async def counts(asked: str, wanted: int) -> None:
        while await owner.fetchval(asked) != wanted:  # noqa: ASYNC110 -- another's work is waited for
            await asyncio.sleep(0.01)

    running = asyncio.create_task(projector.run(desk.analytics, desk.clock, 0.01))
    async with asyncio.timeout(20):
        async with owner.transaction():
            # Whoever looks at alerts of a pupil waits for this; nobody who folds does.
            await owner.execute("LOCK TABLE analysis.alert IN ACCESS EXCLUSIVE MODE")
            await slow.enter((1, "2026-09-07", "AM", "O"))
            await folded(slow)
            await counts(waits, 1)
            await other.enter((1, "2026-09-07", "AM", "O"))
            await folded(other)
            # The first is still being looked at: that has neither come to an end nor been given up.
            assert await slow.rows(fares) == [(True, 0)]
        await counts(unseen, 0)
    await owner.close()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_without_a_school_in_its_context_the_worker_sees_no_pupil(desk: Desk) -> None:
    school = await desk.open("910401")
    await school.enter((1, "2026-09-07", "AM", "O"))
    await desk.sweep()
    other = await desk.open("910402")
    for table in ("analysis.entry", "analysis.awaited", "analysis.alert", "ledger.event", "register.pupil"):
        async with kit_database.reading(desk.analytics) as connection:
            assert await connection.fetch(f"SELECT * FROM {table}") == []
        async with kit_database.reading(desk.analytics, other.school_id) as connection:
            found = await connection.fetch(f"SELECT * FROM {table} WHERE school_id = $1", school.school_id)
            assert found == []
    async with kit_database.writing(desk.analytics, other.school_id) as connection:
        assert await connection.execute("DELETE FROM analysis.entry") == "DELETE 0"
    assert len(await school.rows(_STANDS)) == 1


async def test_the_worker_cannot_write_to_the_book(desk: Desk) -> None:
    school = await desk.open("910501")
    for statement in (
        "INSERT INTO ledger.change SELECT * FROM ledger.change",
        "UPDATE ledger.head SET seq = 0",
        "DELETE FROM register.pupil",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with kit_database.writing(desk.analytics, school.school_id) as connection:
                await connection.execute(statement)


@pytest.mark.alone
async def test_readiness_says_how_the_projection_fares(desk: Desk, calling: Calling, database: Database) -> None:
    school = await desk.open("910701")
    await desk.sweep()
    now = datetime.now(UTC)  # readiness compares it with the database's
    desk.clock.now = now - timedelta(seconds=90)
    await school.enter((1, "2026-09-07", "AM", "/"))
    desk.clock.now = now - timedelta(seconds=60)
    await school.enter((1, "2026-09-07", "PM", "/"))
    desk.clock.now = datetime.now(UTC)
    async with calling() as http:
        told = await http.get("/readyz")
    assert (told.status_code, told.json()["status"]) == (200, "ready")
    assert told.json()["events_behind"] == 2
    assert (told.json()["stalled"], told.json()["schools_behind"]) == (0, 1)
    # Of the two that wait the one that waits for longer.
    assert 90 <= told.json()["seconds_behind"] < 120


def numbers(text: str) -> dict[str, float]:
    """Read the text format: no name of a school is in it, and each line that is no comment is a name and a number."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


@pytest.mark.alone
async def test_a_school_that_cannot_be_folded_is_seen_over_http_and_the_others_go_on(
    desk: Desk, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = await desk.open("910801"), await desk.open("910802")
    await desk.sweep()
    desk.clock.now = datetime.now(UTC)
    owner = await asyncpg.connect(database.owner_url)
    await owner.execute(f"ALTER TABLE analysis.day_total ADD CONSTRAINT broken CHECK (school_id <> {broken.school_id})")
    app = create_app(WorkerSettings(database_url=database.analytics_url, poll_seconds=0.01), desk.clock)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://worker") as http,
    ):

        async def until(**wanted: float) -> dict[str, float]:
            async with asyncio.timeout(20):
                while True:
                    desk.clock.now = datetime.now(UTC)
                    answer = await http.get("/metrics")
                    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
                    assert not any(urn in answer.text for urn in (broken.urn, sound.urn))
                    said = numbers(answer.text)
                    if {name: said.get(f"rollbook_{name}") for name in wanted} == wanted:
                        return said
                    await asyncio.sleep(0.01)

        await until(stalled=0, events_behind=0)
        await broken.enter((1, "2026-09-07", "AM", "/"))
        await sound.enter((1, "2026-09-07", "AM", "/"))
        said = await until(stalled=1, schools_behind=1, events_behind=1)
        while not said["rollbook_folds_failed_total"]:  # counted after the school was marked
            said = await until(stalled=1)
        assert said["rollbook_schools_folded_total"] >= 1
        assert said["rollbook_seconds_behind"] >= 0
        assert said["rollbook_ready"] == 1
        assert said['rollbook_answers_total{status="200"}'] >= 1
        ready = (await http.get("/readyz")).json()
        assert (ready["status"], ready["stalled"], ready["schools_behind"]) == ("ready", 1, 1)
        assert f"school {broken.school_id} stands still: CheckViolationError" in caplog.text
        assert await sound.rows(_SUMS) == expected_sums(sound)

        await owner.execute("ALTER TABLE analysis.day_total DROP CONSTRAINT broken")
        await owner.close()
        desk.clock.now += timedelta(seconds=3)
        async with asyncio.timeout(20):
            while await broken.rows(_SUMS) != expected_sums(broken):  # noqa: ASYNC110 -- another's work is waited for
                await asyncio.sleep(0.01)
        await until(stalled=0, events_behind=0)


async def test_what_was_counted_is_told_while_the_service_is_not_ready(desk: Desk, calling: Calling) -> None:
    async with calling() as http:
        told = await http.get("/metrics")  # by a clock that is months ahead of the database's
        assert (told.status_code, numbers(told.text)["rollbook_ready"]) == (200, 0)
        assert "rollbook_stalled" not in told.text


@pytest.mark.alone
async def test_the_worker_follows_the_register_by_itself(desk: Desk) -> None:
    school = await desk.open("910601")
    running = asyncio.create_task(projector.run(desk.analytics, desk.clock, 0.01))
    await school.enter((1, "2026-09-07", "AM", "/"))
    async with asyncio.timeout(20):
        while await school.rows(_SUMS) != expected_sums(school):  # noqa: ASYNC110 -- another connection's work is waited for
            await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
