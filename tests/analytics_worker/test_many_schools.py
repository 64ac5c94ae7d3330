"""Figures of many schools are sums of a plain fold over the events of each; and who may read which of them."""

import random
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from analytics_worker.questions import By
from codes import tallies
from codes.phases import EducationPhase
from codes.tallies import Tally
from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.test_summaries import DAYS, LABELS, MARKS, Child, enrol, fold, is_of, roll_of
from tests.analytics_worker.writing import Desk, School
from tests.support.office import refusal

FIRST, LAST = date(2026, 8, 1), date(2027, 7, 31)
WINDOW: dict[str, Any] = {"from": FIRST.isoformat(), "to": LAST.isoformat(), "limit": 1000}
FROM = [day for day in DAYS if FIRST <= day <= date(2026, 11, 20)]


@dataclass(frozen=True)
class Place:
    """Where a school is, and in which trust."""

    urn: str
    la_code: str
    trust: str | None
    phase: str
    ages: tuple[int, int] = (4, 11)


PLACES = (
    Place("940101", "931", "7101", "primary"),
    Place("940102", "931", "7102", "secondary", (11, 18)),
    Place("940103", "931", "7102", "primary"),
    Place("940104", "884", "7101", "primary"),
    Place("940105", "884", None, "primary"),
    Place("940106", "825", None, "nursery", (2, 5)),
)
REGION = {"931": "E12000008", "884": "E12000005", "825": "E12000008"}
DFES = {"primary": EducationPhase.PRIMARY, "secondary": EducationPhase.SECONDARY, "nursery": None}


@dataclass(frozen=True)
class World:
    """Schools with their children."""

    schools: Mapping[str, School]
    children: Mapping[str, list[Child]]

    def tallies(self, urns: list[str], who: str, by: tuple[By, ...], days: tuple[date, date] = (FIRST, LAST)) -> Any:
        """Give what the events of some schools fold to: one tally for each enrolment in each part."""
        found: defaultdict[tuple[Any, ...], list[Tally]] = defaultdict(list)
        for urn in urns:
            own = tuple(each for each in by if each in LABELS)
            for labels, each in fold(self.schools[urn], self.children[urn], *days, who, own).items():
                place = next(place for place in PLACES if place.urn == urn)
                areas = {
                    By.SCHOOL: urn,
                    By.LOCAL_AUTHORITY: place.la_code,
                    By.REGION: REGION[place.la_code],
                    By.PHASE: DFES[place.phase],
                }
                inner = iter(labels)
                found[tuple(areas[one] if one in areas else next(inner) for one in by)] += each
        return found


@pytest.fixture(scope="module")
async def world(desk: Desk) -> World:
    """Give six schools in three authorities, two trusts and two regions, folded, with the sums of the year."""
    return await built(desk)


async def built(desk: Desk) -> World:
    """Build such a world."""
    chance = random.Random(31)
    schools, children = {}, {}
    for place in PLACES:
        school = await desk.open(place.urn, place.la_code, pupils=0)
        await school.facts(place.la_code, place.trust, place.phase, place.ages)
        roll = roll_of(chance, 9)
        for child in roll:
            for n, (starts, year_group, class_, facts) in enumerate(child.placings):
                facts = {**facts, **({"responsible_la": "884"} if chance.random() < 0.4 else {})}
                child.placings[n] = (starts, year_group, class_, facts)
            await enrol(school, child)
        marks = [
            (child.no, day.isoformat(), session, chance.choice(MARKS))
            for day in FROM
            for session in ("AM", "PM")
            for child in roll
            if child.is_on_roll(day)
        ]
        await school.enter(*marks, *[(*mark[:3], chance.choice(MARKS)) for mark in marks[::23]])
        schools[place.urn], children[place.urn] = school, roll
    await desk.sweep()
    return World(schools, children)


async def ask(calling: Calling, path: str, reach: tuple[str, ...] = ("national",), **params: Any) -> dict[str, Any]:
    async with calling(*reach) as http:
        answer = await http.get(path, params=params)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


TRUST = ("/v1/trusts/7101/attendance", ("trust", "7101"), ["940101", "940104"])
AUTHORITY = ("/v1/local-authorities/931/attendance", ("authority", "931"), ["940101", "940102", "940103"])


@pytest.mark.parametrize(("path", "reach", "urns"), [TRUST, AUTHORITY], ids=["trust", "authority"])
@pytest.mark.parametrize(
    "by",
    [
        (),
        (By.SCHOOL,),
        (By.YEAR_GROUP,),
        (By.COHORT_FSM,),
        (By.WEEK,),
        (By.TERM,),
        (By.SCHOOL, By.MONTH),
        (By.YEAR_GROUP, By.SCHOOL),
        (By.SCHOOL, By.CLASS),
        (By.SCHOOL, By.PUPIL),
        (By.SESSION, By.WEEKDAY),
    ],
    ids="-".join,
)
async def test_a_trusts_and_an_authoritys_figures_are_the_sums_of_their_schools_events(
    calling: Calling, world: World, path: str, reach: tuple[str, ...], urns: list[str], by: tuple[By, ...]
) -> None:
    for who in ("on-roll", "published"):
        told = await ask(calling, path, reach, by=[*by], who=who, **WINDOW)
        is_of(told, world.tallies(urns, who, ())[()], ())
        assert [one["urn"] for one in told["schools"]] == urns
        assert all(one["behind"] == 0 and one["seq"] > 0 for one in told["schools"])
        if by:
            expected = world.tallies(urns, who, by)
            found = {tuple(item[each.member] for each in by): item for item in told["items"]}
            assert len(found) == len(told["items"])
            assert found.keys() == expected.keys() | ({(urn,) for urn in urns} if by == (By.SCHOOL,) else set())
            for labels, item in found.items():
                is_of(item, expected.get(labels, []), by)


async def test_codes_of_a_trust_by_school(calling: Calling, world: World) -> None:
    told = await ask(calling, TRUST[0], TRUST[1], by=["code", "school"], **WINDOW)
    expected = world.tallies(TRUST[2], "on-roll", (By.SCHOOL,))
    assert {(item["school"], item["code"]): item["sessions"] for item in told["items"]} == {
        (urn, code): n for (urn,), each in expected.items() for code, n in tallies.group(each).total.codes.items()
    }


async def test_the_children_an_authority_is_responsible_for_are_as_of_a_single_school(
    calling: Calling, world: World
) -> None:
    """Wherever they go to school, over the days on which they are that authority's."""
    expected: list[Tally] = []
    for urn, school in world.schools.items():
        by_pupil: defaultdict[int, list[tuple[str, date, bool, int]]] = defaultdict(list)
        by_no = {child.no: child for child in world.children[urn]}
        for (no, on, _), code in {key: code for key, _, code in school.events}.items():
            if by_no[no].placed(on)[2].get("responsible_la") == "884" and by_no[no].is_on_roll(on):
                by_pupil[no].append((code, on, True, 1))
        expected += [tallies.tally(each) for each in by_pupil.values()]
    assert len(expected) > 10
    path = "/v1/local-authorities/884/responsible/attendance"
    told = await ask(calling, path, ("authority", "884"), **WINDOW)
    is_of(told, expected, ())
    assert [one["urn"] for one in told["schools"]] == [place.urn for place in PLACES]
    async with calling("authority", "884") as http:
        for by in ("pupil", "class"):
            refusal(await http.get(path, params={"by": by}), "invalid-parameter", at="by")
    assert (await ask(calling, "/v1/local-authorities/931/responsible/attendance"))["schools"] == []


async def test_pupils_and_classes_of_many_schools_are_asked_for_by_school(calling: Calling, world: World) -> None:
    async with calling("trust", "7101") as http:
        for by in ("pupil", "class", "local-authority"):
            refusal(await http.get(TRUST[0], params={"by": by}), "invalid-parameter", at="by")
    async with calling("schools", "940101") as http:
        for by in ("school", "region", "phase"):
            answer = await http.get("/v1/schools/940101/attendance", params={"by": by})
            refusal(answer, "invalid-parameter", at="by")


async def test_who_sees_no_pupils_sees_no_part_of_one_or_two(calling: Calling, world: World) -> None:
    async with calling("trust", "7101", scopes=("summaries:read",)) as http:
        answer = await http.get(TRUST[0], params={"by": ["school", "class"], **WINDOW})
        assert answer.status_code == 200, answer.text
        expected = world.tallies(TRUST[2], "on-roll", (By.SCHOOL, By.CLASS))
        for item in answer.json()["items"]:
            enrolments = tallies.group(expected[item["school"], item["class"]]).enrolments
            assert item["enrolments"] in (enrolments, None)
            assert item["enrolments"] is None or enrolments >= 3
        refused = await http.get(TRUST[0], params={"by": ["school", "pupil"]})
        assert refusal(refused, "scope-required")


async def test_as_at_an_instant_every_school_is_as_it_stood_then(calling: Calling, desk: Desk, world: World) -> None:
    before = await ask(calling, TRUST[0], TRUST[1], **WINDOW)
    at = "2026-11-20T16:05:00+00:00"
    desk.clock.set("2026-11-20T16:10:00+00:00")
    school = world.schools["940101"]
    key, _, code = school.events[-1]
    await school.enter((key[0], key[1].isoformat(), key[2], "I" if code != "I" else "M"))
    await desk.sweep()
    then = await ask(calling, TRUST[0], TRUST[1], as_at=at, **WINDOW)
    assert then.pop("as_at") == {"instant": "2026-11-20T16:05:00.000000Z", "settled": True}
    now = await ask(calling, TRUST[0], TRUST[1], **WINDOW)
    assert then == before
    assert now["codes"] != before["codes"]


async def test_schools_are_listed_with_how_far_they_are(calling: Calling, world: World) -> None:
    for path, reach, urns in (
        ("/v1/trusts/7101/schools", TRUST[1], TRUST[2]),
        ("/v1/local-authorities/931/schools", AUTHORITY[1], AUTHORITY[2]),
    ):
        told = await ask(calling, path, reach, limit=1)
        items = told["items"]
        while told["next"] is not None:
            told = await ask(calling, path, reach, limit=1, cursor=told["next"])
            items += told["items"]
        assert [item["urn"] for item in items] == urns
        assert {item["phase"] for item in items} <= {"primary", "secondary"}
        assert {item["name"] for item in items} == {"Invented School"}


@pytest.mark.parametrize("what", ["attendance", "schools"])
async def test_a_trust_out_of_reach_is_one_that_does_not_exist(calling: Calling, world: World, what: str) -> None:
    for kind, ids in (("trust", ["7102"]), ("authority", ["931"]), ("schools", ["940101"])):
        async with calling(kind, *ids) as http:
            theirs, nobodys = [await http.get(f"/v1/trusts/{uid}/{what}") for uid in ("7101", "9999")]
            refusal(theirs, "unknown-trust")
            assert theirs.text.replace("7101", "NAMED") == nobodys.text.replace("9999", "NAMED")
    async with calling() as http:
        refusal(await http.get(f"/v1/trusts/9999/{what}"), "unknown-trust")
        assert (await http.get(f"/v1/trusts/7102/{what}")).status_code == 200
    async with calling("trust", "5555") as http:
        assert (await http.get(f"/v1/trusts/5555/{what}")).status_code == 200, "a trust may have no school yet"


async def test_the_nation_and_its_regions_are_for_those_who_reach_it(calling: Calling, world: World) -> None:
    for kind, ids in (("trust", ["7102"]), ("authority", ["931"]), ("schools", ["940101"])):
        async with calling(kind, *ids) as http:
            for path in ("attendance", "daily"):
                refusal(await http.get(f"/v1/national/{path}"), "national-reach")
            for region in ("E12000008", "E12000099"):
                refusal(await http.get(f"/v1/regions/{region}/attendance"), "unknown-region")
    async with calling(scopes=("alerts:read",)) as http:
        for path in ("national/attendance", "national/daily", "national/published", "regions/E12000008/attendance"):
            refusal(await http.get(f"/v1/{path}"), "scope-required")
    async with calling() as http:
        refusal(await http.get("/v1/regions/E12000099/attendance"), "unknown-region")
