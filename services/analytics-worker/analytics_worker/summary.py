"""A tally in the DfE's words, so that a figure here can be laid beside a figure there."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from codes import tallies
from codes.tallies import Tally
from kit import database
from kit.database import Connection
from kit.fields import written

_sql = database.statements(__file__)


def of_pupil(counted: Tally) -> dict[str, Any]:
    """Give one enrolment's summary, with the levels that it has reached by its own possible sessions."""
    absent, possible = counted.overall_absence, counted.possible_sessions
    return {
        **tallies.figures(counted),
        "persistent": tallies.is_persistent(absent, possible),
        "severe": tallies.is_severe(absent, possible),
    }


def of_group(counted: Iterable[Tally]) -> dict[str, Any]:
    """Give the summary over one tally for each enrolment: rates of the pooled sums, never means of pupils' rates."""
    group = tallies.group(counted)
    return {
        **tallies.figures(group.total),
        "enrolments": group.enrolments,
        "persistent_pupils": group.persistent_pupils,
        "pa_perc": tallies.perc(group.persistent),
    }


async def as_of(connection: Connection, school_id: int, now: datetime) -> dict[str, Any]:
    """Say from which position figures were made, how many events were still to come, and when that was."""
    row = await _sql.as_of(connection, school_id=school_id)
    return {"seq": row["seq"], "behind": row["behind"], "at": written(now.astimezone(UTC))}
