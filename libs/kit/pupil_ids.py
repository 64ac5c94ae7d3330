"""The MIS's ids of pupils and the numbers that the register gave them."""

from collections.abc import Iterable, Mapping

from kit import database
from kit.database import Connection

_sql = database.statements(__file__)


async def numbers(
    connection: Connection, school_id: int, ids: Iterable[str], seq: int | None = None
) -> Mapping[str, int]:
    """Give the number behind each id, now or as at a position; an id that the school does not know is left out."""
    rows = _sql.numbers(connection, school_id=school_id, ids=list(ids), seq=seq)
    return {row["id"]: row["pupil_no"] async for row in rows}


async def narrowed(
    connection: Connection, school_id: int, ids: Iterable[str] | None, seq: int | None = None
) -> list[int] | None:
    """Give the numbers of the pupils that a list is narrowed to, as `numbers` does; None where it is not narrowed."""
    return None if ids is None else list((await numbers(connection, school_id, ids, seq)).values())


async def ids(
    connection: Connection, school_id: int, numbers: Iterable[int], seq: int | None = None
) -> Mapping[int, str]:
    """Give the id that each number has now, or had at a position."""
    rows = _sql.ids(connection, school_id=school_id, pupil_nos=list(set(numbers)), seq=seq)
    return {row["pupil_no"]: row["id"] async for row in rows}
