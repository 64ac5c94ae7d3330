"""The demonstration as `rollbook up` runs it: once for a new register, and again from where it broke off."""

import asyncio
import importlib
import json
from pathlib import Path
from typing import Any

import aiosql
from rich.console import Console

from kit.tokens import SCOPES
from onebox import clients, database
from onebox.postgres import write_private
from onebox.services import Service

_AUTHORITY = ("attendance:read", "alerts:read", "returns:read", "feeds:read")
_AUDITOR = ("register:read", "audit:read", "evidence:read")

_sql = aiosql.from_path(Path(__file__).with_suffix(".sql"), "asyncpg")


def due(data: Path, url: str) -> bool:
    """Say whether to play it: in a register without a school, or where an earlier one was interrupted."""
    return _notes(data).get("played") is False or asyncio.run(database.is_new(url))


def play(data: Path, url: str, register: Service, analytics: Service, console: Console) -> None:
    """Play the demonstration through the two APIs, and note for the directions what there is to see.

    What it posts is idempotent, so an interrupted one is simply played again by the next `up`.
    """
    write_private(data / "demo.json", {"played": False})
    administrator = asyncio.run(clients.add(url, "Demonstration administrator", SCOPES, "national"))
    # Imported by name: the demonstration brings its own data, and a register without it never loads any.
    player = importlib.import_module("onebox.demo.play")
    player.run(register.url, analytics.url, administrator, console)
    seen = asyncio.run(_what_there_is_to_see(url))
    authority = clients.add(url, "Demonstration authority", _AUTHORITY, "authority", [seen["la_code"]])
    auditor = clients.add(url, "Demonstration auditor", _AUDITOR, "schools", [seen["urn"]])
    credentials = {
        "administrator": administrator,
        "authority": asyncio.run(authority),
        "auditor": asyncio.run(auditor),
    }
    write_private(data / "demo.json", {"played": True, **seen, "clients": credentials})


def directions(data: Path, register: Service, analytics: Service) -> str:
    """Return where to look, ready to paste: the documentation, and after a demonstration three requests."""
    lines = [
        "Look here:",
        f"  the register API    {register.url}/docs",
        f"  the analytics API   {analytics.url}/docs",
    ]
    notes = _notes(data)
    if not notes.get("played"):
        return "\n".join([*lines, "", "A client of your own: rollbook clients add NAME --scope SCOPE... --school URN"])
    day = notes["date"]
    school = f"{register.url}/v1/schools/{notes['urn']}"
    authority = f"{analytics.url}/v1/local-authorities/{notes['la_code']}"
    return "\n".join(
        [
            *lines,
            "",
            f"What authority {notes['la_code']} pulls for {day}:",
            _token(register, notes["clients"]["authority"]),
            f'  curl -s -H "Authorization: Bearer $TOKEN" "{authority}/daily?date={day}&format=csv"',
            "",
            f"What an auditor asks of school {notes['urn']}: who amended what on {day}, and why:",
            _token(register, notes["clients"]["auditor"]),
            f'  curl -s -H "Authorization: Bearer $TOKEN" "{school}/amendments?from={day}&to={day}"',
        ]
    )


def _token(register: Service, client: clients.Credentials) -> str:
    request = f"curl -s -u {client['client_id']}:{client['client_secret']} -d grant_type=client_credentials"
    only_the_token = r"""sed 's/.*"access_token": *"\([^"]*\)".*/\1/'"""
    return f"  TOKEN=$({request} {register.url}/oauth/token | {only_the_token})"


def _notes(data: Path) -> dict[str, Any]:
    """What an earlier `up` noted about its demonstration; nothing where there was none."""
    path = data / "demo.json"
    notes: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return notes


async def _what_there_is_to_see(url: str) -> dict[str, str]:
    connection = await database.connect(url)
    try:
        row = await _sql.worth_seeing(connection)
    finally:
        await connection.close()
    return {"urn": row["urn"], "la_code": row["la_code"], "date": row["session_date"].isoformat()}
