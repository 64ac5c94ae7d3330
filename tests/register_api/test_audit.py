"""The audit of amendments: every filter, a page that stands still while the register moves, and three formats."""

import csv
import io
import json
from typing import Any

import httpx
import pytest

from tests.support.office import TUESDAY, Office, amending, calling, open_office, refusal
from tests.support.school import OFFICE, TEACHER
from tests.support.services import Register

COLUMNS = (
    "pupil,date,session,original_entry,amended_entry,reason,made_at,name,position,made_by_id,"
    "recorded_at,client,seq,version,first_entry,out_of_order,removed"
)
AWKWARD = 'She said "unwell",\r\nthen: café ☕; =1+1'


@pytest.fixture(scope="module")
async def audited(register: Register, admin: httpx.AsyncClient) -> Office:
    """Give a school with six amendments: of two days, by two persons and two clients."""
    office = await open_office(admin, register.database, "900102", pupils=12)
    register.clock.set("2026-09-08T16:00:00+01:00")
    for day in ("2026-09-07", TUESDAY):
        await office.entered(*((f"p-00{n}", "N") for n in range(1, 7)), day=day)
    await office.amended(amending("p-001", "N", "I"), amending("p-002", "N", "M"))
    await office.amended(amending("p-003", "N", "I", date=TUESDAY), made_by=TEACHER)
    register.clock.set("2026-09-14T10:00:00+01:00")
    await office.amended(amending("p-001", "I", "C", reason=AWKWARD))
    async with calling(register, ("amendments:write",)) as other:
        body = {"made_by": OFFICE, "amendments": [amending("p-004", "N", "I", made_at="2026-09-08T09:00:00+01:00")]}
        assert (await other.post(office.path("/amendments"), json=body)).json()["amended"] == 1
    await office.amended(amending("p-005", "N", "/", made_at="2026-09-13T23:59:59+01:00"))
    return office


async def found(office: Office, *params: tuple[str, Any]) -> list[tuple[str, str, str]]:
    answer = await office.http.get(office.path("/amendments"), params=params)
    assert answer.status_code == 200, answer.text
    return [(row["pupil"], row["original_entry"], row["amended_entry"]) for row in answer.json()["items"]]


ALL = [
    ("p-005", "N", "/"),
    ("p-004", "N", "I"),
    ("p-001", "I", "C"),
    ("p-003", "N", "I"),
    ("p-002", "N", "M"),
    ("p-001", "N", "I"),
]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ([], ALL),
        ([("original_entry", "N")], [row for row in ALL if row[1] == "N"]),
        ([("amended_entry", "I")], [row for row in ALL if row[2] == "I"]),
        ([("amended_entry", "I"), ("amended_entry", "M")], [row for row in ALL if row[2] in "IM"]),
        ([("original_entry", "N"), ("amended_entry", "/")], ALL[:1]),
        ([("pupil", "p-001")], [ALL[2], ALL[5]]),
        ([("pupil", "p-001"), ("pupil", "p-002")], [ALL[2], ALL[4], ALL[5]]),
        ([("pupil", "p-999")], []),
        ([("from", TUESDAY)], [ALL[3]]),
        ([("to", "2026-09-07")], [row for row in ALL if row != ALL[3]]),
        ([("made_from", "2026-09-14")], [ALL[2]]),
        ([("made_to", "2026-09-08")], [ALL[1], *ALL[3:]]),
        ([("made_from", "2026-09-13"), ("made_to", "2026-09-13")], [ALL[0]]),
        ([("recorded_from", "2026-09-14")], ALL[:3]),
        ([("recorded_to", "2026-09-13")], ALL[3:]),
        ([("lag_min", "6")], [ALL[0], ALL[2]]),
        ([("lag_min", "7")], [ALL[2]]),
        ([("lag_min", "0"), ("pupil", "p-003")], [ALL[3]]),
        ([("original_entry", "\\")], []),
        ([("reason", "CAFÉ")], [ALL[2]]),
        ([("reason", "telephoned")], [row for row in ALL if row != ALL[2]]),
        ([("reason", "unwell"), ("reason", "telephoned")], ALL),
        ([("reason", "%")], []),
        ([("made_by_name", TEACHER["name"])], [ALL[3]]),
        ([("made_by_name", "a. teacher")], []),
        ([("made_by_position", OFFICE["position"])], [row for row in ALL if row != ALL[3]]),
        ([("made_by_name", TEACHER["name"]), ("made_by_position", OFFICE["position"])], []),
    ],
)
async def test_every_filter_narrows_and_a_repeated_one_means_or(
    audited: Office, register: Register, params: list[tuple[str, str]], expected: list[Any]
) -> None:
    register.clock.set("2026-09-14T12:00:00+01:00")
    assert await found(audited, *params) == expected


async def test_the_audit_can_be_of_one_person_or_one_client(audited: Office, register: Register) -> None:
    register.clock.set("2026-09-14T12:00:00+01:00")
    items = (await audited.get("/amendments"))["items"]
    by_teacher = next(row for row in items if row["made_by"] == TEACHER)
    assert await found(audited, ("made_by_id", by_teacher["made_by_id"])) == [ALL[3]]
    by_other = next(row for row in items if row["pupil"] == "p-004")
    assert await found(audited, ("client", by_other["client"])) == [ALL[1]]
    assert len({row["client"] for row in items}) == 2


async def test_an_auditor_reads_the_five_facts_and_what_stands_beside_them(audited: Office) -> None:
    row = (await audited.get("/amendments", pupil="p-003"))["items"][0]
    seq, made_by_id, client = row.pop("seq"), row.pop("made_by_id"), row.pop("client")
    assert (type(seq), type(made_by_id), type(client)) == (int, int, str)
    assert row.pop("recorded_at").startswith("2026-09-08T15:00:00.")
    assert row == {
        "pupil": "p-003",
        "date": TUESDAY,
        "session": "AM",
        "original_entry": "N",
        "amended_entry": "I",
        "reason": "Parent telephoned at 09:40: sickness",
        "made_at": "2026-09-08T15:00:00.000000Z",
        "made_by": TEACHER,
        "version": 2,
        "first_entry": "N",
        "out_of_order": False,
        "removed": [],
    }


async def test_pages_keep_the_position_of_the_first_while_amendments_arrive(office: Office, register: Register) -> None:
    pupils = [office.pupil() for _ in range(5)]
    await office.entered(*((pupil, "N") for pupil in pupils))
    await office.amended(*(amending(pupil, "N", "I") for pupil in pupils))
    first = await office.http.get(office.path("/amendments"), params={"limit": 2, "original_entry": "N"})
    assert [row["pupil"] for row in first.json()["items"]] == [pupils[4], pupils[3]]
    await office.amended(amending(pupils[0], "I", "N"), amending(pupils[1], "I", "N"))
    await office.amended(amending(pupils[0], "N", "M"))
    seen, answer = first.json()["items"], first
    while answer.json()["next"] is not None:
        link = answer.headers["link"]
        assert link.endswith('>; rel="next"')
        answer = await office.http.get(link[1:].partition(">")[0])
        assert answer.status_code == 200
        assert answer.json()["as_at"]["seq"] == first.json()["as_at"]["seq"]
        seen += answer.json()["items"]
    assert [row["pupil"] for row in seen] == pupils[::-1]
    assert "link" not in answer.headers
    assert (await found(office, ("limit", 1)))[0] == (pupils[0], "N", "M")


async def test_a_page_that_is_just_full_is_the_last(office: Office) -> None:
    count = len(await found(office))
    assert count > 0
    answer = await office.get("/amendments", limit=count)
    assert answer["next"] is None


async def test_the_audit_can_be_read_as_it_stood(audited: Office, register: Register) -> None:
    register.clock.set("2026-09-14T12:00:00+01:00")
    then = await found(audited, ("as_at", "2026-09-09T00:00:00+01:00"))
    assert then == ALL[3:]
    seq = (await audited.get("/amendments", as_at="2026-09-09T00:00:00+01:00"))["as_at"]["seq"]
    assert await found(audited, ("as_at", f"seq:{seq}")) == then


async def test_as_csv_every_character_of_a_reason_survives(audited: Office) -> None:
    answer = await audited.http.get(audited.path("/amendments"), params={"format": "csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    text = answer.content.decode("utf-8")
    assert text.startswith(COLUMNS + "\r\n")
    assert text.endswith("\r\n")
    assert '"She said ""unwell"",\r\nthen: café ☕; =1+1"' in text
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [(row["pupil"], row["original_entry"], row["amended_entry"]) for row in rows] == ALL
    assert rows[2]["reason"] == AWKWARD
    assert {row["out_of_order"] for row in rows} == {"false", "true"}
    assert (rows[3]["name"], rows[3]["position"]) == (TEACHER["name"], TEACHER["position"])


async def test_as_ndjson_each_line_is_an_amendment(audited: Office) -> None:
    answer = await audited.http.get(audited.path("/amendments"), headers={"Accept": "application/x-ndjson"})
    assert answer.headers["content-type"] == "application/x-ndjson"
    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert [(row["pupil"], row["original_entry"], row["amended_entry"]) for row in rows] == ALL
    assert list(rows[0]) == COLUMNS.split(",")
    assert {row["out_of_order"] for row in rows} == {False, True}


async def test_filters_hold_in_every_format(audited: Office) -> None:
    params = {"format": "ndjson", "amended_entry": "M"}
    answer = await audited.http.get(audited.path("/amendments"), params=params)
    assert [json.loads(line)["pupil"] for line in answer.text.splitlines()] == ["p-002"]


@pytest.mark.parametrize(
    ("accept", "format_", "media"),
    [
        ("text/csv", "json", "application/json"),
        ("application/json", "csv", "text/csv; charset=utf-8"),
        ("*/*", None, "application/json"),
        ("text/html, */*;q=0.1", None, "application/json"),
        ("text/csv;q=0.5, application/json", None, "application/json"),
        ("application/json;q=0, text/csv", None, "text/csv; charset=utf-8"),
        ("text/*", None, "text/csv; charset=utf-8"),
    ],
)
async def test_format_goes_before_accept(audited: Office, accept: str, format_: str | None, media: str) -> None:
    params = {} if format_ is None else {"format": format_}
    answer = await audited.http.get(audited.path("/amendments"), params=params, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, media)


async def test_a_format_that_cannot_be_had_is_refused(audited: Office) -> None:
    path = audited.path("/amendments")
    refusal(await audited.http.get(path, headers={"Accept": "text/html"}), "not-acceptable")
    refusal(await audited.http.get(path, params={"format": "xlsx"}), "invalid-parameter", at="format")


@pytest.mark.parametrize("format_", ["json", "csv", "ndjson"])
async def test_what_cannot_be_read_is_refused_before_the_answer_begins(audited: Office, format_: str) -> None:
    for as_at, slug in (("2099-01-01T00:00:00Z", "as-at-in-future"), ("yesterday", "invalid-parameter")):
        answer = await audited.http.get(audited.path("/amendments"), params={"format": format_, "as_at": as_at})
        refusal(answer, slug, at="as_at")
