"""A register that leaves in a file and arrives from one, by the command as a person calls it."""

import asyncio
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import asyncpg
import pytest

from onebox.cli import main
from tests.support.office import Office
from tests.support.postgres import Database

OLD, URN = "900201", "900202"
"""The URN of the school before its conversion and since."""
SCOPES = ("roll:write", "marks:write", "amendments:write", "register:read", "audit:read", "admin")

Change = Callable[[bytes], bytes]


async def rollbook(*arguments: object) -> int:
    """Run the command as a process of its own would: with its own loop."""
    return await asyncio.to_thread(main, [str(argument) for argument in arguments])


async def imported(file: Path, into: Database) -> int:
    return await rollbook("import", file, "--database-url", into.owner_url)


async def exported(of: Database, file: Path, *options: str) -> Path:
    """Export the register of the school to a file, and give it."""
    where = ("--to", file, "--database-url", of.owner_url)
    assert await rollbook("export", "--school", URN, *where, *options) == 0
    return file


def members(file: Path) -> dict[str, bytes]:
    return members_of(io.BytesIO(file.read_bytes()))


def members_of(file: BinaryIO) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as whole:
        return {name: whole.read(name) for name in whole.namelist()}


def altered(file: Path, changes: Mapping[str, Change], to: Path, *, manifest: Mapping[str, Any] | None = None) -> Path:
    """Write the file anew with some members changed, and with a manifest that fits them, as a forger would."""
    whole = members(file)
    about = json.loads(whole.pop("manifest.json"))
    for name, change in changes.items():
        whole[name] = change(whole[name])
        facts = about["files"][name]
        facts["sha256"] = sha256(whole[name]).hexdigest()
        if name.endswith(".ndjson"):
            facts["lines"] = whole[name].count(b"\n")
    return packed({**whole, "manifest.json": json.dumps({**about, **(manifest or {})}).encode()}, to)


def packed(whole: Mapping[str, bytes], to: Path) -> Path:
    """Write members to a zip."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in whole.items():
            file.writestr(name, content)
    return to


async def streamed(office: Office) -> tuple[bytes, bytes]:
    leaves = await office.http.get(office.path("/events"))
    texts = await office.http.get(office.path("/events?part=texts"))
    return leaves.content, texts.content


async def refused(file: Path, into: Database, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Import what must be refused in one line of these words, without a trace in the database."""
    before = await rows(into)
    capsys.readouterr()
    assert await imported(file, into) == 1
    said = capsys.readouterr().err
    assert said.startswith("rollbook: ")
    assert said.count("\n") == 1
    assert [word for word in words if word not in said] == [], said
    assert await rows(into) == before
    return said


async def rows(database: Database) -> list[int]:
    connection = await asyncpg.connect(database.owner_url)
    tables = (
        "ledger.head",
        "ledger.event",
        "ledger.change",
        "ledger.text",
        "ledger.staff",
        "ledger.node",
        "register.urn",
    )
    try:
        return [await connection.fetchval(f"SELECT count(*) FROM {table}") for table in (*tables, "register.pupil")]
    finally:
        await connection.close()
