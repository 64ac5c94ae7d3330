"""What is sent and answered about casework: acts on alerts, penalty notices and notices to improve."""

from typing import Annotated, Any, Literal

from fastapi import Depends, Path, Query
from pydantic import Field

from analytics_worker.alert_answers import AlertRead
from codes.acts import Action
from codes.alerts import Alert
from codes.book import Session
from codes.notices import Offence, State, Tier, Verdict
from kit.fields import Body, Date, Day, Text, Utc, Words
from kit.schools import AtSchool, Caller

DryRun = Annotated[bool, Query(description="Do everything but write it down: the same answer, nothing kept.")]
AlertsReader = Annotated[Caller, Depends(AtSchool("alerts:read"))]
AlertsWriter = Annotated[Caller, Depends(AtSchool("alerts:write"))]
AlertPath = Annotated[str, Path(alias="id", description="The alert's id, as the list of alerts has it.")]
NoticePath = Annotated[
    str, Path(alias="id", pattern=r"^[A-Za-z0-9._~-]{1,64}$", description="Your own id of the notice.")
]
_OWN_ID = r"^[A-Za-z0-9._~-]{1,64}$"


class MadeBy(Body):
    """Who did something: name and position as they were at the time."""

    name: Words
    position: Words


class At(Body):
    """One session: its date, and AM or PM."""

    date: Day
    session: Session


OFFICER = {"name": "B. Officer", "position": "Attendance officer"}


class PostAcknowledgement(Body, json_schema_extra={"examples": [{"made_by": OFFICER}]}):
    """That somebody has seen an alert."""

    made_by: MadeBy
    note: Text | None = None


ACT = {
    "action": "looked-into",
    "done_on": "2026-09-17",
    "made_by": OFFICER,
    "note": "The register was taken on paper, and is being entered",
}


class PostAct(Body, json_schema_extra={"examples": [ACT]}):
    """What was done about an alert, on which day and by whom; `sessions` where only some of the alert's are meant."""

    action: Action
    done_on: Day
    made_by: MadeBy
    note: Text | None = None
    sessions: Annotated[list[At], Field(min_length=1, max_length=400)] | None = None


class ActRead(Body):
    """One act on an alert; `evidence` is what the alert rested on then, `ends` whether the act ends it, and how far."""

    no: int
    alert: str
    kind: Alert
    pupil: str | None
    action: Action
    done_on: Date
    made_by: MadeBy
    note: str | None
    ends: Literal["for-good", "as-far-as-it-goes"] | None
    evidence: dict[str, Any]
    recorded_at: Utc
    client: str


class ActRecorded(ActRead):
    """One act, and whether it was entered or is one that was known."""

    outcome: Literal["entered", "unchanged"]


class Possible(Body):
    """Something that can be done about an alert."""

    action: Action
    says: str
    source: str
    ends: Literal["for-good", "as-far-as-it-goes"] | None
    needs_note: bool


class AlertWithActs(AlertRead):
    """An alert with every step that was taken, in order, and what can be done."""

    steps: list[ActRead]
    actions: list[Possible]


class Relied(At):
    """A session that a notice relies on, with the code that stood."""

    code: Annotated[str, Field(strict=True, max_length=4)]


Part = Literal["attendance", "duty", "support-given", "support-offered", "warning", "earlier"]
NOTICE = {
    "kind": "penalty-notice",
    "pupil": "p-004",
    "parent": "parent-1",
    "issued_by": "Invented Council",
    "issued_on": "2026-09-17",
    "sessions": [{"date": "2026-09-07", "session": "AM", "code": "O"}],
    "made_by": OFFICER,
}


class PutNotice(Body, json_schema_extra={"examples": [NOTICE]}):
    """A notice as a whole, to one parent for one child: what is left out is not stated any more.

    `parent` is your own id of the parent. A penalty notice has its offence, the sessions that it relies on or the day
    of an exclusion, and what became of it; a notice to improve the first and last day of its period, and its contents.
    """

    kind: Literal["penalty-notice", "notice-to-improve"]
    pupil: Annotated[str, Field(pattern=_OWN_ID, description="The MIS's own id of the pupil.", examples=["p-001"])]
    parent: Annotated[str, Field(pattern=_OWN_ID)]
    issued_by: Words
    issued_on: Day
    made_by: MadeBy
    offence: Offence | None = None
    excluded_on: Day | None = None
    sessions: Annotated[list[Relied], Field(max_length=400)] | None = None
    received_on: Day | None = None
    paid_on: Day | None = None
    paid_pounds: Annotated[int, Field(strict=True, ge=0, le=10_000)] | None = None
    withdrawn_on: Day | None = None
    withdrawn_why: Text | None = None
    prosecuted_on: Day | None = None
    ended_on: Day | None = None
    verdict: Verdict | None = None
    starts: Day | None = None
    ends: Day | None = None
    contents: Annotated[list[Part], Field(max_length=10)] | None = None

    def said(self) -> dict[str, Any]:
        """Give what is kept, whichever pupil and person: every member that says something, in plain values."""
        said = self.model_dump(mode="json", exclude_none=True, exclude={"kind", "pupil", "made_by"})
        if self.kind == "notice-to-improve":
            return {"contents": [], **said}
        return {"offence": Offence.ATTENDANCE.value, "sessions": [], **said}


class Warned(Body):
    """What speaks against a notice that is kept nevertheless."""

    pointer: str
    detail: str
    source: str


class Amount(Body):
    """What settles a notice, and the last day on which it does; null while nobody knows when it was received."""

    pounds: int
    last_day: Date | None


class Counted(Body):
    """A notice that decides a tier."""

    id: str
    issued_on: Date


class NextTier(Body):
    """Which notice the next one to this parent for this child would be; none before `again_on`."""

    on: Date
    tier: Tier
    notices: list[Counted]
    again_on: Date | None
    rule: str
    source: str


class Follows(Body):
    """What follows from a notice by now; of a penalty notice all but `period_over`, which is a notice to improve's."""

    tier: Tier | None
    state: State | None
    payable: list[Amount]
    owed_pounds: int | None
    next: NextTier | None
    period_over: bool | None


class NoticeVersion(Body):
    """A notice as it was stated once, by whom and when."""

    no: int
    kind: Literal["penalty-notice", "notice-to-improve"]
    parent: str
    issued_by: str
    issued_on: Date
    offence: Offence | None
    excluded_on: Date | None
    sessions: list[Relied]
    received_on: Date | None
    paid_on: Date | None
    paid_pounds: int | None
    withdrawn_on: Date | None
    withdrawn_why: str | None
    prosecuted_on: Date | None
    ended_on: Date | None
    verdict: Verdict | None
    starts: Date | None
    ends: Date | None
    contents: list[Part]
    made_by: MadeBy
    recorded_at: Utc
    client: str


class NoticeRead(NoticeVersion):
    """A notice as it stands, and what follows from it."""

    id: str
    pupil: str
    follows: Follows


class NoticeBecame(NoticeRead):
    """A notice as it stands after a PUT, what became of that, and what speaks against it."""

    outcome: Literal["entered", "changed", "unchanged"]
    warnings: list[Warned]


class NoticeWithHistory(NoticeRead):
    """A notice with everything that was stated of it, the latest last."""

    history: list[NoticeVersion]
    warnings: list[Warned]


class Notices(Body):
    """Notices, the one stated last first."""

    items: list[NoticeRead]
    next: str | None
