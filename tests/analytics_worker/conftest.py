"""The worker's pools, its application, and callers with tokens, on a Friday afternoon in November 2026."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime

import asyncpg
import httpx
import pytest
from joserfc.jwk import OKPKey

from analytics_worker.app import WorkerSettings, create_app
from kit import database as kit_database
from kit.tokens import Identity, Reach, issue
from tests.analytics_worker.writing import Desk
from tests.support.contract import HELD
from tests.support.postgres import Database
from tests.support.services import Clock

pytest.register_assert_rewrite("tests.analytics_worker.following")

AFTERNOON = "2026-11-20T16:00:00+00:00"

Calling = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture(scope="module")
async def desk(database: Database) -> AsyncIterator[Desk]:
    """Give both roles' pools and a clock."""
    register = kit_database.connect(database.register_url, name="test", pool_size=4)
    analytics = kit_database.connect(database.analytics_url, name="test", pool_size=6)
    yield Desk(register, analytics, Clock(datetime.fromisoformat(AFTERNOON)))
    await register.dispose()
    await analytics.dispose()


@pytest.fixture(autouse=True)
def _afternoon(request: pytest.FixtureRequest) -> None:
    if "desk" in request.fixturenames:
        request.getfixturevalue("desk").clock.set(AFTERNOON)


@pytest.fixture(scope="module")
async def calling(desk: Desk, database: Database) -> AsyncIterator[Calling]:
    """Give what makes a caller of the running application, with scopes and a reach."""
    key = OKPKey.generate_key("Ed25519", auto_kid=True)
    owner = await asyncpg.connect(database.owner_url)
    await owner.execute(
        "INSERT INTO access.key (kid, public_jwk) VALUES ($1, $2)", key.kid, json.dumps(key.as_dict(private=False))
    )
    await owner.close()
    # The projector looks once, when it starts; after that the test says when.
    settings = WorkerSettings(database_url=database.analytics_url, poll_seconds=3_600)
    app = create_app(settings, desk.clock)

    @asynccontextmanager
    async def caller(
        kind: str = "national", *ids: str, scopes: tuple[str, ...] = ("attendance:read", "alerts:read")
    ) -> AsyncIterator[httpx.AsyncClient]:
        identity = Identity("a-reader", frozenset(scopes), Reach(kind, frozenset(ids)))
        bearer = issue(identity, key, settings.public_url, desk.clock().timestamp())
        transport = httpx.ASGITransport(app)
        headers = {"Authorization": f"Bearer {bearer}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://worker", headers=headers, event_hooks=HELD
        ) as http:
            yield http

    async with app.router.lifespan_context(app):
        yield caller
