"""Evidence of a pupil's year: what it proves, that it is all, that it holds offline, and that it tells of no other."""

import itertools
import json
from collections.abc import AsyncIterator, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from ledger import checked_evidence, tree
from ledger.leaf import contents_bytes, nonce
from ledger.note import PublicKey
from onebox.verify import DoesNotHold, verify
from tests.support.deposited import Signed, checkpoint
from tests.support.office import MONDAY, TUESDAY, Office, amending, calling, open_office, refusal
from tests.support.school import OFFICE
from tests.support.sealing import KEY
from tests.support.services import Register

EVIDENCE = "/pupils/p-001/evidence"
YEAR = {"academic_year": "2026-27"}


@dataclass(frozen=True, slots=True)
class Court:
    """A school whose register has been sealed, an authority's client, and what it may check with."""

    office: Office
    http: httpx.AsyncClient
    signed: Signed
    folder: Path

    async def evidence(self, pupil: str = "p-001", **params: Any) -> dict[str, Any]:
        """Get the evidence of a pupil."""
        answer = await self.http.get(self.office.path(f"/pupils/{pupil}/evidence"), params={**YEAR, **params})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def held(self, document: dict[str, Any]) -> str:
        """Check a document offline against the checkpoints deposited, as `rollbook verify` does; give what it says."""
        file = self.folder / "evidence.json"
        file.write_text(json.dumps(document), "utf-8")
        (sentence,) = verify([file], self.folder, self.signed.key, None)
        return sentence

    def fault(self, document: dict[str, Any]) -> str:
        """Give the fault that must be found in a document."""
        with pytest.raises(DoesNotHold) as caught:
            self.held(document)
        return str(caught.value)


@pytest.fixture(scope="module")
async def court(
    register: Register, admin: httpx.AsyncClient, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Court]:
    """Give a register of forty pupils and two days, with amendments of three of them, under a checkpoint."""
    office = await open_office(admin, register.database, "900171", pupils=40)
    register.clock.set("2026-09-08T16:00:00+01:00")
    everybody = [f"p-{n:03d}" for n in range(1, 41)]
    for day, (session, code) in itertools.product((MONDAY, TUESDAY), (("AM", "/"), ("PM", "\\"))):
        await office.entered(
            *((pupil, "N" if pupil < "p-004" else code) for pupil in everybody), day=day, session=session
        )
    await office.amended(amending("p-001", "N", "I"), amending("p-002", "N", "M"))
    await office.amended(amending("p-001", "I", "M", reason="A letter from the hospital: appointment at 9"))
    folder = tmp_path_factory.mktemp("court")
    signed = await checkpoint(register.database, register.clock(), folder)
    async with calling(register, ("evidence:read", "audit:read")) as http:
        yield Court(office, http, signed, folder)


async def test_evidence_shows_every_entry_with_every_version_and_holds_offline(court: Court) -> None:
    document = await court.evidence()
    monday, *others = document["entries"]
    assert (monday["date"], monday["session"], monday["first_entry"], monday["entry"]) == (MONDAY, "AM", "N", "M")
    assert [version["original_entry"] for version in monday["versions"]] == [None, "N", "I"]
    assert monday["versions"][2]["reason"] == "A letter from the hospital: appointment at 9"
    assert monday["versions"][2]["made_by"] == {"name": "B. Office", "position": "Attendance officer"}
    assert [entry["entry"] for entry in others] == ["N", "N", "N"]
    assert document["applied"]["identity"]["body"]["id"] == "p-001"
    assert document["applied"]["calendar"]["body"]["terms"]
    assert document["applied"]["policies"][0]["body"]["policy"]["registers"]
    assert {row["code"]: row["class"] for row in document["codes"]}["N"] == "unauthorised-absence"
    assert {row["edition"] for row in document["codes"]} == {"2024"}
    assert document["complete"]["seq"] == document["as_at"]["seq"] == document["standing"]["seq"]
    sentence = court.held(document)
    assert (
        f"holds. 4 entries of p-001 in 2026-27, unchanged and complete as at event {document['complete']['seq']}"
        in sentence
    )


async def test_each_event_names_the_first_checkpoint_that_covers_it(court: Court, register: Register) -> None:
    register.clock.set("2026-09-08T17:00:00+01:00")
    await court.office.amended(amending("p-003", "N", "I"))
    later = await checkpoint(register.database, register.clock(), court.folder)
    document = await court.evidence("p-003")
    first = {event["seq"]: event["first_checkpoint"]["size"] for event in document["events"]}
    assert set(first.values()) == {court.signed.size, later.size}
    assert [size for seq, size in first.items() if seq == max(first)] == [later.size]
    # What was given at the earlier checkpoint is given again, and holds against it.
    earlier = await court.evidence("p-003", size=court.signed.size)
    assert "holds. 4 entries" in court.held(earlier)
    assert len(earlier["events"]) == len(document["events"]) - 1


async def test_an_amendment_after_the_checkpoint_is_not_in_the_evidence_yet(court: Court, register: Register) -> None:
    before = await court.evidence("p-005")
    register.clock.set("2026-09-08T18:00:00+01:00")
    await court.office.amended(amending("p-005", "/", "L"))
    after = await court.evidence("p-005")
    assert after["entries"] == before["entries"]
    assert after["complete"] == before["complete"]


def seqs_of(document: dict[str, Any]) -> list[int]:
    return [event["seq"] for event in document["events"]]


def changed(document: dict[str, Any], seq: int, old: str, new: str) -> dict[str, Any]:
    """Change the leaf of one event."""
    found = deepcopy(document)
    event = next(event for event in found["events"] if event["seq"] == seq)
    assert old in event["leaf"]
    event["leaf"] = event["leaf"].replace(old, new)
    return found


async def test_whatever_is_changed_in_evidence_is_found_and_the_event_named(court: Court) -> None:
    document = await court.evidence(size=court.signed.size)
    seq = document["entries"][0]["versions"][1]["seq"]
    assert court.fault(changed(document, seq, '"code":"I"', '"code":"M"')).endswith(
        f"event {seq}: is not the event that was recorded under this number"
    )
    reworded = deepcopy(document)
    event = next(event for event in reworded["events"] if event["seq"] == seq)
    event["texts"]["reason"]["text"] = "No reason at all"
    assert f"event {seq}: the reason is not the one that was recorded" in court.fault(reworded)
    promoted = deepcopy(document)
    next(e for e in promoted["events"] if e["seq"] == seq)["texts"]["made_by"]["position"] = "Head teacher"
    assert f"event {seq}: the made by is not the one" in court.fault(promoted)
    softened = deepcopy(document)
    softened["entries"][1]["entry"] = "/"
    assert "what is written as entries does not follow" in court.fault(softened)
    renamed = deepcopy(document)
    renamed["applied"]["identity"]["body"]["surname"] = "Another"
    assert "what is written as identity does not follow" in court.fault(renamed)


async def test_an_event_left_out_of_evidence_is_missed(court: Court) -> None:
    document = await court.evidence(size=court.signed.size)
    subject = f"pupil:{document['pupil_no']}/2026-27"
    for at in range(len(document["events"])):
        less = deepcopy(document)
        leaf = json.loads(less["events"].pop(at)["leaf"])
        less["entries"] = checked_evidence.entries_of(less["events"])
        less["applied"] = checked_evidence.applied(less["events"], document["pupil_no"], "2026-27")
        assert court.fault(less)
        if leaf["kind"] == "mark-entered" and leaf["date"] == TUESDAY:
            assert f"5 events about {subject} are shown, and there are 6" in court.fault(less)


async def test_a_text_left_out_without_an_act_is_missed(court: Court) -> None:
    document = await court.evidence(size=court.signed.size)
    seq = document["entries"][0]["versions"][1]["seq"]
    del next(event for event in document["events"] if event["seq"] == seq)["texts"]["reason"]
    document["entries"] = checked_evidence.entries_of(document["events"])
    assert f"event {seq}: text:{seq}/reason is missing, and no act of removing it is shown" in court.fault(document)


async def test_evidence_of_another_pupil_cannot_be_passed_off(court: Court) -> None:
    document, other = [await court.evidence(pupil, size=court.signed.size) for pupil in ("p-001", "p-004")]
    posed = {**other, "pupil_no": document["pupil_no"]}
    assert "is of another pupil or year" in court.fault(posed)


async def test_a_checkpoint_that_the_key_did_not_sign_proves_nothing(court: Court, tmp_path: Path) -> None:
    document = await court.evidence(size=court.signed.size)
    stranger = replace(KEY.public, public=bytes(32))
    (tmp_path / "key").write_text(str(PublicKey(stranger.name, stranger.public)))
    file = court.folder / "evidence.json"
    file.write_text(json.dumps(document), "utf-8")
    with pytest.raises(DoesNotHold, match="is not signed by the key given"):
        verify([file], court.signed.checkpoint, tmp_path / "key", None)
    document["standing"]["seq"] += 1
    document["standing"]["heads"]["leaf"] = document["standing"]["heads"]["leaf"].replace('"seq":', '"seq":1')
    assert "was signed over other registers" in court.fault(document)


def hexes(value: Any) -> Iterator[str]:
    """Give every hash that stands anywhere in a document."""
    if isinstance(value, dict):
        for each in value.values():
            yield from hexes(each)
    elif isinstance(value, list):
        for each in value:
            yield from hexes(each)
    elif isinstance(value, str) and len(value) == 64:
        yield value


async def test_evidence_names_no_other_pupil(court: Court) -> None:
    text = json.dumps(await court.evidence())
    for number in range(2, 41):
        assert f"p-{number:03d}" not in text
        assert f'pupil:{number}"' not in text
        assert f'pupil_no\\":{number},' not in text
    pupils = (await court.office.get("/pupils"))["items"]
    mine = next(pupil for pupil in pupils if pupil["id"] == "p-001")
    for pupil in pupils:
        for name in ("upn", "surname"):
            assert pupil[name] in (None, mine[name]) or pupil[name] not in text


async def test_no_sibling_hash_can_be_guessed_back_to_a_pupil_and_a_code(court: Court, register: Register) -> None:
    document = await court.evidence(size=court.signed.size)
    siblings = {bytes.fromhex(step) for step in hexes([event["path"] for event in document["events"]])}
    siblings |= {bytes.fromhex(step) for step in hexes([subject["path"] for subject in document["contents"]])}
    stream = await court.office.stream()
    connection = await asyncpg.connect(register.database.owner_url)
    try:
        school_id = await connection.fetchval("SELECT school_id FROM register.urn WHERE urn = $1", court.office.urn)
        key = await connection.fetchval("SELECT key FROM ledger.nonce_key WHERE school_id = $1", school_id)
        rows = await connection.fetch(
            "SELECT subject, events, key FROM ledger.contents WHERE school_id = $1", school_id
        )
        contents = [tuple(row) for row in rows]
    finally:
        await connection.close()
    entries = [leaf for leaf in stream if leaf["kind"] == "mark-entered"]

    def guessed(nonce_of: Any) -> set[bytes]:
        """Hash every pupil under every code, knowing all that stands in the clear and everything else but the nonce."""
        codes = {leaf["code"] for leaf in entries}
        return {
            tree.leaf_hash(
                json.dumps(
                    {**leaf, "code": code, "nonce": nonce_of(leaf)}, sort_keys=True, separators=(",", ":")
                ).encode()
            )
            for leaf in entries
            for code in codes
        }

    # With the register's key the guess succeeds: this is how it would be found. Without it, it does not.
    assert guessed(lambda leaf: nonce(key, leaf["seq"])) & siblings
    for unkeyed in (
        lambda _: "",
        lambda leaf: nonce(b"", leaf["seq"]),
        lambda leaf: sha256(b"%d" % leaf["seq"]).hexdigest()[:32],
    ):
        assert not guessed(unkeyed) & siblings
    mine = json.loads(next(event["leaf"] for event in document["events"] if "nonce" in event["leaf"]))["nonce"]
    assert not guessed(lambda _: mine) & siblings
    counted = {subject: int(events) for subject, events, _ in contents}
    keyed = {tree.leaf_hash(contents_bytes(subject, counted[subject], key)) for subject, _, key in contents}
    assert keyed & siblings
    for other in (b"", bytes(16), key):
        guesses = {
            tree.leaf_hash(contents_bytes(subject, events, other)) for subject in counted for events in range(1, 50)
        }
        assert not guesses & siblings


async def test_a_removed_text_is_missing_from_evidence_that_holds_all_the_same(
    court: Court, register: Register
) -> None:
    register.clock.set("2026-09-08T19:00:00+01:00")
    (seq,) = [
        each["seq"] for each in await court.office.amended(amending("p-007", "/", "I", reason="Said by A. Child"))
    ]
    await checkpoint(register.database, register.clock(), court.folder)
    act = {"made_by": OFFICE, "redactions": [{"seq": seq, "part": "reason", "reason": "It named another child"}]}
    answer = await court.office.http.post(court.office.path("/redactions"), json=act)
    assert answer.json()["outcomes"][0]["outcome"] == "redacted", answer.text
    # Gone at once, and the act is named though no checkpoint covers it yet.
    before = await court.evidence("p-007")
    assert [each["subject"] for each in before["removed_since"]] == [f"text:{seq}/reason"]
    register.clock.set("2026-09-08T20:00:00+01:00")
    await checkpoint(register.database, register.clock(), court.folder)
    after = await court.evidence("p-007")
    assert after["removed_since"] == []
    assert json.loads(after["events"][-1]["leaf"])["kind"] == "text-redacted"
    for document in (before, after):
        assert "A. Child" not in json.dumps(document)
        assert document["entries"][0]["versions"][1]["removed"] == ["reason"]
    assert court.held(before).endswith(f"Missing, and said to be removed since: text:{seq}/reason.")
    assert court.held(after).endswith(f"Removed by recorded acts: text:{seq}/reason.")
    page = await court.http.get(court.office.path("/pupils/p-007/evidence/certificate"), params=YEAR)
    assert "(removed by a recorded act)" in page.text


async def test_reading_evidence_is_recorded_and_needs_its_own_scope(court: Court, register: Register) -> None:
    await court.evidence("p-009")
    reads = (await court.office.get("/reads", pupil="p-009"))["items"]
    assert [(row["what"], row["from"], row["to"]) for row in reads] == [("evidence", "2026-08-01", "2027-07-31")]
    async with calling(register, ("audit:read", "register:read", "admin")) as http:
        refusal(await http.get(court.office.path(EVIDENCE), params=YEAR), "scope-required")


@pytest.mark.parametrize(
    ("pupil", "params", "code"),
    [
        ("p-999", YEAR, "unknown-pupil"),
        ("p-001", {"academic_year": "2024-25"}, "no-entries"),
        ("p-001", {"academic_year": "2026"}, "invalid-parameter"),
        ("p-001", {**YEAR, "size": 99}, "unknown-checkpoint"),
    ],
)
async def test_what_there_is_no_evidence_of_is_refused(
    court: Court, pupil: str, params: dict[str, Any], code: str
) -> None:
    answer = await court.http.get(court.office.path(f"/pupils/{pupil}/evidence"), params=params)
    refusal(answer, code)
    # Who saved the refusal as evidence is told so.
    assert f"is no evidence but a refusal, {code}: " in court.fault(answer.json())


async def test_the_certificate_is_a_page_that_shows_what_the_evidence_proves(court: Court) -> None:
    answer = await court.http.get(court.office.path(f"{EVIDENCE}/certificate"), params=YEAR)
    assert answer.headers["content-type"].startswith("text/html")
    page = answer.text
    for words in (
        "Certificate of attendance",
        "section 566(1)(c)",
        "A letter from the hospital",
        "Attendance officer",
        "Signed",
    ):
        assert words in page
    assert "M (first entry N)" in page
    assert "<script" not in page and "http" not in page.replace("http-equiv", "")
