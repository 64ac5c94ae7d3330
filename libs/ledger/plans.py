"""Absence known ahead as it stands, or stood at a position: who is to be away from which session, and by which code."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from codes.planned import At, Plan, slot
from codes.reading import Session
from kit import database
from kit.database import Connection

_sql = database.statements(__file__)

Standing = Mapping[int, list[Plan]]
"""Plans by the number of the pupil whom they are about."""


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


async def standing(
    connection: Connection,
    school_id: int,
    dates: tuple[date, date],
    seq: int | None,
    pupil_nos: Iterable[int] | None = None,
) -> Standing:
    """Give the plans about any session between two dates inclusive, as they stand, or stood at a position, by pupil."""
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
