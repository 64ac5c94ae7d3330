"""The body that suppliers send to a large aggregator, taken as it is: what became of each mark is answered at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BeforeValidator, Field

from codes.book import Session
from codes.told import Told
from kit import database
from kit.contract import refuses
from kit.fields import Body, Day, Text, Words
from kit.problems import Fault, pointer
from kit.schools import Caller
from register_api import adapter_ids
from register_api.bodies import Faulty, MadeBy, stands_alone
from register_api.caller import DryRun, MarksWriter
from register_api.item_problems import OF_TOLD
from register_api.outcomes import Outcomes
from register_api.preferences import Prefer, wants_strict
from register_api.recording import Malformed, Wanted, record

router = APIRouter(tags=["adapters"])


def _number(value: Any) -> Any:
    """Read a number that is written as a text; an empty text says nothing."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text or None


def _or_none(value: Any) -> Any:
    return None if value == "" else value


class AttendanceItem(Body):
    """One mark: the pupil by our id, a UPN or a mapped id; the code by its letter or a mapped id."""

    date: Day
    session: Session
    student_id: Words
    attendance_code_id: Words
    comment: Text | None = None
    employee_id: Annotated[Words | None, BeforeValidator(_or_none)] = None
    minutes_late: Annotated[
        Annotated[int, Field(strict=True, ge=0, le=600)] | None,
        BeforeValidator(_number),
        Field(description="From the opening of the register; a number, or a number as a text."),
    ] = None


EXAMPLE = {
    "attendance": [
        {
            "date": "2026-09-07",
            "session": "AM",
            "student_id": "A1039521834",
            "attendance_code_id": "A2044",
            "comment": "",
            "employee_id": "A77",
            "minutes_late": None,
        }
    ]
}


class SessionAttendance(Body, json_schema_extra={"examples": [EXAMPLE]}):
    """Marks of any dates and sessions, entries and amendments alike."""

    attendance: list[Annotated[AttendanceItem, stands_alone]]


class Written(Outcomes):
    """What became of each mark, in the order of the request; `writeback_id` names the position after it."""

    writeback_id: str


@dataclass(frozen=True, slots=True)
class _Known:
    """What the supplier's ids of one request mean."""

    pupils: Mapping[str, str]
    codes: Mapping[str, Any]
    staff: Mapping[str, Any]


async def _known(caller: Caller, items: Sequence[AttendanceItem]) -> _Known:
    staff = {item.employee_id for item in items if item.employee_id is not None}
    async with database.reading(caller.engine, caller.school_id) as connection:
        at = (connection, caller.school_id)
        return _Known(
            await adapter_ids.pupils(*at, [item.student_id for item in items]),
            await adapter_ids.meanings(*at, "code", {item.attendance_code_id for item in items}),
            await adapter_ids.meanings(*at, "staff", staff),
        )


def _wanted(index: int, item: AttendanceItem | Faulty, known: _Known) -> Wanted | Malformed:
    if isinstance(item, Faulty):
        return Malformed(index, None, item.faults("attendance", index))
    if item.student_id not in known.pupils:
        detail = "No id of a pupil here, no UPN of one, and no id that is mapped to one."
        where = Fault(detail, pointer=pointer(("attendance", index, "student_id")))
        return Malformed(index, None, (where,), "unknown-pupil", detail)
    mapped = known.codes.get(item.attendance_code_id)
    code = item.attendance_code_id if mapped is None else mapped["code"]
    person = known.staff.get(item.employee_id or "")
    made_by = None if person is None else MadeBy(**person)
    told = Told(code, item.minutes_late, item.comment, by_somebody=made_by is not None)
    return Wanted(index, known.pupils[item.student_id], item.date, item.session, told, made_by, None)


@router.post(
    adapter_ids.PATH,
    summary="Take a supplier's marks",
    response_model=Written,
    response_model_exclude_none=True,
    openapi_extra=refuses("conflicts-whole", "refused-whole", "too-many-items", items=OF_TOLD),
)
async def take_attendance(
    caller: MarksWriter, body: SessionAttendance, response: Response, prefer: Prefer = None, dry_run: DryRun = False
) -> Written:
    """Enter a mark where there is no entry, amend where another code stands, each by itself; neither is ever guessed.

    Equal to the first or the current entry is `unchanged`. To amend takes the scope `amendments:write`, a comment as
    the reason, and an employee whose name and position are mapped: else `scope-required` or `reason-required`.
    """
    strict = wants_strict(prefer)
    items: Sequence[AttendanceItem | Faulty] = body.attendance
    known = await _known(caller, [item for item in items if not isinstance(item, Faulty)])
    wanted = [_wanted(index, item, known) for index, item in enumerate(items)]
    outcomes = await record(caller, wanted, collection="attendance", source="adapter", strict=strict, dry_run=dry_run)
    if strict:
        response.headers["Preference-Applied"] = "handling=strict"
    return Written(writeback_id=f"seq:{outcomes.seq}", **dict(outcomes))
