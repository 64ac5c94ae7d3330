"""How many alerts there are of each sort, as a reader may see it."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request

from analytics_worker.raised import AGES, AXES, AlertFilters, Cell, Count, Status
from analytics_worker.summary import Reader
from codes.ages import YEAR_GROUPS
from codes.alerts import Alert
from codes.suppression import hidden
from kit.problems import Problem
from kit.tokens import Identity

SEES_ALERTS, SEES_GROUPS = "alerts:read", "summaries:read"
"""The scope that alerts need, and the one that counts of them need, with suppression."""

_NOTHING = Count(0, 0)
_ORDER: Mapping[str, tuple[str, ...]] = {
    "kind": tuple(Alert),
    "status": tuple(Status),
    "year_group": YEAR_GROUPS,
    "age": AGES,
}
_TABLES = {"kind": "kinds", "status": "statuses", "class": "classes", "year_group": "year_groups", "age": "ages"}


def reader(identity: Identity, request: Request, filters: AlertFilters) -> Reader:
    """Give who reads; raise `scope-required` where a pupil is asked for by one who may not see pupils."""
    sees = SEES_ALERTS in identity.scopes
    if not sees and filters.pupil is not None:
        raise Problem("scope-required", f"Alerts of pupils need the scope {SEES_ALERTS}.")
    return Reader(sees, request.app.state.settings.smallest_cell)


def shown(counts: Mapping[Cell, Count], who_reads: Reader, *, axes: tuple[str, ...] = AXES) -> dict[str, Any]:
    """Give the whole and a table by each axis, in order, without what the reader must not see.

    Fewer pupils than are shown are left out of the whole and of each table, and with them as many others as it takes
    that they cannot be worked out; what is of the school and no pupil is shown.
    """
    whole = counts.get((None, None), _NOTHING)
    is_small = not who_reads.sees_pupils and 0 < whole.pupils < who_reads.smallest
    tables = {_TABLES[axis]: table(counts, axis, who_reads) for axis in axes}
    return {**_told(whole, hide=is_small), **tables}


def table(counts: Mapping[Cell, Count], axis: str, who_reads: Reader) -> list[dict[str, Any]]:
    """Give the counts by one axis, in order."""
    cells = {label: count for (of, label), count in counts.items() if of == axis}
    out = frozenset[str | None]()
    if not who_reads.sees_pupils:
        out = hidden({label: count.pupils for label, count in cells.items()}, (), who_reads.smallest)
    member = "age_days" if axis == "age" else axis
    return [
        {member: label, **_told(cells[label], hide=label in out)}
        for label in sorted(cells, key=lambda label: _place(axis, label))
    ]


def _told(count: Count, *, hide: bool) -> dict[str, Any]:
    if hide:
        return {"alerts": None, "pupils": None, "suppressed": True}
    return {"alerts": count.alerts, "pupils": count.pupils}


def _place(axis: str, label: str | None) -> tuple[bool, int, str]:
    """Give what the lines of a table are sorted by: as the field has them, else by name; those without come last."""
    order = _ORDER.get(axis, ())
    return label is None, order.index(label) if label in order else len(order), label or ""
