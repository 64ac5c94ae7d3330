"""Parts that the bodies of several routes share: who made an entry, and items that stand or fall alone."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from kit.fields import Body, Instant, TimeOfDay, Utc, Words
from kit.problems import Fault, fault_of
from ledger.as_at import AsAt, shown
from ledger.writers import Person


class MadeBy(Body):
    """Who made an entry or a change: name and position as they were at the time."""

    name: Words
    position: Words

    def person(self) -> Person:
        """Give the person as the ledger interns it."""
        return Person(self.name, self.position)


class BySystem(Body):
    """What made an automatic entry, beside the person responsible for it."""

    system: Words
    rule: Words
    cause: Words


class Made(Body):
    """Who made something, when, and by which rule where it was automatic."""

    made_by: MadeBy | None = None
    made_at: Instant | None = None
    by_system: BySystem | None = None


class Change(Body):
    """Who changed a record other than an entry, when and why; without it the change is the client's, "not stated"."""

    made_by: MadeBy
    made_at: Instant | None = None
    reason: Words | None = None


_PUPIL_ID = "[A-Za-z0-9._~-]{1,64}"


@dataclass(frozen=True, slots=True)
class Faulty:
    """An item that does not have the documented form: it is refused by itself, and the others stand."""

    pupil: str | None
    errors: tuple[dict[str, Any], ...]

    def faults(self, *under: str | int) -> tuple[Fault, ...]:
        """Give the faults with pointers below `under`."""
        return tuple(fault_of(error, under) for error in self.errors)


def _or_faulty(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    try:
        return handler(value)
    except ValidationError as caught:
        named = value.get("pupil", value.get("id")) if isinstance(value, dict) else None
        # Only an id is repeated: what else stands in its place may be a name, or no text at all.
        is_id = isinstance(named, str) and re.fullmatch(_PUPIL_ID, named)
        return Faulty(named if is_id else None, tuple(dict(error) for error in caught.errors()))


stands_alone = WrapValidator(_or_faulty)
"""Marks an item of a list that may be malformed without harm to the others; it is then a `Faulty`."""

PupilId = Field(pattern=f"^{_PUPIL_ID}$", description="The MIS's own id of the pupil.", examples=["p-001"])


class EntryItem(Made):
    """What an item about one pupil's entry may state beside its codes; who and when, where the request does not."""

    pupil: Annotated[str, PupilId]
    arrived_at: TimeOfDay | None = None
    minutes_late: Annotated[int, Field(strict=True, ge=0, le=600)] | None = None
    nature: Words | None = None


class AsAtRead(Body):
    """What a read answered at: an instant, a position, and whether a writer in flight could still add to it."""

    instant: Utc
    seq: int
    settled: bool

    @classmethod
    def of(cls, at: AsAt) -> "AsAtRead":
        """Show a resolved position."""
        return cls(**shown(at))
