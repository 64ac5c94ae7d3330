"""What is answered about closures."""

from typing import Annotated, Literal

from pydantic import Field

from register_api.answers.parts import Made, PageAsAt, SessionOf
from register_api.bodies import AsAtRead


class ClosureSaid(Made):
    """Who closed sessions or opened them again, when and why."""

    seq: int
    reason: str | None


class ClosedSession(SessionOf):
    """What has become of a session: how many entries the closure made, how many it amended, how many stood."""

    state: Literal["closed", "closed-already", "due", "entered", "held", "reversed"]
    entered: int
    amended: int
    stood: int


class ClosureOf(ClosureSaid):
    """A closure with its reversals and its sessions."""

    id: str
    code: Literal["#", "Y3", "Y4"]
    from_: Annotated[SessionOf, Field(alias="from")]
    to: SessionOf
    pupils: list[str]
    classes: list[str]
    year_groups: list[str]
    reversed_from: SessionOf | None
    reversals: list[ClosureSaid]
    sessions: list[ClosedSession]


class ClosureRead(ClosureOf):
    """A closure as it stands or stood."""

    as_at: AsAtRead


class ClosureBecame(ClosureRead):
    """A closure after what was asked of it; `unchanged` is what stood already."""

    outcome: Literal["closed", "reversed", "unchanged"]


class Closures(PageAsAt):
    """Closures in the order in which they were recorded."""

    items: list[ClosureOf]
