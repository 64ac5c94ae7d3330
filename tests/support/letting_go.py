"""A school that kept its register in 2018, for tests of what is let go of it years later."""

import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from analytics_worker import projector
from kit import database as kit_database
from kit.database import Connection
from kit.schools import LONDON
from ledger import checkpoints, paths, proving, sealing, tree
from ledger.covers import Folded
from onebox import retention, retention_act, retention_holds
from onebox.postgres import Server
from onebox.retention import SchoolYear
from tests.support import postgres
from tests.support.office import Office, calling
from tests.support.postgres import Database
from tests.support.school import OFFICE, POLICY, pupil
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
    service: AsyncEngine
    analytics: AsyncEngine
    school_id: int

    async def let_go(self, now: datetime = NOW, years: int = 6) -> list[SchoolYear]:
        """Let go what is past of every year, as the command does."""
        today = now.astimezone(LONDON).date()
        past = retention.years_past(today, years)
        return [each for year in past for each in await retention_act.let_go(self.owner, year, lambda: now, years)]

    async def plan(self, now: datetime = NOW, years: int = 6) -> list[SchoolYear]:
        return await retention.plan(self.owner, now.astimezone(LONDON).date(), years)

    async def sweep(self) -> None:
        """Seal every register and fold it, as the services do all the time."""
        await seal(self.service)
        await projector.sweep(self.analytics, self.register.clock)

    async def folded(self) -> tuple[list[Any], list[Any], list[Any]]:
        """Give what stands in the read models."""
        entries = "SELECT * FROM analysis.entry WHERE school_id = $1 ORDER BY session_date, session, pupil_no"
        totals = "SELECT * FROM analysis.day_total WHERE school_id = $1 AND entries <> 0 ORDER BY 2, 3, 4, 5, 6"
        weeks = "SELECT * FROM analysis.pupil_week WHERE school_id = $1 ORDER BY week, pupil_no"
        entered, summed, laid = [await self.owner.fetch(sql, self.school_id) for sql in (entries, totals, weeks)]
        return entered, summed, laid

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
        rows = [json.loads(line) for line in await self.lines("covers", limit)]
        folded = Folded({(row["level"], row["index"]): bytes.fromhex(row["hash"]) for row in rows})
        for leaf, line in zip(leaves, lines, strict=True):
            folded.pass_over(leaf["seq"] - 1)
            folded.add(line)
        size, root = await self.office.head()
        folded.pass_over(size)
        folded.finish()
        assert folded.root == root
        return leaves

    async def proved_under_every_seal(self) -> None:
        """Prove every entry that is left, and every continuation, by the roots that were sealed before it went."""
        seals = {
            row["seq"]: row["root"] for row in await self.owner.fetch("SELECT seq, root FROM ledger.seal WHERE seq > 0")
        }
        lines = await self.lines("leaves")
        leaves = {json.loads(line)["seq"]: tree.leaf_hash(line) for line in lines}
        async with kit_database.reading(self.service, self.school_id) as connection:
            for size, root in seals.items():
                seqs = [seq for seq in leaves if seq <= size]
                for seq, path in (await proving.inclusion(connection, self.school_id, seqs, size)).items():
                    assert paths.root_by(leaves[seq], seq - 1, size, path) == root
                for old in [old for old in seals if old <= size]:
                    path = await proving.consistency(connection, self.school_id, old, size)
                    assert paths.continues(old, seals[old], size, root, path)

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


async def seal(service: AsyncEngine) -> None:
    await checkpoints.open_log(service, "rollbook.example/register")
    for school_id, is_new in await sealing.waiting(service):
        assert await sealing.seal(service, school_id, is_new=is_new) == "sealed"


async def put(http: httpx.AsyncClient, path: str, body: Any) -> None:
    answer = await http.put(path, json=body)
    assert answer.status_code == 200, answer.text


async def play(
    register: Register, http: httpx.AsyncClient, service: AsyncEngine, urn: str = URN, **policy: Any
) -> Office:
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
        await seal(service)
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


SCOPES = (*EVERY_SCOPE, "evidence:read")


@asynccontextmanager
async def playing(server: Server, template: Database, folder: Path, **policy: Any) -> AsyncIterator[Past]:
    async with postgres.clone(server, template) as database:
        clock = Clock(datetime(2018, 9, 3, 12, tzinfo=UTC))
        owner = await asyncpg.connect(database.owner_url)
        service = kit_database.connect(database.register_url, name="tests", pool_size=2)
        analytics = kit_database.connect(database.analytics_url, name="tests", pool_size=2)
        try:
            async with register_api(database, folder, clock) as register, calling(register, SCOPES) as http:
                office = await play(register, http, service, **policy)
                school_id = await owner.fetchval("SELECT school_id FROM register.urn WHERE urn = $1", URN)
                past = Past(office, register, owner, service, analytics, school_id)
                await past.sweep()
                clock.now = NOW
                yield past
        finally:
            await service.dispose()
            await analytics.dispose()
            await owner.close()


def went(gone: Sequence[SchoolYear]) -> list[tuple[str, str, int, int, int, int]]:
    return [
        (each.school.urn, each.academic_year, len(each.going), each.texts, len(each.pupils), len(each.staying))
        for each in gone
    ]
