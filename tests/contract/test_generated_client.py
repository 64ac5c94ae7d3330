"""Clients that a generator makes of both documents drive one whole journey, by our own words."""

import asyncio
import importlib
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest

from analytics_worker import projector
from analytics_worker.app import WorkerSettings
from analytics_worker.app import create_app as analytics
from kit import database as kit_database
from tests.support.office import MONDAY, amending
from tests.support.postgres import Database
from tests.support.school import CALENDAR, OFFICE, POLICY, TEACHER, pupil
from tests.support.services import EVERY_SCOPE, Clock, add_client, register_api, serving

URN = "900191"
# The generator knows JSON, forms and bytes; what is neither of the first two is bytes to a client.
CONFIG = """
post_hooks: []
content_type_overrides:
  application/x-ndjson: application/octet-stream
  application/zip: application/octet-stream
  text/csv: application/octet-stream
"""


@dataclass(frozen=True, slots=True)
class Generated:
    """A client made of a service's document, and where that service is."""

    package: str
    address: str

    def call(self, operation: str) -> Any:
        """Give the call of an operation, named with its tag."""
        return importlib.import_module(f"{self.package}.api.{operation}").asyncio_detailed

    def of(self, model: str, **members: Any) -> Any:
        """Give a body of a model from what its JSON holds."""
        return getattr(self.models, model).from_dict(members)

    @property
    def models(self) -> Any:
        """Every model of the document."""
        return importlib.import_module(f"{self.package}.models")

    def client(self, bearer: str | None = None) -> Any:
        """Give a client that fails where an answer is not documented."""
        module = importlib.import_module(self.package)
        asked = {"base_url": self.address, "raise_on_unexpected_status": True, "httpx_args": {"trust_env": False}}
        return module.Client(**asked) if bearer is None else module.AuthenticatedClient(**asked, token=bearer)


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()


async def _generated(address: str, folder: Path, package: str) -> Generated:
    """Make a client of the document that a service gives; a warning of the generator's or the compiler's fails."""
    document, config, output = folder / f"{package}.json", folder / "config.yml", folder / package
    async with httpx.AsyncClient(base_url=address, timeout=60, verify=False) as http:
        document.write_bytes((await http.get("/openapi.json")).content)
    config.write_text(CONFIG)
    made = ("--path", str(document), "--config", str(config), "--output-path", str(output))
    await _run("-m", "openapi_python_client", "generate", *made, "--meta", "none", "--fail-on-warning")
    await _run("-W", "error", "-m", "compileall", "-q", str(output))
    return Generated(package, address)


@dataclass(frozen=True, slots=True)
class Clients:
    """The clients of both services, the secret to use them with, and the clock."""

    register: Generated
    analytics: Generated
    credentials: tuple[str, str]
    clock: Clock
    database: Database


@pytest.fixture(scope="module")
async def clients(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Clients]:
    folder = tmp_path_factory.mktemp("generated")
    clock = Clock(datetime.fromisoformat("2026-09-07T16:00:00+01:00"))
    worker = analytics(WorkerSettings(database_url=database.analytics_url, poll_seconds=3_600), clock)
    async with register_api(database, folder, clock) as running, serving(worker) as address:
        with pytest.MonkeyPatch.context() as patched:
            patched.syspath_prepend(folder)
            register = await _generated(running.address, folder, "register_client")
            of_analytics = await _generated(address, folder, "analytics_client")
            credentials = await add_client(database, (*EVERY_SCOPE, "admin"))
            yield Clients(register, of_analytics, credentials, clock, database)


async def test_a_generated_client_drives_a_whole_journey(clients: Clients) -> None:
    made, (client_id, secret) = clients.register, clients.credentials

    form = made.models.TokenBody(grant_type="client_credentials", client_id=client_id, client_secret=secret)
    async with made.client() as client:
        bearer = (await _given(made.call("access.token")(client=client, body=form))).access_token
    async with made.client(bearer) as client:
        await _set_up(made, client)
        await _mark_and_amend(made, client)
        await _read(made, client)

    engine = kit_database.connect(clients.database.analytics_url, name="test", pool_size=2)
    await projector.sweep(engine, clients.clock)
    await engine.dispose()
    async with clients.analytics.client(bearer) as client:
        attendance = await _given(clients.analytics.call("attendance.of_school")(URN, client=client))
    assert (attendance.possible_sessions, attendance.present_sessions) == (2, 1)


async def _set_up(made: Generated, client: Any) -> None:
    school = {"name": "Invented Primary", "phase": "primary", "age_range": [4, 11], "policy": POLICY}
    body = made.of("PutSchool", **school, la_code="931", laestab="9310191")
    await _given(made.call("schools.put_school")(URN, client=client, body=body))
    calendar = made.of("PutCalendar", **CALENDAR)
    await _given(made.call("calendars.put_calendar")(URN, "2026-27", client=client, body=calendar))
    pupils = made.of("PostPupils", pupils=[pupil(id=f"p-00{n}") for n in (1, 2, 3)])
    entered = await _given(made.call("roll.post_pupils")(URN, client=client, body=pupils))
    assert (entered.entered, entered.refused) == (3, 0)


def _morning(made: Generated) -> tuple[Any, ...]:
    return URN, date.fromisoformat(MONDAY), made.models.Session.AM


async def _mark_and_amend(made: Generated, client: Any) -> None:
    marks = made.models.EnterMarks(
        made_by=made.models.MadeBy(**TEACHER),
        marks=[made.models.MarkItem(pupil=id_, code=code) for id_, code in (("p-001", "N"), ("p-002", "/"))],
    )
    taken = await _given(made.call("marks.enter_marks")(*_morning(made), client=client, body=marks))
    assert [(each.pupil, each.outcome.value, each.version) for each in taken.outcomes] == [
        ("p-001", "entered", 1),
        ("p-002", "entered", 1),
    ]
    amend = made.of("Amend", made_by=OFFICE, amendments=[amending("p-001", "N", "I")])
    amended = await _given(made.call("amendments.amend")(URN, client=client, body=amend))
    assert (amended.amended, amended.outcomes[0].version) == (1, 2)


async def _read(made: Generated, client: Any) -> None:
    register = await _given(made.call("registers.get_register")(*_morning(made), client=client))
    current = {item.pupil: item.entry.code for item in register.items if item.entry}
    assert current == {"p-001": "I", "p-002": "/"}
    audit = await _given(made.call("amendments.audit")(URN, client=client))
    [found] = audit.items
    assert (found.pupil, found.original_entry, found.amended_entry) == ("p-001", "N", "I")
    assert found.made_by.to_dict() == OFFICE


async def test_a_generated_client_is_told_of_a_refusal_as_a_problem(clients: Clients) -> None:
    made = clients.register
    async with made.client("forged") as client:
        answer = await made.call("schools.get_school")(URN, client=client)
    assert (answer.status_code, answer.parsed.code) == (401, "invalid-token")


async def _given(called: Any) -> Any:
    """Give the body of an answer, which must be a success and have the documented form."""
    answer = await called
    assert answer.status_code == 200, answer.content
    return answer.parsed


@pytest.mark.parametrize(
    ("model", "members"),
    [
        ("MarkItem", {"pupil", "code", "minutes_late", "arrived_at", "nature", "made_by", "made_at"}),
        ("AmendmentItem", {"pupil", "date", "session", "original_entry", "amended_entry", "reason"}),
        ("PutPupil", {"forename", "surname", "date_of_birth", "sex", "year_group", "class_", "starting_day"}),
        ("Problem", {"type_", "code", "title", "status", "detail", "errors"}),
    ],
)
async def test_its_types_name_our_members(clients: Clients, model: str, members: set[str]) -> None:
    assert members <= {field.name for field in attrs.fields(getattr(clients.register.models, model))}
