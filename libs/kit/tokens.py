"""Tokens: signed with Ed25519 by the register API, verified by every service with public keys from the database.

RFC 9068 (JWT access tokens); the algorithm is pinned. A token says who the client is, what it may do, and whose data it
may reach.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from fastapi import Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey
from sqlalchemy.ext.asyncio import AsyncEngine

from kit import database
from kit.problems import Problem

ALGORITHM = "Ed25519"
LIFETIME = 30 * 60
"""Seconds that a token lives."""
FRESH = 1.0
"""Seconds after which a process asks again which keys and clients are trusted."""
_FRESH_FOR_STRANGERS = 0.1
"""Seconds after which a token that no key fits makes a process ask again."""
_EARLY = 60
"""Seconds by which the clock that issued a token may be ahead of the one that judges it."""
AUDIENCE = "rollbook"

SCOPES = frozenset(
    {"roll:write", "marks:write", "amendments:write", "history:write", "register:read", "audit:read", "evidence:read"}
    | {"attendance:read", "summaries:read", "alerts:read", "alerts:write", "returns:read", "feeds:read", "admin"}
)

_CHALLENGE = {"WWW-Authenticate": 'Bearer error="invalid_token"'}

_sql = database.statements(__file__)


@dataclass(frozen=True, slots=True)
class Reach:
    """Whose data a client may see: some schools by URN, the schools of a trust or of an authority, or all."""

    kind: str
    ids: frozenset[str] = frozenset()

    def covers(self, *, urns: frozenset[str], trust: str | None, la_code: str | None) -> bool:
        """Say whether a school with these URNs, in this trust and authority, lies within reach."""
        if self.kind == "schools":
            return not self.ids.isdisjoint(urns)
        if self.kind == "trust":
            return trust in self.ids
        if self.kind == "authority":
            return la_code in self.ids
        return self.kind == "national"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who calls: a client, its scopes and its reach."""

    client_id: str
    scopes: frozenset[str]
    reach: Reach


def issue(identity: Identity, key: OKPKey, issuer: str, now: float, seconds: int = LIFETIME) -> str:
    """Sign a token for `identity`, valid from `now` (Unix seconds) for so many seconds."""
    claims = {
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": identity.client_id,
        "client_id": identity.client_id,
        "scope": " ".join(sorted(identity.scopes)),
        "reach": {"kind": identity.reach.kind, "ids": sorted(identity.reach.ids)},
        "iat": int(now),
        "exp": int(now) + seconds,
    }
    header = {"alg": ALGORITHM, "kid": key.kid, "typ": "at+jwt"}
    return jwt.encode(header, claims, key, algorithms=[ALGORITHM])


@lru_cache(maxsize=4_096)
def _claims(token: str, public_jwks: tuple[str, ...]) -> Mapping[str, Any]:
    """Check the signature and give the claims: the same for ever for one token and these keys, so worth keeping."""
    keys = KeySet([OKPKey.import_key(json.loads(jwk)) for jwk in public_jwks])
    decoded = jwt.decode(token, keys, algorithms=[ALGORITHM])
    if decoded.header.get("typ") != "at+jwt":
        raise ValueError("not an access token")
    return decoded.claims


@lru_cache(maxsize=4_096)
def _identity(client_id: str, scope: str, kind: str, ids: tuple[str, ...]) -> Identity:
    return Identity(client_id, frozenset(scope.split()), Reach(kind, frozenset(ids)))


class Verifier:
    """Verifies tokens by what the database trusts: public keys that are not retired, clients that are not revoked.

    What it trusts is read again once it is older than FRESH, so that the tokens of a client that is revoked, and what a
    retired key has signed, are of no use at any process.
    """

    def __init__(self, engine: AsyncEngine, issuer: str) -> None:
        self._engine = engine
        self._issuer = issuer
        self._keys: tuple[str, ...] = ()
        self._revoked: frozenset[str] = frozenset()
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def _refresh(self, now: float, older_than: float = FRESH) -> None:
        """Read again what is trusted, if it is older than so many seconds."""
        if time.monotonic() - self._read_at < older_than:
            return
        # While one request reads, the others go on by what was read before; where nothing was, they wait.
        if self._keys and self._reading.locked():
            return
        async with self._reading:
            if (begun := time.monotonic()) - self._read_at < older_than:
                return
            # Who was revoked longer ago than a token lives has none left.
            since = datetime.fromtimestamp(now - LIFETIME - _EARLY, UTC)
            async with database.reading(self._engine) as connection:
                row = await _sql.trusted(connection, since=since)
            self._keys, self._revoked = tuple(row["keys"] or ()), frozenset(row["revoked"] or ())
            self._read_at = begun

    async def _verified(self, token: str, now: float) -> Mapping[str, Any]:
        try:
            return _claims(token, self._keys)
        except (JoseError, ValueError):
            # Perhaps a key newer than our copy. Forgeries must not become a flood of queries.
            await self._refresh(now, _FRESH_FOR_STRANGERS)
            return _claims(token, self._keys)

    async def identity(self, token: str, now: float) -> Identity:
        """Give the identity that `token` carries at `now` (Unix seconds).

        Raises `invalid-token` when it is forged, stale, not for us, or of a client that has been revoked.
        """
        await self._refresh(now)
        try:
            claims = await self._verified(token, now)
            if claims["iss"] != self._issuer or claims["aud"] != AUDIENCE:
                raise ValueError("not for this service")
            if not claims["iat"] - _EARLY <= now < claims["exp"]:
                raise ValueError("out of its time")
            if claims["client_id"] in self._revoked:
                raise ValueError("of a client that has been revoked")
            reach = claims["reach"]
            return _identity(claims["client_id"], claims["scope"], reach["kind"], tuple(reach["ids"]))
        except (JoseError, ValueError, KeyError, TypeError) as caught:
            raise Problem(
                "invalid-token", "The token is forged, stale, revoked or not for this service.", headers=_CHALLENGE
            ) from caught


async def authenticate(request: Request) -> Identity:
    """Give the identity of the bearer token; raise `token-required`, `invalid-token` or `rate-limited`."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Problem("token-required", "The route needs a bearer token.", headers={"WWW-Authenticate": "Bearer"})
    state = request.app.state
    identity: Identity = await state.verifier.identity(token.strip(), state.clock().timestamp())
    state.rates.count(request.scope, identity.client_id)
    return identity


@dataclass(frozen=True, slots=True)
class Needs:
    """A dependency that lets a caller pass who holds `scope`, or `otherwise`, and gives the caller's identity."""

    scope: str
    otherwise: str | None = None

    async def __call__(self, request: Request) -> Identity:
        """Authenticate; raise `scope-required` for a token that lacks the scope."""
        identity = await authenticate(request)
        if self.scope not in identity.scopes and self.otherwise not in identity.scopes:
            raise Problem("scope-required", f"The token lacks the scope {self.scope}.")
        return identity
