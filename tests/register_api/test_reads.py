"""Who looked at whose history: recorded and committed before the answer, listed afterwards, and never changed."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from tests.support.closures import close
from tests.support.office import MONDAY, TUESDAY, Office, amending, calling, open_office, refusal
from tests.support.plans import plan
from tests.support.school import put
from tests.support.sealing import checkpointed
from tests.support.services import Register

READER = "C. Clerk, Attendance officer"

# Every route that gives something of a school, with what its read is recorded as.
# ASSUMPTION: the roll and a register of one session are the day's work, not history: their reads are not recorded.
RECORDED_AS: dict[str, str | None] = {
    "": None,
    "/calendar/{academic_year}": None,
    "/pupils": None,
    "/pupils/{id}": "pupil",
    "/pupils/{id}/marks": "pupil-marks",
    "/registers/{date}": None,
    "/registers/{date}/{session}": None,
    "/planned-absences": "planned-absences",
    "/planned-absences/{id}": "planned-absences",
    "/leave-checks": "leave-checks",
    "/amendments": "amendments",
    "/amendments/totals": "amendments",
    "/changes": "changes",
    "/events": "events",
    "/redactions": None,
    "/closures": None,
    "/closures/{closure}": None,
    "/pupils/{id}/evidence": "evidence",
    "/pupils/{id}/evidence/certificate": "evidence",
    "/checkpoint": None,
    "/proofs": "events",
    "/late-entries": "late-entries",
    "/roll-changes": "roll-changes",
    "/dual-registrations/conflicts": "dual-registrations",
    "/adapters/session-attendance/ids": None,
    "/export": "export",
    "/reads": None,
}
EVIDENCE = {
    path: f"{path}?academic_year=2026-27" for path in ("/pupils/{id}/evidence", "/pupils/{id}/evidence/certificate")
}
ASKED = {"/changes": "/changes?between=seq:0&and=seq:1", "/proofs": "/proofs?seq=1", **EVIDENCE}
MEANT = {"academic_year": "2026-27", "id": "p-001", "date": MONDAY, "session": "AM", "closure": "c-8"}
RECORDED = [
    *("/pupils/p-001", "/pupils/p-001/marks", "/amendments", "/amendments?format=csv", "/amendments?format=ndjson"),
    *("/events", "/events?part=texts", "/late-entries", "/late-entries?format=csv", "/roll-changes?format=ndjson"),
    *("/planned-absences/p-001", "/planned-absences", "/planned-absences?format=csv", "/leave-checks?format=ndjson"),
    *("/pupils/p-001/marks?format=csv", "/amendments/totals?format=csv", "/changes?between=seq:0&and=seq:1&format=csv"),
]


@pytest.fixture(scope="module")
async def read(register: Register, admin: httpx.AsyncClient) -> Office:
    """Give a school with two amendments, of two pupils and two days."""
    office = await open_office(admin, register.database, "900151", pupils=4)
    await close(office, "#", ("2026-12-01", "AM"))
    register.clock.set("2026-09-08T16:00:00+01:00")
    for day in (MONDAY, TUESDAY):
        await office.entered(("p-001", "N"), ("p-002", "N"), day=day)
    await office.amended(amending("p-001", "N", "I"), amending("p-002", "N", "M", date=TUESDAY))
    # Its id is that which every address is asked with.
    await put(admin, office.path("/planned-absences/p-001"), plan(MONDAY, TUESDAY))
    await checkpointed(register.database)
    return office


_minutes = itertools.count(1)


@pytest.fixture(autouse=True)
def _onwards(register: Register) -> None:
    """Begin each test a minute after the one before: the list is in the order of instants."""
    register.clock.set("2026-09-08T16:00:00+01:00")
    register.clock.now += timedelta(minutes=next(_minutes))


@asynccontextmanager
async def owner(register: Register) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(register.database.owner_url)
    try:
        yield connection
    finally:
        await connection.close()


def later(register: Register, seconds: int = 1) -> str:
    """Let time pass, and give the instant as answers have it."""
    register.clock.now += timedelta(seconds=seconds)
    return register.clock().strftime("%Y-%m-%dT%H:%M:%S.%fZ")


async def listed(office: Office, **params: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await office.get("/reads", **params))["items"]
    return items


async def look(office: Office, path: str, **request: Any) -> httpx.Response:
    answer = await office.http.get(office.path(path), **request)
    assert answer.status_code == 200, answer.text
    return answer


async def count(register: Register) -> int:
    async with owner(register) as connection:
        return int(await connection.fetchval("SELECT count(*) FROM access.pupil_read"))


async def test_every_route_of_a_school_is_either_recorded_or_known_not_to_be(read: Office) -> None:
    paths = (await read.http.get("/openapi.json")).json()["paths"]
    school = "/v1/schools/{urn}"
    given = {
        path.removeprefix(school) for path, methods in paths.items() if path.startswith(school) and "get" in methods
    }
    assert given == RECORDED_AS.keys()


@pytest.mark.parametrize(("path", "what"), RECORDED_AS.items())
async def test_each_route_that_gives_history_leaves_one_row_and_no_other_does(
    read: Office, register: Register, path: str, what: str | None
) -> None:
    before = await count(register)
    at = later(register)
    await look(read, ASKED.get(path, path).format(**MEANT))
    assert await count(register) == before + (what is not None)
    if what is not None:
        assert [item["what"] for item in await listed(read) if item["at"] == at] == [what]


@pytest.mark.parametrize(
    ("path", "what", "pupil", "dates"),
    [
        ("/pupils/p-001", "pupil", "p-001", (None, None)),
        ("/pupils/p-001/marks", "pupil-marks", "p-001", ("2026-08-01", TUESDAY)),
        (f"/pupils/p-002/marks?from={MONDAY}&to={MONDAY}", "pupil-marks", "p-002", (MONDAY, MONDAY)),
        ("/amendments", "amendments", None, (None, None)),
        (f"/amendments?from={MONDAY}&to={TUESDAY}", "amendments", None, (MONDAY, TUESDAY)),
        ("/amendments?pupil=p-002&format=csv", "amendments", "p-002", (None, None)),
        ("/amendments?format=ndjson", "amendments", None, (None, None)),
        ("/planned-absences/p-001", "planned-absences", "p-001", (None, None)),
        (f"/planned-absences?pupil=p-002&from={MONDAY}", "planned-absences", "p-002", (MONDAY, None)),
        ("/leave-checks?pupil=p-001", "leave-checks", "p-001", ("2026-08-01", TUESDAY)),
        ("/events", "events", None, (None, None)),
        ("/events?part=texts", "events", None, (None, None)),
    ],
)
async def test_a_read_is_recorded_with_who_what_when_and_of_what(
    read: Office, register: Register, path: str, what: str, pupil: str | None, dates: tuple[str | None, str | None]
) -> None:
    at = later(register)
    await look(read, path, headers={"Rollbook-Read-By": READER})
    row = (await listed(read, limit=1))[0]
    audited = (await read.get("/amendments"))["items"][0]
    assert row == {
        "at": at,
        "client": audited["client"],
        "what": what,
        "pupil": pupil,
        "read_by": READER,
        "from": dates[0],
        "to": dates[1],
        "as_at": f"seq:{(await read.head())[0]}",
    }


async def test_a_read_of_the_past_is_recorded_with_the_position_it_answered_at(
    read: Office, register: Register
) -> None:
    for path in ("/pupils/p-001", "/pupils/p-001/marks", "/amendments"):
        later(register)
        await look(read, path, params={"as_at": "seq:8"})
        assert (await listed(read, limit=1))[0]["as_at"] == "seq:8"
    later(register)
    await look(read, "/events", params={"after": 2, "limit": 3})
    assert (await listed(read, limit=1))[0]["as_at"] == "seq:5"


async def test_an_audit_of_named_pupils_leaves_a_row_for_each_that_the_school_knows(
    read: Office, register: Register
) -> None:
    at = later(register)
    await look(read, "/amendments", params={"pupil": ["p-001", "p-002", "p-001", "p-999"]})
    rows = [row for row in await listed(read) if row["at"] == at]
    assert sorted(row["pupil"] for row in rows) == ["p-001", "p-002"]


async def test_every_page_of_an_audit_is_a_read(read: Office, register: Register) -> None:
    before = await count(register)
    answer = await look(read, "/amendments", params={"limit": 1})
    await look(read, "/amendments", params={"limit": 1, "cursor": answer.json()["next"]})
    assert await count(register) == before + 2


@pytest.mark.parametrize("name", ["Zoë Łabędź, Schulleiterin ☕", "x" * 200, "é" * 200])
async def test_the_reader_is_recorded_in_any_script(read: Office, register: Register, name: str) -> None:
    later(register)
    await look(read, "/pupils/p-001", headers={"Rollbook-Read-By": name.encode()})
    assert (await listed(read, limit=1))[0]["read_by"] == name


async def test_a_reader_need_not_be_named(read: Office, register: Register) -> None:
    later(register)
    await look(read, "/pupils/p-001")
    assert (await listed(read, limit=1))[0]["read_by"] is None


@pytest.mark.parametrize("name", [b"x" * 201, b"\xff\xfe", b""])
async def test_a_reader_that_cannot_be_kept_is_refused_and_nothing_is_read(
    read: Office, register: Register, name: bytes
) -> None:
    before = await count(register)
    for path in RECORDED:
        answer = await read.http.get(read.path(path), headers={b"Rollbook-Read-By": name})
        refusal(answer, "invalid-parameter", at="Rollbook-Read-By")
    assert await count(register) == before


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/pupils/p-999", "unknown-pupil"),
        ("/pupils/p-999/marks", "unknown-pupil"),
        ("/pupils/p-001?as_at=seq:999", "as-at-in-future"),
        ("/planned-absences/none", "unknown-planned-absence"),
        ("/leave-checks?from=2020-01-01", "invalid-parameter"),
        ("/pupils/p-001/marks?from=2020-01-01", "invalid-parameter"),
        ("/amendments?cursor=x", "invalid-cursor"),
        ("/amendments?format=csv&as_at=seq:999", "as-at-in-future"),
        ("/events?part=names", "invalid-parameter"),
    ],
)
async def test_a_read_that_is_refused_leaves_nothing(read: Office, register: Register, path: str, code: str) -> None:
    before = await count(register)
    refusal(await read.http.get(read.path(path)), code)
    assert await count(register) == before


@pytest.mark.parametrize("path", ["/amendments?pupil=p-999", "/events?after=999"])
async def test_an_answer_that_tells_of_nobody_leaves_nothing(read: Office, register: Register, path: str) -> None:
    before = await count(register)
    await look(read, path)
    assert await count(register) == before


async def test_who_may_not_read_leaves_nothing(read: Office, register: Register) -> None:
    before = await count(register)
    async with calling(register, ("marks:write",)) as http:
        for path in (*RECORDED, "/reads"):
            refusal(await http.get(read.path(path)), "scope-required")
    async with calling(register, ("register:read", "audit:read"), "schools", ["900999"]) as http:
        for path in (*RECORDED, "/reads"):
            refusal(await http.get(read.path(path)), "unknown-school")
    async with calling(register, ("register:read",)) as http:
        refusal(await http.get(read.path("/reads")), "scope-required")
    assert await count(register) == before


FORBID = ("REVOKE INSERT ON access.pupil_read FROM rollbook_register",)
ALLOW = ("GRANT INSERT ON access.pupil_read TO rollbook_register",)
FAIL_AT_COMMIT = (
    "CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$",
    "CREATE CONSTRAINT TRIGGER fails_at_commit AFTER INSERT ON access.pupil_read "
    "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.fail()",
)
SUCCEED = ("DROP FUNCTION public.fail() CASCADE",)


@pytest.mark.parametrize(("hinder", "mend"), [(FORBID, ALLOW), (FAIL_AT_COMMIT, SUCCEED)])
async def test_a_read_that_cannot_be_recorded_is_not_answered(
    read: Office, register: Register, hinder: tuple[str, ...], mend: tuple[str, ...]
) -> None:
    before = await count(register)
    async with owner(register) as connection:
        for statement in hinder:
            await connection.execute(statement)
        try:
            for path in RECORDED:
                body = refusal(await read.http.get(read.path(path)), "internal-error")
                assert body.keys() == {"type", "code", "title", "status", "detail"}
            await look(read, "/pupils")
        finally:
            for statement in mend:
                await connection.execute(statement)
    assert await count(register) == before
    await look(read, "/pupils/p-001")
    assert await count(register) == before + 1


async def test_nobody_can_change_or_delete_a_row(read: Office, register: Register) -> None:
    await look(read, "/pupils/p-001")
    statements = (
        "UPDATE access.pupil_read SET read_by = NULL",
        "DELETE FROM access.pupil_read",
        "TRUNCATE access.pupil_read",
    )
    service = await asyncpg.connect(register.database.register_url)
    try:
        for statement in statements:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await service.execute(statement)
    finally:
        await service.close()
    async with owner(register) as connection:
        for statement in statements:
            with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
                await connection.execute(statement)
