"""Absence known ahead: stated, decided, changed and read back as it stood; it says what is expected and marks nothing."""

import json
from typing import Any

import httpx
import pytest

from tests.support.office import MONDAY, TUESDAY, Office, calling, open_office, refusal
from tests.support.plans import HEAD, KINDS, PARENT, at, decided, plan, slots
from tests.support.school import OFFICE, pupil, put
from tests.support.services import Register

WEDNESDAY, THURSDAY, FRIDAY = "2026-09-09", "2026-09-10", "2026-09-11"
AWAY = {"attend": False}


@pytest.fixture(scope="module")
async def school(register: Register, admin: httpx.AsyncClient) -> Office:
    return await open_office(admin, register.database, "900701", pupils=30)


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


async def expected(office: Office, pupil_: str, day: str, session: str = "AM", **params: Any) -> dict[str, Any]:
    items = (await office.get(f"/registers/{day}/{session}", **params))["items"]
    [found] = [item["expected"] for item in items if item["pupil"] == pupil_]
    told: dict[str, Any] = found
    return told


async def codes(office: Office, pupil_: str, *sessions: tuple[str, str]) -> list[list[str]]:
    return [(await expected(office, pupil_, day, session))["codes"] for day, session in sessions]


@pytest.mark.parametrize("kind", KINDS)
async def test_each_kind_says_what_is_expected_once_it_is_granted_and_not_before(school: Office, kind: str) -> None:
    one = school.pupil()
    last = None if KINDS[kind].get("ends_on") else "2026-09-18"
    asked = plan(TUESDAY, last, pupil=one, kind=kind, **KINDS[kind])
    assert (await stated(school, f"of-{kind}", asked))["outcome"] == "entered"
    on = (THURSDAY, "PM") if kind == "part-time-timetable" else (TUESDAY, "AM")
    about = {"id": f"of-{kind}", "kind": kind, "code": asked["code"]}
    assert await expected(school, one, *on) == {
        "attend": True,
        "codes": [],
        "planned": [{**about, "outcome": "asked"}],
    }
    granted = {**asked, "decision": decided()}
    answer = await stated(school, f"of-{kind}", granted)
    assert (answer["outcome"], answer["seq"]) == ("changed", (await school.head())[0])
    assert await expected(school, one, *on) == {
        "attend": False,
        "codes": [asked["code"]],
        "planned": [{**about, "outcome": "granted"}],
    }
    assert await expected(school, one, MONDAY) == {"attend": True, "codes": [], "planned": []}
    assert (await stated(school, f"of-{kind}", granted))["outcome"] == "unchanged"


async def test_a_plan_never_writes_a_mark_and_none_is_entered_ahead_of_its_session(school: Office) -> None:
    one = school.pupil()
    before = [leaf["kind"] for leaf in await school.stream()]
    await stated(school, "unmarked", plan(TUESDAY, WEDNESDAY, pupil=one, decision=decided()))
    assert [leaf["kind"] for leaf in await school.stream()] == [*before, "absence-planned"]
    leaf = (await school.stream())[-1]
    [entry] = [i for i in (await school.get(f"/registers/{TUESDAY}/AM"))["items"] if i["pupil"] == one]
    assert (entry["state"], entry["entry"]) == ("not-due", None)
    refused_ = await school.mark(one, "C", day=TUESDAY)
    assert refused_["problem"]["code"] == "session-not-begun"
    assert leaf["subject"].startswith("absence:")


async def test_what_equals_what_stands_emits_nothing(school: Office) -> None:
    one = school.pupil()
    body = plan(TUESDAY, FRIDAY, pupil=one, requested_on=MONDAY, applicant=PARENT, grounds="A wedding")
    first = await stated(school, "twice", body)
    again = await stated(school, "twice", {**body, "change": {"made_by": OFFICE, "reason": "Sent again"}})
    assert (first["outcome"], again["outcome"], again["seq"]) == ("entered", "unchanged", first["seq"])
    assert (await school.head())[0] == first["seq"]
    changed = await stated(school, "twice", {**body, "grounds": "A funeral"})
    assert (changed["outcome"], changed["seq"]) == ("changed", first["seq"] + 1)


async def test_a_dry_run_answers_the_same_and_keeps_nothing(school: Office) -> None:
    one = school.pupil()
    body = plan(TUESDAY, FRIDAY, pupil=one, decision=decided())
    before = await school.head()
    dry = await stated(school, "dry", body, dry_run="true")
    assert await school.head() == before
    refusal(await school.http.get(school.path("/planned-absences/dry")), "unknown-planned-absence")
    assert dry == await stated(school, "dry", body)
    bad = plan(FRIDAY, TUESDAY, pupil=one)
    answer = await school.http.put(school.path("/planned-absences/dry"), json=bad, params={"dry_run": "true"})
    refusal(answer, "invalid-planned-absence", at="#/to")


async def test_fewer_days_may_be_granted_than_were_asked_for(school: Office) -> None:
    one = school.pupil()
    granted = decided(**{"from": at(WEDNESDAY), "to": at(WEDNESDAY)}, reason="One morning is enough")
    await stated(school, "fewer", plan(TUESDAY, THURSDAY, pupil=one, decision=granted))
    about = {"id": "fewer", "kind": "leave-of-absence", "code": "C"}
    assert await expected(school, one, WEDNESDAY) == {
        "attend": False,
        "codes": ["C"],
        "planned": [{**about, "outcome": "granted"}],
    }
    for place in ((TUESDAY, "AM"), (WEDNESDAY, "PM"), (THURSDAY, "PM")):
        assert await expected(school, one, *place) == {
            "attend": True,
            "codes": [],
            "planned": [{**about, "outcome": "refused"}],
        }
    read = await school.get("/planned-absences/fewer")
    assert (read["from"], read["to"]) == (at(TUESDAY), at(THURSDAY, "PM"))
    assert read["about"] == {"from": at(WEDNESDAY), "to": at(WEDNESDAY)}


@pytest.mark.parametrize("outcome", ["refused", "withdrawn"])
async def test_what_is_refused_or_withdrawn_is_shown_and_changes_nothing(school: Office, outcome: str) -> None:
    one = school.pupil()
    await stated(school, f"not-{outcome}", plan(TUESDAY, FRIDAY, pupil=one, decision=decided()))
    await stated(school, f"not-{outcome}", plan(TUESDAY, FRIDAY, pupil=one, decision=decided(outcome)))
    about = {"id": f"not-{outcome}", "kind": "leave-of-absence", "code": "C", "outcome": outcome}
    assert await expected(school, one, TUESDAY) == {"attend": True, "codes": [], "planned": [about]}


async def test_a_part_time_timetable_is_about_its_sessions_and_ends(school: Office) -> None:
    one = school.pupil()
    whole = {**KINDS["part-time-timetable"], "ends_on": "2026-09-18", "review_on": ["2026-09-17"]}
    await stated(school, "c2", plan(TUESDAY, kind="part-time-timetable", pupil=one, decision=decided(), **whole))
    assert await codes(
        school,
        one,
        *((THURSDAY, "AM"), (THURSDAY, "PM"), (FRIDAY, "AM"), (FRIDAY, "PM"), ("2026-09-17", "PM")),
        *(("2026-09-18", "AM"), ("2026-09-24", "PM"), ("2026-09-25", "AM")),
    ) == [[], ["C2"], ["C2"], [], ["C2"], ["C2"], [], []]


async def test_from_the_sixth_school_day_of_a_suspension_alternative_provision_comes_first(school: Office) -> None:
    one = school.pupil()
    suspension = plan(TUESDAY, "2026-09-17", kind="suspension", code="E", length_days=8, pupil=one, decision=decided())
    assert (await stated(school, "e", suspension))["warnings"] == []
    # Tuesday is the first, Monday the fifth and Tuesday the sixth: the weekend is no school day.
    assert await codes(
        school, one, (TUESDAY, "AM"), ("2026-09-14", "PM"), ("2026-09-15", "AM"), ("2026-09-17", "PM")
    ) == [
        ["E"],
        ["E"],
        ["K", "B", "D", "E"],
        ["K", "B", "D", "E"],
    ]
    assert await codes(school, one, ("2026-09-18", "AM")) == [[]]


async def test_an_exclusion_has_no_end(school: Office) -> None:
    one = school.pupil()
    await stated(school, "x", plan(TUESDAY, kind="exclusion", code="E", pupil=one, decision=decided()))
    assert await codes(school, one, ("2027-06-01", "AM")) == [["K", "B", "D", "E"]]


async def test_a_closed_session_offers_the_code_of_the_closure_whatever_is_planned(school: Office) -> None:
    one = school.pupil()
    await stated(school, "over-weekend", plan(FRIDAY, "2026-09-14", pupil=one, decision=decided()))
    about = {"id": "over-weekend", "kind": "leave-of-absence", "code": "C", "outcome": "granted"}
    assert await expected(school, one, "2026-09-12") == {"attend": False, "codes": ["#"], "planned": [about]}


async def test_of_two_plans_both_are_offered(school: Office) -> None:
    one = school.pupil()
    await stated(school, "two-a", plan(TUESDAY, FRIDAY, pupil=one, decision=decided()))
    trip = {"kind": "approved-activity", "code": "V", "decision": decided()}
    await stated(school, "two-b", plan(WEDNESDAY, WEDNESDAY, pupil=one, **trip))
    assert await codes(school, one, (TUESDAY, "AM"), (WEDNESDAY, "AM")) == [["C"], ["C", "V"]]


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
    ("rest-in-time", {"from": at("2026-09-04"), "decision": decided(**{"from": at(TUESDAY)})}, []),
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
    ({"decision": decided(**{"from": at(MONDAY)})}, ["#/decision/from"]),
    ({"decision": decided(to=at("2026-09-14"))}, ["#/decision/to"]),
    ({"decision": decided(**{"from": at(THURSDAY), "to": at(WEDNESDAY)})}, ["#/decision/to"]),
    ({"decision": decided("refused", **{"from": at(TUESDAY), "to": at(FRIDAY)})}, ["#/decision/from", "#/decision/to"]),
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


async def test_every_version_is_kept_with_who_when_and_why_and_plans_are_read_as_they_stood(
    register: Register, admin: httpx.AsyncClient
) -> None:
    office = await open_office(admin, register.database, "900702", pupils=3)
    asked = plan(TUESDAY, FRIDAY, requested_on="2026-09-04", applicant=PARENT, grounds="A wedding")
    first = (await stated(office, "leave-1", asked))["seq"]
    register.clock.set("2026-09-07T16:30:00+01:00")
    change = {"made_by": HEAD, "made_at": "2026-09-07T16:20:00+01:00", "reason": "Decided after a talk"}
    second = (await stated(office, "leave-1", {**asked, "decision": decided(), "change": change}))["seq"]
    register.clock.set("2026-09-07T17:00:00+01:00")
    await stated(office, "leave-1", {**asked, "decision": decided("withdrawn")})

    assert (await expected(office, "p-001", TUESDAY, as_at=f"seq:{first}"))["planned"][0]["outcome"] == "asked"
    assert (await expected(office, "p-001", TUESDAY, as_at=f"seq:{first - 1}"))["planned"] == []
    assert await expected(office, "p-001", TUESDAY, as_at=f"seq:{second}") == {
        "attend": False,
        "codes": ["C"],
        "planned": [{"id": "leave-1", "kind": "leave-of-absence", "code": "C", "outcome": "granted"}],
    }
    read = await office.get("/planned-absences/leave-1")
    assert (read["outcome"], read["pupil"], read["grounds"]) == ("withdrawn", "p-001", "A wedding")
    assert [version["outcome"] for version in read["history"]] == ["asked", "granted", "withdrawn"]
    version = read["history"][1]
    assert {name: version[name] for name in ("made_by", "made_at", "recorded_at", "reason", "seq", "decision")} == {
        "made_by": HEAD,
        "made_at": "2026-09-07T15:20:00.000000Z",
        "recorded_at": "2026-09-07T15:30:00.000000Z",
        "reason": "Decided after a talk",
        "seq": second,
        "decision": {**decided()},
    }
    assert (read["history"][0]["made_by"], read["history"][0]["made_at"]) == (None, "2026-09-07T15:00:00.000000Z")
    then = await office.get("/planned-absences/leave-1", as_at=f"seq:{second}")
    assert (then["outcome"], len(then["history"])) == ("granted", 2)
    answer = await office.http.get(office.path("/planned-absences/leave-1"), params={"as_at": f"seq:{first - 1}"})
    refusal(answer, "unknown-planned-absence")


async def test_a_decision_shows_what_was_known_when_it_was_recorded_and_never_what_came_later(
    register: Register, admin: httpx.AsyncClient
) -> None:
    office = await open_office(admin, register.database, "900703", pupils=3)
    await office.entered(("p-001", "N"), ("p-002", "/"))
    await stated(office, "earlier", plan("2026-09-04", "2026-09-04", decision=decided("refused")))
    await stated(office, "others", plan(TUESDAY, FRIDAY, pupil="p-002"))
    asked = plan("2026-09-21", "2026-09-25", grounds="A wedding")
    await stated(office, "now", asked)
    assert (await office.get("/planned-absences/now"))["at_decision"] is None
    register.clock.set("2026-09-08T16:00:00+01:00")
    await office.entered(("p-001", "/"), day=TUESDAY)
    granted = {**asked, "decision": decided(on=TUESDAY)}
    seq = (await stated(office, "now", granted))["seq"]
    known = (await office.get("/planned-absences/now"))["at_decision"]
    figures = known.pop("attendance")
    assert known == {
        "seq": seq,
        "academic_year": "2026-27",
        "requests": [
            {
                "id": "earlier",
                "kind": "leave-of-absence",
                "code": "C",
                "from": at("2026-09-04"),
                "to": at("2026-09-04", "PM"),
                "outcome": "refused",
            }
        ],
    }
    assert (figures["possible_sessions"], figures["overall_attendance"], figures["overall_absence"]) == (2, 1, 1)
    assert (figures["attendance_perc"], figures["codes"]) == (50.0, {"/": 1, "N": 1})
    await office.entered(("p-001", "I"), day=TUESDAY, session="PM")
    item = {"pupil": "p-001", "date": MONDAY, "session": "AM", "original_entry": "N", "amended_entry": "/"}
    await office.amended({**item, "reason": "Was there"})
    await stated(office, "later", plan("2026-10-05", "2026-10-06"))
    await stated(office, "now", {**granted, "grounds": "A wedding in Lagos"})
    assert (await office.get("/planned-absences/now"))["at_decision"] == {**known, "attendance": figures}
    await stated(office, "now", {**granted, "decision": decided("withdrawn", on=TUESDAY)})
    again = (await office.get("/planned-absences/now"))["at_decision"]
    assert (again["attendance"]["codes"], len(again["requests"])) == ({"/": 2, "I": 1}, 2)


@pytest.fixture(scope="module")
async def listed(register: Register, admin: httpx.AsyncClient) -> Office:
    """Give a school with five plans of two pupils; the first was changed last."""
    register.clock.set("2026-09-07T16:00:00+01:00")
    office = await open_office(admin, register.database, "900704", pupils=3)
    await stated(office, "a", plan(TUESDAY, WEDNESDAY))
    await stated(office, "b", plan("2026-09-21", "2026-09-22", decision=decided("refused")))
    illness = {"kind": "long-illness", "code": "I", "ends_on": "2026-10-16", "decision": decided()}
    await stated(office, "c", plan(TUESDAY, pupil="p-002", **illness))
    await stated(office, "d", plan(TUESDAY, pupil="p-002", kind="exclusion", code="E"))
    await stated(office, "a", plan(TUESDAY, WEDNESDAY, decision=decided(), change={"made_by": OFFICE}))
    return office


@pytest.mark.parametrize(
    ("params", "ids"),
    [
        ([], "adcb"),
        ([("pupil", "p-001")], "ab"),
        ([("pupil", "p-001"), ("pupil", "p-002")], "adcb"),
        ([("pupil", "p-999")], ""),
        ([("kind", "long-illness"), ("kind", "exclusion")], "dc"),
        ([("outcome", "asked")], "d"),
        ([("outcome", "granted")], "ac"),
        ([("from", THURSDAY)], "dcb"),
        ([("to", THURSDAY)], "adc"),
        ([("from", WEDNESDAY), ("to", WEDNESDAY)], "adc"),
        ([("from", "2026-10-17"), ("outcome", "granted")], ""),
    ],
)
async def test_every_filter_narrows_the_list(listed: Office, params: list[tuple[str, str]], ids: str) -> None:
    answer = await listed.http.get(listed.path("/planned-absences"), params=params)
    assert "".join(item["id"] for item in answer.json()["items"]) == ids


async def test_the_list_is_given_as_it_stood_in_pages_and_in_every_format(listed: Office) -> None:
    position = (await listed.head())[0]
    assert [i["id"] for i in (await listed.get("/planned-absences", as_at=f"seq:{position - 1}"))["items"]] == list(
        "dcba"
    )
    page = await listed.http.get(listed.path("/planned-absences"), params={"limit": 3})
    following = await listed.http.get(page.headers["link"][1:].partition(">")[0])
    assert [i["id"] for i in (*page.json()["items"], *following.json()["items"])] == list("adcb")
    lines = await listed.http.get(listed.path("/planned-absences"), params={"format": "ndjson"})
    first = json.loads(lines.text.splitlines()[0])
    names = ("id", "pupil", "outcome", "first_date", "last_session", "decided_by_name", "position")
    assert [first[name] for name in names] == ["a", "p-001", "granted", TUESDAY, "PM", HEAD["name"], OFFICE["position"]]
    table = (await listed.http.get(listed.path("/planned-absences"), params={"format": "csv"})).text.split("\r\n")
    assert (len(table), table[0].split(",")[:3]) == (6, ["id", "pupil", "kind"])
    for params in ({"kind": "holiday"}, {"outcome": "maybe"}, {"from": "2026"}):
        refusal(await listed.http.get(listed.path("/planned-absences"), params=params), "invalid-parameter")


async def test_who_may_state_and_who_may_read(listed: Office, register: Register) -> None:
    async with calling(register, ("register:read",)) as reader:
        answer = await reader.put(listed.path("/planned-absences/a"), json=plan(TUESDAY, WEDNESDAY))
        refusal(answer, "scope-required")
        assert (await reader.get(listed.path("/planned-absences/a"))).status_code == 200
    async with calling(register, ("roll:write", "register:read"), "schools", ["900999"]) as elsewhere:
        refusal(await elsewhere.get(listed.path("/planned-absences/a")), "unknown-school")
        answer = await elsewhere.put(listed.path("/planned-absences/a"), json=plan(TUESDAY, WEDNESDAY))
        refusal(answer, "unknown-school")


async def test_the_id_of_one_school_is_nothing_at_another(listed: Office, office: Office) -> None:
    refusal(await office.http.get(office.path("/planned-absences/d")), "unknown-planned-absence")
