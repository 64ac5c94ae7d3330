"""What happens to a whole school or class: closures that nobody planned, trips, work experience, a part-time start."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random

from codes.ages import of_compulsory_age
from onebox.demo.absence import Key, Line
from onebox.demo.figures import ENGLAND, attendance_rows
from onebox.demo.pupils import Pupil
from onebox.demo.schools import RECEPTION, School

TRIPS = (
    "Visit to the county museum",
    "Farm visit",
    "Theatre matinee",
    "Geography fieldwork on the river",
    "Visit to the library",
    "Science day at the university",
    "Walk to the parish church",
)
_PART_TIME_DAYS = 4  # Reception's first days end at lunch
_WORK_EXPERIENCE = (7, 6)  # the Monday on or after this day of the year, for a week, a third of Year 10
_PART_TIME_START = ("900001", "900005")


@dataclass(frozen=True, slots=True)
class Closure:
    """A day when the whole site was closed without warning: month, which of its school days, and the sessions."""

    urns: tuple[str, ...]
    month: int
    nth: int
    sessions: tuple[str, ...]
    why: str


CLOSURES = (
    Closure(("900005",), 11, 6, ("AM", "PM"), "boiler failure"),
    Closure(tuple(f"9000{n:02d}" for n in range(6, 11)), 2, 4, ("AM", "PM"), "snow"),
    Closure(("900002",), 6, 9, ("PM",), "burst water main"),
    Closure(("900006",), 10, 7, ("AM", "PM"), "no electricity in the village"),
)


def closed_sessions(school: School, days: Sequence[date]) -> dict[Key, str]:
    """The sessions that were cancelled for everybody, with why."""
    closed: dict[Key, str] = {}
    for closure in CLOSURES:
        in_month = [index for index, day in enumerate(days) if day.month == closure.month]
        if school.urn in closure.urns and len(in_month) > closure.nth:
            closed.update({(in_month[closure.nth], session): closure.why for session in closure.sessions})
    return closed


def trips(seed: int, school: School, year: int, days: Sequence[date]) -> dict[tuple[str, int], str]:
    """The class trips of a year by class and index of the day, as often as the DfE's share of code V implies."""
    share = attendance_rows()[ENGLAND, school.phase].share("V")
    found = {}
    for name, _ in school.classes:
        random = Random(f"{seed}/{school.urn}/{year}/{name}/trips")
        for index in range(len(days)):
            if random.random() < share:
                found[name, index] = random.choice(TRIPS)
    return found


def with_occasions(
    pupil: Pupil,
    year: int,
    days: Sequence[date],
    lines: Mapping[Key, Line],
    outings: Mapping[tuple[str, int], str],
) -> dict[Key, Line]:
    """A pupil's lines with what the class did; an absence of the pupil's own stands before a trip."""
    result = dict(lines)
    name = pupil.class_in(year)
    whole_days = [index for class_name, index in outings if class_name == name]
    for index in whole_days:
        for session in ("AM", "PM"):
            result.setdefault((index, session), Line("V", nature=outings[name, index]))
    if pupil.year_group(year) == 10 and pupil.school.phase == "secondary" and pupil.number % 3 == 0:
        for index in _work_experience(year, days):
            for session in ("AM", "PM"):
                result.setdefault((index, session), Line("W", nature="Work experience week"))
    if pupil.year_group(year) == RECEPTION and pupil.school.urn in _PART_TIME_START:
        for index in range(_PART_TIME_DAYS):
            if not of_compulsory_age(pupil.born, days[index]):
                result[index, "PM"] = Line("X")
    return result


def _work_experience(year: int, days: Sequence[date]) -> list[int]:
    starts = date(year + 1, *_WORK_EXPERIENCE)
    return [index for index, day in enumerate(days) if starts <= day and (day - starts).days < 5]
