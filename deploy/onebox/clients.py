"""The clients of the API: who may call, with which scopes, and whose data they reach."""

import hashlib
import re
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import aiosql
import asyncpg

from onebox import database

ReachKind = Literal["schools", "trust", "authority", "national"]

Credentials = dict[str, str]
"""`client_id` and `client_secret`, for a token. Of the secret the database keeps only the SHA-256."""

_sql = aiosql.from_path(Path(__file__).with_suffix(".sql"), "asyncpg")


async def add(url: str, name: str, scopes: Iterable[str], kind: ReachKind, reach: Iterable[str] = ()) -> Credentials:
    """Add a client to the database at `url` (the owner's address) and return its credentials.

    `reach` holds URNs, a trust's UID or an authority's code, as `kind` says, and nothing for `national`.
    Raises DatabaseFailed where the database is away or was never migrated.
    """
    secret = secrets.token_urlsafe(32)
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:32]
    credentials = {"client_id": f"{slug or 'client'}-{secrets.token_hex(4)}", "client_secret": secret}
    connection = await database.connect(url)
    try:
        await _sql.add(
            connection,
            client_id=credentials["client_id"],
            name=name,
            secret_sha256=hashlib.sha256(secret.encode()).digest(),
            scopes=sorted(set(scopes)),
            reach_kind=kind,
            reach=sorted(set(reach)),
        )
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError) as error:
        raise database.DatabaseFailed("The database was never migrated. `rollbook up` does it.") from error
    finally:
        await connection.close()
    return credentials
