"""Legal holds: what must stay in the register whatever its age, who said so and why, until somebody lifts it."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from kit import database as kit_database
from kit.database import Connection
from onebox.database import DatabaseFailed

_sql = kit_database.statements(__file__)

# Two get no one number, and nothing goes while a hold is put on it: letting go keeps writers out of the table.
_ONE_AT_A_TIME = "LOCK TABLE register.hold IN SHARE ROW EXCLUSIVE MODE"


class NotThere(DatabaseFailed):
    """The school, the pupil or the hold that was named is not there; the message says which."""


@dataclass(frozen=True, slots=True)
class Stated:
    """Who holds something or lifts a hold, and why."""

    reason: str
    name: str
    position: str


async def _school_of(connection: Connection, urn: str) -> int:
    school_id: int | None = await _sql.school_of(connection, urn=urn)
    if school_id is None:
        raise NotThere(f"There is no school {urn} in this register.")
    return school_id


async def add(
    connection: Connection,
    urn: str,
    pupil: str | None,
    dates: tuple[date | None, date | None],
    stated: Stated,
    now: datetime,
) -> str:
    """Hold a school's entries, or one pupil's, of all sessions or of those between two dates; give the hold's id."""
    async with connection.transaction():
        await connection.execute(_ONE_AT_A_TIME)
        school_id = await _school_of(connection, urn)
        pupil_no = None
        if pupil is not None:
            pupil_no = await _sql.pupil_of(connection, school_id=school_id, id=pupil)
            if pupil_no is None:
                raise NotThere(f"There is no pupil {pupil} in the register of {urn}.")
        no = await _add(connection, school_id, None, pupil_no, dates, stated, now)
    return f"{urn}-{no}"


async def lift(connection: Connection, hold: str, stated: Stated, now: datetime) -> str:
    """Lift a hold; give its id. What was held goes with the next run, if it is past keeping."""
    found = re.fullmatch(r"([0-9]{6})-([0-9]{1,6})", hold)
    if found is None:
        raise NotThere(f"{hold} is not the id of a hold, such as 900001-1.")
    urn, no = found[1], int(found[2])
    async with connection.transaction():
        await connection.execute(_ONE_AT_A_TIME)
        school_id = await _school_of(connection, urn)
        if not await _sql.stands(connection, school_id=school_id, no=no):
            raise NotThere(f"There is no hold {hold} that stands.")
        await _add(connection, school_id, no, None, (None, None), stated, now)
    return hold


async def _add(
    connection: Connection,
    school_id: int,
    lifts: int | None,
    pupil_no: int | None,
    dates: tuple[date | None, date | None],
    stated: Stated,
    now: datetime,
) -> int:
    no: int = await _sql.add(
        connection,
        school_id=school_id,
        lifts=lifts,
        pupil_no=pupil_no,
        first_day=dates[0],
        last_day=dates[1],
        reason=stated.reason,
        name=stated.name,
        position=stated.position,
        now=now,
    )
    return no


async def listed(connection: Connection) -> list[dict[str, Any]]:
    """Give every hold, those that were lifted too, each with who, when and why."""
    return [
        {
            "id": f"{row['urn']}-{row['no']}",
            "pupil": row["pupil"],
            "from": row["first_day"],
            "to": row["last_day"],
            "reason": row["reason"],
            "made_by": {"name": row["name"], "position": row["position"]},
            "made_at": row["made_at"],
            "lifted": None
            if row["lifted_at"] is None
            else {
                "reason": row["lifted_why"],
                "made_by": {"name": row["lifted_by"], "position": row["lifted_position"]},
                "made_at": row["lifted_at"],
            },
        }
        async for row in _sql.holds(connection)
    ]
