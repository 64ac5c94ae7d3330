"""A day's registers: which are taken, in part, not, not yet due or closed, class by class and of the whole school."""

import itertools
from typing import Any

import httpx
import pytest

from tests.support.office import MONDAY, TUESDAY, Office, open_office, refusal
from tests.support.plans import decided, plan
from tests.support.school import POLICY, pupil, put
from tests.support.services import Register

TWO_AFTERNOONS: dict[str, Any] = {
    "registers": [
        POLICY["registers"][0],
        {"session": "PM", "opens": "13:00", "closes": "13:30", "ends": "15:15", "year_groups": ["R", "1", "2"]},
        {"session": "PM", "opens": "13:15", "closes": "13:45", "ends": "15:15"},
    ]
}
BEFORE = "2026-09-04T12:00:00+01:00"
YOUNG = {"year_group": "1", "class": "1A", "date_of_birth": "2021-02-11"}


async def day(office: Office, on: str = MONDAY, **params: Any) -> dict[tuple[str, str], dict[str, Any]]:
    """Give the registers of a day by class and session."""
    items = (await office.get(f"/registers/{on}", **params))["items"]
    found = {(item["class"], item["session"]): item for item in items}
    assert len(found) == len(items)
    return found


async def sessions(office: Office, on: str = MONDAY, **params: Any) -> dict[str, dict[str, Any]]:
    whole = await office.get(f"/registers/{on}", **params)
    return {row["session"]: row for row in whole["sessions"]}


def counts(row: dict[str, Any]) -> tuple[str, int, int, int, int]:
    return row["taken"], row["required"], row["entered"], row["missing"], row["expected_away"]


_urns = itertools.count(900_821)


@pytest.fixture
async def school(register: Register, admin: httpx.AsyncClient) -> Office:
    """Give a school with two afternoon registers: three pupils of class 4B, and two of class 1A."""
    register.clock.set(BEFORE)
    office = await open_office(admin, register.database, str(next(_urns)), pupils=3, policy=TWO_AFTERNOONS)
    for id_ in ("y-1", "y-2"):
        await put(admin, office.path(f"/pupils/{id_}"), pupil(**YOUNG))
    return office


async def test_each_register_says_how_far_it_has_been_taken(school: Office, register: Register) -> None:
    register.clock.set("2026-09-07T09:00:00+01:00")
    assert counts((await day(school))["4B", "AM"]) == ("not-due", 3, 0, 0, 0)
    await school.entered(("p-001", "/"))
    assert counts((await day(school))["4B", "AM"]) == ("partial", 3, 1, 0, 0)
    register.clock.set("2026-09-07T09:15:00+01:00")
    found = await day(school)
    assert counts(found["4B", "AM"]) == ("partial", 3, 1, 2, 0)
    assert counts(found["1A", "AM"]) == ("not-taken", 2, 0, 2, 0)
    await school.entered(("p-002", "/"), ("p-003", "N"))
    found = await day(school)
    assert counts(found["4B", "AM"]) == ("complete", 3, 3, 0, 0)
    assert counts(found["4B", "PM"]) == ("not-due", 3, 0, 0, 0)
    morning = (await sessions(school))["AM"]
    assert counts(morning) == ("partial", 5, 3, 2, 0)
    assert morning["classes"] == {
        "complete": ["4B"],
        "partial": [],
        "not_taken": ["1A"],
        "not_due": [],
        "closed": [],
    }


async def test_two_afternoon_registers_are_due_at_their_own_times(school: Office, register: Register) -> None:
    register.clock.set("2026-09-07T13:30:00+01:00")
    found = await day(school)
    shown = {key: (row["year_groups"], row["opens"], row["closes"], row["taken"]) for key, row in found.items()}
    assert shown["1A", "PM"] == (["1"], "13:00", "13:30", "not-taken")
    assert shown["4B", "PM"] == (["4"], "13:15", "13:45", "not-due")
    afternoon = (await sessions(school))["PM"]
    assert (afternoon["taken"], afternoon["classes"]["not_taken"], afternoon["classes"]["not_due"]) == (
        "not-taken",
        ["1A"],
        ["4B"],
    )
    register.clock.set("2026-09-07T13:45:00+01:00")
    assert (await day(school))["4B", "PM"]["taken"] == "not-taken"


async def test_a_class_of_two_year_groups_has_two_afternoon_registers(school: Office, register: Register) -> None:
    await put(school.http, school.path("/pupils/y-3"), pupil(**{**YOUNG, "class": "4B"}))
    register.clock.set("2026-09-07T13:30:00+01:00")
    items = [item for item in (await school.get(f"/registers/{MONDAY}"))["items"] if item["class"] == "4B"]
    assert [(i["session"], i["opens"], i["year_groups"], i["required"], i["taken"]) for i in items] == [
        ("AM", "08:45", ["1", "4"], 4, "not-taken"),
        ("PM", "13:00", ["1"], 1, "not-taken"),
        ("PM", "13:15", ["4"], 3, "not-due"),
    ]


async def test_a_closed_day_is_closed_and_asks_for_nobody(school: Office, register: Register) -> None:
    register.clock.set("2026-09-14T16:00:00+01:00")
    for closed in ("2026-09-12", "2026-09-03"):
        found = await day(school, closed)
        assert set(found) == {("4B", "AM"), ("4B", "PM"), ("1A", "AM"), ("1A", "PM")}
        assert {counts(row) for row in found.values()} == {("closed", 0, 0, 0, 0)}
        assert {counts(row) for row in (await sessions(school, closed)).values()} == {("closed", 0, 0, 0, 0)}
    assert await day(school, "2025-09-08") == {}


async def test_without_a_calendar_nothing_is_due(school: Office, register: Register) -> None:
    register.clock.set("2027-09-14T16:00:00+01:00")
    found = await day(school, "2027-09-13")
    assert {(row["taken"], row["opens"]) for row in found.values()} == {("closed", None)}


async def test_who_is_granted_to_be_away_is_counted_and_still_asked_for(school: Office, register: Register) -> None:
    trip = {"kind": "approved-activity", "code": "V", "decision": decided(on="2026-09-04")}
    for id_ in ("y-1", "y-2"):
        answer = await school.http.put(
            school.path(f"/planned-absences/trip-{id_}"), json=plan(MONDAY, MONDAY, pupil=id_, **trip)
        )
        assert answer.status_code == 200, answer.text
    asked = plan(MONDAY, MONDAY, pupil="p-001")
    assert (await school.http.put(school.path("/planned-absences/asked"), json=asked)).status_code == 200
    position = (await school.head())[0]
    register.clock.set("2026-09-07T09:30:00+01:00")
    found = await day(school)
    assert counts(found["1A", "AM"]) == ("not-taken", 2, 0, 2, 2)
    assert counts(found["4B", "AM"]) == ("not-taken", 3, 0, 3, 0)
    assert (await sessions(school))["AM"]["expected_away"] == 2
    await school.entered(("y-1", "V"))
    assert counts((await day(school))["1A", "AM"]) == ("partial", 2, 1, 1, 1)
    assert counts((await day(school, as_at=f"seq:{position - 2}"))["1A", "AM"])[4] == 1


async def test_boarders_are_left_out_and_those_who_come_later(school: Office, register: Register) -> None:
    await put(school.http, school.path("/pupils/boards"), pupil(boarder=True))
    await put(school.http, school.path("/pupils/later"), pupil(starting_day=TUESDAY))
    register.clock.set("2026-09-08T16:00:00+01:00")
    assert (await day(school))["4B", "AM"]["required"] == 3
    assert (await day(school, TUESDAY))["4B", "AM"]["required"] == 4


async def test_a_pupil_who_changes_class_in_mid_week_is_in_the_class_of_the_date(
    school: Office, register: Register
) -> None:
    moved = pupil(**{"class": "4C"}, effective_from=TUESDAY)
    await put(school.http, school.path("/pupils/p-003"), moved)
    register.clock.set("2026-09-08T16:00:00+01:00")
    assert {key: row["required"] for key, row in (await day(school)).items() if key[1] == "AM"} == {
        ("4B", "AM"): 3,
        ("1A", "AM"): 2,
    }
    assert {key: row["required"] for key, row in (await day(school, TUESDAY)).items() if key[1] == "AM"} == {
        ("4B", "AM"): 2,
        ("4C", "AM"): 1,
        ("1A", "AM"): 2,
    }
    assert set(await day(school, TUESDAY, **{"class": "4C"})) == {("4C", "AM"), ("4C", "PM")}


async def test_a_day_is_read_as_it_stood(school: Office, register: Register) -> None:
    register.clock.set("2026-09-07T09:20:00+01:00")
    await school.entered(("y-1", "/"), ("y-2", "/"))
    register.clock.set("2026-09-07T16:00:00+01:00")
    then = await day(school, as_at="2026-09-07T09:14:00+01:00")
    assert counts(then["1A", "AM"]) == ("not-due", 2, 0, 0, 0)
    assert counts((await day(school))["1A", "AM"]) == ("complete", 2, 2, 0, 0)
    answer = await school.http.get(school.path(f"/registers/{MONDAY}"), params={"as_at": "seq:999"})
    refusal(answer, "as-at-in-future")
    refusal(await school.http.get(school.path("/registers/monday")), "invalid-parameter", at="date")
