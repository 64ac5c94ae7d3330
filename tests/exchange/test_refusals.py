"""What is not taken in: a file that is torn or not ours leaves nothing behind, and the message says why."""

import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from ledger import archive
from onebox.cli import main
from tests.support.exchange import OLD, URN, altered, exported, members, packed, refused, rollbook
from tests.support.office import Office
from tests.support.postgres import Database


def cut_short(file: Path, to: Path, kept: float) -> None:
    whole = file.read_bytes()
    to.write_bytes(whole[: int(len(whole) * kept)])


def damaged(file: Path, to: Path) -> None:
    broken = bytearray(file.read_bytes())
    broken[100] ^= 255
    to.write_bytes(bytes(broken))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@asynccontextmanager
async def claimed(database: Database, urn: str) -> AsyncIterator[None]:
    """Let another register have a URN for as long as the block runs."""
    connection = await asyncpg.connect(database.owner_url)
    await connection.execute("INSERT INTO register.urn (urn, school_id) VALUES ($1, 999)", urn)
    yield
    await connection.execute("DELETE FROM register.urn WHERE urn = $1", urn)
    await connection.close()


async def test_a_register_that_is_here_already_is_refused(
    ndjson: Path, database: Database, untouched: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    await refused(ndjson, database, capsys, "is here already")
    async with claimed(untouched, URN):
        await refused(ndjson, untouched, capsys, f"URN {URN} is here already")


async def test_a_urn_that_the_school_once_had_may_not_be_another_registers(
    ndjson: Path, untouched: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    async with claimed(untouched, OLD):
        await refused(ndjson, untouched, capsys, "is another register's here")


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        ({"format": "another"}, "not of the format"),
        ({"version": 3}, "of version '3'"),
        ({"version": 1}, "does not name every member"),
        ({"seq": -1}, "does not say"),
        ({"seq": float("inf")}, "does not say"),
        ({"register": "no uuid"}, "does not say"),
        ({"root": "00"}, "does not say"),
        ({"recorded_at": "yesterday"}, "does not say"),
        ({"files": {}}, "does not name every member"),
        ({"root": "00" * 32}, "hash to"),
        ({"seq": 99}, "missing"),
        ({"recorded_at": "2026-09-09T15:00:00.000000Z"}, "recorded_at"),
        ({"name": "Another School"}, "does not name the school"),
        ({"urn": "900203"}, "does not name the school"),
    ],
)
async def test_a_manifest_that_says_something_else_is_refused(
    ndjson: Path,
    untouched: Database,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    manifest: dict[str, Any],
    words: str,
) -> None:
    await refused(altered(ndjson, {}, tmp_path / "other.zip", manifest=manifest), untouched, capsys, words)


async def test_a_member_that_is_not_what_was_hashed_is_refused(
    ndjson: Path, untouched: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = members(ndjson)
    for name in whole.keys() - {"manifest.json"}:
        file = packed({**whole, name: whole[name] + b"\n"}, tmp_path / "other.zip")
        await refused(file, untouched, capsys, name, "SHA-256")


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.99])
async def test_a_torn_file_is_refused(
    ndjson: Path, untouched: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str], kept: float
) -> None:
    torn = tmp_path / "torn.zip"
    cut_short(ndjson, torn, kept)
    await refused(torn, untouched, capsys, "not a whole zip")
    damaged(ndjson, torn)
    await refused(torn, untouched, capsys, "events.ndjson", "damaged")


async def test_members_that_are_not_known_are_refused_and_written_nowhere(
    ndjson: Path, untouched: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, inside = members(ndjson), tmp_path / "inside"
    inside.mkdir()
    for more in ("../evil.txt", "/evil.txt", "notes.txt"):
        await refused(
            packed({**whole, more: b"x"}, inside / "more.zip"), untouched, capsys, "no register that Rollbook"
        )
    del whole["keys.json"]
    await refused(packed(whole, inside / "more.zip"), untouched, capsys, "no register that Rollbook")
    with (
        pytest.warns(UserWarning, match="Duplicate"),
        zipfile.ZipFile(ndjson) as source,
        zipfile.ZipFile(inside / "more.zip", "w") as twice,
    ):
        for name in (*source.namelist(), "keys.json"):
            twice.writestr(name, source.read(name))
    await refused(inside / "more.zip", untouched, capsys, "no register that Rollbook")
    assert (names(inside), names(tmp_path)) == (["more.zip"], ["inside"])


async def test_what_unpacks_to_more_than_it_may_is_refused(
    ndjson: Path,
    untouched: Database,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    long = altered(ndjson, {"texts.ndjson": lambda member: b" " * archive.LONGEST_LINE + member}, tmp_path / "long.zip")
    await refused(long, untouched, capsys, "Line 1 of texts.ndjson")
    nested = altered(ndjson, {"events.ndjson": lambda member: b"[" * 100_000 + b"\n" + member}, tmp_path / "nested.zip")
    await refused(nested, untouched, capsys, "is not JSON")
    monkeypatch.setattr(archive, "LARGEST_DOCUMENT", 64)
    await refused(ndjson, untouched, capsys, "manifest.json is longer")
    monkeypatch.setattr(archive, "LARGEST", 64)
    await refused(ndjson, untouched, capsys, "unpacks to more than")


async def test_another_way_of_packing_is_refused(
    ndjson: Path, untouched: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(tmp_path / "slow.zip", "w", zipfile.ZIP_LZMA) as file:
        for name, content in members(ndjson).items():
            file.writestr(name, content)
    await refused(tmp_path / "slow.zip", untouched, capsys, "compressed in a way")


async def test_a_parquet_that_is_not_one_is_refused(
    office: Office, database: Database, untouched: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = await exported(database, tmp_path / "whole.zip", "--format", "parquet")
    contents = members(whole)
    await refused(packed(contents, tmp_path / "packed.zip"), untouched, capsys, "compressed in a way")
    for name, change, words in (
        ("events.parquet", lambda _: b"PAR1", "cannot be read"),
        ("events.parquet", lambda _: contents["texts.parquet"], "documented columns"),
        ("texts.parquet", lambda member: member[:-40] + b"\xff" * 32 + member[-8:], "texts.parquet"),
    ):
        stored = tmp_path / "stored.zip"
        forged = members(altered(whole, {name: change}, tmp_path / "forged.zip"))
        with zipfile.ZipFile(stored, "w") as file:
            for member, content in forged.items():
                file.writestr(member, content)
        await refused(stored, untouched, capsys, words)


async def test_an_export_that_cannot_be_made_leaves_no_file(
    office: Office, database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to, where = tmp_path / "whole.zip", ("--database-url", database.owner_url)
    for arguments, words in (
        (("--school", "900299", "--to", to), "no school with the URN 900299"),
        (("--school", URN, "--to", to, "--size", "3"), "no checkpoint 3"),
        (("--school", URN, "--to", tmp_path / "none" / "whole.zip"), "cannot be written"),
    ):
        assert await rollbook("export", *arguments, *where) == 1
        assert words in capsys.readouterr().err
        assert names(tmp_path) == []
    to.write_text("mine")
    assert await rollbook("export", "--school", URN, "--to", to, *where) == 1
    assert "is there already" in capsys.readouterr().err
    assert to.read_text() == "mine"


async def test_a_file_that_is_not_there_is_said_so(
    untouched: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await refused(tmp_path / "none.zip", untouched, capsys, "none.zip cannot be read")


def test_without_pyarrow_one_sentence_says_how_to_get_it(
    office: Office,
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    arguments = ["export", "--school", URN, "--to", str(tmp_path / "x.zip"), "--format", "parquet"]
    assert main([*arguments, "--database-url", database.owner_url]) == 1
    assert "pip install 'rollbook[parquet]'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
