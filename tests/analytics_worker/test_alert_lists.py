"""A school's alerts are listed by what narrows them, with what was done about each, and counted by the same filters."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.raising import RULE, Raising
from tests.analytics_worker.writing import Desk, School
from tests.support.office import refusal


@dataclass(frozen=True, slots=True)
class House:
    """A school with alerts, and their ids by what they are called here."""

    school: School
    raising: Raising
    ids: dict[str, str]

    def named(self, items: Sequence[dict[str, Any]]) -> list[str]:
        """Give what alerts are called here, in the order given."""
        names = {id_: name for name, id_ in self.ids.items()}
        return [names[item["id"]] for item in items]


@pytest.fixture(scope="module")
async def house(desk: Desk) -> House:
    """Give a school of five pupils in two classes with nine alerts, today being 20 November 2026."""
    school = await desk.open("921801", pupils=3)
    for pupil_no in (4, 5):
        await school.pupil(pupil_no, **{"class": "5A"}, year_group="5")
    await desk.fold()
    raising = Raising(school)
    raised = raising.raised
    ids = {
        "persistent": await raised("persistent-absence", 1, "2026-10-02", codes={"I": 4}),
        "overdue": await raised("n-overdue", 1, "2026-11-18", period="2026-11-10 AM"),
        "last year's": await raised("severe-absence", 2, "2026-03-02", period="2025-26"),
        "ended": await raised("persistent-absence", 3, "2026-10-05", "2026-11-02"),
        "of class 5A": await raised("register-not-taken", None, "2026-11-20", period="2026-11-20 AM 5A", register="5A"),
        "of the school": await raised("school-unauthorised-rising", None, "2026-11-13"),
        "class below": await raised("below-target", None, "2026-11-13", period="2026-27 class 5A", of="class 5A"),
        "year below": await raised(
            "below-target", None, "2026-11-13", period="2026-27 year group 4", of="year group 4"
        ),
        "in 5A": await raised("n-overdue", 4, "2026-11-14", period="2026-11-05 PM"),
    }
    await raising.act(ids["persistent"], "letter", "2026-11-09")
    await raising.act(ids["persistent"], "acknowledged", "2026-11-10")
    await raising.act(ids["overdue"], "acknowledged", "2026-11-19")
    return House(school, raising, ids)


async def got(http: httpx.AsyncClient, house: House, path: str = "alerts", **params: Any) -> dict[str, Any]:
    answer = await http.get(f"/v1/schools/{house.school.urn}/{path}", params=params)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_an_alert_says_what_it_is_of_how_old_it_is_and_what_was_done_last(house: House, calling: Calling) -> None:
    async with calling() as http:
        items = {item["id"]: item for item in (await got(http, house))["items"]}
    assert items[house.ids["persistent"]] == {
        "id": house.ids["persistent"],
        "kind": "persistent-absence",
        "pupil": "p-1",
        "class": "4B",
        "year_group": "4",
        "status": "open",
        "period": "2026-27",
        "academic_year": "2026-27",
        "opened_on": "2026-10-02",
        "closed_on": None,
        "held": [{"from": "2026-10-02", "until": None}],
        "age_days": 49,
        "acted": "acted-on",
        "acts": 2,
        "last_act": {"action": "acknowledged", "done_on": "2026-11-10"},
        "evidence": {"codes": {"I": 4}, **RULE},
    }
    ended = items[house.ids["ended"]]
    assert (ended["status"], ended["closed_on"], ended["age_days"]) == ("closed", "2026-11-02", 28)
    of_class = items[house.ids["of class 5A"]]
    assert (of_class["pupil"], of_class["class"], of_class["year_group"]) == (None, "5A", None)
    assert (of_class["acted"], of_class["acts"], of_class["last_act"]) == ("none", 0, None)


FILTERS: tuple[tuple[dict[str, Any], set[str]], ...] = (
    ({"status": "closed"}, {"ended"}),
    ({"kind": ["n-overdue", "severe-absence"]}, {"overdue", "last year's", "in 5A"}),
    ({"pupil": ["p-1", "p-4"]}, {"persistent", "overdue", "in 5A"}),
    ({"pupil": "p-99"}, set()),
    ({"class": "5A"}, {"of class 5A", "class below", "in 5A"}),
    ({"year_group": "4"}, {"persistent", "overdue", "last year's", "ended", "year below"}),
    ({"academic_year": "2025-26"}, {"last year's"}),
    (
        {"opened_from": "2026-11-13", "opened_to": "2026-11-18"},
        {"overdue", "of the school", "class below", "year below", "in 5A"},
    ),
    ({"older_than": 28}, {"persistent", "last year's"}),
    ({"older_than": 27}, {"persistent", "last year's", "ended"}),
    ({"acted": "none"}, {"last year's", "ended", "of class 5A", "of the school", "class below", "year below", "in 5A"}),
    ({"acted": "acknowledged"}, {"overdue"}),
    ({"acted": "acted-on"}, {"persistent"}),
    ({"kind": "n-overdue", "year_group": "5", "acted": "none", "status": "open"}, {"in 5A"}),
)


@pytest.mark.parametrize(("params", "names"), FILTERS, ids=[str(params) for params, _ in FILTERS])
async def test_each_filter_narrows_the_list_and_the_counts_alike(
    house: House, calling: Calling, params: dict[str, Any], names: set[str]
) -> None:
    async with calling() as http:
        items = (await got(http, house, **params))["items"]
        counts = await got(http, house, "alerts/counts", **params)
    assert set(house.named(items)) == names
    assert counts["alerts"] == len(names)
    assert counts["pupils"] == len({item["pupil"] for item in items} - {None})
    assert {line["kind"]: line["alerts"] for line in counts["kinds"]} == {
        kind: [item["kind"] for item in items].count(kind) for kind in {item["kind"] for item in items}
    }


async def test_alerts_are_counted_by_kind_status_class_year_group_and_age(house: House, calling: Calling) -> None:
    async with calling() as http:
        counts = await got(http, house, "alerts/counts")
    assert {name: counts[name] for name in ("urn", "alerts", "pupils")} == {
        "urn": house.school.urn,
        "alerts": 9,
        "pupils": 4,
    }
    assert [tuple(line.values()) for line in counts["kinds"]] == [
        ("persistent-absence", 2, 2),
        ("severe-absence", 1, 1),
        ("n-overdue", 2, 2),
        ("register-not-taken", 1, 0),
        ("below-target", 2, 0),
        ("school-unauthorised-rising", 1, 0),
    ]
    assert [tuple(line.values()) for line in counts["statuses"]] == [("open", 8, 3), ("closed", 1, 1)]
    assert [tuple(line.values()) for line in counts["classes"]] == [("4B", 4, 3), ("5A", 3, 1), (None, 2, 0)]
    assert [tuple(line.values()) for line in counts["year_groups"]] == [("4", 5, 3), ("5", 1, 1), (None, 3, 0)]
    assert [tuple(line.values()) for line in counts["ages"]] == [
        ("0-6", 3, 2),
        ("7-27", 3, 0),
        ("28-89", 2, 2),
        ("90+", 1, 1),
    ]


async def test_a_reader_of_groups_is_told_no_count_of_one_or_two_pupils(house: House, calling: Calling) -> None:
    async with calling(scopes=("summaries:read",)) as http:
        counts = await got(http, house, "alerts/counts")
        assert counts["alerts"] == 9
        hidden = {"alerts": None, "pupils": None, "suppressed": True}
        assert counts["kinds"][:3] == [
            {"kind": kind, **hidden} for kind in ("persistent-absence", "severe-absence", "n-overdue")
        ]
        assert counts["kinds"][3] == {"kind": "register-not-taken", "alerts": 1, "pupils": 0}
        # One pupil has a closed alert, so the three with open ones go too: else it could be had from the total.
        assert [line["alerts"] for line in counts["statuses"]] == [None, None]
        few = await got(http, house, "alerts/counts", kind="n-overdue")
        assert (few["alerts"], few["pupils"], few["suppressed"]) == (None, None, True)
        assert all(line.get("suppressed") for name in ("kinds", "classes", "ages") for line in few[name])
        asked = await http.get(f"/v1/schools/{house.school.urn}/alerts/counts", params={"pupil": "p-1"})
        assert refusal(asked, "scope-required")
        assert refusal(await http.get(f"/v1/schools/{house.school.urn}/alerts"), "scope-required")


async def test_pages_follow_one_another_and_the_changes_after_them(house: House, calling: Calling) -> None:
    async with calling() as http:
        names: list[str] = []
        cursor, body = None, dict[str, Any]()
        while cursor is not None or not names:
            body = await got(http, house, limit=3, **({} if cursor is None else {"cursor": cursor}))
            names += house.named(body["items"])
            cursor = body["next"]
        assert names == list(house.ids)
        after = body["changed_after"]
        assert (await got(http, house, changed_after=after))["items"] == []
        late = await house.raising.raised("study-leave", 5, "2026-11-20")
        await house.raising.close(late, "2026-11-20")
        [item] = (await got(http, house, changed_after=after))["items"]
        assert (item["id"], item["status"], item["held"]) == (
            late,
            "closed",
            [{"from": "2026-11-20", "until": "2026-11-20"}],
        )


async def test_what_is_no_filter_is_refused(house: House, calling: Calling) -> None:
    async with calling() as http:
        for params in ({"kind": "hunger"}, {"acted": "perhaps"}, {"academic_year": "2026"}, {"older_than": "-1"}):
            asked = await http.get(f"/v1/schools/{house.school.urn}/alerts", params=params)
            assert refusal(asked, "invalid-parameter"), params
