"""Closures beside the calendar: what they close, what they enter and when, and what stands for all that."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import date
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from kit import database as kit_database
from ledger import append
from ledger.append import NewChange
from ledger.writers import writers
from register_api import closer
from register_api.closer import Closer
from tests.support.office import MONDAY, TUESDAY, Office, amending, calling, open_office, refusal, told
from tests.support.postgres import Database
from tests.support.school import CALENDAR, OFFICE, POLICY, pupil, put
from tests.support.services import Register

WEDNESDAY, FRIDAY, NEXT_MONDAY, NEXT_TUESDAY = "2026-09-09", "2026-09-11", "2026-09-14", "2026-09-15"
HEAD = {"name": "H. Teacher", "position": "Head teacher"}
AFTERNOONS: dict[str, Any] = {
    "registers": [
        POLICY["registers"][0],
        {"session": "PM", "opens": "13:00", "closes": "13:30", "ends": "15:15", "year_groups": ["R", "1", "2"]},
        {"session": "PM", "opens": "13:15", "closes": "13:45", "ends": "15:15"},
    ]
}
_urns = itertools.count(900301)
Opening = Callable[..., Coroutine[Any, Any, Office]]


@pytest.fixture
async def engine(database: Database) -> AsyncIterator[AsyncEngine]:
    engine = kit_database.connect(database.register_url, name="tests", pool_size=4)
    yield engine
    await engine.dispose()


@pytest.fixture(autouse=True)
async def _nothing_due(database: Database) -> None:
    """Leave no session to be entered that another test has closed."""
    owner = await asyncpg.connect(database.owner_url)
    await owner.execute("DELETE FROM register.closure_due")
    await owner.close()


@pytest.fixture
def closing(engine: AsyncEngine, register: Register) -> Closer:
    """Give a closer whose rounds the test asks for."""
    return Closer(engine, register.clock, 5)


@pytest.fixture
def opening(register: Register, admin: httpx.AsyncClient) -> Opening:
    """Give what opens a school of its own for a test, on the morning of the Monday before anything is due."""

    async def open_(pupils: int = 3, now: str = "2026-09-07T07:30:00+01:00", **school: Any) -> Office:
        register.clock.set("2026-09-04T12:00:00+01:00")
        office = await open_office(admin, register.database, str(next(_urns)), pupils, **school)
        register.clock.set(now)
        return office

    return open_


def at(day: str, session: str) -> dict[str, str]:
    return {"date": day, "session": session}


def body(code: str, first: tuple[str, str], last: tuple[str, str] | None = None, **other: Any) -> dict[str, Any]:
    closed = {"code": code, "from": at(*first), "to": at(*(last or first))}
    return {**closed, "reason": "The boiler failed", "made_by": HEAD, **other}


async def close(office: Office, *closure: Any, params: Any = None, **other: Any) -> Any:
    """Close sessions, which must be answered, and give the answer."""
    answer = await office.http.post(office.path("/closures"), json=body(*closure, **other), params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def reverse(office: Office, id_: str, **other: Any) -> httpx.Response:
    said = {"reason": "It was open after all", "made_by": OFFICE, **other}
    return await office.http.post(office.path(f"/closures/{id_}/reversals"), json=said)


def states(closure: Any) -> dict[tuple[str, str], str]:
    return {(each["date"], each["session"]): each["state"] for each in closure["sessions"]}


async def codes(office: Office, day: str = MONDAY, session: str = "AM") -> dict[str, str]:
    """Give the entries that stand in a session, by pupil."""
    items = (await office.get(f"/registers/{day}/{session}"))["items"]
    return {item["pupil"]: item["entry"]["code"] for item in items if item["entry"] is not None}


async def test_y4_for_a_session_that_has_begun_is_entered_for_everybody_at_once(
    register: Register, opening: Opening
) -> None:
    office = await opening(now="2026-09-07T09:00:00+01:00")
    await put(office.http, office.path("/pupils/p-003"), pupil(boarder=True))
    closed = await close(office, "Y4", (MONDAY, "AM"))
    assert (closed["outcome"], closed["id"]) == ("closed", f"c-{closed['seq']}")
    assert closed["sessions"] == [{**at(MONDAY, "AM"), "state": "entered", "entered": 2, "amended": 0, "stood": 0}]
    assert await codes(office) == {"p-001": "Y4", "p-002": "Y4"}  # not the boarder
    assert await codes(office, session="PM") == {}
    stream = await office.stream()
    [change] = [leaf for leaf in stream if leaf["kind"] == "closure"]
    assert (change["seq"], change["subject"]) == (closed["seq"], f"closure:{closed['id']}")
    entered = stream[closed["seq"] :]
    assert {(leaf["source"], leaf["version"], leaf["code"]) for leaf in entered} == {("closure", 1, "Y4")}
    texts = (await office.http.get(office.path("/events"), params={"part": "texts", "after": closed["seq"]})).content
    one = json.loads(texts.splitlines()[0])["texts"]
    assert json.loads(one["by-system"]["text"]) == {"system": "rollbook", "rule": "closure", "cause": closed["id"]}
    assert (one["made_by"]["name"], one["made_by"]["position"]) == (HEAD["name"], HEAD["position"])


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


async def test_marks_of_a_session_already_held_stand_and_the_others_get_y4(
    register: Register, opening: Opening
) -> None:
    office = await opening(now="2026-09-07T09:05:00+01:00")
    await office.entered(("p-001", "/"))
    closed = await close(office, "Y4", (MONDAY, "AM"), (MONDAY, "PM"))
    [morning, afternoon] = closed["sessions"]
    assert morning == {**at(MONDAY, "AM"), "state": "held", "entered": 2, "amended": 0, "stood": 1}
    assert afternoon["state"] == "due"
    assert await codes(office) == {"p-001": "/", "p-002": "Y4", "p-003": "Y4"}
    # A correction must be possible in a session that was held, and in no other.
    [outcome] = await office.amended(amending("p-002", "Y4", "L", arrived_at="08:58"))
    assert outcome["outcome"] == "amended"
    register.clock.set("2026-09-07T13:05:00+01:00")
    told((await office.mark("p-001", "\\", session="PM"))["problem"], "session-closed", at="date")
    assert (await office.mark("p-001", "Y4", session="PM"))["outcome"] == "entered"


async def test_what_a_mis_marks_y4_itself_shows_no_session_held(register: Register, opening: Opening) -> None:
    office = await opening(now="2026-09-07T09:05:00+01:00")
    await office.entered(("p-001", "Y4"))
    closed = await close(office, "Y4", (MONDAY, "AM"))
    assert closed["sessions"] == [{**at(MONDAY, "AM"), "state": "entered", "entered": 2, "amended": 0, "stood": 1}]


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


async def test_the_same_closure_again_is_unchanged_and_a_part_of_it_has_nothing_to_close(opening: Opening) -> None:
    office = await opening(now="2026-09-07T14:00:00+01:00")
    first = await close(office, "Y4", (MONDAY, "AM"), (TUESDAY, "PM"))
    before = await office.head()
    again = await close(office, "Y4", (MONDAY, "AM"), (TUESDAY, "PM"), reason="Said otherwise")
    assert (again["outcome"], again["id"], again["sessions"]) == ("unchanged", first["id"], first["sessions"])
    for code in ("Y4", "#"):
        answer = await office.http.post(office.path("/closures"), json=body(code, (MONDAY, "AM")))
        refusal(answer, "invalid-closure", at="#/from")
    assert await office.head() == before
    longer = await close(office, "#", (TUESDAY, "PM"), (WEDNESDAY, "AM"))
    assert states(longer) == {(TUESDAY, "PM"): "closed-already", (WEDNESDAY, "AM"): "closed"}


async def test_a_dry_run_says_the_same_and_keeps_nothing(register: Register, opening: Opening) -> None:
    office = await opening(now="2026-09-07T09:00:00+01:00")
    before = await office.head()
    tried = await close(office, "Y4", (MONDAY, "AM"), (MONDAY, "PM"), params={"dry_run": "true"})
    assert await office.head() == before
    assert await codes(office) == {}
    done = await close(office, "Y4", (MONDAY, "AM"), (MONDAY, "PM"))
    assert {**tried, "as_at": None} == {**done, "as_at": None}
    said = {"reason": "It was open after all", "made_by": OFFICE}
    path, before = office.path(f"/closures/{done['id']}/reversals"), await office.head()
    answer = await office.http.post(path, json=said, params={"dry_run": "true"})
    assert answer.json()["outcome"] == "reversed"
    assert await office.head() == before
    assert (await office.http.post(path, json=said)).json()["sessions"] == answer.json()["sessions"]


@pytest.mark.parametrize(
    ("code", "other", "slug", "pointer"),
    [
        ("Y4", {"to": at("2026-09-04", "PM")}, "invalid-closure", "#/to"),
        ("Y4", {"to": at(MONDAY, "AM"), "from": at(MONDAY, "PM")}, "invalid-closure", "#/to"),
        ("Y4", {"to": at("2028-09-04", "PM")}, "invalid-closure", "#/to/date"),
        ("Y4", {"to": at("2027-09-06", "PM")}, "calendar-missing", "#/to/date"),
        ("Y4", {"from": at("2026-09-05", "AM"), "to": at("2026-09-06", "PM")}, "invalid-closure", "#/from"),
        ("Y4", {"from": at("2024-06-05", "AM"), "to": at("2024-06-05", "PM")}, "invalid-closure", "#/code"),
        ("Y4", {"classes": ["4B"]}, "invalid-closure", "#/code"),
        ("#", {"pupils": ["p-001"]}, "invalid-closure", "#/code"),
        ("Y3", {}, "invalid-closure", "#/code"),
        ("Y3", {"pupils": ["p-001", "p-unknown"]}, "unknown-pupil", "#/pupils/1"),
        ("Y3", {"classes": ["9Z"]}, "invalid-closure", "#/classes/0"),
        ("Y3", {"year_groups": ["4", "17"]}, "invalid-closure", "#/year_groups/1"),
        ("Y4", {"reason": "..."}, "reason-required", "#/reason"),
        ("Y4", {"made_at": "2026-09-07T09:00:00+01:00"}, "made-at-in-future", "#/made_at"),
        ("Y4", {"reason": ""}, "invalid-request", "#/reason"),
        ("Y4", {"made_by": {"name": "H."}}, "invalid-request", "#/made_by/position"),
        ("Y2", {}, "invalid-request", "#/code"),
        ("Y4", {"from": at(MONDAY, "am")}, "invalid-request", "#/from/session"),
        ("Y4", {"form": 1}, "invalid-request", "#/form"),
    ],
)
async def test_a_closure_that_cannot_be_is_refused_with_a_pointer(
    office: Office, register: Register, code: str, other: dict[str, Any], slug: str, pointer: str
) -> None:
    register.clock.set("2026-09-07T07:30:00+01:00")
    before = await office.head()
    sent = {**body(code, (MONDAY, "AM"), (MONDAY, "PM")), **other}
    refusal(await office.http.post(office.path("/closures"), json=sent), slug, at=pointer)
    assert await office.head() == before


async def test_who_may_not_enter_marks_may_close_nothing(register: Register, office: Office) -> None:
    async with calling(register, ("register:read", "roll:write")) as http:
        refusal(await http.post(office.path("/closures"), json=body("Y4", (MONDAY, "AM"))), "scope-required")
        answer = await http.post(office.path("/closures/c-1/reversals"), json={"reason": "Why", "made_by": OFFICE})
        refusal(answer, "scope-required")
    refusal(await office.http.get(office.path("/closures/c-1")), "unknown-closure", at="id")
    refusal(await reverse(office, "c-1"), "unknown-closure", at="id")


# A planned closure


async def test_a_planned_closure_closes_as_a_holiday_does(register: Register, opening: Opening) -> None:
    office = await opening(now="2026-09-04T12:00:00+01:00")
    closed = await close(office, "#", (MONDAY, "AM"), (MONDAY, "PM"), reason="Polling day")
    assert set(states(closed).values()) == {"closed"}
    register.clock.set("2026-09-07T16:00:00+01:00")
    read = await office.get(office.register()[len(office.path()) :])
    assert (read["taken"], {item["state"] for item in read["items"]}) == ("not-due", {"closed"})
    told((await office.mark("p-001"))["problem"], "session-closed", at="date")
    told((await office.mark("p-001", "Y4"))["problem"], "session-closed", at="date")
    assert (await office.mark("p-001", "#"))["outcome"] == "unchanged"
    assert await codes(office) == {}
    register.clock.set("2026-09-08T16:00:00+01:00")
    assert (await office.mark("p-001", "/", day=TUESDAY))["outcome"] == "entered"


async def test_a_planned_closure_over_entries_is_refused_with_the_marks_or_amends_them(
    register: Register, opening: Opening
) -> None:
    office = await opening(now="2026-09-07T16:00:00+01:00")
    await office.entered(("p-001", "/"), ("p-002", "N"))
    await office.entered(("p-001", "\\"), session="PM")
    before = await office.head()
    answer = await office.http.post(office.path("/closures"), json=body("#", (MONDAY, "AM"), (TUESDAY, "PM")))
    refused = refusal(answer, "sessions-marked")
    assert refused["sessions"] == [{**at(MONDAY, "AM"), "entries": 2}, {**at(MONDAY, "PM"), "entries": 1}]
    assert refused["marks"] == [
        {"pupil": "p-001", **at(MONDAY, "AM"), "code": "/"},
        {"pupil": "p-002", **at(MONDAY, "AM"), "code": "N"},
        {"pupil": "p-001", **at(MONDAY, "PM"), "code": "\\"},
    ]
    assert refused["total"] == 3
    assert await office.head() == before
    closed = await close(office, "#", (MONDAY, "AM"), (TUESDAY, "PM"), amend_entries=True)
    assert [(each["amended"], each["state"]) for each in closed["sessions"]] == [(n, "closed") for n in (2, 1, 0, 0)]
    [*_, one] = (await office.get("/amendments", pupil="p-002"))["items"]
    assert (one["original_entry"], one["amended_entry"], one["reason"]) == ("N", "#", "The boiler failed")
    assert (one["made_by"], one["made_at"]) == (HEAD, "2026-09-07T15:00:00.000000Z")
    await office.stream()
    # Reversed, they are N until the true code is known; what a person has amended since stays.
    assert (await reverse(office, closed["id"], **{"from": at(MONDAY, "PM")})).json()["outcome"] == "reversed"
    assert (await codes(office), await codes(office, session="PM")) == ({"p-001": "#", "p-002": "#"}, {"p-001": "N"})


async def test_the_marks_that_a_refusal_names_are_so_many_and_no_more(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("register_api.closing.MOST_NAMED", 2)
    office = await opening(now="2026-09-07T16:00:00+01:00")
    await office.entered(*[(f"p-00{n}", "/") for n in (1, 2, 3)])
    refused = refusal(
        await office.http.post(office.path("/closures"), json=body("#", (MONDAY, "AM"))), "sessions-marked"
    )
    assert (len(refused["marks"]), refused["total"]) == (2, 3)


# A part of the premises


async def test_a_part_closure_is_of_those_who_are_named_and_open_to_the_others(
    register: Register, opening: Opening, closing: Closer
) -> None:
    office = await opening(pupils=5)
    await put(office.http, office.path("/pupils/p-002"), pupil(**{"class": "3A"}, effective_from="2026-09-03"))
    await put(office.http, office.path("/pupils/p-003"), pupil(year_group="3", effective_from="2026-09-03"))
    await put(office.http, office.path("/pupils/p-004"), pupil(**{"class": "3A"}, effective_from=TUESDAY))
    selected = {"pupils": ["p-001"], "classes": ["3A"], "year_groups": ["3"]}
    closed = await close(office, "Y3", (MONDAY, "AM"), (TUESDAY, "AM"), **selected)
    assert {name: closed[name] for name in selected} == selected
    register.clock.set("2026-09-08T09:00:00+01:00")
    assert await closer.round_of(closing) == 3 + 3 + 4
    assert await codes(office) == dict.fromkeys(("p-001", "p-002", "p-003"), "Y3")
    assert set(await codes(office, TUESDAY)) == {"p-001", "p-002", "p-003", "p-004"}
    assert (await office.mark("p-005"))["outcome"] == "entered"
    again = await close(office, "Y3", (MONDAY, "AM"), (TUESDAY, "AM"), **selected)
    assert again["outcome"] == "unchanged"
    other = await close(office, "Y3", (MONDAY, "AM"), (TUESDAY, "AM"), pupils=["p-005"])
    assert [each["entered"] for each in other["sessions"]] == [0, 1, 1]
    assert other["sessions"][0]["stood"] == 4


async def planned(
    engine: AsyncEngine, register: Register, office: Office, id_: str, pupil_no: int, outcome: str, *span: str | None
) -> None:
    """Put down what was decided of an absence known ahead, as its own routes do."""
    owner = await asyncpg.connect(register.database.owner_url)
    number = await owner.fetchval("SELECT school_id FROM register.urn WHERE urn = $1", office.urn)
    await owner.close()
    async with kit_database.writing(engine, number) as connection:
        head = await append.lock(connection, number)
        change = NewChange("absence-planned", f"absence:{pupil_no}", "{}", register.clock())
        who = await writers(connection, number, "a-mis", (), ())
        [stands] = await append.append_changes(connection, head, who, [change], register.clock())
        first, last = (None if day is None else date.fromisoformat(day) for day in span[::2])
        await connection.execute(
            "INSERT INTO register.planned_absence VALUES ($1, $2, $3, $4, 'leave', 'C', $5, $6, $7, $8, $9)",
            *(number, id_, stands.seq, pupil_no, outcome, first, span[1], last, span[3]),
        )


async def test_what_was_planned_stands_for_a_part_closure_and_not_for_the_whole_site(
    register: Register, opening: Opening, closing: Closer, engine: AsyncEngine
) -> None:
    office = await opening(pupils=6)
    for pupil_no, outcome, *span in (
        (1, "granted", MONDAY, "PM", TUESDAY, "AM"),
        (2, "granted", "2026-09-03", "AM", None, None),
        (3, "refused", MONDAY, "AM", TUESDAY, "PM"),
        (4, "granted", MONDAY, "AM", TUESDAY, "PM"),
        (4, "withdrawn", MONDAY, "AM", TUESDAY, "PM"),
        (5, "granted", WEDNESDAY, "AM", WEDNESDAY, "PM"),
    ):
        await planned(engine, register, office, f"a-{pupil_no}", int(str(pupil_no)), str(outcome), *map(_or_none, span))
    await close(office, "Y3", (MONDAY, "AM"), (TUESDAY, "PM"), classes=["4B"])
    register.clock.set("2026-09-08T16:00:00+01:00")
    await closer.round_of(closing)
    most = {"p-003", "p-004", "p-005", "p-006"}
    assert set(await codes(office)) == {"p-001", *most}
    assert set(await codes(office, session="PM")) == most
    assert set(await codes(office, TUESDAY)) == most
    assert set(await codes(office, TUESDAY, "PM")) == {"p-001", *most}
    register.clock.set("2026-09-09T09:00:00+01:00")
    closed = await close(office, "Y4", (WEDNESDAY, "AM"))
    assert closed["sessions"][0]["entered"] == 6  # whatever was planned


def _or_none(value: object) -> str | None:
    return None if value is None else str(value)


async def test_the_whole_site_closes_over_a_part(register: Register, opening: Opening, closing: Closer) -> None:
    office = await opening()
    await close(office, "Y3", (MONDAY, "AM"), (MONDAY, "PM"), pupils=["p-001"])
    register.clock.set("2026-09-07T09:00:00+01:00")
    await closer.round_of(closing)
    closed = await close(office, "Y4", (MONDAY, "AM"), (MONDAY, "PM"))
    assert closed["sessions"][0] == {**at(MONDAY, "AM"), "state": "entered", "entered": 2, "amended": 0, "stood": 1}
    register.clock.set("2026-09-07T13:00:00+01:00")
    await closer.round_of(closing)
    assert await codes(office) == {"p-001": "Y3", "p-002": "Y4", "p-003": "Y4"}
    assert set((await codes(office, session="PM")).values()) == {"Y4"}


# Reversals


async def test_a_reversal_amends_to_n_what_still_stands_and_opens_the_rest_again(
    register: Register, opening: Opening, closing: Closer
) -> None:
    office = await opening(now="2026-09-07T09:00:00+01:00")
    await office.entered(("p-001", "/"))
    closed = await close(office, "Y4", (MONDAY, "AM"), (TUESDAY, "PM"))
    await office.amended(amending("p-002", "Y4", "L"))
    register.clock.set("2026-09-07T13:05:00+01:00")
    assert (await office.mark("p-003", "Y4", session="PM"))["outcome"] == "entered"
    await closer.round_of(closing)
    register.clock.set("2026-09-07T14:00:00+01:00")
    answer = (await reverse(office, closed["id"])).json()
    assert (answer["outcome"], answer["reversed_from"]) == ("reversed", at(MONDAY, "AM"))
    assert set(states(answer).values()) == {"reversed"}
    assert await codes(office) == {"p-001": "/", "p-002": "L", "p-003": "N"}
    assert await codes(office, session="PM") == {"p-001": "N", "p-002": "N", "p-003": "Y4"}  # that one is the MIS's own
    [*_, one] = (await office.get("/amendments", pupil="p-003"))["items"]
    assert (one["original_entry"], one["amended_entry"], one["reason"]) == ("Y4", "N", "It was open after all")
    assert one["made_by"] == OFFICE
    register.clock.set("2026-09-08T16:00:00+01:00")
    assert await closer.round_of(closing) == 0
    assert (await office.mark("p-001", "/", day=TUESDAY))["outcome"] == "entered"
    before = await office.head()
    assert (await reverse(office, closed["id"], reason="Once more")).json()["outcome"] == "unchanged"
    assert await office.head() == before
    leaf = next(leaf for leaf in reversed(await office.stream()) if leaf["kind"] == "closure")
    assert leaf["subject"] == f"closure:{closed['id']}"


async def test_a_reversal_from_a_session_on_leaves_what_comes_before(
    register: Register, opening: Opening, closing: Closer
) -> None:
    office = await opening(now="2026-09-07T16:00:00+01:00")
    closed = await close(office, "Y4", (MONDAY, "AM"), (WEDNESDAY, "PM"))
    for wrong in (at("2026-09-04", "PM"), at("2026-09-10", "AM")):
        refusal(await reverse(office, closed["id"], **{"from": wrong}), "invalid-closure", at="#/from")
    answer = (await reverse(office, closed["id"], **{"from": at(TUESDAY, "PM")})).json()
    assert list(states(answer).values()) == ["entered", "entered", "due", "reversed", "reversed", "reversed"]
    assert set((await codes(office, session="PM")).values()) == {"Y4"}
    later = await reverse(office, closed["id"], **{"from": at(WEDNESDAY, "AM")})
    assert later.json()["outcome"] == "unchanged"
    register.clock.set("2026-09-09T16:00:00+01:00")
    assert await closer.round_of(closing) == 3
    assert set((await codes(office, TUESDAY)).values()) == {"Y4"}
    assert (await office.mark("p-001", "\\", day=TUESDAY, session="PM"))["outcome"] == "entered"
    earlier = await reverse(office, closed["id"], **{"from": at(MONDAY, "PM")})
    assert (earlier.json()["outcome"], earlier.json()["reversed_from"]) == ("reversed", at(MONDAY, "PM"))
    assert set((await codes(office, session="PM")).values()) == {"N"}
    assert set((await codes(office)).values()) == {"Y4"}
    assert len(earlier.json()["reversals"]) == 2


async def test_a_reversed_closure_made_again_is_another_and_what_was_held_meanwhile_stands(
    register: Register, opening: Opening
) -> None:
    office = await opening(now="2026-09-07T09:00:00+01:00")
    first = await close(office, "Y4", (MONDAY, "AM"), (TUESDAY, "AM"))
    await reverse(office, first["id"])
    second = await close(office, "Y4", (MONDAY, "AM"), (TUESDAY, "AM"))
    assert (second["outcome"], second["id"] != first["id"]) == ("closed", True)
    assert list(states(second).values()) == ["held", "due", "due"]
    assert set((await codes(office)).values()) == {"N"}


async def test_a_future_reversal_opens_a_session_that_was_never_entered(register: Register, opening: Opening) -> None:
    office = await opening()
    closed = await close(office, "#", (TUESDAY, "AM"), (TUESDAY, "PM"))
    await reverse(office, closed["id"])
    register.clock.set("2026-09-08T16:00:00+01:00")
    assert (await office.mark("p-001", "/", day=TUESDAY))["outcome"] == "entered"


# Reading


async def test_closures_are_listed_by_date_with_their_reversals_page_by_page(
    register: Register, opening: Opening
) -> None:
    office = await opening()
    ids = [
        (await close(office, "Y4", (day, "AM"), (day, "PM"), made_at="2026-09-07T07:00:00+01:00"))["id"]
        for day in (MONDAY, TUESDAY, WEDNESDAY)
    ]
    await reverse(office, ids[1])
    listed = await office.get("/closures")
    assert [item["id"] for item in listed["items"]] == ids
    item = listed["items"][1]
    assert (item["reason"], item["made_by"], item["made_at"]) == (
        "The boiler failed",
        HEAD,
        "2026-09-07T06:00:00.000000Z",
    )
    [reversal] = item["reversals"]
    assert (reversal["reason"], reversal["made_by"]) == ("It was open after all", OFFICE)
    assert [item["id"] for item in (await office.get("/closures", **{"from": TUESDAY}))["items"]] == ids[1:]
    assert [item["id"] for item in (await office.get("/closures", to=TUESDAY))["items"]] == ids[:2]
    page = await office.get("/closures", limit=2)
    await close(office, "Y4", (FRIDAY, "AM"))
    rest = await office.get("/closures", limit=2, cursor=page["next"])
    assert [item["id"] for item in (*page["items"], *rest["items"])] == ids
    assert rest["next"] is None


async def test_a_closure_is_read_as_it_stood(register: Register, opening: Opening, closing: Closer) -> None:
    office = await opening()
    empty = (await office.head())[0]
    closed = await close(office, "Y4", (MONDAY, "AM"))
    made = (await office.head())[0]
    register.clock.set("2026-09-07T09:00:00+01:00")
    await closer.round_of(closing)
    entered = (await office.head())[0]
    await reverse(office, closed["id"])
    path = f"/closures/{closed['id']}"
    for seq, state in ((made, "due"), (made + 1, "entered"), (entered, "entered")):
        assert states(await office.get(path, as_at=f"seq:{seq}")) == {(MONDAY, "AM"): state}
    assert states(await office.get(path)) == {(MONDAY, "AM"): "reversed"}
    refusal(await office.http.get(office.path(path), params={"as_at": f"seq:{empty}"}), "unknown-closure")
    assert (await office.get("/closures", as_at=f"seq:{empty}"))["items"] == []
    [item] = (await office.get("/closures", as_at=f"seq:{entered}"))["items"]
    assert (item["reversals"], item["reversed_from"]) == ([], None)


# With the calendar


async def test_a_calendar_says_what_is_expected_and_warns_of_fewer(opening: Opening) -> None:
    office = await opening()
    read = await office.get("/calendar/2026-27")
    assert read["expected"] == {"days": 190, "sessions": 380}
    assert read["difference"] == {"days": read["days"] - 190, "sessions": read["sessions"] - 380}
    assert (read["warnings"], read["difference"]["days"] > 0) == ([], True)
    shorter = {**CALENDAR, "terms": CALENDAR["terms"][:2]}
    answer = await put(office.http, office.path("/calendar/2026-27"), shorter)
    assert answer["difference"]["sessions"] == 2 * answer["difference"]["days"] < 0
    [warning] = answer["warnings"]
    assert (warning["pointer"], bool(warning["source"])) == ("#/terms", True)
    assert f"{answer['days']} days" in warning["detail"]
    assert (await office.get("/calendar/2026-27"))["warnings"] == answer["warnings"]


CHANGE = {"made_by": OFFICE, "reason": "Training was moved"}


async def test_entries_are_amended_with_the_calendar_when_that_is_asked(register: Register, opening: Opening) -> None:
    office = await opening(now="2026-09-07T16:00:00+01:00")
    await office.entered(("p-001", "/"), ("p-002", "N"))
    path = office.path("/calendar/2026-27")
    inset = {**CALENDAR, "inset_days": ["2026-09-03", MONDAY]}
    asked = {**inset, "amend_entries": True}
    refusal(await office.http.put(path, json=asked), "made-by-required", at="#/change")
    refusal(
        await office.http.put(path, json={**asked, "change": {"made_by": OFFICE}}),
        "reason-required",
        at="#/change/reason",
    )
    refusal(await office.http.put(path, json={**inset, "change": CHANGE}), "sessions-marked")
    before = await office.head()
    tried = await office.http.put(path, json={**asked, "change": CHANGE}, params={"dry_run": "true"})
    assert (tried.status_code, await office.head()) == (200, before)
    await put(office.http, path, {**asked, "change": CHANGE})
    assert await codes(office) == {"p-001": "#", "p-002": "#"}
    [*_, one] = (await office.get("/amendments", pupil="p-002"))["items"]
    assert (one["original_entry"], one["amended_entry"], one["reason"]) == ("N", "#", CHANGE["reason"])
    assert (one["made_by"], one["made_at"]) == (OFFICE, "2026-09-07T15:00:00.000000Z")
    # What is # already is not in the way of the next change, and opening the day brings N.
    await put(office.http, path, {**inset, "inset_days": [*inset["inset_days"], TUESDAY]})
    refused = refusal(await office.http.put(path, json=CALENDAR), "sessions-marked")
    assert [mark["code"] for mark in refused["marks"]] == ["#", "#"]
    await put(office.http, path, {**CALENDAR, "amend_entries": True, "change": CHANGE})
    assert await codes(office) == {"p-001": "N", "p-002": "N"}
    await office.stream()


async def test_a_day_opened_within_a_closure_is_closed_by_it(
    register: Register, opening: Opening, closing: Closer
) -> None:
    office = await opening()
    path = office.path("/calendar/2026-27")
    await put(office.http, path, {**CALENDAR, "inset_days": ["2026-09-03", TUESDAY]})
    closed = await close(office, "Y4", (MONDAY, "AM"), (WEDNESDAY, "PM"))
    assert (TUESDAY, "AM") not in states(closed)
    await put(office.http, path, {**CALENDAR, "inset_days": ["2026-09-03", WEDNESDAY]})
    register.clock.set("2026-09-09T16:00:00+01:00")
    assert await closer.round_of(closing) == 12  # not on the day that the calendar has closed since
    assert set((await codes(office, TUESDAY)).values()) == {"Y4"}
    assert await codes(office, WEDNESDAY) == {}


async def test_who_is_not_on_roll_that_day_gets_nothing(register: Register, opening: Opening, closing: Closer) -> None:
    office = await opening()
    await put(office.http, office.path("/pupils/p-001"), pupil(leaving={"date": MONDAY, "ground": "a"}))
    await put(office.http, office.path("/pupils/p-late"), pupil(starting_day=TUESDAY))
    await close(office, "Y4", (MONDAY, "AM"), (TUESDAY, "AM"))
    register.clock.set("2026-09-08T16:00:00+01:00")
    await closer.round_of(closing)
    assert set(await codes(office)) == {"p-001", "p-002", "p-003"}
    assert set(await codes(office, TUESDAY)) == {"p-002", "p-003", "p-late"}
