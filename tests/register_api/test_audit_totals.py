"""Totals of the audit: they add up to the amendments that the audit itself gives for the same filters."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.support.office import TUESDAY, Office, amending, calling, open_office, refusal
from tests.support.school import OFFICE, TEACHER
from tests.support.services import Register

LATER = "2026-09-14T12:00:00+01:00"
SICK, FOUND = "Parent telephoned at 09:40: sickness", "Found in the library"


@pytest.fixture(scope="module")
async def counted(register: Register, admin: httpx.AsyncClient) -> Office:
    """Give a school with seven amendments: of two days, by two persons, for two reasons."""
    office = await open_office(admin, register.database, "900121", pupils=8)
    register.clock.set("2026-09-08T16:00:00+01:00")
    for day in ("2026-09-07", TUESDAY):
        await office.entered(*((f"p-00{n}", "N") for n in range(1, 7)), day=day)
    await office.amended(amending("p-001", "N", "I"), amending("p-002", "N", "I"), amending("p-003", "N", "M"))
    await office.amended(amending("p-004", "N", "/", reason=FOUND, date=TUESDAY), made_by=TEACHER)
    register.clock.set("2026-09-14T10:00:00+01:00")
    await office.amended(amending("p-001", "I", "N"), amending("p-005", "N", "I"))
    await office.amended(amending("p-001", "N", "I"))
    return office


@pytest.fixture(autouse=True)
def _a_week_later(register: Register, _afternoon: None) -> None:
    register.clock.set(LATER)


def pairs(totals: Any, total: str, *names: str) -> list[tuple[Any, ...]]:
    return [(*(row[name] for name in names), row["amendments"]) for row in totals[total]["items"]]


async def test_amendments_are_counted_in_all_and_by_person_reason_and_codes(counted: Office) -> None:
    totals = await counted.get("/amendments/totals")
    assert totals["amendments"] == 7
    assert pairs(totals, "by_person", "name", "position") == [(*OFFICE.values(), 6), (*TEACHER.values(), 1)]
    assert pairs(totals, "by_reason", "reason") == [(SICK, 6), (FOUND, 1)]
    codes = pairs(totals, "by_codes", "original_entry", "amended_entry")
    assert codes[0] == ("N", "I", 4)
    assert sorted(codes[1:]) == [("I", "N", 1), ("N", "/", 1), ("N", "M", 1)]
    assert [totals[total]["distinct"] for total in ("by_person", "by_reason", "by_codes")] == [2, 2, 4]
    assert totals["as_at"]["seq"] == (await counted.head())[0]


PARAMS: list[Any] = [
    [],
    [("pupil", "p-001")],
    [("pupil", "p-001"), ("pupil", "p-004")],
    [("original_entry", "N")],
    [("amended_entry", "I"), ("amended_entry", "M")],
    [("from", TUESDAY)],
    [("to", "2026-09-07"), ("original_entry", "I")],
    [("made_from", "2026-09-14")],
    [("made_to", "2026-09-08")],
    [("recorded_from", "2026-09-09")],
    [("recorded_to", "2026-09-13")],
    [("lag_min", "7")],
    [("made_by_id", "1")],
    [("client", "nobody")],
    [("reason", "in the LIBRARY")],
    [("made_by_name", "A. Teacher")],
    [("made_by_position", "Attendance officer"), ("reason", "telephoned")],
    [("as_at", "2026-09-09T00:00:00Z")],
]


@pytest.mark.parametrize("params", PARAMS)
async def test_totals_add_up_to_what_the_audit_gives(counted: Office, params: Any) -> None:
    answers = [
        await counted.http.get(counted.path(path), params=params) for path in ("/amendments", "/amendments/totals")
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    listed, totals = answers[0].json()["items"], answers[1].json()
    assert totals["as_at"] == answers[0].json()["as_at"]
    assert totals["amendments"] == len(listed)

    def count(of: Callable[[Any], Any]) -> Counter[Any]:
        return Counter(of(row) for row in listed)

    persons = {(row["made_by_id"], row["name"]): row["amendments"] for row in totals["by_person"]["items"]}
    assert persons == count(lambda row: (row["made_by_id"], row["made_by"]["name"]))
    reasons = {row["reason"]: row["amendments"] for row in totals["by_reason"]["items"]}
    assert reasons == count(lambda row: row["reason"])
    names = ("original_entry", "amended_entry")
    codes = {tuple(row[name] for name in names): row["amendments"] for row in totals["by_codes"]["items"]}
    assert codes == count(lambda row: tuple(row[name] for name in names))


async def test_of_each_total_the_greatest_are_given_and_the_rest_is_owned_up_to(counted: Office) -> None:
    totals = await counted.get("/amendments/totals", limit=1)
    assert totals["amendments"] == 7
    assert pairs(totals, "by_reason", "reason") == [(SICK, 6)]
    assert pairs(totals, "by_codes", "original_entry", "amended_entry") == [("N", "I", 4)]
    assert (totals["by_reason"]["distinct"], totals["by_codes"]["distinct"]) == (2, 4)


async def test_where_nothing_was_amended_the_totals_are_nought(counted: Office) -> None:
    totals = await counted.get("/amendments/totals", pupil="p-008")
    assert totals.pop("as_at")
    nothing = {"items": [], "distinct": 0}
    assert totals == {"amendments": 0, "by_person": nothing, "by_reason": nothing, "by_codes": nothing}


async def test_totals_at_a_position_are_the_same_bytes_for_ever(register: Register, admin: httpx.AsyncClient) -> None:
    office = await open_office(admin, register.database, "900122", pupils=2)
    await office.entered(("p-001", "N"))
    await office.amended(amending("p-001", "N", "I"))
    path, params = office.path("/amendments/totals"), {"as_at": f"seq:{(await office.head())[0]}"}
    then = await office.http.get(path, params=params)
    await office.amended(amending("p-001", "I", "M"))
    assert (await office.http.get(path, params=params)).content == then.content
    assert then.json()["amendments"] == 1


async def test_totals_refuse_what_the_audit_refuses(counted: Office, register: Register) -> None:
    path = counted.path("/amendments/totals")
    refusal(await counted.http.get(path, params={"as_at": "2099-01-01T00:00:00Z"}), "as-at-in-future", at="as_at")
    for unknown in ("cursor", "before", "text"):
        refusal(await counted.http.get(path, params={unknown: "x"}), "unknown-parameter", at=unknown)
    async with calling(register, ("register:read",)) as reader:
        refusal(await reader.get(path), "scope-required")
    async with calling(register, ("audit:read",), "schools", ["900999"]) as elsewhere:
        refusal(await elsewhere.get(path), "unknown-school")
