"""What a school sets for itself: the times of its registers, its lines, what it does when, and its cycles.

What the law fixes is not here and cannot be set: the codes, the five school days for N, the penalty threshold. The six
years of keeping may be lengthened and not shortened. What the school's own paper says of such things may be stated; it
decides nothing (`codes.stated`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from fractions import Fraction
from itertools import combinations
from typing import Any

from codes import retention
from codes.ages import YEAR_GROUPS
from codes.book import Session
from codes.members import PolicyFault, Warning, all_chosen, chosen, items, number, only, share, time_of
from codes.staged import StagedApproach, staged_approach
from codes.stated import Stated, contradictions, stated_in

_LONGEST_MINUTES = 30
_MOST_YEARS = 100
_WORKING_TOGETHER = "Working together to improve school attendance (statutory guidance, DfE)"
_GUIDANCE = _WORKING_TOGETHER + ", on taking the register"


class Cycle(StrEnum):
    """How often something is done."""

    WEEKLY = "weekly"
    MONTHLY = "monthly"
    HALF_TERMLY = "half-termly"
    TERMLY = "termly"
    YEARLY = "yearly"


@dataclass(frozen=True)
class RegisterTimes:
    """When one register opens and closes, and when its session ends; `year_groups` None for every other year group."""

    session: Session
    opens: time
    closes: time
    ends: time
    year_groups: tuple[str, ...] | None


_NO_APPROACH, _NOTHING = StagedApproach(), Stated()


@dataclass(frozen=True)
class Policy:
    """One school's own settings; shares such as 24/25 for 96 %. Levels are given from so many possible sessions on.

    None is what a school has not set, and nothing is done by it. By `report_by` parents should have said why a pupil is
    absent; evidence is asked for when an illness lasts longer than `illness_evidence_after_days`; a register is called
    not taken so many minutes after it closed; parents are reported to, and attendance is looked at, in cycles.
    """

    registers: tuple[RegisterTimes, ...]
    target: Fraction | None
    referral_below: Fraction | None
    levels_from_sessions: int = 40
    retention_years: int = retention.YEARS
    class_targets: tuple[tuple[str, Fraction], ...] = ()
    at_risk_below: Fraction | None = None
    report_by: time | None = None
    # ASSUMPTION: half an hour, where the school has not said.
    register_grace_minutes: int = 30
    illness_evidence_after_days: int | None = None
    staged_approach: StagedApproach = _NO_APPROACH
    reporting_cycle: Cycle | None = None
    monitoring_cycles: tuple[Cycle, ...] = ()
    stated: Stated = _NOTHING


class RetentionTooShort(PolicyFault):
    """A policy that keeps the register for fewer years than the law demands."""

    slug = "retention-too-short"


# ASSUMPTION: a school that has stated no policy keeps the longest registers the guidance allows.
DEFAULT = Policy(
    registers=(
        RegisterTimes(Session.AM, time(8, 45), time(9, 15), time(12, 0), None),
        RegisterTimes(Session.PM, time(13, 0), time(13, 30), time(15, 15), None),
    ),
    target=None,
    referral_below=None,
)


_SETTINGS = frozenset(Policy.__dataclass_fields__)


def policy_from_body(body: Mapping[str, Any]) -> Policy:
    """A policy from its body: `registers` [{session, opens, closes, ends, year_groups?}], and what else is set.

    The members are those of `Policy`; all but `registers` may be left out. Times are "HH:MM" and local; `target`,
    `referral_below` and `at_risk_below` percentages; `class_targets` {class: percentage}; cycles words of `Cycle`.
    Raises `PolicyFault` for an unknown member, a session without a register, times out of order, a year group with two
    registers of one session, a morning that has not ended when the afternoon's register opens, a value of another kind,
    and, as `RetentionTooShort`, fewer years of keeping than the law's.
    """
    only(body, "", _SETTINGS)
    registers = tuple(
        _register(row, f"registers/{n}") for n, row in enumerate(items(body.get("registers"), "registers"))
    )
    for session in Session:
        if all(register.session is not session for register in registers):
            raise PolicyFault("registers", f"There is no register for {session}.")
    _apart(registers)
    cycle, days, report_by = (
        body.get(each) for each in ("reporting_cycle", "illness_evidence_after_days", "report_by")
    )
    grace = body.get("register_grace_minutes", Policy.register_grace_minutes)
    return Policy(
        registers,
        _share(body, "target"),
        _share(body, "referral_below"),
        number(body.get("levels_from_sessions", Policy.levels_from_sessions), "levels_from_sessions", "sessions"),
        _years(body.get("retention_years", Policy.retention_years)),
        tuple(_class_targets(body.get("class_targets", {}))),
        _share(body, "at_risk_below"),
        None if report_by is None else time_of(report_by, "report_by"),
        number(grace, "register_grace_minutes", "minutes", 0),
        None if days is None else number(days, "illness_evidence_after_days", "days", 0),
        staged_approach(body.get("staged_approach", {}), "staged_approach"),
        None if cycle is None else Cycle(chosen(cycle, "reporting_cycle", tuple(Cycle))),
        tuple(map(Cycle, all_chosen(body.get("monitoring_cycles", ()), "monitoring_cycles", tuple(Cycle)))),
        stated_in(body.get("stated", {}), "stated"),
    )


def times(policy: Policy, session: Session, year_group: str | None) -> RegisterTimes:
    """The register that concerns a year group in a session.

    The one that names it, else the one that names none. ASSUMPTION: for a year group that no register concerns, the
    first register of that session.
    """
    first = unnamed = None
    for register in policy.registers:
        if register.session is session:
            first = first or register
            if register.year_groups is None:
                unnamed = register
            elif year_group in register.year_groups:
                return register
    found = unnamed or first
    if found is None:
        raise LookupError(f"The policy has no register for {session}.")
    return found


def warnings(policy: Policy, on: date) -> tuple[Warning, ...]:
    """What in a policy guidance advises against, though it is allowed, and where the paper contradicts the law.

    `on` is the day by whose law the paper is read.
    """
    closes = {
        session: frozenset(each.closes for each in policy.registers if each.session is session) for session in Session
    }
    advised = (*_too_long(policy), *_unequal(policy), *_not_together(policy), *_evidence(policy), *_reporting(policy))
    return (*advised, *contradictions(policy.stated, closes, on))


def _too_long(policy: Policy) -> Iterator[Warning]:
    for n, register in enumerate(policy.registers):
        if (minutes := _minutes_open(register)) > _LONGEST_MINUTES:
            detail = f"Open for {minutes} minutes; a register should close after at most {_LONGEST_MINUTES}."
            yield Warning(f"registers/{n}/closes", detail, _GUIDANCE)


def _unequal(policy: Policy) -> Iterator[Warning]:
    if len(lengths := sorted({_minutes_open(register) for register in policy.registers})) > 1:
        spoken = " and ".join(str(minutes) for minutes in lengths)
        yield Warning("registers", f"Open for {spoken} minutes; every session should have the same.", _GUIDANCE)


def _not_together(policy: Policy) -> Iterator[Warning]:
    for session in Session:
        opened = {register.opens for register in policy.registers if register.session is session}
        if len(opened) > 1:
            detail = f"{session} registers open at {len(opened)} times; all pupils' should be taken at the same time."
            yield Warning("registers", detail, _GUIDANCE + " (July 2026 edition, paragraph 32)")


def _evidence(policy: Policy) -> Iterator[Warning]:
    if (days := policy.illness_evidence_after_days) is not None:
        when = f"of more than {days} days" if days else "of any length"
        detail = (
            f"Evidence is asked for of an illness {when}; it should be where there is genuine doubt, and only there."
        )
        yield Warning("illness_evidence_after_days", detail, _WORKING_TOGETHER + ", paragraphs 365 and 366")


def _reporting(policy: Policy) -> Iterator[Warning]:
    if policy.reporting_cycle is Cycle.YEARLY:
        detail = "Parents are told of attendance once a year; they should be regularly."
        yield Warning("reporting_cycle", detail, _WORKING_TOGETHER + ", on what schools do")


def _minutes_open(register: RegisterTimes) -> int:
    opens, closes = register.opens, register.closes
    return (closes.hour - opens.hour) * 60 + closes.minute - opens.minute


def _register(row: Any, member: str) -> RegisterTimes:
    only(row, member, {"session", "opens", "closes", "ends", "year_groups"})
    if row.get("session") not in tuple(Session):
        raise PolicyFault(f"{member}/session", "This is AM or PM.")
    opens, closes, ends = (time_of(row.get(name), f"{member}/{name}") for name in ("opens", "closes", "ends"))
    if closes <= opens:
        raise PolicyFault(f"{member}/closes", "A register closes after it opens.")
    if ends < closes:
        raise PolicyFault(f"{member}/ends", "A session ends no earlier than its register closes.")
    return RegisterTimes(Session(row["session"]), opens, closes, ends, _year_groups(row.get("year_groups"), member))


def _year_groups(value: Any, member: str) -> tuple[str, ...] | None:
    if value is None:
        return None
    if isinstance(value, str) or not isinstance(value, Sequence) or not value:
        raise PolicyFault(f"{member}/year_groups", "This is a list of at least one year group.")
    for n, group in enumerate(value):
        if group not in YEAR_GROUPS:
            raise PolicyFault(f"{member}/year_groups/{n}", f"A year group is one of {', '.join(YEAR_GROUPS)}.")
    return tuple(value)


def _apart(registers: tuple[RegisterTimes, ...]) -> None:
    """Refuse two registers that would claim one pupil's session, and a morning that runs into the afternoon."""
    for (m, one), (n, other) in combinations(enumerate(registers), 2):
        if one.session is other.session:
            if one.year_groups is None and other.year_groups is None:
                raise PolicyFault(f"registers/{n}", f"Two {one.session} registers are for every year group.")
            if shared := set(one.year_groups or ()) & set(other.year_groups or ()):
                raise PolicyFault(f"registers/{n}/year_groups", f"{', '.join(sorted(shared))} already has a register.")
        elif _may_concern_one_pupil(one, other):
            afternoon, at, morning = (other, n, one) if one.session is Session.AM else (one, m, other)
            if afternoon.opens < morning.ends:
                raise PolicyFault(f"registers/{at}/opens", "The afternoon opens after the morning has ended.")


def _may_concern_one_pupil(one: RegisterTimes, other: RegisterTimes) -> bool:
    return one.year_groups is None or other.year_groups is None or bool(set(one.year_groups) & set(other.year_groups))


def _share(body: Mapping[str, Any], name: str) -> Fraction | None:
    return None if body.get(name) is None else share(body[name], name)


def _class_targets(value: Any) -> Iterator[tuple[str, Fraction]]:
    if not isinstance(value, Mapping):
        raise PolicyFault("class_targets", "This is an object, of classes and percentages.")
    for name, target in value.items():
        yield name, share(target, f"class_targets/{name}")


def _years(value: Any) -> int:
    years = number(value, "retention_years", "years")
    if years > _MOST_YEARS:
        raise PolicyFault("retention_years", f"This is {_MOST_YEARS} years or fewer.")
    try:
        return retention.years_kept(years)
    except retention.TooShort as caught:
        raise RetentionTooShort("retention_years", str(caught)) from caught
