"""What several schools of a trust or an authority come to together, joined by UPN: thresholds met, registers that
contradict each other.

Read from the entries when asked: no school's own worker sees another's pupils. UPNs are held for the time of an answer.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query

from analytics_worker import casework, reaches, school
from analytics_worker.alert_answers import Across, AuthorityAcross, TrustAcross
from analytics_worker.alert_counts import SEES_ALERTS
from analytics_worker.authority import Area, AtAuthority
from analytics_worker.reaches import AtTrust, Member, Reached, TrustUid
from codes import acts, notices
from codes.alerts import Alert
from codes.book import Session
from codes.calendar import academic_year, academic_year_bounds, school_weeks
from codes.dual import DualConflict, dual_conflicts
from codes.joined import AtSchool, MetAcross, across_schools
from codes.judging import Held
from codes.notices import Notice
from kit import database, pupil_ids, reads
from kit.contract import tells
from kit.database import Connection

router = APIRouter(tags=["trusts and authorities"])
_sql = database.statements(__file__)

At = tuple[date, Session]


@dataclass(frozen=True, slots=True)
class Part:
    """One school's pupil, by the school's own id; `notices` are those that count to the limit of them today."""

    one: Member
    pupil: str
    entries: AtSchool
    spent: frozenset[At]
    notices: tuple[Notice, ...]


_Told = tuple[Held, Sequence[Part]]
Kinds = Annotated[list[Across] | None, Query(description="Of which kinds alone.")]


@router.get(
    "/v1/trusts/{uid}/alerts/across-schools",
    summary="Alerts over several schools of a trust",
    responses=tells(TrustAcross),
)
async def across_trust(
    trust: Annotated[Reached, Depends(AtTrust(SEES_ALERTS))],
    uid: TrustUid,
    kind: Kinds = None,
    read_by: reads.ReadBy = None,
) -> dict[str, Any]:
    """Give the penalty thresholds that ten sessions of more than one of the schools have met together, as they stand.

    Pupils are joined by UPN. Nothing is told that one school's sessions alone have met: that is its own alert. A
    session counts once, and not where another of the schools had the pupil or authorised the absence. Sessions that a
    notice relies on, or that were dealt with, at whichever school, are spent; `notices` are those of each school about
    the pupil that count today to two in three years, whichever parent they are to. Beside them, of this academic year,
    the sessions that two schools of a pupil have both marked, or neither: `dual-conflict`.
    """
    return {"trust_uid": uid, **await _told(trust, kind, read_by)}


@router.get(
    "/v1/local-authorities/{la_code}/alerts/across-schools",
    summary="Alerts over several schools of an authority",
    responses=tells(AuthorityAcross),
)
async def across_authority(
    area: Annotated[Area, Depends(AtAuthority(SEES_ALERTS))], kind: Kinds = None, read_by: reads.ReadBy = None
) -> dict[str, Any]:
    """Give what several schools of an authority come to together, as for a trust."""
    return {"la_code": area.la_code, **await _told(await reaches.of_authority(area), kind, read_by)}


async def _told(among: Reached, kinds: Sequence[Alert] | None, read_by: str | None) -> dict[str, Any]:
    told: list[_Told] = []
    if kinds is None or Alert.PENALTY_THRESHOLD in kinds:
        told += await _met(among)
    if kinds is None or Alert.DUAL_CONFLICT in kinds:
        told += await _in_conflict(among)
    told.sort(key=lambda each: (each[0].since, each[0].kind, [(part.one.school_id, part.pupil) for part in each[1]]))
    read: defaultdict[tuple[Member, Literal["alerts", "notices"]], set[str]] = defaultdict(set)
    for held, of_pupil in told:
        for part in of_pupil:
            read[part.one, "alerts"].add(part.pupil)
            if _told_of_notices(held) and part.notices:
                read[part.one, "notices"].add(part.pupil)
    for (one, what), pupils in read.items():
        await reads.record(among.at(one), read_by, what, one.seq, pupils=sorted(pupils))
    schools = [{"urn": one.urn, "seq": one.seq, "behind": one.behind} for one in among.schools]
    return {"items": [_shown(held, of_pupil) for held, of_pupil in told], "next": None, "schools": schools}


async def _met(among: Reached) -> list[_Told]:
    """The thresholds that were met, each with its pupil at each school."""
    counted: Counter[str] = Counter()
    for one in among.schools:
        async with database.reading(among.engine, one.school_id) as connection:
            counted.update({row["upn"] async for row in _sql.with_upn(connection, school_id=one.school_id, on=None)})
    found = await parts(among, sorted(upn for upn, schools in counted.items() if schools > 1))
    return _with_parts(thresholds(found), found)


def thresholds(found: Sequence[Part]) -> dict[str, tuple[MetAcross, ...]]:
    """Give the thresholds that the schools of some parts have met together, by UPN."""
    spent = defaultdict[str, frozenset[At]](frozenset)
    for part in found:
        spent[part.entries.upn] |= part.spent
    return across_schools((part.entries for part in found), spent)


async def _in_conflict(among: Reached) -> list[_Told]:
    """The registers that contradict each other about a session of this academic year, each with its pupil at each."""
    first = academic_year_bounds(academic_year(among.now().date()))[0]
    counted: Counter[str] = Counter()
    for one in among.schools:
        async with database.reading(among.engine, one.school_id) as connection:
            rows = _sql.on_roll_since(connection, school_id=one.school_id, first=first)
            counted.update({row["upn"] async for row in rows})
    upns = sorted(upn for upn, schools in counted.items() if schools > 1)
    found: list[Part] = []
    for one in among.schools if upns else ():
        async with database.reading(among.engine, one.school_id) as connection:
            pupils = await with_upns(connection, one, upns)
            about = {"school_id": one.school_id, "pupil_nos": [row["pupil_no"] for row in pupils]}
            rows = _sql.entries_since(connection, first=first, **about)
            found += await _as_parts(connection, one, pupils, [row async for row in rows], among.now().date())
    return _with_parts(dual_conflicts(part.entries for part in found), found)


def _with_parts(held_by: Mapping[str, Sequence[Held]], found: Sequence[Part]) -> list[_Told]:
    at_schools = defaultdict[str, list[Part]](list)
    for part in found:
        at_schools[part.entries.upn].append(part)
    return [
        (
            held,
            [
                part
                for part in at_schools[upn]
                if part.one.urn in (held.urns if isinstance(held, DualConflict) else (part.one.urn,))
            ],
        )
        for upn, of_pupil in held_by.items()
        for held in of_pupil
    ]


def _told_of_notices(held: Held) -> bool:
    return held.kind is Alert.PENALTY_THRESHOLD


def _shown(held: Held, of_pupil: Sequence[Part]) -> dict[str, Any]:
    shown = {
        "kind": str(held.kind),
        "pupils": [{"urn": part.one.urn, "pupil": part.pupil} for part in of_pupil],
        "since": held.since.isoformat(),
        "period": held.period,
        "evidence": held.evidence(),
    }
    if _told_of_notices(held):
        counted = [(notice, part.one.urn) for part in of_pupil for notice in part.notices]
        shown["notices"] = [
            {"urn": urn, "id": notice.id, "parent": notice.parent, "issued_on": notice.issued_on.isoformat()}
            for notice, urn in sorted(counted, key=lambda each: (each[0].issued_on, each[1], each[0].id))
        ]
    return shown


async def parts(among: Reached, upns: Sequence[str]) -> list[Part]:
    """Give what each school has of the pupils of some UPNs in the sessions that any of them has as unauthorised.

    The schools are read one after another: who goes there and in which sessions, then what stands in just those.
    """
    pupils: dict[Member, list[Mapping[str, Any]]] = {}
    asked = defaultdict[str, set[At]](set)
    for one in among.schools if upns else ():
        async with database.reading(among.engine, one.school_id) as connection:
            pupils[one] = await with_upns(connection, one, upns)
            by_no = {row["pupil_no"]: row["upn"] for row in pupils[one]}
            async for row in _sql.unauthorised(connection, school_id=one.school_id, pupil_nos=[*by_no]):
                asked[by_no[row["pupil_no"]]].add((row["session_date"], Session(row["session"])))
    found: list[Part] = []
    for one, there in pupils.items():
        keys = [(row["pupil_no"], *at) for row in there for at in asked[row["upn"]]]
        if keys:
            async with database.reading(among.engine, one.school_id) as connection:
                found += await _of_school(connection, one, there, keys, among.now().date())
    return found


async def unauthorised_on_roll(connection: Connection, school_id: int, on: date) -> list[str]:
    """Give the UPNs of a school's pupils on roll on a day of whom an unauthorised entry stands."""
    return [row["upn"] async for row in _sql.with_upn(connection, school_id=school_id, on=on)]


async def with_upns(connection: Connection, one: Member, upns: Sequence[str]) -> list[Mapping[str, Any]]:
    """Give the pupils of a school who have one of some UPNs now."""
    return [row async for row in _sql.pupils(connection, school_id=one.school_id, upns=upns)]


async def _of_school(
    connection: Connection,
    one: Member,
    pupils: Sequence[Mapping[str, Any]],
    keys: Sequence[tuple[int, date, Session]],
    today: date,
) -> list[Part]:
    """Give what a school has of each pupil in the sessions that are asked for, on its open days and while on roll."""
    nos, dates, sessions = (list(column) for column in zip(*keys, strict=True))
    about = {"school_id": one.school_id, "pupil_nos": nos, "dates": dates, "sessions": sessions}
    return await _as_parts(connection, one, pupils, [row async for row in _sql.entries(connection, **about)], today)


async def _as_parts(
    connection: Connection,
    one: Member,
    pupils: Sequence[Mapping[str, Any]],
    rows: Sequence[Mapping[str, Any]],
    today: date,
) -> list[Part]:
    """Give each pupil of a school with those of some entries that lie on its open days and while on roll."""
    facts = await school.load(connection, one.school_id)
    days, weeks = frozenset(facts.all_open_days()), school_weeks(facts.all_school_days())
    entries = defaultdict[int, list[tuple[date, Session, str]]](list)
    on_roll = {row["pupil_no"]: row["on_roll"] for row in pupils}
    for row in rows:
        no, on = row["pupil_no"], row["session_date"]
        if on in days and any(_is_within(on, span) for span in on_roll[no]):
            entries[no].append((on, Session(row["session"]), row["code"]))
    ids = await pupil_ids.ids(connection, one.school_id, on_roll)
    about_them = await casework.load(connection, one.school_id, on_roll)
    found = []
    for row in pupils:
        no = row["pupil_no"]
        standing = list({notice.id: notice for _, notice in about_them.notices.get(no, ())}.values())
        dealt_with = acts.dealt_with(act for _, act in about_them.acts.get(no, ()))
        of_pupil = AtSchool(one.urn, row["upn"], row["date_of_birth"], entries[no], weeks)
        spent = notices.spent(standing, str(no), today) | dealt_with
        found.append(Part(one, ids[no], of_pupil, spent, notices.counting(standing, today)))
    return found


def _is_within(on: date, span: Any) -> bool:
    return bool(span.lower <= on and (span.upper is None or on < span.upper))
