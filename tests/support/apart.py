"""The read models folded in plain Python, event by event and day by day: written apart from what folds them in service.

It asks the law who counts on a day and what a code is worth, and shares nothing else with the analytics worker.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from typing import Any

from codes.ages import of_compulsory_age
from codes.calendar import academic_year
from codes.stretches import stretches
from codes.tallies import group, tally
from codes.who_counts import standings
from kit.database import Connection
from tests.support.folded import Models

FACTS = (
    *("fsm", "sen", "ehcp", "social_worker", "looked_after", "previously_looked_after", "child_in_need"),
    *("child_protection", "youth_offending", "young_carer", "medical_condition", "pupil_premium", "mobile_child"),
    *("ethnicity", "responsible_la"),
)
Row = dict[str, Any]
Counting = tuple[str, str]
"""A year group, and where its sessions are counted."""


@dataclass(frozen=True, slots=True)
class History:
    """Every mark, and every change of the roll, with the position at which it stands."""

    marks: Sequence[Row]
    pupils: Sequence[Row]
    placings: Sequence[Row]

    def at(self, seq: int) -> Models:
        """Give what the read models must hold at a position."""
        stands: dict[tuple[date, str, int], Row] = {}
        for mark in sorted(self.marks, key=lambda row: row["seq"]):
            if mark["seq"] <= seq:
                key = (mark["session_date"], mark["session"], mark["pupil_no"])
                first_code = stands[key]["first_code"] if key in stands else mark["code"]
                stands[key] = {**mark, "first_code": first_code}
        totals: Counter[tuple[Any, ...]] = Counter()
        for (on, session, pupil_no), entry in stands.items():
            if (counting := self._counting(pupil_no, on, seq)) is not None:
                totals[on, session, *counting, entry["code"]] += 1
        kept = ("code", "first_code", "version", "arrived_at", "made_at", "recorded_at", "seq")
        return {
            "spell": [
                spell for no in sorted({row["pupil_no"] for row in self.pupils}) for spell in self._spells(no, seq)
            ],
            "entry": [(*key, *(entry[name] for name in kept)) for key, entry in sorted(stands.items())],
            "day_total": [(*key, n) for key, n in sorted(totals.items())],
        }

    def weeks_at(self, seq: int) -> list[tuple[Any, ...]]:
        """Give every pupil's weeks as of a position: what stands on each day of them, two characters each."""
        found: defaultdict[tuple[date, int], dict[tuple[int, str], str]] = defaultdict(dict)
        for on, session, pupil_no, code, *_ in self.at(seq)["entry"]:
            found[on - timedelta(days=on.weekday()), pupil_no][on.weekday(), session] = code
        moments = [(day, session) for day in range(7) for session in ("AM", "PM")]
        return [
            (*key, "".join(f"{entries.get(moment, ''):2}" for moment in moments))
            for key, entries in sorted(found.items())
        ]

    def years_at(self, seq: int) -> list[tuple[Any, ...]]:
        """Give the sums of academic years, and of each term, half-term and month, as of a position."""
        of_pupils: defaultdict[tuple[str, ...], defaultdict[int, list[Any]]] = defaultdict(lambda: defaultdict(list))
        for on, _, pupil_no, code, *_ in self.at(seq)["entry"]:
            counting = self._counting(pupil_no, on, seq)
            if counting is None or counting[1] == "none":
                continue
            pupil = max(self._said(self.pupils, pupil_no, seq), key=lambda row: row["seq"])
            year_group, facts = self._placed(pupil_no, on, seq)
            parts = {"all": "", "year-group": year_group, "cohort:sex": pupil["sex"]}
            parts |= {f"cohort:{fact}": _text(facts.get(fact)) for fact in FACTS}
            year = academic_year(on)
            over = [each.name for each in stretches(year) if each.first <= on <= each.last]
            assert len(over) == 4
            for stretch, part in product(over, parts.items()):
                of_year = of_pupils[year, stretch, counting[1], *part]
                of_year[pupil_no].append((code, on, of_compulsory_age(pupil["date_of_birth"], on), 1))
        found = []
        for key, counted in sorted(of_pupils.items()):
            tallies = [tally(each) for each in counted.values()]
            of_all = group(tallies)
            absence = of_all.absence_of_persistent_pupils
            codes = sum((Counter(each.codes) for each in tallies), Counter())
            found.append(
                (*key, of_all.enrolments, of_all.persistent_pupils, of_all.severe_pupils, absence, dict(codes))
            )
        return found

    def _placed(self, pupil_no: int, on: date, seq: int) -> tuple[str, dict[str, Any]]:
        placed = [row for row in self._said(self.placings, pupil_no, seq) if row["effective_from"] <= on]
        if not placed:
            return "", {}
        last = max(placed, key=lambda row: (row["effective_from"], row["seq"]))
        return last["year_group"], json.loads(last["facts"])

    @staticmethod
    def _said(rows: Sequence[Row], pupil_no: int, seq: int) -> list[Row]:
        return [row for row in rows if row["pupil_no"] == pupil_no and row["seq"] <= seq]

    def _counting(self, pupil_no: int, on: date, seq: int) -> Counting | None:
        """Give what a pupil's sessions of a day are counted under, or None for one who is not on roll."""
        said = self._said(self.pupils, pupil_no, seq)
        if not said:
            return None
        pupil = max(said, key=lambda row: row["seq"])
        on_roll = [(span.lower, span.upper) for span in pupil["on_roll"]]
        for first, until, counted in standings(pupil["date_of_birth"], pupil["boarder"], on_roll):
            if first <= on and (until is None or on < until):
                return self._placed(pupil_no, on, seq)[0], counted.value
        return None

    def _spells(self, pupil_no: int, seq: int) -> list[tuple[Any, ...]]:
        """Walk over every day on which anything can change."""
        days = {row["effective_from"] for row in self.placings if row["pupil_no"] == pupil_no}
        for row in self.pupils:
            if row["pupil_no"] == pupil_no:
                spans = [(span.lower, span.upper) for span in row["on_roll"]]
                for boarder in (True, False):
                    edges = standings(row["date_of_birth"], boarder, spans)
                    days |= {day for first, until, _ in edges for day in (first, until) if day is not None}
        found: list[tuple[Any, ...]] = []
        walked = sorted(days)
        for day, following in zip(walked, [*walked[1:], date.max], strict=True):
            counting = self._counting(pupil_no, day, seq)
            if counting is None:
                continue
            if found and (found[-1][2], found[-1][3:]) == (day, counting):
                found[-1] = (*found[-1][:2], following, *counting)
            else:
                found.append((pupil_no, day, following, *counting))
        return found


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value).lower()


async def history(owner: Connection, school_id: int) -> History:
    """Read all that was ever said of a school's pupils, as the owner."""
    tables = ("ledger.event", "register.pupil", "register.placing")
    found = [await owner.fetch(f"SELECT * FROM {table} WHERE school_id = $1", school_id) for table in tables]
    return History(*([dict(row) for row in rows] for rows in found))
