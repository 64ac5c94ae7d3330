"""What the law asks for: the penalty threshold, runs of absence, sickness and the returns, each to its day."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.following import DAYS, MONDAY, Follow, after, follow, sessions, weeks
from tests.analytics_worker.writing import Desk, School
from tests.support import five_policies
from tests.support.school import CALENDAR

SUMMER = date(2026, 7, 13)
"""The last whole week of the summer term of 2026."""
NOVEMBER = date(2026, 11, 2)


def monday(n: int) -> date:
    """The Monday of the nth school week from 7 September 2026 on."""
    mondays = sorted({day - timedelta(days=day.weekday()) for day in DAYS if day >= MONDAY})
    return mondays[n]


async def test_example_1_four_of_term_time_holiday_and_six_late_after_the_register_closed(
    desk: Desk, calling: Calling
) -> None:
    """Law.md 5.2, example 1."""
    here = await follow(desk, calling, "930201")
    days = [*weeks("G", "G"), *weeks("U /", "U /", "U /", first=monday(2)), *weeks("U /", "U /", first=monday(5))]
    await here.course(days)
    await here.never("penalty-threshold")  # nine
    last = weeks("U /", first=monday(9))[0]
    await here.course([last])
    marks = [each for each in sessions([*days, last]) if not each.endswith("/")]
    told = {"sessions": marks, "met_on": str(last[0]), "school_weeks": 10, "unresolved": 0, "provisional": False}
    await here.opened("penalty-threshold", last[0], **told, firm_on=str(last[0]))


async def test_example_2_ten_sessions_of_holiday_in_one_week(desk: Desk, calling: Calling) -> None:
    """Law.md 5.2, example 2."""
    here = await follow(desk, calling, "930202")
    days = weeks("G", "G", "G", "G", "G")
    await here.course(days)
    await here.opened("penalty-threshold", days[-1][0], sessions=sessions(days))


async def test_example_3_six_in_one_week_and_one_in_each_of_the_next_four(desk: Desk, calling: Calling) -> None:
    """Law.md 5.2, example 3: met on the Monday of the fifth week."""
    here = await follow(desk, calling, "930203")
    days = [*weeks("O", "O", "O"), *((monday(n), "O /") for n in range(1, 4))]
    await here.course(days)
    await here.never("penalty-threshold")
    await here.course([(monday(4), "O /")])
    await here.opened("penalty-threshold", monday(4), met_on=str(monday(4)))


async def test_example_4_two_in_the_summer_term_and_eight_in_the_autumn_term_within_ten_school_weeks(
    desk: Desk, calling: Calling
) -> None:
    """Law.md 5.2, example 4: the weeks of the summer holiday do not count, and half-term does not."""
    here = await follow(desk, calling, "930204", "2026-07-01")
    summer = [day for day in DAYS if day < date(2026, 8, 1)][-1]
    await here.mark(summer, (1, "O"), (2, "O"))
    # The week of 20 July is the first of the ten; that of 2 November, after half-term, the tenth.
    assert [n for n, week in enumerate(school_weeks_from(summer)) if week == NOVEMBER] == [9]
    autumn = weeks("O", "O", "O", "O", first=NOVEMBER)
    await here.course(autumn)
    await here.course(weeks("O", "O", "O", "O", first=date(2026, 11, 9)), 2)  # in the eleventh
    marks = sessions([(summer, "O"), *autumn])
    await here.opened("penalty-threshold", autumn[-1][0], sessions=marks, school_weeks=10)
    await here.never("penalty-threshold", 2)


def school_weeks_from(on: date) -> list[date]:
    """The Mondays of the school weeks from that of a day on."""
    return sorted({day - timedelta(days=day.weekday()) for day in DAYS if day >= on})


async def test_nine_sessions_do_not_meet_the_threshold(desk: Desk, calling: Calling) -> None:
    here = await follow(desk, calling, "930205")
    await here.course(weeks("O", "O", "O", "O", "O /"))
    await here.never("penalty-threshold")
    await here.opened("penalty-approaching", after(MONDAY, 3), sessions_left=1, from_sessions=7)


async def test_a_tenth_session_in_school_week_11_does_not_meet_the_threshold(desk: Desk, calling: Calling) -> None:
    here = await follow(desk, calling, "930206")
    nine = weeks("O", "O", "O", "O", "O /")
    for pupil_no in (1, 2):
        await here.course(nine, pupil_no)
    await here.mark(monday(9), (2, "O /"))
    await here.opened("penalty-threshold", monday(9), 2, met_on=str(monday(9)))
    await here.mark(monday(10), (1, "O /"))
    await here.never("penalty-threshold")


async def test_a_half_term_week_between_ten_sessions_is_not_counted(desk: Desk, calling: Calling) -> None:
    here = await follow(desk, calling, "930207")
    assert monday(7) == NOVEMBER and monday(6) == date(2026, 10, 19)
    await here.course([*weeks("O", "O", "O", "O", "O /"), (monday(9), "O /")])
    told = await here.opened("penalty-threshold", monday(9), school_weeks=10)
    assert told["evidence"]["from"] == str(MONDAY)  # eleven weeks of the calendar


async def test_an_amendment_of_one_o_to_i_takes_the_threshold_away_and_it_is_kept_that_it_was_met(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930208")
    days = weeks("O", "O", "O", "O", "O")
    await here.course(days)
    met = await here.opened("penalty-threshold", days[-1][0])
    await here.amend("2026-09-16", (1, str(MONDAY), "AM", "I"))
    after_it = await here.closed("penalty-threshold", "2026-09-16")
    assert (after_it["id"], after_it["evidence"]) == (met["id"], met["evidence"])
    assert after_it["evidence"]["met_on"] == str(days[-1][0])
    await here.amend("2026-09-17", (1, str(MONDAY), "AM", "O"))
    again = await here.opened("penalty-threshold", days[-1][0], met_on=str(days[-1][0]))
    assert again["id"] == met["id"]
    assert [each["from"] for each in again["held"]] == [str(days[-1][0]), "2026-09-17"]


async def test_an_amendment_of_n_to_o_does_not_change_the_count_and_makes_it_firm(desk: Desk, calling: Calling) -> None:
    here = await follow(desk, calling, "930209")
    days = weeks("O", "O", "O", "O", "O N")
    await here.course(days)
    met = await here.opened("penalty-threshold", days[-1][0], unresolved=1, provisional=True, firm_on=None)
    await here.amend("2026-09-18", (1, str(days[-1][0]), "PM", "O"))
    firm = {"unresolved": 0, "provisional": False, "met_on": str(days[-1][0]), "firm_on": str(days[-1][0])}
    assert (await here.opened("penalty-threshold", days[-1][0], **firm))["id"] == met["id"]


@pytest.mark.parametrize(("urn", "inset", "opens"), [("930210", 5, True), ("930211", 4, False)])
async def test_a_week_of_inset_days_alone_is_no_school_week(
    desk: Desk, calling: Calling, urn: str, inset: int, opens: bool
) -> None:
    here = await follow(desk, calling, urn)
    closed = [str(monday(3) + timedelta(days=n)) for n in range(inset)]
    await here.school.calendar("2026-27", {**CALENDAR, "inset_days": ["2026-09-03", *closed]})
    await here.course([*weeks("O", "O", "O", "O", "O /"), (monday(10), "O /")])
    found = await here.alerts("penalty-threshold")
    assert [each["opened_on"] for each in found] == ([str(monday(10))] if opens else [])


@pytest.mark.parametrize(("urn", "from_", "opens"), [("930212", "AM", True), ("930213", "PM", False)])
async def test_a_week_with_one_open_session_beside_y4_is_a_school_week(
    desk: Desk, calling: Calling, urn: str, from_: str, opens: bool
) -> None:
    here = await follow(desk, calling, urn)
    await here.course(weeks("O", "O", "O", "O", "O /"))
    week = monday(3)
    here.clock(week)
    await here.school.close("c-1", "Y4", (str(week), from_), (str(week + timedelta(days=4)), "PM"))
    await here.course([(monday(10), "O /")])
    found = await here.alerts("penalty-threshold")
    assert [each["opened_on"] for each in found] == ([str(monday(10))] if opens else [])


async def test_only_pupils_of_compulsory_school_age_meet_the_threshold(desk: Desk, calling: Calling) -> None:
    here = await follow(desk, calling, "930214", "2027-06-01")
    await here.school.pupil(1, date_of_birth="2010-09-01", year_group="11")  # leaves on Friday 25 June 2027
    await here.school.pupil(2, date_of_birth="2010-09-01", year_group="11")
    await here.school.pupil(3, date_of_birth="2022-04-01", year_group="R")  # five on 1 April, of age on 31 August
    june = weeks("O", "O", "O", "O", "O", first=date(2027, 6, 21))
    await here.course(june, 1)
    await here.course(weeks("O", "O", "O", "O", "O", first=date(2027, 6, 22)), 2)  # the tenth on the Monday after
    await here.course(june, 3)
    await here.opened("penalty-threshold", date(2027, 6, 25))
    await here.never("penalty-threshold", 2)
    await here.never("penalty-threshold", 3)


async def test_sessions_that_a_notice_relies_on_are_spent_until_it_is_withdrawn(desk: Desk, calling: Calling) -> None:
    here = await follow(desk, calling, "930215")
    days = weeks("O", "O", "O", "O", "O")
    await here.course(days)
    met = await here.opened("penalty-threshold", days[-1][0])
    here.clock("2026-09-17")
    relied = met["evidence"]["sessions"]
    await here.notice("n-1", relied, "2026-09-17")
    await here.closed("penalty-threshold", "2026-09-17")
    more = weeks("O", "O", "O", "O", "O", first=monday(2))
    await here.course(more)
    another = await here.alerts("penalty-threshold", status="open")
    assert [(each["opened_on"], each["evidence"]["after"]) for each in another] == [
        (str(more[-1][0]), str(days[-1][0]))
    ]
    assert another[0]["id"] != met["id"]
    here.clock("2026-10-05")
    withdrawn = {"withdrawn_on": "2026-10-05", "withdrawn_why": "Issued to the wrong parent"}
    await here.notice("n-1", relied, "2026-09-17", **withdrawn)
    [again] = await here.alerts("penalty-threshold", status="open")
    assert (again["id"], again["evidence"]["last_met_on"]) == (met["id"], str(more[-1][0]))


async def test_the_threshold_is_closed_by_an_act_that_deals_with_its_sessions_and_never_by_time(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930216")
    days = weeks("O", "O", "O", "O", "O")
    await here.course(days)
    here.clock("2027-07-01")
    met = await here.opened("penalty-threshold", days[-1][0])
    became = await here.act(met, "dealt-with", "2027-07-01", note="The authority supports the family")
    assert became["ends"] == "as-far-as-it-goes"
    await here.closed("penalty-threshold", "2027-07-01")


async def test_penalty_approaching_from_the_seventh_session_until_too_few_stand_or_the_tenth(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930217")
    seven = weeks("O", "O", "O", "O /", first=NOVEMBER)
    await here.course(seven[:3])
    await here.course(seven[:3], 2)
    await here.never("penalty-approaching")
    for pupil_no in (1, 2):
        await here.mark(seven[3][0], (pupil_no, seven[3][1]))
    told = {"sessions_left": 3, "quiet_from": "2027-01-25", "sessions": sessions(seven)[:7]}
    await here.opened("penalty-approaching", "2026-11-05", **told)
    await here.course(weeks("O", "O /", first=date(2026, 11, 9)), 2)
    await here.closed("penalty-approaching", "2026-11-10", 2)
    await here.opened("penalty-threshold", "2026-11-10", 2)
    here.clock("2027-01-24")
    await here.opened("penalty-approaching", "2026-11-05")
    here.clock("2027-01-27")  # the worker was away since Monday
    await here.closed("penalty-approaching", "2027-01-25")


# The five policies (law.md, section 7): the threshold is national, whatever the paper says.


@pytest.mark.parametrize(("urn", "name"), [(f"93022{n}", f"S00{n}") for n in range(5)])
async def test_ten_in_ten_meet_the_threshold_under_each_policy_n_among_them(
    desk: Desk, calling: Calling, urn: str, name: str
) -> None:
    """S000 has a rolling academic year, S001 leaves N out: neither moves the alert."""
    here = await follow(desk, calling, urn)
    await here.school.policy(getattr(five_policies, name))
    await here.course(weeks("O", "G", "N", "U", "O N"))
    await here.course(weeks("O", "O", "O", "O", "O /"), 2)
    await here.mark(monday(10), (2, "O /"))
    await here.opened("penalty-threshold", after(MONDAY, 4), unresolved=3)
    await here.never("penalty-threshold", 2)


@pytest.mark.parametrize(("urn", "name"), [("930231", "S001"), ("930233", "S003")])
async def test_a_sickness_return_at_15_days_by_the_papers_that_state_it(
    desk: Desk, calling: Calling, urn: str, name: str
) -> None:
    here = await follow(desk, calling, urn)
    policy = getattr(five_policies, name)
    assert policy["stated"]["sickness_return_days"] == 15
    await here.school.policy(policy)
    await here.school.enter_days(1, [day for day, _ in weeks(*["I"] * 14)], "I")
    here.clock(after(MONDAY, 13))
    await here.never("sickness-return")
    await here.mark(after(MONDAY, 14), (1, "I"))
    await here.opened("sickness-return", after(MONDAY, 14), school_days=15.0)


async def test_s003_and_s004_five_days_for_an_n_are_school_days(desk: Desk, calling: Calling) -> None:
    """S003 says working days, S004 days: on the sixth school day it is overdue, over half-term too."""
    for urn, name in (("930243", "S003"), ("930244", "S004")):
        here = await follow(desk, calling, urn)
        await here.school.policy(getattr(five_policies, name))
        await here.mark("2026-10-22", (1, "/ N"))
        here.clock("2026-11-06", "12:00")
        await here.opened("n-overdue", "2026-11-06")


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
        ill = (("2026-09-14", "AM"), (last, "PM"))
        await here.school.plan(no, f"i-{no}", "long-illness", "I", *ill, outcome=outcome)
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
