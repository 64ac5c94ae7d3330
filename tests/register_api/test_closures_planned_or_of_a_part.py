"""A planned closure enters nothing and is in no entry's way; a part closure is of those who are named."""

import pytest

from register_api import closer
from register_api.closer import Closer
from tests.support.closures import HEAD, Opening, at, body, close, codes, reverse, states
from tests.support.office import MONDAY, TUESDAY, refusal, told
from tests.support.plans import decided, slots
from tests.support.school import pupil, put
from tests.support.services import Register

DUAL = {"kind": "dual-timetable", "code": "D", "other_school": "900998"}
WEDNESDAY, FRIDAY, NEXT_MONDAY, NEXT_TUESDAY = "2026-09-09", "2026-09-11", "2026-09-14", "2026-09-15"


async def test_a_planned_closure_closes_as_a_holiday_does(register: Register, opening: Opening) -> None:
    office = await opening(now="2026-09-04T12:00:00+01:00")
    closed = await close(office, "#", (MONDAY, "AM"), (MONDAY, "PM"), reason="Polling day")
    assert set(states(closed).values()) == {"closed"}
    register.clock.set("2026-09-07T16:00:00+01:00")
    read = await office.get(office.register()[len(office.path()) :])
    assert (read["taken"], {item["state"] for item in read["items"]}) == ("not-due", {"closed"})
    told((await office.mark("p-001"))["problem"], "session-closed", at="date")
    told((await office.mark("p-001", "Y4"))["problem"], "session-closed", at="date")
    assert (await office.mark("p-001", "#"))["outcome"] == "unchanged"
    assert await codes(office) == {}
    register.clock.set("2026-09-08T16:00:00+01:00")
    assert (await office.mark("p-001", "/", day=TUESDAY))["outcome"] == "entered"


async def test_a_planned_closure_over_entries_is_refused_with_the_marks_or_amends_them(
    register: Register, opening: Opening
) -> None:
    office = await opening(now="2026-09-07T16:00:00+01:00")
    await office.entered(("p-001", "/"), ("p-002", "N"))
    await office.entered(("p-001", "\\"), session="PM")
    before = await office.head()
    answer = await office.http.post(office.path("/closures"), json=body("#", (MONDAY, "AM"), (TUESDAY, "PM")))
    refused = refusal(answer, "sessions-marked")
    assert refused["sessions"] == [{**at(MONDAY, "AM"), "entries": 2}, {**at(MONDAY, "PM"), "entries": 1}]
    assert refused["marks"] == [
        {"pupil": "p-001", **at(MONDAY, "AM"), "code": "/"},
        {"pupil": "p-002", **at(MONDAY, "AM"), "code": "N"},
        {"pupil": "p-001", **at(MONDAY, "PM"), "code": "\\"},
    ]
    assert refused["total"] == 3
    assert await office.head() == before
    closed = await close(office, "#", (MONDAY, "AM"), (TUESDAY, "PM"), amend_entries=True)
    assert [(each["amended"], each["state"]) for each in closed["sessions"]] == [(n, "closed") for n in (2, 1, 0, 0)]
    [*_, one] = (await office.get("/amendments", pupil="p-002"))["items"]
    assert (one["original_entry"], one["amended_entry"], one["reason"]) == ("N", "#", "The boiler failed")
    assert (one["made_by"], one["made_at"]) == (HEAD, "2026-09-07T15:00:00.000000Z")
    await office.stream()
    # Reversed, they are N until the true code is known; what a person has amended since stays.
    assert (await reverse(office, closed["id"], **{"from": at(MONDAY, "PM")})).json()["outcome"] == "reversed"
    assert (await codes(office), await codes(office, session="PM")) == ({"p-001": "#", "p-002": "#"}, {"p-001": "N"})


async def test_the_marks_that_a_refusal_names_are_so_many_and_no_more(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("register_api.closing.MOST_NAMED", 2)
    office = await opening(now="2026-09-07T16:00:00+01:00")
    await office.entered(*[(f"p-00{n}", "/") for n in (1, 2, 3)])
    refused = refusal(
        await office.http.post(office.path("/closures"), json=body("#", (MONDAY, "AM"))), "sessions-marked"
    )
    assert (len(refused["marks"]), refused["total"]) == (2, 3)


async def test_a_part_closure_is_of_those_who_are_named_and_open_to_the_others(
    register: Register, opening: Opening, closing: Closer
) -> None:
    office = await opening(pupils=5)
    await put(office.http, office.path("/pupils/p-002"), pupil(**{"class": "3A"}, effective_from="2026-09-03"))
    await put(office.http, office.path("/pupils/p-003"), pupil(year_group="3", effective_from="2026-09-03"))
    await put(office.http, office.path("/pupils/p-004"), pupil(**{"class": "3A"}, effective_from=TUESDAY))
    selected = {"pupils": ["p-001"], "classes": ["3A"], "year_groups": ["3"]}
    closed = await close(office, "Y3", (MONDAY, "AM"), (TUESDAY, "AM"), **selected)
    assert {name: closed[name] for name in selected} == selected
    register.clock.set("2026-09-08T09:00:00+01:00")
    assert await closer.round_of(closing) == 3 + 3 + 4
    assert await codes(office) == dict.fromkeys(("p-001", "p-002", "p-003"), "Y3")
    assert set(await codes(office, TUESDAY)) == {"p-001", "p-002", "p-003", "p-004"}
    assert (await office.mark("p-005"))["outcome"] == "entered"
    again = await close(office, "Y3", (MONDAY, "AM"), (TUESDAY, "AM"), **selected)
    assert again["outcome"] == "unchanged"
    other = await close(office, "Y3", (MONDAY, "AM"), (TUESDAY, "AM"), pupils=["p-005"])
    assert [each["entered"] for each in other["sessions"]] == [0, 1, 1]
    assert other["sessions"][0]["stood"] == 4


async def test_what_was_planned_stands_for_a_part_closure_and_not_for_the_whole_site(
    register: Register, opening: Opening, closing: Closer
) -> None:
    office = await opening(pupils=6)
    for pupil_no, outcome, first, last, other in (
        (1, "granted", at(MONDAY, "PM"), at(TUESDAY, "AM"), {}),
        (2, "granted", at("2026-09-03", "AM"), None, {"kind": "exclusion", "code": "E"}),
        (3, "refused", at(MONDAY, "AM"), at(TUESDAY, "PM"), {}),
        (4, "granted", at(MONDAY, "AM"), at(TUESDAY, "PM"), {}),
        (4, "withdrawn", at(MONDAY, "AM"), at(TUESDAY, "PM"), {}),
        (5, "granted", at(WEDNESDAY, "AM"), at(WEDNESDAY, "PM"), {}),
        (6, "granted", at(MONDAY, "AM"), at(WEDNESDAY, "PM"), {**DUAL, "pattern": slots("tuesday PM")}),
    ):
        asked = {"pupil": f"p-{pupil_no:03}", "kind": "leave-of-absence", "code": "C", "from": first, "to": last}
        decision = {"decision": decided(outcome, on="2026-09-04")}
        await put(office.http, office.path(f"/planned-absences/a-{pupil_no}"), {**asked, **decision, **other})
    await close(office, "Y3", (MONDAY, "AM"), (TUESDAY, "PM"), classes=["4B"])
    register.clock.set("2026-09-08T16:00:00+01:00")
    await closer.round_of(closing)
    most = {"p-003", "p-004", "p-005", "p-006"}
    assert set(await codes(office)) == {"p-001", *most}
    assert set(await codes(office, session="PM")) == most
    assert set(await codes(office, TUESDAY)) == most
    assert set(await codes(office, TUESDAY, "PM")) == {"p-001", *most} - {"p-006"}
    register.clock.set("2026-09-09T09:00:00+01:00")
    closed = await close(office, "Y4", (WEDNESDAY, "AM"))
    assert closed["sessions"][0]["entered"] == 6  # whatever was planned


async def test_the_whole_site_closes_over_a_part(register: Register, opening: Opening, closing: Closer) -> None:
    office = await opening()
    await close(office, "Y3", (MONDAY, "AM"), (MONDAY, "PM"), pupils=["p-001"])
    register.clock.set("2026-09-07T09:00:00+01:00")
    await closer.round_of(closing)
    closed = await close(office, "Y4", (MONDAY, "AM"), (MONDAY, "PM"))
    assert closed["sessions"][0] == {**at(MONDAY, "AM"), "state": "entered", "entered": 2, "amended": 0, "stood": 1}
    register.clock.set("2026-09-07T13:00:00+01:00")
    await closer.round_of(closing)
    assert await codes(office) == {"p-001": "Y3", "p-002": "Y4", "p-003": "Y4"}
    assert set((await codes(office, session="PM")).values()) == {"Y4"}
