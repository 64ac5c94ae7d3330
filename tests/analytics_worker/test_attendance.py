"""Attendance as it is read: the DfE's words, exact figures, the days asked for, and nobody else's."""

import json
import random
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from codes import tallies
from codes.calendar import school_days
from codes.school import calendar_of
from codes.tallies import Tally
from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.writing import Desk, School
from tests.support.school import CALENDAR

AUTUMN = school_days(calendar_of("2026-27", json.dumps(CALENDAR)))
WORDS = (
    *("possible_sessions", "present_sessions", "late_sessions", "approved_educational_activity", "overall_attendance"),
    *("authorised_absence", "unauthorised_absence", "overall_absence", "attendance_perc", "overall_absence_perc"),
    *("authorised_absence_perc", "unauthorised_absence_perc", "codes"),
)


async def figures(calling: Calling, school: School, pupil: str | None = None, **params: Any) -> dict[str, Any]:
    path = f"/v1/schools/{school.urn}" + (f"/pupils/{pupil}" if pupil else "") + "/attendance"
    async with calling("schools", school.urn) as http:
        answer = await http.get(path, params=params)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def folded(school: School, pupil_nos: Sequence[int], first: date, last: date) -> list[Tally]:
    """Fold the events one by one, in Python, and count what stands."""
    stands = {key: code for key, _, code in school.events}
    within = {first + timedelta(days=n) for n in range((last - first).days + 1)}
    return [
        tallies.tally([(code, day, True, 1) for (no, day, _), code in stands.items() if no == pupil and day in within])
        for pupil in pupil_nos
    ]


async def test_figures_are_those_of_a_plain_fold_over_any_days(desk: Desk, calling: Calling) -> None:
    chance = random.Random(5)
    school = await desk.open("930001", pupils=6)
    codes = ["/"] * 30 + ["L", "U", "I", "I", "M", "G", "O", "N", "B", "P", "D", "X", "Q", "C", "E", "T", "Y1", "K"]
    for day in AUTUMN[:25]:
        for session in ("AM", "PM"):
            marks = [(n, day.isoformat(), session, chance.choice(codes)) for n in range(1, 7)]
            await school.enter(*marks, *[mark for mark in marks[:2] if chance.random() < 0.2])
    await desk.sweep()
    for first, last in ((AUTUMN[0], AUTUMN[24]), (AUTUMN[3], AUTUMN[11]), (AUTUMN[7], AUTUMN[7])):
        window = {"from": first.isoformat(), "to": last.isoformat()}
        expected = folded(school, range(1, 7), first, last)
        pupils = await figures(calling, school, by="pupil", **window)
        for item, counted in zip(pupils["items"], expected, strict=True):
            assert item["codes"] == dict(counted.codes)
            for word in WORDS[:8]:
                assert item[word] == getattr(counted, word), word
            assert item["persistent"] == tallies.is_persistent(counted.overall_absence, counted.possible_sessions)
        group = tallies.group(expected)
        whole = await figures(calling, school, **window)
        assert whole["enrolments"] == group.enrolments
        assert whole["persistent_pupils"] == group.persistent_pupils
        assert str(whole["pa_perc"]) == str(float(tallies.printed(group.persistent) or 0))
        for word in WORDS[:8]:
            assert whole[word] == pupils[word] == getattr(group.total, word)
        assert whole["codes"] == dict(Counter(dict(group.total.codes)))


async def test_a_summary_has_the_dfes_words_and_percentages_of_fifteen_digits(desk: Desk, calling: Calling) -> None:
    school = await desk.open("930002", pupils=1)
    days = [day.isoformat() for day in AUTUMN[:3]]
    codes = ("/", "L", "B", "I", "U", "X")
    sessions = [(day, session) for day in days for session in ("AM", "PM")]
    await school.enter(*[(1, day, session, code) for (day, session), code in zip(sessions, codes, strict=True)])
    await desk.sweep()
    pupil = await figures(calling, school, "p-1")
    assert len(pupil.pop("formulas")) == 10
    assert pupil == {
        "urn": "930002",
        "from": "2026-08-01",
        "to": "2027-07-31",
        "pupil": "p-1",
        "who": "on-roll",
        "possible_sessions": 5,
        "present_sessions": 2,
        "late_sessions": 2,
        "approved_educational_activity": 1,
        "overall_attendance": 3,
        "authorised_absence": 1,
        "unauthorised_absence": 1,
        "overall_absence": 2,
        "attendance_perc": 60.0,
        "overall_absence_perc": 40.0,
        "authorised_absence_perc": 20.0,
        "unauthorised_absence_perc": 20.0,
        "codes": {"/": 1, "L": 1, "B": 1, "I": 1, "U": 1, "X": 1},
        "persistent": True,
        "severe": False,
        "late_before_close_sessions": 1,
        "late_after_close_sessions": 1,
        "late_perc": 40.0,
        "punctuality_perc": 33.3333333333333,
        "days_lost": 1.0,
        "days_lost_a_year": 76.0,
        "sessions_left": {"persistent": 28, "severe": 150, "referral": 28},
        "as_of": {"seq": 11, "behind": 0, "at": "2026-11-20T16:00:00.000000Z"},
    }
    await school.enter((1, AUTUMN[3].isoformat(), "AM", "I"), (1, AUTUMN[3].isoformat(), "PM", "/"))
    late = await figures(calling, school)
    assert late["as_of"] == {"seq": 11, "behind": 2, "at": "2026-11-20T16:00:00.000000Z"}
    await desk.sweep()
    group = await figures(calling, school)
    assert {*WORDS, "enrolments", "persistent_pupils", "pa_perc", "as_of"} <= set(group)
    assert group["attendance_perc"] == 57.1428571428571


async def test_nothing_counted_gives_zeros_and_null_rates(desk: Desk, calling: Calling) -> None:
    school = await desk.open("930003")
    for asked in ({}, {"period": "term", "on": "2030-01-01"}, {"from": "2026-09-05", "to": "2026-09-06"}):
        group = await figures(calling, school, **asked)
        assert (group["possible_sessions"], group["enrolments"], group["codes"]) == (0, 0, {})
        assert group["attendance_perc"] is group["pa_perc"] is group["overall_absence_perc"] is None
    pupil = await figures(calling, school, "p-1", period="week")
    assert (pupil["possible_sessions"], pupil["attendance_perc"]) == (0, None)
    assert pupil["persistent"] is pupil["severe"] is False


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ({}, "2026-08-01", "2027-07-31"),
        ({"period": "year", "on": "2026-07-31"}, "2025-08-01", "2026-07-31"),
        ({"period": "term"}, "2026-09-03", "2026-12-18"),
        ({"period": "term", "on": "2026-12-25"}, "2026-09-03", "2026-12-18"),
        ({"period": "half-term"}, "2026-10-31", "2026-12-18"),
        ({"period": "half-term", "on": "2026-10-28"}, "2026-09-03", "2026-10-25"),
        ({"period": "half-term", "on": "2027-02-01"}, "2027-01-04", "2027-03-25"),
        ({"period": "week"}, "2026-11-16", "2026-11-22"),
        ({"from": "2026-09-07", "to": "2026-09-07"}, "2026-09-07", "2026-09-07"),
    ],
)
async def test_a_period_is_the_one_that_holds_the_date(
    desk: Desk, calling: Calling, asked: dict[str, str], first: str, last: str
) -> None:
    school = await _one_school(desk)
    found = await figures(calling, school, **asked)
    assert (found["from"], found["to"]) == (first, last)


_schools: list[School] = []


async def _one_school(desk: Desk) -> School:
    if not _schools:
        _schools.append(await desk.open("930004"))
    return _schools[0]


async def test_a_part_counts_the_days_spent_in_it_and_the_whole_counts_the_pupil_once(
    desk: Desk, calling: Calling
) -> None:
    school = await desk.open("930005", pupils=2)
    await school.pupil(1, **{"class": "4A", "effective_from": AUTUMN[2].isoformat()})
    await school.pupil(2, **{"class": None, "year_group": "5"})
    await school.enter_days(1, AUTUMN[:2], "I")
    await school.enter_days(1, AUTUMN[2:6])
    await school.enter_days(2, AUTUMN[:6])
    await desk.sweep()
    by_class = await figures(calling, school, by="class")
    shown = [(part["class"], part["possible_sessions"], part["pa_perc"]) for part in by_class["items"]]
    assert shown == [(None, 12, 0.0), ("4A", 8, 0.0), ("4B", 4, 100.0)]
    assert (by_class["enrolments"], by_class["persistent_pupils"], by_class["possible_sessions"]) == (2, 1, 24)
    by_year = await figures(calling, school, by="year-group", limit=1)
    assert [(part["year_group"], part["enrolments"]) for part in by_year["items"]] == [("4", 1)]
    following = await figures(calling, school, by="year-group", limit=1, cursor=by_year["next"])
    assert [(part["year_group"], following["next"]) for part in following["items"]] == [("5", None)]


async def test_a_change_of_roll_or_calendar_moves_what_it_should(desk: Desk, calling: Calling) -> None:
    school = await desk.open("930006", pupils=1)
    await school.enter_days(1, AUTUMN[:4])
    await desk.sweep()
    assert (await figures(calling, school))["possible_sessions"] == 8
    await school.pupil(1, on_roll=f"{{[2025-09-03,{AUTUMN[2].isoformat()})}}")
    assert (await figures(calling, school, "p-1"))["possible_sessions"] == 4
    await school.calendar("2026-27", {**CALENDAR, "inset_days": ["2026-09-03", AUTUMN[1].isoformat()]})
    assert (await figures(calling, school))["possible_sessions"] == 2


async def test_the_pandemics_x_is_possible_for_those_of_compulsory_school_age_alone(
    desk: Desk, calling: Calling
) -> None:
    school = await desk.open("930007", pupils=0)
    await school.calendar(
        "2020-21",
        {"terms": [{"name": "a", "starts": "2020-09-03", "ends": "2020-12-18"}], "holidays": [], "inset_days": []},
    )
    await school.pupil(1, on_roll="{[2020-09-03,)}", date_of_birth="2014-03-01")
    await school.pupil(2, on_roll="{[2020-09-03,)}", date_of_birth="2015-10-20")  # of age from 1 January 2021
    days = [date(2020, 11, 2) + timedelta(days=n) for n in range(5)]
    for pupil_no in (1, 2):
        await school.enter_days(pupil_no, days, "X")
        await school.enter_days(pupil_no, [date(2020, 11, 9)])
    await desk.sweep()
    asked = {"from": "2020-09-01", "to": "2021-07-31"}
    first, second = (await figures(calling, school, by="pupil", **asked))["items"]
    assert (first["possible_sessions"], first["not_attending_coronavirus"], first["overall_attendance"]) == (12, 10, 2)
    assert (second["possible_sessions"], second["overall_attendance"]) == (2, 2)
    assert "not_attending_coronavirus" not in second


@pytest.mark.parametrize(
    ("params", "code", "parameter"),
    [
        ({"from": "2026-09-07"}, "invalid-parameter", "to"),
        ({"from": "2026-09-07", "to": "2026-09-06"}, "invalid-parameter", "to"),
        ({"from": "2026-09-07", "to": "2026-09-08", "period": "week"}, "invalid-parameter", "period"),
        ({"period": "month"}, "invalid-parameter", "period"),
        ({"by": "hair"}, "invalid-parameter", "by"),
        ({"on": "yesterday"}, "invalid-parameter", "on"),
        ({"class": "4B"}, "unknown-parameter", "class"),
    ],
)
async def test_a_parameter_that_cannot_be_used_is_named(
    desk: Desk, calling: Calling, params: dict[str, str], code: str, parameter: str
) -> None:
    school = await _one_school(desk)
    async with calling() as http:
        refused = await http.get(f"/v1/schools/{school.urn}/attendance", params=params)
    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert refused.json()["errors"][0]["parameter"] == parameter


async def test_who_may_not_read_learns_nothing(desk: Desk, calling: Calling) -> None:
    school = await _one_school(desk)
    path = f"/v1/schools/{school.urn}/attendance"
    async with calling("schools", "999999") as http:
        hidden, unknown = await http.get(path), await http.get("/v1/schools/999998/attendance")
    assert [answer.status_code for answer in (hidden, unknown)] == [404, 404]
    assert hidden.json()["code"] == unknown.json()["code"] == "unknown-school"
    async with calling(scopes=("alerts:read",)) as http:
        assert (await http.get(path)).json()["code"] == "scope-required"
    async with calling() as http:
        refused = await http.get(f"/v1/schools/{school.urn}/pupils/nobody/attendance")
        assert (refused.status_code, refused.json()["code"]) == (404, "unknown-pupil")
        del http.headers["Authorization"]
        assert (await http.get(path)).json()["code"] == "token-required"
