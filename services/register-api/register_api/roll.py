"""The roll as it is written: what becomes of entries of the admission register, decided and kept in one transaction."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import Path

from codes.grounds import Case
from codes.identifiers import upn_fault
from kit import database
from kit.database import Connection
from kit.problems import Fault, Problem
from kit.schools import Caller
from ledger import append
from ledger.append import NewChange
from ledger.leaf import canonical
from register_api import leavers, responsible
from register_api.admission import (
    DATED,
    PutPupil,
    entry_after,
    fault,
    faults_of,
    id_fault,
    on_roll,
    warnings_of,
)
from register_api.bodies import Change
from register_api.changes import append_all, made_in_future, new_change

_sql = database.statements(__file__)

PupilPath = Annotated[str, Path(alias="id", pattern=r"^[A-Za-z0-9._~-]{1,64}$", description="The MIS's own id.")]


Wanted = tuple[int, str, PutPupil]
"""Index, the MIS's id, the entry."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands of a pupil: number, newest id, the whole entry, and what holds from which day on."""

    no: int
    id: str
    entry: dict[str, Any]
    effective_from: date
    placed: Mapping[date, dict[str, Any]]

    def holds(self, dated: Mapping[str, Any], on: date) -> bool:
        """Say whether year group, class and facts are these on a day."""
        days = [day for day in self.placed if day <= on]
        return bool(days) and self.placed[max(days)] == dated


class Roll:
    """The roll as it stands while one request changes it."""

    def __init__(self, at: tuple[str | int, ...], may_set_reach: bool) -> None:
        self.at = at
        self.may_set_reach = may_set_reach
        self.standing: Mapping[str, Standing] = {}
        self.upns: dict[str, tuple[int, str]] = {}
        self.cases: Mapping[str, Case] = {}
        self.last_no = 0
        self.decided: set[int] = set()

    async def load(self, connection: Connection, school_id: int, wanted: Sequence[Wanted]) -> None:
        """Read what stands of the pupils named and of those who have their UPNs."""
        upns = [body.upn for _, _, body in wanted if body.upn and upn_fault(body.upn) is None]
        self.standing = await standing(connection, school_id, [id_ for _, id_, _ in wanted])
        async for row in _sql.upns(connection, school_id=school_id, upns=upns):
            self.upns[row["upn"]] = (row["pupil_no"], row["id"])
        self.last_no = await _sql.last_pupil_no(connection, school_id=school_id)
        self.cases = await leavers.cases(connection, school_id, [self._leaver(id_, body) for _, id_, body in wanted])

    def _leaver(self, id_: str, body: PutPupil) -> leavers.Leaver:
        found = self.standing.get(id_)
        return leavers.Leaver(id_, body, *((None, None) if found is None else (found.no, found.entry)))

    def refusal(self, place: Wanted, now: datetime) -> Problem | None:
        """Say why an entry cannot be kept."""
        index, id_, body = place
        at = (*self.at, index) if self.at else ()
        if wrong := id_fault(id_):
            where = fault(at, "id", wrong) if self.at else Fault(wrong, parameter="id")
            return Problem("invalid-pupil-id", wrong, (where,))
        standing = self.standing.get(id_)
        if standing is not None and standing.no in self.decided:
            detail = "An earlier item is about the same pupil."
            return Problem("duplicate-in-request", detail, (fault(at, "id", detail),))
        if found := faults_of(body, None if standing is None else standing.entry):
            faults = tuple(fault(at, member, detail) for member, detail in found)
            return Problem("invalid-item" if self.at else "invalid-request", "The entry cannot be kept.", faults)
        if body.upn is not None and body.upn in self.upns:
            no, whose = self.upns[body.upn]
            if standing is None or standing.no != no:
                detail = f"The UPN belongs to {whose}."
                return Problem("upn-in-use", detail, (fault(at, "upn", detail),))
        refused = body.leaving and id_ in self.cases and leavers.refusal(body.leaving, self.cases[id_], at)
        if refused:
            return refused
        return made_in_future(body.change.made_at, now, *at, "change") if body.change else None


async def standing(connection: Connection, school_id: int, ids: Sequence[str]) -> Mapping[str, Standing]:
    """Give what stands of the pupils behind some ids, by the id asked for; an unknown one is left out."""
    return {row["asked"]: _standing(row) async for row in _sql.standing(connection, school_id=school_id, ids=list(ids))}


def _standing(row: Mapping[str, Any]) -> Standing:
    entry = json.loads(row["body"])
    effective_from = date.fromisoformat(entry.pop("effective_from"))
    del entry["id"]
    placed = {
        day: {"year_group": year_group, "class": class_, "facts": json.loads(facts)}
        for day, year_group, class_, facts in row["placings"] or ()
    }
    return Standing(row["pupil_no"], row["id"], entry, effective_from, placed)


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry that is to be kept: whose it is, what it says as a whole, and from when its dated facts hold."""

    index: int
    id: str
    no: int
    id_is_new: bool
    effective_from: date
    entry: dict[str, Any]
    stated: Change | None
    outcome: Literal["entered", "changed"] = "changed"
    ahead: "tuple[Kept, ...]" = ()
    """What was stated for days to come, and follows."""

    @classmethod
    def said(cls, no: int, body: str, id_is_new: bool) -> "Kept":
        """Read what a change of the roll says of pupil `no`."""
        entry = json.loads(body)
        id_, effective_from = entry.pop("id"), date.fromisoformat(entry.pop("effective_from"))
        return cls(0, id_, no, id_is_new, effective_from, entry, None)

    def as_change(self, now: datetime) -> NewChange:
        """Describe it as a change of the roll."""
        body = {**self.entry, "id": self.id, "effective_from": self.effective_from.isoformat()}
        return new_change("roll-changed", f"pupil:{self.no}", canonical(body), self.stated, now)

    def spans(self) -> str:
        """Write the spans on roll as the database reads them."""
        return "{" + ",".join(f"[{first},{last or ''}]" for first, last in on_roll(self.entry)) + "}"


@dataclass(frozen=True, slots=True)
class Done:
    """What became of an entry, its position where it was written, and what its leaving leaves open."""

    outcome: Literal["entered", "changed", "unchanged"]
    seq: int | None
    warnings: list[dict[str, str]]


Result = Problem | Done


def _decide(roll: Roll, place: Wanted, now: datetime) -> Problem | Kept | None:
    """Decide one entry: a problem, what is to be kept, or None for what stands already."""
    index, id_, body = place
    if (refused := roll.refusal(place, now)) is not None:
        return refused
    standing = roll.standing.get(id_)
    entry, since = _entry(body, standing, now.date())
    placed = {} if standing is None else standing.placed
    wanted = responsible.of(entry)
    below = (*roll.at, index) if roll.at else ()
    if refused := responsible.refusal(wanted, responsible.on(placed, since), roll.may_set_reach, below):
        return refused
    if standing is None:
        roll.last_no += 1
        if body.upn is not None:
            roll.upns[body.upn] = (roll.last_no, id_)
        return Kept(index, id_, roll.last_no, True, since, entry, body.change, "entered")
    roll.decided.add(standing.no)
    if body.upn is not None:
        roll.upns[body.upn] = (standing.no, standing.id)
    if _undated(entry) == _undated(standing.entry) and _stands(entry, standing, body.effective_from, since):
        return None
    kept = Kept(index, standing.id, standing.no, False, since, entry, body.change)
    ahead = [
        replace(kept, effective_from=day, entry={**entry, **dated})
        for day, dated in responsible.followed(placed, since, wanted)
    ]
    return replace(kept, ahead=tuple(ahead))


def _entry(body: PutPupil, standing: Standing | None, today: date) -> tuple[dict[str, Any], date]:
    """Give the whole entry after a change, and the day from which its dated facts hold."""
    entry = entry_after(body, None if standing is None else standing.entry)
    if standing is None:
        return entry, body.effective_from or body.starting_day
    if not responsible.is_left_out(body):
        return entry, _effective_from(body.effective_from, entry, standing, today)
    entry = responsible.naming(entry, responsible.of(standing.entry))
    since = _effective_from(body.effective_from, entry, standing, today)
    return responsible.naming(entry, responsible.on(standing.placed, since)), since


def _dated(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: entry[name] for name in DATED}


def _undated(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name not in DATED}


def _effective_from(stated: date | None, entry: Mapping[str, Any], standing: Standing, today: date) -> date:
    """Give the day from which the dated facts hold: of facts that stand already, the day that was stated with them.

    So a telephone number that changes in July leaves the move up on 1 September where it is.
    """
    if stated is not None:
        return stated
    return standing.effective_from if _dated(entry) == _dated(standing.entry) else today


def _stands(entry: Mapping[str, Any], standing: Standing, stated: date | None, since: date) -> bool:
    """Say whether the dated facts hold already from the day stated, or on the day without one."""
    dated = _dated(entry)
    return standing.placed.get(stated) == dated if stated is not None else standing.holds(dated, since)


async def record(
    caller: Caller, wanted: Sequence[Wanted], at: tuple[str | int, ...], dry_run: bool
) -> tuple[int, dict[int, Result]]:
    """Keep the entries that can be kept, in one transaction; give the position after it, and the results by index."""
    async with database.writing(caller.engine, caller.school_id, dry_run=dry_run) as connection:
        head = await append.lock(connection, caller.school_id)
        now = caller.now()
        roll = Roll(at, "admin" in caller.identity.scopes)
        await roll.load(connection, caller.school_id, wanted)
        decided = [(place, _decide(roll, place, now)) for place in wanted]
        kept = [each for _, last in decided if isinstance(last, Kept) for each in (*last.ahead, last)]
        recorded = await append_all(connection, caller, head, [each.as_change(now) for each in kept], now)
        if kept:
            await keep(connection, caller.school_id, kept, [each.seq for each in recorded])
    seqs = {(each.index, each.effective_from): at.seq for each, at in zip(kept, recorded, strict=True)}
    results: dict[int, Result] = {}
    for (index, id_, _), each in decided:
        below = (*at, index) if at else ()
        if isinstance(each, Kept):
            results[index] = Done(each.outcome, seqs[index, each.effective_from], warnings_of(each.entry, *below))
        else:
            results[index] = each or Done("unchanged", None, warnings_of(roll.standing[id_].entry, *below))
    return (recorded[-1].seq if recorded else head.seq), results


async def keep(connection: Connection, school_id: int, kept: Sequence[Kept], seqs: Sequence[int]) -> None:
    """Write the rows that are found again by what the changes said."""
    new = [(each, seq) for each, seq in zip(kept, seqs, strict=True) if each.id_is_new]
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
