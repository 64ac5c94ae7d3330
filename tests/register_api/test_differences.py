"""What differed between two positions: whose entries, from what to what, and every version in between."""

from typing import Any

import httpx
import pytest

from tests.support.office import MONDAY, TUESDAY, Office, amending, calling, open_office, refusal
from tests.support.school import OFFICE, TEACHER, pupil, put
from tests.support.services import Register

EVENING = "2026-09-07T18:00:00+01:00"


@pytest.fixture(scope="module")
async def compared(register: Register, admin: httpx.AsyncClient) -> Office:
    """Give a school of two classes, for comparisons that know all that was ever recorded."""
    return await open_office(admin, register.database, "900111", pupils=40)


async def at(office: Office) -> str:
    """Give where the register stands."""
    return f"seq:{(await office.head())[0]}"


async def ask(office: Office, earlier: str, later: str, **params: Any) -> httpx.Response:
    return await office.http.get(office.path("/changes"), params={"between": earlier, "and": later, **params})


async def compare(office: Office, earlier: str, later: str, **params: Any) -> Any:
    answer = await ask(office, earlier, later, **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def differing(office: Office, earlier: str, later: str, **params: Any) -> list[tuple[Any, ...]]:
    """Give (pupil, code before, code after) of each item."""
    items = (await compare(office, earlier, later, **params))["items"]
    codes = [[side and side["code"] for side in (item["before"], item["after"])] for item in items]
    return [(item["pupil"], *pair) for item, pair in zip(items, codes, strict=True)]


async def test_an_amended_entry_is_shown_with_both_values_and_the_amendment_between(
    compared: Office, register: Register
) -> None:
    who, untouched = compared.pupil(), compared.pupil()
    await compared.entered((who, "N"), (untouched, "/"))
    first = await at(compared)
    register.clock.set(EVENING)
    await compared.amended(amending(who, "N", "I"))
    second = await at(compared)
    answer = await compare(compared, first, second)
    assert [answer[end]["seq"] for end in ("between", "and")] == [int(first[4:]), int(second[4:])]
    assert all(answer[end]["settled"] for end in ("between", "and"))
    (item,) = answer["items"]
    assert {name: item[name] for name in ("pupil", "class", "date", "session")} == {
        "pupil": who,
        "class": "4B",
        "date": MONDAY,
        "session": "AM",
    }
    before, after = item["before"], item["after"]
    assert (before["code"], before["version"], before["made_by"]) == ("N", 1, TEACHER)
    assert (after["code"], after["version"], after["made_by"], after["first_entry"]) == ("I", 2, OFFICE, "N")
    (between,) = item["versions"]
    client, made_by_id = between.pop("client"), between.pop("made_by_id")
    assert (type(client), type(made_by_id)) == (str, int)
    assert between.pop("recorded_at").startswith("2026-09-07T17:00:00.")
    assert between == {
        "kind": "mark-amended",
        "version": 2,
        "seq": int(second[4:]),
        "code": "I",
        "arrived_at": None,
        "nature": None,
        "made_at": "2026-09-07T17:00:00.000000Z",
        "made_by": OFFICE,
        "out_of_order": False,
        "removed": [],
        "original_entry": "N",
        "amended_entry": "I",
        "reason": "Parent telephoned at 09:40: sickness",
    }


async def test_a_first_entry_differs_from_none(compared: Office) -> None:
    first = await at(compared)
    who = compared.pupil()
    await compared.entered((who, "N"))
    await compared.amended(amending(who, "N", "M"))
    (item,) = (await compare(compared, first, await at(compared)))["items"]
    assert (item["before"], item["after"]["code"]) == (None, "M")
    assert [version["kind"] for version in item["versions"]] == ["mark-entered", "mark-amended"]


async def test_between_equal_ends_nothing_differs(compared: Office) -> None:
    await compared.entered((compared.pupil(), "N"))
    here = await at(compared)
    answer = await compare(compared, here, here)
    assert (answer["items"], answer["next"]) == ([], None)
    assert answer["between"] == answer["and"]
    now = "2026-09-07T16:00:00+01:00"
    assert await differing(compared, now, now) == []


async def test_a_change_there_and_back_is_no_difference(compared: Office) -> None:
    who = compared.pupil()
    await compared.entered((who, "N"))
    await compared.amended(amending(who, "N", "I"))
    first = await at(compared)
    await compared.amended(amending(who, "I", "O"))
    half = await at(compared)
    await compared.amended(amending(who, "O", "I"))
    second = await at(compared)
    assert await differing(compared, first, second) == []
    assert await differing(compared, first, half) == [(who, "I", "O")]
    assert await differing(compared, half, second) == [(who, "O", "I")]


async def test_another_arrival_or_nature_under_the_same_code_differs(compared: Office) -> None:
    late, away = compared.pupil(), compared.pupil()
    assert (await compared.mark(late, "L", arrived_at="08:58"))["outcome"] == "entered"
    assert (await compared.mark(away, "B", nature="Visit"))["outcome"] == "entered"
    first = await at(compared)
    await compared.amended(amending(late, "L", "L", arrived_at="09:05"), amending(away, "B", "B", nature="Taster day"))
    items = (await compare(compared, first, await at(compared)))["items"]
    sides = [(item["before"], item["after"]) for item in items]
    assert [(then["arrived_at"], now["arrived_at"]) for then, now in sides] == [("08:58", "09:05"), (None, None)]
    assert [(then["nature"], now["nature"]) for then, now in sides] == [(None, None), ("Visit", "Taster day")]


async def test_what_did_not_change_the_entries_is_no_difference(compared: Office) -> None:
    first = await at(compared)
    await put(compared.http, compared.path("/pupils/p-040"), pupil(forename="Renamed"))
    second = await at(compared)
    assert first != second
    assert await differing(compared, first, second) == []


async def test_differences_come_by_date_session_and_pupil(compared: Office, register: Register) -> None:
    one, two = compared.pupil(), compared.pupil()
    register.clock.set("2026-09-08T16:00:00+01:00")
    first = await at(compared)
    await compared.entered((two, "/"), (one, "/"), day=TUESDAY)
    await compared.entered((one, "\\"), session="PM")
    await compared.entered((two, "N"))
    answer = await compare(compared, first, await at(compared), limit=1)
    items = answer["items"]
    while answer["next"] is not None:
        answer = await compare(compared, first, await at(compared), limit=1, cursor=answer["next"])
        items += answer["items"]
    assert [(item["date"], item["session"], item["pupil"]) for item in items] == [
        (MONDAY, "AM", two),
        (MONDAY, "PM", one),
        (TUESDAY, "AM", one),
        (TUESDAY, "AM", two),
    ]


async def test_pupils_and_classes_narrow_and_a_repeated_one_means_or(compared: Office, register: Register) -> None:
    register.clock.set("2026-09-08T16:00:00+01:00")
    moved, stays, other = (compared.pupil() for _ in range(3))
    for id_, since in ((moved, TUESDAY), (other, "2026-09-03")):
        await put(compared.http, compared.path(f"/pupils/{id_}"), pupil(**{"class": "4C", "effective_from": since}))
    first = await at(compared)
    for day in (MONDAY, TUESDAY):
        await compared.entered((moved, "N"), (stays, "N"), (other, "N"), day=day)
    second = await at(compared)

    async def found(**params: Any) -> list[tuple[str, str, str]]:
        items = (await compare(compared, first, second, **params))["items"]
        return [(item["date"], item["pupil"], item["class"]) for item in items]

    monday = [(MONDAY, moved, "4B"), (MONDAY, stays, "4B"), (MONDAY, other, "4C")]
    tuesday = [(TUESDAY, moved, "4C"), (TUESDAY, stays, "4B"), (TUESDAY, other, "4C")]
    assert await found() == [*monday, *tuesday]
    assert await found(pupil=moved) == [monday[0], tuesday[0]]
    assert await found(pupil=[moved, other]) == [monday[0], monday[2], tuesday[0], tuesday[2]]
    assert await found(**{"class": "4B"}) == [*monday[:2], tuesday[1]]
    assert await found(**{"class": "4C"}) == [monday[2], tuesday[0], tuesday[2]]
    assert await found(**{"class": ["4B", "4C"]}) == [*monday, *tuesday]
    assert await found(**{"class": "4C", "pupil": moved}) == [tuesday[0]]
    assert await found(**{"class": "9Z"}) == await found(pupil="p-999") == []
    # The class is that of the later position: what was recorded after it is not known to it.
    await put(compared.http, compared.path(f"/pupils/{stays}"), pupil(**{"class": "4C", "effective_from": MONDAY}))
    assert await found(**{"class": "4C"}) == [monday[2], tuesday[0], tuesday[2]]


async def test_pages_keep_both_positions_of_the_first_while_the_register_moves(
    compared: Office, register: Register
) -> None:
    pupils = [compared.pupil() for _ in range(5)]
    first = await at(compared)
    await compared.entered(*((id_, "N") for id_ in pupils))
    second = await at(compared)
    answer = await ask(compared, first, second, limit=2)
    seen = answer.json()["items"]
    assert [item["pupil"] for item in seen] == pupils[:2]
    await compared.amended(amending(pupils[0], "N", "I"), amending(pupils[4], "N", "I"))
    while answer.json()["next"] is not None:
        link = answer.headers["link"]
        answer = await compared.http.get(link[1:].partition(">")[0])
        assert answer.status_code == 200, answer.text
        assert [answer.json()[end]["seq"] for end in ("between", "and")] == [int(first[4:]), int(second[4:])]
        seen += answer.json()["items"]
    assert [(item["pupil"], item["after"]["code"]) for item in seen] == [(id_, "N") for id_ in pupils]
    assert "link" not in answer.headers
    assert (await compare(compared, first, second, limit=5))["next"] is None


async def test_between_two_positions_the_answer_is_the_same_bytes_for_ever(compared: Office) -> None:
    who = compared.pupil()
    first = await at(compared)
    await compared.entered((who, "N"))
    second = await at(compared)
    then = await ask(compared, first, second)
    await compared.amended(amending(who, "N", "I"))
    await put(compared.http, compared.path(f"/pupils/{who}"), pupil(**{"class": "4D", "effective_from": MONDAY}))
    again = await ask(compared, first, second)
    assert then.status_code == 200
    assert again.content == then.content


async def test_instants_stand_for_what_was_recorded_by_then(register: Register, admin: httpx.AsyncClient) -> None:
    office = await open_office(admin, register.database, "900112", pupils=2)
    await office.entered(("p-001", "N"), ("p-002", "N"))
    register.clock.set(EVENING)
    await office.amended(amending("p-001", "N", "I"))
    register.clock.set("2026-09-07T20:00:00+01:00")
    five, seven = "2026-09-07T17:00:00+01:00", "2026-09-07T19:00:00+01:00"
    assert await differing(office, five, seven) == [("p-001", "N", "I")]
    assert await differing(office, "2026-09-07T15:00:00+01:00", five) == [("p-001", None, "N"), ("p-002", None, "N")]
    assert await differing(office, "2026-09-01T00:00:00Z", five) == await differing(office, "seq:0", five)
    refusal(await ask(office, seven, five), "invalid-parameter", at="and")
    refusal(await ask(office, five, "2026-09-07T16:30:00+01:00"), "invalid-parameter", at="and")


async def test_ends_that_cannot_be_read_are_refused_by_name(compared: Office) -> None:
    here = await at(compared)
    refusal(await ask(compared, here, f"seq:{int(here[4:]) - 1}"), "invalid-parameter", at="and")
    refusal(await ask(compared, "yesterday", here), "invalid-parameter", at="between")
    refusal(await ask(compared, here, "tomorrow"), "invalid-parameter", at="and")
    for future in ("2099-01-01T00:00:00Z", f"seq:{int(here[4:]) + 1}"):
        refusal(await ask(compared, future, here), "as-at-in-future", at="between")
        refusal(await ask(compared, here, future), "as-at-in-future", at="and")
    path = compared.path("/changes")
    refusal(await compared.http.get(path, params={"between": here}), "invalid-parameter", at="and")
    refusal(await compared.http.get(path, params={"and": here}), "invalid-parameter", at="between")
    refusal(await ask(compared, here, here, until=here), "unknown-parameter", at="until")
    refusal(await ask(compared, here, here, cursor="nonsense"), "invalid-cursor", at="cursor")


async def test_a_comparison_asks_for_the_auditors_scope_and_for_reach(compared: Office, register: Register) -> None:
    params = {"between": "seq:0", "and": "seq:0"}
    async with calling(register, ("register:read",)) as reader:
        refusal(await reader.get(compared.path("/changes"), params=params), "scope-required")
    async with calling(register, ("audit:read",), "schools", ["900999"]) as elsewhere:
        answer = await elsewhere.get(compared.path("/changes"), params=params)
        assert answer.status_code == 404
        refusal(answer, "unknown-school")
