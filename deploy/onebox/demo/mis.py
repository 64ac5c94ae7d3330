"""A small client of the register API that behaves as a MIS does: one token, one school in order, and patience."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import httpx

from onebox.demo.acts import Act, RegisterTaken
from onebox.demo.world import SchoolWorld

REFRESH_BEFORE = 60.0
"""Seconds before its end at which a token is renewed."""

PATIENCE = 8
"""How often a request is sent before the MIS gives up."""

ROLL_AT_ONCE = 200
_JSON = {"Content-Type": "application/json"}
_BUSY = frozenset({429, 503})
_LONGEST_WAIT = 30.0


class Refused(Exception):
    """The register refused a request as a whole; what it said is in the message."""


@dataclass(slots=True)
class Sent:
    """What became of everything sent: marks and amendments written, found written before, and refused (by why)."""

    entered: int = 0
    amended: int = 0
    unchanged: int = 0
    requests: int = 0
    retries: int = 0
    refused: Counter[str] = field(default_factory=Counter)


Advance = Callable[[str, int], None]
"""Told after each request: the school's URN, and how many marks it entered."""


class Mis:
    """A client of the register API with its credentials; safe to use for several schools at once."""

    def __init__(
        self, http: httpx.AsyncClient, credentials: Mapping[str, str], tokens: httpx.AsyncClient | None = None
    ) -> None:
        """`tokens` is where tokens are had, when it is not where requests go."""
        self._http = http
        self._tokens = tokens or http
        self._credentials = (credentials["client_id"], credentials["client_secret"])
        self._token = ""
        self._token_ends = 0.0
        self._renewing = asyncio.Lock()
        self.sent = Sent()

    async def send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Send one request and return the answer's body; waits as told when the register is busy, or is away.

        Raises Refused for any other answer than success.
        """
        content = None if body is None else json.dumps(body).encode()
        for attempt in range(PATIENCE):
            headers = _JSON | {"Authorization": f"Bearer {await self._bearer()}"}
            try:
                answer = await self._http.request(method, path, content=content, headers=headers)
            except httpx.TransportError:
                answer = None
            self.sent.requests += 1
            if answer is not None and answer.is_success:
                result: dict[str, Any] = answer.json()
                return result
            if answer is not None and answer.status_code == 401:
                self._token_ends = 0.0
            elif answer is not None and answer.status_code not in _BUSY:
                raise Refused(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
            self.sent.retries += 1
            await asyncio.sleep(_wait(answer, attempt))
        raise Refused(f"{method} {path}: no answer after {PATIENCE} attempts")

    async def _bearer(self) -> str:
        """A token that is good for a while yet."""
        async with self._renewing:
            if time.monotonic() > self._token_ends - REFRESH_BEFORE:
                granted = await self._new_token()
                self._token = granted["access_token"]
                self._token_ends = time.monotonic() + float(granted["expires_in"])
            return self._token

    async def _new_token(self) -> dict[str, Any]:
        form = {"grant_type": "client_credentials"}
        for attempt in range(PATIENCE):
            try:
                answer = await self._tokens.post("/oauth/token", data=form, auth=self._credentials)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.is_success:
                granted: dict[str, Any] = answer.json()
                return granted
            if answer is not None and answer.status_code not in _BUSY:
                raise Refused(f"POST /oauth/token: {answer.status_code} {answer.text[:500]}")
            await asyncio.sleep(_wait(answer, attempt))
        raise Refused(f"POST /oauth/token: no answer after {PATIENCE} attempts")

    def note(self, answer: Mapping[str, Any]) -> None:
        """Count the outcomes of a request that held items."""
        for outcome in answer["outcomes"]:
            match outcome["outcome"]:
                case "entered":
                    self.sent.entered += 1
                case "amended":
                    self.sent.amended += 1
                case "refused":
                    self.sent.refused[outcome["problem"]["code"]] += 1
                case _:
                    self.sent.unchanged += 1


async def keep_school(mis: Mis, shown: SchoolWorld, advance: Advance) -> None:
    """Send everything of one school in the order in which it happened: calendar, roll, then each day's registers."""
    urn = shown.school.urn
    for label, body in shown.calendars().items():
        await mis.send("PUT", f"/v1/schools/{urn}/calendar/{label}", body)
    for year in shown.years:
        await _send_roll(mis, shown, year)
        for act in shown.acts(year):
            path, body, marks = request_of(urn, act)
            mis.note(await mis.send("POST", path, body))
            advance(urn, marks)


def request_of(urn: str, act: Act) -> tuple[str, dict[str, object], int]:
    """The path and body that an act is sent with, and how many marks it enters."""
    made_by = {"name": act.made_by.name, "position": act.made_by.position}
    if isinstance(act, RegisterTaken):
        path = f"/v1/schools/{urn}/registers/{act.day}/{act.session}/marks"
        return path, {"made_by": made_by, "made_at": act.made_at.isoformat(), "marks": act.marks}, len(act.marks)
    return f"/v1/schools/{urn}/amendments", {"made_by": made_by, "amendments": act.amendments}, 0


async def _send_roll(mis: Mis, shown: SchoolWorld, year: int) -> None:
    """State the roll of an academic year, save for what the register has already."""
    known: set[tuple[str, str, bool]] = set()
    for day in shown.span(year):
        known |= await _known(mis, shown.school.urn, day)
    bodies = [shown.pupil_body(pupil, year) for pupil in shown.roll(year)]
    new = [body for body in bodies if (body["id"], body["year_group"], "leaving" in body) not in known]
    for some in _by(ROLL_AT_ONCE, new):
        answer = await mis.send("POST", f"/v1/schools/{shown.school.urn}/pupils", {"pupils": some})
        for outcome in answer["outcomes"]:
            if outcome["outcome"] == "refused":
                raise Refused(f"Pupil {outcome['id']} of {shown.school.urn}: {outcome['problem']}")


async def _known(mis: Mis, urn: str, day: date) -> set[tuple[str, str, bool]]:
    """Those on roll on a day as the register has them: id, year group on that day, and whether a leaving is known."""
    found: set[tuple[str, str, bool]] = set()
    path, following = f"/v1/schools/{urn}/pupils?on={day}&limit=1000", ""
    while True:
        page = await mis.send("GET", path + following)
        for item in page["items"]:
            left = item["enrolments"][-1]["leaving"] is not None
            found.add((item["id"], item["year_group"], left))
        if page["next"] is None:
            return found
        following = f"&cursor={page['next']}"


def _by(size: int, bodies: list[dict[str, object]]) -> Iterator[list[dict[str, object]]]:
    return (bodies[start : start + size] for start in range(0, len(bodies), size))


def _wait(answer: httpx.Response | None, attempt: int) -> float:
    """Seconds to wait: what Retry-After says, otherwise longer each time."""
    told = answer.headers.get("Retry-After", "") if answer is not None else ""
    return min(float(told) if told.isdigit() else 0.2 * 2.0**attempt, _LONGEST_WAIT)
