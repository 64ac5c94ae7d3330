"""Closures of the whole site: what is entered at once, what stands for all that, and what cannot be closed."""

import json
from typing import Any

import pytest

from tests.support.closures import HEAD, Opening, at, body, close, codes, reverse, states
from tests.support.office import MONDAY, TUESDAY, Office, amending, calling, refusal, told
from tests.support.school import OFFICE, pupil, put
from tests.support.services import Register

WEDNESDAY, FRIDAY, NEXT_MONDAY, NEXT_TUESDAY = "2026-09-09", "2026-09-11", "2026-09-14", "2026-09-15"


async def test_y4_for_a_session_that_has_begun_is_entered_for_everybody_at_once(
    register: Register, opening: Opening
) -> None:
    office = await opening(now="2026-09-07T09:00:00+01:00")
    await put(office.http, office.path("/pupils/p-003"), pupil(boarder=True))
    closed = await close(office, "Y4", (MONDAY, "AM"))
    assert (closed["outcome"], closed["id"]) == ("closed", f"c-{closed['seq']}")
    assert closed["sessions"] == [{**at(MONDAY, "AM"), "state": "entered", "entered": 2, "amended": 0, "stood": 0}]
    assert await codes(office) == {"p-001": "Y4", "p-002": "Y4"}  # not the boarder
    assert await codes(office, session="PM") == {}
    stream = await office.stream()
    [change] = [leaf for leaf in stream if leaf["kind"] == "closure"]
    assert (change["seq"], change["subject"]) == (closed["seq"], f"closure:{closed['id']}")
    entered = stream[closed["seq"] :]
    assert {(leaf["source"], leaf["version"], leaf["code"]) for leaf in entered} == {("closure", 1, "Y4")}
    texts = (await office.http.get(office.path("/events"), params={"part": "texts", "after": closed["seq"]})).content
    one = json.loads(texts.splitlines()[0])["texts"]
    assert json.loads(one["by-system"]["text"]) == {"system": "rollbook", "rule": "closure", "cause": closed["id"]}
    assert (one["made_by"]["name"], one["made_by"]["position"]) == (HEAD["name"], HEAD["position"])


async def test_marks_of_a_session_already_held_stand_and_the_others_get_y4(
    register: Register, opening: Opening
) -> None:
    office = await opening(now="2026-09-07T09:05:00+01:00")
    await office.entered(("p-001", "/"))
    closed = await close(office, "Y4", (MONDAY, "AM"), (MONDAY, "PM"))
    [morning, afternoon] = closed["sessions"]
    assert morning == {**at(MONDAY, "AM"), "state": "held", "entered": 2, "amended": 0, "stood": 1}
    assert afternoon["state"] == "due"
    assert await codes(office) == {"p-001": "/", "p-002": "Y4", "p-003": "Y4"}
    # A correction must be possible in a session that was held, and in no other.
    [outcome] = await office.amended(amending("p-002", "Y4", "L", arrived_at="08:58"))
    assert outcome["outcome"] == "amended"
    register.clock.set("2026-09-07T13:05:00+01:00")
    told((await office.mark("p-001", "\\", session="PM"))["problem"], "session-closed", at="date")
    assert (await office.mark("p-001", "Y4", session="PM"))["outcome"] == "entered"


async def test_what_a_mis_marks_y4_itself_shows_no_session_held(register: Register, opening: Opening) -> None:
    office = await opening(now="2026-09-07T09:05:00+01:00")
    await office.entered(("p-001", "Y4"))
    closed = await close(office, "Y4", (MONDAY, "AM"))
    assert closed["sessions"] == [{**at(MONDAY, "AM"), "state": "entered", "entered": 2, "amended": 0, "stood": 1}]


async def test_the_same_closure_again_is_unchanged_and_a_part_of_it_has_nothing_to_close(opening: Opening) -> None:
    office = await opening(now="2026-09-07T14:00:00+01:00")
    first = await close(office, "Y4", (MONDAY, "AM"), (TUESDAY, "PM"))
    before = await office.head()
    again = await close(office, "Y4", (MONDAY, "AM"), (TUESDAY, "PM"), reason="Said otherwise")
    assert (again["outcome"], again["id"], again["sessions"]) == ("unchanged", first["id"], first["sessions"])
    for code in ("Y4", "#"):
        answer = await office.http.post(office.path("/closures"), json=body(code, (MONDAY, "AM")))
        refusal(answer, "invalid-closure", at="#/from")
    assert await office.head() == before
    longer = await close(office, "#", (TUESDAY, "PM"), (WEDNESDAY, "AM"))
    assert states(longer) == {(TUESDAY, "PM"): "closed-already", (WEDNESDAY, "AM"): "closed"}


async def test_a_dry_run_says_the_same_and_keeps_nothing(register: Register, opening: Opening) -> None:
    office = await opening(now="2026-09-07T09:00:00+01:00")
    before = await office.head()
    tried = await close(office, "Y4", (MONDAY, "AM"), (MONDAY, "PM"), params={"dry_run": "true"})
    assert await office.head() == before
    assert await codes(office) == {}
    done = await close(office, "Y4", (MONDAY, "AM"), (MONDAY, "PM"))
    assert {**tried, "as_at": None} == {**done, "as_at": None}
    said = {"reason": "It was open after all", "made_by": OFFICE}
    path, before = office.path(f"/closures/{done['id']}/reversals"), await office.head()
    answer = await office.http.post(path, json=said, params={"dry_run": "true"})
    assert answer.json()["outcome"] == "reversed"
    assert await office.head() == before
    assert (await office.http.post(path, json=said)).json()["sessions"] == answer.json()["sessions"]


@pytest.mark.parametrize(
    ("code", "other", "slug", "pointer"),
    [
        ("Y4", {"to": at("2026-09-04", "PM")}, "invalid-closure", "#/to"),
        ("Y4", {"to": at(MONDAY, "AM"), "from": at(MONDAY, "PM")}, "invalid-closure", "#/to"),
        ("Y4", {"to": at("2028-09-04", "PM")}, "invalid-closure", "#/to/date"),
        ("Y4", {"to": at("2027-09-06", "PM")}, "calendar-missing", "#/to/date"),
        ("Y4", {"from": at("2026-09-05", "AM"), "to": at("2026-09-06", "PM")}, "invalid-closure", "#/from"),
        ("Y4", {"from": at("2024-06-05", "AM"), "to": at("2024-06-05", "PM")}, "invalid-closure", "#/code"),
        ("Y4", {"classes": ["4B"]}, "invalid-closure", "#/code"),
        ("#", {"pupils": ["p-001"]}, "invalid-closure", "#/code"),
        ("Y3", {}, "invalid-closure", "#/code"),
        ("Y3", {"pupils": ["p-001", "p-unknown"]}, "unknown-pupil", "#/pupils/1"),
        ("Y3", {"classes": ["9Z"]}, "invalid-closure", "#/classes/0"),
        ("Y3", {"year_groups": ["4", "17"]}, "invalid-closure", "#/year_groups/1"),
        ("Y4", {"reason": "..."}, "reason-required", "#/reason"),
        ("Y4", {"made_at": "2026-09-07T09:00:00+01:00"}, "made-at-in-future", "#/made_at"),
        ("Y4", {"reason": ""}, "invalid-request", "#/reason"),
        ("Y4", {"made_by": {"name": "H."}}, "invalid-request", "#/made_by/position"),
        ("Y2", {}, "invalid-request", "#/code"),
        ("Y4", {"from": at(MONDAY, "am")}, "invalid-request", "#/from/session"),
        ("Y4", {"form": 1}, "invalid-request", "#/form"),
    ],
)
async def test_a_closure_that_cannot_be_is_refused_with_a_pointer(
    office: Office, register: Register, code: str, other: dict[str, Any], slug: str, pointer: str
) -> None:
    register.clock.set("2026-09-07T07:30:00+01:00")
    before = await office.head()
    sent = {**body(code, (MONDAY, "AM"), (MONDAY, "PM")), **other}
    refusal(await office.http.post(office.path("/closures"), json=sent), slug, at=pointer)
    assert await office.head() == before


async def test_who_may_not_enter_marks_may_close_nothing(register: Register, office: Office) -> None:
    async with calling(register, ("register:read", "roll:write")) as http:
        refusal(await http.post(office.path("/closures"), json=body("Y4", (MONDAY, "AM"))), "scope-required")
        answer = await http.post(office.path("/closures/c-1/reversals"), json={"reason": "Why", "made_by": OFFICE})
        refusal(answer, "scope-required")
    refusal(await office.http.get(office.path("/closures/c-1")), "unknown-closure", at="closure")
    refusal(await reverse(office, "c-1"), "unknown-closure", at="closure")
