"""Every list of the audit as CSV and NDJSON: all of it, the same as its pages, and refused before it begins."""

import csv
import io
import json
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest

from kit import lists, parquet
from kit.fields import written
from tests.support.office import TUESDAY, Office, amending, open_office, refusal
from tests.support.school import OFFICE, TEACHER
from tests.support.services import Register

LATER = "2026-09-14T12:00:00+01:00"
NOT_TEXT = {name for name, kind in parquet.HELD.items() if kind in ("number", "yes-no")}
LISTS = (
    *("/amendments", "/amendments/totals", "/changes?between=seq:0&and=seq:15", "/pupils/p-001/marks"),
    *("/late-entries", "/roll-changes", "/reads"),
)


@pytest.fixture(scope="module")
async def listed(register: Register, admin: httpx.AsyncClient) -> Office:
    """Give a school with marks of two days, four amendments by two persons, and a few reads."""
    register.clock.set("2026-09-04T12:00:00+01:00")
    office = await open_office(admin, register.database, "900191", pupils=3)
    register.clock.set("2026-09-08T16:00:00+01:00")
    for day in ("2026-09-07", TUESDAY):
        await office.entered(("p-001", "N"), ("p-002", "N"), ("p-003", "/"), day=day)
    await office.amended(amending("p-001", "N", "I"), amending("p-002", "N", "I", reason='Said "ill",\r\ncafé ☕'))
    await office.amended(amending("p-001", "I", "L", arrived_at="09:05"), made_by=TEACHER)
    for pupil in ("p-001", "p-002"):
        await office.get(f"/pupils/{pupil}/marks")
    return office


@pytest.fixture(autouse=True)
def _a_week_later(register: Register, _afternoon: None) -> None:
    register.clock.set(LATER)


async def streamed(office: Office, path: str, **params: Any) -> list[dict[str, Any]]:
    """Give the lines of a list, which must be the same as CSV and as NDJSON."""
    joint = "&" if "?" in path else "?"
    answer = await office.http.get(office.path(f"{path}{joint}format=ndjson"), params=params or None)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    table = await office.http.get(office.path(f"{path}{joint}format=csv"), params=params or None)
    assert (table.status_code, table.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    rows = list(csv.DictReader(io.StringIO(table.content.decode(), newline="")))
    assert [list(row) for row in rows[: len(lines)]] == [list(line) for line in lines]
    if path != "/reads":
        assert [{name: as_csv(value) for name, value in line.items()} for line in lines] == rows
    table = await listed_as_parquet(office, f"{path}{joint}format=parquet", params or None)
    if path != "/reads":
        assert [{name: as_json(value) for name, value in row.items()} for row in table.to_pylist()] == [
            {name: value if value is None or name in NOT_TEXT else as_csv(value) for name, value in line.items()}
            for line in lines
        ]
    return lines


async def listed_as_parquet(office: Office, path: str, params: dict[str, Any] | None = None) -> Any:
    """Give a list as a table whose columns are what their names say, whether or not a row has a value there."""
    file = await office.http.get(office.path(path), params=params)
    assert (file.status_code, file.headers["content-type"]) == (200, "application/vnd.apache.parquet"), file.text
    table = pq.read_table(io.BytesIO(file.content))
    types = {"date": "date32[day]", "instant": "timestamp[us, tz=UTC]", "number": "int64", "yes-no": "bool"}
    assert {column.name: str(column.type) for column in table.schema} == {
        name: types.get(parquet.HELD.get(name, "text"), "string") for name in table.schema.names
    }
    return table


def as_json(value: Any) -> Any:
    """Give a value of Parquet as JSON has it."""
    if isinstance(value, datetime):
        return written(value.astimezone(UTC))
    return value.isoformat() if isinstance(value, date) else value


def as_csv(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


async def test_differences_are_rows_with_both_sides(listed: Office) -> None:
    between = {"between": "seq:0", "and": f"seq:{(await listed.head())[0]}"}
    items = (await listed.get("/changes", **between))["items"]
    answer = await listed.http.get(listed.path("/changes"), params={**between, "format": "ndjson"})
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert len(lines) == len(items) == 6
    for line, item in zip(lines, items, strict=True):
        assert {name: line[name] for name in ("pupil", "class", "date", "session")} == {
            name: item[name] for name in ("pupil", "class", "date", "session")
        }
        assert (line["before_code"], line["before_seq"]) == (None, None)
        after = item["after"]
        assert [line[f"after_{name}"] for name in ("code", "arrived_at", "nature", "version", "seq")] == [
            after[name] for name in ("code", "arrived_at", "nature", "version", "seq")
        ]
        assert (line["first_entry"], line["name"], line["versions"]) == (
            after["first_entry"],
            after["made_by"]["name"],
            len(item["versions"]),
        )
    for end, header in (("between", "rollbook-between"), ("and", "rollbook-and")):
        assert f"seq:{json.loads(answer.headers[header])['seq']}" == between[end]


async def test_a_difference_shows_what_stood(listed: Office) -> None:
    entered = (await listed.get("/pupils/p-001/marks"))["items"][0]["chain"][0]["seq"]
    path = f"/changes?between=seq:{entered}&and=seq:{(await listed.head())[0]}&pupil=p-001"
    lines = await streamed(listed, path)
    assert [(line["date"], line["before_code"], line["after_code"], line["after_arrived_at"]) for line in lines] == [
        ("2026-09-07", "N", "L", "09:05"),
        (TUESDAY, None, "N", None),
    ]


async def test_totals_are_a_row_each(listed: Office) -> None:
    totals = await listed.get("/amendments/totals")
    lines = await streamed(listed, "/amendments/totals")
    assert [line["amendments"] for line in lines if line["kind"] == "all"] == [totals["amendments"]] == [3]
    persons = [line for line in lines if line["kind"] == "person"]
    assert [(line["name"], line["amendments"], line["distinct"]) for line in persons] == [
        (OFFICE["name"], 2, 2),
        (TEACHER["name"], 1, 2),
    ]
    codes = {
        (line["original_entry"], line["amended_entry"]): line["amendments"] for line in lines if line["original_entry"]
    }
    assert codes == {("N", "I"): 2, ("I", "L"): 1}
    assert len([line for line in lines if line["reason"]]) == totals["by_reason"]["distinct"] == 2


async def test_a_pupils_marks_are_a_row_a_version_with_the_first_entry(listed: Office) -> None:
    lines = await streamed(listed, "/pupils/p-001/marks")
    names = ("date", "version", "code", "original_entry", "amended_entry", "first_entry", "kind")
    assert [tuple(line[name] for name in names) for line in lines] == [
        ("2026-09-07", 1, "N", None, None, "N", "mark-entered"),
        ("2026-09-07", 2, "I", "N", "I", "N", "mark-amended"),
        ("2026-09-07", 3, "L", "I", "L", "N", "mark-amended"),
        (TUESDAY, 1, "N", None, None, "N", "mark-entered"),
    ]
    chains = (await listed.get("/pupils/p-001/marks"))["items"]
    assert [line["seq"] for line in lines] == [version["seq"] for item in chains for version in item["chain"]]


async def test_reads_are_streamed_as_they_are_listed(listed: Office) -> None:
    items = (await listed.get("/reads", limit=lists.MOST))["items"]
    assert len(items) >= 2
    assert await streamed(listed, "/reads") == items
    named = await streamed(listed, "/reads?pupil=p-002")
    assert {line["pupil"] for line in named} == {"p-002"}


async def test_a_stream_goes_beyond_a_page(listed: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = {path: await streamed(listed, path) for path in LISTS if path != "/reads"}
    monkeypatch.setattr(lists, "MOST", 2)
    for path, lines in whole.items():
        assert await streamed(listed, path) == lines
    reads = await streamed(listed, "/reads")
    assert len({(line["at"], line["what"], line["pupil"], line["client"], line["as_at"]) for line in reads}) > 4


@pytest.mark.parametrize("path", [path for path in LISTS if path != "/reads"])
async def test_a_stream_says_what_it_answered_at(listed: Office, path: str) -> None:
    seq = (await listed.head())[0]
    params = {} if "?" in path else {"as_at": f"seq:{seq}"}
    answer = await listed.http.get(listed.path(path), params=params or None, headers={"Accept": "text/csv"})
    said = json.loads(answer.headers["rollbook-and" if "?" in path else "rollbook-as-at"])
    assert said.keys() == {"instant", "seq", "settled"}
    assert said["settled"] is True
    assert said["seq"] == seq == 15


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("format_", ["csv", "ndjson"])
async def test_what_cannot_be_had_is_refused_before_the_answer_begins(listed: Office, path: str, format_: str) -> None:
    joint = "&" if "?" in path else "?"
    refusal(await listed.http.get(listed.path(f"{path}{joint}format=xlsx")), "invalid-parameter", at="format")
    refusal(await listed.http.get(listed.path(path), headers={"Accept": "text/html"}), "not-acceptable")
    to_come = path.replace("seq:15", "seq:99999") if "?" in path else f"{path}?as_at=seq:99999"
    if path != "/reads":
        refusal(await listed.http.get(listed.path(f"{to_come}&format={format_}")), "as-at-in-future")
    strange = await listed.http.get(listed.path(f"{path}{joint}format={format_}&form=x"))
    refusal(strange, "unknown-parameter", at="form")


@pytest.mark.parametrize("path", ["/leave-checks", "/planned-absences", "/late-entries?late_min=100000"])
async def test_a_list_without_a_row_has_its_columns_in_parquet(listed: Office, path: str) -> None:
    joint = "&" if "?" in path else "?"
    table = await listed_as_parquet(listed, f"{path}{joint}format=parquet")
    assert (table.num_rows, "seq" in table.schema.names) == (0, True)
