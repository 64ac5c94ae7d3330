"""A text goes by a recorded act: its words are nowhere left, and everything else of the register is as it was."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest

from analytics_worker import projector
from kit import database as kit_database
from tests.support.office import Office, amending, calling, open_office, outcomes_of, refusal, told
from tests.support.postgres import Database
from tests.support.school import OFFICE, pupil
from tests.support.services import Register

HEAD = {"name": "C. Head", "position": "Head teacher"}
WHY = "It named another child's illness"


@pytest.fixture(scope="module")
async def school(register: Register, admin: httpx.AsyncClient) -> Office:
    """Give a school with forty pupils of whom nothing is recorded yet."""
    return await open_office(admin, register.database, "900171")


@pytest.fixture
async def owner(database: Database) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(database.owner_url)
    try:
        yield connection
    finally:
        await connection.close()


def item(seq: int, part: str = "reason", reason: str = WHY) -> dict[str, Any]:
    return {"seq": seq, "part": part, "reason": reason}


async def send(office: Office, *items: Any, **request: Any) -> httpx.Response:
    body = {"made_by": HEAD, "redactions": list(items), **request.pop("body", {})}
    return await office.http.post(office.path("/redactions"), json=body, **request)


async def redacted(office: Office, *items: Any) -> list[int]:
    answer = await send(office, *items)
    assert answer.status_code == 200, answer.text
    outcomes = outcomes_of(answer)
    assert [outcome["outcome"] for outcome in outcomes] == ["redacted"] * len(items), answer.text
    return [outcome["seq"] for outcome in outcomes]


async def amended(office: Office, reason: str) -> tuple[str, int]:
    """Amend a fresh pupil's entry, and give the pupil and the position."""
    who = office.pupil()
    await office.entered((who, "N"))
    return who, (await office.amended(amending(who, "N", "I", reason=reason)))[0]["seq"]


async def said(owner: "asyncpg.Connection[asyncpg.Record]", words: str) -> list[str]:
    """Search every column of every table of the database, and give the tables that hold the words."""
    tables = await owner.fetch(
        "SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n "
        "ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^(pg_|information)'"
    )
    found = [
        row["name"]
        for row in tables
        if await owner.fetchval(f"SELECT EXISTS (SELECT FROM {row['name']} t WHERE t::text LIKE $1)", f"%{words}%")
    ]
    return sorted(found)


async def test_the_words_are_nowhere_in_the_database_and_the_stream_is_as_it_was(
    school: Office, register: Register, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    who, seq = await amended(school, "Measles of Xanthippe")
    engine = kit_database.connect(register.database.analytics_url, name="tests", pool_size=2)
    await projector.sweep(engine, register.clock)
    assert await said(owner, "Xanthippe") == ["ledger.text"]
    before = (await school.http.get(school.path("/events"))).content
    [act] = await redacted(school, item(seq))
    await projector.sweep(engine, register.clock)
    await engine.dispose()
    assert await said(owner, "Xanthippe") == []
    row = await owner.fetchrow("SELECT * FROM ledger.text WHERE seq = $1 AND part = 'reason'", seq)
    assert row is not None
    assert (row["salt"], row["text"], len(row["commitment"])) == (None, None, 32)
    after = (await school.http.get(school.path("/events"))).content
    assert after.startswith(before)
    leaves = await school.stream()
    assert (leaves[-1]["seq"], leaves[-1]["kind"], leaves[-1]["subject"]) == (
        act,
        "text-redacted",
        f"text:{seq}/reason",
    )
    texts = (
        await school.http.get(school.path("/events"), params={"part": "texts", "after": seq - 1})
    ).text.splitlines()
    assert '"reason"' not in texts[0]
    assert WHY in texts[-1]
    assert f'{{\\"part\\":\\"reason\\",\\"seq\\":{seq}}}' in texts[-1]
    assert who not in texts[-1]


async def test_the_audit_and_the_marks_show_that_a_reason_was_removed_and_by_whom(school: Office) -> None:
    who, seq = await amended(school, "Not for this register")
    [act] = await redacted(school, item(seq))
    made_at = (await school.get("/redactions"))["items"][0]["made_at"]
    gone = [{"part": "reason", "seq": act, "made_at": made_at, "made_by": HEAD}]
    found = (await school.get("/amendments", pupil=who))["items"][0]
    assert (found["reason"], found["removed"], found["made_by"]) == (None, gone, OFFICE)
    first, second = (await school.get(f"/pupils/{who}/marks"))["items"][0]["chain"]
    assert (second["reason"], second["removed"]) == (None, gone)
    assert first["removed"] == []
    totals = await school.get("/amendments/totals", pupil=who)
    assert totals["by_reason"]["items"] == [{"reason": None, "amendments": 1}]
    csv = (await school.http.get(school.path("/amendments"), params={"pupil": who, "format": "csv"})).text
    assert csv.splitlines()[0].endswith(",removed")
    assert csv.splitlines()[1].endswith(",reason")
    versions = (await school.get("/changes", **{"between": "seq:0", "and": f"seq:{act}", "pupil": who}))["items"]
    assert versions[0]["versions"][1]["removed"] == gone


async def test_a_nature_that_was_removed_is_shown_so_in_the_register(school: Office) -> None:
    who = school.pupil()
    seq = (await school.mark(who, "B", nature="Alias of a farm"))["seq"]
    [act] = await redacted(school, item(seq, "nature"))
    entry = await school.entry(who)
    assert (entry["nature"], entry["code"], [gone["seq"] for gone in entry["removed"]]) == (None, "B", [act])


async def test_what_made_an_automatic_entry_can_go(school: Office) -> None:
    who = school.pupil()
    system = {"system": "Gate", "rule": "badge", "cause": "Badge of Zebedee"}
    seq = (await school.mark(who, "/", by_system=system))["seq"]
    await redacted(school, item(seq, "by-system"))
    texts = (await school.http.get(school.path("/events"), params={"part": "texts", "after": seq - 1, "limit": 1})).text
    assert "by-system" not in texts


async def test_an_entry_of_the_admission_register_goes_once_another_has_replaced_it(
    school: Office, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    address, wrong = (
        school.path("/pupils/p-moved"),
        {"address": "1 Refuge Lane", "upn": "B801200005001", "class": "Unit 9"},
    )
    entered = (await school.http.put(address, json=pupil(**wrong))).json()
    assert await said(owner, "Unit 9") == ["ledger.text", 'register."placing"']
    refused = outcomes_of(await send(school, item(entered["seq"], "body")))[0]
    told(refused["problem"], "text-must-stay", at="#/redactions/0/part")
    right = pupil(address="c/o the school", upn=None, effective_from="2026-09-03")
    changed = (await school.http.put(address, json=right)).json()
    assert changed["outcome"] == "changed"
    [act] = await redacted(school, item(entered["seq"], "body"))
    assert await said(owner, "Refuge Lane") == []
    assert await said(owner, "B801200005001") == []
    assert await said(owner, "Unit 9") == []
    read = await school.get("/pupils/p-moved")
    assert read["address"] == "c/o the school"
    assert [(each["entry"] is None, [gone["seq"] for gone in each["removed"]]) for each in read["history"]] == [
        (True, [act]),
        (False, []),
    ]
    then = f"seq:{entered['seq']}"
    assert (await school.get("/pupils/p-moved", as_at=then))["history"][0]["entry"] is None
    listed = (await school.get("/pupils", as_at=then, limit=1_000))["items"]
    assert {"id": "p-moved"}.items() <= listed[-1].items()
    assert "address" not in listed[-1]
    latest = outcomes_of(await send(school, item(changed["seq"], "body")))[0]
    told(latest["problem"], "text-must-stay")


@pytest.mark.parametrize("kind", ["calendar-changed", "policy-changed", "school-changed", "text-redacted"])
async def test_what_the_register_rests_on_stays(school: Office, kind: str) -> None:
    await redacted(school, item((await amended(school, "Anything"))[1]))
    seq = next(leaf["seq"] for leaf in await school.stream() if leaf["kind"] == kind)
    outcome = outcomes_of(await send(school, item(seq, "body")))[0]
    told(outcome["problem"], "text-must-stay", at="#/redactions/0/part")


async def test_a_second_redaction_changes_nothing_and_names_the_first(school: Office) -> None:
    _, seq = await amended(school, "Once")
    [act] = await redacted(school, item(seq))
    before = await school.head()
    outcome = outcomes_of(await send(school, item(seq, reason="For another reason")))[0]
    assert (outcome["outcome"], outcome["seq"], outcome["of"]) == ("unchanged", act, {"seq": seq, "part": "reason"})
    assert await school.head() == before


async def test_of_redactions_at_the_same_moment_one_is_recorded(school: Office) -> None:
    _, seq = await amended(school, "Twice at once")
    answers = await asyncio.gather(*[send(school, item(seq)) for _ in range(4)])
    outcomes = [outcomes_of(answer)[0] for answer in answers]
    assert sorted(outcome["outcome"] for outcome in outcomes) == ["redacted", *["unchanged"] * 3]
    assert len({outcome["seq"] for outcome in outcomes}) == 1
    await school.stream()


async def test_each_item_stands_alone(school: Office) -> None:
    _, seq = await amended(school, "Mixed")
    answer = await send(
        school,
        item(seq),
        item(seq),
        item(seq, "nature"),
        item(10**9),
        item(seq, "name"),
        item(seq, reason=" . "),
    )
    outcomes = outcomes_of(answer)
    assert [outcome["outcome"] for outcome in outcomes] == ["redacted", *["refused"] * 5]
    codes = ["duplicate-in-request", "no-text", "no-text", "invalid-item", "reason-required"]
    assert [outcome["problem"]["code"] for outcome in outcomes[1:]] == codes
    assert outcomes[5]["problem"]["errors"][0]["pointer"] == "#/redactions/5/reason"
    counts = {name: answer.json()[name] for name in ("redacted", "unchanged", "refused")}
    assert counts == {"redacted": 1, "unchanged": 0, "refused": 5}


async def test_all_or_nothing_and_a_dry_run_leave_the_text(school: Office) -> None:
    who, seq = await amended(school, "Still here")
    before = await school.head()
    strict = {"Prefer": "handling=strict"}
    refusal(await send(school, item(seq), item(10**9), headers=strict), "refused-whole")
    dry = outcomes_of(await send(school, item(seq), params={"dry_run": "true"}))
    assert dry[0]["outcome"] == "redacted"
    assert await school.head() == before
    assert (await school.get("/amendments", pupil=who))["items"][0]["reason"] == "Still here"
    whole = await send(school, item(seq), headers=strict)
    assert whole.headers["preference-applied"] == "handling=strict"
    assert outcomes_of(whole)[0]["outcome"] == "redacted"


async def test_a_redaction_is_not_made_in_the_future_and_says_by_whom(school: Office) -> None:
    _, seq = await amended(school, "Whenever")
    future = {"made_at": "2026-09-07T17:00:00+01:00"}
    refusal(await send(school, item(seq), body=future), "made-at-in-future", at="#/made_at")
    nobody = await school.http.post(school.path("/redactions"), json={"redactions": [item(seq)]})
    refusal(nobody, "invalid-request", at="#/made_by")
    many = await send(school, *[item(seq)] * 2_001)
    refusal(many, "too-many-items", at="#/redactions")


async def test_an_amendment_after_a_redaction_is_as_any_other(school: Office) -> None:
    who, seq = await amended(school, "First")
    await redacted(school, item(seq))
    outcome = (await school.amended(amending(who, "I", "M", reason="Dentist")))[0]
    assert (outcome["outcome"], outcome["version"]) == ("amended", 3)
    await school.stream()


async def test_a_readers_token_removes_nothing(school: Office, register: Register) -> None:
    _, seq = await amended(school, "Kept from readers")
    async with calling(register, ("audit:read", "register:read", "marks:write", "roll:write")) as reader:
        body = {"made_by": HEAD, "redactions": [item(seq)]}
        refusal(await reader.post(school.path("/redactions"), json=body), "scope-required")
    async with calling(register, ("amendments:write",)) as writer:
        refusal(await writer.get(school.path("/redactions")), "scope-required")


async def test_a_text_of_another_school_is_none_of_ours(
    school: Office, register: Register, admin: httpx.AsyncClient
) -> None:
    other = await open_office(admin, register.database, "900172", pupils=40)
    await other.entered(*[(f"p-{n:03}", "N") for n in range(1, 41)])
    await other.entered(*[(f"p-{n:03}", "N") for n in range(1, 41)], session="PM", made_at="2026-09-07T15:00:00+01:00")
    there = max([(await other.amended(amending("p-001", "N", "I")))[0]["seq"], (await school.head())[0] + 1])
    outcome = outcomes_of(await send(school, item(there)))[0]
    told(outcome["problem"], "no-text")
    async with calling(register, ("amendments:write",), "schools", ["900172"]) as writer:
        body = {"made_by": HEAD, "redactions": [item(1)]}
        refusal(await writer.post(school.path("/redactions"), json=body), "unknown-school")


async def test_the_acts_are_listed_newest_first_page_by_page_and_as_at(
    register: Register, admin: httpx.AsyncClient
) -> None:
    office = await open_office(admin, register.database, "900173", pupils=5)
    acts = [(await redacted(office, item((await amended(office, f"R{n}"))[1], reason=f"Why {n}")))[0] for n in range(3)]
    page = await office.get("/redactions", limit=2)
    assert [each["seq"] for each in page["items"]] == [acts[2], acts[1]]
    newest = page["items"][0]
    assert (newest["reason"], newest["made_by"], newest["of"]["part"]) == ("Why 2", HEAD, "reason")
    rest = await office.get("/redactions", limit=2, cursor=page["next"])
    assert ([each["seq"] for each in rest["items"]], rest["next"]) == ([acts[0]], None)
    then = await office.get("/redactions", as_at=f"seq:{acts[1]}")
    assert [each["seq"] for each in then["items"]] == [acts[1], acts[0]]
    await redacted(office, item(acts[1], reason="The why named the child too"))
    listed = (await office.get("/redactions"))["items"]
    assert [(each["reason"], len(each["removed"])) for each in listed][2] == (None, 1)


SCHOOL_ID = "(SELECT school_id FROM register.urn WHERE urn = '900171')"


async def test_the_service_cannot_remove_a_text_without_an_act_nor_of_another_school(
    school: Office, database: Database, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    _, seq = await amended(school, "Safe")
    school_id = await owner.fetchval(f"SELECT {SCHOOL_ID}")
    service = await asyncpg.connect(database.register_url)
    try:
        await service.execute(f"SET app.school_id = '{school_id}'")
        with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
            await service.execute("SELECT ledger.redact($1, $2, 'reason')", school_id, seq)
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="own school"):
            await service.execute("SELECT ledger.redact($1, $2, 'reason')", school_id + 1, seq)
        await service.execute("RESET app.school_id")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="own school"):
            await service.execute("SELECT ledger.redact($1, $2, 'reason')", school_id, seq)
        for statement in ("UPDATE ledger.text SET text = NULL", "DELETE FROM ledger.text"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await service.execute(statement)
    finally:
        await service.close()
    worker = await asyncpg.connect(database.analytics_url)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await worker.execute("SELECT ledger.redact($1, $2, 'reason')", school_id, seq)
    finally:
        await worker.close()


async def test_even_the_owner_can_do_nothing_but_take_salt_and_words(
    school: Office, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    _, gone = await amended(school, "Gone")
    _, kept = await amended(school, "Kept")
    await redacted(school, item(gone))
    row = f"school_id = {SCHOOL_ID} AND part = 'reason' AND seq ="
    act = "INSERT INTO ledger.change SELECT school_id, 10^9, kind, $1, made_at, recorded_at, staff_no, client_no "
    transaction = owner.transaction()
    await transaction.start()
    await owner.execute(
        f"{act} FROM ledger.change WHERE school_id = {SCHOOL_ID} AND kind = 'text-redacted' LIMIT 1",
        f"text:{kept}/reason",
    )
    for statement in (
        f"UPDATE ledger.text SET text = 'Other' WHERE {row} {kept}",
        f"UPDATE ledger.text SET salt = NULL, text = NULL, commitment = sha256('x') WHERE {row} {kept}",
        f"UPDATE ledger.text SET salt = NULL, text = NULL, part = 'nature' WHERE {row} {kept}",
        f"UPDATE ledger.text SET salt = salt WHERE {row} {kept}",
        f"UPDATE ledger.text SET salt = '0123456789abcdef', text = 'Back' WHERE {row} {gone}",
        f"DELETE FROM ledger.text WHERE {row} {kept}",
    ):
        with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
            async with owner.transaction():
                await owner.execute(statement)
    await owner.execute(f"UPDATE ledger.text SET salt = NULL, text = NULL WHERE {row} {kept}")
    # An act is not enough for what the register rests on: a calendar, and what is said of a pupil now.
    for kind in ("calendar-changed", "roll-changed"):
        seq = await owner.fetchval(
            f"SELECT min(seq) FROM ledger.change WHERE school_id = {SCHOOL_ID} AND kind = $1", kind
        )
        with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
            async with owner.transaction():
                another = act.replace("10^9", f"10^9 + {seq}")
                await owner.execute(
                    f"{another} FROM ledger.change WHERE school_id = {SCHOOL_ID} AND kind = 'text-redacted' LIMIT 1",
                    f"text:{seq}/body",
                )
                body = f"school_id = {SCHOOL_ID} AND part = 'body' AND seq = {seq}"
                await owner.execute(f"UPDATE ledger.text SET salt = NULL, text = NULL WHERE {body}")
    await transaction.rollback()
