"""The code book: what each code means on a given day, whether it counts, who may bear it, and under which rule.

A code is read by (code, session date) and never by the code alone: J was attendance until 18 August 2024, D was an
attendance until August 2011, X meant something else during the pandemic. The rows themselves are in `codes.table`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from types import MappingProxyType

from codes.reading import EDITIONS, STARTS_2024, Bearer, Edition, Kind, Reading, Session
from codes.table import ROWS

__all__ = [
    "ABSENCES",
    "CODES",
    "EDITIONS",
    "Bearer",
    "Edition",
    "Kind",
    "Reading",
    "Session",
    "UnknownCode",
    "edges",
    "edition",
    "known",
    "lawful",
    "read",
    "readings",
    "withdrawn",
]

_DAY = timedelta(days=1)

_BY_CODE: MappingProxyType[str, tuple[Reading, ...]] = MappingProxyType(
    {code: tuple(r for r in ROWS if r.code == code) for code in dict.fromkeys(r.code for r in ROWS)}
)

CODES = tuple(_BY_CODE)
"""Every code that is, or ever was since 2006."""
ABSENCES = tuple(dict.fromkeys(row.code for row in ROWS if row.kind in (Kind.AUTHORISED, Kind.UNAUTHORISED)))
"""Codes that are, or once were, an absence."""


class UnknownCode(KeyError):
    """The text was never a code of the register."""


def edition(on: date) -> str:
    """The name of the edition in force on a day.

    A day before 1 September 2006 answers "2006", the earliest edition this book holds.
    """
    return "2024" if on >= STARTS_2024 else "2006"


def known(code: str) -> bool:
    """Whether the text is, or ever was since 2006, a code of the register."""
    return code in _BY_CODE


def lawful(code: str, on: date, compulsory: bool = True) -> Reading | None:
    """The reading in force on a day, or None when the code may not be entered for that day.

    `compulsory` says whether the pupil is of compulsory school age, which alone separates the two readings that X had
    during the pandemic. A reading is returned whoever bears it: see `Reading.bearer`.
    """
    # Only true codes reach the cache, so that what a stranger sends cannot fill it.
    return _in_force(code, on, compulsory) if code in _BY_CODE else None


def read(code: str, on: date, compulsory: bool = True) -> Reading:
    """The reading by which an entry of that day is counted, for history and statistics.

    As `lawful`; a code that was not in force that day is read by its nearest reading, because live data still carries
    withdrawn codes: H in 2025 is an authorised absence. Raises `UnknownCode` for what was never a code.
    """
    if code not in _BY_CODE:
        raise UnknownCode(code)
    return _nearest(code, on, compulsory)


def withdrawn(code: str, on: date) -> bool:
    """Whether a code is known but not in force that day: withdrawn by then, or not yet brought in."""
    return code in _BY_CODE and _in_force(code, on, True) is None


def readings(on: date) -> tuple[Reading, ...]:
    """Every reading in force on a day, in the order of the regulation's tables; X twice during the pandemic."""
    return tuple(r for rows in _BY_CODE.values() for r in rows if _holds(r, on))


@lru_cache(maxsize=1)
def edges() -> tuple[date, ...]:
    """The dates on which what some code counts as changes, in order, so that sums can be split by era.

    Between two edges every code has one class, and counts or does not count to the penalty threshold, throughout.
    """
    return tuple(sorted({day for code in _BY_CODE for day in _changes(code)}))


def _changes(code: str) -> Iterator[date]:
    for day in {r.valid_from for r in _BY_CODE[code]} | {r.valid_to + _DAY for r in _BY_CODE[code] if r.valid_to}:
        for compulsory in (True, False):
            before, after = read(code, day - _DAY, compulsory), read(code, day, compulsory)
            if (before.kind, before.threshold) != (after.kind, after.threshold):
                yield day


def _holds(reading: Reading, on: date) -> bool:
    return reading.valid_from <= on and (reading.valid_to is None or on <= reading.valid_to)


def _may_read(reading: Reading, compulsory: bool) -> bool:
    return compulsory or reading.kind is not Kind.NOT_ATTENDING_COVID


@lru_cache(maxsize=65_536)
def _in_force(code: str, on: date, compulsory: bool) -> Reading | None:
    # The pandemic's reading of X stands before the ordinary one in the table, so the first that fits is the right one.
    return next((r for r in _BY_CODE[code] if _holds(r, on) and _may_read(r, compulsory)), None)


@lru_cache(maxsize=65_536)
def _nearest(code: str, on: date, compulsory: bool) -> Reading:
    in_force = _in_force(code, on, compulsory)
    return in_force or min(_BY_CODE[code], key=lambda r: _days_away(r, on))


def _days_away(reading: Reading, on: date) -> int:
    if on < reading.valid_from:
        return (reading.valid_from - on).days
    return (on - (reading.valid_to or on)).days
