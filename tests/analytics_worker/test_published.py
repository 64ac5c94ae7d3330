"""What the DfE publishes is read as it was loaded, and laid beside an authority."""

import csv
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from analytics_worker.published import beside
from codes.phases import EducationPhase
from kit import database as kit_database
from onebox import published
from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.writing import Desk
from tests.support import tree
from tests.support.office import refusal
from tests.support.postgres import Database

SAMPLE = tree.ROOT / "tests/codes/data/attendance_by_code_202526_sample.csv"
ROWS = list(csv.DictReader(SAMPLE.read_text(encoding="utf-8").splitlines()))


def change(folder: Path, name: str, **cells: str) -> Path:
    path = folder / name
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(ROWS[0]))
        writer.writeheader()
        writer.writerows({**row, **cells} for row in ROWS)
    return path


@pytest.fixture(scope="module", autouse=True)
async def loaded(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[None]:
    """Load the file of 2025/26, and one of the year before without persistent absence."""
    before = change(tmp_path_factory.mktemp("published"), "202425.csv", time_period="202425", pa_perc="c")
    rows = published.read([SAMPLE, before])
    assert await published.load(database.owner_url, rows, datetime.now(UTC)) == {
        "rows": 56,
        "new": 56,
        "changed": 0,
        "removed": 0,
        "unchanged": 0,
    }
    yield


async def test_a_schools_figures_are_laid_beside_what_is_published_of_its_kind(desk: Desk, calling: Calling) -> None:
    school = await desk.open("940881", la_code="884", pupils=1)
    await school.enter_days(1, [date(2025, 11, 3)], "I")
    await school.enter_days(1, [date(2025, 11, 4), date(2025, 11, 5), date(2025, 11, 6), date(2025, 11, 7)])
    elsewhere = await desk.open("940882", la_code="301", pupils=1)
    await desk.sweep()
    asked = {"from": "2025-11-03", "to": "2025-11-07", "compare": "published"}
    for path in ("attendance", "pupils/p-1/attendance"):
        async with calling("schools", school.urn) as http:
            told = (await http.get(f"/v1/schools/{school.urn}/{path}", params=asked)).json()
        theirs = {row["geographic_level"]: row for row in ROWS if row["education_phase"] == "Primary"}
        herefordshire = next(row for row in ROWS if (row["old_la_code"], row["education_phase"]) == ("884", "Primary"))
        beside = told["compared"]["published"]
        assert (beside["time_period"], beside["education_phase"]) == ("202526", "Primary")
        for area, row in (("england", theirs["National"]), ("authority", herefordshire)):
            published_ = {name: float(row[name]) for name in beside[area]["figures"]}
            assert beside[area]["figures"] == published_
            assert beside[area]["difference"]["attendance_perc"] == 80 - published_["attendance_perc"]
    async with calling("schools", elsewhere.urn) as http:
        told = (await http.get(f"/v1/schools/{elsewhere.urn}/attendance", params=asked)).json()
    assert told["compared"]["published"]["authority"] is None
    assert told["compared"]["published"]["england"]["difference"]["attendance_perc"] is None


async def ask(calling: Calling, **params: Any) -> Any:
    async with calling("schools", "940001", scopes=("summaries:read",)) as http:
        answer = await http.get("/v1/national/published", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_every_row_reads_back_as_it_stands_in_the_file(calling: Calling) -> None:
    told = await ask(calling, time_period="202526")
    assert told["next"] is None
    found = {(row["new_la_code"], row["education_phase"]): row for row in told["items"]}
    assert len(found) == len(ROWS)
    for row in ROWS:
        one = found[row["new_la_code"] or None, row["education_phase"]]
        assert list(one) == list(row), "the DfE's columns, in their order"
        for name, text in row.items():
            if isinstance(one[name], str) or one[name] is None:
                assert (one[name] or "") == text
            else:
                assert one[name] == float(text)


async def test_the_list_is_narrowed_and_comes_in_pages_newest_first(calling: Calling) -> None:
    told = await ask(calling, la_code="884", phase="Special")
    assert [(row["time_period"], row["pa_perc"]) for row in told["items"]] == [
        ("202526", 37.7952755905512),
        ("202425", "c"),
    ]
    assert len((await ask(calling, level="National", time_period="202526"))["items"]) == 4
    items, cursor = [], None
    while True:
        page = await ask(calling, limit=9, **({"cursor": cursor} if cursor else {}))
        items += page["items"]
        if (cursor := page["next"]) is None:
            break
    assert items == (await ask(calling, limit=1000))["items"]
    assert len(items) == 56


async def test_it_is_for_those_who_read_figures(calling: Calling) -> None:
    async with calling(scopes=("alerts:read",)) as http:
        refusal(await http.get("/v1/national/published"), "scope-required")
        refusal(await http.get("/v1/national/published?level=School"), "scope-required")
    async with calling() as http:
        refusal(await http.get("/v1/national/published?level=School"), "invalid-parameter", at="level")
        refusal(await http.get("/v1/national/published?la_code=Kent"), "invalid-parameter", at="la_code")


async def test_an_authority_and_england_are_laid_beside_of_the_year_or_the_one_before(desk: Desk) -> None:
    async with kit_database.reading(desk.analytics) as connection:
        found = await beside(connection, "884", EducationPhase.SPECIAL, date(2026, 5, 4))
        assert found is not None
        assert (found.time_period, found.england and found.england["pa_perc"]) == ("202526", 36.0616778356912)
        assert found.authority is not None
        (row,) = [each for each in ROWS if (each["old_la_code"], each["education_phase"]) == ("884", "Special")]
        for name in ("pa_perc", "attendance_perc", "possible_sessions"):
            assert found.authority[name] == float(row[name])
        # Of the year that has just begun nothing is published yet.
        later = await beside(connection, "884", EducationPhase.SPECIAL, date(2026, 9, 7))
        assert later == found
        earlier = await beside(connection, "884", EducationPhase.SPECIAL, date(2025, 5, 6))
        assert earlier is not None and earlier.authority is not None
        assert (earlier.time_period, earlier.authority["pa_perc"]) == ("202425", None)
        assert await beside(connection, "884", EducationPhase.SPECIAL, date(2024, 5, 6)) is None
        elsewhere = await beside(connection, "201", EducationPhase.TOTAL, date(2026, 5, 4))
        assert elsewhere is not None
        assert elsewhere.authority is None
        nowhere = await beside(connection, None, EducationPhase.TOTAL, date(2026, 5, 4))
        assert nowhere == elsewhere
