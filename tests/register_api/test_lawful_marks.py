"""What the law lets stand in a register, seen through HTTP: times, codes, ages, days and the school's own policy."""

from typing import Any

import httpx
import pytest

from tests.support.office import MONDAY, TUESDAY, Office, open_office, refusal, told
from tests.support.school import POLICY, TEACHER, pupil, put
from tests.support.services import Register

SUNDAY, BEFORE_TERM, INSET = "2026-09-06", "2026-09-02", "2026-09-03"
MORNING = POLICY["registers"][0]
TWO_AFTERNOONS = {
    "registers": [
        MORNING,
        {"session": "PM", "opens": "13:00", "closes": "13:30", "ends": "15:15", "year_groups": ["R", "1", "2"]},
        {"session": "PM", "opens": "13:15", "closes": "13:45", "ends": "15:15", "year_groups": ["3", "4", "5", "6"]},
    ]
}


@pytest.fixture(scope="module")
async def two_afternoons(register: Register, admin: httpx.AsyncClient) -> Office:
    return await open_office(admin, register.database, "900102", pupils=12, policy=TWO_AFTERNOONS)


async def enrolled(office: Office, id_: str, **facts: Any) -> str:
    await put(office.http, office.path(f"/pupils/{id_}"), pupil(**facts))
    return id_


async def refused(office: Office, pupil: str, code: str, slug: str, at: str, **item: Any) -> None:
    before = await office.head()
    outcome = await office.mark(pupil, code, **item)
    assert outcome["outcome"] == "refused", outcome
    told(outcome["problem"], slug, at=at)
    assert await office.head() == before


async def test_nothing_is_entered_for_a_day_to_come(office: Office) -> None:
    await refused(office, office.pupil(), "/", "session-not-begun", "date", day=TUESDAY)


async def test_nothing_is_entered_before_the_register_opens(office: Office, register: Register) -> None:
    pupil = office.pupil()
    register.clock.set("2026-09-07T08:44:59+01:00")
    await refused(office, pupil, "/", "session-not-begun", "date")
    await refused(office, pupil, "\\", "session-not-begun", "date", session="PM")
    register.clock.set("2026-09-07T08:45:00+01:00")
    assert (await office.mark(pupil, "/"))["outcome"] == "entered"


async def test_the_opening_is_a_time_in_london(office: Office, register: Register) -> None:
    pupil = office.pupil()
    register.clock.set("2026-09-07T07:45:00+00:00")
    assert (await office.mark(pupil, "/"))["outcome"] == "entered"


async def test_an_entry_cannot_have_been_made_in_the_future_but_clocks_may_differ_by_five_minutes(
    office: Office,
) -> None:
    pupil = office.pupil()
    await refused(office, pupil, "/", "made-at-in-future", "#/marks/0/made_at", made_at="2026-09-07T16:05:01+01:00")
    assert (await office.mark(pupil, "/", made_at="2026-09-07T16:05:00+01:00"))["outcome"] == "entered"


async def test_an_entry_cannot_have_been_made_before_its_session(office: Office) -> None:
    pupil = office.pupil()
    at = "#/marks/0/made_at"
    await refused(office, pupil, "/", "made-at-before-session", at, made_at="2026-09-07T08:44:59+01:00")
    assert (await office.mark(pupil, "/", made_at="2026-09-07T08:45:00+01:00"))["outcome"] == "entered"


@pytest.mark.parametrize("day", [SUNDAY, BEFORE_TERM, INSET])
async def test_a_closed_day_takes_no_marks_but_says_so_already(office: Office, day: str) -> None:
    pupil = office.pupil()
    await refused(office, pupil, "N", "session-closed", "date", day=day)
    assert (await office.mark(pupil, "#", day=day))["outcome"] == "unchanged"


async def test_a_date_without_a_calendar_takes_no_marks(office: Office) -> None:
    await refused(office, office.pupil(), "/", "calendar-missing", "date", day="2026-07-06")


@pytest.mark.parametrize(
    ("code", "session", "slug"),
    [
        ("H", "AM", "code-withdrawn"),
        ("F", "AM", "code-withdrawn"),
        ("?", "AM", "unknown-code"),
        ("n", "AM", "unknown-code"),
        ("", "AM", "unknown-code"),
        ("/", "PM", "code-not-for-session"),
        ("\\", "AM", "code-not-for-session"),
        ("#", "AM", "code-not-for-session"),
        ("X", "AM", "code-not-for-age"),
        ("Z", "AM", "code-not-for-pupil"),
    ],
)
async def test_a_code_that_may_not_stand_is_refused(office: Office, code: str, session: str, slug: str) -> None:
    await refused(office, office.pupil(), code, slug, "#/marks/0/code", session=session)


async def test_x_is_for_those_who_need_not_attend_yet(office: Office) -> None:
    young = await enrolled(office, "young", date_of_birth="2022-05-01", year_group="R")
    assert (await office.mark(young, "X"))["outcome"] == "entered"


async def test_z_comes_before_the_starting_day_and_nothing_else_does(office: Office) -> None:
    coming = await enrolled(office, "coming", starting_day=TUESDAY)
    await refused(office, coming, "/", "not-on-roll", "#/marks/0/pupil")
    assert (await office.mark(coming, "Z"))["outcome"] == "entered"


async def test_a_pupil_who_has_left_takes_no_marks(office: Office) -> None:
    left = await enrolled(office, "left", leaving={"date": "2026-09-04", "ground": "d"})
    await refused(office, left, "/", "not-on-roll", "#/marks/0/pupil")
    await refused(office, left, "Z", "not-on-roll", "#/marks/0/pupil")
    assert (await office.mark(left, "/", day="2026-09-04"))["outcome"] == "entered"


async def test_a_boarder_takes_no_marks(office: Office) -> None:
    boarder = await enrolled(office, "boarder", boarder=True)
    await refused(office, boarder, "/", "boarder", "#/marks/0/pupil")


@pytest.mark.parametrize("code", ["B", "K"])
async def test_b_and_k_need_the_nature_of_what_was_attended(office: Office, code: str) -> None:
    pupil = office.pupil()
    at = "#/marks/0/nature"
    await refused(office, pupil, code, "nature-required", at)
    await refused(office, pupil, code, "nature-required", at, nature="...")
    assert (await office.mark(pupil, code, nature="Forest school"))["outcome"] == "entered"
    assert (await office.entry(pupil))["nature"] == "Forest school"


@pytest.mark.parametrize(
    ("code", "too_early", "first", "last", "too_late"),
    [("L", "08:45", "08:46", "09:14", "09:15"), ("U", "09:14", "09:15", "11:59", "12:00")],
)
async def test_an_arrival_fits_the_schools_own_times(
    office: Office, code: str, too_early: str, first: str, last: str, too_late: str
) -> None:
    for arrived_at in (too_early, too_late):
        pupil = office.pupil()
        at = "#/marks/0/arrived_at"
        await refused(office, pupil, code, "arrival-outside-register", at, arrived_at=arrived_at)
    for arrived_at in (first, last):
        assert (await office.mark(office.pupil(), code, arrived_at=arrived_at))["outcome"] == "entered"


async def test_two_afternoon_registers_are_told_apart_by_year_group(two_afternoons: Office) -> None:
    office = two_afternoons
    infant = await enrolled(office, "infant", year_group="1", date_of_birth="2020-10-01")
    junior = office.pupil()
    at = "#/marks/0/arrived_at"
    late: dict[str, Any] = {"session": "PM", "arrived_at": "13:35"}
    await refused(office, infant, "L", "arrival-outside-register", at, **late)
    await refused(office, junior, "U", "arrival-outside-register", at, **late)
    assert (await office.mark(infant, "U", **late))["outcome"] == "entered"
    assert (await office.mark(junior, "L", **late))["outcome"] == "entered"


async def test_two_afternoon_registers_open_each_at_its_own_time(two_afternoons: Office, register: Register) -> None:
    office = two_afternoons
    infant = await enrolled(office, "infant-2", year_group="R", date_of_birth="2021-10-01")
    junior = office.pupil()
    register.clock.set("2026-09-07T13:10:00+01:00")
    assert (await office.mark(infant, "\\", session="PM"))["outcome"] == "entered"
    await refused(office, junior, "\\", "session-not-begun", "date", session="PM")


async def test_minutes_late_stand_for_the_time_of_arrival(office: Office) -> None:
    pupil = office.pupil()
    assert (await office.mark(pupil, "L", minutes_late=13))["outcome"] == "entered"
    assert (await office.entry(pupil))["arrived_at"] == "08:58"
    assert (await office.mark(pupil, "L", arrived_at="08:58"))["outcome"] == "unchanged"


async def test_minutes_late_and_a_time_of_arrival_must_agree(office: Office) -> None:
    pupil = office.pupil()
    at = "#/marks/0/minutes_late"
    await refused(office, pupil, "L", "arrival-contradictory", at, minutes_late=13, arrived_at="08:59")
    assert (await office.mark(pupil, "L", minutes_late=13, arrived_at="08:58"))["outcome"] == "entered"


async def test_a_pupil_of_nobody_is_unknown(office: Office) -> None:
    before = await office.head()
    outcome = await office.mark("p-999")
    told(outcome["problem"], "unknown-pupil", at="#/marks/0/pupil")
    assert await office.head() == before


async def test_marks_of_a_year_that_the_register_does_not_keep_are_refused(office: Office) -> None:
    terms = [{"name": "spring", "starts": "2005-01-10", "ends": "2005-03-20"}]
    answer = await office.http.put(office.path("/calendar/2004-05"), json={"terms": terms})
    refusal(answer, "invalid-calendar", at="academic_year")
    await enrolled(office, "long-ago", starting_day="2004-09-06", date_of_birth="1999-01-01")
    body = {"made_by": TEACHER, "marks": [{"pupil": "long-ago", "code": "/"}]}
    answer = await office.post(body, day="2005-02-07")
    told(answer.json()["outcomes"][0]["problem"], "calendar-missing", at="date")


async def test_a_policy_that_changes_holds_from_its_date_on(office: Office, register: Register) -> None:
    early, late = office.pupil(), office.pupil()
    school = {"name": "Invented Primary", "phase": "primary", "age_range": [4, 11]}
    registers = [{**MORNING, "opens": "08:30", "closes": "08:50"}, POLICY["registers"][1]]
    answer = await office.http.put(
        office.path(), json={**school, "policy": {"registers": registers}, "effective_from": TUESDAY}
    )
    assert answer.status_code == 200, answer.text
    register.clock.set("2026-09-08T16:00:00+01:00")
    assert (await office.mark(early, "L", day=MONDAY, arrived_at="09:00"))["outcome"] == "entered"
    await refused(
        office, late, "L", "arrival-outside-register", "#/marks/0/arrived_at", day=TUESDAY, arrived_at="09:00"
    )
    assert (await office.mark(late, "L", day=TUESDAY, arrived_at="08:40"))["outcome"] == "entered"


async def test_the_stream_is_whole_after_all_of_this(office: Office) -> None:
    leaves = await office.stream()
    assert {leaf["date"] for leaf in leaves if leaf["kind"] == "mark-entered"} == {MONDAY, "2026-09-04", TUESDAY}
