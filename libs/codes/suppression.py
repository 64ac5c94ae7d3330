"""Which cells of a table must not be shown, so that no number of one or two pupils can be read or worked out from it.

The DfE's older absence releases left out numbers of one or two enrolments with every percentage on them (methodology,
section 1.9). What is left out can be had from a total and the other cells, unless more of them are left out: secondary
suppression.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import TypeVar

SMALLEST_SHOWN = 3
"""Numbers of pupils below this are not shown; it may be set higher, not lower."""

Cell = TypeVar("Cell", bound=Hashable)


def hidden(
    pupils: Mapping[Cell, int],
    lines: Iterable[Collection[Cell]] = (),
    smallest: int = SMALLEST_SHOWN,
    already: Collection[Cell] = (),
) -> frozenset[Cell]:
    """The cells to leave out, of a table whose total is shown; `pupils` says how many pupils each cell is of.

    `lines` are the rows and columns whose totals may be known too, `already` cells that are left out anyway. Of each
    line, and of the table, the cells left out are of nobody, or two at least with `smallest` pupils at least together:
    the smallest others go with those that must. A table without as many has all its cells left out. Cells of nobody are
    shown, and protect nothing.
    """
    out = {*already, *(cell for cell, n in pupils.items() if 0 < n < smallest)}
    every = [[*pupils], *([*line] for line in lines)]
    grown = True
    while grown:
        grown = False
        for line in every:
            left_out = [cell for cell in line if cell in out]
            together = sum(pupils[cell] for cell in left_out)
            if not together or (len(left_out) > 1 and together >= smallest):
                continue
            others = [cell for cell in line if cell not in out and pupils[cell] > 0]
            if others:
                out.add(min(others, key=lambda cell: pupils[cell]))
                grown = True
    return frozenset(out)
