"""What was removed from events by redaction, as every read shows it beside what is left."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from kit import database
from kit.database import Connection
from kit.fields import Body, Utc, written
from register_api.bodies import MadeBy

_sql = database.statements(__file__)

Part = Literal["reason", "nature", "by-system", "body"]
"""The texts that an event may have."""


class Removed(Body):
    """A text that is no longer there: which part of its event, and where, when and by whom it was removed."""

    part: Part
    seq: int
    made_at: Utc
    made_by: MadeBy


Removals = Mapping[int, Sequence[Removed]]
"""What was removed, by the position of the event that it was part of; an event that is whole is left out."""


async def removed(connection: Connection, school_id: int, seqs: Iterable[int]) -> Removals:
    """Give what has been removed of some events by now, whatever position they are read as at."""
    found: dict[int, list[Removed]] = {}
    async for row in _sql.removed(connection, school_id=school_id, seqs=list(seqs)):
        made_by = MadeBy(name=row["name"], position=row["position"])
        gone = Removed(part=row["part"], seq=row["act"], made_at=written(row["made_at"]), made_by=made_by)
        found.setdefault(row["seq"], []).append(gone)
    return found


def parts(shown_: Sequence[Mapping[str, Any]]) -> str:
    """Name the parts that were removed, as a row of a table has them."""
    return " ".join(each["part"] for each in shown_)


def shown(removals: Removals, seq: int) -> list[dict[str, Any]]:
    """Show what was removed of one event; empty when it is whole."""
    return [each.model_dump() for each in removals.get(seq, ())]
