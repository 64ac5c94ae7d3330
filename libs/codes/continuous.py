"""Absence without a break: ten days for the attendance return, twenty for ground (i), ten after a leave for (h).

Pure rules over the entries that stand. The two runs have two sets of codes: U counts to the return and breaks (i).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby, takewhile
from typing import Any

from codes.ages import of_compulsory_age
from codes.alerts import Alert, Standing
from codes.book import Kind, read
from codes.finding import Rule, plain
from codes.grounds import DAYS_ABSENT, DAYS_NOT_BACK, GROUNDS, LEAVE

RETURN_DAYS = 10
"""School days of continuous unauthorised absence that the attendance return tells of."""

UNAUTHORISED = frozenset({"G", "N", "O", "U"})
"""Codes that count to the ten days: the unauthorised ones."""
ABSENT = frozenset({"G", "N", "O"})
"""Codes that count to the twenty days: with U the pupil has been in school."""

_JOINT = "Joint enquiries with the authority are due:"
_NO_SESSION = frozenset({"#", "Y4"})
_ATTENDED = frozenset({Kind.PRESENT, Kind.APPROVED})
_NOT_REQUIRED = frozenset({Kind.NOT_POSSIBLE, Kind.ADMINISTRATIVE, Kind.NOT_ATTENDING_COVID})

TEN_DAYS = Rule(
    Alert.UNAUTHORISED_10_DAYS,
    "Belongs in the next attendance return: 10 school days in a row of G, N, O or U, wherever the pupil was required.",
    "SI 2024/208 reg 13; SI 2006/1751 reg 12(1)",
    "The return is made, or an amendment breaks the run; not by the pupil's coming back.",
)
TWENTY_DAYS = Rule(
    Alert.ABSENT_20_DAYS,
    f"{_JOINT} 20 school days in a row of G, N or O throughout; any other code breaks the run, U too.",
    GROUNDS["i"].source,
    "Any other code stands for a session since, or an amendment breaks the run.",
)
NOT_BACK = Rule(
    Alert.NOT_RETURNED_FROM_LEAVE,
    f"{_JOINT} 10 school days after a leave of absence of any length ended, without a return.",
    f"{GROUNDS['h'].source}; SI 2013/756 reg 2(3)(a) for any length",
    "The pupil attends, L and U included, has further leave, or the absence is accounted for.",
)


@dataclass(frozen=True, slots=True)
class Run:
    """A run of school days without a break, from `days[0]`, and its entries; `since` is the day that made it long."""

    rule: Rule
    since: date
    days: tuple[date, ...]
    sessions: tuple[Standing, ...]

    @property
    def kind(self) -> Alert:
        """The ten days, or the twenty."""
        return self.rule.kind

    @property
    def period(self) -> str:
        """The first day of the run."""
        return self.days[0].isoformat()

    def evidence(self) -> dict[str, Any]:
        """The run in plain values, and what it asks for."""
        facts = {
            "from": self.days[0].isoformat(),
            "to": self.days[-1].isoformat(),
            "school_days": len(self.days),
            "codes": dict(Counter(code for _, _, code in self.sessions)),
            "sessions": plain(self.sessions),
            **({"tests": _questions("i")} if self.rule is TWENTY_DAYS else {}),
        }
        return self.rule.finds(self.since, self.period, **facts).evidence()


def unauthorised_10_days(
    entries: Sequence[Standing], school_days: Sequence[date], date_of_birth: date
) -> tuple[Run, ...]:
    """Every run of ten school days or more of unauthorised absence, over or not: each is told once in a return.

    `entries` are what stands, in order, of one pupil; `school_days` the days on which a session took place, in order.
    Weekends and closed days neither break nor extend. ASSUMPTION: a session at which the pupil was not required (D, Q,
    X, Y1 to Y7) is neutral, so that a day counts by its other session; a day with a session missing is neutral too.
    """
    runs = _runs(TEN_DAYS, entries, school_days, date_of_birth)
    return tuple(_run(TEN_DAYS, run, RETURN_DAYS) for run in runs if len(run) >= RETURN_DAYS)


def absent_20_days(entries: Sequence[Standing], school_days: Sequence[date], date_of_birth: date) -> Run | None:
    """The run that goes on, where it has twenty school days: none once the pupil was seen or accounted for.

    Parameters as for `unauthorised_10_days`. A day without any session (#, Y4) is no school day; any other code breaks
    the run, also one of those that are neutral to the ten days. ASSUMPTION: a day with a session missing is neutral.
    """
    runs = _runs(TWENTY_DAYS, entries, school_days, date_of_birth)
    return _run(TWENTY_DAYS, runs[-1], DAYS_ABSENT) if len(runs[-1]) >= DAYS_ABSENT else None


@dataclass(frozen=True, slots=True)
class NotReturned:
    """A pupil not back ten school days after a leave of absence ended; `since` is the day from which that holds."""

    since: date
    leave_ended: date
    leave_code: str
    sessions: tuple[Standing, ...]

    kind = Alert.NOT_RETURNED_FROM_LEAVE

    @property
    def period(self) -> str:
        """The last day of the leave."""
        return self.leave_ended.isoformat()

    def evidence(self) -> dict[str, Any]:
        """The leave, every entry since, and what is due."""
        facts = {
            "leave_ended": self.leave_ended.isoformat(),
            "leave_code": self.leave_code,
            "sessions": plain(self.sessions),
            "tests": _questions("h"),
        }
        return NOT_BACK.finds(self.since, self.period, **facts).evidence()


def not_returned_from_leave(
    entries: Sequence[Standing],
    school_days: Sequence[date],
    date_of_birth: date,
    today: date,
    granted_until: date | None = None,
) -> NotReturned | None:
    """Whether a pupil of compulsory age is not back ten school days after the last entry of leave.

    `granted_until` is the last day of the leave that was granted and covers that entry. ASSUMPTION: leave that was not
    taken is none; U is a return; and while the last entry is any code but G, N or O (illness, an unavoidable cause,
    another school) there is a known reason, so nothing is said.
    """
    taken = [entry for entry in entries if entry[2] in LEAVE]
    if not taken:
        return None
    last = taken[-1]
    ended = last[0] if granted_until is None else max(last[0], granted_until)
    after = [entry for entry in entries if entry[:2] > last[:2] and entry[2] not in _NO_SESSION]
    away = list(takewhile(lambda entry: entry[2] in ABSENT, reversed(after)))
    tenth = bisect_right(school_days, ended) + DAYS_NOT_BACK - 1
    if any(_came(entry) for entry in after) or not away or tenth >= len(school_days):
        return None
    since = max(school_days[tenth], away[-1][0])
    if since > today or not of_compulsory_age(date_of_birth, since):
        return None
    return NotReturned(since, ended, last[2], tuple(after))


def _runs(
    rule: Rule, entries: Sequence[Standing], school_days: Sequence[date], date_of_birth: date
) -> list[list[tuple[date, list[Standing]]]]:
    """The days that count, each with its entries, split where the run is broken; the last run is the one that goes on.

    Days outside compulsory age, and days in no calendar, are left out.
    """
    runs: list[list[tuple[date, list[Standing]]]] = [[]]
    for on, of_day in groupby(entries, key=lambda entry: entry[0]):
        standing = list(of_day)
        if not _is_school_day(on, school_days) or not of_compulsory_age(date_of_birth, on):
            continue
        counts = _counts(rule, on, [code for _, _, code in standing])
        if counts is False:
            runs.append([])
        elif counts and len(standing) == 2:
            runs[-1].append((on, standing))
    return runs


def _counts(rule: Rule, on: date, codes: Sequence[str]) -> bool | None:
    """Whether a day counts to a run, breaks it, or, None, does neither."""
    if rule is TEN_DAYS:
        required = [code for code in codes if read(code, on).kind not in _NOT_REQUIRED]
        return UNAUTHORISED.issuperset(required) if required else None
    return None if _NO_SESSION.issuperset(codes) else ABSENT.issuperset(codes)


def _run(rule: Rule, days: Sequence[tuple[date, list[Standing]]], long: int) -> Run:
    sessions = tuple(entry for _, standing in days for entry in standing)
    return Run(rule, days[long - 1][0], tuple(on for on, _ in days), sessions)


def _came(entry: Standing) -> bool:
    return entry[2] == "U" or read(entry[2], entry[0]).kind in _ATTENDED


def _is_school_day(on: date, school_days: Sequence[date]) -> bool:
    place = bisect_left(school_days, on)
    return place < len(school_days) and school_days[place] == on


def _questions(letter: str) -> list[str]:
    return [test.question for test in GROUNDS[letter].tests]
