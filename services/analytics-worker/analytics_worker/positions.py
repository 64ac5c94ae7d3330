"""Where a reader of many schools stands: the position of each, in one opaque text that is small enough for a header."""

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate

from kit.problems import Fault, Problem

_MOST_BYTES = 4_194_304


@dataclass(frozen=True, slots=True)
class Positions:
    """What an authority's reader has seen: each school's position, and the instant by which registers were due."""

    la_code: str
    at: datetime
    seqs: Mapping[int, int]

    def text(self) -> str:
        """Write the positions: schools as steps from one to the next, packed."""
        schools = sorted(self.seqs)
        steps = [school - before for before, school in zip([0, *schools], schools, strict=False)]
        members = [self.la_code, int(self.at.timestamp()), steps, [self.seqs[school] for school in schools]]
        packed = zlib.compress(json.dumps(members, separators=(",", ":")).encode(), 9)
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def read(text: str, la_code: str, parameter: str) -> Positions:
    """Read positions that `text` wrote for this authority; raise `invalid-cursor`, naming the parameter."""
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        members = json.loads(zlib.decompressobj().decompress(packed, _MOST_BYTES))
        whose, at, steps, seqs = members
        found = Positions(
            whose,
            datetime.fromtimestamp(int(at), UTC),
            {int(school): int(seq) for school, seq in zip(accumulate(steps), seqs, strict=True)},
        )
    except (ValueError, TypeError, OverflowError, zlib.error) as caught:
        raise _invalid("Not one of ours.", parameter) from caught
    if found.la_code != la_code:
        raise _invalid("It belongs to another authority.", parameter)
    return found


def _invalid(detail: str, parameter: str) -> Problem:
    return Problem("invalid-cursor", f"{parameter} cannot be used.", (Fault(detail, parameter=parameter),))
