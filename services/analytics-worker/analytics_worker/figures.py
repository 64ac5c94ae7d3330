"""What the routes of summaries answer, as the contract describes it: nothing here runs when a request is answered."""

from typing import Annotated, Literal

from pydantic import Field

from analytics_worker.answers import AsAtRead, AsOf
from analytics_worker.questions import By, Who
from codes.book import Kind, Session
from codes.phases import EducationPhase
from kit.fields import Absent, Body, Date

Count = Annotated[int | None, Field(description="Null where it is suppressed.")]
Perc = Annotated[float | None, Field(description="Null of nothing, and where it is suppressed.")]


class Figures(Body):
    """Sessions, rates and counts by code under the DfE's names; rates are null where no session was possible."""

    possible_sessions: int
    present_sessions: int
    late_sessions: int
    approved_educational_activity: int
    overall_attendance: int
    authorised_absence: int
    unauthorised_absence: int
    overall_absence: int
    not_attending_coronavirus: Annotated[
        int | Absent, Field(description="Possible, and neither attended nor absent; left out where there is none.")
    ] = None
    attendance_perc: float | None
    overall_absence_perc: float | None
    authorised_absence_perc: float | None
    unauthorised_absence_perc: float | None
    late_before_close_sessions: int
    late_after_close_sessions: int
    late_perc: float | None
    punctuality_perc: Annotated[
        float | None, Field(description="Sessions begun in time, of all in which the pupil came to the school at all.")
    ]
    codes: Annotated[dict[str, int], Field(examples=[{"/": 120, "I": 4}])]


class PupilFigures(Figures):
    """One pupil's figures, and the levels that they reach."""

    persistent: bool
    severe: bool
    days_lost: float
    days_lost_a_year: Annotated[float | None, Field(description="What the rate comes to over a year of 190 days.")]


class GroupFigures(Body):
    """The figures of many enrolments together; null where a reader who may not see pupils could see one or two."""

    possible_sessions: Count
    present_sessions: Count
    late_sessions: Count
    approved_educational_activity: Count
    overall_attendance: Count
    authorised_absence: Annotated[int | None, Field(description="Null for those aged four: overall absence alone.")]
    unauthorised_absence: Count
    overall_absence: Count
    not_attending_coronavirus: int | Absent = None
    attendance_perc: Perc
    overall_absence_perc: Perc
    authorised_absence_perc: Perc
    unauthorised_absence_perc: Perc
    late_before_close_sessions: Count
    late_after_close_sessions: Count
    late_perc: Perc
    punctuality_perc: Perc
    enrolments: Count
    persistent_pupils: Count
    pa_perc: Perc
    severe_pupils: Count
    severe_perc: Perc
    absence_due_to_persistent_perc: Annotated[
        float | None, Field(description="The absence of the persistently absent as a share of all absence.")
    ]
    codes: Annotated[
        dict[str, int] | Absent, Field(examples=[{"/": 120, "I": 4}], description="Left out where it is suppressed.")
    ] = None
    suppressed: Annotated[
        Literal[True] | Absent, Field(description="Some of it is suppressed: it would be of one or two pupils.")
    ] = None


class CodeFigures(Body):
    """The sessions of one code: the DfE's absence rate by reason, and its share of reasons."""

    sessions: Count
    perc: Annotated[float | None, Field(description="Of the possible sessions.")]
    share_of_absence_perc: Annotated[float | None, Field(description="Of all absence; null for what is no absence.")]
    enrolments: Annotated[int | None, Field(description="Enrolments with one such session or more.")]
    enrolments_perc: Perc
    suppressed: Literal[True] | Absent = None


_Fact = bool | None | Absent


class Parts(Body):
    """Which part an item is of: the members that were asked by, and no others; null is those without."""

    pupil: str | Absent = None
    class_: Annotated[str | None, Field(alias="class")] = None
    year_group: str | None = None
    sex: str | Absent = None
    fsm: bool | None = None
    sen: str | None = None
    ehcp: bool | None = None
    social_worker: bool | None = None
    looked_after: bool | None = None
    previously_looked_after: bool | None = None
    child_in_need: bool | None = None
    child_protection: bool | None = None
    youth_offending: bool | None = None
    young_carer: bool | None = None
    medical_condition: bool | None = None
    pupil_premium: bool | None = None
    mobile_child: bool | None = None
    ethnicity: str | None = None
    responsible_la: str | None = None
    weekday: Literal["monday", "tuesday", "wednesday", "thursday", "friday"] | Absent = None
    session: Session | Absent = None
    code: str | Absent = None
    week: Annotated[Date | Absent, Field(description="Its Monday.")] = None
    month: Annotated[str | Absent, Field(examples=["2026-09"])] = None
    half_term: Annotated[str | Absent, Field(examples=["2026-27/autumn-1"])] = None
    term: Annotated[str | Absent, Field(examples=["2026-27/autumn"])] = None
    census_period: Annotated[str | Absent, Field(examples=["2026-27/autumn"])] = None
    year: Annotated[str | Absent, Field(examples=["2026-27"])] = None
    school: Annotated[str | Absent, Field(description="Its URN.")] = None
    local_authority: Annotated[str | Absent, Field(description="Its three digits.")] = None
    region: Annotated[str | Absent, Field(examples=["E12000008"])] = None
    phase: Annotated[str | None, Field(description="The DfE's; null for schools that it publishes under none.")] = None


class PupilItem(PupilFigures, Parts):
    """A pupil's figures among those of the school."""


class GroupItem(GroupFigures, Parts):
    """A part's figures."""


class CodeItem(CodeFigures, Parts):
    """A code's figures, in a part where it is parted by something else too."""


class Difference(Body):
    """These figures less the others, in percentage points."""

    attendance_perc: float | None
    overall_absence_perc: float | None
    authorised_absence_perc: float | None
    unauthorised_absence_perc: float | None


class Beside(Body):
    """The same figures over other days, and how far these are from those."""

    from_: Annotated[Date, Field(alias="from")]
    to: Date
    figures: PupilFigures | GroupFigures
    difference: Difference


class AroundAction(Body):
    """So many school weeks before a day, and from it on."""

    on: Date
    weeks: int
    before: Beside
    after: Beside


class Target(Body):
    """What the school has set itself, and how far from it these figures are, in percentage points."""

    target_perc: float
    difference: float | None


class Targets(Body):
    """The school's target, and those that it has set for classes."""

    school: Target | None
    classes: dict[str, Target]


class OtherSchool(Body):
    """Another school of the same trust or authority: without its name where the reader may not see it."""

    urn: str | Absent = None
    attendance_perc: Perc
    overall_absence_perc: Perc
    authorised_absence_perc: Perc
    unauthorised_absence_perc: Perc


class Others(Body):
    """The other schools, the best attended first; `place` is this school's among them all."""

    schools: Annotated[int, Field(description="How many there are, with this one.")]
    place: int | None
    items: Annotated[list[OtherSchool], Field(description="Empty where there are too few to stay unnamed.")]


class PublishedFigures(Body):
    """What the DfE publishes of an area; null where it gives none."""

    attendance_perc: float | None
    overall_absence_perc: float | None
    authorised_absence_perc: float | None
    unauthorised_absence_perc: float | None
    pa_perc: float | None


class BesidePublished(Body):
    """Published figures, and how far these are from those."""

    figures: PublishedFigures
    difference: Difference


class OfTheDfE(Body):
    """What the DfE publishes of an academic year for schools of the same kind."""

    time_period: Annotated[str, Field(examples=["202526"])]
    education_phase: EducationPhase
    england: BesidePublished | None
    authority: BesidePublished | None
    region: Annotated[BesidePublished | Absent | None, Field(description="Of a region.")] = None


class Compared(Body):
    """What was asked to be laid beside the figures, by its name."""

    period_before: Beside | Absent = None
    year_before: Beside | Absent = None
    action: AroundAction | Absent = None
    target: Targets | Absent = None
    trust: Others | Absent = None
    authority: Others | Absent = None
    published: Annotated[OfTheDfE | None, Field(description="Null where nothing was loaded of such schools.")] = None


class Summary(Body):
    """Which days, whose sessions, parted by what; with `by` the parts as `items`."""

    from_: Annotated[Date, Field(alias="from")]
    to: Date
    who: Who
    by: By | list[By] | Absent = None
    items: list[PupilItem] | list[GroupItem] | list[CodeItem] | Absent = None
    next: str | None = None
    compared: Compared | Absent = None
    formulas: dict[str, str]


class _AtSchool(Summary):
    urn: str
    as_of: AsOf
    as_at: Annotated[AsAtRead | Absent, Field(description="Where `as_at` was asked for.")] = None


class SchoolAttendance(GroupFigures, _AtSchool):
    """A school's attendance, and with `by` that of each part."""


class SessionsLeft(Body):
    """How many more sessions of the academic year may be missed before a line is reached."""

    persistent: int
    severe: int
    referral: Annotated[int | None, Field(description="To the school's referral line; null where it has none.")]


class PupilAttendance(PupilFigures, _AtSchool):
    """A pupil's attendance."""

    pupil: str
    sessions_left: SessionsLeft


class SessionBehind(Body):
    """One session behind a pupil's figures, and how it is counted."""

    date: Date
    session: Session
    code: str
    kind: Kind
    possible: bool
    compulsory_age: bool


class SessionsBehind(Body):
    """The sessions behind a pupil's figures, in order."""

    urn: str
    pupil: str
    from_: Annotated[Date, Field(alias="from")]
    to: Date
    items: list[SessionBehind]
    next: str | None
    as_of: AsOf
    as_at: AsAtRead | Absent = None
