"""The audit of the admission register: every change with what stood, what stands, why, when, and by whom."""

import csv
import io
import json
from typing import Any

import asyncpg
import httpx
import pytest

from tests.support.office import MONDAY, TUESDAY, Office, calling, open_office, refusal
from tests.support.school import OFFICE, pupil, put
from tests.support.services import Register

COLUMNS = (
    "pupil,kind,member,original_entry,amended_entry,effective_from,reason,made_at,name,position,made_by_id,recorded_at,"
    "client,seq,text_removed"
)
LATER = "2026-09-14T12:00:00+01:00"
MOVED = {"made_by": OFFICE, "made_at": "2026-09-08T10:00:00+01:00", "reason": "Moved to the upper class"}


@pytest.fixture(scope="module")
async def rolled(register: Register, admin: httpx.AsyncClient) -> Office:
    """Give a school with two pupils entered; one moved class and gained a fact, one left."""
    register.clock.set("2026-09-04T12:00:00+01:00")
    office = await open_office(admin, register.database, "900181", pupils=2)
    register.clock.set("2026-09-08T16:00:00+01:00")
    body = pupil(**{"class": "5A", "facts": {"fsm": True}, "effective_from": TUESDAY, "change": MOVED})
    await put(admin, office.path("/pupils/p-001"), body)
    register.clock.set("2026-09-10T16:00:00+01:00")
    async with calling(register, ("roll:write",)) as other:
        await put(other, office.path("/pupils/p-002"), pupil(leaving={"date": "2026-09-09", "ground": "a"}))
    return office


@pytest.fixture(autouse=True)
def _a_week_later(register: Register, _afternoon: None) -> None:
    register.clock.set(LATER)


async def found(office: Office, *params: tuple[str, Any]) -> list[tuple[str, str]]:
    answer = await office.http.get(office.path("/roll-changes"), params=params)
    assert answer.status_code == 200, answer.text
    return [(row["pupil"], row["kind"]) for row in answer.json()["items"]]


LEFT, WENT_UP = ("p-002", "changed"), ("p-001", "changed")
ALL = [LEFT, WENT_UP, ("p-002", "entered"), ("p-001", "entered")]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ([], ALL),
        ([("pupil", "p-001")], [WENT_UP, ALL[3]]),
        ([("pupil", "p-999")], []),
        ([("member", "class")], ALL[1:]),
        ([("member", "facts/fsm")], [WENT_UP]),
        ([("member", "facts/sen")], []),
        ([("member", "enrolments")], [LEFT, *ALL[2:]]),
        ([("member", "address")], []),
        ([("member", "address"), ("member", "facts")], [WENT_UP, *ALL[2:]]),
        ([("made_by_id", "1")], [WENT_UP]),
        ([("client", "nobody")], []),
        ([("made_from", "2026-09-09")], [LEFT]),
        ([("made_to", "2026-09-07")], ALL[2:]),
        ([("recorded_from", "2026-09-08"), ("recorded_to", "2026-09-08")], [WENT_UP]),
        ([("as_at", "2026-09-09T00:00:00+01:00")], ALL[1:]),
        ([("limit", "1")], [LEFT]),
    ],
)
async def test_every_filter_narrows_the_changes_of_the_roll(
    rolled: Office, params: list[tuple[str, str]], expected: list[Any]
) -> None:
    assert await found(rolled, *params) == expected


async def test_a_change_shows_the_five_facts_member_by_member(rolled: Office) -> None:
    (moved, entered) = (await rolled.get("/roll-changes", pupil="p-001"))["items"]
    assert [type(moved.pop(name)) for name in ("seq", "made_by_id", "client")] == [int, int, str]
    assert moved == {
        "pupil": "p-001",
        "kind": "changed",
        "changes": [
            {"member": "class", "original_entry": "4B", "amended_entry": "5A"},
            {"member": "facts/fsm", "original_entry": None, "amended_entry": True},
        ],
        "effective_from": TUESDAY,
        "reason": MOVED["reason"],
        "made_at": "2026-09-08T09:00:00.000000Z",
        "made_by": OFFICE,
        "recorded_at": "2026-09-08T15:00:00.000000Z",
        "text_removed": False,
    }
    changes = {change["member"]: change for change in entered["changes"]}
    assert changes["class"] == {"member": "class", "original_entry": None, "amended_entry": "4B"}
    assert "address" not in changes
    assert (entered["made_by"], entered["reason"]) == (None, None)


async def test_a_change_that_nobody_is_named_for_is_the_clients(rolled: Office) -> None:
    (left, *_) = (await rolled.get("/roll-changes"))["items"]
    assert left["made_by"] is None
    (change,) = left["changes"]
    assert change["member"] == "enrolments"
    assert change["original_entry"] == [{"starting_day": "2026-09-03", "leaving": None}]
    assert change["amended_entry"][0]["leaving"]["date"] == "2026-09-09"
    assert await found(rolled, ("client", left["client"])) == [LEFT]


async def test_as_csv_and_ndjson_a_row_is_a_member_that_differs(rolled: Office) -> None:
    answer = await rolled.http.get(rolled.path("/roll-changes"), params={"format": "csv", "pupil": "p-001"})
    assert answer.text.startswith(COLUMNS + "\r\n")
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    pairs = [(row["member"], row["original_entry"], row["amended_entry"]) for row in rows if row["kind"] == "changed"]
    assert pairs == [("class", "4B", "5A"), ("facts/fsm", "", "true")]
    answer = await rolled.http.get(rolled.path("/roll-changes"), params={"format": "ndjson", "member": "enrolments"})
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert list(lines[0]) == COLUMNS.split(",")
    assert lines[0]["amended_entry"][0]["leaving"]["ground"] == "a"
    assert json.loads(answer.headers["rollbook-as-at"])["seq"] == (await rolled.head())[0]


async def test_pages_keep_the_position_of_the_first(rolled: Office) -> None:
    answer = await rolled.http.get(rolled.path("/roll-changes"), params={"limit": 3})
    assert len(answer.json()["items"]) == 3
    rest = (await rolled.http.get(answer.headers["link"][1:].partition(">")[0])).json()
    assert [(row["pupil"], row["kind"]) for row in rest["items"]] == ALL[3:]
    assert (rest["next"], rest["as_at"]["seq"]) == (None, answer.json()["as_at"]["seq"])


async def test_where_a_text_was_removed_the_change_is_shown_without_it(
    register: Register, admin: httpx.AsyncClient
) -> None:
    office = await open_office(admin, register.database, "900182", pupils=1)
    await put(admin, office.path("/pupils/p-001"), pupil(**{"class": "5A", "change": MOVED}))
    await put(admin, office.path("/pupils/p-001"), pupil(**{"class": "5B", "effective_from": MONDAY, "change": MOVED}))
    (seq,) = (row["seq"] for row in (await office.get("/roll-changes"))["items"][1:2])
    owner = await asyncpg.connect(register.database.owner_url)
    remove = "UPDATE ledger.text SET salt = NULL, text = NULL WHERE seq = $1 AND school_id = "
    await owner.execute("SET session_replication_role = replica")
    await owner.execute(remove + "(SELECT school_id FROM register.urn WHERE urn = '900182')", seq)
    await owner.close()
    last, removed, first = (await office.get("/roll-changes"))["items"]
    assert (removed["changes"], removed["reason"], removed["effective_from"]) == (None, None, None)
    assert (removed["text_removed"], removed["made_by"], removed["seq"]) == (True, OFFICE, seq)
    assert (last["changes"], last["text_removed"], last["reason"]) == (None, True, MOVED["reason"])
    assert (first["kind"], first["text_removed"]) == ("entered", False)
    history = (await office.get("/pupils/p-001"))["history"]
    assert [row["entry"] and row["entry"]["class"] for row in history] == ["4B", None, "5B"]
    then = await office.get("/pupils/p-001", as_at=f"seq:{seq}")
    assert (then["id"], then["history"][-1]["entry"], "class" in then) == ("p-001", None, False)
    (item,) = (await office.get("/pupils", as_at=f"seq:{seq}", on="2026-09-20"))["items"]
    assert item == {"id": "p-001", "year_group": "4", "class": "5A", "facts": {}}
    # Nobody can say which members differed, so a filter by member leaves neither out.
    assert await found(office, ("member", "sex")) == [("p-001", "changed"), ("p-001", "changed"), ("p-001", "entered")]
    streamed = await office.http.get(office.path("/roll-changes"), params={"format": "ndjson"})
    assert [json.loads(line)["member"] for line in streamed.text.splitlines()][:2] == [None, None]


@pytest.mark.parametrize("format_", ["json", "csv", "ndjson"])
async def test_what_cannot_be_read_is_refused_before_the_answer_begins(rolled: Office, format_: str) -> None:
    params = {"as_at": "2099-01-01T00:00:00Z", "format": format_}
    refusal(await rolled.http.get(rolled.path("/roll-changes"), params=params), "as-at-in-future", at="as_at")


async def test_changes_of_the_roll_are_for_auditors_of_the_school(rolled: Office, register: Register) -> None:
    async with calling(register, ("register:read",)) as reader:
        refusal(await reader.get(rolled.path("/roll-changes")), "scope-required")
    async with calling(register, ("audit:read",), "schools", ["900999"]) as elsewhere:
        refusal(await elsewhere.get(rolled.path("/roll-changes")), "unknown-school")
