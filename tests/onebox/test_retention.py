"""What is past six years goes with all that hung on it, what must stay stays, and the rest is proved as it was."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from analytics_worker import projector
from kit import database as kit_database
from kit.database import Connection
from kit.schools import LONDON
from ledger import tree
from onebox import retention, retention_act, retention_holds
from onebox.cli import main
from onebox.postgres import Server
from onebox.retention import SchoolYear
from tests.support import book, postgres
from tests.support.office import Office, calling, outcomes_of, refusal, told
from tests.support.postgres import Database
from tests.support.school import OFFICE, POLICY, TEACHER, pupil
from tests.support.services import EVERY_SCOPE, Clock, Register, register_api

URN = "900601"
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
"""The year 2018-19 is past six years, 2019-20 is not."""
DAYS = ("2018-09-04", "2018-09-05", "2018-09-06")
CALENDARS = {
    "2018-19": {"terms": [{"name": "autumn", "starts": "2018-09-03", "ends": "2018-12-19"}]},
    "2019-20": {"terms": [{"name": "autumn", "starts": "2019-09-03", "ends": "2019-12-18"}]},
}
LEFT = {"date": "2019-07-19", "ground": "m", "destination": None}
STATED = retention_holds.Stated("Claim 12 of 2025", "D. Governor", "Chair of governors")


@dataclass(frozen=True, slots=True)
class Past:
    """A school that kept its register in 2018, as its office, its owner and the projector meet it."""

    office: Office
    register: Register
    owner: Connection
    analytics: Any
    school_id: int

    async def let_go(self, now: datetime = NOW, years: int = 6) -> list[SchoolYear]:
        """Let go what is past of every year, as the command does."""
        today = now.astimezone(LONDON).date()
        past = retention.years_past(today, years)
        return [each for year in past for each in await retention_act.let_go(self.owner, year, now, years)]

    async def plan(self, now: datetime = NOW, years: int = 6) -> list[SchoolYear]:
        return await retention.plan(self.owner, now.astimezone(LONDON).date(), years)

    async def sweep(self) -> None:
        await projector.sweep(self.analytics, self.register.clock)

    async def folded(self) -> tuple[list[Any], list[Any]]:
        """Give what stands in the read models."""
        entries = "SELECT * FROM analysis.entry WHERE school_id = $1 ORDER BY session_date, session, pupil_no"
        totals = "SELECT * FROM analysis.session_total WHERE school_id = $1 AND entries <> 0 ORDER BY 2, 3, 4"
        return await self.owner.fetch(entries, self.school_id), await self.owner.fetch(totals, self.school_id)

    async def lines(self, part: str, limit: int = 10_000) -> list[bytes]:
        """Read a part of the stream page by page."""
        found: list[bytes] = []
        after = 0
        while True:
            params: dict[str, str | int] = {"part": part, "after": after, "limit": limit}
            answer = await self.office.http.get(self.office.path("/events"), params=params)
            assert answer.status_code == 200, answer.text
            if not answer.content:
                return found
            found += answer.content.splitlines()
            after = int(answer.headers["rollbook-last-seq"])

    async def proved(self, limit: int = 10_000) -> list[dict[str, Any]]:
        """Give the leaves that are left; with the covers they must hash to the root in the head."""
        lines = await self.lines("leaves", limit)
        leaves = [json.loads(line) for line in lines]
        hashes = {leaf["seq"] - 1: tree.leaf_hash(line) for leaf, line in zip(leaves, lines, strict=True)}
        covers = [json.loads(line) for line in await self.lines("covers", limit)]
        places = {(cover["level"], cover["index"]): bytes.fromhex(cover["hash"]) for cover in covers}
        size, root = await self.office.head()
        assert tree.root_with_gaps(size, hashes, places) == root
        return leaves

    async def said(self, words: str) -> list[str]:
        """Search every column of every table, and give the tables that hold the words."""
        tables = await self.owner.fetch(
            "SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n "
            "ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname !~ '^(pg_|information)'"
        )
        holds = "SELECT EXISTS (SELECT FROM {} t WHERE t::text LIKE $1)"
        return sorted(
            [row["name"] for row in tables if await self.owner.fetchval(holds.format(row["name"]), f"%{words}%")]
        )

    async def everything(self) -> dict[str, str]:
        """Give a digest of every table."""
        tables = await self.owner.fetch(
            "SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n "
            "ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname !~ '^(pg_|information)'"
        )
        rows = "SELECT coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '') FROM {} t"
        return {
            row["name"]: hashlib.sha256((await self.owner.fetchval(rows.format(row["name"]))).encode()).hexdigest()
            for row in tables
        }


async def put(http: httpx.AsyncClient, path: str, body: Any) -> None:
    answer = await http.put(path, json=body)
    assert answer.status_code == 200, answer.text


async def play(register: Register, http: httpx.AsyncClient, urn: str = URN, **policy: Any) -> Office:
    """Keep a school's register for three days of 2018; six pupils, of whom all but p-004 left in 2019."""
    office = Office(http, urn, register.database, iter(()))
    register.clock.set("2018-09-03T16:00:00+01:00")
    school = {"name": "Invented Primary", "phase": "primary", "age_range": [4, 11], "policy": {**POLICY, **policy}}
    await put(http, office.path(), school)
    for year, calendar in CALENDARS.items():
        await put(http, office.path(f"/calendar/{year}"), calendar)
    ids = [f"p-00{n}" for n in range(1, 7)]
    entries = [pupil(id=id_, surname=f"Child-{id_}", starting_day="2018-09-03") for id_ in ids]
    answer = await http.post(office.path("/pupils"), json={"pupils": entries})
    assert answer.json()["entered"] == 6, answer.text
    for day in DAYS:
        register.clock.set(f"{day}T16:00:00+01:00")
        await office.entered(*[(id_, "N" if id_ in ("p-002", "p-003") else "/") for id_ in ids], day=day)
    await office.amended(amendment("p-002", DAYS[0], reason="Measles of Xanthippe"))
    await office.get("/pupils/p-001/marks", **{"from": DAYS[0], "to": DAYS[2]})
    register.clock.set("2019-07-22T12:00:00+01:00")
    for id_ in set(ids) - {"p-004"}:
        left = pupil(surname=f"Child-{id_}", starting_day="2018-09-03", leaving=LEFT, change={"made_by": OFFICE})
        await put(http, office.path(f"/pupils/{id_}"), left)
    return office


def amendment(pupil_id: str, day: str, **other: Any) -> dict[str, Any]:
    item = {"pupil": pupil_id, "date": day, "session": "AM", "original_entry": "N", "amended_entry": "I"}
    return {**item, "reason": "Parent telephoned", **other}


@asynccontextmanager
async def playing(server: Server, template: Database, folder: Path, **policy: Any) -> AsyncIterator[Past]:
    async with postgres.clone(server, template) as database:
        clock = Clock(datetime(2018, 9, 3, 12, tzinfo=UTC))
        owner = await asyncpg.connect(database.owner_url)
        analytics = kit_database.connect(database.analytics_url, name="tests", pool_size=2)
        try:
            async with register_api(database, folder, clock) as register, calling(register, EVERY_SCOPE) as http:
                office = await play(register, http, **policy)
                school_id = await owner.fetchval("SELECT school_id FROM register.urn WHERE urn = $1", URN)
                past = Past(office, register, owner, analytics, school_id)
                await past.sweep()
                clock.now = NOW
                yield past
        finally:
            await analytics.dispose()
            await owner.close()


@pytest.fixture
async def past(postgres_server: Server, template_database: Database, tmp_path: Path) -> AsyncIterator[Past]:
    async with playing(postgres_server, template_database, tmp_path) as played:
        yield played


def went(gone: Sequence[SchoolYear]) -> list[tuple[str, str, int, int, int, int]]:
    return [
        (each.school.urn, each.academic_year, len(each.going), each.texts, len(each.pupils), len(each.staying))
        for each in gone
    ]


async def test_a_year_goes_with_its_texts_and_its_pupils_and_the_rest_hashes_to_the_same_root(past: Past) -> None:
    before = await past.proved()
    assert await past.said("Xanthippe") == ["ledger.text"]
    assert went(await past.plan()) == [(URN, "2018-19", 19, 1, 5, 0)]
    assert went(await past.let_go()) == [(URN, "2018-19", 19, 1, 5, 0)]
    after = await past.proved()
    assert after[:-1] == [leaf for leaf in before if not leaf["kind"].startswith("mark-")]
    assert (after[-1]["kind"], after[-1]["subject"]) == ("year-retired", "year:2018-19")
    body = json.loads(json.loads((await past.lines("texts"))[-1])["texts"]["body"]["text"])
    assert body == {
        "years": 6,
        "latest": "2020-01-14",
        "events": 19,
        "texts": 1,
        "pupils": 5,
        "staying": {"held": 0, "under_years": 0},
    }
    for words in ("Xanthippe", "Child-p-001", "Child-p-006", "p-003"):
        assert await past.said(words) == []
    assert await past.said("Child-p-004") == ["ledger.text"]
    assert await past.owner.fetchval("SELECT count(*) FROM ledger.nonce_key") == 0
    assert await past.owner.fetchval("SELECT count(*) FROM access.pupil_read WHERE pupil_no = 1") == 0
    refusal(await past.office.http.get(past.office.path("/pupils/p-001")), "unknown-pupil")
    assert (await past.office.get("/amendments"))["items"] == []
    assert len((await past.office.get("/pupils/p-004"))["history"]) == 1


async def test_a_second_run_finds_nothing_to_do(past: Past) -> None:
    await past.let_go()
    before = await past.everything()
    assert await past.let_go() == []
    assert await past.plan() == []
    assert await past.everything() == before


async def test_what_was_amended_under_six_years_ago_and_what_is_held_stay_with_their_whole_chains(past: Past) -> None:
    past.register.clock.set("2021-05-04T12:00:00+01:00")
    await past.office.amended(amendment("p-003", DAYS[1]))
    hold = await retention_holds.add(past.owner, URN, "p-006", (date(2018, 9, 5), None), STATED, NOW)
    await past.sweep()
    past.register.clock.now = NOW
    leaves = {leaf["seq"]: leaf for leaf in await past.proved()}
    planned = await past.plan()
    assert went(planned) == [(URN, "2018-19", 16, 1, 3, 3)]
    kept = [(each.pupil, str(each.on), each.version, str(each.until), each.hold) for each in planned[0].staying]
    until = ("2027-05-04", "2024-09-05", "2024-09-06")
    assert kept == [
        ("p-003", DAYS[1], 2, until[0], None),
        ("p-006", DAYS[1], 1, until[1], 1),
        ("p-006", DAYS[2], 1, until[2], 1),
    ]
    assert went(await past.let_go()) == went(planned)
    after = await past.proved(limit=3)
    assert [leaf for leaf in after if leaf["seq"] in leaves] == [leaves[leaf["seq"]] for leaf in after[:-1]]
    marks = [(leaf["pupil_no"], leaf["date"], leaf["version"]) for leaf in after if leaf["kind"].startswith("mark")]
    assert sorted(marks) == [(3, DAYS[1], 1), (3, DAYS[1], 2), (6, DAYS[1], 1), (6, DAYS[2], 1)]
    chain = (await past.office.get("/pupils/p-003/marks", **{"from": DAYS[0], "to": DAYS[2]}))["items"]
    assert [(item["date"], item["first_entry"], item["code"]) for item in chain] == [(DAYS[1], "N", "I")]
    assert await past.said("Child-p-006") == ["ledger.text"]
    nonces = await past.owner.fetch("SELECT seq FROM ledger.kept_nonce ORDER BY seq")
    assert [row["seq"] for row in nonces] == [leaf["seq"] for leaf in after if leaf["kind"].startswith("mark")]

    lifted = await retention_holds.lift(past.owner, hold, STATED, NOW)
    assert lifted == hold
    assert went(await past.let_go()) == [(URN, "2018-19", 2, 0, 1, 1)]
    await past.proved()
    later = datetime(2027, 5, 6, tzinfo=UTC)
    assert went(await past.let_go(later)) == [(URN, "2018-19", 2, 1, 0, 0), (URN, "2019-20", 0, 0, 1, 0)]
    await past.proved(limit=2)
    assert await past.owner.fetchval("SELECT count(*) FROM ledger.kept_nonce") == 0
    assert await past.said("Child-p-003") == []


async def test_the_read_models_are_what_a_rebuild_gives(past: Past) -> None:
    past.register.clock.set("2021-05-04T12:00:00+01:00")
    await past.office.amended(amendment("p-003", DAYS[1]))
    await past.sweep()
    await past.owner.execute(
        "INSERT INTO analysis.alert (school_id, changed, seq, pupil_no, opened_on, kind, academic_year, evidence) "
        "VALUES ($1, 9001, 1, 4, '2018-12-01', 'persistent-absence', '2018-19', '{}')",
        past.school_id,
    )
    await past.let_go()
    entries, totals = await past.folded()
    assert [(row["pupil_no"], row["code"], row["first_code"]) for row in entries] == [(3, "I", "N")]
    assert [(row["session_date"], row["code"], row["entries"]) for row in totals] == [(date(2018, 9, 5), "I", 1)]
    assert await past.owner.fetchval("SELECT count(*) FROM analysis.alert") == 0
    await past.sweep()
    await projector.rebuild(past.analytics, past.school_id)
    assert await past.folded() == (entries, totals)
    await past.sweep()


async def test_nothing_is_entered_or_amended_in_a_year_that_was_let_go(past: Past) -> None:
    past.register.clock.set("2021-05-04T12:00:00+01:00")
    await past.office.amended(amendment("p-003", DAYS[1]))
    past.register.clock.now = NOW
    await past.let_go()
    entered = await past.office.post({"made_by": TEACHER, "marks": [{"pupil": "p-004", "code": "/"}]}, DAYS[0])
    told(outcomes_of(entered)[0]["problem"], "year-retired", at="date")
    again = amendment("p-003", DAYS[1], original_entry="I", amended_entry="M")
    told((await past.office.amended(again))[0]["problem"], "year-retired", at="#/amendments/0/date")
    assert (await past.office.mark("p-004", "/", "2019-09-04"))["outcome"] == "entered"
    await past.proved()


async def test_a_pupils_number_is_not_used_again(past: Past) -> None:
    await past.let_go()
    answer = await past.office.http.put(past.office.path("/pupils/p-new"), json=pupil(starting_day="2025-09-03"))
    assert answer.status_code == 200, answer.text
    assert (await past.proved())[-1]["subject"] == "pupil:7"


async def test_history_counts_from_when_it_was_made_and_a_late_entry_from_when_it_was_recorded(past: Past) -> None:
    engine = kit_database.connect(past.register.database.register_url, name="tests", pool_size=1)
    made = datetime(2018, 9, 7, 9, tzinfo=UTC)
    old = {"date": date(2018, 9, 7), "made_at": made}
    history, late = book.mark(1, source="history", **old), book.mark(2, **old)
    await book.write(engine, past.school_id, history, late, now=NOW - timedelta(days=30))
    await engine.dispose()
    planned = await past.plan()
    assert went(planned) == [(URN, "2018-19", 20, 1, 4, 1)]
    assert [(each.pupil, str(each.until)) for each in planned[0].staying] == [("p-002", "2031-12-16")]


async def test_a_school_that_keeps_longer_keeps_longer(
    postgres_server: Server, template_database: Database, tmp_path: Path
) -> None:
    async with playing(postgres_server, template_database, tmp_path, retention_years=8) as past:
        (each,) = await past.plan()
        assert (each.is_let_go, each.by_policy, each.school.years) == (False, 19, 8)
        assert await past.let_go() == []
        assert went(await past.let_go(NOW.replace(year=2028)))[0] == (URN, "2018-19", 19, 1, 5, 0)
        await past.proved()


async def test_other_schools_of_the_year_keep_what_they_must(past: Past) -> None:
    other = await play(past.register, past.office.http, "900602", retention_years=9)
    theirs = await past.owner.fetch("SELECT * FROM ledger.event WHERE school_id <> $1 ORDER BY seq", past.school_id)
    past.register.clock.now = NOW
    assert [each.school.urn for each in await past.let_go()] == [URN]
    assert await past.owner.fetch("SELECT * FROM ledger.event ORDER BY school_id, seq") == theirs
    await other.stream()
    await past.proved()


# A partition as the catalogue has it, without its year.
PARTITION = """
    SELECT relkind, relrowsecurity, relforcerowsecurity, CAST(relacl AS text), reloptions, relhastriggers,
           (SELECT array_agg(CAST(row(attname, atttypid, attnum, attnotnull, atthasdef) AS text) ORDER BY attnum)
            FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0) AS columns,
           (SELECT array_agg(replace(format('%s %s %s %s', conname, pg_get_constraintdef(oid), coninhcount, conislocal),
                                     $1, '') ORDER BY conname)
            FROM pg_constraint WHERE conrelid = c.oid) AS constraints,
           (SELECT array_agg(replace(format('%s %s', pg_get_triggerdef(oid), tgenabled), $1, '') ORDER BY tgname)
            FROM pg_trigger WHERE tgrelid = c.oid) AS triggers,
           (SELECT array_agg(replace(format('%s %s', pg_get_indexdef(indexrelid), indisvalid), $1, '')
                             ORDER BY CAST(CAST(indexrelid AS regclass) AS text))
            FROM pg_index WHERE indrelid = c.oid) AS indexes
    FROM pg_class c WHERE c.oid = CAST('ledger.event_' || $1 AS regclass)
"""


async def test_the_new_partition_is_made_as_the_others_are(past: Past) -> None:
    async def shape(year: str) -> dict[str, Any]:
        row = await past.owner.fetchrow(PARTITION, year)
        assert row is not None
        return dict(row)

    bounds = "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE oid = 'ledger.event_2018'::regclass"
    before, was = await shape("2018"), await past.owner.fetchval(bounds)
    await past.let_go()
    assert await shape("2018") == before == await shape("2021")
    assert await past.owner.fetchval(bounds) == was
    assert len(before["triggers"]) == 2
    assert len(before["indexes"]) == 2
    past.register.clock.set("2018-09-07T16:00:00+01:00")
    engine = kit_database.connect(past.register.database.register_url, name="tests", pool_size=1)
    await book.write(engine, past.school_id, book.mark(4, date=date(2018, 9, 7)))
    await engine.dispose()
    await retention_holds.add(past.owner, URN, None, (None, None), STATED, NOW)
    for table in ("ledger.event_2018", "ledger.event", "register.hold"):
        for statement in (f"TRUNCATE {table}", f"DELETE FROM {table}", f"UPDATE {table} SET school_id = school_id"):
            with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
                await past.owner.execute(statement)


async def test_a_run_that_is_killed_in_the_middle_has_done_nothing(past: Past) -> None:
    before = await past.everything()
    blocking = await asyncpg.connect(past.register.database.owner_url)
    doomed = await asyncpg.connect(past.register.database.owner_url)
    held = blocking.transaction()
    await held.start()
    await blocking.execute("SELECT FROM analysis.checkpoint FOR UPDATE")
    running = asyncio.create_task(retention_act.let_go(doomed, "2018-19", NOW, 6))
    waits = "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $1"
    while not await past.owner.fetchval(waits, doomed.get_server_pid()):
        assert not running.done(), running
        await asyncio.sleep(0.01)
    # The partition has been swapped and the texts are gone, as nobody but the doomed one sees.
    await past.owner.execute("SELECT pg_terminate_backend($1, 5000)", doomed.get_server_pid())
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError)):
        await running
    await held.rollback()
    await blocking.close()
    assert await past.everything() == before
    await past.proved()
    assert went(await past.let_go()) == [(URN, "2018-19", 19, 1, 5, 0)]


async def test_a_register_in_use_is_left_alone(past: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention_act, "LOCK_TIMEOUT", "50ms")
    before = await past.everything()
    writer = await asyncpg.connect(past.register.database.owner_url)
    held = writer.transaction()
    await held.start()
    await writer.execute("SELECT FROM ledger.head FOR UPDATE")
    with pytest.raises(asyncpg.LockNotAvailableError):
        await past.let_go()
    await held.rollback()
    await writer.close()
    assert await past.everything() == before


async def test_the_owner_can_remove_nothing_that_is_not_let_go(past: Past) -> None:
    await past.office.get("/pupils/p-004/marks", **{"from": DAYS[0], "to": DAYS[2]})
    past.register.clock.set("2021-05-04T12:00:00+01:00")
    await past.office.amended(amendment("p-003", DAYS[1]))
    statements = [
        "DELETE FROM ledger.text",
        "UPDATE ledger.text SET salt = NULL, text = NULL WHERE part = 'body'",
        "DELETE FROM ledger.nonce_key",
        "UPDATE ledger.nonce_key SET key = key",
        "DELETE FROM access.pupil_read",
    ]
    for statement in statements:
        with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
            await past.owner.execute(statement)
    await past.let_go()
    for statement in [
        *statements[:2],
        statements[4],
        "DELETE FROM ledger.kept_nonce",
        "UPDATE ledger.kept_nonce SET seq = 0",
    ]:
        with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
            await past.owner.execute(statement)


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def rollbook(past: Past, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Give what runs the command on the played register."""

    async def run(*arguments: str) -> tuple[int, str, str]:
        def command() -> int:
            try:
                return main([*arguments, "--database-url", past.register.database.owner_url])
            except SystemExit as exit_:
                return int(exit_.code or 0)

        code = await asyncio.to_thread(command)
        return code, *capsys.readouterr()

    return run


async def test_the_command_shows_what_goes_and_why_something_stays_and_then_lets_it_go(
    past: Past, rollbook: Any
) -> None:
    lately = datetime.now(UTC) - timedelta(days=400)
    past.register.clock.now = lately
    await past.office.amended(amendment("p-003", DAYS[1]))
    stated = ("--reason", "Claim 12", "--by", "D. Governor", "--position", "Chair of governors")
    added = await rollbook("holds", "add", "--school", URN, "--pupil", "p-006", "--from", DAYS[1], *stated)
    assert added == (0, "900601-1\n", "")
    before = await past.everything()
    code, out, err = await rollbook("retention", "--dry-run")
    assert (code, err) == (0, "")
    day = lately.astimezone(LONDON).date()
    last = retention.years_past(datetime.now(LONDON).date(), 6)[-1]
    pupils = [f"{last}  school {URN}: 0 entries, 0 texts and 3 pupils go; 0 entries stay"]
    assert out.splitlines() == [
        f"2018-19  school {URN}: 16 entries, 1 texts and 0 pupils go; 3 entries stay",
        f"    p-003 {DAYS[1]} AM: amended on {day} (seq {(await past.office.head())[0]}), kept until "
        f"{day.replace(year=day.year + 6)}",
        f"    p-006 {DAYS[1]} AM: held by 900601-1",
        f"    p-006 {DAYS[2]} AM: held by 900601-1",
        *pupils,
        "Nothing was let go: this was a dry run.",
    ]
    assert await past.everything() == before
    code, out, err = await rollbook("retention")
    assert (code, out.splitlines()[-2:]) == (
        0,
        [f"{year} has been let go at 1 school(s)." for year in ("2018-19", last)],
    )
    await past.proved()
    code, out, err = await rollbook("retention")
    assert (code, out.splitlines()[-1]) == (0, "Nothing is past keeping.")


async def test_holds_are_listed_and_lifted_and_never_forgotten(past: Past, rollbook: Any) -> None:
    stated = ("--reason", "Claim 12", "--by", "D. Governor", "--position", "Chair of governors")
    await rollbook("holds", "add", "--school", URN, *stated)
    code, out, _ = await rollbook("holds", "list")
    hold = json.loads(out)
    assert (code, hold["id"], hold["pupil"], hold["lifted"]) == (0, "900601-1", None, None)
    assert hold["made_by"] == {"name": "D. Governor", "position": "Chair of governors"}
    assert not any(each.is_let_go for each in await past.plan())
    assert await rollbook("holds", "lift", "900601-1", *stated) == (0, "900601-1\n", "")
    code, out, _ = await rollbook("holds", "list")
    assert json.loads(out)["lifted"]["reason"] == "Claim 12"
    assert any(each.is_let_go for each in await past.plan())
    for wrong, said in (
        (("lift", "900601-1"), "no hold 900601-1 that stands"),
        (("lift", "1"), "not the id of a hold"),
        (("add", "--school", "900999"), "no school 900999"),
        (("add", "--school", URN, "--pupil", "p-999"), "no pupil p-999"),
    ):
        code, out, err = await rollbook("holds", *wrong, *stated)
        assert (code, out) == (1, "")
        assert said in err


@pytest.mark.parametrize("years", ["3", "5"])
async def test_fewer_than_six_years_are_refused_by_the_name_of_the_regulation(rollbook: Any, years: str) -> None:
    code, out, err = await rollbook("retention", "--years", years)
    assert (code, out) == (2, "")
    assert "(SI 2024/208), regulation 7" in err


async def test_more_than_six_years_may_be_asked_for(past: Past, rollbook: Any) -> None:
    code, out, _ = await rollbook("retention", "--dry-run", "--years", "60")
    assert (code, out) == (0, "Nothing is past keeping.\n")
