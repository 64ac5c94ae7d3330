"""A register that holds everything that one can hold, its file, and Rollbooks that hold none."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from onebox.postgres import Server
from tests.support import postgres
from tests.support.closures import close, reverse
from tests.support.exchange import OLD, SCOPES, URN, exported
from tests.support.office import MONDAY, TUESDAY, Office, amending, calling, open_office
from tests.support.plans import decided, plan, slots
from tests.support.postgres import Database
from tests.support.school import CALENDAR, OFFICE, POLICY, pupil, put
from tests.support.services import Clock, Register, register_api


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
    moved = {"class": "4Ü", "facts": {"fsm": True, "sen": "K", "responsible_la": "330"}, "effective_from": TUESDAY}
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
    leave = plan(TUESDAY, TUESDAY, pupil="p-002", grounds="Ein Fest ☕", pattern=slots("tuesday PM"))
    await put(http, renamed.path("/planned-absences/leave-1"), leave)
    granted = {**leave, "decision": decided(), "change": {"made_by": OFFICE, "reason": "Talked it over"}}
    await put(http, renamed.path("/planned-absences/leave-1"), granted)
    await put(http, renamed.path("/planned-absences/out"), plan(TUESDAY, kind="exclusion", code="E"))
    closed = await close(renamed, "Y4", ("2026-12-01", "AM"), ("2026-12-02", "PM"))
    await reverse(renamed, closed["id"], **{"from": {"date": "2026-12-02", "session": "AM"}})
    await close(renamed, "#", ("2026-12-03", "AM"), ("2026-12-03", "PM"), reason="Élections")
    await close(renamed, "Y3", ("2026-12-04", "AM"), pupils=["p-001"], classes=["4B"])
    return renamed


@pytest.fixture(scope="module")
async def ndjson(office: Office, database: Database, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the file in the form that can be read by eye."""
    return await exported(database, tmp_path_factory.mktemp("export") / "whole.zip")


@pytest.fixture
async def empty(postgres_server: Server, template_database: Database) -> AsyncIterator[Database]:
    """Give a Rollbook that holds no register."""
    async with postgres.clone(postgres_server, template_database) as cloned:
        yield cloned


@pytest.fixture(scope="module")
async def untouched(postgres_server: Server, template_database: Database) -> AsyncIterator[Database]:
    """Give one Rollbook without a register to all: what is refused leaves it so."""
    async with postgres.clone(postgres_server, template_database) as cloned:
        yield cloned
