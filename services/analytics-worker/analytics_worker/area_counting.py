"""Counting an area's sessions without a pupil: from its schools' sums of days, or from those that are kept of it."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from typing import Any

from analytics_worker.area_sums import SMALL
from analytics_worker.counting import Counted, Labels
from analytics_worker.national import AreaSchool
from analytics_worker.questions import WEEKDAYS, By, Label, Question, Who
from codes import who_counts
from codes.book import edges
from codes.calendar import academic_year, academic_year_bounds, week_of
from codes.regions import ENGLAND, REGIONS, region_of
from codes.stretches import HALF_TERMS, TERMS, Stretch, stretches
from codes.tallies import Group, Tally, pooled, tally
from codes.who_counts import census_periods
from kit import database
from kit.database import Connection
from ledger.append import FIRST_DAY, LAST_DAY

_sql = database.statements(__file__)

MOST_SCHOOL_DAYS = 8_000
"""School days summed as they are now, a second's work; of more the sums that are kept of the area are read."""
MOST_ROWS, MANY_ROWS = 65_000, 10_000
"""Rows of the sums by day that are read at the most; of more than the second those of stretches, where these answer."""
_ROWS_A_DAY, _STANDINGS = {"all": 2, "phase": 8, "year-group": 50}, 3
PLACES = (By.LOCAL_AUTHORITY, By.REGION)
OF_AREAS = (*PLACES, By.PHASE)
_STRETCHES = (By.WEEK, By.MONTH, By.HALF_TERM, By.TERM, By.CENSUS_PERIOD, By.YEAR)
_DAYS = (*WEEKDAYS, "saturday", "sunday")
_DAY = timedelta(days=1)
_WEEK = 5
Part = tuple[date, date, str]
"""The first and the last day of a part of a stretch of time, and what it is called."""


@dataclass(frozen=True, slots=True)
class Area:
    """A region or England with its authorities; what is told of the schools in its sums, and on whose morning it stood.

    `schools` are given where they are summed as they are now.
    """

    area: str
    la_codes: Sequence[str]
    told: Mapping[str, Any]
    kept_on: date | None
    schools: Sequence[AreaSchool] = ()

    def read_from(self, by: Sequence[By]) -> list[str]:
        """Give the areas whose sums answer what is asked by."""
        if By.LOCAL_AUTHORITY in by:
            return [*self.la_codes]
        return [*REGIONS] if By.REGION in by and self.area == ENGLAND else [self.area]


async def standing(connection: Connection, area: str, la_codes: Sequence[str], question: Question) -> Area:
    """Say what stands in the sums that are kept of an area, and since when; never where none were made."""
    areas = [area, *la_codes, *(REGIONS if area == ENGLAND else ())]
    asked = {"published": question.who is Who.PUBLISHED, "academic_year": academic_year(question.first)}
    row = await _sql.standing(connection, areas=areas, la_codes=list(la_codes), **asked)
    days = [row[name] for name in ("totals_on", "made_on") if row[name] is not None]
    kept_on = None if row["is_unmade"] or not days else min(days)
    return Area(area, la_codes, {name: row[name] for name in ("schools", "behind", "events_behind")}, kept_on)


def rows(area: Area, question: Question, today: date) -> int:
    """Say about how many rows of the sums by day would be read: of each authority by year group they are many."""
    by = question.by
    days = sum(day.weekday() < _WEEK for day in _days(question.first, min(question.last, today)))
    each = _ROWS_A_DAY[part_of(by)] * (_STANDINGS if question.who is Who.ON_ROLL else 1)
    return days * each * len(area.read_from(by))


def part_of(by: Sequence[By]) -> str:
    """Give which of the sums that are kept by day answer what is asked by."""
    return "year-group" if By.YEAR_GROUP in by else "phase" if By.PHASE in by else "all"


def is_counted_now(area: Area, question: Question, today: date) -> bool:
    """Say whether a question is answered from the sums of schools: of few days of few schools, or of days since."""
    days = sum(day.weekday() < _WEEK for day in _days(question.first, min(question.last, today)))
    is_since = area.kept_on is None or question.first >= area.kept_on
    return is_since or days * int(area.told["schools"]) <= MOST_SCHOOL_DAYS


async def of_sessions(connection: Connection, area: Area, question: Question, *, now: bool) -> Counted:
    """Count sessions. Of how many pupils a group is at the least stands for its enrolments."""
    by = question.by
    sliced = [parts(each, question.first, question.last) for each in by if each in _STRETCHES]
    starts = [[first for first, _, _ in slice_] for slice_ in sliced] + [[], []]
    asked: dict[str, Any] = {
        "first": question.first,
        "last": question.last,
        "by_year_group": By.YEAR_GROUP in by,
        "by_session": By.SESSION in by,
        "by_weekday": By.WEEKDAY in by,
        "slices": starts[0],
        "slices_within": starts[1],
        "edges": list(edges()),
    }
    if not now:
        await _sql.plan_each(connection)
    kept = {} if now else _kept(area, question)
    found = (
        _sql.sums_now(connection, **asked, **_schools(area, question))
        if now
        else _sql.sums_kept(connection, **asked, **kept)
    )
    counts: defaultdict[Labels, list[tuple[str, date, bool, int]]] = defaultdict(list)
    pupils: defaultdict[Labels, Counter[str]] = defaultdict(Counter)
    async for row in found:
        labels = _labels(by, row, sliced)
        counts[labels].append((row["code"], row["on"], row["is_main"], int(row["sessions"])))
        pupils[labels][row["code"]] = max(pupils[labels][row["code"]], int(row["pupils"]))
    groups = {labels: _group(tally(counts[labels]), pupils[labels]) for labels in counts}
    least: Counter[str] = Counter()
    for each in pupils.values():
        least |= each
    whole = _group(pooled(groups.values()).total, least)
    return Counted(whole, groups if by and by != (By.CODE,) else {})


def _group(total: Tally, pupils: Mapping[str, int]) -> Group:
    """Give a group that is of so many pupils at the least, as no session has more entries of one code."""
    return Group(max(pupils.values(), default=0), 0, 0, 0, total, dict(pupils))


def _schools(area: Area, question: Question) -> dict[str, Any]:
    by = question.by
    place = (lambda one: one.la_code) if By.LOCAL_AUTHORITY in by else (lambda one: region_of(one.la_code))
    is_placed = any(each in PLACES for each in by)
    return {
        "school_ids": [one.school_id for one in area.schools],
        "areas": [place(one) if is_placed else None for one in area.schools],
        "phases": [one.phase or "" if By.PHASE in by else None for one in area.schools],
        "counted": question.who.counted,
    }


def _kept(area: Area, question: Question) -> dict[str, Any]:
    by, counted = question.by, question.who.counted
    return {
        "areas": area.read_from(by),
        "by_area": any(each in PLACES for each in by),
        "by_phase": By.PHASE in by,
        "part_of": part_of(by),
        "counteds": [*who_counts.Counted, SMALL] if counted is None else [counted],
    }


def _labels(by: Sequence[By], row: Mapping[str, Any], sliced: Sequence[Sequence[Part]]) -> Labels:
    """Give the labels of a row, one for each thing that is asked by, codes apart."""
    at = iter(zip((row["slice"], row["slice_within"]), sliced, strict=False))
    found: list[Label] = []
    for each in by:
        if each in _STRETCHES:
            number, slice_ = next(at)
            found.append(slice_[number - 1][2])
        elif each is By.YEAR_GROUP:
            found.append(row["year_group"] or None)
        elif each is By.SESSION:
            found.append(row["session"])
        elif each is By.WEEKDAY:
            found.append(_DAYS[row["weekday"] - 1])
        elif each in OF_AREAS:
            found.append(_place(each, row))
    return tuple(found)


def _place(by: By, row: Mapping[str, Any]) -> Label:
    """Give the authority, region or phase that a row is of; an authority's region is known by it."""
    if by is By.PHASE:
        return row["phase"] or None
    area: str = row["area"]
    return area if by is By.LOCAL_AUTHORITY or area in REGIONS else region_of(area)


def parts(by: By, first: date, last: date) -> list[Part]:
    """Give the parts of the days between two, whatever any school's calendar says: weeks, months, half-terms..."""
    first, last = max(first, FIRST_DAY), min(last, LAST_DAY)
    years = sorted({academic_year(day) for day in _days(first, last)})
    found: list[Part]
    if by is By.WEEK:
        mondays = sorted({week_of(day) for day in _days(first, last)})
        found = [(monday, monday + 6 * _DAY, monday.isoformat()) for monday in mondays]
    elif by is By.CENSUS_PERIOD:
        found = []
        for year in years:
            periods = census_periods(year)
            ends = [*(starts - _DAY for _, starts in periods[1:]), academic_year_bounds(year)[1]]
            found += [(starts, end, f"{year}/{name}") for (name, starts), end in zip(periods, ends, strict=True)]
    else:
        found = [
            (each.first, each.last, _called(by, each)) for year in years for each in stretches(year) if _is(by, each)
        ]
    return [(starts, ends, name) for starts, ends, name in found if starts <= last and ends >= first]


def _is(by: By, stretch: Stretch) -> bool:
    kinds = {By.YEAR: ("year",), By.TERM: TERMS, By.HALF_TERM: HALF_TERMS}
    return stretch.name in kinds[by] if by in kinds else stretch.name[0].isdigit()


def _called(by: By, stretch: Stretch) -> str:
    """Give the name of a stretch as that of a school is called."""
    if by is By.YEAR:
        return stretch.academic_year
    return stretch.name if by is By.MONTH else f"{stretch.academic_year}/{stretch.name}"


def _days(first: date, last: date) -> list[date]:
    return [date.fromordinal(n) for n in range(first.toordinal(), last.toordinal() + 1)]


@dataclass(frozen=True, slots=True)
class OfPupils:
    """What rests on pupils: of the whole, and of parts; None and nothing where the days are no stretch."""

    whole: Group | None
    parts: Mapping[Labels, Group]
    is_whole: bool
    """Whether all parts that there are were found, each over a stretch."""


async def of_pupils(connection: Connection, area: Area, question: Question, today: date, *, codes: bool) -> OfPupils:
    """Give the groups that rest on pupils' own sums, of a year, term, half-term or month, or so much of it as has come.

    They are kept of those who are in the DfE's statistics. With `codes` they hold their sessions too.
    """
    if question.who is Who.ON_ROLL:
        return OfPupils(None, {}, is_whole=False)
    found = stretch_of(question.first, question.last, today)
    whole = None
    if found is not None:
        every = await _of_stretches(connection, area, question, (), [((), found)], codes=codes)
        whole = pooled(every.values())
    by = tuple(each for each in question.by if each is not By.CODE)
    if any(each in (By.SESSION, By.WEEKDAY, By.WEEK) for each in by):
        return OfPupils(whole, {}, is_whole=False)
    within = _within(by, question, today)
    named = [(labels, each) for labels, each in within if each is not None]
    groups = await _of_stretches(connection, area, question, by, named, codes=codes) if named and question.by else {}
    return OfPupils(whole, groups, is_whole=len(named) == len(within))


def stretch_of(first: date, last: date, today: date) -> Stretch | None:
    """Give the longest stretch that begins and ends with some days, or is over with them as far as it has come."""
    if not FIRST_DAY <= first <= LAST_DAY:
        return None
    found = [each for each in stretches(academic_year(first)) if each.first == first]
    return next((each for each in found if min(today, each.last) <= last <= each.last), None)


def _within(by: Sequence[By], question: Question, today: date) -> list[tuple[tuple[str, ...], Stretch | None]]:
    """Give the parts of time that are asked by, each with its stretch, or None where it is not wholly asked for."""
    sliced = [parts(each, question.first, question.last) for each in by if each in _STRETCHES]
    found = []
    for several in product(*sliced):
        first = max([question.first, *(starts for starts, _, _ in several)])
        last = min([question.last, *(ends for _, ends, _ in several)])
        if first <= min(last, today):
            found.append((tuple(name for _, _, name in several), stretch_of(first, last, today)))
    return found


async def _of_stretches(
    connection: Connection,
    area: Area,
    question: Question,
    by: Sequence[By],
    named: Sequence[tuple[tuple[str, ...], Stretch]],
    *,
    codes: bool,
) -> dict[Labels, Group]:
    part_by = next((each for each in by if each is By.YEAR_GROUP or each.startswith("cohort:")), None)
    rows = _sql.of_stretches(
        connection,
        areas=area.read_from(by),
        by_area=any(each in PLACES for each in by),
        by_phase=By.PHASE in by,
        academic_years=[each.academic_year for _, each in named],
        stretches=[each.name for _, each in named],
        counted=question.who.counted,
        part_of="all" if part_by is None else part_by,
        with_codes=codes,
    )
    found = {}
    async for row in rows:
        names, stretch = named[row["number"]]
        of_time = iter(names)
        labels = [
            next(of_time)
            if each in _STRETCHES
            else _place(each, row)
            if each in OF_AREAS
            else _value(each, row["part"])
            for each in by
        ]
        found[tuple(labels)] = _of_stretch(row, stretch)
    return found


def _value(by: By, part: str) -> Label:
    """Give a part's name as it is for a school: facts that are true or false as such, and none for none."""
    return {"": None, "true": True, "false": False}.get(part, part) if by.kind == "yes-no" else part or None


def _of_stretch(row: Mapping[str, Any], stretch: Stretch) -> Group:
    """Give a group; a code of more sessions than a pupil has in the stretch is of more pupils than one."""
    codes: dict[str, int] = row["codes"] or {}
    most = 2 * sum(day.weekday() < _WEEK for day in _days(stretch.first, stretch.last))
    # A code means the same all the stretch, but in those that the pandemic's X began and ended in.
    on = stretch.first + (stretch.last - stretch.first) // 2
    return Group(
        int(row["enrolments"]),
        int(row["persistent"]),
        int(row["severe"]),
        int(row["absence_of_persistent"]),
        tally((code, on, True, sessions) for code, sessions in codes.items()),
        {code: -(-sessions // most) for code, sessions in codes.items()},
    )
