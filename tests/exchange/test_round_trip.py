"""Leaving and arriving: a whole register in one file, and from it the same register elsewhere, root for root."""

import hashlib
import io
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from analytics_worker import projector
from kit import database as kit_database
from ledger import tree
from register_api import closer
from register_api.closer import Closer
from tests.support.closures import codes
from tests.support.exchange import OLD, SCOPES, URN, exported, imported, members, members_of, streamed
from tests.support.office import MONDAY, TUESDAY, Office, calling, refusal
from tests.support.postgres import Database
from tests.support.school import pupil, put
from tests.support.services import EVERY_SCOPE, Clock, Register, register_api

READS = (
    *("", "/calendar/2026-27", "/pupils", "/pupils/p-001", "/pupils/p-002", "/pupils/p-001/marks", "/amendments"),
    *(
        f"/registers/{MONDAY}/AM",
        f"/registers/{MONDAY}/PM",
        f"/registers/{TUESDAY}/AM",
        f"/registers/{MONDAY}/AM?as_at=seq:14",
    ),
    *("/changes?between=seq:14&and=seq:20", "/pupils?as_at=seq:9", "/amendments/totals"),
    *("/planned-absences", "/planned-absences/leave-1", "/leave-checks", f"/registers/{TUESDAY}"),
    *("/changes?between=seq:14&and=seq:20", "/pupils?as_at=seq:9", "/amendments/totals", "/closures"),
)


@pytest.fixture(scope="module", params=["ndjson", "parquet"])
async def either(
    request: pytest.FixtureRequest, office: Office, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Give the file of the whole register."""
    return await exported(database, tmp_path_factory.mktemp("export") / "whole.zip", "--format", request.param)


def kept_to_oneself(file: Path) -> None:
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file.name]


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


async def test_an_imported_register_is_the_same_root_for_root_and_goes_on(
    either: Path, office: Office, empty: Database, clock: Clock, tmp_path: Path
) -> None:
    assert await imported(either, empty) == 0
    async with register_api(empty, tmp_path, clock) as there, calling(there, SCOPES) as calls:
        arrived = Office(calls, URN, empty, iter(()))
        assert await arrived.head() == await office.head()
        assert await streamed(arrived) == await streamed(office)
        assert await answers(arrived) == await answers(office)
        assert (await calls.get(f"/v1/schools/{OLD}")).json()["register"] == (await office.get(""))["register"]
        seq, _ = await arrived.head()
        again = await exported(empty, tmp_path / "again.zip")
        assert await arrived.entered(("p-004", "/"), day=TUESDAY) == [seq + 1]
        await arrived.stream()
        await put(calls, arrived.path("/pupils/p-new"), pupil())
        assert (await arrived.stream())[-1]["subject"] == "pupil:7"
    owner = await asyncpg.connect(empty.owner_url)
    assert await owner.fetchval("SELECT array_agg(la_code) FROM register.responsible") == ["330"]
    await owner.close()
    first, second = members(either), members(again)
    for name in ("reference.ndjson", "keys.json", "covers.ndjson"):
        assert second[name] == first[name]
    leaves, texts = await streamed(office)
    assert (second["events.ndjson"], second["texts.ndjson"]) == (leaves, texts)


async def test_what_a_closure_has_still_to_enter_is_entered_where_the_register_arrives(
    office: Office, ndjson: Path, empty: Database, tmp_path: Path
) -> None:
    assert await imported(ndjson, empty) == 0
    clock = Clock(datetime.fromisoformat("2026-12-04T16:00:00+00:00"))
    async with register_api(empty, tmp_path, clock) as there, calling(there, SCOPES) as calls:
        arrived = Office(calls, URN, empty, iter(()))
        engine = kit_database.connect(empty.register_url, name="tests", pool_size=2)
        await closer.round_of(Closer(engine, clock, 5))
        await engine.dispose()
        assert set((await codes(arrived, "2026-12-01", "PM")).values()) == {"Y4"}
        assert await codes(arrived, "2026-12-02") == await codes(arrived, "2026-12-03") == {}
        assert set((await codes(arrived, "2026-12-04")).values()) == {"Y3"}
        entered = next(leaf for leaf in await arrived.stream() if leaf.get("source") == "closure")
        assert entered["date"] == "2026-12-01"
    assert (await office.get("/closures"))["items"][0]["sessions"][0]["state"] == "due"


async def test_one_call_gives_the_same_file_to_whoever_may_take_the_register_over(
    ndjson: Path, office: Office, register: Register
) -> None:
    read_by = {"Rollbook-Read-By": "C. Taking-Over"}
    answer = await office.http.get(office.path("/export"), headers=read_by)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert answer.headers["content-disposition"] == f'attachment; filename="register-{URN}.zip"'
    sent, written = members_of(io.BytesIO(answer.content)), members(ndjson)
    assert sent.pop("manifest.json")
    assert written.pop("manifest.json")
    assert sent == written
    (read,) = [item for item in (await office.get("/reads"))["items"] if item["what"] == "export"]
    seq, _ = await office.head()
    assert (read["read_by"], read["pupil"], read["as_at"]) == ("C. Taking-Over", None, f"seq:{seq}")
    refusal(await office.http.get(office.path("/export?size=3")), "invalid-parameter", at="size")
    refusal(await office.http.get(office.path("/export?format=csv")), "invalid-parameter", at="format")
    others = tuple(scope for scope in EVERY_SCOPE if scope != "admin")
    async with calling(register, others) as nosy:
        refusal(await nosy.get(office.path("/export")), "scope-required")
    async with calling(register, ("admin",), "schools", ("900299",)) as stranger:
        refusal(await stranger.get(office.path("/export")), "unknown-school")


async def figures(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Fold every school, and give the read models without what is each database's own."""
    engine = kit_database.connect(database.analytics_url, name="test", pool_size=2)
    moment = datetime.fromisoformat("2026-09-08T15:00:00+00:00")
    await projector.sweep(engine, lambda: moment)
    await engine.dispose()
    connection = await asyncpg.connect(database.owner_url)
    try:
        found = {}
        for table in ("spell", "entry", "pupil_week", "day_total", "year_total", "alert"):
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


async def test_the_file_is_what_it_says(either: Path, office: Office) -> None:
    kept_to_oneself(either)
    whole = members(either)
    manifest = json.loads(whole.pop("manifest.json"))
    assert (manifest["format"], manifest["version"], manifest["urn"]) == ("rollbook-register", 2, URN)
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
        *("urn", "school_facts", "policy", "calendar", "pupil_id", "pupil", "placing"),
        *("planned_absence", "closure"),
    }
    assert not any("school_id" in row["row"] for row in reference)
