"""The server that is measured: as `make run` starts one, not with the smaller settings of the tests."""

import json
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from onebox import postgres
from tests.bench.report import Table
from tests.support import postgres as databases
from tests.support.postgres import Database


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--bench-json", type=Path, default=None, help="where `make bench` writes its figures as JSON")


@pytest.fixture(scope="session")
def table(pytestconfig: pytest.Config) -> Iterator[Table]:
    """Give the one table that the bench fills, printed when all is measured."""
    filled = Table()
    yield filled
    if not filled.rows:
        return
    print("\n\n" + filled.as_text() + "\n")
    if (path := pytestconfig.getoption("--bench-json")) is not None:
        path.write_text(json.dumps(filled.as_json(), indent=2) + "\n")


@pytest.fixture(scope="session")
def server_in_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgres.Server]:
    """Give a server with the settings of service."""
    data = tmp_path_factory.mktemp("in-service")
    started = postgres.start(data)
    try:
        yield started
    finally:
        postgres.stop(started)
        shutil.rmtree(data)


@pytest.fixture(scope="session")
async def template_in_service(server_in_service: postgres.Server) -> Database:
    """Give the migrated database on it that others are cloned from."""
    return await databases.template(server_in_service)


@pytest.fixture
async def database_in_service(
    server_in_service: postgres.Server, template_in_service: Database
) -> AsyncIterator[Database]:
    """Give a migrated, empty database on it."""
    async with databases.clone(server_in_service, template_in_service) as cloned:
        yield cloned
