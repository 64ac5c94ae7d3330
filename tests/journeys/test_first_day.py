"""A supplier's first day: history comes in, absence is known ahead, its own body is taken, the site closes, opens."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.support.office import MONDAY, TUESDAY, open_office
from tests.support.postgres import Database
from tests.support.school import OFFICE, TEACHER, pupil, put
from tests.support.services import EVERY_SCOPE, Clock, register_api

HEAD = {"name": "H. Head", "position": "Headteacher"}
LAST_YEAR = "2025-09-08"


def _line(pupil_: str, **other: Any) -> dict[str, Any]:
    """Give a line of history of one session of last year, as the old system held it."""
    return {"pupil": pupil_, "date": LAST_YEAR, "session": "AM", "made_by": TEACHER, **other}


async def test_what_a_school_brings_and_what_happens_on_its_first_day_stand_in_one_register(
    database: Database, tmp_path: Path
) -> None:
    clock = Clock(datetime.fromisoformat("2026-09-08T16:00:00+01:00"))
    async with (
        register_api(database, tmp_path, clock) as running,
        running.client((*EVERY_SCOPE, "admin")) as http,
    ):
        office = await open_office(http, database, "900251", pupils=1)
        for id_ in ("p-001", "p-002", "p-003"):
            await put(http, office.path(f"/pupils/{id_}"), pupil(starting_day="2025-09-03"))

        # What the old system held: its dates and people, a code that has gone since, and a reason it never had.
        lines = [
            _line("p-001", kind="mark", code="N", made_at=f"{LAST_YEAR}T08:52:00+01:00"),
            _line(
                "p-001", kind="amendment", original_entry="N", amended_entry="I", made_at=f"{LAST_YEAR}T11:00:00+01:00"
            ),
            _line("p-002", kind="mark", code="H", made_at=f"{LAST_YEAR}T08:52:00+01:00"),
            _line("p-003", kind="mark", code="/", made_at=f"{LAST_YEAR}T08:52:00+01:00", unknown="member"),
        ]
        body = "".join(json.dumps(line) + "\n" for line in lines)
        headers = {"Content-Type": "application/x-ndjson"}
        brought = (await http.post(office.path("/history"), content=body, headers=headers)).json()
        assert [brought[name] for name in ("entered", "amended", "refused")] == [2, 1, 1]
        assert brought["flagged"] == {"calendar-missing": 3, "code-not-in-force": 1, "reason-not-recorded": 1}
        assert [outcome["line"] for outcome in brought["outcomes"]] == [4]
        again = (await http.post(office.path("/history"), content=body, headers=headers)).json()
        assert (again["seq"], again["unchanged"]) == (brought["seq"], 3)

        # Leave that was granted is expected, offered, and never entered ahead.
        leave = {
            "pupil": "p-002",
            "kind": "leave-of-absence",
            "code": "C",
            "grounds": "A funeral",
            "from": {"date": MONDAY, "session": "AM"},
            "to": {"date": TUESDAY, "session": "PM"},
            "decision": {"outcome": "granted", "decided_on": "2026-09-04", "decided_by": HEAD},
        }
        await put(http, office.path("/planned-absences/leave-1"), leave)
        expected = {item["pupil"]: item for item in (await office.get(f"/registers/{MONDAY}/AM"))["items"]}
        assert expected["p-002"]["entry"] is None
        assert expected["p-002"]["expected"]["codes"] == ["C"]

        # The supplier's own body, by its own ids.
        ids = {"pupils": {"A1": "p-001", "A2": "p-002", "A3": "p-003"}, "staff": {"S1": TEACHER}}
        await put(http, office.path("/adapters/session-attendance/ids"), ids)
        attendance = [
            {"date": MONDAY, "session": "AM", "student_id": student, "attendance_code_id": code, "employee_id": "S1"}
            for student, code in (("A1", "/"), ("A2", "C"), ("A3", "C"))
        ]
        sent = await http.post(office.path("/adapters/session-attendance"), json={"attendance": attendance})
        assert sent.json()["entered"] == 3, sent.text
        checks = (await office.get("/leave-checks"))["items"]
        assert [(item["pupil"], item["date"], item["session"]) for item in checks] == [("p-003", MONDAY, "AM")]

        # The boiler: no session for anybody, whatever was planned; then it turns out that there was one after all.
        sessions = {"from": {"date": TUESDAY, "session": "AM"}, "to": {"date": TUESDAY, "session": "PM"}}
        closing = {"code": "Y4", **sessions, "reason": "The boiler", "made_by": HEAD}
        closed = (await http.post(office.path("/closures"), json=closing)).json()
        codes = [item["entry"]["code"] for item in (await office.get(f"/registers/{TUESDAY}/PM"))["items"]]
        assert codes == ["Y4"] * 3
        opened = {"from": {"date": TUESDAY, "session": "PM"}, "reason": "Mended by noon", "made_by": OFFICE}
        reversal = await http.post(office.path(f"/closures/{closed['id']}/reversals"), json=opened)
        assert reversal.status_code == 200, reversal.text
        found = (await office.get("/amendments"))["items"]
        assert [(item["original_entry"], item["amended_entry"], item["reason"]) for item in found] == [
            *[("Y4", "N", "Mended by noon")] * 3,
            ("N", "I", "not recorded"),
        ]
        assert found[-1]["made_by"] == TEACHER
        assert found[-1]["made_at"] == f"{LAST_YEAR}T10:00:00.000000Z"
        taken = {item["session"]: item["taken"] for item in (await office.get(f"/registers/{TUESDAY}"))["sessions"]}
        assert taken == {"AM": "closed", "PM": "complete"}
