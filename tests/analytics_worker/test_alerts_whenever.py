"""Whoever looks at alerts, and whenever, each is the same: day by day, late, or everything anew."""

import json
import random
from datetime import date
from typing import Any

import pytest

from codes.calendar import school_days
from codes.school import calendar_of
from kit import database as kit_database
from tests.analytics_worker.writing import Desk, School
from tests.support.school import CALENDAR, POLICY

AUTUMN = school_days(calendar_of("2026-27", json.dumps(CALENDAR)))


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_alerts_looked_at_day_by_day_or_late_are_those_of_one_look_at_everything(desk: Desk, seed: int) -> None:
    """Whoever looks, and whenever: each day is judged as it stood when it was over, in the order of recording."""
    chance = random.Random(seed)
    desk.clock.set("2026-09-02T08:00:00+01:00")
    school = await desk.open(f"92010{seed}", pupils=6)
    await school.policy({**POLICY, "levels_from_sessions": 6, "at_risk_below": 96})
    days = AUTUMN[:26]
    for day in days:
        for session, hour in (("AM", 9), ("PM", 13)):
            desk.clock.set(f"{day}T{hour:02}:10:00+01:00")
            codes = ["/"] * chance.choice((4, 20)) + ["I", "O", "G", "U", "X", "N", "L", "E", "C"]
            await school.enter(*[(no, day.isoformat(), session, chance.choice(codes)) for no in range(1, 7)])
            if chance.random() < 0.5:
                no, amended = chance.randrange(1, 7), chance.choice(days[: days.index(day) + 1]).isoformat()
                if (no, date.fromisoformat(amended), "AM") in school.standing:
                    await school.enter((no, amended, "AM", chance.choice(codes)))
            if chance.random() < 0.1:
                spans = ("{[2026-09-10,)}", "{[2025-09-03,)}", "{[2025-09-03,2026-10-01)}")
                await school.pupil(chance.randrange(1, 7), on_roll=chance.choice(spans))
            if chance.random() < 0.4:
                await desk.sweep()
    desk.clock.set("2026-10-20T12:00:00+01:00")
    await desk.sweep()
    live = await standing(school)
    assert len(live) > 20
    async with kit_database.writing(desk.analytics, school.school_id) as connection:
        await connection.execute("DELETE FROM analysis.alert")
        await connection.execute("DELETE FROM analysis.awaited")
        await connection.execute("UPDATE analysis.checkpoint SET alerts_seq = 0, alerts_on = NULL")
    await desk.sweep()
    assert await standing(school) == live


async def standing(school: School) -> list[tuple[Any, ...]]:
    """Every alert that was open when a day was over, or is."""
    return await school.rows(
        "SELECT pupil_no, kind, period, id, opened_on, closed_on, held, evidence FROM analysis.alert "
        "WHERE school_id = $1 AND opened_on IS DISTINCT FROM closed_on ORDER BY pupil_no, kind, period"
    )
