"""Compulsory school age, age on 31 August, and year groups: what a date of birth decides."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

# The school census's own values: nursery, reception, 1 to 14, and X for a pupil who follows no year group.
YEAR_GROUPS: tuple[str, ...] = ("N1", "N2", "R", *(str(n) for n in range(1, 15)), "X")

_FRIDAY = 4
_EXPECTED = dict(enumerate(YEAR_GROUPS[:-1], start=2))


def birthday(date_of_birth: date, age: int) -> date:
    """The day on which an age is attained; a child of 29 February attains it on 1 March of a common year."""
    try:
        return date_of_birth.replace(year=date_of_birth.year + age)
    except ValueError:
        return date(date_of_birth.year + age, 3, 1)


@lru_cache(maxsize=16_384)
def compulsory_school_age(date_of_birth: date) -> tuple[date, date]:
    """The first and the last day of compulsory school age, both inclusive.

    Begins on the prescribed day (31 December, 31 March or 31 August) that is, or next follows, the fifth birthday;
    ends on the last Friday in June of the school year in which the pupil turns 16 (Education Act 1996 s.8).
    """
    fifth = birthday(date_of_birth, 5)
    prescribed = (date(fifth.year, 3, 31), date(fifth.year, 8, 31), date(fifth.year, 12, 31))
    return min(day for day in prescribed if day >= fifth), last_friday_in_june(_turns_16_in(date_of_birth))


def of_compulsory_age(date_of_birth: date, on: date) -> bool:
    """Whether a pupil is of compulsory school age on a day."""
    first, last = compulsory_school_age(date_of_birth)
    return first <= on <= last


def last_friday_in_june(year: int) -> date:
    """The school leaving date of the school year that ends in `year`."""
    last = date(year, 6, 30)
    return last - timedelta(days=(last.weekday() - _FRIDAY) % 7)


def _turns_16_in(date_of_birth: date) -> int:
    """The calendar year in which the school year of the sixteenth birthday ends."""
    # ASSUMPTION: for the leaving date the school year is 1 September to 31 August, so that a pupil who turns 16 in the
    # summer holidays leaves with the class.
    sixteenth = birthday(date_of_birth, 16)
    return sixteenth.year + (1 if sixteenth.month >= 9 else 0)


def age_on(date_of_birth: date, on: date) -> int:
    """Age in whole years on a day."""
    return on.year - date_of_birth.year - (birthday(date_of_birth, on.year - date_of_birth.year) > on)


def age_on_31_august(date_of_birth: date, academic_year: str) -> int:
    """Age in whole years on the 31 August at the start of a school year such as "2026-27"."""
    return age_on(date_of_birth, date(int(academic_year[:4]), 8, 31))


def expected_year_group(date_of_birth: date, academic_year: str) -> str | None:
    """The year group of a pupil taught with their age: "R" at 4 on 31 August, "1" at 5, "11" at 15.

    None below nursery age and above Year 14. Schools may teach a pupil out of year, so this is an expectation only.
    """
    return _EXPECTED.get(age_on_31_august(date_of_birth, academic_year))
