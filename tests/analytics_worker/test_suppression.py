"""A reader who may not see pupils is shown nothing of one or two of them, nor can work it out from what is shown."""

import random
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import pytest

from analytics_worker import summary
from analytics_worker.counting import Counted
from analytics_worker.questions import By, Question
from analytics_worker.summary import Reader
from codes import tallies
from codes.book import Kind, read
from codes.suppression import SMALLEST_SHOWN
from codes.tallies import Tally
from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.writing import Desk
from tests.support.office import refusal

ON = date(2026, 11, 2)
CODES = ("/", "/", "/", "/", "/", "/", "L", "U", "I", "M", "E", "G", "O", "B", "Y5")
GROUPS = Reader(sees_pupils=False)
Unknown = tuple[str, Any]
"""A member and the labels of the cell that it was left out of."""


def pupil_of(chance: random.Random) -> Tally:
    kinds = chance.sample(CODES, 4)
    return tallies.tally([(chance.choice(kinds), ON, True, 1) for _ in range(20)])


def school_of(chance: random.Random, *shape: int) -> dict[tuple[Any, ...], list[Tally]]:
    """Give the pupils of each part of a table of one or two labels; each is in one part."""
    keys: list[tuple[Any, ...]] = [()]
    for size in shape:
        keys = [(*key, f"part-{n}") for key in keys for n in range(size)]
    return {key: [pupil_of(chance) for _ in range(chance.choice((0, 1, 1, 2, 3, 4, 9)))] for key in keys}


def counted_of(parts: dict[tuple[Any, ...], list[Tally]]) -> Counted:
    whole = tallies.group([each for pupils in parts.values() for each in pupils])
    return Counted(whole, {key: tallies.group(pupils) for key, pupils in parts.items() if pupils})


def solved(known: dict[Unknown, int], sums: Sequence[tuple[Unknown, list[Unknown]]]) -> dict[Unknown, int]:
    """Work out whatever follows from what is known and from sums of others, as a curious reader would."""
    found = dict(known)
    grown = True
    while grown:
        grown = False
        for total, parts in sums:
            unknown = [each for each in (total, *parts) if each not in found]
            if len(unknown) != 1:
                continue
            told = sum(found[each] for each in parts if each in found)
            found[unknown[0]] = told if unknown[0] == total else found[total] - told
            grown = True
    return found


COUNTED = ("enrolments", "persistent_pupils", "severe_pupils")


def of_parts(counted: Counted, whole: dict[str, Any], items: list[dict[str, Any]], by: tuple[By, ...]) -> Iterator[str]:
    """Attack the numbers of pupils: give those of one or two that can be worked out."""
    cells = {tuple(item[each.member] for each in by): item for item in items}
    truth = {
        **{key: summary.of_group(group) for key, group in counted.parts.items()},
        (): summary.of_group(counted.whole),
    }
    known = {
        (member, key): item[member]
        for key, item in {**cells, (): whole}.items()
        for member in COUNTED
        if item[member] is not None
    }
    sums: list[tuple[Unknown, list[Unknown]]] = [
        ((member, ()), [(member, key) for key in counted.parts]) for member in COUNTED
    ]
    for (member, key), value in solved(known, sums).items():
        assert value == truth[key][member]
        if 0 < value < SMALLEST_SHOWN:
            yield f"{member} of {key} is {value}"
    for member in COUNTED:
        hidden = [truth[key][member] for key in counted.parts if (member, key) not in known and truth[key][member]]
        if (member, ()) in known and hidden and sum(hidden) < SMALLEST_SHOWN:
            yield f"{member}: {hidden} are {sum(hidden)} together"


KINDS = {
    "present_sessions": Kind.PRESENT,
    "approved_educational_activity": Kind.APPROVED,
    "authorised_absence": Kind.AUTHORISED,
    "unauthorised_absence": Kind.UNAUTHORISED,
}


def of_codes(counted: Counted, whole: dict[str, Any]) -> Iterator[str]:
    """Attack the sessions by code: give the codes of one or two pupils whose sessions can be worked out."""
    codes = counted.whole.total.codes
    known: dict[Unknown, int] = {(member, ""): n for member, n in whole.items() if isinstance(n, int)}
    known |= {("code", code): n for code, n in whole.get("codes", {}).items()}
    sums: list[tuple[Unknown, list[Unknown]]] = [
        ((member, ""), [("code", code) for code in codes if read(code, ON).kind is kind])
        for member, kind in KINDS.items()
    ]
    sums += [
        (("late_sessions", ""), [("code", code) for code in ("L", "U") if code in codes]),
        (("late_before_close_sessions", ""), [("code", "L")] if "L" in codes else []),
        (("late_after_close_sessions", ""), [("code", "U")] if "U" in codes else []),
    ]
    for (what, code), value in solved(known, sums).items():
        if what == "code" and 0 < counted.whole.pupils_with[code] < SMALLEST_SHOWN:
            yield f"{code} has {value} sessions"


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("by", [(By.CLASS,), (By.YEAR_GROUP, By.COHORT_SEN)], ids=["one", "two"])
def test_no_number_of_one_or_two_pupils_can_be_worked_out(seed: int, by: tuple[By, ...]) -> None:
    chance = random.Random(seed)
    counted = counted_of(school_of(chance, *(4, 3)[: len(by)]))
    whole, items = summary.shown(counted, Question(ON, ON, by), GROUPS)
    assert [*of_parts(counted, whole, items, by)] == []
    if counted.whole.enrolments >= SMALLEST_SHOWN:
        single = {code for code, n in counted.whole.pupils_with.items() if n < SMALLEST_SHOWN}
        assert not single & whole["codes"].keys()
    assert all("codes" not in item for item in items)


def test_the_attack_finds_what_is_left_open() -> None:
    """The attack itself can fail: with the smallest part alone left out it finds it."""
    counted = counted_of({("a",): [pupil_of(random.Random(1))], ("b",): [pupil_of(random.Random(n)) for n in range(9)]})
    whole, items = summary.shown(counted, Question(ON, ON, (By.CLASS,)), Reader(sees_pupils=True))
    items[0] |= dict.fromkeys(COUNTED)
    assert "enrolments of ('a',) is 1" in [*of_parts(counted, whole, items, (By.CLASS,))]


def test_codes_of_one_pupil_are_left_out_with_another_of_their_kind() -> None:
    rows = [{"/": 10, "I": 3}, {"/": 10, "I": 2, "M": 4}, {"/": 9, "I": 1, "M": 1}, {"/": 9, "M": 1}, {"/": 9, "E": 5}]
    pupils = [tallies.tally([(code, ON, True, n) for code, n in row.items()]) for row in rows]
    whole, _ = summary.shown(Counted(tallies.group(pupils)), Question(ON, ON), GROUPS)
    assert whole["codes"].keys() == {"/", "I"} or whole["codes"].keys() == {"/", "M"}
    assert whole["authorised_absence"] == 17
    assert [*of_codes(Counted(tallies.group(pupils)), whole)] == []
    open_, _ = summary.shown(Counted(tallies.group(pupils)), Question(ON, ON), Reader(sees_pupils=True))
    assert "E has 5 sessions" in [*of_codes(Counted(tallies.group(pupils)), open_)]


@pytest.fixture(scope="module")
async def urn(desk: Desk) -> str:
    """Give a school of nine in four classes, two of them of one or two pupils."""
    school = await desk.open("942001", pupils=0)
    for no, class_ in enumerate(("4A", "4A", "4A", "4A", "4B", "4C", "4C", "4D", "4D", "4D", "4D"), start=1):
        await school.pupil(no, **{"class": class_})
        await school.enter_days(no, [ON], "I" if no == 5 else None)
    await desk.sweep()
    return school.urn


async def test_a_reader_of_groups_sees_no_pupil_and_no_small_part(calling: Calling, urn: str) -> None:
    path, asked = f"/v1/schools/{urn}/attendance", {"from": ON.isoformat(), "to": ON.isoformat()}
    async with calling("schools", urn, scopes=("summaries:read",)) as http:
        told = (await http.get(path, params={**asked, "by": "class"})).json()
        codes = (await http.get(path, params={**asked, "by": "code"})).json()
        refusal(await http.get(path, params={**asked, "by": "pupil"}), "scope-required")
        refusal(await http.get(f"/v1/schools/{urn}/pupils/p-1/attendance"), "scope-required")
    items = {item["class"]: item for item in told["items"]}
    assert {name for name, item in items.items() if item["enrolments"] is None} == {"4B", "4C"}
    assert items["4B"] == {**dict.fromkeys(items["4B"]), "class": "4B", "suppressed": True}
    assert items["4D"]["attendance_perc"] == 100.0
    assert told["enrolments"] == 11
    assert "I" not in told["codes"]
    assert {item["code"]: item["sessions"] for item in codes["items"]}["I"] is None


async def test_who_sees_pupils_sees_every_part(calling: Calling, urn: str) -> None:
    async with calling("schools", urn) as http:
        told = (await http.get(f"/v1/schools/{urn}/attendance", params={"by": "class", "on": ON.isoformat()})).json()
    assert {item["class"]: item["enrolments"] for item in told["items"]} == {"4A": 4, "4B": 1, "4C": 2, "4D": 4}
    assert "suppressed" not in told
