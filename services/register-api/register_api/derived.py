"""The rows that the changes of a stream make, made again from what the changes said: for a register that is taken in.

Rows are not under the root, and so are never believed; but where the body of a change has been removed since, nothing
else is left of what it said.
"""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from codes import closures as law
from kit import database
from kit.database import Connection
from ledger.incoming import Contradiction, Said
from ledger.leaf import canonical
from register_api import calendars, closer, closures, plans, roll, schools

_sql = database.statements(__file__)

_OF_A_PUPIL = ("placing", "pupil", "pupil_id")


class Derived:
    """Makes the rows of one school, change by change in their order."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._urns: set[str] = set()
        self._closures: dict[str, law.Closure] = {}

    async def keep(self, connection: Connection, school_id: int, said: Sequence[Said]) -> None:
        """Write the rows of some changes. Raises Contradiction for what no change can have said."""
        for change in said:
            try:
                await self._keep(connection, school_id, change)
            except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as caught:
                raise Contradiction(change.seq, "what it says cannot be read") from caught

    async def _keep(self, connection: Connection, school_id: int, change: Said) -> None:
        about, _, which = change.subject.partition(":")
        if change.kind == "roll-changed":
            if about != "pupil" or str(int(which)) != which:
                raise Contradiction(change.seq, f"a change of the roll is not about {change.subject!r}")
            await self._keep_pupil(connection, school_id, change, int(which))
        elif change.kind == "absence-planned":
            if about != "absence" or str(int(which)) != which:
                raise Contradiction(change.seq, f"an absence known ahead is not about {change.subject!r}")
            await self._keep_plan(connection, school_id, change, int(which))
        elif change.body is None:
            if change.kind != "year-retired":
                raise Contradiction(change.seq, "its body is gone, and none of its kind may go")
        elif change.kind == "calendar-changed":
            await calendars.keep(connection, school_id, which, change.seq, change.body)
            await closer.expect_again(connection, school_id)
        elif change.kind == "policy-changed":
            body = json.loads(change.body)
            effective_from = date.fromisoformat(body["effective_from"])
            await schools.keep_policy(connection, school_id, change.seq, effective_from, canonical(body["policy"]))
        elif change.kind == "closure":
            await self._keep_closure(connection, school_id, change.seq, which, change.body)
        elif change.kind == "school-changed":
            await self._keep_school(connection, school_id, change.seq, json.loads(change.body))

    async def _keep_closure(self, connection: Connection, school_id: int, seq: int, id_: str, body: str) -> None:
        self._closures[id_] = closure = law.said(id_, json.loads(body), self._closures.get(id_))
        await closures.keep(connection, school_id, id_, seq, body, closure)
        await closer.expect_again(connection, school_id)

    async def _keep_school(self, connection: Connection, school_id: int, seq: int, facts: dict[str, Any]) -> None:
        effective_from = date.fromisoformat(facts.pop("effective_from"))
        if facts["urn"] not in self._urns:
            self._urns.add(facts["urn"])
            await schools.keep_urn(connection, school_id, facts["urn"])
        await schools.keep(connection, school_id, seq, effective_from, facts)

    async def _keep_pupil(self, connection: Connection, school_id: int, change: Said, no: int) -> None:
        if change.body is None:
            for table, row in change.rows:
                if table not in _OF_A_PUPIL or row["pupil_no"] != no or row.get("upn") is not None:
                    raise Contradiction(change.seq, f"its body is gone, and its row of {table} cannot be its own")
                if table == "pupil_id":
                    self._owned(row["id"], no, change.seq)
                block = getattr(_sql, f"add_{table}")
                await block(connection, row=json.dumps({**row, "school_id": school_id, "seq": change.seq}))
            return
        kept = roll.Kept.said(no, change.body, id_is_new=json.loads(change.body)["id"] not in self._ids)
        self._owned(kept.id, no, change.seq)
        await roll.keep(connection, school_id, [kept], [change.seq])

    async def _keep_plan(self, connection: Connection, school_id: int, change: Said, no: int) -> None:
        if change.body is not None:
            await plans.keep(connection, school_id, change.seq, no, json.loads(change.body))
            return
        for table, row in change.rows:
            if table != "planned_absence" or row["pupil_no"] != no:
                raise Contradiction(change.seq, f"its body is gone, and its row of {table} cannot be its own")
            whole = {**row, "school_id": school_id, "seq": change.seq}
            await _sql.add_planned_absence(connection, row=json.dumps(whole))

    def _owned(self, id_: str, no: int, seq: int) -> None:
        if self._ids.setdefault(id_, no) != no:
            raise Contradiction(seq, "the id of its pupil belongs to another pupil")
