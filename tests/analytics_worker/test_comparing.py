"""Figures beside others: of the period and the year before, around an action, targets, and the schools around."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pytest

from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.test_summaries import DAYS, ask
from tests.analytics_worker.writing import Desk, School
from tests.support.office import refusal
from tests.support.school import POLICY


def between(first: str, last: str) -> list[date]:
    return [day for day in DAYS if first <= day.isoformat() <= last]


async def absent(school: School, days: Iterable[date], every: int) -> None:
    """Mark pupil 1 present on some days, and ill on every so many of them."""
    for at, day in enumerate(days):
        await school.enter_days(1, [day], "I" if at % every == 0 else None)


@pytest.fixture(scope="module")
async def school(desk: Desk) -> School:
    """Give a school whose pupil was ill every fifth day of an autumn, every fourth a year later, then every second."""
    school = await desk.open("941001", pupils=1)
    await school.policy({**POLICY, "class_targets": {"4B": 90}})
    await absent(school, between("2025-09-03", "2025-10-24"), 5)
    await absent(school, between("2026-09-04", "2026-10-23"), 4)
    await absent(school, between("2026-11-02", "2026-11-20"), 2)
    await desk.sweep()
    return school


def rate(told: Any) -> float:
    found: float = told["overall_absence_perc"]
    return found


async def test_a_half_term_is_laid_beside_the_one_before(calling: Calling, school: School) -> None:
    told = await ask(calling, school, period="half-term", on="2026-11-20", compare="period-before")
    before = await ask(calling, school, **{"from": "2026-09-03", "to": "2026-10-25"})
    beside = told["compared"]["period_before"]
    assert (beside["from"], beside["to"]) == ("2026-09-03", "2026-10-25")
    assert rate(beside["figures"]) == rate(before) != rate(told)
    assert beside["difference"]["overall_absence_perc"] == pytest.approx(rate(told) - rate(before))
    assert beside["difference"]["attendance_perc"] == pytest.approx(rate(before) - rate(told))


@pytest.mark.parametrize(
    ("asked", "window"),
    [
        ({"period": "week", "on": "2026-11-02"}, ("2026-10-19", "2026-10-25")),
        ({"period": "term", "on": "2026-11-02"}, ("2026-04-13", "2026-07-21")),
        ({"period": "year", "on": "2026-11-02"}, ("2025-08-01", "2026-07-31")),
        ({"from": "2026-11-02", "to": "2026-11-04"}, ("2026-10-21", "2026-11-01")),
        ({"from": "2020-11-02", "to": "2020-11-04"}, ("2020-10-30", "2020-11-01")),
    ],
)
async def test_the_period_before_passes_over_holidays(
    calling: Calling, school: School, asked: dict[str, str], window: tuple[str, str]
) -> None:
    told = await ask(calling, school, compare="period-before", **asked)
    beside = told["compared"]["period_before"]
    assert (beside["from"], beside["to"]) == window


@pytest.mark.parametrize(
    ("asked", "window"),
    [
        ({"period": "term", "on": "2026-11-02"}, ("2025-09-03", "2025-11-21")),
        ({"period": "half-term", "on": "2026-09-20"}, ("2025-09-03", "2025-10-26")),
        ({"period": "year", "on": "2026-11-02"}, ("2025-08-01", "2025-11-21")),
        ({"period": "week", "on": "2026-10-05"}, ("2025-10-06", "2025-10-12")),
        ({"from": "2026-10-05", "to": "2026-10-07"}, ("2025-10-06", "2025-10-08")),
    ],
)
async def test_the_year_before_is_the_same_part_of_it_and_no_more_of_it_than_has_come(
    calling: Calling, school: School, asked: dict[str, str], window: tuple[str, str]
) -> None:
    told = await ask(calling, school, compare="year-before", **asked)
    beside = told["compared"]["year_before"]
    assert (beside["from"], beside["to"]) == window
    there = await ask(calling, school, **{"from": window[0], "to": window[1]})
    assert beside["figures"]["codes"] == there["codes"]


async def test_before_and_after_an_action(calling: Calling, school: School) -> None:
    asked = {"compare": "action", "action_on": "2026-11-04", "weeks": 2}
    for path in ("attendance", "pupils/p-1/attendance"):
        action = (await ask(calling, school, path, **asked))["compared"]["action"]
        before, after = action["before"], action["after"]
        assert (before["from"], before["to"]) == ("2026-10-12", "2026-11-03")
        assert (after["from"], after["to"]) == ("2026-11-04", "2026-11-22")
        assert rate(before["figures"]) < rate(after["figures"])
        assert before["difference"]["overall_absence_perc"] == pytest.approx(
            rate(after["figures"]) - rate(before["figures"])
        )
    async with calling("schools", school.urn) as http:
        answer = await http.get(f"/v1/schools/{school.urn}/attendance", params={"compare": "action"})
        refusal(answer, "invalid-parameter", at="action_on")
        answer = await http.get(f"/v1/schools/{school.urn}/attendance", params={"action_on": "2026-11-04"})
        refusal(answer, "invalid-parameter", at="action_on")


async def test_targets_of_the_school_and_of_a_class(calling: Calling, school: School) -> None:
    told = await ask(calling, school, compare="target", period="half-term", on="2026-10-01")
    target = told["compared"]["target"]
    assert target["school"] == {"target_perc": 96.0, "difference": pytest.approx(told["attendance_perc"] - 96)}
    assert target["classes"] == {"4B": {"target_perc": 90.0, "difference": pytest.approx(told["attendance_perc"] - 90)}}


async def test_the_schools_around_are_without_names_where_the_reader_may_not_see_them(
    desk: Desk, calling: Calling
) -> None:
    schools = [await desk.open(f"94110{n}", la_code="303", pupils=1) for n in range(5)]
    week = [date(2026, 11, 2) + timedelta(days=n) for n in range(5)]
    for ill, one in enumerate(schools[:4]):
        await one.enter_days(1, week[: 4 - ill], "I")
        await one.enter_days(1, week[4 - ill :])
    await desk.sweep()
    asked = {"from": "2026-11-02", "to": "2026-11-08", "compare": "authority"}
    told = await ask(calling, schools[1], **asked)
    around = told["compared"]["authority"]
    assert (around["schools"], around["place"]) == (4, 3), "a school without a mark has no place"
    assert [item["attendance_perc"] for item in around["items"]] == [80.0, 60.0, 20.0]
    assert all("urn" not in item for item in around["items"])
    async with calling("authority", "303") as http:
        answer = await http.get(f"/v1/schools/{schools[1].urn}/attendance", params=asked)
    seen = answer.json()["compared"]["authority"]
    assert [item["urn"] for item in seen["items"]] == [schools[n].urn for n in (3, 2, 0)]


async def test_too_few_schools_around_stay_unsaid(desk: Desk, calling: Calling) -> None:
    schools = [await desk.open(f"94120{n}", la_code="304", pupils=1) for n in range(3)]
    for one in schools:
        await one.enter_days(1, [date(2026, 11, 2)])
    await desk.sweep()
    told = await ask(calling, schools[0], compare="authority", **{"from": "2026-11-02", "to": "2026-11-08"})
    assert told["compared"]["authority"] == {"schools": 3, "place": 1, "items": []}


async def test_a_pupil_is_not_laid_beside_schools(calling: Calling, school: School) -> None:
    async with calling("schools", school.urn) as http:
        answer = await http.get(f"/v1/schools/{school.urn}/pupils/p-1/attendance", params={"compare": "trust"})
    refusal(answer, "invalid-parameter", at="compare")


async def test_how_far_a_suppressed_figure_lies_from_one_that_is_seen_is_not_told(desk: Desk, calling: Calling) -> None:
    school = await desk.open("941019", pupils=4)
    await school.policy({**POLICY, "class_targets": {"4B": 90}})
    for no in range(1, 5):
        await school.enter_days(no, between("2026-09-04", "2026-09-11"))
    await school.enter_days(1, between("2026-11-02", "2026-11-06"), "I")
    await desk.sweep()
    asked: dict[str, Any] = {
        "period": "half-term",
        "on": "2026-11-20",
        "compare": ["period-before", "target", "action"],
        "action_on": "2026-11-02",
    }
    async with calling("schools", school.urn, scopes=("summaries:read",)) as http:
        told = (await http.get(f"/v1/schools/{school.urn}/attendance", params=asked)).json()
    assert told["attendance_perc"] is None  # one pupil alone
    compared = told["compared"]
    assert compared["period_before"]["figures"]["attendance_perc"] == 100.0
    assert set(compared["period_before"]["difference"].values()) == {None}
    assert compared["target"]["school"]["difference"] is None
    assert compared["target"]["classes"]["4B"]["difference"] is None
    assert set(compared["action"]["before"]["difference"].values()) == {None}
    seen = (await ask(calling, school, **asked))["compared"]
    assert seen["period_before"]["difference"]["attendance_perc"] == -100.0
    assert seen["target"]["classes"]["4B"]["difference"] == -90.0
