"""The invented pupils of one school: who joins each year, what is known of them, and how often they are absent.

Everything about a pupil follows from the seed, the school and the year of joining, never from today's date, so that a
demonstration played again on another day has the same pupils.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from codes.ages import last_friday_in_june
from codes.calendar import school_days
from codes.identifiers import check_letter
from onebox.demo.figures import draw_kind, draw_rate
from onebox.demo.people import forename, surname
from onebox.demo.schools import School, year_group_name
from onebox.demo.terms import calendar_of, half_terms, year_of

LATE_SPREAD = 0.5  # ASSUMPTION: lateness is concentrated in few pupils; a gamma distribution of this shape
MOVING_AFTER = 2  # years after the cohort began in which one pupil joins it; one leaves a year later
_A_YEAR_OF_MOVES = 20  # cohorts smaller than this see nobody come or go in between


@dataclass(frozen=True, slots=True)
class Pupil:
    """One invented pupil of one school; `cohort` is the calendar year in which the class joined the school."""

    id: str
    school: School
    cohort: int
    number: int
    upn: str
    forename: str
    surname: str
    born: date
    sex: str
    fsm: bool
    sen: str
    facts: dict[str, bool]
    starts: date
    leaves: date
    ground: str
    lateness: float
    seed: str

    def year_group(self, year: int) -> int:
        """The year group in the academic year that begins in the autumn of `year`."""
        return self.school.lowest + year - self.cohort

    def class_in(self, year: int) -> str:
        """The class in that academic year."""
        return self.school.class_of(self.year_group(year), self.number)

    def on_roll(self, day: date) -> bool:
        """Whether the name is on the admission register that day."""
        return self.starts <= day <= self.leaves

    def rate(self, year: int) -> float:
        """The share of possible sessions the pupil tends to miss in that academic year."""
        group = max(1, self.year_group(year))  # the source has no Reception: the next year's distribution is taken
        kind = (self.fsm, self.sen != "N", self.sex)
        return min(0.9, draw_rate(Random(f"{self.seed}/rate"), self.school.la_code, self.school.phase, group, kind))

    def body(self, year: int) -> dict[str, object]:
        """The admission register entry in the academic year that begins in the autumn of `year`."""
        arrived_now = year_of(self.starts) == year and self.starts > half_terms(year)[0].ends
        return {
            "id": self.id,
            "upn": None if arrived_now else self.upn,  # a new arrival's number comes later
            "forename": self.forename,
            "surname": self.surname,
            "date_of_birth": self.born.isoformat(),
            "sex": self.sex,
            "year_group": year_group_name(self.year_group(year)),
            "class": self.class_in(year),
            "starting_day": self.starts.isoformat(),
            "enrolment_status": "current",
            "boarder": False,
            "facts": {"fsm": self.fsm, "sen": self.sen, **self.facts},
        }


def pupils_of(seed: int, school: School, first: int, last: int) -> list[Pupil]:
    """Everyone on the roll of a school at any time in the academic years `first` to `last`."""
    oldest = first - (school.highest - school.lowest)
    return [
        pupil
        for cohort in range(oldest, last + 1)
        for pupil in _cohort(seed, school, cohort)
        if pupil.leaves >= date(first, 9, 1) and pupil.starts <= date(last + 1, 8, 31)
    ]


def _cohort(seed: int, school: School, cohort: int) -> list[Pupil]:
    moves = school.entry >= _A_YEAR_OF_MOVES
    return [_pupil(seed, school, cohort, number) for number in range(school.entry + moves)]


def _pupil(seed: int, school: School, cohort: int, number: int) -> Pupil:
    key = f"{seed}/{school.urn}/{cohort}/{number}"
    random = Random(key)
    middle = (max(1, school.lowest) + school.highest) // 2
    fsm, any_sen, sex = draw_kind(random, school.la_code, school.phase, middle)
    plan = any_sen and (school.phase == "special" or random.random() < 0.2)
    late = random.gammavariate(LATE_SPREAD, 1 / LATE_SPREAD)
    born = date(cohort - school.lowest - 5, 9, 1) + timedelta(days=random.randrange(365))
    starts, leaves, ground = _stay(school, cohort, number)
    return Pupil(
        id=f"p-{cohort % 100:02d}-{number + 1:03d}",
        school=school,
        cohort=cohort,
        number=number,
        upn=_upn(school.laestab, cohort, number),
        forename=forename(random, sex),
        surname=surname(random),
        born=born,
        sex=sex,
        fsm=fsm,
        sen="E" if plan else "K" if any_sen else "N",
        facts={
            "ehcp": plan,
            "social_worker": random.random() < 0.03,
            "looked_after": random.random() < 0.007,
            "young_carer": random.random() < 0.01,
        },
        starts=starts,
        leaves=leaves,
        ground=ground,
        lateness=late,
        seed=key,
    )


def _stay(school: School, cohort: int, number: int) -> tuple[date, date, str]:
    starts = school_days(calendar_of(cohort, school.inset))[0]
    final = cohort + school.highest - school.lowest
    if school.highest == 11:
        leaves, ground = last_friday_in_june(final + 1), "l"
    else:
        leaves, ground = half_terms(final)[5].ends, "a"
    if number == school.entry:
        starts = half_terms(cohort + MOVING_AFTER)[1].starts + timedelta(days=7)
    if number == 0 and school.entry >= _A_YEAR_OF_MOVES:
        leaves, ground = half_terms(cohort + MOVING_AFTER + 1)[0].ends, "a"
    return starts, leaves, ground


def _upn(laestab: str, cohort: int, number: int) -> str:
    body = f"{laestab}{cohort % 100:02d}{number + 1:03d}"
    return check_letter(body) + body
