"""The roll read back: one pupil's entry with its history, and who was on roll on a date, with what held that day."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from kit import database, lists, reads
from kit.fields import Day, written
from kit.problems import Fault, Problem
from kit.schools import LONDON
from ledger.as_at import resolve
from register_api.admission import warnings_of
from register_api.bodies import AsAtRead
from register_api.caller import AsAtText, RegisterReader
from register_api.removed import removed, shown
from register_api.roll import PupilPath

router = APIRouter(tags=["roll"])
_sql = database.statements(__file__)


def _said(body: str | None) -> dict[str, Any] | None:
    """Give what a change said of a pupil; None where its body was removed, as an earlier entry's may be."""
    entry: dict[str, Any] | None = None if body is None else json.loads(body)
    return entry


@router.get("/v1/schools/{urn}/pupils/{id}", summary="Read a pupil")
async def get_pupil(
    caller: RegisterReader, id_: PupilPath, as_at: AsAtText = None, read_by: reads.ReadBy = None
) -> dict[str, Any]:
    """Give a pupil's entry in the admission register with every change of it, the latest last.

    `id` is the id that the pupil has now, or had then. `placings` says which year group, class and facts hold from
    which day on, days to come among them; `former_upns` are those that the pupil no longer has.
    """
    async with database.reading(caller.engine, caller.school_id) as connection:
        at = await resolve(connection, caller.school_id, as_at, caller.now())
        rows = [row async for row in _sql.history(connection, school_id=caller.school_id, id=id_, seq=at.seq)]
        removals = await removed(connection, caller.school_id, [row["seq"] for row in rows])
        placings = [
            _placing(row) async for row in _sql.placings(connection, school_id=caller.school_id, id=id_, seq=at.seq)
        ]
    if not rows:
        raise Problem("unknown-pupil", f"There is no pupil {id_!r}.", (Fault("Unknown.", parameter="id"),))
    await reads.record(caller, read_by, "pupil", at.seq, pupils=[id_])
    history = [
        {
            "seq": row["seq"],
            "made_at": written(row["made_at"]),
            "recorded_at": written(row["recorded_at"]),
            "made_by": None if row["name"] is None else {"name": row["name"], "position": row["position"]},
            "client": row["client_id"],
            "reason": row["reason"],
            "entry": _said(row["body"]),
            "removed": shown(removals, row["seq"]),
        }
        for row in rows
    ]
    entry = history[-1]["entry"] or {}
    had = dict.fromkeys(each["entry"]["upn"] for each in history if each["entry"] is not None)
    return {
        "id": id_,
        **entry,
        "former_upns": [upn for upn in had if upn is not None and upn != entry.get("upn")],
        "placings": placings,
        "warnings": warnings_of(entry) if entry else [],
        "history": history,
        "as_at": AsAtRead.of(at).model_dump(),
    }


def _placing(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "effective_from": row["effective_from"].isoformat(),
        "year_group": row["year_group"],
        "class": row["class"],
        "facts": json.loads(row["facts"]),
    }


@router.get("/v1/schools/{urn}/pupils", summary="List the roll")
async def get_pupils(
    caller: RegisterReader,
    request: Request,
    response: Response,
    on: Annotated[
        Day | None, Query(description="The roll of this date; today, or that of `as_at`, without it.")
    ] = None,
    class_: Annotated[list[str] | None, Query(alias="class", description="One class, or several.")] = None,
    as_at: AsAtText = None,
    limit: lists.Limit = lists.DEFAULT_LIMIT,
    cursor: lists.CursorText = None,
) -> dict[str, Any]:
    """Give the pupils on roll on a date, in the order of their numbers, with the year group, class and facts of it."""
    position = lists.numbers(cursor, frozenset({"seq", "after", "on"}))
    if position is not None:
        on = lists.day(position["on"])
    async with database.reading(caller.engine, caller.school_id) as connection:
        asked = as_at if position is None else f"seq:{position['seq']}"
        at = await resolve(connection, caller.school_id, asked, caller.now())
        on = on or at.instant.astimezone(LONDON).date()
        rows = [
            row
            async for row in _sql.on_roll(
                connection,
                school_id=caller.school_id,
                on=on,
                seq=at.seq,
                classes=class_,
                after=0 if position is None else position["after"],
                limit=limit + 1,
            )
        ]
    items = [
        {
            **(_said(row["body"]) or {}),
            "id": row["id"],
            "year_group": row["year_group"],
            "class": row["class"],
            "facts": {} if row["facts"] is None else json.loads(row["facts"]),
        }
        for row in rows[:limit]
    ]
    following = None
    if len(rows) > limit:
        following = {"seq": at.seq, "after": rows[limit - 1]["pupil_no"], "on": on.toordinal()}
    return {"as_at": AsAtRead.of(at).model_dump(), **lists.page(request, response, items, following)}
