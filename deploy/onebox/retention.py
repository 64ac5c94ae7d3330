"""What of the registers is past keeping, what is held back and why; and letting it go, year by year (docs/adr/0008)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from codes import policy, retention
from codes.calendar import academic_year, academic_year_bounds
from kit import database as kit_database
from kit.database import Connection
from kit.schools import LONDON, midnight
from ledger.append import FIRST_DAY

_sql = kit_database.statements(__file__)


@dataclass(frozen=True, slots=True)
class School:
    """A register: years of keeping, the latest day whose entries go and the instant after it, and the last seal."""

    school_id: int
    urn: str
    years: int
    latest: date
    before: datetime
    sealed: int


@dataclass(frozen=True, slots=True)
class Staying:
    """An entry that stays with its whole chain: for which version, counted from when and kept until; or for a hold."""

    pupil: str
    on: date
    session: str
    seq: int
    version: int
    counts_from: datetime
    until: date
    hold: int | None


@dataclass(frozen=True, slots=True)
class SchoolYear:
    """What goes of a school's year: positions of entries with all their versions, texts, pupils; and what stays.

    `by_policy` is how many entries stay because the school's own policy keeps the year longer than the law does;
    `unsealed` how many because no checkpoint covers them yet: what has gone could not be hashed for one.
    """

    school: School
    academic_year: str
    going: Sequence[int] = ()
    texts: int = 0
    pupils: Sequence[int] = ()
    staying: Sequence[Staying] = ()
    by_policy: int = 0
    unsealed: int = 0

    @property
    def is_let_go(self) -> bool:
        """Whether anything goes."""
        return bool(self.going or self.pupils)


def years_past(today: date, years: int) -> list[str]:
    """Give the academic years, from the first that the book holds, whose last day is past so many years."""
    first = FIRST_DAY.year
    labels = [academic_year(date(year, 8, 1)) for year in range(first, today.year)]
    return [label for label in labels if retention.may_be_retired(label, today, years)]


async def schools(connection: Connection, today: date, years: int) -> list[School]:
    """Give every register, kept for `years` or for as long as its own policy says, whichever is longer."""
    found = []
    async for row in _sql.schools(connection, today=today):
        stated = policy.DEFAULT if row["policy"] is None else policy.policy_from_body(json.loads(row["policy"]))
        kept = max(years, stated.retention_years)
        latest = retention.latest_to_go(today, kept)
        before = midnight(latest, after=True)
        assert before is not None
        found.append(School(row["school_id"], row["urn"] or "not set up", kept, latest, before, row["sealed"]))
    return found


async def judge(connection: Connection, school: School, year: str, today: date) -> SchoolYear:
    """Say what goes of one school's year, and what stays."""
    first, last = academic_year_bounds(year)
    asked = {"school_id": school.school_id, "first": first, "last": last}
    if not retention.may_be_retired(year, today, school.years):
        return SchoolYear(school, year, by_policy=await _sql.counted(connection, **asked))
    going = [row["seq"] async for row in _sql.going(connection, before=school.before, **asked)]
    staying = [_staying(school, *row.values()) async for row in _sql.staying(connection, before=school.before, **asked)]
    if going and going[-1] > school.sealed:
        return SchoolYear(school, year, staying=staying, unsealed=len(going))
    texts = await _sql.texts(connection, school_id=school.school_id, seqs=going)
    return SchoolYear(school, year, going, texts, (), staying)


def _staying(
    school: School,
    pupil: str,
    on: date,
    session: str,
    seq: int,
    version: int,
    counts_from: datetime,
    hold: int | None,
) -> Staying:
    until = retention.kept_until(counts_from.astimezone(LONDON).date(), school.years)
    return Staying(pupil, on, session, seq, version, counts_from, until, hold)


def pupils_leave_with(year: str, school: School, today: date) -> bool:
    """Say whether a year is the one with which a school's pupils leave: the last that is past for it."""
    return years_past(today, school.years)[-1:] == [year]


async def leaving(connection: Connection, school: School, today: date, going: Sequence[int]) -> list[int]:
    """Give the numbers of the pupils who leave the admission register once some entries have gone.

    ASSUMPTION: a pupil's entry in it is kept for six years from its last change, and for as long as there is an entry.
    """
    rows = _sql.leaving(connection, school_id=school.school_id, today=today, before=school.before, going=list(going))
    return [row["pupil_no"] async for row in rows]


async def plan(connection: Connection, today: date, years: int) -> list[SchoolYear]:
    """Say what goes and what stays, year by year and school by school; pupils are told with the last year past."""
    going: dict[int, list[int]] = {}
    found = []
    for year in years_past(today, years):
        for school in await schools(connection, today, years):
            judged = await judge(connection, school, year, today)
            gone = going.setdefault(school.school_id, [])
            gone += judged.going
            if pupils_leave_with(year, school, today):
                judged = replace(judged, pupils=await leaving(connection, school, today, gone))
            if judged.is_let_go or judged.staying or judged.by_policy or judged.unsealed:
                found.append(judged)
    return found
