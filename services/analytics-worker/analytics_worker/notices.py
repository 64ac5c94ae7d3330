"""Penalty notices and notices to improve as records: what was stated, what follows from it by now, and its history."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from analytics_worker import casework, summary
from analytics_worker.casework import NOTICE_TO_IMPROVE, PENALTY_NOTICE
from analytics_worker.casework_bodies import (
    AlertsReader,
    AlertsWriter,
    DryRun,
    NoticeBecame,
    NoticePath,
    Notices,
    NoticeVersion,
    NoticeWithHistory,
    PutNotice,
)
from codes import improvement, notices
from codes.identifiers import shaped_like_upn
from codes.improvement import NoticeToImprove
from codes.notices import Notice
from kit import database, lists, pupil_ids, reads
from kit.contract import refuses, tells
from kit.database import Connection
from kit.fields import Body, written
from kit.problems import Fault, Problem, pointer
from kit.schools import Caller

router = APIRouter(tags=["notices"])
_sql = database.statements(__file__)

Row = Mapping[str, Any]
_REGISTER = "The attendance register, as far as it was folded"
_OF_IMPROVEMENT = frozenset({"starts", "ends", "contents"})
_OF_BOTH = frozenset({"kind", "pupil", "parent", "issued_by", "issued_on", "made_by"})
_HAPPENED = ("issued_on", "received_on", "paid_on", "withdrawn_on", "prosecuted_on", "ended_on", "excluded_on")
_STATED = tuple(name for name in NoticeVersion.model_fields if name in PutNotice.model_fields and name != "made_by")


def _refused(faults: Sequence[Fault]) -> Problem:
    return Problem("invalid-notice", "The notice cannot be kept.", tuple(faults))


def _ill_formed(id_: str, body: PutNotice, today: date) -> Iterator[Fault]:
    """Say what no notice of this kind can be, whatever else is known."""
    if shaped_like_upn(id_):
        yield Fault("An id must not look like a UPN: it stands in addresses.", parameter="id")
    if shaped_like_upn(body.parent):
        yield Fault("An id of a parent does not look like a UPN.", pointer="#/parent")
    is_penalty = body.kind == PENALTY_NOTICE
    for name in sorted(PutNotice.model_fields.keys() - _OF_BOTH):
        if getattr(body, name) is not None and (name in _OF_IMPROVEMENT) is is_penalty:
            yield Fault(f"A {body.kind} has none.", pointer([name]))
    for name in ("starts", "ends"):
        if not is_penalty and getattr(body, name) is None:
            yield Fault("A notice to improve has the first and the last day of its period.", pointer([name]))
    for name in _HAPPENED:
        if (day := getattr(body, name)) is not None and day > today:
            yield Fault("Not in the future.", pointer([name]))
    seen = set()
    for n, each in enumerate(body.sessions or ()):
        if each.date > body.issued_on:
            yield Fault("After the day of issue.", pointer(["sessions", n]))
        if (each.date, each.session) in seen:
            yield Fault("The same session again.", pointer(["sessions", n]))
        seen.add((each.date, each.session))


def improving(id_: str, child: str, said: Mapping[str, Any]) -> NoticeToImprove:
    """Read a notice to improve from its body as it was stated."""
    issued_on, starts, ends = (date.fromisoformat(said[name]) for name in ("issued_on", "starts", "ends"))
    contents = frozenset(said["contents"])
    return NoticeToImprove(id_, said["parent"], child, said["issued_by"], issued_on, starts, ends, contents)


async def _penalties(connection: Connection, caller: Caller, pupil_no: int) -> list[Notice]:
    """Give the penalty notices about a pupil as they stand, in the order in which they were first stated."""
    found = (await casework.load(connection, caller.school_id, [pupil_no])).notices.get(pupil_no, ())
    return list({notice.id: notice for _, notice in found}.values())


def _against(kind: str, id_: str, child: str, said: Mapping[str, Any], known: Sequence[Notice]) -> list[notices.Fault]:
    """Give what the law has against a notice, the member by its name."""
    if kind == NOTICE_TO_IMPROVE:
        return list(improvement.faults(improving(id_, child, said)))
    return list(notices.faults(casework.notice_of(id_, child, said), known))


def _warned(fault: notices.Fault) -> dict[str, str]:
    # A part of the contents that is missing has no place of its own in the list of them.
    member = "contents" if fault.member.startswith("contents/") else fault.member
    return {"pointer": pointer(member.split("/")), "detail": fault.detail, "source": fault.source}


async def _unlike_register(
    connection: Connection, caller: Caller, pupil_no: int, said: Mapping[str, Any]
) -> list[notices.Fault]:
    """Give the sessions for which the register has another code by now, or none."""
    relied = said.get("sessions", ())
    rows = _sql.stands(
        connection,
        school_id=caller.school_id,
        pupil_no=pupil_no,
        dates=[date.fromisoformat(each["date"]) for each in relied],
        sessions=[each["session"] for each in relied],
    )
    stands = {(row["session_date"].isoformat(), row["session"]): row["code"] async for row in rows}
    return [
        notices.Fault(
            f"sessions/{n}",
            f"The register has {stands.get((each['date'], each['session']), 'nothing')}.",
            _REGISTER,
            False,
        )
        for n, each in enumerate(relied)
        if stands.get((each["date"], each["session"])) != each["code"]
    ]


def _follows(row: Row, known: Sequence[Notice], today: date) -> dict[str, Any]:
    """Say what follows from a notice by a day."""
    child = str(row["pupil_no"])
    if row["kind"] == NOTICE_TO_IMPROVE:
        over = improving(row["id"], child, json.loads(row["said"])).over(today)
        return {"tier": None, "state": None, "payable": [], "owed_pounds": None, "next": None, "period_over": over}
    notice = casework.notice_of(row["id"], child, json.loads(row["said"]))
    tier = notices.tier_of(notice, known)
    state = notices.state(notice, tier, today)
    amounts = notices.payable(notice, tier)
    is_owed = state in (notices.State.ISSUED, notices.State.PAYABLE)
    return {
        "tier": tier,
        "state": state,
        "payable": [
            {"pounds": each.pounds, "last_day": None if each.last_day is None else each.last_day.isoformat()}
            for each in amounts
        ],
        "owed_pounds": notices.owed(notice, tier, today) if is_owed else None,
        "next": notices.tier(known, notice.parent, child, today).evidence(),
        "period_over": None,
    }


def _version(row: Row) -> dict[str, Any]:
    said = {"sessions": [], "contents": [], **json.loads(row["said"])}
    return {
        **{name: said.get(name) for name in _STATED},
        "no": row["no"],
        "kind": row["kind"],
        "made_by": {"name": row["name"], "position": row["position"]},
        "recorded_at": written(row["recorded_at"]),
        "client": row["client_id"],
    }


def _shown(row: Row, pupil: str, known: Sequence[Notice], today: date) -> dict[str, Any]:
    return {**_version(row), "id": row["id"], "pupil": pupil, "follows": _follows(row, known, today)}


@router.put(
    "/v1/schools/{urn}/notices/{id}",
    summary="State a penalty notice or a notice to improve",
    openapi_extra=refuses("invalid-notice", "unknown-pupil"),
    responses=tells(NoticeBecame),
)
async def put_notice(caller: AlertsWriter, id_: NoticePath, body: PutNotice, dry_run: DryRun = False) -> dict[str, Any]:
    """Keep what is known of a notice; what equals what stands is `unchanged`, and everything before it is kept.

    Its sessions are spent for the penalty threshold until it is withdrawn. What the law leaves no choice about is
    refused; what speaks against it besides is kept and answered with `warnings`, each with its source.
    """
    async with database.writing(caller.engine, caller.school_id, dry_run=dry_run) as connection:
        await casework.lock(connection, caller.school_id)
        now = caller.now()
        numbers = await pupil_ids.numbers(connection, caller.school_id, [body.pupil])
        if body.pupil not in numbers:
            detail = f"There is no pupil {body.pupil!r}."
            raise Problem("unknown-pupil", detail, (Fault("Unknown.", pointer="#/pupil"),))
        pupil_no, said = numbers[body.pupil], body.said()
        versions = [row async for row in _sql.versions(connection, school_id=caller.school_id, id=id_)]
        before = versions[-1] if versions else None
        faults = list(_ill_formed(id_, body, now.date()))
        if before is not None and before["pupil_no"] != pupil_no:
            faults.append(Fault("Under this id a notice about another pupil is known.", pointer="#/pupil"))
        if before is not None and before["kind"] != body.kind:
            faults.append(Fault(f"Under this id a {before['kind']} is known.", pointer="#/kind"))
        if faults:
            raise _refused(faults)
        known = await _penalties(connection, caller, pupil_no)
        against = _against(body.kind, id_, str(pupil_no), said, known)
        if refused := [fault for fault in against if fault.refused]:
            raise _refused([Fault(fault.detail, pointer(fault.member.split("/"))) for fault in refused])
        against += await _unlike_register(connection, caller, pupil_no, said)
        row, outcome = before, "unchanged"
        if row is None or json.loads(row["said"]) != said:
            row, outcome = await _add(connection, caller, id_, pupil_no, body), "changed" if row else "entered"
            known = await _penalties(connection, caller, pupil_no)
        shown = _shown(row, body.pupil, known, now.date())
    return {**shown, "outcome": outcome, "warnings": [_warned(fault) for fault in against]}


async def _add(connection: Connection, caller: Caller, id_: str, pupil_no: int, body: PutNotice) -> Row:
    row: Row = await _sql.add(
        connection,
        school_id=caller.school_id,
        no=await casework.next_no(connection, caller.school_id),
        id=id_,
        pupil_no=pupil_no,
        kind=body.kind,
        at=caller.now(),
        client_id=caller.identity.client_id,
        name=body.made_by.name,
        position=body.made_by.position,
        body=json.dumps(body.said()),
    )
    return row


@router.get(
    "/v1/schools/{urn}/notices/{id}",
    summary="A notice, and everything stated of it",
    openapi_extra=refuses("unknown-notice"),
    responses=tells(NoticeWithHistory),
)
async def get_notice(caller: AlertsReader, id_: NoticePath, read_by: reads.ReadBy = None) -> dict[str, Any]:
    """Give a notice as it stands, what follows from it today, what speaks against it, and each version of it."""
    today = caller.now().date()
    async with database.reading(caller.engine, caller.school_id) as connection:
        versions = [row async for row in _sql.versions(connection, school_id=caller.school_id, id=id_)]
        if not versions:
            raise Problem("unknown-notice", f"There is no notice {id_!r}.", (Fault("Unknown.", parameter="id"),))
        row = versions[-1]
        pupil_no, said = row["pupil_no"], json.loads(row["said"])
        pupil = (await pupil_ids.ids(connection, caller.school_id, [pupil_no]))[pupil_no]
        known = await _penalties(connection, caller, pupil_no)
        against = _against(row["kind"], id_, str(pupil_no), said, known)
        against += await _unlike_register(connection, caller, pupil_no, said)
        position = await summary.as_of(connection, caller.school_id, caller.now())
    await reads.record(caller, read_by, "notices", position["seq"], pupils=[pupil])
    return {
        **_shown(row, pupil, known, today),
        "history": [_version(each) for each in versions],
        "warnings": [_warned(fault) for fault in against],
    }


class NoticeFilters(Body):
    """What narrows the list: `pupil`, which may be repeated."""

    pupil: list[str] | None = None
    limit: Annotated[int, Query(ge=1, le=lists.MOST)] = lists.DEFAULT_LIMIT
    cursor: str | None = None


@router.get("/v1/schools/{urn}/notices", summary="A school's notices", responses=tells(Notices))
async def get_notices(
    caller: AlertsReader,
    filters: Annotated[NoticeFilters, Query()],
    request: Request,
    response: Response,
    read_by: reads.ReadBy = None,
) -> dict[str, Any]:
    """Give the notices as they stand, with what follows from each today; pages keep to what stood at the first."""
    place = lists.numbers(filters.cursor, frozenset({"no", "before"}))
    today = caller.now().date()
    async with database.reading(caller.engine, caller.school_id) as connection:
        last = place["no"] if place else await _sql.last_no(connection, school_id=caller.school_id) or 0
        pupil_nos = await pupil_ids.narrowed(connection, caller.school_id, filters.pupil)
        found = _sql.listed(
            connection,
            school_id=caller.school_id,
            up_to=last,
            before=place["before"] if place else last + 1,
            pupil_nos=pupil_nos,
            limit=filters.limit + 1,
        )
        rows = [row async for row in found]
        numbers = {row["pupil_no"] for row in rows}
        ids = await pupil_ids.ids(connection, caller.school_id, numbers)
        versions = (await casework.load(connection, caller.school_id, numbers)).notices
        known = {no: list({each.id: each for _, each in versions.get(no, ())}.values()) for no in numbers}
        position = await summary.as_of(connection, caller.school_id, caller.now())
    if rows:
        await reads.record(caller, read_by, "notices", position["seq"], pupils=filters.pupil)
    more, rows = len(rows) > filters.limit, rows[: filters.limit]
    items = [_shown(row, ids[row["pupil_no"]], known[row["pupil_no"]], today) for row in rows]
    following = {"no": last, "before": rows[-1]["no"]} if more else None
    return lists.page(request, response, items, following)
