"""The nation's day in the DfE's columns: its rows are sums of schools' events, and no school can be had from them."""

import csv
import io
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

import pyarrow.parquet
import pytest

from analytics_worker import national_daily
from analytics_worker.national import Sums
from codes import published, tallies
from codes.phases import EducationPhase
from codes.regions import REGIONS, authorities_in, region_of
from codes.tallies import Tally
from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.writing import Desk
from tests.support.office import refusal

MONDAY, TUESDAY = "2026-11-16", "2026-11-17"
CODES = (*["/"] * 40, "L", "I", "M", "O", "U", "B", "D", "C2", "N")
PRIMARY, SECONDARY, SPECIAL, TOTAL = EducationPhase

# Urn, authority, phase, ages, pupils aged 5 to 15, whose sessions are counted.
SCHOOLS = (
    ("950001", "931", "primary", (4, 11), 7),
    ("950002", "931", "primary", (4, 11), 8),
    ("950003", "931", "middle", (9, 13), 6),
    ("950004", "931", "all-through", (4, 18), 9),
    ("950005", "825", "primary", (4, 11), 6),
    ("950006", "825", "primary", (4, 11), 6),
    ("950007", "825", "secondary", (11, 16), 7),
    ("950008", "825", "secondary", (11, 16), 7),
    ("950009", "884", "special", (5, 16), 6),
    ("950010", "884", "special", (5, 16), 6),
    ("950011", "884", "special", (5, 16), 5),
    ("950012", "884", "alternative-provision", (5, 16), 9),
)
SIZE = {urn: pupils for urn, _, _, _, pupils in SCHOOLS}
PHASE = {"primary": PRIMARY, "middle": SECONDARY, "all-through": SECONDARY, "secondary": SECONDARY, "special": SPECIAL}


@dataclass
class Told:
    """What was entered: for each school and day the codes."""

    entered: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def tally(self, urns: Sequence[str], day: str) -> Tally:
        counts = [(code, date.fromisoformat(day), True, 1) for urn in urns for code in self.entered[urn, day]]
        return tallies.tally(counts)


@pytest.fixture(scope="module")
async def told(desk: Desk) -> Told:
    chance = random.Random(5)
    told = Told()
    for urn, la_code, phase, ages, pupils in SCHOOLS:
        # Beside those who count one who is four, and one who boards.
        school = await desk.open(urn, la_code, pupils=pupils)
        await school.facts(la_code, None, phase, ages)
        await school.pupil(pupils + 1, date_of_birth="2022-02-11", year_group="R")
        await school.pupil(pupils + 2, boarder=True)
        for day in (MONDAY, TUESDAY):
            marks = [
                (no, day, session, chance.choice(CODES)) for no in range(1, pupils + 3) for session in ("AM", "PM")
            ]
            await school.enter(*marks)
            await school.enter(*[(*mark[:3], chance.choice(CODES)) for mark in marks[::5]])
            stands = {key: code for key, _, code in school.events if key[1].isoformat() == day}
            # By session, then by pupil.
            keys = sorted((key for key in stands if key[0] <= pupils), key=lambda key: (key[2], key[0]))
            told.entered[urn, day] = [stands[key] for key in keys]
    await desk.sweep()
    return told


async def rows_of(calling: Calling, **params: Any) -> list[dict[str, Any]]:
    async with calling() as http:
        answer = await http.get("/v1/national/daily", params={"limit": 1000, **params})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def place(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["geographic_level"], row["old_la_code"] or row["region_code"] or "England", row["education_phase"]


def urns(*la_codes: str, phase: EducationPhase = TOTAL) -> list[str]:
    """Give the schools that count: of six enrolments or more, and of a phase that is published."""
    return [
        urn
        for urn, la_code, kind, _, pupils in SCHOOLS
        if la_code in la_codes and pupils >= 6 and kind in PHASE and phase in (PHASE[kind], TOTAL)
    ]


async def test_every_row_has_the_dfes_columns_and_the_sums_of_its_schools(calling: Calling, told: Told) -> None:
    rows = {place(row): row for row in await rows_of(calling, date=MONDAY)}
    everywhere = {
        ("National", "England"): ("931", "825", "884"),
        ("Regional", "E12000008"): ("931", "825"),
        ("Regional", "E12000005"): ("884",),
        **{("Local authority", la_code): (la_code,) for la_code in ("931", "825", "884")},
    }
    expected = {
        (*area, phase) for area, codes in everywhere.items() for phase in EducationPhase if urns(*codes, phase=phase)
    }
    assert rows.keys() == expected
    for (level, area, phase), row in rows.items():
        schools = urns(*everywhere[level, area], phase=EducationPhase(phase))
        assert tuple(row) == published.COLUMNS
        assert len(schools) > 1
        assert (row["time_period"], row["time_identifier"]) == (MONDAY, "Day")
        assert {name: row[name] for name in published.sessions(told.tally(schools, MONDAY))} == published.sessions(
            told.tally(schools, MONDAY)
        )
        pupils = sum(pupils for urn, _, _, _, pupils in SCHOOLS if urn in schools)
        assert row["num_schools"] == row["total_num_schools"] == len(schools)
        assert row["enrolments"] == row["total_enrolments"] == pupils
        assert row["pa_perc"] is None, "persistent absence is never of a day"
    oxfordshire = rows["Local authority", "931", "Primary"]
    assert [oxfordshire[name] for name in published.PLACE[2:9]] == [
        *("E92000001", "England", "E12000008", "South East", "E10000025", "Oxfordshire", "931")
    ]


async def test_a_year_to_date_has_persistent_absence(calling: Calling, told: Told) -> None:
    rows = {place(row): row for row in await rows_of(calling, academic_year="2026-27")}
    row = rows["Local authority", "931", "Primary"]
    assert (row["time_period"], row["time_identifier"]) == ("202627", "Academic year")
    both = tallies.add(told.tally(urns("931", phase=PRIMARY), MONDAY), told.tally(urns("931", phase=PRIMARY), TUESDAY))
    assert row["possible_sessions"] == both.possible_sessions
    assert row["total_enrolments"] == 15
    persistent = 0
    for urn in urns("931", phase=PRIMARY):
        days = told.entered[urn, MONDAY], told.entered[urn, TUESDAY]
        each = [[code for day in days for code in day[n :: SIZE[urn]]] for n in range(SIZE[urn])]
        sums = [tallies.tally([(code, date(2026, 11, 16), True, 1) for code in codes]) for codes in each]
        persistent += tallies.group(sums).persistent_pupils
    assert 0 < persistent < 15
    assert row["pa_perc"] == tallies.perc(Fraction(persistent, 15))
    assert row["num_schools"] is row["enrolments"] is None
    assert len(rows) == len(await rows_of(calling, date=MONDAY))


async def test_days_are_given_one_after_another_and_pages_join(calling: Calling, told: Told) -> None:
    days = {"from": MONDAY, "to": "2026-11-18"}
    whole = await rows_of(calling, **days)
    assert whole == [row for day in (MONDAY, TUESDAY, "2026-11-18") for row in await rows_of(calling, date=day)]
    items, cursor = [], None
    async with calling() as http:
        while True:
            asked: dict[str, Any] = {**days, "limit": 7, **({"cursor": cursor} if cursor else {})}
            page = (await http.get("/v1/national/daily", params=asked)).json()
            items += page["items"]
            if (cursor := page["next"]) is None:
                break
    assert items == whole
    assert page["schools"] == {"schools": 12, "behind": 0, "events_behind": 0, "year_totals_on": "2026-11-20"}
    # Nobody was marked on Wednesday: zeros, and rates of nothing.
    of_wednesday = [row for row in whole if row["time_period"] == "2026-11-18"]
    assert {row["possible_sessions"] for row in of_wednesday} == {0}
    assert {row["attendance_perc"] for row in of_wednesday} == {None}


async def test_csv_and_lines_are_the_rows_too(calling: Calling, told: Told) -> None:
    whole = await rows_of(calling, date=MONDAY)
    async with calling() as http:
        text, file = [await http.get(f"/v1/national/daily?date={MONDAY}&format={each}") for each in ("csv", "parquet")]
        lines = await http.get(f"/v1/national/daily?date={MONDAY}", headers={"Accept": "application/x-ndjson"})
    assert [json.loads(line) for line in lines.text.splitlines()] == whole
    read = list(csv.DictReader(io.StringIO(text.text, newline="")))
    assert tuple(read[0]) == published.COLUMNS
    assert read == [{name: "" if value is None else str(value) for name, value in row.items()} for row in whole]
    # Texts as in the CSV: `c` may stand in any column.
    table = pyarrow.parquet.read_table(io.BytesIO(file.content)).to_pylist()
    assert table == [{name: None if value is None else str(value) for name, value in row.items()} for row in whole]


async def test_a_row_of_one_school_has_c_in_every_measure_and_so_have_those_it_could_be_had_from(
    calling: Calling, told: Told, desk: Desk
) -> None:
    """Law.md 4.5."""
    lone = await desk.open("950020", "933", pupils=6)
    await lone.enter(*[(no, "2026-11-19", session, "/") for no in range(1, 7) for session in ("AM", "PM")])
    await desk.sweep()
    rows = {place(row): row for row in await rows_of(calling, date="2026-11-19")}
    for area in (("Local authority", "933"), ("Regional", "E12000009"), ("National", "England")):
        for phase in ("Primary", "Total"):
            assert {rows[(*area, phase)][name] for name in published.MEASURES} == {"c"}, (area, phase)
    # Where nobody else has an entry there is nothing to hide.
    assert rows["Local authority", "931", "Primary"]["possible_sessions"] == 0


@pytest.mark.parametrize(
    ("params", "parameter"),
    [
        ({"date": MONDAY, "from": MONDAY, "to": MONDAY}, "date"),
        ({"from": MONDAY}, "date"),
        ({"from": "2026-09-01", "to": "2026-10-02"}, "to"),
        ({"from": TUESDAY, "to": MONDAY}, "to"),
        ({"academic_year": "2026-28"}, "academic_year"),
        ({"format": "xml"}, "format"),
    ],
)
async def test_what_makes_no_sense_is_refused(calling: Calling, params: dict[str, str], parameter: str) -> None:
    async with calling() as http:
        refusal(await http.get("/v1/national/daily", params=params), "invalid-parameter", at=parameter)


def determined(hidden: Sequence[Any], lines: Sequence[Sequence[tuple[Any, int]]]) -> set[Any]:
    """Give which unknowns the lines determine: by elimination, exactly, of what each line says of those hidden."""
    at = {cell: n for n, cell in enumerate(hidden)}
    rows = []
    for line in lines:
        row = [Fraction(0)] * len(hidden)
        for cell, sign in line:
            if cell in at:
                row[at[cell]] += sign
        if any(row):
            rows.append(row)
    pivots = []
    for column in range(len(hidden)):
        found = next((row for row in rows if row[column] and row not in pivots), None)
        if found is None:
            continue
        found[:] = [value / found[column] for value in found]
        for row in rows:
            if row is not found and row[column]:
                factor = row[column]
                row[:] = [value - factor * other for value, other in zip(row, found, strict=True)]
        pivots.append(found)
    return {hidden[next(n for n, value in enumerate(row) if value)] for row in pivots if sum(map(bool, row)) == 1}


@pytest.mark.parametrize("seed", range(60))
def test_no_row_of_one_school_can_be_worked_out_from_the_others(seed: int) -> None:
    """Every sum that the rows are known to obey is tried at once."""
    chance = random.Random(seed)
    regions = chance.sample(sorted(REGIONS), chance.randrange(1, 5))
    la_codes = [each for region in regions for each in chance.sample(authorities_in(region), chance.randrange(1, 5))]
    cells = {
        (la_code, phase): Sums(reporting=n, enrolments=n * 10, schools=n, total_enrolments=None, sessions=tallies.EMPTY)
        for la_code in la_codes
        for phase in (PRIMARY, SECONDARY, SPECIAL)
        if (n := chance.choice((0, 1, 1, 2, 2, 3, 5, 9)))
    }
    rows = {place(row): row for row in national_daily._rows("2026-11-16", "Day", cells)}
    hidden = sorted(cell for cell, row in rows.items() if row["possible_sessions"] == "c")
    alone = {("Local authority", *cell) for cell, sums in cells.items() if sums.reporting == 1}
    assert alone <= set(hidden)
    lines: list[list[tuple[Any, int]]] = []
    for cell in rows:
        level, area, phase = cell
        if phase == TOTAL:
            lines.append([(cell, -1), *((each, 1) for each in rows if each[:2] == cell[:2] and each[2] != TOTAL)])
        below = {"National": "Regional", "Regional": "Local authority"}.get(level)
        within = [
            each
            for each in rows
            if each[0] == below and each[2] == phase and (level == "National" or region_of(each[1]) == area)
        ]
        if below:
            lines.append([(cell, -1), *((each, 1) for each in within)])
    assert determined(hidden, lines) & alone == set()
