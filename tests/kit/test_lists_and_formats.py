"""Cursors come back as they went out or not at all; CSV is RFC 4180, NDJSON an object a line, Parquet has types."""

import csv
import io
import json
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pyarrow.parquet as pq
import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st

from kit import formats, lists, parquet
from kit.formats import Format
from kit.parquet import Columns
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


async def sent(rows: Sequence[Sequence[Any]], columns: Columns, format_: Format) -> list[bytes]:
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


async def read_back(rows: Sequence[Sequence[Any]], columns: Columns) -> Any:
    return pq.read_table(io.BytesIO(b"".join(await sent(rows, columns, Format.PARQUET))))


COLUMNS: Columns = {
    "of": "text",
    "on": "date",
    "when": "instant",
    "how_many": "number",
    "share": "figure",
    "is_so": "yes-no",
}


async def test_parquet_has_the_types_that_are_declared_and_not_those_that_a_chunk_looks_like() -> None:
    nothing: list[Sequence[Any]] = [(None,) * 6] * 1_000
    something = ("a", "2026-11-20", "2026-11-20T08:50:01.123456Z", 2**40, 2, True)
    table = await read_back([*nothing, something, ({"b": [1]}, date(2026, 1, 1), None, None, None, None)], COLUMNS)
    types = ["string", "date32[day]", "timestamp[us, tz=UTC]", "int64", "double", "bool"]
    assert [str(column.type) for column in table.schema] == types
    *before, first, last = table.to_pylist()
    assert len(before) == 1_000
    when = datetime(2026, 11, 20, 8, 50, 1, 123456, UTC)
    assert list(first.values()) == ["a", date(2026, 11, 20), when, 2**40, 2.0, True]
    assert list(last.values()) == ['{"b": [1]}', date(2026, 1, 1), None, None, None, None]


async def test_an_empty_list_is_its_columns_in_parquet_and_names_alone_say_what_they_hold() -> None:
    table = await read_back([], ("pupil", "date", "seq"))
    assert [str(column.type) for column in table.schema] == ["string", "date32[day]", "int64"]
    assert table.num_rows == 0


async def test_parquet_is_sent_group_by_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_ROWS_A_GROUP", 2_000)
    parts = await sent([(f"p-{n}", n) for n in range(7_500)], {"pupil": "text", "n": "number"}, Format.PARQUET)
    file = pq.ParquetFile(io.BytesIO(b"".join(parts)))
    assert (parts[0], len(parts), file.num_row_groups) == (b"PAR1", 5, 4)
    assert file.read().column("n").to_pylist() == list(range(7_500))


@pytest.mark.parametrize("format_", [Format.CSV, Format.NDJSON, Format.PARQUET])
async def test_a_source_that_fails_breaks_the_stream(format_: Format, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_ROWS_A_GROUP", 1_000)

    async def source() -> AsyncIterator[Sequence[Any]]:
        for n in range(2_500):
            yield (f"p-{n}",)
        raise ConnectionError("away")

    parts = []
    with pytest.raises(ConnectionError):
        async for part in formats.stream(source(), ("pupil",), format_).body_iterator:
            parts.append(part)
    assert parts
    assert not bytes(parts[-1]).endswith(b"PAR1")  # type: ignore[arg-type]


async def test_without_pyarrow_one_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def request(accept: str) -> Request:
        return Request({"type": "http", "headers": [(b"accept", accept.encode())]})

    media = "application/vnd.apache.parquet"
    assert formats.chosen(request(media), None) is Format.PARQUET
    assert formats.chosen(request("text/csv"), "parquet") is Format.PARQUET
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for accept, asked, code in ((media, None, "not-acceptable"), ("*/*", "parquet", "invalid-parameter")):
        with pytest.raises(Problem) as refused:
            formats.chosen(request(accept), asked)
        assert refused.value.code == code
        assert "pip install 'rollbook[parquet]'" in refused.value.detail
    assert formats.chosen(request(f"{media}, text/csv;q=0.1"), None) is Format.CSV
