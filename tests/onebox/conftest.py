"""A school of long ago, in a database of its own for each test: a year that goes is every school's."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from onebox.postgres import Server
from tests.support.letting_go import Past, playing
from tests.support.postgres import Database


@pytest.fixture
async def past(postgres_server: Server, template_database: Database, tmp_path: Path) -> AsyncIterator[Past]:
    async with playing(postgres_server, template_database, tmp_path) as played:
        yield played
