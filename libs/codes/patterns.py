"""Patterns of absence in six school weeks, which chance alone would seldom make in a whole school.

What is counted are the starts of spells and not their sessions, so that one long illness is no pattern; absence that
was planned is left out. Every pupil of the school is looked at, and what is said is corrected for that.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from math import comb, exp

from codes.alerts import Alert, Standing
from codes.book import ABSENCES, Kind, read
from codes.calendar import academic_year, school_weeks, week_of
from codes.finding import Finding, Rule, days
from codes.spells import days_of, spells

PLANNED = frozenset({"M", "C2", "D", "R", "E", "T"})
"""Codes of absence that is planned, and so no pattern."""
WEEKS, LEAST_SPELLS, SHORT_DAYS = 6, 4, 2
FALSE_ALARMS = 0.05
"""Of the pupils named for one pattern, what share may be named by chance."""
_BREAK = timedelta(days=4)
_SAYS_LITTLE = 20
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
_ABSENCES = frozenset({Kind.AUTHORISED, Kind.UNAUTHORISED})
_UNPLANNED = frozenset(ABSENCES) - PLANNED - {"U"}

# ASSUMPTION: no source has a number for any of this: the weeks, the spells and the share of false alarms are ours.
PATTERN = Rule(
    Alert.PATTERN,
    "Spells of absence in the last six school weeks follow a pattern that chance seldom makes in such a school.",
    "Working together to improve school attendance (statutory guidance, DfE), on patterns of absence",
    "The last six school weeks no longer show it.",
)


@dataclass(frozen=True, slots=True)
class Window:
    """The school weeks looked at: their school days up to today, and those beside a holiday."""

    days: tuple[date, ...]
    after_holiday: frozenset[date]
    before_holiday: frozenset[date]


@dataclass(frozen=True, slots=True)
class _Seen:
    """How often a pupil's spells fit a pattern: on which days, of how many, and how likely by chance alone."""

    which: str
    fitting: tuple[date, ...]
    of: int
    chance: float


def window(school_days: Sequence[date], today: date) -> Window:
    """The last six school weeks up to a day; beside a holiday is beside four days or more, which no weekend has.

    `school_days` are in order and reach beyond today, so that a holiday to come is seen.
    """
    weeks = frozenset(school_weeks(day for day in school_days if day <= today)[-WEEKS:])
    pairs = [(a, b) for a, b in pairwise(school_days) if b - a >= _BREAK]
    return Window(
        tuple(day for day in school_days if day <= today and week_of(day) in weeks),
        frozenset(after for _, after in pairs),
        frozenset(before for before, _ in pairs),
    )


def _spells(entries: Iterable[Standing], of: Window) -> list[tuple[Standing, ...]]:
    """The spells of a pupil that start in the window."""
    upto = [entry for entry in entries if of.days and entry[0] <= of.days[-1]]
    return [spell for spell in spells(upto, _absent, PLANNED) if spell[0][0] >= of.days[0]]


def _absent(entry: Standing) -> bool:
    """Whether an entry is absence that nobody planned; U came, though late."""
    on, _, code = entry
    return code in _UNPLANNED and read(code, on).kind in _ABSENCES


def patterns(
    school: Mapping[int, Sequence[Standing]],
    school_days: Sequence[date],
    today: date,
    siblings: Mapping[int, Sequence[int]] | None = None,
) -> dict[int, tuple[Finding, ...]]:
    """What patterns the absence of a school's pupils shows, by the number of the pupil; those without any are left out.

    `school` are the entries of every pupil on roll, in order, from a day before the six weeks on; `siblings` the
    numbers of each pupil's brothers and sisters at the school. A weekday, days beside a holiday, repeated short
    illness; and, of unauthorised absence alone, the days on which siblings are away too, since illness is shared.
    Spells that one pattern has told are not told again by the next. A pupil needs four spells; chance is measured by
    the school's own habits, since more spells begin on a Monday everywhere.
    """
    of = window(school_days, today)
    held = {no: _spells(entries, of) for no, entries in school.items()}
    families = (
        _by_weekday(held, of),
        _beside_holidays(held, of),
        _with(held, of, siblings or {}),
        _short_illness(held),
    )
    found: dict[int, tuple[Finding, ...]] = {}
    told: defaultdict[int, set[date]] = defaultdict(set)
    for family in families:
        seen = dict(family)
        for no in _told(seen):
            # Two words for the same spells would be two alerts for one thing.
            if not told[no].issuperset(seen[no].fitting):
                told[no].update(seen[no].fitting)
                found[no] = (*found.get(no, ()), _finding(seen[no], len(seen), of))
    return found


def _finding(seen: _Seen, looked_at: int, of: Window) -> Finding:
    since = seen.fitting[-1]
    return PATTERN.finds(
        since,
        f"{academic_year(since)} {seen.which}",
        pattern=seen.which,
        starts=days(seen.fitting),
        spells=seen.of,
        chance=float(f"{seen.chance:.3g}"),
        pupils_compared=looked_at,
        false_alarms=FALSE_ALARMS,
        least_spells=LEAST_SPELLS,
        **{"from": of.days[0].isoformat(), "to": of.days[-1].isoformat()},
    )


def _told(seen: Mapping[int, _Seen]) -> list[int]:
    """The pupils to be named, so that no more than the share of false alarms is expected (Benjamini and Hochberg)."""
    ranked = sorted(seen, key=lambda no: (seen[no].chance, no))
    passed = [n for n, no in enumerate(ranked, start=1) if seen[no].chance <= FALSE_ALARMS * n / len(ranked)]
    return ranked[: passed[-1]] if passed else []


_Held = Mapping[int, Sequence[tuple[Standing, ...]]]
_Family = Iterator[tuple[int, _Seen]]


def _tail(least: int, of: int, share: float) -> float:
    """The chance of `least` or more out of so many, each with this share."""
    return min(1.0, sum(comb(of, k) * share**k * (1 - share) ** (of - k) for k in range(least, of + 1)))


def _habit(fitting: int, of: int, calendar: float) -> float:
    """The share to be expected: the calendar's, or the other pupils' where that is larger; few of them say little."""
    return max(calendar, (fitting + _SAYS_LITTLE * calendar) / (of + _SAYS_LITTLE))


def _by_weekday(held: _Held, of: Window) -> _Family:
    everybody = Counter(spell[0][0].weekday() for each in held.values() for spell in each)
    calendar = Counter(day.weekday() for day in of.days)
    for no, own in held.items():
        if len(own) < LEAST_SPELLS:
            continue
        starts = [spell[0][0] for spell in own]
        counted = Counter(day.weekday() for day in starts)
        # The school's habit without this pupil's own, lest a small school excuse what it should see.
        others = everybody - counted
        chances = {
            weekday: _tail(n, len(own), _habit(others[weekday], others.total(), calendar[weekday] / len(of.days)))
            for weekday, n in counted.items()
        }
        least = min(chances, key=lambda weekday: (chances[weekday], weekday))
        fitting = tuple(day for day in starts if day.weekday() == least)
        yield no, _Seen(f"weekday {_WEEKDAYS[least]}", fitting, len(own), min(1.0, len(_WEEKDAYS) * chances[least]))


def _beside_holidays(held: _Held, of: Window) -> _Family:
    beside = {
        no: tuple(spell[0][0] for spell in own if spell[0][0] in of.after_holiday or spell[-1][0] in of.before_holiday)
        for no, own in held.items()
    }
    touching, spells_ = sum(map(len, beside.values())), sum(map(len, held.values()))
    in_calendar = sum(day in of.after_holiday or day in of.before_holiday for day in of.days)
    for no, own in held.items():
        if len(own) >= LEAST_SPELLS:
            n = len(beside[no])
            habit = _habit(touching - n, spells_ - len(own), in_calendar / len(of.days))
            yield (
                no,
                _Seen("beside-a-holiday", beside[no], len(own), _tail(n, len(own), habit)),
            )


def _short_illness(held: _Held) -> _Family:
    short = {
        no: tuple(
            spell[0][0]
            for spell in own
            if len(days_of(spell)) <= SHORT_DAYS and all(code == "I" for _, _, code in spell)
        )
        for no, own in held.items()
    }
    total = sum(map(len, short.values()))
    for no, starts in short.items():
        # One spell more than the others had, so that a school in which nobody is ill has a habit too.
        habit = (total - len(starts) + 1) / len(short)
        chance = _poisson_tail(len(starts), habit) if len(starts) >= LEAST_SPELLS else 1.0
        yield no, _Seen("short-illness", starts, len(held[no]), chance)


def _poisson_tail(least: int, mean: float) -> float:
    """The chance of `least` or more where so many are usual."""
    term, below = exp(-mean), 0.0
    for k in range(least):
        below += term
        term *= mean / (k + 1)
    return max(0.0, 1.0 - below)


def _with(held: _Held, of: Window, siblings: Mapping[int, Sequence[int]]) -> _Family:
    unauthorised = {
        no: [on for (on, _, code), *_ in own if read(code, on).kind is Kind.UNAUTHORISED] for no, own in held.items()
    }
    for no, theirs in siblings.items():
        own = unauthorised.get(no, [])
        away = {day for sibling in theirs for day in unauthorised.get(sibling, ())}
        if len(own) >= LEAST_SPELLS and away:
            fitting = tuple(day for day in own if day in away)
            yield no, _Seen("with-siblings", fitting, len(own), _tail(len(fitting), len(own), len(away) / len(of.days)))
