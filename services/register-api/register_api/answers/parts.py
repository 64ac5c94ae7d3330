"""Parts that the answers of several routes share."""

from typing import Literal

from codes.book import Session
from kit.fields import Body, Clock, Date, Utc
from register_api.bodies import AsAtRead, MadeBy
from register_api.removed import Removed


class Answered(Body):
    """What was answered at."""

    as_at: AsAtRead


class Page(Body):
    """A page of a list: `next` is the cursor of the one that follows, null at the end."""

    next: str | None


class PageAsAt(Page):
    """A page of a list as it stands or stood; every page of one list is as at the same position."""

    as_at: AsAtRead


class SessionOf(Body):
    """One session: its date, and AM or PM."""

    date: Date
    session: Session


class MadeBySomebody(Body):
    """Who made something, when they made it, and when it was recorded here."""

    made_at: Utc
    made_by: MadeBy
    recorded_at: Utc


class Made(MadeBySomebody):
    """Who made something and when, and through which client."""

    client: str


class MadeOrNot(Body):
    """Who changed something, when and why; `made_by` null is "not stated": the change is the client's."""

    reason: str | None
    made_at: Utc
    made_by: MadeBy | None
    recorded_at: Utc
    client: str
    seq: int


class Advice(Body):
    """What law or guidance advises against in what was kept: where, what, and the source."""

    pointer: str
    detail: str
    source: str


class Became(Body):
    """What became of a record: `seq` is where its latest change stands."""

    id: str
    outcome: Literal["entered", "changed", "unchanged"]
    seq: int


class EntryRead(MadeBySomebody):
    """What stands in the register of one pupil and session, with its first entry."""

    code: str
    version: int
    seq: int
    first_entry: str
    arrived_at: Clock | None
    nature: str | None
    removed: list[Removed]
