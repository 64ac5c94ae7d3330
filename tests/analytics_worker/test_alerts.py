"""Each alert is opened by what the register says, holds its evidence, and is closed when it says otherwise."""

import json
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from analytics_worker import projector
from codes.calendar import school_days
from codes.school import calendar_of
from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.writing import CALENDAR_BEFORE, Desk, School
from tests.support.school import CALENDAR, POLICY

AUTUMN = school_days(calendar_of("2026-27", json.dumps(CALENDAR)))
LEVELS = ["at-risk", "referral-line", "persistent-absence", "severe-absence"]
YEAR_BEFORE = school_days(calendar_of("2025-26", json.dumps(CALENDAR_BEFORE)))


async def alerts(calling: Calling, school: School, **params: Any) -> list[dict[str, Any]]:
    async with calling() as http:
        return list((await answer(http, school, **params))["items"])


async def answer(http: httpx.AsyncClient, school: School, **params: Any) -> dict[str, Any]:
    got = await http.get(f"/v1/schools/{school.urn}/alerts", params=params)
    assert got.status_code == 200, got.text
    body: dict[str, Any] = got.json()
    return body


# The first of all, while no other school is there whose alerts would be looked at for a year of days.
async def test_last_years_level_ends_by_an_amendment_and_never_by_time(desk: Desk, calling: Calling) -> None:
    school = await desk.open("920007")
    await school.enter_days(1, YEAR_BEFORE[:36])
    await school.enter_days(1, YEAR_BEFORE[36:40], "I")
    await desk.sweep()
    [alert] = await alerts(calling, school, kind=LEVELS)
    assert alert["evidence"]["academic_year"] == "2025-26"
    desk.clock.set("2027-10-01T12:00:00+01:00")
    await desk.sweep()
    assert [each["status"] for each in await alerts(calling, school, kind=LEVELS)] == ["open"]
    await school.enter((1, YEAR_BEFORE[36].isoformat(), "AM", "/"))
    await desk.sweep()
    [after] = await alerts(calling, school, kind=LEVELS)
    assert (after["id"], after["status"], after["closed_on"]) == (alert["id"], "closed", "2027-10-01")


async def test_persistent_and_severe_absence_open_at_their_lines_and_close_below_them(
    desk: Desk, calling: Calling
) -> None:
    school = await desk.open("920001")
    days = AUTUMN[:20]
    await school.enter_days(1, days[:18])
    await school.enter_days(1, days[18:], "I")  # 4 of 40 sessions: exactly 10 %
    await school.enter_days(2, days[:10])
    await school.enter_days(2, days[10:], "O")  # 20 of 40: exactly 50 %, and the penalty threshold besides
    await school.enter_days(3, days)
    await desk.sweep()
    found = await alerts(calling, school, kind=LEVELS)
    assert sorted((alert["pupil"], alert["kind"]) for alert in found) == [
        ("p-1", "persistent-absence"),
        ("p-2", "severe-absence"),  # the graver of the two
    ]
    assert {alert["status"] for alert in found} == {"open"}
    assert {alert["opened_on"] for alert in found} == {"2026-11-20"}
    evidence = next(alert["evidence"] for alert in found if alert["pupil"] == "p-1")
    assert evidence["episodes"] == [
        {
            "kind": "persistent-absence",
            "since": AUTUMN[19].isoformat(),
            "until": None,
            "absent_sessions": 4,
            "possible_sessions": 40,
        }
    ]
    assert evidence.items() >= {"academic_year": "2026-27", "overall_absence_perc": 10.0}.items()
    async with calling() as http:
        before = (await answer(http, school))["changed_after"]
        await desk.sweep()
        assert (await answer(http, school, changed_after=before))["items"] == []
        desk.clock.set("2026-11-23T09:00:00+00:00")
        await school.enter((2, days[10].isoformat(), "AM", "/"))  # an amendment below one half
        await school.enter((1, AUTUMN[20].isoformat(), "AM", "/"))
        desk.clock.set("2026-11-25T09:00:00+00:00")  # looked at late, and dated by the day of the entries
        await desk.sweep()
    changed = await alerts(calling, school, changed_after=before, kind=LEVELS)
    told = {(alert["pupil"], alert["kind"]): (alert["status"], alert["closed_on"]) for alert in changed}
    assert told == {
        ("p-1", "persistent-absence"): ("closed", "2026-11-23"),  # one more session present: 4 of 41
        ("p-2", "severe-absence"): ("closed", "2026-11-23"),
        ("p-2", "persistent-absence"): ("open", None),
    }
    await school.enter((1, AUTUMN[20].isoformat(), "PM", "I"))
    await desk.sweep()
    [again] = await alerts(calling, school, pupil="p-1", kind=LEVELS)
    assert (again["status"], again["opened_on"]) == ("open", "2026-11-20")  # the same alert, and since when at first
    assert again["id"] == next(alert["id"] for alert in found if alert["pupil"] == "p-1")


async def test_a_level_waits_for_the_sessions_that_the_policy_asks_for_and_opens_on_a_present_mark(
    desk: Desk, calling: Calling
) -> None:
    school = await desk.open("920002")
    await school.enter_days(1, AUTUMN[:3], "I")
    await school.enter_days(1, AUTUMN[3:19])
    await desk.sweep()
    assert await alerts(calling, school, kind=LEVELS) == []
    await school.enter_days(1, AUTUMN[19:20])  # no absence, but the fortieth session
    await desk.sweep()
    assert [alert["kind"] for alert in await alerts(calling, school, kind=LEVELS)] == ["persistent-absence"]
    await school.policy({**POLICY, "levels_from_sessions": 100})
    await desk.sweep()
    assert [alert["status"] for alert in await alerts(calling, school, kind=LEVELS)] == ["closed"]
    await school.policy({**POLICY, "levels_from_sessions": 2})
    await school.enter((2, AUTUMN[0].isoformat(), "AM", "I"))
    await school.enter((2, AUTUMN[0].isoformat(), "PM", "I"))
    await desk.sweep()
    found = await alerts(calling, school, status="open")
    assert {(alert["pupil"], alert["kind"]) for alert in found} >= {
        ("p-1", "persistent-absence"),
        ("p-2", "severe-absence"),
    }


async def test_the_threshold_is_met_over_ten_school_weeks_across_the_summer_and_undone_by_an_amendment(
    desk: Desk, calling: Calling
) -> None:
    school = await desk.open("920003")
    await school.enter_days(
        1, [YEAR_BEFORE[-1]], "G"
    )  # 2 in the summer term and 8 in the autumn: law.md 5.2, example 4
    await school.enter_days(1, AUTUMN[:3], "O")
    await school.enter_days(1, [AUTUMN[4]], "N")
    await school.enter_days(2, AUTUMN[:4], "O")
    await desk.sweep()
    [alert] = await alerts(calling, school, kind="penalty-threshold")
    evidence = alert["evidence"]
    assert alert["pupil"] == "p-1"
    assert evidence["met_on"] == AUTUMN[4].isoformat()
    assert [entry["code"] for entry in evidence["sessions"]] == ["G", "G", *["O"] * 6, "N", "N"]
    assert (evidence["unresolved"], evidence["provisional"]) == (2, True)
    await school.enter((1, AUTUMN[0].isoformat(), "AM", "I"))
    await desk.sweep()
    [alert] = await alerts(calling, school, kind="penalty-threshold")
    assert (alert["status"], alert["closed_on"], alert["evidence"]) == ("closed", "2026-11-20", evidence)


async def test_an_n_is_overdue_the_day_after_its_fifth_school_day_though_nothing_is_entered(
    desk: Desk, calling: Calling
) -> None:
    school = await desk.open("920004")
    await school.enter((1, "2026-11-16", "AM", "N"))
    desk.clock.set("2026-11-23T23:59:00+00:00")
    await desk.sweep()
    assert await alerts(calling, school, kind="n-overdue") == []
    desk.clock.set("2026-11-26T00:01:00+00:00")  # the worker was away
    await desk.sweep()
    [alert] = await alerts(calling, school, kind="n-overdue")
    assert alert["opened_on"] == "2026-11-24"
    [session] = alert["evidence"]["sessions"]
    assert session["due"] == "2026-11-23"
    assert session.items() >= {"overdue_since": "2026-11-24", "must_be": "O"}.items()
    desk.clock.set("2026-11-27T09:00:00+00:00")
    await school.enter((1, "2026-11-16", "AM", "O"))
    await desk.sweep()
    [alert] = await alerts(calling, school, kind="n-overdue")
    assert (alert["status"], alert["closed_on"]) == ("closed", "2026-11-27")


async def test_the_five_school_days_of_an_n_pass_over_a_closure_and_not_over_its_reversal(
    desk: Desk, calling: Calling
) -> None:
    school = await desk.open("920013")
    await school.enter((1, "2026-11-12", "AM", "N"))
    await school.close("c-1", "Y4", ("2026-11-16", "AM"), ("2026-11-17", "PM"))
    desk.clock.set("2026-11-20T12:00:00+00:00")
    await desk.sweep()
    assert await alerts(calling, school, kind="n-overdue") == []  # without the closure it was due on the 19th
    await school.reverse("c-1", "Y4", ("2026-11-17", "PM"), ("2026-11-17", "PM"))
    await desk.sweep()
    assert await alerts(calling, school, kind="n-overdue") == []  # one day came back, by its afternoon
    await school.reverse("c-1", "Y4", ("2026-11-16", "PM"), ("2026-11-17", "PM"))
    await desk.sweep()
    [alert] = await alerts(calling, school, kind="n-overdue")
    assert [session["due"] for session in alert["evidence"]["sessions"]] == ["2026-11-19"]
    held = [("2026-11-18", "AM")]
    await school.close("c-2", "Y4", ("2026-11-18", "AM"), ("2026-11-18", "PM"), held=held)
    await desk.sweep()
    assert [alert["status"] for alert in await alerts(calling, school, kind="n-overdue")] == [
        "open"
    ]  # a day that was held counts
    await school.close("c-3", "#", ("2026-11-17", "AM"), ("2026-11-17", "PM"))
    await desk.sweep()
    assert [alert["status"] for alert in await alerts(calling, school, kind="n-overdue")] == ["closed"]


async def test_a_week_of_closures_is_no_school_week_of_the_ten(desk: Desk, calling: Calling) -> None:
    school = await desk.open("920014")
    # Nine sessions in the first week of term, the tenth eleven school weeks later.
    await school.enter_days(1, AUTUMN[1:5], "O")
    await school.enter((1, AUTUMN[5].isoformat(), "AM", "O"), (1, "2026-11-25", "AM", "O"))
    desk.clock.set("2026-11-27T16:00:00+00:00")
    await desk.sweep()
    assert await alerts(calling, school, kind="penalty-threshold") == []
    await school.close("c-1", "Y4", ("2026-09-21", "AM"), ("2026-09-25", "PM"))
    await desk.sweep()
    [alert] = await alerts(calling, school, kind="penalty-threshold")
    assert (alert["evidence"]["met_on"], alert["evidence"]["school_weeks"]) == ("2026-11-25", 10)
    await school.reverse("c-1", "Y4", ("2026-09-25", "PM"), ("2026-09-25", "PM"))
    await desk.sweep()
    [alert] = await alerts(calling, school, kind="penalty-threshold")
    assert alert["status"] == "closed"


async def test_a_change_of_calendar_or_roll_moves_the_alerts_that_rest_on_it(desk: Desk, calling: Calling) -> None:
    school = await desk.open("920005")
    await school.enter((1, "2026-11-11", "AM", "N"))
    await school.enter_days(2, AUTUMN[:20], "I")
    await desk.sweep()
    kinds = ["n-overdue", *LEVELS]
    found = await alerts(calling, school, status="open", kind=kinds)
    assert {alert["kind"] for alert in found} == {"n-overdue", "severe-absence"}
    await school.calendar("2026-27", {**CALENDAR, "inset_days": ["2026-09-03", "2026-11-17", "2026-11-18"]})
    await school.pupil(2, on_roll="{[2026-11-01,)}")
    await desk.sweep()
    assert await alerts(calling, school, status="open", kind=kinds) == []


async def test_nothing_is_lost_when_the_worker_dies_between_folding_and_looking(desk: Desk, calling: Calling) -> None:
    school = await desk.open("920006")
    await desk.sweep()
    await school.enter_days(1, AUTUMN[:20], "O")
    assert await projector.fold(desk.analytics, school.school_id) == 0
    assert await alerts(calling, school) == []  # here it died
    await desk.sweep()
    assert {alert["kind"] for alert in await alerts(calling, school)} >= {"severe-absence", "penalty-threshold"}


async def test_the_list_is_paged_filtered_and_refuses_what_it_does_not_know(desk: Desk, calling: Calling) -> None:
    school = await desk.open("920008", pupils=5)
    for pupil_no in range(1, 6):
        await school.enter_days(pupil_no, AUTUMN[:20], "I")
    await desk.sweep()
    async with calling() as http:
        pupils = [f"p-{no}" for no in range(1, 6)]
        seen, cursor = [], None
        while True:
            page = await answer(http, school, pupil=pupils, limit=3, **({"cursor": cursor} if cursor else {}))
            seen += page["items"]
            if (cursor := page["next"]) is None:
                break
        assert len({alert["id"] for alert in seen}) == len(seen) == 15
        filtered = await answer(http, school, kind="severe-absence", pupil="p-4")
        assert [(alert["pupil"], alert["kind"]) for alert in filtered["items"]] == [("p-4", "severe-absence")]
        assert (await answer(http, school, pupil="nobody"))["items"] == []
        for params, code in (
            ({"kind": "late"}, "invalid-parameter"),
            ({"status": "shut"}, "invalid-parameter"),
            ({"form": "x"}, "unknown-parameter"),
            ({"cursor": "x"}, "invalid-cursor"),
            ({"changed_after": "eyJjaGFuZ2VkIjoiYSJ9"}, "invalid-cursor"),
        ):
            refused = await http.get(f"/v1/schools/{school.urn}/alerts", params=params)
            assert refused.json()["code"] == code, refused.text
    async with calling(scopes=("attendance:read",)) as http:
        assert (await http.get(f"/v1/schools/{school.urn}/alerts")).json()["code"] == "scope-required"


@pytest.mark.parametrize(("kind", "ids"), [("schools", ("920008",)), ("authority", ("932",)), ("trust", ("1",))])
async def test_another_schools_alerts_do_not_exist(
    desk: Desk, calling: Calling, kind: str, ids: tuple[str, ...]
) -> None:
    school = await desk.open({"schools": "920010", "authority": "920011", "trust": "920012"}[kind])
    async with calling(kind, *ids) as http:
        refused = await http.get(f"/v1/schools/{school.urn}/alerts")
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown-school")


def test_the_days_used_here_are_what_they_are_meant_to_be() -> None:
    assert AUTUMN[0] == date(2026, 9, 4)
    assert YEAR_BEFORE[-1] == date(2026, 7, 21)
    assert AUTUMN[20] - AUTUMN[0] == timedelta(days=28)
