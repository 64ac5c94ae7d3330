"""The read models folded in plain Python, event by event and day by day: written apart from what folds them in service.

It asks the law who counts on a day, and shares nothing else with the analytics worker.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from codes.who_counts import standings
from kit.database import Connection
from tests.support.folded import Models

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

    def _counting(self, pupil_no: int, on: date, seq: int) -> Counting | None:
        """Give what a pupil's sessions of a day are counted under, or None for one who is not on roll."""
        said = [row for row in self.pupils if row["pupil_no"] == pupil_no and row["seq"] <= seq]
        if not said:
            return None
        pupil = max(said, key=lambda row: row["seq"])
        on_roll = [(span.lower, span.upper) for span in pupil["on_roll"]]
        for first, until, counted in standings(pupil["date_of_birth"], pupil["boarder"], on_roll):
            if first <= on and (until is None or on < until):
                placed = [
                    row
                    for row in self.placings
                    if row["pupil_no"] == pupil_no and row["seq"] <= seq and row["effective_from"] <= on
                ]
                last = max(placed, key=lambda row: (row["effective_from"], row["seq"]), default={"year_group": ""})
                return last["year_group"], counted.value
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


async def history(owner: Connection, school_id: int) -> History:
    """Read all that was ever said of a school's pupils, as the owner."""
    tables = ("ledger.event", "register.pupil", "register.placing")
    found = [await owner.fetch(f"SELECT * FROM {table} WHERE school_id = $1", school_id) for table in tables]
    return History(*([dict(row) for row in rows] for rows in found))
