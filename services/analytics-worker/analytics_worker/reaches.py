"""Who may read a trust, a region or the nation, and which schools a trust, an authority or its children have."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from fastapi import Path, Request
from sqlalchemy.ext.asyncio import AsyncEngine

from analytics_worker.authority import Area
from codes.regions import REGIONS
from kit import database
from kit.database import Connection
from kit.problems import Problem
from kit.schools import Caller, london_now
from kit.tokens import Identity, Needs

_sql = database.statements(__file__)

TrustUid = Annotated[str, Path(pattern=r"^[0-9]{1,8}$", description="The trust's UID.", examples=["5143"])]
RegionCode = Annotated[str, Path(description="A region's nine characters.", examples=["E12000008"])]


@dataclass(frozen=True, slots=True)
class Member:
    """A school among several, and how far it is folded."""

    school_id: int
    urn: str
    name: str
    phase: str
    seq: int
    behind: int


@dataclass(frozen=True, slots=True)
class Reached:
    """What the caller reaches: some schools that are read one after another, or an area of which no pupil is read."""

    identity: Identity
    engine: AsyncEngine
    request: Request
    schools: Sequence[Member] = ()

    def now(self) -> datetime:
        """Give the present instant, in London's time."""
        return london_now(self.request)

    def at(self, one: Member) -> Caller:
        """Give the caller as one at a school."""
        return Caller(self.identity, one.school_id, one.urn, self.engine, self.request)


@dataclass(frozen=True, slots=True)
class AtTrust:
    """A dependency that lets a caller pass who holds `scope`, or `otherwise`, and reaches the whole trust."""

    scope: str
    otherwise: str | None = None

    async def __call__(self, request: Request, uid: TrustUid) -> Reached:
        """Give the trust's schools; raise as `Needs` does, or `unknown-trust` for what does not exist within reach."""
        identity = await Needs(self.scope, self.otherwise)(request)
        reach = identity.reach
        named = reach.kind == "trust" and uid in reach.ids
        if named or reach.kind == "national":
            async with database.reading(request.app.state.engine) as connection:
                schools = await _schools(connection, london_now(request).date(), trust_uid=uid)
            if named or schools:
                return Reached(identity, request.app.state.engine, request, schools)
        raise Problem("unknown-trust", f"There is no trust {uid} within reach.")


@dataclass(frozen=True, slots=True)
class AtNation:
    """A dependency that lets a caller pass who holds `scope`, or `otherwise`, and reaches the whole nation."""

    scope: str
    otherwise: str | None = None

    async def __call__(self, request: Request) -> Reached:
        """Give the nation; raise as `Needs` does, or `national-reach`."""
        identity = await Needs(self.scope, self.otherwise)(request)
        if identity.reach.kind != "national":
            raise Problem("national-reach", "The client does not reach the nation.")
        return Reached(identity, request.app.state.engine, request)


@dataclass(frozen=True, slots=True)
class AtRegion:
    """A dependency that lets a caller pass who holds `scope`, or `otherwise`, and reaches the region in the path."""

    scope: str
    otherwise: str | None = None

    async def __call__(self, request: Request, region_code: RegionCode) -> Reached:
        """Give the region; raise as `Needs` does, or `unknown-region` for what does not exist within reach."""
        identity = await Needs(self.scope, self.otherwise)(request)
        if identity.reach.kind != "national" or region_code not in REGIONS:
            raise Problem("unknown-region", f"There is no region {region_code} within reach.")
        return Reached(identity, request.app.state.engine, request)


async def of_authority(area: Area) -> Reached:
    """Give the schools that an authority has today."""
    async with database.reading(area.engine) as connection:
        schools = await _schools(connection, area.now().date(), la_code=area.la_code)
    return Reached(area.identity, area.engine, area.request, schools)


async def whose_school(caller: Caller) -> tuple[list[Member], list[Member]]:
    """Give the schools that the authority of the caller's school has today, and those of its trust; itself in each."""
    today = caller.now().date()
    async with database.reading(caller.engine) as connection:
        found = await _sql.whose(connection, school_id=caller.school_id, today=today)
        if found is None:
            return [], []
        of_authority = await _schools(connection, today, la_code=found["la_code"])
        return of_authority, await _schools(connection, today, trust_uid=found["trust_uid"])


async def _schools(
    connection: Connection, today: date, *, la_code: str | None = None, trust_uid: str | None = None
) -> list[Member]:
    return [Member(**row) async for row in _sql.schools(connection, la_code=la_code, trust_uid=trust_uid, today=today)]


async def with_its_children(area: Area) -> Reached:
    """Give the schools that have, or had, children for whom an authority is responsible, wherever they are."""
    async with database.reading(area.engine) as connection:
        found = _sql.responsible(connection, la_code=area.la_code, today=area.now().date())
        schools = [Member(**row) async for row in found]
    return Reached(area.identity, area.engine, area.request, schools)
