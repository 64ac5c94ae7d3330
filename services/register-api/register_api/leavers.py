"""Leavers: what the register holds that contradicts the ground of a deletion (regulation 9)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from codes.book import Session
from codes.calendar import academic_year
from codes.grounds import CHECKED, LEAVE, Case, contradicted
from codes.school import School
from kit import database
from kit.database import Connection
from kit.problems import Problem
from register_api import facts
from register_api.admission import Leaving, PutPupil, fault, leaving_of

_sql = database.statements(__file__)

_MOST_DAYS = 200
"""School days that are looked back on: a school year."""


@dataclass(frozen=True, slots=True)
class Leaver:
    """A pupil about whom something is written: number and entry as they stand, None for one who is new."""

    id: str
    body: PutPupil
    no: int | None
    entry: dict[str, Any] | None

    def leaves_anew(self) -> bool:
        """Say whether a leaving is stated that does not stand already, on a ground that entries can contradict."""
        leaving = self.body.leaving
        if leaving is None or leaving.ground not in CHECKED:
            return False
        stands = None if self.entry is None else leaving_of(self.entry)
        return stands is None or (stands["date"], stands["ground"]) != (leaving.date.isoformat(), leaving.ground)


async def cases(connection: Connection, school_id: int, leavers: Sequence[Leaver]) -> Mapping[str, Case]:
    """Give what the register holds about those who leave anew on a ground that it can contradict, by id."""
    anew = [(leaver, leaver.body.leaving.date) for leaver in leavers if leaver.leaves_anew() and leaver.body.leaving]
    if not anew:
        return {}
    school = await facts.school(connection, school_id)
    days = {leaver.id: school.open_days(leaver.body.starting_day, leaving)[-_MOST_DAYS:] for leaver, leaving in anew}
    numbers = [leaver.no for leaver, _ in anew if leaver.no is not None]
    first = min((each[0] for each in days.values() if each), default=date.max)
    entries = await _entries(connection, school_id, numbers, first, max(leaving for _, leaving in anew))
    ended = await _ended(connection, school_id, numbers)
    return {
        leaver.id: Case(
            leaving,
            leaver.body.date_of_birth,
            days[leaver.id],
            _complete(school, leaver.body.starting_day, leaving),
            next(iter(school.open_days(leaving + timedelta(days=1), leaving + timedelta(days=366))), None),
            {key: code for key, code in entries[leaver.no].items() if key[0] <= leaving},
            max((last for starts, last in ended[leaver.no] if starts <= leaving), default=None),
        )
        for leaver, leaving in anew
    }


def refusal(leaving: Leaving, case: Case, at: tuple[str | int, ...]) -> Problem | None:
    """Say why a ground cannot be: `ground-not-met`, with the entries that contradict it."""
    found = contradicted(leaving.ground or "", case)
    if found is None:
        return None
    shown = [{"date": on.isoformat(), "session": session, "code": code} for on, session, code in found.entries]
    return Problem("ground-not-met", found.detail, (fault(at, "leaving/ground", found.detail),), {"entries": shown})


async def _entries(
    connection: Connection, school_id: int, numbers: Sequence[int], first: date, last: date
) -> Mapping[int | None, dict[tuple[date, Session], str]]:
    found: defaultdict[int | None, dict[tuple[date, Session], str]] = defaultdict(dict)
    async for row in _sql.codes(connection, school_id=school_id, pupil_nos=numbers, first=first, last=last):
        found[row["pupil_no"]][row["session_date"], Session(row["session"])] = row["code"]
    return found


async def _ended(
    connection: Connection, school_id: int, numbers: Sequence[int]
) -> Mapping[int | None, list[tuple[date, date]]]:
    """Give the first and the last day of each leave of absence that was granted, by pupil."""
    found: defaultdict[int | None, list[tuple[date, date]]] = defaultdict(list)
    async for row in _sql.leaves(connection, school_id=school_id, pupil_nos=numbers, codes=sorted(LEAVE)):
        found[row["pupil_no"]].append((row["first_date"], row["last_date"]))
    return found


def _complete(school: School, first: date, last: date) -> bool:
    """Say whether every academic year between two days has a calendar."""
    years = {academic_year(date(year, 8, 1)) for year in range(first.year, last.year + 1)}
    wanted = {year for year in years if academic_year(first) <= year <= academic_year(last)}
    return {*wanted, academic_year(first), academic_year(last)} <= set(school.calendars)
