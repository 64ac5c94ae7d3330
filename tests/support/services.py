"""The services as a caller meets them: real HTTP on a free port, a clock that tests set, and clients with tokens."""

import asyncio
import hashlib
import secrets
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import uvicorn
from fastapi import FastAPI
from joserfc.jwk import OKPKey

from kit.patience import Patient
from kit.settings import IssuerSettings
from onebox.postgres import write_private
from register_api.app import create_app
from tests.support.contract import HELD
from tests.support.postgres import Database

EVERY_SCOPE = (
    *("roll:write", "marks:write", "amendments:write", "history:write", "register:read", "audit:read"),
    *("attendance:read", "alerts:read", "returns:read", "feeds:read"),
)


@dataclass(slots=True)
class Clock:
    """A clock that stands until a test moves it."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now.astimezone(UTC)

    def set(self, text: str) -> None:
        """Set the clock to an instant with an offset."""
        self.now = datetime.fromisoformat(text)


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[str]:
    """Serve an application over real HTTP for as long as the block runs; give its address."""
    # The protocol is named, for else asyncio leaves Nagle's algorithm on and every answer waits 40 ms.
    listening = socket.socket(proto=socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on", http=Patient))
    running = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        while not server.started:
            if running.done():
                running.result()
                raise RuntimeError("the service did not start")
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running
        listening.close()


async def add_client(
    database: Database, scopes: Sequence[str] = EVERY_SCOPE, kind: str = "national", reach: Sequence[str] = ()
) -> tuple[str, str]:
    """Register a client; give its id and secret."""
    client_id, secret = f"test-{secrets.token_hex(4)}", secrets.token_urlsafe(16)
    connection = await asyncpg.connect(database.owner_url)
    try:
        await connection.execute(
            "INSERT INTO access.client (client_id, name, secret_sha256, scopes, reach_kind, reach) "
            "VALUES ($1, $1, $2, $3, $4, $5)",
            client_id,
            hashlib.sha256(secret.encode()).digest(),
            list(scopes),
            kind,
            list(reach),
        )
    finally:
        await connection.close()
    return client_id, secret


async def token(address: str, credentials: tuple[str, str]) -> str:
    """Get a token for a client."""
    async with httpx.AsyncClient(base_url=address, verify=False) as http:
        answer = await http.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=credentials)
        answer.raise_for_status()
        return str(answer.json()["access_token"])


@dataclass(frozen=True, slots=True)
class Register:
    """A running register API: its address, its clock and its database."""

    address: str
    clock: Clock
    database: Database

    @asynccontextmanager
    async def client(
        self, scopes: Sequence[str] = EVERY_SCOPE, kind: str = "national", reach: Sequence[str] = ()
    ) -> AsyncIterator[httpx.AsyncClient]:
        """Give an HTTP client whose token has these scopes and this reach."""
        bearer = await token(self.address, await add_client(self.database, scopes, kind, reach))
        headers = {"Authorization": f"Bearer {bearer}"}
        async with httpx.AsyncClient(
            base_url=self.address, headers=headers, timeout=30, verify=False, event_hooks=HELD
        ) as http:
            yield http


@asynccontextmanager
async def register_api(database: Database, folder: Path, clock: Clock, **settings: Any) -> AsyncIterator[Register]:
    """Run the register API on a database of its own, by a clock that the test sets; further `settings` as they are."""
    key = folder / "signing-key.json"
    if not key.exists():
        write_private(key, OKPKey.generate_key("Ed25519").as_dict(private=True))
    # The closer looks once, when the service starts; after that the test says when.
    settings = {"closures_poll_seconds": 3_600, **settings}
    known = IssuerSettings(database_url=database.register_url, signing_key=key, **settings)
    async with serving(create_app(known, clock)) as address:
        yield Register(address, clock, database)
