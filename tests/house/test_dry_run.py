"""Every write can be tried first: the same answer, nothing written."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import asyncpg
import httpx
import pytest

from tests.support.contract import documents
from tests.support.office import MONDAY, Office, amending, calling, open_office
from tests.support.postgres import Database
from tests.support.school import CALENDAR, OFFICE, POLICY, TEACHER, pupil
from tests.support.services import EVERY_SCOPE, Clock, register_api

WITHOUT = {"POST /v1/sandbox": "A sandbox is itself the place to try everything on, and goes by itself."}
"""Operations under /v1 that write and take no `dry_run`, each with its reason."""

URN = "900191"
SCHOOL = {"name": "Renamed", "phase": "primary", "age_range": [4, 11], "policy": {**POLICY, "target": 97}}
ITEM = {"date": MONDAY, "session": "AM", "student_id": "A1", "attendance_code_id": "/", "employee_id": "S1"}
TRIED: dict[str, Any] = {
    "PUT /v1/schools/{urn}": SCHOOL,
    "PUT /v1/schools/{urn}/calendar/{academic_year}": {**CALENDAR, "inset_days": []},
    "PUT /v1/schools/{urn}/pupils/{id}": pupil(surname="Changed", leaving={"date": "2026-10-09", "ground": "f"}),
    "POST /v1/schools/{urn}/pupils": {"pupils": [pupil(id="p-009"), {"id": "p-010"}]},
    "POST /v1/schools/{urn}/pupils/{id}/pupil-ids": {"id": "x-001"},
    "POST /v1/schools/{urn}/registers/{date}/{session}/marks": {
        "made_by": TEACHER,
        "marks": [{"pupil": "p-003", "code": "/"}, {"pupil": "p-003", "code": "N"}],
    },
    "POST /v1/schools/{urn}/amendments": {"made_by": OFFICE, "amendments": [amending("p-002", "I", "M")]},
    "POST /v1/schools/{urn}/redactions": {
        "made_by": OFFICE,
        "redactions": [{"seq": 9, "part": "reason", "reason": "It named another child"}],
    },
    "PUT /v1/schools/{urn}/adapters/session-attendance/ids": {
        "pupils": {"A1": "p-004"},
        "codes": {"A2044": "/"},
        "staff": {"S1": OFFICE},
    },
    "POST /v1/schools/{urn}/adapters/session-attendance": {"attendance": [ITEM, {**ITEM, "student_id": "A9"}]},
}
"""What each of these operations is asked, in this order; other rooms try theirs."""
MEANT = {"urn": URN, "academic_year": "2026-27", "id": "p-001", "date": MONDAY, "session": "AM"}


def writes() -> dict[str, set[str]]:
    """Give every operation under /v1 that writes, and the names of its parameters."""
    return {
        f"{method.upper()} {path}": {parameter["name"] for parameter in operation.get("parameters", ())}
        for document in documents()
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if path.startswith("/v1/") and method != "get"
    }


WRITES = writes()


def test_every_write_takes_dry_run_or_says_why_not() -> None:
    assert len(WRITES) >= len(TRIED)
    assert {operation for operation, names in WRITES.items() if "dry_run" not in names} == WITHOUT.keys()
    assert all(reason.endswith(".") for reason in WITHOUT.values())


def test_what_is_tried_here_exists() -> None:
    assert TRIED.keys() <= WRITES.keys()


@pytest.fixture(scope="module")
async def office(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """Give a school with an amendment that has a reason."""
    clock = Clock(datetime.fromisoformat("2026-09-07T16:00:00+01:00"))
    folder = tmp_path_factory.mktemp("register")
    async with register_api(database, folder, clock) as running, calling(running, (*EVERY_SCOPE, "admin")) as http:
        office = await open_office(http, database, URN, pupils=4)
        assert await office.entered(("p-002", "N")) == [8]
        await office.amended(amending("p-002", "N", "I"))
        yield office


async def rows(office: Office) -> dict[str, int]:
    """Give how many rows every table holds."""
    owner = await asyncpg.connect(office.database.owner_url)
    try:
        tables = await owner.fetch(
            "SELECT schemaname || '.' || relname AS name FROM pg_stat_user_tables WHERE schemaname <> 'public'"
        )
        return {row["name"]: await owner.fetchval(f"SELECT count(*) FROM {row['name']}") for row in tables}
    finally:
        await owner.close()


@pytest.mark.parametrize("operation", TRIED)
async def test_a_dry_run_answers_what_the_act_would_and_writes_nothing(office: Office, operation: str) -> None:
    method, _, path = operation.partition(" ")

    async def ask(**params: str) -> httpx.Response:
        return await office.http.request(method, path.format(**MEANT), json=TRIED[operation], params=params)

    head, before = await office.head(), await rows(office)
    tried = await ask(dry_run="true")
    assert (await office.head(), await rows(office)) == (head, before)
    done = await ask()
    assert done.status_code == 200, done.text
    assert (tried.status_code, tried.json()) == (200, done.json())
    assert await rows(office) != before
