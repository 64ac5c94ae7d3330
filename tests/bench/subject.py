"""What is measured: the real register API in processes of its own, and schools set up through it as a MIS does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from joserfc.jwk import OKPKey

from onebox import services
from onebox.postgres import write_private
from tests.bench.world import CALENDAR, CLASSES, YEAR, School, pupils_of_school
from tests.support.ports import free_port
from tests.support.postgres import Database
from tests.support.school import POLICY, put
from tests.support.services import add_client, token

LA = "931"
ISSUER = "http://127.0.0.1:8000"
READER = ("attendance:read",)
MIS = ("marks:write", "history:write", "register:read", "audit:read", "evidence:read")


@dataclass(frozen=True, slots=True)
class Subject:
    """The processes of the register API on one database, and the schools that it knows."""

    database: Database
    running: tuple[services.Service, ...]
    schools: tuple[School, ...]
    folder: Path

    @property
    def addresses(self) -> list[str]:
        """Where each process answers."""
        return [service.url for service in self.running]


@asynccontextmanager
async def subject(
    database: Database, folder: Path, *, processes: int, schools: int, classes: int = CLASSES
) -> AsyncIterator[Subject]:
    """Run the register API, started as `rollbook up` starts it, with schools that are ready for their registers."""
    key = folder / "signing-key.json"
    write_private(key, OKPKey.generate_key("Ed25519").as_dict(private=True))
    settings = {
        "ROLLBOOK_DATABASE_URL": database.register_url,
        "ROLLBOOK_SIGNING_KEY": str(key),
        "ROLLBOOK_PUBLIC_URL": ISSUER,
        "ROLLBOOK_REQUESTS_A_MINUTE": "0",  # what is measured is the service, and one client asks for all
    }
    running: list[services.Service] = []
    try:
        for number in range(processes):
            log = folder / f"register-api-{number}.log"
            running.append(services.start("register API", "register_api.app:create_app", free_port(), log, settings))
            services.await_ready(running[-1])
        urns = [str(900_001 + number) for number in range(schools)]
        yield Subject(database, tuple(running), await _set_up(database, running[0].url, urns, classes), folder)
    finally:
        services.stop(running)


@asynccontextmanager
async def reading(of: Subject) -> AsyncIterator[tuple[services.Service, str]]:
    """Run the analytics API beside it; give it with the token of the authority that all the schools are in."""
    settings = {
        "ROLLBOOK_DATABASE_URL": of.database.analytics_url,
        "ROLLBOOK_PUBLIC_URL": ISSUER,
        "ROLLBOOK_REQUESTS_A_MINUTE": "0",
    }
    log = of.folder / "analytics-api.log"
    service = services.start("analytics API", "analytics_worker.app:create_app", free_port(), log, settings)
    try:
        services.await_ready(service)
        yield service, await token(of.addresses[0], await add_client(of.database, READER, "authority", [LA]))
    finally:
        services.stop([service])


async def _set_up(database: Database, address: str, urns: list[str], classes: int) -> tuple[School, ...]:
    found = []
    admin = await token(address, await add_client(database, ("roll:write", "admin")))
    headers = {"Authorization": f"Bearer {admin}"}
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=30) as http:
        for urn in urns:
            school = {"name": f"Invented Primary {urn}", "phase": "primary", "age_range": [4, 11], "policy": POLICY}
            await put(http, f"/v1/schools/{urn}", {**school, "la_code": LA, "laestab": f"{LA}{urn[-4:]}"})
            await put(http, f"/v1/schools/{urn}/calendar/{YEAR}", CALENDAR)
            pupils = pupils_of_school(classes)
            answer = await http.post(f"/v1/schools/{urn}/pupils", json={"pupils": pupils})
            assert answer.json()["entered"] == len(pupils), answer.text
            # Writing needs the school's own client.
            found.append(School(urn, await token(address, await add_client(database, MIS, "schools", [urn]))))
    return tuple(found)
