"""Ten sessions of several schools meet the penalty threshold for those who see all of them, and for nobody else."""

import json
from datetime import UTC, datetime

import asyncpg
import pytest

from kit import database as kit_database
from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.moving import AUTUMN, FIRST, SECOND, SINCE_JOINING, Moved, got, move
from tests.analytics_worker.test_notices import penalty
from tests.analytics_worker.writing import Desk, School
from tests.support.office import refusal
from tests.support.postgres import Database


@pytest.fixture
async def moved(desk: Desk) -> Moved:
    """Give two schools of an authority and a trust, and a pupil who moved."""
    return await move(desk)


async def test_sessions_of_two_schools_are_ten_together_each_with_its_school(moved: Moved, calling: Calling) -> None:
    first, second = moved.first, moved.second
    for path in (moved.trust, "/v1/local-authorities/825"):
        [item] = await moved.met(calling, path)
        assert item["pupils"] == [{"urn": first.urn, "pupil": "p-1"}, {"urn": second.urn, "pupil": "p-2"}]
        assert item["since"] == SECOND[-1].isoformat()
        sessions = item["evidence"]["sessions"]
        assert [each["urn"] for each in sessions] == [first.urn] * 6 + [second.urn] * 4
        assert [each["date"] for each in sessions[::2]] == [day.isoformat() for day in (*FIRST, *SECOND)]
        assert item["evidence"]["closes_when"]
        assert moved.upn not in json.dumps(item)
    await first.desk.sweep()
    async with calling() as http:
        for school in (first, second):
            assert (await got(http, f"/v1/schools/{school.urn}/alerts?kind=penalty-threshold"))["items"] == []


async def test_nine_sessions_are_not_ten_and_an_amendment_ends_it(moved: Moved, calling: Calling) -> None:
    first, second = moved.first, moved.second
    await first.enter((1, FIRST[0].isoformat(), "AM", "I"))
    assert await moved.met(calling) == []
    await second.enter((2, AUTUMN[AUTUMN.index(SECOND[-1]) + 1].isoformat(), "AM", "N"))
    [item] = await moved.met(calling)
    assert item["evidence"]["provisional"] is True


async def test_a_session_does_not_count_at_which_the_other_school_had_the_pupil(moved: Moved, calling: Calling) -> None:
    second = moved.second
    await moved.starts("{[2025-09-03,)}")
    await second.enter((2, FIRST[0].isoformat(), "AM", "/"))
    assert await moved.met(calling) == []
    await second.enter((2, FIRST[0].isoformat(), "AM", "O"))  # both say O: once
    assert len(await moved.met(calling)) == 1
    await second.enter((2, FIRST[0].isoformat(), "AM", "I"))
    assert await moved.met(calling) == []
    await moved.starts(SINCE_JOINING)  # was not on roll there
    assert len(await moved.met(calling)) == 1


async def test_another_upn_is_another_pupil_and_one_school_alone_is_not_told(moved: Moved, calling: Calling) -> None:
    await moved.starts(SINCE_JOINING, upn="B123456789013")
    assert await moved.met(calling) == []
    await moved.starts(SINCE_JOINING)
    await moved.first.facts("825", "7399")
    assert await moved.met(calling) == []  # out of the trust's reach
    assert len(await moved.met(calling, "/v1/local-authorities/825")) == 1


@pytest.mark.parametrize("withdrawn_on", [None, "2026-11-19", "2026-11-21"])
async def test_sessions_that_a_notice_relies_on_are_spent_until_it_is_withdrawn(
    moved: Moved, calling: Calling, withdrawn_on: str | None
) -> None:
    first = moved.first
    body = {
        "parent": "D. Parent",
        "issued_by": "The authority",
        "issued_on": "2026-11-02",
        "offence": "attendance",
        "sessions": [{"date": FIRST[0].isoformat(), "session": "AM", "code": "O"}],
        **({} if withdrawn_on is None else {"withdrawn_on": withdrawn_on}),
    }
    async with kit_database.writing(first.desk.analytics, first.school_id) as connection:
        await connection.execute(
            "INSERT INTO casework.notice (school_id, no, id, pupil_no, kind, recorded_at, client_id, name, position, "
            "body) VALUES ($1, 1, 'n-1', 1, 'penalty-notice', $2, 'a-mis', 'B. Office', 'Attendance officer', $3)",
            *(first.school_id, datetime.now(UTC), json.dumps(body)),
        )
    assert len(await moved.met(calling)) == (1 if withdrawn_on == "2026-11-19" else 0)


async def test_a_school_whose_pupil_is_told_is_read_on_record(
    moved: Moved, calling: Calling, database: Database
) -> None:
    await moved.met(calling)
    owner = await asyncpg.connect(database.owner_url)
    sql = "SELECT what, pupil_no FROM access.pupil_read WHERE school_id = $1"
    rows = [tuple(row) for school in (moved.first, moved.second) for row in await owner.fetch(sql, school.school_id)]
    await owner.close()
    assert rows == [("alerts", 1), ("alerts", 2)]


async def test_who_does_not_reach_every_school_or_may_not_see_alerts_is_refused(moved: Moved, calling: Calling) -> None:
    path = "/v1/local-authorities/825/alerts/across-schools"
    async with calling("schools", moved.first.urn, moved.second.urn) as http:
        assert refusal(await http.get(path), "unknown-authority")
        assert refusal(await http.get(f"{moved.trust}/alerts/across-schools"), "unknown-trust")
    async with calling("authority", "825", scopes=("summaries:read", "attendance:read")) as http:
        assert refusal(await http.get(path), "scope-required")


async def test_two_registers_that_both_marked_a_session_or_neither_contradict_each_other(
    moved: Moved, calling: Calling
) -> None:
    first, second = moved.first, moved.second
    assert await moved.met(calling, kind="dual-conflict") == []
    await moved.starts("{[2025-09-03,)}")
    day, next_day, third = (each.isoformat() for each in FIRST)
    await second.enter((2, day, "AM", "/"), (2, day, "PM", "D"), (2, next_day, "AM", "X"), (2, third, "AM", "D"))
    await first.enter((1, third, "AM", "D"))
    [item] = await moved.met(calling, kind="dual-conflict")
    assert item["pupils"] == [{"urn": first.urn, "pupil": "p-1"}, {"urn": second.urn, "pupil": "p-2"}]
    assert (item["kind"], item["since"]) == ("dual-conflict", day)
    told = [(each["date"], each["session"], each["conflict"]) for each in item["evidence"]["sessions"]]
    assert told == [(day, "AM", "both-marked"), (third, "AM", "neither-marked")]
    assert item["evidence"]["sessions"][0]["codes"] == {first.urn: "O", second.urn: "/"}
    assert moved.upn not in json.dumps(item)
    await second.enter((2, day, "AM", "D"), (2, third, "AM", "/"))
    assert await moved.met(calling, kind="dual-conflict") == []
    await moved.starts(SINCE_JOINING)
    await second.enter((2, day, "AM", "/"))  # not on roll there
    assert await moved.met(calling, kind="dual-conflict") == []


async def test_the_notices_of_each_school_that_count_to_two_in_three_years_are_told_with_a_threshold(
    moved: Moved, calling: Calling, database: Database
) -> None:
    first, second = moved.first, moved.second
    stated: tuple[tuple[School, str, dict[str, str]], ...] = (
        (second, "p-2", {"id": "n-1", "parent": "parent-9", "issued_on": "2026-11-02"}),
        (first, "p-1", {"id": "n-2", "parent": "mother", "issued_on": "2026-10-09"}),
        (first, "p-1", {"id": "n-3", "parent": "mother", "issued_on": "2026-10-12", "withdrawn_on": "2026-10-19"}),
    )
    async with calling(scopes=("alerts:write",)) as http:
        for school, pupil, said in stated:
            id_, became = said.pop("id"), {"withdrawn_why": "In error"} if "withdrawn_on" in said else {}
            body = penalty(pupil=pupil, sessions=[], **said, **became)
            answer = await http.put(f"/v1/schools/{school.urn}/notices/{id_}", json=body)
            assert answer.status_code == 200, answer.text
    [item] = await moved.met(calling)
    assert item["notices"] == [
        {"urn": first.urn, "id": "n-2", "parent": "mother", "issued_on": "2026-10-09"},
        {"urn": second.urn, "id": "n-1", "parent": "parent-9", "issued_on": "2026-11-02"},
    ]
    owner = await asyncpg.connect(database.owner_url)
    sql = "SELECT school_id, pupil_no FROM access.pupil_read WHERE what = 'notices' AND school_id = ANY ($1)"
    rows = await owner.fetch(sql, [first.school_id, second.school_id])
    await owner.close()
    assert sorted(tuple(row) for row in rows) == [(first.school_id, 1), (second.school_id, 2)]
