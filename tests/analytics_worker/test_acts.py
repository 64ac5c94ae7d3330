"""What people do about alerts, over HTTP: kept with the person, and the alert ended by it as far as it goes."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import uuid4

import httpx
import pytest

from codes.calendar import school_days
from codes.school import calendar_of
from kit import database as kit_database
from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.test_notices import penalty
from tests.analytics_worker.writing import CALENDAR_BEFORE, Desk, School
from tests.support.folded import rebuilt
from tests.support.school import CALENDAR, POLICY

WRITES = ("alerts:read", "alerts:write")
OFFICER = {"name": "B. Officer", "position": "Attendance officer"}
AUTUMN = school_days(calendar_of("2026-27", json.dumps(CALENDAR)))
YEAR_BEFORE = school_days(calendar_of("2025-26", json.dumps(CALENDAR_BEFORE)))
TODAY = date(2026, 11, 20)
UP_TO_NOW = [day for day in AUTUMN if day <= TODAY]


@pytest.fixture
async def http(calling: Calling) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(scopes=WRITES) as http:
        yield http


async def found(http: httpx.AsyncClient, school: School, kind: str, **params: Any) -> list[dict[str, Any]]:
    answer = await http.get(f"/v1/schools/{school.urn}/alerts", params={"kind": kind, **params})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def post(http: httpx.AsyncClient, school: School, id_: str, **body: Any) -> httpx.Response:
    """Act on an alert, today where no other day is said."""
    return await http.post(
        f"/v1/schools/{school.urn}/alerts/{id_}/actions",
        json={"done_on": TODAY.isoformat(), "made_by": OFFICER, **body},
    )


async def done(http: httpx.AsyncClient, school: School, id_: str, action: str, **body: Any) -> dict[str, Any]:
    answer = await post(http, school, id_, action=action, **body)
    assert answer.status_code == 201, answer.text
    act: dict[str, Any] = answer.json()
    return act


async def refused(http: httpx.AsyncClient, school: School, id_: str, action: str, **body: Any) -> list[str]:
    answer = await post(http, school, id_, action=action, **body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-act"), answer.text
    return [error["pointer"] for error in answer.json()["errors"]]


async def read(http: httpx.AsyncClient, school: School, id_: str) -> dict[str, Any]:
    answer = await http.get(f"/v1/schools/{school.urn}/alerts/{id_}")
    assert answer.status_code == 200, answer.text
    alert: dict[str, Any] = answer.json()
    return alert


@pytest.fixture(scope="module")
async def unexplained(desk: Desk) -> School:
    """Give a school with a pupil who has been absent since the morning, and nobody has said why."""
    desk.clock.set("2026-11-20T16:00:00+00:00")
    school = await desk.open("920801")
    await school.enter((1, "2026-11-20", "AM", "N"), (1, "2026-11-20", "PM", "N"))
    await desk.sweep()
    return school


async def test_each_step_is_kept_in_order_with_the_person_and_what_the_alert_rested_on(
    desk: Desk, http: httpx.AsyncClient, unexplained: School
) -> None:
    [alert] = await found(http, unexplained, "first-day-unexplained")
    seen = await http.post(
        f"/v1/schools/{unexplained.urn}/alerts/{alert['id']}/acknowledgements", json={"made_by": OFFICER}
    )
    assert (seen.status_code, seen.json()["action"]) == (201, "acknowledged")
    called = await done(http, unexplained, alert["id"], "call-unanswered", note="Two numbers")
    head = {"name": "C. Head", "position": "Head teacher"}
    visited = await done(http, unexplained, alert["id"], "home-visit", made_by=head)
    got = await read(http, unexplained, alert["id"])
    assert [(each["action"], each["made_by"]["name"], each["note"]) for each in got["steps"]] == [
        ("acknowledged", "B. Officer", None),
        ("call-unanswered", "B. Officer", "Two numbers"),
        ("home-visit", "C. Head", None),
    ]
    assert called["evidence"] == alert["evidence"]
    assert (visited["pupil"], visited["ends"], visited["done_on"]) == ("p-1", None, "2026-11-20")
    assert (got["status"], got["held"]) == ("open", [{"from": "2026-11-20", "until": None}])
    possible = {each["action"]: (each["ends"], each["needs_note"]) for each in got["actions"]}
    assert possible["reason-given"] == ("as-far-as-it-goes", True)
    assert possible["letter"] == (None, False)
    assert "return-made" not in possible and "acknowledged" not in possible
    await desk.sweep()
    assert (await read(http, unexplained, alert["id"]))["status"] == "open"


async def test_what_is_sent_again_is_kept_once(http: httpx.AsyncClient, unexplained: School) -> None:
    [alert] = await found(http, unexplained, "first-day-unexplained")
    first = await done(http, unexplained, alert["id"], "early-help", note="Asked for")
    again = await done(http, unexplained, alert["id"], "early-help", note="Asked for")
    assert (first["outcome"], again["outcome"], again["no"]) == ("entered", "unchanged", first["no"])
    other = await done(http, unexplained, alert["id"], "early-help", note="Agreed")
    assert (other["outcome"], other["no"]) == ("entered", first["no"] + 1)
    part = [{"date": "2026-11-20", "session": "AM"}]
    narrowed = await done(http, unexplained, alert["id"], "early-help", note="Agreed", sessions=part)
    assert (narrowed["outcome"], [row["session"] for row in narrowed["evidence"]["sessions"]]) == ("entered", ["AM"])
    seen = f"/v1/schools/{unexplained.urn}/alerts/{alert['id']}/acknowledgements"
    numbers = [(await http.post(seen, json={"made_by": OFFICER, "note": "Seen"})).json()["no"] for _ in range(2)]
    assert numbers[0] == numbers[1]


async def test_an_act_that_cannot_be_is_refused_with_a_pointer(http: httpx.AsyncClient, unexplained: School) -> None:
    [alert] = await found(http, unexplained, "first-day-unexplained")
    id_ = alert["id"]
    before = len((await read(http, unexplained, id_))["steps"])
    assert await refused(http, unexplained, id_, "return-made") == ["#/action"]
    assert await refused(http, unexplained, id_, "acknowledged") == ["#/action"]
    assert await refused(http, unexplained, id_, "letter", done_on="2026-11-21") == ["#/done_on"]
    assert await refused(http, unexplained, id_, "reason-given") == ["#/note"]
    assert await refused(http, unexplained, id_, "reason-given", note="  ") == ["#/note"]
    elsewhere = [{"date": "2026-11-20", "session": "AM"}, {"date": "2026-11-19", "session": "AM"}]
    assert await refused(http, unexplained, id_, "letter", sessions=elsewhere) == ["#/sessions/1"]
    assert (await post(http, unexplained, id_, action="forgotten")).json()["code"] == "invalid-request"
    assert len((await read(http, unexplained, id_))["steps"]) == before


async def test_an_act_can_be_tried_first(http: httpx.AsyncClient, unexplained: School) -> None:
    [alert] = await found(http, unexplained, "first-day-unexplained")
    before = await read(http, unexplained, alert["id"])
    url = f"/v1/schools/{unexplained.urn}/alerts/{alert['id']}"
    body = {"made_by": {"name": "T. Trial", "position": "Clerk"}}
    for what, sent in (("acknowledgements", body), ("actions", {**body, "action": "letter", "done_on": "2026-11-20"})):
        tried = await http.post(f"{url}/{what}", json=sent, params={"dry_run": "true"})
        assert (tried.status_code, tried.json()["outcome"]) == (201, "entered")
        assert await read(http, unexplained, alert["id"]) == before


async def test_an_alert_that_is_none_of_the_schools_is_unknown(
    desk: Desk, calling: Calling, http: httpx.AsyncClient, unexplained: School
) -> None:
    [alert] = await found(http, unexplained, "first-day-unexplained")
    other = await desk.open("920802", la_code="919")
    for id_ in (alert["id"], str(uuid4()), "p-1"):
        for answer in (
            await http.get(f"/v1/schools/{other.urn}/alerts/{id_}"),
            await post(http, other, id_, action="letter"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "unknown-alert")
    async with calling("authority", "931", scopes=WRITES) as ours:
        assert (await post(ours, unexplained, alert["id"], action="referral")).status_code == 201
        assert (await post(ours, other, alert["id"], action="referral")).json()["code"] == "unknown-school"
    async with calling(scopes=("alerts:read",)) as reader:
        assert (await post(reader, unexplained, alert["id"], action="letter")).json()["code"] == "scope-required"


async def test_a_reason_that_was_given_ends_what_nobody_could_explain_and_not_that_the_n_must_go(
    desk: Desk, calling: Calling
) -> None:
    desk.clock.set("2026-11-12T16:00:00+00:00")
    school = await desk.open("920803")
    await school.enter((1, "2026-11-12", "AM", "N"), (1, "2026-11-12", "PM", "N"))
    await desk.sweep()
    desk.clock.set("2026-11-20T16:00:00+00:00")
    await desk.sweep()
    async with calling(scopes=WRITES) as http:
        [overdue] = await found(http, school, "n-overdue")
        assert not {each["ends"] for each in (await read(http, school, overdue["id"]))["actions"]} - {None}
        await done(http, school, overdue["id"], "letter")
        [first_day] = await found(http, school, "first-day-unexplained")
        await done(http, school, first_day["id"], "reason-given", note="A fall", done_on="2026-11-13")
        await desk.sweep()
        ended = await read(http, school, first_day["id"])
        assert (ended["status"], ended["closed_on"]) == ("closed", "2026-11-20")  # when it became known
        assert (await read(http, school, overdue["id"]))["status"] == "open"


async def test_a_sickness_return_is_made_once_in_a_spell(desk: Desk, http: httpx.AsyncClient) -> None:
    school = await desk.open("920804")
    await school.enter_days(1, AUTUMN[:15], "I")
    await desk.sweep()
    [alert] = await found(http, school, "sickness-return")
    assert (await done(http, school, alert["id"], "return-made"))["ends"] == "for-good"
    await desk.sweep()
    assert (await read(http, school, alert["id"]))["status"] == "closed"
    await school.enter_days(1, AUTUMN[15:35], "I")
    await desk.sweep()
    [only] = await found(http, school, "sickness-return")
    assert (only["id"], only["status"]) == (alert["id"], "closed")


async def test_a_threshold_that_was_dealt_with_is_over_and_ten_further_sessions_are_another(
    desk: Desk, http: httpx.AsyncClient
) -> None:
    school = await desk.open("920805")
    await school.enter_days(1, UP_TO_NOW[-20:-15], "O")
    await desk.sweep()
    [alert] = await found(http, school, "penalty-threshold")
    assert await refused(http, school, alert["id"], "dealt-with") == ["#/note"]
    await done(http, school, alert["id"], "dealt-with", note="Support was agreed instead")
    await desk.sweep()
    assert (await read(http, school, alert["id"]))["status"] == "closed"
    await school.enter_days(1, UP_TO_NOW[-15:-10], "O")
    await desk.sweep()
    [was, another] = await found(http, school, "penalty-threshold")
    assert (was["id"], was["status"], another["status"]) == (alert["id"], "closed", "open")
    assert another["id"] != alert["id"]


async def test_the_sessions_of_a_notice_are_spent_until_it_is_withdrawn(desk: Desk, http: httpx.AsyncClient) -> None:
    school = await desk.open("920806")
    await school.enter_days(1, UP_TO_NOW[-20:-15], "O")
    await desk.sweep()
    [alert] = await found(http, school, "penalty-threshold")
    notice = penalty(sessions=alert["evidence"]["sessions"], issued_on="2026-11-19")
    url = f"/v1/schools/{school.urn}/notices/n-1"
    assert (await http.put(url, json=notice)).json()["outcome"] == "entered"
    await desk.sweep()
    assert (await read(http, school, alert["id"]))["status"] == "closed"
    withdrawn = {**notice, "withdrawn_on": "2026-11-20", "withdrawn_why": "The parent was another"}
    assert (await http.put(url, json=withdrawn)).json()["outcome"] == "changed"
    await desk.sweep()
    [again] = await found(http, school, "penalty-threshold")
    assert (again["id"], again["status"]) == (alert["id"], "open")


async def test_parents_are_told_of_the_sessions_that_were_meant_and_of_no_others(
    desk: Desk, http: httpx.AsyncClient
) -> None:
    school = await desk.open("920807")
    [day] = UP_TO_NOW[-10:-9]
    await school.enter_days(1, [day], "O")
    await desk.sweep()
    [alert] = await found(http, school, "parents-not-told")
    morning = [{"date": day.isoformat(), "session": "AM"}]
    assert (await done(http, school, alert["id"], "parents-told", sessions=morning))["ends"] == "as-far-as-it-goes"
    await desk.sweep()
    still = await read(http, school, alert["id"])
    assert (still["status"], [row["session"] for row in still["evidence"]["sessions"]]) == ("open", ["PM"])
    await done(http, school, alert["id"], "letter")
    await desk.sweep()
    assert (await read(http, school, alert["id"]))["status"] == "closed"
    await school.enter_days(1, UP_TO_NOW[-9:-8], "O")
    await desk.sweep()
    [same] = await found(http, school, "parents-not-told")
    assert (same["id"], same["status"]) == (alert["id"], "open")


SETTLED = {
    "social-worker-notify": ("p-1", "worker-told"),
    "youth-offending-notify": ("p-1", "worker-told"),
    "illness-evidence": ("p-2", "evidence-seen"),
    "unauthorised-10-days": ("p-3", "return-made"),
    "religious-extra-day": ("p-4", "set-apart"),
    "return-meeting": ("p-5", "meeting"),
    "study-leave": ("p-6", "examination-stated"),
    "severe-without-plan": ("p-7", "plan-of-support"),
    "late-repeated": ("p-8", "transport-late"),
}


@pytest.fixture(scope="module")
async def troubled(desk: Desk) -> School:
    """Give a school with a pupil for each of these kinds."""
    desk.clock.set("2026-11-20T16:00:00+00:00")
    school = await desk.open("920811", pupils=8)
    await school.policy({**POLICY, "illness_evidence_after_days": 5})
    await school.pupil(1, facts={"social_worker": True, "youth_offending": True})
    await school.pupil(6, date_of_birth="2012-02-11", year_group="10")
    days = UP_TO_NOW
    await school.enter_days(1, days[-1:], "N")
    await school.enter_days(2, days[-7:], "I")
    await school.enter_days(3, days[-10:], "O")
    await school.enter_days(4, days[-2:], "R")
    await school.enter_days(5, days[-12:-2], "M")
    await school.enter_days(5, days[-2:])
    await school.enter_days(6, days[-1:], "S")
    await school.enter_days(7, days[-40:-20])
    await school.enter_days(7, days[-20:], "I")
    await school.enter(*((8, day.isoformat(), "AM", "L") for day in days[-2:]))
    await desk.sweep()
    return school


@pytest.mark.parametrize("kind", SETTLED)
async def test_what_a_kind_asks_for_ends_it(desk: Desk, http: httpx.AsyncClient, troubled: School, kind: str) -> None:
    pupil, action = SETTLED[kind]
    [alert] = await found(http, troubled, kind, pupil=pupil)
    assert alert["status"] == "open"
    assert (await done(http, troubled, alert["id"], action, note="As it was"))["ends"] is not None
    await desk.sweep()
    assert (await read(http, troubled, alert["id"]))["status"] == "closed"


async def test_acts_that_come_at_once_are_numbered_one_after_another_and_the_same_one_is_kept_once(
    http: httpx.AsyncClient, unexplained: School
) -> None:
    [alert] = await found(http, unexplained, "first-day-unexplained")
    notes = [f"Call {n % 4}" for n in range(8)]
    kept = await asyncio.gather(*(done(http, unexplained, alert["id"], "telephone-call", note=note) for note in notes))
    assert sorted(act["outcome"] for act in kept) == ["entered"] * 4 + ["unchanged"] * 4
    numbers = {act["note"]: act["no"] for act in kept}
    assert all(numbers[act["note"]] == act["no"] for act in kept)
    assert sorted(numbers.values()) == list(range(min(numbers.values()), min(numbers.values()) + 4))


async def test_low_attendance_is_dealt_with_once_its_year_is_over(desk: Desk, http: httpx.AsyncClient) -> None:
    desk.clock.set("2026-07-17T16:00:00+01:00")
    school = await desk.open("920808")
    await school.enter_days(1, YEAR_BEFORE[:18])
    await school.enter_days(1, YEAR_BEFORE[18:20], "I")
    await desk.sweep()
    desk.clock.set("2026-11-20T16:00:00+00:00")
    await school.enter_days(1, AUTUMN[:18])
    await school.enter_days(1, AUTUMN[18:20], "I")
    await desk.sweep()
    last_year, this_year = sorted(
        await found(http, school, "persistent-absence"), key=lambda each: str(each["evidence"]["academic_year"])
    )
    assert {last_year["status"], this_year["status"]} == {"open"}
    assert await refused(http, school, this_year["id"], "dealt-with", note="Why") == ["#/action"]
    await done(http, school, last_year["id"], "dealt-with", note="Seen with the governors")
    await desk.sweep()
    assert [(await read(http, school, each["id"]))["status"] for each in (last_year, this_year)] == ["closed", "open"]


async def test_a_letter_is_a_step_and_the_further_letter_falls_due_after_it(desk: Desk, calling: Calling) -> None:
    school = await desk.open("920809")
    steps = [{"step": "letter", "below": 95}, {"step": "further-letter", "below": 95, "after_weeks": 2}]
    await school.policy({**POLICY, "staged_approach": {"steps": steps}})
    await school.enter_days(1, AUTUMN[:18])
    await school.enter_days(1, AUTUMN[18:20], "I")
    await desk.sweep()
    async with calling(scopes=WRITES) as http:
        [due] = await found(http, school, "next-step-due")
        assert due["evidence"]["step"] == "letter"
        await done(http, school, due["id"], "letter")
        await desk.sweep()
        assert (await read(http, school, due["id"]))["status"] == "closed"
    desk.clock.set("2026-12-04T16:00:00+00:00")
    await desk.sweep()
    async with calling(scopes=WRITES) as http:
        [further] = await found(http, school, "next-step-due", status="open")
    assert (further["evidence"]["step"], further["opened_on"]) == ("further-letter", "2026-12-04")


async def test_what_was_done_survives_a_rebuild_and_stands_at_the_same_alert(desk: Desk, calling: Calling) -> None:
    desk.clock.set("2026-11-19T16:00:00+00:00")
    school = await desk.open("920810")
    await school.enter_days(1, AUTUMN[:15], "I")
    await desk.sweep()
    desk.clock.set("2026-11-20T16:00:00+00:00")
    async with calling(scopes=WRITES) as http:
        [alert] = await found(http, school, "sickness-return")
        await done(http, school, alert["id"], "not-due", note="Back on Monday")
        await desk.sweep()
        before = await read(http, school, alert["id"])
        assert (before["status"], before["closed_on"]) == ("closed", "2026-11-20")
        count = "SELECT count(*), max(no) FROM casework.act WHERE school_id = $1"
        acts = await school.rows(count)
        async with kit_database.writing(desk.analytics, school.school_id) as connection:
            await connection.execute("DELETE FROM analysis.alert")
            await connection.execute("DELETE FROM analysis.awaited")
            await connection.execute(
                "UPDATE analysis.checkpoint SET alerts_seq = 0, acts_no = 0, alerts_on = NULL WHERE school_id = $1",
                school.school_id,
            )
        await rebuilt(desk.analytics, school.school_id)
        await desk.sweep()
        assert await read(http, school, alert["id"]) == before
        assert await school.rows(count) == acts
