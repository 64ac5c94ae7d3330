"""Notices to improve: the last offer of support before a penalty notice, what it holds and how long its period is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

from codes.notices import Fault
from codes.penalty import SOURCE

LEAST_WEEKS, MOST_WEEKS = 3, 6

_FRIDAY = 4

CONTENTS: Mapping[str, str] = MappingProxyType(
    {
        "attendance": "The pupil's attendance record, and the offences.",
        "duty": "The benefits of attendance, and the duty under section 7 of the Education Act 1996.",
        "support-given": "The support that has been given.",
        "support-offered": "Further support, and how to have it.",
        "warning": "That a penalty notice or prosecution may follow, and what improvement is sufficient.",
        "earlier": "On which grounds a penalty notice may be issued before the period is over.",
    }
)
"""What a notice to improve says, beside its period."""


@dataclass(frozen=True, slots=True)
class NoticeToImprove:
    """One notice to improve, to one parent for one child, with the period of improvement, both days inclusive.

    `contents` are the parts of `CONTENTS` that it holds.
    """

    id: str
    parent: str
    child: str
    issued_by: str
    issued_on: date
    starts: date
    ends: date
    contents: frozenset[str]

    def over(self, on: date) -> bool:
        """Whether the period is over, so that what came of it is due to be judged: from the day after its last."""
        return on > self.ends


def faults(notice: NoticeToImprove) -> tuple[Fault, ...]:
    """What speaks against a notice to improve: a period that is not 3 to 6 weeks, and what it does not say."""
    return (*_period(notice), *_missing(notice))


def _period(notice: NoticeToImprove) -> Iterator[Fault]:
    # ASSUMPTION: weeks are of seven days, holidays included; the weekend after a last Friday belongs to its week.
    ends = notice.ends + timedelta(days=2) if notice.ends.weekday() == _FRIDAY else notice.ends
    if ends < notice.starts + timedelta(weeks=LEAST_WEEKS, days=-1):
        yield Fault("ends", f"An improvement period has at least {LEAST_WEEKS} weeks.", SOURCE)
    if notice.ends >= notice.starts + timedelta(weeks=MOST_WEEKS):
        yield Fault("ends", f"An improvement period has at most {MOST_WEEKS} weeks.", SOURCE)
    if notice.starts < notice.issued_on:
        yield Fault("starts", "An improvement period does not begin before the notice is issued.", SOURCE)


def _missing(notice: NoticeToImprove) -> Iterator[Fault]:
    for part, says in CONTENTS.items():
        if part not in notice.contents:
            yield Fault(f"contents/{part}", f"It does not say: {says}", SOURCE, refused=False)
