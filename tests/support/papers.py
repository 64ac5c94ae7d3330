"""What is answered about a policy: its registers, what guidance advises against, and what contradicts its paper."""

from datetime import date, time
from typing import Any

from codes.book import Session
from codes.members import Warning
from codes.policy import Policy, policy_from_body, times, warnings
from tests.support.five_policies import S002

TODAY = date(2026, 9, 7)


def register(policy: Policy, session: Session, year_group: str = "4") -> tuple[time, time, time]:
    at = times(policy, session, year_group)
    return at.opens, at.closes, at.ends


def contradicted(policy: Policy, on: date = TODAY) -> dict[str, Warning]:
    """What the paper says otherwise than the law of a day, by member."""
    found = [warning for warning in warnings(policy, on) if warning.member.startswith("stated/")]
    assert len({warning.member for warning in found}) == len(found)
    assert all(warning.source for warning in found)
    return {warning.member.removeprefix("stated/"): warning for warning in found}


def advised(policy: Policy) -> list[str]:
    """What guidance advises against in what the school sets, by member."""
    return [warning.member for warning in warnings(policy, TODAY) if not warning.member.startswith("stated/")]


def stated(**paper: Any) -> Policy:
    return policy_from_body({**S002, "stated": paper})


def wins(policy: Policy, member: str, paper: str, law: str) -> None:
    """The member is contradicted: the paper's number is quoted, and the law's, which wins."""
    detail = contradicted(policy)[member].detail
    assert detail.startswith(f"The school's paper says {paper}; nationally ")
    assert law in detail
    assert detail.endswith("and the law wins.")
