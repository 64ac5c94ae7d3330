"""What a reader who may not see pupils is not shown: whatever is of one or two of them, or gives such a number away.

A part of fewer pupils is left out, and with it as many others as it takes that it cannot be had from the whole. In what
is shown the same holds for the persistently and the severely absent, for those who came late, and for each code.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from typing import Any

from analytics_worker.counting import Counted, Labels
from analytics_worker.questions import By
from codes.book import Kind
from codes.suppression import hidden
from codes.table import ROWS
from codes.tallies import Group

_LATE = ("late_sessions", "late_before_close_sessions", "late_after_close_sessions", "late_perc", "punctuality_perc")
_KINDS: Mapping[str, Kind] = {row.code: row.kind for row in reversed(ROWS)}


def _late(group: Group) -> int:
    """Give the pupils of the smaller of what late sessions are made of."""
    return min((n for code in ("L", "U") if (n := group.pupils_with.get(code, 0))), default=0)


_MEASURES: tuple[tuple[tuple[str, ...], Callable[[Group], int]], ...] = (
    (("persistent_pupils", "pa_perc", "absence_due_to_persistent_perc"), lambda group: group.persistent_pupils),
    (("severe_pupils", "severe_perc"), lambda group: group.severe_pupils),
    (_LATE, _late),
)
"""Members of a group's figures that are of fewer pupils than the group, and of how many."""

Item = tuple[Labels, dict[str, Any]]


def applied(
    counted: Counted, whole: Mapping[str, Any], items: Iterable[Item], by: tuple[By, ...], smallest: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Give the whole and the items of an answer without what must not be shown; `suppressed` marks where."""
    shown_whole = _of_whole(counted.whole, whole, smallest)
    if By.CODE in by:
        return shown_whole, _by_code(counted, [*items], by, smallest)
    groups = counted.parts
    out = hidden({labels: group.enrolments for labels, group in groups.items()}, _lines(groups), smallest)
    if 0 < counted.whole.enrolments < smallest:
        out = frozenset(groups)
    gone = [
        (members, hidden({labels: pupils(group) for labels, group in groups.items()}, _lines(groups), smallest, out))
        for members, pupils in _MEASURES
    ]
    shown = []
    for labels, item in items:
        # By code the parts are not told: what one part lacks of a code could be had from the whole and the others.
        left = {member: value for member, value in item.items() if member != "codes"}
        parts = {each.member for each in by}
        if labels in out:
            left = {member: value if member in parts else None for member, value in left.items()}
        members = {member for members, cells in gone if labels in cells for member in members}
        left |= dict.fromkeys(members & left.keys())
        shown.append({**left, **({"suppressed": True} if labels in out or members else {})})
    return shown_whole, shown


def _of_whole(group: Group, figures: Mapping[str, Any], smallest: int) -> dict[str, Any]:
    if 0 < group.enrolments < smallest:
        return {**{member: None for member in figures if member != "codes"}, "suppressed": True}
    members = {member for members, pupils in _MEASURES if 0 < pupils(group) < smallest for member in members}
    out = _codes_hidden({code: group.pupils_with.get(code, 0) for code in group.total.codes}, smallest)
    codes = {code: n for code, n in group.total.codes.items() if code not in out}
    told = {**figures, **dict.fromkeys(members & figures.keys()), "codes": codes}
    return {**told, "suppressed": True} if members or out else told


def _codes_hidden(pupils: Mapping[str, int], smallest: int) -> frozenset[str]:
    """Give the codes to leave out; the sums of a kind are shown, so what is left out of a kind must not be one code."""
    return hidden(pupils, _of_a_kind((code, code) for code in pupils), smallest)


def _of_a_kind(cells: Iterable[tuple[Any, str]]) -> list[list[Any]]:
    lines: dict[Kind, list[Any]] = {}
    for cell, code in cells:
        lines.setdefault(_KINDS[code], []).append(cell)
    return [*lines.values()]


def _by_code(counted: Counted, items: list[Item], by: tuple[By, ...], smallest: int) -> list[dict[str, Any]]:
    at = by.index(By.CODE)
    pupils = {labels: item["enrolments"] for labels, item in items}
    lines = _lines(pupils)
    for part in {(*labels[:at], *labels[at + 1 :]) for labels in pupils}:
        of_part = [labels for labels in pupils if (*labels[:at], *labels[at + 1 :]) == part]
        lines += _of_a_kind((labels, str(labels[at])) for labels in of_part)
    out = hidden(pupils, lines, smallest)
    if 0 < counted.whole.enrolments < smallest:
        out = frozenset(pupils)
    parts = {each.member for each in by}
    return [
        {**{member: value if member in parts else None for member, value in item.items()}, "suppressed": True}
        if labels in out
        else item
        for labels, item in items
    ]


def _lines(cells: Collection[Hashable]) -> list[list[Any]]:
    """Give the rows and columns of a table of two labels; one of one label is a line by itself."""
    lines: dict[tuple[int, Any], list[Any]] = {}
    keys: list[Any] = [*cells]
    if keys and len(keys[0]) > 1:
        for key in keys:
            for axis in (0, 1):
                lines.setdefault((axis, key[axis]), []).append(key)
    return [*lines.values()]
