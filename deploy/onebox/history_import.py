"""History from files: into the register of a school by the law of the API's own route, resumable, with a report."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO

import aiosql
import asyncpg
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from codes.history import FLAGS
from kit import database as kit_database
from kit.catalogue import CATALOGUE
from kit.problems import Problem
from kit.schools import LONDON
from onebox import database, history_report
from onebox.history_mapping import HistoryFailed, form_of
from onebox.history_report import Report
from register_api import facts
from register_api.history_files import Reader
from register_api.history_lines import Form
from register_api.history_recording import Book, record_all

CLIENT = "rollbook-import"
"""Through which client the audit shows that the entries came."""
_PIECE = 1 << 16
_HEADER = 1 << 20
_sql = aiosql.from_path(Path(__file__).with_suffix(".sql"), "asyncpg")


@dataclass(frozen=True, slots=True)
class Wishes:
    """Which files are to come into which school, how they are to be read, and where the report is to be."""

    files: Sequence[Path]
    urn: str
    mapping: Path | None
    report: Path

    @property
    def state(self) -> Path:
        """Where is written down how far the import has come, until it has ended."""
        return self.report.with_name(f"{self.report.name}.state")


async def take_in(url: str, wishes: Wishes, console: Console) -> history_report.Progress:
    """Import, or go on where an import of the same files was broken off; give what it came to.

    Raises HistoryFailed and DatabaseFailed; what was committed by then stands, and is found again.
    """
    forms = [_form(file, wishes.mapping) for file in wishes.files]
    connection = await database.connect(url)
    try:
        school_id = await _sql.school_id(connection, urn=wishes.urn)
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError) as error:
        raise database.DatabaseFailed("The database was never migrated. `rollbook up` does it.") from error
    finally:
        await connection.close()
    if school_id is None:
        raise HistoryFailed(f"There is no school with the URN {wishes.urn} here.")
    progress = _begun(wishes, forms)
    engine = kit_database.connect(url, name="rollbook import", pool_size=1)
    report = Report(wishes.report, progress.report)
    try:
        book = Book(engine, school_id, CLIENT, facts.Memory(), lambda: datetime.now(LONDON), tell="flagged")
        book.tally = progress.tally
        shown = Progress(
            *(TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()),
            console=console,
            disable=not console.is_terminal,
        )
        with shown:
            task = shown.add_task("History", total=sum(progress.sizes))
            for number in range(progress.file, len(wishes.files)):
                done = sum(progress.sizes[:number])
                async for _ in _file(wishes, number, forms[number], book, report, progress):
                    shown.update(task, completed=done + progress.offset)
        wishes.state.unlink(missing_ok=True)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        again = "Run the same command again: it goes on where it stopped."
        raise HistoryFailed(f"The import broke off at line {progress.line}: {type(error).__name__}. {again}") from error
    finally:
        report.close()
        await engine.dispose()
    return progress


def _form(file: Path, mapping: Path | None) -> Form:
    try:
        return form_of(file, mapping)
    except OSError as error:
        raise HistoryFailed(f"{file} cannot be read: {error.strerror}.") from error


def _begun(wishes: Wishes, forms: Sequence[Form]) -> history_report.Progress:
    """Give how far an import of these very files has come; one of other files, or of changed ones, begins anew."""
    try:
        sizes = [file.stat().st_size for file in wishes.files]
    except OSError as error:
        raise HistoryFailed(f"{error.filename} cannot be read: {error.strerror}.") from error
    mapping = hashlib.sha256(repr([(str(file), form) for file, form in zip(wishes.files, forms, strict=True)]).encode())
    known = history_report.Progress.of(wishes.state)
    if known is not None and (known.urn, known.mapping, known.sizes) == (wishes.urn, mapping.hexdigest(), sizes):
        with wishes.files[known.file].open("rb") as file:
            if _hash(file, known.offset).hexdigest() == known.digest and wishes.report.exists():
                return known
    return history_report.Progress(wishes.urn, mapping.hexdigest(), sizes)


def _hash(file: BinaryIO, length: int) -> "hashlib._Hash":
    digest = hashlib.sha256()
    while length:
        piece = file.read(min(length, _HEADER))
        if not piece:
            break
        digest.update(piece)
        length -= len(piece)
    return digest


async def _file(
    wishes: Wishes, number: int, form: Form, book: Book, report: Report, progress: history_report.Progress
) -> AsyncIterator[None]:
    """Import one file from where it was left; after each batch progress and report are on the disk."""
    path, reader = wishes.files[number], Reader(form)
    if number != progress.file:
        progress.file, progress.line, progress.offset = number, 0, 0
        progress.digest = hashlib.sha256().hexdigest()
    skipped = progress.skipped
    with path.open("rb") as file, path.open("rb") as behind:
        digest = _hash(behind, progress.offset)
        if progress.offset:
            reader.resume(file.read(_HEADER) if form.kind == "csv" else b"", progress.line, progress.offset)
        file.seek(progress.offset)
        try:
            async for portion in record_all(book, reader, _pieces(file)):
                digest.update(behind.read(portion.offset - progress.offset))
                progress.line, progress.offset, progress.digest = portion.line, portion.offset, digest.hexdigest()
                progress.skipped = skipped + portion.skipped
                progress.report = report.add(path.name, portion.outcomes, reader)
                progress.keep(wishes.state)
                yield
        except Problem as problem:
            raise HistoryFailed(f"{path}: {problem.detail}") from problem


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece


def summary(wishes: Wishes, progress: history_report.Progress) -> str:
    """Say what an import came to, to somebody who keeps registers and no databases."""
    tally = progress.tally
    entered = _many(tally.entered, "entry", "entries")
    if tally.first is not None and tally.last is not None:
        entered += f" came in, of sessions from {_day(tally.first)} to {_day(tally.last)}:"
    else:
        entered += " came in."
    lines = [entered, *(f"    {year}  {count:>12,}" for year, count in sorted(tally.years.items()))]
    lines.append(f"{_many(tally.amended, 'amendment')} came in.")
    if tally.unchanged:
        lines.append(f"{_many(tally.unchanged, 'line')} said what the register has already; nothing was changed.")
    if progress.skipped:
        lines.append(f"{_many(progress.skipped, 'cell')} held no mark, as the mapping says.")
    if doubts := [(slug, count) for slug, count in tally.flagged.most_common() if count and slug in FLAGS]:
        lines.append("Taken, in doubt:")
        lines += [f"    {count:>12,}  {FLAGS[slug].words}" for slug, count in doubts]
    if columns := tally.flagged["unknown-column"]:
        lines.append(f"{_many(columns, 'column')} nobody knew; what stands there was not kept.")
    if tally.refused:
        lines.append(f"{_many(tally.refused, 'line')} could not be taken. The most frequent reasons:")
        lines += [f"    {count:>12,}  {CATALOGUE[slug].title}." for slug, count in tally.refusals.most_common(3)]
        lines += [
            f"The report names each of them with its line, its column and the reason: {wishes.report}",
            "What to do next: open the report, put those lines right, and run the same command again. What is in",
            "already stays as it is, so the whole file may be sent again, or a file of the mended lines alone.",
        ]
    elif tally.flagged.total():
        lines.append(f"Every line is in. The report names those that are in doubt: {wishes.report}")
    else:
        lines.append("Every line is in. There is nothing left to do.")
    return "\n".join(lines)


def _many(count: int, one: str, several: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def _day(on: date) -> str:
    return f"{on.day} {on:%B %Y}"


def run(url: str, wishes: Wishes, console: Console) -> None:
    """Import, and print the summary. Raises HistoryFailed where a line could not be taken, too."""
    progress = database.wait_for(take_in(url, wishes, console))
    print(summary(wishes, progress))
    if refused := progress.tally.refused:
        raise HistoryFailed(f"{_many(refused, 'line')} could not be taken; {wishes.report} says which.")
