"""What one pull of an authority asks for: days, or whatever was restated since another pull."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, timedelta
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from analytics_worker import authority, positions, restated, rows, school
from analytics_worker.authority import Area, AreaSchool, SchoolThen
from analytics_worker.positions import Positions
from analytics_worker.restated import Before, Restated
from kit import database, lists, reads
from kit.database import Connection
from kit.fields import Body, Day, written
from kit.problems import invalid_parameter
from kit.schools import LONDON
from ledger.as_at import instant_of, resolve

MOST_DAYS = 31
MOST_DAYS_STREAMED = 366
"""An academic year: a stream holds some days of one school however many there are."""
_STREAMED_FOR = timedelta(minutes=1)
"""From its instant an answer's positions are read within so much."""


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
    format: str | None = Field(None, description="json, csv, ndjson or parquet; over `Accept`.")
    limit: Annotated[int, Query(ge=1, le=lists.MOST)] = lists.DEFAULT_LIMIT
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Since:
    """What a reader had: its positions, each school as it was then, and those of which no row stands any more.

    A school is gone that the authority has no longer, and one under the URN that it had before another.
    """

    seen: Positions
    then: Mapping[int, SchoolThen]
    gone: Sequence[AreaSchool]

    def before(self, one: AreaSchool) -> Before | None:
        """Give what the reader had of a school; None for one that is new, or has another URN."""
        then = self.then.get(one.school_id)
        if then is None or then.urn != one.urn:
            return None
        seen, at = self.seen, self.seen.at.astimezone(LONDON)
        return Before(seen.seqs[one.school_id], seen.heads[one.school_id], at, then)


@dataclass(frozen=True, slots=True)
class Pull:
    """What one request asks for: days, or what changed between two positions of the authority's schools."""

    area: Area
    schools: Sequence[AreaSchool]
    now: Positions
    first: date
    last: date
    since: Since | None
    as_at: dict[str, Any] | None

    def parts(self) -> list[tuple[int, AreaSchool]]:
        """Give the schools whose rows are given, in order, each with its place: first those that are gone, below 0."""
        gone = () if self.since is None else self.since.gone
        return [*((-one.school_id, one) for one in reversed(gone)), *((one.school_id, one) for one in self.schools)]

    async def record(self, one: AreaSchool, read_by: str | None) -> None:
        """Record, before they are given, that a school's rows are read."""
        dates = (self.first, self.last) if self.since is None else (None, None)
        await reads.record(self.area.at(one), read_by, "daily", one.seq, dates=dates)

    async def query(self, connection: Connection, place: int, one: AreaSchool) -> rows.Query:
        """Give the query for the rows of a school at a place among `parts`."""
        now = self.now.at.astimezone(LONDON)
        facts = await school.load(connection, one.school_id, one.head)
        if self.since is None:
            up_to = None if self.as_at is None else one.seq
            return rows.Query(one, facts, now, facts.open_days(self.first, self.last), up_to=up_to)
        if place < 0:
            days = [day for day in facts.all_open_days() if day <= self.since.seen.until]
            return rows.Query(one, facts, now, days, Restated(0, 0, days, everything=True))
        before = self.since.before(one)
        if before is None:
            return rows.Query(one, facts, now, [day for day in facts.all_open_days() if day <= self.now.until])
        changed = await restated.since(connection, one, facts, before, now, self.now.until)
        return rows.Query(one, facts, now, changed.days, changed)


async def asked(area: Area, filters: DailyFilters, now: Positions | None, most_days: int) -> Pull:
    """Give what is asked, as at `now` or, on a first page, at the positions that stand."""
    moment, as_at = area.now(), None
    schools = await authority.schools(area)
    if filters.as_at is not None:
        if filters.changed_after is not None:
            raise invalid_parameter("as_at", "What was restated is so since then until now.")
        # The schools and their facts of reach are those of today: who may read a school does not follow from its past.
        moment = instant_of(filters.as_at, moment)
        schools, settled = await authority.schools_at(area, schools, filters.as_at)
        as_at = {"instant": written(moment.astimezone(UTC)), "settled": settled}
    if now is not None:
        now = replace(now, at=now.at if as_at is None else moment)
        schools = [_placed(one, now) for one in schools]
    first, last = _dates(filters, (moment if now is None else now.at).astimezone(LONDON).date(), most_days)
    since = await _since(area, filters.changed_after, schools)
    if now is None:
        seqs, heads = ({one.school_id: getattr(one, name) for one in schools} for name in ("seq", "head"))
        until = max(last, moment.astimezone(LONDON).date())
        now = Positions(area.la_code, moment, seqs, heads, until if since is None else max(until, since.seen.until))
    return Pull(area, schools, now, first, last, since, as_at)


def _placed(one: AreaSchool, at: Positions) -> AreaSchool:
    """Give a school at the position of page one, if it was there."""
    seq, head = at.seqs.get(one.school_id, one.seq), at.heads.get(one.school_id, one.head)
    return replace(one, seq=seq, behind=head - seq)


def _dates(filters: DailyFilters, today: date, most_days: int) -> tuple[date, date]:
    named = [name for name in ("date", "first", "last", "changed_after") if getattr(filters, name) is not None]
    if named not in ([], ["date"], ["first", "last"], ["changed_after"]):
        raise invalid_parameter("date", "Give date, or from and to, or changed_after.")
    if filters.first is None or filters.last is None:
        return (filters.date or today,) * 2
    if not timedelta(0) <= filters.last - filters.first < timedelta(days=most_days):
        more = f", as a stream {MOST_DAYS_STREAMED}" if most_days < MOST_DAYS_STREAMED else ""
        raise invalid_parameter("to", f"From and to span 1 to {most_days} days{more}.")
    return filters.first, filters.last


async def _since(area: Area, text: str | None, schools: Sequence[AreaSchool]) -> Since | None:
    if text is None:
        return None
    seen = positions.read(text, area.la_code, "changed_after")
    # Nothing was read in the future, whatever the text says.
    seen = replace(seen, at=min(seen.at, area.now()))
    then = await authority.schools_then(area, seen.heads, seen.at.astimezone(LONDON).date())
    standing = {(one.school_id, one.urn) for one in schools}
    gone = [
        await _gone(area, school_id, facts, seen)
        for school_id, facts in sorted(then.items())
        if facts.la_code == area.la_code and (school_id, facts.urn) not in standing
    ]
    return Since(seen, then, gone)


async def _gone(area: Area, school_id: int, then: SchoolThen, seen: Positions) -> AreaSchool:
    """Give a school of which no row stands any more, as a school that closed before its first day.

    Its pupils are those whom the authority could read: what was recorded after the reader's instant is not theirs.
    """
    head, read_by = seen.heads[school_id], seen.at + _STREAMED_FOR
    if read_by < area.now():
        async with database.reading(area.engine, school_id) as connection:
            at = await resolve(connection, school_id, written(read_by.astimezone(UTC)), area.now())
        head = min(at.seq, head)
    return AreaSchool(school_id, then.urn, then.laestab, area.la_code, date.min, head, 0)
