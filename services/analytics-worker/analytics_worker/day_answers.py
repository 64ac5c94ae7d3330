"""What a day's list answers, as the contract describes it: nothing here runs when a request is answered."""

from typing import Annotated

from pydantic import Field

from analytics_worker.answers import AsOf
from codes.alerts import Alert
from codes.book import Kind, Session
from kit.fields import Absent, Body, Clock, Date


class _Pupil(Body):
    pupil: str
    class_: Annotated[str | None, Field(alias="class")]
    year_group: str | None


class WithoutEntry(_Pupil):
    """A pupil of whom a session has begun and nothing is entered."""


class SeenOnDay(_Pupil):
    """A pupil by the last session that has begun and for which there is an entry."""

    session: Session
    code: str
    kind: Kind


class UnexplainedAbsence(_Pupil):
    """An absence of which nobody knows the reason: its first day, and how many school days it has been."""

    since: Date
    days: int


class RegisterMissing(Body):
    """A register that has closed without an entry of anybody required in it, and the time since which it is missing."""

    class_: Annotated[str | None, Field(alias="class")]
    session: Session
    closed_at: Clock
    since: Annotated[Clock, Field(description="Its closing and the school's grace.")]
    required: int


class EntryN(_Pupil):
    """An N that stands: the last day on which it may, if the calendar reaches so far, and since when it is overdue."""

    date: Date
    session: Session
    due: Date | None
    overdue_since: Date | None


class AlertDue(Body):
    """An alert that was open when the day was over, or is."""

    id: str
    pupil: str | None
    opened_on: Date


class DueOfKind(Body):
    """The alerts of a kind."""

    kind: Alert
    alerts: list[AlertDue]


class DayCounts(Body):
    """How many there are of each; `due_today` for those who hold `alerts:read`."""

    on_roll: int
    on_site: int
    not_in: int
    without_entry: int
    unexplained: int
    registers_not_taken: int
    n_entries: int
    n_overdue: int
    due_today: int | Absent = None


class SchoolDay(Body):
    """A school's day, by pupils."""

    urn: str
    date: Date
    counts: DayCounts
    on_site: list[SeenOnDay]
    not_in: list[SeenOnDay]
    without_entry: list[WithoutEntry]
    unexplained: list[UnexplainedAbsence]
    registers_not_taken: list[RegisterMissing]
    n_entries: list[EntryN]
    due_today: Annotated[list[DueOfKind] | Absent, Field(description="For those who hold `alerts:read`.")] = None
    as_of: AsOf


class DayOfSchool(Body):
    """A school's day, by numbers."""

    urn: str
    name: str
    seq: int
    behind: int
    counts: DayCounts


class _DayOfMany(Body):
    date: Date
    items: list[DayOfSchool]
    next: str | None


class TrustDay(_DayOfMany):
    """A day of a trust's schools."""

    trust_uid: str


class AuthorityDay(_DayOfMany):
    """A day of an authority's schools."""

    la_code: str
