"""Proofs of inclusion and of continuation are RFC 9162's: an independent library finds the same."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from ledger import paths, tree
from ledger.paths import Place

LEAVES = st.lists(st.binary(max_size=8), min_size=1, max_size=70)


def hashes_of(leaves: list[bytes]) -> bytes:
    return b"".join(tree.leaf_hash(leaf) for leaf in leaves)


def perfect(leaves: list[bytes]) -> dict[Place, bytes]:
    """Give the hash of every perfect subtree, each computed from its own leaves."""
    return {
        (level, index): tree.root(tree.extend(b"", 0, leaves[index << level : index + 1 << level])[0])
        for level in range(len(leaves).bit_length())
        for index in range(len(leaves) >> level)
    }


def inclusion(leaves: list[bytes], index: int) -> list[bytes]:
    nodes = perfect(leaves)
    return [paths.folded(span, nodes) for span in paths.inclusion_spans(index, len(leaves))]


def consistency(leaves: list[bytes], old: int) -> list[bytes]:
    nodes = perfect(leaves)
    return [paths.folded(span, nodes) for span in paths.consistency_spans(old, len(leaves))]


@given(LEAVES, st.data())
def test_a_path_leads_from_its_leaf_to_the_root_and_from_no_other(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    path, root = inclusion(leaves, index), paths.root_over(hashes_of(leaves))
    assert root == tree.root(tree.extend(b"", 0, leaves)[0])
    assert paths.root_by(tree.leaf_hash(leaves[index]), index, len(leaves), path) == root
    assert paths.root_by(tree.leaf_hash(leaves[index] + b"!"), index, len(leaves), path) != root
    assert paths.root_by(tree.leaf_hash(leaves[index]), index, len(leaves), [*path, bytes(32)]) != root
    assert not path or paths.root_by(tree.leaf_hash(leaves[index]), index, len(leaves), path[1:]) != root
    assert paths.path_in(hashes_of(leaves), index) == path


@given(LEAVES, st.data())
def test_an_independent_library_proves_with_the_same_hashes(leaves: list[bytes], data: st.DataObject) -> None:
    # It lists a path from left to right and begins it with what is proven; RFC 9162's goes upwards and leaves that out.
    other = InmemoryTree(algorithm="sha256")
    for leaf in leaves:
        other.append_entry(leaf)
    index = data.draw(st.integers(0, len(leaves) - 1))
    theirs = Counter(other.prove_inclusion(index + 1).serialize()["path"])
    assert theirs == Counter(hash_.hex() for hash_ in (tree.leaf_hash(leaves[index]), *inclusion(leaves, index)))
    old = data.draw(st.integers(1, len(leaves)))
    roots = other.get_root(old), other.get_root(len(leaves))
    assert paths.continues(old, roots[0], len(leaves), roots[1], consistency(leaves, old))


@given(LEAVES, st.data())
def test_a_tree_continues_its_own_beginning_and_no_other(leaves: list[bytes], data: st.DataObject) -> None:
    old = data.draw(st.integers(1, len(leaves)))
    before, after = (tree.root(tree.extend(b"", 0, each)[0]) for each in (leaves[:old], leaves))
    path = consistency(leaves, old)
    assert paths.continues(old, before, len(leaves), after, path)
    assert not paths.continues(old, bytes(32), len(leaves), after, path)
    assert not paths.continues(old, before, len(leaves), bytes(32), path)
    assert not path or not paths.continues(old, before, len(leaves), after, path[:-1])


def test_every_tree_continues_the_empty_one() -> None:
    assert paths.continues(0, tree.EMPTY_ROOT, 5, bytes(32), [])
    assert not paths.continues(0, bytes(32), 5, bytes(32), [])


@given(st.integers(0, 400), st.integers(1, 400))
def test_a_leaf_that_the_tree_does_not_have_has_no_path(beyond: int, size: int) -> None:
    assert paths.root_by(bytes(32), size + beyond, size, []) is None
