"""The day's list: who is on site, who is not, whose absence is unexplained, what was not taken, and what is due."""

from datetime import date
from typing import Any

import asyncpg
import httpx
import pytest

from analytics_worker.school import load
from kit import database as kit_database
from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.raising import Raising
from tests.analytics_worker.writing import Desk, School
from tests.support.office import refusal
from tests.support.postgres import Database

FRIDAY = "2026-11-20"
WEEK = tuple(f"2026-11-{n}" for n in range(16, 21))


async def day(calling: Calling, school: School, on: str = FRIDAY, **params: Any) -> dict[str, Any]:
    await school.desk.fold()
    async with calling() as http:
        return await got(http, f"/v1/schools/{school.urn}/days/{on}", **params)


async def got(http: httpx.AsyncClient, path: str, **params: Any) -> dict[str, Any]:
    answer = await http.get(path, params=params)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def pupils(items: list[dict[str, Any]]) -> list[str]:
    return [item["pupil"] for item in items]


def codes(items: list[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    return {item["pupil"]: (item["session"], item["code"]) for item in items}


async def test_a_pupil_is_where_the_last_session_says_that_has_begun(desk: Desk, calling: Calling) -> None:
    school = await desk.open("922001", pupils=6)
    desk.clock.set(f"{FRIDAY}T10:00:00+00:00")
    morning = ("/", "U", "I", "V", "L")
    await school.enter(*((n, FRIDAY, "AM", code) for n, code in enumerate(morning, 1)))
    await school.enter((1, FRIDAY, "PM", "V"))  # known ahead, and not now
    told = await day(calling, school)
    assert codes(told["on_site"]) == {"p-1": ("AM", "/"), "p-2": ("AM", "U"), "p-5": ("AM", "L")}
    assert codes(told["not_in"]) == {"p-3": ("AM", "I"), "p-4": ("AM", "V")}
    assert told["not_in"][0] == {
        "pupil": "p-3",
        "class": "4B",
        "year_group": "4",
        "session": "AM",
        "code": "I",
        "kind": "authorised-absence",
    }
    assert pupils(told["without_entry"]) == ["p-6"]
    desk.clock.set(f"{FRIDAY}T13:00:00+00:00")
    told = await day(calling, school)
    assert codes(told["on_site"]) == {"p-2": ("AM", "U"), "p-5": ("AM", "L")}
    assert codes(told["not_in"])["p-1"] == ("PM", "V")
    assert (told["counts"]["on_roll"], told["counts"]["on_site"], told["counts"]["not_in"]) == (6, 2, 3)
    told = await day(calling, school, session="AM")
    assert codes(told["on_site"])["p-1"] == ("AM", "/")
    told = await day(calling, school, session="PM")
    assert (codes(told["not_in"]), len(told["without_entry"])) == ({"p-1": ("PM", "V")}, 5)


async def test_boarders_those_off_roll_and_closed_sessions_have_no_entry_to_wait_for(
    desk: Desk, calling: Calling
) -> None:
    school = await desk.open("922002", pupils=1)
    await school.pupil(2, boarder=True)
    await school.pupil(3, on_roll=f"{{[2025-09-03,{FRIDAY})}}")
    told = await day(calling, school)
    assert pupils(told["without_entry"]) == ["p-1"]
    assert told["counts"]["on_roll"] == 2
    assert (await day(calling, school, "2026-11-21"))["without_entry"] == []  # a Saturday
    assert (await day(calling, school, "2026-11-23"))["without_entry"] == []  # to come
    await school.close("c-1", "Y4", (FRIDAY, "AM"), (FRIDAY, "PM"))
    told = await day(calling, school)
    assert (told["without_entry"], told["registers_not_taken"]) == ([], [])


async def test_absence_is_unexplained_since_its_first_day_once_the_register_has_closed(
    desk: Desk, calling: Calling
) -> None:
    school = await desk.open("922003", pupils=5)
    for on in WEEK[2:]:
        await school.enter((1, on, "AM", "N"), (1, on, "PM", "N"))
    await school.enter((1, WEEK[2], "AM", "O"))  # in place of an N that nobody answered
    await school.enter((2, FRIDAY, "AM", "/"), (2, FRIDAY, "PM", "N"))
    await school.enter((3, FRIDAY, "AM", "O"))  # entered as the reason
    await school.enter((4, FRIDAY, "AM", "N"), (4, FRIDAY, "PM", "/"))  # came after lunch
    await school.enter((5, WEEK[3], "AM", "N"), (5, FRIDAY, "AM", "I"))
    told = await day(calling, school)
    assert told["unexplained"] == [
        {"pupil": "p-1", "class": "4B", "year_group": "4", "since": WEEK[2], "days": 3},
        {"pupil": "p-2", "class": "4B", "year_group": "4", "since": FRIDAY, "days": 1},
    ]
    assert pupils((await day(calling, school, session="AM"))["unexplained"]) == ["p-1"]
    assert pupils((await day(calling, school, WEEK[3]))["unexplained"]) == ["p-1", "p-5"]
    desk.clock.set(f"{FRIDAY}T13:29:00+00:00")
    assert pupils((await day(calling, school))["unexplained"]) == ["p-1"]  # the afternoon's is open
    given = {"sessions": [{"date": on, "session": at} for on in WEEK[2:] for at in ("AM", "PM")]}
    raising = Raising(school)
    alert = await raising.raised("first-day-unexplained", 1, WEEK[2], period=WEEK[2])
    await raising.act(alert, "reason-given", FRIDAY, **given)
    assert pupils((await day(calling, school))["unexplained"]) == []


@pytest.mark.parametrize("length", [19, 20, 21, 60])
async def test_a_long_unexplained_absence_is_told_from_its_first_day(desk: Desk, calling: Calling, length: int) -> None:
    school = await desk.open(f"9221{length}", pupils=1)
    days = await open_days(school, length)
    for on in days:
        await school.enter((1, on, "AM", "N"))
    [one] = (await day(calling, school))["unexplained"]
    assert (one["since"], one["days"]) == (days[0], length)


async def open_days(school: School, most: int) -> list[str]:
    """Give the last so many school days up to Friday."""
    async with kit_database.reading(school.desk.analytics, school.school_id) as connection:
        facts = await load(connection, school.school_id)
    return [on.isoformat() for on in facts.all_open_days() if on <= date.fromisoformat(FRIDAY)][-most:]


async def test_registers_that_are_not_taken_say_since_when(desk: Desk, calling: Calling) -> None:
    school = await desk.open("922004", pupils=2)
    await school.pupil(3, **{"class": "5A"}, year_group="5")
    await school.enter((1, FRIDAY, "AM", "/"))
    told = (await day(calling, school))["registers_not_taken"]
    of_5a = {"class": "5A", "session": "AM", "closed_at": "09:15", "since": "09:45", "required": 1}
    assert told[0] == of_5a
    assert [(each["session"], each["class"]) for each in told[1:]] == [("PM", "4B"), ("PM", "5A")]
    assert (await day(calling, school, session="AM"))["registers_not_taken"] == [of_5a]
    assert [each["class"] for each in (await day(calling, school, **{"class": "4B"}))["registers_not_taken"]] == ["4B"]


async def test_every_n_that_stands_is_told_with_its_day(desk: Desk, calling: Calling) -> None:
    school = await desk.open("922005", pupils=2)
    await school.enter((1, "2026-11-12", "AM", "N"), (1, "2026-11-13", "PM", "N"), (2, "2026-11-13", "AM", "N"))
    await school.enter((2, "2026-11-13", "AM", "I"))
    told = await day(calling, school)
    assert told["n_entries"] == [
        {
            "pupil": "p-1",
            "class": "4B",
            "year_group": "4",
            "date": on,
            "session": session,
            "due": due,
            "overdue_since": since,
        }
        for on, session, due, since in (
            ("2026-11-12", "AM", "2026-11-19", "2026-11-20"),
            ("2026-11-13", "PM", "2026-11-20", None),
        )
    ]
    assert (told["counts"]["n_entries"], told["counts"]["n_overdue"]) == (2, 1)
    of_thursday = await day(calling, school, "2026-11-12")
    assert [each["overdue_since"] for each in of_thursday["n_entries"]] == [None]


async def test_what_is_due_are_the_alerts_that_were_open_that_day(desk: Desk, calling: Calling) -> None:
    school = await desk.open("922006", pupils=2)
    await school.pupil(3, **{"class": "5A"}, year_group="5")
    await desk.fold()
    raising = Raising(school)
    open_, closed, late, of_class = [
        await raising.raised("n-overdue", 1, WEEK[0]),
        await raising.raised("at-risk", 2, WEEK[0], WEEK[2]),
        await raising.raised("n-overdue", 3, FRIDAY),
        await raising.raised("register-not-taken", None, FRIDAY, register="4B"),
    ]
    of_year = await raising.raised("below-target", None, "2026-11-13", "2026-11-16", of="year group 5")
    told = await day(calling, school)
    assert told["due_today"] == [
        {
            "kind": "n-overdue",
            "alerts": [
                {"id": open_, "pupil": "p-1", "opened_on": WEEK[0]},
                {"id": late, "pupil": "p-3", "opened_on": FRIDAY},
            ],
        },
        {"kind": "register-not-taken", "alerts": [{"id": of_class, "pupil": None, "opened_on": FRIDAY}]},
    ]
    assert told["counts"]["due_today"] == 3

    async def due(on: str, **params: Any) -> set[str]:
        groups = (await day(calling, school, on, **params))["due_today"]
        return {each["id"] for group in groups for each in group["alerts"]}

    assert await due(WEEK[1]) == {open_, closed}
    assert await due("2026-11-13") == await due("2026-11-13", year_group="5") == {of_year}
    assert await due("2026-11-13", year_group="4") == set()
    again = await raising.raised("at-risk", 1, "2026-09-07", "2026-09-14")
    await raising.open_again(again, "2026-09-21", "2026-09-28")
    assert [await due(f"2026-09-{on}") for on in ("14", "21", "28")] == [set(), {again}, set()]
    assert await due(WEEK[2]) == {open_}  # on the day on which it was closed it is open no more
    assert await due(FRIDAY, **{"class": "4B"}) == {open_, of_class}
    assert await due(FRIDAY, year_group="5") == {late}
    async with calling(scopes=("attendance:read",)) as http:
        without = await got(http, f"/v1/schools/{school.urn}/days/{FRIDAY}")
    assert "due_today" not in without
    assert "due_today" not in without["counts"]


async def test_a_trust_and_an_authority_have_the_day_of_each_school_in_numbers(desk: Desk, calling: Calling) -> None:
    first, second = await desk.open("922007", "825", pupils=3), await desk.open("922008", "825", pupils=1)
    await first.facts("825", "7201")
    await first.enter((1, FRIDAY, "AM", "/"), (2, FRIDAY, "AM", "N"), (3, FRIDAY, "AM", "I"))
    await first.enter(*((n, FRIDAY, "PM", "N") for n in (1, 2)))
    await second.enter((1, WEEK[0], "AM", "/"))
    await desk.fold()
    path = f"/v1/local-authorities/825/days/{FRIDAY}"
    async with calling("authority", "825") as http:
        told = await got(http, path)
        assert (told["la_code"], told["date"]) == ("825", FRIDAY)
        assert [(each["urn"], each["behind"]) for each in told["items"]] == [("922007", 0), ("922008", 0)]
        assert told["items"][0]["counts"] == {
            "on_roll": 3,
            "on_site": 0,
            "not_in": 3,
            "without_entry": 0,
            "unexplained": 2,
            "registers_not_taken": 0,
            "n_entries": 3,
            "n_overdue": 0,
            "due_today": 0,
        }
        assert told["items"][1]["counts"]["registers_not_taken"] == 2
        assert (await got(http, path, session="AM"))["items"][0]["counts"]["on_site"] == 1
        page = await got(http, path, limit=1)
        assert [each["urn"] for each in page["items"]] == ["922007"]
        rest = await got(http, path, limit=1, cursor=page["next"])
        assert ([each["urn"] for each in rest["items"]], rest["next"]) == (["922008"], None)
        assert refusal(await http.get(f"/v1/local-authorities/931/days/{FRIDAY}"), "unknown-authority")
    async with calling("trust", "7201") as http:
        told = await got(http, f"/v1/trusts/7201/days/{FRIDAY}")
        assert (told["trust_uid"], [each["urn"] for each in told["items"]]) == ("7201", ["922007"])
    assert second.urn == "922008"


async def test_who_reads_a_day_is_on_record(desk: Desk, calling: Calling, database: Database) -> None:
    school = await desk.open("922009", pupils=1)
    await day(calling, school)
    owner = await asyncpg.connect(database.owner_url)
    rows = await owner.fetch(
        "SELECT what, CAST(first_day AS text) FROM access.pupil_read WHERE school_id = $1", school.school_id
    )
    await owner.close()
    assert [tuple(row) for row in rows] == [("day", FRIDAY)]
