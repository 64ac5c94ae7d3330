"""`rollbook import`: history from files, with a summary that a secretary understands and a report of every wrong line."""

import asyncio
import csv
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from onebox.cli import main
from tests.support.office import calling
from tests.support.postgres import Database
from tests.support.school import pupil, set_up
from tests.support.services import Clock, register_api

URN = "900601"
PUPILS = 60


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str
    report: Path

    @property
    def rows(self) -> list[dict[str, str]]:
        with self.report.open(newline="", encoding="utf-8-sig") as file:
            return list(csv.DictReader(file))


Import = Callable[..., Done]


@pytest.fixture(scope="module")
async def school(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Database:
    """Set a school up whose pupils have been on roll since 2019, with one calendar."""
    clock = Clock(datetime.fromisoformat("2026-09-07T16:00:00+01:00"))
    async with (
        register_api(database, tmp_path_factory.mktemp("register"), clock) as running,
        calling(running, ("roll:write", "admin")) as http,
    ):
        await set_up(http, URN, pupils=1)
        roll = [
            pupil(id=f"h-{n:03}", upn=None, date_of_birth="2012-02-11", starting_day="2019-09-03")
            for n in range(PUPILS)
        ]
        answer = await http.post(f"/v1/schools/{URN}/pupils", json={"pupils": roll})
        assert answer.json()["entered"] == PUPILS, answer.text
    return database


@pytest.fixture
def importing(school: Database, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Import:
    """Give what writes a file, imports it, and returns what the command said."""

    def run(content: bytes | str, *arguments: str, name: str = "old.csv") -> Done:
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        try:
            code = main(("import", str(file), "--school", URN, "--database-url", school.owner_url, *arguments))
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        return Done(code, *capsys.readouterr(), tmp_path / f"{name}.report.csv")

    return run


def fetch(database: Database, query: str, *arguments: Any) -> list[asyncpg.Record]:
    async def asked() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(database.owner_url)
        try:
            return list(await connection.fetch(query, *arguments))
        finally:
            await connection.close()

    return asyncio.run(asked())


HEADER = "pupil,date,session,code,original_entry,reason,made_at,name,position\n"
MADE = "2021-09-06T09:00:00+01:00,A. Teacher,Class teacher"


def test_a_file_of_the_documented_form_comes_in_and_is_summed_up_in_plain_words(importing: Import) -> None:
    rows = f"h-001,2021-09-06,AM,N,,,{MADE}\nh-001,2021-09-06,AM,I,N,Mother telephoned,{MADE}\nh-002,2021-09-06,PM,\\,,,{MADE}\n"
    done = importing(HEADER + rows)
    assert done.code == 0, done.err
    print(done.out)
    assert 0
