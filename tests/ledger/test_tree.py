"""The tree over a register's leaves is RFC 6962's, however it was appended to."""

from hashlib import sha256

import pytest
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


def gaps_of(gone: set[int]) -> list[tree.Gap]:
    """Give the runs of some indices."""
    return tree.joined((n, n + 1) for n in gone)


def leaves_below(place: tree.Place) -> range:
    level, index = place
    return range(index << level, (index + 1) << level)


@given(st.sets(st.integers(0, 200)))
def test_a_cover_holds_the_gaps_and_nothing_else_and_none_of_it_could_be_larger(gone: set[int]) -> None:
    places = tree.cover(gaps_of(gone))
    covered = [leaf for place in places for leaf in leaves_below(place)]
    assert covered == sorted(gone)
    for level, index in places:
        assert not gone.issuperset(leaves_below((level + 1, index >> 1)))


def test_gaps_that_touch_or_overlap_are_one() -> None:
    assert tree.joined([(6, 8), (0, 2), (2, 4), (7, 9), (20, 21)]) == [(0, 4), (6, 9), (20, 21)]


def test_gaps_are_cut_at_sizes_inside_them() -> None:
    assert tree.split([(0, 5), (8, 12)], [12, 3, 0, 8, 6, 9, 9, 5]) == [(0, 3), (3, 5), (8, 9), (9, 12)]


@given(LEAVES.filter(bool), st.data())
def test_a_subtree_has_one_hash_whatever_pieces_it_is_made_of(leaves: list[bytes], data: st.DataObject) -> None:
    level = data.draw(st.integers(0, len(leaves).bit_length() - 1))
    place = (level, data.draw(st.integers(0, (len(leaves) >> level) - 1)))
    whole = recursive_root([leaves[n] for n in leaves_below(place)])
    pieces = {(0, n): tree.leaf_hash(leaf) for n, leaf in enumerate(leaves)}
    assert tree.hash_at(place, pieces) == whole
    for _ in range(data.draw(st.integers(0, 3))):
        low = data.draw(st.integers(0, level))
        inner = (low, data.draw(st.integers(place[1] << (level - low), ((place[1] + 1) << (level - low)) - 1)))
        folded = recursive_root([leaves[n] for n in leaves_below(inner)])
        pieces = {each: hash_ for each, hash_ in pieces.items() if not {*leaves_below(each)} <= {*leaves_below(inner)}}
        pieces[inner] = folded
    assert tree.hash_at(place, pieces) == whole
    with pytest.raises(KeyError):
        tree.hash_at((level, len(leaves)), pieces)


@given(LEAVES, st.data())
def test_whatever_leaves_are_removed_the_rest_and_the_cover_have_the_same_root(
    leaves: list[bytes], data: st.DataObject
) -> None:
    gone = set(data.draw(st.lists(st.sampled_from(range(len(leaves))))) if leaves else [])
    rest = {n: tree.leaf_hash(leaf) for n, leaf in enumerate(leaves) if n not in gone}
    covers = {place: recursive_root([leaves[n] for n in leaves_below(place)]) for place in tree.cover(gaps_of(gone))}
    assert tree.root_with_gaps(len(leaves), rest, covers) == recursive_root(leaves)
    pieces = [*rest, *covers]
    for piece in pieces:
        with pytest.raises(ValueError, match="missing"):
            tree.root_with_gaps(
                len(leaves),
                {n: hash_ for n, hash_ in rest.items() if n != piece},
                {place: hash_ for place, hash_ in covers.items() if place != piece},
            )


def test_a_leaf_given_twice_or_beyond_the_end_is_refused() -> None:
    leaves = [tree.leaf_hash(b"%d" % n) for n in range(4)]
    pair = tree.node_hash(*leaves[:2])
    with pytest.raises(ValueError, match="leaf 1 is given twice"):
        tree.root_with_gaps(4, {1: leaves[1], 2: leaves[2], 3: leaves[3]}, {(1, 0): pair})
    with pytest.raises(ValueError, match="no leaf 3"):
        tree.root_with_gaps(3, {0: leaves[0], 1: leaves[1], 2: leaves[2], 3: leaves[3]}, {})
