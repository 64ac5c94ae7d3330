"""How far absence has gone: one line open at a time, each from its day, and what is due where it is severe."""

import pytest

from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.following import DAYS, MONDAY, OFFICER, Follow, after, follow, weeks
from tests.analytics_worker.writing import Desk
from tests.support import five_policies
from tests.support.school import POLICY

SEEN = {"action": "looked-into", "done_on": "2026-09-07", "note": "Met the parents", "made_by": OFFICER}
LEVELS = ["at-risk", "referral-line", "persistent-absence", "severe-absence"]
FIRST = DAYS.index(MONDAY)
TWENTIETH = DAYS[FIRST + 19]


async def whole(here: Follow, pupil_no: int, codes: str, until: int = 20) -> None:
    """Enter a pupil's days from the first Monday on, in the afternoon of the day before the last: one letter a day."""
    days = DAYS[FIRST : FIRST + until]
    entries = [
        (pupil_no, day.isoformat(), session, ("/" if session == "AM" else "\\") if code == "/" else code)
        for day, code in zip(days, codes.ljust(until, "/"), strict=True)
        for session in ("AM", "PM")
    ]
    here.clock(days[-1])
    await here.school.enter(*entries)


async def test_persistent_absence_since_the_fortieth_session_and_at_risk_after_it_with_two_episodes(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930101")
    await here.school.policy({**POLICY, "at_risk_below": 95})
    await whole(here, 1, "II", 19)
    assert await here.alerts(LEVELS) == []  # 4 of 38: too few to speak of
    await here.mark(TWENTIETH, (1, "/"))
    found = await here.opened("persistent-absence", TWENTIETH, absent_sessions=4, possible_sessions=40)
    assert found["evidence"]["overall_absence_perc"] == 10.0
    last = after(TWENTIETH, 1)
    await here.mark(last, (1, "/"))
    await here.closed("persistent-absence", last)
    at_risk = await here.opened("at-risk", last, attendance_below_perc=95.0, absent_sessions=4, possible_sessions=42)
    told = [(each["kind"], each["since"], each["until"]) for each in at_risk["evidence"]["episodes"]]
    assert told == [("persistent-absence", str(TWENTIETH), str(TWENTIETH)), ("at-risk", str(last), None)]
    assert len(await here.alerts(LEVELS, status="open")) == 1


async def test_only_the_gravest_line_is_open_and_each_closes_as_the_next_is_reached(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930102")
    await here.school.policy({**POLICY, "at_risk_below": 96, "referral_below": 94, "levels_from_sessions": 10})
    days = weeks(*"///////////////////////////")
    await here.course(days[:18])
    await here.mark(days[18][0], (1, "I /"))  # 1 of 38
    await here.quiet("at-risk")
    await here.mark(days[19][0], (1, "I /"))  # 2 of 40: 95 %
    await here.opened("at-risk", days[19][0])
    await here.mark(days[20][0], (1, "I /"))  # 3 of 42: 92.9 %
    await here.opened("referral-line", days[20][0], attendance_below_perc=94.0)
    await here.closed("at-risk", days[20][0])
    await here.mark(days[21][0], (1, "I"))  # 5 of 44: 11.4 %
    await here.opened("persistent-absence", days[21][0])
    await here.closed("referral-line", days[21][0])
    await here.amend(days[22][0], (1, str(days[21][0]), "AM", "/"), (1, str(days[21][0]), "PM", "\\"))
    await here.closed("persistent-absence", days[22][0])
    await here.opened("referral-line", days[20][0])  # the same alert, open again
    again = await here.alerts("referral-line")
    assert [(held["from"], held["until"]) for held in again[0]["held"]] == [
        (str(days[20][0]), str(days[21][0])),
        (str(days[22][0]), None),
    ]


async def test_attendance_at_a_line_is_not_below_it_and_nothing_is_said_where_no_line_is_drawn_or_before_reception(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930103")
    await here.school.policy({**POLICY, "at_risk_below": 95, "referral_below": 92})
    await here.school.pupil(2, year_group="N2", date_of_birth="2023-02-11")
    await whole(here, 1, "I")  # 2 of 40: exactly 95 %
    await whole(here, 2, "IIIIIIIIIIII")
    assert await here.alerts(LEVELS) == []
    assert await here.alerts(LEVELS, 2) == []
    other = await follow(desk, calling, "930104")
    await whole(other, 1, "I")
    assert await other.alerts(LEVELS) == []  # no line for pupils at risk
    await other.school.policy({**POLICY, "at_risk_below": 96})
    await other.opened("at-risk", TWENTIETH)


async def test_severe_absence_and_that_no_plan_is_known_until_one_is_stated(desk: Desk, calling: Calling) -> None:
    here = await follow(desk, calling, "930105")
    await whole(here, 1, "I" * 10)
    await whole(here, 2, "I" * 10 + "/" * 9 + "/", 20)
    severe = await here.opened("severe-absence", TWENTIETH, absent_sessions=20, possible_sessions=40)
    assert severe["evidence"]["overall_absence_perc"] == 50.0
    alert = await here.opened("severe-without-plan", TWENTIETH, absent_sessions=20)
    await here.opened("severe-without-plan", TWENTIETH, 2)
    following = after(TWENTIETH, 1)
    became = await here.act(alert, "plan-of-support", following)
    assert became["ends"] == "for-good"
    await here.closed("severe-without-plan", following)
    await here.opened("severe-absence", TWENTIETH)  # the plan ends nothing of the level itself
    await here.mark(following, (1, "I"), (2, "/"))
    await here.closed("severe-without-plan", following)  # with a plan nothing more is asked
    await here.closed("severe-without-plan", following, 2)  # 20 of 42: severe no longer
    await here.closed("severe-absence", following, 2)


async def test_a_year_that_is_over_is_ended_by_an_act_or_an_amendment_and_this_year_by_attendance_alone(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930106", "2026-06-01")
    last_year = [day for day in DAYS if day.isoformat() < "2026-08-01"][-20:]
    here.clock(last_year[-1])
    for pupil_no in (1, 2):
        await here.school.enter_days(pupil_no, last_year[:2], "I")
        await here.school.enter_days(pupil_no, last_year[2:])
    alert = await here.opened("persistent-absence", last_year[-1], academic_year="2025-26")
    here.clock("2026-09-10")
    async with calling(scopes=("alerts:write",)) as http:
        refused = await http.post(
            f"/v1/schools/{here.school.urn}/alerts/{alert['id']}/actions",
            json={**SEEN, "action": "dealt-with", "done_on": "2026-07-21"},
        )
    assert refused.json()["code"] == "invalid-act"
    here.clock("2027-02-01")
    await here.opened("persistent-absence", last_year[-1])  # never by time alone
    await here.act(alert, "dealt-with", "2027-02-01", note="Met the parents")
    await here.closed("persistent-absence", "2027-02-01")
    await here.amend("2027-02-02", (2, str(last_year[0]), "AM", "/"))
    await here.closed("persistent-absence", "2027-02-02", 2)


async def test_attendance_with_a_plan_that_falls_by_5_points_and_4_sessions_is_told_on_the_friday_of_the_sixth_week(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930107", facts={"ehcp": True})
    await here.school.pupil(2, facts={"ehcp": False})
    days = [each for each in DAYS if each >= MONDAY][:60]
    friday = days[59]
    here.clock(days[0])
    for day in days[:59]:
        here.clock(day)
        code = "I" if day in (days[56], days[58]) else None
        await here.school.enter_days(1, [day], code)
        await here.school.enter_days(2, [day], code)
    await here.school.enter_days(3, [days[0]])
    await here.never("ehcp-falling")  # the week is not over
    here.clock(friday)
    await here.school.enter_days(1, [friday])
    await here.school.enter_days(2, [friday])
    told = {"counted_sessions": 4, "possible_sessions": 60, "perc_before": 0.0, "at_least_points": 5.0}
    alert = await here.opened("ehcp-falling", friday, **told, at_least_sessions=4, weeks_compared=6)
    assert round(alert["evidence"]["perc"], 1) == 6.7
    async with calling(scopes=("alerts:write",)) as http:
        refused = await http.post(
            f"/v1/schools/{here.school.urn}/alerts/{alert['id']}/actions",
            json={**SEEN, "sessions": [{"date": str(days[56]), "session": "AM"}]},
        )
    assert refused.json()["errors"][0]["pointer"] == "#/sessions/0"  # it rests on sums, and on no one session
    await here.never("ehcp-falling", 2)
    # One absence less: three sessions, whatever the points.
    monday = after(friday, 1)
    await here.amend(monday, (1, str(days[56]), "AM", "/"))
    await here.closed("ehcp-falling", monday)


@pytest.mark.parametrize(
    ("urn", "name", "kind"), [("930110", "S000", "referral-line"), ("930111", "S003", None), ("930112", "S002", None)]
)
async def test_the_referral_line_of_90_is_the_line_of_persistent_absence_and_never_stands_beside_it(
    desk: Desk, calling: Calling, urn: str, name: str, kind: str | None
) -> None:
    """S000 refers below 90 %: at exactly 90 % a pupil is persistently absent already, and told so alone."""
    here = await follow(desk, calling, urn)
    policy = getattr(five_policies, name)
    assert policy.get("referral_below") == (90 if kind else None)
    await here.school.policy(policy)
    await whole(here, 1, "II")
    await here.opened("persistent-absence", TWENTIETH)
    await here.never("referral-line")
    await here.never("at-risk")


async def test_s000_refers_below_its_own_line_where_it_is_raised_above_90(desk: Desk, calling: Calling) -> None:
    here = await follow(desk, calling, "930113")
    await here.school.policy({**five_policies.S000, "referral_below": 96})
    await whole(here, 1, "I")
    await here.opened("referral-line", TWENTIETH, attendance_below_perc=96.0, absent_sessions=2)
