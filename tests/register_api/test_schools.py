"""Setting up a school: an upsert, facts for an administrator alone, a policy with its warnings, a conversion."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.support.office import Office, amending, calling, open_office, refusal
from tests.support.school import OFFICE, POLICY, marks, put
from tests.support.services import Register

SCHOOL: dict[str, Any] = {"name": "Invented Primary", "phase": "primary", "age_range": [4, 11], "policy": POLICY}


@pytest.fixture(scope="module")
async def mis(register: Register) -> AsyncIterator[httpx.AsyncClient]:
    """Give the client of a MIS: it may write the roll of the schools it names and is no administrator."""
    scopes = ("roll:write", "marks:write", "register:read", "audit:read")
    async with calling(register, scopes, "schools", [f"90030{n}" for n in range(10)]) as http:
        yield http


async def test_a_client_sets_up_a_school_that_it_names(mis: httpx.AsyncClient) -> None:
    answer = await mis.put("/v1/schools/900301", json=SCHOOL)
    assert answer.status_code == 200, answer.text
    read = (await mis.get("/v1/schools/900301")).json()
    assert {name: read[name] for name in SCHOOL} == SCHOOL
    assert (read["urn"], read["laestab"], read["la_code"], read["trust"], read["closed_on"]) == ("900301", *[None] * 4)
    assert read == answer.json()
    assert len(read["register"]) == 36


async def test_what_equals_what_stands_emits_nothing(mis: httpx.AsyncClient) -> None:
    first = (await mis.put("/v1/schools/900302", json=SCHOOL)).json()
    assert first["as_at"]["seq"] == 2
    again = (await mis.put("/v1/schools/900302", json=SCHOOL)).json()
    assert again["as_at"]["seq"] == 2
    without_policy = {name: SCHOOL[name] for name in SCHOOL if name != "policy"}
    assert (await mis.put("/v1/schools/900302", json=without_policy)).json()["as_at"]["seq"] == 2
    renamed = (await mis.put("/v1/schools/900302", json={**SCHOOL, "name": "Renamed"})).json()
    assert (renamed["name"], renamed["as_at"]["seq"]) == ("Renamed", 3)
    kinds = [leaf["kind"] for leaf in await leaves(mis, "900302")]
    assert kinds == ["school-changed", "policy-changed", "school-changed"]


async def leaves(http: httpx.AsyncClient, urn: str) -> list[dict[str, Any]]:
    answer = await http.get(f"/v1/schools/{urn}/events")
    assert answer.status_code == 200, answer.text
    return [httpx.Response(200, content=line).json() for line in answer.content.splitlines()]


@pytest.mark.parametrize(
    "fact",
    [
        {"laestab": "9313456"},
        {"la_code": "931"},
        {"trust": {"uid": "5143", "name": "Invented Trust"}},
        {"continues": "900302"},
        {"closed_on": "2026-12-31"},
    ],
)
async def test_a_fact_of_reach_is_set_by_an_administrator_alone(mis: httpx.AsyncClient, fact: dict[str, Any]) -> None:
    for urn in ("900301", "900303"):
        answer = await mis.put(f"/v1/schools/{urn}", json={**SCHOOL, **fact})
        refusal(answer, "reach-fact", at=f"#/{next(iter(fact))}")
    refusal(await mis.get("/v1/schools/900303"), "unknown-school")


async def test_a_fact_of_reach_stays_when_the_mis_leaves_it_out_or_repeats_it(
    admin: httpx.AsyncClient, mis: httpx.AsyncClient
) -> None:
    facts = {"la_code": "931", "laestab": "9313456", "trust": {"uid": "5143", "name": "Invented Trust"}}
    assert (await admin.put("/v1/schools/900304", json={**SCHOOL, **facts})).status_code == 200
    for body in (SCHOOL, {**SCHOOL, "la_code": "931"}):
        read = (await mis.put("/v1/schools/900304", json=body)).json()
        assert {name: read[name] for name in facts} == facts
        assert read["as_at"]["seq"] == 2
    cleared = (await admin.put("/v1/schools/900304", json={**SCHOOL, "trust": None})).json()
    assert (cleared["trust"], cleared["la_code"]) == (None, "931")


@pytest.mark.parametrize(
    ("body", "slug", "at"),
    [
        ({"name": ""}, "invalid-request", "#/name"),
        ({"name": "\0"}, "invalid-request", "#/name"),
        ({"phase": "college"}, "invalid-request", "#/phase"),
        ({"age_range": [11, 4]}, "invalid-request", "#/age_range"),
        ({"age_range": [4]}, "invalid-request", "#/age_range"),
        ({"age_range": ["4", 11]}, "invalid-request", "#/age_range/0"),
        ({"la_code": "000"}, "invalid-request", "#/la_code"),
        ({"laestab": "12"}, "invalid-request", "#/laestab"),
        ({"trust": {"uid": "x", "name": "T"}}, "invalid-request", "#/trust/uid"),
        ({"continues": "9\0"}, "invalid-request", "#/continues"),
        ({"continues": "999999"}, "unknown-school", "#/continues"),
        ({"urn": "900305"}, "invalid-request", "#/urn"),
        ({"policy": []}, "invalid-request", "#/policy"),
        ({"policy": {}}, "invalid-policy", "#/policy/registers"),
        ({"policy": {**POLICY, "targets": 96}}, "invalid-policy", "#/policy/targets"),
        ({"policy": {**POLICY, "\u00e9\0": 1}}, "invalid-policy", "#/policy/%C3%A9%00"),
        ({"policy": {**POLICY, "target": 101}}, "invalid-policy", "#/policy/target"),
        ({"policy": {**POLICY, "retention_years": 3}}, "retention-too-short", "#/policy/retention_years"),
        ({"policy": {"registers": [*POLICY["registers"], 7]}}, "invalid-policy", "#/policy/registers/2"),
        (
            {"policy": {"registers": [{**POLICY["registers"][0], "closes": "08:00"}, POLICY["registers"][1]]}},
            "invalid-policy",
            "#/policy/registers/0/closes",
        ),
    ],
)
async def test_a_school_that_cannot_be_kept_is_refused_with_a_pointer(
    admin: httpx.AsyncClient, body: dict[str, Any], slug: str, at: str
) -> None:
    refusal(await admin.put("/v1/schools/900305", json={**SCHOOL, **body}), slug, at=at)
    refusal(await admin.get("/v1/schools/900305"), "unknown-school")


@pytest.mark.parametrize("urn", ["12345", "1234567", "abcdef", "99999\u0669"])
async def test_a_urn_has_six_digits(admin: httpx.AsyncClient, urn: str) -> None:
    refusal(await admin.put(f"/v1/schools/{urn}", json=SCHOOL), "invalid-urn", at="urn")


async def test_what_the_guidance_advises_against_is_kept_and_said(mis: httpx.AsyncClient) -> None:
    long = {"registers": [{**POLICY["registers"][0], "closes": "09:30"}, POLICY["registers"][1]]}
    answer = await mis.put("/v1/schools/900306", json={**SCHOOL, "policy": long})
    assert answer.status_code == 200
    warned = {warning["pointer"] for warning in answer.json()["warnings"]}
    assert warned == {"#/policy/registers/0/closes", "#/policy/registers"}
    assert all(warning["detail"] and warning["source"] for warning in answer.json()["warnings"])
    assert (await mis.put("/v1/schools/900306", json=SCHOOL)).json()["warnings"] == []


async def test_a_change_says_who_made_it(mis: httpx.AsyncClient) -> None:
    change = {"made_by": OFFICE, "made_at": "2026-09-07T10:00:00+01:00", "reason": "New head"}
    await mis.put("/v1/schools/900307", json={**SCHOOL, "change": change})
    stated, policy = await leaves(mis, "900307")
    assert stated["made_by"] == policy["made_by"] is not None
    assert stated["reason"] is not None
    assert stated["made_at"] == 1_788_771_600_000_000
    await mis.put("/v1/schools/900307", json={**SCHOOL, "name": "Renamed"})
    assert (await leaves(mis, "900307"))[2]["made_by"] is None


async def test_a_dry_run_sets_up_nothing(mis: httpx.AsyncClient) -> None:
    tried = await mis.put("/v1/schools/900308", json=SCHOOL, params={"dry_run": "true"})
    assert tried.status_code == 200
    assert tried.json()["name"] == SCHOOL["name"]
    refusal(await mis.get("/v1/schools/900308"), "unknown-school")


async def test_a_register_goes_on_under_the_urn_of_a_conversion(register: Register, admin: httpx.AsyncClient) -> None:
    office = await open_office(admin, register.database, "900401", pupils=2)
    await office.entered(("p-001", "/"))
    before = await office.get("")
    answer = await admin.put("/v1/schools/900402", json={**SCHOOL, "continues": "900401", "la_code": "931"})
    assert answer.status_code == 200, answer.text
    converted = answer.json()
    assert (converted["urn"], converted["continues"]) == ("900402", "900401")
    assert converted["register"] == before["register"]
    for urn in ("900401", "900402"):
        items = (await admin.get(f"/v1/schools/{urn}/registers/2026-09-07/AM")).json()["items"]
        assert [item["entry"] and item["entry"]["code"] for item in items] == ["/", None]
    async with calling(register, ("register:read",), "schools", ["900401"]) as old:
        assert (await old.get("/v1/schools/900402")).status_code == 200
    await office.stream()


async def test_a_register_that_is_out_of_reach_cannot_be_continued(register: Register, office: Office) -> None:
    before = await office.head()
    async with calling(register, ("roll:write", "register:read", "admin"), "schools", ["900403"]) as http:
        answer = await http.put("/v1/schools/900403", json={**SCHOOL, "continues": office.urn})
        refusal(answer, "unknown-school", at="#/continues")
        refusal(await http.get("/v1/schools/900403"), "unknown-school")
    assert await office.head() == before


async def test_an_authority_or_a_trust_sets_up_no_school(register: Register) -> None:
    for kind, reach in (("authority", ["931"]), ("trust", ["5143"])):
        async with calling(register, ("roll:write", "admin"), kind, reach) as http:
            answer = await http.put("/v1/schools/900404", json={**SCHOOL, "la_code": "931"})
            refusal(answer, "unknown-school")


async def test_an_old_urn_does_not_turn_a_register_back(register: Register, admin: httpx.AsyncClient) -> None:
    office = await open_office(admin, register.database, "900411", pupils=1)
    await put(admin, "/v1/schools/900412", {**SCHOOL, "continues": "900411"})
    seq = (await office.get(""))["as_at"]["seq"]
    for urn in ("900411", "900412"):
        again = await put(admin, f"/v1/schools/{urn}", SCHOOL)
        assert (again["urn"], again["continues"], again["as_at"]["seq"]) == ("900412", "900411", seq)
    renamed = await put(admin, "/v1/schools/900411", {**SCHOOL, "name": "Renamed"})
    assert (renamed["urn"], renamed["name"]) == ("900412", "Renamed")
    again = await put(admin, "/v1/schools/900411", {**SCHOOL, "name": "Renamed", "continues": "900411"})
    assert again["urn"] == "900412"


async def test_lists_positions_and_tokens_from_before_a_conversion_still_answer(
    register: Register, admin: httpx.AsyncClient
) -> None:
    office = await open_office(admin, register.database, "900421", pupils=5)
    await office.entered(*((f"p-00{n}", "N") for n in range(1, 6)))
    await office.amended(*(amending(f"p-00{n}", "N", "I") for n in range(1, 4)))
    pages = {}
    for path in ("/pupils", "/amendments", "/roll-changes"):
        pages[path] = (await admin.get(office.path(path), params={"limit": 2})).json()
        assert pages[path]["next"]
    last = (await office.head())[0]
    async with calling(register, ("register:read",), "schools", ["900421"]) as old:
        assert (await old.get("/v1/schools/900421")).status_code == 200
        await put(admin, "/v1/schools/900422", {**SCHOOL, "continues": "900421"})
        async with calling(register, ("register:read", "marks:write"), "schools", ["900422"]) as new:
            for http in (old, new):
                for urn in ("900421", "900422"):
                    assert (await http.get(f"/v1/schools/{urn}/pupils")).status_code == 200
            for urn, pupil_id in (("900421", "p-001"), ("900422", "p-002")):
                sent = await new.post(f"/v1/schools/{urn}/registers/2026-09-07/PM/marks", json=marks((pupil_id, "\\")))
                assert sent.json()["entered"] == 1, sent.text
    for urn in ("900421", "900422"):
        for path, page in pages.items():
            rest = await admin.get(f"/v1/schools/{urn}{path}", params={"cursor": page["next"]})
            assert rest.status_code == 200, rest.text
            assert rest.json()["as_at"]["seq"] == page["as_at"]["seq"]
            assert not {item.get("seq") or item["id"] for item in rest.json()["items"]} & {
                item.get("seq") or item["id"] for item in page["items"]
            }
        lines = (await admin.get(f"/v1/schools/{urn}/events", params={"after": last})).content.splitlines()
        assert [httpx.Response(200, content=line).json()["seq"] for line in lines] == [last + 1, last + 2, last + 3]
    await office.stream()


async def test_a_merger_is_a_register_of_its_own_and_the_old_ones_stay(
    register: Register, admin: httpx.AsyncClient
) -> None:
    old = [await open_office(admin, register.database, urn, pupils=2) for urn in ("900431", "900432")]
    await old[0].entered(("p-001", "/"))
    streams = [await office.stream() for office in old]
    merged = await open_office(admin, register.database, "900433", pupils=2)
    closed = {**SCHOOL, "closed_on": "2026-09-07"}
    for office, stream in zip(old, streams, strict=True):
        assert (await put(admin, office.path(), closed))["closed_on"] == "2026-09-07"
        assert (await office.stream())[: len(stream)] == stream
    assert (await old[0].get("/pupils/p-001/marks"))["items"][0]["code"] == "/"
    assert (await merged.get("/pupils/p-001/marks"))["items"] == []
    assert len({(await office.get(""))["register"] for office in (*old, merged)}) == 3


async def test_a_register_does_not_continue_a_second_one(register: Register, admin: httpx.AsyncClient) -> None:
    offices = [await open_office(admin, register.database, urn, pupils=1) for urn in ("900441", "900442")]
    before = [await office.head() for office in offices]
    answer = await admin.put("/v1/schools/900442", json={**SCHOOL, "continues": "900441"})
    refusal(answer, "two-registers", at="#/continues")
    answer = await admin.put("/v1/schools/900442", json={**SCHOOL, "continues": "999999"})
    refusal(answer, "unknown-school", at="#/continues")
    assert [await office.head() for office in offices] == before
    await put(admin, "/v1/schools/900443", {**SCHOOL, "continues": "900441"})
    refusal(await admin.put("/v1/schools/900443", json={**SCHOOL, "continues": "900442"}), "two-registers")
    assert (await put(admin, "/v1/schools/900443", {**SCHOOL, "continues": "900441"}))["continues"] == "900441"
