"""What was let go, by recorded acts, stays let go on the way: the register is the same without it, root for root."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import asyncpg
import pytest

from kit import database as kit_database
from kit.database import Connection
from ledger import append
from ledger.append import NewChange
from ledger.tree import leaf_hash, node_hash, root
from ledger.writers import writers
from onebox.postgres import Server
from tests.support import postgres
from tests.support.exchange import SCOPES, URN, altered, exported, imported, members, streamed
from tests.support.office import Office, amending, calling, open_office
from tests.support.postgres import Database
from tests.support.school import pupil, put
from tests.support.services import Clock, register_api

REDACTED = (("reason", 17), ("body", 4))
GONE = (11, 12, 13, 16)


@asynccontextmanager
async def owning(database: Database) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database.owner_url)
    try:
        yield connection
    finally:
        await connection.close()


async def told(database: Database, kind: str, subject: str) -> None:
    """Append an act to the stream of the only school."""
    engine = kit_database.connect(database.register_url, name="test", pool_size=1)
    async with kit_database.writing(engine, 1) as connection:
        head = await append.lock(connection, 1)
        moment = head.recorded_at
        who = await writers(connection, 1, "keeper", (), ())
        await append.append_changes(connection, head, who, [NewChange(kind, subject, "{}", moment)], moment)
    await engine.dispose()


async def removed(database: Database) -> None:
    """Take texts and events away, as their acts say, and leave what covers the events."""
    async with owning(database) as owner:
        for part, seq in REDACTED:
            await told(database, "text-redacted", f"text:{seq}/{part}")
            await owner.execute("ALTER TABLE ledger.text DISABLE TRIGGER USER")
            await owner.execute(
                "UPDATE ledger.text SET salt = NULL, text = NULL WHERE seq = $1 AND part = $2", seq, part
            )
            await owner.execute("ALTER TABLE ledger.text ENABLE TRIGGER USER")
        await owner.execute("UPDATE register.pupil SET upn = NULL WHERE seq = 4")
        # As if the body that is gone had named the authority responsible: its row is all that is left to say so.
        await owner.execute("""UPDATE register.placing SET facts = '{"responsible_la": "330"}' WHERE seq = 4""")


async def retired(database: Database, leaves: list[bytes]) -> None:
    async with owning(database) as owner:
        await told(database, "year-retired", "year:2026-27")
        hashes = {(0, seq - 1): leaf_hash(leaves[seq - 1]) for seq in GONE}
        hashes[1, 5] = node_hash(hashes[0, 10], hashes[0, 11])
        del hashes[0, 10], hashes[0, 11]
        for (level, index), hash_ in hashes.items():
            await owner.execute("INSERT INTO ledger.node VALUES (1, $1, $2, $3)", level, index, hash_)
        # A node of the whole tree, which covers nothing that is gone.
        await owner.execute("INSERT INTO ledger.node VALUES (1, 5, 0, $1)", root(hashes[1, 5]))
        await owner.execute("ALTER TABLE ledger.event DISABLE TRIGGER USER")
        await owner.execute("DELETE FROM ledger.event WHERE seq = ANY ($1)", list(GONE))
        await owner.execute("ALTER TABLE ledger.event ENABLE TRIGGER USER")


@pytest.fixture
async def lessened(empty: Database, tmp_path: Path) -> AsyncIterator[Office]:
    """Give a school some of whose texts and entries are gone."""
    clock = Clock(datetime.fromisoformat("2026-09-08T16:00:00+01:00"))
    async with register_api(empty, tmp_path, clock) as there, calling(there, SCOPES) as http:
        office = await open_office(http, empty, URN, pupils=5)
        await put(http, office.path("/pupils/p-001"), pupil(**{"class": "4C"}))
        await put(http, office.path("/pupils/p-002"), pupil(forename="Another"))
        await office.entered(*((f"p-{at:03}", "/") for at in range(1, 6)))
        await office.entered(("p-001", "\\"), session="PM")
        await office.amended(amending("p-005", "/", "I", reason="Names the illness"))
        leaves = (await streamed(office))[0].splitlines()
        assert [json.loads(leaves[seq - 1])["kind"] for _, seq in REDACTED] == ["mark-amended", "roll-changed"]
        assert {json.loads(leaves[seq - 1])["kind"] for seq in GONE} == {"mark-entered"}
        await removed(empty)
        await retired(empty, leaves)
        yield office


@pytest.mark.parametrize("form", ["ndjson", "parquet"])
async def test_a_register_that_has_let_go_arrives_as_it_was(
    lessened: Office, form: str, postgres_server: Server, template_database: Database, tmp_path: Path
) -> None:
    file = await exported(lessened.database, tmp_path / "whole.zip", "--format", form)
    covers = [json.loads(line) for line in members(file)["covers.ndjson"].splitlines()]
    assert [(cover["level"], cover["index"]) for cover in covers] == [(1, 5), (0, 12), (0, 15)]
    async with postgres.clone(postgres_server, template_database) as cloned:
        assert await imported(file, cloned) == 0
        async with owning(lessened.database) as here, owning(cloned) as there:
            for table, but in (("head", ""), ("text", ""), ("node", " WHERE level < 5"), ("event", ""), ("change", "")):
                plain = "to_jsonb(t) - '{school_id,staff_no,client_no}'::text[]"
                rows = f"SELECT {plain} AS row FROM ledger.{table} t{but} ORDER BY 1"
                assert await there.fetch(rows) == await here.fetch(rows)
            for table in ("pupil", "placing", "pupil_id"):
                rows = f"SELECT to_jsonb(t) - 'school_id' AS row FROM register.{table} t ORDER BY 1"
                assert await there.fetch(rows) == await here.fetch(rows)
            assert await there.fetchval("SELECT array_agg(la_code) FROM register.responsible") == ["330"]
        again = members(await exported(cloned, tmp_path / "again.zip", "--format", form))
    first = members(file)
    assert {name: again[name] for name in again if name != "manifest.json"} == {
        name: first[name] for name in first if name != "manifest.json"
    }


async def test_what_was_let_go_is_held_to_its_covers(
    lessened: Office,
    empty: Database,
    postgres_server: Server,
    template_database: Database,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = await exported(empty, tmp_path / "whole.zip")
    cases = (
        (lambda member: b"".join(member.splitlines(keepends=True)[:-1]), "Event 16 is missing, and nothing covers it"),
        (lambda member: member.replace(b'"index":12', b'"index":13'), "Event 13 is missing"),
        (lambda member: member.replace(json.loads(member.splitlines()[0])["hash"].encode(), b"ab" * 32), "hash to"),
        (lambda member: member + b'{"hash":"%s","index":10,"level":0}\n' % (b"ab" * 32), "Event 12 is missing"),
        (
            lambda member: (
                member + b"".join(b'{"hash":"%s","index":%d,"level":0}\n' % (b"ab" * 32, at) for at in (10, 11))
            ),
            "contradict each other",
        ),
        (lambda member: b"{}\n", "covers.ndjson does not say"),
    )
    async with postgres.clone(postgres_server, template_database) as cloned:
        for change, words in cases:
            assert await imported(altered(file, {"covers.ndjson": change}, tmp_path / "forged.zip"), cloned) == 1
            assert words in capsys.readouterr().err


async def test_a_row_of_a_change_whose_body_is_gone_must_be_its_own(
    lessened: Office,
    empty: Database,
    postgres_server: Server,
    template_database: Database,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = await exported(empty, tmp_path / "whole.zip")
    rows = members(file)["reference.ndjson"].splitlines(keepends=True)
    theirs = [row for row in rows if json.loads(row)["row"].get("seq") == 4]
    assert [json.loads(row)["table"] for row in theirs] == ["placing", "pupil", "pupil_id"]
    cases = (
        (theirs[1].replace(b'"pupil_no":1', b'"pupil_no":2'), "cannot be its own"),
        (theirs[1].replace(b'"upn":null', b'"upn":"X931345622001"'), "cannot be its own"),
        (theirs[2].replace(b"p-001", b"p-002"), "belongs to another pupil"),
        (theirs[1] * 20, "more rows of it"),
    )
    async with postgres.clone(postgres_server, template_database) as cloned:
        for row, words in cases:
            table = json.loads(row.splitlines()[0])["table"]
            (before,) = [each for each in theirs if json.loads(each)["table"] == table]
            change = {"reference.ndjson": lambda member, before=before, row=row: member.replace(before, row)}
            assert await imported(altered(file, change, tmp_path / "forged.zip"), cloned) == 1
            assert words in capsys.readouterr().err
