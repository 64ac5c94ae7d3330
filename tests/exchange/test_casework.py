"""What people did about alerts, and notices, leave and arrive with the register: row for row, and nothing forged."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from analytics_worker import projector
from analytics_worker.app import WorkerSettings, create_app
from kit import database as kit_database
from ledger.archive import CASEWORK
from tests.support.exchange import URN, altered, exported, imported, members, members_of, packed, refused
from tests.support.office import MONDAY, TUESDAY, Office
from tests.support.postgres import Database
from tests.support.services import Clock, Register, register_api, serving

OFFICER = {"name": "Zoë Officer", "position": "Attendance officer"}
SCHOOL = f"/v1/schools/{URN}"
NOTICE = {
    "pupil": "p-005",
    "parent": "parent-1",
    "issued_by": "Invented Council",
    "issued_on": TUESDAY,
    "made_by": OFFICER,
}
PENALTY = {**NOTICE, "kind": "penalty-notice", "sessions": [{"date": MONDAY, "session": "AM", "code": "O"}]}
PARTS = ("attendance", "duty", "support-given", "support-offered", "warning", "earlier")
IMPROVE = {**NOTICE, "kind": "notice-to-improve", "starts": "2026-09-09", "ends": "2026-10-06", "contents": [*PARTS]}


@asynccontextmanager
async def worker(register: Register) -> AsyncIterator[httpx.AsyncClient]:
    """Let the worker look at a Rollbook, and give a caller of its API."""
    engine = kit_database.connect(register.database.analytics_url, name="test", pool_size=2)
    while await projector.sweep(engine, register.clock):
        pass
    await engine.dispose()
    settings = WorkerSettings(database_url=register.database.analytics_url, poll_seconds=3_600)
    async with (
        serving(create_app(settings, register.clock)) as address,
        register.client(("alerts:read", "alerts:write")) as http,
    ):
        http.base_url = httpx.URL(address)
        yield http


async def got(http: httpx.AsyncClient, path: str, **params: Any) -> Any:
    answer = await http.get(SCHOOL + path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def done(http: httpx.AsyncClient, alert: str, action: str, **other: Any) -> dict[str, Any]:
    body = {"action": action, "done_on": TUESDAY, "made_by": OFFICER, **other}
    answer = await http.post(f"{SCHOOL}/alerts/{alert}/actions", json=body)
    assert answer.status_code == 201, answer.text
    act: dict[str, Any] = answer.json()
    return act


async def told(http: httpx.AsyncClient) -> list[Any]:
    """Give every alert with its steps, and every notice with its history."""
    alerts = [await got(http, f"/alerts/{each['id']}") for each in (await got(http, "/alerts"))["items"]]
    notices = [await got(http, f"/notices/{id_}") for id_ in ("n-1", "n-2")]
    return [sorted(alerts, key=lambda alert: str(alert["id"])), (await got(http, "/notices"))["items"], notices]


@pytest.fixture(scope="module")
async def worked(office: Office, register: Register, clock: Clock) -> list[Any]:
    """Give what the API says of a school where somebody was called, visited and fined."""
    await office.entered(("p-005", "N"), ("p-006", "N"), day=TUESDAY)
    async with worker(register) as http:
        found = (await got(http, "/alerts", kind="first-day-unexplained"))["items"]
        [alert] = [each["id"] for each in found if each["pupil"] == "p-005"]
        [other] = [each["id"] for each in found if each["pupil"] == "p-006"]
        seen = await http.post(f"{SCHOOL}/alerts/{alert}/acknowledgements", json={"made_by": OFFICER})
        assert seen.status_code == 201, seen.text
        await done(http, alert, "call-unanswered", note='Two numbers,\n"none" answered ☕')
        await done(http, alert, "home-visit", sessions=[{"date": TUESDAY, "session": "AM"}])
        for id_, notice in (("n-1", PENALTY), ("n-2", IMPROVE), ("n-1", {**PENALTY, "received_on": TUESDAY})):
            answer = await http.put(f"{SCHOOL}/notices/{id_}", json=notice)
            assert answer.status_code == 200, answer.text
    clock.set("2026-09-09T10:00:00+01:00")
    async with worker(register) as http:
        await done(http, other, "reason-given", note="A fall")
    async with worker(register) as http:
        return await told(http)


@pytest.fixture(scope="module")
async def file(worked: list[Any], database: Database, tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert worked
    return await exported(database, tmp_path_factory.mktemp("casework") / "whole.zip")


async def test_what_was_done_arrives_at_the_same_alerts_and_goes_on(
    worked: list[Any], file: Path, office: Office, empty: Database, clock: Clock, tmp_path: Path
) -> None:
    assert await imported(file, empty) == 0
    again = await exported(empty, tmp_path / "again.zip")
    assert members(again)[CASEWORK] == members(file)[CASEWORK]
    async with register_api(empty, tmp_path, clock) as there, worker(there) as http:
        assert await told(http) == worked
        [open_] = [each for each in worked[0] if len(each["steps"]) == 3]
        [closed] = [each for each in worked[0] if [step["action"] for step in each["steps"]] == ["reason-given"]]
        assert (open_["status"], closed["status"]) == ("open", "closed")
        assert (await done(http, open_["id"], "letter"))["no"] == 8
    answer = await office.http.get(office.path("/export"))
    sent = tmp_path / "sent.zip"
    sent.write_bytes(answer.content)
    with sent.open("rb") as opened:
        assert members_of(opened)[CASEWORK] == members(file)[CASEWORK]


def row(change: Callable[[dict[str, Any]], None], table: str = "act") -> Callable[[bytes], bytes]:
    """Give a change of the first row of a table, written as the database writes it."""

    def changed(content: bytes) -> bytes:
        lines = [json.loads(line) for line in content.splitlines()]
        change(next(line["row"] for line in lines if line["table"] == table))
        return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)

    return changed


FORGED: tuple[tuple[str, Callable[[bytes], bytes], str], ...] = (
    ("nobody of the roll", row(lambda act: act.update(pupil_no=99)), "nobody of the roll"),
    ("past the last", row(lambda head: head.update(no=2), "head"), "past the last"),
    ("without the last", lambda content: content.split(b"\n", 1)[1], "past the last"),
    ("a kind that is none", row(lambda act: act.update(kind="hunger")), "cannot be read"),
    ("an action that is none", row(lambda act: act.update(action="sang")), "cannot be read"),
    ("sessions that are none", row(lambda act: act.update(evidence={"sessions": [1]})), "cannot be read"),
    ("evidence that is none", row(lambda act: act.update(evidence=[])), "cannot be read"),
    ("a notice without its day", row(lambda notice: notice["body"].pop("issued_on"), "notice"), "cannot be read"),
    ("a notice of another kind", row(lambda notice: notice.update(kind="fine"), "notice"), "no Rollbook keeps"),
    ("a person without a name", row(lambda act: act.update(name="")), "no Rollbook keeps"),
    ("a day that is none", row(lambda act: act.update(done_on="someday")), "no Rollbook keeps"),
    ("a number twice", lambda content: content + content.splitlines(keepends=True)[-1], "no Rollbook keeps"),
    ("a member too many", row(lambda act: act.update(more=1)), "not, row for row"),
    ("another table", lambda content: content + b'{"row": {}, "table": "client"}\n', "not, row for row"),
    ("another order", lambda content: b"".join(reversed(content.splitlines(keepends=True))), "not, row for row"),
    ("no rows", lambda content: b"[]\n" + content, "is not a JSON object"),
)


@pytest.mark.parametrize(("change", "words"), [each[1:] for each in FORGED], ids=[each[0] for each in FORGED])
async def test_casework_that_no_rollbook_has_kept_is_refused_with_the_register(
    file: Path,
    untouched: Database,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[bytes], bytes],
    words: str,
) -> None:
    await refused(altered(file, {CASEWORK: change}, tmp_path / "forged.zip"), untouched, capsys, CASEWORK, words)


async def test_a_file_from_before_casework_left_is_taken_in_without(
    file: Path, empty: Database, clock: Clock, tmp_path: Path
) -> None:
    whole = members(file)
    about = json.loads(whole.pop("manifest.json"))
    del whole[CASEWORK], about["files"][CASEWORK]
    older = packed({**whole, "manifest.json": json.dumps({**about, "version": 1}).encode()}, tmp_path / "older.zip")
    assert await imported(older, empty) == 0
    async with register_api(empty, tmp_path, clock) as there, worker(there) as http:
        found = (await got(http, "/alerts", kind="first-day-unexplained"))["items"]
        assert [each["acts"] for each in found] == [0, 0]
        assert (await got(http, "/notices"))["items"] == []
        assert (await done(http, found[0]["id"], "letter"))["no"] == 1
