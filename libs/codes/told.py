"""Being told: a body that says what the register should hold, and not whether that is an entry or an amendment.

Suppliers send one mark a pupil and session, again and again; which of the two it is follows from what stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from codes.book import known, lawful
from codes.refusals import Refused
from codes.register import (
    Amended,
    Amendment,
    Entered,
    Entry,
    Mark,
    Pupil,
    Sitting,
    Unchanged,
    arrival,
    decide_amendment,
    decide_mark,
    stated,
)


@dataclass(frozen=True, slots=True)
class Told:
    """What the register should hold: a code, minutes from the opening of the register, and a comment in words.

    `by_somebody` says whether name and position of who made it are known.
    """

    code: str
    minutes_late: int | None = None
    comment: str | None = None
    made_at: datetime | None = None
    by_somebody: bool = True


def decide_told(
    told: Told, pupil: Pupil, sitting: Sitting, first: Entry | None, current: Entry | None, now: datetime
) -> Entered | Amended | Unchanged | Refused:
    """What being told of a mark does, given the first and the current entry (None where none is).

    No entry: it is made. Equal to the first or the current entry: unchanged. Anything else is an amendment, for the
    reason that the comment gives; without one, or without a person, it is refused: neither is guessed (reg 6).
    """
    nature = told.comment if _needs_nature(told.code, sitting) else None
    if first is None or current is None:
        mark = Mark(told.code, None, told.minutes_late, nature, told.made_at)
        decided = decide_mark(mark, pupil, sitting, None, None, now)
        if isinstance(decided, Entered) and not told.by_somebody:
            return Refused("made-by-required", "made_by", "Who made the entry, by name and position?")
        return decided
    amendment = Amendment(
        current.code, told.code, told.comment or "", None, None, told.minutes_late, nature, told.made_at
    )
    at = arrival(amendment, sitting)
    if isinstance(at, Refused):
        return at
    if any(told.code == entry.code and at in (None, entry.arrived_at) for entry in (first, current)):
        return Unchanged()
    if known(told.code) and (stated(told.comment) is None or not told.by_somebody):
        what = "a comment that says why" if stated(told.comment) is None else "who made it, by name and position"
        return Refused("reason-required", "reason", f"{current.code} stands; to amend it needs {what}.")
    return decide_amendment(amendment, pupil, sitting, current, now)


def _needs_nature(code: str, sitting: Sitting) -> bool:
    # ASSUMPTION: of a code that needs the nature of the activity, the comment is that nature: the body has no other.
    reading = lawful(code, sitting.date) if known(code) else None
    return reading is not None and bool(reading.needs)
