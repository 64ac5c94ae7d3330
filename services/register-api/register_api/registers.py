"""Read the register: one session of a school, or one pupil's marks with their whole chains."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from codes import planned
from codes.book import Session
from codes.calendar import academic_year, academic_year_bounds
from codes.planned import Plan
from codes.register import Sitting
from codes.school import School
from kit import database, formats, pupil_ids, reads
from kit.contract import refuses, tells
from kit.database import Connection
from kit.fields import Day, written
from kit.problems import Fault, Problem
from kit.schools import LONDON
from ledger import plans, read
from ledger.as_at import AsAt, resolve
from ledger.leaf import kind_of
from register_api import facts
from register_api.answers.registers import PupilMarks, RegisterRead
from register_api.bodies import AsAtRead
from register_api.caller import AsAtText, FormatText, RegisterReader
from register_api.listing import AS_AT, flat, said
from register_api.marks import SessionDate, SessionName
from register_api.removed import Removals, parts, removed, shown
from register_api.roll import PupilPath

router = APIRouter(tags=["registers"])
_sql = database.statements(__file__)

From = Annotated[
    Day | None, Query(alias="from", description="The first date; the first of the academic year without it.")
]
To = Annotated[Day | None, Query(alias="to", description="The last date; today, or that of `as_at`, without it.")]
MARK_COLUMNS = (
    *("pupil", "date", "session", "kind", "version", "code", "original_entry", "amended_entry", "arrived_at", "nature"),
    *("reason", "made_at", "name", "position", "made_by_id", "recorded_at", "client", "seq", "first_entry"),
    *("out_of_order", "removed"),
)

Classes = Annotated[list[str] | None, Query(alias="class", description="One class, or several.")]


def entry(chain: read.Chain, removals: Removals) -> dict[str, Any]:
    """Show what stands of a chain, with its first entry."""
    now = chain.current
    return {
        "code": now.code,
        "version": now.version,
        "seq": now.seq,
        "first_entry": chain.first.code,
        "arrived_at": None if now.arrived_at is None else now.arrived_at.strftime("%H:%M"),
        "nature": now.nature,
        "made_at": written(now.made_at),
        "made_by": {"name": now.name, "position": now.position},
        "recorded_at": written(now.recorded_at),
        "removed": shown(removals, now.seq),
    }


def state(sitting: Sitting | None, has_entry: bool, at: datetime) -> str:
    """Say how a pupil stands at an instant in London's time: entered, missing, not due yet, or closed."""
    if has_entry:
        return "entered"
    if sitting is None or sitting.closed is not None:
        return "closed"
    closes = datetime.combine(sitting.date, sitting.times.closes, LONDON)
    return "missing" if at >= closes else "not-due"


def taken(states: Iterable[str]) -> str:
    """Say how far a register has been taken, from the states of its pupils."""
    due = [state for state in states if state != "closed"]
    if "entered" in due:
        return "complete" if set(due) == {"entered"} else "partial"
    return "not-taken" if "missing" in due else "not-due"


async def required(
    connection: Connection, school_id: int, on: date, seq: int, classes: list[str] | None
) -> list[Mapping[str, Any]]:
    """Give every pupil the register knows, with class and year group on a date, as at a position."""
    rows = _sql.required(connection, school_id=school_id, on=on, seq=seq, classes=classes)
    return [row async for row in rows]


def expected(
    sitting: Sitting | None, school: School, on: date, session: Session, known: Sequence[Plan]
) -> dict[str, Any]:
    """Say what is expected of a pupil by the plans known of them; in a closed session the code that alone may stand."""
    ahead = planned.expected(known, (on, session), school) if known else planned.NOTHING_PLANNED
    attend, codes = ahead.attend, list(ahead.codes)
    if sitting is None or sitting.closed is not None:
        attend, codes = False, ["#" if sitting is None else sitting.closed_code]
    about = [
        {"id": plan.id, "kind": plan.kind, "code": plan.code, "outcome": outcome} for plan, outcome in ahead.planned
    ]
    return {"attend": attend, "codes": codes, "planned": about}


@router.get("/v1/schools/{urn}/registers/{date}/{session}", summary="Read a register", responses=tells(RegisterRead))
async def get_register(
    caller: RegisterReader, on: SessionDate, session: SessionName, class_: Classes = None, as_at: AsAtText = None
) -> dict[str, Any]:
    """Give every pupil on roll that day, or with an entry: state, what is expected, and the entry.

    Who is granted to be away is not expected to attend, and the codes for that are offered; nothing is entered by it.
    Boarders are outside the register (reg 10(1)) and are left out unless they have an entry.
    """
    async with database.reading(caller.engine, caller.school_id) as connection:
        at = await resolve(connection, caller.school_id, as_at, caller.now())
        school = await facts.school(connection, caller.school_id, at.seq)
        pupils = await required(connection, caller.school_id, on, at.seq, class_)
        known = await plans.standing(connection, caller.school_id, (on, on), at.seq)
        chains = await read.session_chains(connection, caller.school_id, on, session.value, at.seq)
        removals = await removed(connection, caller.school_id, [chain.current.seq for chain in chains.values()])
    instant = at.instant.astimezone(LONDON)
    items = []
    for pupil in pupils:
        chain = chains.get((pupil["pupil_no"], on, session.value))
        if chain is None and (pupil["boarder"] or not pupil["is_on_roll"]):
            continue
        sitting = school.sitting(on, session, pupil["year_group"])
        items.append(
            {
                "pupil": pupil["id"],
                "class": pupil["class"],
                "state": state(sitting, chain is not None, instant),
                "expected": expected(sitting, school, on, session, known.get(pupil["pupil_no"], ())),
                "entry": None if chain is None else entry(chain, removals),
            }
        )
    return {
        "date": on.isoformat(),
        "session": session,
        "taken": taken([item["state"] for item in items]),
        "items": items,
        "next": None,
        "as_at": AsAtRead.of(at).model_dump(),
    }


def version_of(chain: read.Chain, at: int, removals: Removals) -> dict[str, Any]:
    """Show the version of a chain at a place; of an amendment, original entry, amended entry and reason too."""
    version = chain.versions[at]
    whole: dict[str, Any] = {
        "kind": kind_of(version.version),
        "version": version.version,
        "seq": version.seq,
        "code": version.code,
        "arrived_at": None if version.arrived_at is None else version.arrived_at.strftime("%H:%M"),
        "nature": version.nature,
        "made_at": written(version.made_at),
        "made_by": {"name": version.name, "position": version.position},
        "made_by_id": version.staff_no,
        "recorded_at": written(version.recorded_at),
        "client": version.client,
        "out_of_order": chain.out_of_order(at),
        "removed": shown(removals, version.seq),
    }
    if version.version > 1:
        amended = {"original_entry": version.original_code, "amended_entry": version.code, "reason": version.reason}
        whole |= amended
    return whole


def entry_dates(first: date | None, last: date | None, at: AsAt) -> tuple[date, date]:
    """Give the dates of entries that are asked for: without them, of the academic year up to the day answered at.

    Raises `invalid-parameter` for more than 400 days.
    """
    until = last or at.instant.astimezone(LONDON).date()
    since = first or academic_year_bounds(academic_year(until))[0]
    if until - since > timedelta(days=400):
        raise Problem("invalid-parameter", "At most 400 days at once.", (Fault("At most 400 days.", parameter="from"),))
    return since, until


async def _versions(pupil: str, chains: Sequence[read.Chain], removals: Removals) -> AsyncIterator[Sequence[Any]]:
    """Give a row for each version of some chains."""
    for chain in chains:
        entered = {"pupil": pupil, "date": chain.first.date.isoformat(), "session": chain.first.session}
        for place in range(len(chain.versions)):
            version = version_of(chain, place, removals)
            shown = {"original_entry": None, "amended_entry": None, "reason": None, **version, **entered}
            gone = parts(version["removed"])
            yield flat({**shown, "first_entry": chain.first.code, "removed": gone}, MARK_COLUMNS)


@router.get(
    "/v1/schools/{urn}/pupils/{id}/marks",
    summary="Read a pupil's marks",
    response_model=dict[str, Any],
    openapi_extra=refuses("unknown-pupil"),
    responses=tells(PupilMarks),
)
async def get_pupil_marks(
    caller: RegisterReader,
    request: Request,
    id_: PupilPath,
    first: From = None,
    last: To = None,
    as_at: AsAtText = None,
    format_: FormatText = None,
    read_by: reads.ReadBy = None,
) -> Any:
    """Give one pupil's entries between two dates, each with its whole chain, the first entry first.

    In another format than JSON a row a version, each with the first entry.
    """
    wanted = formats.chosen(request, format_)
    async with database.reading(caller.engine, caller.school_id) as connection:
        at = await resolve(connection, caller.school_id, as_at, caller.now())
        dates = entry_dates(first, last, at)
        number = (await pupil_ids.numbers(connection, caller.school_id, [id_], at.seq)).get(id_)
        if number is None:
            raise Problem("unknown-pupil", f"There is no pupil {id_!r}.", (Fault("Unknown.", parameter="id"),))
        id_ = (await pupil_ids.ids(connection, caller.school_id, [number], at.seq))[number]
        chains = await read.pupil_chains(connection, caller.school_id, number, dates, at.seq)
        removals = await removed(connection, caller.school_id, read.seqs(chains))
    await reads.record(caller, read_by, "pupil-marks", at.seq, pupils=[id_], dates=dates)
    if wanted is not formats.Format.JSON:
        return formats.stream(_versions(id_, chains, removals), MARK_COLUMNS, wanted, {AS_AT: said(at)})
    items = [
        {
            "date": chain.first.date.isoformat(),
            "session": Session(chain.first.session),
            **entry(chain, removals),
            "chain": [version_of(chain, place, removals) for place in range(len(chain.versions))],
        }
        for chain in chains
    ]
    return {
        "pupil": id_,
        "from": dates[0].isoformat(),
        "to": dates[1].isoformat(),
        "items": items,
        "next": None,
        "as_at": AsAtRead.of(at).model_dump(),
    }
