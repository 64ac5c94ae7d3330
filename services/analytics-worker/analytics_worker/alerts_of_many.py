"""The alerts of many schools, read one after another: a trust's, an authority's."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from analytics_worker import alert_counts, positions, raised, reaches
from analytics_worker.alert_answers import (
    AuthorityAlertCounts,
    AuthorityAlerts,
    ResponsibleAlertCounts,
    TrustAlertCounts,
    TrustAlerts,
)
from analytics_worker.alert_counts import SEES_ALERTS, SEES_GROUPS
from analytics_worker.authority import Area, AtAuthority
from analytics_worker.positions import Positions
from analytics_worker.raised import AXES, AlertFilters, Asked, Cell, Count, PagedAlertFilters
from analytics_worker.reaches import AtTrust, Member, Reached, TrustUid
from kit import database, lists, reads
from kit.contract import tells
from kit.problems import invalid_parameter

router = APIRouter(tags=["trusts and authorities"])

_AXES = tuple(axis for axis in AXES if axis != "class")
"""Two schools have the same names for their classes."""
_CURSOR = frozenset({"school", "changed", "now"})

Urns = Annotated[list[str] | None, Field(description="Of these schools alone, by URN.")]


class ManyAlertFilters(AlertFilters):
    """What narrows the alerts of many schools: also by school."""

    school: Urns = None


class PagedManyAlertFilters(PagedAlertFilters):
    """What narrows a list of the alerts of many schools, and where it goes on."""

    school: Urns = None


OfAuthority = Annotated[Area, Depends(AtAuthority(SEES_ALERTS))]
OfTrust = Annotated[Reached, Depends(AtTrust(SEES_ALERTS))]
CountsOfAuthority = Annotated[Area, Depends(AtAuthority(SEES_ALERTS, SEES_GROUPS))]
CountsOfTrust = Annotated[Reached, Depends(AtTrust(SEES_ALERTS, SEES_GROUPS))]


@router.get("/v1/trusts/{uid}/alerts", summary="A trust's alerts", responses=tells(TrustAlerts))
async def alerts_of_trust(
    trust: OfTrust,
    uid: TrustUid,
    filters: Annotated[PagedManyAlertFilters, Query()],
    request: Request,
    response: Response,
    read_by: reads.ReadBy = None,
) -> dict[str, Any]:
    """Give the alerts of a trust's schools, school by school, each school's in the order of their last change.

    `changed_after` takes the member of that name of an earlier answer, which says where each school stood; of a school
    that came to the trust since then everything is given. Pupils and classes are asked for with `school` beside, for
    schools have the same names for them.
    """
    return await _listed(trust, f"trust {uid}", {"trust_uid": uid}, filters, request, response, read_by)


@router.get("/v1/local-authorities/{la_code}/alerts", summary="An authority's alerts", responses=tells(AuthorityAlerts))
async def alerts_of_authority(
    area: OfAuthority,
    filters: Annotated[PagedManyAlertFilters, Query()],
    request: Request,
    response: Response,
    read_by: reads.ReadBy = None,
) -> dict[str, Any]:
    """Give the alerts of an authority's schools, as for a trust."""
    among = await reaches.of_authority(area)
    return await _listed(among, area.la_code, {"la_code": area.la_code}, filters, request, response, read_by)


@router.get("/v1/trusts/{uid}/alerts/counts", summary="A trust's alerts, counted", responses=tells(TrustAlertCounts))
async def counts_of_trust(
    trust: CountsOfTrust, uid: TrustUid, filters: Annotated[ManyAlertFilters, Query()], request: Request
) -> dict[str, Any]:
    """Count the alerts that the same filters give, together and by school; who goes to two schools counts at each.

    Who holds `summaries:read` alone is told nothing that is of one or two pupils.
    """
    return await _counted(trust, {"trust_uid": uid}, filters, request)


@router.get(
    "/v1/local-authorities/{la_code}/alerts/counts",
    summary="An authority's alerts, counted",
    responses=tells(AuthorityAlertCounts),
)
async def counts_of_authority(
    area: CountsOfAuthority, filters: Annotated[ManyAlertFilters, Query()], request: Request
) -> dict[str, Any]:
    """Count the alerts of an authority's schools, as for a trust."""
    return await _counted(await reaches.of_authority(area), {"la_code": area.la_code}, filters, request)


@router.get(
    "/v1/local-authorities/{la_code}/responsible/alerts/counts",
    summary="The alerts of the children an authority is responsible for, counted",
    responses=tells(ResponsibleAlertCounts),
)
async def counts_of_responsible(
    area: CountsOfAuthority, filters: Annotated[ManyAlertFilters, Query()], request: Request
) -> dict[str, Any]:
    """Count the alerts of the children whom the fact `responsible_la` names the authority for today, wherever they are.

    No child is named: pupils and classes are not asked for.
    """
    if filters.pupil is not None or filters.class_ is not None:
        raise invalid_parameter("pupil", "Of these children counts of groups are given.")
    among = await reaches.with_its_children(area)
    return await _counted(among, {"la_code": area.la_code}, filters, request, area.la_code)


def _asked_for(among: Reached, filters: ManyAlertFilters | PagedManyAlertFilters) -> list[Member]:
    """Give the schools that are asked for; raise `invalid-parameter` for what only one of them can mean."""
    if filters.school is None and (filters.pupil is not None or filters.class_ is not None):
        raise invalid_parameter("school", "Pupils and classes of many schools are asked for with school beside.")
    return [one for one in among.schools if filters.school is None or one.urn in filters.school]


async def _listed(
    among: Reached,
    whose: str,
    head: Mapping[str, Any],
    filters: PagedManyAlertFilters,
    request: Request,
    response: Response,
    read_by: str | None,
) -> dict[str, Any]:
    schools = _asked_for(among, filters)
    seen = None if filters.changed_after is None else positions.read(filters.changed_after, whose, "changed_after")
    cursor = lists.position(filters.cursor, _CURSOR)
    if cursor is None:
        now, at, place = await _standing(among, whose), 0, 0
    else:
        now, at, place = positions.read(str(cursor["now"]), whose, "cursor"), *_place(cursor)
    found: list[tuple[Member, int, dict[str, Any]]] = []
    for one in schools:
        if one.school_id < at:
            continue
        after = place if one.school_id == at else (seen.seqs.get(one.school_id, 0) if seen is not None else 0)
        asked = Asked(one.school_id, filters, among.now().date())
        async with database.reading(among.engine, one.school_id) as connection:
            more = await raised.items(connection, asked, after, filters.limit + 1 - len(found))
        if more[: filters.limit - len(found)]:
            await reads.record(among.at(one), read_by, "alerts", one.seq)
        found += [(one, changed, item) for changed, item in more]
        if len(found) > filters.limit:
            break
    shown = found[: filters.limit]
    following = None
    if len(found) > filters.limit:
        following = {"school": shown[-1][0].school_id, "changed": shown[-1][1], "now": now.text()}
    return {
        **head,
        **lists.page(request, response, [{"urn": one.urn, **item} for one, _, item in shown], following),
        "changed_after": now.text(),
        "schools": [{"urn": one.urn, "seq": one.seq, "behind": one.behind} for one in schools],
    }


def _place(cursor: Mapping[str, Any]) -> tuple[int, int]:
    """Give the school where a page goes on, and the change after which it does."""
    numbers = (cursor["school"], cursor["changed"])
    if not all(type(number) is int and 0 <= number < 2**63 for number in numbers):
        raise lists.not_ours()
    return numbers


async def _standing(among: Reached, whose: str) -> Positions:
    """Give where the alerts of each school stand, before any of them is read: nothing that changes later is missed."""
    async with database.reading(among.engine) as connection:
        last = await raised.last_changes(connection, [one.school_id for one in among.schools])
    return Positions(whose, among.now(), last, last, among.now().date())


async def _counted(
    among: Reached,
    head: Mapping[str, Any],
    filters: ManyAlertFilters,
    request: Request,
    responsible_la: str | None = None,
) -> dict[str, Any]:
    """Count school after school, each in a transaction of its own, and pool what they have."""
    who_reads = alert_counts.reader(among.identity, request, filters)
    schools = _asked_for(among, filters)
    of_schools: list[dict[Cell, Count]] = []
    for one in schools:
        asked = Asked(one.school_id, filters, among.now().date(), responsible_la)
        async with database.reading(among.engine, one.school_id) as connection:
            of_schools.append(await raised.counted(connection, asked))
    counts = raised.pooled(of_schools)
    by_school: dict[Cell, Count] = {
        ("school", one.urn): each[None, None] for one, each in zip(schools, of_schools, strict=True)
    }
    lines = {line["school"]: line for line in alert_counts.table(by_school, "school", who_reads)}
    told = []
    for one, each in zip(schools, of_schools, strict=True):
        stands = {**lines[one.urn], "urn": one.urn, "seq": one.seq, "behind": one.behind}
        # What one school has of each kind could be had from the whole and the others, were any left out.
        kinds = {"kinds": alert_counts.table(each, "kind", who_reads)} if who_reads.sees_pupils else {}
        told.append({**{name: value for name, value in stands.items() if name != "school"}, **kinds})
    return {**head, **alert_counts.shown(counts, who_reads, axes=_AXES), "schools": told}
