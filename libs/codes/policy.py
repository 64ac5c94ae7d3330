"""What a school sets for itself: the times of its registers, its target and its referral line.

What the law fixes is not here and cannot be set: the codes, the five school days for N, the penalty threshold. The six
years of keeping may be lengthened and not shortened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from fractions import Fraction
from itertools import combinations
from typing import Any, ClassVar

from codes import retention
from codes.ages import YEAR_GROUPS
from codes.book import Session

_HH_MM = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_LONGEST_MINUTES = 30
_MOST_YEARS = 100
_GUIDANCE = "Working together to improve school attendance (statutory guidance, DfE), on taking the register"


@dataclass(frozen=True)
class RegisterTimes:
    """When one register opens and closes, and when its session ends; `year_groups` None for every other year group."""

    session: Session
    opens: time
    closes: time
    ends: time
    year_groups: tuple[str, ...] | None


@dataclass(frozen=True)
class Policy:
    """One school's own settings; shares such as 24/25 for 96 %. Levels are given from so many possible sessions on."""

    registers: tuple[RegisterTimes, ...]
    target: Fraction | None
    referral_below: Fraction | None
    levels_from_sessions: int = 40
    retention_years: int = retention.YEARS
    class_targets: tuple[tuple[str, Fraction], ...] = ()


@dataclass(frozen=True, slots=True)
class Warning:
    """Something allowed that guidance advises against: where in the policy, what, and who says so."""

    member: str
    detail: str
    source: str


class PolicyFault(ValueError):
    """A policy that cannot be; `member` is the path of the member at fault, such as "registers/0/closes"."""

    slug: ClassVar[str] = "invalid-policy"

    def __init__(self, member: str, detail: str) -> None:
        super().__init__(f"{member}: {detail}")
        self.member = member
        self.detail = detail


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


def policy_from_body(body: Mapping[str, Any]) -> Policy:
    """A policy from its body: `registers` [{session, opens, closes, ends, year_groups?}], `target`, `referral_below`.

    Times are "HH:MM" and local, `target` and `referral_below` percentages; `class_targets` {class: percentage},
    `levels_from_sessions` and `retention_years` may be given. Raises `PolicyFault` for an unknown member, a session
    without a register, times out of order, a year group with two registers of one session, a morning that has not ended
    when the afternoon's register opens, and, as `RetentionTooShort`, fewer years of keeping than the law's.
    """
    settings = {"target", "class_targets", "referral_below", "levels_from_sessions", "retention_years"}
    _only(body, "", {"registers", *settings})
    rows = body.get("registers")
    if isinstance(rows, str) or not isinstance(rows, Sequence):
        raise PolicyFault("registers", "This is a list.")
    registers = tuple(_register(row, f"registers/{n}") for n, row in enumerate(rows))
    for session in Session:
        if all(register.session is not session for register in registers):
            raise PolicyFault("registers", f"There is no register for {session}.")
    _apart(registers)
    return Policy(
        registers,
        _share(body.get("target"), "target"),
        _share(body.get("referral_below"), "referral_below"),
        _count(body.get("levels_from_sessions", Policy.levels_from_sessions), "levels_from_sessions", "sessions"),
        _years(body.get("retention_years", Policy.retention_years)),
        tuple(_class_targets(body.get("class_targets", {}))),
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


def warnings(policy: Policy) -> tuple[Warning, ...]:
    """What in a policy the guidance advises against, though it is allowed."""
    return (*_too_long(policy), *_unequal(policy), *_not_together(policy))


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


def _minutes_open(register: RegisterTimes) -> int:
    opens, closes = register.opens, register.closes
    return (closes.hour - opens.hour) * 60 + closes.minute - opens.minute


def _register(row: Any, member: str) -> RegisterTimes:
    _only(row, member, {"session", "opens", "closes", "ends", "year_groups"})
    if row.get("session") not in tuple(Session):
        raise PolicyFault(f"{member}/session", "This is AM or PM.")
    opens, closes, ends = (_time(row.get(name), f"{member}/{name}") for name in ("opens", "closes", "ends"))
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


def _only(row: Any, member: str, known: set[str]) -> None:
    if not isinstance(row, Mapping):
        raise PolicyFault(member, "This is an object.")
    for name in row:
        if name not in known:
            raise PolicyFault(f"{member}/{name}".lstrip("/"), "A policy has no such member.")


def _time(value: Any, member: str) -> time:
    if not isinstance(value, str) or not _HH_MM.fullmatch(value):
        raise PolicyFault(member, "This is a time, HH:MM.")
    return time.fromisoformat(value)


def _share(value: Any, member: str) -> Fraction | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        raise PolicyFault(member, "This is a percentage, 0 to 100.")
    return Fraction(str(value)) / 100


def _class_targets(value: Any) -> Iterator[tuple[str, Fraction]]:
    if not isinstance(value, Mapping):
        raise PolicyFault("class_targets", "This is an object, of classes and percentages.")
    for name, target in value.items():
        share = _share(target, f"class_targets/{name}")
        if share is None:
            raise PolicyFault(f"class_targets/{name}", "This is a percentage.")
        yield name, share


def _count(value: Any, member: str, of: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise PolicyFault(member, f"This is a number of {of}, 1 or more.")
    return value


def _years(value: Any) -> int:
    years = _count(value, "retention_years", "years")
    if years > _MOST_YEARS:
        raise PolicyFault("retention_years", f"This is {_MOST_YEARS} years or fewer.")
    try:
        return retention.years_kept(years)
    except retention.TooShort as caught:
        raise RetentionTooShort("retention_years", str(caught)) from caught
