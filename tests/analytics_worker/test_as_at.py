"""As at: what is read of a moment that has passed is what was answered at that moment, folded or not, and for ever."""

import random
from datetime import date, timedelta
from typing import Any

import pytest

from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.writing import Desk, School
from tests.support.folded import rebuilt
from tests.support.office import refusal
from tests.support.school import CALENDAR

FIRST = date(2026, 11, 9)
DAYS = [FIRST + timedelta(days=n) for n in (0, 1, 2, 3, 4, 7, 8)]
WITHIN = {"from": DAYS[0].isoformat(), "to": DAYS[-1].isoformat()}
SHIFTED = ("2026-11-10", "2026-11-17")


async def read(calling: Calling, school: School, **params: Any) -> dict[str, Any]:
    """Give every figure and row of a school and its authority, by address."""
    of_school, of_pupil = f"/v1/schools/{school.urn}/attendance", f"/v1/schools/{school.urn}/pupils/p-1/attendance"
    asked: list[tuple[str, dict[str, str]]] = [
        (of_school, {**WITHIN, "by": "class"}),
        (of_school, {"period": "term", "on": "2026-11-09", "by": "pupil"}),
        (of_pupil, WITHIN),
        (of_pupil, {}),
    ]
    async with calling() as http:
        answers = [await http.get(path, params={**own, **params}) for path, own in asked]
    assert [answer.status_code for answer in answers] == [200] * len(asked)
    assert [answer.json().get("by") for answer in answers] == ["class", "pupil", None, None]
    return {str(place): answer.json() for place, answer in enumerate(answers)}


async def day(calling: Calling, la_code: str, **params: Any) -> dict[str, Any]:
    async with calling("authority", la_code) as http:
        answer = await http.get(f"/v1/local-authorities/{la_code}/daily", params={**WITHIN, "limit": 1000, **params})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    assert body["next"] is None
    return body


async def happen(school: School, chance: random.Random) -> None:
    """Let something happen at a school: marks and amendments, a move, a leaving, or another calendar."""
    kind = chance.random()
    pupil_no = chance.randint(1, 4)
    if kind < 0.65:
        days = chance.sample(DAYS, 3)
        keys = {(chance.randint(1, 4), on.isoformat(), chance.choice(("AM", "PM"))) for on in days}
        await school.enter(*((*key, chance.choice("/LINO")) for key in sorted(keys)))
    elif kind < 0.8:
        await school.pupil(pupil_no, **{"class": chance.choice(("4A", "4B")), "effective_from": "2026-11-11"})
    elif kind < 0.9:
        ends = chance.choice(DAYS[2:])
        await school.pupil(pupil_no, on_roll=f"{{[2025-09-03,{ends}]}}", date_of_birth="2018-02-11")
    else:
        await school.calendar("2026-27", {**CALENDAR, "inset_days": [chance.choice(SHIFTED)]})


def less(body: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names}


@pytest.mark.parametrize("seed", [7, 20261109])
async def test_a_moment_that_has_passed_reads_as_it_did_then(desk: Desk, calling: Calling, seed: int) -> None:
    chance = random.Random(seed)
    la_code = "936" if seed == 7 else "937"
    one = await desk.open(f"93{seed % 1000:04}"[:6], la_code, pupils=4)
    other = await desk.open(f"94{seed % 1000:04}"[:6], la_code, pupils=4)
    moments = []
    for _ in range(14):
        desk.clock.now += timedelta(minutes=17)
        for school in (one, other):
            for _ in range(chance.randint(0, 3)):
                await happen(school, chance)
        desk.clock.now += timedelta(minutes=2)
        await desk.sweep()
        ((seq,),) = await one.rows("SELECT seq FROM ledger.head WHERE school_id = $1")
        moments.append((desk.clock.now, seq, await read(calling, one), await day(calling, la_code)))
    desk.clock.now += timedelta(minutes=2)
    said: dict[int, Any] = {}
    for instant, seq, then, that_day in moments:
        for asked in (f"seq:{seq}", instant.isoformat()):
            now = await read(calling, one, as_at=asked)
            for path, body in now.items():
                assert less(body, "as_at", "as_of") == less(then[path], "as_of")
                assert (body["as_of"]["seq"], body["as_of"]["behind"], body["as_at"]["seq"]) == (seq, 0, seq)
                assert body["as_at"]["settled"]
            if asked.startswith("seq"):
                said[seq] = now
        again = await day(calling, la_code, as_at=instant.isoformat())
        assert again["as_at"] == {
            "instant": instant.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "settled": True,
        }
        assert less(again, "as_at") == that_day
    for school in (one, other):
        assert (await rebuilt(desk.analytics, school.school_id)).same
    for seq, body in said.items():
        assert await read(calling, one, as_at=f"seq:{seq}") == body


async def test_what_is_not_folded_yet_is_counted_as_at_a_position(desk: Desk, calling: Calling) -> None:
    school = await desk.open("930801", "938", pupils=1)
    await school.enter((1, "2026-11-09", "AM", "N"))
    ((seq,),) = await school.rows("SELECT seq FROM ledger.head WHERE school_id = $1")
    async with calling() as http:
        path = f"/v1/schools/{school.urn}/attendance"
        folded = (await http.get(path, params=WITHIN)).json()
        then = (await http.get(path, params={**WITHIN, "as_at": f"seq:{seq}"})).json()
        before = (await http.get(path, params={**WITHIN, "as_at": f"seq:{seq - 1}"})).json()
        assert (folded["codes"], folded["as_of"]["behind"]) == ({}, seq)
        assert "as_at" not in folded
        assert (then["codes"], then["as_of"]["behind"]) == ({"N": 1}, 0)
        assert before["codes"] == {}


async def test_a_stream_of_the_day_is_as_at_an_instant_too(desk: Desk, calling: Calling) -> None:
    school = await desk.open("930802", "926", pupils=2)
    await school.enter((1, "2026-11-09", "AM", "N"))
    desk.clock.now += timedelta(minutes=5)
    instant = desk.clock.now
    desk.clock.now += timedelta(minutes=5)
    await school.enter((1, "2026-11-09", "AM", "I"), (2, "2026-11-09", "AM", "/"))
    await desk.sweep()
    async with calling("authority", "926") as http:
        path = "/v1/local-authorities/926/daily"
        position = ""
        for format_, params in (("csv", {}), ("ndjson", {}), ("csv", {"part": "registers"})):
            asked = {"date": "2026-11-09", "format": format_, **params}
            now = await http.get(path, params=asked)
            then = await http.get(path, params={**asked, "as_at": instant.isoformat()})
            assert (now.status_code, then.status_code) == (200, 200)
            assert now.text != then.text
            assert "rollbook-as-at" in then.headers
            assert "rollbook-as-at" not in now.headers
            position = then.headers["rollbook-changed-after"]
        restated = await http.get(path, params={"changed_after": position, "limit": 100})
        changed = {(row["pupil"], row["code"]) for row in restated.json()["items"] if row["state"] == "entered"}
        assert changed >= {("p-1", "I"), ("p-2", "/")}
        first = (await http.get(path, params={"date": "2026-11-09", "as_at": instant.isoformat(), "limit": 1})).json()
        rest = {"date": "2026-11-09", "as_at": instant.isoformat(), "cursor": first["next"]}
        second = (await http.get(path, params=rest)).json()
        codes = [(row["pupil"], row["session"], row["code"]) for row in first["items"] + second["items"]]
        assert codes[:2] == [("p-1", "AM", "N"), ("p-2", "AM", None)]


async def test_what_cannot_be_asked_of_a_past_moment_is_refused(desk: Desk, calling: Calling) -> None:
    school = await desk.open("930803", "940", pupils=1)
    async with calling() as http:
        for path in (f"/v1/schools/{school.urn}/attendance", f"/v1/schools/{school.urn}/pupils/p-1/attendance"):
            for asked, slug in (("seq:999", "as-at-in-future"), ("yesterday", "invalid-parameter")):
                refusal(await http.get(path, params={"as_at": asked}), slug, at="as_at")
        refusal(await http.get(path, params={"as_at": "seq:1"}), "unknown-pupil")
        path = "/v1/local-authorities/940/daily"
        for asked, slug in (("2099-01-01T00:00:00Z", "as-at-in-future"), ("seq:1", "invalid-parameter")):
            refusal(await http.get(path, params={"as_at": asked}), slug, at="as_at")
        position = (await http.get(path)).json()["changed_after"]
        both = {"changed_after": position, "as_at": "2026-11-20T12:00:00Z"}
        refusal(await http.get(path, params=both), "invalid-parameter", at="as_at")
