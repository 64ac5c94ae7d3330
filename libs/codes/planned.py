"""Absence known ahead: its kinds, what a plan says, what the register expects by it, and entries that lack one.

A plan never writes a mark: it says what is expected and what is offered, session by session, once a decision grants it.
What may be stated of one, and what is advised against, is in `codes.planning`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from codes.book import Kind, read
from codes.reading import STARTS_2024, Session
from codes.school import School

At = tuple[date, Session]
"""One session: its date, and AM, which comes before PM."""
Slot = tuple[int, Session]
"""A session of every week: the number of the weekday, Monday is 0, and AM or PM."""

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
ASKED, GRANTED, REFUSED, WITHDRAWN = OUTCOMES = ("asked", "granted", "refused", "withdrawn")
"""What has become of a plan: `asked` until it is decided."""

_REG_11 = "SI 2024/208 reg 11"
_TABLE_2 = "SI 2024/208 reg 10(3), Table 2"
_TABLE_3 = "SI 2024/208 reg 10(3), Table 3"


@dataclass(frozen=True, slots=True)
class KindOfPlan:
    """A kind of absence known ahead: its codes, who may ask for it, its source, and which members it needs and takes.

    `in_advance` are the codes that are leave, which is given before it begins and never afterwards.
    """

    codes: tuple[str, ...]
    asked_by: str
    source: str
    in_advance: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    takes: frozenset[str] = frozenset()
    must_end: bool = True


_A_PARENT = "A parent with whom the pupil normally lives."
_THE_SCHOOL = "Nobody: the head teacher decides."

KINDS: Mapping[str, KindOfPlan] = MappingProxyType(
    {
        # ASSUMPTION: M is leave too, but is not asked to be decided before it begins: an emergency is no appointment
        # foreseen, and no source seen refuses it.
        "leave-of-absence": KindOfPlan(
            ("C", "C1", "J1", "M"),
            "C and M: a parent with whom the pupil normally lives; C1: the holder of the licence or a parent; "
            "J1: an appropriate person.",
            _REG_11 + "(2) and (4)",
            in_advance=frozenset({"C", "C1", "J1"}),
        ),
        "part-time-timetable": KindOfPlan(
            ("C2",),
            "Agreed between the school and a parent with whom the pupil normally lives.",
            _REG_11 + "(6)",
            in_advance=frozenset({"C2"}),
            needs=frozenset({"pattern", "agreed_with", "review_on"}),
            takes=frozenset({"times"}),
        ),
        "study-leave": KindOfPlan(("S",), _A_PARENT, _REG_11 + "(5)", in_advance=frozenset({"S"})),
        "suspension": KindOfPlan(("E",), _THE_SCHOOL, _TABLE_3, needs=frozenset({"length_days"})),
        "exclusion": KindOfPlan(("E",), _THE_SCHOOL, _TABLE_3, takes=frozenset({"length_days"}), must_end=False),
        "religious-observance": KindOfPlan(("R",), _A_PARENT, _TABLE_3),
        "dual-timetable": KindOfPlan(
            ("D",),
            "Agreed between the two schools.",
            _TABLE_2 + "; DfE absence methodology 4.4.1",
            needs=frozenset({"pattern", "other_school"}),
            must_end=False,
        ),
        "long-illness": KindOfPlan(("I",), _A_PARENT, _TABLE_3),
        "approved-activity": KindOfPlan(
            ("B", "K", "P", "V", "W"), "Nobody: the school approves it.", _TABLE_2 + " and reg 10(11)"
        ),
    }
)
"""The kinds of absence known ahead, by their slug."""

ALTERNATIVE_PROVISION_FROM_DAY = 6
"""Alternative provision is due from the sixth consecutive school day of a suspension or exclusion."""
_ALTERNATIVE_PROVISION = ("K", "B", "D")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a plan says of sessions: those asked for, and those it is about, which a decision may have made fewer.

    `last` is None while no end is known. Without a `pattern` it is about every session between its bounds.
    """

    id: str
    kind: str
    code: str
    outcome: str
    asked_first: At
    asked_last: At | None
    first: At
    last: At | None
    pattern: frozenset[Slot]


def plan_from_body(body: Mapping[str, Any]) -> Plan:
    """The plan in a recorded body, with its bounds: of what was granted, where less was granted than asked.

    Without `to` it ends with the afternoon of `ends_on`, where that is stated. Raises KeyError, TypeError or ValueError
    for what is no body of a plan.
    """
    decision = body.get("decision") or {}
    ends_on = body.get("ends_on")
    asked_first = _at(body["from"])
    asked_last = _at(body["to"]) if body.get("to") else None
    if asked_last is None and ends_on is not None:
        asked_last = (date.fromisoformat(ends_on), Session.PM)
    return Plan(
        body["id"],
        body["kind"],
        body["code"],
        decision.get("outcome", ASKED),
        asked_first,
        asked_last,
        _at(decision["from"]) if decision.get("from") else asked_first,
        _at(decision["to"]) if decision.get("to") else asked_last,
        frozenset(slot(row) for row in body.get("pattern") or ()),
    )


def _at(row: Mapping[str, str]) -> At:
    return date.fromisoformat(row["date"]), Session(row["session"])


def slot(row: Mapping[str, str]) -> Slot:
    """One session of a weekly pattern, {weekday, session}."""
    return WEEKDAYS.index(row["weekday"]), Session(row["session"])


def within(at: At, first: At, last: At | None) -> bool:
    """Whether a session lies between two, both inclusive; without a last one there is no end."""
    return first <= at and (last is None or at <= last)


def outcome_on(plan: Plan, at: At) -> str | None:
    """What became of a plan for one session; None where it is not about that session.

    A session that was asked for and left out when fewer were granted is refused: the school sets how long a leave is.
    """
    if not within(at, plan.asked_first, plan.asked_last):
        return None
    if plan.pattern and (at[0].weekday(), at[1]) not in plan.pattern:
        return None
    if plan.outcome == GRANTED and not within(at, plan.first, plan.last):
        return REFUSED
    return plan.outcome


def offered(plan: Plan, on: date, school: School) -> tuple[str, ...]:
    """The codes that a granted plan offers for a session of a day, the one to be thought of first before the others.

    From the sixth school day of a suspension or exclusion on, alternative provision before E. ASSUMPTION: the days are
    counted from the first of one plan, part of a day as a day, and two plans that follow one another each by itself.
    """
    if plan.code != "E" or len(school.open_days(plan.first[0], on)) < ALTERNATIVE_PROVISION_FROM_DAY:
        return (plan.code,)
    return (*_ALTERNATIVE_PROVISION, "E")


@dataclass(frozen=True, slots=True)
class Expected:
    """What a register expects of a pupil in one session, and the plans about it, each with its outcome there."""

    attend: bool
    codes: tuple[str, ...]
    planned: tuple[tuple[Plan, str], ...]


NOTHING_PLANNED = Expected(True, (), ())


def expected(plans: Iterable[Plan], at: At, school: School) -> Expected:
    """What is expected of a pupil in an open session, by the plans that stand of the pupil.

    A plan that is granted for the session expects the pupil away and offers its codes. One that was asked for, refused
    or withdrawn is shown and changes nothing.
    """
    about = tuple((plan, outcome) for plan in plans if (outcome := outcome_on(plan, at)) is not None)
    granted = [plan for plan, outcome in about if outcome == GRANTED]
    codes = dict.fromkeys(code for plan in granted for code in offered(plan, at[0], school))
    return Expected(not granted, tuple(codes), about)


# ASSUMPTION: of the codes of leave these need a recorded grant. M and R do not: no source asks for an application.
NEED_A_GRANT = frozenset({"C", "C1", "C2", "J1", "S"})
_OF_EXCLUSION = frozenset({"suspension", "exclusion"})
_ABSENCES = frozenset({Kind.AUTHORISED, Kind.UNAUTHORISED})


@dataclass(frozen=True, slots=True)
class Check:
    """What does not fit between an entry that stands and the plans: a slug, and the plan's id where one says so."""

    slug: str
    plan: str | None = None


def checks(code: str, at: At, plans: Sequence[Plan]) -> tuple[Check, ...]:
    """What an entry lacks or contradicts, by the plans that stand of the pupil.

    `leave-not-granted`: a code of leave that no granted plan with that code covers (reg 11). `suspension-not-recorded`:
    E without a suspension or exclusion. `absence-on-refused-dates`: any absence where leave was asked for and refused,
    unless another plan grants that very code. ASSUMPTION: nothing is said of sessions before 19 August 2024, whose C
    held what is now several codes.
    """
    on = at[0]
    if on < STARTS_2024:
        return ()
    about = [(plan, outcome) for plan in plans if (outcome := outcome_on(plan, at)) is not None]
    granted = [plan for plan, outcome in about if outcome == GRANTED and plan.code == code]
    if granted:
        return ()
    found: list[Check] = []
    if code in NEED_A_GRANT:
        found.append(Check("leave-not-granted"))
    if code == "E":
        found.append(Check("suspension-not-recorded"))
    if read(code, on).kind in _ABSENCES:
        found += [Check("absence-on-refused-dates", plan.id) for plan, outcome in about if outcome == REFUSED]
    return tuple(found)


def checked_codes() -> tuple[str, ...]:
    """The codes that are looked at whatever was asked for."""
    return (*sorted(NEED_A_GRANT), "E")
