"""What the DfE publishes, as it was loaded: to be read under its own columns, and to be laid beside our figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from analytics_worker.national_answers import Published
from codes.calendar import academic_year
from codes.phases import EducationPhase
from codes.published import COLUMNS, LOCAL_AUTHORITY, NATIONAL, REGIONAL
from kit import database, lists
from kit.contract import tells
from kit.database import Connection
from kit.fields import Body
from kit.tokens import Identity, Needs

router = APIRouter(tags=["national"])
_sql = database.statements(__file__)

Level = Literal["National", "Regional", "Local authority"]
Figures = Mapping[str, int | float | None]


class PublishedFilters(Body):
    """What narrows the list: every filter given must be met."""

    time_period: Annotated[str | None, Query(pattern=r"^[0-9]{4}([0-9]{2})?$", examples=["202526"])] = None
    level: Level | None = None
    la_code: Annotated[str | None, Query(pattern=r"^[0-9]{3}$", description="The authority's three digits.")] = None
    phase: EducationPhase | None = None
    limit: Annotated[int, Query(ge=1, le=lists.MOST)] = lists.DEFAULT_LIMIT
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """What is published of a year for a phase, by column; None for an area of which nothing is published."""

    time_period: str
    england: Figures | None
    authority: Figures | None
    region: Figures | None = None


@router.get("/v1/national/published", summary="What the DfE publishes", responses=tells(Published))
async def published(
    _caller: Annotated[Identity, Depends(Needs("attendance:read", "summaries:read"))],
    filters: Annotated[PublishedFilters, Query()],
    request: Request,
    response: Response,
) -> dict[str, Any]:
    """Give the rows of the DfE's "Pupil attendance in schools" that were loaded, the newest period first.

    Under the DfE's columns; in place of a figure that it does not give stands its symbol. Anybody may read it who reads
    figures at all: it is published.
    """
    position = lists.numbers(filters.cursor, frozenset({"at"})) or {"at": 0}
    asked = filters.model_dump(include={"time_period", "level", "la_code", "phase"})
    async with database.reading(request.app.state.engine) as connection:
        found = _sql.published(connection, **asked, after=position["at"], most=filters.limit + 1)
        rows = [_shown(row) async for row in found]
    following = {"at": position["at"] + filters.limit} if len(rows) > filters.limit else None
    return lists.page(request, response, rows[: filters.limit], following)


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give a row as it stands in the file, its columns in their order."""
    held = {**row["place"], **row["figures"], **row["symbols"]}
    held["time_identifier"] = row["time_identifier"]
    return {column: held[column] for column in COLUMNS}


async def beside(
    connection: Connection, la_code: str | None, phase: EducationPhase, on: date, region: str | None = None
) -> Beside | None:
    """Give what is published to lay beside figures of a phase and an authority: of the academic year of a day.

    Of the year before where nothing is published of that one yet; None where nothing is published of either.
    """
    years = [academic_year(day) for day in (on, on.replace(year=on.year - 1, day=1))]
    periods = [year.replace("-", "") for year in years]
    asked = {"la_code": la_code, "region": region, "phase": phase, "periods": periods}
    rows = [row async for row in _sql.beside(connection, **asked)]
    if not rows:
        return None
    period = max(row["time_period"] for row in rows)
    figures = {row["geographic_level"]: row["figures"] for row in rows if row["time_period"] == period}
    return Beside(period, figures.get(NATIONAL), figures.get(LOCAL_AUTHORITY), figures.get(REGIONAL))
