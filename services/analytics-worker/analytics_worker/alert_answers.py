"""What the routes of alerts answer, as the contract describes it: nothing here runs when a request is answered."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from analytics_worker.answers import AsOf, SchoolBehind
from analytics_worker.raised import Acted, Status
from codes.alerts import Alert
from codes.book import Session
from kit.fields import Absent, Body, Date

AgeBand = Literal["0-6", "7-27", "28-89", "90+"]
"""Days since an alert was opened first."""


class Evidence(Body):
    """What an alert rests on: the facts of its kind (docs/alerts.md), the rule, its source, and what would close it."""

    model_config = ConfigDict(extra="allow")

    rule: str
    source: str
    closes_when: str


class Stretch(Body):
    """Days on which an alert was open: from the first to the day on which it was no more, null while it is."""

    from_: Annotated[Date, Field(alias="from")]
    until: Date | None


class LastAct(Body):
    """What was done last about an alert."""

    action: str
    done_on: Date


class AlertRead(Body):
    """An alert, by the evidence that stands for it."""

    id: str
    kind: Alert
    pupil: Annotated[str | None, Field(description="Null where it is of the school, or of a part of it.")]
    class_: Annotated[str | None, Field(alias="class", description="The pupil's today, or the register's.")]
    year_group: Annotated[str | None, Field(description="The pupil's today.")]
    status: Status
    period: Annotated[str, Field(description="What makes it the same again, beside kind and pupil.")]
    academic_year: str
    opened_on: Annotated[Date, Field(description="The day on which it was opened first.")]
    closed_on: Annotated[Date | None, Field(description="The day on which it was closed last.")]
    held: list[Stretch]
    age_days: Annotated[int, Field(description="Days of the calendar since it was opened first, until it was closed.")]
    acted: Acted
    acts: int
    last_act: LastAct | None
    evidence: Evidence


class Alerts(Body):
    """Alerts in the order of their last change; `changed_after` is what to ask with for those after them."""

    items: list[AlertRead]
    next: str | None
    changed_after: str
    as_of: AsOf


class _Count(Body):
    alerts: int | None
    pupils: int | None
    suppressed: Annotated[Literal[True] | Absent, Field(description="It must not be shown to this reader.")] = None


class OfKind(_Count):
    """The alerts of a kind."""

    kind: Alert


class OfStatus(_Count):
    """The alerts that are open, or closed."""

    status: Status


class OfClass(_Count):
    """The alerts of pupils of a class."""

    class_: Annotated[str | None, Field(alias="class")]


class OfYearGroup(_Count):
    """The alerts of pupils of a year group."""

    year_group: str | None


class OfAge(_Count):
    """The alerts of an age."""

    age_days: AgeBand


class _Counted(_Count):
    kinds: list[OfKind]
    statuses: list[OfStatus]
    year_groups: list[OfYearGroup]
    ages: list[OfAge]


class AlertCounts(_Counted):
    """A school's alerts, counted, with the pupils whom they are about."""

    urn: str
    classes: list[OfClass]
    as_of: AsOf


class AlertOfSchool(AlertRead):
    """An alert, and the school whose it is."""

    urn: str


class _AlertsOfMany(Body):
    items: list[AlertOfSchool]
    next: str | None
    changed_after: str
    schools: list[SchoolBehind]


class TrustAlerts(_AlertsOfMany):
    """The alerts of a trust's schools, school by school."""

    trust_uid: str


class AuthorityAlerts(_AlertsOfMany):
    """The alerts of an authority's schools, school by school."""

    la_code: str


class OfSchool(_Count, SchoolBehind):
    """The alerts of a school; of each kind for who may see pupils."""

    kinds: Annotated[list[OfKind] | Absent, Field(description="Not for readers of groups.")] = None


class _CountsOfMany(_Counted):
    schools: list[OfSchool]


class TrustAlertCounts(_CountsOfMany):
    """The alerts of a trust's schools, counted; who goes to two of them is a pupil of each."""

    trust_uid: str


class AuthorityAlertCounts(_CountsOfMany):
    """The alerts of an authority's schools, counted; who goes to two of them is a pupil of each."""

    la_code: str


class ResponsibleAlertCounts(_CountsOfMany):
    """The alerts of the children for whom an authority is responsible, counted."""

    la_code: str


class PupilAt(Body):
    """A pupil at a school, by the school's own id."""

    urn: str
    pupil: str


Across = Literal[Alert.PENALTY_THRESHOLD, Alert.DUAL_CONFLICT]
"""The kinds of alert that several schools come to together."""


class NoticeAt(Body):
    """A penalty notice that a school has recorded; `parent` is as that school knows the parent."""

    urn: str
    id: str
    parent: str
    issued_on: Date


class AcrossRead(Body):
    """What several schools come to together of a pupil: each session with its school, or with its code at each."""

    kind: Across
    pupils: Annotated[list[PupilAt], Field(description="The one pupil, at each of the schools.")]
    since: Date
    period: str
    evidence: Evidence
    notices: Annotated[
        list[NoticeAt] | Absent,
        Field(description="Of a threshold: the notices about the pupil that count today to two in three years."),
    ] = None


class _Across(Body):
    items: list[AcrossRead]
    next: None
    schools: list[SchoolBehind]


class TrustAcross(_Across):
    """The alerts over several schools of a trust."""

    trust_uid: str


class AuthorityAcross(_Across):
    """The alerts over several schools of an authority."""

    la_code: str


class OwnSession(Body):
    """A session of the school that is one of the ten, and its code."""

    date: Date
    session: Session
    code: str


class SeenByOne(Body):
    """What a school sees of a threshold that was met at several: its own sessions, and how many there were elsewhere.

    No other school is named, and no day but its own.
    """

    sessions: list[OwnSession]
    elsewhere: int
    rule: str
    source: str
    closes_when: str


class AcrossOfOne(Body):
    """A threshold that a pupil has met with sessions of this school and of others, as this school sees it."""

    kind: Literal[Alert.PENALTY_THRESHOLD]
    pupil: str
    evidence: SeenByOne


class SchoolsAsked(Body):
    """How many other schools were asked, and of how many of them not everything was folded."""

    schools: int
    behind: int


class SchoolAcross(_Count):
    """What pupils of a school have come to at several schools, and how many of them."""

    urn: str
    items: Annotated[list[AcrossOfOne] | Absent, Field(description="Not for readers of groups.")] = None
    next: None
    others: SchoolsAsked
    as_of: AsOf
