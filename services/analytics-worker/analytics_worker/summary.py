"""A tally in the DfE's words, so that a figure here can be laid beside a figure there."""

from collections.abc import Iterable
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from codes import tallies
from codes.tallies import Tally
from kit import database
from kit.database import Connection
from kit.fields import written

_sql = database.statements(__file__)


def perc(share: Fraction | None) -> float | None:
    """Give a share as a percentage of 15 significant digits, which a double carries exactly; None of nothing."""
    printed = tallies.printed(share)
    return None if printed is None else float(printed)


def of_tally(counted: Tally) -> dict[str, Any]:
    """Give the sessions, rates and counts by code.

    `not_attending_coronavirus`, possible but neither attendance nor absence, is given where there is any.
    """
    covid = counted.not_attending_coronavirus
    return {
        "possible_sessions": counted.possible_sessions,
        "present_sessions": counted.present_sessions,
        "late_sessions": counted.late_sessions,
        "approved_educational_activity": counted.approved_educational_activity,
        "overall_attendance": counted.overall_attendance,
        "authorised_absence": counted.authorised_absence,
        "unauthorised_absence": counted.unauthorised_absence,
        "overall_absence": counted.overall_absence,
        **({"not_attending_coronavirus": covid} if covid else {}),
        "attendance_perc": perc(tallies.attendance(counted)),
        "overall_absence_perc": perc(tallies.overall_absence(counted)),
        "authorised_absence_perc": perc(tallies.authorised_absence(counted)),
        "unauthorised_absence_perc": perc(tallies.unauthorised_absence(counted)),
        "codes": dict(counted.codes),
    }


def of_pupil(counted: Tally) -> dict[str, Any]:
    """Give one enrolment's summary, with the levels that it has reached by its own possible sessions."""
    absent, possible = counted.overall_absence, counted.possible_sessions
    return {
        **of_tally(counted),
        "persistent": tallies.is_persistent(absent, possible),
        "severe": tallies.is_severe(absent, possible),
    }


def of_group(counted: Iterable[Tally]) -> dict[str, Any]:
    """Give the summary over one tally for each enrolment: rates of the pooled sums, never means of pupils' rates."""
    group = tallies.group(counted)
    return {
        **of_tally(group.total),
        "enrolments": group.enrolments,
        "persistent_pupils": group.persistent_pupils,
        "pa_perc": perc(group.persistent),
    }


async def as_of(connection: Connection, school_id: int, now: datetime) -> dict[str, Any]:
    """Say from which position figures were made, how many events were still to come, and when that was."""
    row = await _sql.as_of(connection, school_id=school_id)
    return {"seq": row["seq"], "behind": row["behind"], "at": written(now.astimezone(UTC))}
