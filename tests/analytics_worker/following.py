"""A school followed day by day: marks as they come, the worker's looks, and the alerts that are then read over HTTP."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from analytics_worker import projector
from codes.calendar import school_days
from codes.school import calendar_of
from kit.schools import LONDON
from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.writing import CALENDAR_BEFORE, Desk, School
from tests.support.school import CALENDAR

OFFICER = {"name": "B. Office", "position": "Attendance officer"}
DAYS = [
    day
    for year, body in (("2025-26", CALENDAR_BEFORE), ("2026-27", CALENDAR))
    for day in school_days(calendar_of(year, json.dumps(body)))
]
"""The school days of both years, in order."""
MONDAY = date(2026, 9, 7)
"""The first whole week of the year begins with it."""


def weeks(*codes: str, first: date = MONDAY) -> list[tuple[date, str]]:
    """Give school days one after another from a day on, each with its two codes: "O O" or, for both, "O"."""
    place = DAYS.index(first)
    return list(zip(DAYS[place : place + len(codes)], codes, strict=True))


def after(on: date, days: int) -> date:
    """Give the school day so many after another."""
    return DAYS[DAYS.index(on) + days]


@dataclass(frozen=True, slots=True)
class Follow:
    """One school, the clock, and who reads its alerts."""

    desk: Desk
    calling: Calling
    school: School

    def clock(self, on: date | str, at: str = "15:30") -> None:
        """Set the clock to a local time of a day; by default both registers have closed."""
        day = date.fromisoformat(on) if isinstance(on, str) else on
        self.desk.clock.set(datetime.combine(day, time.fromisoformat(at), LONDON).isoformat())

    async def mark(self, on: date | str, *marks: tuple[int, str]) -> None:
        """Enter the day of some pupils in the afternoon of that day: "/", "I", or both sessions, "/ N"; "-" is none."""
        self.clock(on)
        entered = []
        for pupil_no, codes in marks:
            morning, _, afternoon = codes.partition(" ")
            both = (morning, afternoon or ("\\" if morning == "/" else morning))
            entered += [
                (pupil_no, str(on), session, code)
                for session, code in zip(("AM", "PM"), both, strict=True)
                if code != "-"
            ]
        await self.school.enter(*entered)

    async def course(self, days: Iterable[tuple[date, str]], pupil_no: int = 1) -> None:
        """Enter days of one pupil, each in its own afternoon."""
        for on, codes in days:
            await self.mark(on, (pupil_no, codes))

    async def amend(self, on: date | str, *marks: tuple[int, str, str, str], at: str = "15:40") -> None:
        """Amend entries on a day: pupil, date, session, code."""
        self.clock(on, at)
        await self.school.enter(*marks)

    async def look(self) -> None:
        """Let the worker do what waits at this school, and leave other schools alone."""
        while True:
            waiting = await projector.waiting(self.desk.analytics, self.desk.clock())
            own = [each for each in waiting if each.school_id == self.school.school_id]
            if not own:
                return
            for each in own:
                if each.is_new or each.is_behind:
                    assert await projector.bring_forward(self.desk.analytics, each)
                else:
                    assert await projector.look(self.desk.analytics, each.school_id, self.desk.clock())

    async def alerts(self, kind: str | Sequence[str], pupil_no: int = 1, **params: Any) -> list[dict[str, Any]]:
        """Read the alerts of a kind of one pupil, the oldest change first, after the worker has looked."""
        await self.look()
        async with self.calling() as http:
            answer = await http.get(
                f"/v1/schools/{self.school.urn}/alerts", params={"kind": kind, "pupil": f"p-{pupil_no}", **params}
            )
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def opened(self, kind: str, on: date | str, pupil_no: int = 1, /, **evidence: Any) -> dict[str, Any]:
        """The one open alert of a kind of a pupil, since a day, and what it says; a session is "2026-09-07 AM N"."""
        found = await self.alerts(kind, pupil_no, status="open")
        assert [each["opened_on"] for each in found] == [str(on)]
        said = found[0]["evidence"]
        assert all(said[member] for member in ("rule", "source", "closes_when"))
        sessions = [" ".join((row["date"], row["session"], row.get("code", "N"))) for row in said.get("sessions", ())]
        told = {**said, "sessions": sessions}
        assert {member: told.get(member) for member in evidence} == evidence
        return found[0]

    async def closed(self, kind: str, on: date | str, pupil_no: int = 1) -> dict[str, Any]:
        """The one alert of a kind of a pupil, which was closed on a day."""
        found = await self.alerts(kind, pupil_no)
        assert [(each["status"], each["closed_on"]) for each in found] == [("closed", str(on))]
        return found[0]

    async def quiet(self, kind: str, pupil_no: int = 1) -> None:
        """No alert of a kind of a pupil is open."""
        assert await self.alerts(kind, pupil_no, status="open") == []

    async def never(self, kind: str, pupil_no: int = 1) -> None:
        """There is no alert of a kind of a pupil, and has not been."""
        assert await self.alerts(kind, pupil_no) == []

    async def act(self, alert: dict[str, Any], action: str, on: date | str, **other: Any) -> dict[str, Any]:
        """State what was done about an alert on a day."""
        self.clock(on, "16:00")
        async with self.calling(scopes=("alerts:read", "alerts:write")) as http:
            answer = await http.post(
                f"/v1/schools/{self.school.urn}/alerts/{alert['id']}/actions",
                json={"action": action, "done_on": str(on), "made_by": OFFICER, **other},
            )
        assert answer.status_code == 201, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def notice(self, id_: str, sessions: Sequence[dict[str, Any]], issued_on: str, **other: Any) -> None:
        """State a penalty notice to a parent of p-1, or what became of it."""
        told = {
            "kind": "penalty-notice",
            "pupil": "p-1",
            "parent": "parent-1",
            "issued_by": "Invented Council",
            "issued_on": issued_on,
            "sessions": list(sessions),
            "made_by": OFFICER,
            **other,
        }
        async with self.calling(scopes=("alerts:read", "alerts:write")) as http:
            answer = await http.put(f"/v1/schools/{self.school.urn}/notices/{id_}", json=told)
        assert answer.status_code == 200, answer.text


def sessions(days: Iterable[tuple[date, str]]) -> list[str]:
    """Give days as evidence tells their sessions: "2026-09-07 AM N"."""
    return [
        f"{on} {session} {code}"
        for on, codes in days
        for session, code in zip(("AM", "PM"), codes.split(" ") if " " in codes else (codes, codes), strict=True)
        if code != "-"
    ]


async def follow(desk: Desk, calling: Calling, urn: str, on: str = "2026-09-02", **pupil: Any) -> Follow:
    """Open a school on a day before the year's first, and follow it."""
    desk.clock.set(f"{on}T12:00:00+01:00")
    return Follow(desk, calling, await desk.open(urn, **pupil))
