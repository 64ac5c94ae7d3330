"""The tree over a register's leaves is RFC 6962's, however it was appended to."""

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from ledger import tree

LEAVES = st.lists(st.binary(max_size=8), max_size=70)


def recursive_root(leaves: list[bytes]) -> bytes:
    """Give the root as RFC 6962 section 2.1 defines it."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return tree.leaf_hash(leaves[0])
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return tree.node_hash(recursive_root(leaves[:split]), recursive_root(leaves[split:]))


def test_an_empty_register_has_the_root_of_the_empty_tree() -> None:
    assert tree.root(b"") == tree.EMPTY_ROOT == recursive_root([])


@given(LEAVES, st.data())
def test_appending_in_any_portions_gives_the_root_of_rfc_6962(leaves: list[bytes], data: st.DataObject) -> None:
    frontier, size = b"", 0
    while size < len(leaves):
        portion = data.draw(st.integers(1, len(leaves) - size))
        frontier, size = tree.extend(frontier, size, leaves[size : size + portion])
    assert tree.root(frontier) == recursive_root(leaves)
    assert len(frontier) == tree.WIDTH * size.bit_count()


@given(LEAVES.filter(bool))
def test_an_independent_library_finds_the_same_root(leaves: list[bytes]) -> None:
    other = InmemoryTree(algorithm="sha256")
    for leaf in leaves:
        other.append_entry(leaf)
    frontier, _ = tree.extend(b"", 0, leaves)
    assert tree.root(frontier) == other.get_root()


@given(LEAVES.filter(bool), st.data())
def test_changing_any_leaf_changes_the_root(leaves: list[bytes], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(leaves) - 1))
    changed = [*leaves[:at], leaves[at] + b"!", *leaves[at + 1 :]]
    roots = {tree.root(tree.extend(b"", 0, each)[0]) for each in (leaves, changed)}
    assert len(roots) == 2
