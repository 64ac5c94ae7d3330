"""Weeks laid together: what was said since is in every figure at once, and they follow before there is much of it."""

from typing import Any

import pytest

from analytics_worker import projector
from analytics_worker.readings import CODES
from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.writing import Desk, School

AUTUMN = {"from": "2026-09-01", "to": "2026-12-31"}


async def codes(calling: Calling, school: School, **params: Any) -> dict[str, int]:
    """Give how often each code stands, of a school's autumn or of what is asked."""
    async with calling("schools", school.urn) as http:
        answer = await http.get(f"/v1/schools/{school.urn}/attendance", params={**AUTUMN, **params})
    assert answer.status_code == 200, answer.text
    told: dict[str, int] = answer.json()["codes"]
    return told


async def laid(school: School) -> tuple[int, int]:
    [(weeks_seq, seq)] = await school.rows("SELECT weeks_seq, seq FROM analysis.checkpoint WHERE school_id = $1")
    return weeks_seq, seq


async def test_what_is_said_after_the_weeks_were_laid_together_is_in_the_figures_at_once(
    desk: Desk, calling: Calling
) -> None:
    school = await desk.open("941001")
    await school.enter((1, "2026-09-07", "AM", "/"), (1, "2026-09-11", "PM", "\\"), (2, "2026-09-07", "AM", "N"))
    await desk.sweep()
    assert await codes(calling, school) == {"/": 1, "N": 1, "\\": 1}
    # Of a week that was laid, of a pupil's first in it, and of a week of which nothing was known.
    await school.enter((2, "2026-09-07", "AM", "I"), (1, "2026-09-07", "PM", "U"), (3, "2026-09-09", "AM", "C1"))
    await school.enter((2, "2026-09-07", "AM", "M"), (2, "2026-11-19", "AM", "Y1"))
    await projector.fold(desk.analytics, school.school_id)
    weeks_seq, seq = await laid(school)
    assert 0 < weeks_seq < seq
    now = {"/": 1, "C1": 1, "M": 1, "U": 1, "Y1": 1, "\\": 1}
    assert await codes(calling, school) == now
    assert await codes(calling, school, to="2026-09-07") == {"/": 1, "M": 1, "U": 1}
    desk.clock.set("2026-11-21T00:00:30+00:00")
    await desk.sweep()
    assert (await laid(school))[0] == seq
    assert await codes(calling, school) == now


async def test_a_school_of_which_no_week_was_ever_laid_together_is_counted_from_the_stream(
    desk: Desk, calling: Calling
) -> None:
    school = await desk.open("941002")
    await school.enter((1, "2026-09-07", "AM", "/"), (1, "2026-11-19", "AM", "N"), (1, "2026-11-19", "AM", "I"))
    assert await codes(calling, school) == {}, "nothing is folded"
    [waiting] = [each for each in await projector.waiting(desk.analytics, desk.clock()) if each.is_new]
    await projector.bring_forward(desk.analytics, waiting)
    assert (await laid(school))[0] == 0
    assert await codes(calling, school) == {"/": 1, "I": 1}


async def test_a_mark_of_a_day_without_sessions_is_in_the_week_and_in_no_figure(desk: Desk, calling: Calling) -> None:
    school = await desk.open("941003")
    await school.enter((1, "2026-09-11", "PM", "\\"), (1, "2026-09-12", "AM", "O"), (1, "2026-09-13", "PM", "O"))
    await desk.sweep()
    weeks = await school.rows("SELECT week, codes FROM analysis.pupil_week WHERE school_id = $1")
    assert [(week.isoformat(), codes) for week, codes in weeks] == [("2026-09-07", f"{'':18}\\ O {'':4}O ")]
    assert await codes(calling, school) == {"\\": 1}


async def test_weeks_are_laid_together_within_the_day_where_much_was_said(desk: Desk) -> None:
    school = await desk.open("941004", pupils=30)
    await desk.sweep()
    await school.enter((1, "2026-09-07", "AM", "/"))
    await desk.sweep()
    weeks_seq, seq = await laid(school)
    assert weeks_seq < seq, "the day has been looked at, and one mark is not much"
    days = [f"2026-{month:02}-{day:02}" for month in (9, 10, 11) for day in range(1, 29)]
    await school.enter(*[(no, day, session, "/") for no in range(1, 31) for day in days for session in ("AM", "PM")])
    await desk.sweep()
    weeks_seq, seq = await laid(school)
    assert weeks_seq == seq


async def test_weeks_of_a_long_past_are_laid_together_bit_by_bit_and_figures_are_the_same_meanwhile(
    desk: Desk, calling: Calling
) -> None:
    school = await desk.open("941005")
    await school.enter(
        *[(no, day, "AM", "/") for no in (1, 2, 3) for day in ("2026-09-07", "2026-09-14", "2026-11-19")]
    )
    await school.enter((1, "2026-09-07", "AM", "L"), (2, "2026-09-14", "AM", "N"))
    [waiting] = [each for each in await projector.waiting(desk.analytics, desk.clock()) if each.is_new]
    await projector.bring_forward(desk.analytics, waiting)
    seq = (await laid(school))[1]
    unseen = "SELECT alerts_seq FROM analysis.checkpoint WHERE school_id = $1"
    for step in range(1, -(-seq // 5)):
        assert await projector.look(desk.analytics, school.school_id, desk.clock(), most=5)
        assert await laid(school) == (5 * step, seq)
        assert await school.rows(unseen) == [(0,)]
        assert await codes(calling, school) == {"/": 7, "L": 1, "N": 1}
    assert await projector.look(desk.analytics, school.school_id, desk.clock(), most=5)
    assert await laid(school) == (seq, seq)
    assert await school.rows(unseen) == [(seq,)]
    assert await codes(calling, school) == {"/": 7, "L": 1, "N": 1}


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_room_in_a_week(code: str) -> None:
    assert 1 <= len(code) <= 2
    assert CODES.index(code) < 63
