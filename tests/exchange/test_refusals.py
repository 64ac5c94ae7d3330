"""What is not taken in: a file that is torn, forged or not ours leaves nothing behind, and the message says why."""

import json
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from ledger import archive
from onebox.cli import main
from onebox.postgres import Server
from tests.support import postgres
from tests.support.exchange import OLD, URN, Change, altered, exported, imported, members, packed, rollbook
from tests.support.office import Office
from tests.support.postgres import Database


@pytest.fixture(scope="module")
async def empty(postgres_server: Server, template_database: Database) -> AsyncIterator[Database]:
    """Give one Rollbook without a register to all: what is refused leaves it so."""
    async with postgres.clone(postgres_server, template_database) as cloned:
        yield cloned


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


def cut_short(file: Path, to: Path, kept: float) -> None:
    whole = file.read_bytes()
    to.write_bytes(whole[: int(len(whole) * kept)])


def damaged(file: Path, to: Path) -> None:
    broken = bytearray(file.read_bytes())
    broken[100] ^= 255
    to.write_bytes(bytes(broken))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


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


@asynccontextmanager
async def claimed(database: Database, urn: str) -> AsyncIterator[None]:
    """Let another register have a URN for as long as the block runs."""
    connection = await asyncpg.connect(database.owner_url)
    await connection.execute("INSERT INTO register.urn (urn, school_id) VALUES ($1, 999)", urn)
    yield
    await connection.execute("DELETE FROM register.urn WHERE urn = $1", urn)
    await connection.close()


def line(at: int, change: Callable[[dict[str, Any]], Any]) -> Change:
    """Change one line, or take it out where the change gives None."""

    def changed(member: bytes) -> bytes:
        lines = member.splitlines(keepends=True)
        row = json.loads(lines[at])
        row = change(row)
        text = json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
        lines[at : at + 1] = [] if row is None else [text]
        return b"".join(lines)

    return changed


def first(member: bytes, wanted: Callable[[dict[str, Any]], bool]) -> int:
    return next(at for at, text in enumerate(member.splitlines()) if wanted(json.loads(text)))


async def test_a_register_that_is_here_already_is_refused(
    ndjson: Path, database: Database, empty: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    await refused(ndjson, database, capsys, "is here already")
    async with claimed(empty, URN):
        await refused(ndjson, empty, capsys, f"URN {URN} is here already")


async def test_a_urn_that_the_school_once_had_may_not_be_another_registers(
    ndjson: Path, empty: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    async with claimed(empty, OLD):
        await refused(ndjson, empty, capsys, "is another register's here")


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        ({"format": "another"}, "not of the format"),
        ({"version": 2}, "of version '2'"),
        ({"seq": -1}, "does not say"),
        ({"register": "no uuid"}, "does not say"),
        ({"root": "00"}, "does not say"),
        ({"recorded_at": "yesterday"}, "does not say"),
        ({"files": {}}, "does not name every member"),
        ({"root": "00" * 32}, "hash to"),
        ({"seq": 29}, "missing"),
        ({"recorded_at": "2026-09-09T15:00:00.000000Z"}, "recorded_at"),
        ({"name": "Another School"}, "does not name the school"),
        ({"urn": "900203"}, "does not name the school"),
    ],
)
async def test_a_manifest_that_says_something_else_is_refused(
    ndjson: Path,
    empty: Database,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    manifest: dict[str, Any],
    words: str,
) -> None:
    await refused(altered(ndjson, {}, tmp_path / "other.zip", manifest=manifest), empty, capsys, words)


async def test_a_member_that_is_not_what_was_hashed_is_refused(
    ndjson: Path, empty: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = members(ndjson)
    for name in whole.keys() - {"manifest.json"}:
        file = packed({**whole, name: whole[name] + b"\n"}, tmp_path / "other.zip")
        await refused(file, empty, capsys, name, "SHA-256")


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.99])
async def test_a_torn_file_is_refused(
    ndjson: Path, empty: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str], kept: float
) -> None:
    torn = tmp_path / "torn.zip"
    cut_short(ndjson, torn, kept)
    await refused(torn, empty, capsys, "not a whole zip")
    damaged(ndjson, torn)
    await refused(torn, empty, capsys, "events.ndjson", "damaged")


def _is_mark(leaf: dict[str, Any]) -> bool:
    return bool(leaf["kind"] == "mark-entered")


def _is_amendment(leaf: dict[str, Any]) -> bool:
    return bool(leaf["kind"] == "mark-amended")


FORGED: list[tuple[str, str, Callable[[dict[str, Any]], bool], Callable[[dict[str, Any]], Any], str]] = [
    ("a code", "events", _is_mark, lambda leaf: {**leaf, "code": "I"}, "hash to"),
    ("what was amended", "events", _is_amendment, lambda leaf: {**leaf, "original_code": "I"}, "the entry before"),
    ("another pupil", "events", _is_mark, lambda leaf: {**leaf, "pupil_no": 6}, "hash to"),
    ("a pupil of nobody", "events", _is_mark, lambda leaf: {**leaf, "pupil_no": 66}, "not of the roll"),
    ("another form", "events", _is_mark, lambda leaf: {**leaf, "v": 2}, "byte for byte"),
    ("another register", "events", _is_mark, lambda leaf: {**leaf, "register": "00"}, "byte for byte"),
    ("another nonce", "events", _is_mark, lambda leaf: {**leaf, "nonce": "00" * 16}, "byte for byte"),
    ("a member more", "events", _is_mark, lambda leaf: {**leaf, "x": 1}, "byte for byte"),
    ("an impossible day", "events", _is_mark, lambda leaf: {**leaf, "date": "1999-01-01"}, "no register can"),
    ("an impossible number", "events", _is_mark, lambda leaf: {**leaf, "pupil_no": 2**70}, "no register can"),
    ("a null byte", "events", _is_mark, lambda leaf: {**leaf, "code": "\0"}, "no register can"),
    ("no code", "events", _is_mark, lambda leaf: {**leaf, "code": ""}, "event_code_check"),
    ("nobody's entry", "events", _is_mark, lambda leaf: {**leaf, "made_by": None}, "Event "),
    ("no date", "events", _is_mark, lambda leaf: {**leaf, "date": None}, "cannot be read"),
    ("an unknown kind", "events", lambda leaf: leaf["seq"] == 1, lambda leaf: {**leaf, "kind": "x"}, "no register can"),
    ("a moment before", "events", lambda leaf: leaf["seq"] == 5, lambda leaf: {**leaf, "recorded_at": 0}, "Event 5"),
    ("an event less", "events", lambda leaf: leaf["seq"] == 12, lambda leaf: None, "do"),
    ("a number twice", "events", lambda leaf: leaf["seq"] == 12, lambda leaf: {**leaf, "seq": 11}, "not in order"),
    (
        "a reason",
        "texts",
        lambda beside: "reason" in beside["texts"],
        lambda beside: _said(beside, "reason"),
        "its reason",
    ),
    ("a body", "texts", lambda beside: "body" in beside["texts"], lambda beside: _said(beside, "body"), "its body"),
    (
        "a reason gone",
        "texts",
        lambda beside: "reason" in beside["texts"],
        lambda beside: _gone(beside, "reason"),
        "removed",
    ),
    ("a body gone", "texts", lambda beside: "body" in beside["texts"], lambda beside: _gone(beside, "body"), "Event 1"),
    (
        "a person gone",
        "texts",
        lambda beside: "made_by" in beside["texts"],
        lambda beside: _gone(beside, "made_by"),
        "read",
    ),
    (
        "a text more",
        "texts",
        lambda beside: "nature" not in beside["texts"],
        lambda beside: _more(beside),
        "not commit",
    ),
    (
        "another's texts",
        "texts",
        lambda beside: beside["seq"] == 9,
        lambda beside: {**beside, "seq": 8},
        "stand beside",
    ),
    ("no texts", "texts", lambda beside: beside["seq"] == 9, lambda beside: None, "stand"),
    ("no urn", "reference", lambda row: row["table"] == "urn", lambda row: None, "a row of 'urn'"),
    ("a cover", "covers", lambda row: True, lambda row: row, "are there themselves"),
]


def _said(beside: dict[str, Any], part: str) -> dict[str, Any]:
    beside["texts"][part]["text"] += "."
    return beside


def _gone(beside: dict[str, Any], part: str) -> dict[str, Any]:
    del beside["texts"][part]
    return beside


def _more(beside: dict[str, Any]) -> dict[str, Any]:
    beside["texts"]["nature"] = {"salt": "00" * 16, "text": "More"}
    return beside


@pytest.mark.parametrize(
    ("name", "wanted", "change", "words"), [case[1:] for case in FORGED], ids=[c[0] for c in FORGED]
)
async def test_what_was_forged_is_refused_though_the_manifest_fits_it(
    ndjson: Path,
    empty: Database,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    wanted: Callable[[dict[str, Any]], bool],
    change: Callable[[dict[str, Any]], Any],
    words: str,
) -> None:
    member = f"{name}.ndjson"
    content = members(ndjson)[member]
    if name == "covers":
        forged: Change = lambda _: b'{"hash":"%s","index":0,"level":0}\n' % (b"00" * 32)  # noqa: E731
    else:
        forged = line(first(content, wanted), change)
    await refused(altered(ndjson, {member: forged}, tmp_path / "forged.zip"), empty, capsys, words)


ROWS = {
    "school_facts": {"la_code": "330"},
    "policy": {"body": "{}"},
    "calendar": {"body": "{}"},
    "pupil_id": {"id": "p-009"},
    "pupil": {"on_roll": "{[2020-01-01,)}"},
    "placing": {"class": "5A"},
    "urn": {"urn": "900204"},
}


@pytest.mark.parametrize("table", ROWS)
async def test_a_reference_row_that_contradicts_its_change_is_refused(
    ndjson: Path, empty: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str], table: str
) -> None:
    content = members(ndjson)["reference.ndjson"]
    at = first(content, lambda row: row["table"] == table)

    def other(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "row": {**row["row"], **ROWS[table]}}

    changes: tuple[Change, ...] = (
        line(at, other),
        line(at, lambda row: None),
        lambda member: member + content.splitlines(keepends=True)[at],
    )
    for change in changes:
        forged = altered(ndjson, {"reference.ndjson": change}, tmp_path / "forged.zip")
        await refused(forged, empty, capsys, "reference.ndjson", "contradicts the changes")


async def test_events_in_another_order_are_refused(
    ndjson: Path, empty: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def swapped(member: bytes) -> bytes:
        lines = member.splitlines(keepends=True)
        lines[4], lines[5] = lines[5], lines[4]
        return b"".join(lines)

    changes = {"events.ndjson": swapped, "texts.ndjson": swapped}
    await refused(altered(ndjson, changes, tmp_path / "swapped.zip"), empty, capsys, "not in order")


async def test_events_that_are_missing_without_an_act_are_refused(
    ndjson: Path, empty: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def cut(member: bytes) -> bytes:
        return b"".join(member.splitlines(keepends=True)[:-1])

    def holed(member: bytes) -> bytes:
        lines = member.splitlines(keepends=True)
        return b"".join([*lines[:13], *lines[14:]])

    for change in (cut, holed):
        changes = {"events.ndjson": change, "texts.ndjson": change}
        said = await refused(altered(ndjson, changes, tmp_path / "cut.zip"), empty, capsys, "rollbook")
        assert "let go" in said or "before it" in said


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"nonce_keys": {}, "kept_nonces": {}}, "no key of the academic year that begins in 2026"),
        ({"nonce_keys": {"2026": "00" * 32}, "kept_nonces": {}}, "byte for byte"),
        ({"nonce_keys": {"2026": "00"}, "kept_nonces": {}}, "nonce_key_key_check"),
        ({"nonce_keys": {}}, "keys.json does not say"),
        ([], "not a JSON object"),
    ],
)
async def test_keys_that_do_not_fit_are_refused(
    ndjson: Path, empty: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str], document: Any, words: str
) -> None:
    forged = altered(ndjson, {"keys.json": lambda _: json.dumps(document).encode()}, tmp_path / "forged.zip")
    await refused(forged, empty, capsys, words)


async def test_members_that_are_not_known_are_refused_and_written_nowhere(
    ndjson: Path, empty: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, inside = members(ndjson), tmp_path / "inside"
    inside.mkdir()
    for more in ("../evil.txt", "/evil.txt", "notes.txt"):
        await refused(packed({**whole, more: b"x"}, inside / "more.zip"), empty, capsys, "no register that Rollbook")
    del whole["keys.json"]
    await refused(packed(whole, inside / "more.zip"), empty, capsys, "no register that Rollbook")
    with (
        pytest.warns(UserWarning, match="Duplicate"),
        zipfile.ZipFile(ndjson) as source,
        zipfile.ZipFile(inside / "more.zip", "w") as twice,
    ):
        for name in (*source.namelist(), "keys.json"):
            twice.writestr(name, source.read(name))
    await refused(inside / "more.zip", empty, capsys, "no register that Rollbook")
    assert (names(inside), names(tmp_path)) == (["more.zip"], ["inside"])


async def test_what_unpacks_to_more_than_it_may_is_refused(
    ndjson: Path, empty: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    long = altered(ndjson, {"texts.ndjson": lambda member: b" " * archive.LONGEST_LINE + member}, tmp_path / "long.zip")
    await refused(long, empty, capsys, "Line 1 of texts.ndjson")
    nested = altered(ndjson, {"events.ndjson": lambda member: b"[" * 100_000 + b"\n" + member}, tmp_path / "nested.zip")
    await refused(nested, empty, capsys, "is not JSON")
    monkeypatch.setattr(archive, "LARGEST_DOCUMENT", 64)
    await refused(ndjson, empty, capsys, "manifest.json is longer")
    monkeypatch.setattr(archive, "LARGEST", 64)
    await refused(ndjson, empty, capsys, "unpacks to more than")


async def test_another_way_of_packing_is_refused(
    ndjson: Path, empty: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(tmp_path / "slow.zip", "w", zipfile.ZIP_LZMA) as file:
        for name, content in members(ndjson).items():
            file.writestr(name, content)
    await refused(tmp_path / "slow.zip", empty, capsys, "compressed in a way")


async def test_a_parquet_that_is_not_one_is_refused(
    office: Office, database: Database, empty: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = await exported(database, tmp_path / "whole.zip", "--format", "parquet")
    contents = members(whole)
    await refused(packed(contents, tmp_path / "packed.zip"), empty, capsys, "compressed in a way")
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
        await refused(stored, empty, capsys, words)


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
    empty: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await refused(tmp_path / "none.zip", empty, capsys, "none.zip cannot be read")


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
