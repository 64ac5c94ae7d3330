"""What a day asks for: unexplained absence, who is told of it, and N that stands too long, each followed over days."""

from typing import Any

import pytest

from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.following import MONDAY, after, follow, sessions, weeks
from tests.analytics_worker.writing import Desk
from tests.support import five_policies
from tests.support.school import POLICY

TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (after(MONDAY, n) for n in range(1, 5))
BOTH = {"social_worker": True, "youth_offending": True}


async def test_a_first_day_alert_appears_at_the_close_of_the_register_and_not_before(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930001")
    here.clock(MONDAY, "09:05")
    await here.school.enter((1, str(MONDAY), "AM", "N"), (2, str(MONDAY), "AM", "N"))
    await here.never("first-day-unexplained")
    here.clock(MONDAY, "09:12")
    await here.school.enter((2, str(MONDAY), "AM", "L"))  # came before the close
    here.clock(MONDAY, "09:14")
    await here.never("first-day-unexplained")
    [(wake_at,)] = await here.school.rows("SELECT wake_at FROM analysis.checkpoint WHERE school_id = $1")
    assert wake_at.isoformat() == "2026-09-07T08:15:00+00:00"
    here.clock(MONDAY, "09:15")  # nothing came: the hour alone
    await here.opened("first-day-unexplained", MONDAY, sessions=["2026-09-07 AM N"])
    await here.never("first-day-unexplained", 2)


CLOSES = [
    ("930021", "S000", "4", "08:55", "13:15"),
    ("930022", "S001", "4", "09:15", "13:40"),
    ("930023", "S002", "4", "09:15", "13:30"),
    ("930024", "S003", "2", "09:30", "13:30"),
    ("930025", "S003", "4", "09:30", "13:45"),
    ("930026", "S004", "R", "09:15", "13:45"),
]


@pytest.mark.parametrize(("urn", "name", "group", "morning", "afternoon"), CLOSES)
async def test_each_policy_says_at_its_own_closes_who_has_not_come_and_who_is_not_back(
    desk: Desk, calling: Calling, urn: str, name: str, group: str, morning: str, afternoon: str
) -> None:
    """S003 closes the afternoon of Key Stage 1 a quarter of an hour before that of Key Stage 2."""
    here = await follow(desk, calling, urn, year_group=group)
    await here.school.policy(getattr(five_policies, name))
    here.clock(MONDAY, "08:50" if morning == "08:55" else "09:05")
    await here.school.enter((1, str(MONDAY), "AM", "N"), (2, str(MONDAY), "AM", "/"))
    here.clock(MONDAY, _before(morning))
    await here.never("first-day-unexplained")
    here.clock(MONDAY, morning)
    await here.opened("first-day-unexplained", MONDAY)
    here.clock(MONDAY, "13:10" if name == "S000" else "13:25")
    await here.school.enter((2, str(MONDAY), "PM", "N"))
    here.clock(MONDAY, _before(afternoon))
    await here.never("not-back-after-lunch", 2)
    here.clock(MONDAY, afternoon)
    await here.opened("not-back-after-lunch", MONDAY, 2)


def _before(at: str) -> str:
    """The minute before."""
    hour, minute = map(int, at.split(":"))
    return f"{hour:02}:{minute - 1:02}"


async def test_first_day_unexplained_asks_for_one_call_more_each_day_and_ends_when_the_pupil_attends(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930002")
    await here.mark(MONDAY, (1, "N"), (2, "N"), (3, "/ N"))
    first = await here.opened("first-day-unexplained", MONDAY, calls_due=["2026-09-07"])
    await here.never("first-day-unexplained", 3)  # an afternoon after an attended morning
    await here.mark(TUESDAY, (1, "N"))
    await here.mark(WEDNESDAY, (1, "N"))
    marks = sessions([(day, "N") for day in (MONDAY, TUESDAY, WEDNESDAY)])
    calls = ["2026-09-07", "2026-09-08", "2026-09-09"]
    still = await here.opened("first-day-unexplained", MONDAY, sessions=marks, calls_due=calls)
    assert still["id"] == first["id"]
    await here.opened("first-day-unexplained", MONDAY, 2, calls_due=["2026-09-07"])  # no entry: neither ends nor adds
    await here.mark(THURSDAY, (1, "/"))
    assert (await here.closed("first-day-unexplained", THURSDAY))["id"] == first["id"]  # though each N stands
    await here.mark(FRIDAY, (1, "N"))
    again = await here.alerts("first-day-unexplained", status="open")
    assert [(each["opened_on"], each["period"]) for each in again] == [("2026-09-11", "2026-09-11")]


async def test_a_reason_ends_first_day_unexplained_by_an_amendment_or_by_what_somebody_noted(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930003")
    await here.mark(MONDAY, (1, "N"), (2, "N"), (3, "N"))
    await here.amend(MONDAY, *((3, str(MONDAY), session, "O") for session in ("AM", "PM")), at="16:00")
    await here.opened("first-day-unexplained", MONDAY, 3)  # O in place of an unanswered N explains nothing
    asked = await here.opened("first-day-unexplained", MONDAY, 2)
    await here.amend(TUESDAY, *((1, str(MONDAY), session, "I") for session in ("AM", "PM")), at="10:00")
    await here.closed("first-day-unexplained", TUESDAY)
    became = await here.act(asked, "reason-given", TUESDAY, note="A cold, says the mother")
    assert became["ends"] == "as-far-as-it-goes"
    await here.closed("first-day-unexplained", TUESDAY, 2)
    await here.mark(WEDNESDAY, (2, "N"))  # of this day nobody has said anything
    found = await here.alerts("first-day-unexplained", 2, status="open")
    assert [(each["opened_on"], each["evidence"]["calls_due"]) for each in found] == [("2026-09-09", ["2026-09-09"])]


async def test_a_school_that_telephones_nobody_has_no_first_day_alert(desk: Desk, calling: Calling) -> None:
    here = await follow(desk, calling, "930004")
    await here.school.policy({**POLICY, "staged_approach": {"call_on_day": None, "visit_on_day": None}})
    await here.course(weeks("N", "N", "N"))
    await here.never("first-day-unexplained")
    await here.never("unexplained-day-3")


async def test_not_back_after_lunch_is_that_afternoon_and_the_next_day_is_a_first_day(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930005")
    await here.mark(MONDAY, (1, "/ N"), (2, "M N"), (3, "U N"))
    lunch = await here.opened("not-back-after-lunch", MONDAY, sessions=["2026-09-07 AM /", "2026-09-07 PM N"])
    await here.never("first-day-unexplained")
    await here.never("not-back-after-lunch", 2)  # the morning was not attended
    await here.opened("not-back-after-lunch", MONDAY, 3)
    await here.mark(TUESDAY, (1, "N"), (3, "/"))
    assert (await here.opened("not-back-after-lunch", MONDAY))["id"] == lunch["id"]
    await here.opened("first-day-unexplained", TUESDAY, calls_due=["2026-09-08"])
    await here.closed("not-back-after-lunch", TUESDAY, 3)
    await here.amend(WEDNESDAY, (1, str(MONDAY), "PM", "M"))
    await here.closed("not-back-after-lunch", WEDNESDAY)
    await here.opened("first-day-unexplained", TUESDAY, calls_due=["2026-09-08"])


async def test_unexplained_day_3_counts_an_o_that_only_replaced_an_n_and_no_weekend(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930006")
    await here.mark(THURSDAY, (1, "N"), (2, "N"), (3, "N"))
    await here.mark(FRIDAY, (1, "N"), (2, "O"), (3, "N"))
    await here.amend(FRIDAY, *((1, str(THURSDAY), session, "O") for session in ("AM", "PM")))
    await here.never("unexplained-day-3")
    monday = after(FRIDAY, 1)
    await here.mark(monday, (1, "N"), (2, "N"), (3, "/"))
    marks = [*sessions([(THURSDAY, "O")]), *sessions([(FRIDAY, "N"), (monday, "N")])]
    visit = await here.opened("unexplained-day-3", monday, sessions=marks, visit_on_day=3)
    assert visit["period"] == str(THURSDAY)
    await here.never("unexplained-day-3", 2)  # O that was entered as the reason ended the spell
    await here.never("unexplained-day-3", 3)
    await here.mark(after(monday, 1), (1, "N"))
    assert (await here.opened("unexplained-day-3", monday))["id"] == visit["id"]
    await here.mark(after(monday, 2), (1, "L /"))
    await here.closed("unexplained-day-3", after(monday, 2))


async def test_an_n_of_monday_is_overdue_on_the_tuesday_after_the_next_monday_and_a_day_later_with_a_day_of_y4(
    desk: Desk, calling: Calling
) -> None:
    here, other = await follow(desk, calling, "930007"), await follow(desk, calling, "930008")
    for each in (here, other):
        await each.mark(MONDAY, (1, "/ N"))
    await other.school.close("c-1", "Y4", ("2026-09-10", "AM"), ("2026-09-10", "PM"))
    here.clock("2026-09-14", "23:59")
    await here.never("n-overdue")
    here.clock("2026-09-15", "00:01")
    late = await here.opened("n-overdue", "2026-09-15", sessions=["2026-09-07 PM N"])
    [session] = late["evidence"]["sessions"]
    told = {"date": "2026-09-07", "session": "PM", "due": "2026-09-14", "overdue_since": "2026-09-15", "must_be": "O"}
    assert session == told
    await other.never("n-overdue")
    other.clock("2026-09-18")  # the worker was away for two days
    await other.opened("n-overdue", "2026-09-16")
    await here.amend("2026-09-18", (1, str(MONDAY), "PM", "O"))
    await here.closed("n-overdue", "2026-09-18")


async def test_each_worker_of_a_pupil_is_told_of_an_unexplained_spell_once_however_long(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930009", facts=BOTH)
    await here.school.pupil(2, facts={"youth_offending": True})
    await here.school.pupil(3, facts={})
    await here.mark(MONDAY, (1, "N"), (2, "I"), (3, "N"))
    opened = [
        await here.opened(kind, MONDAY, because="unexplained-absence", sessions=sessions([(MONDAY, "N")]))
        for kind in ("social-worker-notify", "youth-offending-notify")
    ]
    for kind in ("social-worker-notify", "youth-offending-notify"):
        await here.never(kind, 2)  # its reason is known
        await here.never(kind, 3)
    await here.mark(TUESDAY, (1, "N"), (2, "N"))
    await here.never("social-worker-notify", 2)
    await here.opened("youth-offending-notify", TUESDAY, 2)
    assert (await here.opened("social-worker-notify", MONDAY))["id"] == opened[0]["id"]
    became = await here.act(opened[0], "worker-told", TUESDAY)
    assert became["ends"] == "for-good"
    await here.closed("social-worker-notify", TUESDAY)
    await here.mark(WEDNESDAY, (1, "N"), (2, "/"))
    await here.closed("social-worker-notify", TUESDAY)  # the same spell: told once
    await here.opened("youth-offending-notify", MONDAY)
    await here.closed("youth-offending-notify", WEDNESDAY, 2)


async def test_the_workers_are_told_of_a_deletion_on_the_last_day_on_roll_until_it_is_undone(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930010", facts=BOTH)
    here.clock("2026-09-10")
    leaves = {"date": "2026-09-18", "ground": "f", "destination": "At home", "tests": {}}
    await leaving(here.school, leaves)
    await here.never("social-worker-notify")
    here.clock("2026-09-21")  # nobody looked at the weekend
    for kind in ("social-worker-notify", "youth-offending-notify"):
        told = await here.opened(kind, "2026-09-18", because="deletion", left_on="2026-09-18")
        assert told["period"] == "deletion 2026-09-18"
    here.clock("2026-09-22")
    await leaving(here.school, None)
    await here.closed("social-worker-notify", "2026-09-22")
    await here.closed("youth-offending-notify", "2026-09-22")


async def leaving(school: Any, left: dict[str, Any] | None) -> None:
    """State the last enrolment of p-1 anew, with its leaving."""
    until = "" if left is None else "2026-09-19"
    body = {"enrolments": [{"starting_day": "2025-09-03", "leaving": left}]}
    await school.pupil(1, facts=BOTH, on_roll=f"{{[2025-09-03,{until})}}", body=body)
