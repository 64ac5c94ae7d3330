"""The tree of hashes over a register's leaves: RFC 6962 section 2.1, kept as its frontier so that appending is cheap.

The frontier holds the roots of the perfect subtrees that the leaves so far make up, the largest first: one for each bit
that is set in their number.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from hashlib import sha256
from itertools import pairwise

EMPTY_ROOT = sha256(b"").digest()
WIDTH = 32
"""Bytes of one hash."""

Place = tuple[int, int]
"""A perfect subtree: its level, and its index among those of that level. Leaf `n`, counted from 0, is (0, n)."""

Gap = tuple[int, int]
"""A run of leaves that are not there: the index of the first, from 0, and the one after the last."""


def leaf_hash(leaf: bytes) -> bytes:
    """Give the hash of one leaf."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Give the hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def extend(frontier: bytes, size: int, leaves: Iterable[bytes]) -> tuple[bytes, int]:
    """Append `leaves` to a tree of `size` leaves with this frontier; give the new frontier and size."""
    stack = [frontier[at : at + WIDTH] for at in range(0, len(frontier), WIDTH)]
    for leaf in leaves:
        grown = leaf_hash(leaf)
        full = size
        while full & 1:
            grown = node_hash(stack.pop(), grown)
            full >>= 1
        stack.append(grown)
        size += 1
    return b"".join(stack), size


def root(frontier: bytes) -> bytes:
    """Give the root of the tree that has this frontier."""
    if not frontier:
        return EMPTY_ROOT
    *rest, folded = [frontier[at : at + WIDTH] for at in range(0, len(frontier), WIDTH)]
    for left in reversed(rest):
        folded = node_hash(left, folded)
    return folded


def joined(gaps: Iterable[Gap]) -> list[Gap]:
    """Give gaps in order, those that touch or overlap as one."""
    found: list[Gap] = []
    for start, end in sorted(gaps):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def split(gaps: Iterable[Gap], at: Iterable[int]) -> list[Gap]:
    """Give the gaps cut at some sizes of the tree, so that each of them still has its root over what is stored."""
    sizes = sorted(set(at))
    found = []
    for start, end in gaps:
        ends = [*sizes[bisect_right(sizes, start) : bisect_left(sizes, end)], end]
        found += list(pairwise([start, *ends]))
    return found


def cover(gaps: Iterable[Gap]) -> list[Place]:
    """Give the largest perfect subtrees that lie wholly in the gaps, from the left; no two gaps overlap."""
    found = []
    for start, end in gaps:
        while start < end:
            level = (end - start).bit_length() - 1
            if start:
                level = min(level, (start & -start).bit_length() - 1)
            found.append((level, start >> level))
            start += 1 << level
    return found


def hash_at(place: Place, pieces: Mapping[Place, bytes]) -> bytes:
    """Give the hash of a subtree by those of pieces that make it up; KeyError names a leaf that none of them holds."""
    level, index = place
    found = pieces.get(place)
    if found is not None:
        return found
    if level == 0:
        raise KeyError(place)
    return node_hash(hash_at((level - 1, 2 * index), pieces), hash_at((level - 1, 2 * index + 1), pieces))


def root_with_gaps(size: int, leaf_hashes: Mapping[int, bytes], covers: Mapping[Place, bytes]) -> bytes:
    """Give the root of a tree of `size` leaves, of some of which only the hash of a subtree over them is left.

    `leaf_hashes` by index from 0. Raises ValueError naming the first leaf that is missing or given twice.
    """
    pieces = [(index, 0, hash_) for index, hash_ in leaf_hashes.items()]
    pieces += [(index << level, level, hash_) for (level, index), hash_ in covers.items()]
    stack: list[tuple[int, bytes]] = []
    end = 0
    for start, level, grown in sorted(pieces):
        if start != end:
            raise ValueError(f"leaf {end} is missing" if start > end else f"leaf {start} is given twice")
        end = start + (1 << level)
        # What is as high as the new one is its left neighbour: a right one would have been folded with its own left.
        while stack and stack[-1][0] == level:
            grown = node_hash(stack.pop()[1], grown)
            level += 1
        stack.append((level, grown))
    if end != size:
        raise ValueError(f"leaf {end} is missing" if end < size else f"there is no leaf {size} in a tree of {size}")
    return root(b"".join(hash_ for _, hash_ in stack))
