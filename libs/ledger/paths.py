"""Proofs in a tree of hashes: that a leaf is in it, and that a tree continues an earlier one (RFC 9162 section 2.1).

A place is (level, index): the perfect subtree over the leaves from index * 2^level on, 2^level of them. Whoever makes a
proof for a tree that is not in memory asks which places it needs, fetches their hashes, and folds them.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256

from ledger.tree import EMPTY_ROOT, WIDTH, node_hash

Place = tuple[int, int]
Span = tuple[int, int]
"""Leaves from the first index up to, and without, the second."""


def places(span: Span) -> list[Place]:
    """Give the perfect subtrees that a span of RFC 6962's tree is folded from, the largest and leftmost first."""
    start, end = span
    found = []
    while start < end:
        level = (end - start).bit_length() - 1
        found.append((level, start >> level))
        start += 1 << level
    return found


def folded(span: Span, hashes: Mapping[Place, bytes]) -> bytes:
    """Give the hash over a span from those of its places; KeyError names a place that is not there."""
    *lefts, result = [hashes[place] for place in places(span)]
    for left in reversed(lefts):
        result = node_hash(left, result)
    return result


def _split(size: int) -> int:
    """Give the number of leaves left of the root: the largest power of two below `size`, which is above 1."""
    return 1 << (size - 1).bit_length() - 1


def inclusion_spans(index: int, size: int) -> list[Span]:
    """Give the spans whose hashes prove that leaf `index` is in a tree of `size` leaves, the lowest first."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    start, end, found = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((start, middle))
            start = middle
    return found[::-1]


def consistency_spans(old: int, new: int) -> list[Span]:
    """Give the spans whose hashes prove that a tree of `new` leaves continues the one of its first `old`."""
    if not 0 < old <= new:
        raise ValueError(f"a tree of {new} leaves does not continue one of {old}")
    start, end, found = 0, new, []
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((start, middle))
            start = middle
    if start > 0:
        found.append((start, end))
    return found[::-1]


def root_by(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Give the root to which a path leads from a leaf's hash; None when no such path has its length."""
    if not 0 <= index < size:
        return None
    last, result = size - 1, leaf
    for step in path:
        if last == 0:
            return None
        if index & 1 or index == last:
            result = node_hash(step, result)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            result = node_hash(result, step)
        index, last = index >> 1, last >> 1
    return result if last == 0 else None


def continues(old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Say whether a path proves that the tree of `new` leaves begins with the `old` leaves of the other."""
    if old == new or old == 0:
        return not path and (old_root == new_root if old == new else old_root == EMPTY_ROOT)
    if not 0 < old < new or not path:
        return False
    index, last = old - 1, new - 1
    steps = list(path) if old & index else [old_root, *path]
    while index & 1:
        index, last = index >> 1, last >> 1
    first = second = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if index & 1 or index == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            second = node_hash(second, step)
        index, last = index >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root


def levels(hashes: bytes) -> list[bytes]:
    """Give the whole tree over leaf hashes laid end to end: every level laid end to end, the leaves first.

    A last node without a neighbour is carried up as it is, which is RFC 6962's tree.
    """
    found = [hashes]
    while len(hashes) > WIDTH:
        pairs = range(0, len(hashes) - WIDTH, 2 * WIDTH)
        carried = hashes[-WIDTH:] if len(hashes) // WIDTH & 1 else b""
        # `node_hash` written out: a third quicker where there are tens of thousands.
        hashes = b"".join([sha256(b"\x01" + hashes[at : at + 2 * WIDTH]).digest() for at in pairs]) + carried
        found.append(hashes)
    return found


def root_over(hashes: bytes) -> bytes:
    """Give the root of the tree over leaf hashes laid end to end."""
    return levels(hashes)[-1] if hashes else EMPTY_ROOT


def path_in(hashes: bytes, index: int) -> list[bytes]:
    """Give the path from leaf `index` of the tree over leaf hashes laid end to end."""
    path = []
    for level in levels(hashes)[:-1]:
        beside = (index ^ 1) * WIDTH
        if beside < len(level):
            path.append(level[beside : beside + WIDTH])
        index >>= 1
    return path
