"""What lies out of reach does not exist: every route of both services, tried with everything that belongs to another.

Two schools, of two trusts and two authorities. Whatever one's client asks of the other's, in the path, the query or
inside the body, is answered letter by letter as it is for what exists nowhere.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from analytics_worker import projector
from analytics_worker.app import WorkerSettings
from analytics_worker.app import create_app as analytics
from kit import database as kit_database
from kit.tokens import SCOPES
from tests.support.closures import close
from tests.support.contract import HELD, documents
from tests.support.office import MONDAY, Office, amending, open_office
from tests.support.plans import plan
from tests.support.postgres import Database
from tests.support.school import CALENDAR, OFFICE, POLICY, TEACHER, pupil, put
from tests.support.sealing import checkpointed
from tests.support.services import Clock, Register, add_client, register_api, serving, token

OURS, THEIRS, NOBODYS = "900171", "900172", "999999"
LA, TRUST = {OURS: "931", THEIRS: "919"}, {OURS: "7101", THEIRS: "7102"}
THEIR_PUPIL, NO_PUPIL = "theirs-001", "nobody-001"
"""A pupil of theirs, and one of nobody's, of the same length; ours are p-001, p-002."""
EVERYTHING = tuple(sorted(SCOPES))
REACHES = {"schools": [OURS], "trust": [TRUST[OURS]], "authority": [LA[OURS]]}
SCHOOL = {"name": "Taken over", "phase": "primary", "age_range": [4, 11], "policy": POLICY}
MEANT = {"academic_year": "2026-27", "date": MONDAY, "session": "AM"}

# What each write sends, with PUPIL where a pupil's id stands in it. A write that is not here fails a test below.
BODIES: dict[str, Any] = {
    "PUT /v1/schools/{urn}": SCHOOL,
    "PUT /v1/schools/{urn}/calendar/{academic_year}": {**CALENDAR, "inset_days": []},
    "PUT /v1/schools/{urn}/pupils/{id}": pupil(),
    "POST /v1/schools/{urn}/pupils": {"pupils": [pupil(id="PUPIL")]},
    "POST /v1/schools/{urn}/registers/{date}/{session}/marks": {
        "made_by": TEACHER,
        "marks": [{"pupil": "PUPIL", "code": "/"}],
    },
    "POST /v1/schools/{urn}/amendments": {"made_by": OFFICE, "amendments": [amending("PUPIL", "N", "I")]},
    "POST /v1/schools/{urn}/redactions": {
        "made_by": OFFICE,
        "redactions": [{"seq": 4, "part": "reason", "reason": "It named another child"}],
    },
    "POST /v1/schools/{urn}/pupils/{id}/pupil-ids": {"id": "another-id"},
    "PUT /v1/schools/{urn}/planned-absences/{id}": plan(MONDAY, MONDAY, pupil="PUPIL"),
    "POST /v1/schools/{urn}/closures": {
        "code": "Y3",
        "from": {"date": MONDAY, "session": "PM"},
        "to": {"date": MONDAY, "session": "PM"},
        "pupils": ["PUPIL"],
        "reason": "The boiler",
        "made_by": OFFICE,
    },
    "POST /v1/schools/{urn}/closures/{closure}/reversals": {"reason": "Mended", "made_by": OFFICE},
    "PUT /v1/schools/{urn}/adapters/session-attendance/ids": {"pupils": {"A1": "PUPIL"}},
    "POST /v1/schools/{urn}/adapters/session-attendance": {
        "attendance": [
            {"date": MONDAY, "session": "AM", "student_id": "PUPIL", "attendance_code_id": "/", "employee_id": "S1"}
        ]
    },
    "POST /v1/schools/{urn}/history": {
        "kind": "mark",
        "pupil": "PUPIL",
        "date": MONDAY,
        "session": "AM",
        "code": "/",
        "made_by": TEACHER,
        "made_at": f"{MONDAY}T08:52:00+01:00",
    },
    "POST /v1/schools/{urn}/alerts/{id}/acknowledgements": {"made_by": OFFICE},
    "POST /v1/schools/{urn}/alerts/{id}/actions": {"action": "letter", "done_on": MONDAY, "made_by": OFFICE},
    "PUT /v1/schools/{urn}/notices/{id}": {
        "kind": "penalty-notice",
        "pupil": "PUPIL",
        "parent": "parent-1",
        "issued_by": "Invented Council",
        "issued_on": MONDAY,
        "made_by": OFFICE,
    },
}
TAKEN_AS = {"POST /v1/schools/{urn}/history": "application/x-ndjson"}
MOVING = {"date", "content-length", "ratelimit"}
"""Headers that differ between any two answers."""
# What a route must be asked with besides.
ASKED: dict[str, dict[str, str]] = {
    "GET /v1/schools/{urn}/changes": {"between": "seq:0", "and": "seq:4"},
    "GET /v1/schools/{urn}/proofs": {"seq": "1"},
    "GET /v1/schools/{urn}/pupils/{id}/evidence": {"academic_year": "2026-27"},
    "GET /v1/schools/{urn}/pupils/{id}/evidence/certificate": {"academic_year": "2026-27"},
}
# Writes that take a new id from whoever sends it: an id that another school has is as good as any.
ENTERS = {"PUT /v1/schools/{urn}/pupils/{id}", "POST /v1/schools/{urn}/pupils"}
# A plan or a notice is stated under any id: whose it is stands in the body.
STATES = {"PUT /v1/schools/{urn}/planned-absences/{id}", "PUT /v1/schools/{urn}/notices/{id}"}
THEIR_LEAVE, NO_LEAVE, NO_CLOSURE = "theirs-leave", "nobody-leave", "c-9999"
THEIR_NOTICE, NO_NOTICE, NO_ALERT = "theirs-notice", "nobody-notice", "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class Route:
    """An operation of a service as the OpenAPI names it."""

    service: str
    method: str
    path: str
    parameters: frozenset[str]

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


def _routes() -> Iterator[Route]:
    for service, document in zip(("register", "analytics"), documents(), strict=True):
        for path, methods in document["paths"].items():
            for method, described in methods.items():
                names = frozenset(each["name"] for each in described.get("parameters", ()))
                yield Route(service, method.upper(), path, names)


ROUTES = list(_routes())
OF_A_SCHOOL = [route for route in ROUTES if "{urn}" in route.path]
OF_AN_AUTHORITY = [route for route in ROUTES if "{la_code}" in route.path]
OF_A_TRUST = [route for route in ROUTES if "{uid}" in route.path]
OF_MANY = [route for route in ROUTES if route.path.startswith(("/v1/regions", "/v1/national"))]
PUBLISHED = "GET /v1/national/published"
IN_THE_PATH = [route for route in OF_A_SCHOOL if "{id}" in route.path and route.name not in ENTERS | STATES]
BY_OTHER_IDS = ("/planned-absences/{id}", "/notices/{id}", "/alerts/{id}")
"""Addresses whose id is not a pupil's."""
OF_A_CLOSURE = [route for route in OF_A_SCHOOL if "{closure}" in route.path]
IN_THE_QUERY = [route for route in OF_A_SCHOOL if "pupil" in route.parameters and "{id}" not in route.path]
IN_THE_BODY = [route for route in OF_A_SCHOOL if "PUPIL" in str(BODIES.get(route.name)) and route.name not in ENTERS]


def named(route: Route) -> str:
    return route.name.replace("/v1/schools/{urn}", "...")


@dataclass(frozen=True, slots=True)
class Houses:
    """Both services at work, and both schools."""

    register: Register
    worker: str
    ours: Office
    theirs: Office
    their_closure: str
    their_alert: str

    async def caller(self, kind: str, ids: list[str]) -> dict[str, str]:
        """Give the header of a client with every scope, an administrator's too, and this reach."""
        bearer = await token(self.register.address, await add_client(self.register.database, EVERYTHING, kind, ids))
        return {"Authorization": f"Bearer {bearer}"}

    def address(self, route: Route, **meant: str) -> str:
        """Give the address of a route."""
        base = self.register.address if route.service == "register" else self.worker
        return base + route.path.format(**{**MEANT, "urn": OURS, "id": "p-001", "closure": NO_CLOSURE, **meant})

    async def heads(self) -> list[Any]:
        """Give where both registers stand."""
        return [await self.ours.head(), await self.theirs.head()]


@pytest.fixture(scope="module")
async def houses(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Houses]:
    clock = Clock(datetime.fromisoformat("2026-09-07T16:00:00+01:00"))
    folder: Path = tmp_path_factory.mktemp("register")
    worker = analytics(WorkerSettings(database_url=database.analytics_url, poll_seconds=3_600), clock)
    async with (
        register_api(database, folder, clock) as running,
        running.client(EVERYTHING) as http,
    ):
        offices = []
        for urn in (OURS, THEIRS):
            trust = {"uid": TRUST[urn], "name": "Invented Trust"}
            office = await open_office(http, database, urn, pupils=2, la_code=LA[urn], trust=trust)
            await office.entered(("p-001", "N"), ("p-002", "/"))
            await office.amended(amending("p-001", "N", "O"))
            offices.append(office)
        theirs = offices[1]
        answer = await http.put(theirs.path(f"/pupils/{THEIR_PUPIL}"), json=pupil(upn="X931345622001"))
        assert answer.status_code == 200, answer.text
        await theirs.entered((THEIR_PUPIL, "N"))
        await put(http, theirs.path(f"/planned-absences/{THEIR_LEAVE}"), plan(MONDAY, MONDAY, pupil=THEIR_PUPIL))
        closed = await close(theirs, "Y3", (MONDAY, "PM"), pupils=[THEIR_PUPIL])
        await checkpointed(database)
        engine = kit_database.connect(database.analytics_url, name="test", pool_size=2)
        await projector.sweep(engine, clock)
        await engine.dispose()
        async with serving(worker) as address:
            their_alert = await worked_on(running, f"{address}/v1/schools/{THEIRS}")
            yield Houses(running, address, offices[0], theirs, closed["id"], their_alert)


async def worked_on(running: Register, at: str) -> str:
    """State a notice about their pupil, and give the id of an alert of theirs."""
    async with running.client(EVERYTHING) as http:
        notice = {**BODIES["PUT /v1/schools/{urn}/notices/{id}"], "pupil": THEIR_PUPIL}
        assert (await http.put(f"{at}/notices/{THEIR_NOTICE}", json=notice)).status_code == 200
        found = await http.get(f"{at}/alerts", params={"pupil": THEIR_PUPIL})
        id_: str = found.json()["items"][0]["id"]
        assert (await http.get(f"{at}/alerts/{id_}")).status_code == 200
        return id_


async def asked(
    http: httpx.AsyncClient, houses: Houses, route: Route, id_: str = "p-001", **meant: str
) -> tuple[Any, ...]:
    """Ask, and give all that the answer tells: status, headers and body, with what was named left out."""
    body = BODIES.get(route.name)
    answer = await http.request(
        route.method,
        houses.address(route, **meant),
        params=ASKED.get(route.name),
        content=None
        if body is None
        else httpx.Request("POST", "http://x", json=body).content.replace(b"PUPIL", id_.encode()),
        headers={} if body is None else {"Content-Type": TAKEN_AS.get(route.name, "application/json")},
    )
    told = answer.text
    for name in (*meant.values(), id_):
        told = told.replace(name, "NAMED")
    headers = sorted((name, value) for name, value in answer.headers.items() if name not in MOVING)
    return answer.status_code, headers, told


def test_every_write_is_tried() -> None:
    writes = {route.name for route in OF_A_SCHOOL if route.method != "GET"}
    assert writes == set(BODIES)


def test_there_is_something_to_try() -> None:
    assert len(OF_A_SCHOOL) > 25
    assert all((OF_AN_AUTHORITY, OF_A_TRUST, OF_MANY, IN_THE_PATH, IN_THE_QUERY, IN_THE_BODY))


@pytest.mark.parametrize("kind", REACHES)
async def test_another_school_is_answered_as_one_that_does_not_exist(houses: Houses, kind: str) -> None:
    before = await houses.heads()
    headers = await houses.caller(kind, REACHES[kind])
    async with httpx.AsyncClient(headers=headers, verify=False, timeout=30, event_hooks=HELD) as http:
        for route in OF_A_SCHOOL:
            theirs, nobodys = [await asked(http, houses, route, urn=urn) for urn in (THEIRS, NOBODYS)]
            assert theirs == nobodys, route.name
            assert theirs[0] == 404, (route.name, theirs)
            # Ours is there: it is reach that made the difference.
            if route.method == "GET" and route not in OF_A_CLOSURE and not route.path.endswith(BY_OTHER_IDS):
                assert (await asked(http, houses, route, urn=OURS))[0] == 200, route.name
    assert await houses.heads() == before


@pytest.mark.parametrize("kind", ["authority", "trust", "schools"])
async def test_another_authority_is_answered_as_one_that_does_not_exist(houses: Houses, kind: str) -> None:
    headers = await houses.caller(kind, REACHES[kind])
    async with httpx.AsyncClient(headers=headers, verify=False, timeout=30, event_hooks=HELD) as http:
        for route in OF_AN_AUTHORITY:
            theirs, nobodys = [await asked(http, houses, route, la_code=code) for code in (LA[THEIRS], "999")]
            assert theirs == nobodys, route.name
            assert theirs[0] == 404, route.name
            ours = await asked(http, houses, route, la_code=LA[OURS])
            assert ours[0] == (200 if kind == "authority" else 404), route.name
            assert THEIRS not in ours[2], route.name


@pytest.mark.parametrize("kind", ["authority", "trust", "schools"])
async def test_another_trust_is_answered_as_one_that_does_not_exist(houses: Houses, kind: str) -> None:
    headers = await houses.caller(kind, REACHES[kind])
    async with httpx.AsyncClient(headers=headers, verify=False, timeout=30, event_hooks=HELD) as http:
        for route in OF_A_TRUST:
            theirs, nobodys = [await asked(http, houses, route, uid=uid) for uid in (TRUST[THEIRS], "9999")]
            assert theirs == nobodys, route.name
            assert theirs[0] == 404, route.name
            ours = await asked(http, houses, route, uid=TRUST[OURS])
            assert ours[0] == (200 if kind == "trust" else 404), route.name
            assert THEIRS not in ours[2], route.name


@pytest.mark.parametrize("kind", ["authority", "trust", "schools"])
async def test_a_region_and_the_nation_are_for_those_who_reach_the_nation(houses: Houses, kind: str) -> None:
    headers = await houses.caller(kind, REACHES[kind])
    async with httpx.AsyncClient(headers=headers, verify=False, timeout=30, event_hooks=HELD) as http:
        for route in OF_MANY:
            regions = [await asked(http, houses, route, region_code=code) for code in ("E12000008", "E12000099")]
            assert regions[0] == regions[1], route.name
            # What the DfE publishes is anybody's; there is none of it here.
            expected = 200 if route.name == PUBLISHED else 404 if "{region_code}" in route.path else 403
            assert regions[0][0] == expected, route.name
            assert OURS not in regions[0][2] and THEIRS not in regions[0][2]


@pytest.fixture
async def http(houses: Houses) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        headers=await houses.caller("schools", [OURS]), verify=False, timeout=30, event_hooks=HELD
    ) as http:
        yield http


@pytest.mark.parametrize("route", IN_THE_PATH, ids=named)
async def test_anothers_pupil_in_the_path_is_one_that_does_not_exist(
    houses: Houses, http: httpx.AsyncClient, route: Route
) -> None:
    of = {
        "planned-absences": (THEIR_LEAVE, NO_LEAVE),
        "notices": (THEIR_NOTICE, NO_NOTICE),
        "alerts": (houses.their_alert, NO_ALERT),
    }
    ids = next((both for part, both in of.items() if f"/{part}/" in route.path), (THEIR_PUPIL, NO_PUPIL))
    theirs, nobodys = [await asked(http, houses, route, id=id_) for id_ in ids]
    assert theirs == nobodys
    assert theirs[0] == 404


@pytest.mark.parametrize("route", OF_A_CLOSURE, ids=named)
async def test_anothers_closure_is_one_that_does_not_exist(
    houses: Houses, http: httpx.AsyncClient, route: Route
) -> None:
    theirs, nobodys = [await asked(http, houses, route, closure=id_) for id_ in (houses.their_closure, NO_CLOSURE)]
    assert theirs == nobodys
    assert theirs[0] == 404


@pytest.mark.parametrize("route", IN_THE_QUERY, ids=named)
async def test_anothers_pupil_in_the_query_is_one_that_does_not_exist(
    houses: Houses, http: httpx.AsyncClient, route: Route
) -> None:
    answers = []
    for id_ in (THEIR_PUPIL, NO_PUPIL):
        params = {**ASKED.get(route.name, {}), "pupil": id_}
        answer = await http.request(route.method, houses.address(route), params=params)
        answers.append((answer.status_code, answer.text.replace(id_, "NAMED")))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("route", IN_THE_BODY, ids=named)
async def test_anothers_pupil_in_the_body_is_one_that_does_not_exist(
    houses: Houses, http: httpx.AsyncClient, route: Route
) -> None:
    before = await houses.heads()
    theirs, nobodys = [await asked(http, houses, route, id_=id_) for id_ in (THEIR_PUPIL, NO_PUPIL)]
    assert theirs == nobodys
    assert "unknown-pupil" in theirs[2]
    assert await houses.heads() == before


async def test_an_id_and_a_upn_that_another_school_has_may_be_entered_as_any_other(
    houses: Houses, http: httpx.AsyncClient
) -> None:
    answers = []
    for id_, upn in ((THEIR_PUPIL, "X931345622001"), (NO_PUPIL, None)):
        answer = await http.put(
            houses.address(Route("register", "PUT", "/v1/schools/{urn}/pupils/{id}", frozenset()), id=id_),
            params={"dry_run": "true"},
            json=pupil(upn=upn),
        )
        answers.append((answer.status_code, answer.text.replace(id_, "NAMED")))
    assert answers[0] == answers[1]
    assert answers[0][0] == 200


async def test_a_cursor_of_anothers_list_gives_nothing_of_theirs(houses: Houses, http: httpx.AsyncClient) -> None:
    async with houses.register.client(EVERYTHING, "schools", [THEIRS]) as their_http:
        for path in ("/pupils", "/amendments", "/roll-changes", "/late-entries", "/reads"):
            theirs = await their_http.get(f"/v1/schools/{THEIRS}{path}", params={"limit": 1})
            assert theirs.status_code == 200, theirs.text
            if (cursor := theirs.json()["next"]) is None:
                continue
            answer = await http.get(f"{houses.register.address}/v1/schools/{OURS}{path}", params={"cursor": cursor})
            assert THEIR_PUPIL not in answer.text
            assert THEIRS not in answer.text
