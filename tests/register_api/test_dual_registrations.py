"""Dual registration: two registers that disagree about a pupil, told to both, and nothing more of the other school."""

import json
from typing import Any

import httpx
import pytest

from codes.identifiers import check_letter
from tests.support.office import MONDAY, TUESDAY, Office, calling, open_office, refusal
from tests.support.school import POLICY, marks, pupil, put
from tests.support.services import Register

PATH = "/dual-registrations/conflicts"
MAIN, OTHER, THIRD = "900801", "900802", "900803"
WEDNESDAY = "2026-09-09"


def upn(serial: int) -> str:
    digits = f"93134562230{serial}"
    return check_letter(digits) + digits


@pytest.fixture(scope="module")
async def schools(register: Register, admin: httpx.AsyncClient) -> dict[str, Office]:
    """Give two schools that register m-1/o-1 and m-2/o-2 both, m-3 that the other does not name back, and a third."""
    register.clock.set("2026-09-09T12:00:00+01:00")
    later = {**POLICY, "registers": [POLICY["registers"][0], {**POLICY["registers"][1], "closes": "13:40"}]}
    policies = {MAIN: POLICY, OTHER: later, THIRD: POLICY}
    offices = {
        urn: await open_office(admin, register.database, urn, pupils=1, policy=policy)
        for urn, policy in policies.items()
    }
    at_other, at_main = [{"urn": OTHER, "from": "2026-09-03"}], [{"urn": MAIN, "from": "2026-09-03"}]
    until_tuesday = [{"urn": MAIN, "from": "2026-09-03", "to": TUESDAY}]
    entries = {
        MAIN: [
            pupil(id="m-1", upn=upn(1), registered_at=at_other),
            pupil(id="m-2", upn=upn(2), registered_at=at_other),
            pupil(id="m-3", upn=upn(3), registered_at=[*at_other, {"urn": "999999", "from": "2026-09-03"}]),
            pupil(id="m-4", upn=None, registered_at=at_other),
        ],
        OTHER: [
            pupil(id="o-1", upn=upn(1), registered_at=at_main, surname="Otherwise"),
            pupil(id="o-2", upn=upn(2), registered_at=until_tuesday, surname="Otherwise"),
            pupil(id="o-3", upn=upn(3), registered_at=[{"urn": THIRD, "from": "2026-09-03"}]),
        ],
    }
    held = {
        MAIN: {
            (MONDAY, "AM"): (("m-1", "/"), ("m-2", "/"), ("m-3", "/")),
            (MONDAY, "PM"): (("m-1", "D"), ("m-2", "D")),
            (TUESDAY, "AM"): (("m-1", "D"), ("m-2", "I")),
            (TUESDAY, "PM"): (("m-1", "\\"),),
            (WEDNESDAY, "AM"): (("m-2", "/"),),
        },
        OTHER: {
            (MONDAY, "AM"): (("o-1", "D"), ("o-2", "N"), ("o-3", "/")),
            (MONDAY, "PM"): (("o-1", "\\"), ("o-2", "D")),
            (TUESDAY, "AM"): (("o-1", "D"), ("o-2", "D")),
            (WEDNESDAY, "AM"): (("o-2", "/"),),
        },
    }
    for urn, items in entries.items():
        answer = await admin.post(f"/v1/schools/{urn}/pupils", json={"pupils": items})
        assert answer.json()["entered"] == len(items), answer.text
        for (day, session), codes in held[urn].items():
            answer = await offices[urn].post(marks(*codes), day, session)
            assert answer.json()["entered"] == len(codes), answer.text
    return offices


@pytest.fixture(autouse=True)
def _wednesday(register: Register, _afternoon: None) -> None:
    register.clock.set("2026-09-09T12:00:00+01:00")


def told(body: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (item["pupil"], item["date"], item["session"], item["entry"]["code"], item["urn"], item["conflict"])
        for item in body["items"]
    ]


async def test_both_schools_are_told_where_they_disagree(schools: dict[str, Office]) -> None:
    body = await schools[MAIN].get(PATH)
    assert (body["from"], body["to"]) == ("2026-08-13", WEDNESDAY)
    assert told(body) == [
        ("m-2", MONDAY, "AM", "/", OTHER, "both-marked"),
        ("m-2", MONDAY, "PM", "D", OTHER, "neither-marked"),
        ("m-1", TUESDAY, "AM", "D", OTHER, "neither-marked"),
    ]
    assert told(await schools[OTHER].get(PATH)) == [
        ("o-2", MONDAY, "AM", "N", MAIN, "both-marked"),
        ("o-2", MONDAY, "PM", "D", MAIN, "neither-marked"),
        ("o-1", TUESDAY, "AM", "D", MAIN, "neither-marked"),
    ]


async def test_nothing_of_the_other_school_is_told_but_its_urn_and_the_kind(schools: dict[str, Office]) -> None:
    body = await schools[MAIN].get(PATH)
    for item in body["items"]:
        assert item.keys() == {"pupil", "date", "session", "entry", "urn", "conflict"}
        assert item["entry"].keys() == {"code", "version", "seq"}
    text = json.dumps(body)
    assert not any(secret in text for secret in ("o-1", "o-2", "Otherwise", "931345622"))


async def test_who_is_not_named_back_is_listed_and_not_read(schools: dict[str, Office]) -> None:
    body = await schools[MAIN].get(PATH)
    assert body["not_mutual"] == [
        {"pupil": "m-3", "urn": OTHER},
        {"pupil": "m-3", "urn": "999999"},
        {"pupil": "m-4", "urn": OTHER},
    ]
    assert (await schools[OTHER].get(PATH))["not_mutual"] == [{"pupil": "o-3", "urn": THIRD}]
    assert (await schools[THIRD].get(PATH))["items"] == []


async def test_the_read_is_recorded_at_both_schools_and_at_no_other(
    schools: dict[str, Office], register: Register
) -> None:
    register.clock.set("2026-09-09T12:10:00+01:00")
    await schools[MAIN].http.get(schools[MAIN].path(PATH), headers={"Rollbook-Read-By": "C. Clerk"})
    at = "2026-09-09T11:10:00.000000Z"
    recorded = {}
    for urn, office in schools.items():
        items = (await office.get("/reads"))["items"]
        recorded[urn] = sorted(
            (item["what"], item["pupil"] or "all", item["read_by"], item["from"]) for item in items if item["at"] == at
        )
    of = ("C. Clerk", "2026-08-13")
    assert recorded[MAIN] == [("dual-registrations", "all", *of)]
    assert recorded[OTHER] == [("dual-registrations", "o-1", *of), ("dual-registrations", "o-2", *of)]
    assert recorded[THIRD] == []


async def test_a_client_of_one_school_needs_no_reach_to_the_other(
    schools: dict[str, Office], register: Register
) -> None:
    async with calling(register, ("register:read",), "schools", [MAIN]) as own:
        assert len((await own.get(schools[MAIN].path(PATH))).json()["items"]) == 3
        refusal(await own.get(schools[OTHER].path(PATH)), "unknown-school")
    async with calling(register, ("marks:write",), "schools", [MAIN]) as other:
        refusal(await other.get(schools[MAIN].path(PATH)), "scope-required")


async def test_a_register_that_has_not_closed_is_no_conflict_yet(
    schools: dict[str, Office], register: Register
) -> None:
    register.clock.set("2026-09-09T13:10:00+01:00")
    body = marks(("m-1", "\\"))
    await schools[MAIN].post(body, WEDNESDAY, "PM")
    await schools[OTHER].post(marks(("o-1", "\\")), WEDNESDAY, "PM")
    for at in ("13:10", "13:29", "13:30", "13:39"):
        register.clock.set(f"2026-09-09T{at}:00+01:00")
        for urn in (MAIN, OTHER):
            assert [each for each in told(await schools[urn].get(PATH)) if each[1] == WEDNESDAY] == []
    register.clock.set("2026-09-09T13:40:00+01:00")
    assert [each[:4] for each in told(await schools[MAIN].get(PATH)) if each[1] == WEDNESDAY] == [
        ("m-1", WEDNESDAY, "PM", "\\")
    ]


async def test_the_list_has_pages_dates_and_positions(schools: dict[str, Office]) -> None:
    office = schools[MAIN]
    whole = told(await office.get(PATH, to=TUESDAY))
    page = await office.http.get(office.path(PATH), params={"limit": 1, "to": TUESDAY})
    seen = told(page.json())
    while page.json()["next"]:
        page = await office.http.get(page.headers["link"][1:].partition(">")[0])
        seen += told(page.json())
    assert seen == whole
    assert len(whole) == 3
    assert told(await office.get(PATH, **{"from": TUESDAY, "to": TUESDAY})) == whole[2:]
    assert (await office.get(PATH, as_at="seq:0", to=TUESDAY))["items"] == []
    refusal(await office.http.get(office.path(PATH), params={"from": WEDNESDAY, "to": MONDAY}), "invalid-parameter")
    refusal(await office.http.get(office.path(PATH), params={"cursor": "e30"}), "invalid-cursor")


async def test_a_pupil_who_is_no_longer_registered_there_is_in_no_conflict(
    schools: dict[str, Office], register: Register
) -> None:
    before = told(await schools[MAIN].get(PATH))
    assert [each for each in before if each[1] == WEDNESDAY and each[2] == "AM"] == []
    was = [{"urn": OTHER, "from": "2026-09-03", "to": MONDAY}]
    await put(schools[MAIN].http, schools[MAIN].path("/pupils/m-1"), pupil(upn=upn(1), registered_at=was))
    assert "m-1" not in {each[0] for each in told(await schools[MAIN].get(PATH))}
    assert "o-1" not in {each[0] for each in told(await schools[OTHER].get(PATH))}


async def test_a_school_that_was_converted_is_the_school_that_it_was(
    schools: dict[str, Office], register: Register, admin: httpx.AsyncClient
) -> None:
    before = [each[:4] for each in told(await schools[MAIN].get(PATH))]
    assert before
    body = {"name": "Converted", "phase": "primary", "age_range": [4, 11], "continues": OTHER}
    await put(admin, "/v1/schools/900804", body)
    after = told(await schools[MAIN].get(PATH))
    assert [each[:4] for each in after] == before
    assert {each[4] for each in after} == {OTHER}
