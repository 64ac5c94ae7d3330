"""What the routes answer, as the contract describes it: nothing here runs when a request is answered."""

from typing import Annotated, Literal

from pydantic import Field

from codes.book import Session
from kit.fields import Absent, Body, Clock, Date, Utc


class AsOf(Body):
    """From which position figures were made, how many events were still to come, and when that was."""

    seq: int
    behind: int
    at: Utc


class AsAtRead(Body):
    """What was answered at: an instant, a position, and whether a writer in flight could still add to it."""

    instant: Utc
    seq: int
    settled: bool


class DailyRow(Body):
    """One row a pupil and session."""

    la_code: str
    urn: str
    laestab: str | None
    date: Date
    session: Session
    pupil: str
    upn: str | None
    year_group: str | None
    class_: Annotated[str | None, Field(alias="class")]
    enrolment_status: str | None
    state: Literal["entered", "missing", "not-due", "closed"]
    code: str | None
    first_entry: str | None
    version: int | None
    seq: int | None
    arrived_at: Clock | None
    made_at: Utc | None
    recorded_at: Utc | None
    sex: str | None
    fsm: bool | None
    sen: str | None
    ehcp: bool | None
    social_worker: bool | None
    looked_after: bool | None
    previously_looked_after: bool | None
    child_in_need: bool | None
    child_protection: bool | None
    youth_offending: bool | None
    young_carer: bool | None
    medical_condition: bool | None
    pupil_premium: bool | None
    mobile_child: bool | None
    ethnicity: str | None
    responsible_la: str | None
    possible: int
    attending: int
    absent: int
    authorised: int
    unauthorised: int
    late: int


class RegisterCount(Body):
    """How many rows a school and session have of each state."""

    urn: str
    date: Date
    session: Session
    expected: int
    received: int
    not_taken: int
    not_due: int


class SchoolBehind(Body):
    """A school, the position that its rows were made from, and how many events were still to come."""

    urn: str
    seq: int
    behind: int


class AsAtInstant(Body):
    """The instant that was answered at: schools have no position in common."""

    instant: Utc
    settled: bool


class Daily(Body):
    """An authority's day; `changed_after` is what to ask with for every row restated since."""

    la_code: str
    as_at: Annotated[AsAtInstant | Absent, Field(description="Where `as_at` was asked for.")] = None
    items: list[DailyRow]
    next: str | None
    changed_after: str
    registers: list[RegisterCount]
    schools: list[SchoolBehind]
