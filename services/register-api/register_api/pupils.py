"""Pupils of the admission register: enter and change one or many, and read them back with their history."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from kit import database, lists, reads
from kit.contract import ItemProblem, refuses, tells
from kit.fields import Body, Day, written
from kit.problems import Fault, Problem
from kit.schools import LONDON
from ledger.as_at import resolve
from register_api import admission
from register_api.admission import PupilItem, PutPupil, fault, warnings_of
from register_api.answers.roll import PupilBecame, PupilRead, Roll
from register_api.bodies import AsAtRead, Faulty, stands_alone
from register_api.caller import AsAtText, DryRun, RegisterReader, RollWriter
from register_api.item_problems import OF_PUPILS
from register_api.removed import removed, shown
from register_api.roll import PupilPath, Result, Wanted, record

router = APIRouter(tags=["roll"])
_sql = database.statements(__file__)


EXAMPLES = [{**admission.EXAMPLE, "upn": None, "id": f"p-00{n}"} for n in (2, 3, 4)]


class PostPupils(Body, json_schema_extra={"examples": [{"pupils": EXAMPLES}]}):
    """Many entries of the admission register; each stands or falls alone."""

    pupils: list[Annotated[PupilItem, stands_alone]]


class PupilOutcome(Body):
    """What became of one entry."""

    index: int
    id: str | None = None
    outcome: Literal["entered", "changed", "unchanged", "refused"]
    seq: int | None = None
    warnings: list[dict[str, str]] | None = None
    problem: ItemProblem | None = None


class PupilOutcomes(Body):
    """What became of a request, in its order; the counts add up to the number of items."""

    seq: int
    entered: int
    changed: int
    unchanged: int
    refused: int
    outcomes: list[PupilOutcome]


@router.put(
    "/v1/schools/{urn}/pupils/{id}",
    summary="Enter or change a pupil",
    openapi_extra=refuses("ground-not-met", "invalid-pupil-id", "made-at-in-future", "reach-fact", "upn-in-use"),
    responses=tells(PupilBecame),
)
async def put_pupil(caller: RollWriter, id_: PupilPath, body: PutPupil, dry_run: DryRun = False) -> dict[str, Any]:
    """Keep one entry of the admission register; what equals what stands emits nothing.

    After a leaving, a later starting day opens a new enrolment. Year group, class and facts hold from `effective_from`,
    today without it. A ground of leaving that the register contradicts is refused, `ground-not-met`; what a leaving
    leaves open comes back as `warnings`. An authority may read of the children it is responsible for: a client with
    `admin` sets `facts.responsible_la` (`reach-fact`), and where it is left out, what stands stays.
    """
    seq, results = await record(caller, [(0, id_, body)], (), dry_run)
    result = results[0]
    if isinstance(result, Problem):
        raise result
    warned = {"warnings": result.warnings} if result.warnings else {}
    return {"id": id_, "outcome": result.outcome, "seq": seq, **warned}


@router.post(
    "/v1/schools/{urn}/pupils",
    summary="Enter or change many pupils",
    response_model=PupilOutcomes,
    response_model_exclude_none=True,
    openapi_extra=refuses("too-many-items", items=OF_PUPILS),
)
async def post_pupils(caller: RollWriter, body: PostPupils, dry_run: DryRun = False) -> PupilOutcomes:
    """Keep many entries of the admission register, each by itself, answered in the order of the request."""
    if len(body.pupils) > 2 * lists.MOST:
        raise Problem(
            "too-many-items",
            f"{len(body.pupils)} items; {2 * lists.MOST} at most.",
            (Fault("Too many.", pointer="#/pupils"),),
        )
    items: Sequence[PupilItem | Faulty] = body.pupils
    wanted: list[Wanted] = []
    early: dict[int, Problem] = {}
    seen: set[str] = set()
    for index, item in enumerate(items):
        if isinstance(item, Faulty):
            early[index] = Problem(
                "invalid-item", "The item does not have the documented form.", item.faults("pupils", index)
            )
        elif item.id in seen:
            detail = "An earlier item is about the same pupil."
            early[index] = Problem("duplicate-in-request", detail, (fault(("pupils", index), "id", detail),))
        else:
            seen.add(item.id)
            wanted.append((index, item.id, item))
    seq, results = await record(caller, wanted, ("pupils",), dry_run)
    outcomes = [_outcome(index, item, {**results, **early}[index]) for index, item in enumerate(items)]
    counted = [outcome.outcome for outcome in outcomes]
    return PupilOutcomes(
        seq=seq,
        entered=counted.count("entered"),
        changed=counted.count("changed"),
        unchanged=counted.count("unchanged"),
        refused=counted.count("refused"),
        outcomes=outcomes,
    )


def _outcome(index: int, item: PupilItem | Faulty, result: Result) -> PupilOutcome:
    id_ = item.pupil if isinstance(item, Faulty) else item.id
    if isinstance(result, Problem):
        return PupilOutcome(index=index, id=id_, outcome="refused", problem=result.as_json())
    return PupilOutcome(index=index, id=id_, outcome=result.outcome, seq=result.seq, warnings=result.warnings or None)


def _said(body: str | None) -> dict[str, Any] | None:
    """Give what a change said of a pupil; None where its body was removed, as an earlier entry's may be."""
    entry: dict[str, Any] | None = None if body is None else json.loads(body)
    return entry


@router.get(
    "/v1/schools/{urn}/pupils/{id}",
    summary="Read a pupil",
    openapi_extra=refuses("unknown-pupil"),
    responses=tells(PupilRead),
)
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


@router.get("/v1/schools/{urn}/pupils", summary="List the roll", responses=tells(Roll))
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
