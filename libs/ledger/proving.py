"""Prove that events are in a register's tree, and that the tree continues an earlier one, for whoever has its root."""

from collections.abc import Iterable, Mapping, Sequence

from kit import database
from kit.database import Connection
from ledger import leaves, paths, read, tree
from ledger.paths import Place, Span
from ledger.sealing import LOWEST_LEVEL
from ledger.tree import BLOCK, PRINT

_sql = database.statements(__file__)


class Altered(Exception):
    """An event is not the one that was sealed: the tables were changed by other hands than the register's."""

    def __init__(self, seq: int) -> None:
        super().__init__(f"event {seq} is not the one that was sealed under this number")
        self.seq = seq


async def inclusion(connection: Connection, school_id: int, seqs: Sequence[int], size: int) -> dict[int, list[bytes]]:
    """Give by seq the path that leads from each event to the root over the first `size` events, which are sealed.

    Raises ValueError for a seq beyond `size`, and Altered for the first event found that is not what was sealed.
    """
    spans = {seq: paths.inclusion_spans(seq - 1, size) for seq in seqs}
    hashes = await _hashes(connection, school_id, {place for each in spans.values() for place in _places(each)})
    return {seq: [paths.folded(span, hashes) for span in each] for seq, each in spans.items()}


async def consistency(connection: Connection, school_id: int, old: int, new: int) -> list[bytes]:
    """Give the path that proves that the first `new` events, which are sealed, begin with the first `old`."""
    spans = paths.consistency_spans(old, new)
    hashes = await _hashes(connection, school_id, set(_places(spans)))
    return [paths.folded(span, hashes) for span in spans]


def _places(spans: Iterable[Span]) -> Iterable[Place]:
    return (place for span in spans for place in paths.places(span))


async def _hashes(connection: Connection, school_id: int, wanted: set[Place]) -> dict[Place, bytes]:
    """Read the nodes that are kept, and hash anew what lies below them."""
    found = await read.nodes(connection, school_id, list(wanted))
    missing = wanted - found.keys()
    if kept := sorted(place for place in missing if place[0] >= LOWEST_LEVEL):
        raise LookupError(f"the register is not sealed as far as node {kept[0]}")
    stretches = _stretches(missing)
    hashed: dict[Place, bytes] = {
        (row["level"], row["index"]): row["hash"]
        async for row in _sql.covers(
            connection,
            school_id=school_id,
            firsts=[first for first, _ in stretches],
            lasts=[last for _, last in stretches],
        )
    }
    found_rows = await leaves.rows(connection, school_id, stretches)
    parts = await leaves.parts(connection, school_id)
    anew = {
        row["seq"] - 1: tree.leaf_hash(leaves.leaf_bytes(row, found_rows.texts.get(row["seq"], {}), parts))
        for row in found_rows.events
    }
    await _hold(connection, school_id, anew)
    hashed |= {(0, index): hash_ for index, hash_ in anew.items()}
    for place in missing:
        found[place] = _node(place, hashed)
    return found


async def _hold(connection: Connection, school_id: int, anew: Mapping[int, bytes]) -> None:
    """Compare leaves that were hashed anew, by index, with what is known of their sealing; raise Altered for the first.

    Not the covers of what was let go: a register that came in without those leaves has no fingerprints of them.
    """
    blocks = sorted({index // BLOCK for index in anew})
    rows = _sql.prints(connection, school_id=school_id, blocks=blocks)
    prints = {row["block"]: row["prints"] async for row in rows}
    for index in sorted(anew):
        at = index % BLOCK * PRINT
        known = prints.get(index // BLOCK, b"")[at : at + PRINT]
        if known and known != anew[index][:PRINT]:
            raise Altered(index + 1)


def _stretches(wanted: Iterable[Place]) -> list[tuple[int, int]]:
    """Give the stretches of the stream below some places, each once, those that touch as one."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(((index << level) + 1, index + 1 << level) for level, index in wanted):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined


def _node(place: Place, hashed: dict[Place, bytes]) -> bytes:
    if place not in hashed:
        level, index = place
        if level == 0:
            raise Altered(index + 1)
        hashed[place] = tree.node_hash(_node((level - 1, 2 * index), hashed), _node((level - 1, 2 * index + 1), hashed))
    return hashed[place]
