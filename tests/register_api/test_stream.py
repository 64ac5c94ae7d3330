"""The stream as an outsider checks it: gapless, hashed to the head's root, and every text held to its commitment."""

import hashlib
import json
from typing import Any

import httpx
import pytest

from ledger import tree
from tests.support.office import Office, amending, open_office, refusal
from tests.support.school import OFFICE, TEACHER
from tests.support.services import Register


@pytest.fixture(scope="module")
async def told(register: Register, admin: httpx.AsyncClient) -> Office:
    """Give a school with marks, amendments and changes of every kind."""
    office = await open_office(admin, register.database, "900102", pupils=6)
    await office.entered(("p-001", "/"), ("p-002", "N"), ("p-003", "L"))
    system = {"system": "Gate", "rule": "badge", "cause": "Badge"}
    assert (await office.mark("p-004", "B", nature="Forêt ☕", by_system=system))["outcome"] == "entered"
    await office.amended(amending("p-002", "N", "I", reason='"Unwell", she said'))
    school = {"name": "Renamed", "phase": "primary", "age_range": [4, 11], "change": {"made_by": OFFICE}}
    assert (await admin.put(office.path(), json=school)).status_code == 200
    return office


async def lines(office: Office, **params: Any) -> list[bytes]:
    answer = await office.http.get(office.path("/events"), params=params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.content == b"" or answer.content.endswith(b"\n")
    return answer.content.split(b"\n")[:-1]


async def test_the_stream_is_gapless_and_hashes_to_the_root_in_the_head(told: Office) -> None:
    leaves = await told.stream()
    kinds = {leaf["kind"] for leaf in leaves}
    assert kinds == {
        *("mark-entered", "mark-amended", "roll-changed"),
        *("calendar-changed", "policy-changed", "school-changed"),
    }
    registers = {leaf["register"] for leaf in leaves}
    assert registers == {(await told.get(""))["register"]}
    recorded = [leaf["recorded_at"] for leaf in leaves]
    assert recorded == sorted(set(recorded))


async def test_every_text_is_what_its_leaf_commits_to(told: Office) -> None:
    leaves = [json.loads(line) for line in await lines(told)]
    texts = [json.loads(line) for line in await lines(told, part="texts")]
    assert [leaf["seq"] for leaf in leaves] == [text["seq"] for text in texts]
    checked = set()
    for leaf, beside in zip(leaves, texts, strict=True):
        for part, held in beside["texts"].items():
            text = held.get("text") or json.dumps(
                {"name": held["name"], "position": held["position"]}, separators=(",", ":"), ensure_ascii=False
            )
            commitment = hashlib.sha256(bytes.fromhex(held["salt"]) + text.encode()).hexdigest()
            assert leaf[part.replace("-", "_")] == commitment
            checked.add(part)
        committed = {name for name in ("body", "reason", "nature", "by_system", "made_by", "client") if leaf.get(name)}
        assert committed == {part.replace("-", "_") for part in beside["texts"]}
    assert checked == {"body", "reason", "nature", "by-system", "made_by", "client"}


async def test_a_leaf_holds_no_text_and_no_person(told: Office) -> None:
    whole = b"".join(await lines(told)).decode()
    for secret in (TEACHER["name"], OFFICE["position"], "Unwell", "Forêt", "Renamed", "p-001", "Invented"):
        assert secret not in whole


async def test_the_stream_is_read_in_parts(told: Office) -> None:
    whole = await lines(told)
    read: list[bytes] = []
    while True:
        answer = await told.http.get(told.path("/events"), params={"after": len(read), "limit": 3})
        part = answer.content.split(b"\n")[:-1]
        assert int(answer.headers["rollbook-last-seq"]) == len(read) + len(part)
        if not part:
            break
        assert len(part) <= 3
        read += part
    assert read == whole


async def test_after_the_end_there_is_nothing_yet(told: Office) -> None:
    answer = await told.http.get(told.path("/events"), params={"after": 1_000})
    assert (answer.content, answer.headers["rollbook-last-seq"]) == (b"", "1000")


async def test_a_part_that_there_is_not_is_refused(told: Office) -> None:
    refusal(await told.http.get(told.path("/events"), params={"part": "all"}), "invalid-parameter", at="part")


async def test_a_leaf_that_were_changed_would_not_hash_to_the_root(told: Office) -> None:
    whole = await lines(told)
    whole[-1] = whole[-1].replace(b'"v":1', b'"v":2')
    frontier, _ = tree.extend(b"", 0, whole)
    assert tree.root(frontier) != (await told.head())[1]
