"""Issue tokens: client credentials against a short-lived signed JWT (RFC 6749 section 4.4, RFC 9068)."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import parse_qsl, unquote_plus

from fastapi import APIRouter, Depends, Request, Response
from joserfc.jwk import OKPKey
from sqlalchemy.ext.asyncio import AsyncEngine

from kit import database
from kit.contract import refuses, tells
from kit.problems import Problem
from kit.settings import IssuerSettings
from kit.tokens import LIFETIME, Identity, Reach, authenticate, issue
from register_api.answers.access import Me, Token

_sql = database.statements(__file__)
router = APIRouter(tags=["access"])

Caller = Annotated[Identity, Depends(authenticate)]


async def load_key(engine: AsyncEngine, settings: IssuerSettings) -> OKPKey:
    """Read the private key, and make its public half known so that every service verifies what it signs."""
    raw = json.loads(settings.signing_key.read_text())
    key = OKPKey.import_key(raw)
    key.ensure_kid()
    async with database.reading(engine) as connection:
        known = await _sql.knows_key(connection, kid=key.kid)
    if not known:
        # School 0 is nobody's: the key is not about a school, and no row of one may be touched here.
        async with database.writing(engine, 0) as connection:
            await _sql.publish_key(connection, kid=key.kid, public_jwk=json.dumps(key.as_dict(private=False)))
    return key


def _refused(error: str, code: str, detail: str, headers: dict[str, str] | None = None) -> Problem:
    # RFC 6749 section 5.2 wants `error` in the body; it stands beside the members of the problem.
    return Problem(code, detail, extra={"error": error}, headers=headers or {})


def _credentials(request: Request, form: dict[str, str]) -> tuple[str, str]:
    """Read id and secret from the header (client_secret_basic) or from the form (client_secret_post)."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as caught:
            raise _refused(
                "invalid_request", "invalid-grant-request", "The Authorization header is not Basic."
            ) from caught
        return unquote_plus(client_id), unquote_plus(secret)
    return form.get("client_id", ""), form.get("client_secret", "")


def _is_secret(offered: str, client: Mapping[str, Any], now: datetime) -> bool:
    """Say whether a client's secret was offered, or the one before it while that is good."""
    hashed = hashlib.sha256(offered.encode()).digest()
    if hmac.compare_digest(hashed, client["secret_sha256"]):
        return True
    before = client["previous_sha256"]
    return before is not None and hmac.compare_digest(hashed, before) and now < client["previous_until"]


def lifetime(ends_at: datetime | None, now: datetime) -> int:
    """Give the seconds that a token lives from `now`: none outlives its client."""
    return LIFETIME if ends_at is None else min(LIFETIME, int(ends_at.timestamp()) - int(now.timestamp()))


@router.post(
    "/oauth/token",
    summary="Get a token",
    openapi_extra={
        **refuses("invalid-client", "invalid-grant-request"),
        "requestBody": {
            "required": True,
            "content": {
                "application/x-www-form-urlencoded": {
                    "schema": {
                        "type": "object",
                        "properties": {
                            "grant_type": {"type": "string", "const": "client_credentials"},
                            "client_id": {"type": "string"},
                            "client_secret": {"type": "string"},
                            "scope": {"type": "string"},
                        },
                        "required": ["grant_type"],
                    },
                    "example": {
                        "grant_type": "client_credentials",
                        "client_id": "an-mis",
                        "client_secret": "shown-once-when-the-client-was-added",
                    },
                }
            },
        },
    },
    responses=tells(Token),
)
async def token(request: Request, response: Response) -> dict[str, Any]:
    """Give a token that lives 30 minutes, for all scopes of the client or for those asked for.

    It lives no longer than its client may call: see `expires_in`.
    """
    form = dict(parse_qsl((await request.body()).decode("latin-1")))
    if form.get("grant_type") != "client_credentials":
        raise _refused("unsupported_grant_type", "invalid-grant-request", "The only grant is client_credentials.")
    client_id, secret = _credentials(request, form)
    async with database.reading(request.app.state.engine) as connection:
        client = None if "\0" in client_id else await _sql.client(connection, client_id=client_id)
    now = request.app.state.clock()
    seconds = 0 if client is None else lifetime(client["ends_at"], now)
    if client is None or not _is_secret(secret, client, now) or seconds <= 0:
        headers = {"WWW-Authenticate": 'Basic realm="rollbook"'}
        raise _refused("invalid_client", "invalid-client", "The client or its secret is not right.", headers)
    scopes = frozenset(form["scope"].split()) if form.get("scope") else frozenset(client["scopes"])
    if not scopes <= frozenset(client["scopes"]):
        raise _refused("invalid_scope", "invalid-grant-request", "The client does not hold every scope asked for.")
    identity = Identity(client_id, scopes, Reach(client["reach_kind"], frozenset(client["reach"])))
    state = request.app.state
    response.headers["Cache-Control"] = "no-store"
    return {
        "access_token": issue(identity, state.signing_key, state.settings.public_url, now.timestamp(), seconds),
        "token_type": "Bearer",
        "expires_in": seconds,
        "scope": " ".join(sorted(scopes)),
    }


@router.get("/v1/me", summary="Who am I?", responses=tells(Me))
async def me(caller: Caller) -> dict[str, Any]:
    """Say which client a token belongs to, what it may do, and whose data it reaches."""
    return {
        "client": caller.client_id,
        "scopes": sorted(caller.scopes),
        "reach": {"kind": caller.reach.kind, "ids": sorted(caller.reach.ids)},
    }
