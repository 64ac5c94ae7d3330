"""What is answered about absence known ahead, and about entries that it does not bear out."""

from typing import Annotated, Literal

from pydantic import Field

from codes.book import Session
from kit.fields import Absent, Body, Clock, Date, Utc
from register_api.answers.parts import Advice, Became, MadeOrNot, PageAsAt, SessionOf
from register_api.bodies import AsAtRead, MadeBy
from register_api.planned_bodies import Kind, Outcome, Relation, Slot, Weekday
from register_api.removed import Removed


class HoursRead(Body):
    """From when to when, London's time of day."""

    starts: Clock
    ends: Clock


class HoursOfDay(HoursRead):
    """When the pupil attends on a weekday, as agreed."""

    weekday: Weekday


class DecisionRead(Body):
    """What was decided, when and by whom; a grant may be of fewer days than were asked for."""

    outcome: Literal["granted", "refused", "withdrawn"]
    decided_on: Date
    decided_by: MadeBy | Absent = None
    reason: str | Absent = None
    from_: Annotated[SessionOf | Absent, Field(alias="from")] = None
    to: SessionOf | Absent = None


class About(Body):
    """The sessions that it is about: those asked for, or those granted; without an end `to` is null."""

    from_: Annotated[SessionOf, Field(alias="from")]
    to: SessionOf | None


class PlanVersion(MadeOrNot):
    """An absence known ahead as it was stated or decided once; null what was not said, or was removed."""

    id: str
    pupil: str
    kind: Kind
    code: str
    outcome: Outcome
    about: About
    nature: str | None
    from_: Annotated[SessionOf | None, Field(alias="from")]
    to: SessionOf | None
    pattern: list[Slot] | None
    requested_on: Date | None
    applicant: Relation | None
    grounds: str | None
    decision: DecisionRead | None
    times: list[HoursOfDay] | None
    agreed_with: Relation | None
    review_on: list[Date] | None
    ends_on: Date | None
    session_times: HoursRead | None
    length_days: int | None
    other_school: str | None
    made_by_id: int | None
    removed: list[Removed]


class PlanAdvice(Advice):
    """What law or guidance advises against, by its slug."""

    code: str


class PlanBecame(Became):
    """What became of an absence known ahead, and what law or guidance advises against in it."""

    warnings: list[PlanAdvice]


class FiguresThen(Body):
    """Sessions, rates and counts by code under the DfE's names; rates are null where no session was possible."""

    possible_sessions: int
    present_sessions: int
    late_sessions: int
    approved_educational_activity: int
    overall_attendance: int
    authorised_absence: int
    unauthorised_absence: int
    overall_absence: int
    not_attending_coronavirus: int | Absent = None
    attendance_perc: float | None
    overall_absence_perc: float | None
    authorised_absence_perc: float | None
    unauthorised_absence_perc: float | None
    codes: dict[str, int]


class Asked(Body):
    """Another absence that was known ahead of the pupil."""

    id: str
    kind: Kind
    code: str
    from_: Annotated[SessionOf, Field(alias="from")]
    to: SessionOf | None
    outcome: Outcome


class AtDecision(Body):
    """What was known when it was decided: the attendance of the academic year, and what else had been asked for."""

    seq: int
    academic_year: str
    attendance: FiguresThen
    requests: list[Asked]


class PlanRead(PlanVersion):
    """An absence known ahead as it stands or stood, with every change of it, the latest last."""

    asked_by: str
    source: str
    warnings: list[PlanAdvice]
    at_decision: AtDecision | None
    history: list[PlanVersion]
    as_at: AsAtRead


class Plans(PageAsAt):
    """Absence known ahead, the one changed last first."""

    items: list[PlanVersion]


class CheckRead(Body):
    """What does not fit: `planned` is the absence known ahead that it is about."""

    check: Literal["leave-not-granted", "suspension-not-recorded", "absence-on-refused-dates"]
    planned: str | None


class Unfit(Body):
    """An entry that leave does not bear out."""

    pupil: str
    date: Date
    session: Session
    code: str
    checks: list[CheckRead]
    made_at: Utc
    made_by: MadeBy
    made_by_id: int
    recorded_at: Utc
    client: str
    seq: int


class LeaveChecks(PageAsAt):
    """Entries that leave does not bear out, newest first."""

    items: list[Unfit]
