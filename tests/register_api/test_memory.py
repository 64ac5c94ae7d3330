"""What a process remembers of a school holds exactly until the school changes, through whichever process."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from ledger.append import Head
from register_api.facts import MOST_SCHOOLS, Memory
from tests.support.book import NOON
from tests.support.school import CALENDAR, POLICY, marks, pupil, put, set_up
from tests.support.services import Register, register_api

URN = "900175"
SCHOOL = f"/v1/schools/{URN}"


@pytest.fixture(scope="module")
async def other(register: Register, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of a second process on the same database."""
    async with (
        register_api(register.database, tmp_path_factory.mktemp("other"), register.clock) as second,
        second.client(("roll:write", "marks:write", "admin")) as http,
    ):
        yield http


async def outcome(http: httpx.AsyncClient, id_: str, code: str = "/", session: str = "AM", **item: Any) -> Any:
    """Enter one mark and give what became of it: the outcome, or the problem's code."""
    body = marks((id_, code))
    body["marks"][0].update(item)
    answer = await http.post(f"{SCHOOL}/registers/2026-09-07/{session}/marks", json=body)
    assert answer.status_code == 200, answer.text
    (only,) = answer.json()["outcomes"]
    return only.get("problem", {}).get("code", only["outcome"])


async def test_a_change_made_through_another_process_is_heard_of_with_the_next_mark(
    admin: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    first, second, third, fourth = await set_up(admin, URN, pupils=4)
    assert await outcome(admin, first) == "entered"
    assert await outcome(admin, "p-new") == "unknown-pupil"

    await put(other, f"{SCHOOL}/pupils/p-new", pupil())
    assert await outcome(admin, "p-new") == "entered"

    left = {"leaving": {"date": "2026-09-04"}}
    await put(other, f"{SCHOOL}/pupils/{second}", pupil(**left))
    assert await outcome(admin, second) == "not-on-roll"

    assert await outcome(admin, third, "L", arrived_at="09:20") == "arrival-outside-register"
    longer = [{**POLICY["registers"][0], "closes": "09:30"}, POLICY["registers"][1]]
    school = {"name": f"Invented Primary {URN}", "phase": "primary", "age_range": [4, 11]}
    policy = {**POLICY, "registers": longer}
    await put(other, SCHOOL, {**school, "policy": policy, "effective_from": "2026-09-01"})
    assert await outcome(admin, third, "L", arrived_at="09:20") == "entered"

    assert await outcome(admin, fourth, "\\", "PM") == "entered"
    holiday = {"from": "2026-09-08", "to": "2026-09-08", "name": "Fair"}
    await put(other, f"{SCHOOL}/calendar/2026-27", {**CALENDAR, "holidays": [holiday, *CALENDAR["holidays"]]})
    answer = await admin.post(f"{SCHOOL}/registers/2026-09-08/AM/marks", json=marks((fourth, "/")))
    assert answer.json()["outcomes"][0]["problem"]["code"] == "session-closed"


async def test_a_person_interned_in_a_transaction_that_was_undone_is_interned_again(admin: httpx.AsyncClient) -> None:
    (only, *_) = await set_up(admin, "900176", pupils=2)
    path = "/v1/schools/900176/registers/2026-09-07/AM/marks"
    body = marks((only, "/"), made_by={"name": "C. Supply", "position": "Supply teacher"})
    dry = await admin.post(path, json=body, params={"dry_run": "true"})
    assert dry.json()["entered"] == 1
    wet = await admin.post(path, json=body)
    assert wet.json() == dry.json()
    read = (await admin.get(path.removesuffix("/marks"))).json()
    entry = next(item["entry"] for item in read["items"] if item["pupil"] == only)
    assert entry["made_by"] == {"name": "C. Supply", "position": "Supply teacher"}


def head(school_id: int, changed_seq: int) -> Head:
    return Head(school_id, "00000000-0000-0000-0000-000000000000", 9, b"", NOON, changed_seq)


def test_memory_is_kept_under_the_last_change_and_persons_for_ever() -> None:
    memory = Memory()
    before = memory.of(head(1, 5))
    assert memory.of(head(1, 5)) is before
    before.interned.keys[2026] = bytes(32)
    after = memory.of(head(1, 6))
    assert after is not before
    assert after.interned is before.interned
    assert after.interned.keys == {}
    assert (after.school, after.pupils, after.retired) == (None, {}, frozenset())


def test_memory_is_bounded_and_forgets_the_school_not_asked_for_longest() -> None:
    memory = Memory()
    kept, forgotten = memory.of(head(1, 1)), memory.of(head(2, 1))
    for school_id in range(3, MOST_SCHOOLS + 2):
        assert memory.of(head(1, 1)) is kept
        memory.of(head(school_id, 1))
    assert memory.of(head(1, 1)) is kept
    assert memory.of(head(2, 1)) is not forgotten
