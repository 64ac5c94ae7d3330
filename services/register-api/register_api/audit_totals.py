"""Totals of the audit: how many amendments, by whom, for what reasons, and from which code to which."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field

from kit import database, formats, lists, reads
from kit.fields import Body
from ledger import read
from ledger.as_at import resolve
from register_api.amendments import AuditFilters, narrowing, record_read
from register_api.bodies import AsAtRead
from register_api.caller import AuditReader
from register_api.listing import AS_AT, said

router = APIRouter(tags=["amendments"])


COLUMNS = (
    "kind",
    "made_by_id",
    "name",
    "position",
    "reason",
    "original_entry",
    "amended_entry",
    "amendments",
    "distinct",
)


class TotalsFilters(AuditFilters):
    """What narrows the totals, how many rows of each are wanted, and in what form."""

    as_at: str | None = Field(None, description="An instant, or `seq:N`: the audit as it stood then.")
    format: str | None = Field(None, description="json, csv, ndjson or parquet; over `Accept`.")
    limit: int = Field(lists.DEFAULT_LIMIT, ge=1, le=lists.MOST, description="The greatest of each total, at the most.")


class ByPerson(Body):
    """How many amendments a person made, as of a name and a position."""

    made_by_id: int
    name: str
    position: str
    amendments: int


class ByReason(Body):
    """How many amendments gave a reason, word for word; null for reasons that were removed."""

    reason: str | None
    amendments: int


class ByCodes(Body):
    """How many amendments were from one code to another."""

    original_entry: str
    amended_entry: str
    amendments: int


class Persons(Body):
    """The persons with the most amendments, and how many persons there are."""

    items: list[ByPerson]
    distinct: int


class Reasons(Body):
    """The reasons given most often, and how many reasons there are."""

    items: list[ByReason]
    distinct: int


class Codes(Body):
    """The pairs of codes amended most often, and how many pairs there are."""

    items: list[ByCodes]
    distinct: int


class Totals(Body):
    """How many amendments meet the filters, in all and by the facts of each."""

    as_at: AsAtRead
    amendments: int
    by_person: Persons
    by_reason: Reasons
    by_codes: Codes


def _distinct(rows: Iterable[read.Total]) -> int:
    return next((row.of for row in rows), 0)


async def _flat(rows: Iterable[read.Total]) -> AsyncIterator[Sequence[Any]]:
    for row in rows:
        yield (
            *(row.kind, row.staff_no, row.name, row.position, row.reason, row.original_code, row.code),
            *(row.amendments, row.of),
        )


@router.get("/v1/schools/{urn}/amendments/totals", summary="Count the amendments", response_model=Totals)
async def totals(
    caller: AuditReader,
    filters: Annotated[TotalsFilters, Query()],
    request: Request,
    read_by: reads.ReadBy = None,
) -> Any:
    """Count the amendments that meet every filter: in all, by person, by reason and by pair of codes, most first.

    Not as JSON a row a total, of each kind as many as `limit`; `distinct` says how many there are of that kind.
    """
    wanted = formats.chosen(request, filters.format)
    async with database.reading(caller.engine, caller.school_id) as connection:
        at = await resolve(connection, caller.school_id, filters.as_at, caller.now())
        narrowed = await narrowing(connection, caller.school_id, filters, at.seq)
        rows = await read.amendment_totals(connection, most=filters.limit, **narrowed)
    await record_read(caller, filters, read_by, at.seq)
    if wanted is not formats.Format.JSON:
        return formats.stream(_flat(rows), COLUMNS, wanted, {AS_AT: said(at)})
    by = {kind: [row for row in rows if row.kind == kind] for kind in ("all", "person", "reason", "codes")}
    return Totals(
        as_at=AsAtRead.of(at),
        amendments=by["all"][0].amendments,
        by_person=Persons(
            items=[
                ByPerson(made_by_id=row.staff_no, name=row.name, position=row.position, amendments=row.amendments)
                for row in by["person"]
                if row.staff_no is not None and row.name is not None and row.position is not None
            ],
            distinct=_distinct(by["person"]),
        ),
        by_reason=Reasons(
            items=[ByReason(reason=row.reason, amendments=row.amendments) for row in by["reason"]],
            distinct=_distinct(by["reason"]),
        ),
        by_codes=Codes(
            items=[
                ByCodes(original_entry=row.original_code, amended_entry=row.code, amendments=row.amendments)
                for row in by["codes"]
                if row.original_code is not None and row.code is not None
            ],
            distinct=_distinct(by["codes"]),
        ),
    )
