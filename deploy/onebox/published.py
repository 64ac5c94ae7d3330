"""`rollbook published`: the DfE's "Pupil attendance in schools" from its own CSV, for figures to be laid beside it."""

import argparse
import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import aiosql
import asyncpg

from codes import published
from codes.authorities import ABOLISHED, AUTHORITIES
from codes.phases import EducationPhase
from codes.regions import ENGLAND, REGIONS
from onebox import database, place

_sql = aiosql.from_path(Path(__file__).with_suffix(".sql"), "asyncpg")

# 2025 and 202526, a figure as R writes it, and a code of the Office for National Statistics.
_PERIOD = re.compile(r"[0-9]{4}([0-9]{2})?")
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,20})?(e[+-]?[0-9]{1,2})?")
_ONS = re.compile(r"E[0-9]{8}")


class PublishedFailed(Exception):
    """A file is not as the DfE publishes it; the message says which, with line and column. Nothing is loaded."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the file: of what it is, its figures, and the symbols in place of those that are not given."""

    time_period: str
    time_identifier: str
    geographic_level: str
    area: str
    education_phase: str
    la_code: str | None
    place: Mapping[str, str | None]
    figures: Mapping[str, int | float | None]
    symbols: Mapping[str, str]

    @property
    def key(self) -> tuple[str, ...]:
        """Of what it is, which no other row may be of."""
        return self.time_period, self.time_identifier, self.geographic_level, self.area, self.education_phase


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", where: argparse.ArgumentParser) -> None:
    """Add the command to the parser; `where` says which register."""
    command = commands.add_parser(
        "published",
        parents=[where],
        help="load what the DfE publishes, to compare with",
        description='Load the CSV of the DfE\'s "Pupil attendance in schools" by code. All of the files, or nothing: a '
        "file that is not as it should be is named with its line and column. What was loaded for the same period and "
        "level is replaced; the same file again changes nothing.",
    )
    command.add_argument("files", nargs="+", metavar="FILE", type=Path, help="CSV")
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    rows = read(options.files)
    with place.owner_url(place.chosen(options.data, options.database_url)) as url:
        print(json.dumps(database.wait_for(load(url, rows, datetime.now(UTC)))))


async def load(url: str, rows: Sequence[Row], now: datetime) -> dict[str, int]:
    """Put rows in place of those of the same periods and levels, in one transaction; say what that came to.

    Raises DatabaseFailed.
    """
    connection = await database.connect(url)
    try:
        given = json.dumps([asdict(row) for row in rows])
        done = dict(await _sql.replace(connection, rows=given, now=now))
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError) as error:
        raise database.DatabaseFailed("The database was never migrated. `rollbook up` does it.") from error
    finally:
        await connection.close()
    return {"rows": len(rows), **done, "unchanged": len(rows) - done["new"] - done["changed"]}


def read(files: Sequence[Path]) -> list[Row]:
    """Read every row of every file. Raises PublishedFailed at the first fault."""
    rows: dict[tuple[str, ...], Row] = {}
    for file in files:
        try:
            text = file.read_bytes().decode("utf-8-sig")
        except OSError as error:
            raise PublishedFailed(f"{file} cannot be read: {error.strerror}.") from error
        except UnicodeDecodeError as error:
            raise PublishedFailed(f"{file} is not UTF-8 at byte {error.start}.") from error
        for line, row in _rows(file, text):
            if row.key in rows:
                raise PublishedFailed(f"{file}, line {line}: there was a row of {', '.join(row.key)} before.")
            rows[row.key] = row
    return list(rows.values())


def _rows(file: Path, text: str) -> Iterator[tuple[int, Row]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line, held = 0, 0
    try:
        header = next(reader, [])
        _check_header(file, header)
        for cells in reader:
            line = reader.line_num
            if not cells:
                continue
            if len(cells) != len(header):
                raise PublishedFailed(
                    f"{file}, line {line}: {len(cells)} columns, where the first line has {len(header)}."
                )
            held += 1
            yield line, _row(f"{file}, line {line}", dict(zip(header, (cell.strip() for cell in cells), strict=True)))
    except csv.Error as error:
        raise PublishedFailed(f"{file}, line {reader.line_num}: {error}.") from error
    if not held:
        raise PublishedFailed(f"{file} has no rows.")


def _check_header(file: Path, header: Sequence[str]) -> None:
    for wrong, said in (
        (sorted(set(published.COLUMNS) - set(header)), "lacks the column"),
        (sorted(set(header) - set(published.COLUMNS)), "has a column that is not known:"),
        (sorted({name for name in header if header.count(name) > 1}), "has twice the column"),
    ):
        if wrong:
            raise PublishedFailed(f"{file}, line 1: it {said} {wrong[0]}.")


def _row(where: str, cells: Mapping[str, str]) -> Row:
    """Read one row; `where` names file and line."""

    def must(column: str, holds: bool, wanted: str) -> str:
        if not holds:
            raise PublishedFailed(f"{where}, column {column}: {cells[column]!r} is not {wanted}.")
        return cells[column]

    period = must("time_period", _PERIOD.fullmatch(cells["time_period"]) is not None, "a period such as 202526")
    identifier = must("time_identifier", bool(cells["time_identifier"]), "what kind of period it is")
    level = must("geographic_level", cells["geographic_level"] in published.LEVELS, " or ".join(published.LEVELS))
    phase = must("education_phase", cells["education_phase"] in set(EducationPhase), " or ".join(EducationPhase))
    must("country_code", cells["country_code"] == ENGLAND, ENGLAND)
    area, la_code = ENGLAND, None
    if level != published.NATIONAL:
        area = must("region_code", cells["region_code"] in REGIONS, "a region of England")
    if level == published.LOCAL_AUTHORITY:
        area = must("new_la_code", _ONS.fullmatch(cells["new_la_code"]) is not None, "an authority")
        known = AUTHORITIES.keys() | ABOLISHED
        la_code = must("old_la_code", cells["old_la_code"] in known, "the three digits of an authority")
    figures: dict[str, int | float | None] = {}
    for column in published.MEASURES:
        given = cells[column] in published.SYMBOLS or _NUMBER.fullmatch(cells[column]) is not None
        figures[column] = _number(must(column, given, "a figure, nor one of " + ", ".join(sorted(published.SYMBOLS))))
    symbols = {column: cells[column] for column, figure in figures.items() if figure is None}
    of = {column: cells[column] or None for column in published.PLACE}
    return Row(period, identifier, level, area, phase, la_code, of, figures, symbols)


def _number(text: str) -> int | float | None:
    """Read a figure; None where a symbol stands for it."""
    if text in published.SYMBOLS:
        return None
    return int(text) if text.isdecimal() else float(text)
