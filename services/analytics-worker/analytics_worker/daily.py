"""An authority's day: one row a pupil and session of every school it has, and every row restated since."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from analytics_worker import positions, pulls, rows
from analytics_worker.answers import Daily
from analytics_worker.authority import Area, AtAuthority
from analytics_worker.pulls import DailyFilters, Part, Pull
from kit import database, formats, lists, parquet, reads
from kit.contract import tells
from kit.database import Connection
from kit.formats import Format
from kit.problems import Fault, Problem, invalid_parameter

router = APIRouter(tags=["authorities"])

_DAYS_A_CHUNK = 5
"""Open days of one school that are held in memory at a time, and read in one short transaction."""
CHANGED_AFTER = "Rollbook-Changed-After"
Write: TypeAlias = Callable[[Connection, rows.Query], Awaitable[bytes]]


@router.get(
    "/v1/local-authorities/{la_code}/daily", summary="An authority's day, and what was restated", responses=tells(Daily)
)
async def daily(
    area: Annotated[Area, Depends(AtAuthority("attendance:read"))],
    filters: Annotated[DailyFilters, Query()],
    request: Request,
    response: Response,
    read_by: reads.ReadBy = None,
) -> Any:
    """Give one row a pupil on roll and open session, by school, date, session and pupil; today's without a date.

    A session without an entry is a row too: `missing`, or `not-due` until its register closes. CSV, NDJSON and Parquet
    are streamed, all of them, an academic year at the most; JSON comes in pages, of 31 days. Every answer carries
    `changed_after` (in a stream the header Rollbook-Changed-After): given back as the parameter of that name it gives
    every row restated since, of any date up to today or the last that was asked for, and as `closed` what is not on
    roll or open any more, or stands under a URN that the authority has no longer. JSON says how many rows each register
    on the page has of each state; for a stream ask `part=registers`.
    """
    format_ = formats.chosen(request, filters.format)
    if format_ is Format.JSON:
        return await _page(area, filters, request, response, read_by)
    wanted = await pulls.asked(area, filters, None, pulls.MOST_DAYS_STREAMED)
    if filters.part is Part.REGISTERS and wanted.since is not None:
        raise invalid_parameter("part", "The registers of dates can be had, not those of what was restated.")
    media = formats.MEDIA[format_]
    headers = {CHANGED_AFTER: wanted.now.text()}
    if wanted.as_at is not None:
        headers["Rollbook-As-At"] = json.dumps(wanted.as_at, separators=(",", ":"))
    return StreamingResponse(_stream(wanted, filters.part, format_, read_by), media_type=media, headers=headers)


async def _stream(wanted: Pull, part: Part, format_: Format, read_by: str | None) -> AsyncIterator[bytes]:
    columns = rows.COLUMNS if part is Part.ROWS else rows.REGISTER_COLUMNS
    write = {
        (Part.ROWS, Format.NDJSON): rows.ndjson,
        (Part.REGISTERS, Format.NDJSON): rows.registers_ndjson,
        (Part.ROWS, Format.CSV): rows.csv,
        (Part.REGISTERS, Format.CSV): rows.registers_csv,
        # The database writes texts of every column fastest as CSV, and pyarrow reads nothing faster.
        (Part.ROWS, Format.PARQUET): rows.csv,
        (Part.REGISTERS, Format.PARQUET): rows.registers_csv,
    }[part, format_]
    chunks = _chunks(wanted, write, read_by, recorded=part is Part.REGISTERS)
    if format_ is Format.PARQUET:
        chunks = parquet.of_csv(chunks, columns)
    elif format_ is Format.CSV:
        yield (",".join(columns) + "\r\n").encode()
    async for chunk in chunks:
        yield chunk


async def _chunks(wanted: Pull, write: Write, read_by: str | None, *, recorded: bool) -> AsyncIterator[bytes]:
    """Give school after school, some days of one at a time: a slow reader holds neither memory nor transaction."""
    for place, one in wanted.parts():
        query, written, told = None, 0, recorded
        while query is None or written < len(query.days):
            async with database.reading(wanted.area.engine, one.school_id) as connection:
                query = query or await wanted.query(connection, place, one)
                days = query.days[written : written + _DAYS_A_CHUNK]
                chunk = await write(connection, replace(query, days=days)) if days else b""
            written += _DAYS_A_CHUNK
            if chunk:
                if not told:
                    await wanted.record(one, read_by)
                    told = True
                yield chunk


async def _page(
    area: Area, filters: DailyFilters, request: Request, response: Response, read_by: str | None
) -> dict[str, Any]:
    if filters.part is Part.REGISTERS:
        raise invalid_parameter("part", "JSON gives both.")
    position = lists.position(filters.cursor, frozenset({"school", "place", "now"}))
    now = None if position is None else positions.read(str(position["now"]), area.la_code, "cursor")
    wanted = await pulls.asked(area, filters, now, pulls.MOST_DAYS)
    # By the number and not the URN: a school that is converted between two pages keeps its place.
    at = None if position is None else position["school"]
    if at is not None and type(at) is not int:
        raise lists.not_ours()
    items: list[dict[str, Any]] = []
    registers: list[dict[str, Any]] = []
    turned = 0
    for turn, one in wanted.parts():
        if at is not None and turn < at:
            continue
        after = _place(position["place"]) if position is not None and turn == at else None
        async with database.reading(area.engine, one.school_id) as connection:
            query = await wanted.query(connection, turn, one)
            found = await _some(connection, replace(query, after=after, most=filters.limit + 1 - len(items)))
            shown = found[: filters.limit - len(items)]
            registers += await _registers(connection, query, shown)
        if shown:
            turned = turn
            await wanted.record(one, read_by)
        items += found
        if len(items) > filters.limit:
            break
    more = len(items) > filters.limit
    items = items[: filters.limit]
    text = wanted.now.text()
    following = None
    if more:
        last = items[-1]
        following = {"school": turned, "place": [last["date"], last["session"], last["pupil"]], "now": text}
    return {
        "la_code": area.la_code,
        **({} if wanted.as_at is None else {"as_at": wanted.as_at}),
        **lists.page(request, response, items, following),
        "changed_after": text,
        "registers": registers,
        "schools": [{"urn": one.urn, "seq": one.seq, "behind": one.behind} for one in wanted.schools],
    }


async def _some(connection: Connection, query: rows.Query) -> list[dict[str, Any]]:
    """Give the first rows of a query, some days at a time and none that come after enough has been found."""
    assert query.most is not None
    found: list[dict[str, Any]] = []
    begin = date.min if query.after is None else date.fromisoformat(query.after[0])
    days = [day for day in query.days if day >= begin]
    while days and len(found) < query.most:
        some, days = days[:_DAYS_A_CHUNK], days[_DAYS_A_CHUNK:]
        found += await rows.items(connection, replace(query, days=some, most=query.most - len(found)))
    return found


def _place(read: Any) -> rows.Place:
    try:
        on, session, pupil = read
        return date.fromisoformat(on).isoformat(), str(session), str(pupil)
    except (TypeError, ValueError) as caught:
        raise Problem(
            "invalid-cursor", "The cursor cannot be read.", (Fault("Not ours.", parameter="cursor"),)
        ) from caught


async def _registers(
    connection: Connection, query: rows.Query, shown: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Give the whole registers that some rows of a school belong to."""
    sessions = {(row["date"], row["session"]) for row in shown}
    if not sessions:
        return []
    days = sorted({date.fromisoformat(on) for on, _ in sessions})
    counted = await rows.registers(connection, replace(query, days=days, restated=None))
    return [each for each in counted if (each["date"], each["session"]) in sessions]
