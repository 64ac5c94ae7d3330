"""The day's list: at a school by pupils, of a trust's and an authority's schools by numbers."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import Field

from analytics_worker import day, reaches, school, summary
from analytics_worker.alert_counts import SEES_ALERTS
from analytics_worker.asking import SEES_PUPILS
from analytics_worker.authority import Area, AtAuthority
from analytics_worker.day import AlertHeld, DayAt, Narrowed
from analytics_worker.day_answers import AuthorityDay, SchoolDay, TrustDay
from analytics_worker.reaches import AtTrust, Reached, TrustUid
from analytics_worker.registers import InRegister
from codes.alerts import Alert
from codes.book import Session
from kit import database, lists, pupil_ids, reads
from kit.contract import tells
from kit.fields import Body, Day
from kit.schools import AtSchool, Caller

router = APIRouter(tags=["attendance"])

On = Annotated[Day, Path(alias="date", description="The day, London's.", examples=["2026-09-07"])]


class DayFilters(Body):
    """Whom and which session the day is narrowed to."""

    class_: Annotated[list[str] | None, Query(alias="class", description="One class, or several.")] = None
    year_group: list[str] | None = None
    session: Session | None = Field(None, description="AM or PM; without it the last that has begun.")

    def meant(self) -> Narrowed:
        """Give whom and which session is meant."""
        return Narrowed(self.class_, self.year_group, self.session)


class ManyDaysFilters(DayFilters):
    """The same of many schools, and where the list goes on."""

    limit: Annotated[int, Query(ge=1, le=lists.MOST)] = lists.DEFAULT_LIMIT
    cursor: str | None = Field(None, description="`next` of the page before.")


@router.get("/v1/schools/{urn}/days/{date}", summary="A school's day", responses=tells(SchoolDay))
async def day_of_school(
    caller: Annotated[Caller, Depends(AtSchool(SEES_PUPILS))],
    on: On,
    filters: Annotated[DayFilters, Query()],
    read_by: reads.ReadBy = None,
) -> dict[str, Any]:
    """Give who is on site and who is not, whose absence is unexplained, which registers are not taken, and what is due.

    A pupil is where the last session says that has begun and has an entry; on site are those present, and U. Today's
    list is live; of a day that is over it says what is known of it now. `n_entries` are all that stand, of that day and
    before. No register is missing until the year's first mark was entered here. `due_today`, the alerts open that day,
    is for those who hold `alerts:read` too.
    """
    async with database.reading(caller.engine, caller.school_id) as connection:
        facts = await school.load(connection, caller.school_id)
        found = await day.load(connection, caller.school_id, facts, on, caller.now(), filters.meant())
        numbers = {each.pupil_no for each in found.alerts if each.pupil_no is not None}
        ids = await pupil_ids.ids(connection, caller.school_id, numbers)
        position = await summary.as_of(connection, caller.school_id, caller.now())
    await reads.record(caller, read_by, "day", position["seq"], dates=(on, on))
    sees = SEES_ALERTS in caller.identity.scopes
    due = {"due_today": _due(found.alerts, ids)} if sees else {}
    return {
        "urn": caller.urn,
        "date": on.isoformat(),
        "counts": _counts(found, sees_alerts=sees),
        **_lists(found),
        **due,
        "as_of": position,
    }


def _lists(found: DayAt) -> dict[str, Any]:
    seen = [
        (each.is_on_site, {**_of(each.pupil), "session": each.session, "code": each.code, "kind": each.kind})
        for each in found.seen
    ]
    return {
        "on_site": [item for is_on_site, item in seen if is_on_site],
        "not_in": [item for is_on_site, item in seen if not is_on_site],
        "without_entry": [_of(pupil) for pupil in found.without_entry],
        "unexplained": [
            {**_of(each.pupil), "since": each.days[0].isoformat(), "days": len(each.days)} for each in found.unexplained
        ],
        "registers_not_taken": [
            {
                "class": each.facts["register"],
                "session": each.facts["session"],
                "closed_at": each.facts["closed_at"],
                "since": each.facts["due_at"][-5:],
                "required": each.facts["required"],
            }
            for each in found.not_taken
        ],
        "n_entries": [
            {
                **_of(each.pupil),
                "date": each.on.isoformat(),
                "session": each.session,
                "due": _day(each.due),
                "overdue_since": _day(each.overdue_since),
            }
            for each in found.n_entries
        ],
    }


def _of(pupil: InRegister) -> dict[str, Any]:
    return {"pupil": pupil.id, "class": pupil.class_, "year_group": pupil.year_group}


def _day(on: date | None) -> str | None:
    return None if on is None else on.isoformat()


def _due(alerts: Sequence[AlertHeld], ids: Mapping[int, str]) -> list[dict[str, Any]]:
    """Give the alerts of a day by kind, in the catalogue's order."""
    by_kind = defaultdict[Alert, list[dict[str, Any]]](list)
    for each in alerts:
        pupil = None if each.pupil_no is None else ids[each.pupil_no]
        by_kind[each.kind].append({"id": each.id, "pupil": pupil, "opened_on": each.opened_on.isoformat()})
    return [{"kind": kind, "alerts": by_kind[kind]} for kind in Alert if kind in by_kind]


def _counts(found: DayAt, *, sees_alerts: bool) -> dict[str, int]:
    on_site = sum(each.is_on_site for each in found.seen)
    alerts = {"due_today": len(found.alerts)} if sees_alerts else {}
    return {
        "on_roll": len(found.pupils),
        "on_site": on_site,
        "not_in": len(found.seen) - on_site,
        "without_entry": len(found.without_entry),
        "unexplained": len(found.unexplained),
        "registers_not_taken": len(found.not_taken),
        "n_entries": len(found.n_entries),
        "n_overdue": sum(each.overdue_since is not None for each in found.n_entries),
        **alerts,
    }


@router.get("/v1/trusts/{uid}/days/{date}", summary="A day of a trust's schools", responses=tells(TrustDay))
async def day_of_trust(
    trust: Annotated[Reached, Depends(AtTrust(SEES_PUPILS))],
    uid: TrustUid,
    on: On,
    filters: Annotated[ManyDaysFilters, Query()],
    request: Request,
    response: Response,
) -> dict[str, Any]:
    """Give of each school how many are on site, not in, unexplained and so on, as a school's own list has them."""
    return {"trust_uid": uid, **await _listed(trust, on, filters, request, response)}


@router.get(
    "/v1/local-authorities/{la_code}/days/{date}",
    summary="A day of an authority's schools",
    responses=tells(AuthorityDay),
)
async def day_of_authority(
    area: Annotated[Area, Depends(AtAuthority(SEES_PUPILS))],
    on: On,
    filters: Annotated[ManyDaysFilters, Query()],
    request: Request,
    response: Response,
) -> dict[str, Any]:
    """Give the day of each of an authority's schools, as for a trust."""
    among = await reaches.of_authority(area)
    return {"la_code": area.la_code, **await _listed(among, on, filters, request, response)}


async def _listed(
    among: Reached, on: date, filters: ManyDaysFilters, request: Request, response: Response
) -> dict[str, Any]:
    """Give the schools in order, some of them, each read in a transaction of its own."""
    after = lists.numbers(filters.cursor, frozenset({"after"})) or {"after": 0}
    schools = [one for one in among.schools if one.school_id > after["after"]]
    sees, items = SEES_ALERTS in among.identity.scopes, []
    for one in schools[: filters.limit]:
        async with database.reading(among.engine, one.school_id) as connection:
            facts = await school.load(connection, one.school_id)
            found = await day.load(connection, one.school_id, facts, on, among.now(), filters.meant())
        stands = {"urn": one.urn, "name": one.name, "seq": one.seq, "behind": one.behind}
        items.append({**stands, "counts": _counts(found, sees_alerts=sees)})
    following = {"after": schools[filters.limit - 1].school_id} if len(schools) > filters.limit else None
    return {"date": on.isoformat(), **lists.page(request, response, items, following)}
