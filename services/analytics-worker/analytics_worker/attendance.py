"""Attendance: a school's and a pupil's, over any days, parted by anything, in the DfE's words."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import Field

from analytics_worker import asking, comparing, counting, school, summary
from analytics_worker.asking import SEES_GROUPS, SEES_PUPILS, SummaryFilters
from analytics_worker.comparing import Compare
from analytics_worker.counting import Counted
from analytics_worker.figures import PupilAttendance, SchoolAttendance
from analytics_worker.questions import By, Question
from codes.calendar import academic_year, academic_year_bounds
from codes.school import School
from codes.tallies import PERSISTENT_TIMES, SEVERE_TIMES, Tally, sessions_left
from kit import database, pupil_ids, reads
from kit.contract import refuses, tells
from kit.database import Connection
from kit.fields import Day
from kit.problems import Fault, Problem
from kit.schools import LONDON, AtSchool, Caller
from ledger.as_at import AsAt, resolve, shown

router = APIRouter(tags=["attendance"])

PupilPath = Annotated[str, Path(alias="id", pattern=r"^[A-Za-z0-9._~-]{1,64}$", description="The MIS's own id.")]


class AttendanceFilters(SummaryFilters):
    """What may be asked at a school: also as at a position, and beside other figures."""

    as_at: str | None = Field(
        None,
        description="An instant, or `seq:N`: counted from the register itself as it stood then.",
        examples=["seq:412"],
    )
    compare: list[Compare] = Field([], description="What to lay beside the figures.")
    action_on: Day | None = Field(None, description="With compare=action: the day of the action.")
    weeks: int = Field(6, ge=1, le=39, description="With compare=action: school weeks before and after it.")


async def at_position(connection: Connection, caller: Caller, as_at: str | None) -> AsAt | None:
    """Give the position asked for; None for what has been folded."""
    return None if as_at is None else await resolve(connection, caller.school_id, as_at, caller.now())


def today(caller: Caller, at: AsAt | None) -> date:
    """Give the day of what is answered at, London's."""
    return caller.now().date() if at is None else at.instant.astimezone(LONDON).date()


async def position_of(connection: Connection, caller: Caller, at: AsAt | None) -> dict[str, Any]:
    """Say from which position figures were made, and what was answered at where that was asked."""
    if at is None:
        return {"as_of": await summary.as_of(connection, caller.school_id, caller.now())}
    position = shown(at)
    return {"as_of": {"seq": at.seq, "behind": 0, "at": position["instant"]}, "as_at": position}


@router.get("/v1/schools/{urn}/attendance", summary="A school's attendance", responses=tells(SchoolAttendance))
async def of_school(
    caller: Annotated[Caller, Depends(AtSchool(SEES_PUPILS, SEES_GROUPS))],
    filters: Annotated[AttendanceFilters, Query()],
    request: Request,
    response: Response,
    read_by: reads.ReadBy = None,
) -> Any:
    """Give the figures of all pupils on roll, and with `by` those of each part as `items`; `by` may be given twice.

    A pupil who changed class counts in each, with the days spent there. Days without a calendar or marks give zeros and
    null rates. With `as_at` entries, roll and calendar are as they stood then, and today is the day of that instant.
    Who holds `summaries:read` alone sees no pupil, and nothing that is of one or two pupils.
    """
    who_reads = asking.reader(caller.identity, request, filters.by)
    async with database.reading(caller.engine, caller.school_id) as connection:
        at = await at_position(connection, caller, filters.as_at)
        seq = None if at is None else at.seq
        facts = await school.load(connection, caller.school_id, seq)
        present = today(caller, at)
        question = filters.question(facts, present)
        counted = await counting.ask(connection, caller.school_id, facts, question, seq=seq)
        beside = comparing.Asked(filters.compare, filters.asked(), filters.action_on, filters.weeks, present)
        compared = await comparing.of_school(connection, caller, facts, question, counted.whole, beside, who_reads, seq)
        position = await position_of(connection, caller, at)
    if By.PUPIL in question.by:
        dates = (question.first, question.last)
        await reads.record(caller, read_by, "attendance", position["as_of"]["seq"], dates=dates)
    head = {"urn": caller.urn, **compared, **position}
    return asking.answer(request, response, filters, head, counted, question, who_reads)


@router.get(
    "/v1/schools/{urn}/pupils/{id}/attendance",
    summary="A pupil's attendance",
    openapi_extra=refuses("unknown-pupil"),
    responses=tells(PupilAttendance),
)
async def of_pupil(
    caller: Annotated[Caller, Depends(AtSchool(SEES_PUPILS))],
    id_: PupilPath,
    filters: Annotated[AttendanceFilters, Query()],
    request: Request,
    response: Response,
    read_by: reads.ReadBy = None,
) -> Any:
    """Give one pupil's figures while on roll, the levels reached, the days lost and the sessions left to each line.

    `by`, `compare` and `as_at` as for a school.
    """
    async with database.reading(caller.engine, caller.school_id) as connection:
        at = await at_position(connection, caller, filters.as_at)
        seq = None if at is None else at.seq
        pupil_no, id_ = await known(connection, caller, id_, seq)
        facts = await school.load(connection, caller.school_id, seq)
        present = today(caller, at)
        question = filters.question(facts, present)
        asked: dict[str, Any] = {"pupil_nos": [pupil_no], "seq": seq}
        counted = await counting.ask(connection, caller.school_id, facts, question, **asked)
        beside = comparing.Asked(filters.compare, filters.asked(), filters.action_on, filters.weeks, present)
        compared = await comparing.of_pupil(connection, caller, facts, question, counted.whole.total, beside, **asked)
        left = await _left(connection, caller, facts, question.last, present, **asked)
        position = await position_of(connection, caller, at)
    dates = (question.first, question.last)
    await reads.record(caller, read_by, "pupil-attendance", position["as_of"]["seq"], pupils=[id_], dates=dates)
    head = {"urn": caller.urn, "pupil": id_, "sessions_left": left, **compared, **position}
    return asking.of_one(request, response, filters, head, counted, question)


async def known(connection: Connection, caller: Caller, id_: str, seq: int | None) -> tuple[int, str]:
    """Give a pupil's number, and the id by which the pupil is known now; raise `unknown-pupil`."""
    found = await pupil_ids.numbers(connection, caller.school_id, [id_], seq)
    numbers = list(found.values())
    if not numbers:
        raise Problem("unknown-pupil", f"There is no pupil {id_!r}.", (Fault("Unknown.", parameter="id"),))
    return numbers[0], (await pupil_ids.ids(connection, caller.school_id, numbers, seq))[numbers[0]]


async def _left(
    connection: Connection, caller: Caller, facts: School, last: date, present: date, **asked: Any
) -> dict[str, int | None]:
    """Say how many more sessions of the academic year may be missed before each line is reached.

    ASSUMPTION: every session that the calendar still opens after today will be a possible one.
    """
    first, ends = academic_year_bounds(academic_year(min(last, present)))
    counted: Counted = await counting.ask(connection, caller.school_id, facts, Question(first, ends), **asked)
    total: Tally = counted.whole.total
    to_come = 2 * len([day for day in facts.open_days(first, ends) if day > present])
    possible, absent = total.possible_sessions + to_come, total.overall_absence
    line = facts.policy(present).referral_below
    below = None if line is None else max(0, int((1 - line) * possible) - absent)
    return {
        "persistent": sessions_left(absent, possible, PERSISTENT_TIMES),
        "severe": sessions_left(absent, possible, SEVERE_TIMES),
        "referral": below,
    }
