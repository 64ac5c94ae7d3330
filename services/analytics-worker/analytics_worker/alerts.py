"""The alerts of a school: what must be acted on, what was, and by which evidence."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from analytics_worker import alert_counts, raised, summary
from analytics_worker.alert_answers import AlertCounts, Alerts
from analytics_worker.alert_counts import SEES_ALERTS, SEES_GROUPS
from analytics_worker.raised import AlertFilters, Asked, PagedAlertFilters
from kit import database, lists, reads
from kit.contract import tells
from kit.schools import AtSchool, Caller

router = APIRouter(tags=["alerts"])

_POSITION = frozenset({"changed"})


@router.get("/v1/schools/{urn}/alerts", summary="A school's alerts", responses=tells(Alerts))
async def alerts(
    caller: Annotated[Caller, Depends(AtSchool(SEES_ALERTS))],
    filters: Annotated[PagedAlertFilters, Query()],
    request: Request,
    response: Response,
    read_by: reads.ReadBy = None,
) -> dict[str, Any]:
    """Give alerts in the order of their last change: opening, other evidence, closing, an act.

    `changed_after` takes the member of that name of an earlier answer, and gives what changed since; leave `status` out
    to learn of what closed. An act is told once the worker has looked. An alert that changes while pages are read comes
    again on a later page. `age_days` are days of the calendar since it was opened first, until it was closed last.
    """
    position = lists.numbers(filters.cursor, _POSITION) or lists.numbers(filters.changed_after, _POSITION)
    after = 0 if position is None else position["changed"]
    asked = Asked(caller.school_id, filters, caller.now().date())
    async with database.reading(caller.engine, caller.school_id) as connection:
        found = await raised.items(connection, asked, after, filters.limit + 1)
        last = (await raised.last_changes(connection, [caller.school_id]))[caller.school_id]
        position_of = await summary.as_of(connection, caller.school_id, caller.now())
    if found:
        await reads.record(caller, read_by, "alerts", position_of["seq"], pupils=filters.pupil)
    shown = found[: filters.limit]
    following = {"changed": shown[-1][0]} if len(found) > filters.limit else None
    return {
        **lists.page(request, response, [item for _, item in shown], following),
        "changed_after": lists.cursor({"changed": following["changed"] if following else max(last, after)}),
        "as_of": position_of,
    }


@router.get("/v1/schools/{urn}/alerts/counts", summary="A school's alerts, counted", responses=tells(AlertCounts))
async def counts_of_school(
    caller: Annotated[Caller, Depends(AtSchool(SEES_ALERTS, SEES_GROUPS))],
    filters: Annotated[AlertFilters, Query()],
    request: Request,
) -> dict[str, Any]:
    """Count the alerts that the same filters give, and of how many pupils they are, by kind, status, class and so on.

    A pupil with two alerts is one of the pupils. Who holds `summaries:read` alone is told nothing that is of one or two
    pupils.
    """
    who_reads = alert_counts.reader(caller.identity, request, filters)
    async with database.reading(caller.engine, caller.school_id) as connection:
        found = await raised.counted(connection, Asked(caller.school_id, filters, caller.now().date()))
        position_of = await summary.as_of(connection, caller.school_id, caller.now())
    return {"urn": caller.urn, **alert_counts.shown(found, who_reads), "as_of": position_of}
