"""What is answered about registers, a pupil's marks, and what differs between two positions."""

from typing import Annotated, Literal

from pydantic import Field

from codes.book import Session
from kit.fields import Absent, Body, Clock, Date
from register_api.answers.parts import Answered, EntryRead, Made, Page, SessionOf
from register_api.bodies import AsAtRead
from register_api.removed import Removed

State = Literal["entered", "missing", "not-due", "closed"]
Taken = Literal["complete", "partial", "not-taken", "not-due", "closed"]


class PlannedRead(Body):
    """An absence known ahead that is about a session."""

    id: str
    kind: str
    code: str
    outcome: str


class Expected(Body):
    """Whether a pupil is expected to attend, the codes that are offered in place of it, and why."""

    attend: bool
    codes: list[str]
    planned: list[PlannedRead]


class RegisterItem(Body):
    """How one pupil stands in a register."""

    pupil: str
    class_: Annotated[str | None, Field(alias="class")]
    state: State
    expected: Expected
    entry: EntryRead | None


class RegisterRead(Answered):
    """A register as it stands or stood: every pupil on roll that day, or with an entry."""

    date: Date
    session: Session
    taken: Literal["complete", "partial", "not-taken", "not-due"]
    items: list[RegisterItem]
    next: None


class VersionRead(Made):
    """A version of an entry; of an amendment, original entry, amended entry and reason too."""

    kind: Literal["mark-entered", "mark-amended"]
    version: int
    seq: int
    code: str
    arrived_at: Clock | None
    nature: str | None
    made_by_id: int
    out_of_order: Annotated[bool, Field(description="Made before the version that it follows.")]
    removed: list[Removed]
    original_entry: str | Absent = None
    amended_entry: str | Absent = None
    reason: Annotated[str | None, Field(description="Null where the text was removed.")] = None


class ChainRead(EntryRead):
    """A pupil's entry in one session, with every version of it, the first entry first."""

    date: Date
    session: Session
    chain: list[VersionRead]


class PupilMarks(Answered):
    """A pupil's entries between two dates."""

    pupil: str
    from_: Annotated[Date, Field(alias="from")]
    to: Date
    items: list[ChainRead]
    next: None


class _Counts(Body):
    taken: Taken
    required: int
    entered: int
    missing: int
    expected_away: int


class DayRegister(_Counts):
    """One register of a day: whose, when it opens and closes, and how far it has been taken."""

    class_: Annotated[str | None, Field(alias="class")]
    session: Session
    year_groups: list[str]
    opens: Clock | None
    closes: Clock | None


class ByTaken(Body):
    """The classes of a session by how far their registers have been taken."""

    complete: list[str | None]
    partial: list[str | None]
    not_taken: list[str | None]
    not_due: list[str | None]
    closed: list[str | None]


class DaySession(_Counts):
    """A session of the school as a whole."""

    session: Session
    classes: ByTaken


class DayRead(Answered):
    """A day's registers, class by class, and each session as a whole."""

    date: Date
    sessions: list[DaySession]
    items: list[DayRegister]
    next: None


class Difference(SessionOf):
    """An entry that differs between two positions: what stood, what stands, and the versions in between."""

    pupil: str
    class_: Annotated[str | None, Field(alias="class")]
    before: EntryRead | None
    after: EntryRead
    versions: list[VersionRead]


class Differences(Page):
    """The entries that differ between two positions."""

    between: AsAtRead
    and_: Annotated[AsAtRead, Field(alias="and")]
    items: list[Difference]
