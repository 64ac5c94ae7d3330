"""What was known ahead of absence goes with the pupil, and keeps the pupil while it is younger than six years."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kit import database as kit_database
from ledger import archive, checked_export, exporting
from tests.support.letting_go import DAYS, Past, put
from tests.support.plans import HEAD, decided, plan

WORDS = "The wedding of Philippa"


async def stated(past: Past, id_: str, pupil: str, on: str, **other: Any) -> None:
    """State a leave that was granted on an afternoon, of that day and the next."""
    past.register.clock.set(f"{on}T16:30:00+01:00")
    leave = plan(DAYS[1], DAYS[2], pupil=pupil, grounds=f"{WORDS} of {pupil}", decision=decided(on=on), **other)
    await put(past.office.http, past.office.path(f"/planned-absences/{id_}"), leave)


async def test_it_goes_with_the_pupil_rows_and_words_and_reasons(past: Past, tmp_path: Path) -> None:
    change = {"made_by": HEAD, "reason": f"{WORDS} again"}
    for pupil in ("p-003", "p-004"):
        await stated(past, f"of-{pupil}", pupil, DAYS[0], change=change)
    await past.sweep()
    assert await past.said("Philippa of p-003") == ["ledger.text"]
    await past.let_go()
    assert await past.said("Philippa of p-003") == []
    assert await past.said("Philippa of p-004") == ["ledger.text"]
    rows = await past.owner.fetch("SELECT id, pupil_no FROM register.planned_absence")
    assert [(row["id"], row["pupil_no"]) for row in rows] == [("of-p-004", 4)]
    listed = (await past.office.get("/planned-absences"))["items"]
    assert [item["pupil"] for item in listed] == ["p-004"]
    leaves = await past.proved()
    kept = [leaf["subject"] for leaf in leaves if leaf["kind"] == "absence-planned"]
    assert kept == ["absence:3", "absence:4"]
    texts = [json.loads(line) for line in await past.lines("texts")]
    said = {text["seq"]: text["texts"].keys() for text in texts}
    assert [said[leaf["seq"]] for leaf in leaves if leaf["kind"] == "absence-planned"] == [
        {"client", "made_by"},
        {"body", "client", "made_by", "reason"},
    ]

    file = tmp_path / "register.zip"
    async with kit_database.reading(past.service, past.school_id) as connection:
        with file.open("wb") as written:
            await exporting.export(connection, past.school_id, written, past.register.clock(), exporting.Wanted())
    with file.open("rb") as opened, archive.Reading(opened) as reading:
        assert checked_export.check(reading, []).events == len(leaves)


async def test_what_was_stated_under_six_years_ago_keeps_the_pupil(past: Past) -> None:
    await stated(past, "late", "p-003", "2018-09-06")
    past.register.clock.now = datetime(2021, 3, 1, 12, tzinfo=UTC)
    withdrawn = plan(DAYS[1], DAYS[2], pupil="p-003", decision=decided("withdrawn", on="2018-09-06"))
    await put(past.office.http, past.office.path("/planned-absences/late"), withdrawn)
    await past.sweep()
    await past.let_go()
    assert (await past.office.get("/pupils/p-003"))["id"] == "p-003"
    assert (await past.office.get("/planned-absences/late"))["outcome"] == "withdrawn"
