"""Reads of pupils' history are recorded, with who looked and through which client, before they are answered."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import Header
from pydantic import BeforeValidator

from kit import database
from kit.fields import Words
from kit.schools import Caller

_sql = database.statements(__file__)

What = Literal[
    "pupil",
    "pupil-marks",
    "amendments",
    "changes",
    "events",
    "late-entries",
    "roll-changes",
    "planned-absences",
    "leave-checks",
    "evidence",
    "export",
    "attendance",
    "pupil-attendance",
    "alerts",
    "notices",
    "dual-registrations",
    "daily",
    "day",
]


def _utf8(value: Any) -> Any:
    """Read a header as UTF-8, where the server read each byte as a character."""
    return value.encode("latin-1").decode() if isinstance(value, str) else value


ReadBy = Annotated[
    Annotated[Words, BeforeValidator(_utf8)] | None,
    Header(
        alias="Rollbook-Read-By",
        description="Who looks, as the client knows them: name and position, in UTF-8. Recorded with the read.",
    ),
]


async def record(
    caller: Caller,
    read_by: str | None,
    what: What,
    seq: int,
    *,
    pupils: Sequence[str] | None = None,
    dates: tuple[date | None, date | None] = (None, None),
) -> None:
    """Record that pupils' history is read up to a position, and commit: call it last before the answer.

    `pupils` are the ids that the read names, None when it is of all; a pupil whom the school does not know is left out.
    Raises whatever the database does, and then nothing may be answered.
    """
    async with database.writing(caller.engine, caller.school_id) as connection:
        await _sql.record(
            connection,
            school_id=caller.school_id,
            at=caller.now(),
            what=what,
            client_id=caller.identity.client_id,
            read_by=read_by,
            pupils=pupils,
            first=dates[0],
            last=dates[1],
            seq=seq,
        )
