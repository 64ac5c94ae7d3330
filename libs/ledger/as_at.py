"""Which position of a school's stream a read answers at."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from kit import database
from kit.database import TRANSACTION_TIMEOUT_MS, Connection
from kit.fields import written
from kit.problems import Fault, Problem

BEFORE_THE_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
"""The instant of `seq:0`, at which nothing had been recorded: fixed, so that it repeats as any other position does."""

_sql = database.statements(__file__)
_LONGEST_WRITE = timedelta(milliseconds=TRANSACTION_TIMEOUT_MS)


@dataclass(frozen=True, slots=True)
class AsAt:
    """The instant asked for, the position it stands for, and whether a writer still in flight could add to it."""

    instant: datetime
    seq: int
    settled: bool


async def resolve(
    connection: Connection, school_id: int, asked: str | None, now: datetime, parameter: str = "as_at"
) -> AsAt:
    """Give the position for `as_at`: nothing (now), an instant (what was recorded at or before it) or `seq:N`.

    Raises `as-at-in-future` for what is to come and `invalid-parameter` for what is neither, pointing at `parameter`.
    """
    head = await _sql.head_position(connection, school_id=school_id)
    if asked is None:
        return AsAt(now, head["seq"], settled=False)
    if found := re.fullmatch(r"seq:([0-9]{1,18})", asked):
        seq = int(found[1])
        if seq > head["seq"]:
            raise _in_future(f"The register stands at seq {head['seq']}.", parameter)
        recorded = await _sql.recorded_by(connection, school_id=school_id, seq=seq)
        return AsAt(recorded["recorded_at"] if recorded else BEFORE_THE_FIRST, seq, settled=True)
    instant = instant_of(asked, now, parameter)
    # A later event that stands proves that no earlier one is still to come: a school's writers queue for its head.
    settled = head["recorded_at"] > instant or now - instant > _LONGEST_WRITE
    if head["recorded_at"] <= instant:
        return AsAt(instant, head["seq"], settled)
    return AsAt(instant, await _seq_at(connection, school_id, instant, head["seq"]), settled)


def shown(at: AsAt) -> dict[str, Any]:
    """Show what was answered at, as every answer has it: {instant, seq, settled}."""
    return {"instant": written(at.instant.astimezone(UTC)), "seq": at.seq, "settled": at.settled}


def instant_of(asked: str, now: datetime, parameter: str = "as_at") -> datetime:
    """Read an instant; raise `invalid-parameter` for what is none, and `as-at-in-future` for what is to come."""
    try:
        # A `+` that a query turned into a space is an offset all the same.
        instant = datetime.fromisoformat(asked.replace(" ", "+"))
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None or not 1900 <= instant.year <= 2200:
        fault = Fault("An instant such as 2026-09-07T09:00:00Z, or seq:N.", parameter=parameter)
        raise Problem("invalid-parameter", f"`{parameter}` cannot be read.", (fault,))
    if instant > now:
        raise _in_future("The instant lies in the future.", parameter)
    return instant


def _in_future(detail: str, parameter: str) -> Problem:
    return Problem("as-at-in-future", detail, (Fault(detail, parameter=parameter),))


async def _seq_at(connection: Connection, school_id: int, instant: datetime, last: int) -> int:
    """Find the greatest seq recorded at or before `instant`, by halving: times rise with the numbers."""
    low, high = 0, last
    while low < high:
        middle = (low + high + 1) // 2
        row = await _sql.recorded_by(connection, school_id=school_id, seq=middle)
        if row is None or row["recorded_at"] <= instant:
            low = middle
        else:
            high = row["seq"] - 1
    return low
