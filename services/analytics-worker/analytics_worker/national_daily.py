"""The nation's day in the DfE's columns: England, its regions and authorities by phase, and no pupil."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from analytics_worker import national
from analytics_worker.national import AreaSchool, Sums
from analytics_worker.national_answers import NationalDaily
from analytics_worker.reaches import AtNation, Reached
from codes import tallies
from codes.authorities import AUTHORITIES
from codes.calendar import academic_year
from codes.phases import EducationPhase
from codes.published import COLUMNS, LOCAL_AUTHORITY, MEASURES, NATIONAL, REGIONAL, SUPPRESSED, sessions
from codes.recovering import Line, concealed
from codes.regions import ENGLAND, REGIONS, ons_code, region_of
from kit import database, formats, lists
from kit.contract import refuses, tells
from kit.fields import Body, Day
from kit.formats import Format
from kit.problems import invalid_parameter

router = APIRouter(tags=["national"])

MOST_DAYS = 31
_FEWEST_SCHOOLS = 2
"""A row of one school alone would be that school's."""
_PHASES = (EducationPhase.PRIMARY, EducationPhase.SECONDARY, EducationPhase.SPECIAL)

Place = tuple[str, str, EducationPhase]
"""A level, its area (England's code, a region's, an authority's three digits), and a phase or their total."""


class NationalFilters(Body):
    """A date, or two, or an academic year to date; and in which form."""

    date: Day | None = None
    first: Annotated[Day | None, Query(alias="from")] = None
    last: Annotated[Day | None, Query(alias="to")] = None
    academic_year: Annotated[
        str | None, Query(pattern=r"^20[0-9]{2}-[0-9]{2}$", description="The year to date, with persistent absence.")
    ] = None
    format: str | None = None
    limit: Annotated[int, Query(ge=1, le=lists.MOST)] = lists.DEFAULT_LIMIT
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The schools of the nation, and of which days or of which year their sums are asked for."""

    nation: Reached
    schools: Sequence[AreaSchool]
    days: Sequence[date]
    year: str | None

    async def tables(self) -> AsyncIterator[tuple[str, str, Mapping[national.Cell, Sums]]]:
        """Give period after period, with its kind and its sums; no transaction is open in between."""
        if self.year is not None:
            async with database.reading(self.nation.engine) as connection:
                sums = await national.of_year(connection, self.schools, self.year)
            yield self.year.replace("-", ""), "Academic year", sums
        for day in self.days:
            async with database.reading(self.nation.engine) as connection:
                sums = await national.of_day(connection, self.schools, day)
            yield day.isoformat(), "Day", sums

    async def rows(self) -> AsyncIterator[list[Any]]:
        """Give every row, its values in the order of the columns."""
        async for period, kind, sums in self.tables():
            for row in _rows(period, kind, sums):
                yield [row[column] for column in COLUMNS]


@router.get(
    "/v1/national/daily",
    summary="The nation's day",
    responses=tells(NationalDaily),
    openapi_extra=refuses("national-reach"),
)
async def national_daily(
    nation: Annotated[Reached, Depends(AtNation("attendance:read", "summaries:read"))],
    filters: Annotated[NationalFilters, Query()],
    request: Request,
    response: Response,
) -> Any:
    """Give a row for England, each region and each authority by phase, under the DfE's columns; today's without a date.

    `time_period` is a date (`time_identifier` is then "Day"), or of an academic year to date "202627". `c` stands in
    every measure of a row of one school, and of as many others as it takes that it cannot be had from them. Schools of
    fewer than six enrolments aged 5 to 15 are left out. Null is what cannot be had: persistent absence of a day.
    """
    wanted = await _wanted(nation, filters)
    format_ = formats.chosen(request, filters.format)
    if format_ is not Format.JSON:
        return formats.stream(wanted.rows(), COLUMNS, format_)
    position = lists.numbers(filters.cursor, frozenset({"at"})) or {"at": 0}
    items: list[dict[str, Any]] = []
    at, more = 0, False
    async for row in wanted.rows():
        if len(items) == filters.limit:
            more = True
            break
        if at >= position["at"]:
            items.append(dict(zip(COLUMNS, row, strict=True)))
        at += 1
    following = {"at": position["at"] + len(items)} if more else None
    return {**lists.page(request, response, items, following), "schools": national.told(wanted.schools)}


async def _wanted(nation: Reached, filters: NationalFilters) -> _Wanted:
    named = [name for name in ("date", "first", "last", "academic_year") if getattr(filters, name) is not None]
    if named not in ([], ["date"], ["first", "last"], ["academic_year"]):
        raise invalid_parameter("date", "Give date, or from and to, or academic_year.")
    today = nation.now().date()
    days: list[date] = []
    if filters.first is not None and filters.last is not None:
        if not timedelta(0) <= filters.last - filters.first < timedelta(days=MOST_DAYS):
            raise invalid_parameter("to", f"From and to span 1 to {MOST_DAYS} days.")
        days = [filters.first + timedelta(days=n) for n in range((filters.last - filters.first).days + 1)]
    elif filters.academic_year is None:
        days = [filters.date or today]
    elif academic_year(date(int(filters.academic_year[:4]), 9, 1)) != filters.academic_year:
        raise invalid_parameter("academic_year", "A year such as 2026-27.")
    async with database.reading(nation.engine) as connection:
        found = await national.schools(connection, AUTHORITIES, today)
    return _Wanted(nation, found, days, filters.academic_year)


def _rows(period: str, kind: str, cells: Mapping[national.Cell, Sums]) -> Iterator[dict[str, Any]]:
    """Give the rows of a period: the nation, then regions, then authorities, by their codes, each by phase."""
    sums, lines = _levels(cells)
    # A row is told by the schools it is made of: those that report, or of a year all that have anything.
    schools = {place: one.schools if one.reporting is None else one.reporting for place, one in sums.items()}
    out = concealed(schools, lines, _FEWEST_SCHOOLS)
    for place in sorted(sums, key=lambda each: (_LEVELS.index(each[0]), each[1], _ORDER.index(each[2]))):
        of = {**dict.fromkeys(COLUMNS), **_area(place), "time_period": period, "time_identifier": kind}
        yield of | (dict.fromkeys(MEASURES, SUPPRESSED) if place in out else _measures(sums[place]))


_LEVELS = (NATIONAL, REGIONAL, LOCAL_AUTHORITY)
_ORDER = (*_PHASES, EducationPhase.TOTAL)


def _levels(cells: Mapping[national.Cell, Sums]) -> tuple[dict[Place, Sums], list[Line[Place]]]:
    """Give the sums of every place that has schools, and of which parts each total is the sum, by phase and by area."""
    sums: dict[Place, Sums] = {(LOCAL_AUTHORITY, la_code, phase): one for (la_code, phase), one in cells.items()}
    lines: list[Line[Place]] = []

    def total(of: Place, parts: list[Place]) -> None:
        if parts:
            sums.setdefault(of, national.together(sums[part] for part in parts))
            lines.append((of, parts))

    def by_area(phase: EducationPhase) -> None:
        of_phase = [each for each in sums if each[2] is phase]
        for region in REGIONS:
            within = [each for each in of_phase if each[0] == LOCAL_AUTHORITY and region_of(each[1]) == region]
            total((REGIONAL, region, phase), within)
        total((NATIONAL, ENGLAND, phase), [each for each in sums if each[0] == REGIONAL and each[2] is phase])

    for phase in _PHASES:
        by_area(phase)
    for level, area in sorted({place[:2] for place in sums}):
        parts = [(level, area, phase) for phase in _PHASES if (level, area, phase) in sums]
        total((level, area, EducationPhase.TOTAL), parts)
    by_area(EducationPhase.TOTAL)
    return sums, lines


def _area(place: Place) -> dict[str, Any]:
    level, area, phase = place
    of: dict[str, Any] = {"geographic_level": level, "education_phase": phase}
    of |= {"country_code": ENGLAND, "country_name": "England"}
    region = area if level == REGIONAL else region_of(area)
    if region is not None:
        of |= {"region_code": region, "region_name": REGIONS[region]}
    if level == LOCAL_AUTHORITY:
        of |= {"new_la_code": ons_code(area), "la_name": AUTHORITIES[area], "old_la_code": area}
    return of


def _measures(sums: Sums) -> dict[str, Any]:
    pa = None if sums.persistent is None else tallies.rate(sums.persistent, sums.total_enrolments or 0)
    return {
        "num_schools": sums.reporting,
        "enrolments": sums.enrolments,
        "total_num_schools": sums.schools,
        "total_enrolments": sums.total_enrolments,
        "pa_perc": tallies.perc(pa),
        **sessions(sums.sessions),
    }
