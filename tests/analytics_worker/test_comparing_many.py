"""Figures of many schools beside others: those that are asked of the other days alone, and what is published."""

import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from analytics_worker import area_counting
from onebox import published
from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.test_many_schools import ask
from tests.analytics_worker.test_published import ROWS, SAMPLE
from tests.analytics_worker.test_summaries import DAYS
from tests.analytics_worker.writing import Desk
from tests.support.office import refusal
from tests.support.postgres import Database

Where = tuple[str, tuple[str, ...]]
TRUST: Where = ("/v1/trusts/7301/attendance", ("trust", "7301"))
AUTHORITY: Where = ("/v1/local-authorities/884/attendance", ("authority", "884"))
CHILDREN: Where = ("/v1/local-authorities/884/responsible/attendance", ("authority", "884"))
REGION: Where = ("/v1/regions/E12000005/attendance", ("national",))
NATION: Where = ("/v1/national/attendance", ("national",))
GROUPS, AREAS = (TRUST, AUTHORITY, CHILDREN), (REGION, NATION)
RATES = ("attendance_perc", "overall_absence_perc", "authorised_absence_perc", "unauthorised_absence_perc")
# Of schools by their calendar, of areas by the terms in common: what is asked, the period before, the year before.
WINDOWS = [
    (GROUPS, {"period": "half-term", "on": "2026-11-20"}, ("2026-09-03", "2026-10-25"), None),
    (GROUPS, {"period": "week", "on": "2026-11-02"}, ("2026-10-19", "2026-10-25"), ("2025-11-03", "2025-11-09")),
    (GROUPS, {"period": "term", "on": "2026-11-02"}, ("2026-04-13", "2026-07-21"), ("2025-09-03", "2025-11-21")),
    (AREAS, {"period": "half-term", "on": "2026-11-20"}, ("2026-08-01", "2026-10-25"), ("2025-10-27", "2025-11-21")),
    (AREAS, {"period": "half-term", "on": "2026-10-01"}, ("2026-05-25", "2026-07-31"), ("2025-08-01", "2025-10-26")),
    (AREAS, {"period": "term", "on": "2026-11-02"}, ("2026-04-06", "2026-07-31"), ("2025-08-01", "2025-11-21")),
    (AREAS, {"period": "week", "on": "2026-11-02"}, ("2026-10-26", "2026-11-01"), ("2025-11-03", "2025-11-09")),
    (AREAS, {"period": "year"}, ("2025-08-01", "2026-07-31"), ("2025-08-01", "2025-11-21")),
    (AREAS, {"from": "2026-11-09", "to": "2026-11-13"}, ("2026-11-04", "2026-11-08"), ("2025-11-10", "2025-11-14")),
]


@pytest.fixture(scope="module", autouse=True)
async def _schools(desk: Desk, database: Database) -> None:
    """Two schools of a trust and an authority over two years, and what is published of the first."""
    chance = random.Random(9)
    for n in range(2):
        school = await desk.open(f"94210{n}", la_code="884", pupils=8, facts={"responsible_la": "884"})
        await school.facts("884", "7301")
        for day in [day for day in DAYS if date(2025, 9, 3) <= day <= date(2026, 11, 20)][n::3]:
            moments = [(no, session) for no in range(1, 9) for session in ("AM", "PM")]
            await school.enter(
                *[(no, day.isoformat(), session, chance.choice("//////IMUO")) for no, session in moments]
            )
    await published.load(database.owner_url, published.read([Path(SAMPLE)]), desk.clock())
    await desk.sweep()


@pytest.mark.parametrize("kept", [False, True], ids=["now", "kept"])
@pytest.mark.parametrize(("wheres", "asked", "before", "year_before"), WINDOWS)
async def test_figures_are_laid_beside_those_of_the_period_and_of_the_year_before(
    calling: Calling,
    wheres: tuple[Where, ...],
    asked: dict[str, str],
    before: tuple[str, str],
    year_before: tuple[str, str] | None,
    kept: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if kept:
        monkeypatch.setattr(area_counting, "MOST_SCHOOL_DAYS", -1)
    for path, reach in wheres:
        told = await ask(calling, path, reach, compare=["period-before", "year-before"], **asked)
        plain = await ask(calling, path, reach, **asked)
        compared = told.pop("compared")
        assert told == plain
        assert compared.keys() == {"period_before", "year_before"}
        for name, window in (("period_before", before), ("year_before", year_before)):
            beside = compared[name]
            assert window is None or (beside["from"], beside["to"]) == window, name
            there = await ask(calling, path, reach, **{"from": beside["from"], "to": beside["to"]})
            assert beside["figures"].items() <= there.items()
            for rate in RATES:
                known = told[rate] is not None and there[rate] is not None
                apart = beside["difference"][rate]
                assert apart == (pytest.approx(told[rate] - there[rate]) if known else None)


async def test_figures_are_laid_beside_what_is_published_of_the_kind_and_the_place(calling: Calling) -> None:
    asked = {"from": "2026-03-02", "to": "2026-03-27", "compare": "published"}
    england, own = {"england": ("National", "")}, {"authority": ("Local authority", "884")}
    for (path, reach), phase, places in (
        (TRUST, "Primary", england | own),
        (AUTHORITY, "Primary", england | own),
        (CHILDREN, "Primary", england | own),
        (NATION, "Total", england),
        (REGION, "Total", england),
    ):
        told = await ask(calling, path, reach, **asked)
        beside = told["compared"]["published"]
        assert (beside["time_period"], beside["education_phase"]) == ("202526", phase)
        for place, of in places.items():
            found = [(row["geographic_level"], row["old_la_code"], row["education_phase"]) for row in ROWS]
            row = ROWS[found.index((*of, phase))]
            for rate in RATES:
                assert beside[place]["figures"][rate] == float(row[rate])
                assert beside[place]["difference"][rate] == pytest.approx(told[rate] - float(row[rate]))
        assert ("region" in beside) == (path == REGION[0])


@pytest.mark.parametrize(("path", "reach"), [*GROUPS, *AREAS])
@pytest.mark.parametrize("compare", ["target", "action", "trust", "authority", "anything"])
async def test_many_schools_have_no_target_nor_action_of_one(
    calling: Calling, path: str, reach: tuple[str, ...], compare: str
) -> None:
    async with calling(*reach) as http:
        refusal(await http.get(path, params={"compare": compare}), "invalid-parameter", at="compare")


async def test_how_far_suppressed_figures_lie_from_others_is_not_told(desk: Desk, calling: Calling) -> None:
    school = await desk.open("942200", la_code="301", pupils=4)
    await school.facts("301", "7302")
    for no in range(1, 5):
        await school.enter_days(no, [date(2026, 11, 2)], "I" if no == 1 else None)
    # A week later there are two of them.
    for no in range(1, 3):
        await school.enter_days(no, [date(2026, 11, 2) + timedelta(days=7)])
    await desk.sweep()
    asked: dict[str, Any] = {"period": "week", "compare": "period-before"}
    for on, is_shown, is_before in (("2026-11-09", False, True), ("2026-11-16", False, False)):
        async with calling("trust", "7302", scopes=("summaries:read",)) as http:
            told = (await http.get("/v1/trusts/7302/attendance", params={**asked, "on": on})).json()
        beside = told["compared"]["period_before"]
        assert (told["attendance_perc"] is not None) == is_shown
        assert (beside["figures"]["attendance_perc"] is not None) == is_before
        assert set(beside["difference"].values()) == {None}
