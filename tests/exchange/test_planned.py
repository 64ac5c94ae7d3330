"""Absence known ahead leaves and arrives: also where what a change of it said has been removed, and never another's."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from onebox.postgres import Server
from tests.support import postgres
from tests.support.exchange import SCOPES, URN, altered, exported, imported, members, refused
from tests.support.office import TUESDAY, Office, calling, open_office
from tests.support.plans import decided, plan, slots
from tests.support.postgres import Database
from tests.support.school import OFFICE, put
from tests.support.services import Clock, register_api

FIRST = 7
"""The position of the change whose body is gone."""


@pytest.fixture
async def clock() -> Clock:
    return Clock(datetime.fromisoformat("2026-09-08T16:00:00+01:00"))


@pytest.fixture
async def lessened(empty: Database, clock: Clock, tmp_path: Path) -> AsyncIterator[Office]:
    """Give a school that knows of one absence ahead, and has removed what was said of it first."""
    async with register_api(empty, tmp_path, clock) as there, calling(there, SCOPES) as http:
        office = await open_office(http, empty, URN, pupils=3)
        asked = plan(TUESDAY, TUESDAY, grounds="Names the wedding", pattern=slots("tuesday AM"))
        assert (await put(http, office.path("/planned-absences/a"), asked))["seq"] == FIRST
        await put(http, office.path("/planned-absences/a"), plan(TUESDAY, TUESDAY, decision=decided()))
        body = {"made_by": OFFICE, "redactions": [{"seq": FIRST, "part": "body", "reason": "It named a guest"}]}
        answer = await http.post(office.path("/redactions"), json=body)
        assert answer.json()["redacted"] == 1, answer.text
        yield office


async def test_what_is_left_of_a_removed_body_arrives_as_it_was(
    lessened: Office, clock: Clock, postgres_server: Server, template_database: Database, tmp_path: Path
) -> None:
    file = await exported(lessened.database, tmp_path / "whole.zip")
    async with postgres.clone(postgres_server, template_database) as cloned:
        assert await imported(file, cloned) == 0
        (tmp_path / "there").mkdir()
        async with register_api(cloned, tmp_path / "there", clock) as there, calling(there, SCOPES) as http:
            arrived = Office(http, URN, cloned, iter(()))
            assert await arrived.head() == await lessened.head()
            for path in (
                "/planned-absences/a",
                f"/registers/{TUESDAY}/AM?as_at=seq:{FIRST}",
                f"/registers/{TUESDAY}/PM",
            ):
                assert await plain(arrived, path) == await plain(lessened, path)
        again = await exported(cloned, tmp_path / "again.zip")
    assert members(again)["reference.ndjson"] == members(file)["reference.ndjson"]


async def plain(office: Office, path: str) -> Any:
    answer = await office.http.get(office.path(path))
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text, object_hook=lambda o: {k: v for k, v in o.items() if k != "made_by_id"})


def rows(change: Callable[[dict[str, Any]], None], at: int) -> Callable[[bytes], bytes]:
    """Give a change of the reference row of a plan at a position."""

    def changed(content: bytes) -> bytes:
        lines = [json.loads(line) for line in content.splitlines()]
        for line in lines:
            if (line["table"], line["row"].get("seq")) == ("planned_absence", at):
                change(line["row"])
        texts = (json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":")) for line in lines)
        return b"".join(text.encode() + b"\n" for text in texts)

    return changed


@pytest.mark.parametrize(
    ("change", "at", "words"),
    [
        (lambda row: row.update(pupil_no=2), FIRST, "its row of planned_absence cannot be its own"),
        (lambda row: row.update(outcome="perhaps"), FIRST, "check"),
        (lambda row: row.update(outcome="refused"), FIRST + 1, "contradicts the changes"),
    ],
)
async def test_a_file_whose_rows_are_not_what_was_said_is_refused(
    lessened: Office,
    untouched: Database,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[dict[str, Any]], None],
    at: int,
    words: str,
) -> None:
    file = await exported(lessened.database, tmp_path / "whole.zip")
    forged = altered(file, {"reference.ndjson": rows(change, at)}, tmp_path / "forged.zip")
    await refused(forged, untouched, capsys, words)
