"""The rows of an authority's day: one a pupil and session, made and written by the database itself."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from analytics_worker.authority import AreaSchool
from analytics_worker.not_due import not_due
from analytics_worker.readings import columns, depends_on_age, worths
from analytics_worker.restated import Restated, planned
from codes.ages import compulsory_school_age
from codes.school import School
from kit import database
from kit.database import Connection
from kit.parquet import Kind

_sql = database.statements(__file__)

FACTS: Mapping[str, Kind] = {
    "fsm": "yes-no",
    "sen": "text",
    **dict.fromkeys(
        (
            *("ehcp", "social_worker", "looked_after", "previously_looked_after", "child_in_need", "child_protection"),
            *("youth_offending", "young_carer", "medical_condition", "pupil_premium", "mobile_child"),
        ),
        "yes-no",
    ),
    "ethnicity": "text",
    "responsible_la": "text",
}
COLUMNS: Mapping[str, Kind] = {
    **dict.fromkeys(("la_code", "urn", "laestab"), "text"),
    "date": "date",
    **dict.fromkeys(("session", "pupil", "upn", "year_group", "class", "enrolment_status", "state"), "text"),
    **dict.fromkeys(("code", "first_entry"), "text"),
    **dict.fromkeys(("version", "seq"), "number"),
    "arrived_at": "text",
    **dict.fromkeys(("made_at", "recorded_at"), "instant"),
    "sex": "text",
    **FACTS,
    **dict.fromkeys(("possible", "attending", "absent", "authorised", "unauthorised", "late"), "number"),
}
"""The columns of `daily`, frozen, and what each holds."""

REGISTER_COLUMNS: Mapping[str, Kind] = {
    "urn": "text",
    "date": "date",
    "session": "text",
    **dict.fromkeys(("expected", "received", "not_taken", "not_due"), "number"),
}

Place = tuple[str, str, str]
"""Date, session and pupil of a row: its place within a school."""

_NAMED = ", ".join(f"{name} #>> '{{{{}}}}' AS {name}" if name in FACTS else name for name in COLUMNS)
_AS_CSV = f"SELECT {_NAMED} FROM ({{}}) AS r"
_AS_JSON = "SELECT CAST(row_to_json(r) AS text) FROM ({}) AS r"
_REGISTERS = """
SELECT urn, date, session, count(*) AS expected, count(*) FILTER (WHERE state = 'entered') AS received,
       count(*) FILTER (WHERE state = 'missing') AS not_taken, count(*) FILTER (WHERE state = 'not-due') AS not_due
FROM ({}) AS r GROUP BY urn, date, session ORDER BY date, session"""


@dataclass(frozen=True, slots=True)
class Query:
    """Which rows of one school are asked for: those of its open days among `days`, or those restated on them.

    Entries are as they were folded, or as they stood at the position `up_to`; the roll is as at the school's head.
    """

    school: AreaSchool
    facts: School
    now: datetime
    days: Sequence[date]
    restated: Restated | None = None
    up_to: int | None = None
    after: Place | None = None
    most: int | None = None


async def csv(connection: Connection, query: Query) -> bytes:
    """Give the rows as CSV (RFC 4180), without a header."""
    return (await _copied(connection, query, _AS_CSV)).replace(b"\n", b"\r\n")


async def registers_csv(connection: Connection, query: Query) -> bytes:
    """Give each session's count of rows by state as CSV, without a header."""
    return (await _copied(connection, query, _REGISTERS)).replace(b"\n", b"\r\n")


async def ndjson(connection: Connection, query: Query) -> bytes:
    """Give the rows as NDJSON."""
    return await _copied(connection, query, _AS_JSON, bare=True)


async def registers_ndjson(connection: Connection, query: Query) -> bytes:
    """Give each session's count of rows by state as NDJSON."""
    return await _copied(connection, query, _AS_JSON.format(_REGISTERS), bare=True)


async def items(connection: Connection, query: Query) -> list[dict[str, Any]]:
    """Give the rows as objects."""
    sql, arguments = await _bound(connection, query)
    return [json.loads(row[0]) for row in await connection.fetch(_AS_JSON.format(sql), *arguments)]


async def registers(connection: Connection, query: Query) -> list[dict[str, Any]]:
    """Give each session's count of rows by state as objects."""
    sql, arguments = await _bound(connection, query)
    rows = await connection.fetch(_AS_JSON.format(_REGISTERS).format(sql), *arguments)
    return [json.loads(row[0]) for row in rows]


async def _copied(connection: Connection, query: Query, form: str, *, bare: bool = False) -> bytes:
    """Give what the database writes.

    A line of JSON holds no control character: with two of them for quote and delimiter CSV leaves it as it is.
    """
    sql, arguments = await _bound(connection, query)
    parts: list[bytes] = []

    async def keep(part: bytes) -> None:
        parts.append(part)

    await connection.copy_from_query(
        form.format(sql),
        *arguments,
        output=keep,
        format="csv",
        delimiter="\x02" if bare else ",",
        quote="\x01" if bare else '"',
    )
    return b"".join(parts)


async def _bound(connection: Connection, query: Query) -> tuple[str, list[Any]]:
    """Give the statement and its arguments, and have it joined by hashing."""
    await _sql.joined_by_hashing(connection)
    given = await _arguments(connection, query)
    arguments: list[Any] = _sql.driver_adapter.maybe_order_params("rows", given)
    return _sql.rows.sql.rstrip().rstrip(";"), arguments


async def _arguments(connection: Connection, query: Query) -> Mapping[str, Any]:
    school, today = query.school, query.now.date()
    days = list(query.days)
    first, last = (days[0], days[-1]) if days else (today, today)
    waiting = sorted(not_due(query.facts, query.now, today))
    aged = await _ages(connection, school.school_id, school.head) if depends_on_age(first, last) else []
    restated = query.restated or Restated(0, 0, ())
    open_days = [
        day for day in query.facts.open_days(first, last) if school.closed_on is None or day <= school.closed_on
    ]
    shut = [at for at in planned(query.facts) if first <= at[0] <= last]
    from_day, from_session, from_pupil = query.after or (None, None, None)
    return {
        "school_id": school.school_id,
        "la_code": school.la_code,
        "urn": school.urn,
        "laestab": school.laestab,
        "days": days,
        "today": today,
        "waiting_sessions": [session for session, _ in waiting],
        "waiting_year_groups": [year_group for _, year_group in waiting],
        **columns(worths(first, last)),
        "aged_pupils": [pupil_no for pupil_no, _, _ in aged],
        "aged_from": [begins for _, begins, _ in aged],
        "aged_to": [ends for _, _, ends in aged],
        "restated": query.restated is not None,
        "everything": restated.everything,
        "moved_nos": [pupil_no for pupil_no, _, _ in restated.moved],
        "moved_from": [begins for _, begins, _ in restated.moved],
        "moved_to": [ends for _, _, ends in restated.moved],
        "whole_days": list(restated.whole_days),
        "clock_days": list(restated.clock_days),
        "open_days": open_days,
        "shut_days": [day for day, _ in shut],
        "shut_sessions": [session.value for _, session in shut],
        "after": restated.after,
        "roll_after": restated.roll_after,
        "roll_to": school.head,
        "up_to": query.up_to,
        "from_day": None if from_day is None else date.fromisoformat(from_day),
        "from_session": from_session,
        "from_pupil": from_pupil,
        "most": query.most,
    }


async def _ages(connection: Connection, school_id: int, roll_to: int) -> list[tuple[int, date, date]]:
    """Give the compulsory school age of every pupil, first and last day inclusive."""
    return [
        (row["pupil_no"], *compulsory_school_age(row["date_of_birth"]))
        async for row in _sql.ages(connection, school_id=school_id, roll_to=roll_to)
    ]
