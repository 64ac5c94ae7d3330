"""Spells: sessions of one pupil, one after another, whose codes belong together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date

from codes.alerts import Standing
from codes.book import read


def spells(
    entries: Sequence[Standing], belongs: Callable[[Standing], bool], passes: frozenset[str] = frozenset()
) -> Iterator[tuple[Standing, ...]]:
    """The spells of one pupil's entries, which are in order; weekends and holidays lie within them.

    An entry whose code is in `passes`, and one of a session that was not possible, neither ends nor lengthens a spell;
    any other that does not belong ends it.
    """
    held: list[Standing] = []
    for entry in entries:
        if belongs(entry):
            held.append(entry)
        elif held and entry[2] not in passes and read(entry[2], entry[0]).possible:
            yield tuple(held)
            held = []
    if held:
        yield tuple(held)


def days_of(spell: Sequence[Standing]) -> tuple[date, ...]:
    """The days of a spell, in order."""
    return tuple(dict.fromkeys(on for on, _, _ in spell))
