"""Figures of many schools: read one after another, each by its own calendar, and pooled; enrolments and not pupils."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Annotated, Any, ClassVar

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from analytics_worker import asking, counting, reaches, school, summary
from analytics_worker.area_answers import AuthorityAttendance, ResponsibleAttendance, SchoolsOf, TrustAttendance
from analytics_worker.asking import SEES_GROUPS, SEES_PUPILS, SummaryFilters
from analytics_worker.authority import Area, AtAuthority
from analytics_worker.comparing_many import CompareMany, Earlier
from analytics_worker.counting import Counted, Labels
from analytics_worker.national import NO_SCHOOL
from analytics_worker.questions import By, Question
from analytics_worker.reaches import AtTrust, Reached, TrustUid
from analytics_worker.spells import Spell
from codes.tallies import Group, pooled
from kit import database, lists, reads
from kit.contract import tells
from kit.fields import written
from kit.problems import invalid_parameter
from kit.schools import LONDON
from ledger.as_at import instant_of, resolve

router = APIRouter(tags=["trusts and authorities"])

OfAuthority = Annotated[Area, Depends(AtAuthority(SEES_PUPILS, SEES_GROUPS))]
OfTrust = Annotated[Reached, Depends(AtTrust(SEES_PUPILS, SEES_GROUPS))]


class ManyFilters(SummaryFilters):
    """What may be asked of many schools: also by school, and as they all stood at an instant."""

    not_by: ClassVar[frozenset[By]] = frozenset({By.LOCAL_AUTHORITY, By.REGION, By.PHASE})
    as_at: str | None = Field(None, description="An instant: every school as it stood then.")
    compare: list[CompareMany] = Field([], description="What to lay beside the figures.")


@dataclass(frozen=True, slots=True)
class _Found:
    """What was counted over which days, and the position of each school."""

    counted: Counted
    question: Question
    schools: list[dict[str, Any]]
    as_at: dict[str, Any]
    earlier: Earlier


@router.get("/v1/trusts/{uid}/attendance", summary="A trust's attendance", responses=tells(TrustAttendance))
async def of_trust(
    trust: OfTrust,
    uid: TrustUid,
    filters: Annotated[ManyFilters, Query()],
    request: Request,
    response: Response,
    read_by: reads.ReadBy = None,
) -> Any:
    """Give the figures of all schools of a trust together, and with `by` those of each part, as of each school.

    Who goes to two of its schools is an enrolment at each. A term is each school's own. Pupils and classes are asked
    for with `by=school` beside, for schools have the same names for them.
    """
    return await _answer(trust, {"trust_uid": uid}, filters, request, response, read_by)


@router.get(
    "/v1/local-authorities/{la_code}/attendance",
    summary="An authority's attendance",
    responses=tells(AuthorityAttendance),
)
async def of_authority(
    area: OfAuthority,
    filters: Annotated[ManyFilters, Query()],
    request: Request,
    response: Response,
    read_by: reads.ReadBy = None,
) -> Any:
    """Give the figures of all schools of an authority together, as for a trust."""
    found = await reaches.of_authority(area)
    return await _answer(found, {"la_code": area.la_code}, filters, request, response, read_by)


@router.get(
    "/v1/local-authorities/{la_code}/responsible/attendance",
    summary="The attendance of the children an authority is responsible for",
    responses=tells(ResponsibleAttendance),
)
async def of_responsible(
    area: OfAuthority, filters: Annotated[ManyFilters, Query()], request: Request, response: Response
) -> Any:
    """Give the figures of the children for whom an authority is responsible, as if they attended a single school.

    Wherever they go to school, over the days on which the fact `responsible_la` of each names the authority. No child
    is named: `by=pupil` and `by=class` are refused.
    """
    if By.PUPIL in filters.by or By.CLASS in filters.by:
        raise invalid_parameter("by", "Of these children figures of groups are given.")
    found = await reaches.with_its_children(area)

    def is_theirs(spell: Spell) -> bool:
        return spell.placing.facts.get("responsible_la") == area.la_code

    return await _answer(found, {"la_code": area.la_code}, filters, request, response, None, is_theirs)


@router.get("/v1/trusts/{uid}/schools", summary="A trust's schools", responses=tells(SchoolsOf))
async def schools_of_trust(
    trust: OfTrust,
    request: Request,
    response: Response,
    limit: lists.Limit = lists.DEFAULT_LIMIT,
    cursor: lists.CursorText = None,
) -> dict[str, Any]:
    """Give the schools that a trust has today, and how far the figures of each are behind."""
    return _listed(trust, request, response, limit, cursor)


@router.get("/v1/local-authorities/{la_code}/schools", summary="An authority's schools", responses=tells(SchoolsOf))
async def schools_of_authority(
    area: OfAuthority,
    request: Request,
    response: Response,
    limit: lists.Limit = lists.DEFAULT_LIMIT,
    cursor: lists.CursorText = None,
) -> dict[str, Any]:
    """Give the schools that an authority has today, and how far the figures of each are behind."""
    return _listed(await reaches.of_authority(area), request, response, limit, cursor)


def _listed(among: Reached, request: Request, response: Response, limit: int, cursor: str | None) -> dict[str, Any]:
    after = lists.numbers(cursor, frozenset({"after"})) or {"after": 0}
    found = [one for one in among.schools if one.school_id > after["after"]]
    items = [
        {"urn": one.urn, "name": one.name, "phase": one.phase, "seq": one.seq, "behind": one.behind}
        for one in found[:limit]
    ]
    following = {"after": found[limit - 1].school_id} if len(found) > limit else None
    return lists.page(request, response, items, following)


async def _answer(
    among: Reached,
    head: Mapping[str, Any],
    filters: ManyFilters,
    request: Request,
    response: Response,
    read_by: str | None,
    where: Callable[[Spell], bool] | None = None,
) -> Any:
    who_reads = asking.reader(among.identity, request, filters.by)
    if {By.PUPIL, By.CLASS} & set(filters.by) and By.SCHOOL not in filters.by:
        raise invalid_parameter("by", "Pupils and classes of many schools are asked for with by=school beside.")
    found = await _counted(among, filters, where)
    if By.PUPIL in filters.by:
        dates = (found.question.first, found.question.last)
        for one, position in zip(among.schools, found.schools, strict=True):
            await reads.record(among.at(one), read_by, "attendance", position["seq"], dates=dates)
    compared = {}
    if filters.compare:
        async with database.reading(among.engine) as connection:
            asked = (found.question, found.counted.whole, who_reads, head.get("la_code"))
            compared = await found.earlier.told(connection, *asked)
    told = {**head, **found.as_at, **compared, "schools": found.schools}
    return asking.answer(request, response, filters, told, found.counted, found.question, who_reads)


async def _counted(among: Reached, filters: ManyFilters, where: Callable[[Spell], bool] | None) -> _Found:
    """Count school after school, each in a transaction of its own, and pool what they have."""
    now = among.now() if filters.as_at is None else instant_of(filters.as_at, among.now())
    today = now.astimezone(LONDON).date()
    question = filters.question(NO_SCHOOL, today)
    questions, wholes, told, settled = [], [], [], True
    earlier = Earlier(filters.compare)
    parts: defaultdict[Labels, list[Group]] = defaultdict(list)
    for one in among.schools:
        seq = None
        async with database.reading(among.engine, one.school_id) as connection:
            if filters.as_at is not None:
                at = await resolve(connection, one.school_id, filters.as_at, among.now())
                seq, settled = at.seq, settled and at.settled
            facts = await school.load(connection, one.school_id, seq)
            asked = replace(filters.question(facts, today), where=where)
            within = replace(asked, by=tuple(by for by in asked.by if by is not By.SCHOOL))
            counted = await counting.ask(connection, one.school_id, facts, within, seq=seq)
            await earlier.count(connection, one.school_id, facts, within, filters.asked(), today, seq=seq)
            position = await summary.as_of(connection, one.school_id, among.now())
        questions.append(asked)
        wholes.append(counted.whole)
        for labels, group in _by_school(asked.by, one.urn, counted):
            parts[labels].append(group)
        stands = (position["seq"], position["behind"]) if seq is None else (seq, 0)
        told.append({"urn": one.urn, "seq": stands[0], "behind": stands[1]})
    if questions:
        first, last = min(each.first for each in questions), max(each.last for each in questions)
        question = replace(question, first=first, last=last)
    as_at = {} if filters.as_at is None else {"as_at": {"instant": written(now.astimezone(UTC)), "settled": settled}}
    whole = pooled(wholes)
    return _Found(
        Counted(whole, {labels: pooled(groups) for labels, groups in parts.items()}), question, told, as_at, earlier
    )


def _by_school(by: tuple[By, ...], urn: str, counted: Counted) -> list[tuple[Labels, Group]]:
    """Give a school's parts with its URN among their labels where it is asked for; codes have no label."""
    if By.SCHOOL not in by:
        return [*counted.parts.items()]
    at = [each for each in by if each is not By.CODE].index(By.SCHOOL)
    alone = all(each in (By.SCHOOL, By.CODE) for each in by)
    parts: Mapping[Labels, Group] = {(): counted.whole} if alone else counted.parts
    return [((*labels[:at], urn, *labels[at:]), group) for labels, group in parts.items()]
