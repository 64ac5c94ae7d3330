"""Lists as Parquet, in row groups of a schema that is declared; pyarrow is needed only then, and is an extra."""

import asyncio
import importlib
import importlib.util
import io
import json
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal, TypeAlias

Kind = Literal["text", "number", "figure", "yes-no", "date", "instant"]
"""What a column holds: texts, whole numbers, other numbers, true and false, dates, or instants in UTC."""

Columns: TypeAlias = Mapping[str, Kind] | Sequence[str]
"""The columns of a list in order: each with what it holds, or names alone, which say it (`HELD`)."""

HELD: Mapping[str, Kind] = {
    **dict.fromkeys(("date", "from", "to", "effective_from", "first_date", "last_date"), "date"),
    **dict.fromkeys(("requested_on", "decided_on"), "date"),
    **dict.fromkeys(("at", "made_at", "recorded_at", "register_closed_at"), "instant"),
    **dict.fromkeys(("seq", "version", "versions", "made_by_id", "amendments", "distinct"), "number"),
    **dict.fromkeys(("before_version", "before_seq", "after_version", "after_seq"), "number"),
    **dict.fromkeys(("recorded_late_minutes", "made_late_minutes"), "number"),
    "out_of_order": "yes-no",
}
"""What a column of such a name holds in whichever list; of any other name it is texts."""

WANTING = "Parquet needs pyarrow, which is not installed: pip install 'rollbook[parquet]'."

_ROWS_A_TABLE = 1_000
_ROWS_A_GROUP = 1 << 16
"""Few enough to be held, and enough that what the end of the file says of every group stays small."""


def installed() -> bool:
    """Say whether pyarrow is there."""
    return importlib.util.find_spec("pyarrow") is not None


def kinds(columns: Columns) -> Mapping[str, Kind]:
    """Give what each column holds."""
    return columns if isinstance(columns, Mapping) else {name: HELD.get(name, "text") for name in columns}


async def of_rows(rows: AsyncIterable[Sequence[Any]], columns: Columns) -> AsyncIterator[bytes]:
    """Give a file of rows as its bytes come, the values as JSON would write them, in the order of `columns`.

    Raises whatever `rows` does, and then there is no end of the file: what was cut short cannot be read.
    """
    async for part in _written(_tables(rows, columns), columns):
        yield part


async def of_csv(chunks: AsyncIterable[bytes], columns: Columns) -> AsyncIterator[bytes]:
    """Give a file of rows as its bytes come; they come as CSV without a header, null an empty field without quotes."""
    async for part in _written(_read(chunks, columns), columns):
        yield part


def _arrow(module: str = "pyarrow") -> Any:
    return importlib.import_module(module)


def _schema(columns: Columns) -> Any:
    arrow = _arrow()
    types = {
        "text": arrow.string(),
        "number": arrow.int64(),
        "figure": arrow.float64(),
        "yes-no": arrow.bool_(),
        "date": arrow.date32(),
        "instant": arrow.timestamp("us", "UTC"),
    }
    return arrow.schema([(name, types[kind]) for name, kind in kinds(columns).items()])


class _Sink(io.RawIOBase):
    """Takes what a writer writes, until it is taken away."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, part: Any) -> int:
        self._parts.append(bytes(part))
        return len(part)

    def taken(self) -> bytes:
        """Give what was written since it was last taken."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


async def _written(tables: AsyncIterable[Any], columns: Columns) -> AsyncIterator[bytes]:
    arrow, sink = _arrow(), _Sink()
    writer = _arrow("pyarrow.parquet").ParquetWriter(
        arrow.PythonFile(sink, mode="w"), _schema(columns), compression="zstd"
    )
    # The answer has begun before the first row is asked for: whatever fails then breaks it.
    yield sink.taken()
    held: list[Any] = []
    rows = 0
    async for table in tables:
        held.append(table)
        rows += table.num_rows
        if rows >= _ROWS_A_GROUP:
            # Beside the loop that serves everybody else.
            await asyncio.to_thread(writer.write_table, arrow.concat_tables(held))
            held, rows = [], 0
            yield sink.taken()
    if held:
        await asyncio.to_thread(writer.write_table, arrow.concat_tables(held))
    writer.close()
    yield sink.taken()


async def _tables(rows: AsyncIterable[Sequence[Any]], columns: Columns) -> AsyncIterator[Any]:
    arrow, schema = _arrow(), _schema(columns)
    held: list[Sequence[Any]] = []
    wanted = list(kinds(columns).values())

    def table() -> Any:
        columned = [
            [_value(value, kind) for value in values]
            for kind, values in zip(wanted, zip(*held, strict=True), strict=True)
        ]
        arrays = [arrow.array(values, field.type) for field, values in zip(schema, columned, strict=True)]
        return arrow.Table.from_arrays(arrays, schema=schema)

    async for row in rows:
        held.append(row)
        if len(held) == _ROWS_A_TABLE:
            yield table()
            held.clear()
    if held:
        yield table()


def _value(value: Any, kind: Kind) -> Any:
    """Give a value as its column holds it."""
    if value is None:
        return None
    if kind == "text":
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if kind == "date" and isinstance(value, str):
        return date.fromisoformat(value)
    if kind == "instant" and isinstance(value, str):
        return datetime.fromisoformat(value)
    return value


async def _read(chunks: AsyncIterable[bytes], columns: Columns) -> AsyncIterator[Any]:
    arrow, csv, schema = _arrow(), _arrow("pyarrow.csv"), _schema(columns)
    read = csv.ReadOptions(column_names=schema.names, use_threads=False)
    parse = csv.ParseOptions(newlines_in_values=True)
    convert = csv.ConvertOptions(
        column_types=schema,
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        timestamp_parsers=[csv.ISO8601],
    )
    async for chunk in chunks:
        yield csv.read_csv(arrow.BufferReader(chunk), read, parse, convert)
