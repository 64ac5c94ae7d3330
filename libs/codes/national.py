"""What is national and dated, so that no school sets it: each number, from which day on, in words, and its source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from codes import continuous, improvement, notices, retention, returns, sickness
from codes.penalty import THRESHOLD_SESSIONS, THRESHOLD_WEEKS
from codes.reading import STARTS_2006, STARTS_2024
from codes.tallies import PERSISTENT_TIMES, SEVERE_TIMES

FRAMEWORK = "National Framework for penalty notices (statutory guidance, DfE), from 19 August 2024"
METHODOLOGY = "Pupil absence statistics: methodology (DfE)"
RETURNS = "School Attendance (Pupil Registration) (England) Regulations 2024 (SI 2024/208), regulation 13"

_OLD_RETENTION = "Education (Pupil Registration) (England) Regulations 2006 (SI 2006/1751), regulation 14"
_OLD_AMOUNTS = "Education (Penalty Notices) (England) Regulations 2007 (SI 2007/1867), as amended in 2013"
_AMOUNTS = "Education (Penalty Notices) (England) (Amendment) Regulations 2024 (SI 2024/210)"
_COURT = "Education Act 1996 s.444(8A)"
_EXCLUDED = "Education and Inspections Act 2006 s.103"

# ASSUMPTION: the amounts that ended on 18 August 2024 began on 1 September 2013.
_OLD_AMOUNTS_FROM = date(2013, 9, 1)
_PERSISTENT_FROM = date(2015, 9, 1)
_EXCLUDED_FROM = date(2007, 9, 1)


@dataclass(frozen=True, slots=True)
class National:
    """One number from a day on; `member` is the path by which a school's paper may state it.

    `may` says which other numbers a paper can name without contradicting the law: "more", "fewer", or none.
    """

    member: str
    since: date
    value: int
    says: str
    source: str
    may: Literal["more", "fewer", ""] = ""

    def contradicts(self, stated: int) -> bool:
        """Whether a paper that states this number says something else than the law."""
        if self.may == "more":
            return stated < self.value
        return stated > self.value if self.may == "fewer" else stated != self.value


_BEFORE, _NOW = STARTS_2006, STARTS_2024
_FIRST_EARLY, _FIRST = notices.prices(notices.Offence.ATTENDANCE, notices.Tier.FIRST, _NOW)
(_SECOND,) = notices.prices(notices.Offence.ATTENDANCE, notices.Tier.SECOND, _NOW)
_OLD_EARLY, _OLD = notices.prices(notices.Offence.PUBLIC_PLACE, notices.Tier.FIRST, _NOW)
_LATER = "nothing is paid early, and it is £160"

NUMBERS: tuple[National, ...] = (
    National("retention_years", _BEFORE, 3, "every entry is kept for 3 years", _OLD_RETENTION, "more"),
    National("retention_years", _NOW, retention.YEARS, "every entry is kept for 6 years", retention.REGULATION, "more"),
    National("penalty_threshold/sessions", _NOW, THRESHOLD_SESSIONS, "10 unauthorised sessions meet it", FRAMEWORK),
    National("penalty_threshold/weeks", _NOW, THRESHOLD_WEEKS, "they lie within 10 rolling school weeks", FRAMEWORK),
    National("penalty_notice/early", _OLD_AMOUNTS_FROM, _OLD_EARLY.pounds, "£60 is paid early", _OLD_AMOUNTS),
    National("penalty_notice/early", _NOW, _FIRST_EARLY.pounds, "£80 is paid early, of a first notice alone", _AMOUNTS),
    National("penalty_notice/early_days", _OLD_AMOUNTS_FROM, _OLD_EARLY.days, "early is within 21 days", _OLD_AMOUNTS),
    National("penalty_notice/early_days", _NOW, _FIRST_EARLY.days, "early is within 21 days of receipt", _AMOUNTS),
    National("penalty_notice/first", _OLD_AMOUNTS_FROM, _OLD.pounds, "a notice is £120", _OLD_AMOUNTS),
    National("penalty_notice/first", _NOW, _FIRST.pounds, "a first notice is £160", _AMOUNTS),
    National("penalty_notice/first_days", _OLD_AMOUNTS_FROM, _OLD.days, "it is paid within 28 days", _OLD_AMOUNTS),
    National("penalty_notice/first_days", _NOW, _FIRST.days, "it is paid within 28 days of receipt", _AMOUNTS),
    National("penalty_notice/second", _NOW, _SECOND.pounds, f"of a second notice {_LATER}", _AMOUNTS),
    National(
        "penalty_notice/second_days", _NOW, _SECOND.days, "a second notice is paid within 28 days of receipt", _AMOUNTS
    ),
    National(
        "penalty_notice/most", _NOW, notices.MOST_NOTICES, "a parent has 2 notices for a child at the most", _AMOUNTS
    ),
    National("penalty_notice/years", _NOW, notices.YEARS, "notices are counted over 3 years", _AMOUNTS),
    National(
        "excluded_in_public/days",
        _EXCLUDED_FROM,
        notices.EXCLUDED_DAYS,
        "it is of the first 5 days of an exclusion",
        _EXCLUDED,
    ),
    National(
        "excluded_in_public/early", _OLD_AMOUNTS_FROM, _OLD_EARLY.pounds, "£60 is paid within 21 days", _OLD_AMOUNTS
    ),
    National("excluded_in_public/late", _OLD_AMOUNTS_FROM, _OLD.pounds, "£120 is paid within 28 days", _OLD_AMOUNTS),
    National("court/fine", _BEFORE, 2500, "a fine is £2,500 at the most", _COURT),
    National("court/months", _BEFORE, 3, "imprisonment is of 3 months at the most", _COURT),
    National(
        "improvement_weeks/least",
        _NOW,
        improvement.LEAST_WEEKS,
        "a notice to improve gives 3 weeks at the least",
        FRAMEWORK,
        "more",
    ),
    National(
        "improvement_weeks/most",
        _NOW,
        improvement.MOST_WEEKS,
        "a notice to improve gives 6 weeks at the most",
        FRAMEWORK,
        "fewer",
    ),
    National(
        "sickness_return_days",
        _NOW,
        sickness.SICK_SESSIONS // 2,
        "the sickness return is due at 15 school days",
        RETURNS,
        "fewer",
    ),
    National(
        "absence_return_days",
        _BEFORE,
        continuous.RETURN_DAYS,
        "the attendance return is due at 10 school days",
        RETURNS,
        "fewer",
    ),
    National(
        "new_pupil_return_days",
        _NOW,
        returns.NEW_PUPIL_DAYS,
        "the new pupil return is due by the 5th day after",
        RETURNS,
        "fewer",
    ),
    National("persistent_perc", _PERSISTENT_FROM, 100 // PERSISTENT_TIMES, "persistent is 10 % missed", METHODOLOGY),
    National("severe_perc", _PERSISTENT_FROM, 100 // SEVERE_TIMES, "severe is 50 % missed", METHODOLOGY),
)
"""ASSUMPTION: of a number older than the day from which it is listed nothing is known, and nothing is said."""

MEMBERS = frozenset(row.member for row in NUMBERS)


def in_force(member: str, on: date) -> National | None:
    """The number by which a member is measured on a day; None where there was none yet."""
    return next((row for row in reversed(NUMBERS) if row.member == member and row.since <= on), None)
