"""`rollbook published`: the DfE's file is taken exactly, again without a change, or refused by line and column."""

import asyncio
import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from onebox.cli import main
from tests.support import tree
from tests.support.postgres import Database

SAMPLE = tree.ROOT / "tests/codes/data/attendance_by_code_202526_sample.csv"
TEXT = SAMPLE.read_text(encoding="utf-8")
HEADER = next(csv.reader(io.StringIO(TEXT)))
ROWS = list(csv.DictReader(io.StringIO(TEXT)))


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


Load = Callable[..., Done]


@pytest.fixture
def load(database: Database, capsys: pytest.CaptureFixture[str]) -> Load:
    """Give what runs the command on files and returns its exit code and what it printed."""

    def run(*files: Path) -> Done:
        code = main(["published", *map(str, files), "--database-url", database.owner_url])
        return Done(code, *capsys.readouterr())

    return run


@pytest.fixture(autouse=True)
def _nothing_loaded(database: Database) -> None:
    asyncio.run(ask(database, "TRUNCATE analysis.published"))


async def ask(database: Database, sql: str, *values: Any) -> list[Any]:
    connection = await asyncpg.connect(database.owner_url)
    try:
        return [dict(row) for row in await connection.fetch(sql, *values)]
    finally:
        await connection.close()


def stored(database: Database) -> list[Any]:
    return asyncio.run(ask(database, "SELECT * FROM analysis.published ORDER BY area, education_phase"))


def written(folder: Path, rows: list[dict[str, str]], name: str = "published.csv") -> Path:
    path = folder / name
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, HEADER)
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_every_figure_of_every_row_is_kept_as_it_stands_in_the_file(database: Database, load: Load) -> None:
    done = load(SAMPLE)
    assert done.code == 0, done.err
    assert json.loads(done.out) == {"rows": 28, "new": 28, "changed": 0, "removed": 0, "unchanged": 0}
    kept = {(row["area"], row["education_phase"]): row for row in stored(database)}
    for row in ROWS:
        one = kept[row["new_la_code"] or "E92000001", row["education_phase"]]
        figures = json.loads(one["figures"])
        measures = [name for name in HEADER if name in figures]
        assert len(measures) == len(HEADER) - 11
        assert {name: str(figures[name]) for name in measures} == {
            name: str(int(row[name]) if row[name].isdecimal() else float(row[name])) for name in measures
        }
        assert (one["la_code"], json.loads(one["symbols"])) == (row["old_la_code"] or None, {})
        assert (one["time_period"], one["time_identifier"]) == ("202526", "Academic year")


def test_the_same_file_again_changes_nothing(database: Database, load: Load) -> None:
    load(SAMPLE)
    before = stored(database)
    assert json.loads(load(SAMPLE).out) == {"rows": 28, "new": 0, "changed": 0, "removed": 0, "unchanged": 28}
    assert stored(database) == before


def test_a_newer_file_takes_the_place_of_the_same_period_and_level_and_of_no_other(
    database: Database, load: Load, tmp_path: Path
) -> None:
    load(SAMPLE)
    before_it = [{**row, "time_period": "202425"} for row in ROWS]
    load(written(tmp_path, before_it))
    newer = [{**row, "enrolments": "1"} for row in ROWS if row["old_la_code"] == "884"]
    done = load(written(tmp_path, newer))
    assert json.loads(done.out) == {"rows": 4, "new": 0, "changed": 4, "removed": 20, "unchanged": 0}
    kept = stored(database)
    assert len([row for row in kept if row["time_period"] == "202425"]) == 28
    now = [row for row in kept if row["time_period"] == "202526"]
    assert sorted(row["la_code"] or "" for row in now) == ["", "", "", "", "884", "884", "884", "884"]


def test_a_symbol_is_no_figure_and_is_kept_beside(database: Database, load: Load, tmp_path: Path) -> None:
    symbols = dict(
        zip(("enrolments", "pa_perc", "late_sessions", "attendance_perc"), ("c", "NA", "x", "z"), strict=True)
    )
    assert load(written(tmp_path, [{**ROWS[0], **symbols}])).code == 0
    (row,) = stored(database)
    assert json.loads(row["symbols"]) == symbols
    assert [json.loads(row["figures"])[name] for name in symbols] == [None] * 4


def test_files_are_loaded_together(database: Database, load: Load, tmp_path: Path) -> None:
    files = [written(tmp_path, ROWS[:10], "a.csv"), written(tmp_path, ROWS[10:], "b.csv")]
    assert json.loads(load(*files).out)["new"] == 28
    assert len(stored(database)) == 28


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"possible_sessions": "-1"}, "line 3, column possible_sessions: '-1'"),
        ({"enrolments": "many"}, "line 3, column enrolments: 'many'"),
        ({"pa_perc": ""}, "line 3, column pa_perc: ''"),
        ({"geographic_level": "School"}, "line 3, column geographic_level: 'School'"),
        ({"education_phase": "Nursery"}, "line 3, column education_phase: 'Nursery'"),
        ({"old_la_code": "999"}, "line 3, column old_la_code: '999'"),
        ({"new_la_code": "Halton"}, "line 3, column new_la_code: 'Halton'"),
        ({"region_code": "E12000010"}, "line 3, column region_code: 'E12000010'"),
        ({"country_code": "W92000004"}, "line 3, column country_code: 'W92000004'"),
        ({"time_period": "2025/26"}, "line 3, column time_period: '2025/26'"),
        ({"time_identifier": ""}, "line 3, column time_identifier: ''"),
        (ROWS[0], "line 3: there was a row of 202526, Academic year, Local authority, E09000030, Primary before"),
    ],
)
def test_a_bad_row_refuses_everything_and_is_named(
    database: Database, load: Load, tmp_path: Path, change: dict[str, str], said: str
) -> None:
    done = load(written(tmp_path, [ROWS[0], {**ROWS[1], **change}, *ROWS[2:]]))
    assert (done.code, done.out) == (1, "")
    assert said in done.err
    assert stored(database) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "line 1: it lacks the column"),
        (TEXT.splitlines()[0].encode(), "has no rows"),
        (TEXT.replace("pa_perc", "persistent_perc", 1).encode(), "line 1: it lacks the column pa_perc"),
        (TEXT.replace("pa_perc", "pa_perc,more", 1).encode(), "line 1: it has a column that is not known: more"),
        (TEXT.replace("pa_perc", "pa_perc,pa_perc", 1).encode(), "line 1: it has twice the column pa_perc"),
        (
            b"\n".join(TEXT.encode().splitlines()[:2]) + b",1",
            f"line 2: {len(HEADER) + 1} columns",
        ),
        (TEXT.encode() + b'202526,"Local', "unexpected end of data"),
        (b"\xff\xfe", "is not UTF-8 at byte 0"),
    ],
    ids=["empty", "header alone", "other column", "one more", "twice", "longer row", "open quote", "other encoding"],
)
def test_a_file_of_another_form_is_refused_whole(
    database: Database, load: Load, tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "published.csv"
    path.write_bytes(content)
    done = load(path)
    assert (done.code, done.out) == (1, "")
    assert said in done.err
    assert stored(database) == []


def test_a_file_that_is_not_there_is_said_so(load: Load, tmp_path: Path) -> None:
    done = load(tmp_path / "nowhere.csv")
    assert (done.code, done.out) == (1, "")
    assert "cannot be read" in done.err


def test_a_byte_order_mark_and_lines_of_windows_are_read_over(load: Load, tmp_path: Path) -> None:
    path = tmp_path / "published.csv"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    assert json.loads(load(path).out)["rows"] == 28
