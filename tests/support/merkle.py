"""The trees as an independent library has them."""

from collections.abc import Iterable
from hashlib import sha256

from pymerkle import InmemoryTree

EMPTY = sha256(b"").digest()


def root(leaves: Iterable[bytes]) -> bytes:
    """Give the root of RFC 6962's tree over leaves."""
    found, size = InmemoryTree(algorithm="sha256"), 0
    for leaf in leaves:
        size = found.append_entry(leaf)
    return bytes(found.get_root(size)) if size else EMPTY
