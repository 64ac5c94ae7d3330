"""The closer: sessions are entered once their registers have opened, never before, by whoever comes first."""

import asyncio
from typing import Any

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from register_api import closer
from register_api.closer import Closer
from tests.support.closures import HEAD, Opening, body, close, codes, states
from tests.support.office import MONDAY, TUESDAY, refusal
from tests.support.school import CALENDAR, POLICY, pupil, put
from tests.support.services import Register

WEDNESDAY, FRIDAY, NEXT_MONDAY, NEXT_TUESDAY = "2026-09-09", "2026-09-11", "2026-09-14", "2026-09-15"
AFTERNOONS: dict[str, Any] = {
    "registers": [
        POLICY["registers"][0],
        {"session": "PM", "opens": "13:00", "closes": "13:30", "ends": "15:15", "year_groups": ["R", "1", "2"]},
        {"session": "PM", "opens": "13:15", "closes": "13:45", "ends": "15:15"},
    ]
}


async def test_a_run_over_a_weekend_and_an_inset_day_takes_the_sessions_that_the_calendar_has(
    register: Register, opening: Opening, closing: Closer
) -> None:
    office = await opening(pupils=2, now="2026-09-11T12:00:00+01:00")
    calendar = {**CALENDAR, "inset_days": ["2026-09-03", NEXT_MONDAY]}
    await put(office.http, office.path("/calendar/2026-27"), calendar)
    closed = await close(office, "Y4", (FRIDAY, "AM"), (NEXT_TUESDAY, "PM"))
    assert states(closed) == {
        (FRIDAY, "AM"): "entered",
        (FRIDAY, "PM"): "due",
        (NEXT_TUESDAY, "AM"): "due",
        (NEXT_TUESDAY, "PM"): "due",
    }
    register.clock.set("2026-09-15T16:00:00+01:00")
    assert await closer.round_of(closing) == 6
    assert set(states(await office.get(f"/closures/{closed['id']}")).values()) == {"entered"}
    for day, session in ((FRIDAY, "PM"), (NEXT_TUESDAY, "AM"), (NEXT_TUESDAY, "PM")):
        assert await codes(office, day, session) == {"p-001": "Y4", "p-002": "Y4"}
    assert await codes(office, NEXT_MONDAY) == {}
    await office.stream()


async def test_a_session_that_is_due_is_entered_once_its_registers_have_opened_and_never_before(
    register: Register, opening: Opening, closing: Closer
) -> None:
    office = await opening()
    closed = await close(office, "Y4", (MONDAY, "AM"), (MONDAY, "PM"))
    assert states(closed) == {(MONDAY, "AM"): "due", (MONDAY, "PM"): "due"}
    register.clock.set("2026-09-07T08:44:59.999999+01:00")
    assert await closer.round_of(closing) == 0
    register.clock.set("2026-09-07T08:45:00+01:00")
    assert await closer.round_of(closing) == 3
    assert states(await office.get(f"/closures/{closed['id']}")) == {(MONDAY, "AM"): "entered", (MONDAY, "PM"): "due"}
    assert await closer.round_of(closing) == 0
    entry = await office.entry("p-001")
    assert (entry["code"], entry["made_by"], entry["version"]) == ("Y4", HEAD, 1)
    assert entry["made_at"] == "2026-09-07T07:45:00.000000Z"


async def test_of_two_afternoon_registers_the_later_one_says_when_the_session_is_entered(
    register: Register, opening: Opening, closing: Closer
) -> None:
    office = await opening(policy=AFTERNOONS)
    await put(office.http, office.path("/pupils/p-001"), pupil(year_group="R", effective_from="2026-09-03"))
    await close(office, "Y4", (MONDAY, "PM"))
    register.clock.set("2026-09-07T13:14:00+01:00")
    assert await closer.round_of(closing) == 0
    register.clock.set("2026-09-07T13:15:00+01:00")
    assert await closer.round_of(closing) == 3


async def test_a_policy_that_opens_the_register_later_is_waited_for(
    register: Register, opening: Opening, closing: Closer
) -> None:
    office = await opening()
    await close(office, "Y4", (MONDAY, "AM"))
    later = [{**POLICY["registers"][0], "opens": "09:00"}, POLICY["registers"][1]]
    school = {"name": "Invented", "phase": "primary", "age_range": [4, 11], "policy": {**POLICY, "registers": later}}
    await put(office.http, office.path(), school)
    register.clock.set("2026-09-07T08:59:00+01:00")
    assert await closer.round_of(closing) == 0
    register.clock.set("2026-09-07T09:00:00+01:00")
    assert await closer.round_of(closing) == 3


async def test_two_closers_at_once_enter_nothing_twice(
    register: Register, opening: Opening, closing: Closer, engine: AsyncEngine
) -> None:
    office = await opening(pupils=30)
    await close(office, "Y4", (MONDAY, "AM"), (WEDNESDAY, "PM"))
    register.clock.set("2026-09-09T16:00:00+01:00")
    others = [closing, Closer(engine, register.clock, 5), Closer(engine, register.clock, 5)]
    assert sum(await asyncio.gather(*map(closer.round_of, others))) == 180
    assert len(await codes(office, WEDNESDAY, "PM")) == 30
    await office.stream()


async def test_a_long_run_is_entered_in_several_transactions(
    register: Register, opening: Opening, closing: Closer
) -> None:
    office = await opening(pupils=1)
    await close(office, "Y4", (MONDAY, "AM"), (FRIDAY, "PM"))
    register.clock.set("2026-09-11T16:00:00+01:00")
    assert await closer.round_of(closing) == 10 > closer.MOST_SESSIONS


async def test_a_closure_that_fails_at_the_end_leaves_nothing_and_the_next_round_makes_good(
    register: Register, opening: Opening, closing: Closer
) -> None:
    office = await opening(now="2026-09-07T09:00:00+01:00")
    owner = await asyncpg.connect(register.database.owner_url)
    failing = """
        CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
        CREATE CONSTRAINT TRIGGER fails_at_commit AFTER UPDATE ON ledger.head
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.fail();
    """
    try:
        before = await office.head()
        await owner.execute(failing)
        answer = await office.http.post(office.path("/closures"), json=body("Y4", (MONDAY, "AM"), (MONDAY, "PM")))
        refusal(answer, "internal-error")
        await owner.execute("DROP FUNCTION public.fail() CASCADE")
        assert await office.head() == before
        assert (await office.get("/closures"))["items"] == []
        assert await owner.fetchval("SELECT count(*) FROM register.closure_due") == 0
        await close(office, "Y4", (MONDAY, "AM"), (MONDAY, "PM"))
        register.clock.set("2026-09-07T13:00:00+01:00")
        await owner.execute(failing)
        with pytest.raises(asyncpg.PostgresError):
            await closer.round_of(closing)
        await owner.execute("DROP FUNCTION public.fail() CASCADE")
        assert await codes(office, session="PM") == {}
        assert await closer.round_of(closing) == 3
    finally:
        await owner.execute("DROP FUNCTION IF EXISTS public.fail() CASCADE")
        await owner.close()


async def test_one_school_that_cannot_be_entered_does_not_keep_another_waiting(
    register: Register, opening: Opening, closing: Closer, engine: AsyncEngine
) -> None:
    stuck, other = await opening(), await opening()
    for office in (stuck, other):
        await close(office, "Y4", (MONDAY, "AM"))
    register.clock.set("2026-09-07T08:45:00+01:00")
    async with engine.connect() as holding:
        number = "(SELECT school_id FROM register.urn WHERE urn = '%s')" % stuck.urn  # noqa: UP031
        await holding.exec_driver_sql(f"SELECT FROM ledger.head WHERE school_id = {number} FOR UPDATE")
        with pytest.raises(asyncpg.LockNotAvailableError):
            await closer.round_of(closing)
        assert len(await codes(other)) == 3
        assert await codes(stuck) == {}
    assert await closer.round_of(closing) == 3


async def test_readiness_says_how_closures_fare(register: Register, opening: Opening, closing: Closer) -> None:
    office = await opening()
    await close(office, "Y4", (MONDAY, "AM"))
    assert await closer.faring(closing) == {"closures_overdue": 0, "closures_failed": 0}
    register.clock.set("2026-09-07T08:50:00+01:00")
    assert await closer.faring(closing) == {"closures_overdue": 1, "closures_failed": 0}
    await closer.round_of(closing)
    assert (await closer.faring(closing))["closures_overdue"] == 0


async def test_who_is_not_on_roll_that_day_gets_nothing(register: Register, opening: Opening, closing: Closer) -> None:
    office = await opening()
    await put(office.http, office.path("/pupils/p-001"), pupil(leaving={"date": MONDAY, "ground": "a"}))
    await put(office.http, office.path("/pupils/p-late"), pupil(starting_day=TUESDAY))
    await close(office, "Y4", (MONDAY, "AM"), (TUESDAY, "AM"))
    register.clock.set("2026-09-08T16:00:00+01:00")
    await closer.round_of(closing)
    assert set(await codes(office)) == {"p-001", "p-002", "p-003"}
    assert set(await codes(office, TUESDAY)) == {"p-002", "p-003", "p-late"}
