"""What the summaries of many schools answer, as the contract describes it: nothing here runs when one is answered."""

from typing import Annotated

from pydantic import Field

from analytics_worker.answers import AsAtInstant, SchoolBehind
from analytics_worker.figures import GroupFigures, Summary
from analytics_worker.national_answers import SchoolsBehind
from kit.fields import Absent, Body, Date


class _OfMany(Summary):
    schools: list[SchoolBehind]
    as_at: Annotated[AsAtInstant | Absent, Field(description="Where `as_at` was asked for.")] = None


class TrustAttendance(GroupFigures, _OfMany):
    """The attendance of a trust's schools together."""

    trust_uid: str


class AuthorityAttendance(GroupFigures, _OfMany):
    """The attendance of an authority's schools together."""

    la_code: str


class ResponsibleAttendance(GroupFigures, _OfMany):
    """The attendance of the children for whom an authority is responsible."""

    la_code: str


class AreaBehind(SchoolsBehind):
    """How many schools an area's figures were made from, and as they were when."""

    sums_on: Annotated[
        Date | None,
        Field(description="Sessions are as on the evening before this day; null where they were counted now."),
    ]


class _OfArea(Summary):
    schools: AreaBehind


class RegionAttendance(GroupFigures, _OfArea):
    """The attendance of a region's schools together."""

    region_code: str


class NationalAttendance(GroupFigures, _OfArea):
    """The attendance of England's schools together."""


class SchoolOf(Body):
    """A school, the position that its figures are made from, and how many events were still to come."""

    urn: str
    name: str
    phase: str
    seq: int
    behind: int


class SchoolsOf(Body):
    """Schools in the order in which their registers were begun."""

    items: list[SchoolOf]
    next: str | None
