"""Sums of an academic year that rest on each pupil's own: who is persistently absent, of all and of each part.

Of the whole year, and of each term, half-term and month (codes.stretches). They are made anew when a London day begins,
of the years that anything has touched since. Of many schools they are added up, where nobody may see a pupil.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from analytics_worker import moves, readings, spells
from analytics_worker.moves import AnyStretch
from analytics_worker.questions import By, label
from analytics_worker.spells import Spell
from codes.book import edges
from codes.calendar import academic_year, academic_year_bounds
from codes.stretches import stretches
from codes.tallies import PERSISTENT_TIMES, SEVERE_TIMES
from codes.who_counts import Counted
from kit import database
from kit.database import Connection

_DAY = timedelta(days=1)
PARTED_BY = (By.YEAR_GROUP, *(by for by in By if by.startswith("cohort:")))

_sql = database.statements(__file__)


async def make(connection: Connection, school_id: int, seq: int, years: Iterable[str], found: Iterable[Spell]) -> None:
    """Make the sums of some academic years anew, of the weeks as they were laid at `seq` and of the roll's spells then.

    Only of those who are in the DfE's statistics, the aged four apart; a pupil who moved counts in each part with the
    sessions spent there.
    """
    counting = [spell for spell in found if spell.counted is not Counted.NONE]
    for year in sorted(years):
        first, last = academic_year_bounds(year)
        within = [spell for spell in counting if spell.first <= last and (spell.until is None or spell.until > first)]
        asked = {"school_id": school_id, "academic_year": year}
        entered = await _sql.entered(connection, school_id=school_id, first=first, last=last)
        await _sql.make(
            connection,
            up_to=seq,
            first=first,
            last=last,
            persistent_times=PERSISTENT_TIMES,
            severe_times=SEVERE_TIMES,
            **_columns(within, (first, last), (entered["first"], entered["last"])),
            **asked,
        )


def _columns(
    within: Sequence[Spell], days: tuple[date, date], entered: tuple[date | None, date | None]
) -> dict[str, Any]:
    """Give spells with their kinds, the parts that each belongs to, and what codes are worth, as the statement has it.

    `entered` are the first and the last day of which anything stands: no spell needs to be parted from another outside.
    """
    named, kinds, belongs = _parts(within)
    cut = [
        (kind, spell, *each) for kind, spell in zip(kinds, within, strict=True) for each in spells.by_age(spell, *days)
    ]
    eras = [edge for edge in edges() if days[0] < edge <= days[1]]
    pieces, named_pieces = _pieces(academic_year(days[0]))
    worth = readings.worths(*days)
    # In most years few of these fall, and sums are made before spells and eras are looked at.
    after, up_to = entered[0] or days[0], entered[1] or days[1]
    turns = {day for day in (*eras, *pieces, *(day for _, _, *ends, _ in cut for day in ends)) if after < day <= up_to}
    return {
        "spell_pupils": [spell.pupil_no for _, spell, *_ in cut],
        "spell_firsts": [first for _, _, first, _, _ in cut],
        "spell_untils": [until for _, _, _, until, _ in cut],
        "spell_kinds": [kind for kind, *_ in cut],
        "spell_compulsory": [compulsory for *_, compulsory in cut],
        "kinds": [kind for kind, part_nos in enumerate(belongs) for _ in part_nos],
        "belongings": [part_no for part_nos in belongs for part_no in part_nos],
        "counteds": [counted for counted, _, _ in named],
        "parts_of": [part_of for _, part_of, _ in named],
        "parts": [part for _, _, part in named],
        "cuts": sorted(turns),
        "eras": eras,
        "pieces": pieces,
        "stretches": [name for name, _ in named_pieces],
        "stretch_pieces": [piece for _, piece in named_pieces],
        "worth_eras": [bisect_right(eras, each.first) for each in worth],
        **readings.columns(worth),
    }


def _pieces(year: str) -> tuple[list[date], list[tuple[str, int]]]:
    """Give the days on which stretches of a year begin, and every piece of each, between two of them, from 1 on."""
    found = stretches(year)
    pieces = sorted({each.first for each in found})
    named = [
        (each.name, piece)
        for each in found
        for piece, starts in enumerate(pieces, start=1)
        if each.first <= starts <= each.last
    ]
    return pieces, named


def _parts(
    within: Sequence[Spell],
) -> tuple[Sequence[tuple[str, str, str]], Sequence[int], Sequence[Sequence[int]]]:
    """Give every part by who counts, what parts and its name; the kind of each spell; and the parts of each, from 1.

    Spells are of a kind that are alike in all that parts them: pupils are many, and their kinds are few.
    """
    numbers: dict[tuple[str, str, str], int] = {}
    known: dict[tuple[object, ...], int] = {}
    kinds, belongs = [], []
    for spell in within:
        alike = (spell.counted, spell.sex, spell.placing.year_group, *spell.placing.facts.items())
        if alike not in known:
            parts = (("all", ""), *((by.value, _named(label(by, spell))) for by in PARTED_BY))
            known[alike] = len(known)
            belongs.append([numbers.setdefault((spell.counted.value, *part), len(numbers) + 1) for part in parts])
        kinds.append(known[alike])
    return list(numbers), kinds, belongs


def _named(value: object) -> str:
    """Give a fact's value as text, as JSON has it; "" where there is none."""
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


async def every(connection: Connection, school_id: int) -> set[str]:
    """Give the academic years of which anything is summed by day: no other has sums."""
    return {_year(row["year"]) async for row in _sql.years(connection, school_id=school_id)}


@dataclass(frozen=True, slots=True)
class Touched:
    """Days whose sums may have moved, as stretches from the first to before the second, and academic years."""

    days: Collection[tuple[date, date]] = ()
    years: Collection[str] = ()


async def touched(connection: Connection, school_id: int, after: int, up_to: int) -> Touched:
    """Give the days and the academic years whose sums something between two positions may have moved."""
    span = {"school_id": school_id, "after": after, "up_to": up_to}
    marked = [row["session_date"] async for row in _sql.days_of_marks(connection, **span)]
    days = {(day, day + _DAY) for day in marked}
    years = {academic_year(day) for day in marked}
    about: list[int] = []
    async for row in _sql.changes(connection, **span):
        of = row["subject"].partition(":")[2]
        if row["kind"] == "year-retired":
            first, last = academic_year_bounds(of)
            years.add(of)
            days.add((first, last + _DAY))
        else:
            about.append(int(of))
    if about:
        was, is_ = [await spells.load(connection, school_id, about, seq) for seq in (after, up_to)]
        # What a cohort is parted by is in the sums of years, and not in those of days.
        since, moved = _since(_by_pupil(was), _by_pupil(is_)), _since(moves.stretches(was), moves.stretches(is_))
        of_all = await every(connection, school_id) if since is not None else set()
        years |= {year for year in of_all if since is not None and since <= academic_year_bounds(year)[1]}
        days |= set() if moved is None else {(moved, date.max)}
    return Touched(days, years)


def _since(was: Mapping[int, Sequence[AnyStretch]], is_: Mapping[int, Sequence[AnyStretch]]) -> date | None:
    """Give a day before which the stretches of every pupil are the same; None where they are for ever."""
    days = [moves.differ_from(was.get(no, ()), is_.get(no, ())) for no in was.keys() | is_.keys()]
    return min((day for day in days if day is not None), default=None)


def _by_pupil(found: Iterable[Spell]) -> Mapping[int, list[Spell]]:
    by_pupil: dict[int, list[Spell]] = {}
    for spell in found:
        by_pupil.setdefault(spell.pupil_no, []).append(spell)
    return by_pupil


def _year(begins: int) -> str:
    return academic_year(date(begins, 9, 1))
