"""`rollbook import`: history from files, a summary that a secretary understands, a report of every wrong line."""

import asyncio
import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from onebox.cli import main
from tests.support.office import calling
from tests.support.postgres import Database
from tests.support.school import pupil, set_up
from tests.support.services import Clock, register_api

URN = "900601"
PUPILS = 60


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str
    report: Path

    @property
    def rows(self) -> list[dict[str, str]]:
        with self.report.open(newline="", encoding="utf-8-sig") as file:
            return list(csv.DictReader(file))


Import = Callable[..., Done]


@pytest.fixture(scope="module")
async def school(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Database:
    """Set a school up whose pupils have been on roll since 2019, with one calendar."""
    clock = Clock(datetime.fromisoformat("2026-09-07T16:00:00+01:00"))
    async with (
        register_api(database, tmp_path_factory.mktemp("register"), clock) as running,
        calling(running, ("roll:write", "admin")) as http,
    ):
        await set_up(http, URN, pupils=1)
        roll = [
            pupil(id=f"h-{n:03}", upn=None, date_of_birth="2012-02-11", starting_day="2019-09-03")
            for n in range(PUPILS)
        ]
        answer = await http.post(f"/v1/schools/{URN}/pupils", json={"pupils": roll})
        assert answer.json()["entered"] == PUPILS, answer.text
    return database


@pytest.fixture
def importing(school: Database, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Import:
    """Give what writes a file, imports it, and returns what the command said."""

    def run(content: bytes | str, *arguments: str, name: str = "old.csv") -> Done:
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        try:
            code = main(("import", str(file), "--school", URN, "--database-url", school.owner_url, *arguments))
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        return Done(code, *capsys.readouterr(), tmp_path / f"{name}.report.csv")

    return run


def fetch(database: Database, query: str, *arguments: Any) -> list[asyncpg.Record]:
    async def asked() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(database.owner_url)
        try:
            return list(await connection.fetch(query, *arguments))
        finally:
            await connection.close()

    return asyncio.run(asked())


HEADER = "pupil,date,session,code,original_entry,reason,made_at,name,position\n"
MADE = "2021-09-06T09:00:00+01:00,A. Teacher,Class teacher"


def stored(school: Database, *ids: str) -> list[tuple[Any, ...]]:
    """Give the entries of pupils as they stand in the tables, in the order of the stream."""
    query = """
        SELECT i.id, e.session_date, e.session, e.version, e.code, s.name, s.position, c.client_id, e.source
        FROM ledger.event e JOIN register.pupil_id i USING (school_id, pupil_no)
        JOIN ledger.staff s ON s.school_id = e.school_id AND s.no = e.staff_no
        JOIN ledger.client c ON c.school_id = e.school_id AND c.no = e.client_no
        WHERE i.id = ANY ($1::text[]) ORDER BY e.seq
    """
    return [tuple(row) for row in fetch(school, query, list(ids))]


def year(on: date, *ids: str, days: int = 5, code: str = "/") -> str:
    """Give rows of mornings from a Monday on, without the weekends."""
    every = [on + timedelta(days=7 * (n // 5) + n % 5) for n in range(days)]
    return "".join(
        f"{id_},{day},AM,{code},,,{day}T09:00:00Z,A. Teacher,Class teacher\n" for day in every for id_ in ids
    )


def test_a_file_of_the_documented_form_comes_in_and_is_summed_up_in_plain_words(
    importing: Import, school: Database
) -> None:
    amended = "h-001,2021-09-06,AM,I,N,Mother telephoned,2021-09-06T10:00:00+01:00,B. Office,Attendance officer\n"
    content = HEADER + year(date(2021, 9, 6), "h-001", code="N") + amended + year(date(2022, 9, 5), "h-001")
    done = importing(content)
    assert (done.code, done.err) == (0, "")
    assert "10 entries came in, of sessions from 6 September 2021 to 9 September 2022:" in done.out
    assert "    2021-22             5\n    2022-23             5\n" in done.out
    assert "1 amendment came in." in done.out
    assert "no calendar of the academic year" in done.out
    assert "Every line is in." in done.out
    assert len(done.rows) == 11
    assert done.rows[0]["outcome"] == "taken, in doubt"
    found = stored(school, "h-001")
    assert found[5] == (
        *("h-001", date(2021, 9, 6), "AM", 2, "I", "B. Office", "Attendance officer", "rollbook-import", "history"),
    )
    again = importing(content)
    assert again.code == 0
    assert "11 lines said what the register has already; nothing was changed." in again.out
    assert stored(school, "h-001") == found


def test_the_right_lines_are_in_and_the_wrong_ones_named_in_a_report_that_can_be_opened(
    importing: Import, school: Database
) -> None:
    rows = year(date(2021, 9, 6), *(f"h-{n:03}" for n in range(2, 42)), days=150).splitlines(keepends=True)
    wrong = {
        5: ("AM,/", "AM,?"),
        700: ("2021", "1821"),
        4_990: ("h-0", "=h-"),
        4_998: ("AM", "XM"),
        5_001: (",/,", ",/"),
    }
    for at, (before, after) in wrong.items():
        rows[at - 2] = rows[at - 2].replace(before, after, 1)
    done = importing(HEADER.replace("position", "position,Form") + "".join(row[:-1] + ",4B\n" for row in rows))
    assert done.code == 1
    assert "5 lines could not be taken. The most frequent reasons:" in done.out
    assert "run the same command again" in done.out
    assert "5 lines could not be taken" in done.err
    refused = [row for row in done.rows if row["outcome"] == "not taken"]
    assert [(int(row["line"]), row["column"]) for row in refused] == [
        (5, "code"), (700, "date"), (4_990, "pupil"), (4_998, "session"), (5_001, ""),
    ]  # fmt: skip
    assert all(row["reason"] for row in refused)
    assert done.rows[0] | {"reason": ""} == {
        "file": "old.csv", "line": "1", "column": "Form", "pupil": "", "date": "", "session": "",
        "outcome": "column left out", "reason": "",
    }  # fmt: skip
    assert fetch(school, "SELECT count(*) FROM ledger.event WHERE session_date > $1", date(2021, 9, 30))[0][0] > 4_000
    assert oct(done.report.stat().st_mode & 0o777) == "0o600"
    assert not done.report.with_name("old.csv.report.csv.state").exists()


def test_a_mapping_says_what_another_systems_columns_mean(importing: Import, school: Database, tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "import.md").read_text()
    example = "Adno," + page.split("```\nAdno,")[1].split("```")[0]
    example = example.replace("000123", "h-050").replace("000124", "h-051").replace("Teacher", "Zoë")
    (tmp_path / "mapping.toml").write_text(page.split("```toml\n")[1].split("```")[0])
    done = importing(example.encode("cp1252"), "--mapping", str(tmp_path / "mapping.toml"))
    assert done.code == 0, done.out
    assert "1 cell held no mark" in done.out
    on = date(2025, 9, 3)
    assert [row[:6] for row in stored(school, "h-050", "h-051")] == [
        ("h-050", on, "AM", 1, "/", "A. Zoë"),
        ("h-050", on, "PM", 1, "\\", "A. Zoë"),
        ("h-051", on, "PM", 1, "L", "A. Zoë"),
    ]


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ("colums = 1", "no 'colums'"),
        ("[columns]\nadno = 'x'", "'adno'"),
        ("dates = 'mm/dd/yyyy'", "one of"),
        ("local_times = 1", "one of"),
        ("ignore = 'x'", "list"),
        ("[codes]\n'!' = 'QQ'", "never a code"),
        ("[sessions]\n'1' = 'EVE'", "AM or PM"),
        ("[layout]\nam = 'x'", "`am` and `pm`"),
        ("[columns]\npupil = 'x'\ndate = 'x'", "two things"),
        ("[columns]\npupil = 1", "table of texts"),
        ("= 1", "not TOML"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused_before_anything_is_read(
    importing: Import, tmp_path: Path, mapping: str, said: str
) -> None:
    (tmp_path / "mapping.toml").write_text(mapping)
    done = importing(HEADER, "--mapping", str(tmp_path / "mapping.toml"))
    assert (done.code, done.out) == (1, "")
    assert said in done.err


def test_british_dates_are_refused_with_a_hint_and_taken_where_they_are_declared(
    importing: Import, tmp_path: Path
) -> None:
    content = HEADER + "h-052,03/09/2025,AM,/,,,03/09/2025 08:52,A. Teacher,Class teacher\n"
    done = importing(content)
    assert done.code == 1
    assert (done.rows[0]["line"], done.rows[0]["column"]) == ("2", "date")
    assert "mapping" in done.rows[0]["reason"]
    (tmp_path / "m.toml").write_text("dates = 'dd/mm/yyyy'\nlocal_times = true")
    done = importing(content, "--mapping", str(tmp_path / "m.toml"))
    assert done.code == 0
    assert "1 entry came in" in done.out


def test_a_report_may_be_ndjson(importing: Import, tmp_path: Path) -> None:
    report = tmp_path / "told.ndjson"
    done = importing('{"kind": "mark"}\n', "--report", str(report), name="old.ndjson")
    assert done.code == 1
    (only,) = [json.loads(line) for line in report.read_text().splitlines()]
    assert (only["line"], only["column"], only["outcome"]) == (1, "code", "not taken")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["import", "x.csv"], "--school"),
        (["import", "a.zip", "b.zip"], "one export at a time"),
        (["import", "a.zip", "--report", "r.csv"], "--school"),
    ],
)
def test_a_command_that_makes_no_sense_is_a_usage_error(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_a_school_or_a_file_that_is_not_there_is_said_in_one_line(importing: Import, tmp_path: Path) -> None:
    done = importing(HEADER, "--school", "999999")
    assert (done.code, done.out) == (1, "")
    assert "no school with the URN 999999" in done.err
    done = importing("date,code\n")
    assert (done.code, done.out) == (1, "")
    assert "pupil" in done.err


@pytest.mark.alone
def test_killed_in_the_middle_it_goes_on_where_it_stopped_without_a_double(school: Database, tmp_path: Path) -> None:
    ids = [f"h-{n:03}" for n in range(PUPILS)]
    file = tmp_path / "long.csv"
    wrong = "h-999,2019-09-09,AM,/,,,2019-09-09T09:00:00Z,A. Teacher,Class teacher\n"
    content = HEADER + wrong + year(date(2019, 9, 9), *ids, days=500)
    file.write_text(content)
    before = fetch(school, "SELECT count(*) FROM ledger.event")[0][0]
    known = fetch(school, "SELECT count(*) FROM ledger.event WHERE version = 1 AND session_date BETWEEN $1 AND $2 "
                  "AND session = 'AM'", date(2019, 9, 9), date(2021, 9, 3))[0][0]  # fmt: skip
    command = [sys.executable, "-m", "onebox.cli", "import", str(file), "--school", URN]
    command += ["--database-url", school.owner_url]
    state = tmp_path / "long.csv.report.csv.state"
    killed = subprocess.Popen(command, env=dict(os.environ), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    patience = time.monotonic() + 60
    while not state.exists() or json.loads(state.read_text())["line"] < 9_000:
        assert killed.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < patience
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    midway = fetch(school, "SELECT count(*) FROM ledger.event")[0][0]
    assert before < midway < before + 30_000 - known
    done = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert fetch(school, "SELECT count(*) FROM ledger.event")[0][0] == before + 30_000 - known
    doubled = fetch(school, "SELECT count(*) FROM ledger.event GROUP BY school_id, seq HAVING count(*) > 1")
    assert doubled == []
    assert not state.exists()
    with (tmp_path / "long.csv.report.csv").open(newline="", encoding="utf-8-sig") as report:
        refused = [row["line"] for row in csv.DictReader(report) if row["outcome"] == "not taken"]
    assert refused == ["2"]
    assert "1 line could not be taken" in done.stdout


@pytest.mark.alone
def test_a_long_file_takes_no_more_memory_than_a_short_one(school: Database, tmp_path: Path) -> None:
    def most(name: str, days: int) -> int:
        """Give the kilobytes that an import held at the most."""
        file = tmp_path / name
        file.write_text(HEADER + year(date(2021, 10, 4), *(f"h-{n:03}" for n in range(PUPILS)), days=days))
        command = [sys.executable, "-m", "onebox.cli", "import", str(file), "--school", URN]
        importing_ = subprocess.Popen([*command, "--database-url", school.owner_url], stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(importing_.pid, 0)
        importing_.returncode = os.waitstatus_to_exitcode(status)
        assert importing_.returncode == 0
        return used.ru_maxrss

    short, long = most("short.csv", 200), most("long.csv", 1_100)
    # 66,000 lines beside 12,000: 4 MB more of file, and no more memory than the machine's own moods.
    assert long < short + 12_000, (short, long)
