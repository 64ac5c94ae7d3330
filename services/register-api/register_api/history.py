"""Bulk history: years of entries and amendments with their own dates and people, read as they come."""

import json
from datetime import UTC
from email.message import Message
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from starlette.requests import ClientDisconnect

from kit.contract import ItemProblem, refuses
from kit.fields import Body, written
from kit.problems import Fault, Problem, pointer
from register_api.bodies import MadeBy
from register_api.caller import DryRun, HistoryWriter
from register_api.history_deciding import Outcome, Standing
from register_api.history_files import Faulty, Reader
from register_api.history_lines import Form
from register_api.history_recording import Book, Tally, record_all
from register_api.item_problems import OF_HISTORY
from register_api.outcomes import CurrentEntry

router = APIRouter(tags=["history"])

MOST_BYTES = 64 << 20
MOST_LINES = 50_000

_EXAMPLES = {
    "mark": {
        "kind": "mark",
        "pupil": "p-004",
        "date": "2025-09-08",
        "session": "AM",
        "code": "N",
        "made_at": "2025-09-08T08:52:00+01:00",
        "made_by": {"name": "A. Teacher", "position": "Class teacher"},
    },
    "amendment": {
        "kind": "amendment",
        "pupil": "p-004",
        "date": "2025-09-08",
        "session": "AM",
        "original_entry": "N",
        "amended_entry": "I",
        "reason": "Parent telephoned at 09:40: sickness",
        "made_at": "2025-09-08T09:41:00+01:00",
        "made_by": {"name": "B. Office", "position": "Attendance officer"},
    },
}
_BODY = {
    "description": "One entry or amendment a line, in any order of dates; an amendment after what it amends.",
    "required": True,
    "content": {
        "application/x-ndjson": {
            "schema": {"type": "string", "format": "binary"},
            "examples": {name: {"value": json.dumps(line)} for name, line in _EXAMPLES.items()},
        },
        "text/csv": {"schema": {"type": "string", "format": "binary"}},
    },
}


class HistoryOutcome(Body):
    """What became of one line; `left-out` is a column whose cells are not kept."""

    line: int
    outcome: Literal["entered", "amended", "unchanged", "refused", "left-out"]
    pupil: str | None = None
    column: str | int | None = None
    flags: list[str] | None = None
    seq: int | None = None
    version: int | None = None
    current_entry: CurrentEntry | None = None
    problem: ItemProblem | None = None


class HistoryOutcomes(Body):
    """What became of a file; the first four counts add up to its lines, `flagged` has the doubts they came in with."""

    seq: int
    entered: int
    amended: int
    unchanged: int
    refused: int
    flagged: dict[str, int]
    outcomes: list[HistoryOutcome]


Wanted = Annotated[
    Literal["not-taken", "all"],
    Query(description="`all`: of every line; otherwise of those that were neither entered nor amended."),
]


def _form(content_type: str) -> Form:
    """Give how a body of a content type is read; raise `unsupported-media-type`."""
    header = Message()
    header["Content-Type"] = content_type
    charset = header.get_content_charset("utf-8")
    kind = header.get_content_type()
    if kind == "application/x-ndjson" and charset in ("utf-8", "utf8"):
        return Form("ndjson")
    if kind == "text/csv" and charset in ("utf-8", "utf8"):
        return Form("csv")
    if kind == "text/csv" and charset in ("windows-1252", "cp1252"):
        return Form("csv", "windows-1252")
    detail = "History is application/x-ndjson, or text/csv with charset=utf-8 or charset=windows-1252."
    raise Problem("unsupported-media-type", detail)


def counts(tally: Tally) -> dict[str, Any]:
    """Give the counts of an answer."""
    flagged = {slug: count for slug, count in sorted(tally.flagged.items()) if count}
    return {
        "entered": tally.entered,
        "amended": tally.amended,
        "unchanged": tally.unchanged,
        "refused": tally.refused,
        "flagged": flagged,
    }


def _current(stands: Standing) -> dict[str, Any]:
    version, seq, made_by = stands
    shown = CurrentEntry(
        code=version.code,
        version=version.version,
        seq=seq,
        made_at=written(version.made_at.astimezone(UTC)),
        made_by=MadeBy.model_construct(name=made_by.name, position=made_by.position),
    )
    return shown.model_dump()


def _shown(outcome: Outcome, reader: Reader) -> dict[str, Any]:
    """Give an outcome as the answer has it; a UPN is never repeated, nor what cannot be an id of the school."""
    item, refused = outcome.item, outcome.refused
    shown: dict[str, Any] = {"line": item.number, "outcome": outcome.outcome}
    column: str | int | None = None
    if isinstance(item, Faulty):
        column = item.column
    else:
        if not item.by_upn and (refused is None or refused.slug != "unknown-pupil"):
            shown["pupil"] = item.pupil
        if refused is not None:
            column = reader.column(item, refused.member)
    if column is not None:
        shown["column"] = column
    if outcome.flags:
        shown["flags"] = list(outcome.flags)
    if outcome.seq is not None:
        shown |= {"seq": outcome.seq, "version": outcome.version}
    if outcome.stands is not None:
        shown["current_entry"] = _current(outcome.stands)
    if refused is not None:
        at = pointer(refused.member.split("/") if refused.member else ()) if reader.form.kind == "ndjson" else None
        shown["problem"] = Problem(refused.slug, refused.detail, (Fault(refused.detail, at),)).as_json()
    return shown


@router.post(
    "/v1/schools/{urn}/history",
    summary="Enter history",
    response_model=HistoryOutcomes,
    response_model_exclude_none=True,
    openapi_extra={**refuses("too-many-items", items=OF_HISTORY), "requestBody": _BODY},
)
async def enter_history(
    caller: HistoryWriter, request: Request, outcomes: Wanted = "not-taken", dry_run: DryRun = False
) -> Response:
    """Enter and amend as another system did, each line by itself, in batches that are committed one after another.

    What the law would refuse today but the old system held is taken and counted in `flagged`. Every line that the
    register has already is `unchanged`, so a file may be sent again after a lost reply, whole or from any line on.
    """
    reader = Reader(_form(request.headers.get("content-type", "")))
    memory = request.app.state.memory
    tell: Literal["not-taken", "all"] = outcomes
    book = Book(
        caller.engine, caller.school_id, caller.identity.client_id, memory, caller.now, tell=tell, dry_run=dry_run
    )
    told: list[bytes] = []
    try:
        async for portion in record_all(book, reader, request.stream(), MOST_LINES):
            told += [json.dumps(_shown(outcome, reader), ensure_ascii=False).encode() for outcome in portion.outcomes]
    except ClientDisconnect as caught:
        raise Problem("invalid-request", "The body broke off.") from caught
    except Problem as problem:
        # What came before the fault is in: the answer says how much.
        raise Problem(problem.code, problem.detail, problem.errors, {"seq": book.seq, **counts(book.tally)}) from None
    head = json.dumps({"seq": book.seq, **counts(book.tally)}, ensure_ascii=False).encode()
    body = head[:-1] + b', "outcomes": [' + b", ".join(told) + b"]}"
    return Response(body, media_type="application/json")
