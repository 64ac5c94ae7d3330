"""Enter the marks of one session, and read registers and pupils' marks back."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import Field

from codes.book import Session
from codes.register import Mark
from kit.contract import refuses
from kit.fields import Day
from register_api.bodies import EntryItem, Faulty, Made, stands_alone
from register_api.caller import DryRun, MarksWriter
from register_api.item_problems import OF_MARKS
from register_api.outcomes import Outcomes
from register_api.preferences import Prefer, wants_strict
from register_api.recording import Malformed, Wanted, record

router = APIRouter(tags=["marks"])

SessionDate = Annotated[
    Day, Path(alias="date", description="The date of the session, London's.", examples=["2026-09-07"])
]
SessionName = Annotated[Session, Path(description="AM or PM.")]


class MarkItem(EntryItem):
    """A mark for one pupil."""

    code: Annotated[str, Field(strict=True, max_length=4, description="A code in force on the date.", examples=["/"])]


EXAMPLE = {
    "made_by": {"name": "A. Teacher", "position": "Class teacher"},
    "made_at": "2026-09-07T08:59:10+01:00",
    "marks": [
        {"pupil": "p-001", "code": "/"},
        {"pupil": "p-002", "code": "L", "arrived_at": "08:58"},
        {"pupil": "p-004", "code": "N"},
    ],
}


class EnterMarks(Made, json_schema_extra={"examples": [EXAMPLE]}):
    """The marks of one session, and who made them."""

    marks: list[Annotated[MarkItem, stands_alone]]


def _wanted(body: EnterMarks, on: date, session: Session) -> list[Wanted | Malformed]:
    items: Sequence[MarkItem | Faulty] = body.marks
    return [
        Malformed(index, item.pupil, item.faults("marks", index))
        if isinstance(item, Faulty)
        else Wanted(
            index,
            item.pupil,
            on,
            session,
            Mark(item.code, item.arrived_at, item.minutes_late, item.nature, item.made_at or body.made_at),
            item.made_by or body.made_by,
            item.by_system or body.by_system,
        )
        for index, item in enumerate(items)
    ]


@router.post(
    "/v1/schools/{urn}/registers/{date}/{session}/marks",
    summary="Enter marks",
    response_model=Outcomes,
    response_model_exclude_none=True,
    openapi_extra=refuses("conflicts-whole", "refused-whole", "too-many-items", items=OF_MARKS),
)
async def enter_marks(
    caller: MarksWriter,
    on: SessionDate,
    session: SessionName,
    body: EnterMarks,
    response: Response,
    prefer: Prefer = None,
    dry_run: DryRun = False,
) -> Outcomes:
    """Enter the first mark of each pupil named, each by itself: answered in the order of the request, once committed.

    A mark equal to the first entry is `unchanged`, so a request may be sent again after a lost reply.
    """
    strict = wants_strict(prefer)
    outcomes = await record(
        caller, _wanted(body, on, session), collection="marks", source="live", strict=strict, dry_run=dry_run
    )
    if strict:
        response.headers["Preference-Applied"] = "handling=strict"
    return outcomes
