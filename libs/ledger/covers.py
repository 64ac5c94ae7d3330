"""What stands for leaves that were let go: roots of subtrees, and the tree that is folded from them and from leaves."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from itertools import pairwise

from ledger.paths import Place, Span
from ledger.tree import WIDTH, leaf_hash, node_hash, root

HIGHEST = 62
"""The level of a tree over as many leaves as a position can count."""


class Uncovered(Exception):
    """A span of leaves for which neither they nor their cover are there, or a cover that contradicts itself."""


def pieces(span: Span) -> Iterator[Place]:
    """Give the largest perfect subtrees that lie in a span, from left to right."""
    start, end = span
    while start < end:
        level = (end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        yield level, start >> level
        start += 1 << level


def joined(gaps: Iterable[Span]) -> list[Span]:
    """Give gaps in order, those that touch or overlap as one."""
    found: list[Span] = []
    for start, end in sorted(gaps):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def split(gaps: Iterable[Span], at: Iterable[int]) -> list[Span]:
    """Give the gaps cut at some sizes of the tree, so that each of them still has its root over what is stored."""
    sizes = sorted(set(at))
    found = []
    for start, end in gaps:
        ends = [*sizes[bisect_right(sizes, start) : bisect_left(sizes, end)], end]
        found += list(pairwise([start, *ends]))
    return found


def hash_at(place: Place, known: Mapping[Place, bytes]) -> bytes:
    """Give the hash of a subtree by those that make it up; KeyError names a leaf that none of them holds."""
    found = known.get(place)
    if found is not None:
        return found
    if place[0] == 0:
        raise KeyError(place)
    left, right = _children(place)
    return node_hash(hash_at(left, known), hash_at(right, known))


def needed(gaps: Iterable[Span], nodes: Mapping[Place, bytes]) -> Iterator[tuple[Place, bytes]]:
    """Give, of the nodes of a tree, those that stand for the leaves in the gaps; Uncovered where there are none.

    Those below a node are given too where they make it up, so that whoever takes them in has the same nodes.
    """
    above = _above(nodes)

    def chosen(place: Place) -> list[tuple[Place, bytes]] | None:
        stored = [(place, nodes[place])] if place in nodes else []
        if place in above:
            left, right = (chosen(child) for child in _children(place))
            if left is not None and right is not None:
                return [*stored, *left, *right]
        return stored or None

    for gap in gaps:
        for place in pieces(gap):
            found = chosen(place)
            if found is None:
                raise Uncovered(f"Event {(place[1] << place[0]) + 1} is missing, and nothing covers it.")
            yield from found


def _children(place: Place) -> tuple[Place, Place]:
    level, index = place
    return (level - 1, 2 * index), (level - 1, 2 * index + 1)


def _above(places: Iterable[Place]) -> set[Place]:
    """Give every place that has one of these below it."""
    found: set[Place] = set()
    for level, index in places:
        while level < HIGHEST and (level + 1, index >> 1) not in found:
            level, index = level + 1, index >> 1
            found.add((level, index))
    return found


class Folded:
    """A tree that is folded from left to right, of leaves and of covers for those that are not there."""

    def __init__(self, covers: Mapping[Place, bytes]) -> None:
        self._unused = dict(covers)
        self._above = _above(covers)
        self._stack: list[bytes] = []
        self.size = 0

    @property
    def frontier(self) -> bytes:
        """The frontier of the tree so far."""
        return b"".join(self._stack)

    @property
    def root(self) -> bytes:
        """The root of the tree so far."""
        return root(self.frontier)

    def add(self, leaf: bytes) -> None:
        """Append a leaf."""
        self.add_hash(leaf_hash(leaf))

    def add_hash(self, hash_: bytes) -> None:
        """Append a leaf by its hash."""
        # `_push` written out: a register's check has nothing that it does as often.
        full, stack = self.size, self._stack
        while full & 1:
            hash_ = sha256(b"\x01" + stack.pop() + hash_).digest()
            full >>= 1
        stack.append(hash_)
        self.size += 1

    def pass_over(self, end: int) -> None:
        """Append the covers of the leaves from here up to, and without, `end`. Raises Uncovered."""
        for place in pieces((self.size, end)):
            self._push(place[0], self._cover(place))

    def finish(self) -> None:
        """Raise Uncovered for a cover that stands for nothing that was let go."""
        if self._unused:
            level, index = min(self._unused)
            raise Uncovered(f"A cover stands for events from {(index << level) + 1} on that are there themselves.")

    def _cover(self, place: Place) -> bytes:
        stored = self._unused.pop(place, None)
        first = (place[1] << place[0]) + 1
        if place in self._above:
            left, right = (self._cover(child) for child in _children(place))
            if stored not in (None, node_hash(left, right)):
                raise Uncovered(f"The covers from event {first} on contradict each other.")
            return node_hash(left, right)
        if stored is None:
            raise Uncovered(f"Event {first} is missing, and nothing covers it.")
        return stored

    def _push(self, level: int, hash_: bytes) -> None:
        if len(hash_) != WIDTH:
            raise Uncovered("A cover is no SHA-256.")
        full, grown = self.size >> level, hash_
        while full & 1:
            grown = node_hash(self._stack.pop(), grown)
            full >>= 1
        self._stack.append(grown)
        self.size += 1 << level
