"""Late first entries: those that were recorded after the register of the pupil's year group had closed (reg 10(1))."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from codes.ages import YEAR_GROUPS
from codes.book import Session
from codes.policy import Policy, times
from codes.school import School
from kit import database, pupil_ids, reads
from kit.contract import tells
from kit.database import Connection
from kit.fields import Day, written
from kit.schools import LONDON
from ledger.as_at import AsAt
from register_api import facts
from register_api.answers.audit import LateEntries
from register_api.caller import AuditReader
from register_api.listing import Item, Listing, Paged, flat
from register_api.registers import entry_dates

router = APIRouter(tags=["amendments"])
_sql = database.statements(__file__)

COLUMNS = (
    *("pupil", "date", "session", "code", "made_at", "name", "position", "made_by_id", "recorded_at", "client", "seq"),
    *("source", "register_closed_at", "recorded_late_minutes", "made_late_minutes", "current_entry"),
)
_MINUTE = timedelta(minutes=1)

Source = Literal["live", "history", "adapter", "closure"]


class LateFilters(Paged):
    """What narrows the list: every filter that is given must be met; a repeated one is met by any of its values."""

    first: Day | None = Field(
        None, alias="from", description="The first date; the first of the academic year without it."
    )
    last: Day | None = Field(None, alias="to", description="The last date; today, or that of `as_at`, without it.")
    pupil: list[str] | None = None
    made_by_id: list[Annotated[int, Field(ge=1, lt=2**31)]] | None = None
    client: list[str] | None = None
    code: list[str] | None = Field(None, description="The first entry.")
    late_min: int = Field(1, ge=0, lt=2**31, description="Minutes from the closing to the recording, at the least.")
    # ASSUMPTION: imported history is recorded years later by its nature, which says nothing of how it was taken.
    source: list[Source] = Field(
        ["live", "adapter", "closure"], description="How the entry came; imported history only where it is named."
    )


@lru_cache(maxsize=512)
def _closing(policy: Policy, session: Session) -> tuple[time, Mapping[str, time]]:
    """Give when a register closes, and the year groups for which it closes at another time."""
    closes = times(policy, session, None).closes
    own = {group: times(policy, session, group).closes for group in YEAR_GROUPS}
    return closes, {group: at for group, at in own.items() if at != closes}


def closings(school: School, first: date, last: date) -> dict[str, list[Any]]:
    """Give when the registers closed from a day to another inclusive, as the statement takes it.

    ASSUMPTION: without a calendar or a policy nobody knows when; it is late what was recorded on a later London day.
    """
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    # What is midnight to one day is no closing of another: a day is known or not, for all its year groups.
    known = [bool(school.policies) and school.calendar(day) is not None for day in days]
    found = [
        (day, *_closing(school.policy(day), session)) if is_known else (day, None, {})
        for day, is_known in zip(days, known, strict=True)
        for session in Session
    ]
    groups = sorted({group for _, _, own in found for group in own})
    earliest: list[datetime] = []
    closes: list[datetime] = []
    for day, at, own in found:
        if at is None:
            ends = datetime.combine(day + timedelta(days=1), time(), LONDON)
            each = [ends] * (1 + len(groups))
        else:
            each = [datetime.combine(day, own.get(group, at), LONDON) for group in ("", *groups)]
        closes += each
        earliest.append(min(each))
    return {"earliest": earliest, "closes": closes, "year_groups": groups}


def _minutes(late: timedelta) -> int | None:
    """Give whole minutes; None of what was in time."""
    return late // _MINUTE if late >= timedelta(0) else None


def _item(row: Mapping[str, Any], ids: Mapping[int, str]) -> Item:
    closed_at = row["closed_at"]
    return {
        "pupil": ids[row["pupil_no"]],
        "date": row["session_date"].isoformat(),
        "session": row["session"],
        "code": row["code"],
        "made_at": written(row["made_at"]),
        "made_by": {"name": row["name"], "position": row["position"]},
        "made_by_id": row["staff_no"],
        "recorded_at": written(row["recorded_at"]),
        "client": row["client_id"],
        "seq": row["seq"],
        "source": row["source"],
        "register_closed_at": written(closed_at),
        "recorded_late_minutes": _minutes(row["recorded_at"] - closed_at),
        "made_late_minutes": _minutes(row["made_at"] - closed_at),
        "current_entry": row["current_entry"],
    }


@router.get("/v1/schools/{urn}/late-entries", summary="Audit the late first entries", responses=tells(LateEntries))
async def late_entries(
    caller: AuditReader,
    filters: Annotated[LateFilters, Query()],
    request: Request,
    response: Response,
    read_by: reads.ReadBy = None,
) -> Any:
    """Give first entries that were recorded after their register had closed, newest first; where not as JSON all.

    Lateness is measured by `recorded_at`, which nobody asserts; how late the entry was by what the MIS said stands
    beside it, null when it was in time. The register is that of the pupil's year group on the date.
    """

    async def find(connection: Connection, at: AsAt, before: int | None, limit: int) -> list[Item]:
        first, last = entry_dates(filters.first, filters.last, at)
        pupil_nos = await pupil_ids.narrowed(connection, caller.school_id, filters.pupil, at.seq)
        found = _sql.late_entries(
            connection,
            school_id=caller.school_id,
            seq=at.seq,
            before=before,
            first=first,
            last=last,
            late_min=filters.late_min,
            sources=filters.source,
            pupil_nos=pupil_nos,
            staff_nos=filters.made_by_id,
            clients=filters.client,
            codes=filters.code,
            limit=limit,
            **closings(await facts.school(connection, caller.school_id, at.seq), first, last),
        )
        rows = [row async for row in found]
        ids = await pupil_ids.ids(connection, caller.school_id, [row["pupil_no"] for row in rows], at.seq)
        return [_item(row, ids) for row in rows]

    async def record(at: AsAt) -> None:
        dates = entry_dates(filters.first, filters.last, at)
        await reads.record(caller, read_by, "late-entries", at.seq, pupils=filters.pupil, dates=dates)

    listing = Listing(COLUMNS, find, lambda item: [flat(item, COLUMNS)], record)
    return await listing.answer(caller, filters, request, response)
