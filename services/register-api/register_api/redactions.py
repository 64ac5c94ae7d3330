"""Remove a text from the register by a recorded act, and list those acts.

The event, its commitment, its place and the root stay as they were; what goes is the words and their salt.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from codes.register import stated
from kit import database, lists
from kit.contract import ItemProblem, refuses, tells
from kit.database import Connection
from kit.fields import Body, Instant, Text, written
from kit.problems import Fault, Problem, pointer
from kit.schools import Caller
from ledger import append
from ledger.append import NewChange
from ledger.as_at import resolve
from ledger.leaf import canonical
from register_api.answers.audit import Redactions
from register_api.bodies import AsAtRead, Faulty, MadeBy, stands_alone
from register_api.caller import AmendmentsWriter, AsAtText, AuditReader, DryRun
from register_api.changes import append_all, made_in_future
from register_api.item_problems import OF_REDACTIONS
from register_api.preferences import Prefer, wants_strict
from register_api.recording import MOST_ITEMS
from register_api.removed import Part, removed, shown

router = APIRouter(tags=["redactions"])
_sql = database.statements(__file__)


class OneText(Body):
    """A text of the register: a part of the event at a position."""

    seq: Annotated[int, Field(strict=True, ge=1, lt=2**62)]
    part: Part


class RedactionItem(OneText):
    """A text that has to go, and why."""

    reason: Text = ""


EXAMPLE = {
    "made_by": {"name": "C. Head", "position": "Head teacher"},
    "redactions": [{"seq": 13, "part": "reason", "reason": "It named another child's illness"}],
}


class Redact(Body, json_schema_extra={"examples": [EXAMPLE]}):
    """Texts that have to go, and who has them removed."""

    made_by: MadeBy
    made_at: Instant | None = None
    redactions: list[Annotated[RedactionItem, stands_alone]]


class RedactionOutcome(Body):
    """What became of one item: `of` is the text, `seq` the position of the act that removed it."""

    index: int
    of: OneText | None = None
    outcome: Literal["redacted", "unchanged", "refused", "not-written"]
    seq: int | None = None
    problem: ItemProblem | None = None


class RedactionOutcomes(Body):
    """What became of a request, in its order; the counts add up to the number of items."""

    seq: int
    redacted: int
    unchanged: int
    refused: int
    outcomes: list[RedactionOutcome]


@dataclass(frozen=True, slots=True)
class _Held:
    """A text as the book holds it: the kind of its change (None: an entry), what became of it, and by which act."""

    kind: str | None
    is_gone: bool
    act: int | None
    is_replaced: bool | None


_Decision = Problem | _Held | RedactionItem
"""Why a text may not go; or the text that has gone before; or the item by which it goes now."""


def _refusal(code: str, index: int, member: str, detail: str) -> Problem:
    return Problem(code, detail, (Fault(detail, pointer=pointer(("redactions", index, member))),))


def _decide(index: int, item: RedactionItem, held: _Held | None, is_repeated: bool) -> _Decision:
    """Decide one item by what the book holds."""
    if stated(item.reason) is None:
        return _refusal("reason-required", index, "reason", "Why does the text have to go?")
    if is_repeated:
        return _refusal("duplicate-in-request", index, "seq", "An earlier item is about the same text.")
    if held is None:
        return _refusal("no-text", index, "part", f"The event at {item.seq} has no text {item.part!r}.")
    if held.is_gone:
        return held
    if item.part == "body" and held.kind not in ("roll-changed", "absence-planned"):
        detail = "The body of a change that is not about a pupil says what the register rests on."
        return _refusal("text-must-stay", index, "part", detail)
    if item.part == "body" and not held.is_replaced:
        detail = "This is what is said of the pupil now. Change it first."
        return _refusal("text-must-stay", index, "part", detail)
    return item


async def _held(connection: Connection, school_id: int, items: Sequence[RedactionItem]) -> Mapping[OneText, _Held]:
    rows = _sql.texts(
        connection, school_id=school_id, seqs=[item.seq for item in items], parts=[item.part for item in items]
    )
    return {
        OneText(seq=row["seq"], part=row["part"]): _Held(row["kind"], row["is_gone"], row["act"], row["is_replaced"])
        async for row in rows
    }


def _of(item: RedactionItem) -> OneText:
    return OneText(seq=item.seq, part=item.part)


async def _decisions(
    connection: Connection, school_id: int, items: Sequence[RedactionItem | Faulty]
) -> list[_Decision]:
    """Decide every item in its place."""
    formed = [item for item in items if not isinstance(item, Faulty)]
    held = await _held(connection, school_id, formed)
    seen: set[OneText] = set()
    decisions: list[_Decision] = []
    for index, item in enumerate(items):
        if isinstance(item, Faulty):
            faults = item.faults("redactions", index)
            decisions.append(Problem("invalid-item", "The item does not have the documented form.", faults))
        else:
            decisions.append(_decide(index, item, held.get(_of(item)), _of(item) in seen))
            seen.add(_of(item))
    return decisions


def _as_change(item: RedactionItem, body: Redact, now: datetime) -> NewChange:
    return NewChange(
        "text-redacted",
        f"text:{item.seq}/{item.part}",
        canonical({"part": item.part, "seq": item.seq}),
        body.made_at or now,
        body.made_by.person(),
        stated(item.reason),
    )


def _outcome(
    index: int, item: RedactionItem | Faulty, decision: _Decision, seqs: Mapping[int, int]
) -> RedactionOutcome:
    of = None if isinstance(item, Faulty) else _of(item)
    if isinstance(decision, Problem):
        return RedactionOutcome(index=index, of=of, outcome="refused", problem=decision.as_json())
    if isinstance(decision, _Held):
        return RedactionOutcome(index=index, of=of, outcome="unchanged", seq=decision.act)
    if index not in seqs:
        return RedactionOutcome(index=index, of=of, outcome="not-written")
    return RedactionOutcome(index=index, of=of, outcome="redacted", seq=seqs[index])


def _check(body: Redact, now: datetime) -> None:
    """Refuse what concerns the request as a whole."""
    if len(body.redactions) > MOST_ITEMS:
        detail = f"{len(body.redactions)} items; {MOST_ITEMS} at most."
        raise Problem("too-many-items", detail, (Fault(detail, pointer="#/redactions"),))
    if refused := made_in_future(body.made_at, now):
        raise refused


def _refuse_whole(items: Sequence[RedactionItem | Faulty], decisions: Sequence[_Decision]) -> None:
    """Where anything is refused, refuse all."""
    refused = [decision for decision in decisions if isinstance(decision, Problem)]
    if not refused:
        return
    outcomes = [
        _outcome(n, item, decision, {}) for n, (item, decision) in enumerate(zip(items, decisions, strict=True))
    ]
    raise Problem(
        "refused-whole",
        f"{len(refused)} of {len(items)} items were refused, so nothing was written.",
        tuple(fault for problem in refused for fault in problem.errors),
        {"outcomes": [outcome.model_dump(exclude_none=True) for outcome in outcomes]},
        {"Preference-Applied": "handling=strict"},
    )


async def _record(caller: Caller, body: Redact, strict: bool, dry_run: bool) -> RedactionOutcomes:
    """Append the acts and remove the texts in one transaction, and answer once it is committed."""
    items: Sequence[RedactionItem | Faulty] = body.redactions
    async with database.writing(caller.engine, caller.school_id, dry_run=dry_run) as connection:
        head = await append.lock(connection, caller.school_id)
        now = caller.now()
        _check(body, now)
        decisions = await _decisions(connection, caller.school_id, items)
        if strict:
            _refuse_whole(items, decisions)
        going = {index: each for index, each in enumerate(decisions) if isinstance(each, RedactionItem)}
        changes = [_as_change(item, body, now) for item in going.values()]
        recorded = await append_all(connection, caller, head, changes, now)
        gone = {"seqs": [item.seq for item in going.values()], "parts": [item.part for item in going.values()]}
        await _sql.redact(connection, school_id=caller.school_id, **gone)
    seqs = {index: at.seq for index, at in zip(going, recorded, strict=True)}
    outcomes = [
        _outcome(n, item, decision, seqs) for n, (item, decision) in enumerate(zip(items, decisions, strict=True))
    ]
    counted = [outcome.outcome for outcome in outcomes]
    return RedactionOutcomes(
        seq=recorded[-1].seq if recorded else head.seq,
        redacted=counted.count("redacted"),
        unchanged=counted.count("unchanged"),
        refused=counted.count("refused"),
        outcomes=outcomes,
    )


@router.post(
    "/v1/schools/{urn}/redactions",
    summary="Remove texts",
    response_model=RedactionOutcomes,
    response_model_exclude_none=True,
    openapi_extra=refuses("made-at-in-future", "refused-whole", "too-many-items", items=OF_REDACTIONS),
)
async def redact(
    caller: AmendmentsWriter, body: Redact, response: Response, prefer: Prefer = None, dry_run: DryRun = False
) -> RedactionOutcomes:
    """Remove texts, each by itself: the words go for good, and the register keeps who removed them, why and when.

    Any reason, nature or cause may go; of the admission register an entry that a later one has replaced, of an absence
    known ahead what a later change under its id has replaced.
    """
    strict = wants_strict(prefer)
    outcomes = await _record(caller, body, strict, dry_run)
    if strict:
        response.headers["Preference-Applied"] = "handling=strict"
    return outcomes


@router.get("/v1/schools/{urn}/redactions", summary="List what was removed", responses=tells(Redactions))
async def get_redactions(
    caller: AuditReader,
    request: Request,
    response: Response,
    as_at: AsAtText = None,
    limit: lists.Limit = lists.DEFAULT_LIMIT,
    cursor: lists.CursorText = None,
) -> dict[str, Any]:
    """Give the acts by which texts were removed, newest first: which text, who, why and when."""
    position = lists.numbers(cursor, frozenset({"seq", "before"}))
    async with database.reading(caller.engine, caller.school_id) as connection:
        asked = as_at if position is None else f"seq:{position['seq']}"
        at = await resolve(connection, caller.school_id, asked, caller.now())
        before = None if position is None else position["before"]
        found = _sql.acts(connection, school_id=caller.school_id, seq=at.seq, before=before, limit=limit + 1)
        rows = [row async for row in found]
        gone = await removed(connection, caller.school_id, [row["seq"] for row in rows])
    items = []
    for row in rows[:limit]:
        seq, _, part = row["subject"].removeprefix("text:").partition("/")
        item = {
            "seq": row["seq"],
            "of": {"seq": int(seq), "part": part},
            "reason": row["reason"],
            "made_at": written(row["made_at"]),
            "made_by": {"name": row["name"], "position": row["position"]},
            "recorded_at": written(row["recorded_at"]),
            "client": row["client_id"],
            "removed": shown(gone, row["seq"]),
        }
        items.append(item)
    following = {"seq": at.seq, "before": items[-1]["seq"]} if len(rows) > limit else None
    return {"as_at": AsAtRead.of(at).model_dump(), **lists.page(request, response, items, following)}
