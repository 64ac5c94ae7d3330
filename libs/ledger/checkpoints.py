"""Checkpoints: one signature over every register, and how one register stood at it, with the proof of that."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from kit import database
from kit.database import Connection
from kit.fields import written
from kit.schools import LONDON
from ledger import note, paths, tree
from ledger.leaf import head_bytes, log_bytes
from ledger.note import SigningKey
from ledger.tree import WIDTH

CHUNK = 2_048
"""Heads that are hashed before others have their turn, a power of two: a millisecond or two."""

_sql = database.statements(__file__)
_TICK = timedelta(microseconds=1)


class AnotherLog(ValueError):
    """The checkpoints of this database are those of a log of another name."""


@dataclass(frozen=True, slots=True)
class Last:
    """The last checkpoint, and the London day up to which checkpoints have closed the days."""

    size: int
    at: datetime
    root: bytes
    closed: date

    def is_due(self, now: datetime, every: timedelta, ended: date) -> bool:
        """Say whether another is due: the interval is over, or no checkpoint closes the day that has ended."""
        return now - self.at >= every or self.closed < ended


async def open_log(engine: AsyncEngine, origin: str) -> None:
    """Begin the log under its name, or find it there; raise AnotherLog when it has another name."""
    async with database.writing(engine, 0) as connection:
        await _sql.open_log(connection, origin=origin)
        known = await _sql.origin(connection)
    if known != origin:
        raise AnotherLog(f"the log of this database is {known}, not {origin}: its name is kept for life")


async def last(connection: Connection) -> Last | None:
    """Give the last checkpoint."""
    row = await _sql.last(connection)
    if row is None:
        return None
    # Before the first checkpoint there is no day to close.
    closed = row["closed"] or row["first_at"].astimezone(LONDON).date() - timedelta(days=1)
    return Last(row["size"], row["at"], row["root"], closed)


async def sign(
    engine: AsyncEngine, keys: Sequence[SigningKey], now: datetime, *, every: timedelta, ended: date | None
) -> int | None:
    """Sign how all registers are sealed, and give the number of the checkpoint; None when none is due any more.

    `every` is the interval. `ended` is the last day of which every event that can be sealed has been sealed: the first
    checkpoint after it closes it, whether or not anything has moved. The log must have been opened.
    """
    async with database.writing(engine, 0) as connection:
        log = await _sql.lock_log(connection)
        before = await last(connection)
        day = None if before is None or ended is None or ended <= before.closed else ended
        if before and day is None and now - before.at < every:
            return None
        leaves, _, root = await _standing_now(connection, None)
        if not leaves or (before and day is None and root == before.root):
            return None
        return await _append(connection, log, keys, max(now, before.at + _TICK) if before else now, day, leaves, root)


async def _append(
    connection: Connection,
    log: asyncpg.Record,
    keys: Sequence[SigningKey],
    at: datetime,
    closes: date | None,
    leaves: bytes,
    root: bytes,
) -> int:
    leaf = log_bytes(at, closes, len(leaves) // WIDTH, root)
    nodes, grown, full, frontier = [], tree.leaf_hash(leaf), log["size"], log["frontier"]
    while full & 1:
        frontier, left = frontier[:-WIDTH], frontier[-WIDTH:]
        grown = tree.node_hash(left, grown)
        nodes.append(grown)
        full >>= 1
    frontier, size = frontier + grown, int(log["size"]) + 1
    await _sql.sign(
        connection,
        size=size,
        at=at,
        closes=closes,
        heads=len(leaves) // WIDTH,
        root=root,
        leaf=tree.leaf_hash(leaf),
        nodes=b"".join(nodes),
        note=note.write(log["origin"], size, tree.root(frontier), keys),
        frontier=frontier,
        vkeys=[str(key.public) for key in keys],
    )
    return size


@dataclass(frozen=True, slots=True)
class Proven:
    """A leaf, and the path that leads from it to a root: leaf `index` of a tree of `size` leaves."""

    leaf: bytes
    index: int
    size: int
    path: tuple[bytes, ...]

    def written(self) -> dict[str, Any]:
        """Give it as answers and files have it: the leaf as its exact text, hashes in hex."""
        path = [step.hex() for step in self.path]
        return {"leaf": self.leaf.decode(), "index": self.index, "size": self.size, "path": path}


@dataclass(frozen=True, slots=True)
class Standing:
    """How a register stood at a checkpoint, with the proof: its head among all heads, and those in the log."""

    size: int
    at: datetime
    closes: date | None
    note: str
    seq: int
    root: bytes
    contents: bytes
    heads: Proven
    log: Proven

    @property
    def register(self) -> str:
        """The UUID of the register."""
        return str(json.loads(self.heads.leaf)["register"])

    def written(self) -> dict[str, Any]:
        """Give it as answers and files have it."""
        closes = None if self.closes is None else str(self.closes)
        return {
            "checkpoint": {"size": self.size, "at": written(self.at), "closes": closes, "note": self.note},
            "seq": self.seq,
            "root": self.root.hex(),
            "contents": self.contents.hex(),
            "heads": self.heads.written(),
            "log": self.log.written(),
        }


async def standing(connection: Connection, school_id: int, size: int | None = None) -> Standing | None:
    """Give how a register stood at a checkpoint, the last one without a size.

    None when there is no such checkpoint, or none that covers the register.
    """
    checkpoint = await _sql.checkpoint(connection, size=size)
    if checkpoint is None:
        return None
    size = int(checkpoint["size"])
    seal = await _sql.sealed_by(connection, school_id=school_id, size=size)
    if seal is None:
        return None
    register, root = seal["register_id"], checkpoint["root"]
    leaf = head_bytes(str(register), seal["seq"], seal["root"], seal["contents"])
    leaves, index, now = await _standing_now(connection, register) if checkpoint["is_last"] else (b"", 0, None)
    if now != root:
        # The checkpoint is an old one, or registers have been sealed since.
        row = await _sql.heads_at(connection, register_id=register, size=size)
        leaves, index = row["leaves"], row["before"]
    # A subtree of so many leaves, and the tree over such subtrees: the path goes through both.
    start = index - index % CHUNK
    tops = await _tops(leaves)
    path = paths.path_in(leaves[start * WIDTH : (start + CHUNK) * WIDTH], index - start)
    heads = Proven(leaf, index, checkpoint["heads"], (*path, *paths.path_in(tops, index // CHUNK)))
    if paths.root_by(tree.leaf_hash(leaf), index, heads.size, heads.path) != root:
        raise AssertionError(f"the seals do not lead to the root of checkpoint {size}")
    record = log_bytes(checkpoint["at"], checkpoint["closes"], checkpoint["heads"], root)
    spans = paths.inclusion_spans(size - 1, size)
    log = Proven(record, size - 1, size, tuple(await _folded(connection, spans)))
    facts = checkpoint["at"], checkpoint["closes"], checkpoint["note"]
    return Standing(size, *facts, seal["seq"], seal["root"], seal["contents"], heads, log)


async def continuation(connection: Connection, old: int, new: int) -> list[bytes]:
    """Give the path that proves that the log of `new` checkpoints continues that of `old`; both are there."""
    return await _folded(connection, paths.consistency_spans(old, new))


async def _folded(connection: Connection, spans: Sequence[paths.Span]) -> list[bytes]:
    """Give the hashes of spans of the log."""
    wanted = [place for span in spans for place in paths.places(span)]
    levels, indices = [level for level, _ in wanted], [index for _, index in wanted]
    rows = _sql.log_nodes(connection, levels=levels, indices=indices)
    nodes = {(row["level"], row["index"]): row["hash"] async for row in rows}
    return [paths.folded(span, nodes) for span in spans]


async def _standing_now(connection: Connection, register_id: UUID | None) -> tuple[bytes, int, bytes]:
    """Give the leaves of all registers as they are sealed, how many stand before one, and the root over them."""
    row = await _sql.heads(connection, register_id=register_id)
    return row["leaves"], row["before"], paths.root_over(await _tops(row["leaves"]))


async def _tops(leaves: bytes) -> bytes:
    """Give the roots of the subtrees of CHUNK leaves each, laid end to end; others have their turn in between."""
    found = []
    for start in range(0, len(leaves), CHUNK * WIDTH):
        found.append(paths.root_over(leaves[start : start + CHUNK * WIDTH]))
        await asyncio.sleep(0)
    return b"".join(found)
