"""Cursors come back as they went out or not at all; CSV is RFC 4180, NDJSON one object a line, in chunks."""

import csv
import io
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit import formats, lists
from kit.formats import Format
from kit.problems import Problem

POSITIONS = st.integers(min_value=0, max_value=2**63 - 1)


@given(POSITIONS, POSITIONS)
def test_a_cursor_comes_back_as_it_went_out(seq: int, before: int) -> None:
    written = lists.cursor({"seq": seq, "before": before})
    assert written.isascii()
    assert "=" not in written
    assert lists.numbers(written, frozenset({"seq", "before"})) == {"seq": seq, "before": before}


@pytest.mark.parametrize(
    "position", [{"seq": -1}, {"seq": 2**63}, {"seq": "1"}, {"seq": True}, {"seq": 1.0}, {"seq": None}]
)
def test_a_cursor_that_holds_no_position_is_not_ours(position: dict[str, Any]) -> None:
    with pytest.raises(Problem) as refused:
        lists.numbers(lists.cursor(position), frozenset({"seq"}))
    assert refused.value.code == "invalid-cursor"


@given(st.text())
def test_any_other_text_is_refused_and_never_an_error(text: str) -> None:
    with pytest.raises(Problem) as refused:
        lists.numbers(text, frozenset({"seq"}))
    assert refused.value.code == "invalid-cursor"


async def sent(rows: Sequence[Sequence[Any]], columns: Sequence[str], format_: Format) -> list[bytes]:
    async def source() -> AsyncIterator[Sequence[Any]]:
        for row in rows:
            yield row

    return [bytes(part) async for part in formats.stream(source(), columns, format_).body_iterator]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "row",
    [
        ("plain", 1, None, True, False),
        ('quote "', "comma ,", "line\r\nfeed", "café ☕", ""),
        (" spaces ", "\t", "'", "=1+1", "\u2028"),
    ],
)
async def test_csv_is_rfc_4180(row: Sequence[Any]) -> None:
    [text] = await sent([row], "abcde", Format.CSV)
    assert text.startswith(b"a,b,c,d,e\r\n")
    [read] = list(csv.reader(io.StringIO(text.decode(), newline="")))[1:]
    plain = {None: "", True: "true", False: "false"}
    assert read == [plain[value] if value is None or isinstance(value, bool) else str(value) for value in row]


async def test_an_empty_list_is_a_header_in_csv_and_nothing_in_ndjson() -> None:
    assert b"".join(await sent([], "ab", Format.CSV)) == b"a,b\r\n"
    assert b"".join(await sent([], "ab", Format.NDJSON)) == b""


@pytest.mark.parametrize("count", [499, 500, 501, 1_000, 1_250])
async def test_rows_are_sent_in_chunks_and_none_is_lost(count: int) -> None:
    rows = [(number, f"line\n{number}") for number in range(count)]
    lines = (whole := await sent(rows, "ab", Format.NDJSON)) and b"".join(whole).splitlines()
    assert [json.loads(line) for line in lines] == [{"a": number, "b": text} for number, text in rows]
    chunks = await sent(rows, "ab", Format.CSV)
    assert len(chunks) == count // 500 + 1
    assert len(list(csv.reader(io.StringIO(b"".join(chunks).decode(), newline="")))) == count + 1
