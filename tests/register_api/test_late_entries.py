"""Late first entries: measured from the closing of the pupil's own register to the recording, and nothing else."""

import csv
import io
import json
from datetime import date, datetime
from typing import Any

import httpx
import pytest

from kit import database as kit_database
from ledger import append
from ledger.append import NewMark
from ledger.writers import Person, writers
from tests.support.office import MONDAY, TUESDAY, Office, amending, calling, open_office, refusal
from tests.support.school import OFFICE, POLICY, TEACHER, pupil, put
from tests.support.services import Register

COLUMNS = (
    "pupil,date,session,code,made_at,name,position,made_by_id,recorded_at,client,seq,source,register_closed_at,"
    "recorded_late_minutes,made_late_minutes,current_entry"
)
AFTERNOONS: dict[str, Any] = {
    "registers": [
        POLICY["registers"][0],
        {"session": "PM", "opens": "13:00", "closes": "13:30", "ends": "15:15", "year_groups": ["R", "1", "2"]},
        {"session": "PM", "opens": "13:15", "closes": "13:45", "ends": "15:15"},
    ]
}
BEFORE, LATER = "2026-09-04T12:00:00+01:00", "2026-09-14T12:00:00+01:00"


@pytest.fixture(scope="module")
async def late(register: Register, admin: httpx.AsyncClient) -> Office:
    """Give a school with two afternoon registers, p-004 in Reception, and entries in time and late."""
    register.clock.set(BEFORE)
    office = await open_office(admin, register.database, "900161", pupils=8, policy=AFTERNOONS)
    await put(admin, office.path("/pupils/p-004"), pupil(year_group="R", effective_from="2026-09-03"))
    register.clock.set("2026-09-07T09:14:00+01:00")
    await office.entered(("p-001", "/"))
    register.clock.set("2026-09-07T09:15:30+01:00")
    await office.entered(("p-002", "/"))
    register.clock.set("2026-09-07T09:20:59+01:00")
    await office.entered(("p-003", "N"), made_at="2026-09-07T09:00:00+01:00")
    register.clock.set("2026-09-07T13:40:00+01:00")
    await office.entered(("p-003", "\\"), ("p-004", "\\"), session="PM")
    register.clock.set("2026-09-08T16:00:00+01:00")
    await office.entered(("p-005", "N"), day=TUESDAY, made_by=OFFICE, made_at="2026-09-08T09:16:30+01:00")
    await office.amended(amending("p-003", "N", "I"))
    return office


@pytest.fixture(autouse=True)
def _a_week_later(register: Register, _afternoon: None) -> None:
    register.clock.set(LATER)


async def found(office: Office, *params: tuple[str, Any]) -> list[tuple[str, str, int, int | None]]:
    """Give pupil, session, and how late by the recording and by what the MIS said."""
    answer = await office.http.get(office.path("/late-entries"), params=params)
    assert answer.status_code == 200, answer.text
    names = ("pupil", "session", "recorded_late_minutes", "made_late_minutes")
    return [tuple(row[name] for name in names) for row in answer.json()["items"]]


TUESDAYS = ("p-005", "AM", 405, 1)
RECEPTION = ("p-004", "PM", 10, 10)
CLAIMED = ("p-003", "AM", 5, None)
BARELY = ("p-002", "AM", 0, 0)
ALL = [TUESDAYS, RECEPTION, CLAIMED]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ([], ALL),
        ([("late_min", "0")], [*ALL, BARELY]),
        ([("late_min", "5")], ALL),
        ([("late_min", "6")], ALL[:2]),
        ([("from", TUESDAY)], [TUESDAYS]),
        ([("to", MONDAY)], ALL[1:]),
        ([("from", TUESDAY), ("to", MONDAY)], []),
        ([("from", "2025-09-01"), ("to", "2025-12-01")], []),
        ([("pupil", "p-003"), ("pupil", "p-005")], [TUESDAYS, CLAIMED]),
        ([("pupil", "p-999")], []),
        ([("code", "N")], [TUESDAYS, CLAIMED]),
        ([("code", "I")], []),
        ([("made_by_id", "1")], [RECEPTION, CLAIMED]),
        ([("client", "nobody")], []),
        ([("source", "live")], ALL),
        ([("source", "history"), ("source", "closure")], []),
        ([("as_at", "2026-09-07T13:40:00+01:00")], [CLAIMED]),
    ],
)
async def test_every_filter_narrows_the_late_entries(
    late: Office, params: list[tuple[str, str]], expected: list[Any]
) -> None:
    assert await found(late, *params) == expected


async def test_a_late_entry_is_shown_with_both_lags_and_what_stands_now(late: Office) -> None:
    row = (await late.get("/late-entries", pupil="p-003"))["items"][0]
    assert [type(row.pop(name)) for name in ("seq", "made_by_id", "client")] == [int, int, str]
    assert row == {
        "pupil": "p-003",
        "date": MONDAY,
        "session": "AM",
        "code": "N",
        "made_at": "2026-09-07T08:00:00.000000Z",
        "made_by": TEACHER,
        "recorded_at": "2026-09-07T08:20:59.000000Z",
        "source": "live",
        "register_closed_at": "2026-09-07T08:15:00.000000Z",
        "recorded_late_minutes": 5,
        "made_late_minutes": None,
        "current_entry": "I",
    }
    then = (await late.get("/late-entries", pupil="p-003", as_at=f"seq:{(await late.head())[0] - 1}"))["items"][0]
    assert then["current_entry"] == "N"


async def test_the_register_is_that_of_the_year_group_on_the_day(register: Register, admin: httpx.AsyncClient) -> None:
    register.clock.set(BEFORE)
    office = await open_office(admin, register.database, "900162", pupils=2, policy=AFTERNOONS)
    moves = {"effective_from": TUESDAY, "change": {"made_by": OFFICE}}
    await put(admin, office.path("/pupils/p-001"), pupil(year_group="2", **moves))
    for day in (MONDAY, TUESDAY):
        register.clock.set(f"{day}T13:40:00+01:00")
        await office.entered(("p-001", "\\"), ("p-002", "\\"), day=day, session="PM")
    items = (await office.get("/late-entries"))["items"]
    assert [(item["pupil"], item["date"], item["recorded_late_minutes"]) for item in items] == [("p-001", TUESDAY, 10)]


async def test_the_times_are_those_of_the_policy_that_held_on_the_date(
    register: Register, admin: httpx.AsyncClient
) -> None:
    register.clock.set(BEFORE)
    office = await open_office(admin, register.database, "900163", pupils=2)
    later = {**POLICY, "registers": [{**POLICY["registers"][0], "closes": "09:30"}, POLICY["registers"][1]]}
    school = {"name": "Invented Primary", "phase": "primary", "age_range": [4, 11]}
    await put(admin, office.path(), {**school, "policy": later, "effective_from": TUESDAY})
    for day in (MONDAY, TUESDAY):
        register.clock.set(f"{day}T09:20:00+01:00")
        await office.entered(("p-001", "/"), day=day)
    assert await found(office) == [("p-001", "AM", 5, 5)]
    assert await found(office, ("from", TUESDAY), ("late_min", "0")) == []


async def test_without_a_policy_an_entry_is_late_on_a_later_day_alone(
    register: Register, admin: httpx.AsyncClient
) -> None:
    register.clock.set(BEFORE)
    office = await open_office(admin, register.database, "900164", pupils=2, policy=None)
    register.clock.set("2026-09-07T23:59:59+01:00")
    await office.entered(("p-001", "/"))
    register.clock.set("2026-09-08T00:10:00+01:00")
    await office.entered(("p-002", "/"))
    assert await found(office) == [("p-002", "AM", 10, 10)]


async def test_imported_history_is_left_out_unless_it_is_named(register: Register, admin: httpx.AsyncClient) -> None:
    register.clock.set(BEFORE)
    office = await open_office(admin, register.database, "900165", pupils=2)
    register.clock.set("2026-09-07T16:00:00+01:00")
    await office.entered(("p-001", "/"))
    await imported(register, "900165", 2, register.clock.now)
    assert [pupil_ for pupil_, *_ in await found(office)] == ["p-001"]
    assert await found(office, ("source", "history")) == [("p-002", "AM", 405, None)]


async def imported(register: Register, urn: str, pupil_no: int, now: datetime) -> None:
    engine = kit_database.connect(register.database.register_url, name="test", pool_size=1)
    clerk, made_at = Person("C. Clerk", "Office"), datetime.fromisoformat("2026-09-07T09:00:00+01:00")
    new = NewMark(pupil_no, date.fromisoformat(MONDAY), "AM", 1, None, "/", None, made_at, clerk, source="history")
    async with kit_database.reading(engine) as connection:
        school_id = await connection.fetchval("SELECT school_id FROM register.urn WHERE urn = $1", urn)
    async with kit_database.writing(engine, school_id) as connection:
        head = await append.lock(connection, school_id)
        who = await writers(connection, school_id, "an-importer", {clerk}, {new.date})
        await append.append_marks(connection, head, who, [new], now)
    await engine.dispose()


async def test_pages_and_streams_give_every_late_entry_once(register: Register, admin: httpx.AsyncClient) -> None:
    register.clock.set(BEFORE)
    office = await open_office(admin, register.database, "900166", pupils=7)
    register.clock.set("2026-09-07T16:00:00+01:00")
    await office.entered(*((f"p-00{n}", "/") for n in range(1, 8)))
    answer = await office.http.get(office.path("/late-entries"), params={"limit": 3})
    position, seen = answer.json()["as_at"]["seq"], answer.json()["items"]
    await office.amended(amending("p-001", "/", "N"))
    while answer.json()["next"] is not None:
        answer = await office.http.get(answer.headers["link"][1:].partition(">")[0])
        assert answer.json()["as_at"]["seq"] == position
        seen += answer.json()["items"]
    assert [row["pupil"] for row in seen] == [f"p-00{n}" for n in range(7, 0, -1)]
    params = {"format": "ndjson", "limit": "3", "as_at": f"seq:{position}"}
    streamed = await office.http.get(office.path("/late-entries"), params=params)
    lines = [json.loads(line) for line in streamed.text.splitlines()]
    assert [list(line) for line in lines] == [COLUMNS.split(",")] * 7
    assert [{**line, **line.pop("made_by", {})} for line in lines] == [
        {**{name: value for name, value in row.items() if name != "made_by"}, **row["made_by"]} for row in seen
    ]
    assert json.loads(streamed.headers["rollbook-as-at"])["seq"] == position


async def test_as_csv_a_row_is_a_late_entry(late: Office) -> None:
    answer = await late.http.get(late.path("/late-entries"), headers={"Accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text.startswith(COLUMNS + "\r\n")
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    late_minutes = [(row["pupil"], row["recorded_late_minutes"], row["made_late_minutes"]) for row in rows]
    assert late_minutes == [("p-005", "405", "1"), ("p-004", "10", "10"), ("p-003", "5", "")]


@pytest.mark.parametrize("format_", ["json", "csv", "ndjson"])
async def test_what_cannot_be_read_is_refused_before_the_answer_begins(late: Office, format_: str) -> None:
    refused: list[tuple[dict[str, str], str, str]] = [
        ({"as_at": "2099-01-01T00:00:00Z"}, "as-at-in-future", "as_at"),
        ({"from": "2020-01-01", "to": "2026-01-01"}, "invalid-parameter", "from"),
        ({"late_min": "-1"}, "invalid-parameter", "late_min"),
        ({"source": "guesswork"}, "invalid-parameter", "source"),
        ({"form": "x"}, "unknown-parameter", "form"),
    ]
    for params, slug, where in refused:
        answer = await late.http.get(late.path("/late-entries"), params=[*params.items(), ("format", format_)])
        refusal(answer, slug) if slug == "invalid-parameter" else refusal(answer, slug, at=where)


async def test_late_entries_are_for_auditors_of_the_school(late: Office, register: Register) -> None:
    async with calling(register, ("register:read",)) as reader:
        refusal(await reader.get(late.path("/late-entries")), "scope-required")
    async with calling(register, ("audit:read",), "schools", ["900999"]) as elsewhere:
        refusal(await elsewhere.get(late.path("/late-entries")), "unknown-school")
