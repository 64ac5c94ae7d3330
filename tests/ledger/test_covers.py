"""What stands for leaves that were let go: the largest subtrees over them, and the same root with them as without."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import covers, tree
from ledger.covers import Folded, Uncovered
from ledger.paths import Place, Span
from tests.support import merkle

LEAVES = st.lists(st.binary(max_size=8), max_size=70)


def gaps_of(gone: set[int]) -> list[Span]:
    """Give the runs of some indices."""
    return covers.joined((n, n + 1) for n in gone)


def leaves_below(place: Place) -> range:
    level, index = place
    return range(index << level, (index + 1) << level)


@given(st.sets(st.integers(0, 200)))
def test_a_cover_holds_the_gaps_and_nothing_else_and_none_of_it_could_be_larger(gone: set[int]) -> None:
    places = [place for gap in gaps_of(gone) for place in covers.pieces(gap)]
    covered = [leaf for place in places for leaf in leaves_below(place)]
    assert covered == sorted(gone)
    for level, index in places:
        assert not gone.issuperset(leaves_below((level + 1, index >> 1)))


def test_gaps_that_touch_or_overlap_are_one() -> None:
    assert covers.joined([(6, 8), (0, 2), (2, 4), (7, 9), (20, 21)]) == [(0, 4), (6, 9), (20, 21)]


def test_gaps_are_cut_at_sizes_inside_them() -> None:
    assert covers.split([(0, 5), (8, 12)], [12, 3, 0, 8, 6, 9, 9, 5]) == [(0, 3), (3, 5), (8, 9), (9, 12)]


@given(LEAVES.filter(bool), st.data())
def test_a_subtree_has_one_hash_whatever_pieces_it_is_made_of(leaves: list[bytes], data: st.DataObject) -> None:
    level = data.draw(st.integers(0, len(leaves).bit_length() - 1))
    place = (level, data.draw(st.integers(0, (len(leaves) >> level) - 1)))
    whole = merkle.root([leaves[n] for n in leaves_below(place)])
    pieces = {(0, n): tree.leaf_hash(leaf) for n, leaf in enumerate(leaves)}
    assert covers.hash_at(place, pieces) == whole
    for _ in range(data.draw(st.integers(0, 3))):
        low = data.draw(st.integers(0, level))
        inner = (low, data.draw(st.integers(place[1] << (level - low), ((place[1] + 1) << (level - low)) - 1)))
        folded = merkle.root([leaves[n] for n in leaves_below(inner)])
        pieces = {each: hash_ for each, hash_ in pieces.items() if not {*leaves_below(each)} <= {*leaves_below(inner)}}
        pieces[inner] = folded
    assert covers.hash_at(place, pieces) == whole
    with pytest.raises(KeyError):
        covers.hash_at((level, len(leaves)), pieces)


def folded(size: int, rest: dict[int, bytes], stored: dict[Place, bytes]) -> bytes:
    """Fold a tree of some leaves and of what stands for the others."""
    whole = Folded(stored)
    for index, leaf in sorted(rest.items()):
        whole.pass_over(index)
        whole.add(leaf)
    whole.pass_over(size)
    whole.finish()
    return whole.root


@given(LEAVES, st.data())
def test_whatever_leaves_are_removed_the_rest_and_the_cover_have_the_same_root(
    leaves: list[bytes], data: st.DataObject
) -> None:
    gone = set(data.draw(st.lists(st.sampled_from(range(len(leaves))))) if leaves else [])
    rest = {n: leaf for n, leaf in enumerate(leaves) if n not in gone}
    places = [place for gap in gaps_of(gone) for place in covers.pieces(gap)]
    stored = {place: merkle.root([leaves[n] for n in leaves_below(place)]) for place in places}
    assert folded(len(leaves), rest, stored) == merkle.root(leaves)
    for place in places:
        with pytest.raises(Uncovered, match="missing"):
            folded(len(leaves), rest, {each: hash_ for each, hash_ in stored.items() if each != place})
