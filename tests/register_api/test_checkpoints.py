"""Checkpoints over HTTP: made while requests run, offered to everybody, and proven for each school."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import OKPKey

from ledger import note, paths, tree
from ledger.note import PublicKey
from onebox.postgres import write_private
from tests.support import merkle
from tests.support.office import Office, open_office, refusal
from tests.support.postgres import Database
from tests.support.services import Clock, Register, register_api

ORIGIN = "rollbook.example/register"
SOON = 0.02
"""Seconds that the checkpointer of these tests rests: what is due is told by the tests' clock."""


def key(folder: Path, name: str) -> Path:
    path = folder / f"{name}.json"
    if not path.exists():
        write_private(path, OKPKey.generate_key("Ed25519").as_dict(private=True))
    return path


@pytest.fixture(scope="module")
async def register(database: Database, folder: Path) -> AsyncIterator[Register]:
    """Give a register API that makes checkpoints."""
    clock = Clock(datetime.fromisoformat("2026-09-07T16:00:00+01:00"))
    (folder / "kept").mkdir()
    settings = {
        "checkpoint_key": str(key(folder, "checkpoints")),
        "checkpoint_origin": ORIGIN,
        "checkpoint_interval": SOON,
        "checkpoint_deposits": (folder / "kept").as_uri(),
    }
    async with register_api(database, folder, clock, **settings) as running:
        yield running


@pytest.fixture(autouse=True)
def _afternoon() -> None:
    """Leave the clock alone: checkpoints follow one another."""


@pytest.fixture(scope="module")
async def http(register: Register) -> AsyncIterator[httpx.AsyncClient]:
    """Give somebody without a token."""
    async with httpx.AsyncClient(base_url=register.address, verify=False) as anybody:
        yield anybody


async def listed(http: httpx.AsyncClient, **params: Any) -> list[dict[str, Any]]:
    answer = await http.get("/v1/checkpoints", params=params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def checkpoint(register: Register, http: httpx.AsyncClient, office: Office) -> dict[str, Any]:
    """Let time pass until the checkpoint that covers all that the office has written, and give it."""
    seq, _ = await office.head()
    while True:
        register.clock.now += timedelta(minutes=1)
        await asyncio.sleep(SOON)
        answer = await office.http.get(office.path("/checkpoint"))
        if answer.status_code == 200 and answer.json()["seq"] == seq:
            return (await listed(http))[0]


@pytest.fixture(scope="module")
async def proven(register: Register, admin: httpx.AsyncClient, http: httpx.AsyncClient) -> Office:
    """Give a school whose entries were covered by three checkpoints."""
    office = await open_office(admin, register.database, "900161", pupils=6)
    for pupil in ("p-001", "p-002", "p-003"):
        await office.entered((pupil, "/"))
        await checkpoint(register, http, office)
    return office


def led(proof: dict[str, Any]) -> bytes:
    """Give the root to which a proof leads from its leaf."""
    path = [bytes.fromhex(step) for step in proof["path"]]
    root = paths.root_by(tree.leaf_hash(proof["leaf"].encode()), proof["index"], proof["size"], path)
    assert root is not None
    return root


async def keys_of(http: httpx.AsyncClient) -> list[PublicKey]:
    return [PublicKey.parse(item["vkey"]) for item in (await http.get("/v1/checkpoints/keys")).json()["items"]]


async def test_a_register_is_led_from_its_events_to_the_signature(proven: Office, http: httpx.AsyncClient) -> None:
    last = (await listed(http))[0]
    stood = await proven.get("/checkpoint")
    seq, root = await proven.head()
    assert stood["checkpoint"] == {name: last[name] for name in ("size", "at", "closes", "note")}
    assert (stood["seq"], stood["root"]) == (seq, root.hex())
    assert stood["as_at"] == {**stood["as_at"], "seq": seq, "settled": True}
    assert stood["register"] == (await proven.get(""))["register"]
    answer = await proven.http.get(proven.path("/events"))
    assert stood["root"] == merkle.root(answer.content.splitlines()).hex()
    head, record = json.loads(stood["heads"]["leaf"]), json.loads(stood["log"]["leaf"])
    assert head == {
        "contents": stood["contents"],
        "register": stood["register"],
        "root": stood["root"],
        "seq": seq,
        "v": 1,
    }
    assert record["root"] == led(stood["heads"]).hex()
    signed = note.read(stood["checkpoint"]["note"])
    assert (signed.origin, signed.size, signed.root) == (ORIGIN, last["size"], led(stood["log"]))
    assert signed.signed_by(await keys_of(http)) is not None


async def test_an_earlier_checkpoint_is_proven_as_it_was(proven: Office, http: httpx.AsyncClient) -> None:
    for item in await listed(http):
        answer = await proven.http.get(proven.path("/checkpoint"), params={"size": item["size"]})
        if answer.status_code == 404:
            continue
        stood = answer.json()
        assert json.loads(stood["log"]["leaf"])["root"] == led(stood["heads"]).hex()
        assert note.read(item["note"]).root == led(stood["log"])


async def test_everybody_may_read_the_checkpoints_page_by_page(proven: Office, http: httpx.AsyncClient) -> None:
    whole = await listed(http)
    assert [item["size"] for item in whole] == list(range(len(whole), 0, -1))
    assert len(whole) >= 3
    paged, cursor = [], None
    while True:
        params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await http.get("/v1/checkpoints", params=params)).json()
        paged += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert paged == whole
    for item in whole:
        answer = await http.get(f"/v1/checkpoints/{item['size']}")
        assert answer.text == item["note"]
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert proven.urn not in json.dumps(whole)


async def test_each_checkpoint_continues_the_ones_before(proven: Office, http: httpx.AsyncClient) -> None:
    roots = {item["size"]: note.read(item["note"]).root for item in await listed(http)}
    for old, new in itertools.combinations_with_replacement(sorted(roots), 2):
        answer = (await http.get("/v1/checkpoints/proofs", params={"from": old, "to": new})).json()
        assert (answer["from"], answer["to"]) == (old, new)
        path = [bytes.fromhex(step) for step in answer["path"]]
        assert paths.continues(old, roots[old], new, roots[new], path)
    assert proven.urn


async def test_what_there_is_not_is_refused(
    proven: Office, register: Register, http: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    last = (await listed(http))[0]["size"]
    refusal(await http.get(f"/v1/checkpoints/{last + 1}"), "unknown-checkpoint")
    refusal(await http.get("/v1/checkpoints/0"), "invalid-parameter", at="size")
    refusal(await http.get("/v1/checkpoints/proofs?from=1"), "invalid-parameter", at="to")
    refusal(await http.get("/v1/checkpoints/proofs?from=2&to=1"), "invalid-parameter", at="to")
    refusal(await http.get(f"/v1/checkpoints/proofs?from=1&to={last + 1}"), "unknown-checkpoint")
    refusal(await http.get(proven.path("/checkpoint")), "token-required")
    late = await open_office(admin, register.database, "900162", pupils=1)
    refusal(await late.http.get(late.path("/checkpoint?size=1")), "not-sealed")
    refusal(await late.http.get(late.path(f"/checkpoint?size={last + 99}")), "unknown-checkpoint")


def lying(folder: Path) -> dict[str, str]:
    """Give what lies in a folder, by its names, without what is still being written."""
    return {path.name: path.read_text() for path in folder.glob("*.txt")}


@pytest.mark.usefixtures("proven")
async def test_each_checkpoint_is_laid_down_outside(http: httpx.AsyncClient, folder: Path) -> None:
    last = (await listed(http))[0]
    while len(laid := await asyncio.to_thread(lying, folder / "kept")) < last["size"]:  # noqa: ASYNC110 -- of the service
        await asyncio.sleep(SOON)
    assert sorted(laid) == [f"{size:012d}.txt" for size in range(1, last["size"] + 1)]
    assert laid[max(laid)] == last["note"]


async def test_requests_go_on_while_a_register_is_sealed(
    proven: Office, register: Register, http: httpx.AsyncClient
) -> None:
    before = (await listed(http))[0]["size"]
    pupils = [f"p-{number:03}" for number in range(4, 7)]
    for day, session in itertools.product(("2026-09-04", "2026-09-07"), ("AM", "PM")):
        register.clock.now += timedelta(minutes=1)
        await asyncio.gather(*(proven.mark(pupil, "/" if session == "AM" else "\\", day, session) for pupil in pupils))
    last = await checkpoint(register, http, proven)
    assert last["size"] > before
    await proven.stream()


async def proofs(office: Office, **params: Any) -> Any:
    answer = await office.http.get(office.path("/proofs"), params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_every_event_is_proven_to_be_in_the_register(proven: Office) -> None:
    leaves = (await proven.http.get(proven.path("/events"))).text.splitlines()
    for seq in range(1, (await proven.get("/checkpoint"))["seq"] + 1):
        answer = await proofs(proven, seq=seq)
        assert (answer["seq"], answer["index"], answer["leaf"]) == (seq, seq - 1, leaves[seq - 1])
        assert answer["size"] == answer["standing"]["seq"]
        assert led(answer).hex() == answer["standing"]["root"]
        assert led(answer["standing"]["heads"]).hex() == json.loads(answer["standing"]["log"]["leaf"])["root"]


async def test_an_event_is_proven_at_an_earlier_checkpoint_too(proven: Office, http: httpx.AsyncClient) -> None:
    covered = 0
    for item in await listed(http):
        answer = await proven.http.get(proven.path("/proofs"), params={"seq": 3, "size": item["size"]})
        if answer.status_code == 404:
            refusal(answer, "not-sealed")
            continue
        covered += 1
        assert answer.json()["standing"]["checkpoint"]["size"] == item["size"]
        assert led(answer.json()).hex() == answer.json()["standing"]["root"]
    assert covered >= 3


async def test_the_register_is_proven_to_continue_what_it_was(proven: Office, http: httpx.AsyncClient) -> None:
    seqs = set()
    for item in await listed(http):
        answer = await proven.http.get(proven.path("/checkpoint"), params={"size": item["size"]})
        if answer.status_code == 200 and answer.json()["seq"]:
            seqs.add(answer.json()["seq"])
    assert len(seqs) >= 3
    for old, new in itertools.combinations_with_replacement(sorted(seqs), 2):
        answer = await proofs(proven, from_seq=old, to_seq=new)
        assert (answer["from"]["seq"], answer["to"]["seq"]) == (old, new)
        roots = bytes.fromhex(answer["from"]["root"]), bytes.fromhex(answer["to"]["root"])
        path = [bytes.fromhex(step) for step in answer["path"]]
        assert paths.continues(old, roots[0], new, roots[1], path)


async def test_a_proof_is_asked_for_in_one_of_two_ways(proven: Office) -> None:
    seq = (await proven.get("/checkpoint"))["seq"]

    async def asked(query: str) -> httpx.Response:
        return await proven.http.get(proven.path(f"/proofs{query}"))

    for query in ("", "?from_seq=1", "?to_seq=1", "?seq=1&from_seq=1&to_seq=2", "?from_seq=1&to_seq=2&size=1"):
        refusal(await asked(query), "invalid-parameter", at="seq")
    refusal(await asked("?seq=0"), "invalid-parameter", at="seq")
    refusal(await asked(f"?seq={seq + 1}"), "not-sealed")
    refusal(await asked(f"?from_seq={seq}&to_seq={seq - 1}"), "invalid-parameter", at="to_seq")
    refusal(await asked(f"?from_seq=1&to_seq={seq}"), "not-sealed")
    refusal(await asked(f"?from_seq={seq}&to_seq={seq + 1}"), "not-sealed")
