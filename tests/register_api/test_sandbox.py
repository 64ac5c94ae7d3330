"""Sandboxes: a school of one's own in one call, which nobody else reaches and nothing signed refers to."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from analytics_worker.app import WorkerSettings
from analytics_worker.app import create_app as analytics
from tests.support.office import MONDAY, Office, amending, calling, refusal
from tests.support.sandboxes import begun, counts, number_of, owning, sandbox, sandboxing, swept
from tests.support.school import POLICY, TEACHER, pupil
from tests.support.sealing import checkpointed
from tests.support.services import Register, serving

EVERY_RIGHT = ("roll:write", "marks:write", "amendments:write", "register:read", "audit:read", "evidence:read", "admin")


@pytest.fixture(scope="module")
async def on(register: Register, folder: Path) -> AsyncIterator[Register]:
    """Give a register API on the same database with sandboxes switched on."""
    async with sandboxing(register, folder) as running:
        yield running


async def test_without_being_switched_on_there_is_nothing_at_the_address(register: Register) -> None:
    async with httpx.AsyncClient(base_url=register.address, verify=False) as http, owning(register.database) as owner:
        bodies: tuple[dict[str, str] | None, ...] = (None, {"phase": "primary"}, {"phase": "no such"})
        for body in bodies:
            answer = await http.post("/v1/sandbox", json=body)
            absent = await http.post("/v1/nothing", json=body)
            assert refusal(answer, "not-found").keys() == refusal(absent, "not-found").keys()
        assert await owner.fetchval("SELECT count(*) FROM register.sandbox") == 0
        described = (await http.get("/openapi.json")).json()["paths"]["/v1/sandbox"]["post"]
    assert "Off by default" in described["description"]


async def test_one_call_gives_a_school_with_a_calendar_thirty_pupils_and_a_client(on: Register) -> None:
    async with sandbox(on) as mine:
        answer = mine.answer
        assert 990_000 <= int(mine.urn) <= 999_998
        assert (answer["academic_year"], answer["until"]) == ("2026-27", "2026-09-08T15:00:00.000000Z")
        assert answer["token_url"] == "http://127.0.0.1:8000/oauth/token"
        assert "admin" not in answer["client"]["scopes"]
        me = (await mine.http.get("/v1/me")).json()
        assert me["reach"] == {"kind": "schools", "ids": [mine.urn]}
        assert me["scopes"] == answer["client"]["scopes"]
        school = await mine.office.get("")
        assert (school["name"], school["phase"], school["warnings"]) == (answer["name"], "primary", [])
        assert (school["la_code"], school["trust"]) == (None, None)
        calendar = await mine.office.get("/calendar/2026-27")
        assert calendar["sessions"] > 380
        roll = (await mine.office.get("/pupils", on=MONDAY, limit=100))["items"]
        assert [pupil["id"] for pupil in roll] == answer["pupils"]
        assert len({(pupil["forename"], pupil["surname"]) for pupil in roll}) == 30
        assert {pupil["class"] for pupil in roll} == {"1A", "4B", "6C"}
        assert len(await mine.office.stream()) == 33


@pytest.mark.parametrize("phase", ["primary", "secondary"])
async def test_the_school_is_what_its_mis_would_have_made_of_it(on: Register, phase: str) -> None:
    async with sandbox(on, {"phase": phase}) as mine:
        before = await mine.office.head()
        school = await mine.office.get("")
        body = {name: school[name] for name in ("name", "phase", "age_range", "policy")}
        assert body["phase"] == phase
        assert (await mine.http.put(mine.office.path(), json=body)).status_code == 200
        calendar = await mine.office.get("/calendar/2026-27")
        terms = {name: calendar[name] for name in ("terms", "holidays", "inset_days")}
        put = await mine.http.put(mine.office.path("/calendar/2026-27"), json=terms)
        assert put.status_code == 200, put.text
        roll = (await mine.office.get("/pupils", limit=100))["items"]
        for pupil in roll:
            (enrolment,) = pupil.pop("enrolments")
            pupil["starting_day"] = enrolment["starting_day"]
        answer = await mine.http.post(mine.office.path("/pupils"), json={"pupils": roll})
        assert (answer.json()["unchanged"], answer.json()["refused"]) == (30, 0), answer.text
        assert await mine.office.head() == before


async def test_a_phase_that_there_is_not_is_refused(on: Register) -> None:
    async with httpx.AsyncClient(base_url=on.address, verify=False) as http:
        refusal(await http.post("/v1/sandbox", json={"phase": "college"}), "invalid-request", at="#/phase")
        refusal(await http.post("/v1/sandbox", json={"school": "x"}), "invalid-request", at="#/school")


async def test_the_three_requests_can_be_sent_as_they_stand(on: Register) -> None:
    answer = await begun(on)
    assert len(answer["next"]) == 3
    async with httpx.AsyncClient(verify=False) as http:
        answers = []
        for ready in answer["next"]:
            url = ready["url"].replace("http://127.0.0.1:8000", on.address)
            sent = await http.request(ready["method"], url, headers=ready["headers"], content=ready["body"])
            assert sent.status_code == 200, sent.text
            answers.append(sent.json())
    marks, amendments, audit = answers
    assert (marks["entered"], marks["refused"]) == (10, 0)
    assert amendments["amended"] == 1
    (amended,) = audit["items"]
    assert (amended["original_entry"], amended["amended_entry"]) == ("N", "I")
    assert amended["reason"] == "A parent telephoned: ill"


async def test_the_first_hour_of_a_mis(on: Register) -> None:
    settings = WorkerSettings(database_url=on.database.analytics_url, poll_seconds=3_600)
    async with sandbox(on) as mine, serving(analytics(settings, on.clock)) as address:
        taken = {"made_by": TEACHER, "marks": [{"pupil": id_, "code": "/"} for id_ in mine.answer["pupils"][:29]]}
        answer = await mine.office.post({**taken, "marks": [*taken["marks"], {"pupil": "p-30", "code": "N"}]})
        assert (answer.json()["entered"], answer.json()["refused"]) == (30, 0), answer.text
        again = await mine.office.post(taken)
        assert again.json()["unchanged"] == 29
        (amended,) = await mine.office.amended(amending("p-30", "N", "I"))
        assert (amended["outcome"], amended["version"]) == ("amended", 2)
        (audited,) = (await mine.office.get("/amendments"))["items"]
        assert (audited["pupil"], audited["original_entry"], audited["amended_entry"]) == ("p-30", "N", "I")
        assert {read["what"] for read in (await mine.office.get("/reads"))["items"]} == {"amendments"}
        await swept(on)
        async with httpx.AsyncClient(base_url=address, headers=mine.http.headers, verify=False) as figures:
            told = await figures.get(mine.office.path("/attendance"), params={"from": MONDAY, "to": MONDAY})
            assert told.status_code == 200, told.text
            assert (await figures.get(mine.office.path("/alerts"))).status_code == 200
        assert len(await mine.office.stream()) == 33 + 31


async def test_another_sandbox_is_out_of_reach(on: Register, office: Office) -> None:
    async with sandbox(on) as mine, sandbox(on) as other:
        assert mine.urn != other.urn
        for urn in (other.urn, office.urn):
            for path in ("", "/pupils", "/pupils/p-01", "/amendments", "/events", "/calendar/2026-27"):
                refusal(await mine.http.get(f"/v1/schools/{urn}{path}"), "unknown-school")
            marks = {"made_by": TEACHER, "marks": [{"pupil": "p-01", "code": "/"}]}
            path = f"/v1/schools/{urn}/registers/{MONDAY}/AM/marks"
            refusal(await mine.http.post(path, json=marks), "unknown-school")
        assert (await other.office.head())[0] == 33


@pytest.mark.parametrize(("kind", "reaches"), [("national", False), ("schools", True), ("authority", False)])
async def test_nobody_but_its_own_client_reaches_a_sandbox(on: Register, kind: str, reaches: bool) -> None:
    async with sandbox(on) as mine:
        ids = [mine.urn] if reaches else [] if kind == "national" else ["931"]
        async with calling(on, EVERY_RIGHT, kind, ids) as http:
            refusal(await http.get(mine.office.path()), "unknown-school")
            school = {"name": "Taken over", "phase": "primary", "age_range": [4, 11], "la_code": "931"}
            refusal(await http.put(mine.office.path(), json=school), "unknown-school")
            # A school that is real never goes on in a register that will be forgotten.
            if kind != "authority":
                answer = await http.put("/v1/schools/900721", json={**school, "continues": mine.urn})
                refusal(answer, "unknown-school")
        assert (await mine.office.head())[0] == 33


async def test_its_own_client_cannot_put_it_under_an_authority_or_a_trust(on: Register) -> None:
    async with sandbox(on) as mine:
        school = {"name": "Mine", "phase": "primary", "age_range": [4, 11], "policy": POLICY}
        facts: list[dict[str, Any]] = [{"la_code": "931"}, {"trust": {"uid": "5143", "name": "T"}}]
        for fact in facts:
            refusal(await mine.http.put(mine.office.path(), json={**school, **fact}), "reach-fact")
        naming = pupil(facts={"responsible_la": "931"})
        refusal(await mine.http.put(mine.office.path("/pupils/p-01"), json=naming), "reach-fact")
        refusal(await mine.http.put("/v1/schools/900722", json=school), "unknown-school")


async def test_no_school_is_set_up_under_a_urn_of_the_sandboxes(admin: httpx.AsyncClient) -> None:
    school = {"name": "Invented", "phase": "primary", "age_range": [4, 11]}
    for urn in ("990000", "999998"):
        refusal(await admin.put(f"/v1/schools/{urn}", json=school), "invalid-urn", at="urn")
        refusal(await admin.get(f"/v1/schools/{urn}"), "unknown-school")


async def test_sandboxes_that_are_begun_at_once_have_different_urns(on: Register) -> None:
    answers = await asyncio.gather(*(begun(on) for _ in range(6)))
    assert len({answer["urn"] for answer in answers}) == 6
    assert len({answer["client"]["client_id"] for answer in answers}) == 6


async def test_when_as_many_stand_as_there_may_be_it_says_when_to_come_again(register: Register, folder: Path) -> None:
    async with owning(register.database) as owner:
        standing = await owner.fetchval("SELECT count(*) FROM register.sandbox")
        async with sandboxing(register, folder, sandbox_most=standing + 2) as narrow:
            async with httpx.AsyncClient(base_url=narrow.address, timeout=30, verify=False) as http:
                # At once, and there is room for two.
                answers = await asyncio.gather(*(http.post("/v1/sandbox") for _ in range(6)))
                assert sorted(answer.status_code for answer in answers) == [201] * 2 + [503] * 4
                before = await counts(owner)
                answer = await http.post("/v1/sandbox")
                refusal(answer, "sandbox-full")
            # The first is over a day after it was begun, then writers in flight, then the next round.
            assert int(answer.headers["retry-after"]) == 86_400 + 120 + 60
            assert await counts(owner) == before
            assert before["register.sandbox"] == standing + 2


@pytest.mark.parametrize("table", ["register.sandbox", "access.client", "register.policy", "register.placing"])
async def test_one_that_fails_in_the_middle_leaves_nothing(on: Register, table: str) -> None:
    async with owning(on.database) as owner:
        await owner.execute(f"""
            CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
            CREATE TRIGGER fails AFTER INSERT ON {table} FOR EACH STATEMENT EXECUTE FUNCTION public.fail();
        """)
        try:
            before = await counts(owner)
            async with httpx.AsyncClient(base_url=on.address, verify=False) as http:
                refusal(await http.post("/v1/sandbox"), "internal-error")
            assert await counts(owner) == before
        finally:
            await owner.execute("DROP FUNCTION public.fail() CASCADE")


async def test_nothing_that_is_signed_refers_to_a_sandbox(on: Register, office: Office) -> None:
    async with sandbox(on) as mine, owning(on.database) as owner:
        await mine.office.entered(("p-01", "/"))
        await checkpointed(on.database)
        assert await owner.fetchval("SELECT count(*) FROM ledger.sealed") > 0
        school_id = await number_of(owner, mine.urn)
        for table in ("sealed", "seal", "node", "contents", "fingerprint"):
            assert await owner.fetchval(f"SELECT count(*) FROM ledger.{table} WHERE school_id = $1", school_id) == 0
        for path in ("/checkpoint", "/pupils/p-01/evidence"):
            refusal(await mine.http.get(mine.office.path(path)), "not-sealed")
        refusal(await mine.http.get(mine.office.path("/proofs"), params={"seq": 1}), "not-sealed")
        assert (await office.http.get(office.path("/checkpoint"))).status_code == 200
