"""Where a reader of many schools stands: the position of each, in one opaque text that is small enough for a header."""

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import accumulate

from kit.problems import Fault, Problem
from kit.schools import LONDON

_MOST_BYTES = 4_194_304
_LATEST = 1 << 33
"""Seconds since 1970, in 2242: of what is later no calendar can be reckoned with."""


@dataclass(frozen=True, slots=True)
class Positions:
    """What an authority's reader has seen, and the instant by which registers were due.

    `seqs` are each school's position of entries, `heads` the one its roll, calendars and facts were read at, which no
    projector is waited for; `until` is the last day of which rows were given, today or one to come.
    """

    la_code: str
    at: datetime
    seqs: Mapping[int, int]
    heads: Mapping[int, int]
    until: date

    def text(self) -> str:
        """Write the positions: schools as steps from one to the next, packed."""
        schools = sorted(self.seqs)
        steps = [school - before for before, school in zip([0, *schools], schools, strict=False)]
        seqs = [self.seqs[school] for school in schools]
        behind = [self.heads[school] - self.seqs[school] for school in schools]
        members = [self.la_code, int(self.at.timestamp()), steps, seqs, behind, self.until.toordinal()]
        packed = zlib.compress(json.dumps(members, separators=(",", ":")).encode(), 9)
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def read(text: str, la_code: str, parameter: str) -> Positions:
    """Read positions that `text` wrote for this authority; raise `invalid-cursor`, naming the parameter.

    A text of the form before, without what was behind and the last day, is read as if nothing had been.
    """
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        members = json.loads(zlib.decompressobj().decompress(packed, _MOST_BYTES))
        whose, since, steps, seqs, *rest = members
        behind, until = rest or ([0] * len(seqs), None)
        at = datetime.fromtimestamp(_within(since, _LATEST), UTC)
        schools = [_within(school, 1 << 31) for school in accumulate(int(step) for step in steps)]
        folded = {school: _within(seq, 1 << 60) for school, seq in zip(schools, seqs, strict=True)}
        heads = {school: folded[school] + _within(more, 1 << 60) for school, more in zip(schools, behind, strict=True)}
        last = at.astimezone(LONDON).date() if until is None else date.fromordinal(until)
    except (ValueError, TypeError, OverflowError, zlib.error) as caught:
        raise _invalid("Not one of ours.", parameter) from caught
    if whose != la_code:
        raise _invalid("It belongs to another authority.", parameter)
    return Positions(whose, at, folded, heads, last)


def _within(number: object, most: int) -> int:
    if type(number) is not int or not 0 <= number < most:
        raise ValueError(f"{number!r} is none of our numbers")
    return number


def _invalid(detail: str, parameter: str) -> Problem:
    return Problem("invalid-cursor", f"{parameter} cannot be used.", (Fault(detail, parameter=parameter),))
