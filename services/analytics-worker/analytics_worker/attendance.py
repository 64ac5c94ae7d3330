"""Attendance: a pupil's and a school's, over any days, in the DfE's words."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from analytics_worker import counting, roll, school, summary
from analytics_worker.answers import PupilAttendance, SchoolAttendance
from analytics_worker.counting import By, Enrolment
from analytics_worker.periods import Asked, Period, bounds
from codes.tallies import EMPTY, Tally, add
from kit import database, lists, pupil_ids, reads
from kit.contract import refuses, tells
from kit.database import Connection
from kit.fields import Day
from kit.problems import Fault, Problem
from kit.schools import LONDON, AtSchool, Caller
from ledger.as_at import AsAt, resolve, shown

router = APIRouter(tags=["attendance"])

Reader = Annotated[Caller, Depends(AtSchool("attendance:read"))]
PupilPath = Annotated[str, Path(alias="id", pattern=r"^[A-Za-z0-9._~-]{1,64}$", description="The MIS's own id.")]


def _asked(
    first: Annotated[Day | None, Query(alias="from", description="The first date.")] = None,
    last: Annotated[Day | None, Query(alias="to", description="The last date.")] = None,
    period: Annotated[Period | None, Query(description="In place of from and to; the year without any.")] = None,
    on: Annotated[Day | None, Query(description="A date in the period; today without it.")] = None,
) -> Asked:
    return Asked(first, last, period, on)


Which = Annotated[Asked, Depends(_asked)]


AsAtText = Annotated[
    str | None,
    Query(
        alias="as_at",
        description="An instant, or `seq:N`: counted from the register itself as it stood then.",
        examples=["seq:412"],
    ),
]


def _head(caller: Caller, first: date, last: date) -> dict[str, Any]:
    return {"urn": caller.urn, "from": first.isoformat(), "to": last.isoformat()}


async def _at(connection: Connection, caller: Caller, as_at: str | None) -> AsAt | None:
    """Give the position asked for; None for what has been folded."""
    return None if as_at is None else await resolve(connection, caller.school_id, as_at, caller.now())


def _today(caller: Caller, at: AsAt | None) -> date:
    return caller.now().date() if at is None else at.instant.astimezone(LONDON).date()


async def _position(connection: Connection, caller: Caller, at: AsAt | None) -> dict[str, Any]:
    """Say from which position figures were made, and what was answered at where that was asked."""
    if at is None:
        return {"as_of": await summary.as_of(connection, caller.school_id, caller.now())}
    position = shown(at)
    return {"as_of": {"seq": at.seq, "behind": 0, "at": position["instant"]}, "as_at": position}


@router.get("/v1/schools/{urn}/attendance", summary="A school's attendance", responses=tells(SchoolAttendance))
async def of_school(
    caller: Reader,
    asked: Which,
    request: Request,
    response: Response,
    by: Annotated[By | None, Query(description="Also for each pupil, class or year group.")] = None,
    limit: lists.Limit = lists.DEFAULT_LIMIT,
    cursor: lists.CursorText = None,
    as_at: AsAtText = None,
    read_by: reads.ReadBy = None,
) -> dict[str, Any]:
    """Give the figures of all pupils on roll, and with `by` those of each part as `items`.

    A pupil who changed class counts in each, with the days spent there. Days without a calendar or marks give zeros and
    null rates. With `as_at` entries, roll and calendar are as they stood then, and today is the day of that instant.
    """
    position = lists.position(cursor, frozenset({"after"}))
    async with database.reading(caller.engine, caller.school_id) as connection:
        at = await _at(connection, caller, as_at)
        seq = None if at is None else at.seq
        facts = await school.load(connection, caller.school_id, seq)
        first, last = bounds(asked, facts, _today(caller, at))
        days = facts.open_days(first, last)
        tallies = await counting.of_school(connection, caller.school_id, days, by or By.PUPIL, seq)
        parts = {} if by is None else await _parts(connection, caller.school_id, tallies, by, seq)
        position_of = await _position(connection, caller, at)
    if by is By.PUPIL:
        await reads.record(caller, read_by, "attendance", position_of["as_of"]["seq"], dates=(first, last))
    whole = {**_head(caller, first, last), **summary.of_group(_pooled(tallies)), **position_of}
    if by is None:
        return whole
    names = [name for name in sorted(parts) if position is None or name > str(position["after"])]
    member = by.replace("-", "_")
    shown = names[:limit]
    items = [{member: name or None, **parts[name]} for name in shown]
    following = {"after": shown[-1]} if len(names) > limit else None
    return {**whole, "by": by, **lists.page(request, response, items, following)}


def _pooled(tallies: Mapping[Enrolment, Tally]) -> list[Tally]:
    """Give one tally a pupil, whatever parts the days were counted in."""
    by_pupil: defaultdict[int, Tally] = defaultdict(lambda: EMPTY)
    for enrolment, counted in tallies.items():
        by_pupil[enrolment.pupil_no] = add(by_pupil[enrolment.pupil_no], counted)
    return list(by_pupil.values())


async def _parts(
    connection: Connection, school_id: int, tallies: Mapping[Enrolment, Tally], by: By, seq: int | None
) -> dict[str, dict[str, Any]]:
    """Give each part's summary by its name; a pupil without a class is in the part without a name."""
    if by is By.PUPIL:
        ids = await pupil_ids.ids(connection, school_id, [enrolment.pupil_no for enrolment in tallies], seq)
        return {ids[enrolment.pupil_no]: summary.of_pupil(counted) for enrolment, counted in tallies.items()}
    grouped: defaultdict[str, list[Tally]] = defaultdict(list)
    for enrolment, counted in tallies.items():
        grouped[enrolment.part or ""].append(counted)
    return {part: summary.of_group(counted) for part, counted in grouped.items()}


@router.get(
    "/v1/schools/{urn}/pupils/{id}/attendance",
    summary="A pupil's attendance",
    openapi_extra=refuses("unknown-pupil"),
    responses=tells(PupilAttendance),
)
async def of_pupil(
    caller: Reader, id_: PupilPath, asked: Which, as_at: AsAtText = None, read_by: reads.ReadBy = None
) -> dict[str, Any]:
    """Give one pupil's figures while on roll, with the levels reached and the days lost; `as_at` as for a school."""
    async with database.reading(caller.engine, caller.school_id) as connection:
        at = await _at(connection, caller, as_at)
        seq = None if at is None else at.seq
        found = await pupil_ids.numbers(connection, caller.school_id, [id_], seq)
        numbers: Sequence[int] = list(found.values())
        if not numbers:
            raise Problem("unknown-pupil", f"There is no pupil {id_!r}.", (Fault("Unknown.", parameter="id"),))
        id_ = (await pupil_ids.ids(connection, caller.school_id, numbers, seq))[numbers[0]]
        facts = await school.load(connection, caller.school_id, seq)
        first, last = bounds(asked, facts, _today(caller, at))
        enrolled = await roll.enrolled(connection, caller.school_id, numbers, seq)
        tallies = await counting.of_pupils(connection, caller.school_id, facts.open_days(first, last), enrolled, seq)
        position_of = await _position(connection, caller, at)
    position = position_of["as_of"]["seq"]
    await reads.record(caller, read_by, "pupil-attendance", position, pupils=[id_], dates=(first, last))
    counted = tallies.get(numbers[0], EMPTY)
    figures = {**summary.of_pupil(counted), "days_lost": counted.overall_absence / 2}
    return {**_head(caller, first, last), "pupil": id_, **figures, **position_of}
