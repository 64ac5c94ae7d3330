"""Sums of areas, kept: of each authority its schools', of each region its authorities', and of England its regions'.

They follow the sums of schools when a London day begins: what moved of a school since is owed to its authority, and
what is summed of that is owed in turn to the region. Nothing is added to a sum or taken out of it: what is owed is
summed anew, so that a school that comes, goes or grows needs no more than to be owed.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from analytics_worker.year_totals import Touched
from codes.authorities import AUTHORITIES
from codes.calendar import academic_year, academic_year_bounds
from codes.phases import education_phase
from codes.regions import ENGLAND, REGIONS, authorities_in, region_of
from codes.who_counts import SMALLEST_SCHOOL
from kit import database
from kit.database import Connection
from ledger.append import FIRST_DAY, LAST_DAY

LEVELS: Sequence[Collection[str]] = (tuple(AUTHORITIES), tuple(REGIONS), (ENGLAND,))
"""Areas in the order in which they are summed: each is made of those of the level before it, the first of schools."""
SMALL = "small"
"""Where those are counted who would be in the DfE's main tables if their school were not too small."""

_DAY = timedelta(days=1)
_EVERY_DAY, _EVERY_YEAR = "{(,)}", f"{{[{FIRST_DAY.year - 1}-08-01,{LAST_DAY.year + 1}-08-01)}}"
_log = logging.getLogger("rollbook.area_sums")
_sql = database.statements(__file__)

Days = Collection[tuple[date, date]]
"""Stretches of days from the first to before the second; `date.min` and `date.max` where there is no end."""
EVER: Days = ((date.min, date.max),)


async def place(connection: Connection, school_id: int, today: date) -> None:
    """Note where a school is today and in which years it is too small; if it was not, all of it is owed to both areas.

    A school without an authority is in no area, and neither is a sandbox.
    """
    row = await _sql.placed(connection, school_id=school_id, today=today, fewest=SMALLEST_SCHOOL)
    la_code = row["la_code"] if row["la_code"] in AUTHORITIES and not row["is_sandbox"] else None
    phase = education_phase(row["phase"], row["age_from"], row["age_to"]) or ""
    too_small = {*row["too_small"]}
    if not row["is_known"] or (row["was_la_code"], row["was_phase"]) != (la_code, phase):
        for each in {row["was_la_code"], la_code}:
            await _owe(connection, school_id, each, EVER, EVER)
    elif grown := too_small ^ {*row["was_too_small"]}:
        years = [_bounds(year) for year in grown]
        await _owe(connection, school_id, la_code, years, years)
    stated = {"la_code": la_code, "phase": phase, "too_small": sorted(too_small)}
    await _sql.place(connection, school_id=school_id, **stated)


async def owe(connection: Connection, school_id: int, touched: Touched | None) -> None:
    """Owe to the authority that a school was last seen in what was touched of it; all of it for None."""
    la_code = await _sql.authority(connection, school_id=school_id)
    if touched is None:
        await _owe(connection, school_id, la_code, EVER, EVER)
    else:
        await _owe(connection, school_id, la_code, touched.days, [_bounds(year) for year in touched.years])


async def _owe(connection: Connection, school_id: int, la_code: str | None, days: Days, years: Days) -> None:
    if la_code is None or not (days or years):
        return
    if any(date.max in stretch for stretch in (*days, *years)):
        entered = await _sql.entered(connection, school_id=school_id)
        if entered["first"] is None:
            return
        first, last = entered["first"], entered["last"] + _DAY
        days = [(max(each, first), min(until, last)) for each, until in days]
        years = [
            (_bounds(academic_year(max(each, first)))[0], _bounds(academic_year(min(until, last) - _DAY))[1])
            for each, until in years
        ]
    owed = {"source": str(school_id), "days": _written(days), "years": _written(years)}
    await _sql.owe(connection, area=la_code, **owed)


def _bounds(year: str) -> tuple[date, date]:
    first, last = academic_year_bounds(year)
    return first, last + _DAY


def _written(stretches: Days) -> str:
    """Give stretches of days as the database reads them; one that ends before it begins is none."""
    return "{" + ",".join(f"[{first},{until})" for first, until in stretches if first < until) + "}"


async def make_due(engine: AsyncEngine, today: date) -> int:
    """Sum anew whatever is owed, a year of an area a transaction; give how many. One that others have is left to them.

    An area that fails is passed over, and tried again with the next round.
    """
    made = 0
    for level in LEVELS:
        async with database.reading(engine) as connection:
            due = [row["area"] async for row in _sql.due(connection, areas=list(level))]
        for area in due:
            try:
                while await _made(engine, area, today):
                    made += 1
            except Exception as caught:
                _log.error("area %s is not summed: %s", area, type(caught).__name__)
    return made


async def _made(engine: AsyncEngine, area: str, today: date) -> bool:
    async with database.writing(engine, 0) as connection:
        await _sql.begin(connection, area=area)
        return await _sql.claim(connection, area=area) is not None and await make(connection, area, today)


async def make(connection: Connection, area: str, today: date | None) -> bool:
    """Sum anew what is owed of one academic year of an area that the caller has claimed; False where nothing is owed.

    What is owed is struck out first: what comes meanwhile is summed with it, or stays owed.
    """
    latest = await _sql.latest(connection, area=area)
    if latest is None:
        await _sql.made(connection, area=area, today=today)
        return False
    first, until = _bounds(academic_year(latest - _DAY))
    owed = await _sql.take(connection, area=area, first=first, until=until)
    await _sum(connection, area, owed)
    await _sql.made(connection, area=area, today=today)
    if (wider := _wider(area)) is not None:
        await _sql.owe(connection, area=wider, source=area, days=owed["days"], years=owed["years"])
    return True


async def _sum(connection: Connection, area: str, owed: Mapping[str, Any]) -> None:
    await _sql.plan_each(connection)
    members = [] if area in AUTHORITIES else list(REGIONS if area == ENGLAND else authorities_in(area))
    of = {"area": area, "members": members, "fewest": SMALLEST_SCHOOL}
    await _sql.sum_days(connection, days=owed["days"], **of)
    await _sql.sum_years(connection, years=owed["years"], **of)


def _wider(area: str) -> str | None:
    """Give the area that an area is summed into."""
    return None if area == ENGLAND else region_of(area) or ENGLAND


async def areas_of(connection: Connection, school_id: int | None) -> list[str]:
    """Give the areas that a school is summed into, or all that schools are, each after those that it is made of."""
    found = {row["la_code"] async for row in _sql.authorities(connection, school_id=school_id)}
    wider = {region for each in found if (region := region_of(each)) is not None}
    return [*sorted(found), *sorted(wider), *([ENGLAND] if wider else [])]


async def prepare(connection: Connection) -> None:
    """Give a connection its side tables; once for all the areas that it will rebuild."""
    await connection.execute(await _sql.beside(connection))


async def rebuild(connection: Connection, area: str) -> Mapping[str, tuple[int, int]]:
    """Sum what is owed as a worker does, then all of an area anew, and give how many rows of each model differed.

    In one transaction of the caller's, in which the areas that it is made of stand as they should. Rows that should not
    have stood, then rows that should and did not.
    """
    await _sql.begin(connection, area=area)
    await _sql.take_area(connection, area=area)
    while await make(connection, area, None):
        pass
    await _sql.keep_days(connection, area=area)
    await _sql.keep_years(connection, area=area)
    await _sum(connection, area, {"days": _EVERY_DAY, "years": _EVERY_YEAR})
    said = await _sql.differences(connection, area=area)
    found = {"area_day": (said["days_removed"], said["days_added"])}
    found["area_total"] = (said["years_removed"], said["years_added"])
    return {model: rows for model, rows in found.items() if any(rows)}
