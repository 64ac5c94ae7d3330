"""The owner of the database changes the register: a deposited checkpoint finds it out, and the first event at fault."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg
import httpx
import pytest

from kit import database as kit_database
from kit.database import Connection
from ledger import read, tree
from onebox.cli import main
from tests.support.deposited import Signed, checkpoint
from tests.support.exchange import altered, members, packed
from tests.support.office import MONDAY, TUESDAY, Office, amending, calling, open_office, refusal
from tests.support.postgres import Database
from tests.support.services import EVERY_SCOPE, Clock, Register, register_api

AFTER_SCHOOL = "2026-09-08T16:00:00+01:00"


@pytest.fixture(scope="module")
async def register(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Register]:
    clock = Clock(datetime.fromisoformat(AFTER_SCHOOL))
    async with register_api(database, tmp_path_factory.mktemp("register"), clock) as running:
        yield running


@pytest.fixture(scope="module")
async def http(register: Register) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(register, (*EVERY_SCOPE, "evidence:read", "admin")) as calls:
        yield calls


@dataclass(frozen=True, slots=True)
class Sealed:
    """A register under a deposited checkpoint, with what an auditor does to check it."""

    office: Office
    school_id: int
    signed: Signed
    folder: Path
    database: Database

    @property
    def last(self) -> int:
        """The last event that the checkpoint covers."""
        return int(json.loads((self.folder / "standing.json").read_text())["seq"])

    async def exported(self, name: str = "register.zip") -> Path:
        """Export the register, which must be possible."""
        file = self.folder / name
        assert (
            await self.rollbook(
                "export", "--database-url", self.database.owner_url, "--school", self.office.urn, "--to", file
            )
            == 0
        )
        return file

    async def verified(self, *files: Path) -> int:
        """Run `rollbook verify` with the deposited checkpoint, and give its exit code."""
        return await self.rollbook("verify", *files, "--checkpoint", self.signed.checkpoint, "--key", self.signed.key)

    @staticmethod
    async def rollbook(*arguments: object) -> int:
        return await asyncio.to_thread(main, [str(each) for each in arguments])


_urns = iter(range(900_181, 900_231))


@pytest.fixture
async def sealed(register: Register, http: httpx.AsyncClient, tmp_path: Path) -> Sealed:
    """Give a register of its own: twelve pupils, two days, two amendments, under a deposited checkpoint."""
    office = await open_office(http, register.database, str(next(_urns)), pupils=12)
    register.clock.set(AFTER_SCHOOL)
    everybody = [(f"p-{number:03d}", "N" if number < 3 else "/") for number in range(1, 13)]
    for day in (MONDAY, TUESDAY):
        await office.entered(*everybody, day=day)
    await office.amended(amending("p-001", "N", "I"))
    await office.amended(amending("p-001", "I", "M", reason="A letter from the hospital"))
    await office.entered(
        ("p-001", "\\"), ("p-002", "\\"), ("p-003", "\\"), ("p-004", "\\"), ("p-005", "\\"), session="PM"
    )
    signed = await checkpoint(register.database, register.clock(), tmp_path)
    async with owner(register.database) as connection:
        school_id = await connection.fetchval("SELECT school_id FROM register.urn WHERE urn = $1", office.urn)
        seq = await connection.fetchval("SELECT seq FROM ledger.sealed WHERE school_id = $1", school_id)
    (tmp_path / "standing.json").write_text(json.dumps({"seq": seq}))
    return Sealed(office, school_id, signed, tmp_path, register.database)


@asynccontextmanager
async def owner(database: Database) -> AsyncIterator[Connection]:
    """Give the owner's connection with every trigger out of the way: nothing in the database stops its owner."""
    connection = await asyncpg.connect(database.owner_url)
    try:
        await connection.execute("SET session_replication_role = replica")
        yield connection
    finally:
        await connection.close()


async def test_all_of_it_rewritten_and_signed_again_differs_from_what_was_deposited(
    sealed: Sealed, register: Register, capsys: pytest.CaptureFixture[str]
) -> None:
    before = await sealed.exported("before.zip")
    async with owner(register.database) as connection:
        seq = await an_edit(connection, sealed)
        await rewritten(connection, sealed)
        # Whoever holds the key and the database signs as many checkpoints as there were: here the one.
        for table in ("checkpoint", "seal", "sealed", "node", "fingerprint", "contents", "checkpoint_key"):
            await connection.execute(f"DELETE FROM ledger.{table}")
        await connection.execute("UPDATE ledger.log SET size = 0, frontier = ''")
    elsewhere = sealed.folder / "elsewhere"
    elsewhere.mkdir()
    forged = await checkpoint(register.database, register.clock(), elsewhere)
    assert forged.size == sealed.signed.size == 1
    after = await sealed.exported("after.zip")
    capsys.readouterr()
    # By itself the forgery is consistent: against its own checkpoint it holds.
    own = ("--checkpoint", forged.checkpoint, "--key", forged.key)
    assert await sealed.rollbook("verify", after, *own) == 0
    # Against the deposited checkpoint it does not, and beside an earlier export the first event is named.
    assert await sealed.verified(before, after) == 1
    told = capsys.readouterr().err
    assert "is not the one that was signed" in told
    assert f"event {seq} is the first that is another than in before.zip" in told


async def test_a_register_that_nobody_touched_holds(sealed: Sealed, capsys: pytest.CaptureFixture[str]) -> None:
    file = await sealed.exported()
    evidence = sealed.folder / "evidence.json"
    evidence.write_text(json.dumps(await sealed.office.get("/pupils/p-001/evidence", academic_year="2026-27")))
    capsys.readouterr()
    page = sealed.folder / "certificate.html"
    assert await sealed.verified(file, evidence) == 0
    told = capsys.readouterr().out
    assert f"register.zip: holds. {sealed.last} events of register" in told
    assert "evidence.json: holds. 3 entries of p-001 in 2026-27" in told
    assert (
        await sealed.rollbook(
            "verify",
            evidence,
            "--checkpoint",
            sealed.signed.checkpoint,
            "--key",
            sealed.signed.key,
            "--certificate",
            page,
        )
        == 0
    )
    assert "A letter from the hospital" in page.read_text("utf-8")


async def test_a_member_that_is_not_what_was_hashed_does_not_hold_whether_it_is_read_or_not(
    sealed: Sealed, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = members(await sealed.exported())
    for name in whole.keys() - {"manifest.json"}:
        capsys.readouterr()
        assert await sealed.verified(packed({**whole, name: whole[name] + b"\n"}, sealed.folder / "other.zip")) == 1
        assert f"{name} is not what the manifest says: its SHA-256 differs" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ((b'"position":"Class teacher"', b'"position":"Head teacher"'), "the made by is not the one that was recorded"),
        ((b'"seq":%d,', b'"seq":9%d,'), "has the texts of event 9%d beside it"),
        ((b'{"seq":', b'{"x":{"texts":1},"seq":'), None),
        ((b'"texts":{', b'"texts":{"nature":{"salt":"00","text":"x"},'), "the nature is not the one"),
    ],
)
async def test_texts_that_look_like_those_before_are_checked_all_the_same(
    sealed: Sealed, capsys: pytest.CaptureFixture[str], change: tuple[bytes, bytes], fault: str | None
) -> None:
    # The last event is of the same teacher and client as those before it.
    def changed(texts: bytes) -> bytes:
        *lines, last = texts.splitlines()
        old, new = (each % sealed.last if b"%d" in each else each for each in change)
        assert old in last
        return b"\n".join([*lines, last.replace(old, new, 1)]) + b"\n"

    file = altered(await sealed.exported(), {"texts.ndjson": changed}, sealed.folder / "other.zip")
    capsys.readouterr()
    assert await sealed.verified(file) == (0 if fault is None else 1)
    said = fault % sealed.last if fault and "%d" in fault else fault
    assert said is None or f"event {sealed.last}: {said}" in capsys.readouterr().err


Tamper = Callable[[Connection, Sealed], Awaitable[int]]
"""Changes something, and gives the first event that is then at fault."""


async def _seq(connection: Connection, sealed: Sealed, pupil_no: int, day: str, version: int = 1) -> int:
    seq: int = await connection.fetchval(
        "SELECT seq FROM ledger.event WHERE school_id = $1 AND pupil_no = $2 AND session_date = $3 AND version = $4 "
        "AND session = 'AM'",
        *(sealed.school_id, pupil_no, datetime.fromisoformat(day).date(), version),
    )
    return seq


async def an_edit(connection: Connection, sealed: Sealed) -> int:
    seq = await _seq(connection, sealed, 2, MONDAY)
    await connection.execute(
        "UPDATE ledger.event SET code = '/' WHERE school_id = $1 AND seq = $2", sealed.school_id, seq
    )
    return seq


async def a_deletion(connection: Connection, sealed: Sealed) -> int:
    seq = await _seq(connection, sealed, 2, MONDAY)
    await connection.execute("DELETE FROM ledger.event WHERE school_id = $1 AND seq = $2", sealed.school_id, seq)
    return seq


async def a_reordering(connection: Connection, sealed: Sealed) -> int:
    seq = await _seq(connection, sealed, 4, MONDAY)
    await connection.execute(
        f"UPDATE ledger.event SET seq = {2 * seq + 1} - seq WHERE school_id = $1 AND seq IN ({seq}, {seq + 1})",
        sealed.school_id,
    )
    return seq


async def a_cut_tail(connection: Connection, sealed: Sealed) -> int:
    last = sealed.last - 5
    engine = kit_database.connect(sealed.database.register_url, name="tests", pool_size=1)
    async with kit_database.reading(engine, sealed.school_id) as reading:
        leaves = [event.leaf for event in await read.events(reading, sealed.school_id, 0, last)]
    await engine.dispose()
    frontier, _ = tree.extend(b"", 0, leaves)
    await connection.execute("DELETE FROM ledger.event WHERE school_id = $1 AND seq > $2", sealed.school_id, last)
    await connection.execute(
        "UPDATE ledger.head SET seq = $2, root = $3, frontier = $4 WHERE school_id = $1",
        *(sealed.school_id, last, tree.root(frontier), frontier),
    )
    return last + 1


async def a_swapped_pupil(connection: Connection, sealed: Sealed) -> int:
    first = await _seq(connection, sealed, 2, TUESDAY)
    await connection.execute(
        "UPDATE ledger.event SET pupil_no = 1002 - pupil_no "
        "WHERE school_id = $1 AND pupil_no IN (2, 3) AND session_date = '2026-09-08'",
        sealed.school_id,
    )
    await connection.execute(
        "UPDATE ledger.event SET pupil_no = pupil_no - 997 WHERE school_id = $1 AND pupil_no > 900",
        sealed.school_id,
    )
    return first


async def a_changed_position(connection: Connection, sealed: Sealed) -> int:
    await connection.execute(
        "UPDATE ledger.staff SET position = 'Head teacher' WHERE school_id = $1 AND name = 'B. Office'",
        sealed.school_id,
    )
    return await _seq(connection, sealed, 1, MONDAY, 2)


async def a_changed_reason(connection: Connection, sealed: Sealed) -> int:
    await connection.execute(
        "UPDATE ledger.text SET text = 'No reason' WHERE school_id = $1 AND part = 'reason' AND text LIKE 'A letter%'",
        sealed.school_id,
    )
    return await _seq(connection, sealed, 1, MONDAY, 3)


async def a_removed_reason(connection: Connection, sealed: Sealed) -> int:
    await connection.execute(
        "UPDATE ledger.text SET text = NULL, salt = NULL "
        "WHERE school_id = $1 AND part = 'reason' AND text LIKE 'A letter%'",
        sealed.school_id,
    )
    return await _seq(connection, sealed, 1, MONDAY, 3)


async def a_swapped_id(connection: Connection, sealed: Sealed) -> int:
    await connection.execute(
        "UPDATE register.pupil_id SET pupil_no = 5 - pupil_no WHERE school_id = $1 AND pupil_no IN (2, 3)",
        sealed.school_id,
    )
    return int(
        await connection.fetchval(
            "SELECT min(seq) FROM register.pupil_id WHERE school_id = $1 AND pupil_no IN (2, 3)", sealed.school_id
        )
    )


@pytest.mark.parametrize(
    "tamper",
    [
        *(an_edit, a_deletion, a_reordering, a_cut_tail, a_swapped_pupil, a_changed_position),
        *(a_changed_reason, a_removed_reason, a_swapped_id),
    ],
)
async def test_what_the_owner_changes_is_found_and_the_first_event_at_fault_is_named(
    sealed: Sealed, tamper: Tamper, capsys: pytest.CaptureFixture[str]
) -> None:
    async with owner(sealed.database) as connection:
        seq = await tamper(connection, sealed)
    file = sealed.folder / "register.zip"
    code = await sealed.rollbook(
        "export", "--database-url", sealed.database.owner_url, "--school", sealed.office.urn, "--to", file
    )
    if code == 0:
        capsys.readouterr()
        code = await sealed.verified(file)
    assert code == 1
    told = capsys.readouterr().err.lower()
    assert f"event {seq}: " in told or f"event {seq} " in told, told


@pytest.mark.parametrize("tamper", [an_edit, a_deletion, a_swapped_pupil])
async def test_no_evidence_is_given_of_what_was_changed_and_the_event_is_named(sealed: Sealed, tamper: Tamper) -> None:
    async with owner(sealed.database) as connection:
        seq = await tamper(connection, sealed)
    for pupil in ("p-002", "p-009"):
        path = sealed.office.path(f"/pupils/{pupil}/evidence")
        answer = await sealed.office.http.get(path, params={"academic_year": "2026-27"})
        body = refusal(answer, "register-altered")
        assert f"Event {seq} " in body["detail"]


async def rewritten(connection: Connection, sealed: Sealed) -> None:
    """Give the head the root of what the tables hold now."""
    engine = kit_database.connect(sealed.database.register_url, name="tests", pool_size=1)
    async with kit_database.reading(engine, sealed.school_id) as reading:
        leaves = [event.leaf for event in await read.events(reading, sealed.school_id, 0, 10_000)]
    await engine.dispose()
    frontier, _ = tree.extend(b"", 0, leaves)
    await connection.execute(
        "UPDATE ledger.head SET root = $2, frontier = $3 WHERE school_id = $1",
        sealed.school_id,
        tree.root(frontier),
        frontier,
    )
