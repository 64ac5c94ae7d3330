"""A school's calendar of an academic year: which sessions are open."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import Field

from codes.calendar import CalendarFault, academic_year_bounds, calendar_from_body, closed_why, count
from kit import database
from kit.database import Connection
from kit.fields import Body, Words
from kit.problems import Fault, Problem, pointer
from kit.schools import Caller
from ledger import append, read
from ledger.as_at import resolve
from ledger.leaf import canonical
from register_api.bodies import AsAtRead, Change
from register_api.caller import AsAtText, DryRun, RegisterReader, RollWriter
from register_api.changes import append_all, new_change

router = APIRouter(tags=["calendars"])
_sql = database.statements(__file__)

AcademicYear = Annotated[str, Path(description="An academic year.", examples=["2026-27"])]


class TermBody(Body):
    """A term, from its first day to its last."""

    name: Words
    starts: str
    ends: str


class HolidayBody(Body):
    """Days on which the whole school is closed as planned."""

    from_: Annotated[str, Field(alias="from")]
    to: str
    name: Words


class PutCalendar(Body):
    """Terms, holidays and INSET days; bank holidays are known and left out."""

    terms: list[TermBody]
    holidays: tuple[HolidayBody, ...] = ()
    inset_days: tuple[str, ...] = ()
    change: Change | None = None


@router.put("/v1/schools/{urn}/calendar/{academic_year}", summary="Set or change a calendar")
async def put_calendar(
    caller: RollWriter, academic_year: AcademicYear, body: PutCalendar, dry_run: DryRun = False
) -> dict[str, Any]:
    """Keep the calendar of a year and count its days and sessions.

    A change that would close a session which has entries is refused, `sessions-marked`, with those sessions named.
    """
    kept = body.model_dump(mode="json", by_alias=True, exclude={"change"})
    try:
        first, last = academic_year_bounds(academic_year)
        if first < append.FIRST_DAY or last > append.LAST_DAY:
            raise ValueError(f"the book holds sessions from {append.FIRST_DAY} to {append.LAST_DAY}")
        calendar = calendar_from_body(kept, academic_year)
    except CalendarFault as caught:
        fault = Fault(caught.detail, pointer=pointer(caught.member.split("/") if caught.member else ()))
        raise Problem("invalid-calendar", caught.detail, (fault,)) from caught
    except ValueError as caught:
        raise Problem("invalid-calendar", str(caught), (Fault(str(caught), parameter="academic_year"),)) from caught
    text = canonical(kept)
    async with database.writing(caller.engine, caller.school_id, dry_run=dry_run) as connection:
        head = await append.lock(connection, caller.school_id)
        now = caller.now()
        standing = await _sql.calendar(connection, school_id=caller.school_id, academic_year=academic_year, seq=None)
        if standing is None or standing != text:
            marked = await read.marked_dates(connection, caller.school_id, (first, last))
            if closed := [(on, session) for on, session in marked if closed_why(calendar, on) is not None]:
                sessions = [{"date": on.isoformat(), "session": session} for on, session in closed]
                detail = f"{len(closed)} sessions that have entries would be closed, the first on {closed[0][0]}."
                raise Problem("sessions-marked", detail, extra={"sessions": sessions})
            change = new_change("calendar-changed", f"calendar:{academic_year}", text, body.change, now)
            for at in await append_all(connection, caller, head, [change], now):
                await keep(connection, caller.school_id, academic_year, at.seq, text)
        return await _shown(connection, caller, academic_year, None)


async def keep(connection: Connection, school_id: int, academic_year: str, seq: int, body: str) -> None:
    """Write the row that is found again by what a change of the calendar said."""
    await _sql.add_calendar(connection, school_id=school_id, academic_year=academic_year, seq=seq, body=body)


async def _shown(connection: Connection, caller: Caller, academic_year: str, as_at: str | None) -> dict[str, Any]:
    at = await resolve(connection, caller.school_id, as_at, caller.now())
    text = await _sql.calendar(connection, school_id=caller.school_id, academic_year=academic_year, seq=at.seq)
    if text is None:
        raise Problem("calendar-missing", f"There is no calendar for {academic_year}.")
    body = json.loads(text)
    days, sessions = count(calendar_from_body(body, academic_year))
    return {
        "academic_year": academic_year,
        **body,
        "days": days,
        "sessions": sessions,
        "as_at": AsAtRead.of(at).model_dump(),
    }


@router.get("/v1/schools/{urn}/calendar/{academic_year}", summary="Read a calendar")
async def get_calendar(caller: RegisterReader, academic_year: AcademicYear, as_at: AsAtText = None) -> dict[str, Any]:
    """Give the calendar as it stands or stood, with the days and sessions that it opens."""
    async with database.reading(caller.engine, caller.school_id) as connection:
        return await _shown(connection, caller, academic_year, as_at)
