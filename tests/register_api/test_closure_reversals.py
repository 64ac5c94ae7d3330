"""A closure that is reversed leaves N where it had entered its code; closures are read as they stood."""

from register_api import closer
from register_api.closer import Closer
from tests.support.closures import HEAD, Opening, at, close, codes, reverse, states
from tests.support.office import MONDAY, TUESDAY, amending, refusal
from tests.support.school import OFFICE
from tests.support.services import Register

WEDNESDAY, FRIDAY, NEXT_MONDAY, NEXT_TUESDAY = "2026-09-09", "2026-09-11", "2026-09-14", "2026-09-15"


async def test_a_reversal_amends_to_n_what_still_stands_and_opens_the_rest_again(
    register: Register, opening: Opening, closing: Closer
) -> None:
    office = await opening(now="2026-09-07T09:00:00+01:00")
    await office.entered(("p-001", "/"))
    closed = await close(office, "Y4", (MONDAY, "AM"), (TUESDAY, "PM"))
    await office.amended(amending("p-002", "Y4", "L"))
    register.clock.set("2026-09-07T13:05:00+01:00")
    assert (await office.mark("p-003", "Y4", session="PM"))["outcome"] == "entered"
    await closer.round_of(closing)
    register.clock.set("2026-09-07T14:00:00+01:00")
    answer = (await reverse(office, closed["id"])).json()
    assert (answer["outcome"], answer["reversed_from"]) == ("reversed", at(MONDAY, "AM"))
    assert set(states(answer).values()) == {"reversed"}
    assert await codes(office) == {"p-001": "/", "p-002": "L", "p-003": "N"}
    assert await codes(office, session="PM") == {"p-001": "N", "p-002": "N", "p-003": "Y4"}  # that one is the MIS's own
    [*_, one] = (await office.get("/amendments", pupil="p-003"))["items"]
    assert (one["original_entry"], one["amended_entry"], one["reason"]) == ("Y4", "N", "It was open after all")
    assert one["made_by"] == OFFICE
    register.clock.set("2026-09-08T16:00:00+01:00")
    assert await closer.round_of(closing) == 0
    assert (await office.mark("p-001", "/", day=TUESDAY))["outcome"] == "entered"
    before = await office.head()
    assert (await reverse(office, closed["id"], reason="Once more")).json()["outcome"] == "unchanged"
    assert await office.head() == before
    leaf = next(leaf for leaf in reversed(await office.stream()) if leaf["kind"] == "closure")
    assert leaf["subject"] == f"closure:{closed['id']}"


async def test_a_reversal_from_a_session_on_leaves_what_comes_before(
    register: Register, opening: Opening, closing: Closer
) -> None:
    office = await opening(now="2026-09-07T16:00:00+01:00")
    closed = await close(office, "Y4", (MONDAY, "AM"), (WEDNESDAY, "PM"))
    for wrong in (at("2026-09-04", "PM"), at("2026-09-10", "AM")):
        refusal(await reverse(office, closed["id"], **{"from": wrong}), "invalid-closure", at="#/from")
    answer = (await reverse(office, closed["id"], **{"from": at(TUESDAY, "PM")})).json()
    assert list(states(answer).values()) == ["entered", "entered", "due", "reversed", "reversed", "reversed"]
    assert set((await codes(office, session="PM")).values()) == {"Y4"}
    later = await reverse(office, closed["id"], **{"from": at(WEDNESDAY, "AM")})
    assert later.json()["outcome"] == "unchanged"
    register.clock.set("2026-09-09T16:00:00+01:00")
    assert await closer.round_of(closing) == 3
    assert set((await codes(office, TUESDAY)).values()) == {"Y4"}
    assert (await office.mark("p-001", "\\", day=TUESDAY, session="PM"))["outcome"] == "entered"
    earlier = await reverse(office, closed["id"], **{"from": at(MONDAY, "PM")})
    assert (earlier.json()["outcome"], earlier.json()["reversed_from"]) == ("reversed", at(MONDAY, "PM"))
    assert set((await codes(office, session="PM")).values()) == {"N"}
    assert set((await codes(office)).values()) == {"Y4"}
    assert len(earlier.json()["reversals"]) == 2


async def test_what_comes_before_a_reversal_stands_in_sessions_that_were_open_to_others_too(
    register: Register, opening: Opening, closing: Closer
) -> None:
    office = await opening(now="2026-09-07T09:00:00+01:00")
    await office.entered(("p-001", "/"))
    whole = await close(office, "Y4", (MONDAY, "AM"), (MONDAY, "PM"))  # in the middle of the morning, which was held
    part = await close(office, "Y3", (TUESDAY, "AM"), (TUESDAY, "PM"), pupils=["p-001"])
    register.clock.set("2026-09-08T16:00:00+01:00")
    await closer.round_of(closing)
    await reverse(office, whole["id"], **{"from": at(MONDAY, "PM")})
    await reverse(office, part["id"], **{"from": at(TUESDAY, "PM")})
    assert await codes(office) == {"p-001": "/", "p-002": "Y4", "p-003": "Y4"}
    assert set((await codes(office, session="PM")).values()) == {"N"}
    assert (await codes(office, TUESDAY), await codes(office, TUESDAY, "PM")) == ({"p-001": "Y3"}, {"p-001": "N"})


async def test_a_reversed_closure_made_again_is_another_and_what_was_held_meanwhile_stands(
    register: Register, opening: Opening
) -> None:
    office = await opening(now="2026-09-07T09:00:00+01:00")
    first = await close(office, "Y4", (MONDAY, "AM"), (TUESDAY, "AM"))
    await reverse(office, first["id"])
    second = await close(office, "Y4", (MONDAY, "AM"), (TUESDAY, "AM"))
    assert (second["outcome"], second["id"] != first["id"]) == ("closed", True)
    assert list(states(second).values()) == ["held", "due", "due"]
    assert set((await codes(office)).values()) == {"N"}


async def test_a_future_reversal_opens_a_session_that_was_never_entered(register: Register, opening: Opening) -> None:
    office = await opening()
    closed = await close(office, "#", (TUESDAY, "AM"), (TUESDAY, "PM"))
    await reverse(office, closed["id"])
    register.clock.set("2026-09-08T16:00:00+01:00")
    assert (await office.mark("p-001", "/", day=TUESDAY))["outcome"] == "entered"


async def test_closures_are_listed_by_date_with_their_reversals_page_by_page(
    register: Register, opening: Opening
) -> None:
    office = await opening()
    ids = [
        (await close(office, "Y4", (day, "AM"), (day, "PM"), made_at="2026-09-07T07:00:00+01:00"))["id"]
        for day in (MONDAY, TUESDAY, WEDNESDAY)
    ]
    await reverse(office, ids[1])
    listed = await office.get("/closures")
    assert [item["id"] for item in listed["items"]] == ids
    item = listed["items"][1]
    assert (item["reason"], item["made_by"], item["made_at"]) == (
        "The boiler failed",
        HEAD,
        "2026-09-07T06:00:00.000000Z",
    )
    [reversal] = item["reversals"]
    assert (reversal["reason"], reversal["made_by"]) == ("It was open after all", OFFICE)
    assert [item["id"] for item in (await office.get("/closures", **{"from": TUESDAY}))["items"]] == ids[1:]
    assert [item["id"] for item in (await office.get("/closures", to=TUESDAY))["items"]] == ids[:2]
    page = await office.get("/closures", limit=2)
    await close(office, "Y4", (FRIDAY, "AM"))
    rest = await office.get("/closures", limit=2, cursor=page["next"])
    assert [item["id"] for item in (*page["items"], *rest["items"])] == ids
    assert rest["next"] is None


async def test_a_closure_is_read_as_it_stood(register: Register, opening: Opening, closing: Closer) -> None:
    office = await opening()
    empty = (await office.head())[0]
    closed = await close(office, "Y4", (MONDAY, "AM"))
    made = (await office.head())[0]
    register.clock.set("2026-09-07T09:00:00+01:00")
    await closer.round_of(closing)
    entered = (await office.head())[0]
    await reverse(office, closed["id"])
    path = f"/closures/{closed['id']}"
    for seq, state in ((made, "due"), (made + 1, "entered"), (entered, "entered")):
        assert states(await office.get(path, as_at=f"seq:{seq}")) == {(MONDAY, "AM"): state}
    assert states(await office.get(path)) == {(MONDAY, "AM"): "reversed"}
    refusal(await office.http.get(office.path(path), params={"as_at": f"seq:{empty}"}), "unknown-closure")
    assert (await office.get("/closures", as_at=f"seq:{empty}"))["items"] == []
    [item] = (await office.get("/closures", as_at=f"seq:{entered}"))["items"]
    assert (item["reversals"], item["reversed_from"]) == ([], None)
