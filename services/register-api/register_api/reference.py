"""What everybody may read: the codes in force on a date, grounds of deletion, what each problem wants of the caller."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from codes import book, grounds
from kit.catalogue import CATALOGUE
from kit.contract import refuses, tells
from kit.fields import Day
from kit.problems import Problem
from kit.schools import london_now
from register_api.answers.access import CodesOn, DeletionGrounds, ProblemType

router = APIRouter(tags=["reference"])

On = Annotated[Day | None, Query(description="The codes of this date; today without it.")]


@router.get("/v1/codes", summary="The codes in force on a date", responses=tells(CodesOn))
async def codes(request: Request, on: On = None) -> dict[str, Any]:
    """Give every code that may be entered for a session of the date, with its class and what must accompany it."""
    day: date = on or london_now(request).date()
    items = [
        {
            "code": reading.code,
            "meaning": reading.meaning,
            "class": reading.kind,
            "possible": reading.possible,
            "sessions": sorted(reading.sessions),
            "bearer": reading.bearer,
            "needs": sorted(reading.needs),
            "counts_to_penalty_threshold": reading.threshold,
            "valid_from": reading.valid_from.isoformat(),
            "valid_to": None if reading.valid_to is None else reading.valid_to.isoformat(),
            "source": reading.source,
        }
        for reading in book.readings(day)
    ]
    return {"on": day.isoformat(), "edition": book.edition(day), "items": items, "next": None}


@router.get(
    "/v1/deletion-grounds",
    summary="The grounds of deletion from the admission register",
    responses=tells(DeletionGrounds),
)
async def deletion_grounds() -> dict[str, Any]:
    """Give every ground of regulation 9(1) with what it asks beside its heading, and what a destination names."""
    items = [
        {
            "ground": ground.letter,
            "heading": ground.heading,
            "compulsory_school_age": not ground.edge,
            "destination": ground.destination,
            "tests": [{"test": test.slug, "question": test.question, "source": test.source} for test in ground.tests],
            "source": ground.source,
        }
        for ground in grounds.GROUNDS.values()
    ]
    return {"items": items, "next": None}


@router.get(
    "/problems/{slug}", summary="A type of problem", openapi_extra=refuses("not-found"), responses=tells(ProblemType)
)
async def problem(slug: str) -> dict[str, Any]:
    """Say what a type of problem means, its status, and what it wants of the caller."""
    if slug not in CATALOGUE:
        raise Problem("not-found", f"There is no type of problem {slug!r}.")
    kind = CATALOGUE[slug]
    return {"code": slug, "title": kind.title, "status": kind.status, "remedy": kind.remedy}
