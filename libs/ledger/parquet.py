"""Events and texts as Parquet, for who analyses them; pyarrow is needed only then, and is an extra."""

import importlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from types import TracebackType
from typing import IO, Any, Self

from ledger.archive import LONGEST_LINE, ExchangeFailed, Hashed
from ledger.leaf import Event, canonical

_TEXTS = ("seq", "part", "salt", "text", "name", "position")
_ROWS_AT_ONCE = 1_000
_LARGEST_GROUP = 256 << 20
"""Bytes of a row group, unpacked: a portion of events has a hundredth of it."""


class NotInstalled(ExchangeFailed):
    """Parquet was asked for, and pyarrow is not there."""


def require() -> None:
    """Raise NotInstalled, with the way to get it, where pyarrow is not there."""
    _module("pyarrow")


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as caught:
        raise NotInstalled(
            "Parquet needs pyarrow, which is not installed: pip install 'rollbook[parquet]'."
        ) from caught


def _schema(of: str) -> Any:
    arrow = _module("pyarrow")
    text, number, instant = arrow.string(), arrow.int64(), arrow.timestamp("us", "UTC")
    if of == "texts":
        return arrow.schema([(name, number if name == "seq" else text) for name in _TEXTS])
    kinds = {
        "v": number,
        "register": text,
        "seq": number,
        "kind": text,
        "pupil_no": number,
        "subject": text,
        "date": arrow.date32(),
        "session": text,
        "version": number,
        "original_code": text,
        "code": text,
        "arrived_at": text,
        "made_at": instant,
        "recorded_at": instant,
        "source": text,
        **dict.fromkeys(("made_by", "client", "reason", "nature", "by_system", "body", "nonce", "leaf"), text),
    }
    return arrow.schema(list(kinds.items()))


class Rows:
    """A member of Parquet that is being written; a row group for each call."""

    def __init__(self, of: str, member: Hashed) -> None:
        self._arrow = _module("pyarrow")
        self._schema = _schema(of)
        self._member = member
        sink = self._arrow.PythonFile(member, mode="w")
        self._writer = _module("pyarrow.parquet").ParquetWriter(sink, self._schema, compression="zstd")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write some rows."""
        if rows:
            self._writer.write_table(self._arrow.Table.from_pylist(list(rows), schema=self._schema))
            self._member.lines += len(rows)


def event_row(event: Event) -> dict[str, Any]:
    """Give the columns of a leaf, and its exact text."""
    leaf = json.loads(event.leaf)
    on = leaf.get("date")
    return {**leaf, "date": None if on is None else date.fromisoformat(on), "leaf": event.leaf.decode()}


def text_rows(event: Event) -> Iterator[dict[str, Any]]:
    """Give one row for each text of an event."""
    for part, held in sorted(event.texts.items()):
        yield {"seq": event.seq, "part": part, **held}


def leaves(member: IO[bytes], rows: int) -> Iterator[bytes]:
    """Read the exact text of each leaf."""
    for (leaf,) in _columns(member, "events", ("leaf",), rows):
        yield _held(leaf).encode()


def texts(member: IO[bytes], rows: int) -> Iterator[bytes]:
    """Read the texts of each event, as the line of NDJSON that has them."""
    for seq, parts in groupby(_columns(member, "texts", _TEXTS, rows), key=lambda row: row[0]):
        held = {}
        for _, part, salt, text, name, position in parts:
            words = {"text": text} if name is None else {"name": name, "position": position}
            held[_held(part)] = {"salt": salt, **words}
        yield canonical({"seq": seq, "texts": held}).encode()


def _held(text: Any) -> str:
    if not isinstance(text, str) or len(text) > LONGEST_LINE:
        raise ExchangeFailed("The Parquet holds no text where there must be one, or one that is too long.")
    return text


def _columns(member: IO[bytes], of: str, names: Iterable[str], rows: int) -> Iterator[tuple[Any, ...]]:
    arrow, wanted = _module("pyarrow"), list(names)
    try:
        file = _module("pyarrow.parquet").ParquetFile(member)
        about = file.metadata
        groups = [about.row_group(at).total_byte_size for at in range(about.num_row_groups)]
        if file.schema_arrow != _schema(of) or about.num_rows != rows or max(groups, default=0) > _LARGEST_GROUP:
            raise ExchangeFailed(
                f"{of}.parquet does not have the documented columns, or not the rows that the manifest says."
            )
        for batch in file.iter_batches(_ROWS_AT_ONCE, columns=wanted):
            yield from zip(*(batch.column(name).to_pylist() for name in wanted), strict=True)
    except (arrow.ArrowException, OSError) as caught:
        raise ExchangeFailed(f"{of}.parquet cannot be read.") from caught
