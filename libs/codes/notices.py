"""Penalty notices as records: which tier applies to the next, what is to pay until when, and which sessions are spent.

A notice is of one parent for one child. What the law fixes is data here, by the date of issue: no authority sets it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from codes.ages import birthday
from codes.alerts import Standing
from codes.book import Session, read
from codes.penalty import SOURCE, THRESHOLD_SESSIONS
from codes.reading import STARTS_2024

MOST_NOTICES = 2
"""Notices to one parent for one child within so many years."""
YEARS = 3
EXCLUDED_DAYS = 5
"""School days of an exclusion in which the child may not be in a public place in school hours."""

_AMOUNTS = "SI 2024/210"
_SECTION_105 = "Education and Inspections Act 2006 ss.103 and 105"


class Offence(StrEnum):
    """What a notice is for: failing to secure regular attendance, or an excluded child in a public place."""

    ATTENDANCE = "attendance"
    PUBLIC_PLACE = "excluded-in-public-place"


class Verdict(StrEnum):
    """How a prosecution ended."""

    PLEADED_GUILTY = "pleaded-guilty"
    FOUND_GUILTY = "found-guilty"
    FOUND_NOT_GUILTY = "found-not-guilty"
    DISCONTINUED = "discontinued"


class Tier(StrEnum):
    """Which notice the next one is; `NONE` where two were issued within three years, and other action remains."""

    FIRST = "first"
    SECOND = "second"
    NONE = "none"


class State(StrEnum):
    """What has become of a notice; `UNPAID` is past its last day: the authority prosecutes or withdraws it."""

    ISSUED = "issued"
    PAYABLE = "payable"
    PAID = "paid"
    UNPAID = "unpaid"
    PROSECUTED = "prosecuted"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice, to one parent for one child. `sessions` are those it relies on, with the codes that stood then.

    `excluded_on` is the day in a public place that a notice under section 105 is for; it relies on no session.
    """

    id: str
    parent: str
    child: str
    issued_by: str
    issued_on: date
    sessions: tuple[Standing, ...] = ()
    offence: Offence = Offence.ATTENDANCE
    excluded_on: date | None = None
    received_on: date | None = None
    paid_on: date | None = None
    paid_pounds: int | None = None
    withdrawn_on: date | None = None
    withdrawn_why: str | None = None
    prosecuted_on: date | None = None
    ended_on: date | None = None
    verdict: Verdict | None = None

    def withdrawn(self, on: date) -> bool:
        """Whether it was withdrawn by a day."""
        return self.withdrawn_on is not None and self.withdrawn_on <= on


@dataclass(frozen=True, slots=True)
class Price:
    """An amount, and within how many days, the day of receipt being the first of them, it settles the notice."""

    pounds: int
    days: int


# ASSUMPTION: notices under section 105 keep the amounts of before: SI 2024/210 confines those to them.
_BEFORE_2024 = (Price(60, 21), Price(120, 28))
_PRICES = {Tier.FIRST: (Price(80, 21), Price(160, 28)), Tier.SECOND: (Price(160, 28),), Tier.NONE: ()}


def prices(offence: Offence, tier: Tier, issued_on: date) -> tuple[Price, ...]:
    """What settles a notice, the lowest first; nothing where no notice may be issued."""
    if offence is Offence.PUBLIC_PLACE or issued_on < STARTS_2024:
        return _BEFORE_2024
    return _PRICES[tier]


@dataclass(frozen=True, slots=True)
class Tiered:
    """The tier of a notice on a day and the notices that decide it; `again_on` is the day from which one is possible.

    `again_on` is None where one is possible on the day itself.
    """

    on: date
    tier: Tier
    counted: tuple[Notice, ...]
    again_on: date | None

    def evidence(self) -> dict[str, Any]:
        """The tier in plain values."""
        return {
            "on": self.on.isoformat(),
            "tier": str(self.tier),
            "notices": [{"id": notice.id, "issued_on": notice.issued_on.isoformat()} for notice in self.counted],
            "again_on": None if self.again_on is None else self.again_on.isoformat(),
            "rule": f"{MOST_NOTICES} notices at most to a parent for a child, issued in the {YEARS} years to that day",
            "source": SOURCE,
        }


def tier(notices: Iterable[Notice], parent: str, child: str, on: date) -> Tiered:
    """The tier of a notice that is issued on a day to a parent for a child, by what had become of earlier ones by then.

    Those issued in the three years ending on that day count, from 19 August 2024: unpaid ones too, withdrawn ones
    never, prosecuted ones where the parent pleaded or was found guilty. ASSUMPTION: a prosecution that has not ended
    does not count yet; the three years end on the day of issue, where an older reading has them begin with the first.
    """
    counted = counting((notice for notice in notices if (notice.parent, notice.child) == (parent, child)), on)
    if len(counted) < MOST_NOTICES:
        return Tiered(on, Tier.SECOND if counted else Tier.FIRST, counted, None)
    return Tiered(on, Tier.NONE, counted, birthday(counted[-MOST_NOTICES].issued_on, YEARS))


def counting(notices: Iterable[Notice], on: date) -> tuple[Notice, ...]:
    """The notices, to whomever, that count to the limit of two in three years on a day, by their days of issue."""
    return tuple(sorted((notice for notice in notices if _counts(notice, on)), key=lambda notice: notice.issued_on))


def _counts(notice: Notice, on: date) -> bool:
    if notice.offence is not Offence.ATTENDANCE or notice.issued_on < STARTS_2024 or notice.withdrawn(on):
        return False
    if notice.prosecuted_on is not None and notice.prosecuted_on <= on:
        ended = notice.ended_on is not None and notice.ended_on <= on
        if not (ended and notice.verdict in (Verdict.PLEADED_GUILTY, Verdict.FOUND_GUILTY)):
            return False
    return notice.issued_on <= on < birthday(notice.issued_on, YEARS)


def tier_of(notice: Notice, notices: Sequence[Notice]) -> Tier:
    """The tier of a notice that was issued, by those before it; of two of one day the one given first is before."""
    own = next((place for place, other in enumerate(notices) if other.id == notice.id), len(notices))
    before = [other for place, other in enumerate(notices) if (other.issued_on, place) < (notice.issued_on, own)]
    return tier(before, notice.parent, notice.child, notice.issued_on).tier


@dataclass(frozen=True, slots=True)
class Payable:
    """An amount and the last day on which it settles the notice; None while the day of receipt is not known."""

    pounds: int
    last_day: date | None


def payable(notice: Notice, tier: Tier) -> tuple[Payable, ...]:
    """What settles a notice and until when: days run beginning with the day of receipt (SI 2024/210 reg 4)."""
    received = notice.received_on
    return tuple(
        Payable(price.pounds, None if received is None else received + timedelta(days=price.days - 1))
        for price in prices(notice.offence, tier, notice.issued_on)
    )


def owed(notice: Notice, tier: Tier, on: date) -> int | None:
    """How many pounds settle a notice on a day; None once the last day to pay is over."""
    amounts = payable(notice, tier)
    return next((each.pounds for each in amounts if each.last_day is None or on <= each.last_day), None)


def state(notice: Notice, tier: Tier, on: date) -> State:
    """What has become of a notice by a day; what was paid too late, or too little for its day, does not settle it."""
    if notice.withdrawn(on):
        return State.WITHDRAWN
    if notice.prosecuted_on is not None and notice.prosecuted_on <= on:
        return State.PROSECUTED
    if notice.paid_on is not None and notice.paid_on <= on:
        least = owed(notice, tier, notice.paid_on)
        if least is not None and (notice.paid_pounds or 0) >= least:
            return State.PAID
    if notice.received_on is None or notice.received_on > on:
        return State.ISSUED
    return State.UNPAID if owed(notice, tier, on) is None else State.PAYABLE


def spent(notices: Iterable[Notice], child: str, on: date) -> frozenset[tuple[date, Session]]:
    """The sessions that notices for a child rely on, by a day; of one that was withdrawn they count again.

    ASSUMPTION (law doubt 15): they are spent for the child's threshold whichever parent the notice is to.
    """
    relied = (notice for notice in notices if notice.child == child and notice.issued_on <= on)
    return frozenset(entry[:2] for notice in relied if not notice.withdrawn(on) for entry in notice.sessions)


def first_five_days(first_day: date, school_days: Sequence[date]) -> tuple[date, ...]:
    """The days of an exclusion that a notice under section 105 can be for: its first five school days.

    ASSUMPTION: counted from the first day of the exclusion in school days, part of a day as a day.
    """
    place = bisect_left(school_days, first_day)
    return tuple(school_days[place : place + EXCLUDED_DAYS])


@dataclass(frozen=True, slots=True)
class Fault:
    """What speaks against a record: the member, what, and who says so. `refused` where the law leaves no choice."""

    member: str
    detail: str
    source: str
    refused: bool = True


def faults(notice: Notice, notices: Sequence[Notice]) -> tuple[Fault, ...]:
    """What speaks against a notice, beside those that there are: `notices` may hold it already, and is not changed."""
    others = [other for other in notices if other.id != notice.id]
    return (*_out_of_order(notice), *_against_issue(notice, others))


def _out_of_order(notice: Notice) -> Iterator[Fault]:
    for member in ("received_on", "paid_on", "withdrawn_on", "prosecuted_on"):
        if (day := getattr(notice, member)) is not None and day < notice.issued_on:
            yield Fault(member, "Before the day of issue.", SOURCE)
    if (notice.paid_on is None) != (notice.paid_pounds is None):
        yield Fault("paid_pounds", "A payment has its day and its pounds.", SOURCE)
    if notice.withdrawn_on is not None and not (notice.withdrawn_why or "").strip():
        yield Fault("withdrawn_why", "A notice is withdrawn for a reason.", SOURCE)
    if (notice.ended_on is None) != (notice.verdict is None):
        yield Fault("verdict", "A prosecution that ended has its day and how it ended.", SOURCE)
    if notice.ended_on is not None and (notice.prosecuted_on is None or notice.ended_on < notice.prosecuted_on):
        yield Fault("ended_on", "A prosecution begins before it ends.", SOURCE)


def _against_issue(notice: Notice, others: Sequence[Notice]) -> Iterator[Fault]:
    if notice.offence is Offence.PUBLIC_PLACE:
        if notice.excluded_on is None or notice.sessions:
            yield Fault("excluded_on", "It is for a day of an exclusion, and relies on no session.", _SECTION_105)
        return
    if notice.issued_on < STARTS_2024:
        return
    if tier(others, notice.parent, notice.child, notice.issued_on).tier is Tier.NONE:
        yield Fault("issued_on", f"{MOST_NOTICES} notices were issued in the {YEARS} years ending that day.", _AMOUNTS)
    if any(not read(code, on).threshold for on, _, code in notice.sessions):
        yield Fault("sessions", "Only sessions of G, N, O or U from 19 August 2024 on count.", SOURCE)
    if any(code == "N" for _, _, code in notice.sessions):
        yield Fault("sessions", "An N is resolved before it is relied on.", SOURCE, refused=False)
    if len(notice.sessions) < THRESHOLD_SESSIONS:
        yield Fault("sessions", f"Fewer than {THRESHOLD_SESSIONS} sessions: only exceptionally.", SOURCE, refused=False)
    own = [other for other in others if other.parent == notice.parent]
    if {entry[:2] for entry in notice.sessions} & spent(own, notice.child, notice.issued_on):
        yield Fault("sessions", "An earlier notice to this parent relies on one of them.", SOURCE)
