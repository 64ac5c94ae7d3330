"""A pupil's id that changes in the MIS: every earlier one keeps answering, and answers show the newest."""

import json
from typing import Any

import httpx
import pytest

from codes.identifiers import check_letter
from tests.support.office import MONDAY, Office, amending, open_office, outcomes_of, refusal, told
from tests.support.school import OFFICE, pupil, put
from tests.support.sealing import checkpointed
from tests.support.services import Register

UPN = check_letter("931345622101") + "931345622101"
TEMPORARY = check_letter("93134562210A") + "93134562210A"


@pytest.fixture(scope="module")
async def school(register: Register, admin: httpx.AsyncClient) -> Office:
    """Give a school in which p-001 has been x-001 and then y-001."""
    office = await open_office(admin, register.database, "900501", pupils=4)
    await put(admin, office.path("/pupils/p-001"), pupil(upn=UPN))
    await office.entered(("p-001", "N"), ("p-002", "/"))
    await office.amended(amending("p-001", "N", "I"))
    for id_ in ("x-001", "y-001"):
        answer = await changed(office, "p-001", id_)
        assert answer.json()["outcome"] == "changed"
    return office


async def changed(office: Office, id_: str, to: str, dry_run: bool = False, **body: Any) -> httpx.Response:
    params = {"dry_run": "true"} if dry_run else None
    return await office.http.post(office.path(f"/pupils/{id_}/pupil-ids"), json={"id": to, **body}, params=params)


@pytest.mark.parametrize("id_", ["p-001", "x-001", "y-001"])
async def test_every_id_of_a_pupil_answers_and_the_newest_is_shown(school: Office, id_: str) -> None:
    read = await school.get(f"/pupils/{id_}")
    assert (read["id"], read["upn"]) == ("y-001", UPN)
    marks = await school.get(f"/pupils/{id_}/marks")
    assert (marks["pupil"], [item["code"] for item in marks["items"]]) == ("y-001", ["I"])
    for path in ("/amendments", "/late-entries", "/roll-changes"):
        items = (await school.get(path, pupil=id_))["items"]
        assert items
        assert {item["pupil"] for item in items} == {"y-001"}
    totals = await school.get("/amendments/totals", pupil=id_)
    assert totals == await school.get("/amendments/totals", pupil="p-001")
    differs = await school.get("/changes", pupil=id_, **{"between": "seq:0", "and": f"seq:{(await school.head())[0]}"})
    assert [item["pupil"] for item in differs["items"]] == ["y-001"]


async def test_the_pupil_is_listed_once(school: Office) -> None:
    assert [item["id"] for item in (await school.get("/pupils"))["items"]] == ["y-001", "p-002", "p-003", "p-004"]
    items = (await school.get(f"/registers/{MONDAY}/AM"))["items"]
    assert [item["pupil"] for item in items] == ["y-001", "p-002", "p-003", "p-004"]
    assert (await school.get("/pupils", limit=1))["items"][0]["id"] == "y-001"


async def test_evidence_is_had_by_every_id(school: Office, register: Register) -> None:
    await checkpointed(register.database)
    for id_ in ("p-001", "y-001"):
        evidence = await school.get(f"/pupils/{id_}/evidence", academic_year="2026-27")
        assert (evidence["pupil"], evidence["applied"]["identity"]["body"]["id"]) == ("y-001", "y-001")


async def test_marks_and_amendments_are_taken_under_every_id(school: Office) -> None:
    for id_, code in (("p-001", "/"), ("x-001", "\\"), ("y-001", "\\")):
        session = "AM" if code == "/" else "PM"
        outcome = await school.mark(id_, code, day="2026-09-04", session=session)
        assert outcome["outcome"] == ("unchanged" if id_ == "y-001" else "entered")
    at = {"date": "2026-09-04", "session": "PM"}
    outcomes = await school.amended(amending("x-001", "\\", "N", **at), amending("y-001", "\\", "N", **at))
    assert [outcome["outcome"] for outcome in outcomes] == ["amended", "refused"]
    told(outcomes[1]["problem"], "duplicate-in-request", at="#/amendments/1/pupil")


async def test_as_at_a_position_before_the_change_the_register_is_what_it_was(school: Office) -> None:
    history = (await school.get("/pupils/y-001"))["history"]
    assert [row["entry"]["id"] for row in history] == ["p-001", "p-001", "x-001", "y-001"]
    before = f"seq:{history[-1]['seq'] - 1}"
    assert (await school.get("/pupils/p-001", as_at=before))["id"] == "x-001"
    assert (await school.get("/pupils/p-001/marks", as_at=before))["pupil"] == "x-001"
    assert (await school.get("/pupils", as_at=before))["items"][0]["id"] == "x-001"
    for path in ("/pupils/y-001", "/pupils/y-001/marks"):
        refusal(await school.http.get(school.path(path), params={"as_at": before}), "unknown-pupil", at="id")


async def test_an_entry_changed_under_an_old_id_keeps_the_newest(school: Office) -> None:
    changed_now = await put(school.http, school.path("/pupils/p-001"), pupil(upn=UPN, address="1 Invented Street"))
    assert changed_now["outcome"] == "changed"
    assert (await school.get("/pupils/x-001"))["id"] == "y-001"
    again = await put(school.http, school.path("/pupils/y-001"), pupil(upn=UPN, address="1 Invented Street"))
    assert again["outcome"] == "unchanged"


async def test_two_ids_of_one_pupil_in_one_request_are_one_pupil(school: Office) -> None:
    items = [pupil(id=id_, upn=UPN, address=f"{n} Invented Street") for n, id_ in enumerate(("p-001", "y-001"), 2)]
    first, second = outcomes_of(await school.http.post(school.path("/pupils"), json={"pupils": items}))
    assert first["outcome"] == "changed"
    told(second["problem"], "duplicate-in-request", at="#/pupils/1/id")


async def test_a_repeated_change_of_id_is_unchanged(school: Office) -> None:
    before = await school.head()
    for id_, to in (("p-001", "y-001"), ("y-001", "x-001"), ("x-001", "p-001")):
        answer = (await changed(school, id_, to)).json()
        assert answer == {"id": "y-001", "outcome": "unchanged", "seq": before[0]}
    assert await school.head() == before


async def test_an_id_stands_for_one_pupil_for_ever(school: Office) -> None:
    for id_ in ("p-001", "x-001", "y-001"):
        refusal(await changed(school, "p-002", id_), "pupil-id-in-use", at="#/id")
    refusal(await changed(school, "nobody", "z-001"), "unknown-pupil", at="id")
    refusal(await changed(school, "p-002", UPN), "invalid-pupil-id", at="#/id")
    refusal(await changed(school, "p-002", "a b"), "invalid-request", at="#/id")


async def test_a_dry_run_changes_no_id(school: Office) -> None:
    before = await school.head()
    tried = await changed(school, "p-003", "z-003", dry_run=True)
    assert tried.json() == {"id": "z-003", "outcome": "changed", "seq": before[0] + 1}
    assert await school.head() == before
    refusal(await school.http.get(school.path("/pupils/z-003")), "unknown-pupil")
    change = {"made_by": OFFICE, "reason": "New MIS"}
    assert (await changed(school, "p-003", "z-003", change=change)).json() == tried.json()
    last = (await school.get("/pupils/z-003"))["history"][-1]
    assert (last["made_by"], last["reason"], last["entry"]["effective_from"]) == (OFFICE, "New MIS", "2026-09-03")
    (item,) = (await school.get("/roll-changes", pupil="p-003", limit=1))["items"]
    assert item["changes"] == [{"member": "id", "original_entry": "p-003", "amended_entry": "z-003"}]


async def test_reads_under_any_id_are_of_the_one_pupil(school: Office, register: Register) -> None:
    register.clock.set("2026-09-07T16:01:00+01:00")
    await school.get("/pupils/p-001/marks")
    reads = (await school.get("/reads", pupil="y-001", limit=1))["items"]
    assert (reads[0]["what"], reads[0]["pupil"]) == ("pupil-marks", "y-001")


async def test_a_upn_is_missing_then_temporary_then_permanent(school: Office) -> None:
    path = school.path("/pupils/p-004")
    for upn in (None, TEMPORARY, check_letter("931345622104") + "931345622104"):
        await put(school.http, path, pupil(upn=upn))
    read = await school.get("/pupils/p-004")
    assert (read["upn"][1:], read["former_upns"]) == ("931345622104", [TEMPORARY])
    assert [row["entry"]["upn"] for row in read["history"]] == [None, TEMPORARY, read["upn"]]
    refusal(await school.http.put(path, json=pupil(upn=UPN)), "upn-in-use", at="#/upn")
    answer = await school.http.put(path, json=pupil(upn=UPN.lower()))
    refusal(answer, "upn-in-use", at="#/upn")
    assert "y-001" in answer.json()["detail"]
    assert UPN not in json.dumps(answer.json())


async def test_the_upn_of_a_leaver_stays_the_leavers(school: Office) -> None:
    theirs = check_letter("931345622105") + "931345622105"
    await put(school.http, school.path("/pupils/left"), pupil(upn=theirs, leaving={"date": "2026-09-04"}))
    refusal(await school.http.put(school.path("/pupils/p-002"), json=pupil(upn=theirs)), "upn-in-use", at="#/upn")


async def test_the_stream_is_whole_and_holds_no_name_after_all_of_this(school: Office) -> None:
    leaves = await school.stream()
    assert not any("Pupil" in str(leaf) or UPN in str(leaf) for leaf in leaves)
