"""The sickness return: fifteen school days of illness in the school year, reached or expected (regulation 13)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from codes.ages import of_compulsory_age
from codes.alerts import Alert, Standing
from codes.book import Kind, read
from codes.calendar import academic_year
from codes.finding import Rule, plain
from codes.reading import STARTS_2024

SICK_SESSIONS = 30
"""Fifteen school days, in whole days or halves."""

SICKNESS = Rule(
    Alert.SICKNESS_RETURN,
    "Consider a sickness return: 15 school days (30 sessions) of I in the school year, or reason to expect them.",
    "SI 2024/208 reg 13; Working together to improve school attendance, August 2024",
    "The return is made, or somebody says with name and reason that none is due.",
)

_ATTENDED = frozenset({Kind.PRESENT, Kind.APPROVED})


@dataclass(frozen=True, slots=True)
class Forecast:
    """The school's own belief, stated on a day, that a pupil will miss 15 days for sickness that starts on a day."""

    starts: date
    stated_on: date
    name: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What was done about the sickness of a spell, told by its first day: a return made, or, with a reason, not due.

    Raises ValueError without a name, and for a reason without a word in it.
    """

    spell: date
    on: date
    name: str
    not_due: str | None = None

    def __post_init__(self) -> None:
        if not self.name.strip() or (self.not_due is not None and not self.not_due.strip()):
            raise ValueError("An answer has a name, and one that no return is due a reason.")


@dataclass(frozen=True, slots=True)
class SicknessReturn:
    """The alert that a sickness return is to be considered: so many sessions of I in the year, or a forecast."""

    since: date
    spell: date
    sessions: tuple[Standing, ...]
    forecast: Forecast | None

    kind = Alert.SICKNESS_RETURN

    @property
    def period(self) -> str:
        """The first day of the spell."""
        return self.spell.isoformat()

    def evidence(self) -> dict[str, Any]:
        """The sessions of illness, the forecast, and what closes it."""
        told = self.forecast
        facts = {
            "academic_year": academic_year(self.spell),
            "sessions": plain(self.sessions),
            "school_days": len(self.sessions) / 2,
            "forecast": None if told is None else {"stated_on": told.stated_on.isoformat(), "name": told.name},
        }
        return SICKNESS.finds(self.since, self.period, **facts).evidence()


@dataclass(frozen=True, slots=True)
class _Spell:
    """A continuous period of sickness: its sessions of I, and the day of the attendance that ended it."""

    sessions: tuple[Standing, ...]
    until: date | None

    def holds(self, on: date) -> bool:
        return self.sessions[0][0] <= on and (self.until is None or on < self.until)


def sickness_returns(
    entries: Sequence[Standing],
    date_of_birth: date,
    answers: Sequence[Answer] = (),
    forecasts: Sequence[Forecast] = (),
) -> tuple[SicknessReturn, ...]:
    """The sickness returns to consider, one at most at a time and school year, in order.

    `entries` are what stands, in order, of one pupil; `answers` and `forecasts` those made by the day judged. Code I
    alone counts, from 19 August 2024 and of compulsory age.
    ASSUMPTION: a spell ends with an attendance, U included, and with the school year; and once one has been answered
    the sessions after it count anew, so that every further cold of the year is not asked about.
    """
    expected = sorted((f for f in forecasts if of_compulsory_age(date_of_birth, f.starts)), key=lambda f: f.stated_on)
    counting = [entry for entry in entries if entry[0] >= STARTS_2024 and of_compulsory_age(date_of_birth, entry[0])]
    spells = {
        year: list(_spells(found)) for year, found in groupby(counting, key=lambda entry: academic_year(entry[0]))
    }
    found = (
        _of_year(
            spells.get(year, []),
            [answer.spell for answer in answers if academic_year(answer.spell) == year],
            [forecast for forecast in expected if academic_year(forecast.starts) == year],
        )
        for year in sorted({*spells, *(academic_year(forecast.starts) for forecast in expected)})
    )
    return tuple(alert for alert in found if alert is not None)


def _spells(entries: Iterable[Standing]) -> Iterator[_Spell]:
    ill: list[Standing] = []
    for entry in entries:
        if entry[2] == "I":
            ill.append(entry)
        elif ill and (entry[2] == "U" or read(entry[2], entry[0]).kind in _ATTENDED):
            yield _Spell(tuple(ill), entry[0])
            ill = []
    if ill:
        yield _Spell(tuple(ill), None)


def _of_year(
    spells: Sequence[_Spell], answered: Sequence[date], forecasts: Sequence[Forecast]
) -> SicknessReturn | None:
    """The one of a school year that nobody has answered: an answer covers its spell, and whatever was before."""
    counted: tuple[Standing, ...] = ()
    for place in range(max((_place(day, spells) + 1 for day in answered), default=0), len(spells)):
        counted += spells[place].sessions
        alert = _asked(spells[place], counted, [each for each in forecasts if _place(each.starts, spells) == place])
        if alert is not None:
            return alert
    for each in forecasts:
        if _place(each.starts, spells) == len(spells) and all(each.starts > day for day in answered):
            return SicknessReturn(each.stated_on, each.starts, counted, each)
    return None


def _asked(spell: _Spell, counted: tuple[Standing, ...], forecasts: Sequence[Forecast]) -> SicknessReturn | None:
    """The alert of a spell that nobody has answered; what came first, the thirtieth session or a forecast, names it."""
    reached = counted[SICK_SESSIONS - 1][0] if len(counted) >= SICK_SESSIONS else None
    if forecasts and (reached is None or forecasts[0].stated_on < reached):
        return SicknessReturn(forecasts[0].stated_on, forecasts[0].starts, counted, forecasts[0])
    return None if reached is None else SicknessReturn(reached, spell.sessions[0][0], counted, None)


def _place(on: date, spells: Sequence[_Spell]) -> int:
    """The spell that a day lies in, else the first one after it; without one, how many there are."""
    return next((n for n, spell in enumerate(spells) if spell.holds(on) or spell.sessions[0][0] >= on), len(spells))
