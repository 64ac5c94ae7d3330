"""docs/integrate.md can be followed word for word, and what it shows is what is answered."""

import asyncio
import os
import re
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analytics_worker.app import WorkerSettings
from analytics_worker.app import create_app as analytics
from tests.demo.conftest import LONDON
from tests.support import contract, tree
from tests.support.postgres import Database
from tests.support.services import Clock, register_api, serving

PAGE = (tree.ROOT / "docs" / "integrate.md").read_text("utf-8")
STEPS: list[tuple[str, str]] = re.findall(r"^```sh\n(.*?)^```\n```(?:json|text)\n(.*?)^```$", PAGE, re.M | re.S)
BEGUN = datetime(2026, 11, 23, 10, 0, tzinfo=LONDON)
BETWEEN = "\n@@@\n"


@dataclass(slots=True)
class Running(Clock):
    """A clock that goes on: what was recorded lies in the past of what is asked next."""

    began: float = field(default_factory=time.monotonic)

    def __call__(self) -> datetime:
        return self.now.astimezone(UTC) + timedelta(seconds=time.monotonic() - self.began)


@pytest.fixture(scope="module")
async def told(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[list[str]]:
    """Give what each step of the page prints, all pasted into one terminal beside both services."""
    clock = Running(BEGUN)
    figures = WorkerSettings(database_url=database.analytics_url, poll_seconds=0.05)
    async with (
        register_api(database, tmp_path_factory.mktemp("register"), clock, sandbox=True) as register,
        serving(analytics(figures, clock)) as address,
    ):
        commands = "".join(f"printf '\\n@@@\\n'\n{each}" for each, _ in STEPS)
        commands = commands.replace("http://127.0.0.1:8000", register.address)
        commands = commands.replace("http://127.0.0.1:8001", address)
        yield await pasted(commands, tmp_path_factory.mktemp("newcomer"), database)


async def pasted(commands: str, folder: Path, database: Database) -> list[str]:
    """Run commands as they stand, but for where the program is; give what each step printed."""
    shell = await asyncio.create_subprocess_exec(
        *("bash", "-eu", "-o", "pipefail", "-c"),
        commands.replace(".venv/bin/rollbook", f"{sys.executable} -m onebox.cli"),
        cwd=folder,
        env={**os.environ, "ROLLBOOK_DATABASE_URL": database.owner_url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await asyncio.wait_for(shell.communicate(), 60)
    assert shell.returncode == 0, printed.decode()[-2_000:]
    return printed.decode().split(BETWEEN)[1:]


def squeezed(text: str) -> str:
    """Give a text without white space: the page breaks its lines where they are read best."""
    return re.sub(r"\s", "", text)


def test_every_step_of_the_page_shows_its_answer() -> None:
    assert len(STEPS) == PAGE.count("```sh\n") > 20


@pytest.mark.parametrize("step", range(len(STEPS)))
def test_what_the_page_shows_is_what_is_answered(told: list[str], step: int) -> None:
    shown = STEPS[step][1]
    # `...` stands for whatever was left out.
    pattern = ".*".join(map(re.escape, squeezed(shown).split("...")))
    assert re.fullmatch(pattern, squeezed(told[step])), f"The page shows\n{shown}\nand this came:\n{told[step]}"


def test_every_address_of_the_page_exists() -> None:
    page = re.sub(r"\$S\b|\.\.\.(?=/[a-z])", "/v1/schools/{urn}", PAGE)
    asked = set(re.findall(r"(?:/v1|/oauth)/[^\s`\"?)|]+", page))
    paths = {path for document in contract.documents() for path in document["paths"]}
    patterns = [re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))) for path in paths]
    assert len(asked) > 15
    assert {one for one in asked if not any(pattern.fullmatch(one) for pattern in patterns)} == set()
