"""Closures against a plain model: whatever is closed, reversed, marked and amended, each entry is what it must be."""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from kit import database as kit_database
from register_api import closer
from register_api.closer import Closer
from tests.support.closures import at as session_of
from tests.support.closures import body
from tests.support.office import Office, amending, calling, open_office
from tests.support.postgres import Database
from tests.support.school import OFFICE
from tests.support.services import EVERY_SCOPE, Clock, Register, register_api

Key = tuple[str, str]
DAYS = ("2026-09-07", "2026-09-08", "2026-09-09")
SESSIONS: list[Key] = [(day, session) for day in DAYS for session in ("AM", "PM")]
PUPILS = ("p-001", "p-002", "p-003")
BEGUN = "2026-09-07T07:00:00+01:00"


def opens(at: Key) -> datetime:
    return datetime.fromisoformat(f"{at[0]}T{'08:45' if at[1] == 'AM' else '13:00'}:00+01:00")


@dataclass
class Closed:
    """One closure: `left` are the sessions that it has still to enter."""

    id: str
    code: str
    run: list[Key]
    pupils: tuple[str, ...]
    already: set[Key]
    held: set[Key] = field(default_factory=set)
    left: set[Key] = field(default_factory=set)
    until: Key | None = None

    def stands(self, at: Key) -> bool:
        return at in self.run and at not in self.already and (self.until is None or at < self.until)


@dataclass
class Model:
    """What the register must hold: of each pupil and session the codes in order, each with what made it."""

    chains: dict[tuple[str, Key], list[tuple[str, str]]] = field(default_factory=dict)
    closures: list[Closed] = field(default_factory=list)

    def shut(self, at: Key) -> str | None:
        taking = [c.code for c in self.closures if c.code != "Y3" and c.stands(at) and at not in c.held]
        assert len(taking) < 2
        return taking[0] if taking else None

    def standing(self, at: Key) -> dict[str, str]:
        return {pupil: chain[-1][0] for (pupil, on), chain in self.chains.items() if on == at}

    def close(self, id_: str, code: str, run: list[Key], pupils: tuple[str, ...], amend: bool, now: datetime) -> str:
        """Close, and say what must be answered."""
        for c in self.closures:
            if (c.code, c.run, set(c.pupils)) == (code, run, set(pupils)) and c.until is None:
                return "unchanged"
        new = Closed(id_, code, run, pupils, {at for at in run if self.shut(at)})
        ours = [at for at in run if at not in new.already]
        marked = [(pupil, at) for at in ours for pupil, stands in self.standing(at).items() if stands != "#"]
        if not ours:
            return "invalid-closure"
        if code == "#":
            if marked and not amend:
                return "sessions-marked"
            for pupil, at in marked:
                self.chains[pupil, at].append(("#", id_))
        else:
            new.left = set(ours)
        if code == "Y4":
            new.held = {at for at in ours if set(self.standing(at).values()) - {"#", "Y3", "Y4"}}
        self.closures.append(new)
        self.enter(now)
        return "closed"

    def enter(self, now: datetime) -> None:
        for at in SESSIONS:
            for c in self.closures:
                if at in c.left and opens(at) <= now:
                    c.left.remove(at)
                    for pupil in c.pupils or PUPILS:
                        if c.stands(at) and self.shut(at) in (None, c.code):
                            self.chains.setdefault((pupil, at), [(c.code, c.id)])

    def reverse(self, c: Closed, begins: Key) -> str:
        if begins not in c.run:
            return "invalid-closure"
        until = begins if c.until is None else min(begins, c.until)
        if until == c.until:
            return "unchanged"
        opened = [at for at in c.run if c.stands(at) and at >= until]
        c.until = until
        for (_, at), chain in self.chains.items():
            if at in opened and chain[-1][0] == c.code and (c.code, c.id) in chain and self.shut(at) is None:
                chain.append(("N", f"not {c.id}"))
        return "reversed"

    def mark(self, pupil: str, at: Key, code: str) -> str:
        if (pupil, at) in self.chains:
            return "unchanged" if self.chains[pupil, at][0][0] == code else "already-entered"
        if self.shut(at) not in (None, code):
            return "session-closed"
        self.chains[pupil, at] = [(code, "mark")]
        return "entered"

    def amend(self, pupil: str, at: Key, code: str) -> str:
        chain = self.chains[pupil, at]
        if chain[-1][0] == code:
            return "unchanged"
        if self.shut(at) not in (None, code):
            return "session-closed"
        chain.append((code, "amendment"))
        return "amended"


@pytest.fixture
async def register(database: Database, tmp_path: Path) -> AsyncIterator[Register]:
    async with register_api(database, tmp_path, Clock(datetime.fromisoformat("2026-09-04T12:00:00+01:00"))) as running:
        yield running


def said(answer: httpx.Response) -> str:
    whole: dict[str, Any] = answer.json()
    return str(whole["outcome"] if answer.status_code == 200 else whole["code"])


def said_of_one(answer: httpx.Response) -> str:
    [outcome] = answer.json()["outcomes"]
    return str(outcome["problem"]["code"] if outcome["outcome"] == "refused" else outcome["outcome"])


async def step(office: Office, model: Model, chance: random.Random, now: datetime) -> None:
    """Do one of the things that an office does, and hold what is answered against the model."""
    doing, known = chance.choice("cccrrmmmaa"), [at for at in SESSIONS if opens(at) <= now]
    first, last = sorted(chance.choices(SESSIONS, k=2))
    if doing == "c":
        code, amend = chance.choice(("#", "Y4", "Y3")), chance.random() < 0.5
        pupils = tuple(chance.sample(PUPILS, k=chance.choice((1, 2)))) if code == "Y3" else ()
        run = [at for at in SESSIONS if first <= at <= last]
        sent = body(code, first, last, **({"pupils": list(pupils)} if pupils else {}), amend_entries=amend)
        answer = await office.http.post(office.path("/closures"), json=sent)
        id_ = answer.json().get("id", "")
        assert said(answer) == model.close(id_, code, run, pupils, amend, now), (sent, answer.text)
    elif doing == "r" and model.closures:
        closed = chance.choice(model.closures)
        begins = chance.choice((first, *closed.run, *closed.run))
        sent = {"from": session_of(*begins), "reason": "It was open after all", "made_by": OFFICE}
        answer = await office.http.post(office.path(f"/closures/{closed.id}/reversals"), json=sent)
        assert said(answer) == model.reverse(closed, begins), (closed, sent, answer.text)
    elif doing == "m" and known:
        pupil, at = chance.choice(PUPILS), chance.choice(known)
        code = chance.choice(("I", "N", "Y4"))
        item = {"made_by": OFFICE, "marks": [{"pupil": pupil, "code": code}]}
        assert said_of_one(await office.post(item, *at)) == model.mark(pupil, at, code), (pupil, at, code)
    elif doing == "a" and model.chains:
        pupil, at = chance.choice(sorted(model.chains))
        code, stands = chance.choice(("I", "M", "Y4")), model.chains[pupil, at][-1][0]
        answer = await office.amend(amending(pupil, stands, code, date=at[0], session=at[1]))
        assert said_of_one(answer) == model.amend(pupil, at, code), (pupil, at, stands, code)


@pytest.mark.parametrize("seed", range(6))
async def test_every_pupil_and_session_ends_with_the_entries_that_the_model_says(register: Register, seed: int) -> None:
    chance, model = random.Random(seed), Model()
    engine = kit_database.connect(register.database.register_url, name="tests", pool_size=2)
    closing = Closer(engine, register.clock, 5)
    async with calling(register, (*EVERY_SCOPE, "admin")) as http:
        office = await open_office(http, register.database, f"90040{seed}", pupils=len(PUPILS))
        register.clock.set(BEGUN)
        for _ in range(60):
            if chance.random() < 0.2:
                register.clock.now += timedelta(minutes=chance.choice((15, 100, 300)))
            if chance.random() < 0.5:
                await closer.round_of(closing)
                model.enter(register.clock.now)
            await step(office, model, chance, register.clock.now)
        found = {}
        for pupil in PUPILS:
            dates = {"from": DAYS[0], "to": DAYS[-1]}
            for item in (await office.get(f"/pupils/{pupil}/marks", **dates))["items"]:
                found[pupil, (item["date"], item["session"])] = [version["code"] for version in item["chain"]]
                for version, before in zip(item["chain"][1:], item["chain"], strict=False):
                    assert version["original_entry"] == before["code"]
        assert found == {key: [code for code, _ in chain] for key, chain in model.chains.items()}
        assert len((await office.get("/closures"))["items"]) == len(model.closures) > 2
        await office.stream()
    await engine.dispose()
