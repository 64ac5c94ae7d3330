"""A school's calendar of an academic year: which sessions are open."""

import json
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import Field

from codes.book import Session
from codes.calendar import (
    EXPECTED_DAYS,
    EXPECTED_SESSIONS,
    Calendar,
    CalendarFault,
    academic_year_bounds,
    calendar_from_body,
    count,
    school_days,
    shortfall,
)
from codes.register import stated
from codes.school import School
from kit import database
from kit.contract import refuses, tells
from kit.database import Connection
from kit.fields import Body, Words
from kit.problems import Fault, Problem, pointer
from kit.schools import Caller
from ledger import append
from ledger.as_at import resolve
from ledger.leaf import canonical
from ledger.writers import Person
from register_api import closer, closing, facts
from register_api.answers.schools import CalendarRead
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


EXAMPLE = {
    "terms": [
        {"name": "autumn", "starts": "2026-09-03", "ends": "2026-12-18"},
        {"name": "spring", "starts": "2027-01-04", "ends": "2027-03-25"},
        {"name": "summer", "starts": "2027-04-12", "ends": "2027-07-21"},
    ],
    "holidays": [{"from": "2026-10-26", "to": "2026-10-30", "name": "half-term"}],
    "inset_days": ["2026-09-03"],
}


class PutCalendar(Body, json_schema_extra={"examples": [EXAMPLE]}):
    """Terms, holidays and INSET days; bank holidays are known and left out."""

    terms: list[TermBody]
    holidays: tuple[HolidayBody, ...] = ()
    inset_days: tuple[str, ...] = ()
    change: Change | None = None
    amend_entries: Annotated[
        bool,
        Field(strict=True, description="Amend what stands in sessions that close or open; `change` says who and why."),
    ] = False


@router.put(
    "/v1/schools/{urn}/calendar/{academic_year}",
    summary="Set or change a calendar",
    openapi_extra=refuses(
        "invalid-calendar", "made-at-in-future", "made-by-required", "reason-required", "sessions-marked"
    ),
    responses=tells(CalendarRead),
)
async def put_calendar(
    caller: RollWriter, academic_year: AcademicYear, body: PutCalendar, dry_run: DryRun = False
) -> dict[str, Any]:
    """Keep the calendar of a year and count its days and sessions.

    A change that touches entries is refused, `sessions-marked`, with the marks named; with `amend_entries` those in
    sessions that it closes are amended to #, and each # in sessions that it opens to N. Fewer than 190 days and 380
    sessions are allowed, and a warning.
    """
    kept = body.model_dump(mode="json", by_alias=True, exclude={"change", "amend_entries"})
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
            change = new_change("calendar-changed", f"calendar:{academic_year}", text, body.change, now)
            why = _why(caller, body, f"calendar:{academic_year}")
            school = await facts.school(connection, caller.school_id)
            decided = await _amendments(connection, caller.school_id, school, calendar, why, now)
            if decided and not body.amend_entries:
                raise closing.marked(decided, "stand in sessions that would be closed or opened.")
            for at in await append_all(connection, caller, head, [change], now):
                await keep(connection, caller.school_id, academic_year, at.seq, text)
            await closing.amend(connection, caller.school_id, decided, why, now)
            await closer.expect_again(connection, caller.school_id, _moved(school, calendar)[1])
        return await _shown(connection, caller, academic_year, None)


def _why(caller: Caller, body: PutCalendar, cause: str) -> closing.Why:
    """Give who amends entries, when and why; raise `made-by-required` or `reason-required` where that is asked for."""
    change = body.change
    reason = None if change is None or change.reason is None else stated(change.reason)
    if body.amend_entries and change is None:
        raise _required("made-by-required", "Who has the entries amended, by name and position?", "change")
    if body.amend_entries and reason is None:
        raise _required("reason-required", "Entries are amended for a reason in words.", "change", "reason")
    person = Person("", "") if change is None else change.made_by.person()
    made_at = None if change is None else change.made_at
    by = closing.by_system("calendar", cause)
    # Without a person and a reason nothing is amended: what would be is named in the refusal.
    return closing.Why(caller.identity.client_id, person, made_at, reason or "not stated", by)


def _required(slug: str, detail: str, *at: str) -> Problem:
    return Problem(slug, detail, (Fault(detail, pointer=pointer(at)),))


def _moved(school: School, calendar: Calendar) -> tuple[list[date], list[date]]:
    """Give the days that a calendar closes and those that it opens; a first one closes all that it leaves out."""
    standing = school.calendars.get(calendar.academic_year)
    first, last = academic_year_bounds(calendar.academic_year)
    every = [date.fromordinal(n) for n in range(first.toordinal(), last.toordinal() + 1)]
    opens, were_open = set(school_days(calendar)), set(every if standing is None else school_days(standing))
    return sorted(were_open - opens), sorted(opens if standing is None else opens - were_open)


async def _amendments(
    connection: Connection, school_id: int, school: School, calendar: Calendar, why: closing.Why, now: datetime
) -> closing.Amending:
    """Decide what becomes of entries in the sessions that a calendar closes, and of each # in those that it opens."""
    closed, opened = _moved(school, calendar)
    after = replace(school, calendars={**school.calendars, calendar.academic_year: calendar})

    async def standing(days: list[date]) -> list[closing.Standing]:
        return await closing.standing(connection, school_id, [(day, session) for day in days for session in Session])

    marked = [entry for entry in await standing(closed) if entry.code != "#"]
    left_out = [entry for entry in await standing(opened) if entry.code == "#"]
    return [
        *await closing.amending(connection, school_id, after, marked, "#", why, now),
        *await closing.amending(connection, school_id, after, left_out, "N", why, now),
    ]


async def keep(connection: Connection, school_id: int, academic_year: str, seq: int, body: str) -> None:
    """Write the row that is found again by what a change of the calendar said."""
    await _sql.add_calendar(connection, school_id=school_id, academic_year=academic_year, seq=seq, body=body)


async def _shown(connection: Connection, caller: Caller, academic_year: str, as_at: str | None) -> dict[str, Any]:
    at = await resolve(connection, caller.school_id, as_at, caller.now())
    text = await _sql.calendar(connection, school_id=caller.school_id, academic_year=academic_year, seq=at.seq)
    if text is None:
        raise Problem("calendar-missing", f"There is no calendar for {academic_year}.")
    body = json.loads(text)
    calendar = calendar_from_body(body, academic_year)
    days, sessions = count(calendar)
    lacking = shortfall(calendar)
    warnings = [] if lacking is None else [{"pointer": "#/terms", "detail": lacking.detail, "source": lacking.source}]
    return {
        "academic_year": academic_year,
        **body,
        "days": days,
        "sessions": sessions,
        "expected": {"days": EXPECTED_DAYS, "sessions": EXPECTED_SESSIONS},
        "difference": {"days": days - EXPECTED_DAYS, "sessions": sessions - EXPECTED_SESSIONS},
        "warnings": warnings,
        "as_at": AsAtRead.of(at).model_dump(),
    }


@router.get(
    "/v1/schools/{urn}/calendar/{academic_year}",
    summary="Read a calendar",
    openapi_extra=refuses("calendar-missing"),
    responses=tells(CalendarRead),
)
async def get_calendar(caller: RegisterReader, academic_year: AcademicYear, as_at: AsAtText = None) -> dict[str, Any]:
    """Give the calendar as it stands or stood, with the days and sessions that it opens."""
    async with database.reading(caller.engine, caller.school_id) as connection:
        return await _shown(connection, caller, academic_year, as_at)
