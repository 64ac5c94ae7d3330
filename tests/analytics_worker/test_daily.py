"""An authority's day: frozen columns, a row for every session due, and no restatement lost."""

import csv
import io
import json
import random
from datetime import date, datetime, time, timedelta
from typing import Any

import httpx
import pytest

from analytics_worker import rows
from codes.book import read
from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.writing import Desk, Moment, School
from tests.support.school import CALENDAR, POLICY

COLUMNS = [
    *(
        "la_code",
        "urn",
        "laestab",
        "date",
        "session",
        "pupil",
        "upn",
        "year_group",
        "class",
        "enrolment_status",
        "state",
    ),
    *("code", "first_entry", "version", "seq", "arrived_at", "made_at", "recorded_at", "sex"),
    *("fsm", "sen", "ehcp", "social_worker", "looked_after", "previously_looked_after", "child_in_need"),
    *("child_protection", "youth_offending", "young_carer", "medical_condition", "pupil_premium", "mobile_child"),
    *("ethnicity", "responsible_la"),
    *("possible", "attending", "absent", "authorised", "unauthorised", "late"),
]

Row = dict[str, Any]


def key(row: Row) -> tuple[str, str, str, str]:
    return row["urn"], row["pupil"], row["date"], row["session"]


async def pull(calling: Calling, la_code: str, **params: Any) -> dict[str, Any]:
    """Pull every page as JSON; `items` of all, the rest of the first."""
    whole: dict[str, Any] = {}
    async with calling("authority", la_code) as http:
        cursor = None
        while True:
            page = await got(http, la_code, **params, **({"cursor": cursor} if cursor else {}))
            body = page.json()
            if whole:
                assert body["changed_after"] == whole["changed_after"]
                whole["items"] += body["items"]
                whole["registers"] += [each for each in body["registers"] if each not in whole["registers"]]
            else:
                whole = body
            if (cursor := body["next"]) is None:
                return whole


async def got(http: httpx.AsyncClient, la_code: str, **params: Any) -> httpx.Response:
    answer = await http.get(f"/v1/local-authorities/{la_code}/daily", params=params)
    assert answer.status_code == 200, answer.text
    return answer


def test_the_columns_are_frozen() -> None:
    assert list(rows.COLUMNS) == COLUMNS


async def test_a_row_says_what_stands_for_a_pupil_and_a_session(desk: Desk, calling: Calling) -> None:
    school = await desk.open(
        "940001", "933", pupils=1, upn="X931345622001", facts={"fsm": True, "sen": "E", "ethnicity": "É, x"}
    )
    await school.enter((1, "2026-11-19", "AM", "N"))
    desk.clock.set("2026-11-20T16:05:00+00:00")
    await school.enter((1, "2026-11-19", "AM", "L"), arrived_at=time(8, 58))
    await desk.sweep()
    body = await pull(calling, "933", date="2026-11-19")
    assert body["items"][0] == {
        "la_code": "933",
        "urn": "940001",
        "laestab": "9330001",
        "date": "2026-11-19",
        "session": "AM",
        "pupil": "p-1",
        "upn": "X931345622001",
        "year_group": "4",
        "class": "4B",
        "enrolment_status": "current",
        "state": "entered",
        "code": "L",
        "first_entry": "N",
        "version": 2,
        "seq": 7,
        "arrived_at": "08:58",
        "made_at": "2026-11-20T16:05:00.000000Z",
        "recorded_at": "2026-11-20T16:05:00.000000Z",
        "sex": "F",
        "fsm": True,
        "sen": "E",
        **dict.fromkeys(COLUMNS[21:32]),
        "ethnicity": "É, x",
        "responsible_la": None,
        "possible": 1,
        "attending": 1,
        "absent": 0,
        "authorised": 0,
        "unauthorised": 0,
        "late": 1,
    }
    afternoon = body["items"][1]
    assert (afternoon["state"], afternoon["code"], afternoon["possible"]) == ("missing", None, 0)
    of_the_day = {"urn": "940001", "date": "2026-11-19", "expected": 1, "not_due": 0}
    assert body["registers"] == [
        {**of_the_day, "session": "AM", "received": 1, "not_taken": 0},
        {**of_the_day, "session": "PM", "received": 0, "not_taken": 1},
    ]
    assert body["schools"] == [{"urn": "940001", "seq": 7, "behind": 0}]


async def test_every_code_is_worth_what_the_law_says(desk: Desk, calling: Calling) -> None:
    codes = ["/", "L", "U", "I", "N", "B", "D", "X", "Y3", "O", "K", "C1", "Q", "E"]
    school = await desk.open("940101", "926", pupils=len(codes))
    await school.enter(*[(n, "2026-11-19", "AM", code) for n, code in enumerate(codes, 1)])
    await desk.sweep()
    items = (await pull(calling, "926", date="2026-11-19", limit=5))["items"]
    shown = {row["code"]: row for row in items if row["code"]}
    assert set(shown) == set(codes)
    for code, row in shown.items():
        reading = read(code, date(2026, 11, 19))
        assert row["possible"] == reading.possible
        assert row["attending"] == (reading.kind in ("present", "approved-educational-activity"))
        assert row["authorised"] == (reading.kind == "authorised-absence")
        assert row["unauthorised"] == (reading.kind == "unauthorised-absence")
        assert row["absent"] == row["authorised"] + row["unauthorised"]
        assert row["late"] == (code in "LU")


async def test_csv_and_ndjson_hold_the_same_rows_as_json(desk: Desk, calling: Calling) -> None:
    first = await desk.open("940201", "935", pupils=3, **{"class": 'Mr "B",\r\n4'})
    second = await desk.open("940202", "935", pupils=2)
    for school in (first, second):
        await school.enter((1, "2026-11-18", "AM", "/"), (2, "2026-11-18", "PM", "\\"), (1, "2026-11-19", "PM", "\\"))
    await desk.sweep()
    dates = {"from": "2026-11-16", "to": "2026-11-20"}
    body = await pull(calling, "935", limit=7, **dates)
    async with calling("authority", "935", "999") as http:
        as_csv = await got(http, "935", format="csv", **dates)
        lines = await got(http, "935", format="ndjson", **dates)
        counted = await got(http, "935", format="ndjson", part="registers", **dates)
        counted_csv = await got(http, "935", format="csv", part="registers", **dates)
    assert [json.loads(line) for line in lines.text.splitlines()] == body["items"]
    assert [key(row) for row in body["items"]] == sorted(
        (key(row) for row in body["items"]), key=lambda each: (each[0], each[2], each[3], each[1])
    )
    assert len(body["items"]) == 5 * 5 * 2
    assert as_csv.headers["content-type"] == "text/csv; charset=utf-8"
    assert as_csv.text.count("\r\n") == as_csv.text.count("\n") == 51
    header, *read_back = csv.reader(io.StringIO(as_csv.text, newline=""))
    assert header == COLUMNS
    written = {None: "", True: "true", False: "false"}
    assert read_back == [
        [written[value] if value is None or value is True or value is False else str(value) for value in row.values()]
        for row in body["items"]
    ]
    assert body["items"][0]["class"] == 'Mr "B",  4'
    assert [json.loads(line) for line in counted.text.splitlines()] == body["registers"]
    assert counted_csv.text.splitlines()[:2] == [
        "urn,date,session,expected,received,not_taken,not_due",
        "940201,2026-11-16,AM,3,0,3,0",
    ]
    for stream in (as_csv, lines):
        assert stream.headers["rollbook-changed-after"] == body["changed_after"]


async def test_a_register_is_not_due_until_it_closes_for_its_year_group(desk: Desk, calling: Calling) -> None:
    school = await desk.open("940301", "936", pupils=2)
    await school.pupil(2, year_group="R", boarder=False)
    await school.pupil(3, boarder=True)
    late = {"session": "AM", "opens": "09:30", "closes": "10:00", "ends": "12:00", "year_groups": ["R"]}
    await school.policy({**POLICY, "registers": [*POLICY["registers"], late]})
    states = {}
    for moment in ("09:14", "09:15", "10:00", "13:30"):
        desk.clock.set(f"2026-11-20T{moment}:00+00:00")
        items = (await pull(calling, "936"))["items"]
        states[moment] = [row["state"] for row in items]
    assert states == {
        "09:14": ["not-due"] * 4,
        "09:15": ["missing", *["not-due"] * 3],
        "10:00": ["missing", "missing", "not-due", "not-due"],
        "13:30": ["missing"] * 4,
    }
    assert {row["state"] for row in (await pull(calling, "936", date="2026-11-23"))["items"]} == {"not-due"}
    for closed in ("2026-11-21", "2026-10-28", "2026-12-25", "2024-01-10"):
        assert (await pull(calling, "936", date=closed))["items"] == []


@pytest.mark.parametrize(("seed", "la_code"), [(11, "937"), (12, "908"), (13, "919")])
async def test_an_answer_and_what_was_restated_since_are_the_answer_of_today(
    desk: Desk, calling: Calling, seed: int, la_code: str
) -> None:
    chance = random.Random(seed)
    schools = [await desk.open(f"94{seed}{n:02}", la_code, pupils=4) for n in range(2)]
    dates = {"from": "2026-11-09", "to": "2026-11-25"}
    seen: dict[Any, Row] = {}
    # Of days to come nothing is restated before they come.
    body = await pull(calling, la_code, **{**dates, "to": "2026-11-20"})
    seen = {key(row): row for row in body["items"]}
    moment = datetime.fromisoformat("2026-11-20T16:00:00+00:00")
    inset: list[str] = ["2026-09-03"]
    closed: dict[str, list[tuple[str, str, Moment, Moment]]] = {school.urn: [] for school in schools}
    for _ in range(14):
        moment += timedelta(minutes=chance.choice((1, 5, 60 * 17, 60 * 26)))
        desk.clock.set(moment.isoformat())
        school = chance.choice(schools)
        await _something(chance, school, inset, closed)
        if chance.random() < 0.7:
            await desk.sweep()
        body = await pull(calling, la_code, changed_after=body["changed_after"], limit=chance.choice((40, 1_000)))
        for row in body["items"]:
            seen[key(row)] = row
    desk.clock.set(max(moment, datetime.fromisoformat("2026-11-26T08:00:00+00:00")).isoformat())
    await desk.sweep()
    for row in (await pull(calling, la_code, changed_after=body["changed_after"]))["items"]:
        seen[key(row)] = row
    today = {key(row): row for row in (await pull(calling, la_code, **dates))["items"]}
    first, last = dates["from"], dates["to"]
    standing = {k: row for k, row in seen.items() if row["state"] != "closed" and first <= row["date"] <= last}
    assert standing == today
    async with calling("authority", la_code) as http:
        again = await got(http, la_code, changed_after=body["changed_after"], format="ndjson")
    assert again.headers["rollbook-changed-after"]


async def _something(
    chance: random.Random, school: School, inset: list[str], closed: dict[str, list[tuple[str, str, Moment, Moment]]]
) -> None:
    """Do one of the things that happen in a school."""
    pupil_no = chance.randrange(1, 5)
    day = date(2026, 11, 9) + timedelta(days=chance.choice((0, 1, 2, 3, 4, 7, 8, 9, 10, 11)))
    choice = chance.randrange(8)
    if choice < 3:
        days = chance.sample([day.isoformat(), "2026-11-09", "2026-11-20"], k=2)
        await school.enter(*[(pupil_no, each, "AM", code) for each in days for code in ("N", "I", "O")])
    elif choice == 3:
        left = (day + timedelta(days=1)).isoformat()
        await school.pupil(pupil_no, on_roll=chance.choice((f"{{[2025-09-03,{left})}}", "{[2025-09-03,)}")))
    elif choice == 4:
        await school.pupil(pupil_no, **{"class": chance.choice(("4A", "4C")), "effective_from": day.isoformat()})
    elif choice == 5:
        first, last = (day.isoformat(), chance.choice(("AM", "PM"))), ((day + timedelta(days=1)).isoformat(), "AM")
        made = (f"c-{len(closed[school.urn])}", chance.choice(("#", "Y4")), first, last)
        closed[school.urn].append(made)
        await school.close(*made)
    elif choice == 6 and closed[school.urn]:
        await school.reverse(*chance.choice(closed[school.urn]))
    else:
        inset[:] = ["2026-09-03", *chance.choice(([], ["2026-11-10"], ["2026-11-10", "2026-11-13"]))]
        await school.calendar("2026-27", {**CALENDAR, "inset_days": inset})


async def test_a_planned_closure_asks_for_no_row_and_y4_for_one_that_is_not_due_before_it_can_be(
    desk: Desk, calling: Calling
) -> None:
    school = await desk.open("940701", "942", pupils=2)
    await school.enter((1, "2026-11-19", "PM", "#"))
    await desk.sweep()
    before = await pull(calling, "942")
    await school.close("c-1", "#", ("2026-11-19", "PM"), ("2026-11-19", "PM"))
    await school.close("c-2", "Y4", ("2026-11-20", "AM"), ("2026-11-20", "PM"))
    await school.enter((1, "2026-11-20", "AM", "Y4"), (2, "2026-11-20", "AM", "Y4"))
    desk.clock.set("2026-11-20T13:20:00+00:00")
    await desk.sweep()
    whole = await pull(calling, "942", **{"from": "2026-11-19", "to": "2026-11-20"})
    told = {(row["date"], row["session"], row["state"], row["code"], row["possible"]) for row in whole["items"]}
    assert told == {
        ("2026-11-19", "AM", "missing", None, 0),
        ("2026-11-20", "AM", "entered", "Y4", 0),
        ("2026-11-20", "PM", "not-due", None, 0),
    }
    restated = await pull(calling, "942", changed_after=before["changed_after"])
    closed = [row for row in restated["items"] if (row["date"], row["session"]) == ("2026-11-19", "PM")]
    assert [(row["pupil"], row["state"], row["code"]) for row in closed] == [
        ("p-1", "closed", None),
        ("p-2", "closed", None),
    ]
    await school.reverse("c-1", "#", ("2026-11-19", "PM"), ("2026-11-19", "PM"))
    await desk.sweep()
    again = await pull(calling, "942", changed_after=restated["changed_after"])
    opened = [row["state"] for row in again["items"] if (row["date"], row["session"]) == ("2026-11-19", "PM")]
    assert opened == ["entered", "missing"]


async def test_nothing_restated_is_an_empty_answer_and_one_amendment_is_one_row(desk: Desk, calling: Calling) -> None:
    school = await desk.open("940501", "938", pupils=30)
    await school.enter(*[(n, "2026-09-08", "AM", "N") for n in range(1, 31)])
    await desk.sweep()
    body = await pull(calling, "938")
    assert (await pull(calling, "938", changed_after=body["changed_after"]))["items"] == []
    await school.enter((17, "2026-09-08", "AM", "M"))
    await desk.sweep()
    restated = await pull(calling, "938", changed_after=body["changed_after"])
    assert [(row["pupil"], row["code"], row["version"]) for row in restated["items"]] == [("p-17", "M", 2)]
    [register] = restated["registers"]
    assert (register["date"], register["expected"], register["received"]) == ("2026-09-08", 30, 30)
    assert (await pull(calling, "938", changed_after=restated["changed_after"]))["items"] == []


async def test_another_authority_and_what_is_no_authority_do_not_exist(desk: Desk, calling: Calling) -> None:
    await desk.open("940601", "873")
    for kind, ids in (("authority", ("874",)), ("schools", ("940601",)), ("trust", ("873",))):
        async with calling(kind, *ids) as http:
            refused = await http.get("/v1/local-authorities/873/daily")
        assert (refused.status_code, refused.json()["code"]) == (404, "unknown-authority")
    async with calling() as http:
        assert (await http.get("/v1/local-authorities/000/daily")).json()["code"] == "unknown-authority"
        found = (await got(http, "873")).json()
        assert {row["urn"] for row in found["items"]} == {"940601"}
    async with calling(scopes=("alerts:read",)) as http:
        assert (await http.get("/v1/local-authorities/873/daily")).json()["code"] == "scope-required"


@pytest.mark.parametrize(
    ("params", "code", "parameter"),
    [
        ({"date": "2026-11-19", "from": "2026-11-19"}, "invalid-parameter", "date"),
        ({"from": "2026-11-19"}, "invalid-parameter", "date"),
        ({"from": "2026-11-19", "to": "2026-11-18"}, "invalid-parameter", "to"),
        ({"from": "2026-10-01", "to": "2026-11-01"}, "invalid-parameter", "to"),
        ({"date": "2026-02-30"}, "invalid-parameter", "date"),
        ({"format": "xlsx"}, "invalid-parameter", "format"),
        ({"part": "registers"}, "invalid-parameter", "part"),
        ({"limit": "1001"}, "invalid-parameter", "limit"),
        ({"form": "csv"}, "unknown-parameter", "form"),
        ({"changed_after": "nonsense"}, "invalid-cursor", "changed_after"),
        ({"cursor": "eyJzY2hvb2wiOjEsInBsYWNlIjoxLCJub3ciOjF9"}, "invalid-cursor", "cursor"),
    ],
)
async def test_a_parameter_that_cannot_be_used_is_named(
    desk: Desk, calling: Calling, params: dict[str, str], code: str, parameter: str
) -> None:
    async with calling() as http:
        refused = await http.get("/v1/local-authorities/872/daily", params=params)
    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert refused.json()["errors"][0]["parameter"] == parameter


async def test_a_cursor_of_another_authority_is_refused(desk: Desk, calling: Calling) -> None:
    async with calling() as http:
        theirs = (await got(http, "871")).json()["changed_after"]
        refused = await http.get("/v1/local-authorities/872/daily", params={"changed_after": theirs})
    assert refused.json()["code"] == "invalid-cursor"
