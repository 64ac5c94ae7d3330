"""A pupil's entries as they stand day after day, kept in order while what was recorded follows."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, MutableMapping, Sequence
from datetime import date, timedelta
from operator import itemgetter

from analytics_worker.histories import At, Event, History
from codes.alerts import Standing
from codes.calendar import academic_year, academic_year_bounds
from codes.known import UNAUTHORISED, Entries, Known, Setting

_DAY = timedelta(days=1)
_code_of = itemgetter(2)


class Course:
    """The entries of one pupil as they stand day after day, kept in order while events are added."""

    def __init__(self, history: History) -> None:
        self._entries: list[Standing] = list(history.stood)
        self._began: MutableMapping[At, str] = dict(history.began)
        self._parts: tuple[Setting, Known, date] | None = None
        self._standing: list[Standing] = []
        self._earlier: list[Standing] = []
        self._codes: dict[str, Counter[str]] = {}

    def add(self, event: Event) -> None:
        """Let an event follow."""
        entry = (*event.at, event.code)
        if event.original is not None:
            self._began.setdefault(event.at, event.original)
        if not self._entries or event.at > self._entries[-1]:
            self._entries.append(entry)
            if self._parts is not None:
                self._append(entry)
            return
        self._parts = None
        place = bisect_left(self._entries, event.at)
        if self._entries[place][:2] == event.at:
            self._entries[place] = entry
        else:
            self._entries.insert(place, entry)

    def entries(self, setting: Setting, known: Known, since: date, waiting: frozenset[At]) -> Entries:
        """The entries on open days and on roll, by what is known now: whole since a day."""
        parts = self._parts
        if parts is None or parts[0] is not setting or parts[1].on_roll != known.on_roll or parts[2] != since:
            self._parts = setting, known, since
            counted = _counted(self._entries, setting, known)
            place = bisect_left(counted, (since,))
            self._standing = counted[place:]
            self._earlier = [each for each in counted[:place] if each[2] in UNAUTHORISED]
            self._codes = {year: Counter(map(_code_of, of_year)) for year, of_year in _by_year(self._standing)}
        return Entries(self._standing, self._began, [*self._earlier, *self._unauthorised()], self._codes, waiting)

    def _unauthorised(self) -> Sequence[Standing]:
        if not any(code in of_year for of_year in self._codes.values() for code in UNAUTHORISED):
            return ()
        return [each for each in self._standing if each[2] in UNAUTHORISED]

    def _append(self, entry: Standing) -> None:
        assert self._parts is not None
        setting, known, since = self._parts
        if not _counted([entry], setting, known):
            return
        if entry[0] >= since:
            self._standing.append(entry)
            self._codes.setdefault(academic_year(entry[0]), Counter())[entry[2]] += 1
        elif entry[2] in UNAUTHORISED:
            self._earlier.append(entry)


def _counted(entries: Sequence[Standing], setting: Setting, known: Known) -> list[Standing]:
    """The entries on open days and on roll; most pupils are on it throughout."""
    open_days = setting.open_days
    within = [each for each in entries if each[0] in open_days]
    if not within or known.was_on_roll_throughout(within[0][0], within[-1][0]):
        return within
    return [each for each in within if known.was_on_roll(each[0])]


def _by_year(entries: Sequence[Standing]) -> Iterator[tuple[str, Sequence[Standing]]]:
    """Entries in order, by the academic year of their days."""
    place = 0
    while place < len(entries):
        year = academic_year(entries[place][0])
        until = bisect_left(entries, (academic_year_bounds(year)[1] + _DAY,), place)
        yield year, entries[place:until]
        place = until
