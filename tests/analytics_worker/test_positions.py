"""What `changed_after` holds: a text of the form before is read, and none that a reader makes up opens another door."""

import base64
import json
import zlib
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from analytics_worker import positions
from analytics_worker.positions import Positions
from kit.problems import Problem
from tests.analytics_worker.conftest import AFTERNOON, Calling
from tests.analytics_worker.test_daily import pull
from tests.analytics_worker.writing import Desk

AT = datetime(2026, 11, 20, 16, tzinfo=UTC)


def text(*members: Any) -> str:
    return base64.urlsafe_b64encode(zlib.compress(json.dumps(members).encode())).decode().rstrip("=")


def test_positions_come_back_as_they_went_out_and_those_of_the_form_before_are_read() -> None:
    whole = Positions("931", AT, {3: 7, 9: 0}, {3: 7, 9: 4}, date(2027, 7, 21))
    assert positions.read(whole.text(), "931", "changed_after") == whole
    before = text("931", int(AT.timestamp()), [3, 6], [7, 0])
    read = Positions("931", AT, {3: 7, 9: 0}, {3: 7, 9: 0}, AT.date())
    assert positions.read(before, "931", "changed_after") == read


@pytest.mark.parametrize(
    "members",
    [
        ("931", -1, [3], [7]),
        ("931", 2**40, [3], [7]),
        ("931", 0, [2**31], [7]),
        ("931", 0, [3], [2**63]),
        ("931", 0, [3], [7, 8]),
        ("931", 0, [3], [7], [-1], 739_000),
        ("931", 0, [3], [7], [0], 0),
        ("931", 0, [3], [7], [0]),
        ("931", 0, [3], [True], [0], 739_000),
    ],
)
def test_a_text_with_what_no_position_can_be_is_refused(members: tuple[Any, ...]) -> None:
    with pytest.raises(Problem) as refused:
        positions.read(text(*members), "931", "changed_after")
    assert refused.value.code == "invalid-cursor"


async def test_nobody_reads_by_a_made_up_position_what_the_authority_could_not(desk: Desk, calling: Calling) -> None:
    school = await desk.open("970001", "810", pupils=1)
    await desk.sweep()
    held = await pull(calling, "810", date="2026-11-19")
    later = datetime.fromisoformat(AFTERNOON) + timedelta(hours=2)
    desk.clock.set(later.isoformat())
    await school.facts("811", effective_from="2026-11-20")
    await school.pupil(2)
    await desk.sweep()
    gone = await pull(calling, "810", changed_after=held["changed_after"])
    assert {(row["pupil"], row["state"]) for row in gone["items"]} == {("p-1", "closed")}
    for at in (AT, later, later + timedelta(days=400)):
        made_up = Positions("810", at, {school.school_id: 100}, {school.school_id: 100}, date(2027, 7, 21)).text()
        told = await pull(calling, "810", changed_after=made_up, limit=1_000)
        assert {row["pupil"] for row in told["items"]} <= {"p-1"}
    elsewhere = Positions("812", later, {school.school_id: 100}, {school.school_id: 100}, date(2027, 7, 21)).text()
    assert (await pull(calling, "812", changed_after=elsewhere))["items"] == []
