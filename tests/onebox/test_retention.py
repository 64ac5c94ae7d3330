"""What is past six years goes with all that hung on it, what must stay stays, and the rest is proved as it was."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from onebox import retention_act, retention_holds
from onebox.postgres import Server
from tests.support import book
from tests.support.folded import rebuilt
from tests.support.letting_go import DAYS, NOW, STATED, URN, Past, amendment, play, playing, went
from tests.support.office import outcomes_of, refusal, told
from tests.support.postgres import Database
from tests.support.school import TEACHER, pupil


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


async def test_what_was_done_about_alerts_goes_with_its_pupil_and_stays_while_the_pupil_does(past: Past) -> None:
    stated = "now(), 'a-client', 'Who', 'What'"
    for pupil_no in (1, 4):
        for row in (
            "casework.act SELECT $1, 2 * $2, gen_random_uuid(), $2, 'sickness-return', '2018-09-04', 'not-due', "
            f"'2018-09-06', {stated}, 'Note of pupil ' || $2, '{{}}'",
            f"casework.notice SELECT $1, 2 * $2 + 1, 'n-' || $2, $2, 'penalty-notice', {stated}, "
            """jsonb_build_object('issued_by', 'Council of pupil ' || $2)""",
        ):
            await past.owner.execute(f"INSERT INTO {row}", past.school_id, pupil_no)
    for table in ("casework.act", "casework.notice"):
        with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
            await past.owner.execute(f"DELETE FROM {table} WHERE pupil_no = 1")
    await past.let_go()
    for words, tables in (("of pupil 1", []), ("of pupil 4", ["casework.act", "casework.notice"])):
        assert await past.said(words) == tables
    assert await past.owner.fetchval("SELECT count(*) FROM analysis.awaited WHERE pupil_no = 1") == 0


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

    await past.sweep()
    await past.proved_under_every_seal()
    lifted = await retention_holds.lift(past.owner, hold, STATED, NOW)
    assert lifted == hold
    assert went(await past.let_go()) == [(URN, "2018-19", 2, 0, 1, 1)]
    await past.proved()
    later = datetime(2027, 5, 6, tzinfo=UTC)
    assert went(await past.let_go(later)) == [(URN, "2018-19", 2, 1, 0, 0), (URN, "2019-20", 0, 0, 1, 0)]
    await past.proved(limit=2)
    await past.sweep()
    await past.proved_under_every_seal()
    assert await past.owner.fetchval("SELECT count(*) FROM ledger.kept_nonce") == 0
    assert await past.said("Child-p-003") == []


async def test_the_read_models_are_what_a_rebuild_gives(past: Past) -> None:
    past.register.clock.set("2021-05-04T12:00:00+01:00")
    await past.office.amended(amendment("p-003", DAYS[1]))
    await past.sweep()
    await past.owner.execute(
        "INSERT INTO analysis.alert (school_id, changed, pupil_no, opened_on, id, kind, period, academic_year, held, "
        "evidence, shown_on) VALUES ($1, 9001, 4, '2018-12-01', gen_random_uuid(), 'persistent-absence', '2018-19', "
        "'2018-19', '[]', '{}', '2018-12-01')",
        past.school_id,
    )
    await past.let_go()
    entries, totals, weeks = await past.folded()
    assert [(row["pupil_no"], row["code"], row["first_code"]) for row in entries] == [(3, "I", "N")]
    assert [(row["session_date"], row["code"], row["entries"]) for row in totals] == [(date(2018, 9, 5), "I", 1)]
    assert [(row["pupil_no"], row["week"], row["codes"].strip()) for row in weeks] == [(3, date(2018, 9, 3), "I")]
    assert await past.owner.fetchval("SELECT array_agg(DISTINCT pupil_no) FROM analysis.alert") == [3]
    await past.sweep()
    assert (await rebuilt(past.analytics, past.school_id)).same
    assert await past.folded() == (entries, totals, weeks)
    await past.sweep()


async def test_nothing_is_entered_or_amended_in_a_year_that_was_let_go(past: Past) -> None:
    past.register.clock.set("2021-05-04T12:00:00+01:00")
    await past.office.amended(amendment("p-003", DAYS[1]))
    past.register.clock.now = NOW
    await past.sweep()
    await past.let_go()
    entered = await past.office.post({"made_by": TEACHER, "marks": [{"pupil": "p-004", "code": "/"}]}, DAYS[0])
    told(outcomes_of(entered)[0]["problem"], "year-retired", at="date")
    again = amendment("p-003", DAYS[1], original_entry="I", amended_entry="M")
    told((await past.office.amended(again))[0]["problem"], "year-retired", at="#/amendments/0/date")
    assert (await past.office.mark("p-004", "/", "2019-09-04"))["outcome"] == "entered"
    await past.proved()


async def test_what_no_checkpoint_covers_stays_until_one_does(past: Past) -> None:
    made = datetime(2018, 9, 7, 9, tzinfo=UTC)
    late = book.mark(1, source="history", date=date(2018, 9, 7), made_at=made)
    await book.write(past.service, past.school_id, late, now=NOW - timedelta(days=30))
    (each,) = await past.plan()
    assert (each.is_let_go, each.unsealed) == (False, 20)
    assert await past.let_go() == []
    await past.sweep()
    assert [len(each.going) for each in await past.let_go()] == [20]
    await past.sweep()
    await past.proved()
    await past.proved_under_every_seal()


async def test_a_pupils_number_is_not_used_again(past: Past) -> None:
    await past.let_go()
    answer = await past.office.http.put(past.office.path("/pupils/p-new"), json=pupil(starting_day="2025-09-03"))
    assert answer.status_code == 200, answer.text
    assert (await past.proved())[-1]["subject"] == "pupil:7"


async def test_history_counts_from_when_it_was_made_and_a_late_entry_from_when_it_was_recorded(past: Past) -> None:
    made = datetime(2018, 9, 7, 9, tzinfo=UTC)
    history = book.mark(1, source="history", date=date(2018, 9, 7), made_at=made)
    late = book.mark(2, date=date(2018, 9, 7), made_at=made)
    await book.write(past.service, past.school_id, history, late, now=NOW - timedelta(days=30))
    await past.sweep()
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


async def test_a_school_that_keeps_for_so_long_that_no_year_is_past_keeps_all(
    postgres_server: Server, template_database: Database, tmp_path: Path
) -> None:
    async with playing(postgres_server, template_database, tmp_path, retention_years=25) as past:
        (each,) = await past.plan()
        assert (each.is_let_go, each.by_policy) == (False, 19)
        assert await past.let_go() == []


async def test_other_schools_of_the_year_keep_what_they_must(past: Past) -> None:
    other = await play(past.register, past.office.http, past.service, "900602", retention_years=9)
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
    assert len(before["indexes"]) == 3
    past.register.clock.set("2018-09-07T16:00:00+01:00")
    await book.write(past.service, past.school_id, book.mark(4, date=date(2018, 9, 7)))
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
    running = asyncio.create_task(retention_act.let_go(doomed, "2018-19", lambda: NOW, 6))
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


async def test_an_entry_that_was_altered_since_it_was_sealed_keeps_its_year_from_going(past: Past) -> None:
    await past.owner.execute(
        "ALTER TABLE ledger.event_2018 DISABLE TRIGGER append_only; "
        "UPDATE ledger.event SET code = 'I' WHERE session_date = '2018-09-05' AND pupil_no = 2; "
        "ALTER TABLE ledger.event_2018 ENABLE TRIGGER append_only"
    )
    before = await past.everything()
    seq = await past.owner.fetchval("SELECT seq FROM ledger.event WHERE session_date = '2018-09-05' AND pupil_no = 2")
    with pytest.raises(retention_act.Altered, match=f"Event {seq} of school {URN}"):
        await past.let_go()
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
    past.register.clock.now = NOW
    await past.office.mark("p-004", "/", "2019-09-04")
    await past.sweep()
    await past.let_go()
    assert await past.owner.fetchval("SELECT array_agg(academic_year) FROM ledger.nonce_key") == [2019]
    for statement in [*statements, "DELETE FROM ledger.kept_nonce", "UPDATE ledger.kept_nonce SET seq = 0"]:
        with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
            await past.owner.execute(statement)
