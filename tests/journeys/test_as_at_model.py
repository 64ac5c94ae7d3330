"""As at, against a plain model: whatever overlapping writers recorded, a read of any moment says what stood then."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from analytics_worker.app import WorkerSettings
from analytics_worker.app import create_app as create_worker
from kit import database as kit_database
from tests.support.folded import rebuilt
from tests.support.office import Office, calling, open_office, refusal
from tests.support.past import SESSIONS, Past, stamp
from tests.support.postgres import Database
from tests.support.school import CALENDAR, OFFICE, POLICY, TEACHER, pupil
from tests.support.services import EVERY_SCOPE, Clock, register_api, serving

BEGUN = datetime(2026, 9, 4, 11, tzinfo=UTC)
DAYS = ["2026-09-07", "2026-09-08", "2026-09-09", "2026-09-10", "2026-09-11"]
WITHIN = {"from": DAYS[0], "to": DAYS[-1]}
PUPILS = [f"p-00{n}" for n in range(1, 7)]
Told = dict[int, tuple[str, dict[str, Any]]]


@dataclass
class Desk:
    """One school, what was recorded of it, and what writers were told in this round."""

    office: Office
    past: Past
    told: Told = field(default_factory=dict)
    count: int = 0

    def tell(self, seq: int, kind: str, **said: Any) -> None:
        """Keep what one writer was told."""
        assert seq not in self.told
        self.told[seq] = (kind, said)

    def next(self) -> int:
        """Give a number that makes a body another than all before."""
        self.count += 1
        return self.count


async def enter(desk: Desk, chance: random.Random, now: datetime) -> None:
    day, session = chance.choice([on for on in DAYS if on <= now.date().isoformat()]), chance.choice(SESSIONS)
    marks = [{"pupil": id_, "code": chance.choice(("N", "I", "M"))} for id_ in chance.sample(PUPILS, 3)]
    answer = await desk.office.post({"made_by": TEACHER, "marks": marks}, day, session)
    assert answer.status_code == 200, answer.text
    for mark, outcome in zip(marks, answer.json()["outcomes"], strict=True):
        if outcome["outcome"] == "entered":
            said = {"date": day, "session": session, "version": 1, "original": None, "reason": None}
            desk.tell(outcome["seq"], "mark", pupil=mark["pupil"], code=mark["code"], **said)


async def amend(desk: Desk, chance: random.Random, now: datetime) -> None:
    chains = list(desk.past.at(len(desk.past.facts)).chains().items())
    items = []
    for (on, session, id_), chain in chance.sample(chains, min(3, len(chains))):
        original, code = chain[-1].said["code"], chance.choice(("N", "I", "M", "C"))
        reason = f"Telephoned, {desk.next()}"
        item = {"pupil": id_, "date": on, "session": session, "original_entry": original, "amended_entry": code}
        items.append({**item, "reason": reason})
    for item, outcome in zip(items, await desk.office.amended(*items), strict=True):
        if outcome["outcome"] == "amended":
            said = {"date": item["date"], "session": item["session"], "version": outcome["version"]}
            code, original = item["amended_entry"], item["original_entry"]
            desk.tell(
                outcome["seq"], "mark", pupil=item["pupil"], code=code, original=original, reason=item["reason"], **said
            )


async def move(desk: Desk, chance: random.Random, now: datetime) -> None:
    id_, class_ = chance.choice(PUPILS), chance.choice(("4A", "4B", "4C"))
    leaving = chance.choice((None, None, None, "2026-09-09", "2026-09-11"))
    effective_from = chance.choice((None, *DAYS))
    body = pupil(**{"class": class_, "change": {"made_by": OFFICE, "reason": "As told"}})
    if leaving is not None:
        body["leaving"] = {"date": leaving}
    if effective_from is not None:
        body["effective_from"] = effective_from
    answer = await desk.office.http.put(desk.office.path(f"/pupils/{id_}"), json=body)
    assert answer.status_code == 200, answer.text
    if answer.json()["outcome"] == "changed":
        said = {"class": class_, "leaving": leaving, "starting_day": "2026-09-03"}
        desk.tell(answer.json()["seq"], "roll", id=id_, effective_from=effective_from or now.date().isoformat(), **said)


async def shift(desk: Desk, chance: random.Random, now: datetime) -> None:
    inset = ["2026-09-03", *chance.sample(DAYS[2:], chance.randint(0, 1))]
    holidays = [{**CALENDAR["holidays"][0], "name": f"half-term {desk.next()}"}]
    body = {**CALENDAR, "inset_days": inset, "holidays": holidays}
    answer = await desk.office.http.put(desk.office.path("/calendar/2026-27"), json=body)
    assert answer.status_code in (200, 409), answer.text
    if answer.status_code == 200:
        desk.tell(answer.json()["as_at"]["seq"], "calendar", inset_days=inset)


async def set_times(desk: Desk, chance: random.Random, now: datetime) -> None:
    morning, effective_from = chance.choice(("09:15", "09:30")), chance.choice(DAYS)
    registers = [{**POLICY["registers"][0], "closes": morning}, POLICY["registers"][1]]
    policy = {"registers": registers, "target": desk.next() / 100}
    stands = await desk.office.get("")
    school = {name: stands[name] for name in ("name", "phase", "age_range")}
    body = {**school, "policy": policy, "effective_from": effective_from}
    answer = await desk.office.http.put(desk.office.path(), json=body)
    assert answer.status_code == 200, answer.text
    times = {"AM": morning, "PM": "13:30", "effective_from": effective_from}
    desk.tell(answer.json()["as_at"]["seq"], "policy", target=policy["target"], **times)


Act = Callable[[Desk, random.Random, datetime], Awaitable[None]]
ACTS: tuple[Act, ...] = (*(enter, amend) * 4, move, move, shift, set_times)


async def open_desk(http: httpx.AsyncClient, database: Database, urn: str, la_code: str = "931") -> Desk:
    desk = Desk(await open_office(http, database, urn, len(PUPILS), la_code=la_code), Past(BEGUN))
    desk.tell(1, "school")
    desk.tell(2, "policy", AM="09:15", PM="13:30", effective_from="1900-01-01", target=96)
    desk.tell(3, "calendar", inset_days=CALENDAR["inset_days"])
    for seq, id_ in enumerate(PUPILS, start=4):
        said = {"class": "4B", "effective_from": "2026-09-03", "starting_day": "2026-09-03", "leaving": None}
        desk.tell(seq, "roll", id=id_, **said)
    return desk


@dataclass
class House:
    """Both services, and callers that reach every school."""

    register: httpx.AsyncClient
    analytics: str
    clock: Clock

    async def get(self, path: str, **params: Any) -> Any:
        """Read from whichever service has the address; what must be readable is."""
        answer = await self.answer(path, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def answer(self, path: str, **params: Any) -> httpx.Response:
        """Ask whichever service has the address."""
        elsewhere = path.partition("?")[0].endswith(("/attendance", "/daily"))
        return await self.register.get(f"{self.analytics}{path}" if elsewhere else path, params=params)


@asynccontextmanager
async def house(database: Database, folder: Path, clock: Clock) -> AsyncIterator[House]:
    settings = WorkerSettings(database_url=database.analytics_url, poll_seconds=3_600)
    async with (
        register_api(database, folder, clock) as running,
        calling(running, (*EVERY_SCOPE, "admin")) as http,
        serving(create_worker(settings, clock)) as worker,
    ):
        yield House(http, worker, clock)


async def compare(house: House, desk: Desk, asked: str, chance: random.Random) -> None:
    """Compare every read of a school, as at one moment, with the model."""
    past, now = desk.past, house.clock()
    position = past.position(asked, now)
    then, instant = past.at(position["seq"]), datetime.fromisoformat(position["instant"])
    school = f"/v1/schools/{desk.office.urn}"

    async def get(rest: str, **params: Any) -> Any:
        body = await house.get(f"{school}{rest}", as_at=asked, **params)
        assert body["as_at"] == position
        return body

    on, session, id_ = chance.choice(DAYS), chance.choice(SESSIONS), chance.choice(PUPILS)
    policies, calendars = then.of("policy"), then.of("calendar")
    if policies:
        assert (await get(""))["policy"]["target"] == policies[-1].said["target"]
    if calendars:
        assert (await get("/calendar/2026-27"))["inset_days"] == calendars[-1].said["inset_days"]
        register = await get(f"/registers/{on}/{session}")
        entries = [(item["pupil"], item["class"], item["state"], item["entry"]) for item in register["items"]]
        names = ("code", "version", "first_entry", "seq")
        shown = [(*item, entry and tuple(entry[name] for name in names)) for *item, entry in entries]
        assert shown == then.register(on, session, instant)
    roll = await get("/pupils", on=on)
    expected = [(each, then.class_on(each, on)) for each in then.pupils() if then.on_roll(each, on)]
    assert [(item["id"], item["class"]) for item in roll["items"]] == expected
    if id_ in then.pupils():
        history = (await get(f"/pupils/{id_}"))["history"]
        assert [(row["seq"], row["entry"]["class"]) for row in history] == [
            (fact.seq, fact.said["class"]) for fact in then.roll(id_)
        ]
        chains = {
            (item["date"], item["session"]): [(version["seq"], version["code"]) for version in item["chain"]]
            for item in (await get(f"/pupils/{id_}/marks", **WITHIN))["items"]
        }
        assert chains == {
            key[:2]: [(fact.seq, fact.said["code"]) for fact in chain]
            for key, chain in then.chains().items()
            if key[2] == id_
        }
        of_pupil = await get(f"/pupils/{id_}/attendance", **WITHIN)
        assert of_pupil["codes"] == then.counted(DAYS, id_)
    else:
        for rest in ("", "/marks", "/attendance"):
            refusal(await house.answer(f"{school}/pupils/{id_}{rest}", as_at=asked), "unknown-pupil")
    await compare_audit(get, desk, position["seq"], chance)
    whole = await get("/attendance", **WITHIN)
    assert (whole["codes"], whole["as_of"]["seq"], whole["as_of"]["behind"]) == (then.counted(DAYS), position["seq"], 0)
    events = await house.answer(f"{school}/events", as_at=asked)
    assert json.loads(events.headers["rollbook-as-at"]) == position
    leaves = [json.loads(line) for line in events.content.splitlines()]
    assert [leaf["seq"] for leaf in leaves] == [fact.seq for fact in then.facts]
    microseconds = [
        (fact.recorded_at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) for fact in then.facts
    ]
    assert [leaf["recorded_at"] for leaf in leaves] == microseconds


async def compare_audit(get: Callable[..., Awaitable[Any]], desk: Desk, seq: int, chance: random.Random) -> None:
    """Compare the lists of the audit."""
    then, earlier = desk.past.at(seq), chance.randint(0, seq)
    names = ("seq", "pupil", "date", "session", "original_entry", "amended_entry", "reason", "first_entry")
    items = (await get("/amendments", limit=1000))["items"]
    assert [tuple(item[name] for name in names) for item in items] == then.amendments()
    by_codes = (await get("/amendments/totals"))["by_codes"]["items"]
    pairs = {(row["original_entry"], row["amended_entry"]): row["amendments"] for row in by_codes}
    assert pairs == Counter((row[4], row[5]) for row in then.amendments())
    late = (await get("/late-entries", limit=1000, **WITHIN))["items"]
    assert [(item["seq"], item["recorded_late_minutes"], item["current_entry"]) for item in late] == then.late()
    changes = (await get("/roll-changes", limit=1000))["items"]
    assert [
        (
            *(item["seq"], item["pupil"], item["kind"]),
            None if item["kind"] == "entered" else tuple(change["member"] for change in item["changes"]),
        )
        for item in changes
    ] == then.roll_changes()
    between: dict[str, Any] = {"between": f"seq:{earlier}", "and": f"seq:{seq}", "limit": 1000}
    answer = await desk.office.http.get(desk.office.path("/changes"), params=between)
    assert answer.status_code == 200, answer.text
    codes = [[item[side] and item[side]["code"] for side in ("before", "after")] for item in answer.json()["items"]]
    found = [(item["date"], item["session"], item["pupil"]) for item in answer.json()["items"]]
    expected = [(row[0], row[1], row[3], *row[4:]) for row in then.differences(desk.past.at(earlier))]
    assert [(*key, *pair) for key, pair in zip(found, codes, strict=True)] == expected


async def compare_day(house: House, la_code: str, desks: list[Desk], instant: datetime) -> None:
    """Compare the authority's rows of both schools, as at one instant."""
    params = {**WITHIN, "as_at": stamp(instant), "limit": 1000}
    body = await house.get(f"/v1/local-authorities/{la_code}/daily", **params)
    positions = {desk.office.urn: desk.past.position(stamp(instant), house.clock()) for desk in desks}
    assert {one["urn"]: one["seq"] for one in body["schools"]} == {urn: at["seq"] for urn, at in positions.items()}
    assert body["as_at"]["settled"] == all(at["settled"] for at in positions.values())
    names = ("urn", "date", "session", "pupil", "class", "state", "code", "first_entry", "version")
    assert [tuple(item[name] for name in names) for item in body["items"]] == [
        (desk.office.urn, *row)
        for desk in desks
        for row in desk.past.at(positions[desk.office.urn]["seq"]).rows_of(DAYS, instant)
    ]


async def play(house: House, desks: list[Desk], chance: random.Random, rounds: int) -> None:
    """Let several writers at once write to both schools, round after round, and keep what each was told."""
    for desk in desks:
        desk.past.record(BEGUN, desk.told)
    house.clock.now = datetime(2026, 9, 7, 8, tzinfo=UTC)
    for _ in range(rounds):
        house.clock.now += timedelta(seconds=chance.randint(1, 8 * 60 * 60))
        now = house.clock.now
        for desk in desks:
            desk.told.clear()
        await asyncio.gather(*(chance.choice(ACTS)(desk, chance, now) for desk in desks for _ in range(4)))
        for desk in desks:
            desk.past.record(now, desk.told)


def moments(past: Past, chance: random.Random, now: datetime) -> list[str]:
    """Give positions and instants to ask for: any, both ends, one exactly, one just before it, and this very one."""
    seqs = [0, 3, len(past.facts), *(chance.randint(0, len(past.facts)) for _ in range(4))]
    facts = chance.sample(past.facts[9:], 2)
    instants = [fact.recorded_at for fact in facts] + [fact.recorded_at - timedelta(microseconds=1) for fact in facts]
    instants += [past.facts[-1].recorded_at, now - timedelta(seconds=30), now, now - timedelta(days=1)]
    return [f"seq:{seq}" for seq in seqs] + [stamp(instant) for instant in instants if instant <= now]


@pytest.mark.parametrize(("seed", "la_code"), [(1, "933"), (20260907, "935")])
async def test_every_read_of_any_moment_says_what_the_model_says(
    database: Database, tmp_path: Path, seed: int, la_code: str
) -> None:
    chance, clock = random.Random(seed), Clock(BEGUN)
    async with house(database, tmp_path, clock) as both:
        urns = (f"9004{seed % 10}1", f"9004{seed % 10}2")
        desks = [await open_desk(both.register, database, urn, la_code) for urn in urns]
        await play(both, desks, chance, rounds=14)
        clock.now += timedelta(seconds=40)
        for desk in desks:
            kinds = Counter(fact.kind for fact in desk.past.facts)
            assert min(kinds[kind] for kind in ("mark", "roll", "calendar", "policy")) > 1, kinds
            for asked in moments(desk.past, chance, clock()):
                await compare(both, desk, asked, chance)
        for fact in chance.sample(desks[0].past.facts, 4):
            await compare_day(both, la_code, desks, fact.recorded_at)
        await compare_day(both, la_code, desks, clock())


def every_read(desk: Desk) -> list[tuple[str, dict[str, Any]]]:
    """Give every read of a school that takes a position, by address and parameters, in each of its formats."""
    school, past = f"/v1/schools/{desk.office.urn}", desk.past
    whole = ("/amendments", "/amendments/totals", "/late-entries", "/roll-changes", "/pupils/p-001/marks")
    asked: list[tuple[str, dict[str, Any]]] = [
        (f"{school}{rest}", {"as_at": f"seq:{seq}", **params})
        for seq in (9, len(past.facts) // 2, len(past.facts))
        for rest, params in [
            *((rest, {"format": format_}) for rest in whole for format_ in ("json", "csv", "ndjson")),
            *((rest, {}) for rest in ("", "/calendar/2026-27", "/pupils", "/pupils/p-001", "/events")),
            ("/events", {"part": "texts"}),
            *((f"/registers/{DAYS[1]}/{session}", {}) for session in SESSIONS),
            ("/attendance", {"by": "class"}),
            ("/attendance", {**WITHIN, "by": "pupil"}),
            ("/pupils/p-001/attendance", {}),
        ]
    ]
    ends = {"between": "seq:9", "and": f"seq:{len(past.facts)}"}
    return [*asked, *((f"{school}/changes", {**ends, "format": format_}) for format_ in ("json", "csv", "ndjson"))]


async def said(house: House, asked: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, bytes, str | None]]:
    answers = [await house.answer(path, **params) for path, params in asked]
    assert [(answer.url, answer.status_code) for answer in answers if answer.status_code != 200] == []
    return [(str(answer.url.path), answer.content, answer.headers.get("rollbook-as-at")) for answer in answers]


async def test_a_position_is_the_same_bytes_after_a_thousand_events_a_restart_and_a_rebuild(
    database: Database, tmp_path: Path
) -> None:
    chance, clock = random.Random(3), Clock(BEGUN)
    async with house(database, tmp_path, clock) as both:
        desk = await open_desk(both.register, database, "900431")
        await play(both, [desk], chance, rounds=8)
        asked = every_read(desk)
        before = await said(both, asked)
        clock.now = datetime(2026, 9, 21, 15, tzinfo=UTC)
        begun = (await desk.office.head())[0]
        more = [f"q-{n}" for n in range(60)]
        pupils = [pupil(**{"id": id_, "class": "4C"}) for id_ in more]
        answer = await both.register.post(desk.office.path("/pupils"), json={"pupils": pupils})
        assert answer.json()["entered"] == len(more), answer.text
        sessions = [
            (day, session) for day in ("2026-09-14", "2026-09-15", "2026-09-16", "2026-09-17") for session in SESSIONS
        ]
        for day, session in sessions:
            await desk.office.entered(*((id_, "N") for id_ in more), day=day, session=session)
            items = [{"pupil": id_, "date": day, "session": session} for id_ in more]
            facts = {"original_entry": "N", "amended_entry": "I", "reason": "Sickness"}
            assert {each["outcome"] for each in await desk.office.amended(*({**item, **facts} for item in items))} == {
                "amended"
            }
        # What stood is amended too, and one of those who were there moves.
        stood = desk.past.at(len(desk.past.facts)).chains()
        again = [
            {
                "pupil": id_,
                "date": on,
                "session": session,
                "original_entry": code,
                "amended_entry": "C",
                "reason": "Leave",
            }
            for (on, session, id_), chain in stood.items()
            if (code := chain[-1].said["code"]) != "C"
        ]
        assert "amended" in {each["outcome"] for each in await desk.office.amended(*again)}
        await both.register.put(desk.office.path("/pupils/p-001"), json=pupil(**{"class": "4C"}))
        assert (await desk.office.head())[0] > begun + 1000
    engine = kit_database.connect(database.analytics_url, name="test", pool_size=1)
    async with kit_database.reading(engine) as connection:
        school_id = await connection.fetchval("SELECT school_id FROM register.urn WHERE urn = '900431'")
    await rebuilt(engine, school_id)
    await engine.dispose()
    async with house(database, tmp_path, clock) as both:
        for then, now in zip(before, await said(both, asked), strict=True):
            assert now == then
