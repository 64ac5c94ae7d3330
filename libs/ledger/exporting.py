"""A whole register as one file: from one snapshot, portion by portion, whatever its length."""

import json
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO

from kit import database
from kit.database import Connection
from kit.fields import written
from ledger import checkpoints, parquet, read
from ledger.archive import CASEWORK, STREAMS, ExchangeFailed, Form, Hashed, Writing
from ledger.covers import Uncovered, needed
from ledger.leaf import Event, canonical
from ledger.paths import Span

PORTION = 1_000
"""Events that are in memory at once."""

Told = Callable[[int, int], None]
"""Is told how many events of how many are done."""

_sql = database.statements(__file__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """How an export is to be: the form of its streams, and the checkpoints beside the latest whose standings it has."""

    form: Form = "ndjson"
    sizes: Sequence[int] = ()


def _silent(done: int, total: int) -> None:
    """Tell nobody."""


async def export(
    connection: Connection, school_id: int, file: BinaryIO, now: datetime, wanted: Wanted, told: Told = _silent
) -> dict[str, Any]:
    """Write the register of a school to `file` and give the manifest.

    The connection stands in a transaction on one snapshot, turned to the school. The file holds the keys that hide
    pupils in proofs, and personal data: it is for whoever may hold the register itself. Raises ExchangeFailed for a
    checkpoint that does not cover the school, and where pyarrow is wanted and missing.
    """
    if wanted.form == "parquet":
        parquet.require()
    await settings(connection)
    about = await described(connection, school_id)
    standings = await _standings(connection, school_id, wanted.sizes)
    with Writing(file, now) as whole:
        gaps = await _Streams(connection, school_id, about["seq"], wanted.form, told).write(whole)
        whole.document("standings.json", {"standings": standings})
        with whole.member("covers.ndjson") as member:
            await _covers(connection, school_id, gaps, member)
        with whole.member("contents.ndjson") as member:
            async for row in _pages(_sql.contents, connection, school_id, "", "subject"):
                member.line(_line({"subject": row["subject"], "key": row["key"].hex(), "let_go": row["let_go"]}))
        with whole.member("fingerprints.ndjson") as member:
            async for row in _pages(_sql.fingerprints, connection, school_id, -1, "block"):
                member.line(_line({"block": row["block"], "prints": row["prints"].hex()}))
        whole.document("keys.json", await _keys(connection, school_id))
        with whole.member("holds.ndjson") as member:
            async for row in _sql.holds(connection, school_id=school_id):
                member.line(row["said"].encode())
        with whole.member("reference.ndjson") as member:
            async for line in reference(connection, school_id, 0, about["seq"]):
                member.line(line)
        with whole.member(CASEWORK) as member:
            async for line in casework(connection, school_id):
                member.line(line)
        return whole.finish(
            {
                "register": str(about["register_id"]),
                "urn": about["urn"],
                "name": about["name"],
                "seq": about["seq"],
                "root": about["root"].hex(),
                "recorded_at": written(about["recorded_at"]),
                "written_at": written(now),
            }
        )


async def settings(connection: Connection) -> None:
    """Let a transaction take as long as it needs, and write dates in the one form."""
    await _sql.settings(connection)


async def described(connection: Connection, school_id: int) -> Any:
    """Give the head of a register with the URN and the name that its school has now."""
    return await _sql.described(connection, school_id=school_id)


async def _standings(connection: Connection, school_id: int, sizes: Sequence[int]) -> list[dict[str, Any]]:
    """Give how the register stood at the latest checkpoint that covers it and at those asked for; none yet."""
    found = []
    for size in sizes:
        standing = await checkpoints.standing(connection, school_id, size)
        if standing is None:
            raise ExchangeFailed(f"There is no checkpoint {size} that covers this register.")
        found.append(standing)
    latest = await checkpoints.standing(connection, school_id)
    if latest is not None and latest.size not in sizes:
        found.append(latest)
    return [standing.written() for standing in found]


@dataclass(slots=True)
class _Streams:
    """Events and their texts, read once and written side by side."""

    connection: Connection
    school_id: int
    seq: int
    form: Form
    told: Told
    gaps: list[Span] = field(default_factory=list)
    last: int = 0

    async def write(self, whole: Writing) -> list[Span]:
        """Write both members and give the spans of leaves that are not there any more."""
        events_name, texts_name = STREAMS[self.form]
        # One member at a time goes into the file: the texts wait where no other process sees them.
        with tempfile.TemporaryFile() as spool:
            with whole.member(events_name) as events:
                beside = Hashed(spool)
                await (self._parquet if self.form == "parquet" else self._ndjson)(events, beside)
            spool.seek(0)
            with whole.member(texts_name) as texts:
                while chunk := spool.read(1 << 20):
                    texts.write(chunk)
                texts.lines = beside.lines
        return self.gaps

    async def _ndjson(self, events: Hashed, texts: Hashed) -> None:
        async for portion in self._portions():
            for event in portion:
                events.line(event.leaf)
                texts.line(canonical({"seq": event.seq, "texts": event.texts}).encode())

    async def _parquet(self, events: Hashed, texts: Hashed) -> None:
        with ExitStack() as stack:
            event_rows = stack.enter_context(parquet.Rows("events", events))
            text_rows = stack.enter_context(parquet.Rows("texts", texts))
            async for portion in self._portions():
                event_rows.add([parquet.event_row(event) for event in portion])
                text_rows.add([row for event in portion for row in parquet.text_rows(event)])

    async def _portions(self) -> AsyncIterator[list[Event]]:
        for after in range(0, self.seq, PORTION):
            stretch = (after + 1, min(after + PORTION, self.seq))
            portion = await read.events_of(self.connection, self.school_id, [stretch])
            for event in portion:
                self._pass(event.seq)
                self.last = event.seq
            yield portion
            self.told(min(after + PORTION, self.seq), self.seq)
        self._pass(self.seq + 1)

    def _pass(self, seq: int) -> None:
        if seq > self.last + 1:
            self.gaps.append((self.last, seq - 1))


async def _covers(connection: Connection, school_id: int, gaps: list[Span], member: Hashed) -> None:
    if not gaps:
        return
    nodes = {(row["level"], row["index"]): row["hash"] async for row in _sql.nodes(connection, school_id=school_id)}
    try:
        for (level, index), hash_ in needed(gaps, nodes):
            member.line(_line({"level": level, "index": index, "hash": hash_.hex()}))
    except Uncovered as caught:
        raise ExchangeFailed(str(caught)) from caught


async def _pages(
    block: Any, connection: Connection, school_id: int, after: Any, key: str
) -> AsyncIterator[dict[str, Any]]:
    """Give the rows of a block that lists a table by a key, a portion at a time."""
    while True:
        rows = [row async for row in block(connection, school_id=school_id, after=after, limit=PORTION)]
        for row in rows:
            yield row
        if len(rows) < PORTION:
            return
        after = rows[-1][key]


async def _keys(connection: Connection, school_id: int) -> dict[str, Any]:
    years = {
        str(row["academic_year"]): row["key"].hex() async for row in _sql.nonce_keys(connection, school_id=school_id)
    }
    kept = {
        str(row["seq"]): row["nonce"].hex() async for row in _pages(_sql.kept_nonces, connection, school_id, 0, "seq")
    }
    return {"nonce_keys": years, "kept_nonces": kept}


async def reference(connection: Connection, school_id: int, after: int, up_to: int) -> AsyncIterator[bytes]:
    """Give the rows that the changes between two positions made, in their order; before the first, the URNs."""
    if after == 0:
        async for row in _sql.urns(connection, school_id=school_id):
            yield _line({"table": "urn", "row": {"urn": row["urn"]}})
    for start in range(after, up_to, PORTION):
        end = min(start + PORTION, up_to)
        async for row in _sql.reference(connection, school_id=school_id, after=start, up_to=end):
            yield _line({"table": row["table"], "row": json.loads(row["said"])})


async def casework(connection: Connection, school_id: int) -> AsyncIterator[bytes]:
    """Give what people did about alerts, and the notices, in the order in which they were kept; first the last number.

    Nothing of a school where nobody did anything.
    """
    head: str | None = await _sql.casework_head(connection, school_id=school_id)
    if head is not None:
        yield head.encode()
    async for row in _pages(_sql.casework, connection, school_id, 0, "no"):
        yield row["said"].encode()


def _line(row: dict[str, Any]) -> bytes:
    return canonical(row).encode()
