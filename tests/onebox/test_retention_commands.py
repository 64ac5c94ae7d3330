"""`rollbook retention` and `rollbook holds` as an administrator meets them."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from kit import database as kit_database
from kit.schools import LONDON
from ledger import checked_evidence, checked_export, checking, paths, proving, tree
from ledger.archive import Reading
from ledger.leaf import canonical
from ledger.note import Checkpoint
from onebox import retention
from onebox.cli import main
from onebox.postgres import Server
from tests.support import postgres
from tests.support.deposited import Signed, checkpoint
from tests.support.letting_go import DAYS, NOW, URN, Past, amendment
from tests.support.office import outcomes_of
from tests.support.postgres import Database
from tests.support.school import OFFICE
from tests.support.sealing import KEY


def note_of(signed: Signed) -> Checkpoint:
    """Read a checkpoint that was deposited."""
    return checking.signed(signed.checkpoint.read_text("utf-8"), [KEY.public])


async def proved(database: Database, leaves: list[dict[str, Any]]) -> None:
    """Prove every event that is left of the only register of a database, as at its head."""
    engine = kit_database.connect(database.register_url, name="test", pool_size=1)
    async with kit_database.reading(engine) as connection:
        head = await connection.fetchrow("SELECT school_id, seq, root FROM ledger.head")
    assert head is not None
    async with kit_database.reading(engine, head["school_id"]) as connection:
        seqs = [leaf["seq"] for leaf in leaves]
        found = await proving.inclusion(connection, head["school_id"], seqs, head["seq"])
    await engine.dispose()
    for leaf in leaves:
        hash_ = tree.leaf_hash(canonical(leaf).encode())
        assert paths.root_by(hash_, leaf["seq"] - 1, head["seq"], found[leaf["seq"]]) == head["root"]


@pytest.fixture
def rollbook(past: Past, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Give what runs the command on the played register."""

    async def run(*arguments: str) -> tuple[int, str, str]:
        def command() -> int:
            try:
                return main([*arguments, "--database-url", past.register.database.owner_url])
            except SystemExit as exit_:
                return int(exit_.code or 0)

        code = await asyncio.to_thread(command)
        return code, *capsys.readouterr()

    return run


async def test_the_command_shows_what_goes_and_why_something_stays_and_then_lets_it_go(
    past: Past, rollbook: Any
) -> None:
    lately = datetime.now(UTC) - timedelta(days=400)
    past.register.clock.now = lately
    await past.office.amended(amendment("p-003", DAYS[1]))
    stated = ("--reason", "Claim 12", "--by", "D. Governor", "--position", "Chair of governors")
    added = await rollbook("holds", "add", "--school", URN, "--pupil", "p-006", "--from", DAYS[1], *stated)
    assert added == (0, "900601-1\n", "")
    before = await past.everything()
    code, out, err = await rollbook("retention", "--dry-run")
    assert (code, err) == (0, "")
    day = lately.astimezone(LONDON).date()
    last = retention.years_past(datetime.now(LONDON).date(), 6)[-1]
    pupils = [f"{last}  school {URN}: 0 entries, 0 texts and 3 pupils go; 0 entries stay"]
    assert out.splitlines() == [
        f"2018-19  school {URN}: 16 entries, 1 texts and 0 pupils go; 3 entries stay",
        f"    p-003 {DAYS[1]} AM: amended on {day} (seq {(await past.office.head())[0]}), kept until "
        f"{day.replace(year=day.year + 6)}",
        f"    p-006 {DAYS[1]} AM: held by 900601-1",
        f"    p-006 {DAYS[2]} AM: held by 900601-1",
        *pupils,
        "Nothing was let go: this was a dry run.",
    ]
    assert await past.everything() == before
    code, out, err = await rollbook("retention")
    assert (code, out.splitlines()[-2:]) == (
        0,
        [f"{year} has been let go at 1 school(s)." for year in ("2018-19", last)],
    )
    await past.proved()
    code, out, err = await rollbook("retention")
    assert (code, out.splitlines()[-1]) == (0, "Nothing is past keeping.")


async def test_holds_are_listed_and_lifted_and_never_forgotten(past: Past, rollbook: Any) -> None:
    stated = ("--reason", "Claim 12", "--by", "D. Governor", "--position", "Chair of governors")
    await rollbook("holds", "add", "--school", URN, *stated)
    code, out, _ = await rollbook("holds", "list")
    hold = json.loads(out)
    assert (code, hold["id"], hold["pupil"], hold["lifted"]) == (0, "900601-1", None, None)
    assert hold["made_by"] == {"name": "D. Governor", "position": "Chair of governors"}
    assert not any(each.is_let_go for each in await past.plan())
    assert await rollbook("holds", "lift", "900601-1", *stated) == (0, "900601-1\n", "")
    code, out, _ = await rollbook("holds", "list")
    assert json.loads(out)["lifted"]["reason"] == "Claim 12"
    assert any(each.is_let_go for each in await past.plan())
    for wrong, said in (
        (("lift", "900601-1"), "no hold 900601-1 that stands"),
        (("lift", "1"), "not the id of a hold"),
        (("add", "--school", "900999"), "no school 900999"),
        (("add", "--school", URN, "--pupil", "p-999"), "no pupil p-999"),
    ):
        code, out, err = await rollbook("holds", *wrong, *stated)
        assert (code, out) == (1, "")
        assert said in err


@pytest.mark.parametrize("years", ["3", "5"])
async def test_fewer_than_six_years_are_refused_by_the_name_of_the_regulation(rollbook: Any, years: str) -> None:
    code, out, err = await rollbook("retention", "--years", years)
    assert (code, out) == (2, "")
    assert "(SI 2024/208), regulation 7" in err


async def test_more_than_six_years_may_be_asked_for(past: Past, rollbook: Any) -> None:
    code, out, _ = await rollbook("retention", "--dry-run", "--years", "60")
    assert (code, out) == (0, "Nothing is past keeping.\n")


async def test_a_register_of_which_a_year_has_gone_is_exported_held_and_taken_in_root_for_root(
    past: Past, rollbook: Any, postgres_server: Server, template_database: Database, tmp_path: Path
) -> None:
    past.register.clock.set("2021-05-04T12:00:00+01:00")
    await past.office.amended(amendment("p-003", DAYS[1], reason="Not for this register"))
    past.register.clock.now = NOW
    await past.sweep()
    seq = (await past.office.head())[0]
    removal = {"made_by": OFFICE, "redactions": [{"seq": seq, "part": "reason", "reason": "It named another child"}]}
    outcomes_of(await past.office.http.post(past.office.path("/redactions"), json=removal))
    await past.let_go()
    await past.sweep()
    await past.proved_under_every_seal()
    hold = ("--reason", "A claim", "--by", "D. Lawyer", "--position", "Solicitor")
    assert (await rollbook("holds", "add", "--school", URN, "--pupil", "p-003", *hold))[0] == 0
    signed = await checkpoint(past.register.database, NOW, tmp_path)
    answer = await past.office.http.get(past.office.path("/pupils/p-003/evidence?academic_year=2018-19"))
    assert answer.status_code == 200, answer.text
    year = checked_evidence.check(answer.json(), checking.claim(answer.json()["standing"], note_of(signed)))
    assert (year.entries, year.let_go > 0) == (1, True)
    file = tmp_path / "whole.zip"
    assert (await rollbook("export", "--school", URN, "--to", str(file)))[0] == 0
    with file.open("rb") as opened, Reading(opened) as reading:
        (standing,) = reading.document("standings.json")["standings"]
        claim = checking.claim(standing, note_of(signed))
        held = checked_export.check(reading, [claim])
    # The reason, and what was said of four pupils when they came and when they left.
    assert (held.events, held.removed) == (len(await past.proved()), 1 + 4 * 2)
    async with postgres.clone(postgres_server, template_database) as other:
        assert await asyncio.to_thread(main, ["import", str(file), "--database-url", other.owner_url]) == 0
        elsewhere = await asyncpg.connect(other.owner_url)
        kept = (
            "SELECT seq, nonce FROM ledger.kept_nonce ORDER BY seq",
            "SELECT no, pupil_no, reason FROM register.hold",
        )
        for rows in kept:
            assert len(await elsewhere.fetch(rows)) > 0
            assert await elsewhere.fetch(rows) == await past.owner.fetch(rows)
        here = await past.owner.fetchrow("SELECT seq, root FROM ledger.head")
        assert await elsewhere.fetchrow("SELECT seq, root FROM ledger.head") == here
        await elsewhere.close()
        # What had been let go is passed over there, and the register is sealed and signed for by its new keeper.
        there = await checkpoint(other, NOW, tmp_path)
        await proved(other, await past.proved())
        again = tmp_path / "again.zip"
        export = ["export", "--database-url", other.owner_url, "--school", URN, "--to", str(again)]
        assert await asyncio.to_thread(main, export) == 0
        verified = ["verify", str(again), "--checkpoint", str(there.checkpoint), "--key", str(there.key)]
        assert await asyncio.to_thread(main, verified) == 0
