"""How much one client may ask of one process in a minute, and how it is told.

Kept in the memory of each process: with four processes a client may have four times as much. It keeps one client from
taking the service from the others, and nothing depends on its being exact.
"""

import time
from collections import Counter

from starlette.types import Scope

from kit.problems import Problem

WINDOW = 60.0
"""Seconds that are counted together."""
_EARNED = "rollbook.rate"


class Rates:
    """Counts what each caller asks in the minute that runs; 0 is no limit."""

    def __init__(self, a_minute: int) -> None:
        self._a_minute = a_minute
        self._began = float("-inf")
        self._asked: Counter[str] = Counter()

    def count(self, scope: Scope, who: str) -> None:
        """Count a request; raise `rate-limited` beyond the limit. Either answer tells what is left, and when anew."""
        if not self._a_minute:
            return
        if (now := time.monotonic()) - self._began >= WINDOW:
            self._began = now
            self._asked.clear()
        self._asked[who] += 1
        left = self._a_minute - self._asked[who]
        anew = max(1, round(self._began + WINDOW - now))
        # IETF draft-ietf-httpapi-ratelimit-headers: what is allowed, and what is left of it.
        headers = {
            "RateLimit-Policy": f'"client";q={self._a_minute};w={WINDOW:.0f}',
            "RateLimit": f'"client";r={max(0, left)};t={anew}',
        }
        if left < 0:
            detail = f"A client has {self._a_minute} requests a minute."
            raise Problem("rate-limited", detail, headers={**headers, "Retry-After": str(anew)})
        scope[_EARNED] = headers


def earned(scope: Scope) -> list[tuple[str, str]]:
    """Give the headers that tell a caller what is left to it."""
    return list(scope.get(_EARNED, {}).items())
