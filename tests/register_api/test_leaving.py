"""Leaving: the grounds of regulation 9, what the register says to them, and what a leaving leaves open."""

from typing import Any

import httpx
import pytest

from tests.support.office import Office, open_office, outcomes_of, refusal, told
from tests.support.plans import decided, plan
from tests.support.school import OFFICE, marks, pupil, put
from tests.support.services import Register

AFTERNOON = "2026-10-09T16:00:00+01:00"
FRIDAY = "2026-10-09"
DAYS = [f"2026-09-{day:02}" for day in (14, 15, 16, 17, 18, 21, 22, 23, 24, 25, 28, 29, 30)] + [
    f"2026-10-{day:02}" for day in (1, 2, 5, 6, 7, 8, 9)
]
"""The last twenty school days."""
AFFIRMED = {"no-ground-to-believe-sick": True, "joint-enquiries-failed": True}


@pytest.fixture(scope="module")
async def school(register: Register, admin: httpx.AsyncClient) -> Office:
    """Give a school in which p-001 is O for twenty days, p-002 U once, p-003 on leave and not back, p-004 back."""
    office = await open_office(admin, register.database, "900601", pupils=8)
    register.clock.set(AFTERNOON)
    for at, day in enumerate(DAYS):
        on_leave = "C" if at < 8 else "O"
        for session in ("AM", "PM"):
            codes = [("p-001", "N"), ("p-002", "U" if at == 3 and session == "PM" else "O"), ("p-003", on_leave)]
            back = ("p-004", on_leave if day != "2026-10-01" or session == "AM" else "\\")
            answer = await office.http.post(
                f"{office.register(day, session)}/marks", json=marks(*codes, back, ("p-005", "O" if at < 19 else "C"))
            )
            assert answer.json()["entered"] == 5, answer.text
    return office


@pytest.fixture(autouse=True)
def _october(register: Register, _afternoon: None) -> None:
    register.clock.set(AFTERNOON)


def leaving(ground: str | None, **other: Any) -> dict[str, Any]:
    return {"date": FRIDAY, "ground": ground, "destination": "Elsewhere", **other}


async def leave(office: Office, id_: str, stated: dict[str, Any], **other: Any) -> httpx.Response:
    return await office.http.put(office.path(f"/pupils/{id_}"), json=pupil(leaving=stated, **other))


async def test_a_ground_that_the_register_does_not_contradict_is_kept_with_its_tests(school: Office) -> None:
    stated = leaving("i", tests=AFFIRMED)
    answer = (await leave(school, "p-001", stated)).json()
    assert (answer["outcome"], "warnings" in answer) == ("changed", False)
    assert (await leave(school, "p-001", stated)).json()["outcome"] == "unchanged"
    read = await school.get("/pupils/p-001")
    assert read["enrolments"] == [{"starting_day": "2026-09-03", "leaving": stated}]
    assert read["warnings"] == []
    assert [item["id"] for item in (await school.get("/pupils", on="2026-10-10"))["items"]][:1] == ["p-002"]


async def test_a_leaving_that_stands_is_not_decided_anew(school: Office) -> None:
    amended = {"pupil": "p-001", "date": FRIDAY, "session": "AM", "original_entry": "N", "amended_entry": "I"}
    (outcome,) = await school.amended({**amended, "reason": "Found ill"})
    assert outcome["outcome"] == "amended"
    moved = await leave(school, "p-001", leaving("i", tests=AFFIRMED), address="2 Invented Street")
    assert moved.json()["outcome"] == "changed"
    again = leaving("i", tests=AFFIRMED, date="2026-10-12")
    body = refusal(await leave(school, "p-001", again, address="2 Invented Street"), "ground-not-met")
    assert body["entries"] == [{"date": FRIDAY, "session": "AM", "code": "I"}]


async def test_an_entry_that_contradicts_the_ground_refuses_it_with_the_facts(school: Office) -> None:
    before = await school.head()
    body = refusal(await leave(school, "p-002", leaving("i", tests=AFFIRMED)), "ground-not-met", at="#/leaving/ground")
    assert body["entries"] == [{"date": "2026-09-17", "session": "PM", "code": "U"}]
    items = [pupil(id=id_, leaving=leaving("i")) for id_ in ("p-002", "p-006")]
    first, second = outcomes_of(await school.http.post(school.path("/pupils"), json={"pupils": items}))
    told(first["problem"], "ground-not-met", at="#/pupils/0/leaving/ground")
    assert second["outcome"] == "changed"
    assert {warning["pointer"] for warning in second["warnings"]} == {
        f"#/pupils/1/leaving/tests/{slug}" for slug in AFFIRMED
    }
    assert await school.head() != before


async def test_who_came_back_after_a_leave_is_not_one_who_did_not(school: Office) -> None:
    assert (await leave(school, "p-003", leaving("h", tests=AFFIRMED))).json()["outcome"] == "changed"
    body = refusal(await leave(school, "p-004", leaving("h", tests=AFFIRMED)), "ground-not-met", at="#/leaving/ground")
    assert body["entries"] == [{"date": "2026-10-01", "session": "PM", "code": "\\"}]
    body = refusal(await leave(school, "p-005", leaving("h", tests=AFFIRMED)), "ground-not-met", at="#/leaving/ground")
    assert body["entries"] == []


async def granted(office: Office, id_: str, last: str, outcome: str = "granted") -> None:
    """Decide about a leave of absence that began on 14 September."""
    leave_ = plan("2026-09-14", last, pupil=id_, decision=decided(outcome))
    await put(office.http, office.path("/planned-absences/leave"), leave_)


async def test_a_leave_that_was_granted_ends_before_anybody_is_not_back_from_it(school: Office) -> None:
    await put(school.http, school.path("/pupils/granted"), pupil())
    for last in ("2026-09-28", "2026-10-16"):
        await granted(school, "granted", last)
        refusal(await leave(school, "granted", leaving("h")), "ground-not-met", at="#/leaving/ground")
    await granted(school, "granted", "2026-10-16", "withdrawn")
    tried = school.http.put(
        school.path("/pupils/granted"), json=pupil(leaving=leaving("h")), params={"dry_run": "true"}
    )
    assert (await tried).json()["outcome"] == "changed"
    await granted(school, "granted", "2026-09-25")
    assert (await leave(school, "granted", leaving("h"))).json()["outcome"] == "changed"


async def test_a_pupil_of_compulsory_age_does_not_leave_for_being_over_it(school: Office) -> None:
    refusal(await leave(school, "p-007", leaving("l")), "ground-not-met", at="#/leaving/ground")
    older = await leave(school, "sixth", leaving("l"), date_of_birth="2009-02-11", year_group="13")
    assert older.json()["outcome"] == "entered"


async def test_what_nobody_affirmed_and_a_destination_that_nobody_knows_are_shown(school: Office) -> None:
    answer = (await leave(school, "p-007", leaving("a", destination=None))).json()
    assert answer["outcome"] == "changed"
    places = {warning["pointer"] for warning in answer["warnings"]}
    assert "#/leaving/destination" in places
    assert "#/leaving/tests/no-order-names-this-school" in places
    assert all(warning["detail"] and warning["source"] for warning in answer["warnings"])
    assert (await school.get("/pupils/p-007"))["warnings"] == answer["warnings"]
    without = (await leave(school, "p-008", leaving(None))).json()
    assert [warning["pointer"] for warning in without["warnings"]] == ["#/leaving/ground"]


@pytest.mark.parametrize(
    ("stated", "member"),
    [
        (leaving("f", tests={"joint-enquiries-failed": True}), "leaving/tests/joint-enquiries-failed"),
        (leaving(None, tests={"written-notification": True}), "leaving/tests/written-notification"),
        (leaving("f", tests={"written-notification": "yes"}), "leaving/tests/written-notification"),
    ],
)
async def test_a_test_that_the_ground_does_not_ask_is_refused(
    school: Office, stated: dict[str, Any], member: str
) -> None:
    refusal(await leave(school, "p-006", stated), "invalid-request", at=f"#/{member}")


async def test_a_dry_run_says_what_a_leaving_leaves_open_and_keeps_nothing(school: Office) -> None:
    before = await school.head()
    path, body = school.path("/pupils/p-002"), pupil(leaving=leaving("f"))
    tried = await school.http.put(path, json=body, params={"dry_run": "true"})
    assert await school.head() == before
    assert (await school.http.put(path, json=body)).json() == tried.json()
    assert [warning["pointer"] for warning in tried.json()["warnings"]] == ["#/leaving/tests/written-notification"]


async def test_who_was_readmitted_is_on_roll_again_and_nothing_is_open(school: Office) -> None:
    await put(school.http, school.path("/pupils/p-002"), pupil(leaving=leaving("f")))
    answer = await put(school.http, school.path("/pupils/p-002"), pupil(starting_day="2026-10-12"))
    assert answer["outcome"] == "changed"
    assert "warnings" not in answer
    read = await school.get("/pupils/p-002")
    assert [enrolment["leaving"] and enrolment["leaving"]["ground"] for enrolment in read["enrolments"]] == ["f", None]
    assert "p-002" not in [item["id"] for item in (await school.get("/pupils", on="2026-10-11"))["items"]]
    assert "p-002" in [item["id"] for item in (await school.get("/pupils", on="2026-10-12"))["items"]]


async def test_everybody_may_read_the_grounds(register: Register) -> None:
    async with httpx.AsyncClient(base_url=register.address, verify=False) as anybody:
        items = (await anybody.get("/v1/deletion-grounds")).json()["items"]
    assert "".join(item["ground"] for item in items) == "abcdefghijklmno"
    asked = {item["ground"]: {test["test"] for test in item["tests"]} for item in items}
    assert asked["h"] == asked["i"] == set(AFFIRMED)
    assert {item["ground"] for item in items if not item["compulsory_school_age"]} == {"b", "l"}


async def test_an_entry_holds_all_that_the_returns_need(school: Office) -> None:
    everything = {
        "known_as": "Ann",
        "address": "1 Invented Street",
        "parents": [{"name": "A. Parent", "address": "1 Invented Street", "lives_with": True, "phones": ["0100 1"]}],
        "emergency_contacts": [{"name": "G. Parent", "relationship": "Grandmother", "phones": ["0100 2"]}],
        "previous_school": "Other Primary, Other Street",
        "other_school": {"name": "Next Primary", "urn": "900602", "from": "2026-11-02"},
        "future_address": {"address": "3 Invented Street", "parent": "A. Parent", "from": "2026-11-02"},
        "registered_at": [{"urn": "900602", "from": "2026-10-01", "to": "2026-12-18"}],
    }
    change = {"made_by": OFFICE, "reason": "Form of the parents"}
    await put(school.http, school.path("/pupils/whole"), pupil(**everything, change=change))
    read = await school.get("/pupils/whole")
    assert {name: read[name] for name in everything} == everything
    refusal(
        await school.http.put(
            school.path("/pupils/whole"), json=pupil(emergency_contacts=[{"name": "G", "phones": []}])
        ),
        "invalid-request",
        at="#/emergency_contacts/0/phones",
    )
    backwards = [{"urn": "900602", "from": "2026-10-01", "to": "2026-09-30"}]
    refusal(
        await school.http.put(school.path("/pupils/whole"), json=pupil(registered_at=backwards)),
        "invalid-request",
        at="#/registered_at/0/to",
    )
    await put(school.http, school.path("/pupils/whole"), pupil())
    later = await school.get("/pupils/whole")
    assert [name for name in everything if later.get(name)] == []
    assert later["history"][0]["entry"]["future_address"] == everything["future_address"]
