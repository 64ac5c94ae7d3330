"""The sessions behind a pupil's figures: each entry that was counted, and as what."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from analytics_worker import attendance, school, spells
from analytics_worker.asking import SEES_PUPILS, DayFilters
from analytics_worker.attendance import PupilPath
from analytics_worker.figures import SessionsBehind
from analytics_worker.periods import bounds
from codes.ages import of_compulsory_age
from codes.book import read
from kit import database, lists, reads
from kit.contract import refuses, tells
from kit.schools import AtSchool, Caller

router = APIRouter(tags=["attendance"])
_sql = database.statements(__file__)


class BehindFilters(DayFilters):
    """Which sessions: those of some days, with some codes or with any."""

    code: list[str] | None = None
    as_at: str | None = Field(None, description="An instant, or `seq:N`.", examples=["seq:412"])
    limit: Annotated[int, Query(ge=1, le=lists.MOST)] = lists.DEFAULT_LIMIT
    cursor: str | None = Field(None, description="`next` of the page before.")


@router.get(
    "/v1/schools/{urn}/pupils/{id}/attendance/sessions",
    summary="The sessions behind a pupil's figures",
    openapi_extra=refuses("unknown-pupil"),
    responses=tells(SessionsBehind),
)
async def sessions_behind(
    caller: Annotated[Caller, Depends(AtSchool(SEES_PUPILS))],
    id_: PupilPath,
    filters: Annotated[BehindFilters, Query()],
    request: Request,
    response: Response,
    read_by: reads.ReadBy = None,
) -> dict[str, Any]:
    """Give every session of the days that counts into the pupil's figures, with the entry that stands and its class.

    What they add up to is what `.../attendance` says of the same days.
    """
    place = lists.numbers(filters.cursor, frozenset({"day", "afternoon"}))
    async with database.reading(caller.engine, caller.school_id) as connection:
        at = await attendance.at_position(connection, caller, filters.as_at)
        seq = None if at is None else at.seq
        pupil_no, id_ = await attendance.known(connection, caller, id_, seq)
        facts = await school.load(connection, caller.school_id, seq)
        first, last = bounds(filters.asked(), facts, attendance.today(caller, at))
        days = facts.open_days(first, last)
        rows = _sql.entries(connection, school_id=caller.school_id, pupil_no=pupil_no, days=days, seq=seq)
        found = [row async for row in rows]
        on_roll = await spells.load(connection, caller.school_id, [pupil_no], seq)
        position = await attendance.position_of(connection, caller, at)
    dates = (first, last)
    await reads.record(caller, read_by, "pupil-attendance", position["as_of"]["seq"], pupils=[id_], dates=dates)
    items = [
        _session(row, on_roll[0])
        for row in found
        if any(s.first <= row["session_date"] and (s.until is None or row["session_date"] < s.until) for s in on_roll)
        and (filters.code is None or row["code"] in filters.code)
        and (place is None or (row["session_date"], row["session"]) > _after(place))
    ]
    shown = items[: filters.limit]
    following = None
    if len(items) > filters.limit:
        day = date.fromisoformat(shown[-1]["date"]).toordinal()
        following = {"day": day, "afternoon": int(shown[-1]["session"] == "PM")}
    head = {"urn": caller.urn, "pupil": id_, "from": first.isoformat(), "to": last.isoformat()}
    return {**head, **lists.page(request, response, shown, following), **position}


def _after(place: Mapping[str, int]) -> tuple[date, str]:
    return lists.day(place["day"]), "PM" if place["afternoon"] else "AM"


def _session(row: Mapping[str, Any], spell: spells.Spell) -> dict[str, Any]:
    on = row["session_date"]
    compulsory = of_compulsory_age(spell.date_of_birth, on)
    reading = read(row["code"], on, compulsory)
    return {
        "date": on.isoformat(),
        "session": row["session"],
        "code": row["code"],
        "kind": reading.kind,
        "possible": reading.possible,
        "compulsory_age": compulsory,
    }
