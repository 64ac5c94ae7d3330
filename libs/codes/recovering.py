"""Which numbers of a table follow from the others: tables of tables, where every total is the sum of its parts.

That each line lacks none or two at least is not enough where lines cross: two lines that each lack two may share one.
So what follows is worked out, exactly, from all lines at once.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import TypeVar

Cell = TypeVar("Cell", bound=Hashable)


Line = tuple[Cell, Sequence[Cell]]
"""A total, and the parts that it is the sum of."""


def recoverable(unknown: Collection[Cell], lines: Iterable[Line[Cell]]) -> frozenset[Cell]:
    """The unknown cells that follow from the known ones."""
    solved: dict[Cell, dict[Cell, Fraction]] = {}
    for total, parts in lines:
        row: dict[Cell, Fraction] = {cell: Fraction(1) for cell in parts if cell in unknown}
        if total in unknown:
            row[total] = Fraction(-1)
        for cell in [cell for cell in row if cell in solved]:
            _take(row, solved[cell], cell)
        if not row:
            continue
        chosen = next(iter(row))
        factor = row[chosen]
        row = {cell: value / factor for cell, value in row.items()}
        for other in solved.values():
            if chosen in other:
                _take(other, row, chosen)
        solved[chosen] = row
    return frozenset(cell for cell, row in solved.items() if len(row) == 1)


def _take(row: dict[Cell, Fraction], solved: Mapping[Cell, Fraction], cell: Cell) -> None:
    """Take a multiple of a solved row from another, so that the cell stands in it no more."""
    factor = row[cell]
    for each, value in solved.items():
        left = row.get(each, Fraction(0)) - factor * value
        if left:
            row[each] = left
        else:
            row.pop(each, None)


def concealed(numbers: Mapping[Cell, int], lines: Sequence[Line[Cell]], fewest: int) -> frozenset[Cell]:
    """The cells to leave out so that none of fewer than `fewest` can be had; `numbers` says of how many each is.

    Cells of none are shown, and protect nothing. Beside the cells that must be left out go others of their lines, the
    smallest of those that leave the fewest lines with one cell missing. The numbers must obey the lines.
    """
    must = {cell for cell, n in numbers.items() if 0 < n < fewest}
    whole = [(total, *parts) for total, parts in lines]
    about: dict[Cell, list[tuple[Cell, ...]]] = {}
    for line in whole:
        for cell in line:
            about.setdefault(cell, []).append(line)
    out = set(must)

    def cost(cell: Cell) -> tuple[int, int]:
        return sum(out.isdisjoint(line) for line in about[cell]), numbers[cell]

    while not must.isdisjoint(recoverable(out, lines)):
        lacking = [line for line in whole if sum(cell in out for cell in line) == 1]
        # Where no line lacks one alone, one cell is a bridge between others: any more of its lines will do.
        near = lacking[0] if lacking else [cell for line in whole if not out.isdisjoint(line) for cell in line]
        others = [cell for cell in near if cell not in out and numbers[cell] > 0]
        # Were all left out, nothing would follow: so there is another.
        out.add(min(others or (cell for cell in about if cell not in out and numbers[cell] > 0), key=cost))
    return frozenset(out)
