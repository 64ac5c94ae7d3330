"""A school is told how many of its pupils have met a threshold only with other schools, and its own part of each."""

import json
from typing import Any

import asyncpg
import pytest

from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.moving import AUTUMN, FIRST, LEFT_ON, SECOND, SINCE_JOINING, Moved, got, move
from tests.analytics_worker.writing import Desk, School
from tests.support.office import refusal
from tests.support.postgres import Database

GROUPS = ("summaries:read",)
SINCE_BEFORE = "{[2025-09-03,)}"


@pytest.fixture
async def moved(desk: Desk) -> Moved:
    """Give two schools of an authority and a trust, and a pupil who moved from the first to the second."""
    return await move(desk)


def route(school: School) -> str:
    return f"/v1/schools/{school.urn}/alerts/across-schools"


async def told(calling: Calling, school: School, *scopes: str) -> dict[str, Any]:
    """Give what a school's own client is told, once everything is folded."""
    await school.desk.fold()
    async with calling("schools", school.urn, scopes=scopes or ("alerts:read",)) as http:
        return await got(http, route(school))


async def items(calling: Calling, school: School) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await told(calling, school))["items"]
    return found


async def nothing_at(calling: Calling, *schools: School) -> None:
    """Nothing is told to any of these schools."""
    for school in schools:
        answer = await told(calling, school)
        assert (answer["alerts"], answer["pupils"], answer["items"]) == (0, 0, [])


async def test_a_school_sees_its_own_sessions_of_the_ten_and_how_many_there_were_elsewhere(
    moved: Moved, calling: Calling
) -> None:
    answer = await told(calling, moved.second)
    assert (answer["alerts"], answer["pupils"]) == (1, 1)
    [item] = answer["items"]
    assert (item["kind"], item["pupil"]) == ("penalty-threshold", "p-2")
    assert item["evidence"]["sessions"] == [
        {"date": day.isoformat(), "session": session, "code": "O"} for day in SECOND for session in ("AM", "PM")
    ]
    assert item["evidence"]["elsewhere"] == 6
    assert item["evidence"]["closes_when"]


async def test_nothing_of_the_other_school_is_told(moved: Moved, calling: Calling) -> None:
    """Not which it is, nor its pupil's id, nor a day of its register, nor the UPN."""
    await moved.first.pupil(1, upn=moved.upn, on_roll=f"{{[2025-09-03,{LEFT_ON}]}}", id="theirs")
    said = json.dumps(await told(calling, moved.second))
    days = [day.isoformat() for day in FIRST]
    assert [secret for secret in (moved.first.urn, "p-1", "theirs", moved.upn, *days) if secret in said] == []


async def test_a_school_that_the_pupil_has_left_is_told_nothing_and_one_where_the_pupil_goes_too_its_part(
    moved: Moved, calling: Calling
) -> None:
    await nothing_at(calling, moved.first)
    await moved.first.pupil(1, upn=moved.upn, on_roll=SINCE_BEFORE)
    [item] = await items(calling, moved.first)
    assert [each["date"] for each in item["evidence"]["sessions"][::2]] == [day.isoformat() for day in FIRST]
    assert (item["pupil"], item["evidence"]["elsewhere"]) == ("p-1", 4)


async def test_it_opens_and_is_closed_by_an_amendment_at_either_school(moved: Moved, calling: Calling) -> None:
    first, second = moved.first, moved.second
    day, own_day = FIRST[0].isoformat(), SECOND[0].isoformat()
    await first.enter((1, day, "AM", "I"))
    await nothing_at(calling, second)
    await first.enter((1, day, "AM", "U"))
    [item] = await items(calling, second)
    assert item["evidence"]["elsewhere"] == 6
    await second.enter((2, own_day, "AM", "L"))
    await nothing_at(calling, second)
    later = AUTUMN[AUTUMN.index(SECOND[-1]) + 1].isoformat()
    await second.enter((2, later, "AM", "N"))
    [item] = await items(calling, second)
    assert item["evidence"]["sessions"][-1] == {"date": later, "session": "AM", "code": "N"}


async def test_it_is_quiet_where_one_school_alone_has_met_it_and_where_the_pupil_is_not_shared(
    moved: Moved, calling: Calling
) -> None:
    first, second = moved.first, moved.second
    before = AUTUMN[: AUTUMN.index(FIRST[0])][-2:]
    await first.enter_days(1, before, "O")
    await nothing_at(calling, second)
    await first.enter_days(1, before, "I")
    assert len(await items(calling, second)) == 1
    await moved.starts(SINCE_JOINING, upn="B123456789013")
    await nothing_at(calling, second)
    await moved.starts(SINCE_JOINING, upn=None)
    await nothing_at(calling, second)


async def test_a_school_without_the_pupil_or_without_a_session_of_the_ten_sees_nothing_of_it(
    moved: Moved, calling: Calling, desk: Desk
) -> None:
    third = await desk.open(f"9233{moved.first.urn[-2:]}", "825")
    await third.enter((1, FIRST[0].isoformat(), "AM", "O"))
    await third.facts("825", moved.trust.rpartition("/")[2])
    await nothing_at(calling, third)
    later = AUTUMN[AUTUMN.index(SECOND[-1]) + 1]
    await third.pupil(1, upn=moved.upn, on_roll=f"{{[{later},)}}")
    await third.enter_days(1, [later], "I")
    await nothing_at(calling, third)
    assert len(await items(calling, moved.second)) == 1


async def test_the_other_school_is_one_of_the_authority_or_of_the_trust_today(moved: Moved, calling: Calling) -> None:
    first, second = moved.first, moved.second
    trust = moved.trust.rpartition("/")[2]
    await first.facts("825", "7399")
    assert len(await items(calling, second)) == 1
    await first.facts("826", trust)
    assert len(await items(calling, second)) == 1
    await first.facts("826", "7399")
    await nothing_at(calling, second)


async def test_what_neither_the_authority_nor_the_trust_is_shown_is_not_told(
    moved: Moved, calling: Calling, desk: Desk
) -> None:
    """Ten over three schools, one of which the authority does not see, and another the trust does not."""
    third = await desk.open(f"9235{moved.first.urn[-2:]}", "826")
    await third.pupil(3, upn=moved.upn, on_roll=SINCE_BEFORE)
    await third.enter_days(3, AUTUMN[: AUTUMN.index(FIRST[0])][-1:], "O")
    await third.facts("826", moved.trust.rpartition("/")[2])
    await moved.first.facts("825", "7399")
    await moved.first.enter_days(1, FIRST[:1], "I")
    await nothing_at(calling, moved.second)
    await third.facts("825")
    assert len(await items(calling, moved.second)) == 1


async def test_a_threshold_that_authority_and_trust_are_both_shown_is_counted_once(
    moved: Moved, calling: Calling, desk: Desk
) -> None:
    """The ten of the authority, which sees a third school too, are other than the trust's."""
    third = await desk.open(f"9234{moved.first.urn[-2:]}", "825")
    before = AUTUMN[: AUTUMN.index(FIRST[0])][-1:]
    await third.pupil(3, upn=moved.upn, on_roll=SINCE_BEFORE)
    await third.enter_days(3, before, "O")
    answer = await told(calling, moved.second)
    assert (answer["alerts"], answer["items"][0]["evidence"]["elsewhere"]) == (1, 8)


async def test_who_may_not_see_pupils_is_told_a_count_that_is_not_of_one_or_two(moved: Moved, calling: Calling) -> None:
    answer = await told(calling, moved.second, *GROUPS)
    assert (answer["alerts"], answer["pupils"], answer["suppressed"]) == (None, None, True)
    assert "items" not in answer
    for pupil_no in (1, 3):
        upn = f"C{pupil_no}2345678{moved.upn[-4:]}"
        await moved.first.pupil(pupil_no + 1, upn=upn, on_roll=f"{{[2025-09-03,{LEFT_ON}]}}")
        await moved.first.enter_days(pupil_no + 1, FIRST, "O")
        await moved.second.pupil(pupil_no, upn=upn, on_roll=SINCE_JOINING)
        await moved.second.enter_days(pupil_no, SECOND, "O")
    answer = await told(calling, moved.second, *GROUPS)
    assert (answer["alerts"], answer["pupils"]) == (3, 3)
    assert "items" not in answer and "suppressed" not in answer
    assert [item["pupil"] for item in await items(calling, moved.second)] == ["p-1", "p-2", "p-3"]


async def test_it_says_as_of_when_and_an_answer_that_is_the_same_is_not_given_again(
    moved: Moved, calling: Calling
) -> None:
    answer = await told(calling, moved.second)
    assert answer["as_of"]["behind"] == 0 and answer["as_of"]["seq"] > 0
    assert answer["others"]["schools"] >= 1 and answer["others"]["behind"] == 0
    async with calling("schools", moved.second.urn) as http:
        etag = (await http.get(route(moved.second))).headers["ETag"]
        assert (await http.get(route(moved.second), headers={"If-None-Match": etag})).status_code == 304
        await moved.first.enter((1, FIRST[0].isoformat(), "AM", "I"))
        waiting = await http.get(route(moved.second), headers={"If-None-Match": etag})
        assert (waiting.json()["alerts"], waiting.json()["others"]["behind"]) == (1, 1)


async def test_it_is_on_record_as_a_read_of_the_schools_own_pupil_and_of_nobody_elses(
    moved: Moved, calling: Calling, database: Database
) -> None:
    """A read that the other school found of its pupil would tell it where the pupil went."""
    await told(calling, moved.second, *GROUPS)
    await told(calling, moved.second)
    owner = await asyncpg.connect(database.owner_url)
    sql = "SELECT school_id, what, pupil_no FROM access.pupil_read WHERE school_id = ANY ($1)"
    rows = await owner.fetch(sql, [moved.first.school_id, moved.second.school_id])
    await owner.close()
    assert [tuple(row) for row in rows] == [(moved.second.school_id, "alerts", 2)]


async def test_another_school_and_who_may_read_neither_alerts_nor_groups_are_refused(
    moved: Moved, calling: Calling
) -> None:
    async with calling("schools", moved.first.urn) as http:
        assert refusal(await http.get(route(moved.second)), "unknown-school")
    async with calling("schools", moved.second.urn, scopes=("attendance:read",)) as http:
        assert refusal(await http.get(route(moved.second)), "scope-required")
