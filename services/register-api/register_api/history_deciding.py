"""The lines of one batch of history, each decided by the law in its order, on what stood and on the lines before it."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple

from codes.book import Session
from codes.calendar import academic_year
from codes.history import (
    NOT_RECORDED,
    Setting,
    Told,
    Version,
    decide_history_amendment,
    decide_history_mark,
)
from codes.policy import times
from codes.refusals import Refused
from codes.register import Amended, Entered, Pupil, Sitting, Unchanged
from codes.school import School
from ledger import read
from ledger.append import FIRST_DAY, NewMark
from ledger.writers import Person
from register_api.facts import OnRoll
from register_api.history_files import Faulty, Item
from register_api.history_lines import Line

Settings = dict[tuple[date, str, str | None], Setting]
Tell = Literal["not-taken", "flagged", "all"]
"""Of which lines somebody wants to hear: those that were not taken, those with flags too, or every one."""


class Outcome(NamedTuple):
    """What became of a line; of a column whose cells are not kept it is `left-out`.

    `flags` is what the line was taken with, `refused` why it was not. `stands` is the current entry of an unchanged or
    refused line, where that is not what the line says.
    """

    item: Item
    outcome: Literal["entered", "amended", "unchanged", "refused", "left-out"]
    flags: tuple[str, ...] = ()
    refused: Refused | None = None
    seq: int | None = None
    version: int | None = None
    stands: "Standing | None" = None


class Standing(NamedTuple):
    """What stands in the register: a version, its position, and who made it."""

    version: Version
    seq: int
    made_by: Person


class _Place(NamedTuple):
    """A pupil as every line of a batch meets it: the number, what decides, and the year groups with their dates."""

    pupil_no: int
    pupil: Pupil
    since: tuple[date, ...]
    year_groups: tuple[str, ...]

    def year_group(self, on: date) -> str | None:
        """Give the year group of a day."""
        at = bisect_right(self.since, on)
        return self.year_groups[at - 1] if at else None


class Batch:
    """One batch of lines and what it comes to: `marks` to be appended after position `start`, and `flagged` counted.

    `chains` is what stands for their entries; every line that is taken is added to it. `carried` has the positions of
    what a dry run would have written, by the identity of each.
    """

    def __init__(
        self,
        school: School,
        retired: frozenset[str],
        pupils: Mapping[str, OnRoll],
        upns: Mapping[str, str],
        settings: Settings,
        now: datetime,
        start: int,
        carried: Mapping[int, int],
    ) -> None:
        self.chains: dict[read.Key, list[Version]] = {}
        self.marks: list[NewMark] = []
        self.flagged: Counter[tuple[str, ...]] = Counter()
        self._school = school
        self._retired = retired
        self._pupils = pupils
        self._upns = upns
        self._settings = settings
        self._now = now
        self._start = start
        self._carried = carried
        self._seqs: dict[int, int] = {}
        self._places: dict[tuple[str, bool], _Place | None] = {}
        self._persons: dict[tuple[str | None, str | None], Person] = {}

    def keys(self, lines: Iterable[Line]) -> set[read.Key]:
        """Give the entries that lines are about, those of pupils who are not known left out."""
        found = set()
        for line in lines:
            place = self._place(line.pupil, line.by_upn)
            if place is not None:
                found.add((place.pupil_no, line.told.date, line.told.session))
        return found

    def decide(self, items: Iterable[Item], tell: Tell) -> list[Outcome]:
        """Decide every line, and give the outcomes that somebody wants to hear of, in order."""
        told: list[Outcome] = []
        for item in items:
            if isinstance(item, Faulty):
                kind: Literal["left-out", "refused"] = "left-out" if item.slug == "unknown-column" else "refused"
                told.append(Outcome(item, kind, refused=Refused(item.slug, item.member or "", item.detail)))
                continue
            place = self._place(item.pupil, item.by_upn)
            if place is None:
                detail = "There is no such pupil in the admission register."
                told.append(Outcome(item, "refused", refused=Refused("unknown-pupil", "pupil", detail)))
                continue
            outcome = self._line(item, item.told, place, tell)
            if outcome is not None:
                told.append(outcome)
        return told

    def _line(self, line: Line, said: Told, place: _Place, tell: Tell) -> Outcome | None:
        """Decide one line of a known pupil, and take it if it may be; give its outcome if that is to be heard of."""
        on = said.date
        if on < FIRST_DAY:
            detail = f"The book holds sessions from {FIRST_DAY} on."
            return Outcome(line, "refused", refused=Refused("outside-book", "date", detail))
        if self._retired and (year := academic_year(on)) in self._retired:
            detail = f"The school has let go the entries of {year}."
            return Outcome(line, "refused", refused=Refused("year-retired", "date", detail))
        key = (place.pupil_no, on, said.session)
        chain = self.chains.get(key) or ()
        where = (on, said.session, place.year_group(on))
        setting = self._settings.get(where) or self._setting(where)
        decide = decide_history_mark if said.original_entry is None else decide_history_amendment
        decided, flags = decide(said, place.pupil, setting, chain, self._now)
        if isinstance(decided, Refused):
            return Outcome(line, "refused", refused=decided, stands=self._standing(chain))
        if isinstance(decided, Unchanged):
            since = chain if chain and chain[-1].code != said.code else ()
            return Outcome(line, "unchanged", stands=self._standing(since))
        if line.unended:
            flags = (*flags, "line-without-end")
        mark = self._mark(key, said, decided)
        self.marks.append(mark)
        if chain:
            self.chains[key].append(mark)
        else:
            self.chains[key] = [mark]
        if flags:
            self.flagged[flags] += 1
        if tell == "not-taken" or (tell == "flagged" and not flags):
            return None
        seq = self._start + len(self.marks)
        return Outcome(line, "entered" if mark.version == 1 else "amended", flags, None, seq, mark.version)

    def _standing(self, chain: Sequence[Version]) -> Standing | None:
        if not chain:
            return None
        current = chain[-1]
        if isinstance(current, read.Version):
            return Standing(current, current.seq, Person(current.name, current.position))
        assert isinstance(current, NewMark)
        for at in range(len(self._seqs), len(self.marks)):
            self._seqs[id(self.marks[at])] = self._start + 1 + at
        seq = self._seqs.get(id(current)) or self._carried[id(current)]
        return Standing(current, seq, current.made_by)

    def _mark(self, key: read.Key, said: Told, decided: Entered | Amended) -> NewMark:
        who = said.name, said.position
        person = self._persons.get(who)
        if person is None:
            person = self._persons[who] = Person(said.name or NOT_RECORDED, said.position or NOT_RECORDED)
        pupil_no, on, session = key
        if isinstance(decided, Entered):
            version, original, reason = 1, None, None
        else:
            version, original, reason = decided.version, decided.original_code, decided.reason
        return NewMark(
            pupil_no,
            on,
            session,
            version,
            original,
            decided.code,
            decided.arrived_at,
            decided.made_at,
            person,
            "history",
            reason,
            decided.nature,
        )

    def _place(self, named: str, by_upn: bool) -> _Place | None:
        try:
            return self._places[named, by_upn]
        except KeyError:
            found = self._pupils.get(self._upns.get(named, "") if by_upn else named)
            place = None
            if found is not None:
                since, year_groups = zip(*found.year_groups, strict=True) if found.year_groups else ((), ())
                pupil = Pupil(found.date_of_birth, found.on_roll, None, found.boarder)
                place = _Place(found.pupil_no, pupil, since, year_groups)
            self._places[named, by_upn] = place
            return place

    def _setting(self, where: tuple[date, str, str | None]) -> Setting:
        on, session, year_group = where[0], Session(where[1]), where[2]
        sitting = self._school.sitting(on, session, year_group)
        has_calendar = sitting is not None
        if sitting is None:
            sitting = Sitting(on, session, None, times(self._school.policy(on), session, year_group))
        setting = self._settings[where] = Setting(sitting, has_calendar, self._now)
        return setting


def not_taken(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Give the outcomes of what was neither entered nor amended."""
    return [outcome for outcome in outcomes if outcome.outcome not in ("entered", "amended")]
