"""The walls around a sandbox in the database: no school becomes one, and no row goes but those of one that is over."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from kit.database import Connection
from tests.support.office import Office
from tests.support.sandboxes import WITH_A_SCHOOL, lived_in, number_of, owning, rows, sandboxing
from tests.support.sealing import checkpointed
from tests.support.services import Register


@pytest.fixture(scope="module")
async def on(register: Register, folder: Path) -> AsyncIterator[Register]:
    async with sandboxing(register, folder) as running:
        yield running


@pytest.fixture
async def owner(register: Register) -> AsyncIterator[Connection]:
    async with owning(register.database) as connection:
        yield connection


DELETES = "DELETE FROM {table} WHERE school_id = {school_id}"


async def test_nobody_deletes_a_row_of_a_school_that_is_no_sandbox(
    on: Register, office: Office, owner: Connection
) -> None:
    await office.entered((office.pupil(), "N"))
    await office.get("/amendments")
    await checkpointed(on.database)
    school_id = await number_of(owner, office.urn)
    before = await rows(owner, school_id)
    told = f"INSERT INTO register.sandbox VALUES ({school_id}, '990001', 'x', '2020-01-01', '2020-01-02'{{over}})"
    for first in (
        "SELECT",
        told.format(over=""),
        told.format(over=", '2020-01-03'"),
        f"UPDATE ledger.head SET seq = 0 WHERE school_id = {school_id}; " + told.format(over=""),
        f"UPDATE ledger.head SET seq = 0 WHERE school_id = {school_id}; "
        f"DELETE FROM register.urn WHERE school_id = {school_id}; " + told.format(over=""),
        f"SELECT register.forget_sandbox({school_id}, 'infinity')",
    ):
        for table in (
            "ledger.event",
            "ledger.change",
            "ledger.text",
            "ledger.nonce_key",
            "ledger.staff",
            "ledger.seal",
        ):
            delete = DELETES.format(table=table, school_id=school_id)
            with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
                await owner.execute(f"BEGIN; {first}; {delete}")
            await owner.execute("ROLLBACK")
    assert await rows(owner, school_id) == before


async def test_a_school_that_was_only_set_up_is_no_sandbox_either(
    on: Register, admin: httpx.AsyncClient, owner: Connection
) -> None:
    """Nothing stands of it but changes: no entry, no seal, and its head and its URN are forged away."""
    school = {"name": "Invented", "phase": "primary", "age_range": [4, 11]}
    assert (await admin.put("/v1/schools/900741", json=school)).status_code == 200
    number = await number_of(owner, "900741")
    forged = (
        f"UPDATE ledger.head SET seq = 0 WHERE school_id = {number}; "
        f"DELETE FROM register.urn WHERE school_id = {number}"
    )
    with pytest.raises(asyncpg.RestrictViolationError, match=r"INSERT on register\.sandbox"):
        await owner.execute(
            f"BEGIN; {forged}; INSERT INTO register.sandbox VALUES ({number}, '990001', 'x', now(), 'infinity')"
        )
    await owner.execute("ROLLBACK")


async def test_a_number_that_is_kept_for_a_sandbox_serves_no_school(on: Register, owner: Connection) -> None:
    undone = owner.transaction()
    await undone.start()
    try:
        number = await owner.fetchval(
            "INSERT INTO ledger.head (seq, root, frontier, recorded_at) VALUES (0, sha256(''), '', now()) "
            "RETURNING school_id"
        )
        await owner.execute(
            "INSERT INTO register.sandbox VALUES ($1, '990002', 'x', now(), now() + interval '1 day')", number
        )
        for urn in ("900731", "990003"):
            with pytest.raises(asyncpg.RestrictViolationError, match="not for this register"):
                async with owner.transaction():
                    await owner.execute("INSERT INTO register.urn VALUES ($1, $2)", urn, number)
        await owner.execute("INSERT INTO register.urn VALUES ('990002', $1)", number)
        with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
            async with owner.transaction():
                await owner.execute("DELETE FROM register.sandbox WHERE school_id = $1", number)
    finally:
        await undone.rollback()


async def test_of_a_sandbox_rows_go_with_the_sandbox_and_are_never_changed(on: Register, owner: Connection) -> None:
    async with lived_in(on) as mine:
        school_id = await number_of(owner, mine.urn)
        tables = [row["name"] for row in await owner.fetch(WITH_A_SCHOOL)]
        refusing = [name for name in tables if await _is_append_only(owner, name)]
        assert {"ledger.event", "ledger.text", "access.pupil_read", "register.sandbox"} <= set(refusing)
        standing = await rows(owner, school_id)
        for over in ("SELECT", f"UPDATE register.sandbox SET over_at = until WHERE school_id = {school_id}"):
            for table in set(refusing) & standing.keys():
                statements = [
                    f"UPDATE {table} SET school_id = school_id WHERE school_id = {school_id}",
                    f"TRUNCATE {table}",
                    *([DELETES.format(table=table, school_id=school_id)] if over == "SELECT" else []),
                ]
                for statement in statements:
                    with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
                        await owner.execute(f"BEGIN; {over}; {statement}")
                    await owner.execute("ROLLBACK")
        assert await rows(owner, school_id) == standing


async def _is_append_only(owner: Connection, table: str) -> bool:
    found = "SELECT count(*) FROM pg_trigger WHERE tgrelid = $1::text::regclass AND tgname = 'append_only'"
    return bool(await owner.fetchval(found, table))


async def test_the_service_turns_no_school_into_a_sandbox_and_ends_none_before_its_time(
    on: Register, office: Office, owner: Connection
) -> None:
    async with lived_in(on) as mine:
        school_id, real = await number_of(owner, mine.urn), await number_of(owner, office.urn)
        before = {number: await rows(owner, number) for number in (school_id, real)}
        begin = "SELECT register.begin_sandbox('c', sha256('s'), ARRAY['admin'], now(), now() + interval '1 day', 9)"
        service = await asyncpg.connect(on.database.register_url)
        try:
            for statement in (
                f"INSERT INTO register.sandbox VALUES ({real}, '990001', 'x', now(), now())",
                f"UPDATE register.sandbox SET school_id = {real}",
                f"UPDATE register.sandbox SET over_at = until WHERE school_id = {school_id}",
                f"DELETE FROM register.sandbox WHERE school_id = {school_id}",
                f"DELETE FROM ledger.event WHERE school_id = {school_id}",
                "INSERT INTO access.client (client_id, name, secret_sha256, scopes, reach_kind, reach) "
                "VALUES ('c', 'c', sha256('s'), ARRAY['admin'], 'national', '{}')",
                "UPDATE access.client SET ends_at = NULL",
                begin,
            ):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await service.execute(statement)
            for number in (school_id, real):
                for moment in ("2026-09-08T14:59:59Z", "-infinity"):
                    assert not await service.fetchval(f"SELECT register.forget_sandbox({number}, '{moment}')")
            assert not await service.fetchval(f"SELECT register.forget_sandbox({real}, 'infinity')")
            for urn, number in (("900732", school_id), ("990009", real)):
                with pytest.raises(asyncpg.RestrictViolationError, match="not for this register"):
                    await service.execute(f"INSERT INTO register.urn VALUES ('{urn}', {number})")
        finally:
            await service.close()
        assert {number: await rows(owner, number) for number in (school_id, real)} == before
