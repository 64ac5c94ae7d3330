"""An authority and a trust read the alerts of their schools, school by school, and miss none that changed since."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest

from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.raising import Raising
from tests.analytics_worker.writing import Desk, School
from tests.support.office import refusal
from tests.support.postgres import Database

OURS = "/v1/local-authorities/931/alerts"
TRUSTS = "/v1/trusts/7101/alerts"


@dataclass(frozen=True, slots=True)
class Town:
    """Three schools, the first two in the authority 931, the first and the last in the trust 7101."""

    schools: Mapping[str, School]
    raising: Mapping[str, Raising]


@pytest.fixture(scope="module")
async def town(desk: Desk) -> Town:
    """Give the schools with alerts: three, two and one of pupils, and one of a register in the first."""
    schools, raising = {}, {}
    for urn, la_code, trust, alerts in (
        ("921901", "931", "7101", 3),
        ("921902", "931", None, 2),
        ("921903", "884", "7101", 1),
    ):
        school = await desk.open(urn, la_code, pupils=3, facts={"responsible_la": "931"} if urn == "921903" else {})
        await school.facts(la_code, trust)
        schools[urn], raising[urn] = school, Raising(school)
        await desk.fold()
        for pupil_no in range(1, alerts + 1):
            await raising[urn].raised("n-overdue", pupil_no, "2026-11-16", period=f"2026-11-0{pupil_no} AM")
    await raising["921901"].raised("register-not-taken", None, "2026-11-20", period="2026-11-20 AM 4B", register="4B")
    return Town(schools, raising)


async def got(http: httpx.AsyncClient, path: str, **params: Any) -> dict[str, Any]:
    answer = await http.get(path, params=params)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def told(body: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    return [(item["urn"], item["pupil"]) for item in body["items"]]


FIRST = [("921901", "p-1"), ("921901", "p-2"), ("921901", "p-3"), ("921901", None)]
SECOND = [("921902", "p-1"), ("921902", "p-2")]
THIRD = [("921903", "p-1")]


async def test_each_reach_has_the_alerts_of_its_own_schools_each_with_its_urn(town: Town, calling: Calling) -> None:
    async with calling("authority", "931") as http:
        body = await got(http, OURS)
        assert (body["la_code"], told(body)) == ("931", FIRST + SECOND)
        assert [school["urn"] for school in body["schools"]] == ["921901", "921902"]
        assert body["items"][0]["evidence"]["closes_when"]
        assert refusal(await http.get(TRUSTS), "unknown-trust")
        assert refusal(await http.get("/v1/local-authorities/884/alerts"), "unknown-authority")
        assert refusal(await http.get("/v1/local-authorities/884/alerts/counts"), "unknown-authority")
    async with calling("trust", "7101") as http:
        body = await got(http, TRUSTS)
        assert (body["trust_uid"], told(body)) == ("7101", FIRST + THIRD)
        assert told(await got(http, TRUSTS, kind="register-not-taken")) == [("921901", None)]
        assert told(await got(http, TRUSTS, school="921903")) == THIRD
        assert told(await got(http, TRUSTS, school=["921901", "921903"], pupil="p-1")) == [FIRST[0], *THIRD]
        assert refusal(await http.get(TRUSTS, params={"pupil": "p-1"}), "invalid-parameter")
        assert refusal(await http.get(TRUSTS, params={"class": "4B"}), "invalid-parameter")


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6, 7])
async def test_pages_go_from_school_to_school(town: Town, calling: Calling, limit: int) -> None:
    async with calling("authority", "931") as http:
        found: list[Any] = []
        cursor: dict[str, str] | None = {}
        while cursor is not None:
            body = await got(http, OURS, limit=limit, **cursor)
            assert len(body["items"]) <= limit
            found += told(body)
            cursor = None if body["next"] is None else {"cursor": body["next"]}
    assert found == FIRST + SECOND


async def test_what_changes_while_pages_are_read_is_told_by_what_is_asked_for_after_them(
    desk: Desk, calling: Calling
) -> None:
    schools = [await desk.open(urn, "825", pupils=2) for urn in ("921911", "921912")]
    path = "/v1/local-authorities/825/alerts"
    raising = [Raising(school) for school in schools]
    await desk.fold()
    for one in raising:
        await one.raised("n-overdue", 1, "2026-11-16")
    await raising[1].raised("n-overdue", 2, "2026-11-16")
    async with calling("authority", "825") as http:
        first = await got(http, path, limit=2)
        behind_us = await raising[0].raised("study-leave", 2, "2026-11-20")
        second = await got(http, path, limit=2, cursor=first["next"])
        assert (told(second), second["next"]) == ([("921912", "p-2")], None)
        after = await got(http, path, changed_after=second["changed_after"])
        assert [item["id"] for item in after["items"]] == [behind_us]
        assert (await got(http, path, changed_after=after["changed_after"]))["items"] == []
        await raising[1].close(second["items"][0]["id"], "2026-11-20")
        closed = await got(http, path, changed_after=after["changed_after"])
        assert [(item["urn"], item["status"]) for item in closed["items"]] == [("921912", "closed")]
        # A school that is new to the authority is told from the beginning.
        await town_gains(desk)
        assert told(await got(http, path, changed_after=closed["changed_after"])) == [("921913", "p-1")]
        theirs = await http.get(path, params={"changed_after": (await positions_of(http, calling))})
        assert refusal(theirs, "invalid-cursor")


async def town_gains(desk: Desk) -> None:
    """Give the authority 825 one more school, with an alert."""
    school = await desk.open("921913", "825", pupils=1)
    await desk.fold()
    await Raising(school).raised("n-overdue", 1, "2026-11-16")


async def positions_of(http: httpx.AsyncClient, calling: Calling) -> str:
    """Give what another authority asks with."""
    async with calling("authority", "884") as other:
        return str((await got(other, "/v1/local-authorities/884/alerts"))["changed_after"])


async def test_counts_are_pooled_and_said_of_each_school(town: Town, calling: Calling) -> None:
    async with calling("authority", "931") as http:
        counts = await got(http, f"{OURS}/counts")
        assert (counts["la_code"], counts["alerts"], counts["pupils"]) == ("931", 6, 5)
        assert [tuple(line.values()) for line in counts["kinds"]] == [("n-overdue", 5, 5), ("register-not-taken", 1, 0)]
        assert [(line["urn"], line["alerts"], line["pupils"]) for line in counts["schools"]] == [
            ("921901", 4, 3),
            ("921902", 2, 2),
        ]
        assert counts["schools"][0]["kinds"][1] == {"kind": "register-not-taken", "alerts": 1, "pupils": 0}
        assert (await got(http, f"{OURS}/counts", school="921902"))["alerts"] == 2
        assert "classes" not in counts
    async with calling("trust", "7101") as http:
        counts = await got(http, f"{TRUSTS}/counts")
        assert (counts["trust_uid"], counts["alerts"]) == ("7101", 5)


async def test_a_reader_of_groups_is_told_of_no_school_with_one_or_two_pupils(town: Town, calling: Calling) -> None:
    async with calling("authority", "931", scopes=("summaries:read",)) as http:
        counts = await got(http, f"{OURS}/counts")
        assert (counts["alerts"], counts["pupils"]) == (6, 5)
        # The first has three pupils and goes too, else the second could be had from the total.
        assert [line["alerts"] for line in counts["schools"]] == [None, None]
        assert all("kinds" not in line for line in counts["schools"])
        assert (await got(http, f"{OURS}/counts", school="921902"))["alerts"] is None
        assert refusal(await http.get(OURS), "scope-required")


async def test_the_children_an_authority_is_responsible_for_are_counted_wherever_they_are(
    town: Town, calling: Calling
) -> None:
    path = "/v1/local-authorities/931/responsible/alerts/counts"
    async with calling("authority", "931") as http:
        counts = await got(http, path)
        assert [(line["urn"], line["alerts"]) for line in counts["schools"]] == [("921903", 1)]
        assert refusal(await http.get(path, params={"pupil": "p-1"}), "invalid-parameter")
        await town.schools["921903"].pupil(1, facts={"responsible_la": "884"}, effective_from="2026-11-01")
        assert (await got(http, path))["alerts"] == 0
        await town.schools["921903"].pupil(1, facts={"responsible_la": "931"}, effective_from="2026-11-01")


async def test_a_school_of_which_something_is_given_is_read_on_record(
    town: Town, calling: Calling, database: Database
) -> None:
    owner = await asyncpg.connect(database.owner_url)
    count = "SELECT count(*) FROM access.pupil_read WHERE school_id = $1 AND what = 'alerts'"
    ids = [town.schools[urn].school_id for urn in ("921901", "921902")]
    before = [await owner.fetchval(count, id_) for id_ in ids]
    async with calling("authority", "931") as http:
        await got(http, OURS, limit=4)
        await got(http, f"{OURS}/counts")
    after = [await owner.fetchval(count, id_) for id_ in ids]
    await owner.close()
    assert [late - early for early, late in zip(before, after, strict=True)] == [1, 0]
