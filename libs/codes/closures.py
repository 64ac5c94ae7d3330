"""Closures beside the calendar: which sessions one closes, for whom, and which were held all the same.

`#` closes the whole school as planned, Y4 the whole site when nobody planned it; Y3 keeps some pupils away from a
session that is open to the others. The calendar says which sessions there are; a closure takes some of them away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

from codes.ages import YEAR_GROUPS
from codes.book import Session, lawful

PLANNED, PART, WHOLE_SITE = "#", "Y3", "Y4"
CODES = (PLANNED, PART, WHOLE_SITE)
LONGEST_DAYS = 400
NOT_HELD = frozenset(CODES)
"""Entries that do not show that a session took place."""

Moment = tuple[date, Session]
"""One session: moments are in order, the morning before the afternoon."""

_DAY = timedelta(days=1)


class ClosureFault(ValueError):
    """A closure that cannot be; `member` is the path of the member at fault, such as "to/date"."""

    def __init__(self, member: str, detail: str) -> None:
        super().__init__(f"{member}: {detail}")
        self.member = member
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Closure:
    """A run of sessions, both ends inclusive, closed by one code; `reversed_from` ends it early.

    `held` are sessions that took place though the site closed in the middle of them; `already` those that another
    closure had closed, and that stay with it.
    """

    id: str
    code: str
    first: Moment
    last: Moment
    pupils: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    year_groups: tuple[str, ...] = ()
    held: frozenset[Moment] = frozenset()
    already: frozenset[Moment] = frozenset()
    reversed_from: Moment | None = None

    @property
    def of_everyone(self) -> bool:
        """Whether it is of the whole school, and not of some pupils."""
        return self.code != PART

    @property
    def same(self) -> tuple[Any, ...]:
        """What makes two closures one: code, bounds and selection."""
        return (self.code, self.first, self.last, set(self.pupils), set(self.classes), set(self.year_groups))

    def stands(self, at: Moment) -> bool:
        """Whether the closure is in force in a session."""
        within = self.first <= at <= self.last and at not in self.already
        return within and (self.reversed_from is None or at < self.reversed_from)

    def shuts(self, at: Moment) -> bool:
        """Whether the session does not take place by it, for anybody."""
        return self.of_everyone and self.stands(at) and at not in self.held


def moments(first: Moment, last: Moment) -> Iterator[Moment]:
    """Every session from one to another, both inclusive, whether the calendar has it or not."""
    for n in range((last[0] - first[0]).days + 1):
        for session in Session:
            if first <= (at := (first[0] + n * _DAY, session)) <= last:
                yield at


def was_held(standing: Iterable[str]) -> bool:
    """Whether a session with these entries took place.

    ASSUMPTION: any entry but those of a closure itself shows that the register was being taken.
    """
    return any(code not in NOT_HELD for code in standing)


def shut(closures: Iterable[Closure]) -> Mapping[Moment, str]:
    """The sessions that do not take place, each with the one code that may stand in it."""
    return MappingProxyType(
        {at: each.code for each in closures for at in moments(each.first, each.last) if each.shuts(at)}
    )


def closure_from_body(id_: str, body: Mapping[str, Any]) -> Closure:
    """A closure from its body: `code`, `from`, `to`, `pupils`, `classes`, `year_groups`, and `held` and `already`.

    Sessions are {date, session}. Raises `ClosureFault` for a run that ends before it begins or is too long, a code that
    is none of a closure or not in force from its first day on (Y3 and Y4: 19 August 2024), and a selection without Y3
    or Y3 without one. Sources: SI 2024/208 reg 10, Table 3; # is of the whole school.
    """
    closure = Closure(
        id_,
        body["code"],
        _moment(body["from"]),
        _moment(body["to"]),
        tuple(body.get("pupils", ())),
        tuple(body.get("classes", ())),
        tuple(body.get("year_groups", ())),
        frozenset(_moment(each) for each in body.get("held", ())),
        frozenset(_moment(each) for each in body.get("already", ())),
    )
    if closure.code not in CODES:
        raise ClosureFault("code", f"A closure is one of {', '.join(CODES)}.")
    if closure.last < closure.first:
        raise ClosureFault("to", "A closure ends no earlier than it begins.")
    if (closure.last[0] - closure.first[0]).days >= LONGEST_DAYS:
        raise ClosureFault("to/date", f"A closure is of {LONGEST_DAYS} days at the most.")
    if lawful(closure.code, closure.first[0]) is None:
        raise ClosureFault("code", f"{closure.code} is not in force on {closure.first[0]}.")
    selected = bool(closure.pupils or closure.classes or closure.year_groups)
    if selected is closure.of_everyone:
        raise ClosureFault("code", "Y3, and Y3 alone, is of some pupils: name pupils, classes or year groups.")
    for n, group in enumerate(closure.year_groups):
        if group not in YEAR_GROUPS:
            raise ClosureFault(f"year_groups/{n}", f"A year group is one of {', '.join(YEAR_GROUPS)}.")
    return closure


def reversed_by(closure: Closure, body: Mapping[str, Any]) -> Closure:
    """The closure after a reversal, `reversed_from` {date, session}: an earlier one says more, a later one nothing."""
    at = _moment(body["reversed_from"])
    if not closure.first <= at <= closure.last:
        raise ClosureFault("from", "A reversal begins within the closure.")
    return replace(closure, reversed_from=at if closure.reversed_from is None else min(at, closure.reversed_from))


def closures_of(bodies: Iterable[tuple[str, Mapping[str, Any]]]) -> tuple[Closure, ...]:
    """The closures that these bodies make, given with their ids in the order in which they were recorded."""
    found: dict[str, Closure] = {}
    for id_, body in bodies:
        found[id_] = said(id_, body, found.get(id_))
    return tuple(found.values())


def said(id_: str, body: Mapping[str, Any], standing: Closure | None) -> Closure:
    """The closure that a body makes, or that a reversal makes of the one that stands. Raises `ClosureFault`."""
    return closure_from_body(id_, body) if standing is None else reversed_by(standing, body)


def _moment(body: Mapping[str, str]) -> Moment:
    return date.fromisoformat(body["date"]), Session(body["session"])
