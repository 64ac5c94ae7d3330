"""The words of the code book: session, class, bearer, edition, and what one code means between two dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class Session(StrEnum):
    """The two sessions of a school day (regulation 10(1))."""

    AM = "AM"
    PM = "PM"


class Kind(StrEnum):
    """The statistical class of a code."""

    PRESENT = "present"
    APPROVED = "approved-educational-activity"
    AUTHORISED = "authorised-absence"
    UNAUTHORISED = "unauthorised-absence"
    NOT_POSSIBLE = "not-possible"
    NOT_ATTENDING_COVID = "not-attending-coronavirus"
    ADMINISTRATIVE = "administrative"


class Bearer(StrEnum):
    """Whose mark a code may be."""

    ANYONE = "anyone"
    COMPULSORY_AGE = "compulsory-age"
    NOT_COMPULSORY_AGE = "not-compulsory-age"
    NOT_YET_ON_ROLL = "not-yet-on-roll"
    NOBODY = "nobody"  # a closure of the whole school is not a mark of one pupil on an open day


_NOT_POSSIBLE = frozenset({Kind.NOT_POSSIBLE, Kind.ADMINISTRATIVE})


@dataclass(frozen=True, slots=True)
class Edition:
    """One set of codes in force, `starts` to `ends` inclusive; `ends` is None while it is in force."""

    name: str
    starts: date
    ends: date | None
    source: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What one code means between two dates, both inclusive; `valid_to` is None while it is in force."""

    code: str
    meaning: str
    kind: Kind
    sessions: frozenset[Session]
    bearer: Bearer
    needs: frozenset[str]
    threshold: bool
    valid_from: date
    valid_to: date | None
    source: str

    @property
    def possible(self) -> bool:
        """Whether the session counts as one the pupil could have attended: the denominator of every rate."""
        return self.kind not in _NOT_POSSIBLE


STARTS_2006 = date(2006, 9, 1)
STARTS_2024 = date(2024, 8, 19)
ENDS_2006 = STARTS_2024 - timedelta(days=1)

EDITIONS: tuple[Edition, ...] = (
    Edition("2006", STARTS_2006, ENDS_2006, "SI 2006/1751 reg 6, and the school census code lists under it"),
    Edition("2024", STARTS_2024, None, "SI 2024/208 reg 10, Tables 1 to 3"),
)
