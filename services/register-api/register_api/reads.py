"""Who looked at which pupil's history: the reads that both services record, listed."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field, ValidationError

from kit import database, formats, lists, pupil_ids
from kit.contract import tells
from kit.fields import Body, Day, Instant, written
from kit.schools import Caller, midnight
from register_api.answers.audit import Reads
from register_api.caller import AuditReader

router = APIRouter(tags=["reads"])
_sql = database.statements(__file__)

COLUMNS = ("at", "client", "what", "pupil", "read_by", "from", "to", "as_at")


class ReadFilters(Body):
    """What narrows the list: every filter that is given must be met; a repeated one is met by any of its values."""

    pupil: list[str] | None = Field(None, description="Reads that named the pupil; one of the whole school names none.")
    client: list[str] | None = None
    first: Day | None = Field(None, alias="from", description="The first day of reading, London's.")
    last: Day | None = Field(None, alias="to", description="The last day of reading, London's.")
    limit: int = Field(lists.DEFAULT_LIMIT, ge=1, le=lists.MOST)
    cursor: str | None = Field(None, description="`next` of the page before.")
    format: str | None = Field(None, description="json, csv, ndjson or parquet; over `Accept`.")


class _Place(Body):
    """A row of the list, below which the next page begins."""

    at: Instant
    id: UUID


def _place(cursor: str | None) -> tuple[datetime | None, UUID | None]:
    read = lists.position(cursor, frozenset({"at", "id"}))
    if read is None:
        return None, None
    try:
        place = _Place.model_validate(read)
    except ValidationError as caught:
        raise lists.not_ours() from caught
    return place.at, place.id


Found = tuple[list[dict[str, Any]], dict[str, Any] | None]
"""Items, and the place of the last where more follow."""


async def _page(caller: Caller, filters: ReadFilters, place: tuple[datetime | None, UUID | None], limit: int) -> Found:
    """Give so many reads at the most, below a place."""
    async with database.reading(caller.engine, caller.school_id) as connection:
        pupil_nos = await pupil_ids.narrowed(connection, caller.school_id, filters.pupil)
        rows = [
            row
            async for row in _sql.reads(
                connection,
                school_id=caller.school_id,
                pupil_nos=pupil_nos,
                clients=filters.client,
                since=midnight(filters.first),
                until=midnight(filters.last, after=True),
                before_at=place[0],
                before_id=place[1],
                limit=limit + 1,
            )
        ]
        named = [row["pupil_no"] for row in rows if row["pupil_no"] is not None]
        ids = await pupil_ids.ids(connection, caller.school_id, named)
    items = [
        {
            "at": written(row["at"]),
            "client": row["client_id"],
            "what": row["what"],
            "pupil": None if row["pupil_no"] is None else ids[row["pupil_no"]],
            "read_by": row["read_by"],
            "from": None if row["first_day"] is None else row["first_day"].isoformat(),
            "to": None if row["last_day"] is None else row["last_day"].isoformat(),
            "as_at": f"seq:{row['seq']}",
        }
        for row in rows[:limit]
    ]
    if len(rows) <= limit:
        return items, None
    return items, {"at": items[-1]["at"], "id": str(rows[limit - 1]["id"])}


async def _all(caller: Caller, filters: ReadFilters) -> AsyncIterator[list[Any]]:
    following: dict[str, Any] | None = None
    while True:
        place = _place(None if following is None else lists.cursor(following))
        items, following = await _page(caller, filters, place, lists.MOST)
        for item in items:
            yield [item[name] for name in COLUMNS]
        if following is None:
            return


@router.get("/v1/schools/{urn}/reads", summary="List who looked", response_model=dict[str, Any], responses=tells(Reads))
async def get_reads(
    caller: AuditReader, filters: Annotated[ReadFilters, Query()], request: Request, response: Response
) -> Any:
    """Give the reads of pupils' history, newest first: through which client, of whom, and as at which position.

    Without a pupil a read was of the whole school. This list is not itself a read of a pupil's history. In
    another format than JSON all of it.
    """
    wanted = formats.chosen(request, filters.format)
    if wanted is not formats.Format.JSON:
        return formats.stream(_all(caller, filters), COLUMNS, wanted)
    items, following = await _page(caller, filters, _place(filters.cursor), filters.limit)
    return lists.page(request, response, items, following)
