"""Entries that leave does not bear out: shown while they stand so, and gone once leave or entry is put right."""

import csv
import io
import itertools
import json
from typing import Any

import httpx
import pytest

from tests.support.office import MONDAY, TUESDAY, Office, amending, calling, open_office, refusal
from tests.support.plans import KINDS, at, decided, plan
from tests.support.services import Register

WEDNESDAY = "2026-09-09"
LATER = "2026-09-14T12:00:00+01:00"
Found = list[tuple[str, str, str, str, list[tuple[str, str | None]]]]


async def checked(office: Office, *params: tuple[str, Any]) -> Found:
    """Give pupil, date, session, code and what does not fit with the plan that says so."""
    answer = await office.http.get(office.path("/leave-checks"), params=params)
    assert answer.status_code == 200, answer.text
    return [
        (
            *(item[name] for name in ("pupil", "date", "session", "code")),
            [(check["check"], check["planned"]) for check in item["checks"]],
        )
        for item in answer.json()["items"]
    ]


async def stated(office: Office, id_: str, body: dict[str, Any]) -> None:
    answer = await office.http.put(office.path(f"/planned-absences/{id_}"), json=body)
    assert answer.status_code == 200, answer.text


_urns = itertools.count(900_711)


@pytest.fixture
async def fresh(register: Register, admin: httpx.AsyncClient) -> Office:
    """Give a school of its own on the evening of a Tuesday."""
    register.clock.set("2026-09-08T16:00:00+01:00")
    return await open_office(admin, register.database, str(next(_urns)), pupils=3)


NOT_GRANTED: list[tuple[str, str | None]] = [("leave-not-granted", None)]


@pytest.mark.parametrize("code", ["C", "C1", "C2", "J1", "S"])
async def test_a_code_of_leave_without_a_grant_is_shown_whatever_else_is_known(fresh: Office, code: str) -> None:
    await fresh.entered(("p-001", code))
    shown: Found = [("p-001", MONDAY, "AM", code, NOT_GRANTED)]
    assert await checked(fresh) == shown
    await stated(fresh, "asked", plan(MONDAY, TUESDAY))
    other = {"code": "M", "decision": decided()}
    await stated(fresh, "another-code", plan(MONDAY, TUESDAY, **other))
    await stated(fresh, "another-day", plan(TUESDAY, TUESDAY, decision=decided()))
    await stated(fresh, "another-pupil", plan(MONDAY, TUESDAY, pupil="p-002", decision=decided()))
    assert await checked(fresh) == shown


async def test_it_is_gone_once_leave_is_granted_and_there_again_when_that_is_withdrawn(fresh: Office) -> None:
    await fresh.entered(("p-001", "C"))
    leave = plan(MONDAY, TUESDAY)
    await stated(fresh, "leave", {**leave, "decision": decided()})
    position = (await fresh.head())[0]
    assert await checked(fresh) == []
    await stated(fresh, "leave", {**leave, "decision": decided("withdrawn")})
    assert await checked(fresh) == [("p-001", MONDAY, "AM", "C", NOT_GRANTED)]
    assert await checked(fresh, ("as_at", f"seq:{position}")) == []
    assert len(await checked(fresh, ("as_at", f"seq:{position - 1}"))) == 1


async def test_it_is_gone_once_the_entry_is_amended(fresh: Office) -> None:
    await fresh.entered(("p-001", "C"))
    before = (await fresh.head())[0]
    await fresh.amended(amending("p-001", "C", "O"))
    assert await checked(fresh) == []
    assert len(await checked(fresh, ("as_at", f"seq:{before}"))) == 1
    await fresh.amended(amending("p-001", "O", "C"))
    assert await checked(fresh) == [("p-001", MONDAY, "AM", "C", NOT_GRANTED)]


@pytest.mark.parametrize("code", ["I", "O", "M", "G", "N"])
async def test_an_absence_on_refused_dates_is_shown_with_the_refusal(fresh: Office, code: str) -> None:
    await stated(fresh, "no", plan(MONDAY, MONDAY, decision=decided("refused")))
    await fresh.entered(("p-001", code), ("p-002", code))
    await fresh.entered(("p-001", code), day=TUESDAY)
    assert await checked(fresh) == [("p-001", MONDAY, "AM", code, [("absence-on-refused-dates", "no")])]


async def test_who_is_there_on_refused_dates_is_not_shown(fresh: Office) -> None:
    await stated(fresh, "no", plan(MONDAY, MONDAY, decision=decided("refused")))
    await fresh.entered(("p-001", "/"))
    await fresh.entered(("p-001", "V"), session="PM")
    assert await checked(fresh) == []


async def test_days_that_were_asked_for_and_left_out_of_the_grant_are_refused(fresh: Office) -> None:
    granted = decided(first=at(TUESDAY))
    await stated(fresh, "part", plan(MONDAY, TUESDAY, decision=granted))
    await fresh.entered(("p-001", "I"))
    await fresh.entered(("p-001", "C"), day=TUESDAY)
    await fresh.entered(("p-001", "C"), session="PM")
    refused = ("absence-on-refused-dates", "part")
    assert await checked(fresh) == [
        ("p-001", MONDAY, "PM", "C", [*NOT_GRANTED, refused]),
        ("p-001", MONDAY, "AM", "I", [refused]),
    ]


async def test_what_another_plan_grants_is_no_absence_on_refused_dates(fresh: Office) -> None:
    await stated(fresh, "no", plan(MONDAY, MONDAY, decision=decided("refused")))
    suspension: dict[str, Any] = {"kind": "suspension", "code": "E", "length_days": 1, "decision": decided()}
    await stated(fresh, "away", plan(MONDAY, MONDAY, **suspension))
    await fresh.entered(("p-001", "E"))
    assert await checked(fresh) == []


async def test_e_without_a_suspension_is_shown_and_leave_does_not_bear_it_out(fresh: Office) -> None:
    await fresh.entered(("p-001", "E"), ("p-002", "E"))
    await stated(fresh, "leave", plan(MONDAY, MONDAY, decision=decided()))
    exclusion: dict[str, Any] = {"kind": "exclusion", "code": "E", "pupil": "p-002", "decision": decided()}
    await stated(fresh, "out", plan(MONDAY, **exclusion))
    assert await checked(fresh) == [("p-001", MONDAY, "AM", "E", [("suspension-not-recorded", None)])]


async def test_a_part_time_timetable_bears_out_its_own_sessions_alone(fresh: Office) -> None:
    pattern = [{"weekday": "monday", "session": "PM"}]
    whole: dict[str, Any] = {**KINDS["part-time-timetable"], "pattern": pattern, "decision": decided()}
    await stated(fresh, "c2", plan(MONDAY, kind="part-time-timetable", **whole))
    await fresh.entered(("p-001", "C2"))
    await fresh.entered(("p-001", "C2"), session="PM")
    assert await checked(fresh) == [("p-001", MONDAY, "AM", "C2", NOT_GRANTED)]


@pytest.mark.parametrize("code", ["M", "R", "I", "D", "/"])
async def test_what_needs_no_grant_is_not_shown(fresh: Office, code: str) -> None:
    await fresh.entered(("p-001", code))
    assert await checked(fresh) == []


@pytest.fixture(scope="module")
async def several(register: Register, admin: httpx.AsyncClient) -> Office:
    """Give a school with three entries of leave that nobody granted, on two days, and one on refused dates."""
    register.clock.set("2026-09-09T16:00:00+01:00")
    office = await open_office(admin, register.database, "900799", pupils=4)
    await office.entered(("p-001", "C"), ("p-002", "S"), ("p-003", "/"))
    await office.entered(("p-001", "J1"), day=TUESDAY)
    await stated(office, "no", plan(TUESDAY, WEDNESDAY, pupil="p-003", decision=decided("refused")))
    await office.entered(("p-003", "I"), day=WEDNESDAY)
    return office


@pytest.fixture(autouse=True)
def _later(register: Register, _afternoon: None) -> None:
    register.clock.set(LATER)


ALL = [("p-003", WEDNESDAY), ("p-001", TUESDAY), ("p-002", MONDAY), ("p-001", MONDAY)]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ([], ALL),
        ([("from", TUESDAY)], ALL[:2]),
        ([("to", TUESDAY)], ALL[1:]),
        ([("from", "2025-09-01"), ("to", "2025-12-01")], []),
        ([("pupil", "p-001")], [ALL[1], ALL[3]]),
        ([("pupil", "p-002"), ("pupil", "p-003")], [ALL[0], ALL[2]]),
        ([("pupil", "p-999")], []),
    ],
)
async def test_every_filter_narrows_the_checks(several: Office, params: list[tuple[str, str]], expected: Any) -> None:
    assert [found[:2] for found in await checked(several, *params)] == expected


async def test_pages_and_streams_give_every_check_once(several: Office) -> None:
    answer = await several.http.get(several.path("/leave-checks"), params={"limit": 1})
    seen = answer.json()["items"]
    while answer.json()["next"] is not None:
        answer = await several.http.get(answer.headers["link"][1:].partition(">")[0])
        seen += answer.json()["items"]
    assert [(item["pupil"], item["date"]) for item in seen] == ALL
    streamed = await several.http.get(several.path("/leave-checks"), params={"format": "ndjson", "limit": 1})
    lines = [json.loads(line) for line in streamed.text.splitlines()]
    assert [(line["pupil"], line["date"]) for line in lines] == ALL
    assert lines[0]["check"] == "absence-on-refused-dates"
    assert (lines[0]["planned"], lines[0]["name"]) == ("no", "A. Teacher")
    assert json.loads(streamed.headers["rollbook-as-at"])["seq"] == (await several.head())[0]
    table = await several.http.get(several.path("/leave-checks"), headers={"Accept": "text/csv"})
    assert [row["seq"] for row in csv.DictReader(io.StringIO(table.text, newline=""))] == [
        str(item["seq"]) for item in seen
    ]


async def test_what_does_not_fit_is_found_behind_hundreds_of_entries_that_do(
    register: Register, admin: httpx.AsyncClient
) -> None:
    register.clock.set("2026-09-18T16:00:00+01:00")
    office = await open_office(admin, register.database, "900798", pupils=40)
    await office.entered(("p-001", "J1"))
    everybody = [f"p-{n:03}" for n in range(1, 41)]
    for id_ in everybody:
        await stated(office, f"of-{id_}", plan(TUESDAY, "2026-09-18", pupil=id_, decision=decided()))
    for day, session in itertools.product([TUESDAY, *(f"2026-09-{n}" for n in (14, 15, 16, 17, 18))], ("AM", "PM")):
        await office.entered(*((id_, "C") for id_ in everybody), day=day, session=session)
    for session in ("AM", "PM"):
        await office.entered(*((id_, "C") for id_ in everybody), day=WEDNESDAY, session=session)
    assert await checked(office) == [("p-001", MONDAY, "AM", "J1", NOT_GRANTED)]


@pytest.mark.parametrize("format_", ["json", "csv", "ndjson"])
async def test_what_cannot_be_read_is_refused_before_the_answer_begins(several: Office, format_: str) -> None:
    for params, slug in (
        ({"from": "2020-01-01", "to": "2026-01-01"}, "invalid-parameter"),
        ({"as_at": "2099-01-01T00:00:00Z"}, "as-at-in-future"),
        ({"form": "x"}, "unknown-parameter"),
    ):
        asked = {**params, "format": format_}
        refusal(await several.http.get(several.path("/leave-checks"), params=asked), slug)


async def test_checks_are_for_readers_of_the_school(several: Office, register: Register) -> None:
    async with calling(register, ("roll:write",)) as writer:
        refusal(await writer.get(several.path("/leave-checks")), "scope-required")
    async with calling(register, ("register:read",), "schools", ["900999"]) as elsewhere:
        refusal(await elsewhere.get(several.path("/leave-checks")), "unknown-school")
