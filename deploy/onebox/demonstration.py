"""The demonstration as `rollbook up` runs it: once for a new register, and again from where it broke off."""

import json
import shlex
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import aiosql
from rich.console import Console

from onebox import clients, database, services
from onebox.clients import Credentials
from onebox.postgres import write_private
from onebox.services import Service

CHECKPOINT_WITHIN = 90.0
"""Seconds to wait for the checkpoint over the demonstration; without it the directions are given all the same."""

_sql = aiosql.from_path(Path(__file__).with_suffix(".sql"), "asyncpg")


def due(data: Path, url: str) -> bool:
    """Say whether to play it: in a register without a school, or where an earlier one was interrupted."""
    return _notes(data).get("played") is False or database.wait_for(database.is_new(url))


def play(data: Path, url: str, register: Service, analytics: Service, console: Console) -> None:
    """Play the demonstration through the two APIs, and note for the directions what there is to see.

    What it posts is idempotent, so an interrupted one is simply played again by the next `up`.
    """
    # Here, because a start without a demonstration needs neither the services' libraries nor its data.
    from kit.tokens import SCOPES
    from onebox.demo import play as player

    def add_client(name: str, scopes: Sequence[str], kind: str, reach: Sequence[str]) -> Credentials:
        return database.wait_for(clients.add(url, name, scopes, cast(clients.ReachKind, kind), reach))

    console.print("The demonstration is played, once; it takes two or three minutes.", highlight=False)
    write_private(data / "demo.json", {"played": False})
    administrator = add_client("Demonstration administrator", sorted(SCOPES), "national", [])
    seen = player.run(register.url, analytics.url, administrator, console, add_client=add_client)
    console.print("The checkpoint over it is awaited, at the most a minute.", highlight=False)
    _await_checkpoint(url, register)
    la_code = database.wait_for(_authority_of(url, seen["mark"]["urn"]))
    write_private(data / "demo.json", {"played": True, "la_code": la_code, **seen})


def _await_checkpoint(url: str, register: Service) -> None:
    """Wait for the checkpoint that covers every register as it stands, so that whatever was played can be proven."""
    until = time.monotonic() + CHECKPOINT_WITHIN
    while time.monotonic() < until and not database.wait_for(_covered(url)):
        services.require_alive(register)
        time.sleep(1)


def directions(data: Path, register: Service, analytics: Service) -> str:
    """Return where to look, ready to paste: the documentation, and after a demonstration four requests."""
    look = ["Look here:", f"  {register.url}/docs   the register API", f"  {analytics.url}/docs   the analytics API"]
    notes = _notes(data)
    if not notes.get("played"):
        return "\n".join([*look, "", "A client of your own: rollbook clients add NAME --scope SCOPE... --school URN"])
    mark, who = notes["mark"], notes["clients"]
    school, day = f"{register.url}/v1/schools/{mark['urn']}", mark["date"]
    marks = mark["body"]["marks"]
    amendment = {
        "pupil": marks[-1]["pupil"],
        "date": day,
        "session": mark["session"],
        "original_entry": marks[-1]["code"],
        "amended_entry": "I",
        "reason": "A parent telephoned: ill",
    }
    amendments = {"made_by": {"name": "B. Office", "position": "Attendance officer"}, "amendments": [amendment]}
    daily = f"{analytics.url}/v1/local-authorities/{notes['la_code']}/daily?date={day}&format=csv"
    return "\n".join(
        [
            *look,
            "",
            "Paste this first, then any of the others:",
            f"  {_TOKEN % register.url}",
            f"A teacher takes the register of class {mark['class']}:",
            _request(who["mis"], f"{school}/registers/{day}/{mark['session']}/marks", mark["body"]),
            f"The office amends one entry, from {amendment['original_entry']} to {amendment['amended_entry']}:",
            _request(who["mis"], f"{school}/amendments", amendments),
            "An auditor asks who amended what that day, and why:",
            _request(who["auditor"], f"{school}/amendments?from={day}&to={day}"),
            f"Authority {notes['la_code']} pulls that day; of its rows, those of the pupil amended:",
            f"{_request(who['authority'], daily)} | grep -E '^la_code|,{mark['urn']},.*,{amendment['pupil']},'",
        ]
    )


_TOKEN = (
    'token() { curl -s -u "$1" -d grant_type=client_credentials %s/oauth/token'
    r""" | sed 's/.*"access_token": *"\([^"]*\)".*/\1/'; }"""
)


def _request(client: Credentials, url: str, body: object = None) -> str:
    token = f'"Authorization: Bearer $(token {client["client_id"]}:{client["client_secret"]})"'
    request = f"  curl -s {shlex.quote(url)} -H {token}"
    if body is None:
        return request
    return f"{request} -H 'Content-Type: application/json' -d {shlex.quote(json.dumps(body))}"


def _notes(data: Path) -> dict[str, Any]:
    """What an earlier `up` noted about its demonstration; nothing where there was none."""
    path = data / "demo.json"
    notes: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return notes


async def _covered(url: str) -> bool:
    connection = await database.connect(url)
    try:
        covered: bool = await _sql.covered(connection)
    finally:
        await connection.close()
    return covered


async def _authority_of(url: str, urn: str) -> str:
    connection = await database.connect(url)
    try:
        la_code: str = await _sql.authority_of(connection, urn=urn)
    finally:
        await connection.close()
    return la_code
