"""The README's audit can be followed word for word, on a school of the demonstration."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from onebox.demo import mis, world
from onebox.demo.play import MIS_SCOPES
from tests.demo.conftest import LONDON
from tests.support import tree
from tests.support.deposited import checkpoint
from tests.support.postgres import Database
from tests.support.services import Clock, Register, add_client, register_api

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=LONDON)
SECTION = re.search(r"^## Audit$(.*?)^## ", (tree.ROOT / "README.md").read_text("utf-8"), re.M | re.S)
FOLLOWED = "".join(re.findall(r"^```sh\n(.*?)^```$", SECTION[1], re.M | re.S)) if SECTION else ""


@dataclass(frozen=True)
class Terminal:
    """A shell in the folder of an auditor, while the demonstration's smallest school is kept."""

    folder: Path
    register: Register

    async def paste(self, commands: str) -> tuple[int, str]:
        """Run commands as they stand, but for where the services and the program are; give exit code and output."""
        commands = commands.replace("http://127.0.0.1:8000", self.register.address)
        commands = commands.replace(".venv/bin/rollbook", f"{sys.executable} -m onebox.cli")
        shell = await asyncio.create_subprocess_exec(
            *("bash", "-eu", "-o", "pipefail", "-c", commands),
            cwd=self.folder,
            env={**os.environ, "ROLLBOOK_DATABASE_URL": self.register.database.owner_url},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        told, _ = await shell.communicate()
        return shell.returncode or 0, told.decode()


@pytest.fixture(scope="module")
async def terminal(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Terminal]:
    folder, clock = tmp_path_factory.mktemp("auditor"), Clock(NOW)
    village = next(one for one in world.world(NOW) if one.school.urn == "900007")
    async with register_api(database, tmp_path_factory.mktemp("register"), clock) as running:
        identity = await add_client(database, (*MIS_SCOPES, "admin"), "national")
        async with httpx.AsyncClient(base_url=running.address, timeout=60, verify=False) as http:
            sender = mis.Mis(http, dict(zip(("client_id", "client_secret"), identity, strict=True)))
            await sender.send("PUT", "/v1/schools/900007", village.school.body())
            await mis.keep_school(sender, village, lambda urn, marks: None)
        deposits = folder / ".data" / "checkpoints"
        deposits.mkdir(parents=True)
        await checkpoint(database, clock(), deposits)
        yield Terminal(folder, running)


async def test_the_audit_of_the_readme_can_be_followed_word_for_word(terminal: Terminal) -> None:
    assert FOLLOWED.count("\n") > 15
    code, told = await terminal.paste(FOLLOWED)
    assert code == 0, told
    assert "/problems/" not in told
    for shown in ('"original_entry":"N"', "kind,", '"recorded_late_minutes":', "pupil,", '"what":', "first_entry"):
        assert shown in told, shown
    evidence, register = told.splitlines()[-2:]
    assert re.fullmatch(
        r"evidence\.json: holds\. \d+ entries of p-\S+ in 2026-27, unchanged and complete as at event \d+, which "
        r"checkpoint 1 of \S+ covers\. Of absence known ahead nothing is shown\.",
        evidence,
    )
    held = r"register\.zip: holds\. \d+ events of register \S+, unchanged and complete as at event \d+"
    assert re.fullmatch(rf"{held}, which checkpoint 1 covers\.", register)
    assert "Certificate of attendance" in (terminal.folder / "certificate.html").read_text("utf-8")
    # And its last promise: one letter, and the event is named.
    last = FOLLOWED.splitlines()[-1]
    changed = 'sed -i \'s/\\\\"code\\\\":\\\\"N\\\\"/\\\\"code\\\\":\\\\"I\\\\"/\' evidence.json'
    code, told = await terminal.paste(f"{changed}\n{last}")
    assert code == 1
    assert re.search(r"evidence\.json: event \d+: is not the event that was recorded under this number", told), told
