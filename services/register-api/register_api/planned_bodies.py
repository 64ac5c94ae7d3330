"""The body in which a MIS states an absence known ahead."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from codes.reading import Session
from kit.fields import Body, Day, Text, Words
from register_api.bodies import Change, MadeBy, PupilId

Kind = Literal[
    "leave-of-absence",
    "part-time-timetable",
    "study-leave",
    "suspension",
    "exclusion",
    "religious-observance",
    "dual-timetable",
    "long-illness",
    "approved-activity",
]
Outcome = Literal["asked", "granted", "refused", "withdrawn"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday"]
Hour = Annotated[str, StringConstraints(strict=True, pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class At(Body):
    """One session: its date, and AM or PM."""

    date: Day
    session: Session


class Slot(Body):
    """One session of every week."""

    weekday: Weekday
    session: Session


class Times(Body):
    """From when to when, London's time of day."""

    starts: Hour
    ends: Hour


class TimesOfDay(Times):
    """When the pupil attends on a weekday, as agreed."""

    weekday: Weekday


class Relation(Body):
    """Somebody with regard to the pupil: a name, and what they are to the pupil."""

    name: Words
    relationship: Words


class Decision(Body):
    """What was decided, when and by whom; a grant may be of fewer days than were asked for."""

    outcome: Literal["granted", "refused", "withdrawn"]
    decided_on: Day
    decided_by: MadeBy | None = None
    reason: Text | None = None
    from_: Annotated[At | None, Field(alias="from")] = None
    to: At | None = None


EXAMPLE = {
    "pupil": "p-001",
    "kind": "leave-of-absence",
    "code": "C",
    "from": {"date": "2026-10-05", "session": "AM"},
    "to": {"date": "2026-10-09", "session": "PM"},
    "requested_on": "2026-09-14",
    "applicant": {"name": "D. Parent", "relationship": "mother"},
    "grounds": "The wedding of an elder brother in Lagos",
    "decision": {
        "outcome": "granted",
        "decided_on": "2026-09-16",
        "decided_by": {"name": "C. Head", "position": "Head teacher"},
        "reason": "Two days of travel are not needed",
        "from": {"date": "2026-10-07", "session": "AM"},
    },
}


class PutPlannedAbsence(Body, json_schema_extra={"examples": [EXAMPLE]}):
    """An absence known ahead as a whole: what is left out is not stated any more.

    `pattern` names the sessions of the week that it is about, all of them without it; `times`, `agreed_with` and
    `review_on` are of a part-time timetable, `length_days` (school days) of a suspension, `other_school` (its URN) of a
    dual timetable. `ends_on` is the day by which it ends at the latest; `session_times` the hours within its sessions.
    """

    pupil: Annotated[str, PupilId]
    kind: Kind
    code: Annotated[str, Field(strict=True, max_length=4)]
    nature: Words | None = None
    from_: Annotated[At, Field(alias="from")]
    to: At | None = None
    pattern: Annotated[list[Slot], Field(max_length=10)] | None = None
    requested_on: Day | None = None
    applicant: Relation | None = None
    grounds: Text | None = None
    decision: Decision | None = None
    times: Annotated[list[TimesOfDay], Field(max_length=20)] | None = None
    agreed_with: Relation | None = None
    review_on: Annotated[list[Day], Field(max_length=100)] | None = None
    ends_on: Day | None = None
    session_times: Times | None = None
    length_days: Annotated[int, Field(strict=True, ge=1, le=400)] | None = None
    other_school: Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9]{6}$")] | None = None
    change: Change | None = None

    def said(self, id_: str) -> dict[str, Any]:
        """Give what is recorded under an id: every member that says something, in plain values."""
        return {**self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"change"}), "id": id_}


MEMBERS = tuple(
    field.alias or name for name, field in PutPlannedAbsence.model_fields.items() if name not in ("pupil", "change")
)
"""The members of a body that an answer shows, null where nothing is said."""
