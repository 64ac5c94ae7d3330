"""A day's registers: which have been taken, in part or not at all, which are not due yet, and which are closed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any

from fastapi import APIRouter

from codes.ages import YEAR_GROUPS
from codes.book import Session
from codes.register import Sitting
from codes.school import School
from kit import database
from kit.contract import tells
from kit.schools import LONDON
from ledger import plans
from ledger.as_at import AsAt, resolve
from ledger.plans import Standing
from register_api import facts
from register_api.answers.registers import DayRead
from register_api.bodies import AsAtRead
from register_api.caller import AsAtText, RegisterReader
from register_api.marks import SessionDate
from register_api.registers import Classes, expected, required, state, taken

router = APIRouter(tags=["registers"])
_sql = database.statements(__file__)

_TAKEN = ("complete", "partial", "not-taken", "not-due", "closed")


@dataclass(slots=True)
class _Count:
    """One register, or all of a session, as it is counted: the states of its pupils."""

    states: list[str] = field(default_factory=list)
    expected_away: int = 0
    year_groups: set[str] = field(default_factory=set)
    closed: set[str | None] = field(default_factory=set)

    def add(self, sitting: Sitting | None, state_: str, year_group: str | None, *, is_away: bool) -> None:
        """Count a pupil."""
        self.states.append(state_)
        self.expected_away += is_away
        self.closed.add("no-calendar" if sitting is None else sitting.closed)
        if year_group is not None:
            self.year_groups.add(year_group)

    def taken(self) -> str:
        """Say how far it has been taken; what is closed to all its pupils is closed, whatever stands in it."""
        return "closed" if self.closed and None not in self.closed else taken(self.states)

    def counts(self) -> dict[str, Any]:
        """Give the numbers of its pupils."""
        return {
            "taken": self.taken(),
            "required": 0 if self.taken() == "closed" else len(self.states),
            "entered": self.states.count("entered"),
            "missing": self.states.count("missing"),
            "expected_away": self.expected_away,
        }


_Key = tuple[Session, str | None, time | None, time | None]
"""Which register: session and class, and when it opens and closes; a class of two year groups may have two."""


@dataclass(slots=True)
class _Day:
    """What a day's registers are counted from."""

    on: date
    school: School
    at: AsAt
    entered: Mapping[str, set[int]]
    known: Standing
    registers: dict[_Key, _Count] = field(default_factory=dict)
    sessions: dict[Session, _Count] = field(default_factory=lambda: {session: _Count() for session in Session})
    _sittings: dict[tuple[Session, str | None], Sitting | None] = field(default_factory=dict)

    def _sitting(self, session: Session, year_group: str | None) -> Sitting | None:
        if (session, year_group) not in self._sittings:
            self._sittings[session, year_group] = self.school.sitting(self.on, session, year_group)
        return self._sittings[session, year_group]

    def add(self, pupil: Mapping[str, Any], session: Session) -> None:
        """Count a pupil in a session; a boarder and who is not on roll only with an entry."""
        no, year_group = pupil["pupil_no"], pupil["year_group"]
        has_entry = no in self.entered.get(session, ())
        if not has_entry and (pupil["boarder"] or not pupil["is_on_roll"]):
            return
        sitting = self._sitting(session, year_group)
        is_open = sitting is not None and sitting.closed is None
        ahead = expected(sitting, self.school, self.on, session, self.known.get(no, ()))
        is_away = is_open and not has_entry and not ahead["attend"]
        state_ = state(sitting, has_entry, self.at.instant.astimezone(LONDON))
        times = (None, None) if sitting is None else (sitting.times.opens, sitting.times.closes)
        key = (session, pupil["class"], *times)
        for count in (self.registers.setdefault(key, _Count()), self.sessions[session]):
            count.add(sitting, state_, year_group, is_away=is_away)

    def items(self) -> list[dict[str, Any]]:
        """Give the registers of the day, class by class, the morning first."""
        return [
            {
                "class": class_,
                "session": session,
                "year_groups": sorted(count.year_groups, key=YEAR_GROUPS.index),
                "opens": _shown(opens),
                "closes": _shown(closes),
                **count.counts(),
            }
            for (session, class_, opens, closes), count in sorted(self.registers.items(), key=_order)
        ]

    def of_sessions(self, items: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Give each session of the school as a whole, with its classes by how far their registers are taken."""
        listed = list(items)
        return [
            {"session": session, **count.counts(), "classes": _by_taken(listed, session)}
            for session, count in self.sessions.items()
        ]


def _shown(at: time | None) -> str | None:
    return None if at is None else at.strftime("%H:%M")


def _order(register: tuple[_Key, _Count]) -> tuple[Any, ...]:
    session, class_, opens, closes = register[0]
    return session, class_ is None, class_ or "", opens or time(), closes or time()


def _by_taken(items: Sequence[Mapping[str, Any]], session: Session) -> dict[str, list[str | None]]:
    of_session = [item for item in items if item["session"] == session]
    return {name.replace("-", "_"): [item["class"] for item in of_session if item["taken"] == name] for name in _TAKEN}


@router.get("/v1/schools/{urn}/registers/{date}", summary="Read a day's registers", responses=tells(DayRead))
async def get_day(
    caller: RegisterReader, on: SessionDate, class_: Classes = None, as_at: AsAtText = None
) -> dict[str, Any]:
    """Give each register of a day and how far it has been taken, by class and session, and of the school as a whole.

    `missing` are those without an entry once their register has closed; `expected_away`, of those without an entry, who
    is granted to be away: the register still asks for an entry of each. Boarders are outside the register (reg 10(1)).
    """
    async with database.reading(caller.engine, caller.school_id) as connection:
        at = await resolve(connection, caller.school_id, as_at, caller.now())
        school = await facts.school(connection, caller.school_id, at.seq)
        pupils = await required(connection, caller.school_id, on, at.seq, class_)
        entered: dict[str, set[int]] = {}
        async for row in _sql.entered(connection, school_id=caller.school_id, on=on, seq=at.seq):
            entered.setdefault(row["session"], set()).add(row["pupil_no"])
        known = await plans.standing(connection, caller.school_id, (on, on), at.seq)
    day = _Day(on, school, at, entered, known)
    for session in Session:
        for pupil in pupils:
            day.add(pupil, session)
    items = day.items()
    return {
        "date": on.isoformat(),
        "sessions": day.of_sessions(items),
        "items": items,
        "next": None,
        "as_at": AsAtRead.of(at).model_dump(),
    }
