"""What is answered about late entries, reads, removed texts and a supplier's ids."""

from typing import Annotated, Literal

from pydantic import Field

from codes.book import Session
from kit.fields import Absent, Body, Date, Utc
from kit.reads import What
from register_api.answers.parts import Made, Page, PageAsAt
from register_api.removed import Part, Removed


class LateEntry(Made):
    """A first entry that was recorded after its register had closed."""

    pupil: str
    date: Date
    session: Session
    code: str
    made_by_id: int
    seq: int
    source: Literal["live", "history", "adapter", "closure"]
    register_closed_at: Utc
    recorded_late_minutes: int
    made_late_minutes: Annotated[int | None, Field(description="Null when it was in time by what the MIS said.")]
    current_entry: str


class LateEntries(PageAsAt):
    """Late first entries, newest first."""

    items: list[LateEntry]


class ReadOf(Body):
    """A read of pupils' history; `pupil` is null when it was of the whole school."""

    at: Utc
    client: str
    what: What
    pupil: str | None
    read_by: str | None
    from_: Annotated[Date | None, Field(alias="from")]
    to: Date | None
    as_at: Annotated[str, Field(examples=["seq:412"])]


class Reads(Page):
    """Reads of pupils' history, newest first."""

    items: list[ReadOf]


class TextOf(Body):
    """A text of the register: a part of the event at a position."""

    seq: int
    part: Part


class Redaction(Made):
    """An act by which a text was removed; its own reason may have been removed too."""

    seq: int
    of: TextOf
    reason: str | None
    removed: list[Removed]


class Redactions(PageAsAt):
    """The acts by which texts were removed, newest first."""

    items: list[Redaction]


class MappedId(Body):
    """An id of the supplier and what it means: a pupil, a code, or a person by name and position."""

    what: Literal["pupil", "code", "staff"]
    id: str
    pupil: str | None = None
    code: str | Absent = None
    name: str | Absent = None
    position: str | Absent = None


class MappedIds(Page):
    """The supplier's ids."""

    items: list[MappedId]
