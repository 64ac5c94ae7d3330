"""How long the register keeps what was entered: six years from the day of each entry, and when a year may be let go."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from codes.calendar import academic_year_bounds

YEARS = 6
"""Years for which every entry of either register is kept, at the least (2024 Regulations reg 7)."""

REGULATION = "School Attendance (Pupil Registration) (England) Regulations 2024 (SI 2024/208), regulation 7"

_DAY = timedelta(days=1)


class TooShort(ValueError):
    """Fewer years than the law demands; the message names the regulation."""


def years_kept(years: int) -> int:
    """So many years, which are at least six; raises `TooShort`."""
    if years < YEARS:
        raise TooShort(f"{years} years are too few: every entry is kept for {YEARS} years ({REGULATION}).")
    return years


def counts_from(source: str, made_at: datetime, recorded_at: datetime) -> datetime:
    """The instant from which an entry's years are counted.

    History says itself when it was made. ASSUMPTION: of every other entry the later of making and recording, the safe
    reading of "the day the entry was made".
    """
    return made_at if source == "history" else max(made_at, recorded_at)


def kept_until(made_on: date, years: int = YEARS) -> date:
    """The last day on which an entry made on a day is kept: that day so many years later, 1 March for a 29 February.

    An entry that was amended is kept with its whole chain until the last of its entries may go.
    """
    try:
        return made_on.replace(year=made_on.year + years)
    except ValueError:
        return date(made_on.year + years, 3, 1)


def latest_to_go(today: date, years: int = YEARS) -> date:
    """The latest day whose entries are no longer kept `today`: the last one with `kept_until` before it."""
    yesterday = today - _DAY
    day = yesterday.replace(year=yesterday.year - years, day=min(yesterday.day, 28))
    while kept_until(day + _DAY, years) < today:
        day += _DAY
    return day


def may_be_retired(academic_year: str, today: date, years: int = YEARS) -> bool:
    """Whether an academic year such as "2018-19" may be looked at: its last day is past keeping.

    ASSUMPTION: an entry of its first term, which may be past six years before that, may wait for the rest of its year.
    """
    return kept_until(academic_year_bounds(academic_year)[1], years) < today
