"""Every lawful reason to refuse a mark or an amendment, by its slug."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

REFUSALS: MappingProxyType[str, str] = MappingProxyType(
    {
        "unknown-code": "This was never a code of the register.",
        "code-withdrawn": "The code is not in force on the day of the session.",
        "code-not-for-session": "The code does not fit the session.",
        "code-not-for-age": "The code is not for a pupil of this age.",
        "code-not-for-pupil": "The code is for a pupil who is not yet on roll.",
        "not-on-roll": "The pupil is not on roll on the day of the session.",
        "boarder": "A boarder is outside the attendance register.",
        "session-closed": "The school is closed in that session.",
        "session-not-begun": "The register of that session has not opened yet.",
        "nature-required": "The code needs the nature of the activity or provision.",
        "arrival-outside-register": "The time of arrival does not fit the code and the times of the register.",
        "arrival-contradictory": "The time of arrival and the minutes late disagree.",
        "made-at-in-future": "The entry is said to have been made in the future.",
        "made-at-before-session": "The entry is said to have been made before its session began.",
        "already-entered": "Another entry stands already; it can be amended.",
        "no-entry": "There is no entry to amend.",
        "entry-changed": "The entry is no longer the one to be amended.",
        "reason-required": "An amendment needs a reason.",
        "made-by-required": "An entry needs the name and position of who made it.",
    }
)


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing is entered: why (a slug of `REFUSALS`), which member of the item is at fault, and a sentence."""

    slug: str
    member: str
    detail: str
