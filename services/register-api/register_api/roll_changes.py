"""The audit of the admission register: what stood, what stands, why, when, and who changed it, member by member."""

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from kit import database, pupil_ids, reads
from kit.contract import tells
from kit.database import Connection
from kit.fields import Day, written
from kit.schools import midnight
from ledger.as_at import AsAt
from register_api.answers.roll import RollChanges
from register_api.caller import AuditReader
from register_api.listing import Item, Listing, Paged, Row, flat

router = APIRouter(tags=["roll"])
_sql = database.statements(__file__)

COLUMNS = (
    *("pupil", "kind", "member", "original_entry", "amended_entry", "effective_from", "reason", "made_at", "name"),
    *("position", "made_by_id", "recorded_at", "client", "seq", "text_removed"),
)

_DATED = "effective_from"
"""From when the rest holds: of the change and not of the pupil, so it is shown beside what differs."""


class RollFilters(Paged):
    """What narrows the list: every filter that is given must be met; a repeated one is met by any of its values."""

    pupil: list[str] | None = None
    made_by_id: list[Annotated[int, Field(ge=1, lt=2**31)]] | None = None
    client: list[str] | None = None
    member: list[Annotated[str, Field(max_length=100)]] | None = Field(
        None, description="A member of the entry, such as class or facts/fsm, that the change is about."
    )
    made_from: Day | None = None
    made_to: Day | None = None
    recorded_from: Day | None = None
    recorded_to: Day | None = None


def _members(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Give the members of an entry, each of its facts as one of them."""
    members = {name: value for name, value in entry.items() if name not in (_DATED, "facts")}
    return members | {f"facts/{name}": value for name, value in entry.get("facts", {}).items()}


def _differing(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give every member that differs; of a first entry every member that says something."""
    stood, stands = _members(before or {}), _members(after)
    return [
        {"member": name, "original_entry": stood.get(name), "amended_entry": stands.get(name)}
        for name in sorted(stood.keys() | stands.keys())
        if stood.get(name) != stands.get(name)
    ]


def _entry(body: str | None) -> Mapping[str, Any] | None:
    return None if body is None else json.loads(body)


def _item(row: Mapping[str, Any], ids: Mapping[int, str]) -> Item:
    entered = row["earlier_seq"] is None
    stood, stands = _entry(row["earlier_body"]), _entry(row["body"])
    readable = stands is not None and (entered or stood is not None)
    return {
        "pupil": ids[row["pupil_no"]],
        "kind": "entered" if entered else "changed",
        "changes": _differing(stood, stands) if stands is not None and readable else None,
        "effective_from": None if stands is None else stands[_DATED],
        "reason": row["reason"],
        "made_at": written(row["made_at"]),
        "made_by": None if row["name"] is None else {"name": row["name"], "position": row["position"]},
        "made_by_id": row["staff_no"],
        "recorded_at": written(row["recorded_at"]),
        "client": row["client_id"],
        "seq": row["seq"],
        "text_removed": not readable or (row["has_reason"] and row["reason"] is None),
    }


def _rows(item: Item) -> Iterator[Row]:
    """Give a row for each member that differs; one without a member where none does or nobody can say."""
    nothing = {"member": None, "original_entry": None, "amended_entry": None}
    for change in item["changes"] or [nothing]:
        yield flat({**item, **change}, COLUMNS)


@router.get("/v1/schools/{urn}/roll-changes", summary="Audit the admission register", responses=tells(RollChanges))
async def roll_changes(
    caller: AuditReader,
    filters: Annotated[RollFilters, Query()],
    request: Request,
    response: Response,
    read_by: reads.ReadBy = None,
) -> Any:
    """Give every change of the admission register, newest first; where not as JSON all, a row a member that differs.

    `made_by` null is "not stated": the change is the client's. Where a text has been removed `changes` is null.
    """

    async def find(connection: Connection, at: AsAt, before: int | None, limit: int) -> list[Item]:
        numbers = await pupil_ids.narrowed(connection, caller.school_id, filters.pupil, at.seq)
        subjects = None if numbers is None else [f"pupil:{number}" for number in numbers]
        found = _sql.roll_changes(
            connection,
            school_id=caller.school_id,
            seq=at.seq,
            before=before,
            subjects=subjects,
            staff_nos=filters.made_by_id,
            clients=filters.client,
            members=filters.member,
            made_from=midnight(filters.made_from),
            made_before=midnight(filters.made_to, after=True),
            recorded_from=midnight(filters.recorded_from),
            recorded_before=midnight(filters.recorded_to, after=True),
            limit=limit,
        )
        rows = [row async for row in found]
        ids = await pupil_ids.ids(connection, caller.school_id, [row["pupil_no"] for row in rows], at.seq)
        return [_item(row, ids) for row in rows]

    async def record(at: AsAt) -> None:
        await reads.record(caller, read_by, "roll-changes", at.seq, pupils=filters.pupil)

    return await Listing(COLUMNS, find, _rows, record).answer(caller, filters, request, response)
