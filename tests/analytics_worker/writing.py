"""A school's register written straight into the book, as the register API writes it, and folded when a test says so."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from analytics_worker import projector
from kit import database
from ledger import append
from ledger.append import NewChange, NewMark
from ledger.writers import Person, writers
from tests.support.school import CALENDAR, POLICY
from tests.support.services import Clock

CALENDAR_BEFORE: dict[str, Any] = {
    "terms": [
        {"name": "autumn", "starts": "2025-09-03", "ends": "2025-12-19"},
        {"name": "spring", "starts": "2026-01-05", "ends": "2026-03-27"},
        {"name": "summer", "starts": "2026-04-13", "ends": "2026-07-21"},
    ],
    "holidays": [{"from": "2025-10-27", "to": "2025-10-31", "name": "half-term"}],
    "inset_days": [],
}
TEACHER = Person("A. Teacher", "Class teacher")
Key = tuple[int, date, str]
Moment = tuple[str, str]
"""A date and AM or PM."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Two services' pools on one database, and the clock they go by."""

    register: AsyncEngine
    analytics: AsyncEngine
    clock: Clock

    async def sweep(self) -> int:
        """Bring every school forward, with whoever else does so; give how many we did."""
        worked = await projector.sweep(self.analytics, self.clock)
        while await projector.waiting(self.analytics, self.clock()):
            worked += await projector.sweep(self.analytics, self.clock)
        return worked

    async def fold(self) -> None:
        """Fold every school that is behind, and look at no alerts."""
        for each in await projector.waiting(self.analytics, self.clock()):
            await projector.bring_forward(self.analytics, each)

    async def open(self, urn: str, la_code: str = "931", pupils: int = 3, **pupil: Any) -> "School":
        """Begin the register of a school with two years' calendars, a policy, and pupils p-1, p-2... of Year 4."""
        async with database.writing(self.register, 0) as connection:
            school_id = await append.open_register(connection, self.clock())
            await connection.execute("INSERT INTO register.urn VALUES ($1, $2)", urn, school_id)
        school = School(self, school_id, urn)
        await school.facts(la_code)
        await school.calendar("2025-26", CALENDAR_BEFORE)
        await school.calendar("2026-27", CALENDAR)
        await school.policy(POLICY)
        for pupil_no in range(1, pupils + 1):
            await school.pupil(pupil_no, **pupil)
        return school


@dataclass(slots=True)
class School:
    """One school, what stands in its register, and every event of it in order: (key, original code, code)."""

    desk: Desk
    school_id: int
    urn: str
    standing: dict[Key, tuple[int, str]] = field(default_factory=dict)
    events: list[tuple[Key, str | None, str]] = field(default_factory=list)

    async def enter(
        self, *marks: tuple[int, str, str, str], arrived_at: time | None = None, source: str = "live"
    ) -> None:
        """Enter or amend: (pupil number, date, session, code), in one transaction; `history` is an import."""
        new = []
        for pupil_no, day, session, code in marks:
            key = (pupil_no, date.fromisoformat(day), session)
            version, original = self.standing.get(key, (0, None))
            self.standing[key] = (version + 1, code)
            self.events.append((key, original, code))
            reason = None if original is None else "Parent telephoned"
            now = self.desk.clock()
            mark = NewMark(*key, version + 1, original, code, arrived_at, now, TEACHER, source=source, reason=reason)
            new.append(mark)
        async with database.writing(self.desk.register, self.school_id) as connection:
            head = await append.lock(connection, self.school_id)
            who = await writers(connection, head.school_id, "a-mis", {TEACHER}, {each.date for each in new})
            await append.append_marks(connection, head, who, new, self.desk.clock())

    async def enter_days(
        self, pupil_no: int, days: Iterable[date], code: str | None = None, source: str = "live"
    ) -> None:
        """Enter both sessions of some days: present, or with a code."""
        codes = (code or "/", code or "\\")
        await self.enter(
            *[
                (pupil_no, day.isoformat(), session, each)
                for day in days
                for session, each in zip(("AM", "PM"), codes, strict=True)
            ],
            source=source,
        )

    async def facts(
        self,
        la_code: str,
        trust_uid: str | None = None,
        phase: str = "primary",
        ages: tuple[int, int] = (4, 11),
        *,
        closed_on: str | None = None,
        effective_from: str = "1900-01-01",
        laestab: str | None = None,
    ) -> None:
        """State what the school is and its facts of reach, under the URN that it has now."""
        dated = (date.fromisoformat(effective_from), None if closed_on is None else date.fromisoformat(closed_on))
        await self._change(
            "school-changed",
            "school",
            "INSERT INTO register.school_facts (school_id, seq, effective_from, urn, name, phase, age_from, age_to, "
            "laestab, la_code, trust_uid, closed_on) "
            "VALUES ($1, $2, $10, $3, 'Invented School', $4, $5, $6, $7, $8, $9, $11)",
            (self.urn, phase, *ages, laestab or f"{la_code}{self.urn[-4:]}", la_code, trust_uid, *dated),
        )

    async def policy(self, body: Mapping[str, Any]) -> None:
        """State a policy."""
        sql = "INSERT INTO register.policy VALUES ($1, $2, '1900-01-01', $3)"
        await self._change("policy-changed", "policy", sql, (json.dumps(body),))

    async def calendar(self, year: str, body: Mapping[str, Any]) -> None:
        """State the calendar of a year."""
        sql = "INSERT INTO register.calendar (school_id, seq, academic_year, body) VALUES ($1, $2, $3, $4)"
        await self._change("calendar-changed", f"calendar:{year}", sql, (year, json.dumps(body)))

    async def close(
        self, id_: str, code: str, first: Moment, last: Moment, *, held: Sequence[Moment] = (), **selected: Any
    ) -> None:
        """Close a run of sessions, of a part of the school where one is selected; nothing is entered by it."""
        bounds = {"from": _session(first), "to": _session(last), "held": [_session(each) for each in held]}
        body = {"code": code, **bounds, **selected}
        await self._closure(id_, body, code, first, last)

    async def reverse(self, id_: str, code: str, first: Moment, last: Moment) -> None:
        """Open again what a closure that ends with `last` has closed, from a session on."""
        await self._closure(id_, {"code": code, "reversed_from": _session(first)}, code, first, last)

    async def _closure(self, id_: str, body: Mapping[str, Any], code: str, first: Moment, last: Moment) -> None:
        sql = "INSERT INTO register.closure VALUES ($1, $3, $2, $4, $5, $6, $7, $8, $9)"
        ends = (date.fromisoformat(first[0]), first[1], date.fromisoformat(last[0]), last[1])
        await self._change("closure", f"closure:{id_}", sql, (id_, code, *ends, json.dumps(body)))

    async def plan(
        self,
        pupil_no: int,
        id_: str,
        kind: str,
        code: str,
        first: Moment,
        last: Moment | None,
        *,
        outcome: str = "granted",
        **other: Any,
    ) -> None:
        """State an absence known ahead, granted unless said otherwise; `other` are members of its body."""
        decision = None if outcome == "asked" else {"outcome": outcome}
        body = {"id": id_, "kind": kind, "code": code, "from": _session(first), "decision": decision, **other}
        body |= {} if last is None else {"to": _session(last)}
        sql = (
            "INSERT INTO register.planned_absence (school_id, seq, id, pupil_no, kind, code, outcome, "
            "asked_first_date, asked_first_session, asked_last_date, asked_last_session, "
            "first_date, first_session, last_date, last_session) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $8, $9, $10, $11)"
        )
        ends = (None, None) if last is None else (date.fromisoformat(last[0]), last[1])
        values = (id_, pupil_no, kind, code, outcome, date.fromisoformat(first[0]), first[1], *ends)
        await self._change("absence-planned", f"absence:{pupil_no}", sql, values, body)

    async def pupil(self, pupil_no: int, *, body: Any = None, **other: Any) -> None:
        """Enter a pupil in the admission register, or change what it says; `body` is the entry as it was stated."""
        entry: dict[str, Any] = {
            "id": f"p-{pupil_no}",
            "date_of_birth": "2018-02-11",
            "on_roll": "{[2025-09-03,)}",
            "boarder": False,
            "upn": None,
            "sex": "F",
            "status": "current",
            "effective_from": "2025-09-03",
            "year_group": "4",
            "class": "4B",
            "facts": {"fsm": True, "sen": "K"},
            **other,
        }
        values = (
            *(entry["id"], pupil_no, date.fromisoformat(entry["date_of_birth"]), entry["on_roll"], entry["boarder"]),
            *(entry["upn"], entry["sex"], entry["status"], date.fromisoformat(entry["effective_from"])),
            *(entry["year_group"], entry["class"], json.dumps(entry["facts"])),
        )
        await self._change(
            "roll-changed",
            f"pupil:{pupil_no}",
            "WITH named AS (INSERT INTO register.pupil_id VALUES ($1, $3, $4, $2) ON CONFLICT DO NOTHING), "
            "stated AS (INSERT INTO register.pupil (school_id, pupil_no, seq, date_of_birth, on_roll, boarder, upn, "
            "sex, enrolment_status) "
            "VALUES ($1, $4, $2, $5, CAST(CAST($6 AS text) AS datemultirange), $7, $8, $9, $10)), "
            "noted AS (INSERT INTO register.responsible (la_code, school_id) "
            "SELECT CAST($14 AS jsonb) ->> 'responsible_la', $1 WHERE CAST($14 AS jsonb) ? 'responsible_la' "
            "ON CONFLICT DO NOTHING) "
            "INSERT INTO register.placing (school_id, pupil_no, seq, effective_from, year_group, class, facts) "
            "VALUES ($1, $4, $2, $11, $12, $13, $14)",
            values,
            body,
        )

    async def _change(
        self, kind: str, subject: str, sql: str, values: Sequence[Any], body: Mapping[str, Any] | None = None
    ) -> None:
        now, told = self.desk.clock(), json.dumps(body or {})
        async with database.writing(self.desk.register, self.school_id) as connection:
            head = await append.lock(connection, self.school_id)
            who = await writers(connection, head.school_id, "a-mis", (), ())
            at = await append.append_changes(connection, head, who, [NewChange(kind, subject, told, now)], now)
            await connection.execute(sql, self.school_id, at[0].seq, *values)

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Read as the analytics role, turned to this school; `$1` is its number."""
        async with database.reading(self.desk.analytics, self.school_id) as connection:
            return [tuple(row) for row in await connection.fetch(sql, self.school_id)]


def _session(moment: Moment) -> dict[str, str]:
    return {"date": moment[0], "session": moment[1]}


def at(text: str) -> datetime:
    """Give an instant in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)
