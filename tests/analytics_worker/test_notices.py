"""Penalty notices and notices to improve, stated, changed and read back over HTTP."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any, get_args

import httpx
import pytest

from analytics_worker import casework
from analytics_worker.casework_bodies import Part
from codes.book import Session
from codes.improvement import CONTENTS
from codes.notices import spent
from kit import database as kit_database
from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.writing import Desk, School

WRITES = ("alerts:read", "alerts:write")
OFFICER = {"name": "B. Officer", "position": "Attendance officer"}
FIRST = date(2026, 11, 2)
RELIED = [
    {"date": (FIRST + timedelta(days=n)).isoformat(), "session": session, "code": "O"}
    for n in range(5)
    for session in ("AM", "PM")
]


def penalty(**other: Any) -> dict[str, Any]:
    return {
        "kind": "penalty-notice",
        "pupil": "p-1",
        "parent": "parent-1",
        "issued_by": "Invented Council",
        "issued_on": "2026-11-10",
        "sessions": RELIED,
        "made_by": OFFICER,
        **other,
    }


def improve(**other: Any) -> dict[str, Any]:
    return {
        "kind": "notice-to-improve",
        "pupil": "p-1",
        "parent": "parent-1",
        "issued_by": "Invented Council",
        "issued_on": "2026-11-10",
        "starts": "2026-11-11",
        "ends": "2026-12-08",
        "contents": list(CONTENTS),
        "made_by": OFFICER,
        **other,
    }


@pytest.fixture(scope="module")
async def school(desk: Desk) -> School:
    """Give a school whose pupil was absent for the sessions that notices rely on."""
    school = await desk.open("920701")
    for day in (FIRST + timedelta(days=n) for n in range(5)):
        await school.enter(*((1, day.isoformat(), session, "O") for session in ("AM", "PM")))
    return school


@pytest.fixture
async def http(calling: Calling) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(scopes=WRITES) as http:
        yield http


def path(school: School, id_: str = "") -> str:
    return f"/v1/schools/{school.urn}/notices" + (f"/{id_}" if id_ else "")


async def put(http: httpx.AsyncClient, school: School, id_: str, body: dict[str, Any], **params: Any) -> dict[str, Any]:
    answer = await http.put(path(school, id_), json=body, params=params)
    assert answer.status_code == 200, answer.text
    became: dict[str, Any] = answer.json()
    return became


async def refused(http: httpx.AsyncClient, school: School, id_: str, body: dict[str, Any]) -> list[str]:
    answer = await http.put(path(school, id_), json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] == "invalid-notice"
    return [error.get("pointer") or error["parameter"] for error in answer.json()["errors"]]


async def test_a_notice_is_answered_with_its_tier_what_is_to_pay_until_when_and_what_the_next_would_be(
    desk: Desk, http: httpx.AsyncClient
) -> None:
    school = await desk.open("920702")
    became = await put(http, school, "n-1", penalty(received_on="2026-11-12"))
    assert became["outcome"] == "entered"
    assert became["follows"] == {
        "tier": "first",
        "state": "payable",
        "payable": [{"pounds": 80, "last_day": "2026-12-02"}, {"pounds": 160, "last_day": "2026-12-09"}],
        "owed_pounds": 80,
        "next": {
            "on": "2026-11-20",
            "tier": "second",
            "notices": [{"id": "n-1", "issued_on": "2026-11-10"}],
            "again_on": None,
            "rule": "2 notices at most to a parent for a child, issued in the 3 years to that day",
            "source": "National Framework for penalty notices, from 19 August 2024",
        },
        "period_over": None,
    }
    second = await put(http, school, "n-2", penalty(issued_on="2026-11-17", sessions=[]))
    assert (second["follows"]["tier"], second["follows"]["state"]) == ("second", "issued")
    assert second["follows"]["payable"] == [{"pounds": 160, "last_day": None}]
    assert second["follows"]["next"]["again_on"] == "2029-11-10"
    assert await refused(http, school, "n-3", penalty(issued_on="2026-11-18", sessions=[])) == ["#/issued_on"]
    other = await put(http, school, "n-4", penalty(issued_on="2026-11-18", parent="parent-2"))
    assert other["follows"]["tier"] == "first"


async def test_each_put_is_a_version_that_is_kept_and_what_is_equal_is_none(desk: Desk, calling: Calling) -> None:
    school = await desk.open("920703")
    received = penalty(received_on="2026-11-12")
    async with calling(scopes=WRITES) as http:
        await put(http, school, "n-1", received)
        assert (await put(http, school, "n-1", received))["outcome"] == "unchanged"
    desk.clock.set("2026-12-03T09:00:00+00:00")
    async with calling(scopes=WRITES) as http:
        late = await put(http, school, "n-1", {**received, "paid_on": "2026-12-03", "paid_pounds": 80})
        told = late["follows"]
        assert (late["outcome"], told["state"], told["owed_pounds"]) == ("changed", "payable", 160)
        paid = {**received, "paid_on": "2026-12-02", "paid_pounds": 80}
        assert (await put(http, school, "n-1", paid))["follows"]["state"] == "paid"
        withdrawn = {**paid, "withdrawn_on": "2026-12-03", "withdrawn_why": "Issued to the wrong parent"}
        head = {"name": "C. Head", "position": "Head teacher"}
        became = await put(http, school, "n-1", {**withdrawn, "made_by": head})
        assert (became["follows"]["state"], became["follows"]["next"]["tier"]) == ("withdrawn", "first")
        got = (await http.get(path(school, "n-1"))).json()
    assert [each["paid_on"] for each in got["history"]] == [None, "2026-12-03", "2026-12-02", "2026-12-02"]
    assert [each["made_by"]["name"] for each in got["history"]] == ["B. Officer"] * 3 + ["C. Head"]
    assert [each["recorded_at"][:10] for each in got["history"]] == ["2026-11-20", *["2026-12-03"] * 3]
    told = ("no", "withdrawn_why", "follows")
    assert {name: got[name] for name in told} == {name: became[name] for name in told}


REFUSED: dict[str, tuple[list[str], dict[str, Any]]] = {
    "received before it was issued": (["#/received_on"], penalty(received_on="2026-11-09")),
    "paid nobody knows how much": (["#/paid_pounds"], penalty(paid_on="2026-11-12")),
    "withdrawn for no reason": (["#/withdrawn_why"], penalty(withdrawn_on="2026-11-12")),
    "ended nobody knows how": (["#/verdict"], penalty(prosecuted_on="2026-11-12", ended_on="2026-11-12")),
    "for illness": (["#/sessions"], penalty(sessions=[{**RELIED[0], "code": "I"}])),
    "for no day of an exclusion": (["#/excluded_on"], penalty(offence="excluded-in-public-place", sessions=[])),
    "issued tomorrow": (["#/issued_on"], penalty(issued_on="2026-11-21")),
    "paid tomorrow": (["#/paid_on"], penalty(paid_on="2026-11-21", paid_pounds=80)),
    "one session twice": (["#/sessions/1"], penalty(sessions=[RELIED[0], RELIED[0]])),
    "a session after it": (["#/sessions/0"], penalty(issued_on="2026-11-01", sessions=RELIED[:1])),
    "with a period of improvement": (["#/starts"], penalty(starts="2026-11-12")),
    "a parent by a UPN": (["#/parent"], penalty(parent="A931345622001")),
    "a period of two weeks": (["#/ends"], improve(ends="2026-11-24")),
    "a period of seven weeks": (["#/ends"], improve(ends="2026-12-30")),
    "a period before it": (["#/starts"], improve(starts="2026-11-09")),
    "no period": (["#/starts", "#/ends"], improve(starts=None, ends=None)),
    "paid though it is to improve": (["#/paid_on", "#/paid_pounds"], improve(paid_on="2026-11-12", paid_pounds=80)),
}


@pytest.mark.parametrize("why", REFUSED)
async def test_what_the_law_leaves_no_choice_about_is_refused_with_a_pointer(
    http: httpx.AsyncClient, school: School, why: str
) -> None:
    pointers, body = REFUSED[why]
    assert await refused(http, school, "refused", body) == pointers
    assert (await http.get(path(school, "refused"))).json()["code"] == "unknown-notice"


async def test_an_id_stands_for_one_notice_about_one_pupil_and_is_no_upn(
    http: httpx.AsyncClient, school: School
) -> None:
    await put(http, school, "one", penalty(parent="parent-9"))
    assert await refused(http, school, "one", penalty(parent="parent-9", pupil="p-2")) == ["#/pupil"]
    assert await refused(http, school, "one", improve()) == ["#/kind"]
    assert await refused(http, school, "A931345622001", penalty()) == ["id"]
    answer = await http.put(path(school, "other"), json=penalty(pupil="p-99"))
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (404, "#/pupil")


async def test_what_speaks_against_a_notice_besides_is_a_warning_with_its_source(
    desk: Desk, http: httpx.AsyncClient, school: School
) -> None:
    await desk.sweep()
    assert (await put(http, school, "w-1", penalty(parent="parent-3")))["warnings"] == []
    sessions = [{**RELIED[0], "code": "N"}, *RELIED[1:8], {"date": "2026-11-09", "session": "AM", "code": "O"}]
    warned = await put(http, school, "w-2", penalty(parent="parent-4", sessions=sessions))
    assert [(each["pointer"], each["detail"]) for each in warned["warnings"]] == [
        ("#/sessions", "An N is resolved before it is relied on."),
        ("#/sessions", "Fewer than 10 sessions: only exceptionally."),
        ("#/sessions/0", "The register has O."),
        ("#/sessions/8", "The register has nothing."),
    ]
    assert all(each["source"] for each in warned["warnings"])
    assert (await http.get(path(school, "w-2"))).json()["warnings"] == warned["warnings"]


async def test_a_notice_to_improve_says_what_it_leaves_out_and_when_its_period_is_over(
    desk: Desk, calling: Calling, school: School
) -> None:
    assert set(get_args(Part)) == set(CONTENTS)
    async with calling(scopes=WRITES) as http:
        whole = await put(http, school, "i-1", improve())
        part = await put(http, school, "i-2", improve(contents=["duty"], parent="parent-2"))
    assert (whole["warnings"], whole["follows"]["period_over"], whole["follows"]["tier"]) == ([], False, None)
    assert [each["pointer"] for each in part["warnings"]] == ["#/contents"] * (len(CONTENTS) - 1)
    for moment, is_over in (("2026-12-08T23:50:00+00:00", False), ("2026-12-09T00:10:00+00:00", True)):
        desk.clock.set(moment)
        async with calling(scopes=WRITES) as http:
            assert (await http.get(path(school, "i-1"))).json()["follows"]["period_over"] is is_over


async def test_notices_are_listed_the_one_stated_last_first_and_pages_keep_to_what_stood_at_the_first(
    desk: Desk, http: httpx.AsyncClient
) -> None:
    school = await desk.open("920704")
    for n in range(5):
        await put(http, school, f"n-{n}", penalty(parent=f"parent-{n}", pupil=f"p-{1 + n % 2}"))
    first = (await http.get(path(school), params={"limit": 2})).json()
    await put(http, school, "n-0", penalty(parent="parent-0", received_on="2026-11-12"))
    second = (await http.get(path(school), params={"limit": 2, "cursor": first["next"]})).json()
    third = (await http.get(path(school), params={"limit": 2, "cursor": second["next"]})).json()
    items = [*first["items"], *second["items"], *third["items"]]
    assert [each["id"] for each in items] == ["n-4", "n-3", "n-2", "n-1", "n-0"]
    assert (items[-1]["received_on"], third["next"]) == (None, None)
    anew = (await http.get(path(school))).json()["items"]
    assert [each["id"] for each in anew] == ["n-0", "n-4", "n-3", "n-2", "n-1"]
    of_two = (await http.get(path(school), params={"pupil": "p-2"})).json()["items"]
    assert [(each["id"], each["pupil"]) for each in of_two] == [("n-3", "p-2"), ("n-1", "p-2")]
    assert (await http.get(path(school), params={"pupil": "p-99"})).json() == {"items": [], "next": None}


async def test_an_authority_states_notices_at_a_school_that_it_reaches_and_at_no_other(
    calling: Calling, school: School
) -> None:
    async with calling("authority", "931", scopes=WRITES) as http:
        assert (await put(http, school, "a-1", penalty(parent="parent-8")))["outcome"] == "entered"
    async with calling("authority", "919", scopes=WRITES) as http:
        answer = await http.put(path(school, "a-1"), json=penalty(parent="parent-8"))
        assert answer.json()["code"] == "unknown-school"
    async with calling(scopes=("alerts:read",)) as http:
        answer = await http.put(path(school, "a-1"), json=penalty(parent="parent-8"))
        assert answer.json()["code"] == "scope-required"


async def test_a_notice_can_be_tried_first(http: httpx.AsyncClient, school: School) -> None:
    count = "SELECT count(*) FROM casework.notice WHERE school_id = $1"
    [before] = await school.rows(count)
    tried = await put(http, school, "t-1", penalty(parent="parent-7"), dry_run=True)
    assert await school.rows(count) == [before]
    assert await put(http, school, "t-1", penalty(parent="parent-7")) == tried


async def test_the_rules_are_told_every_version_with_its_london_day_and_sessions_are_spent_until_it_is_withdrawn(
    desk: Desk, calling: Calling
) -> None:
    school = await desk.open("920705")
    withdrawn = penalty(withdrawn_on="2027-06-07", withdrawn_why="Why")
    for moment, id_, body in (
        ("2026-11-19T10:00:00+00:00", "i-1", improve()),
        ("2026-11-20T23:30:00+00:00", "n-1", penalty()),
        ("2027-06-07T23:30:00+00:00", "n-1", withdrawn),
    ):
        desk.clock.set(moment)
        async with calling(scopes=WRITES) as http:
            await put(http, school, id_, body)
    async with kit_database.reading(desk.analytics, school.school_id) as connection:
        told = (await casework.load(connection, school.school_id, [1])).notices[1]
        numbered = [dict(row) async for row in casework.since(connection, school.school_id, 1)]
        elsewhere = await casework.load(connection, school.school_id, [2])
    days = [date(2026, 11, 20), date(2027, 6, 8)]
    assert [day for day, _ in told] == days
    relied = spent([told[0][1]], told[0][1].child, days[1])
    assert relied == {(FIRST + timedelta(days=n), session) for n in range(5) for session in Session}
    assert not spent([told[1][1]], told[1][1].child, days[1])
    assert [(row["no"], row["pupil_no"], row["recorded_on"]) for row in numbered] == [(2, 1, days[0]), (3, 1, days[1])]
    assert not elsewhere.notices and not elsewhere.acts
