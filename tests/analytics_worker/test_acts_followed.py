"""Whoever follows the alerts by `changed_after` hears of every act, and of nothing twice that did not move."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest

from analytics_worker import projector, rebuilding
from analytics_worker.rebuilding import Difference
from kit import database as kit_database
from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.following import MONDAY, OFFICER, Follow, follow
from tests.analytics_worker.writing import Desk
from tests.support.office import refusal
from tests.support.postgres import Database

WRITES = ("alerts:read", "alerts:write")


class Follower:
    """Keeps the alerts that a list gives, as a MIS does: asks for what has changed, and keeps the position."""

    def __init__(self, http: httpx.AsyncClient, path: str) -> None:
        self._http, self._path, self._after = http, path, dict[str, str]()
        self.known: dict[str, dict[str, Any]] = {}

    async def heard(self) -> list[dict[str, Any]]:
        """Give what has changed since it was asked last."""
        answer = await self._http.get(self._path, params={"limit": 500, **self._after})
        assert answer.status_code == 200, answer.text
        body = answer.json()
        self._after = {"changed_after": body["changed_after"]}
        self.known |= {item["id"]: item for item in body["items"]}
        items: list[dict[str, Any]] = body["items"]
        return items


async def unexplained(desk: Desk, calling: Calling, urn: str, pupils: int) -> Follow:
    """Give a school whose pupils are absent since Monday's morning, and nobody has said why."""
    here = await follow(desk, calling, urn, pupils=pupils)
    await here.mark(MONDAY, *((no, "N") for no in range(1, pupils + 1)))
    here.clock(MONDAY, "16:00")
    await here.look()
    return here


@pytest.mark.parametrize(
    ("urn", "path"),
    [
        ("932101", "/v1/schools/932101/alerts"),
        ("932102", "/v1/trusts/7102/alerts"),
        ("932103", "/v1/local-authorities/884/alerts"),
    ],
)
async def test_an_alert_is_given_again_when_somebody_has_acted_on_it_and_no_other_is(
    desk: Desk, calling: Calling, urn: str, path: str
) -> None:
    here = await unexplained(desk, calling, urn, pupils=2)
    await here.school.facts("884" if urn == "932103" else "825", "7102" if urn == "932102" else None)
    await here.look()
    async with calling(scopes=WRITES) as http:
        mis = Follower(http, path)
        [alert, other] = [item for item in await mis.heard() if item["kind"] == "first-day-unexplained"]
        assert await mis.heard() == []
        url = f"/v1/schools/{urn}/alerts/{alert['id']}"
        seen = {"made_by": OFFICER}
        assert (await http.post(f"{url}/acknowledgements", json=seen)).status_code == 201
        await here.look()
        [given] = await mis.heard()
        assert (given["id"], given["acted"], given["acts"]) == (alert["id"], "acknowledged", 1)
        await here.act(alert, "telephone-call", MONDAY)
        await here.act(alert, "letter", MONDAY)
        await here.look()
        [given] = await mis.heard()
        assert (given["acted"], given["acts"], given["last_act"]["action"]) == ("acted-on", 3, "letter")
        assert {**given, **{name: alert[name] for name in ("acted", "acts", "last_act")}} == alert
        # The same again, and one that is refused, are no news; what is about another alert comes in its order.
        await here.act(alert, "letter", MONDAY)
        refused = {**seen, "action": "return-made", "done_on": str(MONDAY)}
        assert refusal(await http.post(f"{url}/actions", json=refused), "invalid-act")
        await here.look()
        assert await mis.heard() == []
        await here.act(other, "letter", MONDAY)
        await here.act(alert, "meeting", MONDAY)
        await here.look()
        assert [item["id"] for item in await mis.heard()] == [other["id"], alert["id"]]


async def test_no_act_is_missed_that_comes_while_the_worker_looks_and_others_read(desk: Desk, calling: Calling) -> None:
    here = await unexplained(desk, calling, "932104", pupils=6)
    async with calling(scopes=WRITES) as http:
        mis = Follower(http, "/v1/schools/932104/alerts")
        alerts = [item for item in await mis.heard() if item["kind"] == "first-day-unexplained"]
        assert len(alerts) == 6
        acting = True

        async def looks() -> None:
            while acting:
                await here.look()
                await asyncio.sleep(0)

        async def follows() -> None:
            while acting:
                await mis.heard()
                await asyncio.sleep(0)

        async def acts() -> None:
            for n in range(5):
                await asyncio.gather(
                    *(here.act(alert, "telephone-call", MONDAY, note=f"Call {n}") for alert in alerts[n % 2 :])
                )

        others = [asyncio.create_task(looks()), asyncio.create_task(follows())]
        await acts()
        acting = False
        await asyncio.gather(*others)
        await here.look()
        await mis.heard()
        afresh = Follower(http, "/v1/schools/932104/alerts")
        await afresh.heard()
        assert mis.known == afresh.known
        assert sorted(mis.known[alert["id"]]["acts"] for alert in alerts) == [3, 5, 5, 5, 5, 5]


async def test_a_school_whose_look_fails_for_an_act_alone_stands_still_and_is_told_of(
    desk: Desk, calling: Calling, database: Database
) -> None:
    here = await unexplained(desk, calling, "932106", pupils=1)
    async with calling(scopes=WRITES) as http:
        [alert] = [item for item in await Follower(http, "/v1/schools/932106/alerts").heard() if item["pupil"]]
    assert (await projector.faring(desk.analytics, desk.clock())).stalled == 0
    await here.act(alert, "letter", MONDAY)
    owner = await asyncpg.connect(database.owner_url)
    await owner.execute("ALTER TABLE analysis.alert ADD CONSTRAINT frozen CHECK (changed < 0) NOT VALID")
    await desk.sweep()
    assert (await projector.faring(desk.analytics, desk.clock())).stalled == 1
    await owner.execute("ALTER TABLE analysis.alert DROP CONSTRAINT frozen")
    await owner.close()
    here.clock(MONDAY, "16:30")
    await here.look()
    assert (await projector.faring(desk.analytics, desk.clock())).stalled == 0


async def raised_anew(here: Follow) -> Difference:
    """Raise the alerts of the school anew, as `rollbook rebuild` does; give what was not as it should be."""
    url = here.desk.analytics.url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(url)
    try:
        return await rebuilding.alerts(connection, here.school.school_id, here.desk.clock())
    finally:
        await connection.close()


async def test_a_rebuild_tells_nothing_anew_unless_something_was_wrong_and_then_with_what_was_done(
    desk: Desk, calling: Calling
) -> None:
    here = await unexplained(desk, calling, "932105", pupils=1)
    async with calling(scopes=WRITES) as http:
        mis = Follower(http, "/v1/schools/932105/alerts")
        [alert] = [item for item in await mis.heard() if item["kind"] == "first-day-unexplained"]
        await here.act(alert, "telephone-call", MONDAY)
        await here.look()
        assert [item["id"] for item in await mis.heard()] == [alert["id"]]
        assert await raised_anew(here) == Difference("alert", 0, 0)
        assert await mis.heard() == []
        async with kit_database.writing(desk.analytics, here.school.school_id) as connection:
            await connection.execute("UPDATE analysis.alert SET opened_on = '2026-09-01' WHERE pupil_no = 1")
        assert (await raised_anew(here)).added == 1
        [again] = [item for item in await mis.heard() if item["kind"] == "first-day-unexplained"]
        assert (again["id"], again["opened_on"], again["acts"]) == (alert["id"], str(MONDAY), 1)
        # What the worker has not looked at yet is no fault of what stands.
        await here.act(alert, "reason-given", MONDAY, note="A fall")
        assert await raised_anew(here) == Difference("alert", 0, 0)
        assert alert["id"] in [item["id"] for item in await mis.heard() if item["status"] == "closed"]
