"""Entries that stand without the leave they claim, or where it was refused: what an attendance officer looks into."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from codes.book import ABSENCES, Session
from codes.planned import REFUSED, Check, Plan, checked_codes, checks
from kit import database, pupil_ids, reads
from kit.contract import tells
from kit.database import Connection
from kit.fields import Day, written
from ledger import plans
from ledger.as_at import AsAt
from register_api.answers.planned import LeaveChecks
from register_api.caller import RegisterReader
from register_api.listing import Item, Listing, Paged, Row, flat
from register_api.registers import entry_dates

router = APIRouter(tags=["planned absences"])
_sql = database.statements(__file__)

COLUMNS = (
    *("pupil", "date", "session", "code", "check", "planned", "made_at", "name", "position", "made_by_id"),
    *("recorded_at", "client", "seq"),
)
_FEWEST = 500
"""Entries that are looked at in one statement, or as many as the page holds."""


class CheckFilters(Paged):
    """What narrows the list: every filter that is given must be met; a repeated one is met by any of its values."""

    first: Day | None = Field(
        None, alias="from", description="The first date; the first of the academic year without it."
    )
    last: Day | None = Field(None, alias="to", description="The last date; today, or that of `as_at`, without it.")
    pupil: list[str] | None = None


def _item(row: Mapping[str, Any], found: Sequence[Check], pupil: str) -> Item:
    return {
        "pupil": pupil,
        "date": row["session_date"].isoformat(),
        "session": row["session"],
        "code": row["code"],
        "checks": [{"check": check.slug, "planned": check.plan} for check in found],
        "made_at": written(row["made_at"]),
        "made_by": {"name": row["name"], "position": row["position"]},
        "made_by_id": row["staff_no"],
        "recorded_at": written(row["recorded_at"]),
        "client": row["client_id"],
        "seq": row["seq"],
    }


def _rows(item: Item) -> Iterator[Row]:
    """Give a row for each thing that does not fit."""
    for check in item["checks"]:
        yield flat({**item, **check}, COLUMNS)


def _may_be_refused(known: Sequence[Plan]) -> bool:
    """Say whether any session was asked for and not granted."""
    return any(
        plan.outcome == REFUSED or (plan.asked_first, plan.asked_last) != (plan.first, plan.last) for plan in known
    )


async def _found(
    connection: Connection,
    school_id: int,
    at: AsAt,
    dates: tuple[date, date],
    pupil_nos: list[int] | None,
    before: int | None,
    limit: int,
) -> list[tuple[Mapping[str, Any], tuple[Check, ...]]]:
    """Give entries that stand with what does not fit in each, newest first, so many at the most."""
    known = await plans.standing(connection, school_id, dates, at.seq, pupil_nos)
    refused_nos = [pupil_no for pupil_no, of_pupil in known.items() if _may_be_refused(of_pupil)]
    found: list[tuple[Mapping[str, Any], tuple[Check, ...]]] = []
    looked_at = max(_FEWEST, limit)
    while len(found) < limit:
        rows = [
            row
            async for row in _sql.candidates(
                connection,
                school_id=school_id,
                seq=at.seq,
                before=before,
                first=dates[0],
                last=dates[1],
                pupil_nos=pupil_nos,
                codes=list(checked_codes()),
                refused_nos=refused_nos,
                absences=list(ABSENCES),
                limit=looked_at,
            )
        ]
        for row in rows:
            place = (row["session_date"], Session(row["session"]))
            if unfit := checks(row["code"], place, known.get(row["pupil_no"], ())):
                found.append((row, unfit))
        if len(rows) < looked_at:
            break
        before = rows[-1]["seq"]
    return found[:limit]


@router.get(
    "/v1/schools/{urn}/leave-checks", summary="List entries that leave does not bear out", responses=tells(LeaveChecks)
)
async def leave_checks(
    caller: RegisterReader,
    filters: Annotated[CheckFilters, Query()],
    request: Request,
    response: Response,
    read_by: reads.ReadBy = None,
) -> Any:
    """Give entries that stand without the leave they claim, or where leave was refused, newest first.

    `leave-not-granted`: C, C1, C2, J1 or S without a grant of that code; `suspension-not-recorded`: E without a
    suspension or exclusion; `absence-on-refused-dates`: any absence where it was asked for and refused, with the id of
    the plan. In another format than JSON all, a row each.
    """

    async def find(connection: Connection, at: AsAt, before: int | None, limit: int) -> list[Item]:
        dates = entry_dates(filters.first, filters.last, at)
        pupil_nos = await pupil_ids.narrowed(connection, caller.school_id, filters.pupil, at.seq)
        found = await _found(connection, caller.school_id, at, dates, pupil_nos, before, limit)
        ids = await pupil_ids.ids(connection, caller.school_id, [row["pupil_no"] for row, _ in found], at.seq)
        return [_item(row, unfit, ids[row["pupil_no"]]) for row, unfit in found]

    async def record(at: AsAt) -> None:
        dates = entry_dates(filters.first, filters.last, at)
        await reads.record(caller, read_by, "leave-checks", at.seq, pupils=filters.pupil, dates=dates)

    return await Listing(COLUMNS, find, _rows, record).answer(caller, filters, request, response)
