"""The admission register: pupils one by one and many at once, what cannot be kept, every change with its maker."""

from typing import Any

import httpx
import pytest

from tests.support.office import MONDAY, TUESDAY, Office, open_office, outcomes_of, refusal, told
from tests.support.school import CALENDAR, OFFICE, pupil, put
from tests.support.services import Register

UPN = "X931345622001"


async def kept(office: Office, id_: str, **facts: Any) -> Any:
    return await put(office.http, office.path(f"/pupils/{id_}"), pupil(**facts))


async def test_a_pupil_is_entered_changed_and_left_alone(office: Office) -> None:
    assert (await kept(office, "new"))["outcome"] == "entered"
    seq, _ = await office.head()
    assert await kept(office, "new") == {"id": "new", "outcome": "unchanged", "seq": seq}
    assert (await kept(office, "new", surname="Changed")) == {"id": "new", "outcome": "changed", "seq": seq + 1}
    read = await office.get("/pupils/new")
    assert (read["id"], read["surname"], read["enrolments"][0]["starting_day"]) == ("new", "Changed", "2026-09-03")


async def test_the_history_says_who_changed_what_or_that_nobody_is_stated(office: Office) -> None:
    await kept(office, "known")
    change = {"made_by": OFFICE, "made_at": "2026-09-07T10:00:00+01:00", "reason": "Deed poll"}
    await kept(office, "known", surname="Other", change=change)
    first, second = (await office.get("/pupils/known"))["history"]
    assert (first["made_by"], first["reason"], first["entry"]["surname"]) == (None, None, "Pupil")
    assert (second["made_by"], second["reason"], second["entry"]["surname"]) == (OFFICE, "Deed poll", "Other")
    assert second["made_at"] == "2026-09-07T09:00:00.000000Z"
    assert first["client"] == second["client"]
    assert second["seq"] == first["seq"] + 1
    then = await office.get("/pupils/known", as_at=f"seq:{first['seq']}")
    assert (then["surname"], len(then["history"])) == ("Pupil", 1)


async def test_two_pupils_of_a_school_do_not_share_a_upn(office: Office) -> None:
    await kept(office, "first", upn=UPN)
    answer = await office.http.put(office.path("/pupils/second"), json=pupil(upn=UPN))
    refusal(answer, "upn-in-use", at="#/upn")
    assert (await kept(office, "first", upn=None))["outcome"] == "changed"
    assert (await kept(office, "second", upn=UPN))["outcome"] == "entered"


async def test_two_new_pupils_of_one_request_do_not_share_a_upn(office: Office) -> None:
    upn = _with_letter("931345622002")
    body = {"pupils": [pupil(id="twin-1", upn=upn), pupil(id="twin-2", upn=upn)]}
    answer = await office.http.post(office.path("/pupils"), json=body)
    first, second = outcomes_of(answer)
    assert first["outcome"] == "entered"
    told(second["problem"], "upn-in-use", at="#/pupils/1/upn")


def _with_letter(digits: str) -> str:
    letters = "ABCDEFGHJKLMNPQRTUVWXYZ"
    return letters[sum(weight * int(digit) for weight, digit in enumerate(digits, 2)) % 23] + digits


@pytest.mark.parametrize("id_", [UPN, "A12345678901B", UPN.lower()])
async def test_an_id_that_looks_like_a_upn_is_refused(office: Office, id_: str) -> None:
    answer = await office.http.put(office.path(f"/pupils/{id_}"), json=pupil())
    refusal(answer, "invalid-pupil-id", at="id")
    [outcome] = outcomes_of(await office.http.post(office.path("/pupils"), json={"pupils": [pupil(id=id_)]}))
    told(outcome["problem"], "invalid-pupil-id", at="#/pupils/0/id")


@pytest.mark.parametrize("id_", ["p 1", "p/1", "p" * 65, "caf%C3%A9", "p%0A"])
async def test_an_id_is_made_of_few_characters(office: Office, id_: str) -> None:
    answer = await office.http.put(office.path(f"/pupils/{id_}"), json=pupil())
    assert answer.status_code in (404, 422)
    assert answer.json()["code"] in ("not-found", "invalid-parameter")


@pytest.mark.parametrize(
    ("facts", "member"),
    [
        ({"upn": "X931345622002"}, "upn"),
        ({"upn": "\0"}, "upn"),
        ({"date_of_birth": "2026-09-03"}, "date_of_birth"),
        ({"date_of_birth": "0001-01-01"}, "date_of_birth"),
        ({"starting_day": "9999-12-31"}, "starting_day"),
        ({"leaving": {"date": "2026-09-02"}}, "leaving/date"),
        ({"leaving": {"date": "9999-12-31"}}, "leaving/date"),
        ({"leaving": {"date": "2026-12-18", "ground": "z"}}, "leaving/ground"),
        ({"sex": "X"}, "sex"),
        ({"year_group": "15"}, "year_group"),
        ({"forename": "\0"}, "forename"),
        ({"surname": ""}, "surname"),
        ({"class": "x" * 201}, "class"),
        ({"boarder": "perhaps"}, "boarder"),
        ({"boarder": "true"}, "boarder"),
        ({"facts": {"fsm": 1}}, "facts/fsm"),
        ({"parents": [{"name": "A", "lives_with": 0}]}, "parents/0/lives_with"),
        ({"facts": {"fms": True}}, "facts/fms"),
        ({"facts": {"ethnicity": "\0"}}, "facts/ethnicity"),
        ({"parents": [{"name": "A", "phones": ["\0"]}]}, "parents/0/phones/0"),
        ({"address": "\0"}, "address"),
        ({"change": {"made_by": {"name": "A"}}}, "change/made_by/position"),
        ({"nickname": "x"}, "nickname"),
    ],
)
async def test_an_entry_that_cannot_be_kept_is_refused_with_a_pointer(
    office: Office, facts: dict[str, Any], member: str
) -> None:
    before = await office.head()
    answer = await office.http.put(office.path("/pupils/bad"), json=pupil(**facts))
    refusal(answer, "invalid-request", at=f"#/{member}")
    answer = await office.http.post(office.path("/pupils"), json={"pupils": [pupil(id="bad", **facts)]})
    [outcome] = outcomes_of(answer)
    told(outcome["problem"], "invalid-item", at=f"#/pupils/0/{member}")
    assert await office.head() == before


async def test_many_pupils_stand_or_fall_one_by_one(office: Office) -> None:
    await kept(office, "many-0")
    items = [
        pupil(id="many-0"),
        pupil(id="many-1"),
        pupil(id="many-1", surname="Again"),
        {"id": "many-2"},
        7,
        pupil(),
        pupil(id="many-0b", surname="Last"),
    ]
    answer = await office.http.post(office.path("/pupils"), json={"pupils": items})
    outcomes = outcomes_of(answer)
    assert [outcome["outcome"] for outcome in outcomes] == [
        *("unchanged", "entered", "refused", "refused", "refused", "refused", "entered")
    ]
    told(outcomes[2]["problem"], "duplicate-in-request", at="#/pupils/2/id")
    told(outcomes[3]["problem"], "invalid-item", at="#/pupils/3/surname")
    told(outcomes[5]["problem"], "invalid-item", at="#/pupils/5/id")
    assert outcomes[6]["seq"] == answer.json()["seq"] == (await office.head())[0]


async def test_two_thousand_pupils_are_the_most(office: Office) -> None:
    items = [{"id": f"x-{n}"} for n in range(2_001)]
    answer = await office.http.post(office.path("/pupils"), json={"pupils": items})
    refusal(answer, "too-many-items", at="#/pupils")


async def test_a_later_starting_day_after_leaving_opens_a_new_enrolment(office: Office, register: Register) -> None:
    await kept(office, "returns", leaving={"date": "2026-09-04", "ground": "d", "destination": "Elsewhere"})
    told((await office.mark("returns"))["problem"], "not-on-roll")
    assert (await kept(office, "returns", starting_day=TUESDAY))["outcome"] == "changed"
    read = await office.get("/pupils/returns")
    assert [(each["starting_day"], each["leaving"] and each["leaving"]["date"]) for each in read["enrolments"]] == [
        ("2026-09-03", "2026-09-04"),
        (TUESDAY, None),
    ]
    assert (await kept(office, "returns", starting_day=TUESDAY))["outcome"] == "unchanged"
    register.clock.set("2026-09-08T16:00:00+01:00")
    assert (await office.mark("returns", "/", day="2026-09-04"))["outcome"] == "entered"
    told((await office.mark("returns", "/", day=MONDAY))["problem"], "not-on-roll")
    assert (await office.mark("returns", "/", day=TUESDAY))["outcome"] == "entered"


async def test_an_enrolment_does_not_reach_into_the_one_before(office: Office) -> None:
    await kept(office, "overlaps", leaving={"date": "2026-09-04"})
    await kept(office, "overlaps", starting_day=TUESDAY)
    answer = await office.http.put(office.path("/pupils/overlaps"), json=pupil(starting_day="2026-09-04"))
    refusal(answer, "invalid-request", at="#/starting_day")
    assert (await kept(office, "overlaps", starting_day="2026-09-05"))["outcome"] == "changed"


async def test_a_class_holds_from_its_date_on(office: Office, register: Register) -> None:
    await kept(office, "moves")
    await kept(office, "moves", **{"class": "4C", "effective_from": TUESDAY})
    register.clock.set("2026-09-08T16:00:00+01:00")

    async def class_on(day: str) -> Any:
        items = (await office.get(f"/registers/{day}/AM"))["items"]
        return next(item["class"] for item in items if item["pupil"] == "moves")

    assert (await class_on(MONDAY), await class_on(TUESDAY)) == ("4B", "4C")
    assert [item["id"] for item in (await office.get("/pupils", on=TUESDAY, **{"class": "4C"}))["items"]] == ["moves"]
    assert (await office.get("/pupils", on=MONDAY, **{"class": "4C"}))["items"] == []


async def test_another_date_for_the_same_facts_is_a_change(office: Office) -> None:
    later = {"class": "4C", "effective_from": "2026-10-01"}
    await kept(office, "corrected")
    assert (await kept(office, "corrected", **later))["outcome"] == "changed"
    assert (await kept(office, "corrected", **later))["outcome"] == "unchanged"
    assert (await kept(office, "corrected", **{"class": "4C"}))["outcome"] == "unchanged"
    assert (await kept(office, "corrected", **{**later, "effective_from": TUESDAY}))["outcome"] == "changed"


async def test_the_roll_of_a_date_is_paged_at_the_position_of_the_first_page(office: Office) -> None:
    on_roll = [item["id"] for item in (await office.get("/pupils", limit=1_000))["items"]]
    assert "p-001" in on_roll
    page = await office.http.get(office.path("/pupils"), params={"limit": 7})
    seen = [item["id"] for item in page.json()["items"]]
    await kept(office, "arrived-meanwhile")
    while page.json()["next"]:
        page = await office.http.get(page.headers["link"][1:].partition(">")[0])
        seen += [item["id"] for item in page.json()["items"]]
    assert seen == on_roll
    assert "arrived-meanwhile" in [item["id"] for item in (await office.get("/pupils", limit=1_000))["items"]]
    assert (await office.get("/pupils", on="2026-09-02"))["items"] == []


async def test_an_unknown_pupil_is_not_found(office: Office) -> None:
    refusal(await office.http.get(office.path("/pupils/nobody")), "unknown-pupil", at="id")


async def test_a_dry_run_enters_nobody(office: Office) -> None:
    before = await office.head()
    tried = await office.http.put(office.path("/pupils/tried"), json=pupil(), params={"dry_run": "true"})
    assert tried.json() == {"id": "tried", "outcome": "entered", "seq": before[0] + 1}
    assert await office.head() == before
    refusal(await office.http.get(office.path("/pupils/tried")), "unknown-pupil")


async def test_the_stream_is_whole_and_holds_no_name_after_all_of_this(office: Office) -> None:
    leaves = await office.stream()
    assert {leaf["kind"] for leaf in leaves} >= {"roll-changed", "mark-entered"}
    assert not any("Pupil" in str(leaf) or UPN in str(leaf) for leaf in leaves)


async def test_every_page_of_the_roll_is_of_the_day_of_the_first(register: Register, admin: httpx.AsyncClient) -> None:
    office = await open_office(admin, register.database, "900195", pupils=2)
    await put(admin, office.path("/pupils/p-002"), pupil(leaving={"date": "2026-09-10"}))
    first = await office.http.get(office.path("/pupils"), params={"limit": 1})
    assert [item["id"] for item in first.json()["items"]] == ["p-001"]
    register.clock.set("2026-09-14T12:00:00+01:00")
    assert [item["id"] for item in (await office.get("/pupils"))["items"]] == ["p-001"]
    rest = (await office.http.get(first.headers["link"][1:].partition(">")[0])).json()
    assert [item["id"] for item in rest["items"]] == ["p-002"]
    seq = rest["as_at"]["seq"]
    assert [item["id"] for item in (await office.get("/pupils", as_at=f"seq:{seq}"))["items"]] == ["p-001", "p-002"]


async def test_a_change_is_not_made_in_the_future(office: Office) -> None:
    ahead = {"made_by": OFFICE, "made_at": "2026-09-07T16:05:01+01:00"}
    skewed = {**ahead, "made_at": "2026-09-07T16:05:00+01:00"}
    one = await office.http.put(office.path("/pupils/ahead"), json=pupil(change=ahead))
    refusal(one, "made-at-in-future", at="#/change/made_at")
    both = [pupil(id="ahead", change=ahead), pupil(id="skewed", change=skewed)]
    many = (await office.http.post(office.path("/pupils"), json={"pupils": both})).json()
    assert [outcome["outcome"] for outcome in many["outcomes"]] == ["refused", "entered"]
    told(many["outcomes"][0]["problem"], "made-at-in-future", at="#/pupils/0/change/made_at")
    calendar = await office.http.put(
        office.path("/calendar/2026-27"), json={**CALENDAR, "inset_days": [], "change": ahead}
    )
    refusal(calendar, "made-at-in-future", at="#/change/made_at")
