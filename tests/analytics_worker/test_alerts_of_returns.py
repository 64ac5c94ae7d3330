"""Runs of absence, sickness, and the returns to the authority: each opens on its day and ends by what the law asks."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.following import DAYS, Follow, after, follow, sessions, weeks
from tests.analytics_worker.writing import Desk, School
from tests.support import five_policies


async def test_s003_a_new_pupil_return_within_5_days(desk: Desk, calling: Calling) -> None:
    here = await follow(desk, calling, "930245")
    assert five_policies.S003["stated"]["new_pupil_return_days"] == 5
    await here.school.policy(five_policies.S003)
    await enters(here, "2026-10-05", "2026-10-05")
    await here.opened("new-pupil-return", "2026-10-05", 2, due="2026-10-10")


async def enters(here: Follow, entered: str, starts: str, group: str = "4", no: int = 2, **other: Any) -> None:
    """Enter a pupil's name on a day, for a starting day."""
    here.clock(entered)
    body = {"name_entered_on": entered, "enrolments": [{"starting_day": starts, "leaving": None}]}
    facts = {"effective_from": starts, "year_group": group, "class": f"{group}A", "on_roll": f"{{[{starts},)}}"}
    await here.school.pupil(no, body=body, **facts, **other)


async def leaves(school: School, no: int = 1, group: str = "4", **left: Any) -> None:
    """State the leaving of a pupil who has been there since last year."""
    leaving = {"ground": "a", "destination": "Another school", "tests": {}, **left} if left else None
    until = str(date.fromisoformat(left["date"]) + timedelta(days=1)) if left else ""
    body = {"enrolments": [{"starting_day": "2025-09-03", "leaving": leaving}]}
    await school.pupil(no, body=body, on_roll=f"{{[2025-09-03,{until})}}", year_group=group)


async def test_unauthorised_10_days_on_the_tenth_day_in_a_row_until_the_return_is_made(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930251")
    days = weeks("O", "O", "G", "N", "O", "U", "O", "O", "O", "O")
    await here.course(days[:9])
    await here.course(weeks("O", "O", "O", "O", "I O", "O", "O", "O", "O", "O"), 2)
    await here.never("unauthorised-10-days")
    await here.never("unauthorised-10-days", 2)  # an authorised session on the fifth day
    await here.course(days[9:])
    told = {"from": "2026-09-07", "to": "2026-09-18", "school_days": 10, "sessions": sessions(days)}
    run = await here.opened("unauthorised-10-days", "2026-09-18", **told)
    assert run["evidence"]["codes"] == {"O": 14, "G": 2, "N": 2, "U": 2}
    await here.mark("2026-09-21", (1, "/"))
    await here.opened("unauthorised-10-days", "2026-09-18")  # not by the pupil's coming back
    await here.course(weeks("O", "O", "O", "O", "O", first=date(2026, 9, 21)), 2)
    await here.opened("unauthorised-10-days", "2026-09-25", 2)  # ten days after the day that broke it
    await here.act(run, "return-made", "2026-09-22")
    await here.closed("unauthorised-10-days", "2026-09-22")
    await here.amend("2026-09-28", (2, "2026-09-16", "AM", "I"))
    await here.closed("unauthorised-10-days", "2026-09-28", 2)


async def test_absent_20_days_asks_for_joint_enquiries_until_any_other_code_stands_and_u_breaks_it(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930252")
    days = [*weeks(*["G", "N", "O", "O"] * 5)]
    with_u = [(day, "U O" if n == 10 else "O") for n, (day, _) in enumerate(days)]
    await here.course(days[:19])
    await here.never("absent-20-days")
    await here.course(days[19:])
    run = await here.opened("absent-20-days", "2026-10-02", school_days=20)
    assert run["evidence"]["tests"] and run["evidence"]["rule"].startswith("Joint enquiries with the authority are due")
    assert "deleted" not in str(run["evidence"])
    here.clock("2026-10-02", "15:35")
    await here.school.enter(*(mark for day, codes in with_u for mark in _both(2, day, codes)))
    await here.never("absent-20-days", 2)
    assert len(await here.alerts("unauthorised-10-days", 2)) == 1
    await here.mark("2026-10-05", (1, "I"))
    await here.closed("absent-20-days", "2026-10-05")


def _both(no: int, day: date, codes: str) -> Sequence[tuple[int, str, str, str]]:
    morning, _, afternoon = codes.partition(" ")
    return [(no, str(day), "AM", morning), (no, str(day), "PM", afternoon or morning)]


async def test_not_returned_from_leave_on_the_tenth_school_day_after_it_ended_by_time_alone(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930253")
    await here.course([*weeks("C", "C", "C", "O")])
    await here.course([*weeks("C", "C", "C", "I")], 2)
    here.clock("2026-09-22")
    await here.never("not-returned-from-leave")
    here.clock("2026-09-25")  # the worker was away for two days, and nothing was entered
    told = {"leave_ended": "2026-09-09", "leave_code": "C", "sessions": ["2026-09-10 AM O", "2026-09-10 PM O"]}
    found = await here.opened("not-returned-from-leave", "2026-09-23", **told)
    assert found["evidence"]["tests"]
    await here.never("not-returned-from-leave", 2)  # the last entry has a known reason
    await here.mark("2026-09-28", (1, "U /"))
    await here.closed("not-returned-from-leave", "2026-09-28")


async def test_not_returned_from_leave_counts_from_the_end_of_what_was_granted(desk: Desk, calling: Calling) -> None:
    here = await follow(desk, calling, "930254")
    await here.school.plan(1, "a-1", "leave-of-absence", "C", ("2026-09-07", "AM"), ("2026-09-11", "PM"))
    await here.course(weeks("C", "C", "C", "O"))
    here.clock("2026-09-24")
    await here.never("not-returned-from-leave")
    here.clock("2026-09-25")
    await here.opened("not-returned-from-leave", "2026-09-25", leave_ended="2026-09-11")


async def test_a_sickness_return_is_considered_at_thirty_sessions_and_never_twice_in_one_spell(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930255")
    days = [day for day, _ in weeks(*["I"] * 31)]
    here.clock(days[13])
    await here.school.enter_days(1, days[:14], "I")
    await here.school.enter_days(2, days[:14], "M")
    await here.never("sickness-return")
    await here.mark(days[14], (1, "I"), (2, "M"))
    alert = await here.opened("sickness-return", "2026-09-25", school_days=15.0, forecast=None)
    assert (alert["period"], len(alert["evidence"]["sessions"])) == ("2026-09-07", 30)
    await here.never("sickness-return", 2)  # M does not count
    became = await here.act(alert, "not-due", "2026-09-28", note="The return of last week covers it")
    assert became["ends"] == "for-good"
    await here.closed("sickness-return", "2026-09-28")
    here.clock(days[30])
    await here.school.enter_days(1, days[15:31], "I")
    await here.closed("sickness-return", "2026-09-28")  # ill for three weeks more
    back = after(days[30], 1)
    await here.mark(back, (1, "/"))
    rest = [day for day in DAYS if day > back][:15]
    here.clock(rest[-1])
    await here.school.enter_days(1, rest, "I")
    [another] = await here.alerts("sickness-return", status="open")
    assert (another["opened_on"], another["period"]) == (str(rest[-1]), str(rest[0]))


async def test_a_new_pupil_return_is_due_by_the_fifth_day_and_overdue_from_the_sixth_until_it_is_made(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930256", pupils=1)
    await enters(here, "2026-10-05", "2026-10-12")
    due = await here.opened("new-pupil-return", "2026-10-05", 2, due="2026-10-10", overdue_since=None)
    here.clock("2026-10-13")
    late = await here.opened("new-pupil-return", "2026-10-05", 2, due="2026-10-10", overdue_since="2026-10-11")
    assert late["id"] == due["id"]
    await here.act(late, "return-made", "2026-10-13")
    await here.closed("new-pupil-return", "2026-10-13", 2)


async def test_no_new_pupil_return_for_the_most_junior_class_on_the_first_day_or_for_who_was_there_before(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930257", "2026-08-20", pupils=1)
    await enters(here, "2026-08-24", "2026-09-03", "R", 2, date_of_birth="2022-02-11")
    await enters(here, "2026-08-24", "2026-09-03", "4", 3)
    await enters(here, "2026-08-24", "2026-09-10", "R", 4, date_of_birth="2022-02-11")
    body = {"name_entered_on": "2025-06-01", "enrolments": [{"starting_day": "2025-09-03", "leaving": None}]}
    await here.school.pupil(1, body=body)
    here.clock("2026-10-01")
    await here.never("new-pupil-return")  # when this register began the return had long been made
    await here.never("new-pupil-return", 2)
    await here.opened("new-pupil-return", "2026-08-24", 3)
    await here.opened("new-pupil-return", "2026-08-24", 4)  # junior, but a week later


async def test_a_deletion_return_is_due_by_the_leaving_overdue_after_it_and_closed_when_it_is_made(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930258")
    await here.school.pupil(3, year_group="6")
    here.clock("2026-11-16")
    await leaves(here.school, date="2026-11-20")
    told = {"due": "2026-11-20", "leaving": "2026-11-20", "ground": "a", "missing_education": None}
    await here.opened("deletion-return", "2026-11-16", **told, overdue_since=None)
    here.clock("2026-11-24")
    await leaves(here.school, 2, date="2026-11-20", ground="i", destination=None)  # stated late: overdue at once
    due = await here.opened("deletion-return", "2026-11-16", **told, overdue_since="2026-11-21")
    lost = await here.opened("deletion-return", "2026-11-24", 2, overdue_since="2026-11-24")
    assert "missing education" in lost["evidence"]["missing_education"]
    await here.act(due, "return-made", "2026-11-24")
    await here.closed("deletion-return", "2026-11-24")
    here.clock("2026-11-25")
    await leaves(here.school, 2)
    await here.closed("deletion-return", "2026-11-25", 2)  # the deletion was undone


async def test_no_deletion_return_for_who_leaves_at_the_end_of_the_final_year(desk: Desk, calling: Calling) -> None:
    here = await follow(desk, calling, "930259")
    here.clock("2027-07-12")
    await leaves(here.school, 1, "6", date="2027-07-21")
    await leaves(here.school, 2, "6", date="2027-07-20")
    here.clock("2027-07-23")
    await here.never("deletion-return")
    await here.opened("deletion-return", "2027-07-12", 2)


async def test_a_class_that_is_most_junior_on_the_starting_day_stays_so_when_the_year_is_over(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930260", "2026-08-20", pupils=1)
    await enters(here, "2026-08-24", "2026-09-03", "R", 2, date_of_birth="2022-02-11")
    here.clock("2027-07-12")
    await here.school.pupil(1, year_group="6", effective_from="2026-09-03")
    await leaves(here.school, 1, "6", date="2027-07-21")
    here.clock("2027-09-08")
    told = {"date_of_birth": "2022-02-11", "on_roll": "{[2026-09-03,)}", "effective_from": "2027-09-01"}
    body = {"name_entered_on": "2026-08-24", "enrolments": [{"starting_day": "2026-09-03", "leaving": None}]}
    await here.school.pupil(2, year_group="1", **told, body=body)
    await here.school.pupil(3, year_group="N2", effective_from="2027-09-01")  # a nursery is opened
    await here.school.pupil(4, year_group="7", effective_from="2027-09-01")  # and a seventh year
    here.clock("2027-09-10")
    await here.never("new-pupil-return", 2)
    await here.never("deletion-return", 1)


async def test_a_sickness_return_is_considered_when_a_long_illness_is_stated_ahead(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930261")
    here.clock("2026-09-10")
    for no, last in ((1, "2026-10-02"), (2, "2026-10-01"), (3, "2026-10-02")):
        outcome = "withdrawn" if no == 3 else "granted"
        first = ("2026-09-14", "AM")
        await here.school.plan(no, f"i-{no}", "long-illness", "I", first, (last, "PM"), outcome=outcome)
    foretold = {"stated_on": "2026-09-10", "name": "i-1"}
    alert = await here.opened("sickness-return", "2026-09-10", forecast=foretold, sessions=[])
    assert alert["period"] == "2026-09-14"
    await here.never("sickness-return", 2)  # fourteen school days
    await here.never("sickness-return", 3)
    await here.act(alert, "return-made", "2026-09-11")
    await here.closed("sickness-return", "2026-09-11")
    ill = [day for day in DAYS if date(2026, 9, 14) <= day <= date(2026, 10, 2)]
    here.clock(ill[-1])
    await here.school.enter_days(1, ill, "I")
    await here.closed("sickness-return", "2026-09-11")  # told once of one spell
