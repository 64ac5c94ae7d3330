"""Amending: the five facts are kept, what has moved on is never overwritten, and nothing is lost on the way."""

from typing import Any

import pytest

from tests.support.office import MONDAY, TUESDAY, Office, amending, outcomes_of, refusal, told
from tests.support.school import OFFICE, TEACHER
from tests.support.services import Register

STRICT = {"Prefer": "handling=strict"}


async def marked(office: Office, code: str = "N", **item: Any) -> str:
    pupil = office.pupil()
    assert (await office.mark(pupil, code, **item))["outcome"] == "entered"
    return pupil


async def refused(office: Office, item: dict[str, Any], slug: str, member: str) -> Any:
    before = await office.head()
    [outcome] = await office.amended(item)
    assert outcome["outcome"] == "refused", outcome
    assert await office.head() == before
    return told(outcome["problem"], slug, at=f"#/amendments/0/{member}")


async def test_an_amendment_keeps_the_original_entry_and_adds_the_five_facts(office: Office) -> None:
    pupil = await marked(office)
    [outcome] = await office.amended(amending(pupil, "N", "I", made_at="2026-09-07T09:41:00+01:00"))
    assert (outcome["outcome"], outcome["version"]) == ("amended", 2)
    [item] = (await office.get(f"/pupils/{pupil}/marks"))["items"]
    assert (item["code"], item["first_entry"], item["version"]) == ("I", "N", 2)
    first, second = item["chain"]
    assert (first["kind"], first["code"], first["made_by"]) == ("mark-entered", "N", TEACHER)
    assert "original_entry" not in first
    assert (second["kind"], second["original_entry"], second["amended_entry"]) == ("mark-amended", "N", "I")
    assert second["reason"] == "Parent telephoned at 09:40: sickness"
    assert (second["made_at"], second["made_by"]) == ("2026-09-07T08:41:00.000000Z", OFFICE)
    assert second["seq"] == outcome["seq"] > first["seq"]


async def test_amendments_of_many_days_stand_or_fall_one_by_one(office: Office, register: Register) -> None:
    register.clock.set("2026-09-08T16:00:00+01:00")
    pupil = await marked(office)
    await office.entered((pupil, "N"), day=TUESDAY)
    answer = await office.amend(
        amending(pupil, "N", "I"),
        amending(pupil, "N", "I", session="PM"),
        amending(pupil, "N", "M", date=TUESDAY),
        amending(pupil, "N", "C", date=TUESDAY),
    )
    outcomes = outcomes_of(answer)
    assert [outcome["outcome"] for outcome in outcomes] == ["amended", "refused", "amended", "refused"]
    assert outcomes[2]["seq"] == outcomes[0]["seq"] + 1 == answer.json()["seq"]
    told(outcomes[1]["problem"], "no-entry", at="#/amendments/1/original_entry")
    told(outcomes[3]["problem"], "duplicate-in-request", at="#/amendments/3/pupil")


async def test_an_entry_that_has_changed_is_not_amended_and_is_shown(office: Office) -> None:
    pupil = await marked(office)
    [first] = await office.amended(amending(pupil, "N", "I"))
    problem = await refused(office, amending(pupil, "N", "M"), "entry-changed", "original_entry")
    assert problem["current_entry"] == {
        "code": "I",
        "version": 2,
        "seq": first["seq"],
        "made_at": "2026-09-07T15:00:00.000000Z",
        "made_by": OFFICE,
    }


async def test_a_version_that_is_given_must_stand(office: Office) -> None:
    pupil = await marked(office)
    await office.amended(amending(pupil, "N", "I"), made_by=OFFICE)
    await office.amended(amending(pupil, "I", "N"))
    await refused(office, amending(pupil, "N", "M", version=1), "entry-changed", "version")
    await refused(office, amending(pupil, "N", "M", version=4), "entry-changed", "version")
    [outcome] = await office.amended(amending(pupil, "N", "M", version=3))
    assert (outcome["outcome"], outcome["version"]) == ("amended", 4)


async def test_a_retry_is_unchanged_and_writes_nothing(office: Office) -> None:
    pupil = await marked(office)
    item = amending(pupil, "N", "I")
    [first] = await office.amended(item)
    before = await office.head()
    [again] = await office.amended(item)
    assert again == {"index": 0, "pupil": pupil, "outcome": "unchanged", "seq": first["seq"], "version": 2}
    assert await office.head() == before


async def test_strict_is_a_conflict_only_when_every_refusal_is_one(office: Office) -> None:
    moved, good, silent = await marked(office), await marked(office), await marked(office)
    await office.amended(amending(moved, "N", "I"))
    before = await office.head()
    answer = await office.amend(amending(moved, "N", "M"), amending(good, "N", "I"), headers=STRICT)
    body = refusal(answer, "conflicts-whole", at="#/amendments/0/original_entry")
    assert answer.headers["preference-applied"] == "handling=strict"
    assert [outcome["outcome"] for outcome in body["outcomes"]] == ["refused", "not-written"]
    assert body["outcomes"][0]["problem"]["current_entry"]["code"] == "I"
    answer = await office.amend(
        amending(moved, "N", "M"), amending(good, "N", "I"), amending(silent, "N", "I", reason=""), headers=STRICT
    )
    refusal(answer, "refused-whole", at="#/amendments/2/reason")
    assert await office.head() == before


@pytest.mark.parametrize("reason", ["", "   ", "...", "-", "\t\n", "?!"])
async def test_a_reason_says_something(office: Office, reason: str) -> None:
    await refused(office, amending(await marked(office), "N", "I", reason=reason), "reason-required", "reason")


async def test_an_amendment_without_a_reason_is_refused(office: Office) -> None:
    item = amending(await marked(office), "N", "I")
    del item["reason"]
    await refused(office, item, "reason-required", "reason")


@pytest.mark.parametrize("reason", ["x" * 2_001, "a\0b", 7, None, ["sick"]])
async def test_a_reason_that_is_no_text_is_malformed(office: Office, reason: Any) -> None:
    await refused(office, amending("p-040", "N", "I", reason=reason), "invalid-item", "reason")


async def test_an_amendment_always_names_a_person(office: Office) -> None:
    pupil = await marked(office)
    answer = await office.amend(amending(pupil, "N", "I"), made_by=None)
    told(answer.json()["outcomes"][0]["problem"], "made-by-required", at="#/amendments/0/made_by")
    [outcome] = await office.amended(amending(pupil, "N", "I", made_by=TEACHER), made_by=None)
    assert outcome["outcome"] == "amended"
    assert (await office.entry(pupil))["made_by"] == TEACHER


async def test_another_time_of_arrival_under_the_same_code_is_an_amendment(office: Office) -> None:
    pupil = await marked(office, "L", arrived_at="08:58")
    [outcome] = await office.amended(amending(pupil, "L", "L", arrived_at="09:01", reason="Gate log"))
    assert (outcome["outcome"], outcome["version"]) == ("amended", 2)
    assert (await office.entry(pupil))["arrived_at"] == "09:01"
    item = amending(pupil, "L", "L", arrived_at="09:20", reason="Gate log")
    await refused(office, item, "arrival-outside-register", "arrived_at")


async def test_another_nature_under_the_same_code_is_an_amendment(office: Office) -> None:
    pupil = await marked(office, "B", nature="Forest school")
    await refused(office, amending(pupil, "B", "B"), "nature-required", "nature")
    [outcome] = await office.amended(amending(pupil, "B", "B", nature="Swimming", reason="Weather"))
    assert outcome["outcome"] == "amended"
    assert (await office.entry(pupil))["nature"] == "Swimming"


async def test_a_chain_of_amendments_keeps_every_version(office: Office) -> None:
    pupil = await marked(office)
    for original, amended, reason in (("N", "I", "Telephoned"), ("I", "M", "Letter"), ("M", "N", "Letter was forged")):
        [outcome] = await office.amended(amending(pupil, original, amended, reason=reason))
        assert outcome["outcome"] == "amended"
    [item] = (await office.get(f"/pupils/{pupil}/marks"))["items"]
    assert [version["code"] for version in item["chain"]] == ["N", "I", "M", "N"]
    assert [version["version"] for version in item["chain"]] == [1, 2, 3, 4]
    assert [version.get("reason") for version in item["chain"]] == [None, "Telephoned", "Letter", "Letter was forged"]
    audit = (await office.get("/amendments", pupil=pupil))["items"]
    assert [(row["original_entry"], row["amended_entry"], row["first_entry"]) for row in audit] == [
        ("M", "N", "N"),
        ("I", "M", "N"),
        ("N", "I", "N"),
    ]


async def test_an_amendment_made_before_the_entry_it_replaces_is_kept_and_flagged(office: Office) -> None:
    pupil = await marked(office, made_at="2026-09-07T09:10:00+01:00")
    await office.amended(amending(pupil, "N", "I", made_at="2026-09-07T09:30:00+01:00"))
    await office.amended(amending(pupil, "I", "M", made_at="2026-09-07T09:20:00+01:00"))
    [item] = (await office.get(f"/pupils/{pupil}/marks"))["items"]
    assert item["code"] == "M"
    assert [version["out_of_order"] for version in item["chain"]] == [False, False, True]
    assert [row["out_of_order"] for row in (await office.get("/amendments", pupil=pupil))["items"]] == [True, False]


@pytest.mark.parametrize(
    ("amended", "slug"),
    [("?", "unknown-code"), ("H", "code-withdrawn"), ("\\", "code-not-for-session"), ("X", "code-not-for-age")],
)
async def test_what_may_not_be_entered_may_not_be_amended_to(office: Office, amended: str, slug: str) -> None:
    await refused(office, amending(await marked(office), "N", amended), slug, "amended_entry")


@pytest.mark.parametrize(
    ("item", "member"),
    [
        ({"date": "7 September"}, "date"),
        ({"session": "morning"}, "session"),
        ({"original_entry": None}, "original_entry"),
        ({"version": 0}, "version"),
        ({"version": "1"}, "version"),
        ({"amended_entry": "\ud800"}, "amended_entry"),
        ({"why": "sick"}, "why"),
    ],
)
async def test_a_malformed_amendment_is_refused_by_itself(office: Office, item: dict[str, Any], member: str) -> None:
    if "\ud800" not in item.values():
        await refused(office, amending("p-040", "N", "I", **item), "invalid-item", member)


async def test_an_unknown_pupil_has_nothing_to_amend(office: Office) -> None:
    await refused(office, amending("p-999", "N", "I"), "unknown-pupil", "pupil")


async def test_an_amendment_of_a_version_that_no_number_holds_is_a_conflict(office: Office) -> None:
    item = amending(await marked(office), "N", "I", version=10**30)
    await refused(office, item, "entry-changed", "version")


async def test_a_dry_run_amends_nothing(office: Office) -> None:
    pupil = await marked(office)
    before = await office.head()
    tried = await office.amend(amending(pupil, "N", "I"), params={"dry_run": "true"})
    assert await office.head() == before
    done = await office.amend(amending(pupil, "N", "I"))
    assert tried.json() == done.json()
    assert (await office.entry(pupil, MONDAY))["code"] == "I"


async def test_the_stream_is_whole_after_all_of_this(office: Office) -> None:
    leaves = await office.stream()
    amended = [leaf for leaf in leaves if leaf["kind"] == "mark-amended"]
    assert len(amended) > 10
    assert all(leaf["original_code"] and leaf["version"] > 1 and leaf["reason"] for leaf in amended)
