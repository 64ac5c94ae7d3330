"""Reading registers and pupils' marks: as they stand, and as they stood at an instant or a position."""

import httpx
import pytest

from tests.support.office import MONDAY, TUESDAY, Office, amending, open_office, refusal
from tests.support.school import TEACHER, pupil, put
from tests.support.services import Register


async def states(office: Office, day: str = MONDAY, session: str = "AM", **params: str) -> dict[str, str]:
    read = await office.get(f"/registers/{day}/{session}", **params)
    return {item["pupil"]: item["state"] for item in read["items"]}


@pytest.fixture(scope="module")
async def small(register: Register, admin: httpx.AsyncClient) -> Office:
    return await open_office(admin, register.database, "900102", pupils=3)


async def test_a_register_says_how_far_it_has_been_taken(small: Office, register: Register) -> None:
    async def taken(day: str = MONDAY) -> str:
        return str((await small.get(f"/registers/{day}/AM"))["taken"])

    register.clock.set("2026-09-07T08:30:00+01:00")
    assert await taken() == "not-due"
    assert set((await states(small)).values()) == {"not-due"}
    register.clock.set("2026-09-07T09:14:00+01:00")
    assert await taken() == "not-due"
    register.clock.set("2026-09-07T09:15:00+01:00")
    assert await taken() == "not-taken"
    assert set((await states(small)).values()) == {"missing"}
    await small.entered(("p-001", "/"), ("p-002", "N"))
    assert await taken() == "partial"
    assert await states(small) == {"p-001": "entered", "p-002": "entered", "p-003": "missing"}
    await small.entered(("p-003", "/"))
    assert await taken() == "complete"
    assert await taken("2026-09-06") == "not-due"
    assert set((await states(small, "2026-09-06")).values()) == {"closed"}


async def test_a_register_names_what_is_expected(office: Office) -> None:
    on_monday = (await office.get(f"/registers/{MONDAY}/AM"))["items"][0]
    on_sunday = (await office.get("/registers/2026-09-06/AM"))["items"][0]
    assert on_monday["expected"] == {"attend": True, "codes": [], "planned": []}
    assert on_sunday["expected"] == {"attend": False, "codes": ["#"], "planned": []}


async def test_a_register_of_one_class(office: Office) -> None:
    await put(office.http, office.path("/pupils/other-class"), pupil(**{"class": "4C"}))
    assert set(await states(office, **{"class": "4C"})) == {"other-class"}
    assert "other-class" not in await states(office, **{"class": "4B"})
    assert "other-class" in await states(office)


async def test_boarders_and_those_not_on_roll_are_not_in_the_register(office: Office) -> None:
    await put(office.http, office.path("/pupils/boards"), pupil(boarder=True))
    await put(office.http, office.path("/pupils/later"), pupil(starting_day=TUESDAY))
    assert not {"boards", "later"} & set(await states(office))
    assert (await office.mark("later", "Z"))["outcome"] == "entered"
    assert (await states(office))["later"] == "entered"
    assert "later" in await states(office, TUESDAY)


async def test_a_register_is_read_as_it_stood_at_a_position_and_for_ever(office: Office, register: Register) -> None:
    one = office.pupil()
    [entered] = await office.entered((one, "N"))
    path = f"/registers/{MONDAY}/AM"
    then = await office.get(path, as_at=f"seq:{entered}")
    [amended] = await office.amended(amending(one, "N", "I"))
    register.clock.set("2026-09-07T17:00:00+01:00")
    assert await office.get(path, as_at=f"seq:{entered}") == then
    assert then["as_at"]["settled"] is True
    assert then["as_at"]["seq"] == entered
    codes = [
        next(item["entry"] and item["entry"]["code"] for item in read["items"] if item["pupil"] == one)
        for read in [await office.get(path, as_at=f"seq:{seq}") for seq in (entered - 1, entered, amended["seq"])]
    ]
    assert codes == [None, "N", "I"]


async def test_a_register_is_read_as_it_stood_at_an_instant(office: Office, register: Register) -> None:
    one = office.pupil()
    register.clock.set("2026-09-07T16:10:00+01:00")
    await office.entered((one, "N"))
    register.clock.set("2026-09-07T16:20:00+01:00")
    await office.amended(amending(one, "N", "I"))
    register.clock.set("2026-09-07T16:21:30+01:00")
    path = f"/registers/{MONDAY}/AM"

    async def code(instant: str) -> tuple[str | None, bool]:
        read = await office.get(path, as_at=instant)
        entry = next(item["entry"] for item in read["items"] if item["pupil"] == one)
        return entry and entry["code"], read["as_at"]["settled"]

    assert await code("2026-09-07T16:09:59+01:00") == (None, True)
    assert await code("2026-09-07T15:15:00Z") == ("N", True)
    assert await code("2026-09-07T20:45:00+05:30") == ("N", True)
    assert await code("2026-09-07T16:21:00+01:00") == ("I", False)
    register.clock.set("2026-09-07T16:22:01+01:00")
    assert await code("2026-09-07T16:21:00+01:00") == ("I", True)


async def test_the_state_is_that_of_the_instant(small: Office) -> None:
    read = await states(small, as_at="2026-09-07T08:46:00+01:00")
    assert set(read.values()) <= {"not-due", "entered"}


async def test_a_read_of_now_is_not_settled(office: Office) -> None:
    read = (await office.get(f"/registers/{MONDAY}/AM"))["as_at"]
    assert read["settled"] is False
    assert read["instant"] == "2026-09-07T15:00:00.000000Z"
    assert read["seq"] == (await office.head())[0]


@pytest.mark.parametrize(
    ("as_at", "slug"),
    [
        ("2026-09-07T16:00:01+01:00", "as-at-in-future"),
        ("seq:1000000", "as-at-in-future"),
        ("seq:" + "9" * 18, "as-at-in-future"),
        ("seq:" + "9" * 40, "invalid-parameter"),
        ("seq:-1", "invalid-parameter"),
        ("seq:", "invalid-parameter"),
        ("2026-09-07", "invalid-parameter"),
        ("2026-09-07T16:00:00", "invalid-parameter"),
        ("0001-01-01T00:00:00+14:00", "invalid-parameter"),
        ("9999-12-31T23:59:59-14:00", "invalid-parameter"),
        ("now", "invalid-parameter"),
        ("", "invalid-parameter"),
    ],
)
async def test_what_is_no_position_or_is_to_come_is_refused(office: Office, as_at: str, slug: str) -> None:
    for path in (f"/registers/{MONDAY}/AM", "", "/calendar/2026-27", "/pupils", "/pupils/p-001", "/amendments"):
        answer = await office.http.get(office.path(path), params={"as_at": as_at})
        refusal(answer, slug, at="as_at")


async def test_before_the_first_event_there_is_nothing(office: Office) -> None:
    assert (await office.get(f"/registers/{MONDAY}/AM", as_at="seq:0"))["items"] == []
    refusal(await office.http.get(office.path(), params={"as_at": "seq:0"}), "unknown-school")


async def test_a_pupils_marks_are_those_between_two_dates(office: Office, register: Register) -> None:
    one = office.pupil()
    await office.entered((one, "/"))
    register.clock.set("2026-09-08T16:00:00+01:00")
    await office.entered((one, "L"), day=TUESDAY)
    await office.entered((one, "\\"), day=TUESDAY, session="PM")

    async def read(**params: str) -> list[tuple[str, str, str]]:
        items = (await office.get(f"/pupils/{one}/marks", **params))["items"]
        return [(item["date"], item["session"], item["code"]) for item in items]

    assert await read() == [(MONDAY, "AM", "/"), (TUESDAY, "AM", "L"), (TUESDAY, "PM", "\\")]
    assert await read(**{"from": TUESDAY}) == [(TUESDAY, "AM", "L"), (TUESDAY, "PM", "\\")]
    assert await read(to=MONDAY) == [(MONDAY, "AM", "/")]
    assert await read(**{"from": TUESDAY, "to": MONDAY}) == []
    [first] = (await office.get(f"/pupils/{one}/marks", to=MONDAY))["items"]
    assert (first["made_by"], first["chain"][0]["out_of_order"]) == (TEACHER, False)


async def test_a_pupils_marks_are_bounded_and_of_a_known_pupil(office: Office) -> None:
    answer = await office.http.get(office.path("/pupils/p-001/marks"), params={"from": "2025-01-01"})
    refusal(answer, "invalid-parameter", at="from")
    refusal(await office.http.get(office.path("/pupils/p-999/marks")), "unknown-pupil", at="id")
    refusal(await office.http.get(office.path("/pupils/p%20001/marks")), "invalid-parameter", at="id")
