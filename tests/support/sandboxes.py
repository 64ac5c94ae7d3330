"""Sandboxes as an integrator gets them, and every row that the database has of a school."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from analytics_worker import projector
from kit import database as kit_database
from kit.database import Connection
from register_api import sandboxes
from tests.support.contract import HELD
from tests.support.office import Office, amending
from tests.support.postgres import Database
from tests.support.services import Register, register_api, token

WITH_A_SCHOOL = """
    SELECT n.nspname || '.' || c.relname AS name
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attname = 'school_id'
    ORDER BY 1
"""


@asynccontextmanager
async def sandboxing(register: Register, folder: Path, **settings: Any) -> AsyncIterator[Register]:
    """Run a second register API beside one, with sandboxes switched on."""
    async with register_api(register.database, folder, register.clock, sandbox=True, **settings) as on:
        yield on


@asynccontextmanager
async def owning(database: Database) -> AsyncIterator[Connection]:
    """Give a connection of the owner."""
    connection = await asyncpg.connect(database.owner_url)
    try:
        yield connection
    finally:
        await connection.close()


ACTED = """
    WITH head AS (INSERT INTO casework.head VALUES ($1, 2)),
    act AS (INSERT INTO casework.act
            VALUES ($1, 1, uuidv7(), 1, 'n-overdue', 'a day', 'letter', now(), now(), 'a', 'Who', 'What', NULL, '{}'))
    INSERT INTO casework.notice VALUES ($1, 2, 'n-1', 1, 'penalty-notice', now(), 'a-client', 'Who', 'What', '{}')
"""
"""What people did about an alert of a school, and a notice."""


async def rows(owner: Connection, school_id: int) -> dict[str, str]:
    """Give what each table has of a school, by a hash of all its rows; tables that have none are left out."""
    found = {}
    for table in [row["name"] for row in await owner.fetch(WITH_A_SCHOOL)]:
        hashed = f"SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM {table} t WHERE school_id = $1"
        if (kept := await owner.fetchval(hashed, school_id)) is not None:
            found[table] = kept
    return found


async def counts(owner: Connection) -> dict[str, int]:
    """Give how many rows each table has that a sandbox writes to."""
    tables = [row["name"] for row in await owner.fetch(WITH_A_SCHOOL)]
    return {table: await owner.fetchval(f"SELECT count(*) FROM {table}") for table in (*tables, "access.client")}


async def number_of(owner: Connection, urn: str) -> int:
    """Give the number of the school that a URN stands for."""
    return int(await owner.fetchval("SELECT school_id FROM register.urn WHERE urn = $1", urn))


@dataclass(frozen=True, slots=True)
class Begun:
    """A sandbox: what was answered when it was begun, and a caller with its token."""

    answer: dict[str, Any]
    http: httpx.AsyncClient
    office: Office

    @property
    def urn(self) -> str:
        return str(self.answer["urn"])

    @property
    def credentials(self) -> tuple[str, str]:
        return self.answer["client"]["client_id"], self.answer["client"]["client_secret"]


async def begun(register: Register, body: Any = None) -> dict[str, Any]:
    """Begin a sandbox, and give the answer."""
    async with httpx.AsyncClient(base_url=register.address, timeout=30, verify=False, event_hooks=HELD) as http:
        answer = await http.post("/v1/sandbox", **({} if body is None else {"json": body}))
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    found: dict[str, Any] = answer.json()
    return found


@asynccontextmanager
async def sandbox(register: Register, body: Any = None) -> AsyncIterator[Begun]:
    """Begin a sandbox, and call with its client."""
    answer = await begun(register, body)
    client = answer["client"]
    bearer = await token(register.address, (client["client_id"], client["client_secret"]))
    headers = {"Authorization": f"Bearer {bearer}"}
    async with httpx.AsyncClient(
        base_url=register.address, headers=headers, timeout=30, verify=False, event_hooks=HELD
    ) as http:
        yield Begun(answer, http, Office(http, answer["urn"], register.database, iter(answer["pupils"])))


async def forgotten(register: Register) -> int:
    """Remove the sandboxes that are over, as the service does by itself once a minute; give how many went."""
    engine = kit_database.connect(register.database.register_url, name="tests", pool_size=1)
    try:
        return await sandboxes.forget_over(engine, register.clock())
    finally:
        await engine.dispose()


@asynccontextmanager
async def lived_in(on: Register) -> AsyncIterator[Begun]:
    """Give a sandbox with rows wherever a day of work leaves them, figures and reads among them."""
    async with sandbox(on) as mine:
        await mine.office.entered(("p-01", "/"), ("p-02", "N"))
        await mine.office.amended(amending("p-02", "N", "I"))
        await mine.office.get("/amendments")
        await mine.office.get("/pupils/p-01/marks")
        await swept(on)
        async with owning(on.database) as owner:
            await owner.execute(ACTED, await number_of(owner, mine.urn))
        yield mine


async def swept(register: Register) -> None:
    """Fold what every school has, as the worker does."""
    engine = kit_database.connect(register.database.analytics_url, name="tests", pool_size=2)
    try:
        await projector.sweep(engine, register.clock)
    finally:
        await engine.dispose()
