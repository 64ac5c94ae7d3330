"""Every read about a school's register can be asked as it stood, and says what it answered at."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from analytics_worker.app import WorkerSettings
from analytics_worker.app import create_app as analytics
from tests.support.closures import close
from tests.support.contract import documents
from tests.support.office import MONDAY, amending, open_office
from tests.support.plans import plan
from tests.support.postgres import Database
from tests.support.school import put
from tests.support.services import EVERY_SCOPE, Clock, register_api, serving

ABOUT = ("/v1/schools/{urn}", "/v1/local-authorities/", "/v1/trusts/")
WITHOUT = {
    "/v1/schools/{urn}/changes": "It has two positions of its own, `between` and `and`, and says both.",
    "/v1/schools/{urn}/reads": "Who looked is no part of the register: no position of it says when.",
    **dict.fromkeys(
        (
            *("/v1/schools/{urn}/checkpoint", "/v1/schools/{urn}/proofs", "/v1/schools/{urn}/pupils/{id}/evidence"),
            "/v1/schools/{urn}/pupils/{id}/evidence/certificate",
        ),
        "A proof stands at a checkpoint, which `size` names, and says at which position that is.",
    ),
    "/v1/schools/{urn}/export": "It is the whole register up to now; its manifest says up to which position.",
    "/v1/schools/{urn}/adapters/session-attendance/ids": "What a supplier calls things is no part of the register.",
    **dict.fromkeys(
        (
            *("/v1/schools/{urn}/alerts", "/v1/schools/{urn}/alerts/counts"),
            *("/v1/trusts/{uid}/alerts", "/v1/trusts/{uid}/alerts/counts"),
            *("/v1/local-authorities/{la_code}/alerts", "/v1/local-authorities/{la_code}/alerts/counts"),
            *("/v1/trusts/{uid}/alerts/across-schools", "/v1/local-authorities/{la_code}/alerts/across-schools"),
            *("/v1/schools/{urn}/alerts/across-schools", "/v1/local-authorities/{la_code}/responsible/alerts/counts"),
        ),
        "Alerts are derived and keep their own history: when each opened and closed.",
    ),
    **dict.fromkeys(
        (
            *("/v1/schools/{urn}/days/{date}", "/v1/trusts/{uid}/days/{date}"),
            "/v1/local-authorities/{la_code}/days/{date}",
        ),
        "It is what to do now; what the registers of the day were is had as at any instant.",
    ),
}
WITHOUT |= dict.fromkeys(
    ("/v1/local-authorities/{la_code}/schools", "/v1/trusts/{uid}/schools"),
    "It is a list of schools, and says how far each has come by now.",
)
WITHOUT |= dict.fromkeys(
    ("/v1/schools/{urn}/alerts/{id}", "/v1/schools/{urn}/notices", "/v1/schools/{urn}/notices/{id}"),
    "What people do is no part of the register: each act and version says when it was recorded.",
)
CHILDREN = "/v1/local-authorities/{la_code}/responsible/attendance"
BY_INSTANT = {
    *("/v1/local-authorities/{la_code}/daily", "/v1/local-authorities/{la_code}/attendance", CHILDREN),
    "/v1/trusts/{uid}/attendance",
}
"""Schools have no position in common, so that `seq:N` stands for none."""
MEANT = {
    "academic_year": "2026-27",
    "id": "p-001",
    "date": MONDAY,
    "session": "AM",
    "la_code": "931",
    "uid": "7101",
    "urn": "900141",
    "closure": "c-6",
}
URN = MEANT["urn"]


def reads() -> dict[str, set[str]]:
    """Give every address that reads a school's register, and the names of its parameters."""
    return {
        path: {parameter["name"] for parameter in methods["get"].get("parameters", ())}
        for document in documents()
        for path, methods in document["paths"].items()
        if path.startswith(ABOUT) and "get" in methods
    }


READS = reads()
TAKE = sorted(path for path, names in READS.items() if "as_at" in names)


def test_every_read_of_a_register_takes_as_at_or_says_why_not() -> None:
    assert len(TAKE) > 10
    assert READS.keys() - set(TAKE) == WITHOUT.keys()
    assert all(reason.endswith(".") for reason in WITHOUT.values())


@pytest.fixture(scope="module")
async def answers(database: Database, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[httpx.Response]]:
    """Give what every read answers as at one position, in each format that it has; later things have happened since."""
    clock = Clock(datetime(2026, 9, 7, 16, tzinfo=UTC))
    folder: Path = tmp_path_factory.mktemp("register")
    settings = WorkerSettings(database_url=database.analytics_url, poll_seconds=3_600)
    async with register_api(database, folder, clock) as running, running.client((*EVERY_SCOPE, "admin")) as http:
        office = await open_office(http, database, URN, pupils=2, trust={"uid": MEANT["uid"], "name": "Invented Trust"})
        await close(office, "#", ("2026-12-01", "AM"))
        await office.entered(("p-001", "N"))
        await office.amended(amending("p-001", "N", "I"))
        # Its id is that which every address is asked with.
        await put(http, office.path("/planned-absences/p-001"), plan(MONDAY, MONDAY))
        clock.now += timedelta(minutes=1)
        instant, seq = clock.now, (await office.head())[0]
        clock.now += timedelta(minutes=1)
        await office.amended(amending("p-001", "I", "M"))
        clock.now += timedelta(minutes=5)
        async with serving(analytics(settings, clock)) as worker:
            return {path: await ask(http, worker, path, instant, seq) for path in TAKE}


async def ask(http: httpx.AsyncClient, worker: str, path: str, instant: datetime, seq: int) -> list[httpx.Response]:
    is_analytics = "attendance" in path or path.startswith(ABOUT[1:])
    address = (worker if is_analytics else str(http.base_url).rstrip("/")) + path.format(**MEANT)
    as_at = instant.isoformat() if path in BY_INSTANT else f"seq:{seq}"
    formats = ["json", "csv", "ndjson"] if "format" in READS[path] else [None]
    asked = [{"as_at": as_at} if format_ is None else {"as_at": as_at, "format": format_} for format_ in formats]
    return list(await asyncio.gather(*(http.get(address, params=params) for params in asked)))


@pytest.mark.parametrize("path", TAKE)
def test_every_read_says_what_it_answered_at(answers: dict[str, list[httpx.Response]], path: str) -> None:
    for answer in answers[path]:
        assert answer.status_code == 200, answer.text
        is_object = answer.headers["content-type"] == "application/json"
        said = answer.json()["as_at"] if is_object else json.loads(answer.headers["rollbook-as-at"])
        if path in BY_INSTANT:
            assert said == {"instant": "2026-09-07T16:01:00.000000Z", "settled": True}
            if is_object:
                # No child of the school is any authority's.
                schools = [] if path == CHILDREN else [{"urn": URN, "seq": 9, "behind": 0}]
                assert answer.json()["schools"] == schools
        else:
            assert (said["seq"], said["settled"]) == (9, True)
            assert said.keys() == {"instant", "seq", "settled"}
