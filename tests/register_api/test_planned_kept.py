"""What was said of absence known ahead as evidence, as a text that may go, and as part of the whole register."""

import itertools
import json
from collections.abc import AsyncIterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from ledger import checked_evidence
from onebox.verify import DoesNotHold, verify
from tests.support.deposited import Signed, checkpoint
from tests.support.office import MONDAY, TUESDAY, Office, calling, open_office, told
from tests.support.plans import HEAD, decided, plan
from tests.support.school import OFFICE, put
from tests.support.services import Register

WORDS = "The wedding of Xanthippe in Lagos"


@dataclass(frozen=True, slots=True)
class Court:
    """A school with plans of two pupils under a checkpoint, and what its evidence is checked with."""

    office: Office
    http: httpx.AsyncClient
    signed: Signed
    folder: Path
    seqs: list[int]

    async def evidence(self, pupil: str = "p-001") -> dict[str, Any]:
        params = {"academic_year": "2026-27"}
        answer = await self.http.get(self.office.path(f"/pupils/{pupil}/evidence"), params=params)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def held(self, document: dict[str, Any]) -> str:
        file = self.folder / "evidence.json"
        file.write_text(json.dumps(document), "utf-8")
        (sentence,) = verify([file], self.folder, self.signed.key, None)
        return sentence

    def fault(self, document: dict[str, Any]) -> str:
        with pytest.raises(DoesNotHold) as caught:
            self.held(document)
        return str(caught.value)

    async def redact(self, seq: int, part: str = "body") -> dict[str, Any]:
        body = {"made_by": OFFICE, "redactions": [{"seq": seq, "part": part, "reason": "It named another child"}]}
        answer = await self.office.http.post(self.office.path("/redactions"), json=body)
        outcome: dict[str, Any] = answer.json()["outcomes"][0]
        return outcome


_urns = itertools.count(900_751)


@pytest.fixture
async def court(register: Register, admin: httpx.AsyncClient, tmp_path: Path) -> AsyncIterator[Court]:
    """Give leave that was asked for and then granted, beside another pupil's, and an entry of each pupil."""
    office = await open_office(admin, register.database, str(next(_urns)), pupils=3)
    await office.entered(("p-001", "/"), ("p-002", "/"), ("p-003", "/"))
    asked = plan(TUESDAY, TUESDAY, grounds=WORDS)
    first = await put(admin, office.path("/planned-absences/leave"), asked)
    change = {"made_by": HEAD, "reason": "Talked to Xanthippe"}
    granted = {**plan(TUESDAY, TUESDAY), "grounds": "A wedding", "decision": decided(on=MONDAY), "change": change}
    second = await put(admin, office.path("/planned-absences/leave"), granted)
    await put(
        admin, office.path("/planned-absences/theirs"), plan(TUESDAY, TUESDAY, pupil="p-002", grounds="Of theirs")
    )
    signed = await checkpoint(register.database, register.clock(), tmp_path)
    async with calling(register, ("evidence:read", "audit:read")) as http:
        yield Court(office, http, signed, tmp_path, [first["seq"], second["seq"]])


async def test_evidence_shows_every_change_of_what_was_known_ahead_and_proves_that_it_is_all(court: Court) -> None:
    document = await court.evidence()
    planned = document["applied"]["planned"]
    assert [change["seq"] for change in planned] == court.seqs
    assert [change["body"]["grounds"] for change in planned] == [WORDS, "A wedding"]
    assert court.held(document).endswith("covers.")
    assert "Of theirs" not in json.dumps(document)
    assert "theirs" not in json.dumps(document["applied"])
    without = await court.evidence("p-003")
    assert without["applied"]["planned"] == []
    assert court.held(without).endswith("covers. Of absence known ahead nothing is shown.")


async def test_a_plan_left_out_of_evidence_or_reworded_is_found(court: Court) -> None:
    document = await court.evidence()
    less = deepcopy(document)
    less["events"] = [event for event in document["events"] if event["seq"] != court.seqs[0]]
    less["applied"] = checked_evidence.applied(less["events"], document["pupil_no"], "2026-27")
    assert f"1 events about absence:{document['pupil_no']} are shown, and there are 2" in court.fault(less)
    reworded = deepcopy(document)
    reworded["applied"]["planned"][1]["body"]["outcome"] = "refused"
    assert "what is written as planned does not follow from the events" in court.fault(reworded)
    silent = deepcopy(document)
    del silent["applied"]["planned"]
    assert "what is written as planned does not follow from the events" in court.fault(silent)


async def test_evidence_from_before_absence_was_known_ahead_still_holds(court: Court) -> None:
    document = await court.evidence("p-003")
    del document["applied"]["planned"]
    assert "holds. 1 entries of p-003" in court.held(document)


async def test_what_a_later_change_has_replaced_may_go_and_what_stands_may_not(
    court: Court, register: Register
) -> None:
    stands = await court.redact(court.seqs[1])
    told(stands["problem"], "text-must-stay", at="#/redactions/0/part")
    assert (await court.redact(court.seqs[0]))["outcome"] == "redacted"
    assert (await court.redact(court.seqs[1], "reason"))["outcome"] == "redacted"
    connection = await asyncpg.connect(register.database.owner_url)
    try:
        held = (
            "SELECT count(*) FROM ledger.text WHERE text LIKE '%Xanthippe%' "
            "AND school_id = (SELECT school_id FROM register.urn WHERE urn = $1)"
        )
        assert await connection.fetchval(held, court.office.urn) == 0
    finally:
        await connection.close()
    read = await court.office.get("/planned-absences/leave")
    first, second = read["history"]
    assert (first["grounds"], first["decision"], first["code"], first["outcome"]) == (None, None, "C", "asked")
    assert [gone["part"] for gone in first["removed"]] == ["body"]
    assert (second["reason"], [gone["part"] for gone in second["removed"]]) == (None, ["reason"])
    assert (read["grounds"], read["at_decision"]["seq"]) == ("A wedding", court.seqs[1])
    # What stood then is still expected as it was then, by the row that is left of it.
    then = (await court.office.get(f"/registers/{TUESDAY}/AM", as_at=f"seq:{court.seqs[0]}"))["items"][0]
    assert [each["outcome"] for each in then["expected"]["planned"]] == ["asked"]
    old = await court.office.get("/planned-absences/leave", as_at=f"seq:{court.seqs[0]}")
    assert (old["warnings"], old["grounds"]) == ([], None)
    register.clock.set("2026-09-07T17:00:00+01:00")
    await checkpoint(register.database, register.clock(), court.folder)
    document = await court.evidence()
    assert [change["body"] is None for change in document["applied"]["planned"]] == [True, False]
    assert f"text:{court.seqs[0]}/body" in court.held(document)


async def test_an_act_is_not_enough_to_take_what_stands(court: Court, register: Register) -> None:
    assert (await court.redact(court.seqs[1], "reason"))["outcome"] == "redacted"
    connection = await asyncpg.connect(register.database.owner_url)
    school = "school_id = (SELECT school_id FROM register.urn WHERE urn = $1)"
    take = f"UPDATE ledger.text SET salt = NULL, text = NULL WHERE {school} AND part = 'body' AND seq ="
    transaction = connection.transaction()
    try:
        await transaction.start()
        for seq in court.seqs:
            with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
                async with connection.transaction():
                    await connection.execute(f"{take} {seq}", court.office.urn)
            await connection.execute(
                f"INSERT INTO ledger.change SELECT school_id, 10^9 + {seq}, kind, $2, made_at, recorded_at, staff_no, "
                f"client_no FROM ledger.change WHERE {school} AND kind = 'text-redacted' AND seq < 10^9 LIMIT 1",
                court.office.urn,
                f"text:{seq}/body",
            )
        await connection.execute(f"{take} {court.seqs[0]}", court.office.urn)
        with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
            async with connection.transaction():
                await connection.execute(f"{take} {court.seqs[1]}", court.office.urn)
        await transaction.rollback()
    finally:
        await connection.close()
