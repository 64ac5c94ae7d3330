"""What is answered about a school and its calendar."""

from typing import Annotated, Any

from pydantic import Field

from kit.fields import Body, Date
from register_api.answers.parts import Advice, Answered


class TrustRead(Body):
    """A trust: its UID in the register of groups, and its name."""

    uid: str
    name: str


class SchoolRead(Answered):
    """A school as it stands or stood; `policy` is null where the national one holds."""

    urn: str
    name: str
    phase: str
    age_range: Annotated[list[int], Field(min_length=2, max_length=2)]
    laestab: str | None
    la_code: str | None
    trust: TrustRead | None
    continues: str | None
    closed_on: Date | None
    register_: Annotated[str, Field(alias="register", description="The UUID that the register keeps for life.")]
    policy: dict[str, Any] | None
    warnings: list[Advice]


class TermRead(Body):
    """A term, from its first day to its last."""

    name: str
    starts: Date
    ends: Date


class HolidayRead(Body):
    """Days on which the whole school is closed as planned."""

    from_: Annotated[Date, Field(alias="from")]
    to: Date
    name: str


class Count(Body):
    """Days and sessions."""

    days: int
    sessions: int


class CalendarRead(Answered):
    """The calendar of an academic year, what it opens, and how that differs from what is expected of a school."""

    academic_year: str
    terms: list[TermRead]
    holidays: list[HolidayRead]
    inset_days: list[Date]
    days: int
    sessions: int
    expected: Count
    difference: Count
    warnings: list[Advice]
