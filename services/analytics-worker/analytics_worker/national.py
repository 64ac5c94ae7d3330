"""What is known of an area's schools without reading a pupil: which they are, and their sums by authority and phase."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from codes.calendar import academic_year
from codes.phases import EducationPhase, education_phase
from codes.school import school_of
from codes.tallies import EMPTY, Tally, add, tally
from codes.who_counts import school_counts
from kit import database
from kit.database import Connection

_sql = database.statements(__file__)

NO_SCHOOL = school_of((), (), ())
"""A school of which nothing is known: many have no calendar in common."""

Cell = tuple[str, EducationPhase]
"""An authority's three digits and a phase."""


@dataclass(frozen=True, slots=True)
class AreaSchool:
    """A school of an area: its authority, its phase if it is published under one, and how far it is folded."""

    school_id: int
    la_code: str
    phase: EducationPhase | None
    behind: int
    totals_on: date | None


@dataclass(frozen=True, slots=True)
class Sums:
    """The sums of some schools: those of which there is anything, all of them, their enrolments, and their sessions.

    None is what cannot be had: enrolments of a day are those with an entry in the fuller session, summed over schools.
    """

    reporting: int | None = None
    enrolments: int | None = None
    schools: int = 0
    total_enrolments: int | None = None
    persistent: int | None = None
    sessions: Tally = field(default=EMPTY)


async def schools(connection: Connection, la_codes: Iterable[str], today: date) -> list[AreaSchool]:
    """Give the schools of some authorities by their numbers, as the facts of reach are today."""
    found = _sql.schools(connection, la_codes=sorted(la_codes), today=today)
    return [
        AreaSchool(
            row["school_id"],
            row["la_code"],
            education_phase(row["phase"], row["age_from"], row["age_to"]),
            row["behind"],
            row["totals_on"],
        )
        async for row in found
    ]


def told(found: Sequence[AreaSchool]) -> dict[str, Any]:
    """Say how many schools figures are made from, and how far behind those are."""
    days = [one.totals_on for one in found if one.totals_on is not None]
    return {
        "schools": len(found),
        "behind": sum(one.behind > 0 for one in found),
        "events_behind": sum(one.behind for one in found),
        "year_totals_on": min(days).isoformat() if days else None,
    }


async def sizes(connection: Connection, among: Sequence[AreaSchool], year: str) -> dict[int, int]:
    """Give the enrolments aged 5 to 15 of a year to date, by school; one that was not looked at yet is not there."""
    asked = _sql.sizes(connection, school_ids=[one.school_id for one in among], academic_year=year)
    return {row["school_id"]: row["enrolments"] async for row in asked}


async def of_day(connection: Connection, among: Sequence[AreaSchool], on: date) -> dict[Cell, Sums]:
    """Give the sums of a day by authority and phase; a school of fewer than six enrolments is left out (law.md 4.3).

    Its enrolments are those of the year to date, and while there are none yet, those of the day.
    """
    published = [one for one in among if one.phase is not None]
    of_year = await sizes(connection, published, academic_year(on))
    here = _sql.reporting(connection, school_ids=[one.school_id for one in published], on=on)
    reporting: dict[int, int] = {row["school_id"]: row["enrolments"] async for row in here}
    kept = [one for one in published if school_counts(of_year.get(one.school_id) or reporting.get(one.school_id, 0))]
    cells, ids, numbered = _numbered(kept)
    counts: defaultdict[int, list[tuple[str, date, bool, int]]] = defaultdict(list)
    async for row in _sql.of_day(connection, school_ids=ids, cells=numbered, on=on):
        counts[row["cell"]].append((row["code"], on, True, int(row["sessions"])))
    schools_of: defaultdict[Cell, list[AreaSchool]] = defaultdict(list)
    for one in kept:
        assert one.phase is not None
        schools_of[one.la_code, one.phase].append(one)
    return {
        cell: Sums(
            reporting=sum(one.school_id in reporting for one in schools_of[cell]),
            enrolments=sum(reporting.get(one.school_id, 0) for one in schools_of[cell]),
            schools=len(schools_of[cell]),
            total_enrolments=_known(of_year.get(one.school_id) for one in schools_of[cell]),
            sessions=tally(counts[number]),
        )
        for number, cell in enumerate(cells)
    }


async def of_year(connection: Connection, among: Sequence[AreaSchool], year: str) -> dict[Cell, Sums]:
    """Give the sums of an academic year to date by authority and phase, as on the evening before."""
    published = [one for one in among if one.phase is not None]
    had = await sizes(connection, published, year)
    cells, ids, numbered = _numbered([one for one in published if school_counts(had.get(one.school_id, 0))])
    found: dict[Cell, Sums] = {}
    # A code means the same all the year, but in those that the pandemic's X began and ended in.
    on = date(int(year[:4]) + 1, 3, 1)
    async for row in _sql.of_year(connection, school_ids=ids, cells=numbered, academic_year=year):
        codes = row["codes"] or {}
        found[cells[row["cell"]]] = Sums(
            schools=row["schools"],
            total_enrolments=int(row["enrolments"]),
            persistent=int(row["persistent"]),
            sessions=tally((code, on, True, sessions) for code, sessions in codes.items()),
        )
    return found


def together(parts: Iterable[Sums]) -> Sums:
    """Give the sums of several areas or phases together."""
    several = [*parts]
    sessions = EMPTY
    for one in several:
        sessions = add(sessions, one.sessions)
    return Sums(
        _known(one.reporting for one in several),
        _known(one.enrolments for one in several),
        sum(one.schools for one in several),
        _known(one.total_enrolments for one in several),
        _known(one.persistent for one in several),
        sessions,
    )


def _known(numbers: Iterable[int | None]) -> int | None:
    """Give a sum of which every part is known."""
    several = [*numbers]
    return None if None in several else sum(number or 0 for number in several)


def _numbered(among: Sequence[AreaSchool]) -> tuple[list[Cell], list[int], list[int]]:
    """Give the cells of some schools in order, and the schools' numbers with that of each one's cell."""
    of: Mapping[int, Cell] = {one.school_id: (one.la_code, one.phase) for one in among if one.phase is not None}
    cells = sorted(set(of.values()))
    at = {cell: number for number, cell in enumerate(cells)}
    return cells, [*of], [at[cell] for cell in of.values()]
