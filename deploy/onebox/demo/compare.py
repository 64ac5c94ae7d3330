"""The figures of the demonstration beside the DfE's for England, as the analytics worker serves them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from rich.table import Table

from onebox.demo.figures import ENGLAND, attendance_rows
from onebox.demo.mis import Mis
from onebox.demo.schools import School

PHASES = ("primary", "secondary", "special")
_SUMS = (
    "possible_sessions",
    "overall_attendance",
    "authorised_absence",
    "unauthorised_absence",
    "overall_absence",
    "late_sessions",
    "enrolments",
    "persistent_pupils",
)
_LINES = (
    ("attendance", "overall_attendance", "possible_sessions"),
    ("authorised absence", "authorised_absence", "possible_sessions"),
    ("unauthorised absence", "unauthorised_absence", "possible_sessions"),
    ("overall absence", "overall_absence", "possible_sessions"),
    ("late (L and U)", "late_sessions", "possible_sessions"),
    ("persistently absent pupils", "persistent_pupils", "enrolments"),
)


@dataclass(frozen=True, slots=True)
class Compared:
    """One measure of one phase: percentages here and in England (2025/26); None where nothing counts."""

    phase: str
    measure: str
    here: float | None
    england: float


async def figures(
    analytics: Mis, schools: Sequence[School], first: date, last: date, patience: float = 120.0
) -> dict[str, dict[str, int]]:
    """The sums of each phase, from the attendance of each school between two days, once the projector has caught up.

    Waits at most `patience` seconds in all for `behind` to become 0.
    """
    found: dict[str, dict[str, int]] = {}
    for school in schools:
        path = f"/v1/schools/{school.urn}/attendance?from={first}&to={last}"
        summary = await analytics.send("GET", path)
        while summary["as_of"]["behind"] > 0 and patience > 0:
            await asyncio.sleep(0.5)
            patience -= 0.5
            summary = await analytics.send("GET", path)
        for phase in (school.phase, "total"):
            _add(found.setdefault(phase, dict.fromkeys(_SUMS, 0)), summary)
    return found


def compared(sums: Mapping[str, Mapping[str, int]]) -> list[Compared]:
    """Every measure of every phase found, here and in England."""
    lines = []
    for phase in (*PHASES, "total"):
        if phase in sums:
            england = _england(phase)
            for name, above, below in _LINES:
                here = 100 * sums[phase][above] / sums[phase][below] if sums[phase][below] else None
                lines.append(Compared(phase, name, here, england[name]))
    return lines


def table(lines: Sequence[Compared]) -> Table:
    """The comparison as it is printed: percentages with one decimal place, as the DfE reports them."""
    shown = Table(title="Per cent, beside the DfE's 2025/26 for England", title_justify="left")
    shown.add_column("phase")
    shown.add_column("measure")
    shown.add_column("here", justify="right")
    shown.add_column("England", justify="right")
    before = ""
    for line in lines:
        if before and line.phase != before:
            shown.add_section()
        here = "-" if line.here is None else f"{line.here:.1f}"
        shown.add_row(line.phase if line.phase != before else "", line.measure, here, f"{line.england:.1f}")
        before = line.phase
    return shown


def markdown(lines: Sequence[Compared]) -> str:
    """The same table for a README: one row a measure, two columns a phase."""
    phases = list(dict.fromkeys(line.phase for line in lines))
    head = "| per cent | " + " | ".join(f"{phase}, here | England" for phase in phases) + " |"
    rows = [head, "| --- |" + " ---: | ---: |" * len(phases)]
    for name, _, _ in _LINES:
        cells = []
        for line in (line for line in lines if line.measure == name):
            cells += ["-" if line.here is None else f"{line.here:.1f}", f"{line.england:.1f}"]
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _england(phase: str) -> dict[str, float]:
    row = attendance_rows()[ENGLAND, phase]
    return {
        "attendance": 100 * row.attendance / row.possible,
        "authorised absence": 100 * row.authorised / row.possible,
        "unauthorised absence": 100 * row.unauthorised / row.possible,
        "overall absence": 100 * row.absence / row.possible,
        "late (L and U)": 100 * row.late / row.possible,
        "persistently absent pupils": row.pa_perc,
    }


def _add(sums: dict[str, int], summary: Mapping[str, Any]) -> None:
    for name in _SUMS:
        sums[name] += int(summary[name])
