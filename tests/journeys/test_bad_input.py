"""Bad input, line by line: each a documented problem that points at the fault; nothing half-written or lost."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from onebox.postgres import start, stop
from tests.support import postgres
from tests.support.office import MONDAY, TUESDAY, Office, amending, calling, open_office, refusal, told
from tests.support.postgres import Database
from tests.support.school import OFFICE, TEACHER, marks
from tests.support.services import Clock, Register, register_api

AFTER_SCHOOL = "2026-09-07T16:00:00+01:00"
SCOPES = ("roll:write", "marks:write", "amendments:write", "register:read", "audit:read", "admin")
MANY_MIB = 10 * 1_048_576
LONG_ENOUGH = 30.0


@pytest.fixture(scope="module")
async def register(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Register]:
    clock = Clock(datetime.fromisoformat(AFTER_SCHOOL))
    async with register_api(database, tmp_path_factory.mktemp("register"), clock) as running:
        yield running


@pytest.fixture(scope="module")
async def http(register: Register) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(register, SCOPES) as calls:
        yield calls


@pytest.fixture(scope="module")
async def office(register: Register, http: httpx.AsyncClient) -> Office:
    return await open_office(http, register.database, "900101")


@pytest.fixture
async def nothing_written(office: Office) -> AsyncIterator[None]:
    """Hold a test to leaving the register as it was, and whole."""
    before = await office.stream()
    yield
    assert await office.stream() == before


@pytest.mark.usefixtures("nothing_written")
async def test_malformed_json(office: Office) -> None:
    body = refusal(await office.post(b'{"marks": [', headers={"Content-Type": "application/json"}), "malformed-json")
    assert "character 11" in body["detail"]


@pytest.mark.usefixtures("nothing_written")
async def test_an_unknown_code(office: Office) -> None:
    outcome = await office.mark("p-040", "Ω")
    told(outcome["problem"], "unknown-code", at="#/marks/0/code")


@pytest.mark.usefixtures("nothing_written")
async def test_an_unknown_pupil(office: Office) -> None:
    answer = await office.post(marks(("p-999", "/")), headers={"Prefer": "handling=strict"})
    refusal(answer, "refused-whole", at="#/marks/0/pupil")
    told(answer.json()["outcomes"][0]["problem"], "unknown-pupil")


@pytest.mark.usefixtures("nothing_written")
async def test_another_schools_pupil(register: Register, http: httpx.AsyncClient, office: Office) -> None:
    other = await open_office(http, register.database, "900102", pupils=41)
    before = await other.head()
    theirs, nobodys = [(await office.mark(pupil)) for pupil in ("p-041", "p-999")]
    told(theirs["problem"], "unknown-pupil", at="#/marks/0/pupil")
    assert json.dumps(theirs).replace("p-041", "p-999") == json.dumps(nobodys)
    assert await other.head() == before


@pytest.mark.usefixtures("nothing_written")
async def test_a_closed_day(office: Office) -> None:
    told((await office.mark("p-040", "/", day="2026-09-06"))["problem"], "session-closed", at="date")
    assert (await office.mark("p-040", "#", day="2026-09-06"))["outcome"] == "unchanged"


async def test_a_duplicate(office: Office) -> None:
    pupil = office.pupil()
    [seq] = await office.entered((pupil, "/"))
    assert (await office.mark(pupil))["outcome"] == "unchanged"
    problem = told((await office.mark(pupil, "N"))["problem"], "already-entered", at="#/marks/0/code")
    assert problem["current_entry"]["seq"] == seq
    assert len(await about(office, seq)) == 1


async def about(office: Office, seq: int) -> list[dict[str, Any]]:
    """Give every leaf about the same pupil and session as the one at `seq`."""
    leaves = await office.stream()
    one = leaves[seq - 1]
    return [
        leaf
        for leaf in leaves
        if [leaf.get(name) for name in ("pupil_no", "date", "session")]
        == [one["pupil_no"], one["date"], one["session"]]
    ]


async def test_the_same_request_many_times_at_once(office: Office) -> None:
    body = marks((office.pupil(), "/"), (office.pupil(), "N"))
    answers = await asyncio.gather(*(office.post(body) for _ in range(12)))
    assert {answer.status_code for answer in answers} == {200}
    assert sum(answer.json()["entered"] for answer in answers) == 2
    assert sum(answer.json()["unchanged"] for answer in answers) == 22
    assert len({tuple(outcome["seq"] for outcome in answer.json()["outcomes"]) for answer in answers}) == 1
    await office.stream()


async def hang_up_after(office: Office, body: dict[str, Any]) -> None:
    """Send a whole request and close the connection without reading the reply."""
    built = office.http.build_request("POST", f"{office.register()}/marks", json=body)
    flow = office.http.auth.async_auth_flow(built)  # type: ignore[union-attr]
    await anext(flow)
    await flow.aclose()
    address = urlsplit(str(office.http.base_url))
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    head = f"POST {built.url.raw_path.decode()} HTTP/1.1\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in built.headers.items())
    writer.write(head.encode() + b"\r\n" + built.content)
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(LONG_ENOUGH):
        while not await holds():  # noqa: ASYNC110 -- what is waited for happens in another process
            await asyncio.sleep(0.01)


async def until_moved(office: Office, seq: int) -> None:
    async def moved() -> bool:
        return (await office.head())[0] > seq

    await until(moved)


async def test_a_lost_reply_and_its_retry(office: Office) -> None:
    body = marks((office.pupil(), "/"), (office.pupil(), "N"))
    before, _ = await office.head()
    await hang_up_after(office, body)
    await until_moved(office, before)
    again = (await office.post(body)).json()
    assert (again["entered"], again["unchanged"], again["refused"]) == (0, 2, 0)
    assert [outcome["seq"] for outcome in again["outcomes"]] == [before + 1, before + 2]
    assert len(await office.stream()) == before + 2


async def test_callers_who_hang_up_while_the_register_is_locked_leave_no_session_behind(office: Office) -> None:
    bodies = [marks((office.pupil(), "/")) for _ in range(10)]
    before, _ = await office.head()
    owner = await asyncpg.connect(office.database.owner_url)
    async with owner.transaction():
        await owner.execute("SELECT FROM ledger.head FOR UPDATE")
        await asyncio.gather(*(hang_up_after(office, body) for body in bodies))
    await until_moved(office, before)
    answers = await asyncio.gather(*(office.post(body) for body in bodies))
    assert {(answer.json()["entered"], answer.json()["unchanged"]) for answer in answers} <= {(0, 1), (1, 0)}
    assert len(await office.stream()) == before + 10

    async def all_idle() -> bool:
        return not await owner.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'rollbook_register' AND state <> 'idle' "
            "AND datname = current_database()"
        )

    await until(all_idle)
    await owner.close()


async def test_an_amendment_of_an_entry_that_has_changed(office: Office) -> None:
    pupil = office.pupil()
    await office.entered((pupil, "N"))
    answers = await asyncio.gather(*(office.amended(amending(pupil, "N", code)) for code in "IMCE"))
    outcomes = [outcome for [outcome] in answers]
    [amended] = [outcome for outcome in outcomes if outcome["outcome"] == "amended"]
    for outcome in outcomes:
        if outcome is not amended:
            problem = told(outcome["problem"], "entry-changed", at="#/amendments/0/original_entry")
            assert problem["current_entry"]["seq"] == amended["seq"]
            assert problem["current_entry"]["made_by"] == OFFICE
    assert [leaf["version"] for leaf in await about(office, amended["seq"])] == [1, 2]


@pytest.mark.usefixtures("nothing_written")
async def test_a_token_without_scope_or_reach(register: Register, office: Office) -> None:
    body = marks(("p-040", "/"))
    path = f"{office.register()}/marks"
    async with httpx.AsyncClient(base_url=register.address) as nobody:
        refusal(await nobody.post(path, json=body), "token-required")
    async with register.client(("register:read",)) as reader:
        refusal(await reader.post(path, json=body), "scope-required")
    async with register.client(("marks:write",), "schools", ["900199"]) as elsewhere:
        refusal(await elsewhere.post(path, json=body), "unknown-school")


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize("path", ["/v1/schools/900101/amendments", "/oauth/token", "/no/such/path"])
@pytest.mark.parametrize("chunked", [False, True])
async def test_ten_megabytes_of_body(office: Office, path: str, chunked: bool) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(160):
            yield b" " * 65_536

    answer = await office.http.post(path, content=pieces() if chunked else b" " * MANY_MIB)
    refusal(answer, "not-found" if chunked and path.startswith("/no") else "too-large")


@pytest.mark.usefixtures("nothing_written")
async def test_an_error_of_ours_is_a_problem_and_its_words_stay_out_of_answer_and_log(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    owner = await asyncpg.connect(office.database.owner_url)
    await owner.execute("""
        CREATE FUNCTION public.trip() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '% fell over a wire', NEW.name; END $$;
        CREATE TRIGGER trip BEFORE INSERT ON ledger.staff FOR EACH ROW EXECUTE FUNCTION public.trip();
    """)
    try:
        person = {"name": "Q. Unusual", "position": "Passer-by"}
        answer = await office.post({"made_by": person, "marks": [{"pupil": "p-040", "code": "/"}]})
    finally:
        await owner.execute("DROP FUNCTION public.trip() CASCADE")
        await owner.close()
    refusal(answer, "internal-error")
    assert "RaiseError" in caplog.text
    assert "recording.py" in caplog.text
    assert "Unusual" not in answer.text + caplog.text


@pytest.mark.usefixtures("nothing_written")
async def test_a_register_that_others_hold_is_busy(office: Office) -> None:
    owner = await asyncpg.connect(office.database.owner_url)
    async with owner.transaction():
        await owner.execute("SELECT FROM ledger.head FOR UPDATE")
        answer = await office.post(marks(("p-040", "/")))
    await owner.close()
    refusal(answer, "busy")
    assert answer.headers["retry-after"] == "1"


class TestADatabaseThatIsAway:
    """A server of its own, stopped in the middle of a load and started again."""

    async def test_nothing_acknowledged_is_lost_and_the_same_process_serves_again(self, tmp_path: Path) -> None:
        data = tmp_path / "server"
        running = start(data, postgres.SMALL)
        try:
            database = await postgres.template(running)
            clock = Clock(datetime.fromisoformat("2026-09-08T16:00:00+01:00"))
            async with register_api(database, tmp_path, clock) as register, calling(register, SCOPES) as http:
                office = await open_office(http, database, "900101", pupils=60)
                wanted = [(f"p-{n:03}", day) for n in range(1, 61) for day in (MONDAY, TUESDAY)]
                load = asyncio.gather(*(self._until_away(office, wanted[at::6]) for at in range(6)))
                await until_moved(office, (await office.head())[0])
                await asyncio.to_thread(stop, running)
                acknowledged = {key: seq for part in await load for key, seq in part.items()}
                assert 0 < len(acknowledged) < len(wanted)
                await self._away(register, office)
                running = start(data, postgres.SMALL)
                leaves = await office.stream()
                for seq in acknowledged.values():
                    assert leaves[seq - 1]["kind"] == "mark-entered"
                for pupil, day in wanted:
                    outcome = await office.mark(pupil, day=day)
                    assert outcome["outcome"] in ("entered", "unchanged")
                    assert acknowledged.get((pupil, day)) in (None, outcome["seq"])
                entries = [leaf for leaf in await office.stream() if leaf["kind"] == "mark-entered"]
                assert len(entries) == len(wanted)
        finally:
            stop(running)

    async def _until_away(self, office: Office, wanted: list[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """Enter marks until the database is away; give the positions of those that were acknowledged."""
        acknowledged = {}
        for pupil, day in wanted:
            answer = await office.post({"made_by": TEACHER, "marks": [{"pupil": pupil, "code": "/"}]}, day)
            if answer.status_code != 200:
                refusal(answer, "database-away")
                break
            acknowledged[pupil, day] = answer.json()["outcomes"][0]["seq"]
        return acknowledged

    async def _away(self, register: Register, office: Office) -> None:
        http = office.http
        for answer in (
            await office.post(marks(("p-001", "/"))),
            await office.amend(amending("p-001", "N", "I")),
            await http.get(office.register()),
            await http.get(office.path("/amendments")),
            await http.get(office.path("/amendments"), params={"format": "csv"}),
            await http.get(office.path("/events")),
            await http.get("/readyz"),
            await http.post("/oauth/token", data={"grant_type": "client_credentials"}),
        ):
            refusal(answer, "database-away")
            assert int(answer.headers["retry-after"]) > 0
        assert (await http.get("/healthz")).status_code == 200
