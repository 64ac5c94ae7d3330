"""Casework as the rules take it: what people did about alerts, and the penalty notices, each with its day of recording.

It follows from nothing, so it is added to and never made anew.
"""
# ASSUMPTION: no source says how long what people did is kept: as long as the register knows the pupil.

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Protocol

from codes.acts import Act, Action
from codes.alerts import Alert
from codes.book import Session
from codes.notices import Notice, Offence, Verdict
from kit import database
from kit.database import Connection

_sql = database.statements(__file__)

PENALTY_NOTICE = "penalty-notice"
NOTICE_TO_IMPROVE = "notice-to-improve"


@dataclass(frozen=True, slots=True)
class Casework:
    """Acts by pupil, of the school itself under None, and every version of notices by pupil.

    Each stands in the order of recording, with the London day on which it was recorded.
    """

    acts: Mapping[int | None, list[tuple[date, Act]]]
    notices: Mapping[int, list[tuple[date, Notice]]]


class Told(Protocol):
    """Whoever is told of the casework about one pupil."""

    acts: list[tuple[date, Act]]
    notices: list[tuple[date, Notice]]


def since(connection: Connection, school_id: int, no: int) -> AsyncIterator[Mapping[str, Any]]:
    """Give what was added after a number: `no`, `pupil_no` (None: of the school) and `recorded_on`, in order."""
    found: AsyncIterator[Mapping[str, Any]] = _sql.since(connection, school_id=school_id, no=no)
    return found


async def load(connection: Connection, school_id: int, pupil_nos: Iterable[int]) -> Casework:
    """Read the casework about some pupils, and that about the school itself. Having seen an alert is left out."""
    about: dict[str, Any] = {"school_id": school_id, "pupil_nos": list(pupil_nos)}
    acts: defaultdict[int | None, list[tuple[date, Act]]] = defaultdict(list)
    async for row in _sql.acts(connection, **about):
        act = Act(
            Alert(row["kind"]),
            row["period"],
            Action(row["action"]),
            row["done_on"],
            row["name"],
            row["note"],
            json.loads(row["evidence"]),
        )
        acts[row["pupil_no"]].append((row["recorded_on"], act))
    notices: defaultdict[int, list[tuple[date, Notice]]] = defaultdict(list)
    async for row in _sql.notices(connection, **about):
        notice = notice_of(row["id"], str(row["pupil_no"]), json.loads(row["body"]))
        notices[row["pupil_no"]].append((row["recorded_on"], notice))
    return Casework(acts, notices)


async def tell(connection: Connection, school_id: int, told: Mapping[int, Told]) -> None:
    """Tell each pupil's of `told`, by number, what `load` reads of that pupil."""
    found = await load(connection, school_id, told)
    for pupil_no, of_pupil in told.items():
        of_pupil.acts.extend(found.acts.get(pupil_no, ()))
        of_pupil.notices.extend(found.notices.get(pupil_no, ()))


async def lock(connection: Connection, school_id: int) -> None:
    """Hold a school's casework to the end of the transaction: one writer after another."""
    await _sql.lock(connection, school_id=school_id)


async def next_no(connection: Connection, school_id: int) -> int:
    """Give the number of the row to be added; the caller holds the lock."""
    number: int = await _sql.next_no(connection, school_id=school_id)
    return number


_OWN = frozenset({"id", "child", "sessions", "offence", "verdict"})
_STATED = {field.name: field.name.endswith("_on") for field in fields(Notice) if field.name not in _OWN}
"""The members of a notice that a body states by the same name, and which of them are days."""


def notice_of(id_: str, child: str, body: Mapping[str, Any]) -> Notice:
    """Read a penalty notice from its body as it was stated; `child` is by whatever the caller knows children by."""
    verdict = body.get("verdict")
    stated: dict[str, Any] = {
        name: date.fromisoformat(body[name]) if is_day else body[name]
        for name, is_day in _STATED.items()
        if body.get(name) is not None
    }
    return Notice(
        id=id_,
        child=child,
        sessions=tuple(
            (date.fromisoformat(row["date"]), Session(row["session"]), row["code"]) for row in body["sessions"]
        ),
        offence=Offence(body["offence"]),
        verdict=None if verdict is None else Verdict(verdict),
        **stated,
    )
