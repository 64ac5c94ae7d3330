"""The calendar of an academic year: what it opens, what it cannot say, and entries that it must not close over."""

from typing import Any

import pytest

from register_api import closer
from register_api.closer import Closer
from tests.support.closures import Opening, close, codes, states
from tests.support.office import MONDAY, TUESDAY, Office, amending, refusal, told
from tests.support.school import CALENDAR, OFFICE, put
from tests.support.services import Register

YEAR = "/calendar/2026-27"
WEDNESDAY = "2026-09-09"
AUTUMN = CALENDAR["terms"][0]


async def test_a_calendar_says_how_many_days_and_sessions_it_opens(office: Office) -> None:
    read = await office.get(YEAR)
    assert (read["terms"], read["holidays"], read["inset_days"]) == tuple(
        CALENDAR[name] for name in ("terms", "holidays", "inset_days")
    )
    assert read["sessions"] == 2 * read["days"]
    assert read["academic_year"] == "2026-27"


async def test_the_same_calendar_again_emits_nothing(office: Office) -> None:
    before = await office.head()
    answer = await office.http.put(office.path(YEAR), json=CALENDAR)
    assert answer.status_code == 200
    assert await office.head() == before


async def test_a_calendar_is_read_as_it_stood(office: Office) -> None:
    seq, _ = await office.head()
    days = (await office.get(YEAR))["days"]
    shorter = {
        **CALENDAR,
        "inset_days": ["2026-09-03", "2026-09-04"],
        "change": {"made_by": OFFICE, "reason": "Training"},
    }
    assert (await office.http.put(office.path(YEAR), json=shorter)).json()["days"] == days - 1
    assert (await office.get(YEAR))["inset_days"] == shorter["inset_days"]
    assert (await office.get(YEAR, as_at=f"seq:{seq}"))["days"] == days
    leaf = (await office.stream())[-1]
    assert (leaf["kind"], leaf["subject"]) == ("calendar-changed", "calendar:2026-27")
    assert None not in (leaf["made_by"], leaf["reason"])


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({"terms": []}, "#/terms"),
        ({"terms": [{**AUTUMN, "ends": "2026-09-01"}]}, "#/terms/0/ends"),
        ({"terms": [{**AUTUMN, "starts": "2025-09-01"}]}, "#/terms/0/starts"),
        ({"terms": [AUTUMN, {**AUTUMN, "starts": "2026-12-01", "ends": "2027-02-01"}]}, "#/terms/1/starts"),
        ({"terms": [{**AUTUMN, "starts": "3 September"}]}, "#/terms/0/starts"),
        ({"terms": [AUTUMN], "holidays": [{"from": "2026-10-30", "to": "2026-10-26", "name": "x"}]}, "#/holidays/0/to"),
        ({"terms": [AUTUMN], "inset_days": ["2026-09-05"]}, "#/inset_days/0"),
        ({"terms": [AUTUMN], "inset_days": ["2026-09-04", "x"]}, "#/inset_days/1"),
    ],
)
async def test_a_calendar_that_cannot_be_is_refused_with_a_pointer(
    office: Office, body: dict[str, Any], at: str
) -> None:
    before = await office.head()
    refusal(await office.http.put(office.path(YEAR), json=body), "invalid-calendar", at=at)
    assert await office.head() == before


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({"terms": [{**AUTUMN, "name": "a\0"}]}, "#/terms/0/name"),
        ({"terms": [{**AUTUMN, "half": 1}]}, "#/terms/0/half"),
        ({"terms": [AUTUMN], "bank_holidays": []}, "#/bank_holidays"),
        ({"terms": [AUTUMN], "inset_days": [20260904]}, "#/inset_days/0"),
        ({}, "#/terms"),
    ],
)
async def test_a_body_without_the_form_of_a_calendar_is_refused(office: Office, body: dict[str, Any], at: str) -> None:
    refusal(await office.http.put(office.path(YEAR), json=body), "invalid-request", at=at)


@pytest.mark.parametrize("year", ["2026", "2026-28", "26-27", "2026-2027", "0000-01", "9999-00", "2005-06", "2036-37"])
async def test_an_academic_year_that_is_none_or_is_not_kept_is_refused(office: Office, year: str) -> None:
    answer = await office.http.put(office.path(f"/calendar/{year}"), json=CALENDAR)
    refusal(answer, "invalid-calendar", at="academic_year")
    refusal(await office.http.get(office.path(f"/calendar/{year}")), "calendar-missing")


async def test_sessions_that_have_entries_are_not_closed(office: Office) -> None:
    one, other = office.pupil(), office.pupil()
    await office.entered((one, "/"), (other, "/"))
    before = await office.head()
    closing = {**CALENDAR, "inset_days": [MONDAY]}
    answer = await office.http.put(office.path(YEAR), json=closing)
    body = refusal(answer, "sessions-marked")
    assert body["sessions"] == [{"date": MONDAY, "session": "AM", "entries": 2}]
    assert body["marks"] == [{"pupil": pupil, "date": MONDAY, "session": "AM", "code": "/"} for pupil in (one, other)]
    assert body["total"] == 2
    assert await office.head() == before


async def test_a_day_without_entries_may_still_be_closed_and_then_takes_none(
    office: Office, register: Register
) -> None:
    pupil = office.pupil()
    closing = {**CALENDAR, "inset_days": ["2026-09-03", TUESDAY]}
    assert (await office.http.put(office.path(YEAR), json=closing)).status_code == 200
    register.clock.set("2026-09-08T16:00:00+01:00")
    outcome = await office.mark(pupil, "/", day=TUESDAY)
    told(outcome["problem"], "session-closed", at="date")
    [outcome] = await office.amended(amending(pupil, "/", "N", date=TUESDAY))
    told(outcome["problem"], "no-entry")


async def test_a_dry_run_changes_nothing(office: Office) -> None:
    before = await office.head()
    body = {"terms": [AUTUMN]}
    tried = await office.http.put(office.path(YEAR), json=body, params={"dry_run": "true"})
    assert (tried.status_code, tried.json()["terms"]) == (200, [AUTUMN])
    assert await office.head() == before


async def test_a_calendar_says_what_is_expected_and_warns_of_fewer(opening: Opening) -> None:
    office = await opening()
    read = await office.get("/calendar/2026-27")
    assert read["expected"] == {"days": 190, "sessions": 380}
    assert read["difference"] == {"days": read["days"] - 190, "sessions": read["sessions"] - 380}
    assert (read["warnings"], read["difference"]["days"] > 0) == ([], True)
    shorter = {**CALENDAR, "terms": CALENDAR["terms"][:2]}
    answer = await put(office.http, office.path("/calendar/2026-27"), shorter)
    assert answer["difference"]["sessions"] == 2 * answer["difference"]["days"] < 0
    [warning] = answer["warnings"]
    assert (warning["pointer"], bool(warning["source"])) == ("#/terms", True)
    assert f"{answer['days']} days" in warning["detail"]
    assert (await office.get("/calendar/2026-27"))["warnings"] == answer["warnings"]


CHANGE = {"made_by": OFFICE, "reason": "Training was moved"}


async def test_entries_are_amended_with_the_calendar_when_that_is_asked(register: Register, opening: Opening) -> None:
    office = await opening(now="2026-09-07T16:00:00+01:00")
    await office.entered(("p-001", "/"), ("p-002", "N"))
    path = office.path("/calendar/2026-27")
    inset = {**CALENDAR, "inset_days": ["2026-09-03", MONDAY]}
    asked = {**inset, "amend_entries": True}
    refusal(await office.http.put(path, json=asked), "made-by-required", at="#/change")
    refusal(
        await office.http.put(path, json={**asked, "change": {"made_by": OFFICE}}),
        "reason-required",
        at="#/change/reason",
    )
    refusal(await office.http.put(path, json={**inset, "change": CHANGE}), "sessions-marked")
    before = await office.head()
    tried = await office.http.put(path, json={**asked, "change": CHANGE}, params={"dry_run": "true"})
    assert (tried.status_code, await office.head()) == (200, before)
    await put(office.http, path, {**asked, "change": CHANGE})
    assert await codes(office) == {"p-001": "#", "p-002": "#"}
    [*_, one] = (await office.get("/amendments", pupil="p-002"))["items"]
    assert (one["original_entry"], one["amended_entry"], one["reason"]) == ("N", "#", CHANGE["reason"])
    assert (one["made_by"], one["made_at"]) == (OFFICE, "2026-09-07T15:00:00.000000Z")
    # What is # already is not in the way of the next change, and opening the day brings N.
    await put(office.http, path, {**inset, "inset_days": [*inset["inset_days"], TUESDAY]})
    refused = refusal(await office.http.put(path, json=CALENDAR), "sessions-marked")
    assert [mark["code"] for mark in refused["marks"]] == ["#", "#"]
    await put(office.http, path, {**CALENDAR, "amend_entries": True, "change": CHANGE})
    assert await codes(office) == {"p-001": "N", "p-002": "N"}
    await office.stream()


async def test_a_day_opened_within_a_closure_is_closed_by_it(
    register: Register, opening: Opening, closing: Closer
) -> None:
    office = await opening()
    path = office.path("/calendar/2026-27")
    await put(office.http, path, {**CALENDAR, "inset_days": ["2026-09-03", TUESDAY]})
    closed = await close(office, "Y4", (MONDAY, "AM"), (WEDNESDAY, "PM"))
    assert (TUESDAY, "AM") not in states(closed)
    await put(office.http, path, {**CALENDAR, "inset_days": ["2026-09-03", WEDNESDAY]})
    register.clock.set("2026-09-09T16:00:00+01:00")
    assert await closer.round_of(closing) == 12  # not on the day that the calendar has closed since
    assert set((await codes(office, TUESDAY)).values()) == {"Y4"}
    assert await codes(office, WEDNESDAY) == {}
