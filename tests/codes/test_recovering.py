"""What follows from the other numbers of a table is found, and what must not follow does not."""

import random

import pytest

from codes.recovering import Line, concealed, recoverable

Cell = tuple[str, str]


def table(rows: str, columns: str) -> list[Line[Cell]]:
    """Give the lines of a table with totals of rows, of columns, and of all."""
    lines: list[Line[Cell]] = [((row, "all"), [(row, column) for column in columns]) for row in (*rows, "all")]
    lines += [(("all", column), [(row, column) for row in rows]) for column in (*columns, "all")]
    return lines


def test_one_unknown_of_a_line_follows_from_its_total() -> None:
    lines = table("ab", "xy")
    assert recoverable({("a", "x")}, lines) == {("a", "x")}
    assert recoverable({("a", "all")}, lines) == {("a", "all")}
    assert recoverable(set(), lines) == frozenset()


def test_four_corners_of_a_rectangle_do_not() -> None:
    lines = table("abc", "xyz")
    assert recoverable({(row, column) for row in "ab" for column in "xy"}, lines) == frozenset()
    assert recoverable({(row, column) for row in "ab" for column in "xy"} - {("a", "x")}, lines) == {
        ("a", "y"),
        ("b", "x"),
        ("b", "y"),
    }


def test_a_bridge_between_two_rectangles_follows_though_no_line_lacks_one_alone() -> None:
    lines = table("abcd", "wxyz")
    corners = {(row, column) for rows, columns in (("ab", "wx"), ("cd", "yz")) for row in rows for column in columns}
    bridge = ("a", "y")
    assert recoverable({*corners, bridge}, lines) == {bridge}


@pytest.mark.parametrize("seed", range(40))
def test_nothing_small_follows_from_what_is_shown(seed: int) -> None:
    chance = random.Random(seed)
    rows, columns = "abcdef"[: chance.randrange(1, 7)], "uvwxyz"[: chance.randrange(1, 7)]
    numbers = {(row, column): chance.choice((0, 0, 1, 2, 2, 3, 8)) for row in rows for column in columns}
    numbers |= {(row, "all"): sum(numbers[row, column] for column in columns) for row in rows}
    numbers |= {("all", column): sum(numbers[row, column] for row in rows) for column in (*columns, "all")}
    lines = table(rows, columns)
    out = concealed(numbers, lines, 2)
    small = {cell for cell, n in numbers.items() if n == 1}
    assert small <= out
    assert recoverable(out, lines) & small == frozenset()
    assert not small or len(out) > 1
    assert all(numbers[cell] for cell in out), "what is of nobody is shown"


def test_where_nothing_is_small_nothing_is_left_out() -> None:
    numbers = {("a", "x"): 2, ("a", "y"): 0, ("a", "all"): 2, ("all", "x"): 2, ("all", "y"): 0, ("all", "all"): 2}
    assert concealed(numbers, table("a", "xy"), 2) == frozenset()
