"""A pupil who moved from one school of an authority and a trust to another, and what is told of the two schools."""

import json
from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import Any

import httpx

from codes.calendar import school_days
from codes.school import calendar_of
from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.writing import Desk, School
from tests.support.school import CALENDAR

AUTUMN = school_days(calendar_of("2026-27", json.dumps(CALENDAR)))
LEFT_ON, JOINED_ON = "2026-10-05", "2026-10-06"
FIRST = [day for day in AUTUMN if day < date.fromisoformat(LEFT_ON)][-3:]
SECOND = [day for day in AUTUMN if day >= date.fromisoformat(JOINED_ON)][:2]


@dataclass(frozen=True, slots=True)
class Moved:
    """A pupil who moved from one school of a trust to another, with six sessions of O there and four here."""

    first: School
    second: School
    upn: str
    trust: str

    async def met(
        self, calling: Calling, path: str | None = None, kind: str = "penalty-threshold"
    ) -> list[dict[str, Any]]:
        """Give what is told of the two schools."""
        await self.first.desk.fold()
        async with calling() as http:
            items = (await got(http, f"{path or self.trust}/alerts/across-schools?kind={kind}"))["items"]
        urns = {self.first.urn, self.second.urn}
        return [item for item in items if urns & {each["urn"] for each in item["pupils"]}]

    async def starts(self, on_roll: str, **other: Any) -> None:
        """State since when the pupil is on the second roll."""
        await self.second.pupil(2, **{"upn": self.upn, "on_roll": on_roll, **other})


_NUMBERS = count(10)
SINCE_JOINING = f"{{[{JOINED_ON},)}}"


async def move(desk: Desk) -> Moved:
    """Open two schools of an authority and a trust, and move a pupil: p-1 there, p-2 here."""
    number = next(_NUMBERS)
    first = await desk.open(f"9231{number}", "825", pupils=3)
    second = await desk.open(f"9232{number}", "825", pupils=3)
    for school in (first, second):
        await school.facts("825", f"73{number}")
    moved = Moved(first, second, upn=f"A1234567890{number}", trust=f"/v1/trusts/73{number}")
    await moved.first.pupil(1, upn=moved.upn, on_roll=f"{{[2025-09-03,{LEFT_ON}]}}")
    await moved.starts(SINCE_JOINING)
    await moved.first.enter_days(1, FIRST, "O")
    await moved.second.enter_days(2, SECOND, "O")
    return moved


async def got(http: httpx.AsyncClient, path: str) -> dict[str, Any]:
    """Give what a path answers."""
    answer = await http.get(path)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body
