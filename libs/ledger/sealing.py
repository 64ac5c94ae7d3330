"""Seal a register: hash what its tables hold, hold the root against the head's, and keep what proofs are made of.

One register a transaction. Nothing is sealed whose root is not the head's: the register stands still by itself, and
says so. The whole of what waits is one seal, for between two positions of the head there is nothing to hold it against.
"""

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from codes.calendar import academic_year
from kit import database
from kit.database import Connection
from ledger import leaves, paths, read, tree
from ledger.covers import pieces
from ledger.leaf import contents_bytes, head_bytes
from ledger.paths import Place
from ledger.tree import BLOCK, EMPTY_ROOT, PRINT, WIDTH
from ledger.writers import first_year

LOWEST_LEVEL = 5
"""Nodes below it are not kept: a proof hashes at most 31 leaves anew."""
PORTION, SLICE = 1_000, 250
"""Events read by one statement, and hashed before others have their turn: some milliseconds."""
LONGEST_MS = 900_000
"""How long a seal may take: a register of many years is sealed at once when it comes in."""

_log = logging.getLogger("rollbook.sealing")
_sql = database.statements(__file__)
Outcome = Literal["sealed", "standing", "busy", "failed"]


class _Unsound(Exception):
    """What the tables hold is not what the head was made from."""


@dataclass(slots=True)
class _Growth:
    """A tree that grows by leaves, and what is kept of it on the way."""

    size: int
    frontier: list[bytes]
    nodes: list[tuple[int, int, bytes]] = field(default_factory=list)
    prints: bytearray = field(default_factory=bytearray)
    entries: Counter[tuple[int, int]] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)

    def add(self, leaf: bytes) -> None:
        """Append a leaf."""
        grown = tree.leaf_hash(leaf)
        self.prints += grown[:PRINT]
        self._push(0, grown)

    def cover(self, place: Place, hash_: bytes) -> None:
        """Append a subtree of leaves that were let go, by its hash; nothing is known that names them."""
        self.prints += bytes(PRINT << place[0])
        self._push(place[0], hash_)

    def _push(self, level: int, grown: bytes) -> None:
        full, width = self.size >> level, 1 << level
        while full & 1:
            grown = tree.node_hash(self.frontier.pop(), grown)
            full, level = full >> 1, level + 1
            if level >= LOWEST_LEVEL:
                self.nodes.append((level, full, grown))
        self.frontier.append(grown)
        self.size += width

    def count(self, row: asyncpg.Record) -> None:
        """Count an event under its subject."""
        if "pupil_no" in row:
            self.entries[row["pupil_no"], first_year(row["session_date"])] += 1
        else:
            self.changes[row["subject"]] += 1

    def subjects(self) -> dict[str, int]:
        """Give how many events were added about each subject."""
        years = {year: academic_year(date(year, 9, 1)) for _, year in self.entries}
        found = {f"pupil:{pupil_no}/{years[year]}": count for (pupil_no, year), count in self.entries.items()}
        return {**found, **self.changes}


async def waiting(engine: AsyncEngine) -> list[tuple[int, bool]]:
    """Give the registers that wait to be sealed, the longest first, and whether each is new."""
    async with database.reading(engine) as connection:
        return [(row["school_id"], row["is_new"]) async for row in _sql.waiting(connection)]


async def seal(engine: AsyncEngine, school_id: int, *, is_new: bool = False) -> Outcome:
    """Seal a register up to its head. The log must have been opened.

    `busy`: another process has it. `standing`: there was nothing to do. `failed`: its tables do not lead to the root
    in its head, or cannot be read; why is kept, and nothing else. Raises where the database is away.
    """
    if is_new:
        await _begin(engine, school_id)
    try:
        async with database.writing(engine, school_id, plan_once=True) as connection:
            await connection.execute(f"SET LOCAL transaction_timeout = {LONGEST_MS}")
            return await _seal(connection, school_id)
    except Exception as caught:
        # Where it is the database that is away, this fails too.
        async with database.writing(engine, school_id) as connection:
            await _sql.fail(connection, school_id=school_id, failure=_told(caught))
        _log.error("school %d cannot be sealed: %s", school_id, _told(caught))
        return "failed"


def _told(caught: Exception) -> str:
    """Say what failed; never with the message of another's error, which may hold what a row holds."""
    if isinstance(caught, _Unsound):
        return str(caught)
    state = getattr(caught, "sqlstate", None)
    return f"{type(caught).__name__} {state}" if state else type(caught).__name__


async def _begin(engine: AsyncEngine, school_id: int) -> None:
    async with database.writing(engine, school_id) as connection:
        register = (await _sql.head(connection, school_id=school_id))["register_id"]
        leaf = tree.leaf_hash(head_bytes(str(register), 0, EMPTY_ROOT, EMPTY_ROOT))
        checkpoint = await _sql.covering(connection)
        await _sql.begin(
            connection, school_id=school_id, register_id=register, leaf=leaf, checkpoint=checkpoint, empty=EMPTY_ROOT
        )


async def _seal(connection: Connection, school_id: int) -> Outcome:
    claimed = await _sql.claim(connection, school_id=school_id)
    if claimed is None:
        return "busy"
    head = await _sql.head(connection, school_id=school_id)
    after, frontier = claimed["seq"], claimed["frontier"]
    if head["seq"] == after and _stands(head, frontier):
        return "standing"
    if head["seq"] <= after:
        raise _Unsound(f"sealed up to {after}, and the head at {head['seq']} is not what continues it")
    growth = _Growth(after, [frontier[at : at + WIDTH] for at in range(0, len(frontier), WIDTH)])
    await _grow(connection, school_id, growth, head["seq"])
    frontier = b"".join(growth.frontier)
    if not _stands(head, frontier):
        raise _Unsound(f"the events from {after + 1} to {head['seq']} do not lead to the root in the head")
    contents = await _contents(connection, school_id, growth.subjects())
    blocks = _blocks(after, growth.prints)
    await _sql.write(
        connection,
        school_id=school_id,
        seq=growth.size,
        frontier=frontier,
        leaf=tree.leaf_hash(head_bytes(str(head["register_id"]), growth.size, head["root"], contents)),
        # Last: whoever signs waits for this transaction from here on, not while it hashes.
        checkpoint=await _sql.covering(connection),
        root=head["root"],
        contents=contents,
        levels=[level for level, _, _ in growth.nodes],
        indices=[index for _, index, _ in growth.nodes],
        hashes=[node for _, _, node in growth.nodes],
        blocks=list(blocks),
        prints=list(blocks.values()),
    )
    return "sealed"


def _stands(head: asyncpg.Record, frontier: bytes) -> bool:
    """Say whether a head is that of the tree with this frontier."""
    return bool(head["frontier"] == frontier and head["root"] == tree.root(frontier))


async def _grow(connection: Connection, school_id: int, growth: _Growth, up_to: int) -> None:
    """Append the leaves of the events up to a position, a portion at a time; raise _Unsound where one is amiss."""
    parts = await leaves.parts(connection, school_id)
    first = growth.size + 1
    while growth.size < up_to:
        last = min(up_to, growth.size + PORTION)
        portion = await leaves.rows(connection, school_id, [(growth.size + 1, last)])
        rows = {row["seq"]: row for row in portion.events}
        if len(rows) != len(portion.events):
            raise _Unsound(f"two of the events from {first} to {up_to} have one number")
        while growth.size < last:
            seq = growth.size + 1
            try:
                if seq not in rows:
                    await _pass_over(connection, school_id, growth)
                    continue
                growth.add(leaves.leaf_bytes(rows[seq], portion.texts.get(seq, {}), parts))
            except KeyError as caught:
                where = f"the events from {first} to {up_to} cannot all be hashed"
                raise _Unsound(f"{where}: event {seq}, or what it refers to, is missing") from caught
            growth.count(rows[seq])
            if seq % SLICE == 0:
                await asyncio.sleep(0)


async def _pass_over(connection: Connection, school_id: int, growth: _Growth) -> None:
    """Append what stands for events that had been let go when the register came in; KeyError where nothing does."""
    following = await _sql.following(connection, school_id=school_id, after=growth.size)
    places = list(pieces((growth.size, following - 1)))
    known = await read.nodes(connection, school_id, places)
    for place in places:
        growth.cover(place, known[place])


async def _contents(connection: Connection, school_id: int, subjects: Mapping[str, int]) -> bytes:
    """Count new events about subjects, and give the root of the tree over all of the register's contents."""
    counted = {
        row["subject"]: (row["events"], row["key"])
        async for row in _sql.counted(connection, school_id=school_id, subjects=list(subjects))
    }
    keys, events, hashes = [], [], []
    for subject, more in subjects.items():
        before, key = counted.get(subject) or (0, secrets.token_bytes(16))
        keys.append(key)
        events.append(before + more)
        hashes.append(tree.leaf_hash(contents_bytes(subject, before + more, key)))
    await _sql.count_contents(
        connection, school_id=school_id, subjects=list(subjects), events=events, keys=keys, leaves=hashes
    )
    return paths.root_over(await _sql.contents(connection, school_id=school_id))


def _blocks(after: int, prints: bytearray) -> dict[int, bytes]:
    """Lay the fingerprints of the leaves after `after` out by rows; the first may continue one that stands."""
    found, at, leaf = {}, 0, after
    while at < len(prints):
        width = (BLOCK - leaf % BLOCK) * PRINT
        found[leaf // BLOCK] = bytes(prints[at : at + width])
        at, leaf = at + width, (leaf // BLOCK + 1) * BLOCK
    return found


async def failing(connection: Connection) -> int:
    """Give how many registers cannot be sealed."""
    count: int = await _sql.failing(connection)
    return count
