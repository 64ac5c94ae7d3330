"""Leaving and arriving: a whole register in one file, and from it the same register elsewhere, root for root."""

import asyncio
import hashlib
import json
import zipfile
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from analytics_worker import projector
from kit import database as kit_database
from ledger import tree
from onebox.cli import main
from onebox.postgres import Server
from tests.support import postgres
from tests.support.office import MONDAY, TUESDAY, Office, amending, calling, open_office
from tests.support.postgres import Database
from tests.support.school import CALENDAR, OFFICE, POLICY, pupil, put
from tests.support.services import Clock, Register, register_api

OLD, URN = "900201", "900202"
SCOPES = ("roll:write", "marks:write", "amendments:write", "register:read", "audit:read", "admin")
READS = (
    *("", "/calendar/2026-27", "/pupils", "/pupils/p-001", "/pupils/p-002", "/pupils/p-001/marks", "/amendments"),
    *(
        f"/registers/{MONDAY}/AM",
        f"/registers/{MONDAY}/PM",
        f"/registers/{TUESDAY}/AM",
        f"/registers/{MONDAY}/AM?as_at=seq:14",
    ),
    *("/changes?between=seq:14&and=seq:20", "/pupils?as_at=seq:9", "/amendments/totals"),
)


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock(datetime.fromisoformat("2026-09-08T16:00:00+01:00"))


@pytest.fixture(scope="module")
async def register(
    database: Database, clock: Clock, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Register]:
    async with register_api(database, tmp_path_factory.mktemp("register"), clock) as running:
        yield running


@pytest.fixture(scope="module")
async def http(register: Register) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(register, SCOPES) as calls:
        yield calls


@pytest.fixture(scope="module")
async def office(register: Register, http: httpx.AsyncClient) -> Office:
    """Give a school whose stream holds everything that a stream can hold, and whose URN has changed."""
    office = await open_office(http, register.database, OLD, pupils=6)
    await office.entered(("p-001", "/"), ("p-002", "N"), ("p-003", "/"))
    system = {"system": "Gate", "rule": "badge", "cause": "Badge"}
    assert (await office.mark("p-004", "B", nature="Forêt ☕", by_system=system))["outcome"] == "entered"
    assert (await office.mark("p-005", "L", arrived_at="08:58"))["outcome"] == "entered"
    await office.amended(amending("p-002", "N", "I", reason='"Unwell", she said'))
    async with calling(register, SCOPES) as other:
        theirs = Office(other, OLD, register.database, iter(()))
        made_by = {"name": "Zoë Ní Bhriain", "position": "Teaching assistant"}
        await theirs.entered(("p-001", "\\"), ("p-002", "C"), session="PM", made_by=made_by)
        await theirs.amended(amending("p-002", "C", "M", session="PM"), amending("p-002", "I", "M"))
    moved = {"class": "4Ü", "facts": {"fsm": True, "sen": "K"}, "effective_from": TUESDAY}
    change = {"made_by": OFFICE, "reason": "Moved down the corridor"}
    await put(http, office.path("/pupils/p-001"), pupil(forename="Æthel", upn="X931345622001", **moved, change=change))
    await put(http, office.path("/pupils/p-003"), pupil(leaving={"date": MONDAY, "ground": "a"}))
    await put(http, office.path("/pupils/p-003"), pupil(starting_day=TUESDAY))
    holiday = {"from": "2026-11-02", "to": "2026-11-02", "name": "Fair"}
    calendar = {**CALENDAR, "holidays": [*CALENDAR["holidays"], holiday], "change": {"made_by": OFFICE}}
    await put(http, office.path("/calendar/2026-27"), calendar)
    school = {"name": "Invented Primary", "phase": "primary", "age_range": [4, 11], "policy": {**POLICY, "target": 97}}
    await put(http, office.path(), school)
    trust = {"uid": "5143", "name": "Ash Trust"}
    await put(http, f"/v1/schools/{URN}", {**school, "name": "Ash Académie", "continues": OLD, "trust": trust})
    renamed = Office(http, URN, register.database, iter(()))
    await renamed.entered(("p-001", "/"), ("p-003", "U"), day=TUESDAY)
    return renamed


async def rollbook(*arguments: object) -> int:
    """Run the command as a process of its own would: with its own loop."""
    return await asyncio.to_thread(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module", params=["ndjson", "parquet"])
async def exported(
    request: pytest.FixtureRequest, office: Office, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Give the file of the whole register."""
    file = tmp_path_factory.mktemp("export") / "whole.zip"
    where = ("--to", file, "--format", request.param, "--database-url", database.owner_url)
    assert await rollbook("export", "--school", OLD, *where) == 0
    return file


@pytest.fixture(scope="module")
async def ndjson(office: Office, database: Database, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the file in the form that can be read by eye."""
    file = tmp_path_factory.mktemp("export") / "whole.zip"
    assert await rollbook("export", "--school", URN, "--to", file, "--database-url", database.owner_url) == 0
    return file


@pytest.fixture
async def empty(postgres_server: Server, template_database: Database) -> AsyncIterator[Database]:
    """Give a Rollbook that holds no register."""
    async with postgres.clone(postgres_server, template_database) as cloned:
        yield cloned


async def imported(file: Path, into: Database) -> int:
    return await rollbook("import", file, "--database-url", into.owner_url)


def kept_to_oneself(file: Path) -> None:
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def members(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as whole:
        return {name: whole.read(name) for name in whole.namelist()}


async def answers(office: Office) -> dict[str, Any]:
    """Give what the register answers, but for the numbers that are each database's own."""
    found = {}
    for path in READS:
        answer = await office.http.get(office.path(path))
        assert answer.status_code == 200, answer.text
        found[path] = answer.json()
    text = json.dumps(found, sort_keys=True)
    numbers = {item["made_by_id"] for item in found["/amendments"]["items"]}
    assert numbers
    plain: dict[str, Any] = json.loads(text, object_hook=lambda o: {k: v for k, v in o.items() if k != "made_by_id"})
    return plain


async def streamed(office: Office) -> tuple[bytes, bytes]:
    leaves = await office.http.get(office.path("/events"))
    texts = await office.http.get(office.path("/events?part=texts"))
    return leaves.content, texts.content


async def test_an_imported_register_is_the_same_root_for_root_and_goes_on(
    exported: Path, office: Office, empty: Database, clock: Clock, tmp_path: Path
) -> None:
    assert await imported(exported, empty) == 0
    async with register_api(empty, tmp_path, clock) as there, calling(there, SCOPES) as calls:
        arrived = Office(calls, URN, empty, iter(()))
        assert await arrived.head() == await office.head()
        assert await streamed(arrived) == await streamed(office)
        assert await answers(arrived) == await answers(office)
        assert (await calls.get(f"/v1/schools/{OLD}")).json()["register"] == (await office.get(""))["register"]
        seq, _ = await arrived.head()
        again = tmp_path / "again.zip"
        assert await rollbook("export", "--school", URN, "--to", again, "--database-url", empty.owner_url) == 0
        assert await arrived.entered(("p-004", "/"), day=TUESDAY) == [seq + 1]
        await arrived.stream()
        await put(calls, arrived.path("/pupils/p-new"), pupil())
        assert (await arrived.stream())[-1]["subject"] == "pupil:7"
    first, second = members(exported), members(again)
    for name in ("reference.ndjson", "keys.json", "covers.ndjson"):
        assert second[name] == first[name]
    leaves, texts = await streamed(office)
    assert (second["events.ndjson"], second["texts.ndjson"]) == (leaves, texts)


async def figures(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Fold every school, and give the read models without what is each database's own."""
    engine = kit_database.connect(database.analytics_url, name="test", pool_size=2)
    moment = datetime.fromisoformat("2026-09-08T15:00:00+00:00")
    await projector.sweep(engine, lambda: moment)
    await engine.dispose()
    connection = await asyncpg.connect(database.owner_url)
    try:
        found = {}
        for table in ("entry", "session_total", "alert"):
            rows = await connection.fetch(
                f"SELECT to_jsonb(t) - 'school_id' - 'id' AS row FROM analysis.{table} t ORDER BY 1"
            )
            found[table] = [json.loads(row["row"]) for row in rows]
        return found
    finally:
        await connection.close()


async def test_the_figures_of_an_imported_register_are_the_same(
    ndjson: Path, database: Database, empty: Database
) -> None:
    assert await imported(ndjson, empty) == 0
    there, here = await figures(empty), await figures(database)
    assert here["entry"]
    assert there == here


async def test_the_file_is_what_it_says(exported: Path, office: Office) -> None:
    kept_to_oneself(exported)
    whole = members(exported)
    manifest = json.loads(whole.pop("manifest.json"))
    assert (manifest["format"], manifest["version"], manifest["urn"]) == ("rollbook-register", 1, URN)
    assert manifest["name"] == "Ash Académie"
    assert (manifest["seq"], bytes.fromhex(manifest["root"])) == await office.head()
    assert manifest["files"].keys() == whole.keys()
    for name, facts in manifest["files"].items():
        assert hashlib.sha256(whole[name]).hexdigest() == facts["sha256"]
        if not name.endswith(".parquet"):
            assert whole[name].count(b"\n") == facts["lines"]
    frontier, size = tree.extend(b"", 0, (await streamed(office))[0].splitlines())
    assert (size, tree.root(frontier).hex()) == (manifest["seq"], manifest["root"])
    reference = [json.loads(line) for line in whole["reference.ndjson"].splitlines()]
    assert {row["table"] for row in reference} == {
        *("urn", "school_facts", "policy", "calendar", "pupil_id", "pupil", "placing")
    }
    assert not any("school_id" in row["row"] for row in reference)
