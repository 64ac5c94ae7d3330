"""Counting: sessions by class in the DfE's words, the rates as exact fractions, and persistent and severe absence.

The identities are those of the DfE's "Pupil attendance in schools": possible = attendance + absence, attendance =
present + approved educational activity, late = L + U. Between September 2020 and April 2022 sessions not attended in
circumstances relating to coronavirus are possible, and neither attendance nor absence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from codes.book import Kind, read
from codes.calendar import EXPECTED_DAYS

_NO_CODES: Mapping[str, int] = MappingProxyType({})
PERSISTENT_TIMES, SEVERE_TIMES = 10, 2
"""An enrolment is persistently absent where its absence, so many times, is its possible sessions or more; severely."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Sessions counted, all exact; `codes` holds every code met, also those that are no possible session.

    For a pupil not of compulsory school age the DfE publishes the overall absence alone.
    """

    possible_sessions: int = 0
    present_sessions: int = 0
    late_sessions: int = 0
    approved_educational_activity: int = 0
    overall_attendance: int = 0
    authorised_absence: int = 0
    unauthorised_absence: int = 0
    overall_absence: int = 0
    codes: Mapping[str, int] = field(default_factory=lambda: _NO_CODES)

    @property
    def not_attending_coronavirus(self) -> int:
        """Sessions that were possible, and neither attended nor absent."""
        return self.possible_sessions - self.overall_attendance - self.overall_absence


EMPTY = Tally()


def tally(counts: Iterable[tuple[str, date, bool, int]]) -> Tally:
    """The tally of (code, session date, whether of compulsory school age, number of sessions).

    A code is read as it was in force on the date, a withdrawn one by its old meaning. Sums over days may be given under
    one date as long as no date of `codes.book.edges` lies between. Raises `codes.book.UnknownCode`.
    """
    kinds: Counter[Kind] = Counter()
    codes: Counter[str] = Counter()
    possible = 0
    for code, on, compulsory, n in counts:
        reading = read(code, on, compulsory)
        kinds[reading.kind] += n
        codes[code] += n
        possible += n if reading.possible else 0
    return of_sums(
        possible, kinds[Kind.PRESENT], kinds[Kind.APPROVED], kinds[Kind.AUTHORISED], kinds[Kind.UNAUTHORISED], codes
    )


def add(a: Tally, b: Tally) -> Tally:
    """The tally of two sets of sessions together."""
    return of_sums(
        a.possible_sessions + b.possible_sessions,
        a.present_sessions + b.present_sessions,
        a.approved_educational_activity + b.approved_educational_activity,
        a.authorised_absence + b.authorised_absence,
        a.unauthorised_absence + b.unauthorised_absence,
        Counter(a.codes) + Counter(b.codes),
    )


def of_sums(
    possible: int, present: int, approved: int, authorised: int, unauthorised: int, codes: Mapping[str, int]
) -> Tally:
    """The tally of sessions that were summed by what their codes are worth, beside those by code."""
    return Tally(
        possible_sessions=possible,
        present_sessions=present,
        late_sessions=codes.get("L", 0) + codes.get("U", 0),
        approved_educational_activity=approved,
        overall_attendance=present + approved,
        authorised_absence=authorised,
        unauthorised_absence=unauthorised,
        overall_absence=authorised + unauthorised,
        codes=MappingProxyType({code: n for code, n in sorted(codes.items()) if n}),
    )


def rate(sessions: int, of: int) -> Fraction | None:
    """One number of sessions or pupils as a share of another, exactly; None of nothing."""
    return Fraction(sessions, of) if of else None


def attendance(counted: Tally) -> Fraction | None:
    """Overall attendance as a share of the possible sessions, present and approved educational activity together."""
    return rate(counted.overall_attendance, counted.possible_sessions)


def overall_absence(counted: Tally) -> Fraction | None:
    """Overall absence as a share of the possible sessions."""
    return rate(counted.overall_absence, counted.possible_sessions)


def authorised_absence(counted: Tally) -> Fraction | None:
    """Authorised absence as a share of the possible sessions."""
    return rate(counted.authorised_absence, counted.possible_sessions)


def unauthorised_absence(counted: Tally) -> Fraction | None:
    """Unauthorised absence as a share of the possible sessions."""
    return rate(counted.unauthorised_absence, counted.possible_sessions)


def late(counted: Tally) -> Fraction | None:
    """Sessions with L or U as a share of the possible sessions."""
    return rate(counted.late_sessions, counted.possible_sessions)


def of_code(counted: Tally, code: str) -> Fraction | None:
    """The sessions with one code as a share of the possible sessions: the DfE's absence rate by reason."""
    return rate(counted.codes.get(code, 0), counted.possible_sessions)


def share_of_absence(counted: Tally, code: str) -> Fraction | None:
    """The sessions with one absence code as a share of all absence: the DfE's share of reasons."""
    return rate(counted.codes.get(code, 0), counted.overall_absence)


def printed(share: Fraction | None) -> Decimal | None:
    """A rate as a percentage of 15 significant digits, as the DfE prints its `_perc` columns.

    The DfE divides and multiplies by 100 in double precision, and so does this, once, at the very end: the last digit
    is theirs. All arithmetic before it is exact.
    """
    return None if share is None else Decimal(f"{share.numerator / share.denominator * 100:.15g}")


def perc(share: Fraction | None) -> float | None:
    """A rate as `printed` gives it, which a double carries exactly; None of nothing."""
    said = printed(share)
    return None if said is None else float(said)


def figures(counted: Tally) -> dict[str, Any]:
    """The sessions, rates and counts by code in plain values, under the DfE's names.

    `not_attending_coronavirus`, possible but neither attendance nor absence, is given where there is any.
    """
    covid = counted.not_attending_coronavirus
    return {
        "possible_sessions": counted.possible_sessions,
        "present_sessions": counted.present_sessions,
        "late_sessions": counted.late_sessions,
        "approved_educational_activity": counted.approved_educational_activity,
        "overall_attendance": counted.overall_attendance,
        "authorised_absence": counted.authorised_absence,
        "unauthorised_absence": counted.unauthorised_absence,
        "overall_absence": counted.overall_absence,
        **({"not_attending_coronavirus": covid} if covid else {}),
        "attendance_perc": perc(attendance(counted)),
        "overall_absence_perc": perc(overall_absence(counted)),
        "authorised_absence_perc": perc(authorised_absence(counted)),
        "unauthorised_absence_perc": perc(unauthorised_absence(counted)),
        "codes": dict(counted.codes),
    }


def punctuality(counted: Tally) -> dict[str, Any]:
    """How punctual those were who came to school, in plain values.

    `late_perc` is L and U as a share of the possible sessions, as the DfE's late sessions are both; `punctuality_perc`
    the sessions begun in time as a share of all in which the pupil came to the school at all.
    """
    before, after = counted.codes.get("L", 0), counted.codes.get("U", 0)
    return {
        "late_before_close_sessions": before,
        "late_after_close_sessions": after,
        "late_perc": perc(late(counted)),
        "punctuality_perc": perc(rate(counted.present_sessions - before, counted.present_sessions + after)),
    }


def days_lost(counted: Tally) -> dict[str, Any]:
    """The days of absence, and the days that its rate would come to over a school year of 190: 19.0 at 90 %."""
    share = overall_absence(counted)
    return {
        "days_lost": counted.overall_absence / 2,
        "days_lost_a_year": None if share is None else float(f"{float(share * EXPECTED_DAYS):.15g}"),
    }


def sessions_left(absent: int, possible: int, times: int) -> int:
    """How many more sessions may be missed before absence, so many times, is the possible sessions or more.

    `possible` are those of the whole stretch, with those to come; 0 once the line is reached or can no longer be kept.
    """
    return max(0, -(-possible // times) - 1 - absent) if possible else 0


def is_persistent(absent: int, possible: int) -> bool:
    """Whether an enrolment is persistently absent: 10 % or more of its own possible sessions (since 2015/16)."""
    return possible > 0 and PERSISTENT_TIMES * absent >= possible


def is_severe(absent: int, possible: int) -> bool:
    """Whether an enrolment is severely absent: 50 % or more of its own possible sessions."""
    return possible > 0 and SEVERE_TIMES * absent >= possible


@dataclass(frozen=True, slots=True)
class Group:
    """The sums over the enrolments of a group: each counts once, and only with a possible session."""

    enrolments: int
    persistent_pupils: int
    severe_pupils: int
    absence_of_persistent_pupils: int
    total: Tally
    pupils_with: Mapping[str, int] = field(default_factory=lambda: _NO_CODES)
    """How many enrolments have at least one session of a code."""

    @property
    def persistent(self) -> Fraction | None:
        """Persistently absent enrolments as a share of all: printed as `pa_perc`."""
        return rate(self.persistent_pupils, self.enrolments)

    @property
    def severe(self) -> Fraction | None:
        """Severely absent enrolments as a share of all."""
        return rate(self.severe_pupils, self.enrolments)

    @property
    def absence_due_to_persistent(self) -> Fraction | None:
        """The absence of the persistently absent as a share of all absence."""
        return rate(self.absence_of_persistent_pupils, self.total.overall_absence)


def group(tallies: Iterable[Tally]) -> Group:
    """The sums over one tally for each enrolment; its rates are of the pooled sums, not means of pupils' rates."""
    counted = [one for one in tallies if one.possible_sessions]
    persistent = [one for one in counted if is_persistent(one.overall_absence, one.possible_sessions)]
    total = EMPTY
    for one in counted:
        total = add(total, one)
    return Group(
        enrolments=len(counted),
        persistent_pupils=len(persistent),
        severe_pupils=sum(is_severe(one.overall_absence, one.possible_sessions) for one in counted),
        absence_of_persistent_pupils=sum(one.overall_absence for one in persistent),
        total=total,
        pupils_with=MappingProxyType(dict(sorted(Counter(code for one in counted for code in one.codes).items()))),
    )


NOBODY = Group(0, 0, 0, 0, EMPTY)


def pooled(groups: Iterable[Group]) -> Group:
    """Groups that share no enrolment, together: a pupil of two schools is an enrolment at each."""
    parts = [*groups]
    total, pupils_with = EMPTY, Counter[str]()
    for one in parts:
        total = add(total, one.total)
        pupils_with.update(one.pupils_with)
    return Group(
        enrolments=sum(one.enrolments for one in parts),
        persistent_pupils=sum(one.persistent_pupils for one in parts),
        severe_pupils=sum(one.severe_pupils for one in parts),
        absence_of_persistent_pupils=sum(one.absence_of_persistent_pupils for one in parts),
        total=total,
        pupils_with=MappingProxyType(dict(sorted(pupils_with.items()))),
    )


def with_one_or_more(counted: Group, code: str) -> Fraction | None:
    """The enrolments with at least one session of a code as a share of the enrolments."""
    return rate(counted.pupils_with.get(code, 0), counted.enrolments)
