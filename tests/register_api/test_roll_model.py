"""The roll against a plain model: whatever was stated, in whatever order, each day is at each position as stated."""

import random
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from tests.support.office import Office, open_office
from tests.support.school import pupil, put
from tests.support.services import Register

STARTS = date(2026, 9, 3)
LOOKED_AT = [(STARTS + timedelta(days=days)).isoformat() for days in (-1, 0, 4, 9, 14, 30, 45)]
CLASSES = ("4A", "4B", "4C")
FACTS: tuple[dict[str, Any], ...] = ({}, {"fsm": True}, {"ethnicity": "WBRI", "looked_after": True})


@dataclass
class Pupil:
    """What the model knows of a pupil: ids, what holds from which day on, the rest, and the day of the last leaving."""

    ids: list[str]
    placed: dict[str, dict[str, Any]]
    stated: tuple[str, dict[str, Any]]
    address: str | None = None
    spans: list[tuple[str, str | None]] = field(default_factory=lambda: [(STARTS.isoformat(), None)])

    def state(self, today: str, effective_from: str | None, dated: dict[str, Any]) -> None:
        """Keep what is stated, from the day stated; without one from that of the same statement, or today."""
        same = self.stated[0] if dated == self.stated[1] else today
        day = effective_from or same
        self.placed[day] = dated
        self.stated = (day, dated)

    def on(self, day: str) -> dict[str, Any] | None:
        """Give what a day shows, None off roll."""
        if not any(first <= day and (last is None or day <= last) for first, last in self.spans):
            return None
        holding = [since for since in self.placed if since <= day]
        return {"id": self.ids[-1], "address": self.address, **(self.placed[max(holding)] if holding else {})}


async def shown(office: Office, day: str, seq: int) -> list[Any]:
    items = (await office.get("/pupils", on=day, as_at=f"seq:{seq}"))["items"]
    return [{name: item.get(name) for name in ("id", "address", "class", "facts")} for item in items]


def body(one: Pupil, dated: dict[str, Any]) -> dict[str, Any]:
    first, last = one.spans[-1]
    leaving = None if last is None else {"date": last, "ground": "f", "destination": "Home"}
    return pupil(starting_day=first, leaving=leaving, address=one.address, **dated)


async def step(office: Office, chance: random.Random, today: str, pupils: list[Pupil], n: int) -> None:
    """Do one thing to one pupil, in the register and in the model."""
    one = chance.choice(pupils)
    path = office.path(f"/pupils/{chance.choice(one.ids)}")
    act = chance.choice(("place", "place", "address", "id", "leave"))
    effective_from, dated = None, one.stated[1]
    if act == "id":
        one.ids.append(f"id-{n}")
        answer = await office.http.post(f"{path}/pupil-ids", json={"id": f"id-{n}"})
        assert answer.json()["outcome"] == "changed", answer.text
        return
    if act == "place":
        effective_from = chance.choice((None, *LOOKED_AT[1:]))
        dated = {"class": chance.choice(CLASSES), "facts": chance.choice(FACTS)}
    elif act == "address":
        one.address = f"{n} Invented Street"
    elif one.spans[-1][1] is None:
        one.spans[-1] = (one.spans[-1][0], chance.choice([day for day in LOOKED_AT if day >= one.spans[-1][0]]))
    else:
        last = one.spans[-1][1]
        one.spans.append(((date.fromisoformat(str(last)) + timedelta(days=chance.randint(1, 9))).isoformat(), None))
    sent = body(one, dated) | ({} if effective_from is None else {"effective_from": effective_from})
    placed, stated = deepcopy(one.placed), one.stated
    one.state(today, effective_from, dated)
    outcome = (await put(office.http, path, sent))["outcome"]
    if outcome == "unchanged":  # what held already is not stated again
        assert act == "place"
        assert all(held(placed, day) == held(one.placed, day) for day in (*LOOKED_AT, today))
        one.placed, one.stated = placed, stated


def held(placed: dict[str, dict[str, Any]], day: str) -> Any:
    holding = [since for since in placed if since <= day]
    return placed[max(holding)] if holding else None


@pytest.mark.parametrize("seed", range(4))
async def test_each_day_shows_what_was_stated_for_it(register: Register, admin: httpx.AsyncClient, seed: int) -> None:
    chance = random.Random(seed)
    office = await open_office(admin, register.database, f"90095{seed}", pupils=3)
    first = {"class": "4B", "facts": {}}
    pupils = [Pupil([f"p-00{n}"], {STARTS.isoformat(): first}, (STARTS.isoformat(), first)) for n in (1, 2, 3)]
    told: list[tuple[int, dict[str, list[Any]]]] = []
    for n in range(30):
        day = STARTS + timedelta(days=4 + n)
        register.clock.set(f"{day}T12:00:00+01:00" if day < date(2026, 10, 25) else f"{day}T12:00:00+00:00")
        await step(office, chance, day.isoformat(), pupils, n)
        expected = {on: [row for one in pupils if (row := one.on(on)) is not None] for on in LOOKED_AT}
        told.append(((await office.head())[0], expected))
    for seq, expected in [told[-1], *chance.sample(told, 4)]:
        for on, rows in expected.items():
            assert await shown(office, on, seq) == rows, (seed, seq, on)
    await office.stream()
