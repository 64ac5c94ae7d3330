"""Absence known ahead: stated, decided and read back as it stood; it says what is expected and marks nothing."""

from typing import Any

import httpx
import pytest

from tests.support.office import MONDAY, TUESDAY, Office, open_office, refusal
from tests.support.plans import KINDS, PARENT, at, decided, plan
from tests.support.school import OFFICE
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
    granted = decided(first=at(WEDNESDAY), last=at(WEDNESDAY))
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
