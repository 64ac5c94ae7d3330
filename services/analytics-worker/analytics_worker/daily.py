"""An authority's day: one row a pupil and session of every school it has, and every row restated since."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, timedelta
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from analytics_worker import authority, positions, restated, rows, school
from analytics_worker.answers import Daily
from analytics_worker.authority import Area, AreaSchool, AtAuthority
from analytics_worker.positions import Positions
from kit import database, formats, lists, reads
from kit.contract import tells
from kit.database import Connection
from kit.fields import Body, Day, written
from kit.formats import Format
from kit.problems import Fault, Problem
from kit.schools import LONDON
from ledger.as_at import instant_of

router = APIRouter(tags=["authorities"])

MOST_DAYS = 31
_DAYS_A_CHUNK = 5
"""Open days of one school that are held in memory at a time, and read in one short transaction."""
CHANGED_AFTER = "Rollbook-Changed-After"


class Part(StrEnum):
    """What a stream holds: the rows, or how many each school and session has of each state."""

    ROWS = "rows"
    REGISTERS = "registers"


class DailyFilters(Body):
    """A date, or two, or what was restated; and in which form."""

    date: Day | None = None
    first: Annotated[Day | None, Query(alias="from")] = None
    last: Annotated[Day | None, Query(alias="to")] = None
    changed_after: str | None = None
    as_at: str | None = Field(None, description="An instant: every school as it stood then.")
    part: Part = Part.ROWS
    format: str | None = None
    limit: Annotated[int, Query(ge=1, le=lists.MOST)] = lists.DEFAULT_LIMIT
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What one request asks for: days, or what changed between two positions of the authority's schools."""

    area: Area
    schools: Sequence[AreaSchool]
    now: Positions
    first: date
    last: date
    since: Positions | None
    as_at: dict[str, Any] | None

    async def record(self, one: AreaSchool, read_by: str | None) -> None:
        """Record, before they are given, that a school's rows are read."""
        dates = (self.first, self.last) if self.since is None else (None, None)
        await reads.record(self.area.at(one), read_by, "daily", one.seq, dates=dates)

    async def query(self, connection: Connection, one: AreaSchool) -> rows.Query:
        """Give the query for one school's rows."""
        now = self.now.at.astimezone(LONDON)
        if self.as_at is not None:
            facts = await school.load(connection, one.school_id, one.seq)
            return rows.Query(one, facts, now, facts.open_days(self.first, self.last), up_to=one.seq)
        facts = await school.load(connection, one.school_id)
        if self.since is None:
            return rows.Query(one, facts, now, facts.open_days(self.first, self.last))
        after = self.since.seqs.get(one.school_id, 0)
        before = self.since.at.astimezone(LONDON)
        changed = await restated.since(connection, one, facts, after, before, now)
        return rows.Query(one, facts, now, changed.days, changed)


def _dates(filters: DailyFilters, today: date) -> tuple[date, date]:
    named = [name for name in ("date", "first", "last", "changed_after") if getattr(filters, name) is not None]
    if named not in ([], ["date"], ["first", "last"], ["changed_after"]):
        raise _refused("date", "Give date, or from and to, or changed_after.")
    if filters.first is None or filters.last is None:
        return (filters.date or today,) * 2
    if not timedelta(0) <= filters.last - filters.first < timedelta(days=MOST_DAYS):
        raise _refused("to", f"From and to span 1 to {MOST_DAYS} days.")
    return filters.first, filters.last


def _refused(parameter: str, detail: str) -> Problem:
    return Problem("invalid-parameter", f"{parameter}: {detail}", (Fault(detail, parameter=parameter),))


async def _wanted(area: Area, filters: DailyFilters, now: Positions | None) -> _Wanted:
    """Give what is asked, as at `now` or, on a first page, at the positions that stand."""
    moment, as_at = area.now(), None
    schools = await authority.schools(area)
    if filters.as_at is not None:
        if filters.changed_after is not None:
            raise _refused("as_at", "What was restated is so since then until now.")
        # The schools and their facts of reach are those of today: who may read a school does not follow from its past.
        moment = instant_of(filters.as_at, moment)
        schools, settled = await authority.schools_at(area, schools, filters.as_at)
        if now is not None:
            now = replace(now, at=moment)
            schools = [replace(one, seq=now.seqs.get(one.school_id, one.seq)) for one in schools]
        as_at = {"instant": written(moment.astimezone(UTC)), "settled": settled}
    standing = now or Positions(area.la_code, moment, {one.school_id: one.seq for one in schools})
    first, last = _dates(filters, standing.at.astimezone(LONDON).date())
    asked = filters.changed_after
    since = None if asked is None else positions.read(asked, area.la_code, "changed_after")
    return _Wanted(area, schools, standing, first, last, since, as_at)


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

    A session without an entry is a row too: `missing`, or `not-due` until its register closes. CSV and NDJSON are
    streamed, all of them; JSON comes in pages. Every answer carries `changed_after` (in a stream the header
    Rollbook-Changed-After): given back as the parameter of that name it gives every row restated since, of any date,
    and what is not on roll or open any more as `closed`. JSON says how many rows each register on the page has of each
    state; for a stream ask `part=registers`.
    """
    format_ = formats.chosen(request, filters.format)
    if format_ is Format.JSON:
        return await _page(area, filters, request, response, read_by)
    wanted = await _wanted(area, filters, None)
    if filters.part is Part.REGISTERS and wanted.since is not None:
        raise _refused("part", "The registers of dates can be had, not those of what was restated.")
    media = formats.MEDIA[format_]
    headers = {CHANGED_AFTER: wanted.now.text()}
    if wanted.as_at is not None:
        headers["Rollbook-As-At"] = json.dumps(wanted.as_at, separators=(",", ":"))
    return StreamingResponse(_stream(wanted, filters.part, format_, read_by), media_type=media, headers=headers)


async def _stream(wanted: _Wanted, part: Part, format_: Format, read_by: str | None) -> AsyncIterator[bytes]:
    """Give school after school, some days of one at a time: a slow reader holds neither memory nor transaction."""
    if format_ is Format.CSV:
        columns = rows.COLUMNS if part is Part.ROWS else rows.REGISTER_COLUMNS
        yield (",".join(columns) + "\r\n").encode()
    write = {
        (Part.ROWS, Format.CSV): rows.csv,
        (Part.ROWS, Format.NDJSON): rows.ndjson,
        (Part.REGISTERS, Format.CSV): rows.registers_csv,
        (Part.REGISTERS, Format.NDJSON): rows.registers_ndjson,
    }[part, format_]
    for one in wanted.schools:
        query, written, recorded = None, 0, part is Part.REGISTERS
        while query is None or written < len(query.days):
            async with database.reading(wanted.area.engine, one.school_id) as connection:
                query = query or await wanted.query(connection, one)
                days = query.days[written : written + _DAYS_A_CHUNK]
                chunk = await write(connection, replace(query, days=days)) if days else b""
            written += _DAYS_A_CHUNK
            if chunk:
                if not recorded:
                    await wanted.record(one, read_by)
                    recorded = True
                yield chunk


async def _page(
    area: Area, filters: DailyFilters, request: Request, response: Response, read_by: str | None
) -> dict[str, Any]:
    if filters.part is Part.REGISTERS:
        raise _refused("part", "JSON gives both.")
    position = lists.position(filters.cursor, frozenset({"school", "place", "now"}))
    now = None if position is None else positions.read(str(position["now"]), area.la_code, "cursor")
    wanted = await _wanted(area, filters, now)
    # By the number and not the URN: a school that is converted between two pages keeps its place.
    at = None if position is None else position["school"]
    if at is not None and type(at) is not int:
        raise lists.not_ours()
    items: list[dict[str, Any]] = []
    registers: list[dict[str, Any]] = []
    for one in wanted.schools:
        if at is not None and one.school_id < at:
            continue
        place = _place(position["place"]) if position is not None and one.school_id == at else None
        async with database.reading(area.engine, one.school_id) as connection:
            query = await wanted.query(connection, one)
            found = await _some(connection, replace(query, after=place, most=filters.limit + 1 - len(items)))
            shown = found[: filters.limit - len(items)]
            registers += await _registers(connection, query, shown)
        if shown:
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
        school_id = next(one.school_id for one in wanted.schools if one.urn == last["urn"])
        following = {"school": school_id, "place": [last["date"], last["session"], last["pupil"]], "now": text}
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
