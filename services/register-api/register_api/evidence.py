"""Evidence for a court, an inspector or a parent: one pupil's entries of a year, proven unchanged and complete."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse

from codes import book
from codes.calendar import academic_year, academic_year_bounds
from kit import database, pupil_ids, reads
from kit.contract import refuses, tells
from kit.fields import written
from kit.problems import Fault, Problem
from kit.schools import AtSchool, Caller
from ledger import checked_evidence, evidence
from ledger.certificate import certificate
from ledger.checking import Json
from register_api.answers.proof import EvidenceRead
from register_api.checkpoints import Size, standing_at, unaltered
from register_api.roll import PupilPath

router = APIRouter(tags=["proof"])

EvidenceReader = Annotated[Caller, Depends(AtSchool("evidence:read"))]
Year = Annotated[
    str | None,
    Query(alias="academic_year", description="From 1 August to 31 July; this one without it.", examples=["2026-27"]),
]


def _bounds(year: str) -> tuple[date, date]:
    try:
        return academic_year_bounds(year)
    except ValueError as caught:
        fault = Fault(str(caught), parameter="academic_year")
        raise Problem("invalid-parameter", "Not an academic year.", (fault,)) from caught


def _codes(entries: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Give what each code that any version of an entry has meant on its date: once for each edition."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for entry in entries:
        on = date.fromisoformat(entry["date"])
        for code in {version["code"] for version in entry["versions"]}:
            reading = book.read(code, on)
            row = {"edition": book.edition(on), "code": code, "meaning": reading.meaning}
            found[row["edition"], code] = {**row, "class": reading.kind.value, "source": reading.source}
    return [found[key] for key in sorted(found)]


async def _document(
    caller: Caller, id_: str, asked: str | None, size: int | None, read_by: str | None
) -> dict[str, Any]:
    """Gather the evidence, record that it is read, and give it."""
    year = asked or academic_year(caller.now().date())
    dates = _bounds(year)
    async with database.reading(caller.engine, caller.school_id) as connection:
        number = (await pupil_ids.numbers(connection, caller.school_id, [id_])).get(id_)
        if number is None:
            raise Problem("unknown-pupil", f"The school's admission register has no pupil {id_}.")
        id_ = (await pupil_ids.ids(connection, caller.school_id, [number]))[number]
        standing = await standing_at(connection, caller, size)
        with unaltered():
            gathered = await evidence.gather(connection, caller.school_id, number, year, standing)
    entries = checked_evidence.entries_of(gathered["events"])
    if not entries:
        raise Problem("no-entries", f"Checkpoint {standing.size} covers no entry of {id_} in {year}.")
    applied = checked_evidence.applied(gathered["events"], number, year)
    await reads.record(caller, read_by, "evidence", standing.seq, pupils=[id_], dates=dates)
    at = written(standing.at)
    return {
        "format": checked_evidence.FORMAT,
        "version": checked_evidence.VERSION,
        "written_at": written(caller.now()),
        "as_at": {"instant": at, "seq": standing.seq, "settled": True},
        "register": standing.register,
        "urn": caller.urn,
        "school": _name(applied["school"]),
        "pupil": id_,
        "pupil_no": number,
        "academic_year": year,
        "complete": {"seq": standing.seq, "checkpoint": standing.size, "at": at},
        "applied": applied,
        "codes": _codes(entries),
        "entries": entries,
        **gathered,
    }


def _name(school: Json | None) -> str | None:
    return None if school is None else school["body"]["name"]


@router.get(
    "/v1/schools/{urn}/pupils/{id}/evidence",
    summary="Evidence of a pupil's year",
    openapi_extra=refuses("no-entries", "not-sealed", "register-altered", "unknown-checkpoint", "unknown-pupil"),
    responses=tells(EvidenceRead),
)
async def get_evidence(
    caller: EvidenceReader, id_: PupilPath, year: Year = None, size: Size = None, read_by: reads.ReadBy = None
) -> dict[str, Any]:
    """Give every event about a pupil in an academic year, each proven under a signed checkpoint, and shown to be all.

    In plain words beside them: the entries with every version, who the pupil is, the calendar, the times of the
    registers, and what the codes mean. `rollbook verify` checks it offline. No other pupil is disclosed.
    """
    return await _document(caller, id_, year, size, read_by)


@router.get(
    "/v1/schools/{urn}/pupils/{id}/evidence/certificate",
    summary="The certificate of it, to be printed and signed",
    response_class=HTMLResponse,
    openapi_extra=refuses("no-entries", "not-sealed", "register-altered", "unknown-checkpoint", "unknown-pupil"),
)
async def get_certificate(
    caller: EvidenceReader, id_: PupilPath, year: Year = None, size: Size = None, read_by: reads.ReadBy = None
) -> HTMLResponse:
    """Give the particulars of a pupil's attendance as a page for the head teacher's signature.

    A certificate under section 566(1)(c) of the Education Act 1996, made from the same evidence.
    """
    return HTMLResponse(certificate(await _document(caller, id_, year, size, read_by)))
