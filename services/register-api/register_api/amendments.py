"""Amend entries, and audit the amendments: original entry, amended entry, reason, date, name and position (reg 6)."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from codes.book import Session
from codes.register import Amendment
from kit import database, pupil_ids, reads
from kit.contract import refuses
from kit.fields import Body, Date, Day, Text, Utc, written
from kit.schools import Caller, midnight
from ledger import read
from ledger.as_at import AsAt
from register_api.bodies import AsAtRead, EntryItem, Faulty, Made, MadeBy, stands_alone
from register_api.caller import AmendmentsWriter, AuditReader, DryRun
from register_api.item_problems import OF_AMENDMENTS
from register_api.listing import Item, Listing, Paged, flat
from register_api.outcomes import Outcomes
from register_api.preferences import Prefer, wants_strict
from register_api.recording import Malformed, Wanted, record
from register_api.removed import Removals, Removed, parts, removed, shown

router = APIRouter(tags=["amendments"])

COLUMNS = (
    *("pupil", "date", "session", "original_entry", "amended_entry", "reason", "made_at", "name", "position"),
    *("made_by_id", "recorded_at", "client", "seq", "version", "first_entry", "out_of_order", "removed"),
)


class AmendmentItem(EntryItem):
    """An amendment of one entry; `original_entry` must still stand."""

    date: Day
    session: Session
    original_entry: Annotated[str, Field(strict=True, max_length=4)]
    amended_entry: Annotated[str, Field(strict=True, max_length=4)]
    reason: Text = ""
    version: Annotated[int, Field(strict=True, ge=1)] | None = None


EXAMPLE = {
    "made_by": {"name": "B. Office", "position": "Attendance officer"},
    "amendments": [
        {
            "pupil": "p-004",
            "date": "2026-09-07",
            "session": "AM",
            "original_entry": "N",
            "amended_entry": "I",
            "reason": "Parent telephoned at 09:40: sickness",
        }
    ],
}


class Amend(Made, json_schema_extra={"examples": [EXAMPLE]}):
    """Amendments of any dates, and who made them."""

    amendments: list[Annotated[AmendmentItem, stands_alone]]


def _wanted(body: Amend) -> list[Wanted | Malformed]:
    items: Sequence[AmendmentItem | Faulty] = body.amendments
    return [
        Malformed(index, item.pupil, item.faults("amendments", index))
        if isinstance(item, Faulty)
        else Wanted(
            index,
            item.pupil,
            item.date,
            item.session,
            Amendment(
                item.original_entry,
                item.amended_entry,
                item.reason,
                item.version,
                item.arrived_at,
                item.minutes_late,
                item.nature,
                item.made_at or body.made_at,
            ),
            item.made_by or body.made_by,
            item.by_system or body.by_system,
        )
        for index, item in enumerate(items)
    ]


@router.post(
    "/v1/schools/{urn}/amendments",
    summary="Amend entries",
    response_model=Outcomes,
    response_model_exclude_none=True,
    openapi_extra=refuses("conflicts-whole", "refused-whole", items=OF_AMENDMENTS),
)
async def amend(
    caller: AmendmentsWriter, body: Amend, response: Response, prefer: Prefer = None, dry_run: DryRun = False
) -> Outcomes:
    """Amend entries, each by itself. The register keeps every version, with who made it and why."""
    strict = wants_strict(prefer)
    outcomes = await record(
        caller, _wanted(body), collection="amendments", source="live", strict=strict, dry_run=dry_run
    )
    if strict:
        response.headers["Preference-Applied"] = "handling=strict"
    return outcomes


class AmendmentRead(Body):
    """An amendment as an auditor reads it."""

    pupil: str
    date: Date
    session: Session
    original_entry: str
    amended_entry: str
    reason: str | None
    made_at: Utc
    made_by: MadeBy
    made_by_id: int
    recorded_at: Utc
    client: str
    seq: int
    version: int
    first_entry: str
    out_of_order: bool
    removed: list[Removed]


class Amendments(Body):
    """A page of the audit, newest first."""

    as_at: AsAtRead
    items: list[AmendmentRead]
    next: str | None


class AuditFilters(Body):
    """What narrows an audit: every filter that is given must be met; a repeated one is met by any of its values."""

    pupil: list[str] | None = None
    made_by_id: list[Annotated[int, Field(ge=1, lt=2**31)]] | None = None
    made_by_name: list[str] | None = None
    made_by_position: list[str] | None = None
    client: list[str] | None = None
    original_entry: list[str] | None = None
    amended_entry: list[str] | None = None
    reason: list[str] | None = Field(None, description="Words that the reason contains, in capitals or not.")
    first: Day | None = Field(None, alias="from")
    last: Day | None = Field(None, alias="to")
    made_from: Day | None = None
    made_to: Day | None = None
    recorded_from: Day | None = None
    recorded_to: Day | None = None
    lag_min: int | None = Field(
        None, ge=0, lt=2**31, description="Days from the session to the amendment, at the least."
    )


class AuditPage(Paged, AuditFilters):
    """What narrows an audit, which part of it is wanted, and in what form."""


def _read(amended: read.Amended, ids: Mapping[int, str], removals: Removals) -> Item:
    version = amended.version
    return {
        "pupil": ids[version.pupil_no],
        "date": version.date.isoformat(),
        "session": version.session,
        "original_entry": version.original_code,
        "amended_entry": version.code,
        "reason": version.reason,
        "made_at": written(version.made_at),
        "made_by": {"name": version.name, "position": version.position},
        "made_by_id": version.staff_no,
        "recorded_at": written(version.recorded_at),
        "client": version.client,
        "seq": version.seq,
        "version": version.version,
        "first_entry": amended.first_entry,
        "out_of_order": amended.out_of_order,
        "removed": shown(removals, version.seq),
    }


async def narrowing(connection: database.Connection, school_id: int, filters: AuditFilters, seq: int) -> dict[str, Any]:
    """Give the filters, as at a position, as the ledger's statements about amendments take them."""
    pupil_nos = await pupil_ids.narrowed(connection, school_id, filters.pupil, seq)
    return {
        "school_id": school_id,
        "seq": seq,
        "pupil_nos": pupil_nos,
        "staff_nos": filters.made_by_id,
        "names": filters.made_by_name,
        "positions": filters.made_by_position,
        "clients": filters.client,
        "original_entries": filters.original_entry,
        "amended_entries": filters.amended_entry,
        "reasons": filters.reason,
        "first": filters.first,
        "last": filters.last,
        "made_from": midnight(filters.made_from),
        "made_before": midnight(filters.made_to, after=True),
        "recorded_from": midnight(filters.recorded_from),
        "recorded_before": midnight(filters.recorded_to, after=True),
        "lag_min": filters.lag_min,
    }


@router.get("/v1/schools/{urn}/amendments", summary="Audit the amendments", response_model=Amendments)
async def audit(
    caller: AuditReader,
    filters: Annotated[AuditPage, Query()],
    request: Request,
    response: Response,
    read_by: reads.ReadBy = None,
) -> Any:
    """Give the amendments that meet every filter, newest first; where not as JSON all of them, streamed."""

    async def find(connection: database.Connection, at: AsAt, before: int | None, limit: int) -> list[Item]:
        narrowed = await narrowing(connection, caller.school_id, filters, at.seq)
        found = [each async for each in read.amendments(connection, before=before, limit=limit, **narrowed)]
        ids = await pupil_ids.ids(connection, caller.school_id, [each.version.pupil_no for each in found], at.seq)
        removals = await removed(connection, caller.school_id, [each.version.seq for each in found])
        return [_read(each, ids, removals) for each in found]

    async def record(at: AsAt) -> None:
        await record_read(caller, filters, read_by, at.seq)

    listing = Listing(COLUMNS, find, lambda item: [flat({**item, "removed": parts(item["removed"])}, COLUMNS)], record)
    return await listing.answer(caller, filters, request, response)


async def record_read(caller: Caller, filters: AuditFilters, read_by: str | None, seq: int) -> None:
    """Record that amendments are read, of the pupils that the filters name or of all."""
    dates = (filters.first, filters.last)
    await reads.record(caller, read_by, "amendments", seq, pupils=filters.pupil, dates=dates)
