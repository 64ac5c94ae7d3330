"""The rows of absence known ahead: what a change said of it, and the plans that stand, or stood at a position."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from codes.planned import WEEKDAYS, At, Plan, plan_from_body, slot
from codes.reading import Session
from kit import database
from kit.database import Connection

_sql = database.statements(__file__)

Standing = Mapping[int, list[Plan]]
"""Plans by the number of the pupil whom they are about."""


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


def plan_of(row: Mapping[str, Any]) -> Plan:
    """Read a row."""

    def at(name: str) -> At | None:
        on = row[f"{name}_date"]
        return None if on is None else (on, Session(row[f"{name}_session"]))

    asked_first, first = at("asked_first"), at("first")
    assert asked_first is not None and first is not None  # the columns are NOT NULL
    slots = (text.partition(" ") for text in row["pattern"] or ())
    return Plan(
        row["id"],
        row["kind"],
        row["code"],
        row["outcome"],
        asked_first,
        at("asked_last"),
        first,
        at("last"),
        frozenset(slot({"weekday": weekday, "session": session}) for weekday, _, session in slots),
    )


def shown(at: At | None) -> dict[str, str] | None:
    """Show a session; None where there is none."""
    return None if at is None else {"date": at[0].isoformat(), "session": at[1].value}


async def standing(
    connection: Connection,
    school_id: int,
    dates: tuple[date, date],
    seq: int,
    pupil_nos: Iterable[int] | None = None,
) -> Standing:
    """Give the plans about any session between two dates inclusive, as they stood at a position, by pupil."""
    rows = _sql.standing(
        connection,
        school_id=school_id,
        first=dates[0],
        last=dates[1],
        seq=seq,
        pupil_nos=None if pupil_nos is None else list(pupil_nos),
    )
    found: dict[int, list[Plan]] = {}
    async for row in rows:
        found.setdefault(row["pupil_no"], []).append(plan_of(row))
    return found
