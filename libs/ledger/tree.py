"""The tree of hashes over a register's leaves: RFC 6962 section 2.1, kept as its frontier so that appending is cheap.

The frontier holds the roots of the perfect subtrees that the leaves so far make up, the largest first: one for each bit
that is set in their number.
"""

from collections.abc import Iterable
from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()
WIDTH = 32
"""Bytes of one hash."""
PRINT, BLOCK = 4, 256
"""Bytes of a leaf's fingerprint, which its hash begins with, and how many leaves' are kept in a row."""


def leaf_hash(leaf: bytes) -> bytes:
    """Give the hash of one leaf."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Give the hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def extend(frontier: bytes, size: int, leaves: Iterable[bytes]) -> tuple[bytes, int]:
    """Append `leaves` to a tree of `size` leaves with this frontier; give the new frontier and size."""
    stack = [frontier[at : at + WIDTH] for at in range(0, len(frontier), WIDTH)]
    # `leaf_hash` and `node_hash` written out: millions are made, and a call costs as much as a hash.
    for leaf in leaves:
        grown = sha256(b"\x00" + leaf).digest()
        full = size
        while full & 1:
            grown = sha256(b"\x01" + stack.pop() + grown).digest()
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
