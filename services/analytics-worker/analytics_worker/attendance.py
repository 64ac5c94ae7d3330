"""Attendance: a pupil's and a school's, over any days, in the DfE's words."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from analytics_worker import counting, roll, school, summary
from analytics_worker.counting import By, Enrolment
from analytics_worker.periods import Asked, Period, bounds
from codes.tallies import EMPTY, Tally, add
from kit import database, lists, pupil_ids
from kit.database import Connection
from kit.fields import Day
from kit.problems import Fault, Problem
from kit.schools import AtSchool, Caller

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


def _head(caller: Caller, first: date, last: date) -> dict[str, Any]:
    return {"urn": caller.urn, "from": first.isoformat(), "to": last.isoformat()}


@router.get("/v1/schools/{urn}/attendance", summary="A school's attendance")
async def of_school(
    caller: Reader,
    asked: Which,
    request: Request,
    response: Response,
    by: Annotated[By | None, Query(description="Also for each pupil, class or year group.")] = None,
    limit: lists.Limit = lists.DEFAULT_LIMIT,
    cursor: lists.CursorText = None,
) -> dict[str, Any]:
    """Give the figures of all pupils on roll, and with `by` those of each part as `items`.

    A pupil who changed class counts in each, with the days spent there. Days without a calendar or marks give zeros and
    null rates.
    """
    position = lists.position(cursor, frozenset({"after"}))
    now = caller.now()
    async with database.reading(caller.engine, caller.school_id) as connection:
        facts = await school.load(connection, caller.school_id)
        first, last = bounds(asked, facts, now.date())
        tallies = await counting.of_school(connection, caller.school_id, facts.open_days(first, last), by or By.PUPIL)
        parts = {} if by is None else await _parts(connection, caller.school_id, tallies, by)
        position_of = await summary.as_of(connection, caller.school_id, now)
    whole = {**_head(caller, first, last), **summary.of_group(_pooled(tallies)), "as_of": position_of}
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
    connection: Connection, school_id: int, tallies: Mapping[Enrolment, Tally], by: By
) -> dict[str, dict[str, Any]]:
    """Give each part's summary by its name; a pupil without a class is in the part without a name."""
    if by is By.PUPIL:
        ids = await pupil_ids.ids(connection, school_id, [enrolment.pupil_no for enrolment in tallies])
        return {ids[enrolment.pupil_no]: summary.of_pupil(counted) for enrolment, counted in tallies.items()}
    grouped: defaultdict[str, list[Tally]] = defaultdict(list)
    for enrolment, counted in tallies.items():
        grouped[enrolment.part or ""].append(counted)
    return {part: summary.of_group(counted) for part, counted in grouped.items()}


@router.get("/v1/schools/{urn}/pupils/{id}/attendance", summary="A pupil's attendance")
async def of_pupil(caller: Reader, id_: PupilPath, asked: Which) -> dict[str, Any]:
    """Give one pupil's figures while on roll, with the levels reached and the days lost."""
    now = caller.now()
    async with database.reading(caller.engine, caller.school_id) as connection:
        numbers: Sequence[int] = list((await pupil_ids.numbers(connection, caller.school_id, [id_])).values())
        if not numbers:
            raise Problem("unknown-pupil", f"There is no pupil {id_!r}.", (Fault("Unknown.", parameter="id"),))
        facts = await school.load(connection, caller.school_id)
        first, last = bounds(asked, facts, now.date())
        enrolled = await roll.enrolled(connection, caller.school_id, numbers)
        tallies = await counting.of_pupils(connection, caller.school_id, facts.open_days(first, last), enrolled)
        position_of = await summary.as_of(connection, caller.school_id, now)
    counted = tallies.get(numbers[0], EMPTY)
    figures = {**summary.of_pupil(counted), "days_lost": counted.overall_absence / 2}
    return {**_head(caller, first, last), "pupil": id_, **figures, "as_of": position_of}
