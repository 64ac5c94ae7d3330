"""The authority responsible for a child decides who reads of it: an administrator sets it, no school's own client."""

import random
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from tests.support.office import Office, calling, open_office, refusal, told
from tests.support.school import pupil, put
from tests.support.services import Register

AT = "#/facts/responsible_la"
PLACED = "2026-09-03"


@pytest.fixture(scope="module")
async def school(register: Register, admin: httpx.AsyncClient) -> Office:
    return await open_office(admin, register.database, "900971", pupils=20)


@pytest.fixture(scope="module")
async def own(register: Register, school: Office) -> AsyncIterator[httpx.AsyncClient]:
    """Give the school's own client, which administers nothing."""
    async with calling(register, ("roll:write", "register:read"), "schools", [school.urn]) as http:
        yield http


async def facts(school: Office, id_: str, on: str) -> Any:
    items = (await school.get("/pupils", on=on))["items"]
    return next(item["facts"] for item in items if item["id"] == id_)


def naming(code: str | None, **other: Any) -> dict[str, Any]:
    return pupil(**{**other, "facts": {**other.get("facts", {}), "responsible_la": code}})


async def of_330(school: Office, on: str = PLACED) -> str:
    """Give the path of a pupil for whom authority 330 is responsible from a day on."""
    id_ = school.pupil()
    path = school.path(f"/pupils/{id_}")
    assert (await put(school.http, path, naming("330", effective_from=on)))["outcome"] == "changed"
    return path


async def test_a_schools_own_client_does_not_set_it_for_a_pupil_new_or_known(
    school: Office, own: httpx.AsyncClient
) -> None:
    before = await school.head()
    for id_ in ("new-1", school.pupil()):
        refusal(await own.put(school.path(f"/pupils/{id_}"), json=naming("330")), "reach-fact", at=AT)
    assert await school.head() == before


@pytest.mark.parametrize("code", ["331", None])
async def test_a_schools_own_client_does_not_change_it_or_take_it_away(
    school: Office, own: httpx.AsyncClient, code: str | None
) -> None:
    path = await of_330(school)
    refusal(await own.put(path, json=naming(code)), "reach-fact", at=AT)


async def test_what_stands_stays_when_the_school_states_the_other_facts(school: Office, own: httpx.AsyncClient) -> None:
    path = await of_330(school)
    for body in (pupil(facts={"fsm": True}), naming("330", facts={"fsm": False}), {**pupil(), "class": "4C"}):
        assert (await put(own, path, body))["outcome"] == "changed"
        standing = (await own.get(path)).json()["facts"]
        assert standing == {**body.get("facts", {}), "responsible_la": "330"}
    assert (await put(own, path, {**pupil(), "class": "4C"}))["outcome"] == "unchanged"


async def test_the_others_of_a_request_stand(school: Office, own: httpx.AsyncClient) -> None:
    path = await of_330(school)
    known = path.rpartition("/")[2]
    items = [
        pupil(id="new-2"),
        naming("330", id="new-3"),
        naming("330", id=known, known_as="Wren"),
        naming("331", id="new-4"),
    ]
    outcomes = (await own.post(school.path("/pupils"), json={"pupils": items})).json()["outcomes"]
    assert [outcome["outcome"] for outcome in outcomes] == ["entered", "refused", "changed", "refused"]
    for index in (1, 3):
        told(outcomes[index]["problem"], "reach-fact", at=f"#/pupils/{index}/facts/responsible_la")


async def test_an_administrator_names_an_authority_that_there_is(school: Office) -> None:
    path = school.path(f"/pupils/{school.pupil()}")
    refusal(await school.http.put(path, json=naming("999")), "invalid-request", at=AT)
    items = {"pupils": [naming("999", id="new-5")]}
    outcomes = (await school.http.post(school.path("/pupils"), json=items)).json()["outcomes"]
    told(outcomes[0]["problem"], "invalid-item", at="#/pupils/0/facts/responsible_la")


async def test_null_says_that_no_other_authority_is_responsible(school: Office) -> None:
    path = await of_330(school)
    assert (await put(school.http, path, naming(None)))["outcome"] == "changed"
    id_ = path.rpartition("/")[2]
    assert await facts(school, id_, "2026-09-06") == {"responsible_la": "330"}
    assert await facts(school, id_, "2026-09-07") == {}


async def test_a_schools_own_client_does_not_bring_it_forward(school: Office, own: httpx.AsyncClient) -> None:
    path = await of_330(school, on="2026-10-01")
    for day in ("2026-09-03", "2026-09-30"):
        refusal(await own.put(path, json=naming("330", effective_from=day)), "reach-fact", at=AT)
    refusal(await own.put(path, json={**naming("330"), "class": "4C"}), "reach-fact", at=AT)
    moved = {**pupil(effective_from="2026-09-20"), "class": "4C"}
    assert (await put(own, path, moved))["outcome"] == "changed"
    id_ = path.rpartition("/")[2]
    assert await facts(school, id_, "2026-09-30") == {}
    assert await facts(school, id_, "2026-10-01") == {"responsible_la": "330"}


async def test_what_a_school_has_stated_ahead_follows_the_administrator(school: Office, own: httpx.AsyncClient) -> None:
    path = await of_330(school)
    move = {**pupil(effective_from="2027-09-01", year_group="5", facts={"fsm": True}), "class": "5A"}
    assert (await put(own, path, move))["outcome"] == "changed"
    before = await school.head()
    answer = await put(school.http, path, naming("331"))
    assert (answer["outcome"], answer["seq"]) == ("changed", before[0] + 2)
    id_ = path.rpartition("/")[2]
    assert await facts(school, id_, "2026-09-06") == {"responsible_la": "330"}
    assert await facts(school, id_, "2027-08-31") == {"responsible_la": "331"}
    assert await facts(school, id_, "2027-09-01") == {"fsm": True, "responsible_la": "331"}
    assert (await own.get(path)).json()["class"] == "4B"
    assert (await put(own, path, move))["outcome"] == "unchanged"
    await school.stream()


async def test_a_try_writes_nothing_ahead(school: Office, own: httpx.AsyncClient) -> None:
    path = await of_330(school)
    await put(own, path, {**pupil(effective_from="2027-09-01"), "class": "5A"})
    before = await school.head()
    answer = await school.http.put(path, json=naming("331"), params={"dry_run": True})
    assert (answer.json()["outcome"], answer.json()["seq"]) == ("changed", before[0] + 2)
    assert await school.head() == before


DAYS = [(date(2026, 9, 3) + timedelta(days=each)).isoformat() for each in range(0, 40, 4)]


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_is_stated_in_whatever_order_it_is_on_each_day_what_an_administrator_said(
    register: Register, school: Office, own: httpx.AsyncClient, seed: int
) -> None:
    """Held against a list of days: an administrator moves the run of days that name the same authority, to its end."""
    chance = random.Random(seed)
    path = school.path(f"/pupils/model-{seed}")
    assert (await put(own, path, pupil()))["outcome"] == "entered"
    said: list[str | None] = [None] * len(DAYS)
    for n in range(40):
        at = chance.randrange(len(DAYS))
        other = {"class": chance.choice(("4A", "4B")), "known_as": f"N{n}", "effective_from": DAYS[at]}
        if chance.random() < 0.7:
            stated = chance.choice(({}, {"facts": {"fsm": True}}, {"facts": {"responsible_la": said[at]}}))
            await put(own, path, {**pupil(**stated), **other})
        else:
            code = chance.choice(("330", "331", None))
            refused = await own.put(path, json={**naming(code), **other})
            assert (refused.status_code == 403) == (code != said[at]), refused.text
            await put(school.http, path, {**naming(code), **other})
            end = next((end for end in range(at, len(DAYS)) if said[end] != said[at]), len(DAYS))
            said[at:end] = [code] * (end - at)
        for day, code in zip(DAYS, said, strict=True):
            assert (await facts(school, f"model-{seed}", day)).get("responsible_la") == code, (seed, n, day)


async def test_which_schools_have_had_such_a_child_is_kept_for_each_authority(
    register: Register, school: Office, own: httpx.AsyncClient
) -> None:
    path = school.path(f"/pupils/{school.pupil()}")
    connection = await asyncpg.connect(register.database.owner_url)
    asked = (
        "SELECT array_agg(r.la_code) FROM register.responsible r JOIN register.urn USING (school_id) WHERE urn = $1 "
        "AND la_code = '344'"
    )
    try:
        assert await connection.fetchval(asked, school.urn) is None
        refusal(await own.put(path, json=naming("344")), "reach-fact")
        await school.http.put(path, json=naming("344"), params={"dry_run": True})
        assert await connection.fetchval(asked, school.urn) is None
        for code in ("344", None, "344"):
            await put(school.http, path, naming(code))
        assert await connection.fetchval(asked, school.urn) == ["344"]
    finally:
        await connection.close()
