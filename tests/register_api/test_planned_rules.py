"""What of absence known ahead is kept with a warning, and what is refused because it contradicts itself."""

from typing import Any

import pytest

from tests.support.office import MONDAY, TUESDAY, Office, refusal
from tests.support.plans import KINDS, at, decided, plan, slots
from tests.support.school import OFFICE, pupil, put

WEDNESDAY, THURSDAY, FRIDAY = "2026-09-09", "2026-09-10", "2026-09-11"


async def stated(office: Office, id_: str, body: dict[str, Any], **params: Any) -> dict[str, Any]:
    answer = await office.http.put(office.path(f"/planned-absences/{id_}"), json=body, params=params)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def refused(office: Office, body: dict[str, Any], *pointers: str) -> None:
    answer = await office.http.put(office.path("/planned-absences/refused"), json=body)
    told = refusal(answer, "invalid-planned-absence")
    assert {fault["pointer"] for fault in told["errors"]} == set(pointers), told
    refusal(await office.http.get(office.path("/planned-absences/refused")), "unknown-planned-absence")


WARNED: list[tuple[str, dict[str, Any], list[tuple[str, str]]]] = [
    ("in-time", {"decision": decided(on=MONDAY)}, []),
    ("same-day", {"from": at(MONDAY), "decision": decided(on=MONDAY)}, []),
    ("late", {"from": at("2026-09-04"), "decision": decided()}, [("not-in-advance", "#/decision/decided_on")]),
    (
        "asked-late",
        {"from": at("2026-09-04"), "requested_on": MONDAY},
        [("not-in-advance", "#/requested_on")],
    ),
    ("late-but-refused", {"from": at("2026-09-04"), "decision": decided("refused")}, []),
    ("rest-in-time", {"from": at("2026-09-04"), "decision": decided(first=at(TUESDAY))}, []),
    ("appointment", {"code": "M", "from": at("2026-09-04"), "decision": decided()}, []),
    ("one-day", {"kind": "religious-observance", "code": "R", "to": at(TUESDAY, "PM")}, []),
    ("two-days", {"kind": "religious-observance", "code": "R"}, [("more-than-one-day", "#/to")]),
    ("young", {"kind": "study-leave", "code": "S"}, [("year-group", "#/code")]),
    ("days", {"kind": "suspension", "code": "E", "length_days": 3}, [("length-differs", "#/length_days")]),
    ("days-right", {"kind": "suspension", "code": "E", "length_days": 4}, []),
]


@pytest.mark.parametrize(("id_", "body", "warnings"), WARNED, ids=[case[0] for case in WARNED])
async def test_what_is_advised_against_is_kept_with_a_warning_that_says_by_whom(
    office: Office, id_: str, body: dict[str, Any], warnings: list[tuple[str, str]]
) -> None:
    answer = await stated(office, id_, plan(TUESDAY, FRIDAY, **body))
    assert [(warning["code"], warning["pointer"]) for warning in answer["warnings"]] == warnings
    assert all(warning["source"] and warning["detail"] for warning in answer["warnings"])
    assert (await office.get(f"/planned-absences/{id_}"))["warnings"] == answer["warnings"]


CONTRADICTORY: list[tuple[dict[str, Any], list[str]]] = [
    ({"code": "I"}, ["#/code"]),
    ({"from": at("2024-03-04"), "code": "C1"}, ["#/code", "#/from"]),
    ({"to": at(MONDAY)}, ["#/to"]),
    ({"from": at(TUESDAY, "PM"), "to": at(TUESDAY)}, ["#/to"]),
    ({"to": None}, ["#/to"]),
    ({"to": None, "ends_on": MONDAY}, ["#/ends_on"]),
    ({"ends_on": WEDNESDAY}, ["#/to"]),
    ({"from": at("2026-09-02")}, ["#/from"]),
    ({"pattern": slots("monday AM")}, ["#/pattern"]),
    ({"requested_on": TUESDAY}, ["#/requested_on"]),
    ({"decision": decided(on=TUESDAY)}, ["#/decision/decided_on"]),
    ({"requested_on": MONDAY, "decision": decided(on="2026-09-04")}, ["#/decision/decided_on"]),
    ({"decision": {"outcome": "granted", "decided_on": MONDAY}}, ["#/decision/decided_by"]),
    ({"decision": decided(first=at(MONDAY))}, ["#/decision/from"]),
    ({"decision": decided(last=at("2026-09-14"))}, ["#/decision/to"]),
    ({"decision": decided(first=at(THURSDAY), last=at(WEDNESDAY))}, ["#/decision/to"]),
    ({"decision": decided("refused", first=at(TUESDAY), last=at(FRIDAY))}, ["#/decision/from", "#/decision/to"]),
    ({"review_on": [TUESDAY]}, ["#/review_on"]),
    ({"length_days": 4}, ["#/length_days"]),
    ({"other_school": "900998"}, ["#/other_school"]),
    ({"session_times": {"starts": "10:00", "ends": "10:00"}}, ["#/session_times/ends"]),
    ({"kind": "suspension", "code": "E"}, ["#/length_days"]),
    ({"kind": "approved-activity", "code": "B"}, ["#/nature"]),
    ({"kind": "dual-timetable", "code": "D"}, ["#/other_school", "#/pattern"]),
    ({"kind": "dual-timetable", **KINDS["dual-timetable"], "other_school": "900101"}, ["#/other_school"]),
    (
        {"kind": "part-time-timetable", "code": "C2"},
        ["#/agreed_with", "#/pattern", "#/review_on"],
    ),
    (
        {
            "kind": "part-time-timetable",
            **KINDS["part-time-timetable"],
            "to": None,
            "review_on": [TUESDAY, "2026-10-03"],
        },
        ["#/review_on/1"],
    ),
    (
        {
            "kind": "part-time-timetable",
            **KINDS["part-time-timetable"],
            "to": None,
            "times": [{"weekday": "monday", "starts": "12:00", "ends": "08:45"}],
        },
        ["#/times/0/ends"],
    ),
]


@pytest.mark.parametrize(("body", "pointers"), CONTRADICTORY)
async def test_what_contradicts_itself_is_refused_with_pointers(
    office: Office, body: dict[str, Any], pointers: list[str]
) -> None:
    await refused(office, plan(TUESDAY, FRIDAY, **body), *pointers)


async def test_a_part_time_timetable_is_for_compulsory_school_age_throughout(office: Office) -> None:
    born = pupil(date_of_birth="2021-10-02", year_group="R")
    await put(office.http, office.path("/pupils/young"), born)
    timetable = {"kind": "part-time-timetable", **KINDS["part-time-timetable"], "pupil": "young"}
    await refused(office, plan(TUESDAY, **timetable), "#/code")
    assert (
        await stated(
            office,
            "old-enough",
            plan("2027-01-04", **{**timetable, "ends_on": "2027-02-05", "review_on": ["2027-01-18"]}),
        )
    )["outcome"] == "entered"


async def test_an_unknown_pupil_another_pupils_plan_and_an_id_like_a_upn_are_refused(office: Office) -> None:
    path = office.path("/planned-absences/whose")
    refusal(await office.http.put(path, json=plan(TUESDAY, FRIDAY, pupil="p-999")), "unknown-pupil", at="#/pupil")
    await stated(office, "whose", plan(TUESDAY, FRIDAY, pupil="p-002"))
    answer = await office.http.put(path, json=plan(TUESDAY, FRIDAY, pupil="p-003"))
    refusal(answer, "invalid-planned-absence", at="#/pupil")
    answer = await office.http.put(office.path("/planned-absences/X931345622001"), json=plan(TUESDAY, FRIDAY))
    refusal(answer, "invalid-planned-absence", at="id")
    answer = await office.http.put(office.path("/planned-absences/a%20b"), json=plan(TUESDAY, FRIDAY))
    refusal(answer, "invalid-parameter", at="id")


@pytest.mark.parametrize(
    ("body", "at_"),
    [
        ({"kind": "holiday"}, "#/kind"),
        ({"from": {"date": TUESDAY}}, "#/from/session"),
        ({"decision": {"outcome": "asked", "decided_on": MONDAY}}, "#/decision/outcome"),
        ({"pattern": [{"weekday": "saturday", "session": "AM"}]}, "#/pattern/0/weekday"),
        ({"other_school": "12345"}, "#/other_school"),
        ({"length_days": "3"}, "#/length_days"),
        ({"holiday": True}, "#/holiday"),
        ({"change": {"made_by": {"name": "", "position": "Clerk"}}}, "#/change/made_by/name"),
    ],
)
async def test_what_has_not_the_documented_form_is_refused(office: Office, body: dict[str, Any], at_: str) -> None:
    answer = await office.http.put(office.path("/planned-absences/formless"), json=plan(TUESDAY, FRIDAY, **body))
    refusal(answer, "invalid-request", at=at_)


async def test_what_is_said_to_be_made_in_the_future_is_refused(office: Office) -> None:
    change = {"made_by": OFFICE, "made_at": "2026-09-07T17:00:00+01:00"}
    answer = await office.http.put(office.path("/planned-absences/soon"), json=plan(TUESDAY, FRIDAY, change=change))
    refusal(answer, "made-at-in-future", at="#/change/made_at")
