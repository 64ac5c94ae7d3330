"""A register is not taken when it has closed, its grace has passed, and nobody who is required in it has an entry."""

from datetime import date, datetime
from typing import Any

import pytest

from analytics_worker import registers
from analytics_worker.school import load
from kit import database as kit_database
from kit.schools import LONDON
from tests.analytics_worker.writing import Desk, School
from tests.support.school import POLICY

MONDAY = "2026-11-16"


async def missing(school: School, at: str = "12:30", on: str = MONDAY, seq: int | None = None) -> list[str]:
    """Give the periods of the registers that are not taken on a day, at a time of Monday."""
    moment = datetime.fromisoformat(f"{MONDAY}T{at}").replace(tzinfo=LONDON)
    await school.desk.fold()
    async with kit_database.reading(school.desk.analytics, school.school_id) as connection:
        facts = await load(connection, school.school_id, seq)
        day = date.fromisoformat(on)
        of_day = await registers.load(connection, school.school_id, [day], seq)
    return [each.period for each in of_day.not_taken(facts, day, moment)]


async def head(school: School) -> int:
    """Give where the school's stream stands."""
    [(seq,)] = await school.rows("SELECT seq FROM ledger.head WHERE school_id = $1")
    return int(seq)


async def test_each_class_is_missing_from_its_grace_on_until_somebody_required_has_an_entry(desk: Desk) -> None:
    school = await desk.open("920701", pupils=2)
    await school.pupil(3, **{"class": "5A"}, year_group="5")
    await school.pupil(4, **{"class": None})
    assert await missing(school, "09:44") == []
    assert await missing(school, "09:45") == [f"{MONDAY} AM 4B", f"{MONDAY} AM 5A", f"{MONDAY} AM"]
    before = await head(school)
    await school.enter((2, MONDAY, "AM", "/"))
    assert await missing(school) == [f"{MONDAY} AM 5A", f"{MONDAY} AM"]
    assert await missing(school, seq=before) == [f"{MONDAY} AM 4B", f"{MONDAY} AM 5A", f"{MONDAY} AM"]
    assert await missing(school, seq=await head(school)) == [f"{MONDAY} AM 5A", f"{MONDAY} AM"]
    await school.policy({**POLICY, "register_grace_minutes": 90})
    assert await missing(school, "10:44") == []
    assert await missing(school, "10:45") == [f"{MONDAY} AM 5A", f"{MONDAY} AM"]


async def test_a_register_of_which_nobody_is_required_is_not_missing(desk: Desk) -> None:
    school = await desk.open("920702", pupils=0)
    day = (MONDAY, "AM"), (MONDAY, "PM")
    await school.pupil(1, boarder=True)
    assert await missing(school) == []
    await school.pupil(2)
    assert await missing(school) == [f"{MONDAY} AM 4B"]
    await school.plan(2, "away", "approved-activity", "V", *day)
    assert await missing(school) == []
    await school.pupil(3, on_roll="{[2026-11-17,)}")
    assert await missing(school) == []  # not on roll before Tuesday
    await school.pupil(4)
    await school.plan(4, "leave", "leave-of-absence", "C", *day)
    assert await missing(school) == [f"{MONDAY} AM 4B"]  # known leave excuses no register
    await school.enter((4, MONDAY, "AM", "X"))
    assert await missing(school) == []


@pytest.mark.parametrize("selected", [{"classes": ["4B"]}, {"year_groups": ["4"]}, {"pupils": ["p-1", "p-2"]}])
async def test_a_part_that_is_closed_has_no_register_to_take(desk: Desk, selected: dict[str, Any]) -> None:
    school = await desk.open(f"92071{sorted(selected)[0].encode()[0] % 10}", pupils=2)
    await school.pupil(3, **{"class": "5A"}, year_group="5")
    await school.close("c-1", "Y3", (MONDAY, "AM"), (MONDAY, "PM"), **selected)
    assert await missing(school) == [f"{MONDAY} AM 5A"]


async def test_no_register_is_missing_where_there_is_no_session(desk: Desk) -> None:
    school = await desk.open("920704")
    assert await missing(school, on="2026-11-15") == []  # a Sunday
    assert await missing(school, on="2027-11-15") == []  # a year without a calendar
    assert await missing(school, on="2026-11-17") == []  # tomorrow
    friday = "2026-11-13"
    assert await missing(school, on=friday) == [f"{friday} AM 4B", f"{friday} PM 4B"]
    await school.close("c-1", "Y4", (friday, "PM"), (friday, "PM"))
    assert await missing(school, on=friday) == [f"{friday} AM 4B"]
    await school.facts("931", closed_on=friday)
    assert await missing(school, on=friday) == [f"{friday} AM 4B"]
    assert await missing(school) == []


async def test_a_class_of_two_year_groups_closes_with_the_later_of_its_registers(desk: Desk) -> None:
    school = await desk.open("920705", pupils=1)
    early, *others = POLICY["registers"]
    late = {**early, "opens": "09:00", "closes": "09:30", "year_groups": ["5"]}
    await school.policy({**POLICY, "registers": [early, late, *others]})
    await school.pupil(2, year_group="5")
    assert await missing(school, "09:59") == []
    assert await missing(school, "10:00") == [f"{MONDAY} AM 4B"]
