"""A list of the audit, newest first: in pages as JSON, or all of it streamed in another format, as at one position."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response
from pydantic import Field

from kit import database, formats, lists
from kit.database import Connection
from kit.fields import Body
from kit.formats import Format
from kit.schools import Caller
from ledger.as_at import AsAt, resolve
from register_api.bodies import AsAtRead

AS_AT = "Rollbook-As-At"
"""The header in which an answer that is no JSON object says what it answered at."""

Item = dict[str, Any]
Row = Sequence[Any]
Find = Callable[[Connection, AsAt, int | None, int], Awaitable[list[Item]]]
"""Give the items as at a position and below another, newest first, so many at the most; each has its `seq`."""


class Paged(Body):
    """As at when a list is wanted, which part of it, and in what form."""

    as_at: str | None = Field(None, description="An instant, or `seq:N`: the list as it stood then.")
    limit: int = Field(lists.DEFAULT_LIMIT, ge=1, le=lists.MOST)
    cursor: str | None = Field(None, description="`next` of the page before.")
    format: str | None = Field(None, description="json, csv, ndjson or parquet; over `Accept`.")


def flat(item: Mapping[str, Any], columns: Iterable[str]) -> Row:
    """Give an item's values in the order of columns, name and position out of `made_by`."""
    made_by = item["made_by"] or {"name": None, "position": None}
    return [made_by[name] if name in ("name", "position") else item[name] for name in columns]


def said(at: AsAt) -> str:
    """Write what was answered at as the header has it: JSON of the members that `as_at` has elsewhere."""
    return AsAtRead.of(at).model_dump_json()


@dataclass(frozen=True, slots=True)
class Listing:
    """One list: its columns, how its items are found and become rows, and what is done before it is answered."""

    columns: Sequence[str]
    find: Find
    rows: Callable[[Item], Iterable[Row]]
    record: Callable[[AsAt], Awaitable[None]]

    async def answer(self, caller: Caller, asked: Paged, request: Request, response: Response) -> Any:
        """Give a page, or all of it; whatever can be refused is refused, and the read recorded, before it begins."""
        format_ = formats.chosen(request, asked.format)
        whole = format_ is not Format.JSON
        place = None if whole else lists.numbers(asked.cursor, frozenset({"seq", "before"}))
        as_at, before = (asked.as_at, None) if place is None else (f"seq:{place['seq']}", place["before"])
        async with database.reading(caller.engine, caller.school_id) as connection:
            at = await resolve(connection, caller.school_id, as_at, caller.now())
            items = [] if whole else await self.find(connection, at, before, asked.limit + 1)
        await self.record(at)
        if whole:
            return formats.stream(self._all(caller, at), self.columns, format_, {AS_AT: said(at)})
        more, items = len(items) > asked.limit, items[: asked.limit]
        following = {"seq": at.seq, "before": items[-1]["seq"]} if more else None
        return {"as_at": AsAtRead.of(at).model_dump(), **lists.page(request, response, items, following)}

    async def _all(self, caller: Caller, at: AsAt) -> AsyncIterator[Row]:
        """Give every row, page after page, each in a transaction of its own: a slow reader holds nothing."""
        before = None
        while True:
            async with database.reading(caller.engine, caller.school_id) as connection:
                items = await self.find(connection, at, before, lists.MOST)
            for item in items:
                for row in self.rows(item):
                    yield row
            if len(items) < lists.MOST:
                return
            before = items[-1]["seq"]
