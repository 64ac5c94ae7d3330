"""Who reads figures, alerts or rows of pupils is recorded before the answer, as who reads their entries is."""

import re
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from kit.database import Connection
from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.test_notices import penalty
from tests.analytics_worker.writing import Desk, School
from tests.support.contract import documents
from tests.support.postgres import Database

DAY = "2026-11-20"
DAILY = f"/v1/local-authorities/931/daily?date={DAY}"
MONDAY_TO_FRIDAY = ("2026-11-16", "2026-11-20")

# Every route that gives something of pupils, with what its read is recorded as.
RECORDED_AS: dict[str, str | None] = {
    "/v1/schools/{urn}/attendance": None,
    "/v1/schools/{urn}/attendance?by=class": None,
    "/v1/schools/{urn}/attendance?by=pupil&period=week": "attendance",
    "/v1/schools/{urn}/pupils/{id}/attendance": "pupil-attendance",
    "/v1/schools/{urn}/pupils/{id}/attendance/sessions": "pupil-attendance",
    "/v1/schools/{urn}/alerts": "alerts",
    "/v1/schools/{urn}/alerts/{alert}": "alerts",
    "/v1/schools/{urn}/notices": "notices",
    "/v1/schools/{urn}/notices/{notice}": "notices",
    "/v1/schools/{urn}/alerts/counts": None,
    # Nobody here goes to two schools: test_passed_on has who does.
    "/v1/schools/{urn}/alerts/across-schools": None,
    "/v1/schools/{urn}/days/{date}": "day",
    "/v1/local-authorities/{la_code}/daily": "daily",
    # Aggregates of many schools name no pupil, but where pupils are asked for by name.
    "/v1/trusts/{uid}/attendance": None,
    "/v1/trusts/{uid}/attendance?by=school": None,
    "/v1/trusts/{uid}/attendance?by=school&by=pupil&period=week": "attendance",
    "/v1/trusts/{uid}/schools": None,
    "/v1/trusts/{uid}/alerts": "alerts",
    "/v1/trusts/{uid}/alerts/counts": None,
    "/v1/trusts/{uid}/days/{date}": None,
    # Nobody here goes to two schools: what is told of who does is in test_across_schools.
    "/v1/trusts/{uid}/alerts/across-schools": None,
    "/v1/local-authorities/{la_code}/alerts/across-schools": None,
    "/v1/local-authorities/{la_code}/alerts": "alerts",
    "/v1/local-authorities/{la_code}/alerts/counts": None,
    "/v1/local-authorities/{la_code}/days/{date}": None,
    "/v1/local-authorities/{la_code}/responsible/alerts/counts": None,
    "/v1/local-authorities/{la_code}/attendance": None,
    "/v1/local-authorities/{la_code}/attendance?by=school&by=pupil&period=week": "attendance",
    "/v1/local-authorities/{la_code}/responsible/attendance": None,
    "/v1/local-authorities/{la_code}/schools": None,
    "/v1/regions/{region_code}/attendance": None,
    "/v1/national/attendance": None,
    "/v1/national/daily": None,
    "/v1/national/published": None,
}
OF_ONE_PUPIL = ("/pupils/{id}/", "/alerts/{alert}", "/notices/{notice}")


@pytest.fixture(scope="module")
async def school(desk: Desk, calling: Calling) -> School:
    """Give a school with an N that is overdue, so that it has an alert, and a notice."""
    school = await desk.open("930701", pupils=3)
    await school.facts("931", "7101")
    for day in ("2026-11-02", "2026-11-03", *MONDAY_TO_FRIDAY):
        await school.enter(*((n, day, session, "N" if n == 1 else "/") for n in (1, 2, 3) for session in ("AM", "PM")))
    await desk.sweep()
    async with calling(scopes=("alerts:write",)) as http:
        stated = await http.put(f"/v1/schools/{school.urn}/notices/n-1", json=penalty(sessions=[]))
        assert stated.status_code == 200, stated.text
    return school


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database.owner_url)
    yield connection
    await connection.close()


async def recorded(owner: Connection, school: School) -> list[dict[str, Any]]:
    rows = await owner.fetch(
        "DELETE FROM access.pupil_read WHERE school_id = $1 "
        "RETURNING what, pupil_no, first_day::text, last_day::text, seq, client_id, read_by",
        school.school_id,
    )
    return [dict(row) for row in rows]


def test_every_route_that_gives_something_of_pupils_is_here() -> None:
    _, document = documents()
    paths = {path for path, methods in document["paths"].items() if path.startswith("/v1/") and "get" in methods}
    ids = re.compile(r"\{(alert|notice)\}")
    assert {ids.sub("{id}", path.partition("?")[0]) for path in RECORDED_AS} == paths


@pytest.mark.parametrize(("path", "what"), RECORDED_AS.items())
async def test_each_read_of_pupils_leaves_one_row_and_no_other_does(
    school: School, calling: Calling, owner: Connection, path: str, what: str | None
) -> None:
    await owner.execute("ALTER TABLE access.pupil_read DISABLE TRIGGER append_only")
    await recorded(owner, school)
    async with calling() as http:
        alert = (await http.get(f"/v1/schools/{school.urn}/alerts", params={"pupil": "p-1"})).json()["items"][0]["id"]
        await recorded(owner, school)
        ids = {"id": "p-1", "alert": alert, "notice": "n-1", "date": DAY}
        asked = path.format(urn=school.urn, la_code="931", uid="7101", region_code="E12000008", **ids)
        answer = await http.get(asked, headers={"Rollbook-Read-By": "C. Officer, Attendance adviser"})
    assert answer.status_code == 200, answer.text
    rows = await recorded(owner, school)
    assert [row["what"] for row in rows] == ([what] if what else [])
    for row in rows:
        assert (row["client_id"], row["read_by"]) == ("a-reader", "C. Officer, Attendance adviser")
        assert (row["pupil_no"] is not None) == any(part in path for part in OF_ONE_PUPIL)
        assert row["seq"] > 0


@pytest.mark.parametrize("format_", ["json", "csv", "ndjson"])
async def test_an_authority_that_pulls_a_day_is_recorded_at_each_school_of_which_it_gets_rows(
    school: School, calling: Calling, owner: Connection, format_: str
) -> None:
    await owner.execute("ALTER TABLE access.pupil_read DISABLE TRIGGER append_only")
    await recorded(owner, school)
    async with calling("authority", "931") as http:
        body = (await http.get(f"{DAILY}&format={format_}")).text
        assert school.urn in body
        after = (await http.get(f"{DAILY}&limit=1000")).json()["changed_after"]
        pulled = await recorded(owner, school)
        # Nothing was restated since, so nothing is read.
        assert (
            await http.get(f"/v1/local-authorities/931/daily?changed_after={after}&format={format_}")
        ).status_code == 200
        assert await recorded(owner, school) == []
    assert [(row["what"], row["first_day"], row["last_day"], row["pupil_no"]) for row in pulled] == [
        ("daily", DAY, DAY, None)
    ] * 2


async def test_figures_that_cannot_be_recorded_are_not_given(
    school: School, calling: Calling, owner: Connection
) -> None:
    await owner.execute("REVOKE INSERT ON access.pupil_read FROM rollbook_analytics")
    try:
        async with calling() as http:
            answer = await http.get(f"/v1/schools/{school.urn}/pupils/p-1/attendance")
        assert answer.status_code == 500
        assert "attendance_perc" not in answer.text
    finally:
        await owner.execute("GRANT INSERT ON access.pupil_read TO rollbook_analytics")
