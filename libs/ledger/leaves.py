"""The leaves of stretches of a stream, computed again from what the tables hold, without the texts themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from codes.calendar import academic_year
from kit import database
from kit.database import Connection
from ledger.leaf import ChangeLeaf, MarkLeaf, change_bytes, mark_bytes, mark_bytes_with
from ledger.writers import first_year

_sql = database.statements(__file__)

Stretch = tuple[int, int]
"""The first and the last seq of a part of the stream."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the leaves of a register are made from beside their rows; nonces are those that outlived their keys."""

    register: str
    keys: Mapping[int, bytes]
    nonces: Mapping[int, bytes]
    staff: Mapping[int, bytes]
    clients: Mapping[int, bytes]


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of some events, in no order, and the commitments to their texts by seq and part."""

    events: list[asyncpg.Record]
    texts: Mapping[int, Mapping[str, bytes]]


async def parts(connection: Connection, school_id: int) -> Parts:
    """Give what every leaf of a register is made from."""
    register = await _sql.register(connection, school_id=school_id)
    return Parts(
        str(register["register_id"]),
        dict(register["keys"] or ()),
        dict(register["nonces"] or ()),
        {row["no"]: row["commitment"] async for row in _sql.staff(connection, school_id=school_id)},
        {row["no"]: row["commitment"] async for row in _sql.clients(connection, school_id=school_id)},
    )


async def rows(connection: Connection, school_id: int, stretches: Sequence[Stretch]) -> Rows:
    """Give the rows of some stretches of the stream."""
    asked = {
        "school_id": school_id,
        "firsts": [first for first, _ in stretches],
        "lasts": [last for _, last in stretches],
    }
    events = [row async for row in _sql.entries(connection, **asked)]
    events += [row async for row in _sql.changes(connection, **asked)]
    texts: dict[int, dict[str, bytes]] = {}
    async for row in _sql.commitments(connection, **asked):
        texts.setdefault(row["seq"], {})[row["part"]] = row["commitment"]
    return Rows(events, texts)


def leaf_bytes(row: asyncpg.Record, texts: Mapping[str, bytes], made_from: Parts) -> bytes:
    """Give the bytes of an event's leaf; KeyError where something that it refers to is missing."""
    staff_no, client = row["staff_no"], made_from.clients[row["client_no"]]
    if "pupil_no" not in row:
        seq, kind, subject, made_at, recorded_at, _, _ = row.values()
        made_by = None if staff_no is None else made_from.staff[staff_no]
        stated = (made_by, client, texts["body"], texts.get("reason"))
        return change_bytes(ChangeLeaf(made_from.register, seq, kind, subject, made_at, recorded_at, *stated))
    seq, pupil_no, on, session, version, original, code, arrived_at, made_at, recorded_at, source, _, _ = row.values()
    made_of = (seq, pupil_no, on, session, version, original, code, arrived_at, made_at, recorded_at, source)
    said = (texts.get("reason"), texts.get("nature"), texts.get("by-system")) if texts else (None, None, None)
    leaf = MarkLeaf(made_from.register, *made_of, made_from.staff[staff_no], client, *said)
    kept = made_from.nonces.get(seq)
    return mark_bytes(leaf, made_from.keys[first_year(on)]) if kept is None else mark_bytes_with(leaf, kept.hex())


def subject_of(row: asyncpg.Record) -> str:
    """Give what an event is counted under in the contents: a pupil and academic year, or the subject of a change."""
    if "pupil_no" not in row:
        return str(row["subject"])
    return f"pupil:{row['pupil_no']}/{academic_year(row['session_date'])}"
