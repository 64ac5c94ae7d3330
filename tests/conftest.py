"""What every test may ask for: a real server, and a migrated database of its own."""

from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import settings

from onebox.postgres import Server
from tests.support import postgres
from tests.support.postgres import Database

# A machine that is busy with something else must not fail a property that holds.
settings.register_profile("rollbook", deadline=None)
settings.load_profile("rollbook")


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give the one PostgreSQL of this run."""
    with postgres.server(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="session")
async def template_database(postgres_server: Server) -> Database:
    """Give the migrated database that others are cloned from; nobody may connect to it for long."""
    return await postgres.template(postgres_server)


@pytest.fixture(scope="module")
async def database(postgres_server: Server, template_database: Database) -> AsyncIterator[Database]:
    """Give this module a migrated database of its own, with the addresses of the owner and of both services."""
    async with postgres.clone(postgres_server, template_database) as cloned:
        yield cloned
