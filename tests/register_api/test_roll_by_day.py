"""The roll day by day: what held that day is what that day's read shows, whatever was stated since."""

from typing import Any

import httpx
import pytest

from tests.support.office import MONDAY, TUESDAY, Office, open_office
from tests.support.school import pupil, put
from tests.support.services import Register

WEDNESDAY, SEPTEMBER = "2026-09-09", "2027-09-01"
NEXT_YEAR = {
    "terms": [{"name": "autumn", "starts": SEPTEMBER, "ends": "2027-12-17"}],
    "holidays": [],
    "inset_days": [],
}


@pytest.fixture(scope="module")
async def school(register: Register, admin: httpx.AsyncClient) -> Office:
    """Give a school with two years' calendars."""
    office = await open_office(admin, register.database, "900901", pupils=12)
    await put(admin, office.path("/calendar/2027-28"), NEXT_YEAR)
    return office


async def kept(office: Office, id_: str, **entry: Any) -> str:
    answer = await put(office.http, office.path(f"/pupils/{id_}"), pupil(**entry))
    return str(answer["outcome"])


async def on(office: Office, id_: str, day: str, **params: Any) -> dict[str, Any]:
    items = (await office.get("/pupils", on=day, limit=1_000, **params))["items"]
    return next(item for item in items if item["id"] == id_)


async def year_groups(office: Office, id_: str, *days: str) -> list[str]:
    return [(await on(office, id_, day))["year_group"] for day in days]


MOVES_UP = {"year_group": "5", "class": "5A", "effective_from": SEPTEMBER}
DAYS = ("2026-09-07", "2027-07-21", "2027-08-31", SEPTEMBER, "2027-11-01")


@pytest.mark.parametrize(
    "sent", [{}, {"year_group": "5", "class": "5A"}], ids=["with the year group of today", "with that of September"]
)
async def test_a_move_up_stated_ahead_is_not_undone_by_a_telephone_number(
    school: Office, register: Register, sent: dict[str, Any]
) -> None:
    id_ = school.pupil()
    register.clock.set("2027-07-05T12:00:00+01:00")
    assert await kept(school, id_, **MOVES_UP) == "changed"
    assert await year_groups(school, id_, *DAYS) == ["4", "4", "4", "5", "5"]
    register.clock.set("2027-08-10T12:00:00+01:00")
    parents = [{"name": "A. Parent", "phones": ["0100 1"]}]
    assert await kept(school, id_, parents=parents, **sent) == "changed"
    assert await year_groups(school, id_, *DAYS) == ["4", "4", "4", "5", "5"]
    register.clock.set("2027-09-02T12:00:00+01:00")
    assert await kept(school, id_, parents=parents, year_group="5", **{"class": "5A"}) == "unchanged"
    read = await school.get(f"/pupils/{id_}")
    placed = [(each["effective_from"], each["year_group"]) for each in read["placings"]]
    assert (placed[0], placed[-1]) == (("2026-09-03", "4"), (SEPTEMBER, "5"))
    assert read["parents"][0]["phones"] == ["0100 1"]


async def test_who_sends_both_every_night_changes_nothing(school: Office, register: Register) -> None:
    id_ = school.pupil()
    register.clock.set("2027-07-05T12:00:00+01:00")
    await kept(school, id_, **MOVES_UP)
    before = await school.head()
    for day in ("06", "07"):
        register.clock.set(f"2027-07-{day}T12:00:00+01:00")
        assert [await kept(school, id_), await kept(school, id_, **MOVES_UP)] == ["unchanged"] * 2
    assert await school.head() == before
    assert await kept(school, id_, **{**MOVES_UP, "class": "5B"}) == "changed"


async def test_a_class_changes_in_mid_week(school: Office, register: Register) -> None:
    id_ = school.pupil()
    register.clock.set("2026-09-11T16:00:00+01:00")
    await kept(school, id_, effective_from=WEDNESDAY, **{"class": "4C"})

    async def classes(**params: Any) -> list[Any]:
        shown = []
        for day in (MONDAY, TUESDAY, WEDNESDAY):
            register_ = await school.get(f"/registers/{day}/AM", **params)
            (item,) = [item for item in register_["items"] if item["pupil"] == id_]
            shown.append((item["class"], (await on(school, id_, day, **params))["class"]))
        return shown

    assert await classes() == [("4B", "4B"), ("4B", "4B"), ("4C", "4C")]
    before = (await school.head())[0] - 1
    assert await classes(as_at=f"seq:{before}") == [("4B", "4B")] * 3
    listed = await school.get(f"/registers/{TUESDAY}/AM", **{"class": "4C"})
    assert id_ not in [item["pupil"] for item in listed["items"]]


async def test_each_day_shows_the_facts_that_held_that_day(school: Office, register: Register) -> None:
    id_ = school.pupil()
    register.clock.set("2026-09-11T16:00:00+01:00")
    looked_after = {"looked_after": True, "responsible_la": "330"}
    await kept(school, id_, facts={"fsm": True}, effective_from="2026-09-03")
    await kept(school, id_, facts={"fsm": True, **looked_after}, effective_from=TUESDAY)
    await kept(school, id_, facts={"fsm": False, "ehcp": True, "responsible_la": "330"}, effective_from="2026-09-10")
    shown = [(await on(school, id_, day))["facts"] for day in (MONDAY, TUESDAY, WEDNESDAY, "2026-09-10")]
    assert shown == [
        {"fsm": True},
        {"fsm": True, **looked_after},
        {"fsm": True, **looked_after},
        {"fsm": False, "ehcp": True, "responsible_la": "330"},
    ]
    assert (await school.get(f"/pupils/{id_}"))["placings"][1]["facts"] == {"fsm": True, **looked_after}


async def test_a_correction_of_a_day_past_leaves_the_days_after_it(school: Office, register: Register) -> None:
    id_ = school.pupil()
    register.clock.set("2026-09-11T16:00:00+01:00")
    await kept(school, id_, effective_from=WEDNESDAY, **{"class": "4C"})
    await kept(school, id_, effective_from=TUESDAY, **{"class": "4A"})
    shown = [(await on(school, id_, day))["class"] for day in (MONDAY, TUESDAY, WEDNESDAY)]
    assert shown == ["4B", "4A", "4C"]


async def test_who_left_and_came_back_is_on_roll_on_the_days_between_neither(
    school: Office, register: Register
) -> None:
    id_ = school.pupil()
    register.clock.set("2026-09-11T16:00:00+01:00")
    await kept(school, id_, leaving={"date": MONDAY, "ground": "f", "destination": "Home"})
    await kept(school, id_, starting_day="2026-09-10")
    for day, there in ((MONDAY, True), (TUESDAY, False), (WEDNESDAY, False), ("2026-09-10", True)):
        items = (await school.get("/pupils", on=day, limit=1_000))["items"]
        assert (id_ in [item["id"] for item in items]) is there
    read = await school.get(f"/pupils/{id_}")
    assert [each["leaving"] and each["leaving"]["date"] for each in read["enrolments"]] == [MONDAY, None]
