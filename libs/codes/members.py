"""The members of a school's policy as they are read from its body: each kind of value, its fault, and its warning."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from fractions import Fraction
from typing import Any, ClassVar

_HH_MM = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_YYYY_MM_DD = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOST = 1_000_000


class PolicyFault(ValueError):
    """A policy that cannot be; `member` is the path of the member at fault, such as "registers/0/closes"."""

    slug: ClassVar[str] = "invalid-policy"

    def __init__(self, member: str, detail: str) -> None:
        super().__init__(f"{member}: {detail}")
        self.member = member
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Warning:
    """Something kept that law or guidance says otherwise: where in the policy, what, and who says so."""

    member: str
    detail: str
    source: str


def within(member: str, name: str) -> str:
    """The path of a member of a member."""
    return f"{member}/{name}".lstrip("/")


def only(row: Any, member: str, known: Collection[str]) -> None:
    """Refuse what is no object, and a member that is not known."""
    if not isinstance(row, Mapping):
        raise PolicyFault(member, "This is an object.")
    for name in row:
        if name not in known:
            raise PolicyFault(within(member, name), "A policy has no such member.")


def items(value: Any, member: str) -> Sequence[Any]:
    """A list."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise PolicyFault(member, "This is a list.")
    return value


def chosen(value: Any, member: str, choices: Sequence[str]) -> str:
    """One of a few words."""
    if not isinstance(value, str) or value not in choices:
        raise PolicyFault(member, f"This is one of {', '.join(choices)}.")
    return value


def all_chosen(value: Any, member: str, choices: Sequence[str]) -> tuple[str, ...]:
    """A list of some of a few words, each once."""
    words = tuple(chosen(word, f"{member}/{n}", choices) for n, word in enumerate(items(value, member)))
    if len(set(words)) < len(words):
        raise PolicyFault(member, "Each is given once.")
    return words


def time_of(value: Any, member: str) -> time:
    """A local time, HH:MM."""
    if not isinstance(value, str) or not _HH_MM.fullmatch(value):
        raise PolicyFault(member, "This is a time, HH:MM.")
    return time.fromisoformat(value)


def day_of(value: Any, member: str) -> date:
    """A date, YYYY-MM-DD."""
    if isinstance(value, str) and _YYYY_MM_DD.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise PolicyFault(member, "This is a date, YYYY-MM-DD.")


def share(value: Any, member: str) -> Fraction:
    """A share, of a percentage."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        raise PolicyFault(member, "This is a percentage, 0 to 100.")
    return Fraction(str(value)) / 100


def number(value: Any, member: str, of: str, least: int = 1) -> int:
    """A whole number of something."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= _MOST:
        raise PolicyFault(member, f"This is a number of {of}, {least} or more.")
    return value
