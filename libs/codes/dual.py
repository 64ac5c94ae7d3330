"""Dual registration: of two schools that register a pupil, one alone marks a session; the other has D, or X."""

from __future__ import annotations

from enum import StrEnum

# Methodology 4.4.1: each school records only the sessions that the pupil is required to attend with it.
_NOT_HERE = frozenset({"D", "X"})


class Conflict(StrEnum):
    """How the entries of two schools for one session disagree."""

    BOTH_MARKED = "both-marked"
    NEITHER_MARKED = "neither-marked"


def conflict(here: str | None, there: str | None) -> Conflict | None:
    """How the entries of two schools that register a pupil disagree, or None; None for an entry that is missing.

    Both hold another code than D or X, or neither does. A missing entry is a fault of that school's own register.
    """
    if here is None or there is None or (here in _NOT_HERE) != (there in _NOT_HERE):
        return None
    return Conflict.NEITHER_MARKED if here in _NOT_HERE else Conflict.BOTH_MARKED
