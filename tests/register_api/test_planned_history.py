"""Absence known ahead read back: with every version, as it stood, with what was known at the decision, and listed."""

import json
from typing import Any

import httpx
import pytest

from tests.support.office import MONDAY, TUESDAY, Office, calling, open_office, refusal
from tests.support.plans import HEAD, PARENT, at, decided, plan
from tests.support.school import OFFICE
from tests.support.services import Register

WEDNESDAY, THURSDAY, FRIDAY = "2026-09-09", "2026-09-10", "2026-09-11"


async def stated(office: Office, id_: str, body: dict[str, Any], **params: Any) -> dict[str, Any]:
    answer = await office.http.put(office.path(f"/planned-absences/{id_}"), json=body, params=params)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def expected(office: Office, pupil_: str, day: str, session: str = "AM", **params: Any) -> dict[str, Any]:
    items = (await office.get(f"/registers/{day}/{session}", **params))["items"]
    [found] = [item["expected"] for item in items if item["pupil"] == pupil_]
    told: dict[str, Any] = found
    return told


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
    illness: dict[str, Any] = {"kind": "long-illness", "code": "I", "ends_on": "2026-10-16", "decision": decided()}
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
async def test_every_filter_narrows_the_list(listed: Office, params: list[tuple[str, Any]], ids: str) -> None:
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
