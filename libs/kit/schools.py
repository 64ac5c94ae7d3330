"""Who calls, and for which school: every route about a school asks here, and what lies out of reach does not exist."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Path, Request
from sqlalchemy.ext.asyncio import AsyncEngine

from kit import database
from kit.problems import Problem
from kit.tokens import Identity, Needs

LONDON = ZoneInfo("Europe/London")
"""Session dates and times of day are local: London's."""

_sql = database.statements(__file__)

Urn = Annotated[str, Path(description="The school's URN: six digits.", examples=["900001"])]


def midnight(on: date | None, *, after: bool = False) -> datetime | None:
    """Give the beginning of a London day, or of the day after it; None of none."""
    if on is None:
        return None
    return datetime.combine(on + timedelta(days=1) if after else on, time(), LONDON)


def london_now(request: Request) -> datetime:
    """Give the present instant, in London's time, by the clock of the application that answers `request`."""
    moment: datetime = request.app.state.clock()
    return moment.astimezone(LONDON)


@dataclass(frozen=True, slots=True)
class Caller:
    """An identity at a school within its reach."""

    identity: Identity
    school_id: int
    urn: str
    engine: AsyncEngine
    request: Request

    def now(self) -> datetime:
        """Give the present instant, in London's time."""
        return london_now(self.request)


@dataclass(frozen=True, slots=True)
class AtSchool:
    """A dependency that lets a caller pass who holds `scope`, or `otherwise`, and reaches the school in the path.

    `caller: Annotated[Caller, Depends(AtSchool("marks:write"))]`.
    """

    scope: str
    otherwise: str | None = None

    async def __call__(self, request: Request, urn: Urn) -> Caller:
        """Give the caller; raise as `Needs` does, or `unknown-school` for what does not exist within reach."""
        identity = await Needs(self.scope, self.otherwise)(request)
        school_id = await school_id_in_reach(request, identity, urn)
        if school_id is None:
            raise Problem("unknown-school", f"There is no school {urn} within reach.")
        return Caller(identity, school_id, urn, request.app.state.engine, request)


async def school_id_in_reach(request: Request, identity: Identity, urn: str) -> int | None:
    """Give the number of the school that a URN stands for; None when there is none within reach."""
    # A URN belongs to one register for ever, so its number may be remembered; who reaches it may change, and is not.
    # That of a sandbox is given again one day, and is asked for each time.
    numbers: dict[str, int] = request.app.state.numbers
    named = identity.reach.kind == "schools" and urn in identity.reach.ids
    if named and urn in numbers:
        return numbers[urn]
    async with database.reading(request.app.state.engine) as connection:
        found = await _sql.school_by_urn(connection, urn=urn, today=london_now(request).date())
    if found is None:
        return None
    if found["sandbox_of"] is not None:
        is_own = identity.client_id == found["sandbox_of"] and london_now(request) < found["until"]
        return int(found["school_id"]) if is_own else None
    covered = identity.reach.covers(urns=frozenset(found["urns"]), trust=found["trust_uid"], la_code=found["la_code"])
    if not covered:
        return None
    numbers[urn] = found["school_id"]
    return numbers[urn]
