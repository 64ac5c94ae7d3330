"""A pupil with another id is the same pupil in every figure, and each day's row shows what held that day."""

from typing import Any

from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.test_daily import got, pull
from tests.analytics_worker.writing import Desk

WITHIN = {"from": "2026-11-16", "to": "2026-11-20"}


async def test_every_id_has_the_pupils_figures_and_the_newest_is_shown(desk: Desk, calling: Calling) -> None:
    school = await desk.open("940901", "940", pupils=2)
    await school.enter((1, "2026-11-19", "AM", "/"), (2, "2026-11-19", "AM", "I"))
    await school.pupil(1, id="x-1")
    await desk.sweep()
    async with calling("schools", "940901") as http:

        async def figures(id_: str, **params: str) -> dict[str, Any]:
            answer = await http.get(f"/v1/schools/940901/pupils/{id_}/attendance", params={**WITHIN, **params})
            assert answer.status_code == 200, answer.text
            body: dict[str, Any] = answer.json()
            return body

        old, new = await figures("p-1"), await figures("x-1")
        assert (old["pupil"], old["present_sessions"]) == ("x-1", 1)
        assert old == new
        assert (await figures("p-1", as_at="seq:8"))["pupil"] == "p-1"
        parts = (await http.get("/v1/schools/940901/attendance", params={**WITHIN, "by": "pupil"})).json()
        assert [item["pupil"] for item in parts["items"]] == ["p-2", "x-1"]
        assert parts["possible_sessions"] == 2


async def test_an_authority_hears_of_another_id_and_of_the_end_of_the_one_it_read(desk: Desk, calling: Calling) -> None:
    school = await desk.open("940911", "941", pupils=2)
    await school.enter((1, "2026-11-19", "AM", "/"), (1, "2026-11-19", "PM", "\\"))
    await desk.sweep()
    first = await pull(calling, "941", date="2026-11-19")
    await school.pupil(1, id="w-1")
    await school.pupil(1, id="x-1")
    await desk.sweep()
    again = await pull(calling, "941", date="2026-11-19")
    assert [row["pupil"] for row in again["items"]] == ["p-2", "x-1"] * 2
    restated = await pull(calling, "941", changed_after=first["changed_after"], limit=3)
    rows = {(row["pupil"], row["session"]): row for row in restated["items"] if row["date"] == "2026-11-19"}
    assert {pupil: rows[pupil, "AM"]["state"] for pupil in ("p-1", "x-1")} == {"p-1": "closed", "x-1": "entered"}
    assert rows["p-1", "AM"]["code"] is None
    assert not any(pupil == "w-1" for pupil, _ in rows)
    held = {(row["pupil"], row["session"]): row for row in first["items"]} | rows
    standing = {key for key, row in held.items() if row["state"] != "closed"}
    assert standing == {(row["pupil"], row["session"]) for row in again["items"]}
    async with calling("authority", "941") as http:
        later = (await got(http, "941", changed_after=restated["changed_after"])).json()
    assert later["items"] == []


async def test_a_row_shows_the_facts_that_held_that_day(desk: Desk, calling: Calling) -> None:
    school = await desk.open("940921", "942", pupils=1)
    await school.pupil(
        1, effective_from="2026-11-18", facts={"looked_after": True, "responsible_la": "330"}, **{"class": "4C"}
    )
    await desk.sweep()
    async with calling("authority", "942") as http:
        items = (await got(http, "942", **WITHIN, limit=100)).json()["items"]
    shown = {row["date"]: (row["la_code"], row["class"], row["looked_after"], row["responsible_la"]) for row in items}
    assert shown["2026-11-17"] == ("942", "4B", None, None)
    assert shown["2026-11-18"] == ("942", "4C", True, "330")


async def test_what_an_authority_held_before_a_conversion_still_answers(desk: Desk, calling: Calling) -> None:
    school = await desk.open("940931", "943", pupils=1)
    await desk.open("940941", "943", pupils=1)
    await desk.sweep()
    first = await pull(calling, "943", date="2026-11-19")
    async with calling("authority", "943") as http:
        page = (await got(http, "943", date="2026-11-19", limit=1)).json()
        school.urn = "940912"
        await school.facts("943")
        await desk.sweep()
        rest = (await got(http, "943", date="2026-11-19", cursor=page["next"])).json()
    assert [(row["urn"], row["session"]) for row in page["items"]] == [("940931", "AM")]
    assert [(row["urn"], row["session"]) for row in rest["items"]] == [
        *(("940912", "PM"), ("940941", "AM"), ("940941", "PM"))
    ]
    restated = await pull(calling, "943", changed_after=first["changed_after"])
    assert {(row["urn"], row["state"]) for row in restated["items"]} == {("940931", "closed"), ("940912", "missing")}
    assert {row["pupil"] for row in restated["items"]} == {"p-1"}
