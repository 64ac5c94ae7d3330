"""What an import of history leaves behind: a report that a secretary can open, and how far it has come."""

import csv
import hashlib
import io
import json
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any, Self

from codes.history import FLAGS
from onebox.history_mapping import HistoryFailed
from register_api.history_deciding import Outcome
from register_api.history_files import Faulty, Reader
from register_api.history_recording import Tally

COLUMNS = ("file", "line", "column", "pupil", "date", "session", "outcome", "reason")
_WORDS = {
    "refused": "not taken",
    "left-out": "column left out",
    "entered": "taken, in doubt",
    "amended": "taken, in doubt",
}
_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(slots=True)
class Progress:
    """How far an import has come: which file, up to where, what it came to, and how long the report was then."""

    urn: str
    mapping: str
    sizes: list[int]
    file: int = 0
    line: int = 0
    offset: int = 0
    digest: str = hashlib.sha256().hexdigest()
    skipped: int = 0
    report: int = 0
    tally: Tally = field(default_factory=Tally)

    @classmethod
    def of(cls, path: Path) -> Self | None:
        """Give what was written down there; None where nothing was, or nothing that can be read."""
        try:
            said = json.loads(path.read_text())
            tally: dict[str, Any] = said.pop("tally")
            for name in ("flagged", "refusals", "years"):
                tally[name] = Counter(tally[name])
            for name in ("first", "last"):
                tally[name] = tally[name] and date.fromisoformat(tally[name])
            return cls(**said, tally=Tally(**tally))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def keep(self, path: Path) -> None:
        """Write it down, whole or not at all, so that it outlasts whatever comes."""
        fresh = path.with_name(f"{path.name}.new")
        with fresh.open("w") as file:
            json.dump({each.name: getattr(self, each.name) for each in fields(self)}, file, default=_plain)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return {each.name: getattr(value, each.name) for each in fields(value)}


class Report:
    """The lines that were not taken, or taken in doubt, one row each; CSV, or NDJSON by the name of the file."""

    def __init__(self, path: Path, length: int) -> None:
        self._json = path.suffix in (".ndjson", ".jsonl")
        try:
            self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        except OSError as error:
            raise HistoryFailed(f"{path} cannot be written: {error.strerror}.") from error
        self._file.truncate(length)
        self._file.seek(length)
        if not length and not self._json:
            # Spreadsheets take a file for UTF-8 when it says so.
            self._file.write(b"\xef\xbb\xbf")
            self._write([COLUMNS])

    def add(self, file: str, outcomes: Iterable[Outcome], reader: Reader) -> int:
        """Add what became of a batch, and give how long the report is when it is on the disk."""
        rows = [_row(file, outcome, reader) for outcome in outcomes if outcome.flags or outcome.refused is not None]
        if rows:
            self._write(rows)
            self._file.flush()
            os.fsync(self._file.fileno())
        return self._file.tell()

    def close(self) -> None:
        """End the report."""
        self._file.close()

    def _write(self, rows: Iterable[tuple[Any, ...]]) -> None:
        if self._json:
            said = (dict(zip(COLUMNS, row, strict=True)) for row in rows)
            self._file.write("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in said).encode())
            return
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows([[_harmless(cell) for cell in row] for row in rows])
        self._file.write(text.getvalue().encode())


def _harmless(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_BEGINS_A_FORMULA) else cell


def _row(file: str, outcome: Outcome, reader: Reader) -> tuple[Any, ...]:
    """Give a row in words. A UPN is not repeated: the line leads to it."""
    item = outcome.item
    reasons = [FLAGS[flag].words for flag in outcome.flags]
    if outcome.refused is not None:
        reasons.append(outcome.refused.detail)
    where: tuple[Any, ...] = ("", "", "")
    column: Any
    if isinstance(item, Faulty):
        column = item.column or item.member
    else:
        where = ("" if item.by_upn else item.pupil, item.told.date.isoformat(), item.told.session)
        member = outcome.refused.member if outcome.refused is not None else ""
        column = reader.column(item, member) or member
    return (file, item.number, column, *where, _WORDS[outcome.outcome], " ".join(reasons))
