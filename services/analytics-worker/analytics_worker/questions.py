"""What may be asked of the sessions that are counted: which days, whose, and parted by what."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Literal

from analytics_worker.periods import half_terms, terms
from analytics_worker.spells import Spell
from codes.ages import YEAR_GROUPS
from codes.book import Session
from codes.calendar import academic_year, academic_year_bounds, school_weeks
from codes.school import School
from codes.who_counts import Counted, census_periods

_COHORT = "cohort:"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")

Label = str | bool | None
"""What a part is called: a name, a fact's value, None for those without."""


class By(StrEnum):
    """What figures may be parted by; `cohort:` and a fact, as it was on the day."""

    PUPIL = "pupil"
    CLASS = "class"
    YEAR_GROUP = "year-group"
    COHORT_SEX = "cohort:sex"
    COHORT_FSM = "cohort:fsm"
    COHORT_SEN = "cohort:sen"
    COHORT_EHCP = "cohort:ehcp"
    COHORT_SOCIAL_WORKER = "cohort:social_worker"
    COHORT_LOOKED_AFTER = "cohort:looked_after"
    COHORT_PREVIOUSLY_LOOKED_AFTER = "cohort:previously_looked_after"
    COHORT_CHILD_IN_NEED = "cohort:child_in_need"
    COHORT_CHILD_PROTECTION = "cohort:child_protection"
    COHORT_YOUTH_OFFENDING = "cohort:youth_offending"
    COHORT_YOUNG_CARER = "cohort:young_carer"
    COHORT_MEDICAL_CONDITION = "cohort:medical_condition"
    COHORT_PUPIL_PREMIUM = "cohort:pupil_premium"
    COHORT_MOBILE_CHILD = "cohort:mobile_child"
    COHORT_ETHNICITY = "cohort:ethnicity"
    COHORT_RESPONSIBLE_LA = "cohort:responsible_la"
    WEEKDAY = "weekday"
    SESSION = "session"
    CODE = "code"
    WEEK = "week"
    MONTH = "month"
    HALF_TERM = "half-term"
    TERM = "term"
    CENSUS_PERIOD = "census-period"
    YEAR = "year"
    SCHOOL = "school"
    LOCAL_AUTHORITY = "local-authority"
    REGION = "region"
    PHASE = "phase"

    @property
    def member(self) -> str:
        """The member of an answer that says which part it is of."""
        return self.removeprefix(_COHORT).replace("-", "_")

    @property
    def kind(self) -> Literal["text", "yes-no"]:
        """What its labels are: names, or true and false."""
        return "yes-no" if self.startswith(_COHORT) and self not in _NAMED else "text"

    @property
    def of_pupils(self) -> bool:
        """Whether a pupil belongs to a part, and not a session."""
        return self in (By.PUPIL, By.CLASS, By.YEAR_GROUP) or self.startswith(_COHORT)


_NAMED = {By.COHORT_SEX, By.COHORT_SEN, By.COHORT_ETHNICITY, By.COHORT_RESPONSIBLE_LA}


class Who(StrEnum):
    """Whose sessions are counted: of all on roll, of those in the DfE's main tables, or of those it counts apart."""

    ON_ROLL = "on-roll"
    PUBLISHED = "published"
    AGED_FOUR = "aged-four"

    @property
    def counted(self) -> Counted | None:
        """Where in the DfE's statistics those are counted; None of all on roll, wherever."""
        return {Who.PUBLISHED: Counted.MAIN, Who.AGED_FOUR: Counted.AGED_FOUR}.get(self)


@dataclass(frozen=True, slots=True)
class Question:
    """Days from `first` to `last`, parted by at most two things, of all who are asked for and, if given, `where`."""

    first: date
    last: date
    by: tuple[By, ...] = ()
    who: Who = Who.ON_ROLL
    where: Callable[[Spell], bool] | None = None

    def concerns(self, spell: Spell) -> bool:
        """Say whether the sessions of a spell are asked for."""
        if self.who.counted not in (None, spell.counted):
            return False
        return self.where is None or self.where(spell)


def label(by: By, spell: Spell) -> Label | int:
    """Give the part of a spell; of a pupil the number."""
    if by is By.PUPIL:
        return spell.pupil_no
    if by is By.CLASS:
        return spell.placing.class_
    if by is By.YEAR_GROUP:
        return spell.placing.year_group
    if by is By.COHORT_SEX:
        return spell.sex
    value: Label = spell.placing.facts.get(by.member)
    return value


def slices(by: By, facts: School, first: date, last: date) -> tuple[Sequence[date], Sequence[str]]:
    """Give the days on which the parts of a stretch of time begin, in order, and what each is called.

    Every open day lies in the last part that begins by then. Weeks are called by their Monday, months "2026-09", terms
    and half-terms by the academic year and their name in the school's calendar, census periods by theirs.
    """
    parts = list(_slices(by, facts, first, last))
    return [starts for starts, _ in parts], [name for _, name in parts]


def _slices(by: By, facts: School, first: date, last: date) -> Iterator[tuple[date, str]]:
    days = facts.open_days(first, last)
    if by is By.WEEK:
        yield from ((monday, monday.isoformat()) for monday in school_weeks(days))
    elif by is By.MONTH:
        months = sorted({day.replace(day=1) for day in days})
        yield from ((month, f"{month:%Y-%m}") for month in months)
    elif by in (By.TERM, By.HALF_TERM):
        for year in sorted({academic_year(day) for day in days}):
            parts = terms if by is By.TERM else half_terms
            yield from ((starts, f"{year}/{name}") for starts, _, name in parts(facts.calendars[year]))
    else:
        for year in sorted({academic_year(day) for day in days}):
            if by is By.YEAR:
                yield academic_year_bounds(year)[0], year
            else:
                yield from ((starts, f"{year}/{period}") for period, starts in census_periods(year))


def in_order(by: By, named: Label) -> tuple[int, str]:
    """Give what parts are sorted by: weekdays, sessions, year groups in their own order, others by name, none first."""
    orders: dict[By, Sequence[str]] = {By.WEEKDAY: WEEKDAYS, By.YEAR_GROUP: YEAR_GROUPS, By.SESSION: [*Session]}
    order = orders.get(by, ())
    text = str(named)
    if named is None:
        return -1, ""
    return (order.index(text) if text in order else len(order)), text


def named(given: Any) -> Label:
    """Read a part's name from a cursor; raise ValueError for what names none."""
    if given is None or isinstance(given, str | bool):
        return given
    raise ValueError(f"{given!r} names no part")
