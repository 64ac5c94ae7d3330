"""The end of a sandbox: a day later it is out of reach, then every row of it is gone, and no other can be deleted."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from analytics_worker import projector
from analytics_worker.app import WorkerSettings
from analytics_worker.app import create_app as analytics
from analytics_worker.projector import Waiting
from kit import database as kit_database
from kit.database import Connection
from tests.support.office import Office, calling, refusal
from tests.support.sandboxes import forgotten, lived_in, number_of, owning, rows, sandbox, sandboxing
from tests.support.sealing import checkpointed
from tests.support.services import Register, add_client, serving, token

LAST = "2026-09-08T15:59:59+01:00"
OVER = "2026-09-08T16:00:00+01:00"
SETTLED = "2026-09-08T16:02:00+01:00"
FORM = {"grant_type": "client_credentials"}


@pytest.fixture(scope="module")
async def on(register: Register, folder: Path) -> AsyncIterator[Register]:
    async with sandboxing(register, folder) as running:
        yield running


@pytest.fixture
async def owner(register: Register) -> AsyncIterator[Connection]:
    async with owning(register.database) as connection:
        yield connection


async def _token(register: Register, credentials: tuple[str, str]) -> httpx.Response:
    async with httpx.AsyncClient(base_url=register.address, verify=False) as http:
        return await http.post("/oauth/token", data=FORM, auth=credentials)


async def test_no_token_outlives_its_sandbox(on: Register) -> None:
    async with sandbox(on) as mine:
        assert (await _token(on, mine.credentials)).json()["expires_in"] == 1_800
        on.clock.set("2026-09-08T15:50:00+01:00")
        late = (await _token(on, mine.credentials)).json()
        assert late["expires_in"] == 600
        headers = {"Authorization": f"Bearer {late['access_token']}"}
        on.clock.set(LAST)
        assert (await mine.http.get(mine.office.path(), headers=headers)).status_code == 200
        on.clock.set(OVER)
        refusal(await mine.http.get(mine.office.path(), headers=headers), "invalid-token")
        refusal(await _token(on, mine.credentials), "invalid-client")


async def test_from_its_last_moment_on_the_school_is_unknown_in_both_services(on: Register) -> None:
    settings = WorkerSettings(database_url=on.database.analytics_url, poll_seconds=3_600)
    async with sandbox(on) as mine, serving(analytics(settings, on.clock)) as address, owning(on.database) as owner:
        # A token that should not be, with all that its client ever had.
        await owner.execute("UPDATE access.client SET ends_at = NULL WHERE client_id = $1", mine.credentials[0])
        on.clock.set(LAST)
        headers = {"Authorization": f"Bearer {await token(on.address, mine.credentials)}"}
        async with httpx.AsyncClient(base_url=address, headers=headers, verify=False) as figures:
            assert (await mine.http.get(mine.office.path(), headers=headers)).status_code == 200
            assert (await figures.get(mine.office.path("/alerts"))).status_code == 200
            on.clock.set(OVER)
            refusal(await mine.http.get(mine.office.path(), headers=headers), "unknown-school")
            refusal(await figures.get(mine.office.path("/alerts")), "unknown-school")


async def test_a_day_later_no_row_of_it_is_left_and_every_other_school_is_as_it_was(
    on: Register, office: Office, owner: Connection
) -> None:
    await office.entered((office.pupil(), "N"))
    await checkpointed(on.database)
    async with lived_in(on) as mine, sandbox(on) as longer:
        school_id, other = await number_of(owner, mine.urn), await number_of(owner, office.urn)
        before, younger = await rows(owner, school_id), await number_of(owner, longer.urn)
        assert {"ledger.event", "ledger.text", "ledger.nonce_key", "ledger.staff", "register.placing"} <= before.keys()
        assert {"access.pupil_read", "analysis.entry", "analysis.checkpoint", "register.sandbox"} <= before.keys()
        assert {"casework.head", "casework.act", "casework.notice"} <= before.keys()
        longer_by = "UPDATE register.sandbox SET until = until + interval '1 hour' WHERE school_id = $1"
        async with owner.transaction():
            await owner.execute("ALTER TABLE register.sandbox DISABLE TRIGGER append_only")
            await owner.execute(longer_by, younger)
            await owner.execute("ALTER TABLE register.sandbox ENABLE TRIGGER append_only")
        kept = {number: await rows(owner, number) for number in (other, younger)}
        on.clock.set("2026-09-08T16:01:59+01:00")
        assert await forgotten(on) == 0
        assert await rows(owner, school_id) == before
        on.clock.set(SETTLED)
        assert await forgotten(on) >= 1
        assert await rows(owner, school_id) == {}
        assert await owner.fetchval("SELECT count(*) FROM register.sandbox WHERE urn = $1", mine.urn) == 0
        assert await owner.fetchval("SELECT count(*) FROM access.client WHERE client_id = $1", mine.credentials[0]) == 0
        assert {number: await rows(owner, number) for number in (other, younger)} == kept
        # Nothing comes back with whoever had it on a list.
        engine = kit_database.connect(on.database.analytics_url, name="tests", pool_size=2)
        assert not await projector.bring_forward(engine, Waiting(school_id, True, True, False))
        await engine.dispose()
        assert await rows(owner, school_id) == {}
    assert await forgotten(on) == 0


async def test_a_urn_that_is_given_again_leads_to_the_new_school_alone(on: Register, owner: Connection) -> None:
    async with sandbox(on) as first:
        await first.office.entered(("p-01", "N"))
        old = await number_of(owner, first.urn)
        on.clock.set(SETTLED)
        assert await forgotten(on) >= 1
        # All URNs but that one are taken.
        taken = "INSERT INTO register.urn SELECT n::text, 0 FROM generate_series(990000, 999998) n WHERE n::text <> $1"
        async with owner.transaction():
            await owner.execute("ALTER TABLE register.urn DISABLE TRIGGER of_its_kind")
            await owner.execute(f"{taken} ON CONFLICT DO NOTHING", first.urn)
            await owner.execute("ALTER TABLE register.urn ENABLE TRIGGER of_its_kind")
        try:
            async with sandbox(on) as second:
                assert second.urn == first.urn
                assert await number_of(owner, second.urn) != old
                assert await second.office.entry("p-01") is None
                refusal(await first.http.get(first.office.path()), "invalid-token")
                refusal(await _token(on, first.credentials), "invalid-client")
                async with httpx.AsyncClient(base_url=on.address, verify=False) as http:
                    refusal(await http.post("/v1/sandbox"), "sandbox-full")
        finally:
            await owner.execute("DELETE FROM register.urn WHERE school_id = 0")


@pytest.mark.alone
async def test_the_service_removes_it_by_itself_even_when_switched_off(
    on: Register, owner: Connection, folder: Path
) -> None:
    async with lived_in(on) as mine:
        school_id = await number_of(owner, mine.urn)
        on.clock.set(SETTLED)
        async with sandboxing(on, folder) as again:
            assert again.clock is on.clock
            begun = time.monotonic()
            while await rows(owner, school_id):
                assert time.monotonic() - begun < 10
                await asyncio.sleep(0.05)


async def test_one_that_cannot_be_removed_keeps_no_other(on: Register, owner: Connection) -> None:
    async with sandbox(on) as stuck, sandbox(on) as mine, owning(on.database) as writing:
        numbers = [await number_of(owner, each.urn) for each in (stuck, mine)]
        on.clock.set(SETTLED)
        async with writing.transaction():
            await writing.execute("SELECT FROM ledger.head WHERE school_id = $1 FOR UPDATE", numbers[0])
            assert await forgotten(on) >= 1
            assert await rows(owner, numbers[0]) != {}
            assert await rows(owner, numbers[1]) == {}
        refusal(await stuck.http.get(stuck.office.path()), "invalid-token")
        assert await forgotten(on) == 1
        assert await rows(owner, numbers[0]) == {}


async def test_a_client_without_an_end_gets_tokens_as_ever(on: Register) -> None:
    client: Any = await add_client(on.database, ("audit:read",))
    on.clock.set("2030-01-01T00:00:00+00:00")
    assert (await _token(on, client)).json()["expires_in"] == 1_800
    async with calling(on, ("audit:read",)) as http:
        assert (await http.get("/v1/me")).status_code == 200
