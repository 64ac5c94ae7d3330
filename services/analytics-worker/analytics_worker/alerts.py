"""The alerts of a school: what must be acted on, what was, and by which evidence."""

import json
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from analytics_worker import summary
from analytics_worker.answers import Alerts
from codes.alerts import Alert
from kit import database, lists, pupil_ids, reads
from kit.contract import tells
from kit.fields import Body
from kit.problems import Fault, Problem
from kit.schools import AtSchool, Caller

router = APIRouter(tags=["alerts"])
_sql = database.statements(__file__)

_POSITION = frozenset({"changed"})


class Status(StrEnum):
    """Whether what an alert says still holds."""

    OPEN = "open"
    CLOSED = "closed"


class AlertFilters(Body):
    """What narrows the list: every filter given must be met, one that is repeated by any of its values."""

    status: Status | None = None
    kind: list[Alert] | None = None
    pupil: list[str] | None = None
    changed_after: str | None = None
    limit: Annotated[int, Query(ge=1, le=lists.MOST)] = lists.DEFAULT_LIMIT
    cursor: str | None = None


def _number(given: Any) -> int:
    if isinstance(given, int):
        return given
    raise Problem("invalid-cursor", "The cursor cannot be read.", (Fault("Not one of ours.", parameter="cursor"),))


@router.get("/v1/schools/{urn}/alerts", summary="A school's alerts", responses=tells(Alerts))
async def alerts(
    caller: Annotated[Caller, Depends(AtSchool("alerts:read"))],
    filters: Annotated[AlertFilters, Query()],
    request: Request,
    response: Response,
    read_by: reads.ReadBy = None,
) -> dict[str, Any]:
    """Give alerts in the order of their last change: opening, other evidence, closing.

    `changed_after` takes the member of that name of an earlier answer, and gives what changed since; leave `status` out
    to learn of what closed. An alert that changes while pages are read comes again on a later page.
    """
    position = lists.position(filters.cursor, _POSITION) or lists.position(filters.changed_after, _POSITION)
    after = 0 if position is None else _number(position["changed"])
    async with database.reading(caller.engine, caller.school_id) as connection:
        pupil_nos = await pupil_ids.narrowed(connection, caller.school_id, filters.pupil)
        found = _sql.alerts(
            connection,
            school_id=caller.school_id,
            after=after,
            is_open=None if filters.status is None else filters.status is Status.OPEN,
            kinds=filters.kind,
            pupil_nos=pupil_nos,
            limit=filters.limit + 1,
        )
        rows = [row async for row in found]
        last: int = await _sql.last_change(connection, school_id=caller.school_id) or 0
        ids = await pupil_ids.ids(connection, caller.school_id, [row["pupil_no"] for row in rows if row["pupil_no"]])
        position_of = await summary.as_of(connection, caller.school_id, caller.now())
    if rows:
        await reads.record(caller, read_by, "alerts", position_of["seq"], pupils=filters.pupil)
    more = len(rows) > filters.limit
    rows = rows[: filters.limit]
    items = [
        {
            "id": str(row["id"]),
            "kind": row["kind"],
            "pupil": ids.get(row["pupil_no"]),
            "status": Status.OPEN if row["closed_on"] is None else Status.CLOSED,
            "opened_on": row["opened_on"].isoformat(),
            "closed_on": None if row["closed_on"] is None else row["closed_on"].isoformat(),
            "evidence": json.loads(row["evidence"]),
        }
        for row in rows
    ]
    following = {"changed": rows[-1]["changed"]} if more else None
    return {
        **lists.page(request, response, items, following),
        "changed_after": lists.cursor({"changed": following["changed"] if following else max(last, after)}),
        "as_of": position_of,
    }
