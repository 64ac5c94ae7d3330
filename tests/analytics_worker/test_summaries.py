"""Summaries by anything that is asked: each figure is that of a plain fold over the events, by the facts of the day."""

import csv
import io
import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations
from typing import Any

import pyarrow.parquet
import pytest

from analytics_worker import projector
from analytics_worker.questions import By
from codes import tallies, who_counts
from codes.ages import of_compulsory_age
from codes.book import Kind
from codes.calendar import academic_year, school_days, week_of
from codes.school import calendar_of
from codes.tallies import Tally
from codes.who_counts import Counted
from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.writing import CALENDAR_BEFORE, Desk, School
from tests.support.office import refusal
from tests.support.school import CALENDAR

DAYS = [
    day
    for year, body in (("2025-26", CALENDAR_BEFORE), ("2026-27", CALENDAR))
    for day in school_days(calendar_of(year, json.dumps(body)))
]
WORDS = (
    *("possible_sessions", "present_sessions", "late_sessions", "overall_attendance", "authorised_absence"),
    *("unauthorised_absence", "overall_absence", "approved_educational_activity"),
)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
MARKS = ["/"] * 20 + ["L", "U", "I", "I", "M", "G", "O", "N", "B", "D", "X", "C", "E", "Y1"]


@dataclass
class Child:
    """A pupil as a plain reader of the roll knows one."""

    no: int
    born: date
    sex: str
    boarder: bool
    on_roll: list[tuple[date, date | None]]
    placings: list[tuple[date, str, str | None, dict[str, Any]]] = field(default_factory=list)

    def placed(self, on: date) -> tuple[str | None, str | None, dict[str, Any]]:
        held = [placing[1:] for placing in sorted(self.placings, key=lambda each: each[0]) if placing[0] <= on]
        return held[-1] if held else (None, None, {})

    def is_on_roll(self, on: date) -> bool:
        return any(first <= on and (end is None or on < end) for first, end in self.on_roll)


def roll_of(chance: random.Random, pupils: int) -> list[Child]:
    children = []
    for no in range(1, pupils + 1):
        spans: list[tuple[date, date | None]] = [(date(2025, 9, 3), None)]
        if chance.random() < 0.3:
            spans = [(date(2025, 9, 3), chance.choice(DAYS[150:230])), (chance.choice(DAYS[235:250]), None)]
        elif chance.random() < 0.2:
            spans = [(chance.choice(DAYS[170:185]), None)]
        born = date(chance.choice((2010, 2011, 2016, 2020, 2021)), chance.randrange(1, 13), 11)
        child = Child(no, born, chance.choice("FM"), chance.random() < 0.15, spans)
        for starts in [date(2025, 9, 3), *chance.sample(DAYS[140:250], chance.randrange(0, 3))]:
            facts = {"fsm": chance.random() < 0.4, "sen": chance.choice(("N", "K", None))}
            facts = {name: value for name, value in facts.items() if value is not None}
            child.placings.append((starts, chance.choice(("R", "4", "11")), chance.choice(("4A", "4B", None)), facts))
        children.append(child)
    return children


async def enrol(school: School, child: Child) -> None:
    spans = ", ".join(f"[{first},{end or ''})" for first, end in child.on_roll)
    for starts, year_group, class_, facts in child.placings:
        await school.pupil(
            child.no,
            date_of_birth=child.born.isoformat(),
            sex=child.sex,
            boarder=child.boarder,
            on_roll=f"{{{spans}}}",
            effective_from=starts.isoformat(),
            year_group=year_group,
            facts=facts,
            **{"class": class_},
        )


def counted_on(child: Child, on: date) -> Counted:
    """Say where a day counts, by the rules one by one."""
    year = academic_year(on)
    begins = date(int(year[:4]), 8, 1)
    entered = min(max(first, begins) for first, end in child.on_roll if first <= on and (end is None or end > begins))
    if child.boarder or not who_counts.session_counts(child.born, on) or not who_counts.enrolled_in_time(entered):
        return Counted.NONE
    if who_counts.age_counts(child.born, year):
        return Counted.MAIN
    return Counted.AGED_FOUR if who_counts.published_apart(child.born, year) else Counted.NONE


def term_of(on: date) -> str:
    year = academic_year(on)
    body = CALENDAR_BEFORE if year == "2025-26" else CALENDAR
    name = next(t["name"] for t in body["terms"] if t["starts"] <= on.isoformat() <= t["ends"])
    return f"{year}/{name}"


LABELS: Mapping[By, Callable[[Child, date, str, str], Any]] = {
    By.PUPIL: lambda child, on, session, code: f"p-{child.no}",
    By.CLASS: lambda child, on, session, code: child.placed(on)[1],
    By.YEAR_GROUP: lambda child, on, session, code: child.placed(on)[0],
    By.COHORT_SEX: lambda child, on, session, code: child.sex,
    By.COHORT_FSM: lambda child, on, session, code: child.placed(on)[2].get("fsm"),
    By.COHORT_SEN: lambda child, on, session, code: child.placed(on)[2].get("sen"),
    By.WEEKDAY: lambda child, on, session, code: WEEKDAYS[on.weekday()],
    By.SESSION: lambda child, on, session, code: session,
    By.WEEK: lambda child, on, session, code: week_of(on).isoformat(),
    By.MONTH: lambda child, on, session, code: f"{on:%Y-%m}",
    By.TERM: lambda child, on, session, code: term_of(on),
    By.CENSUS_PERIOD: lambda child, on, session, code: f"{academic_year(on)}/{who_counts.census_period(on)}",
    By.YEAR: lambda child, on, session, code: academic_year(on),
}


def fold(
    school: School, children: Iterable[Child], first: date, last: date, who: str, by: tuple[By, ...]
) -> dict[tuple[Any, ...], list[Tally]]:
    """Fold the events one by one and count what stands: one tally a pupil in each part."""
    by_no = {child.no: child for child in children}
    counted: defaultdict[tuple[Any, ...], defaultdict[int, list[tuple[str, date, bool, int]]]]
    counted = defaultdict(lambda: defaultdict(list))
    for (no, on, session), code in {key: code for key, _, code in school.events}.items():
        child = by_no[no]
        if not first <= on <= last or not child.is_on_roll(on):
            continue
        wanted = {"on-roll": None, "published": Counted.MAIN, "aged-four": Counted.AGED_FOUR}[who]
        if wanted is None or counted_on(child, on) is wanted:
            labels = tuple(LABELS[each](child, on, session, code) for each in by)
            counted[labels][no].append((code, on, of_compulsory_age(child.born, on), 1))
    return {labels: [tallies.tally(each) for each in pupils.values()] for labels, pupils in counted.items()}


async def ask(calling: Calling, school: School, path: str = "attendance", **params: Any) -> dict[str, Any]:
    async with calling("schools", school.urn) as http:
        answer = await http.get(f"/v1/schools/{school.urn}/{path}", params=params)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def is_of(item: Mapping[str, Any], expected: list[Tally], by: tuple[By, ...]) -> None:
    group = tallies.group(expected)
    assert item["codes"] == dict(sum_of(expected).codes)
    for word in WORDS:
        assert item[word] == getattr(group.total, word), (word, item)
    if By.PUPIL in by:
        assert item["persistent"] == bool(group.persistent_pupils)
    else:
        found = (item["enrolments"], item["persistent_pupils"], item["severe_pupils"])
        assert found == (group.enrolments, group.persistent_pupils, group.severe_pupils)
        assert item["pa_perc"] == tallies.perc(group.persistent)
        assert item["absence_due_to_persistent_perc"] == tallies.perc(group.absence_due_to_persistent)


def sum_of(expected: list[Tally]) -> Tally:
    total = tallies.EMPTY
    for each in expected:
        total = tallies.add(total, each)
    return total


@pytest.fixture(scope="module")
async def written(desk: Desk) -> tuple[School, list[Child]]:
    """Give a school of nine with moves, boarders, leavers and births on both sides of every line, over two years."""
    chance = random.Random(20)
    school = await desk.open("940001", pupils=0)
    children = roll_of(chance, 9)
    for child in children:
        await enrol(school, child)
    marks = [
        (child.no, day.isoformat(), session, chance.choice(MARKS))
        for day in DAYS[140:250]
        for session in ("AM", "PM")
        for child in children
        if child.is_on_roll(day)
    ]
    # Weeks are laid together of what was entered by now; of the rest, and of what is amended later, they know nothing.
    await school.enter(*marks[:1200])
    await desk.sweep()
    await school.enter(*marks[1200:], *[(*mark[:3], chance.choice(MARKS)) for mark in marks[::17]])
    await projector.fold(desk.analytics, school.school_id)
    [(laid, folded)] = await school.rows("SELECT weeks_seq, seq FROM analysis.checkpoint WHERE school_id = $1")
    assert 0 < laid < folded
    return school, children


WINDOWS = [(DAYS[140], DAYS[249]), (DAYS[170], DAYS[188]), (DAYS[200], DAYS[200])]


@pytest.mark.parametrize("by", [(), *[(each,) for each in LABELS], *combinations([*LABELS][1:], 2)], ids="-".join)
async def test_every_part_is_the_fold_of_the_events_by_the_facts_of_the_day(
    calling: Calling, written: tuple[School, list[Child]], by: tuple[By, ...]
) -> None:
    school, children = written
    for first, last in WINDOWS if len(by) < 2 else WINDOWS[:1]:
        for who in ("on-roll", "published", "aged-four") if len(by) < 2 else ("on-roll",):
            expected = fold(school, children, first, last, who, by)
            asked: dict[str, Any] = {"from": first.isoformat(), "to": last.isoformat(), "who": who, "limit": 1000}
            told = await ask(calling, school, by=[*by], **asked)
            whole = fold(school, children, first, last, who, ()).get((), [])
            split = {word: told[word] for word in ("authorised_absence", "unauthorised_absence")}
            if who == "aged-four":
                assert set(split.values()) == {None}, "of those not of compulsory age the overall absence alone"
                continue
            is_of(told, whole, ())
            if by:
                found = {tuple(item[each.member] for each in by): item for item in told["items"]}
                assert len(found) == len(told["items"])
                assert found.keys() == expected.keys()
                for labels, item in found.items():
                    is_of(item, expected[labels], by)


async def test_codes_are_told_with_their_share_and_how_many_have_them(
    calling: Calling, written: tuple[School, list[Child]]
) -> None:
    school, children = written
    window: dict[str, Any] = {"from": DAYS[140].isoformat(), "to": DAYS[249].isoformat(), "limit": 1000}
    group = tallies.group(fold(school, children, DAYS[140], DAYS[249], "on-roll", ())[()])
    told = await ask(calling, school, by="code", **window)
    assert {item["code"]: item["sessions"] for item in told["items"]} == dict(group.total.codes)
    ill = next(item for item in told["items"] if item["code"] == "I")
    assert ill["perc"] == tallies.perc(tallies.of_code(group.total, "I"))
    assert ill["share_of_absence_perc"] == tallies.perc(tallies.share_of_absence(group.total, "I"))
    assert ill["enrolments"] == group.pupils_with["I"]
    assert next(item for item in told["items"] if item["code"] == "/")["share_of_absence_perc"] is None
    by_class = fold(school, children, DAYS[140], DAYS[249], "on-roll", (By.CLASS,))
    both = await ask(calling, school, by=["code", "class"], **window)
    assert {(item["code"], item["class"]): item["sessions"] for item in both["items"]} == {
        (code, labels[0]): n for labels, each in by_class.items() for code, n in sum_of(each).codes.items()
    }


async def test_one_pupils_parts_and_the_sessions_behind_them(
    calling: Calling, written: tuple[School, list[Child]]
) -> None:
    school, children = written
    window = {"from": DAYS[140].isoformat(), "to": DAYS[249].isoformat()}
    for child in children[:4]:
        pupil = f"pupils/p-{child.no}/attendance"
        told = await ask(calling, school, pupil, by="week", limit=1000, **window)
        expected = fold(school, children, DAYS[140], DAYS[249], "on-roll", (By.PUPIL, By.WEEK))
        weeks = {labels[1]: each for labels, each in expected.items() if labels[0] == f"p-{child.no}"}
        assert {item["week"]: item["codes"] for item in told["items"]} == {
            week: dict(sum_of(each).codes) for week, each in weeks.items()
        }
        behind = await ask(calling, school, f"{pupil}/sessions", limit=1000, **window)
        assert sum(item["possible"] for item in behind["items"]) == told["possible_sessions"]
        absences = [item for item in behind["items"] if item["kind"] in (Kind.AUTHORISED, Kind.UNAUTHORISED)]
        assert len(absences) == told["overall_absence"]
        assert [(item["date"], item["session"]) for item in behind["items"]] == sorted(
            (on.isoformat(), session)
            for (no, on, session), _ in {key: code for key, _, code in school.events}.items()
            if no == child.no and child.is_on_roll(on)
        )
        ill = await ask(calling, school, f"{pupil}/sessions", code="I", **window)
        assert len(ill["items"]) == told["codes"].get("I", 0)


async def test_pages_of_parts_join_to_the_whole_list(calling: Calling, written: tuple[School, list[Child]]) -> None:
    school, _ = written
    window: dict[str, Any] = {"from": DAYS[140].isoformat(), "to": DAYS[249].isoformat(), "by": ["class", "weekday"]}
    whole = await ask(calling, school, limit=1000, **window)
    assert whole["by"] == ["class", "weekday"]
    assert [item["weekday"] for item in whole["items"] if item["class"] == "4A"] == [*WEEKDAYS]
    items, cursor = [], None
    while True:
        page = await ask(calling, school, limit=4, **window, **({} if cursor is None else {"cursor": cursor}))
        items += page["items"]
        if (cursor := page["next"]) is None:
            break
    assert items == whole["items"]


@pytest.mark.parametrize("by", [[], ["class"], ["cohort:fsm", "week"], ["code"], ["pupil"]], ids="-".join)
async def test_a_summary_is_had_as_csv_lines_and_parquet_too(
    calling: Calling, written: tuple[School, list[Child]], by: list[str]
) -> None:
    school, _ = written
    asked: dict[str, Any] = {"from": DAYS[140].isoformat(), "to": DAYS[249].isoformat(), "by": by}
    told = await ask(calling, school, limit=1000, **asked)
    rows = told.get("items") or [{name: told[name] for name in ("from", "to", "possible_sessions", "codes")}]
    path = f"/v1/schools/{school.urn}/attendance"
    async with calling("schools", school.urn) as http:
        text = await http.get(path, params={**asked, "format": "csv"})
        lines = await http.get(path, params=asked, headers={"Accept": "application/x-ndjson"})
        table = await http.get(path, params={**asked, "format": "parquet"})
    assert json.loads(text.headers["rollbook-as-of"]) == told["as_of"]
    as_csv = list(csv.DictReader(io.StringIO(text.text, newline="")))
    as_lines = [json.loads(line) for line in lines.text.splitlines()]
    as_table = pyarrow.parquet.read_table(io.BytesIO(table.content)).to_pylist()
    assert len(as_csv) == len(as_lines) == len(as_table) == len(rows)
    counted = "sessions" if by == ["code"] else "possible_sessions"
    for row, line, cells, texts in zip(rows, as_lines, as_table, as_csv, strict=True):
        assert {name: line[name] for name in row} == row
        assert cells[counted] == row[counted] == int(texts[counted])
        if "codes" in row:
            assert json.loads(cells["codes"]) == json.loads(texts["codes"]) == row["codes"]
        for member in ("fsm", "attendance_perc", "class", "week"):
            if member in row:
                assert cells[member] == row[member]


async def test_a_stream_of_no_part_has_its_columns_all_the_same(
    calling: Calling, written: tuple[School, list[Child]]
) -> None:
    school, _ = written
    asked = {"from": "2020-09-07", "to": "2020-09-08", "by": "class", "format": "csv"}
    async with calling("schools", school.urn) as http:
        answer = await http.get(f"/v1/schools/{school.urn}/attendance", params=asked)
    assert answer.text.startswith("class,possible_sessions,")
    assert answer.text.endswith("absence_due_to_persistent_perc\r\n")


async def test_the_same_thing_twice_and_three_things_are_refused(
    calling: Calling, written: tuple[School, list[Child]]
) -> None:
    school, _ = written
    async with calling("schools", school.urn) as http:
        for by in (["class", "class"], ["class", "week", "session"]):
            answer = await http.get(f"/v1/schools/{school.urn}/attendance", params={"by": by})
            refusal(answer, "invalid-parameter", at="by")


async def test_half_terms_are_called_by_their_term_and_place_in_it(
    calling: Calling, written: tuple[School, list[Child]]
) -> None:
    school, children = written
    told = await ask(calling, school, by="half-term", **{"from": "2026-09-01", "to": "2026-12-18"})
    assert [item["half_term"] for item in told["items"]] == ["2026-27/autumn-1", "2026-27/autumn-2"]
    first_half = fold(school, children, date(2026, 9, 1), date(2026, 10, 25), "on-roll", ())[()]
    is_of(told["items"][0], first_half, (By.HALF_TERM,))


async def test_every_figure_says_how_it_is_made(calling: Calling, written: tuple[School, list[Child]]) -> None:
    school, _ = written
    told = await ask(calling, school, **{"from": "2026-09-01", "to": "2026-12-18"})
    assert told["as_of"]["behind"] == 0
    assert {*told["formulas"]} <= {*told}
    codes = told["codes"]
    assert told["present_sessions"] == codes.get("/", 0) + codes.get("L", 0)
    assert told["late_sessions"] == told["late_before_close_sessions"] + told["late_after_close_sessions"]
    assert (told["late_before_close_sessions"], told["late_after_close_sessions"]) == (codes["L"], codes["U"])
    in_time = told["present_sessions"] - codes["L"]
    assert told["punctuality_perc"] == pytest.approx(100 * in_time / (told["present_sessions"] + codes["U"]))
