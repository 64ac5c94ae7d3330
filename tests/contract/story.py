"""One school's story in the contract's own examples: every operation is asked once, in an order that makes sense."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from analytics_worker import projector
from analytics_worker.app import WorkerSettings
from analytics_worker.app import create_app as analytics
from kit import database as kit_database
from kit.tokens import SCOPES
from ledger import checkpoints
from tests.support.contract import HELD, documents, operations
from tests.support.postgres import Database
from tests.support.sealing import KEY, ORIGIN, seal_all
from tests.support.services import Clock, register_api, serving

URN, NOW = "900001", "2026-09-17T16:00:00+01:00"
SEED = """
    INSERT INTO access.client (client_id, name, secret_sha256, scopes, reach_kind, reach)
    VALUES ($1, $1, sha256($2), $3, 'national', '{}')
"""
ALWAYS = {
    "urn": URN,
    "la_code": "931",
    "uid": "5143",
    "region_code": "E12000008",
    "academic_year": "2026-27",
    "date": "2026-09-07",
    "session": "AM",
    "slug": "entry-changed",
}
AN_ALERT = "the first alert"
"""Stands for its id, which no two registers have in common."""
STORY: tuple[tuple[str, dict[str, Any]], ...] = (
    ("healthz", {}),
    ("token", {}),
    ("me", {}),
    ("codes", {}),
    ("deletion_grounds", {}),
    ("problem", {}),
    ("put_school", {}),
    ("put_calendar", {}),
    ("put_pupil", {"id": "p-001"}),
    ("post_pupils", {}),
    ("enter_marks", {}),
    ("amend", {}),
    ("enter_history", {}),
    ("put_planned_absence", {"id": "leave-2026-001"}),
    ("put_ids", {}),
    ("take_attendance", {}),
    ("post_closure", {}),
    ("post_reversal", {"closure": "c-16"}),
    ("redact", {}),
    ("change_id", {"id": "p-002"}),
    ("sealed", {}),
    ("get_school", {}),
    ("get_calendar", {}),
    ("get_pupil", {"id": "p-001"}),
    ("get_pupils", {}),
    ("get_register", {}),
    ("get_day", {}),
    ("get_pupil_marks", {"id": "p-004"}),
    ("audit", {}),
    ("totals", {}),
    ("get_differences", {"between": "seq:10", "and": "seq:11"}),
    ("late_entries", {}),
    ("roll_changes", {"pupil": "p-1002"}),
    ("get_planned_absence", {"id": "leave-2026-001"}),
    ("get_planned_absences", {}),
    ("leave_checks", {}),
    ("get_ids", {}),
    ("get_closure", {"closure": "c-16"}),
    ("get_closures", {}),
    ("conflicts", {}),
    ("get_redactions", {}),
    ("events", {}),
    ("get_checkpoints", {}),
    ("get_keys", {}),
    ("get_continuation", {"from": 1, "to": 1}),
    ("get_note", {"size": 1}),
    ("get_standing", {}),
    ("get_proofs", {"seq": 11}),
    ("get_evidence", {"id": "p-004"}),
    ("get_certificate", {"id": "p-004"}),
    ("get_export", {}),
    ("folded", {}),
    ("of_school", {"by": "class"}),
    ("of_pupil", {"id": "p-004"}),
    ("sessions_behind", {"id": "p-004"}),
    ("alerts", {}),
    ("acknowledge", {"id": AN_ALERT}),
    ("act_on", {"id": AN_ALERT}),
    ("get_alert", {"id": AN_ALERT}),
    ("put_notice", {"id": "notice-2026-001"}),
    ("get_notice", {"id": "notice-2026-001"}),
    ("get_notices", {}),
    ("counts_of_school", {}),
    ("across_school", {}),
    ("day_of_school", {}),
    ("daily", {"date": "2026-09-07"}),
    ("of_trust", {"by": "school", "period": "week", "on": "2026-09-07"}),
    ("schools_of_trust", {}),
    ("alerts_of_trust", {}),
    ("counts_of_trust", {}),
    ("across_trust", {}),
    ("day_of_trust", {}),
    ("of_authority", {"by": "year-group", "period": "week", "on": "2026-09-07"}),
    ("of_responsible", {"period": "week", "on": "2026-09-07"}),
    ("schools_of_authority", {}),
    ("alerts_of_authority", {}),
    ("counts_of_authority", {}),
    ("across_authority", {}),
    ("counts_of_responsible", {}),
    ("day_of_authority", {}),
    ("of_region", {"by": "local-authority", "period": "week", "on": "2026-09-07"}),
    ("of_nation", {"by": "region", "period": "week", "on": "2026-09-07"}),
    ("national_daily", {"date": "2026-09-07"}),
    ("published", {}),
    ("get_reads", {}),
    ("post_sandbox", {}),
)
"""Operations in their order, with what stands in their addresses beside `ALWAYS`."""


@dataclass
class Told:
    """What every operation answered."""

    answers: dict[str, httpx.Response] = field(default_factory=dict)


def example_of(operation: Mapping[str, Any], document: Mapping[str, Any]) -> tuple[str, Any] | None:
    """Give the media type and the example of an operation's body; None where it has none."""
    if "requestBody" not in operation:
        return None
    kind, body = next(iter(operation["requestBody"]["content"].items()))
    if "examples" in body:
        return kind, "".join(each["value"] + "\n" for each in body["examples"].values())
    if "example" in body:
        return kind, body["example"]
    name = re.findall(r"#/components/schemas/(\w+)", str(body["schema"]))[0]
    return kind, document["components"]["schemas"][name]["examples"][0]


@asynccontextmanager
async def told(database: Database, folder: Path) -> AsyncIterator[Told]:
    """Run both services, tell the story, and give what was answered."""
    clock = Clock(datetime.fromisoformat(NOW))
    settings = WorkerSettings(database_url=database.analytics_url, poll_seconds=3_600)
    async with (
        register_api(database, folder, clock, sandbox=True) as running,
        serving(analytics(settings, clock)) as worker,
    ):
        yield await _tell(database, (running.address, worker), clock)


async def _tell(database: Database, addresses: tuple[str, str], clock: Clock) -> Told:
    by_id = {each["operationId"]: (name, each) for name, each in reversed(list(operations()))}
    _, login = example_of(by_id["token"][1], documents()[0]) or ("", {})
    owner = await asyncpg.connect(database.owner_url)
    secret = login["client_secret"].encode()
    await owner.execute(SEED, login["client_id"], secret, sorted(SCOPES))
    await owner.close()
    told, engine = Told(), kit_database.connect(database.register_url, name="tests", pool_size=2)
    async with httpx.AsyncClient(timeout=30, verify=False, event_hooks=HELD) as http:
        for id_, said in STORY:
            # What is ordered by time has one order.
            clock.now += timedelta(seconds=1)
            if id_ == "sealed":
                await _sealed(engine, clock.now)
                continue
            if id_ == "folded":
                await _folded(database, clock)
                continue
            if said.get("id") == AN_ALERT:
                said = {"id": told.answers["alerts"].json()["items"][0]["id"]}
            name, operation = by_id[id_]
            told.answers[id_] = await _ask(http, addresses, name, operation, said)
            assert told.answers[id_].status_code in (200, 201), (id_, told.answers[id_].text)
            if id_ == "token":
                http.headers["Authorization"] = f"Bearer {told.answers[id_].json()['access_token']}"
    await engine.dispose()
    return told


async def _ask(
    http: httpx.AsyncClient, addresses: tuple[str, str], name: str, operation: Mapping[str, Any], said: dict[str, Any]
) -> httpx.Response:
    method, _, path = name.partition(" ")
    at = next(n for n, document in enumerate(documents()) if path in document["paths"])
    meant = {**ALWAYS, **said}
    params = {each: value for each, value in said.items() if "{" + each + "}" not in path}
    example = example_of(operation, documents()[at])
    sent: dict[str, Any] = {}
    if example is not None:
        how = {"application/json": "json", "application/x-www-form-urlencoded": "data"}.get(example[0], "content")
        sent = {how: example[1]} | ({"headers": {"Content-Type": example[0]}} if how == "content" else {})
    return await http.request(method, addresses[at] + path.format(**meant), params=params, **sent)


async def _sealed(engine: AsyncEngine, at: datetime) -> None:
    """Seal what stands, and sign a checkpoint."""
    await checkpoints.open_log(engine, ORIGIN)
    await seal_all(engine)
    await checkpoints.sign(engine, [KEY], at, every=timedelta(0), ended=None)


async def _folded(database: Database, clock: Clock) -> None:
    """Fold everything, once: an alert that came and went between two looks would be told or not by chance."""
    engine = kit_database.connect(database.analytics_url, name="tests", pool_size=2)
    await projector.sweep(engine, clock)
    await engine.dispose()
