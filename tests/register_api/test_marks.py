"""Entering marks over real HTTP: each stands alone, a retry is harmless, and nothing is written ahead or half."""

import pytest

from tests.support.office import MONDAY, Office, amending, outcomes_of, refusal, told
from tests.support.school import OFFICE, TEACHER, marks
from tests.support.services import Register

STRICT = {"Prefer": "handling=strict"}


async def test_each_mark_stands_alone_and_is_answered_in_order(office: Office) -> None:
    present, late, visiting = (office.pupil() for _ in range(3))
    body = {
        "made_by": TEACHER,
        "made_at": "2026-09-07T08:59:10+01:00",
        "marks": [
            {"pupil": present, "code": "/"},
            {"pupil": visiting, "code": "B"},
            {"pupil": late, "code": "L", "arrived_at": "08:58"},
        ],
    }
    answer = await office.post(body)
    assert answer.status_code == 200
    first, second, third = outcomes_of(answer)
    summary = answer.json()
    assert (summary["entered"], summary["unchanged"], summary["refused"]) == (2, 0, 1)
    assert [outcome["pupil"] for outcome in (first, second, third)] == [present, visiting, late]
    assert (first["outcome"], second["outcome"], third["outcome"]) == ("entered", "refused", "entered")
    assert third["seq"] == first["seq"] + 1 == summary["seq"]
    assert (first["version"], third["version"]) == (1, 1)
    told(second["problem"], "nature-required", at="#/marks/1/nature")
    read = await office.get(f"/registers/{MONDAY}/AM")
    states = {item["pupil"]: item["state"] for item in read["items"]}
    assert (states[present], states[visiting], read["taken"]) == ("entered", "missing", "partial")
    entry = await office.entry(late)
    assert (entry["arrived_at"], entry["made_by"], entry["made_at"]) == (
        "08:58",
        TEACHER,
        "2026-09-07T07:59:10.000000Z",
    )


async def test_all_or_nothing_writes_nothing_when_one_is_refused_and_answers_for_every_item(office: Office) -> None:
    good, known, bad = (office.pupil() for _ in range(3))
    await office.entered((known, "/"))
    before = await office.head()
    answer = await office.post(marks((good, "/"), (known, "/"), (bad, "B")), headers=STRICT)
    body = refusal(answer, "refused-whole", at="#/marks/2/nature")
    assert answer.headers["preference-applied"] == "handling=strict"
    assert [outcome["outcome"] for outcome in body["outcomes"]] == ["not-written", "unchanged", "refused"]
    told(body["outcomes"][2]["problem"], "nature-required", at="#/marks/2/nature")
    assert await office.head() == before
    assert await office.entry(good) is None


ALL_OR_NOTHING = [
    ["handling=strict"],
    ["respond-async, Handling=Strict"],
    ["respond-async;wait=1 , handling = strict"],
    ['handling="strict"; x="a;b, c"; y'],
    ['foo="a\\", handling=lenient", handling=strict'],
    ["respond-async, wait=10", "handling=strict"],
    [", handling=strict,,handling=lenient"],
    ["return=minimal", "", "x-mis-9=anything, handling=strict"],
]
EACH_BY_ITSELF = [
    ["handling=lenient"],
    ["handling=lenient, handling=strict"],
    ["handling=lenient", "handling=strict"],
    ['foo="a, handling=strict"'],
    ["x; handling=strict"],
    ["handling"],
    ["handling=strictly"],
    ["xhandling=strict"],
    ['"unending, handling=strict'],
    [";;" * 2_000 + "=, handling=strict"],
]


@pytest.mark.parametrize(
    ("said", "strict"), [*((said, True) for said in ALL_OR_NOTHING), *((said, False) for said in EACH_BY_ITSELF)]
)
async def test_preferences_are_read_as_they_may_be_written(office: Office, said: list[str], strict: bool) -> None:
    """RFC 7240: several in a header and in several headers, quoted, with parameters; the first instance counts."""
    good = office.pupil() if strict else "p-999"
    answer = await office.post(marks((good, "/"), ("p-999", "B")), headers=[("Prefer", each) for each in said])
    assert ("preference-applied" in answer.headers) == strict
    if strict:
        refusal(answer, "refused-whole")
        assert await office.entry(good) is None
    else:
        assert answer.status_code == 200


async def test_all_or_nothing_writes_all_when_all_is_lawful(office: Office) -> None:
    one, other = office.pupil(), office.pupil()
    answer = await office.post(marks((one, "/"), (other, "N")), headers={"Prefer": "respond-async, Handling=strict"})
    assert answer.status_code == 200
    assert answer.headers["preference-applied"] == "handling=strict"
    assert [outcome["outcome"] for outcome in outcomes_of(answer)] == ["entered", "entered"]


async def test_all_or_nothing_is_a_conflict_when_every_refusal_is_one(office: Office) -> None:
    pupil, other = office.pupil(), office.pupil()
    await office.entered((pupil, "/"))
    refusal(await office.post(marks((pupil, "N"), (other, "/")), headers=STRICT), "conflicts-whole")
    refusal(await office.post(marks((pupil, "N"), (other, "B")), headers=STRICT), "refused-whole")


async def test_without_the_preference_it_is_not_said_to_have_been_applied(office: Office) -> None:
    answer = await office.post(marks((office.pupil(), "/")), headers={"Prefer": "handling=lenient"})
    assert "preference-applied" not in answer.headers


async def test_a_mark_equal_to_the_first_entry_is_unchanged_and_writes_nothing(office: Office) -> None:
    pupil = office.pupil()
    [seq] = await office.entered((pupil, "L"), day=MONDAY)
    before = await office.head()
    again = await office.mark(pupil, "L")
    assert again == {"index": 0, "pupil": pupil, "outcome": "unchanged", "seq": seq, "version": 1}
    assert await office.head() == before


async def test_a_retry_after_an_amendment_is_unchanged_and_shows_what_stands_now(office: Office) -> None:
    pupil = office.pupil()
    [seq] = await office.entered((pupil, "N"))
    [amended] = await office.amended(amending(pupil, "N", "I"))
    again = await office.mark(pupil, "N")
    assert (again["outcome"], again["seq"], again["version"]) == ("unchanged", seq, 1)
    stands = again["current_entry"]
    assert (stands["code"], stands["version"], stands["seq"]) == ("I", 2, amended["seq"])
    assert stands["made_by"] == OFFICE
    assert stands["made_at"] == "2026-09-07T15:00:00.000000Z"


async def test_a_different_mark_is_refused_and_shows_what_stands(office: Office) -> None:
    pupil = office.pupil()
    [seq] = await office.entered((pupil, "/"))
    outcome = await office.mark(pupil, "N")
    problem = told(outcome["problem"], "already-entered", at="#/marks/0/code")
    assert problem["current_entry"] == {
        "code": "/",
        "version": 1,
        "seq": seq,
        "made_at": "2026-09-07T15:00:00.000000Z",
        "made_by": TEACHER,
    }


async def test_the_same_code_with_another_arrival_is_a_different_mark(office: Office) -> None:
    pupil = office.pupil()
    assert (await office.mark(pupil, "L", arrived_at="08:58"))["outcome"] == "entered"
    assert (await office.mark(pupil, "L", arrived_at="08:58"))["outcome"] == "unchanged"
    told((await office.mark(pupil, "L", arrived_at="08:59"))["problem"], "already-entered")


async def test_a_pupil_named_twice_is_refused_the_second_time(office: Office) -> None:
    pupil = office.pupil()
    answer = await office.post(marks((pupil, "/"), (pupil, "N"), (pupil, "/")))
    first, second, third = outcomes_of(answer)
    assert first["outcome"] == "entered"
    told(second["problem"], "duplicate-in-request", at="#/marks/1/pupil")
    told(third["problem"], "duplicate-in-request", at="#/marks/2/pupil")


async def test_an_item_may_carry_its_own_maker_and_time(office: Office) -> None:
    own, shared = office.pupil(), office.pupil()
    item = {"pupil": own, "code": "/", "made_by": OFFICE, "made_at": "2026-09-07T09:01:00+01:00"}
    whole = {
        "made_by": TEACHER,
        "made_at": "2026-09-07T08:50:00+01:00",
        "marks": [item, {"pupil": shared, "code": "/"}],
    }
    assert (await office.post(whole)).json()["entered"] == 2
    entry = await office.entry(own)
    assert (entry["made_by"], entry["made_at"]) == (OFFICE, "2026-09-07T08:01:00.000000Z")
    entry = await office.entry(shared)
    assert (entry["made_by"], entry["made_at"]) == (TEACHER, "2026-09-07T07:50:00.000000Z")


async def test_a_mark_that_nobody_made_is_refused(office: Office) -> None:
    named, unnamed = office.pupil(), office.pupil()
    items = [{"pupil": unnamed, "code": "/"}, {"pupil": named, "code": "/", "made_by": TEACHER}]
    first, second = outcomes_of(await office.post({"marks": items}))
    told(first["problem"], "made-by-required", at="#/marks/0/made_by")
    assert second["outcome"] == "entered"


async def test_an_automatic_mark_names_the_system_beside_the_person(office: Office) -> None:
    pupil = office.pupil()
    system = {"system": "Gate", "rule": "badge", "cause": "Badge read at 08:50"}
    assert (await office.mark(pupil, "/", by_system=system))["outcome"] == "entered"
    lines = (await office.http.get(office.path("/events"), params={"part": "texts"})).text.splitlines()
    assert (
        '"text":"{\\"cause\\":\\"Badge read at 08:50\\",\\"rule\\":\\"badge\\",\\"system\\":\\"Gate\\"}"' in lines[-1]
    )
    assert (await office.entry(pupil))["made_by"] == TEACHER


async def test_an_empty_list_is_answered_and_writes_nothing(office: Office) -> None:
    seq, root = await office.head()
    answer = await office.post({"made_by": TEACHER, "marks": []})
    assert answer.status_code == 200
    assert answer.json() == {"seq": seq, "entered": 0, "unchanged": 0, "refused": 0, "outcomes": []}
    assert await office.head() == (seq, root)


@pytest.mark.parametrize("strict", [False, True])
async def test_a_dry_run_answers_the_same_and_writes_nothing(office: Office, strict: bool) -> None:
    good, bad = office.pupil(), office.pupil()
    body = marks((good, "/"), (bad, "/")) if strict else marks((good, "/"), (bad, "B"))
    body["made_by"] = {"name": f"Newly Seen {strict}", "position": "Supply teacher"}
    before = await office.head()
    headers = STRICT if strict else {}
    tried = await office.post(body, params={"dry_run": "true"}, headers=headers)
    assert await office.head() == before
    done = await office.post(body, headers=headers)
    assert (tried.status_code, tried.json()) == (done.status_code, done.json())
    assert (await office.head())[0] == tried.json()["seq"] > before[0]


async def test_the_time_of_recording_is_the_time_of_making_when_none_is_given(
    office: Office, register: Register
) -> None:
    pupil = office.pupil()
    register.clock.set("2026-09-07T16:20:00.123456+01:00")
    await office.entered((pupil, "/"))
    entry = await office.entry(pupil)
    assert entry["made_at"] == "2026-09-07T15:20:00.123456Z"
    assert entry["recorded_at"] >= entry["made_at"]


async def test_the_stream_is_whole_after_all_of_this(office: Office) -> None:
    assert {leaf["kind"] for leaf in await office.stream()} >= {"mark-entered", "mark-amended", "roll-changed"}
