"""Alerts and acts written straight into their tables, as those who raise and state them write them."""

import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from kit import database
from tests.analytics_worker.writing import School

RULE = {"rule": "What it says.", "source": "Who says so.", "closes_when": "What would close it."}


@dataclass(slots=True)
class Raising:
    """Raises the alerts of one school, and numbers their changes."""

    school: School
    changed: int = 0
    acts: int = 0
    kinds: dict[uuid.UUID, tuple[str, int | None, str]] = field(default_factory=dict)

    async def raised(
        self,
        kind: str,
        pupil_no: int | None,
        opened_on: str,
        closed_on: str | None = None,
        period: str = "2026-27",
        **facts: Any,
    ) -> str:
        """Raise an alert; give its id."""
        self.changed += 1
        id_ = uuid.uuid4()
        self.kinds[id_] = (kind, pupil_no, period)
        held = [[opened_on, closed_on]]
        await self._write(
            "INSERT INTO analysis.alert (school_id, changed, pupil_no, opened_on, closed_on, id, kind, period, "
            "academic_year, held, evidence, shown_on) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $4)",
            *(self.changed, pupil_no, _day(opened_on), _day(closed_on), id_, kind, period, period[:7]),
            *(json.dumps(held), json.dumps({**facts, **RULE})),
        )
        return str(id_)

    async def close(self, id_: str, on: str) -> None:
        """Close an alert."""
        self.changed += 1
        await self._write(
            "UPDATE analysis.alert SET closed_on = $4, changed = $3, held = jsonb_set(held, '{-1,1}', $5) "
            "WHERE school_id = $1 AND id = $2",
            *(uuid.UUID(id_), self.changed, _day(on), json.dumps(on)),
        )

    async def open_again(self, id_: str, since: str, until: str) -> None:
        """Open an alert again, and close it again."""
        self.changed += 1
        await self._write(
            "UPDATE analysis.alert SET closed_on = $4, changed = $3, held = held || $5 "
            "WHERE school_id = $1 AND id = $2",
            *(uuid.UUID(id_), self.changed, _day(until), json.dumps([[since, until]])),
        )

    async def act(self, id_: str, action: str, done_on: str, **evidence: Any) -> None:
        """State what somebody did about an alert."""
        self.acts += 1
        kind, pupil_no, period = self.kinds[uuid.UUID(id_)]
        await self._write(
            "INSERT INTO casework.act (school_id, no, alert_id, pupil_no, kind, period, action, done_on, recorded_at, "
            "client_id, name, position, evidence) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'a-mis', 'B. Office', 'Attendance officer', $10)",
            *(self.acts, uuid.UUID(id_), pupil_no, kind, period, action, _day(done_on), datetime.now(UTC)),
            json.dumps(evidence),
        )

    async def _write(self, sql: str, *values: Any) -> None:
        async with database.writing(self.school.desk.analytics, self.school.school_id) as connection:
            await connection.execute(sql, self.school.school_id, *values)
            # Looked at today, so that the worker leaves them as they are.
            await connection.execute(
                "UPDATE analysis.checkpoint SET last_change = $2, alerts_seq = seq, alerts_on = $3 "
                "WHERE school_id = $1",
                *(self.school.school_id, self.changed, self.school.desk.clock().date()),
            )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
