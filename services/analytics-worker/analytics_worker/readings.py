"""The code book as the database is given it: what each code is worth between two dates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from codes.book import ABSENCES as ABSENCES
from codes.book import Kind, edges, read
from codes.table import ROWS

_DAY = timedelta(days=1)
_ABSENT = frozenset({Kind.AUTHORISED, Kind.UNAUTHORISED})
_ATTENDING = frozenset({Kind.PRESENT, Kind.APPROVED})

CODES = tuple(dict.fromkeys(row.code for row in ROWS))


@dataclass(frozen=True, slots=True)
class Ageing:
    """A code whose class depends on the pupil's age, between two dates inclusive."""

    code: str
    first: date
    last: date


AGEING = tuple(
    Ageing(row.code, row.valid_from, row.valid_to or date.max) for row in ROWS if row.kind is Kind.NOT_ATTENDING_COVID
)


@dataclass(frozen=True, slots=True)
class Worth:
    """What a code is worth between two dates inclusive for a pupil of compulsory school age, or for one who is not."""

    code: str
    first: date
    last: date
    compulsory: bool
    possible: int
    present: int
    attending: int
    absent: int
    authorised: int
    unauthorised: int
    late: int


def depends_on_age(first: date, last: date) -> bool:
    """Say whether any code's class depends on age on a day between two dates."""
    return any(ageing.first <= last and first <= ageing.last for ageing in AGEING)


@lru_cache(maxsize=64)
def worths(first: date, last: date) -> tuple[Worth, ...]:
    """Give what every code is worth on each day between two dates inclusive."""
    return tuple(_worths(first, last))


def columns(worth: Sequence[Worth]) -> dict[str, Any]:
    """Give what codes are worth as columns, by the names that statements take them under."""
    return {
        "codes": [each.code for each in worth],
        "firsts": [each.first for each in worth],
        "lasts": [each.last for each in worth],
        "compulsories": [each.compulsory for each in worth],
        "possibles": [each.possible for each in worth],
        "presents": [each.present for each in worth],
        "attendings": [each.attending for each in worth],
        "absents": [each.absent for each in worth],
        "authoriseds": [each.authorised for each in worth],
        "unauthoriseds": [each.unauthorised for each in worth],
        "lates": [each.late for each in worth],
    }


def _worths(first: date, last: date) -> Iterator[Worth]:
    starts = [first, *(edge for edge in edges() if first < edge <= last)]
    ends = [*(start - _DAY for start in starts[1:]), last]
    ages = (True, False) if depends_on_age(first, last) else (True,)
    for start, end in zip(starts, ends, strict=True):
        for code in CODES:
            for compulsory in ages:
                reading = read(code, start, compulsory)
                yield Worth(
                    code,
                    start,
                    end,
                    compulsory,
                    int(reading.possible),
                    int(reading.kind is Kind.PRESENT),
                    int(reading.kind in _ATTENDING),
                    int(reading.kind in _ABSENT),
                    int(reading.kind is Kind.AUTHORISED),
                    int(reading.kind is Kind.UNAUTHORISED),
                    int(code in ("L", "U")),
                )
