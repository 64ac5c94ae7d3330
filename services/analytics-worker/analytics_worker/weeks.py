"""A pupil's week in one row: what stands, laid together so that figures of any days are counted from few rows.

They are laid together up to a position, and whoever counts looks into the stream for what was said since: so they cost
the folding of marks nothing, and no figure waits for them. Roll and calendar are not in them and move none.
"""

from kit import database
from kit.database import Connection

MOST_SAID = 5_000
"""So many events are looked for in the stream at each reading, and no more for long."""

_sql = database.statements(__file__)


async def lay(connection: Connection, school_id: int, after: int, seq: int) -> None:
    """Lay together again the weeks that something between two positions was said of, as their entries stand.

    The school is the caller's, folded up to `seq` or further: what is said of a week twice is the same.
    """
    if after < seq:
        await _sql.lay(connection, school_id=school_id, after=after, up_to=seq)
        await _sql.laid(connection, school_id=school_id, seq=seq)
