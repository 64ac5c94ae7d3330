"""Who may read an authority, and which schools it has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated

from fastapi import Path, Request
from sqlalchemy.ext.asyncio import AsyncEngine

from codes.identifiers import la_name
from kit import database
from kit.problems import Problem
from kit.schools import Caller, london_now
from kit.tokens import Identity, Needs
from ledger.as_at import instant_of, resolve

_sql = database.statements(__file__)

LaCode = Annotated[str, Path(description="The authority's three digits.", examples=["931"])]


@dataclass(frozen=True, slots=True)
class Area:
    """An authority that the caller reaches."""

    la_code: str
    identity: Identity
    engine: AsyncEngine
    request: Request

    def now(self) -> datetime:
        """Give the present instant, in London's time."""
        return london_now(self.request)

    def at(self, one: "AreaSchool") -> Caller:
        """Give the caller as one at a school of the authority."""
        return Caller(self.identity, one.school_id, one.urn, self.engine, self.request)


@dataclass(frozen=True, slots=True)
class AtAuthority:
    """A dependency that lets a caller pass who holds `scope`, or `otherwise`, and reaches the whole authority."""

    scope: str
    otherwise: str | None = None

    async def __call__(self, request: Request, la_code: LaCode) -> Area:
        """Give the area; raise as `Needs` does, or `unknown-authority` for what does not exist within reach."""
        identity = await Needs(self.scope, self.otherwise)(request)
        reach = identity.reach
        reached = reach.kind == "national" or (reach.kind == "authority" and la_code in reach.ids)
        if not reached or la_name(la_code) is None:
            raise Problem("unknown-authority", f"There is no authority {la_code} within reach.")
        return Area(la_code, identity, request.app.state.engine, request)


@dataclass(frozen=True, slots=True)
class AreaSchool:
    """A school of an authority: its numbers, the day it closed, and how far it is folded."""

    school_id: int
    urn: str
    laestab: str | None
    la_code: str
    closed_on: date | None
    seq: int
    behind: int

    @property
    def head(self) -> int:
        """Give where the school's stream stood: its roll, calendars and facts are read there, folded or not."""
        return self.seq + self.behind


@dataclass(frozen=True, slots=True)
class SchoolThen:
    """The facts of reach of a school as a reader had them."""

    urn: str
    laestab: str | None
    la_code: str | None
    closed_on: date | None


async def schools_at(area: Area, schools: Sequence[AreaSchool], as_at: str) -> tuple[Sequence[AreaSchool], bool]:
    """Give schools with the positions that an instant stands for, and whether every one of them is settled.

    Raises as `resolve` does. Schools have no position in common, so `seq:N` is none.
    """
    instant_of(as_at, area.now())
    placed, settled = [], True
    for one in schools:
        async with database.reading(area.engine, one.school_id) as connection:
            at = await resolve(connection, one.school_id, as_at, area.now())
        placed.append(replace(one, seq=at.seq, behind=0))
        settled = settled and at.settled
    return placed, settled


async def schools(area: Area) -> Sequence[AreaSchool]:
    """Give the schools of the authority by their numbers, as the facts of reach are today."""
    async with database.reading(area.engine) as connection:
        found = _sql.schools(connection, la_code=area.la_code, today=area.now().date())
        return [AreaSchool(*row.values()) async for row in found]


async def schools_then(area: Area, heads: Mapping[int, int], on: date) -> Mapping[int, SchoolThen]:
    """Give the facts of reach of a day of schools, by their numbers, as they were known at positions.

    Which authority had a school is for the caller to look at: the numbers are whatever a reader has sent.
    """
    async with database.reading(area.engine) as connection:
        found = _sql.schools_then(connection, school_ids=list(heads), heads=list(heads.values()), on=on)
        return {school_id: SchoolThen(*facts) async for school_id, *facts in found}
