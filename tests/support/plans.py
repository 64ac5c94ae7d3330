"""Absence known ahead, as a MIS states it."""

from typing import Any

HEAD = {"name": "C. Head", "position": "Head teacher"}
PARENT = {"name": "D. Parent", "relationship": "mother"}


def at(date: str, session: str = "AM") -> dict[str, str]:
    """Give one session."""
    return {"date": date, "session": session}


def decided(
    outcome: str = "granted",
    on: str = "2026-09-07",
    first: dict[str, str] | None = None,
    last: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Give a decision of the head teacher's, of fewer sessions than were asked for where bounds are given."""
    bounds = {name: place for name, place in (("from", first), ("to", last)) if place is not None}
    return {"outcome": outcome, "decided_on": on, "decided_by": HEAD, **bounds}


def plan(first: str, last: str | None = None, **other: Any) -> dict[str, Any]:
    """Give leave in exceptional circumstances for p-001, from a morning to an afternoon, not decided yet."""
    to = None if last is None else at(last, "PM")
    whole = {"pupil": "p-001", "kind": "leave-of-absence", "code": "C", "from": at(first), "to": to}
    return {**whole, **other}


def slots(*named: str) -> list[dict[str, str]]:
    """Give a weekly pattern of sessions such as "monday PM"."""
    return [dict(zip(("weekday", "session"), each.split(), strict=True)) for each in named]


KINDS: dict[str, dict[str, Any]] = {
    "leave-of-absence": {"code": "C", "applicant": PARENT, "grounds": "A brother's wedding"},
    "part-time-timetable": {
        "code": "C2",
        "pattern": slots("thursday PM", "friday AM"),
        "agreed_with": PARENT,
        "review_on": ["2026-09-21"],
        "ends_on": "2026-10-02",
        "times": [{"weekday": "thursday", "starts": "08:45", "ends": "12:00"}],
    },
    "study-leave": {"code": "S"},
    "suspension": {"code": "E", "length_days": 8},
    "exclusion": {"code": "E"},
    "religious-observance": {"code": "R"},
    "dual-timetable": {"code": "D", "pattern": slots("tuesday AM", "tuesday PM"), "other_school": "900998"},
    "long-illness": {"code": "I", "ends_on": "2026-10-16"},
    "approved-activity": {"code": "B", "nature": "A taster day at the college"},
}
"""Of each kind the members that make a plan of it complete."""
