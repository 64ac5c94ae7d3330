"""The rows of absence known ahead: how they are written, and how a session in them is shown."""

from collections.abc import Mapping
from typing import Any

from codes.planned import WEEKDAYS, At, plan_from_body
from kit import database
from kit.database import Connection

_sql = database.statements(__file__)


async def keep(connection: Connection, school_id: int, seq: int, pupil_no: int, body: Mapping[str, Any]) -> None:
    """Write the row that is found again by what a change said of an absence known ahead."""
    plan = plan_from_body(body)
    pattern = sorted(f"{WEEKDAYS[weekday]} {session}" for weekday, session in plan.pattern)
    await _sql.add_plan(
        connection,
        school_id=school_id,
        seq=seq,
        pupil_no=pupil_no,
        id=plan.id,
        kind=plan.kind,
        code=plan.code,
        outcome=plan.outcome,
        **_columns("asked_first", plan.asked_first),
        **_columns("asked_last", plan.asked_last),
        **_columns("first", plan.first),
        **_columns("last", plan.last),
        pattern=pattern or None,
    )


def _columns(name: str, at: At | None) -> dict[str, Any]:
    on, session = at or (None, None)
    return {f"{name}_date": on, f"{name}_session": session}


def shown(at: At | None) -> dict[str, str] | None:
    """Show a session; None where there is none."""
    return None if at is None else {"date": at[0].isoformat(), "session": at[1].value}
