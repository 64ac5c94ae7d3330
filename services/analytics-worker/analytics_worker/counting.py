"""Counting what stands: the law says what each code is worth and whose days are alike, the database sums.

Roll and placing are few facts and the entries are many: what follows from the few comes to the database as stretches of
days (spells), so that no table just filled is joined by a plan for an empty one.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

from analytics_worker import questions, readings, spells
from analytics_worker.questions import WEEKDAYS, By, Label, Question
from analytics_worker.readings import AGEING
from analytics_worker.roll import Enrolled
from analytics_worker.spells import Spell
from codes.ages import of_compulsory_age
from codes.book import edges
from codes.school import School
from codes.tallies import NOBODY, PERSISTENT_TIMES, SEVERE_TIMES, Group, Tally, of_sums, tally
from kit import database, pupil_ids
from kit.database import Connection

_sql = database.statements(__file__)

Labels = tuple[Label, ...]
"""What a part is called, one label for each thing that is asked by; codes apart."""

_NO_PARTS: Mapping[Labels, Group] = MappingProxyType({})
_AT_ONCE = (By.SESSION, By.WEEKDAY)


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
    stretches = [by for by in question.by if not by.of_pupils and by not in (*_AT_ONCE, By.CODE)]
    sliced = [questions.slices(by, facts, question.first, question.last) for by in stretches]
    starts = [[*slice_[0]] for slice_ in sliced] + [[], []]
    asked = {
        "school_id": school_id,
        "seq": seq,
        "days": days,
        "pupil_nos": None if pupil_nos is None else list(pupil_nos),
        **_columns(within, parts, days),
        **_worth(days),
        "slices": starts[0],
        "slices_within": starts[1],
        "by_session": By.SESSION in question.by,
        "by_weekday": By.WEEKDAY in question.by,
        "is_parted": any(by is not By.CODE for by in question.by),
        "persistent_times": PERSISTENT_TIMES,
        "severe_times": SEVERE_TIMES,
    }
    rows = [row async for row in _sql.ask(connection, **asked)]
    ids = await pupil_ids.ids(connection, school_id, [s.pupil_no for s in within], seq) if By.PUPIL in of_pupils else {}
    names = [
        tuple(ids[label] if isinstance(label, int) and not isinstance(label, bool) else label for label in labels)
        for labels in named
    ]

    def called(row: Mapping[str, Any]) -> Labels:
        of_part = iter(names[row["part"]])
        of_slice = iter((row["slice"], row["slice_within"]))
        return tuple(
            next(of_part)
            if by.of_pupils
            else row["session"]
            if by is By.SESSION
            else WEEKDAYS[row["weekday"] - 1]
            if by is By.WEEKDAY
            else sliced[stretches.index(by)][1][next(of_slice) - 1]
            for by in question.by
            if by is not By.CODE
        )

    return _gathered(rows, called)


def _gathered(rows: Iterable[Mapping[str, Any]], called: Any) -> Counted:
    """Make groups of the rows: of each group one with its sums, and one for each of its codes."""
    sums: dict[Labels | None, Mapping[str, Any]] = {}
    codes: defaultdict[Labels | None, dict[str, tuple[int, int]]] = defaultdict(dict)
    for row in rows:
        labels = None if row["part"] is None else called(row)
        if row["code"] is None:
            sums[labels] = row
        else:
            codes[labels][row["code"]] = row["sessions"], row["pupils"]
    groups = {labels: _group(row, codes[labels]) for labels, row in sums.items()}
    return Counted(groups.pop(None, NOBODY), {labels: group for labels, group in groups.items() if labels is not None})


def _group(row: Mapping[str, Any], codes: Mapping[str, tuple[int, int]]) -> Group:
    by_code = {code: sessions for code, (sessions, _) in codes.items()}
    return Group(
        enrolments=row["enrolments"],
        persistent_pupils=row["persistent"],
        severe_pupils=row["severe"],
        absence_of_persistent_pupils=row["absence_of_persistent"],
        total=of_sums(
            row["possible"], row["present"], row["approved"], row["authorised"], row["unauthorised"], by_code
        ),
        pupils_with={code: pupils for code, (_, pupils) in sorted(codes.items())},
    )


def _columns(within: Sequence[Spell], parts: Sequence[int], days: Sequence[date]) -> dict[str, Any]:
    """Give the spells as columns, and the days on which those begin and end that are not the whole of a pupil's.

    Where a code's class depends on age, spells that pass the age are cut there.
    """
    rows = [
        (spell.pupil_no, first, until, part, compulsory)
        for spell, part in zip(within, parts, strict=True)
        for first, until, compulsory in spells.by_age(spell, days[0], days[-1])
    ]
    columns = zip(*rows, strict=True) if rows else ((),) * 5
    names = ("spell_pupils", "spell_firsts", "spell_untils", "spell_parts", "spell_compulsory")
    moves = [(no, day) for no, *ends, _, _ in rows for day in ends if days[0] < day <= days[-1]]
    return {
        **{name: list(column) for name, column in zip(names, columns, strict=True)},
        "moving": sorted({no for no, _ in moves}),
        "moves": sorted({day for _, day in moves}),
    }


def _worth(days: Sequence[date]) -> dict[str, Any]:
    """Give what each code is worth in each era of the code book that the days touch."""
    worth = readings.worths(days[0], days[-1])
    eras = edges()
    return {
        "eras": list(eras),
        "worth_eras": [bisect_right(eras, each.first) for each in worth],
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
