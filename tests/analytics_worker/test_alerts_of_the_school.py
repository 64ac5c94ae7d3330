"""Alerts about a school as a whole: registers that were not taken, and what a school week shows when it is over."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.following import DAYS, MONDAY, Follow, after, follow
from tests.analytics_worker.writing import Desk
from tests.support.school import POLICY

FIRST = DAYS.index(MONDAY)


async def of_school(here: Follow, kind: str, **params: Any) -> list[dict[str, Any]]:
    """Read the alerts of a kind of the school, whomever they are about, after the worker has looked."""
    await here.look()
    async with here.calling() as http:
        answer = await http.get(f"/v1/schools/{here.school.urn}/alerts", params={"kind": kind, **params})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def term(here: Follow, pupils: int, days: list[date], code: Callable[[int, int], str]) -> None:
    """Enter whole days of pupils 1, 2..., each on its own day, by a code for the pupil's number and the day's."""
    for n, on in enumerate(days):
        await here.mark(on, *[(no, code(no, n)) for no in range(1, pupils + 1)])


@contextmanager
def statements(engine: AsyncEngine) -> Iterator[list[str]]:
    """Give the statements that a pool's connections run meanwhile, as they come."""
    said: list[str] = []

    def heard(query: Any) -> None:
        said.append(query.query)

    def listen(_: Any, record: Any, __: Any) -> None:
        record.driver_connection.add_query_logger(heard)

    def hush(_: Any, record: Any) -> None:
        record.driver_connection.remove_query_logger(heard)

    event.listen(engine.sync_engine, "checkout", listen)
    event.listen(engine.sync_engine, "checkin", hush)
    try:
        yield said
    finally:
        event.remove(engine.sync_engine, "checkout", listen)
        event.remove(engine.sync_engine, "checkin", hush)


async def test_a_register_is_missing_from_its_close_and_the_grace_on_until_somebody_required_is_entered(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "931101", pupils=2)
    here.clock(MONDAY, "18:00")
    assert await of_school(here, "register-not-taken") == []  # nobody has begun to take it here
    await here.mark(MONDAY, (1, "/"), (2, "/"))
    assert await of_school(here, "register-not-taken") == []
    tuesday = after(MONDAY, 1)
    here.clock(tuesday, "09:44")
    assert await of_school(here, "register-not-taken") == []
    here.clock(tuesday, "09:45")
    [missing] = await of_school(here, "register-not-taken")
    assert (missing["status"], missing["opened_on"], missing["pupil"]) == ("open", str(tuesday), None)
    assert missing["evidence"]["register"] == "4B" and missing["evidence"]["session"] == "AM"
    here.clock(tuesday, "10:05")
    await here.school.enter((1, str(tuesday), "AM", "/"))
    [taken] = await of_school(here, "register-not-taken")
    assert (taken["id"], taken["status"], taken["closed_on"]) == (missing["id"], "closed", str(tuesday))
    here.clock(after(MONDAY, 4), "08:00")  # nobody looked for three days, and nobody took the register
    found = await of_school(here, "register-not-taken", status="open")
    assert [(each["opened_on"], each["evidence"]["session"]) for each in found] == [
        (str(tuesday), "PM"),
        *[(str(after(MONDAY, n)), session) for n in (2, 3) for session in ("AM", "PM")],
    ]
    await here.school.enter((2, str(tuesday), "PM", "I"))
    closed = await of_school(here, "register-not-taken", status="closed")
    [late] = [each for each in closed if each["evidence"]["session"] == "PM"]
    assert late["closed_on"] == str(after(MONDAY, 4))


async def test_nobody_waits_for_a_register_in_which_nobody_is_required(desk: Desk, calling: Calling) -> None:
    here = await follow(desk, calling, "931102", pupils=2)
    await here.mark(MONDAY, (1, "/"), (2, "/"))
    await here.look()
    tuesday, wednesday = after(MONDAY, 1), after(MONDAY, 2)
    here.clock(tuesday, "08:00")
    await here.school.close("snow", "Y4", (str(tuesday), "AM"), (str(tuesday), "PM"))
    for no in (1, 2):
        await here.school.pupil(no, effective_from=str(wednesday), boarder=True)
    here.clock(after(MONDAY, 3), "08:00")
    assert await of_school(here, "register-not-taken") == []


@pytest.mark.parametrize(("urn", "taken_on", "missing"), [("931109", None, 0), ("931110", 3, 2 * 99)])
async def test_a_hundred_days_on_which_nobody_took_the_register_are_looked_at_in_fewer_statements_than_days(
    desk: Desk, calling: Calling, urn: str, taken_on: int | None, missing: int
) -> None:
    here = await follow(desk, calling, urn, "2025-09-01")
    if taken_on is not None:
        await here.mark(DAYS[taken_on], (1, "/"))
    await here.look()
    here.clock(DAYS[(taken_on or 0) + 100], "08:00")
    with statements(desk.analytics) as said:
        await here.look()
    assert len(said) < 100
    found = await of_school(here, "register-not-taken", limit=500)
    assert len(found) == missing
    assert {each["evidence"]["date"] for each in found} <= {str(day) for day in DAYS[4:103]}


async def missing_on(here: Follow, on: date) -> list[tuple[str, str]]:
    """Give the registers of a day that are not taken, by the day's list and, alike, by the alerts that were raised."""
    raised = [each["evidence"] for each in await of_school(here, "register-not-taken", status="open", limit=500)]
    async with here.calling() as http:
        answer = await http.get(f"/v1/schools/{here.school.urn}/days/{on}")
    assert answer.status_code == 200, answer.text
    listed = [(each["class"], each["session"]) for each in answer.json()["registers_not_taken"]]
    assert sorted((each["register"], each["session"]) for each in raised if each["date"] == str(on)) == sorted(listed)
    return listed


async def test_the_days_list_and_the_alerts_say_the_same_before_the_first_mark_of_a_year_and_after_it(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "931111", pupils=1)
    await here.school.pupil(2, **{"class": "5A"}, year_group="5")
    tuesday, wednesday = after(MONDAY, 1), after(MONDAY, 2)
    here.clock(MONDAY, "18:00")
    assert await missing_on(here, MONDAY) == []
    await here.school.enter_days(1, DAYS[FIRST - 1 : FIRST], source="history")
    assert await missing_on(here, MONDAY) == []  # an import takes no register here
    here.clock(tuesday, "09:00")
    await here.school.enter((1, str(tuesday), "AM", "/"), (1, str(MONDAY), "PM", "/"))
    assert await missing_on(here, tuesday) == []
    here.clock(tuesday, "18:00")
    assert await missing_on(here, tuesday) == [("5A", "AM"), ("4B", "PM"), ("5A", "PM")]
    assert await missing_on(here, MONDAY) == []  # when that day was over nobody took it yet
    here.clock(wednesday, "08:00")
    assert await missing_on(here, tuesday) == [("5A", "AM"), ("4B", "PM"), ("5A", "PM")]
    await here.school.enter((2, str(tuesday), "AM", "/"))
    assert await missing_on(here, tuesday) == [("4B", "PM"), ("5A", "PM")]


async def test_a_register_of_last_year_is_taken_late_before_the_first_mark_of_this(
    desk: Desk, calling: Calling
) -> None:
    monday, july, september = DAYS[FIRST - 3 : FIRST]
    assert (monday.month, july.month, september.month) == (7, 7, 9)
    here = await follow(desk, calling, "931112", str(monday), pupils=1)
    await here.mark(monday, (1, "/"))
    here.clock(july, "18:00")
    assert await missing_on(here, july) == [("4B", "AM"), ("4B", "PM")]
    here.clock(september, "08:00")
    await here.school.enter((1, str(july), "AM", "/"))
    assert await missing_on(here, july) == [("4B", "PM")]


async def test_below_its_target_since_the_twentieth_school_day_at_the_end_of_a_week(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "931103", pupils=4)
    await here.school.policy({**POLICY, "class_targets": {"4B": 50}})
    days = DAYS[FIRST - 1 : FIRST + 25]
    await term(here, 4, days[:20], lambda no, n: "I" if no == 1 and n < 4 else "/")
    here.clock(days[20], "08:00")
    found = await of_school(here, "below-target")
    assert {(each["evidence"]["of"], each["opened_on"]) for each in found} == set()  # the week is not over
    await term(here, 4, days[20:24], lambda *_: "/")
    here.clock(days[24], "08:00")
    await here.look()
    found = await of_school(here, "below-target", status="open")
    told = {each["evidence"]["of"]: each for each in found}
    assert set(told) == {"school", "year group 4"}  # of the class the target is 50 %
    assert told["school"]["evidence"].items() >= {"target_perc": 96.0, "overall_attendance": 160}.items()
    assert told["school"]["opened_on"] == str(max(day for day in days[:24] if day.weekday() == 4))


async def test_unauthorised_absence_that_rises_over_six_weeks_and_falls_again(desk: Desk, calling: Calling) -> None:
    here = await follow(desk, calling, "931104", pupils=4)
    days = DAYS[FIRST - 1 : FIRST + 61]
    await term(here, 4, days[:58], lambda no, n: "O" if no == 1 and n >= 31 and n % 3 else "/")
    await here.look()
    [rising] = await of_school(here, "school-unauthorised-rising")
    evidence = rising["evidence"]
    print(evidence)
    assert rising["status"] == "open" and date.fromisoformat(rising["opened_on"]).weekday() == 4
    assert evidence["counted_sessions"] - evidence["counted_sessions_before"] >= 20
    assert evidence["perc"] - evidence["perc_before"] >= 1


async def test_a_cohort_of_ten_that_attends_five_points_less_and_of_nine_not(desk: Desk, calling: Calling) -> None:
    here = await follow(desk, calling, "931105", pupils=20)
    for no in range(1, 21):
        facts = {"fsm": no <= 10, "ehcp": no <= 9}
        await here.school.pupil(no, facts=facts, effective_from="2026-09-02")
    days = DAYS[FIRST - 1 : FIRST + 20]
    await term(here, 20, days, lambda no, n: "I" if no <= 10 and n % 10 == 0 else "/")
    here.clock(after(days[-1], 3), "08:00")
    [gap] = await of_school(here, "cohort-gap")
    evidence = gap["evidence"]
    assert (evidence["cohort"], evidence["pupils"], evidence["other_pupils"]) == ("fsm", 10, 10)
    assert (gap["status"], gap["pupil"]) == ("open", None)


async def test_a_pupil_away_on_fridays_has_a_pattern_which_ends_with_a_week_that_shows_it_no_more(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "931106", pupils=12)
    days = DAYS[FIRST - 1 : FIRST + 55]
    fridays = [day for day in days if day.weekday() == 4][:6]
    await term(
        here, 12, days[: days.index(fridays[-1]) + 1], lambda no, n: "O" if no == 3 and days[n] in fridays else "/"
    )
    here.clock(after(fridays[-1], 1), "08:00")
    [pattern] = await of_school(here, "pattern")
    assert (pattern["pupil"], pattern["opened_on"]) == ("p-3", str(fridays[3]))  # the fourth, when that week was over
    assert pattern["evidence"]["pattern"] == "weekday friday"
    assert pattern["evidence"]["starts"] == [str(day) for day in fridays]
    await term(here, 12, days[days.index(fridays[-1]) + 1 : days.index(fridays[-1]) + 18], lambda *_: "/")
    await here.look()
    [over] = await of_school(here, "pattern")
    assert (over["id"], over["status"]) == (pattern["id"], "closed")
    assert date.fromisoformat(over["closed_on"]).weekday() == 4


async def test_a_burst_of_amendments_long_after_is_for_the_auditor_and_ends_when_somebody_looked_into_it(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "931107", pupils=5)
    days = DAYS[FIRST : FIRST + 2]
    await term(here, 5, days, lambda *_: "O")
    friday = next(day for day in DAYS if day > date(2026, 10, 12) and day.weekday() == 4)
    here.clock(friday, "10:00")
    await here.school.enter(*[(no, str(day), at, "I") for no in range(1, 6) for day in days for at in ("AM", "PM")])
    assert await of_school(here, "amendment-pattern") == []
    here.clock(after(friday, 1), "08:00")
    [burst] = await of_school(here, "amendment-pattern")
    assert (burst["pupil"], burst["opened_on"], len(burst["evidence"]["amendments"])) == (None, str(friday), 20)
    assert burst["evidence"]["by"] == "A. Teacher, Class teacher"
    assert burst["evidence"]["amendments"][0].items() >= {"pupil": "p-1", "original_entry": "O"}.items()
    await here.act(burst, "looked-into", after(friday, 1), note="A file that came late")
    here.clock(after(friday, 8), "08:00")
    [known] = await of_school(here, "amendment-pattern")
    assert (known["id"], known["status"]) == (burst["id"], "closed")


async def test_nineteen_amendments_are_no_burst(desk: Desk, calling: Calling) -> None:
    here = await follow(desk, calling, "931108", pupils=5)
    days = DAYS[FIRST : FIRST + 2]
    await term(here, 5, days, lambda *_: "O")
    friday = next(day for day in DAYS if day > date(2026, 10, 12) and day.weekday() == 4)
    here.clock(friday, "10:00")
    marks = [(no, str(day), at, "I") for no in range(1, 6) for day in days for at in ("AM", "PM")]
    await here.school.enter(*marks[:19])
    here.clock(after(friday, 1), "08:00")
    assert await of_school(here, "amendment-pattern") == []
