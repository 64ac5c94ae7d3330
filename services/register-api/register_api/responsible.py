"""The authority responsible for a child, by the day: a fact that reach follows, so an administrator alone moves it.

It stands among the facts of a pupil, and a school states these anew all the time, for days to come too. What its client
leaves out is what stands on that day; and where an administrator says otherwise from a day on, what was stated ahead by
then follows.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from codes.identifiers import la_name
from kit.problems import Problem
from register_api.admission import PutPupil, fault

NAME = "responsible_la"
Placed = Mapping[date, Mapping[str, Any]]
"""What holds of a pupil from which day on."""


def on(placed: Placed, day: date) -> str | None:
    """Give the authority that is responsible on a day."""
    days = [since for since in placed if since <= day]
    return of(placed[max(days)]) if days else None


def of(entry: Mapping[str, Any]) -> str | None:
    """Give the authority that an entry names."""
    code: str | None = entry["facts"].get(NAME)
    return code


def is_left_out(body: PutPupil) -> bool:
    """Say whether what stands is to stay; null says that no other authority than the school's is responsible."""
    return NAME not in body.facts.model_fields_set


def naming(entry: Mapping[str, Any], code: str | None) -> dict[str, Any]:
    """Give an entry, or what holds of one from a day on, that names this authority."""
    facts = {name: value for name, value in entry["facts"].items() if name != NAME}
    return {**entry, "facts": facts if code is None else {**facts, NAME: code}}


def refusal(wanted: str | None, standing: str | None, may_set_reach: bool, at: tuple[str | int, ...]) -> Problem | None:
    """Say why the authority that stands on a day cannot become another one, pointing below `at`."""
    if wanted == standing:
        return None
    if not may_set_reach:
        detail = f"{NAME}: set by an administrator alone."
        return Problem("reach-fact", detail, (fault(at, f"facts/{NAME}", detail),))
    if wanted is not None and la_name(wanted) is None:
        faults = (fault(at, f"facts/{NAME}", "There is no such authority."),)
        return Problem("invalid-item" if at else "invalid-request", "The entry cannot be kept.", faults)
    return None


def followed(placed: Placed, since: date, wanted: str | None) -> Iterator[tuple[date, dict[str, Any]]]:
    """Give what was stated ahead of `since` and named the same authority as stands then, now naming `wanted`.

    It ends where another authority was to be responsible already.
    """
    standing = on(placed, since)
    for day in sorted(day for day in placed if day > since):
        if of(placed[day]) != standing:
            return
        if standing != wanted:
            yield day, naming(placed[day], wanted)
