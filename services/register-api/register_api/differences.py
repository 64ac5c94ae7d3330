"""What differed between two positions of a register: whose entries, from what to what, and every version in between."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from codes.book import Session
from kit import database, formats, lists, pupil_ids, reads
from kit.contract import refuses, tells
from kit.database import Connection
from kit.problems import Fault, Problem
from kit.schools import Caller
from ledger import read
from ledger.as_at import AsAt, resolve
from register_api.answers.registers import Differences
from register_api.bodies import AsAtRead
from register_api.caller import AuditReader, FormatText
from register_api.listing import said
from register_api.registers import Classes, entry, version_of
from register_api.removed import Removals, removed

router = APIRouter(tags=["amendments"])
_sql = database.statements(__file__)

Earlier = Annotated[
    str, Query(alias="between", description="The earlier end: an instant, or `seq:N`.", examples=["seq:412"])
]
Later = Annotated[str, Query(alias="and", description="The later end: an instant, or `seq:N`.", examples=["seq:500"])]
_OF_EACH = ("code", "arrived_at", "nature", "version", "seq")
COLUMNS = (
    *("pupil", "class", "date", "session"),
    *(f"{side}_{name}" for side in ("before", "after") for name in _OF_EACH),
    *("first_entry", "made_at", "name", "position", "recorded_at", "versions"),
)


@dataclass(frozen=True, slots=True)
class _Narrowed:
    """Whose entries are compared: pupils' by their ids, classes' by their names; None for everybody's."""

    pupils: Sequence[str] | None
    classes: Sequence[str] | None


Pupils = Annotated[list[str] | None, Query(alias="pupil", description="One pupil, or several.")]


async def _ends(connection: Connection, caller: Caller, earlier: str, later: str) -> tuple[AsAt, AsAt]:
    """Give both positions; raise `invalid-parameter` when the later end lies before the earlier one."""
    now = caller.now()
    first = await resolve(connection, caller.school_id, earlier, now, "between")
    second = await resolve(connection, caller.school_id, later, now, "and")
    # The instant of `seq:N` is that of its event: only two instants can be backwards with nothing recorded in between.
    instants = not earlier.startswith("seq:") and not later.startswith("seq:")
    if second.seq < first.seq or (instants and second.instant < first.instant):
        fault = Fault("Not before `between`.", parameter="and")
        raise Problem("invalid-parameter", "`and` lies before `between`.", (fault,))
    return first, second


async def _differing(
    connection: Connection, caller: Caller, between: tuple[int, int], narrowed: _Narrowed, last: int | None, limit: int
) -> list[read.Chain]:
    """Give the chains of a page; a class is that of the session's date, as at the later position."""
    numbers, spans = None, None
    if narrowed.pupils is not None:
        numbers = set((await pupil_ids.numbers(connection, caller.school_id, narrowed.pupils)).values())
    if narrowed.classes is not None:
        rows = _sql.spans(connection, school_id=caller.school_id, seq=between[1], classes=narrowed.classes)
        spans = [tuple(row.values()) async for row in rows]
        in_class = {pupil_no for pupil_no, _, _ in spans}
        numbers = in_class if numbers is None else numbers & in_class
    return await read.differences(
        connection,
        caller.school_id,
        between,
        pupil_nos=None if numbers is None else sorted(numbers),
        spans=spans,
        last=last,
        limit=limit,
    )


async def _placed(
    connection: Connection, school_id: int, seq: int, chains: Sequence[read.Chain]
) -> dict[tuple[int, date], tuple[str, str | None]]:
    """Give id and class of every pupil of `chains` on the dates of their sessions."""
    asked = sorted({(chain.first.pupil_no, chain.first.date) for chain in chains})
    pupil_nos, dates = [pupil_no for pupil_no, _ in asked], [on for _, on in asked]
    rows = _sql.placed(connection, school_id=school_id, seq=seq, pupil_nos=pupil_nos, dates=dates)
    return {(row["pupil_no"], row["on_date"]): (row["id"], row["class"]) async for row in rows}


def _item(chain: read.Chain, after: int, pupil: str, class_: str | None, removals: Removals) -> dict[str, Any]:
    """Show one entry that differs: what stood at position `after`, what stands, and the versions since."""
    stood = tuple(version for version in chain.versions if version.seq <= after)
    return {
        "pupil": pupil,
        "class": class_,
        "date": chain.first.date.isoformat(),
        "session": Session(chain.first.session),
        "before": entry(read.Chain(stood), removals) if stood else None,
        "after": entry(chain, removals),
        "versions": [version_of(chain, place, removals) for place in range(len(stood), len(chain.versions))],
    }


def _row(item: Mapping[str, Any]) -> list[Any]:
    """Give an item as a row: what stood and what stands side by side, and how many versions lie between."""
    sides = [(side, item[side] or {}) for side in ("before", "after")]
    shown = {f"{side}_{name}": entry.get(name) for side, entry in sides for name in _OF_EACH}
    stands = {**item["after"], **item["after"]["made_by"], "versions": len(item["versions"])}
    return [{**stands, **item, **shown, "versions": stands["versions"]}[name] for name in COLUMNS]


async def _page(
    connection: Connection, caller: Caller, between: tuple[int, int], narrowed: _Narrowed, last: int | None, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    """Give so many items at the most, and the position of the last where more follow."""
    chains = await _differing(connection, caller, between, narrowed, last, limit + 1)
    more, chains = len(chains) > limit, chains[:limit]
    placed = await _placed(connection, caller.school_id, between[1], chains)
    removals = await removed(connection, caller.school_id, read.seqs(chains))
    items = [_item(chain, between[0], *placed[chain.first.pupil_no, chain.first.date], removals) for chain in chains]
    return items, chains[-1].current.seq if more else None


async def _all(caller: Caller, between: tuple[int, int], narrowed: _Narrowed) -> AsyncIterator[list[Any]]:
    last, more = None, True
    while more:
        async with database.reading(caller.engine, caller.school_id) as connection:
            items, last = await _page(connection, caller, between, narrowed, last, lists.MOST)
        more = last is not None
        for item in items:
            yield _row(item)


@router.get(
    "/v1/schools/{urn}/changes",
    summary="Compare two positions",
    response_model=dict[str, Any],
    openapi_extra=refuses("as-at-in-future"),
    responses=tells(Differences),
)
async def get_differences(
    caller: AuditReader,
    request: Request,
    response: Response,
    earlier: Earlier,
    later: Later,
    pupil: Pupils = None,
    class_: Classes = None,
    limit: lists.Limit = lists.DEFAULT_LIMIT,
    cursor: lists.CursorText = None,
    format_: FormatText = None,
    read_by: reads.ReadBy = None,
) -> Any:
    """Give the entries whose code, arrival or nature differs between two positions, by date, session and pupil.

    An entry that was changed there and back is none. Each with what stood, what stands, and the versions in between.
    In another format than JSON all of them, a row an entry.
    """
    wanted, narrowed = formats.chosen(request, format_), _Narrowed(pupil, class_)
    whole = wanted is not formats.Format.JSON
    page_one = None if whole else lists.numbers(cursor, frozenset({"between", "and", "last"}))
    if page_one is not None:
        earlier, later = f"seq:{page_one['between']}", f"seq:{page_one['and']}"
    async with database.reading(caller.engine, caller.school_id) as connection:
        first, second = await _ends(connection, caller, earlier, later)
        between = (first.seq, second.seq)
        items: list[dict[str, Any]] = []
        last = None
        if not whole:
            after = None if page_one is None else page_one["last"]
            items, last = await _page(connection, caller, between, narrowed, after, limit)
    await reads.record(caller, read_by, "changes", second.seq, pupils=pupil)
    if whole:
        headers = {"Rollbook-Between": said(first), "Rollbook-And": said(second)}
        return formats.stream(_all(caller, between, narrowed), COLUMNS, wanted, headers)
    following = None if last is None else {"between": first.seq, "and": second.seq, "last": last}
    return {
        "between": AsAtRead.of(first).model_dump(),
        "and": AsAtRead.of(second).model_dump(),
        **lists.page(request, response, items, following),
    }
