"""Alerts that were raised: what narrows them, as they are shown, and how many there are of each sort."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import Field

from codes.alerts import Alert
from kit import database, lists, pupil_ids
from kit.database import Connection
from kit.fields import Body, Day

_sql = database.statements(__file__)

AGES = ("0-6", "7-27", "28-89", "90+")
"""The bands of days that alerts are counted by: within a week, four weeks, a term, and longer."""
AXES = ("kind", "status", "class", "year_group", "age")
"""What alerts are counted by."""

Cell = tuple[str | None, str | None]
"""By what, and which of it; (None, None) is the whole."""


class Status(StrEnum):
    """Whether what an alert says still holds."""

    OPEN = "open"
    CLOSED = "closed"


class Acted(StrEnum):
    """What was done about an alert: nothing; somebody has seen it and no more; or something."""

    NONE = "none"
    ACKNOWLEDGED = "acknowledged"
    ACTED_ON = "acted-on"


class AlertFilters(Body):
    """What narrows alerts: every filter given must be met, one that is repeated by any of its values."""

    status: Status | None = None
    kind: list[Alert] | None = None
    pupil: list[str] | None = None
    class_: Annotated[list[str] | None, Query(alias="class", description="The pupil's class today.")] = None
    year_group: list[str] | None = Field(None, description="The pupil's year group today.")
    academic_year: list[Annotated[str, Field(pattern=r"^\d{4}-\d\d$", examples=["2026-27"])]] | None = None
    opened_from: Day | None = Field(None, description="Opened first on this day or later.")
    opened_to: Day | None = Field(None, description="Opened first on this day or earlier.")
    older_than: int | None = Field(None, ge=0, le=100_000, description="More days since it was opened first.")
    acted: Acted | None = Field(None, description="What was done about it.")


class PagedAlertFilters(AlertFilters):
    """What narrows a list of alerts, and where it goes on."""

    changed_after: str | None = Field(None, description="The member of that name of an earlier answer.")
    limit: Annotated[int, Query(ge=1, le=lists.MOST)] = lists.DEFAULT_LIMIT
    cursor: str | None = Field(None, description="`next` of the page before.")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which alerts of a school are asked for, on a day; with an authority, of the children it is responsible for.

    With an id, that one alone.
    """

    school_id: int
    filters: AlertFilters
    today: date
    responsible_la: str | None = None
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """How many alerts, and of how many pupils."""

    alerts: int
    pupils: int

    def __add__(self, other: "Count") -> "Count":
        return Count(self.alerts + other.alerts, self.pupils + other.pupils)


async def items(connection: Connection, asked: Asked, after: int, most: int) -> list[tuple[int, dict[str, Any]]]:
    """Give at most so many alerts that changed after a position, as they are shown, each after its own position."""
    filters = await _filters(connection, asked)
    rows = [row async for row in _sql.alerts(connection, after=after, id=asked.id, limit=most, **filters)]
    numbers = [row["pupil_no"] for row in rows if row["pupil_no"] is not None]
    ids = await pupil_ids.ids(connection, asked.school_id, numbers)
    return [(row["changed"], _shown(row, ids)) for row in rows]


async def counted(connection: Connection, asked: Asked) -> dict[Cell, Count]:
    """Count the alerts: the whole, and by each of `AXES`."""
    rows = _sql.counted(connection, **await _filters(connection, asked))
    return {(row["axis"], row["label"]): Count(row["alerts"], row["pupils"]) async for row in rows}


async def last_changes(connection: Connection, school_ids: Sequence[int]) -> dict[int, int]:
    """Give the number of the last change of the alerts of each of some schools."""
    found = {row["school_id"]: row["last_change"] async for row in _sql.last_changes(connection, school_ids=school_ids)}
    return {school_id: found.get(school_id, 0) for school_id in school_ids}


async def _filters(connection: Connection, asked: Asked) -> dict[str, Any]:
    filters = asked.filters
    return {
        "school_id": asked.school_id,
        "is_open": None if filters.status is None else filters.status is Status.OPEN,
        "kinds": filters.kind,
        "pupil_nos": await pupil_ids.narrowed(connection, asked.school_id, filters.pupil),
        "classes": filters.class_,
        "year_groups": filters.year_group,
        "academic_years": filters.academic_year,
        "opened_from": filters.opened_from,
        "opened_to": filters.opened_to,
        "older_than": filters.older_than,
        "acted": filters.acted,
        "responsible_la": asked.responsible_la,
        "today": asked.today,
    }


def _shown(row: Mapping[str, Any], ids: Mapping[int, str]) -> dict[str, Any]:
    """Show an alert; `pupil` is null where it is of the school or a part of it."""
    last = {"action": row["last_action"], "done_on": _day(row["last_done_on"])} if row["acts"] else None
    return {
        "id": str(row["id"]),
        "kind": row["kind"],
        "pupil": None if row["pupil_no"] is None else ids[row["pupil_no"]],
        "class": row["class"],
        "year_group": row["year_group"],
        "status": row["status"],
        "period": row["period"],
        "academic_year": row["academic_year"],
        "opened_on": _day(row["opened_on"]),
        "closed_on": _day(row["closed_on"]),
        "held": [{"from": since, "until": until} for since, until in json.loads(row["held"])],
        "age_days": row["age"],
        "acted": row["acted"],
        "acts": row["acts"],
        "last_act": last,
        "evidence": json.loads(row["evidence"]),
    }


def _day(on: date | None) -> str | None:
    return None if on is None else on.isoformat()


def pooled(of_schools: Sequence[Mapping[Cell, Count]]) -> dict[Cell, Count]:
    """Give the counts of several schools together: who goes to two of them is counted at each."""
    alerts, pupils = Counter[Cell](), Counter[Cell]()
    for counts in of_schools:
        for cell, count in counts.items():
            alerts[cell] += count.alerts
            pupils[cell] += count.pupils
    return {cell: Count(alerts[cell], pupils[cell]) for cell in alerts}
