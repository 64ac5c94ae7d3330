"""Counting what stands: the law says what each code is worth and whose days are alike, the database sums.

Roll and placing are few facts and the entries are many: what follows from the few comes to the database as stretches of
days (spells), so that no table just filled is joined by a plan for an empty one.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

import asyncpg

from analytics_worker import questions, readings, spells
from analytics_worker.questions import WEEKDAYS, By, Label, Question
from analytics_worker.readings import AGEING, CODES, Worth
from analytics_worker.roll import Enrolled
from analytics_worker.spells import Spell
from codes.ages import of_compulsory_age
from codes.book import Session, edges
from codes.calendar import week_of
from codes.school import School
from codes.tallies import NOBODY, PERSISTENT_TIMES, SEVERE_TIMES, Group, Tally, of_sums, tally
from kit import database, pupil_ids
from kit.database import Connection

_sql = database.statements(__file__)

Labels = tuple[Label, ...]
"""What a part is called, one label for each thing that is asked by; codes apart."""

_NO_PARTS: Mapping[Labels, Group] = MappingProxyType({})
_AT_ONCE = (By.SESSION, By.WEEKDAY)
_SESSIONS = (*Session,)
_Part = tuple[Any, ...]
"""A part as the database knows it: of pupils by number, two slices, session and weekday by place; none in the whole."""
_WHOLE: _Part = (None,) * 5


@dataclass(frozen=True, slots=True)
class Counted:
    """What a question found: the sums over everybody, and those of each part."""

    whole: Group = NOBODY
    parts: Mapping[Labels, Group] = field(default_factory=lambda: _NO_PARTS)


async def ask(
    connection: Connection,
    school_id: int,
    facts: School,
    question: Question,
    *,
    pupil_nos: Sequence[int] | None = None,
    seq: int | None = None,
) -> Counted:
    """Count the sessions of a school that a question asks for, of some pupils or of all; now, or as at `seq`.

    A pupil counts once in the whole, and in each part with the days spent there. Codes are parted by whoever shows
    them: every group holds its sums by code.
    """
    days = facts.open_days(question.first, question.last)
    if not days:
        return Counted()
    found = [spell for spell in await spells.load(connection, school_id, pupil_nos, seq) if question.concerns(spell)]
    within = [s for s in found if s.first <= days[-1] and (s.until is None or s.until > days[0])]
    of_pupils = [by for by in question.by if by.of_pupils]
    named: dict[tuple[Label | int, ...], int] = {}
    parts = [named.setdefault(tuple(questions.label(by, spell) for by in of_pupils), len(named)) for spell in within]
    by_time = [by for by in question.by if not by.of_pupils and by not in (*_AT_ONCE, By.CODE)]
    sliced = [questions.slices(by, facts, question.first, question.last) for by in by_time]
    worth = readings.worths(days[0], days[-1])
    stands = await _sql.begin(connection, school_id=school_id)
    after, up_to = (stands["weeks_seq"], stands["seq"]) if seq is None else (0, seq)
    asked = {
        "school_id": school_id,
        "after": after,
        "up_to": up_to,
        "first": days[0],
        "last": days[-1],
        "pupil_nos": None if pupil_nos is None else list(pupil_nos),
        **_columns(within, parts, days),
        **_stretches(days, [starts for starts, _ in sliced]),
        **_worth(worth),
        "by_session": By.SESSION in question.by,
        "by_weekday": By.WEEKDAY in question.by,
        "is_parted": any(by is not By.CODE for by in question.by),
        "persistent_times": PERSISTENT_TIMES,
        "severe_times": SEVERE_TIMES,
    }
    rows = [row async for row in _sql.ask(connection, **asked)]
    await _sql.end(connection)
    ids = await pupil_ids.ids(connection, school_id, [s.pupil_no for s in within], seq) if By.PUPIL in of_pupils else {}
    names = [
        tuple(ids[label] if isinstance(label, int) and not isinstance(label, bool) else label for label in labels)
        for labels in named
    ]

    def called(part: _Part) -> Labels:
        number, *of_slices, session, weekday = part
        of_part, of_slice = iter(names[number]), iter(of_slices)
        return tuple(
            next(of_part)
            if by.of_pupils
            else _SESSIONS[session]
            if by is By.SESSION
            else WEEKDAYS[weekday]
            if by is By.WEEKDAY
            else sliced[by_time.index(by)][1][next(of_slice) - 1]
            for by in question.by
            if by is not By.CODE
        )

    groups = _groups(rows, worth)
    whole = groups.pop(_WHOLE, NOBODY)
    return Counted(whole, {called(part): group for part, group in groups.items()})


def _groups(rows: Iterable[asyncpg.Record], worth: Iterable[Worth]) -> dict[_Part, Group]:
    """Make groups of the rows: of each one for its pupils, and of each code some for sessions and one for pupils."""
    read = {(CODES.index(each.code), bisect_right(edges(), each.first), each.compulsory): each for each in worth}
    pupils: dict[_Part, asyncpg.Record] = {}
    sessions: defaultdict[_Part, list[tuple[Worth, int]]] = defaultdict(list)
    pupils_with: defaultdict[_Part, dict[str, int]] = defaultdict(dict)
    for row in rows:
        part: _Part = row[:5]
        if row["code_no"] is None:
            pupils[part] = row
        elif row["sessions"] is None:
            pupils_with[part][CODES[row["code_no"]]] = row["pupils"]
        else:
            sessions[part].append((read[row["code_no"], row["era"], row["compulsory"]], row["sessions"]))
    return {part: _group(row, sessions[part], pupils_with[part]) for part, row in pupils.items()}


def _group(row: asyncpg.Record, sessions: Sequence[tuple[Worth, int]], pupils_with: Mapping[str, int]) -> Group:
    codes: Counter[str] = Counter()
    for worth, n in sessions:
        codes[worth.code] += n
    return Group(
        enrolments=row["enrolments"],
        persistent_pupils=row["persistent"],
        severe_pupils=row["severe"],
        absence_of_persistent_pupils=row["absence_of_persistent"],
        total=of_sums(
            sum(n * worth.possible for worth, n in sessions),
            sum(n * worth.present for worth, n in sessions),
            sum(n * (worth.attending - worth.present) for worth, n in sessions),
            sum(n * worth.authorised for worth, n in sessions),
            sum(n * worth.unauthorised for worth, n in sessions),
            codes,
        ),
        pupils_with=dict(sorted(pupils_with.items())),
    )


def _columns(within: Sequence[Spell], parts: Sequence[int], days: Sequence[date]) -> dict[str, Any]:
    """Give the spells as columns, as far as they are of these days.

    Where a code's class depends on age, spells that pass the age are cut there.
    """
    after = days[-1] + timedelta(days=1)
    rows = [
        (spell.pupil_no, max(first, days[0]), min(until, after), part, compulsory)
        for spell, part in zip(within, parts, strict=True)
        for first, until, compulsory in spells.by_age(spell, days[0], days[-1])
    ]
    columns = zip(*rows, strict=True) if rows else ((),) * 5
    names = ("spell_pupils", "spell_firsts", "spell_untils", "spell_parts", "spell_compulsory")
    return {name: list(column) for name, column in zip(names, columns, strict=True)}


def _stretches(days: Sequence[date], starts: Sequence[Sequence[date]]) -> dict[str, Any]:
    """Give the days of each week that lie together, in the same slices of time and in one era of the code book."""
    eras = edges()
    weekdays: defaultdict[tuple[date, int, int, int], int] = defaultdict(int)
    for day in days:
        slice_, within = ([bisect_right(each, day) for each in starts] + [0, 0])[:2]
        weekdays[week_of(day), slice_, within, bisect_right(eras, day)] |= 1 << day.weekday()
    weeks, slices, slices_within, of_eras = zip(*weekdays, strict=True)
    return {
        "weeks": list(weeks),
        "weekdays": list(weekdays.values()),
        "slices": list(slices),
        "slices_within": list(slices_within),
        "eras": list(of_eras),
    }


def _worth(worth: Sequence[Worth]) -> dict[str, Any]:
    """Give what each code is worth in each era of the code book that the days touch, with the code's number."""
    return {
        "code_nos": [CODES.index(each.code) for each in worth],
        "worth_eras": [bisect_right(edges(), each.first) for each in worth],
        **readings.columns(worth),
    }


async def of_pupils(
    connection: Connection, school_id: int, days: Sequence[date], enrolled: Mapping[int, Enrolled]
) -> dict[int, Tally]:
    """Give a tally for each of these pupils with entries on these open days, in order, while on roll."""
    if not days or not enrolled:
        return {}
    moves = {no: [day for day in pupil.moves() if days[0] < day <= days[-1]] for no, pupil in enrolled.items()}
    asked = {
        "school_id": school_id,
        "pupil_nos": list(enrolled),
        "days": list(days),
        "edges": list(edges()),
        "moving": [no for no, inside in moves.items() if inside],
        "moves": sorted({day for inside in moves.values() for day in inside}),
        "ageing_codes": [ageing.code for ageing in AGEING],
        "ageing_from": min(ageing.first for ageing in AGEING),
        "ageing_to": max(ageing.last for ageing in AGEING),
    }
    counts: defaultdict[int, list[tuple[str, date, bool, int]]] = defaultdict(list)
    async for row in _sql.of_pupils(connection, **asked):
        pupil, on = enrolled[row["pupil_no"]], row["on"]
        if pupil.on_roll(on):
            compulsory = of_compulsory_age(pupil.date_of_birth, on)
            counts[row["pupil_no"]].append((row["code"], on, compulsory, row["sessions"]))
    return {pupil_no: tally(counted) for pupil_no, counted in counts.items()}
