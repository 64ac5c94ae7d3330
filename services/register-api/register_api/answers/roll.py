"""What is answered about the admission register."""

from typing import Annotated, Any, Literal

from pydantic import Field

from kit.fields import Absent, Body, Date, Utc
from register_api.admission import Ground
from register_api.answers.parts import Advice, Became, MadeOrNot, PageAsAt
from register_api.bodies import AsAtRead, MadeBy
from register_api.removed import Removed


class FactsRead(Body):
    """Facts that a cohort is made of; what is not known is left out."""

    fsm: bool | Absent = None
    sen: Literal["N", "K", "E"] | Absent = None
    ehcp: bool | Absent = None
    social_worker: bool | Absent = None
    looked_after: bool | Absent = None
    previously_looked_after: bool | Absent = None
    child_in_need: bool | Absent = None
    child_protection: bool | Absent = None
    youth_offending: bool | Absent = None
    young_carer: bool | Absent = None
    medical_condition: bool | Absent = None
    pupil_premium: bool | Absent = None
    mobile_child: bool | Absent = None
    ethnicity: str | Absent = None
    responsible_la: str | Absent = None


class ParentRead(Body):
    """A parent known to the school."""

    name: str
    address: str | None
    lives_with: bool | None
    phones: list[str]


class ContactRead(Body):
    """Whom to telephone in an emergency, beside the parents."""

    name: str
    relationship: str | None
    phones: list[str]


class OtherSchoolRead(Body):
    """A school that the pupil also attends or is to attend, and the first day there."""

    name: str
    urn: str | None
    from_: Annotated[Date, Field(alias="from")]


class FutureAddressRead(Body):
    """Where the pupil will normally live, with which parent, and from when."""

    address: str
    parent: str | None
    from_: Annotated[Date, Field(alias="from")]


class RegisteredAtRead(Body):
    """Another school that has the pupil on its roll at the same time."""

    urn: str
    from_: Annotated[Date, Field(alias="from")]
    to: Date | None


class LeavingRead(Body):
    """The end of an enrolment; `tests` where any was affirmed or denied."""

    date: Date
    ground: Ground | None
    destination: str | None
    tests: dict[str, bool] | Absent = None


class Enrolment(Body):
    """A starting day, and how the enrolment ended, null while it goes on."""

    starting_day: Date
    leaving: LeavingRead | None


class EntryOfRoll(Body):
    """An entry of the admission register, as it was kept; what came to be asked later is left out of earlier ones."""

    id: str
    upn: str | None
    forename: str
    surname: str
    known_as: str | Absent = None
    date_of_birth: Date
    sex: Literal["F", "M"]
    year_group: str
    class_: Annotated[str | None, Field(alias="class")]
    enrolment_status: str
    boarder: bool
    facts: FactsRead
    address: str | None
    parents: list[ParentRead]
    previous_school: str | None
    name_entered_on: Date | None
    household: str | None
    emergency_contacts: list[ContactRead] | Absent = None
    other_school: OtherSchoolRead | Absent = None
    future_address: FutureAddressRead | Absent = None
    registered_at: list[RegisteredAtRead] | Absent = None
    enrolments: list[Enrolment]
    effective_from: Date


class _Entry(Body):
    """What an entry says, all of it left out but the id where its text was removed."""

    id: str
    upn: str | None = None
    forename: str | Absent = None
    surname: str | Absent = None
    known_as: str | Absent = None
    date_of_birth: Date | Absent = None
    sex: Literal["F", "M"] | Absent = None
    year_group: str | None = None
    class_: Annotated[str | None, Field(alias="class")] = None
    enrolment_status: str | Absent = None
    boarder: bool | Absent = None
    facts: FactsRead | Absent = None
    address: str | None = None
    parents: list[ParentRead] | Absent = None
    previous_school: str | None = None
    name_entered_on: Date | None = None
    household: str | None = None
    emergency_contacts: list[ContactRead] | Absent = None
    other_school: OtherSchoolRead | Absent = None
    future_address: FutureAddressRead | Absent = None
    registered_at: list[RegisteredAtRead] | Absent = None
    enrolments: list[Enrolment] | Absent = None
    effective_from: Date | Absent = None


class PupilOfRoll(_Entry):
    """A pupil on roll, with the year group, class and facts of the day that was asked for."""

    facts: FactsRead


class Roll(PageAsAt):
    """The pupils on roll on a date."""

    items: list[PupilOfRoll]


class Placing(Body):
    """Which year group, class and facts hold from a day on."""

    effective_from: Date
    year_group: str
    class_: Annotated[str | None, Field(alias="class")]
    facts: FactsRead


class RollVersion(MadeOrNot):
    """One change of a pupil's entry; `entry` is null where its text was removed."""

    entry: EntryOfRoll | None
    removed: list[Removed]


class PupilRead(_Entry):
    """A pupil's entry as it stands or stood, and every change of it, the latest last."""

    former_upns: list[str]
    placings: list[Placing]
    warnings: list[Advice]
    history: list[RollVersion]
    as_at: AsAtRead


class PupilBecame(Became):
    """What became of a pupil's entry; `warnings` where a leaving leaves something open."""

    warnings: list[Advice] | Absent = None


class IdChanged(Body):
    """What became of an id; the id is the one that stands now."""

    id: str
    outcome: Literal["changed", "unchanged"]
    seq: int


class MemberChanged(Body):
    """One member of an entry that differs: what stood and what stands, in the form that it has in the entry."""

    member: str
    original_entry: Any
    amended_entry: Any


class RollChange(Body):
    """A change of the admission register; `changes` is null where a text has been removed."""

    pupil: str
    kind: Literal["entered", "changed"]
    changes: list[MemberChanged] | None
    effective_from: Date | None
    reason: str | None
    made_at: Utc
    made_by: MadeBy | None
    made_by_id: int | None
    recorded_at: Utc
    client: str
    seq: int
    text_removed: bool


class RollChanges(PageAsAt):
    """Changes of the admission register, newest first."""

    items: list[RollChange]


class ConflictEntry(Body):
    """What stands here of a session that two registers disagree about."""

    code: str
    version: int
    seq: int


class Conflict(Body):
    """A session in which this school and another both hold a mark for a pupil, or neither does."""

    pupil: str
    date: Date
    session: Literal["AM", "PM"]
    entry: ConflictEntry
    urn: str
    conflict: Literal["both-marked", "neither-marked"]


class NotMutual(Body):
    """A pupil and another school that does not name this one back."""

    pupil: str
    urn: str


class Conflicts(PageAsAt):
    """Where two registers disagree about a pupil, between two dates."""

    from_: Annotated[Date, Field(alias="from")]
    to: Date
    not_mutual: list[NotMutual]
    items: list[Conflict]
