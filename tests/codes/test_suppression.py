"""No number of one or two pupils is shown, nor had from those that are (law.md 4.5)."""

from hypothesis import given
from hypothesis import strategies as st

from codes.suppression import SMALLEST_SHOWN, hidden

TABLES = st.dictionaries(st.tuples(st.integers(0, 4), st.integers(0, 3)), st.integers(0, 12), max_size=20)


def lines(table: dict[tuple[int, int], int]) -> list[list[tuple[int, int]]]:
    return [[cell for cell in table if cell[axis] == at] for axis in (0, 1) for at in range(5)]


def test_three_pupils_are_shown_and_two_are_not() -> None:
    """Law.md 4.5."""
    assert SMALLEST_SHOWN == 3
    assert hidden({"a": 3, "b": 4}) == frozenset()
    assert hidden({"a": 2, "b": 9, "c": 4, "d": 0}) == {"a", "c"}


def test_two_cells_left_out_that_are_too_few_together_take_a_third_with_them() -> None:
    assert hidden({"a": 1, "b": 1, "c": 7, "d": 5}) == {"a", "b", "d"}


def test_a_school_may_ask_for_more() -> None:
    assert hidden({"a": 5, "b": 9, "c": 30}, smallest=6) == {"a", "b"}


@given(TABLES, st.sampled_from((3, 6, 10)))
def test_what_is_left_out_of_any_line_is_never_one_cell_nor_too_few_pupils(
    table: dict[tuple[int, int], int], smallest: int
) -> None:
    out = hidden(table, lines(table), smallest)
    assert {cell for cell, n in table.items() if 0 < n < smallest} <= out
    assert all(table[cell] > 0 for cell in out)
    for line in ([*table], *lines(table)):
        left_out = [table[cell] for cell in line if cell in out]
        everything = [table[cell] for cell in line if table[cell] > 0]
        assert left_out == everything or not left_out or (len(left_out) > 1 and sum(left_out) >= smallest)
