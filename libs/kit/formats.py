"""Formats of a large list: JSON, CSV (RFC 4180), NDJSON or Parquet, chosen by `?format=` or else by `Accept`."""

import csv
import io
import json
import re
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from fastapi import Request
from fastapi.responses import StreamingResponse

from kit import parquet
from kit.parquet import Columns
from kit.problems import Fault, Problem

ROWS_A_CHUNK = 500


class Format(StrEnum):
    """A format that a list may be asked for in."""

    JSON = "json"
    CSV = "csv"
    NDJSON = "ndjson"
    PARQUET = "parquet"


MEDIA = {
    Format.JSON: "application/json",
    Format.CSV: "text/csv; charset=utf-8",
    Format.NDJSON: "application/x-ndjson",
    Format.PARQUET: "application/vnd.apache.parquet",
}


def chosen(request: Request, asked: str | None) -> Format:
    """Give the format that a request wants; raise `not-acceptable` or `invalid-parameter` when it cannot be had."""
    if asked is not None:
        if asked not in set(Format):
            fault = Fault(f"One of {', '.join(Format)}.", parameter="format")
            raise Problem("invalid-parameter", f"There is no format {asked!r} here.", (fault,))
        if asked == Format.PARQUET and not parquet.installed():
            raise Problem("invalid-parameter", parquet.WANTING, (Fault(parquet.WANTING, parameter="format"),))
        return Format(asked)
    media_of = {each: media for each, media in MEDIA.items() if each is not Format.PARQUET or parquet.installed()}
    for wanted in _accepted(request.headers.get("accept", "*/*")):
        for format_, media in media_of.items():
            kind = media.partition(";")[0]
            if wanted in (kind, "*/*", kind.partition("/")[0] + "/*"):
                return format_
    more = "" if Format.PARQUET in media_of else f" {parquet.WANTING}"
    raise Problem("not-acceptable", f"Can be had as {', '.join(media_of.values())}.{more}")


def _accepted(header: str) -> list[str]:
    """Give the media types of an `Accept`, the most wanted first; what is not wanted is left out (RFC 9110, 12.5.1)."""
    weighed = []
    for part in header.split(","):
        kind, *parameters = (text.strip().lower() for text in part.split(";"))
        weight = next((text[2:] for text in parameters if text.startswith("q=")), "1")
        weighed.append((float(weight) if re.fullmatch(r"[01](\.[0-9]{0,3})?", weight) else 0.0, kind))
    return [kind for weight, kind in sorted(weighed, key=lambda pair: -pair[0]) if weight > 0]


def _plain(value: Any) -> Any:
    """Write what CSV has no form of its own for as JSON does."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, bool | list | dict) else value


async def _csv(rows: AsyncIterable[Sequence[Any]], columns: Columns) -> AsyncIterator[bytes]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(columns)
    held = 0
    async for row in rows:
        writer.writerow([_plain(value) for value in row])
        held += 1
        if held % ROWS_A_CHUNK == 0:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


async def _ndjson(rows: AsyncIterable[Sequence[Any]], columns: Columns) -> AsyncIterator[bytes]:
    held: list[str] = []
    async for row in rows:
        held.append(json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False, separators=(",", ":")))
        if len(held) == ROWS_A_CHUNK:
            yield ("\n".join(held) + "\n").encode()
            held.clear()
    if held:
        yield ("\n".join(held) + "\n").encode()


def stream(
    rows: AsyncIterable[Sequence[Any]],
    columns: Columns,
    format_: Format,
    headers: Mapping[str, str] | None = None,
) -> StreamingResponse:
    """Send `rows`, of values in the order of `columns` that JSON can write, in constant memory: any format but JSON.

    `columns` are names with what each holds, which is for Parquet; a name alone stands for what it holds in every list.
    A source that fails breaks the connection: a stream cut short never ends cleanly.
    """
    body = {Format.CSV: _csv, Format.NDJSON: _ndjson, Format.PARQUET: parquet.of_rows}[format_](rows, columns)
    return StreamingResponse(body, media_type=MEDIA[format_], headers=headers)
