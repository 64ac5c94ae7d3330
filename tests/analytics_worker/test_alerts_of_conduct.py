"""What the conduct of a register asks for: lateness, evidence, reviews, steps, parents, and absence against plans."""

from datetime import date
from typing import Any

import pytest

from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.following import MONDAY, after, follow, sessions, weeks
from tests.analytics_worker.writing import Desk
from tests.support import five_policies
from tests.support.school import POLICY

NEXT = date(2026, 9, 14)
"""The Monday of the second whole week."""
THIRD, FOURTH = date(2026, 9, 21), date(2026, 9, 28)


async def test_late_repeated_is_twice_in_a_week_or_over_two_and_ends_when_two_weeks_have_passed(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930301")
    await here.mark(MONDAY, (1, "L /"), (2, "L /"), (3, "L /"))
    await here.never("late-repeated")
    await here.mark("2026-09-09", (1, "U /"))
    marks = ["2026-09-07 AM L", "2026-09-09 AM U"]
    found = await here.opened("late-repeated", "2026-09-09", sessions=marks, late=2, times=2, weeks=2)
    await here.mark("2026-09-18", (2, "U /"))  # over two
    await here.opened("late-repeated", "2026-09-18", 2)
    await here.mark("2026-09-18", (1, "L /"))
    again = await here.opened("late-repeated", "2026-09-09", late=3)
    assert again["id"] == found["id"]  # a third time is the same alert
    await here.mark(THIRD, (3, "L /"))
    await here.never("late-repeated", 3)  # over three
    here.clock("2026-10-01")  # the worker was away since the Monday on which two weeks had passed
    await here.closed("late-repeated", FOURTH)


async def test_late_by_the_schools_own_transport_is_left_out_once_it_is_noted(desk: Desk, calling: Calling) -> None:
    here = await follow(desk, calling, "930302")
    await here.course([*weeks("L /", "/", "L /")])
    found = await here.opened("late-repeated", "2026-09-09")
    bus = [{"date": "2026-09-07", "session": "AM"}]
    became = await here.act(found, "transport-late", "2026-09-10", sessions=bus)
    assert became["ends"] == "as-far-as-it-goes"
    await here.closed("late-repeated", "2026-09-10")
    await here.mark("2026-09-11", (1, "L /"))  # two by the pupil's own account
    [again] = await here.alerts("late-repeated", status="open")
    assert (again["id"], again["evidence"]["late"]) == (found["id"], 2)
    assert [each["from"] for each in again["held"]] == ["2026-09-09", "2026-09-11"]


async def test_s003_takes_up_lateness_of_twice_within_two_weeks_and_another_school_of_three_times(
    desk: Desk, calling: Calling
) -> None:
    here, other = await follow(desk, calling, "930303"), await follow(desk, calling, "930304")
    await here.school.policy(five_policies.S003)
    approach = {**five_policies.S003["staged_approach"], "late": {"times": 3, "within_weeks": 1}}
    await other.school.policy({**five_policies.S003, "staged_approach": approach})
    for each in (here, other):
        await each.course(weeks("L /", "/", "U /"))
    await here.opened("late-repeated", "2026-09-09", times=2, weeks=2)
    await other.never("late-repeated")
    await other.mark("2026-09-11", (1, "L /"))
    await other.opened("late-repeated", "2026-09-11", times=3, weeks=1)


async def test_s003_asks_for_evidence_on_the_sixth_day_of_an_illness_until_it_is_seen(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930305")
    await here.school.policy(five_policies.S003)
    ill = weeks("I", "I", "M I", "I", "I", "I")
    await here.course(ill[:5])
    await here.course(weeks("I", "I", "I", "I", "I", "M"), 2)
    await here.never("illness-evidence")
    await here.course(ill[5:])
    alert = await here.opened("illness-evidence", NEXT, evidence_after_days=5, days=[str(day) for day, _ in ill])
    assert "goes further than the guidance" in alert["evidence"]["against_guidance"]
    await here.never("illness-evidence", 2)
    await here.act(alert, "evidence-seen", "2026-09-15")
    await here.closed("illness-evidence", "2026-09-15")
    await here.mark("2026-09-15", (1, "I"))
    await here.closed("illness-evidence", "2026-09-15")  # the same spell: never asked for again


async def test_s004_asks_for_evidence_on_the_first_day_and_other_policies_never(desk: Desk, calling: Calling) -> None:
    here = await follow(desk, calling, "930306")
    await here.school.policy(five_policies.S004)
    await here.mark(MONDAY, (1, "I"))
    alert = await here.opened("illness-evidence", MONDAY, evidence_after_days=0)
    await here.act(alert, "evidence-not-needed", MONDAY)
    await here.quiet("illness-evidence")
    other = await follow(desk, calling, "930307")
    for name in ("S000", "S001", "S002"):
        await other.school.policy(getattr(five_policies, name))
        await other.course([(day, "I") for day, _ in weeks(*["I"] * 12) if (1, day, "AM") not in other.school.standing])
        await other.never("illness-evidence")


async def test_a_review_of_a_part_time_timetable_is_due_on_its_day_until_it_is_held_or_the_timetable_ends(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930308")
    ends = ("2026-10-02", "PM")
    for no, id_, outcome in ((1, "t-1", "granted"), (2, "t-2", "granted"), (3, "t-3", "asked")):
        told: dict[str, Any] = {"review_on": ["2026-09-21", "2026-09-28"], "outcome": outcome}
        await here.school.plan(no, id_, "part-time-timetable", "C2", (str(MONDAY), "AM"), ends, **told)
    here.clock("2026-09-20")
    await here.never("part-time-review")
    here.clock("2026-09-23")  # nobody wrote anything
    alert = await here.opened("part-time-review", "2026-09-21", absence="t-1", reviews_due=["2026-09-21"], held=0)
    await here.opened("part-time-review", "2026-09-21", 2)
    await here.never("part-time-review", 3)
    await here.act(alert, "review-held", "2026-09-23")
    await here.closed("part-time-review", "2026-09-23")
    here.clock("2026-09-29")
    [second] = await here.alerts("part-time-review", status="open")
    assert (second["opened_on"], second["evidence"]["reviews_due"]) == ("2026-09-28", ["2026-09-28"])
    here.clock("2026-10-07")  # long after the last day
    found = {each["period"]: each["closed_on"] for each in await here.alerts("part-time-review")}
    assert found == {"t-1 2026-09-21": "2026-09-23", "t-1 2026-09-28": "2026-10-03"}
    await here.closed("part-time-review", "2026-10-03", 2)


async def test_r_on_a_second_day_in_a_row_until_it_is_amended_or_said_to_be_set_apart(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930309")
    await here.mark(MONDAY, (1, "R"), (2, "R"), (3, "R"))
    await here.never("religious-extra-day")
    await here.mark("2026-09-08", (1, "R"), (2, "/"), (3, "R"))
    await here.mark("2026-09-09", (2, "R"))
    alert = await here.opened("religious-extra-day", "2026-09-08", days=["2026-09-07", "2026-09-08"], set_apart=1)
    await here.never("religious-extra-day", 2)
    await here.act(alert, "set-apart", "2026-09-10")
    await here.closed("religious-extra-day", "2026-09-10")
    await here.amend("2026-09-11", *((3, "2026-09-08", session, "C") for session in ("AM", "PM")))
    await here.closed("religious-extra-day", "2026-09-11", 3)


async def test_e_on_the_sixth_school_day_of_an_exclusion_until_provision_begins(desk: Desk, calling: Calling) -> None:
    here = await follow(desk, calling, "930310")
    await here.course(weeks("E", "E", "E", "E", "E"))
    await here.course(weeks("E", "E", "E", "E", "E", "K"), 2)
    await here.never("excluded-day-6")
    await here.mark(NEXT, (1, "E"))
    told = {"days": [str(day) for day, _ in weeks(*"EEEEEE")], "sessions": sessions([(NEXT, "E")])}
    found = await here.opened("excluded-day-6", NEXT, **told)
    await here.mark("2026-09-15", (1, "E"))
    assert (await here.opened("excluded-day-6", NEXT))["id"] == found["id"]
    await here.mark("2026-09-16", (1, "K"))
    await here.closed("excluded-day-6", "2026-09-16")
    await here.never("excluded-day-6", 2)


async def test_a_day_that_y4_took_is_no_day_of_an_exclusion(desk: Desk, calling: Calling) -> None:
    here = await follow(desk, calling, "930311")
    await here.course(weeks("E", "E", "Y4", "E", "E", "E"))
    await here.never("excluded-day-6")
    await here.mark("2026-09-15", (1, "E"))
    await here.opened("excluded-day-6", "2026-09-15")


async def test_a_meeting_is_due_on_the_day_of_the_return_from_ten_days_away_until_it_is_held(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930312")
    ten = weeks(*["I"] * 10)
    await here.course(ten)
    await here.course([(day, "/" if n == 0 else "I") for n, (day, _) in enumerate(ten)], 2)
    await here.course([(day, "S") for day, _ in ten], 3)
    await here.never("return-meeting")  # still away
    await here.mark(THIRD, (1, "- /"), (2, "/"), (3, "/"))
    told = {"returned_on": "2026-09-21", "after_days": 10, "days": [str(day) for day, _ in ten]}
    alert = await here.opened("return-meeting", THIRD, **told)
    await here.never("return-meeting", 2)  # nine days
    await here.never("return-meeting", 3)  # study leave
    await here.act(alert, "meeting", "2026-09-22")
    await here.closed("return-meeting", "2026-09-22")


async def test_study_leave_in_year_10_until_the_examination_is_stated_and_never_in_year_11(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930313", year_group="10", date_of_birth="2012-02-11")
    await here.school.pupil(2, year_group="11", date_of_birth="2011-02-11")
    await here.mark("2026-09-08", (1, "S"), (2, "S"), (3, "S"))
    alert = await here.opened(
        "study-leave", "2026-09-08", year_group="10", sessions=sessions([(after(MONDAY, 1), "S")])
    )
    await here.never("study-leave", 2)
    await here.act(alert, "examination-stated", "2026-09-09", note="GCSE Latin, a year early")
    await here.closed("study-leave", "2026-09-09")
    await here.amend("2026-09-10", *((3, "2026-09-08", session, "C") for session in ("AM", "PM")))
    await here.closed("study-leave", "2026-09-10", 3)


def approach(*steps: dict[str, Any], **other: Any) -> dict[str, Any]:
    """A policy with steps, that speaks of levels from the first day on."""
    return {**POLICY, "levels_from_sessions": 2, "staged_approach": {"steps": list(steps)}, **other}


async def test_the_next_step_is_due_with_the_concern_and_so_many_school_weeks_after_the_step_before(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930314")
    await here.school.policy(
        approach(
            {"step": "letter"}, {"step": "further-letter", "after_weeks": 2}, {"step": "meeting", "after_weeks": 1}
        )
    )
    await here.mark(MONDAY, (1, "I"), (2, "/"))
    first = await here.opened("next-step-due", MONDAY, step="letter", concern="severe-absence", taken=[])
    await here.never("next-step-due", 2)
    became = await here.act(first, "letter", "2026-09-08")
    assert became["ends"] == "as-far-as-it-goes"
    await here.closed("next-step-due", "2026-09-08")
    here.clock("2026-09-21")
    await here.quiet("next-step-due")
    here.clock("2026-09-23")  # it fell due while the worker was away
    found = await here.alerts("next-step-due", status="open")
    assert [(each["opened_on"], each["evidence"]["step"]) for each in found] == [("2026-09-22", "further-letter")]
    await here.act(found[0], "further-letter", "2026-09-23")
    here.clock("2026-09-30")
    found = await here.alerts("next-step-due", status="open")
    assert [(each["opened_on"], each["evidence"]["step"]) for each in found] == [("2026-09-30", "meeting")]
    await here.amend("2026-10-01", (1, str(MONDAY), "AM", "/"), (1, str(MONDAY), "PM", "\\"))
    await here.quiet("next-step-due")  # the concern is over


async def test_a_letter_that_is_due_is_the_same_when_a_graver_line_is_reached(desk: Desk, calling: Calling) -> None:
    here = await follow(desk, calling, "930324")
    await here.school.policy(approach({"step": "letter"}))
    await here.course(weeks("/", "/", "I"))
    due = await here.opened("next-step-due", "2026-09-09", step="letter", concern="persistent-absence")
    await here.course(weeks("I", first=date(2026, 9, 10)))
    graver = await here.opened("next-step-due", "2026-09-09", step="letter", concern="severe-absence")
    assert graver["id"] == due["id"]


@pytest.mark.parametrize(
    ("urn", "name", "steps"),
    [
        ("930315", "S000", ["meeting"]),
        ("930316", "S001", []),
        ("930317", "S002", []),
        ("930318", "S003", ["letter"]),
        ("930319", "S004", ["letter"]),
    ],
)
async def test_each_policy_asks_for_its_own_first_step_call_and_visit(
    desk: Desk, calling: Calling, urn: str, name: str, steps: list[str]
) -> None:
    """S000 visits on the third day, S001 never; S002 to S004 state no visit, so that it is the third."""
    here = await follow(desk, calling, urn)
    await here.school.policy({**getattr(five_policies, name), "levels_from_sessions": 4})
    days = weeks("N", "N", "N")
    await here.mark(days[0][0], (1, "N"))
    await here.opened("first-day-unexplained", MONDAY, calls_due=[str(MONDAY)])
    await here.mark(days[1][0], (1, "N"))
    await here.never("unexplained-day-3")
    found = await here.alerts("next-step-due", status="open")
    assert [each["evidence"]["step"] for each in found] == steps
    await here.mark(days[2][0], (1, "N"))
    if name == "S001":
        await here.never("unexplained-day-3")
    else:
        await here.opened("unexplained-day-3", days[2][0], visit_on_day=3)


async def test_a_visit_on_another_day_is_the_schools_own(desk: Desk, calling: Calling) -> None:
    here = await follow(desk, calling, "930320")
    await here.school.policy({**POLICY, "staged_approach": {"call_on_day": 1, "visit_on_day": 2}})
    await here.mark(MONDAY, (1, "N"))
    await here.never("unexplained-day-3")
    await here.mark("2026-09-08", (1, "N"))
    await here.opened("unexplained-day-3", "2026-09-08", visit_on_day=2)


async def test_parents_are_to_be_told_by_the_fifth_school_day_of_each_session_that_is_unauthorised(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930321")
    await here.mark(MONDAY, (1, "O"), (2, "N"), (3, "I"))
    await here.mark("2026-09-08", (1, "G"))
    here.clock(NEXT)
    await here.never("parents-not-told")
    here.clock("2026-09-17")  # the worker was away; the second day fell due meanwhile
    marks = sessions([(MONDAY, "O"), (after(MONDAY, 1), "G")])
    alert = await here.opened("parents-not-told", "2026-09-15", sessions=marks, within_days=5)
    await here.never("parents-not-told", 2)  # of an N nobody knows what to tell
    await here.never("parents-not-told", 3)
    first = [{"date": str(MONDAY), "session": session} for session in ("AM", "PM")]
    await here.act(alert, "parents-told", "2026-09-17", sessions=first)
    await here.opened("parents-not-told", "2026-09-15", sessions=sessions([(after(MONDAY, 1), "G")]))
    await here.act(alert, "letter", "2026-09-18")
    await here.closed("parents-not-told", "2026-09-18")


async def test_leave_that_nobody_granted_and_e_without_a_suspension_until_they_are_recorded_or_amended(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930322")
    await here.school.plan(3, "a-3", "leave-of-absence", "C", (str(MONDAY), "AM"), (str(MONDAY), "PM"))
    await here.mark(MONDAY, (1, "C"), (2, "E"), (3, "C"))
    alert = await here.opened("leave-code-without-leave", MONDAY, sessions=sessions([(MONDAY, "C")]))
    assert alert["evidence"]["academic_year"] == "2026-27"
    await here.opened("leave-code-without-leave", MONDAY, 2)
    await here.never("leave-code-without-leave", 3)
    await here.mark("2026-09-08", (1, "J1"), (2, "M"), (3, "C"))
    again = await here.opened("leave-code-without-leave", MONDAY)
    assert (again["id"], len(again["evidence"]["sessions"])) == (alert["id"], 4)  # one a year
    await here.opened("leave-code-without-leave", "2026-09-08", 3)  # longer than was granted
    here.clock("2026-09-09")
    await here.school.plan(2, "x-2", "suspension", "E", (str(MONDAY), "AM"), ("2026-09-11", "PM"), length_days=5)
    await here.closed("leave-code-without-leave", "2026-09-09", 2)
    await here.amend("2026-09-09", *((3, "2026-09-08", session, "O") for session in ("AM", "PM")))
    await here.closed("leave-code-without-leave", "2026-09-09", 3)


async def test_absent_on_dates_for_which_leave_was_refused_until_it_is_granted_or_dealt_with(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930323")
    dates = ((str(MONDAY), "AM"), ("2026-09-09", "PM"))
    for no in (1, 2, 3):
        await here.school.plan(no, f"h-{no}", "leave-of-absence", "C", *dates, outcome="refused")
    await here.mark(MONDAY, (1, "G"), (2, "I"), (3, "/"))
    alert = await here.opened("absent-on-refused-dates", MONDAY, absence="h-1", sessions=sessions([(MONDAY, "G")]))
    await here.opened("absent-on-refused-dates", MONDAY, 2)  # whatever the code
    await here.never("absent-on-refused-dates", 3)
    await here.mark("2026-09-08", (1, "G"), (2, "/"))
    again = await here.opened("absent-on-refused-dates", MONDAY)
    assert (again["id"], len(again["evidence"]["sessions"])) == (alert["id"], 4)
    await here.act(again, "dealt-with", "2026-09-10", note="The parents were written to")
    await here.closed("absent-on-refused-dates", "2026-09-10")
    await here.amend(
        "2026-09-11", *((2, str(MONDAY), session, "/" if session == "AM" else "\\") for session in ("AM", "PM"))
    )
    await here.closed("absent-on-refused-dates", "2026-09-11", 2)
