"""The roll: enter and change pupils in the admission register, one or many, and read them back with their history."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from codes.identifiers import upn_fault
from kit import database, lists, reads
from kit.database import Connection
from kit.fields import Body, Day, written
from kit.problems import Fault, Problem
from kit.schools import LONDON, Caller
from ledger import append
from ledger.append import NewChange
from ledger.as_at import resolve
from ledger.leaf import canonical
from register_api.admission import PupilItem, PutPupil, entry_after, fault, faults_of, id_fault, on_roll
from register_api.bodies import AsAtRead, Change, Faulty, stands_alone
from register_api.caller import AsAtText, DryRun, RegisterReader, RollWriter
from register_api.changes import append_all, made_in_future, new_change
from register_api.removed import removed, shown

router = APIRouter(tags=["roll"])
_sql = database.statements(__file__)

PupilPath = Annotated[str, Path(alias="id", pattern=r"^[A-Za-z0-9._~-]{1,64}$", description="The MIS's own id.")]


class PostPupils(Body):
    """Many entries of the admission register; each stands or falls alone."""

    pupils: list[Annotated[PupilItem, stands_alone]]


class PupilOutcome(Body):
    """What became of one entry."""

    index: int
    id: str | None
    outcome: Literal["entered", "changed", "unchanged", "refused"]
    seq: int | None = None
    problem: dict[str, Any] | None = None


class PupilOutcomes(Body):
    """What became of a request, in its order; the counts add up to the number of items."""

    seq: int
    entered: int
    changed: int
    unchanged: int
    refused: int
    outcomes: list[PupilOutcome]


Wanted = tuple[int, str, PutPupil]
"""Index, the MIS's id, the entry."""


class _Roll:
    """The roll as it stands while one request changes it."""

    def __init__(self, at: tuple[str | int, ...]) -> None:
        self.at = at
        self.standing: dict[str, tuple[int, dict[str, Any]]] = {}
        self.effective_from: dict[str, date] = {}
        self.upns: dict[str, str] = {}
        self.last_no = 0

    async def load(self, connection: Connection, school_id: int, wanted: Sequence[Wanted]) -> None:
        """Read what stands of the pupils named and of those who have their UPNs."""
        upns = [body.upn for _, _, body in wanted if body.upn and upn_fault(body.upn) is None]
        ids = [id_ for _, id_, _ in wanted]
        async for row in _sql.standing(connection, school_id=school_id, ids=ids):
            entry = json.loads(row["body"])
            del entry["id"]
            self.effective_from[row["id"]] = date.fromisoformat(entry.pop("effective_from"))
            self.standing[row["id"]] = (row["pupil_no"], entry)
        self.upns = {row["upn"]: row["id"] async for row in _sql.upns(connection, school_id=school_id, upns=upns)}
        self.last_no = await _sql.last_pupil_no(connection, school_id=school_id)

    def refusal(self, place: Wanted, now: datetime) -> Problem | None:
        """Say why an entry cannot be kept."""
        index, id_, body = place
        at = (*self.at, index) if self.at else ()
        if wrong := id_fault(id_):
            where = fault(at, "id", wrong) if self.at else Fault(wrong, parameter="id")
            return Problem("invalid-pupil-id", wrong, (where,))
        _, standing = self.standing.get(id_, (None, None))
        if found := faults_of(body, standing):
            faults = tuple(fault(at, member, detail) for member, detail in found)
            return Problem("invalid-item" if self.at else "invalid-request", "The entry cannot be kept.", faults)
        if body.upn is not None and self.upns.get(body.upn, id_) != id_:
            detail = f"The UPN belongs to {self.upns[body.upn]}."
            return Problem("upn-in-use", detail, (fault(at, "upn", detail),))
        return made_in_future(body.change.made_at, now, *at, "change") if body.change else None


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry that is to be kept: whose it is, what it says as a whole, and from when its dated facts hold."""

    index: int
    id: str
    no: int
    is_new: bool
    effective_from: date
    entry: dict[str, Any]
    stated: Change | None

    @classmethod
    def said(cls, no: int, body: str, is_new: bool) -> "Kept":
        """Read what a change of the roll says of pupil `no`."""
        entry = json.loads(body)
        id_, effective_from = entry.pop("id"), date.fromisoformat(entry.pop("effective_from"))
        return cls(0, id_, no, is_new, effective_from, entry, None)

    def as_change(self, now: datetime) -> NewChange:
        """Describe it as a change of the roll."""
        body = {**self.entry, "id": self.id, "effective_from": self.effective_from.isoformat()}
        return new_change("roll-changed", f"pupil:{self.no}", canonical(body), self.stated, now)

    def spans(self) -> str:
        """Write the spans on roll as the database reads them."""
        return "{" + ",".join(f"[{first},{last or ''}]" for first, last in on_roll(self.entry)) + "}"


Result = Problem | tuple[Literal["entered", "changed"], int] | None
"""Why an entry was refused; or what became of it, and its position; or None for what stands already."""


def _decide(roll: _Roll, place: Wanted, now: datetime) -> Problem | Kept | None:
    """Decide one entry: a problem, what is to be kept, or None for what stands already."""
    index, id_, body = place
    if (refused := roll.refusal(place, now)) is not None:
        return refused
    no, standing = roll.standing.get(id_, (None, None))
    entry = entry_after(body, standing)
    if entry == standing and body.effective_from in (None, roll.effective_from[id_]):
        return None
    if no is None:
        roll.last_no += 1
        no = roll.last_no
    if body.upn is not None:
        roll.upns[body.upn] = id_
    effective_from = body.effective_from or (now.date() if standing else body.starting_day)
    return Kept(index, id_, no, standing is None, effective_from, entry, body.change)


async def _record(
    caller: Caller, wanted: Sequence[Wanted], at: tuple[str | int, ...], dry_run: bool
) -> tuple[int, dict[int, Result]]:
    """Keep the entries that can be kept, in one transaction; give the position after it, and the results by index."""
    async with database.writing(caller.engine, caller.school_id, dry_run=dry_run) as connection:
        head = await append.lock(connection, caller.school_id)
        now = caller.now()
        roll = _Roll(at)
        await roll.load(connection, caller.school_id, wanted)
        decided = [(place[0], _decide(roll, place, now)) for place in wanted]
        kept = [each for _, each in decided if isinstance(each, Kept)]
        recorded = await append_all(connection, caller, head, [each.as_change(now) for each in kept], now)
        if kept:
            await keep(connection, caller.school_id, kept, [each.seq for each in recorded])
    results: dict[int, Result] = {index: each for index, each in decided if not isinstance(each, Kept)}
    for each, place in zip(kept, recorded, strict=True):
        results[each.index] = ("entered" if each.is_new else "changed", place.seq)
    return (recorded[-1].seq if recorded else head.seq), results


async def keep(connection: Connection, school_id: int, kept: Sequence[Kept], seqs: Sequence[int]) -> None:
    """Write the rows that are found again by what the changes said."""
    new = [(each, seq) for each, seq in zip(kept, seqs, strict=True) if each.is_new]
    entries = [each.entry for each in kept]
    await _sql.add_pupils(
        connection,
        school_id=school_id,
        new_ids=[each.id for each, _ in new],
        new_nos=[each.no for each, _ in new],
        new_seqs=[seq for _, seq in new],
        nos=[each.no for each in kept],
        seqs=list(seqs),
        dates_of_birth=[date.fromisoformat(entry["date_of_birth"]) for entry in entries],
        boarders=[entry["boarder"] for entry in entries],
        upns=[entry["upn"] for entry in entries],
        sexes=[entry["sex"] for entry in entries],
        statuses=[entry["enrolment_status"] for entry in entries],
        on_roll=[each.spans() for each in kept],
        effective_froms=[each.effective_from for each in kept],
        year_groups=[entry["year_group"] for entry in entries],
        classes=[entry["class"] for entry in entries],
        facts=[json.dumps(entry["facts"]) for entry in entries],
    )


@router.put("/v1/schools/{urn}/pupils/{id}", summary="Enter or change a pupil")
async def put_pupil(caller: RollWriter, id_: PupilPath, body: PutPupil, dry_run: DryRun = False) -> dict[str, Any]:
    """Keep one entry of the admission register; what equals what stands emits nothing.

    After a leaving, a later starting day opens a new enrolment.
    """
    seq, results = await _record(caller, [(0, id_, body)], (), dry_run)
    result = results[0]
    if isinstance(result, Problem):
        raise result
    return {"id": id_, "outcome": "unchanged" if result is None else result[0], "seq": seq}


@router.post(
    "/v1/schools/{urn}/pupils",
    summary="Enter or change many pupils",
    response_model=PupilOutcomes,
    response_model_exclude_none=True,
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
    seq, results = await _record(caller, wanted, ("pupils",), dry_run)
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
    if result is None:
        return PupilOutcome(index=index, id=id_, outcome="unchanged")
    return PupilOutcome(index=index, id=id_, outcome=result[0], seq=result[1])


def _said(body: str | None) -> dict[str, Any] | None:
    """Give what a change said of a pupil; None where its body was removed, as an earlier entry's may be."""
    entry: dict[str, Any] | None = None if body is None else json.loads(body)
    return entry


@router.get("/v1/schools/{urn}/pupils/{id}", summary="Read a pupil")
async def get_pupil(
    caller: RegisterReader, id_: PupilPath, as_at: AsAtText = None, read_by: reads.ReadBy = None
) -> dict[str, Any]:
    """Give a pupil's entry in the admission register with every change of it, the latest last."""
    async with database.reading(caller.engine, caller.school_id) as connection:
        at = await resolve(connection, caller.school_id, as_at, caller.now())
        rows = [row async for row in _sql.history(connection, school_id=caller.school_id, id=id_, seq=at.seq)]
        removals = await removed(connection, caller.school_id, [row["seq"] for row in rows])
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
    return {"id": id_, **(history[-1]["entry"] or {}), "history": history, "as_at": AsAtRead.of(at).model_dump()}


def _day(ordinal: int) -> date:
    try:
        return date.fromordinal(ordinal)
    except (ValueError, OverflowError) as caught:
        raise lists.not_ours() from caught


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
    """Give the pupils on roll on a date, in the order of their numbers."""
    position = lists.numbers(cursor, frozenset({"seq", "after", "on"}))
    if position is not None:
        on = _day(position["on"])
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
        {**(_said(row["body"]) or {}), "id": row["id"], "year_group": row["year_group"], "class": row["class"]}
        for row in rows[:limit]
    ]
    following = None
    if len(rows) > limit:
        following = {"seq": at.seq, "after": rows[limit - 1]["pupil_no"], "on": on.toordinal()}
    return {"as_at": AsAtRead.of(at).model_dump(), **lists.page(request, response, items, following)}
