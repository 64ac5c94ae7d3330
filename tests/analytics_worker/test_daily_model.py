"""A reader who keeps a dict, and lays every `changed_after` over it, holds what a fresh pull of all dates gives."""

import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.writing import Desk, Moment, School
from tests.support.school import CALENDAR, POLICY

Key = tuple[str, str, str, str]
Row = dict[str, Any]

FIRST, LAST = date(2026, 10, 12), date(2027, 2, 26)
"""From long past to long to come, for the reader of all dates."""
BEGUN = datetime.fromisoformat("2026-11-20T16:00:00+00:00")
DAYS = [date(2026, 11, 9) + timedelta(days=n) for n in (0, 1, 3, 4, 7, 8, 11, 14, 15, 16, 18, 25, 30, 60, 92)]
ROLLS = (
    "{[2026-10-01,)}",
    "{[2026-10-01,2026-11-11)}",
    "{[2026-10-01,2026-12-03)}",
    "{[2026-10-01,2026-10-20),[2026-11-17,)}",
    "{[2026-11-19,2027-02-01)}",
    "{[2027-01-04,)}",
)


def key(row: Row) -> Key:
    return row["urn"], row["pupil"], row["date"], row["session"]


@dataclass
class Reader:
    """An authority's database: rows by key, and the position after the last pull."""

    calling: Calling
    la_code: str
    until: date
    held: dict[Key, Row] = field(default_factory=dict)
    position: str = ""

    async def pull(self, asked: dict[str, Any], limit: int | None = None) -> int:
        """Pull, as a stream or in pages, and lay what came over what is held; give how many rows came."""
        async with self.calling("authority", self.la_code) as http:
            rows = await (self.streamed(http, asked) if limit is None else self.paged(http, limit, asked))
        for row in rows:
            if row["state"] == "closed":
                self.held.pop(key(row), None)
            else:
                self.held[key(row)] = row
        return len(rows)

    async def streamed(self, http: httpx.AsyncClient, asked: dict[str, Any]) -> list[Row]:
        answer = await http.get(self.path, params={"format": "ndjson", **asked})
        assert answer.status_code == 200, answer.text
        self.position = answer.headers["rollbook-changed-after"]
        return [json.loads(line) for line in answer.text.splitlines()]

    async def paged(self, http: httpx.AsyncClient, limit: int, asked: dict[str, Any]) -> list[Row]:
        rows: list[Row] = []
        cursor: dict[str, str] = {}
        while True:
            page = await http.get(self.path, params={"limit": limit, **asked, **cursor})
            assert page.status_code == 200, page.text
            rows += page.json()["items"]
            if page.json()["next"] is None:
                self.position = page.json()["changed_after"]
                return rows
            cursor = {"cursor": page.json()["next"]}

    @property
    def path(self) -> str:
        return f"/v1/local-authorities/{self.la_code}/daily"

    async def fresh(self, until: date) -> dict[Key, Row]:
        """Give what a pull of all dates holds at this moment."""
        other = Reader(self.calling, self.la_code, until)
        count = await other.pull({"from": FIRST.isoformat(), "to": until.isoformat()})
        assert len(other.held) == count
        return other.held

    def of_all_dates(self, today: date) -> dict[Key, Row]:
        """Give what is held of the dates that a fresh pull is compared in."""
        first, last = FIRST.isoformat(), max(self.until, today).isoformat()
        return {at: row for at, row in self.held.items() if first <= row["date"] <= last}


@dataclass
class Here:
    """One school, and what a history has to know of it."""

    school: School
    la_code: str
    inset: list[str] = field(default_factory=list)
    closures: list[tuple[str, str, Moment, Moment]] = field(default_factory=list)
    ids: int = 0
    entries: dict[int, dict[str, Any]] = field(default_factory=dict)

    async def change(self, pupil_no: int, **other: Any) -> None:
        """Change some of what the admission register says of a pupil, and nothing else."""
        entry = self.entries.setdefault(pupil_no, {"on_roll": ROLLS[0]})
        entry |= other
        await self.school.pupil(pupil_no, **entry)

    urns: list[str] = field(default_factory=list)


Act = Callable[[Here, random.Random, date], Awaitable[None]]


async def enter(here: Here, chance: random.Random, today: date) -> None:
    days = [day for day in DAYS if day <= today]
    marks = [
        (chance.randrange(1, 5), chance.choice(days).isoformat(), chance.choice(("AM", "PM")), chance.choice("NIO/"))
        for _ in range(4)
    ]
    await here.school.enter(*marks)


async def enrol(here: Here, chance: random.Random, today: date) -> None:
    other = chance.choice(({}, {}, {"sex": "M"}, {"boarder": True}, {"upn": "X931345622001"}, {"status": "guest"}))
    await here.change(chance.randrange(1, 6), on_roll=chance.choice(ROLLS), **other)


async def place(here: Here, chance: random.Random, today: date) -> None:
    placing: dict[str, Any] = {"class": chance.choice(("4A", "4C")), "facts": {"fsm": chance.random() < 0.5}}
    start = chance.choice(DAYS).isoformat()
    await here.change(chance.randrange(1, 5), effective_from=start, **placing)


async def rename(here: Here, chance: random.Random, today: date) -> None:
    here.ids += 1
    await here.change(chance.randrange(1, 5), id=f"x-{here.ids}")


async def shift(here: Here, chance: random.Random, today: date) -> None:
    """Open and close days: INSET days, a holiday that moves, a term that ends on another day."""
    inset = [day.isoformat() for day in chance.sample(DAYS, chance.randint(0, 3))]
    terms = [*CALENDAR["terms"][:2], {**CALENDAR["terms"][2], "ends": chance.choice(("2027-07-21", "2027-07-14"))}]
    terms[1] = {**terms[1], "starts": chance.choice(("2027-01-04", "2027-01-06"))}
    await here.school.calendar("2026-27", {**CALENDAR, "inset_days": inset, "terms": terms})


async def close(here: Here, chance: random.Random, today: date) -> None:
    day = chance.choice(DAYS)
    first, last = (day.isoformat(), chance.choice(("AM", "PM"))), ((day + timedelta(days=2)).isoformat(), "AM")
    made = (f"c-{len(here.closures)}", chance.choice(("#", "#", "Y4")), first, last)
    here.closures.append(made)
    await here.school.close(*made)


async def reverse(here: Here, chance: random.Random, today: date) -> None:
    if here.closures:
        await here.school.reverse(*chance.choice(here.closures))


async def set_times(here: Here, chance: random.Random, today: date) -> None:
    morning = {**POLICY["registers"][0], "closes": chance.choice(("09:15", "09:45"))}
    await here.school.policy({**POLICY, "registers": [morning, POLICY["registers"][1]]})


async def leave_or_return(here: Here, chance: random.Random, today: date) -> None:
    """Belong to another authority, at once or from a day to come, or to this one again."""
    await here.school.facts(
        chance.choice((here.la_code, "999")),
        effective_from=chance.choice((today, today + timedelta(days=2))).isoformat(),
        closed_on=chance.choice((None, None, "2026-11-17", "2027-01-15")),
    )


async def convert(here: Here, chance: random.Random, today: date) -> None:
    if here.urns:
        before, here.school.urn = here.school.urn, here.urns.pop()
        laestab = chance.choice((None, f"{here.la_code}{before[-4:]}"))
        await here.school.facts(here.la_code, effective_from=today.isoformat(), laestab=laestab)


ACTS: tuple[Act, ...] = (
    *(enter,) * 5,
    *(enrol,) * 3,
    *(place,) * 2,
    *(rename, shift, shift, close, close, reverse, set_times, leave_or_return, convert),
)


@pytest.mark.parametrize(("seed", "la_code"), [(n, str(876 + n)) for n in range(4)])
async def test_whatever_happens_the_rows_held_are_those_of_a_fresh_pull(
    desk: Desk, calling: Calling, seed: int, la_code: str
) -> None:
    chance = random.Random(seed)
    schools = [
        Here(
            await desk.open(f"95{seed}{n}01", la_code, pupils=4, on_roll=ROLLS[0]),
            la_code,
            urns=[f"95{seed}{n}0{m}" for m in (3, 2)],
        )
        for n in range(2)
    ]
    await desk.sweep()
    moment = BEGUN
    # One has pulled days to come, one up to today.
    readers = [Reader(calling, la_code, until) for until in (LAST, BEGUN.date())]
    for one in readers:
        await one.pull({"from": FIRST.isoformat(), "to": one.until.isoformat()})
    for _ in range(14):
        for _ in range(chance.randint(1, 3)):
            moment += timedelta(minutes=chance.choice((1, 5, 60 * 3, 60 * 17)))
            desk.clock.set(moment.isoformat())
            await chance.choice(ACTS)(chance.choice(schools), chance, moment.date())
        if chance.random() < 0.7:
            await desk.sweep()
        for one in readers:
            if chance.random() < 0.8:
                await one.pull({"changed_after": one.position}, chance.choice((None, None, None, 200)))
    moment += timedelta(minutes=1)
    desk.clock.set(moment.isoformat())
    await desk.sweep()
    for one in readers:
        await one.pull({"changed_after": one.position})
        assert one.of_all_dates(moment.date()) == await one.fresh(max(one.until, moment.date()))
        assert await one.pull({"changed_after": one.position}) == 0
