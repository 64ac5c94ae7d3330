"""What an auditor should look at among the amendments of a register: patterns that honest correction seldom makes.

Nobody is accused: each is shown with the entries behind it, and closed by the auditor alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from codes.alerts import Alert
from codes.book import Session, read
from codes.finding import Finding, Rule
from codes.penalty import Threshold

# ASSUMPTION: no source has a number for any of these.
LONG_AFTER_DAYS, BURST = 28, 20
BEFORE_CENSUS_DAYS, BEFORE_CENSUS = 14, 10

PATTERN = Rule(
    Alert.AMENDMENT_PATTERN,
    "Amendments of a kind that honest correction seldom makes, to be looked into.",
    "SI 2024/208 reg 6, under which every amendment shows who made it and why",
    "The auditor states what came of looking into it; time alone never closes it.",
)


@dataclass(frozen=True, slots=True)
class Amending:
    """One amendment that a person made: whose entry, from what to what, and by whom on which local day.

    `pupil` and `by` are by whatever the caller knows them by. What a closure or an import amended is none.
    """

    pupil: str
    on: date
    session: Session
    was: str
    code: str
    recorded_on: date
    by: str

    def plain(self) -> dict[str, Any]:
        """The amendment in plain values."""
        return {
            "pupil": self.pupil,
            "date": self.on.isoformat(),
            "session": str(self.session),
            "original_entry": self.was,
            "amended_entry": self.code,
            "recorded_on": self.recorded_on.isoformat(),
        }


def census_days(year: str) -> tuple[date, date, date]:
    """The days of the school census in an academic year: in autumn, spring and summer.

    ASSUMPTION: the first Thursday in October, the third in January, the third in May, as in the years up to now.
    """
    starts = int(year[:4])
    return _thursday(date(starts, 10, 1), 1), _thursday(date(starts + 1, 1, 1), 3), _thursday(date(starts + 1, 5, 1), 3)


def _thursday(of_month: date, which: int) -> date:
    return of_month + timedelta(days=(3 - of_month.weekday()) % 7 + 7 * (which - 1))


def amendment_patterns(
    amendments: Sequence[Amending],
    today: date,
    census_days: Iterable[date] = (),
    met: Mapping[str, Threshold] | None = None,
) -> tuple[Finding, ...]:
    """The patterns among a school's amendments up to a day, which are in the order in which they were recorded.

    `census_days` are the days for which attendance is collected or inspected; `met` the penalty thresholds by pupil, as
    they stood when they were met, whatever amendments have made of them since.
    """
    made = [each for each in amendments if each.recorded_on <= today]
    return (*_bursts(made), *_before_census(made, sorted(census_days)), *_after_threshold(made, met or {}))


def _bursts(made: Iterable[Amending]) -> Iterator[Finding]:
    """At least 20 entries amended by one person on one day, each more than 28 days after its session."""
    groups: defaultdict[tuple[date, str], list[Amending]] = defaultdict(list)
    for each in made:
        if (each.recorded_on - each.on).days > LONG_AFTER_DAYS:
            groups[each.recorded_on, each.by].append(each)
    for (recorded_on, by), behind in groups.items():
        if len(behind) >= BURST:
            yield _found(
                "burst-long-after", recorded_on, f"{recorded_on} {by}", by, behind, long_after_days=LONG_AFTER_DAYS
            )


def _before_census(made: Sequence[Amending], census_days: Iterable[date]) -> Iterator[Finding]:
    """At least ten entries changed from O to I by one person in the 14 days up to a census day."""
    for census in census_days:
        first = census - timedelta(days=BEFORE_CENSUS_DAYS)
        groups: defaultdict[str, list[Amending]] = defaultdict(list)
        for each in made:
            if (each.was, each.code) == ("O", "I") and first <= each.recorded_on <= census:
                groups[each.by].append(each)
        for by, behind in groups.items():
            if len(behind) >= BEFORE_CENSUS:
                since = behind[BEFORE_CENSUS - 1].recorded_on
                yield _found("o-to-i-before-census", since, f"{census} {by}", by, behind, census_day=census.isoformat())


def _after_threshold(made: Iterable[Amending], met: Mapping[str, Threshold]) -> Iterator[Finding]:
    """Sessions that a penalty threshold rested on, amended after the day it was met so that they count no longer.

    An N is left out: it must give way to the true code.
    """
    behind: defaultdict[str, list[Amending]] = defaultdict(list)
    for each in made:
        threshold = met.get(each.pupil)
        if threshold is not None and each.recorded_on > threshold.met_on and _takes_from(each, threshold):
            behind[each.pupil].append(each)
    for pupil, changes in behind.items():
        met_on = met[pupil].met_on
        by = ", ".join(dict.fromkeys(each.by for each in changes))
        since = changes[0].recorded_on
        yield _found("after-threshold", since, f"{pupil} {met_on}", by, changes, met_on=met_on.isoformat())


def _takes_from(each: Amending, threshold: Threshold) -> bool:
    counted = each.was != "N" and read(each.was, each.on).threshold and not read(each.code, each.on).threshold
    return counted and any((on, session) == (each.on, each.session) for on, session, _ in threshold.sessions)


def _found(which: str, since: date, period: str, by: str, behind: Sequence[Amending], **facts: Any) -> Finding:
    entries = [each.plain() for each in behind]
    return PATTERN.finds(since, f"{which} {period}", pattern=which, by=by, amendments=entries, **facts)
