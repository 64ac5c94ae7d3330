"""Returns to the local authority about the admission register: a new pupil, a deletion (regulation 13)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from codes import grounds
from codes.ages import YEAR_GROUPS
from codes.alerts import Alert
from codes.calendar import Calendar, school_days
from codes.finding import Rule

NEW_PUPIL_DAYS = 5
"""Days after the one on which a name was entered: the return is due by the end of the last."""

_DAY = timedelta(days=1)
_REG_13 = "SI 2024/208 reg 13"
NEW_PUPIL = Rule(
    Alert.NEW_PUPIL_RETURN,
    "A new pupil return is due: everything in the admission register, by the end of day 5 after the name was entered.",
    f"{_REG_13}(1) to (3)",
    "The return is made.",
)
DELETION = Rule(
    Alert.DELETION_RETURN,
    "A deletion return is due as soon as the ground is met, and no later than the deletion.",
    f"{_REG_13}(4); SI 2016/792",
    "The return is made.",
)
MISSING = "The destination is unknown: a child who may be missing education (Education Act 1996 s.436A)."
_WHEREABOUTS_UNKNOWN = frozenset({"h", "i"})


@dataclass(frozen=True, slots=True)
class Due:
    """The alert that a return is due by the end of a day, from the day on which the fact was known."""

    rule: Rule
    since: date
    due: date
    today: date
    period: str
    particulars: dict[str, Any]

    @property
    def kind(self) -> Alert:
        """Which return."""
        return self.rule.kind

    @property
    def overdue_since(self) -> date | None:
        """The day from which it is late: the day after it was due, or that on which it was known, if later."""
        late = max(self.due + _DAY, self.since)
        return late if self.today >= late else None

    def evidence(self) -> dict[str, Any]:
        """What is due until when, since when it is late, and what it is about."""
        late = self.overdue_since
        facts = {
            "due": self.due.isoformat(),
            "overdue_since": None if late is None else late.isoformat(),
            **self.particulars,
        }
        return self.rule.finds(self.since, self.period, **facts).evidence()


def new_pupil_return(
    name_entered_on: date,
    starting_day: date,
    year_group: str,
    of_school: Iterable[str],
    calendar: Calendar | None,
    today: date,
    *,
    asked: bool = False,
    returned_on: date | None = None,
) -> Due | None:
    """The return about a new pupil, by the end of the fifth day after the day on which the name was entered, or None.

    `of_school` are the year groups of the school, `calendar` that of the starting day. Exempt is the most junior class
    alone, starting on the first day of the school year, unless the authority has `asked`. ASSUMPTION: who starts on or
    before the first day with a session starts on the first day; the days are days of the calendar, as reg 13 says no
    other.
    """
    if today < name_entered_on or _made(returned_on, today):
        return None
    first = school_days(calendar)[:1] if calendar is not None else ()
    if not asked and year_group == _most(of_school, min) and first and starting_day <= first[0]:
        return None
    return Due(
        NEW_PUPIL,
        name_entered_on,
        name_entered_on + timedelta(days=NEW_PUPIL_DAYS),
        today,
        name_entered_on.isoformat(),
        {
            "name_entered_on": name_entered_on.isoformat(),
            "starting_day": starting_day.isoformat(),
            "asked": asked,
        },
    )


@dataclass(frozen=True, slots=True)
class Deletion:
    """A leaving as the admission register has it: the last day on roll, and the day on which it was stated."""

    leaving: date
    stated_on: date
    ground: str | None
    destination: str | None
    date_of_birth: date
    year_group: str

    @property
    def missing(self) -> bool:
        """Whether nobody knows where a child of compulsory age goes, though the ground asks for it."""
        warned = grounds.warnings(self.ground, frozenset(), self.date_of_birth, self.leaving, self.destination)
        return any(each.member == "destination" for each in warned)


def deletion_return(
    deletion: Deletion,
    of_school: Iterable[str],
    calendar: Calendar | None,
    today: date,
    *,
    asked: bool = False,
    returned_on: date | None = None,
) -> Due | None:
    """The return about a name that is deleted, no later than the deletion; None where it is made or exempt.

    `calendar` is that of the school year that the pupil leaves in. Exempt is who leaves at the end of the final year of
    the school, unless the authority has `asked`. ASSUMPTION: that is from the last day with a session on; and nobody
    is exempt who leaves on ground (h) or (i) with a destination that nobody knows.
    """
    if today < deletion.stated_on or _made(returned_on, today):
        return None
    last = school_days(calendar)[-1:] if calendar is not None else ()
    final = deletion.year_group == _most(of_school, max) and bool(last) and deletion.leaving >= last[0]
    lost = deletion.missing and deletion.ground in _WHEREABOUTS_UNKNOWN
    if final and not asked and not lost:
        return None
    return Due(
        DELETION,
        deletion.stated_on,
        deletion.leaving,
        today,
        deletion.leaving.isoformat(),
        {
            "leaving": deletion.leaving.isoformat(),
            "ground": deletion.ground,
            "asked": asked,
            "missing_education": MISSING if deletion.missing else None,
        },
    )


def _made(returned_on: date | None, today: date) -> bool:
    return returned_on is not None and returned_on <= today


def _most(of_school: Iterable[str], end: Any) -> str | None:
    """The most junior or most senior year group of a school, X apart."""
    places = [YEAR_GROUPS.index(group) for group in of_school if group != "X"]
    return YEAR_GROUPS[end(places)] if places else None
