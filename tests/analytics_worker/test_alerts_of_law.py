"""What the law asks for: the penalty threshold by every worked example and edge, and the law under each policy."""

from datetime import date, timedelta

import pytest

from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.following import DAYS, MONDAY, after, follow, sessions, weeks
from tests.analytics_worker.writing import Desk
from tests.support import five_policies
from tests.support.school import CALENDAR

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
