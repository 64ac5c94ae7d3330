"""The logs of both services hold ids: no name, no reason, no body, no secret, whether a request is done or refused."""

import json
import logging
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from analytics_worker.app import WorkerSettings
from analytics_worker.app import create_app as analytics
from kit.tokens import SCOPES
from tests.support.office import MONDAY, Office, amending, refusal
from tests.support.plans import PARENT, plan
from tests.support.postgres import Database
from tests.support.school import pupil, put, set_up
from tests.support.services import Clock, add_client, register_api, serving, token

URN = "900192"
SAID = {
    "forename": "Quillaby",
    "surname": "Zephyrmarsh",
    "address": "17 Wrenfield Lane",
    "person": "T. Yellowmere",
    "position": "Keeper of the gate",
    "nature": "Bell-ringing at the minster",
    "reason": "The grandmother is gravely ill",
    "grounds": "A pilgrimage with the family",
}
GRANT = {"grant_type": "client_credentials"}
UPN = "X931345622001"


async def a_day(office: Office) -> list[int]:
    """Enter, amend, plan, read, and be refused in many ways, with words that are found nowhere else."""
    made_by = {"name": SAID["person"], "position": SAID["position"]}
    entry = pupil(forename=SAID["forename"], surname=SAID["surname"], upn=UPN, address=SAID["address"])
    await put(office.http, office.path("/pupils/p-001"), entry)
    mark = {"pupil": "p-001", "code": "B", "nature": SAID["nature"]}
    amendment = {**amending("p-001", "B", "I"), "reason": SAID["reason"]}
    stated = plan(MONDAY, MONDAY, applicant={**PARENT, "name": SAID["person"]}, grounds=SAID["grounds"])
    http, answers = office.http, []
    for body in ({"made_by": made_by, "marks": [mark]}, {"marks": [mark], **SAID}, {"made_by": made_by, "marks": SAID}):
        answers.append(await office.post(body))
    answers.append(await office.post(json.dumps(SAID)[:-2]))
    answers.append(await office.amend(amendment, made_by=made_by))
    answers.append(await office.amend({**amendment, "original_entry": "N", "pupil": SAID["surname"]}, made_by=made_by))
    answers.append(await http.put(office.path("/planned-absences/leave-1"), json=stated))
    answers.append(await http.get(office.path("/amendments"), params={"reason": SAID["reason"]}))
    answers.append(await http.get(office.path("/pupils/p-001/marks"), headers={"Rollbook-Read-By": SAID["person"]}))
    answers.append(await http.get(office.path("/events"), params={"part": "texts"}))
    answers.append(await http.post("/oauth/token", data=GRANT, auth=("x", SAID["reason"])))
    return [answer.status_code for answer in answers]


async def test_the_logs_hold_no_name_no_reason_no_body_and_no_secret(
    database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    for ours in ("httpx", "httpcore"):  # the test's own side
        caplog.set_level(logging.WARNING, ours)
    clock = Clock(datetime.fromisoformat("2026-09-07T16:00:00+01:00"))
    figures = WorkerSettings(database_url=database.analytics_url, poll_seconds=0.05)
    credentials = await add_client(database, sorted(SCOPES))
    async with register_api(database, tmp_path, clock) as register, serving(analytics(figures, clock)) as worker:
        bearer = await token(register.address, credentials)
        headers = {"Authorization": f"Bearer {bearer}"}
        async with httpx.AsyncClient(base_url=register.address, headers=headers, timeout=30, verify=False) as http:
            office = Office(http, URN, database, iter(await set_up(http, URN)))
            told = await a_day(office)
            assert set(told) == {200, 400, 401, 422}, told
            daily: Any = await http.get(f"{worker}/v1/local-authorities/931/daily", params={"format": "csv"})
            assert UPN in daily.text
            await our_fault(office)
    printed = capfd.readouterr()
    everything = caplog.text + printed.out + printed.err
    assert "RaiseError at" in everything, "what went wrong is logged"
    for words in (*SAID.values(), UPN, bearer, credentials[1], '"marks"'):
        assert words not in everything, words


async def our_fault(office: Office) -> None:
    """Make the database refuse a row with an error that quotes it."""
    owner = await asyncpg.connect(office.database.owner_url)
    await owner.execute("""
        CREATE FUNCTION public.trip() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '% cannot be written', NEW; END $$;
        CREATE TRIGGER trip BEFORE INSERT ON ledger.text FOR EACH ROW EXECUTE FUNCTION public.trip();
    """)
    try:
        answer = await office.amend({**amending("p-001", "I", "M"), "reason": SAID["reason"]})
    finally:
        await owner.execute("DROP FUNCTION public.trip() CASCADE")
        await owner.close()
    assert SAID["reason"] not in str(refusal(answer, "internal-error"))
