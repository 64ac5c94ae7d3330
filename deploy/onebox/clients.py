"""The clients of the API, and the keys of their tokens: who may call, with which scopes, and whose data they reach."""

import hashlib
import re
import secrets
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import aiosql
import asyncpg

from kit.fields import written
from onebox import database

ReachKind = Literal["schools", "trust", "authority", "national"]

Credentials = dict[str, str]
"""`client_id` and `client_secret`, for a token. Of the secret the database keeps only the SHA-256."""

_sql = aiosql.from_path(Path(__file__).with_suffix(".sql"), "asyncpg")


class NoSuchClient(Exception):
    """There is no client, or no key, of that name."""


@asynccontextmanager
async def _owner(url: str) -> AsyncIterator[Any]:
    connection = await database.connect(url)
    try:
        yield connection
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError, asyncpg.UndefinedColumnError) as error:
        raise database.DatabaseFailed(
            "The database was never migrated, or not lately. `rollbook up` does it."
        ) from error
    finally:
        await connection.close()


def _new_secret() -> tuple[str, bytes]:
    """Give a secret, and what the database keeps of it."""
    secret = secrets.token_urlsafe(32)
    return secret, hashlib.sha256(secret.encode()).digest()


async def add(url: str, name: str, scopes: Iterable[str], kind: ReachKind, reach: Iterable[str] = ()) -> Credentials:
    """Add a client to the database at `url` (the owner's address) and return its credentials.

    `reach` holds URNs, a trust's UID or an authority's code, as `kind` says, and nothing for `national`.
    Raises DatabaseFailed where the database is away or was never migrated.
    """
    secret, kept = _new_secret()
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:32]
    client_id = f"{slug or 'client'}-{secrets.token_hex(4)}"
    async with _owner(url) as connection:
        await _sql.add(
            connection,
            client_id=client_id,
            name=name,
            secret_sha256=kept,
            scopes=sorted(set(scopes)),
            reach_kind=kind,
            reach=sorted(set(reach)),
        )
    return {"client_id": client_id, "client_secret": secret}


async def every(url: str) -> list[dict[str, Any]]:
    """Give every client, the oldest first: who it is, what it may do, until when it and a former secret are good."""
    async with _owner(url) as connection:
        return [
            {
                "client_id": row["client_id"],
                "name": row["name"],
                "scopes": row["scopes"],
                "reach": {"kind": row["reach_kind"], "ids": row["reach"]},
                "added_at": _instant(row["created_at"]),
                "former_secret_until": _instant(row["previous_until"]),
                "ends_at": _instant(row["ends_at"]),
                "revoked_at": _instant(row["revoked_at"]),
            }
            async for row in _sql.every(connection)
        ]


async def rotate(url: str, client_id: str, overlap: timedelta) -> Credentials:
    """Give a client a new secret; the one before is good for `overlap` longer. Raises NoSuchClient."""
    secret, kept = _new_secret()
    until = datetime.now(UTC) + overlap
    async with _owner(url) as connection:
        if await _sql.rotate(connection, client_id=client_id, secret_sha256=kept, until=until) is None:
            raise NoSuchClient(f"There is no client {client_id} that may call.")
    return {"client_id": client_id, "client_secret": secret, "former_secret_until": written(until)}


async def revoke(url: str, client_id: str) -> dict[str, str]:
    """End a client: no token is issued to it, and those it has are refused. Raises NoSuchClient."""
    async with _owner(url) as connection:
        at = await _sql.revoke(connection, client_id=client_id, at=datetime.now(UTC))
    if at is None:
        raise NoSuchClient(f"There is no client {client_id}.")
    return {"client_id": client_id, "revoked_at": written(at.astimezone(UTC))}


async def keys(url: str) -> list[dict[str, Any]]:
    """Give the keys that tokens are verified with, the newest first."""
    async with _owner(url) as connection:
        return [
            {"kid": row["kid"], "added_at": _instant(row["created_at"]), "retired_at": _instant(row["retired_at"])}
            async for row in _sql.keys(connection)
        ]


async def retire_key(url: str, kid: str) -> dict[str, str]:
    """End a key: what it signed is refused. The newest is refused, for it signs. Raises NoSuchClient."""
    known = await keys(url)
    if kid not in {key["kid"] for key in known}:
        raise NoSuchClient(f"There is no key {kid}.")
    if kid == known[0]["kid"]:
        raise NoSuchClient(f"{kid} is the newest key, and signs: start the register API with another first.")
    async with _owner(url) as connection:
        at = await _sql.retire(connection, kid=kid, at=datetime.now(UTC))
    return {"kid": kid, "retired_at": written(at.astimezone(UTC))}


def _instant(at: datetime | None) -> str | None:
    return None if at is None else written(at.astimezone(UTC))
