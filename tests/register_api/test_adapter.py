"""A supplier's own body: entered where there is no entry, amended where another stands, each answered, none guessed."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from codes.identifiers import check_letter
from tests.support.office import MONDAY, TUESDAY, Office, calling, open_office, refusal, told
from tests.support.school import OFFICE, TEACHER, pupil, put
from tests.support.services import Register

UPN = check_letter("931345622201") + "931345622201"
PATH = "/adapters/session-attendance"
STAFF = {"A77": TEACHER, "A78": OFFICE}


@pytest.fixture(scope="module")
async def school(register: Register, admin: httpx.AsyncClient) -> Office:
    """Give a school whose supplier's ids are mapped for p-001, two codes and two persons; p-002 has a UPN."""
    office = await open_office(admin, register.database, "900701", pupils=40)
    await put(admin, office.path("/pupils/p-002"), pupil(upn=UPN))
    told = {"pupils": {"A1039": "p-001"}, "codes": {"A2044": "/", "A2045": "I"}, "staff": STAFF}
    answer = await office.http.put(office.path(f"{PATH}/ids"), json=told)
    assert answer.json() == {"set": 5, "unchanged": 0}, answer.text
    for _ in range(4):
        next(office.unused)
    return office


def item(student: str, code: str = "A2044", **other: Any) -> dict[str, Any]:
    given = {"date": MONDAY, "session": "AM", "student_id": student, "attendance_code_id": code}
    return {**given, "comment": "", "employee_id": "A77", "minutes_late": None, **other}


async def send(office: Office, *items: Any, http: httpx.AsyncClient | None = None, **request: Any) -> Any:
    answer = await (http or office.http).post(office.path(PATH), json={"attendance": list(items)}, **request)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    counted = sum(body[name] for name in ("entered", "amended", "unchanged", "refused"))
    assert counted == len(body["outcomes"]) == len(items)
    assert body["writeback_id"] == f"seq:{body['seq']}"
    return body


async def test_a_pupil_is_known_by_a_mapped_id_by_ours_or_by_a_upn(school: Office) -> None:
    body = await send(school, item("A1039"), item("p-003", "/"), item(UPN, "N"))
    assert [outcome["outcome"] for outcome in body["outcomes"]] == ["entered"] * 3
    assert [outcome["pupil"] for outcome in body["outcomes"]] == ["p-001", "p-003", "p-002"]
    entry = await school.entry("p-001")
    assert (entry["code"], entry["made_by"]) == ("/", TEACHER)
    assert [leaf["source"] for leaf in (await school.stream())[-3:]] == ["adapter"] * 3


async def test_a_mark_sent_again_is_unchanged_and_a_different_one_amended(school: Office) -> None:
    id_ = school.pupil()
    assert (await send(school, item(id_, "N")))["entered"] == 1
    assert (await send(school, item(id_, "N", employee_id=None)))["unchanged"] == 1
    amending = item(id_, "A2045", comment="Parent telephoned: sickness", employee_id="A78")
    (outcome,) = (await send(school, amending))["outcomes"]
    assert (outcome["outcome"], outcome["version"]) == ("amended", 2)
    (amended,) = (await school.get("/amendments", pupil=id_))["items"]
    assert (amended["original_entry"], amended["amended_entry"]) == ("N", "I")
    assert (amended["reason"], amended["made_by"]) == ("Parent telephoned: sickness", OFFICE)
    body = await send(school, amending, item(id_, "N", session="PM"))
    assert [each["outcome"] for each in body["outcomes"]] == ["unchanged", "entered"]
    (first,) = (await send(school, item(id_, "N")))["outcomes"]
    assert (first["outcome"], first["version"], first["current_entry"]["code"]) == ("unchanged", 1, "I")


@pytest.mark.parametrize(
    "without", [{"comment": ""}, {"comment": None}, {"comment": "--"}, {"employee_id": None}, {"employee_id": "A99"}]
)
async def test_without_a_reason_or_a_position_nothing_is_amended(school: Office, without: dict[str, Any]) -> None:
    id_ = school.pupil()
    await send(school, item(id_, "N"))
    (outcome,) = (await send(school, item(id_, "I", **{"comment": "Parent telephoned", **without})))["outcomes"]
    body = told(outcome["problem"], "reason-required", at="#/attendance/0/comment")
    assert body["current_entry"]["code"] == "N"
    assert (await school.entry(id_))["version"] == 1


@pytest.mark.parametrize("employee", [{"employee_id": None}, {"employee_id": ""}, {"employee_id": "A99"}])
async def test_an_entry_needs_an_employee_who_is_known(school: Office, employee: dict[str, Any]) -> None:
    (outcome,) = (await send(school, item("p-004", **employee)))["outcomes"]
    told(outcome["problem"], "made-by-required", at="#/attendance/0/employee_id")
    without = {name: value for name, value in item("p-004").items() if name != "employee_id"}
    (outcome,) = (await send(school, without))["outcomes"]
    told(outcome["problem"], "made-by-required", at="#/attendance/0/employee_id")


async def test_each_mark_stands_alone_and_each_fault_is_pointed_at(school: Office) -> None:
    good = school.pupil()
    faulty: list[tuple[Any, str, str]] = [
        (item("A9999"), "unknown-pupil", "student_id"),
        (item(school.pupil(), "A9999"), "unknown-code", "attendance_code_id"),
        (item(school.pupil(), "H"), "code-withdrawn", "attendance_code_id"),
        (item(school.pupil(), "B"), "nature-required", "comment"),
        (item(school.pupil(), "L", minutes_late=40), "arrival-outside-register", "minutes_late"),
        (item(school.pupil(), date="2026-09-05"), "session-closed", "date"),
        (item(school.pupil(), date=TUESDAY), "session-not-begun", "date"),
        (item(good), "duplicate-in-request", "student_id"),
        (item(school.pupil(), period=2), "invalid-item", "period"),
        (item(school.pupil(), date="07/09/2026"), "invalid-item", "date"),
        (item(school.pupil(), session="am"), "invalid-item", "session"),
        (item(school.pupil(), minutes_late="soon"), "invalid-item", "minutes_late"),
        (item(school.pupil(), minutes_late=-1), "invalid-item", "minutes_late"),
        (item("x" * 201), "invalid-item", "student_id"),
    ]
    body = await send(school, item(good), *(each for each, _, _ in faulty))
    assert body["outcomes"][0]["outcome"] == "entered"
    for at, (_, slug, member) in enumerate(faulty, 1):
        outcome = body["outcomes"][at]
        assert outcome["outcome"] == "refused"
        told(outcome["problem"], slug, at=f"#/attendance/{at}/{member}")


@pytest.mark.parametrize("minutes", [10, "10", " 10 "], ids=["number", "text", "with blanks"])
async def test_minutes_late_are_a_number_or_a_text_or_nothing(school: Office, minutes: Any) -> None:
    id_ = school.pupil()
    body = await send(school, item(id_, "L", minutes_late=minutes), item(id_, "\\", session="PM", minutes_late=""))
    assert body["entered"] == 2
    assert (await school.entry(id_))["arrived_at"] == "08:55"


async def test_a_client_that_may_not_amend_enters_and_is_refused_the_rest(school: Office, register: Register) -> None:
    entered, amended = school.pupil(), school.pupil()
    await send(school, item(amended, "N"))
    async with calling(register, ("marks:write",), "schools", [school.urn]) as supplier:
        items = (item(entered), item(amended, "I", comment="Parent telephoned"), item(amended, "N"))
        body = await send(school, *items[:2], http=supplier)
        told(body["outcomes"][1]["problem"], "scope-required", at="#/attendance/1/attendance_code_id")
        assert body["outcomes"][0]["outcome"] == "entered"
        assert (await send(school, items[2], http=supplier))["unchanged"] == 1
    async with calling(register, ("amendments:write", "register:read"), "schools", [school.urn]) as other:
        refusal(await other.post(school.path(PATH), json={"attendance": []}), "scope-required")
        refusal(await other.put(school.path(f"{PATH}/ids"), json={}), "scope-required")


async def test_all_or_nothing_and_a_dry_run(school: Office) -> None:
    before, id_ = await school.head(), school.pupil()
    items = [item(id_), item("A9999")]
    answer = await school.http.post(
        school.path(PATH), json={"attendance": items}, headers={"Prefer": "handling=strict"}
    )
    refusal(answer, "refused-whole")
    tried = await send(school, *items, params={"dry_run": "true"})
    assert await school.head() == before
    assert await send(school, *items) == tried
    assert await school.head() != before


async def test_a_body_that_is_none_is_refused_whole(school: Office) -> None:
    refusal(await school.http.post(school.path(PATH), json={"attendance": {}}), "invalid-request", at="#/attendance")
    extra = {"attendance": [], "school": "x"}
    refusal(await school.http.post(school.path(PATH), json=extra), "invalid-request", at="#/school")
    many: dict[str, Any] = {"attendance": [{}] * 2_001}
    refusal(await school.http.post(school.path(PATH), json=many), "too-many-items", at="#/attendance")


@pytest.fixture
async def mapped(register: Register, admin: httpx.AsyncClient) -> AsyncIterator[Office]:
    """Give a school whose supplier's ids nobody has mapped yet."""
    number = next(_urns)
    yield await open_office(admin, register.database, str(number), pupils=3)


_urns = iter(range(900711, 900719))


async def test_what_ids_mean_is_kept_listed_and_changed(mapped: Office) -> None:
    path = mapped.path(f"{PATH}/ids")
    first = {"pupils": {"A1": "p-001", "A2": "p-002"}, "codes": {"C1": "/"}}
    assert (await mapped.http.put(path, json=first)).json() == {"set": 3, "unchanged": 0}
    second = {"pupils": {"A2": "p-003"}, "codes": {"C1": "/"}, "staff": {"S1": OFFICE}}
    tried = await mapped.http.put(path, json=second, params={"dry_run": "true"})
    assert (await mapped.http.put(path, json=second)).json() == tried.json() == {"set": 2, "unchanged": 1}
    assert (await mapped.http.put(path, json=second)).json() == {"set": 0, "unchanged": 3}
    items, page = [], await mapped.http.get(path, params={"limit": 1})
    items += page.json()["items"]
    while page.json()["next"]:
        page = await mapped.http.get(page.headers["link"][1:].partition(">")[0])
        items += page.json()["items"]
    assert items == [
        {"what": "code", "id": "C1", "code": "/"},
        {"what": "pupil", "id": "A1", "pupil": "p-001"},
        {"what": "pupil", "id": "A2", "pupil": "p-003"},
        {"what": "staff", "id": "S1", **OFFICE},
    ]
    bad = {"cursor": page.json()["next"] or "e30"}
    refusal(await mapped.http.get(path, params=bad), "invalid-cursor", at="cursor")


async def test_an_id_means_the_pupil_and_not_the_pupils_id(mapped: Office) -> None:
    path = mapped.path(f"{PATH}/ids")
    await mapped.http.put(path, json={"pupils": {"A1": "p-001"}, "staff": STAFF})
    await mapped.http.post(mapped.path("/pupils/p-001/pupil-ids"), json={"id": "new-001"})
    assert (await send(mapped, item("A1", "/")))["outcomes"][0]["pupil"] == "new-001"
    assert (await send(mapped, item("p-001", "/")))["unchanged"] == 1
    assert (await mapped.get(f"{PATH}/ids"))["items"][0]["pupil"] == "new-001"


async def test_a_mapped_id_goes_before_one_of_ours(mapped: Office) -> None:
    await mapped.http.put(mapped.path(f"{PATH}/ids"), json={"pupils": {"p-002": "p-001"}, "staff": STAFF})
    assert (await send(mapped, item("p-002", "/")))["outcomes"][0]["pupil"] == "p-001"


async def test_ids_of_pupils_and_codes_that_there_are_not_are_refused(mapped: Office) -> None:
    path = mapped.path(f"{PATH}/ids")
    body = {"pupils": {"A1": "p-001", "A/2": "nobody"}}
    refusal(await mapped.http.put(path, json=body), "unknown-pupil", at="#/pupils/A~12")
    refusal(await mapped.http.put(path, json={"pupils": {UPN: "p-001"}}), "invalid-pupil-id", at=f"#/pupils/{UPN}")
    refusal(await mapped.http.put(path, json={"codes": {"C1": "?"}}), "unknown-code", at="#/codes/C1")
    refusal(
        await mapped.http.put(path, json={"staff": {"S1": {"name": "A"}}}), "invalid-request", at="#/staff/S1/position"
    )
    many = {"codes": {f"C{n}": "/" for n in range(2_001)}}
    refusal(await mapped.http.put(path, json=many), "too-many-items")
    assert (await mapped.get(f"{PATH}/ids"))["items"] == []
