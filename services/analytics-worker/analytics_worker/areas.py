"""Figures of a region and of the nation, from sums that hold no pupil; what rests on pupils is of a year to date."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Any, ClassVar

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from analytics_worker import asking, national, summary
from analytics_worker.area_answers import NationalAttendance, RegionAttendance
from analytics_worker.asking import SEES_GROUPS, SEES_PUPILS, SummaryFilters
from analytics_worker.counting import Counted, Labels
from analytics_worker.national import AreaSchool
from analytics_worker.periods import Period
from analytics_worker.questions import WEEKDAYS, By, Label, Question, Who
from analytics_worker.reaches import AtNation, AtRegion, Reached, RegionCode
from analytics_worker.summary import Reader, of_group
from codes.authorities import AUTHORITIES
from codes.book import edges
from codes.calendar import academic_year, academic_year_bounds, week_of
from codes.regions import authorities_in, region_of
from codes.tallies import Group, Tally, pooled, tally
from codes.who_counts import census_periods, school_counts
from kit import database
from kit.contract import refuses, tells
from kit.database import Connection
from kit.problems import invalid_parameter
from ledger.append import FIRST_DAY, LAST_DAY

router = APIRouter(tags=["national"])
_sql = database.statements(__file__)

MOST_BY_DAY = 2_000
"""Schools whose year is summed day by day; the year of more is that of the evening before."""
_OF_AREAS = (By.LOCAL_AUTHORITY, By.REGION, By.PHASE)
_OF_PUPILS = (
    *("enrolments", "persistent_pupils", "pa_perc", "severe_pupils", "severe_perc"),
    *("absence_due_to_persistent_perc", "enrolments_perc"),
)
"""Members of figures that rest on pupils, and not on sessions."""
_MOST_SESSIONS = 400
"""Sessions that one pupil has in a year at the most: so many of a code are of more pupils than one."""


class AreaFilters(SummaryFilters):
    """What may be asked of an area: nothing that is of a pupil, a class or a school, or of one school's calendar."""

    not_by: ClassVar[frozenset[By]] = frozenset({By.PUPIL, By.CLASS, By.SCHOOL, By.TERM, By.HALF_TERM})
    who: Who = Field(
        Who.PUBLISHED,
        description="Those whom the DfE's statistics count, unless others are asked for.",
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question about an area, its schools, and the academic year whose sums by pupil answer it, if any do."""

    question: Question
    schools: Sequence[AreaSchool]
    year: str | None

    @property
    def cohort(self) -> By | None:
        """The fact that is asked by."""
        return next((by for by in self.question.by if by.startswith("cohort:")), None)

    @property
    def of_year_alone(self) -> bool:
        """Whether the sums of the year answer all of it, for so many schools that those of its days are too many.

        The sums of each day are two hundred times as many, and are as of now and not of the evening before.
        """
        parts = {*_OF_AREAS, By.YEAR_GROUP, *([] if self.cohort is None else [self.cohort])}
        return self.year is not None and len(self.schools) > MOST_BY_DAY and set(self.question.by) <= parts

    def cells(self) -> tuple[list[tuple[Label, ...]], dict[str, Any]]:
        """Give the parts that schools lie in, by the areas asked for, and each school's number with its part's."""
        of = {
            one.school_id: tuple(_place(by, one) for by in self.question.by if by in _OF_AREAS) for one in self.schools
        }
        cells = list(dict.fromkeys(of.values()))
        at = {cell: number for number, cell in enumerate(cells)}
        return cells, {"school_ids": [*of], "cells": [at[cell] for cell in of.values()]}


@router.get(
    "/v1/regions/{region_code}/attendance",
    summary="A region's attendance",
    responses=tells(RegionAttendance),
)
async def of_region(
    region: Annotated[Reached, Depends(AtRegion(SEES_PUPILS, SEES_GROUPS))],
    region_code: RegionCode,
    filters: Annotated[AreaFilters, Query()],
    request: Request,
    response: Response,
) -> Any:
    """Give the figures of all schools of a region together, as for the nation."""
    head = {"region_code": region_code}
    return await _answer(region, authorities_in(region_code), head, filters, request, response)


@router.get(
    "/v1/national/attendance",
    summary="The nation's attendance",
    responses=tells(NationalAttendance),
    openapi_extra=refuses("national-reach"),
)
async def of_nation(
    nation: Annotated[Reached, Depends(AtNation(SEES_PUPILS, SEES_GROUPS))],
    filters: Annotated[AreaFilters, Query()],
    request: Request,
    response: Response,
) -> Any:
    """Give the figures of all schools of England that lie in an authority, and with `by` those of each part.

    No pupil is read: enrolments, persistent and severe absence, and cohorts, are those of one academic year to date,
    as on the evening before, and null for other days and of all on roll; so are the sessions of a year of more than
    2,000 schools. Terms are the census's: schools' own differ.
    """
    return await _answer(nation, tuple(AUTHORITIES), {}, filters, request, response)


async def _answer(
    area: Reached,
    la_codes: Sequence[str],
    head: Mapping[str, Any],
    filters: AreaFilters,
    request: Request,
    response: Response,
) -> Any:
    today = area.now().date()
    if filters.period in (Period.TERM, Period.HALF_TERM):
        raise invalid_parameter(
            "period", "Schools' terms differ: ask for from and to, a week or a year, or by=census-period."
        )
    question = filters.question(national.NO_SCHOOL, today)
    async with database.reading(area.engine) as connection:
        schools = await national.schools(connection, la_codes, today)
        if question.who is Who.PUBLISHED:
            sizes = await national.sizes(connection, schools, academic_year(question.first))
            # One whose sums were not made yet is not known to be too small.
            schools = [one for one in schools if one.school_id not in sizes or school_counts(sizes[one.school_id])]
        asked = _Asked(question, schools, _year(question, today))
        _check(asked)
        by_pupil = Counted() if asked.year is None else await _of_pupils(connection, asked, asked.year)
        counted = by_pupil if asked.of_year_alone else await _of_sessions(connection, asked)
    if asked.cohort is not None:
        counted = Counted(counted.whole, by_pupil.parts)
    whole, items = _shown(counted, by_pupil, asked, request.app.state.settings.smallest_cell)
    told = {**head, "schools": national.told(schools)}
    return asking.formed(request, response, filters, told, whole, items, question)


def _place(by: By, one: AreaSchool) -> Label:
    """Give the part that a school lies in."""
    if by is By.LOCAL_AUTHORITY:
        return one.la_code
    return region_of(one.la_code) if by is By.REGION else one.phase


def _year(question: Question, today: date) -> str | None:
    """Give the academic year that a question is about, to now or its end; None when no sums by pupil answer it."""
    year = academic_year(question.first)
    first, last = academic_year_bounds(year)
    if question.who is Who.ON_ROLL:
        return None
    return year if question.first == first and min(today, last) <= question.last <= last else None


def _check(asked: _Asked) -> None:
    """Refuse what no sums without pupils can answer."""
    cohort, by = asked.cohort, asked.question.by
    if cohort is None:
        return
    if asked.year is None:
        raise invalid_parameter(
            "by", f"{cohort} can be had of an academic year to date (period=year), and not of all on roll."
        )
    if not set(by) <= {cohort, *_OF_AREAS}:
        raise invalid_parameter("by", f"{cohort} goes with {', '.join(_OF_AREAS)}.")


async def _of_sessions(connection: Connection, asked: _Asked) -> Counted:
    """Count from the sums of each day. Of how many pupils a group is at the least stands for its enrolments."""
    question = asked.question
    by = tuple(each for each in question.by if each is not asked.cohort)
    cells, numbered = asked.cells()
    stretches = [_stretches(each, question.first, question.last) for each in by if each in _STRETCHES]
    starts = [[*days] for days, _ in stretches] + [[], []]
    rows = _sql.sums(
        connection,
        **numbered,
        first=question.first,
        last=question.last,
        counted=question.who.counted,
        by_year_group=By.YEAR_GROUP in by,
        by_session=By.SESSION in by,
        by_weekday=By.WEEKDAY in by,
        slices=starts[0],
        slices_within=starts[1],
        edges=list(edges()),
    )
    counts: defaultdict[Labels, list[tuple[str, date, bool, int]]] = defaultdict(list)
    pupils: defaultdict[Labels, Counter[str]] = defaultdict(Counter)
    async for row in rows:
        labels = _labels(by, row, cells, [names for _, names in stretches])
        counts[labels].append((row["code"], row["on"], row["is_main"], int(row["sessions"])))
        pupils[labels][row["code"]] = max(pupils[labels][row["code"]], int(row["pupils"]))
    parts = {labels: _group(tally(counts[labels]), pupils[labels]) for labels in counts}
    whole = pooled(parts.values())
    least: Counter[str] = Counter()
    for each in pupils.values():
        least |= each
    return Counted(_group(whole.total, least), parts if by and by != (By.CODE,) else {})


def _group(total: Tally, pupils: Mapping[str, int]) -> Group:
    """Give a group that is of so many pupils at the least, as no session has more entries of one code."""
    return Group(max(pupils.values(), default=0), 0, 0, 0, total, dict(pupils))


def _labels(
    by: tuple[By, ...], row: Mapping[str, Any], cells: Sequence[tuple[Label, ...]], names: Sequence[Sequence[str]]
) -> Labels:
    """Give the labels of a row, one for each thing that is asked by, codes apart."""
    areas = iter(cells[row["cell"]])
    places = iter(zip((row["slice"], row["slice_within"]), names, strict=False))
    found: list[Label] = []
    for each in by:
        if each in _OF_AREAS:
            found.append(next(areas))
        elif each in _STRETCHES:
            at, called = next(places)
            found.append(called[at - 1])
        elif each is By.YEAR_GROUP:
            found.append(row["year_group"] or None)
        elif each is By.SESSION:
            found.append(row["session"])
        elif each is By.WEEKDAY:
            found.append(_DAYS[row["weekday"] - 1])
    return tuple(found)


_DAYS = (*WEEKDAYS, "saturday", "sunday")
_STRETCHES = (By.WEEK, By.MONTH, By.CENSUS_PERIOD, By.YEAR)


def _stretches(by: By, first: date, last: date) -> tuple[Sequence[date], Sequence[str]]:
    """Give the days on which the parts of a stretch of time begin, whatever any school's calendar says."""
    first, last = max(first, FIRST_DAY), min(last, LAST_DAY)
    days = [date.fromordinal(n) for n in range(first.toordinal(), last.toordinal() + 1)]
    if by is By.WEEK:
        found = [(monday, monday.isoformat()) for monday in sorted({week_of(day) for day in days})]
    elif by is By.MONTH:
        found = [(month, f"{month:%Y-%m}") for month in sorted({day.replace(day=1) for day in days})]
    elif by is By.YEAR:
        found = [(academic_year_bounds(year)[0], year) for year in sorted({academic_year(day) for day in days})]
    else:
        years = sorted({academic_year(day) for day in days})
        found = [(starts, f"{year}/{period}") for year in years for period, starts in census_periods(year)]
    return [starts for starts, _ in found], [name for _, name in found]


async def _of_pupils(connection: Connection, asked: _Asked, year: str) -> Counted:
    """Give the groups of a year to date that rest on pupils' own sums: the whole, and parts where they can be had."""
    by = asked.question.by
    cells, numbered = asked.cells()
    counted = asked.question.who.counted

    async def groups(part_of: str) -> dict[Labels, Group]:
        rows = _sql.of_year(connection, **numbered, academic_year=year, counted=counted, part_of=part_of)
        found: defaultdict[Labels, list[Group]] = defaultdict(list)
        async for row in rows:
            areas, part = iter(cells[row["cell"]]), _value(part_of, row["part"])
            found[tuple(next(areas) if each in _OF_AREAS else part for each in by)].append(_year_group(row, year))
        return {labels: pooled(several) for labels, several in found.items()}

    every = await groups("all")
    whole = pooled(every.values())
    if set(by) <= {*_OF_AREAS}:
        return Counted(whole, every)
    if set(by) <= {*_OF_AREAS, By.YEAR_GROUP}:
        return Counted(whole, await groups("year-group"))
    return Counted(whole, {} if asked.cohort is None else await groups(asked.cohort))


def _value(part_of: str, part: str) -> Label:
    """Give a part's name as it is for a school: facts that are true or false as such, and none for none."""
    return {"": None, "true": True, "false": False}.get(part, part) if part_of.startswith("cohort:") else part or None


def _year_group(row: Mapping[str, Any], year: str) -> Group:
    codes: dict[str, int] = row["codes"] or {}
    on = date(int(year[:4]) + 1, 3, 1)
    return Group(
        int(row["enrolments"]),
        int(row["persistent"]),
        int(row["severe"]),
        int(row["absence_of_persistent"]),
        tally((code, on, True, sessions) for code, sessions in codes.items()),
        {code: -(-sessions // _MOST_SESSIONS) for code, sessions in codes.items()},
    )


def _shown(
    counted: Counted, by_pupil: Counted, asked: _Asked, smallest: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Give whole and parts as who sees no pupil may see them; what rests on pupils is null where it is not known."""
    question = asked.question
    known = by_pupil.parts
    joined = Counted(
        _joined(counted.whole, by_pupil.whole if asked.year is not None else None),
        {labels: _joined(group, known.get(labels)) for labels, group in counted.parts.items()},
    )
    whole, items = summary.shown(joined, question, Reader(sees_pupils=False, smallest=smallest))
    members = [by.member for by in question.by]
    return _told(whole, by_pupil.whole if asked.year is not None else None), [
        _told(item, known.get(tuple(item[member] for member in members)) if By.CODE not in question.by else None)
        for item in items
    ]


def _joined(of_sessions: Group, of_pupils: Group | None) -> Group:
    """Give a group of sessions with what rests on its pupils."""
    if of_pupils is None:
        return of_sessions
    least = max(of_sessions.enrolments, of_pupils.enrolments)
    return replace(of_pupils, enrolments=least, total=of_sessions.total, pupils_with=of_sessions.pupils_with)


def _told(figures: dict[str, Any], of_pupils: Group | None) -> dict[str, Any]:
    """Give figures with what rests on pupils as it is known, and null where it is not, or is suppressed."""
    held = {} if of_pupils is None else of_group(of_pupils)
    told = {member: held.get(member) for member in _OF_PUPILS if figures.get(member) is not None}
    return {**figures, **told}
