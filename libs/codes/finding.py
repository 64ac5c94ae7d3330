"""What a rule of the alerts finds: what holds, since when, the evidence for it, and what would close it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from codes.alerts import Alert, Standing


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that holds as the register stands at the end of a day.

    `since` is the day from which it holds, by the entries or by a day on which something fell due. `period` is what
    makes it the same alert again: an academic year, a Monday, a spell's first day, a session. `facts` are plain values.
    """

    rule: Rule
    since: date
    period: str
    facts: Mapping[str, Any]

    @property
    def kind(self) -> Alert:
        """The kind of the alert."""
        return self.rule.kind

    def evidence(self) -> dict[str, Any]:
        """Everything needed to act on it, in plain values: the facts, the rule with its source, what closes it."""
        return {
            **self.facts,
            "rule": self.rule.says,
            "source": self.rule.source,
            "closes_when": self.rule.closes_when,
        }


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of alert: what it says, who says so, and what closes it, in words."""

    kind: Alert
    says: str
    source: str
    closes_when: str

    def finds(self, since: date, period: object, **facts: Any) -> Finding:
        """Say that it holds since a day; `period` is kept as text, a date as YYYY-MM-DD."""
        return Finding(self, since, str(period), facts)


def plain(entries: Iterable[Standing]) -> list[dict[str, str]]:
    """Entries as plain values."""
    return [{"date": on.isoformat(), "session": str(session), "code": code} for on, session, code in entries]


def days(of: Iterable[date]) -> list[str]:
    """Days as plain values."""
    return [day.isoformat() for day in of]
