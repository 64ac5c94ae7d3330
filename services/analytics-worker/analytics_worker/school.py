"""What a school has set for itself: its calendars and policies, read once."""

from codes.school import School, school_of
from kit import database
from kit.database import Connection

_sql = database.statements(__file__)


async def load(connection: Connection, school_id: int, seq: int | None = None) -> School:
    """Give the school that the transaction is turned to, as it stands, or stood at `seq`."""
    row = await _sql.school(connection, school_id=school_id, seq=seq)
    return school_of(row["policies"] or (), row["calendars"] or (), row["closures"] or ())
