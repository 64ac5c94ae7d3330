"""Figures of a region and of the nation, from sums that hold no pupil; of stretches of a year what rests on pupils."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Annotated, Any, ClassVar

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from analytics_worker import area_counting, asking, comparing_many, national, periods, summary
from analytics_worker.area_answers import NationalAttendance, RegionAttendance
from analytics_worker.area_counting import OF_AREAS, Area, OfPupils
from analytics_worker.asking import SEES_GROUPS, SEES_PUPILS, SummaryFilters
from analytics_worker.comparing import Compare
from analytics_worker.comparing_many import CompareMany
from analytics_worker.counting import Counted
from analytics_worker.periods import Period
from analytics_worker.questions import By, Question, Who
from analytics_worker.reaches import AtNation, AtRegion, Reached, RegionCode
from analytics_worker.summary import Reader, of_group
from codes.authorities import AUTHORITIES
from codes.calendar import academic_year
from codes.regions import ENGLAND, authorities_in
from codes.school import School
from codes.tallies import Group, Tally
from codes.who_counts import school_counts
from kit import database
from kit.contract import refuses, tells
from kit.database import Connection
from kit.problems import invalid_parameter

router = APIRouter(tags=["national"])

_DAY = timedelta(days=1)
_IN_COMMON = {Period.TERM: By.TERM, Period.HALF_TERM: By.HALF_TERM}
_OF_PUPILS = (
    *("enrolments", "persistent_pupils", "pa_perc", "severe_pupils", "severe_perc"),
    *("absence_due_to_persistent_perc", "enrolments_perc"),
)
"""Members of figures that rest on pupils, and not on sessions."""
_WITH_COHORT = (*OF_AREAS, By.MONTH, By.HALF_TERM, By.TERM, By.CENSUS_PERIOD, By.YEAR, By.CODE)


class AreaFilters(SummaryFilters):
    """What may be asked of an area: nothing that is of a pupil, a class or a school."""

    not_by: ClassVar[frozenset[By]] = frozenset({By.PUPIL, By.CLASS, By.SCHOOL})
    who: Who = Field(
        Who.PUBLISHED,
        description="Those whom the DfE's statistics count, unless others are asked for.",
    )

    compare: list[CompareMany] = Field([], description="What to lay beside the figures.")

    def question(self, school: School, today: Any) -> Question:
        """Give the question; a term or half-term is the one that all schools have in common."""
        question = super().question(school, today)
        if self.period not in _IN_COMMON:
            return question
        first, last, _ = area_counting.parts(_IN_COMMON[self.period], question.first, question.first)[0]
        return replace(question, first=first, last=last)


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
    return await _answer(region, region_code, authorities_in(region_code), head, filters, request, response)


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

    No pupil is read: sessions are of any days; enrolments, persistent and severe absence, and cohorts, of an academic
    year, a term, a half-term or a month, or so much of it as has come, and null for other days and of all on roll.
    Sessions of many days of many schools, and whatever rests on pupils, are as on the evening before `sums_on` and
    `year_totals_on`. Terms and half-terms are those that all schools have in common: their own differ.
    """
    return await _answer(nation, ENGLAND, tuple(AUTHORITIES), {}, filters, request, response)


async def _answer(
    reached: Reached,
    code: str,
    la_codes: Sequence[str],
    head: Mapping[str, Any],
    filters: AreaFilters,
    request: Request,
    response: Response,
) -> Any:
    today = reached.now().date()
    question = filters.question(national.NO_SCHOOL, today)
    _check(question)
    smallest: int = request.app.state.settings.smallest_cell
    async with database.reading(reached.engine) as connection:

        async def over(asked: Question) -> _Figures:
            area = await area_counting.standing(connection, code, la_codes, asked)
            now = area_counting.is_counted_now(area, asked, today)
            if now:
                area = await _of_now(connection, area, asked, today)
            counted, of_pupils, now = await _counted(connection, area, asked, today, now=now)
            kept = None if area.kept_on is None else area.kept_on.isoformat()
            told = {**area.told, "year_totals_on": kept, "sums_on": None if now else kept}
            return _Figures(*_shown(counted, of_pupils, asked, smallest), counted.whole.total, told)

        async def of_whole(asked: Question) -> tuple[dict[str, Any], Tally]:
            figures = await over(asked)
            return figures.whole, figures.total

        found = await over(question)
        compared = await comparing_many.of_area(
            connection,
            filters.compare,
            _windows(filters, question, today),
            question,
            (found.whole, found.total),
            of_whole,
            None if code == ENGLAND else code,
        )
    told = {**head, **compared, "schools": found.told}
    return asking.formed(request, response, filters, told, found.whole, found.items, question)


@dataclass(frozen=True, slots=True)
class _Figures:
    """The whole and its parts as they are shown, the sessions of the whole, and what is told of the schools."""

    whole: dict[str, Any]
    items: list[dict[str, Any]]
    total: Tally
    told: dict[str, Any]


def _windows(filters: AreaFilters, question: Question, today: date) -> dict[Compare, tuple[date, date]]:
    """Give the days that a question is laid beside: no school's calendar says which, so terms are those in common."""
    asked = filters.asked()
    found = {}
    if Compare.PERIOD_BEFORE in filters.compare:
        found[Compare.PERIOD_BEFORE] = periods.before(asked, national.NO_SCHOOL, question.first, question.last)
    if Compare.YEAR_BEFORE in filters.compare:
        days = (question.first, question.last, today)
        found[Compare.YEAR_BEFORE] = periods.year_before(asked, national.NO_SCHOOL, *days)
    if filters.period in _IN_COMMON:
        by = _IN_COMMON[filters.period]
        if Compare.PERIOD_BEFORE in found:
            first, last, _ = area_counting.parts(by, question.first - _DAY, question.first - _DAY)[0]
            found[Compare.PERIOD_BEFORE] = first, last
        if Compare.YEAR_BEFORE in found:
            # 52 weeks before the middle of a term lies in the term of the same name.
            middle = question.first + (question.last - question.first) // 2 - 52 * 7 * _DAY
            first, last, _ = area_counting.parts(by, middle, middle)[0]
            is_over = not question.first <= today <= question.last
            found[Compare.YEAR_BEFORE] = first, last if is_over else max(first, min(last, today - 52 * 7 * _DAY))
    return found


async def _of_now(connection: Connection, area: Area, question: Question, today: date) -> Area:
    """Give an area with its schools as they are now."""
    found = await national.schools(connection, area.la_codes, today)
    if question.who is Who.PUBLISHED:
        sizes = await national.sizes(connection, found, academic_year(question.first))
        # One whose sums were not made yet is not known to be too small.
        found = [one for one in found if one.school_id not in sizes or school_counts(sizes[one.school_id])]
    return replace(area, schools=found, told=national.told(found))


def _cohort(question: Question) -> By | None:
    """Give the fact that is asked by."""
    return next((by for by in question.by if by.startswith("cohort:")), None)


def _check(question: Question) -> None:
    """Refuse what no sums without pupils can answer."""
    cohort = _cohort(question)
    if cohort is None:
        return
    if question.who is Who.ON_ROLL:
        raise invalid_parameter("by", f"{cohort} can be had of those in the DfE's statistics, and not of all on roll.")
    if not set(question.by) <= {cohort, *_WITH_COHORT}:
        raise invalid_parameter(
            "by",
            f"{cohort} goes with {', '.join(_WITH_COHORT)}: sums of every fact are kept of nothing shorter.",
        )


async def _counted(
    connection: Connection, area: Area, question: Question, today: date, *, now: bool
) -> tuple[Counted, OfPupils, bool]:
    """Count a question, and say whether its sessions are those of now.

    Cohorts are in the sums of stretches alone, and those are read too where the sums by day would be many.
    """
    cohort = _cohort(question)
    rows = 0 if now else area_counting.rows(area, question, today)
    is_many = rows > area_counting.MANY_ROWS
    of_pupils = await area_counting.of_pupils(connection, area, question, today, codes=cohort is not None or is_many)
    if rows > area_counting.MOST_ROWS and not of_pupils.is_whole:
        raise invalid_parameter(
            "by",
            "So many parts of so many authorities can be had of fewer days or one region, or of whole academic years,"
            " terms, half-terms and months of those in the DfE's statistics.",
        )
    if cohort is not None and not of_pupils.is_whole:
        raise invalid_parameter(
            "by",
            f"{cohort} can be had of whole academic years, terms, half-terms and months, or so much of one as has come:"
            " sums of every fact are kept of nothing shorter.",
        )
    alone = cohort is not None or (is_many and of_pupils.is_whole)
    over = replace(question, by=()) if alone else question
    sessions = await area_counting.of_sessions(connection, area, over, now=now and not alone)
    parts = of_pupils.parts if alone else sessions.parts
    return Counted(sessions.whole, parts), of_pupils, now and not alone


def _shown(
    counted: Counted, of_pupils: OfPupils, question: Question, smallest: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Give whole and parts as who sees no pupil may see them; what rests on pupils is null where it is not known."""
    known = of_pupils.parts
    joined = Counted(
        _joined(counted.whole, of_pupils.whole),
        {labels: _joined(group, known.get(labels)) for labels, group in counted.parts.items()},
    )
    whole, items = summary.shown(joined, question, Reader(sees_pupils=False, smallest=smallest))
    members = [by.member for by in question.by]
    return _told(whole, of_pupils.whole), [
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
