"""What is written in the bench: class registers of 30, of invented schools, session after session of 2025-26."""

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from codes.calendar import calendar_from_body, closed_why

YEAR = "2025-26"
CLASS_OF = 30
CLASSES = 2
STARTS = "2025-09-03"
CALENDAR: dict[str, Any] = {
    "terms": [
        {"name": "autumn", "starts": STARTS, "ends": "2025-12-19"},
        {"name": "spring", "starts": "2026-01-05", "ends": "2026-03-27"},
        {"name": "summer", "starts": "2026-04-13", "ends": "2026-07-21"},
    ],
    "holidays": [
        {"from": "2025-10-27", "to": "2025-10-31", "name": "half-term"},
        {"from": "2026-02-16", "to": "2026-02-20", "name": "half-term"},
        {"from": "2026-05-25", "to": "2026-05-29", "name": "half-term"},
    ],
    "inset_days": [],
}

# Marks that need nothing else beside them, as they turn up in a class, and two that do.
_PRESENT = {"AM": "/", "PM": "\\"}
_OTHERS = (("L", 3.0), ("I", 3.4), ("N", 0.7), ("C", 0.5), ("O", 0.9), ("M", 0.8), ("B", 0.4))
_ARRIVED = {"AM": "08:58", "PM": "13:10"}
_MADE = {"AM": "09:02:10", "PM": "13:12:40"}


@dataclass(frozen=True, slots=True)
class School:
    """An invented school of two classes, and the token that its own client writes with."""

    urn: str
    token: str


@dataclass(frozen=True, slots=True)
class ClassRegister:
    """One register to be taken: a school by its place in the list, one of its classes, one session."""

    school: int
    klass: int
    on: date
    session: str

    @property
    def pupils(self) -> range:
        """The pupils' numbers, as the register gives them: from 1, in the order of their entry."""
        return range(self.klass * CLASS_OF + 1, (self.klass + 1) * CLASS_OF + 1)

    def codes(self) -> list[str]:
        """Give the code of each pupil: nine in ten present, the others for reasons as common as in England."""
        chance = random.Random(f"{self.school} {self.klass} {self.on} {self.session}")
        codes, weights = zip((_PRESENT[self.session], 90.3), *_OTHERS, strict=True)
        return chance.choices(codes, weights, k=CLASS_OF)

    def body(self) -> dict[str, Any]:
        """Give the body that enters it."""
        return {
            "made_by": {"name": f"Teacher {self.klass + 1}", "position": "Class teacher"},
            "made_at": f"{self.on}T{_MADE[self.session]}Z",
            "marks": [self._mark(pupil, code) for pupil, code in zip(self.pupils, self.codes(), strict=True)],
        }

    def _mark(self, pupil: int, code: str) -> dict[str, str]:
        mark = {"pupil": f"p-{pupil:03}", "code": code}
        if code == "L":
            mark["arrived_at"] = _ARRIVED[self.session]
        if code == "B":
            mark["nature"] = "Sports day at the leisure centre"
        return mark


def open_days() -> list[date]:
    """Give the days of the year on which the schools are open."""
    calendar = calendar_from_body(CALENDAR, YEAR)
    days = (date.fromisoformat(STARTS) + timedelta(days=n) for n in range(330))
    return [day for day in days if closed_why(calendar, day) is None]


def registers(schools: int, start: int) -> Iterator[ClassRegister]:
    """Give every register from number `start` on, in the order in which they are due: none is ever given twice."""
    every = (
        ClassRegister(school, klass, on, session)
        for on in open_days()
        for session in ("AM", "PM")
        for klass in range(CLASSES)
        for school in range(schools)
    )
    return itertools.islice(every, start, None)


def pupils_of_school(classes: int = CLASSES) -> Sequence[dict[str, Any]]:
    """Give the admission register of one school."""
    return [
        {
            "id": f"p-{number:03}",
            "upn": None,
            "forename": "Invented",
            "surname": f"Pupil {number}",
            "date_of_birth": "2016-02-11",
            "sex": "F" if number % 2 else "M",
            "year_group": "4",
            "class": f"4{chr(ord('A') + (number - 1) // CLASS_OF)}",
            "starting_day": STARTS,
        }
        for number in range(1, classes * CLASS_OF + 1)
    ]
