"""Files that a forger made, manifest and all: each is refused with the first event that is not what it must be."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.exchange import Change, altered, members, refused
from tests.support.postgres import Database


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
    ("a code without end", "events", _is_mark, lambda leaf: {**leaf, "session": "A" * 90_000}, "no register can"),
    ("a moment without end", "events", _is_mark, lambda leaf: {**leaf, "made_at": 2**62}, "cannot be read"),
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
    untouched: Database,
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
    await refused(altered(ndjson, {member: forged}, tmp_path / "forged.zip"), untouched, capsys, words)


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
    ndjson: Path, untouched: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str], table: str
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
        await refused(forged, untouched, capsys, "reference.ndjson", "contradicts the changes")


async def test_events_in_another_order_are_refused(
    ndjson: Path, untouched: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def swapped(member: bytes) -> bytes:
        lines = member.splitlines(keepends=True)
        lines[4], lines[5] = lines[5], lines[4]
        return b"".join(lines)

    changes = {"events.ndjson": swapped, "texts.ndjson": swapped}
    await refused(altered(ndjson, changes, tmp_path / "swapped.zip"), untouched, capsys, "not in order")


async def test_events_that_are_missing_without_an_act_are_refused(
    ndjson: Path, untouched: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def cut(member: bytes) -> bytes:
        return b"".join(member.splitlines(keepends=True)[:-1])

    def holed(member: bytes) -> bytes:
        lines = member.splitlines(keepends=True)
        return b"".join([*lines[:13], *lines[14:]])

    for change in (cut, holed):
        changes = {"events.ndjson": change, "texts.ndjson": change}
        said = await refused(altered(ndjson, changes, tmp_path / "cut.zip"), untouched, capsys, "rollbook")
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
    ndjson: Path, untouched: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str], document: Any, words: str
) -> None:
    forged = altered(ndjson, {"keys.json": lambda _: json.dumps(document).encode()}, tmp_path / "forged.zip")
    await refused(forged, untouched, capsys, words)
