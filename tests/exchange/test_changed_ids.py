"""A register that leaves and arrives keeps every id that a pupil ever had."""

from pathlib import Path

import httpx

from tests.support.exchange import SCOPES, imported, rollbook, streamed
from tests.support.office import MONDAY, Office, calling, open_office, refusal
from tests.support.postgres import Database
from tests.support.school import pupil, put
from tests.support.services import Clock, Register, register_api

URN = "900211"


async def test_every_id_of_a_pupil_arrives_and_answers(
    register: Register, http: httpx.AsyncClient, empty: Database, clock: Clock, tmp_path: Path
) -> None:
    office = await open_office(http, register.database, URN, pupils=3)
    await office.entered(("p-001", "/"), ("p-002", "N"))
    for id_ in ("x-001", "y-001"):
        answer = await http.post(office.path("/pupils/p-001/pupil-ids"), json={"id": id_})
        assert answer.json()["outcome"] == "changed"
    known_as = {"known_as": "Ann", "registered_at": [{"urn": "900212", "from": MONDAY}]}
    await put(http, office.path("/pupils/x-001"), pupil(**known_as))
    file = tmp_path / "register.zip"
    where = ("--to", file, "--database-url", register.database.owner_url)
    assert await rollbook("export", "--school", URN, *where) == 0
    assert await imported(file, empty) == 0
    async with register_api(empty, tmp_path, clock) as there, calling(there, SCOPES) as calls:
        arrived = Office(calls, URN, empty, iter(()))
        assert await streamed(arrived) == await streamed(office)
        for path in (*(f"/pupils/{id_}" for id_ in ("p-001", "x-001", "y-001")), "/pupils", f"/registers/{MONDAY}/AM"):
            assert await arrived.get(path) == await office.get(path)
        assert (await arrived.get("/pupils/p-001"))["id"] == "y-001"
        assert (await arrived.mark("x-001", "\\", session="PM"))["outcome"] == "entered"
        taken = await calls.post(arrived.path("/pupils/p-002/pupil-ids"), json={"id": "p-001"})
        refusal(taken, "pupil-id-in-use", at="#/id")
        assert (await put(calls, arrived.path("/pupils/p-001"), pupil(**known_as)))["outcome"] == "unchanged"
