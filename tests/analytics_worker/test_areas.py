"""Figures of a region and of the nation are those of a plain fold over the events of their schools, now or kept."""

import random
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations
from typing import Any

import httpx
import pytest

from analytics_worker import area_counting
from analytics_worker.questions import By
from codes import tallies
from codes.ages import of_compulsory_age
from codes.tallies import Group, tally
from codes.who_counts import Counted, census_period
from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.test_many_schools import DFES, PLACES, REGION, ask, built
from tests.analytics_worker.test_summaries import LABELS, counted_on
from tests.analytics_worker.writing import Desk
from tests.support.office import refusal

NATION, SOUTH_EAST = "/v1/national/attendance", "/v1/regions/E12000008/attendance"
AREAS = [
    (NATION, [place.urn for place in PLACES]),
    (SOUTH_EAST, [place.urn for place in PLACES if REGION[place.la_code] == "E12000008"]),
]
SUMS = (
    *("possible_sessions", "present_sessions", "approved_educational_activity", "overall_attendance"),
    *("overall_absence", "authorised_absence", "unauthorised_absence"),
)
PARTS = (By.LOCAL_AUTHORITY, By.REGION, By.PHASE, By.YEAR_GROUP)
STRETCHES = (By.MONTH, By.HALF_TERM, By.TERM, By.CENSUS_PERIOD, By.YEAR)
WITH_COHORTS = (*PARTS[:3], *STRETCHES)
TIMES = (*STRETCHES, By.WEEK, By.WEEKDAY, By.SESSION)
COHORTS = (By.COHORT_FSM, By.COHORT_SEN, By.COHORT_SEX)
# What a range is asked as, its days, and whether those who are persistently absent over it are known.
RANGES: Mapping[str, tuple[dict[str, Any], tuple[date, date], bool]] = {
    "year": ({"period": "year"}, (date(2026, 8, 1), date(2027, 7, 31)), True),
    "term": ({"period": "term"}, (date(2026, 8, 1), date(2026, 12, 31)), True),
    "half-term": ({"period": "half-term", "on": "2026-10-25"}, (date(2026, 8, 1), date(2026, 10, 25)), True),
    "the half-term that has begun": ({"period": "half-term"}, (date(2026, 10, 26), date(2026, 12, 31)), True),
    "month": ({"from": "2026-09-01", "to": "2026-09-30"}, (date(2026, 9, 1), date(2026, 9, 30)), True),
    "the month so far": ({"from": "2026-11-01", "to": "2026-11-20"}, (date(2026, 11, 1), date(2026, 11, 20)), True),
    "week": ({"period": "week", "on": "2026-10-07"}, (date(2026, 10, 5), date(2026, 10, 11)), False),
    "any days": ({"from": "2026-09-16", "to": "2026-11-04"}, (date(2026, 9, 16), date(2026, 11, 4)), False),
}


def half_term_of(on: date) -> str:
    """The half-terms of the one autumn that anything is entered in."""
    return "2026-27/autumn-1" if on < date(2026, 10, 26) else "2026-27/autumn-2"


LABELLED: Mapping[By, Callable[..., Any]] = {
    **LABELS,
    By.TERM: lambda child, on, session, code: f"2026-27/{census_period(on)}",
    By.HALF_TERM: lambda child, on, session, code: half_term_of(on),
}
TODAY = date(2026, 11, 20)


@dataclass(frozen=True)
class Entry:
    """What stands for one session, under everything that it may be asked by."""

    pupil: tuple[str, int]
    counted: Counted
    on: date
    counts: tuple[str, date, bool, int]
    labels: Mapping[By, Any]


@dataclass(frozen=True)
class Fold:
    """Every entry of some schools, one by one, and the schools that are too small to be published."""

    entries: Sequence[Entry]
    too_small: Collection[str]

    def groups(self, urns: Collection[str], who: str, by: tuple[By, ...], days: tuple[date, date]) -> dict[Any, Group]:
        """Give what is counted of some schools, without those that are too small to be published."""
        wanted = {"published": Counted.MAIN, "aged-four": Counted.AGED_FOUR}.get(who)
        found: defaultdict[Any, defaultdict[tuple[str, int], list[Any]]] = defaultdict(lambda: defaultdict(list))
        for each in self.entries:
            urn = each.pupil[0]
            if (
                urn in urns
                and not (who == "published" and urn in self.too_small)
                and days[0] <= each.on <= days[1]
                and wanted in (None, each.counted)
            ):
                found[tuple(each.labels[one] for one in by)][each.pupil].append(each.counts)
        return {key: tallies.group([tally(one) for one in of.values()]) for key, of in found.items()}


def days_of(by: Sequence[By] = (), labels: Sequence[Any] = (), within: tuple[date, date] | None = None) -> set[date]:
    """Give the days of the year, up to today, that are called so."""
    all_days = [date(2026, 8, 1) + timedelta(days=n) for n in range((TODAY - date(2026, 8, 1)).days + 1)]
    return {
        day
        for day in all_days
        if (within is None or within[0] <= day <= within[1])
        and all(LABELLED[one](None, day, None, None) == label for one, label in zip(by, labels, strict=True))
    }


def is_known(by: Sequence[By], labels: Sequence[Any], days: tuple[date, date]) -> bool:
    """Whether the days of a part, as far as they have come, are all those of a year, a term, a half-term or a month."""
    timed = [(one, label) for one, label in zip(by, labels, strict=True) if one in TIMES]
    if any(one in (By.WEEK, By.WEEKDAY, By.SESSION) for one, _ in timed):
        return False
    found = days_of([one for one, _ in timed], [label for _, label in timed], days)
    wholes = [days_of()]
    for one in STRETCHES:
        wholes += [days_of([one], [label]) for label in {LABELLED[one](None, day, None, None) for day in days_of()}]
    return found in wholes


@pytest.fixture(scope="module")
async def fold(desk: Desk) -> Fold:
    world = await built(desk)
    entries = []
    for place in PLACES:
        by_no = {child.no: child for child in world.children[place.urn]}
        placed = {
            By.LOCAL_AUTHORITY: place.la_code,
            By.REGION: REGION[place.la_code],
            By.PHASE: DFES[place.phase],
        }
        events = world.schools[place.urn].events
        for (no, on, session), code in {key: code for key, _, code in events}.items():
            if (child := by_no[no]).is_on_roll(on):
                labels = {one: of(child, on, session, code) for one, of in LABELLED.items()}
                counts = (code, on, of_compulsory_age(child.born, on), 1)
                entries.append(Entry((place.urn, no), counted_on(child, on), on, counts, {**labels, **placed}))
    main = {each.pupil for each in entries if each.counted is Counted.MAIN and tally([each.counts]).possible_sessions}
    too_small = {place.urn for place in PLACES if sum(urn == place.urn for urn, _ in main) < 6}
    assert 0 < len(too_small) < len(PLACES)
    return Fold(entries, too_small)


@pytest.fixture(params=["now", "kept"])
def kept(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the sums that are kept of areas are read, as of very many schools."""
    if request.param == "kept":
        monkeypatch.setattr(area_counting, "MOST_SCHOOL_DAYS", -1)
        monkeypatch.setattr(area_counting, "MOST_ROWS", 10**9)
        monkeypatch.setattr(area_counting, "MANY_ROWS", 10**9)
    return bool(request.param == "kept")


def is_of(told: Mapping[str, Any], group: Group, *, of_pupils: bool) -> int:
    """Hold figures that are shown against a group; give whether any are."""
    if told["possible_sessions"] is None:
        return 0
    assert {name: told[name] for name in SUMS} == {name: getattr(group.total, name) for name in SUMS}
    assert group.enrolments >= 3, "a part of one or two pupils is not shown"
    found: dict[str, Any] = {"enrolments": group.enrolments, "persistent_pupils": group.persistent_pupils}
    found |= {"pa_perc": tallies.perc(group.persistent), "severe_pupils": group.severe_pupils}
    for name, value in found.items():
        assert told[name] == value if of_pupils and told[name] is not None else told[name] is None
    return 1


def two_at_most(*things: By) -> list[tuple[By, ...]]:
    return [(), *((each,) for each in things), *combinations(things, 2)]


@pytest.mark.parametrize(("path", "urns"), AREAS, ids=["nation", "region"])
@pytest.mark.parametrize("asked", RANGES)
async def test_any_days_of_an_area_are_the_sums_of_its_schools_events_by_anything_and_by_two_at_once(
    calling: Calling, fold: Fold, path: str, urns: list[str], asked: str, kept: bool
) -> None:
    params, days, is_stretch = RANGES[asked]
    chance = random.Random(f"{asked} {path}")
    every = two_at_most(*PARTS, *TIMES)
    shown = 0
    for by in [(), *chance.sample(every[1:13], 5), *chance.sample(every[13:], 8)]:
        for who in ("published", "on-roll"):
            told = await ask(calling, path, by=[*by], who=who, limit=1000, **params)
            assert told["schools"]["sums_on"] == ("2026-11-20" if kept else None)
            assert told["schools"]["year_totals_on"] == "2026-11-20"
            assert (told["from"], told["to"]) == tuple(map(str, days))
            of_pupils = is_stretch and who == "published"
            assert is_of(told, fold.groups(urns, who, (), days)[()], of_pupils=of_pupils)
            assert (told["pa_perc"] is not None) == of_pupils or by
            if by:
                expected = fold.groups(urns, who, by, days)
                items = {tuple(item[each.member] for each in by): item for item in told["items"]}
                assert len(items) == len(told["items"])
                assert items.keys() == expected.keys(), by
                for labels, item in items.items():
                    known = who == "published" and is_known(by, labels, days)
                    shown += is_of(item, expected[labels], of_pupils=known)
    assert shown > 20


@pytest.mark.parametrize(("path", "urns"), AREAS, ids=["nation", "region"])
@pytest.mark.parametrize("asked", [asked for asked, (_, _, is_stretch) in RANGES.items() if is_stretch])
async def test_cohorts_of_an_area_are_those_of_its_schools_events(
    calling: Calling, fold: Fold, path: str, urns: list[str], asked: str, kept: bool
) -> None:
    params, days, _ = RANGES[asked]
    cohorts = [(cohort, *beside) for cohort in COHORTS for beside in ((), *((each,) for each in WITH_COHORTS))]
    shown = 0
    for by in random.Random(f"{asked} {path}").sample(cohorts, 9):
        answer = await asked_of(calling, path, by=[*by], limit=1000, **params)
        timed = [one for one in by if one in TIMES]
        asked_for = {tuple(LABELLED[one](None, day, None, None) for one in timed) for day in days_of(within=days)}
        if not all(is_known(timed, labels, days) for labels in asked_for):
            refusal(answer, "invalid-parameter", at="by")
            continue
        told = answer.json()
        assert told["schools"]["sums_on"] == "2026-11-20"
        assert is_of(told, fold.groups(urns, "published", (), days)[()], of_pupils=True)
        expected = fold.groups(urns, "published", by, days)
        items = {tuple(item[each.member] for each in by): item for item in told["items"]}
        assert items.keys() == expected.keys(), by
        shown += sum(is_of(item, expected[labels], of_pupils=True) for labels, item in items.items())
    assert shown > 4


@pytest.mark.parametrize("who", ["published", "on-roll", "aged-four"])
async def test_codes_of_an_area_are_those_of_its_schools_events(
    calling: Calling, fold: Fold, who: str, kept: bool
) -> None:
    urns = [place.urn for place in PLACES]
    shown = 0
    for asked in ("year", "any days"):
        params, days, _ = RANGES[asked]
        for beside in ((), (By.LOCAL_AUTHORITY,), (By.YEAR_GROUP,), (By.WEEK,), (By.MONTH,), (By.HALF_TERM,)):
            told = await ask(calling, NATION, by=["code", *beside], who=who, limit=1000, **params)
            expected = fold.groups(urns, who, beside, days)
            found = {(item[beside[0].member] if beside else None, item["code"]): item for item in told["items"]}
            groups = {labels[0] if labels else None: group for labels, group in expected.items()}
            assert found.keys() == {(label, code) for label, group in groups.items() for code in group.total.codes}
            for (label, code), item in found.items():
                group = groups[label]
                assert item["sessions"] in (None, group.total.codes[code])
                assert item["sessions"] is None or group.pupils_with[code] >= 3
                shown += item["sessions"] is not None
    assert shown > 10 or who == "aged-four", "few are four, and of few no code is shown"


async def test_authorities_by_year_group_are_read_from_the_sums_of_stretches_or_are_too_many(
    calling: Calling, fold: Fold, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(area_counting, "MOST_SCHOOL_DAYS", -1)
    urns, by = [place.urn for place in PLACES], (By.LOCAL_AUTHORITY, By.YEAR_GROUP)
    for asked in ("year", "month"):
        params, days, _ = RANGES[asked]
        told = await ask(calling, NATION, by=[*by], **params)
        expected = fold.groups(urns, "published", by, days)
        items = {tuple(item[each.member] for each in by): item for item in told["items"]}
        assert items.keys() == expected.keys()
        assert sum(is_of(item, expected[labels], of_pupils=True) for labels, item in items.items())
    params, _, _ = RANGES["any days"]
    refusal(await asked_of(calling, NATION, by=[*by], **params), "invalid-parameter", at="by")
    assert (await asked_of(calling, SOUTH_EAST, by=[*by], **RANGES["week"][0])).status_code == 200


@pytest.mark.parametrize(
    ("params", "parameter"),
    [
        ({"by": "pupil"}, "by"),
        ({"by": "school"}, "by"),
        ({"by": "class"}, "by"),
        ({"by": "cohort:fsm", "from": "2026-09-07", "to": "2026-09-11"}, "by"),
        ({"by": "cohort:fsm", "period": "week"}, "by"),
        ({"by": "cohort:fsm", "who": "on-roll"}, "by"),
        ({"by": ["cohort:fsm", "week"]}, "by"),
        ({"by": ["cohort:fsm", "year-group"]}, "by"),
        ({"by": ["cohort:fsm", "cohort:sen"]}, "by"),
        ({"by": ["cohort:fsm", "month"], "from": "2026-09-07", "to": "2026-10-31"}, "by"),
    ],
)
@pytest.mark.usefixtures("fold")
async def test_what_no_sums_without_pupils_can_answer_is_refused(
    calling: Calling, params: dict[str, Any], parameter: str
) -> None:
    refusal(await asked_of(calling, NATION, **params), "invalid-parameter", at=parameter)


async def asked_of(calling: Calling, path: str, **params: Any) -> httpx.Response:
    async with calling() as http:
        return await http.get(path, params=params)
