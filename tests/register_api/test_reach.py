"""Reach: what a client may not see does not exist for it, not even by the difference between two answers."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.support.office import MONDAY, Office, amending, calling, open_office, refusal
from tests.support.school import CALENDAR, POLICY, TEACHER, pupil
from tests.support.services import Register

TRUST = {"uid": "5143", "name": "Invented Trust"}


@pytest.fixture(scope="module")
async def ours(register: Register, admin: httpx.AsyncClient) -> Office:
    return await open_office(admin, register.database, "900201", pupils=3, trust=TRUST)


@pytest.fixture(scope="module")
async def theirs(register: Register, admin: httpx.AsyncClient) -> Office:
    office = await open_office(admin, register.database, "900202", pupils=6, la_code="333")
    await office.entered(("p-005", "N"))
    return office


@pytest.mark.parametrize(
    ("kind", "reach", "seen"),
    [
        ("schools", ["900201"], {"900201"}),
        ("schools", ["900202"], {"900202"}),
        ("schools", ["900201", "900202"], {"900201", "900202"}),
        ("schools", ["900999"], set()),
        ("trust", ["5143"], {"900201"}),
        ("trust", ["9999"], set()),
        ("authority", ["931"], {"900201"}),
        ("authority", ["333"], {"900202"}),
        ("authority", ["931", "333"], {"900201", "900202"}),
        ("national", [], {"900201", "900202"}),
    ],
)
async def test_a_client_sees_the_schools_of_its_reach_and_no_others(
    register: Register, ours: Office, theirs: Office, kind: str, reach: Sequence[str], seen: set[str]
) -> None:
    async with register.client(("register:read",), kind, reach) as http:
        for office in (ours, theirs):
            answer = await http.get(office.path())
            if office.urn in seen:
                assert answer.status_code == 200
            else:
                refusal(answer, "unknown-school")


ROUTES: list[tuple[str, str, Any]] = [
    ("GET", "", None),
    ("GET", "/calendar/2026-27", None),
    ("GET", "/pupils", None),
    ("GET", "/pupils/p-005", None),
    ("GET", "/pupils/p-005/marks", None),
    ("GET", f"/registers/{MONDAY}/AM", None),
    ("GET", "/amendments", None),
    ("GET", "/amendments?format=csv", None),
    ("GET", "/amendments/totals", None),
    ("GET", "/changes?between=seq:1&and=seq:2", None),
    ("GET", "/events", None),
    ("GET", "/reads", None),
    ("GET", "/reads?pupil=p-005", None),
    ("POST", f"/registers/{MONDAY}/AM/marks", {"made_by": TEACHER, "marks": [{"pupil": "p-001", "code": "/"}]}),
    ("POST", "/amendments", {"made_by": TEACHER, "amendments": [amending("p-005", "N", "I")]}),
    ("POST", "/pupils", {"pupils": [pupil(id="p-900")]}),
    ("PUT", "/pupils/p-900", pupil()),
    ("PUT", "/calendar/2026-27", CALENDAR),
    ("PUT", "", {"name": "Taken over", "phase": "primary", "age_range": [4, 11], "policy": POLICY}),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_another_school_answers_as_a_school_that_does_not_exist(
    register: Register, ours: Office, theirs: Office, method: str, path: str, body: Any
) -> None:
    before = await theirs.head()
    scopes = ("roll:write", "marks:write", "amendments:write", "register:read", "audit:read")
    async with calling(register, scopes, "schools", [ours.urn]) as http:
        answers = []
        for urn in (theirs.urn, "999999"):
            answer = await http.request(method, f"/v1/schools/{urn}{path}", json=body)
            refusal(answer, "unknown-school")
            answers.append((answer.text.replace(urn, "URN"), sorted(answer.headers)))
        assert answers[0] == answers[1]
    assert await theirs.head() == before


async def test_another_schools_pupil_is_answered_as_an_unknown_one(ours: Office, theirs: Office) -> None:
    def same(answers: list[str]) -> bool:
        return answers[0].replace("p-005", "p-999") == answers[1]

    ids = ("p-005", "p-999")
    bodies = [(await ours.post({"made_by": TEACHER, "marks": [{"pupil": id_, "code": "N"}]})).text for id_ in ids]
    assert "unknown-pupil" in bodies[0]
    assert same(bodies)
    bodies = [(await ours.amend(amending(id_, "N", "I"))).text for id_ in ids]
    assert "unknown-pupil" in bodies[0]
    assert same(bodies)
    for path in ("/pupils/{}", "/pupils/{}/marks"):
        bodies = [(await ours.http.get(ours.path(path.format(id_)))).text for id_ in ids]
        assert "unknown-pupil" in bodies[0]
        assert same(bodies)
    assert (await ours.get("/amendments", pupil="p-005"))["items"] == []


async def test_the_same_id_is_another_pupil_in_another_school(ours: Office, theirs: Office) -> None:
    await ours.entered(("p-001", "/"))
    assert await theirs.entry("p-001") is None
    await theirs.entered(("p-001", "N"))
    assert (await ours.entry("p-001"))["code"] == "/"


async def test_a_upn_in_another_school_is_not_told(ours: Office, theirs: Office) -> None:
    upn = "X931345622001"
    assert (await theirs.http.put(theirs.path("/pupils/moved"), json=pupil(upn=upn))).status_code == 200
    assert (await ours.http.put(ours.path("/pupils/moved"), json=pupil(upn=upn))).json()["outcome"] == "entered"


async def test_reach_follows_a_school_that_changes_its_trust(register: Register, admin: httpx.AsyncClient) -> None:
    office = await open_office(admin, register.database, "900203", pupils=1, trust={"uid": "61", "name": "Old"})
    async with (
        calling(register, ("register:read",), "trust", ["61"]) as before,
        calling(register, ("register:read",), "trust", ["62"]) as after,
    ):
        assert (await before.get(office.path())).status_code == 200
        refusal(await after.get(office.path()), "unknown-school")
        school = {"name": "Moved", "phase": "primary", "age_range": [4, 11], "trust": {"uid": "62", "name": "New"}}
        assert (await admin.put(office.path(), json=school)).status_code == 200
        refusal(await before.get(office.path()), "unknown-school")
        assert (await after.get(office.path())).status_code == 200


async def test_reach_follows_the_facts_of_the_day(register: Register, admin: httpx.AsyncClient) -> None:
    office = await open_office(admin, register.database, "900205", pupils=1, trust={"uid": "63", "name": "Old"})
    then = register.clock.now
    leaves_on = (then + timedelta(days=3)).date().isoformat()
    school = {"name": "Leaving", "phase": "primary", "age_range": [4, 11], "trust": {"uid": "64", "name": "New"}}
    answer = await admin.put(office.path(), json={**school, "effective_from": leaves_on})
    assert answer.status_code == 200, answer.text
    async with (
        calling(register, ("register:read",), "trust", ["63"]) as before,
        calling(register, ("register:read",), "trust", ["64"]) as after,
    ):
        assert (await before.get(office.path())).status_code == 200
        refusal(await after.get(office.path()), "unknown-school")
        try:
            register.clock.now = then + timedelta(days=3)
            refusal(await before.get(office.path()), "unknown-school")
            assert (await after.get(office.path())).status_code == 200
        finally:
            register.clock.now = then


async def test_a_schools_own_client_does_not_bring_forward_who_may_read_it(
    register: Register, admin: httpx.AsyncClient
) -> None:
    office = await open_office(admin, register.database, "900206", pupils=1, trust={"uid": "65", "name": "Old"})
    later = (register.clock.now + timedelta(days=3)).date().isoformat()
    school = {"name": "Renamed", "phase": "primary", "age_range": [4, 11]}
    moving = {**school, "trust": {"uid": "66", "name": "New"}, "effective_from": later}
    assert (await admin.put(office.path(), json=moving)).status_code == 200
    async with (
        calling(register, ("roll:write", "register:read"), "schools", [office.urn]) as own,
        calling(register, ("register:read",), "trust", ["65"]) as before,
        calling(register, ("register:read",), "trust", ["66"]) as after,
    ):
        answer = await own.put(office.path(), json={**school, "name": "Renamed again"})
        assert answer.status_code == 200, answer.text
        assert (answer.json()["name"], answer.json()["trust"]["uid"]) == ("Renamed again", "65")
        assert (await before.get(office.path())).status_code == 200
        refusal(await after.get(office.path()), "unknown-school")
        ahead = {**school, "name": "Renamed ahead", "effective_from": later}
        refusal(await own.put(office.path(), json=ahead), "reach-fact", at="#/effective_from")
        then = register.clock.now
        try:
            register.clock.now = then + timedelta(days=3)
            assert (await after.get(office.path())).json()["trust"]["uid"] == "66"
        finally:
            register.clock.now = then
