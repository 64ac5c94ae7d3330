"""Tokens: how they are asked for, what they carry, and which are of no use."""

import base64
import hashlib
import json
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from joserfc import jws, jwt
from joserfc.jwk import OctKey, OKPKey

from tests.support.office import MONDAY, Office, refusal
from tests.support.services import Register, add_client, register_api, token

FORM = {"grant_type": "client_credentials"}
SCOPES = ("register:read", "audit:read")


@pytest.fixture(scope="module")
async def credentials(register: Register) -> tuple[str, str]:
    return await add_client(register.database, SCOPES, "schools", ["900101", "900102"])


@pytest.fixture
async def http(register: Register) -> Any:
    async with httpx.AsyncClient(base_url=register.address, verify=False) as plain:
        yield plain


async def test_basic_and_post_credentials_get_the_same(http: httpx.AsyncClient, credentials: tuple[str, str]) -> None:
    client_id, secret = credentials
    basic = await http.post("/oauth/token", data=FORM, auth=credentials)
    posted = await http.post("/oauth/token", data={**FORM, "client_id": client_id, "client_secret": secret})
    for answer in (basic, posted):
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        body = answer.json()
        assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 1_800, "audit:read register:read")
        header, claims = _parts(body["access_token"])
        assert (header["alg"], header["typ"]) == ("Ed25519", "at+jwt")
        assert claims["sub"] == claims["client_id"] == client_id
        assert claims["exp"] - claims["iat"] == 1_800
        assert claims["reach"] == {"kind": "schools", "ids": ["900101", "900102"]}


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


async def test_a_token_may_hold_some_of_the_scopes(http: httpx.AsyncClient, credentials: tuple[str, str]) -> None:
    answer = await http.post("/oauth/token", data={**FORM, "scope": "audit:read"}, auth=credentials)
    assert answer.json()["scope"] == "audit:read"
    headers = {"Authorization": f"bearer {answer.json()['access_token']}"}
    me = (await http.get("/v1/me", headers=headers)).json()
    assert me == {
        "client": credentials[0],
        "scopes": ["audit:read"],
        "reach": {"kind": "schools", "ids": ["900101", "900102"]},
    }
    refusal(await http.get(f"/v1/schools/900101/registers/{MONDAY}/AM", headers=headers), "scope-required")


@pytest.mark.parametrize("scope", ["admin", "audit:read admin", "nonsense"])
async def test_a_scope_that_the_client_lacks_is_refused(
    http: httpx.AsyncClient, credentials: tuple[str, str], scope: str
) -> None:
    answer = await http.post("/oauth/token", data={**FORM, "scope": scope}, auth=credentials)
    assert refusal(answer, "invalid-grant-request")["error"] == "invalid_scope"


async def test_a_wrong_secret_and_an_unknown_client_are_told_the_same(
    http: httpx.AsyncClient, credentials: tuple[str, str]
) -> None:
    bodies = []
    for wrong in ((credentials[0], "wrong"), ("nobody", credentials[1]), ("", ""), ("a\0b", "x"), ("é", "ü")):
        for request in (
            {"auth": wrong, "data": FORM},
            {"data": {**FORM, "client_id": wrong[0], "client_secret": wrong[1]}},
        ):
            answer = await http.post("/oauth/token", **request)
            bodies.append(refusal(answer, "invalid-client"))
            assert answer.headers["www-authenticate"].startswith("Basic ")
    assert all(body == bodies[0] for body in bodies)
    assert bodies[0]["error"] == "invalid_client"


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic /w==", "Basic " + "A" * 10_001])
async def test_a_header_that_is_not_basic_is_refused(http: httpx.AsyncClient, header: str) -> None:
    answer = await http.post("/oauth/token", data=FORM, headers={"Authorization": header})
    assert answer.status_code in (400, 401)
    assert answer.json()["code"] in ("invalid-grant-request", "invalid-client")


@pytest.mark.parametrize("form", [{}, {"grant_type": "password"}, {"grant_type": ""}])
async def test_there_is_one_grant(http: httpx.AsyncClient, credentials: tuple[str, str], form: dict[str, str]) -> None:
    answer = await http.post("/oauth/token", data=form, auth=credentials)
    assert refusal(answer, "invalid-grant-request")["error"] == "unsupported_grant_type"


async def test_a_revoked_client_gets_no_token(register: Register, http: httpx.AsyncClient) -> None:
    revoked = await add_client(register.database, SCOPES)
    owner = await asyncpg.connect(register.database.owner_url)
    await owner.execute("UPDATE access.client SET revoked_at = now() WHERE client_id = $1", revoked[0])
    await owner.close()
    refusal(await http.post("/oauth/token", data=FORM, auth=revoked), "invalid-client")


async def _of_the_owner(register: Register, statement: str, *values: Any) -> None:
    owner = await asyncpg.connect(register.database.owner_url)
    try:
        await owner.execute(statement, *values)
    finally:
        await owner.close()


async def _until_refused(http: httpx.AsyncClient, token: str) -> float:
    """Ask with a token until it is refused, and give the seconds that took; what it is refused with is checked."""
    begun = time.monotonic()
    while True:
        answer = await http.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
        if answer.status_code != 200:
            refusal(answer, "invalid-token")
            return time.monotonic() - begun
        assert time.monotonic() - begun < 5


@pytest.mark.alone
async def test_the_tokens_of_a_revoked_client_are_refused_within_a_second(
    register: Register, http: httpx.AsyncClient
) -> None:
    revoked, other = await add_client(register.database, SCOPES), await add_client(register.database, SCOPES)
    tokens = [await token(register.address, each) for each in (revoked, other)]
    await _of_the_owner(register, "UPDATE access.client SET revoked_at = now() WHERE client_id = $1", revoked[0])
    assert await _until_refused(http, tokens[0]) < 1.5
    assert (await http.get("/v1/me", headers={"Authorization": f"Bearer {tokens[1]}"})).status_code == 200


@pytest.mark.alone
async def test_the_tokens_of_a_retired_key_are_refused_and_a_new_key_takes_its_place(
    register: Register, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    client = await add_client(register.database, SCOPES)
    before = await token(register.address, client)
    old = json.loads(base64.urlsafe_b64decode(before.partition(".")[0] + "=="))["kid"]
    async with register_api(register.database, tmp_path, register.clock, public_url="http://127.0.0.1:8000") as second:
        after = await token(second.address, client)
        async with httpx.AsyncClient(base_url=second.address, verify=False) as at_second:
            for bearer in (before, after):
                headers = {"Authorization": f"Bearer {bearer}"}
                assert (await at_second.get("/v1/me", headers=headers)).status_code == 200
            try:
                await _of_the_owner(register, "UPDATE access.key SET retired_at = now() WHERE kid = $1", old)
                assert await _until_refused(at_second, before) < 1.5
                assert (await at_second.get("/v1/me", headers={"Authorization": f"Bearer {after}"})).status_code == 200
            finally:
                await _of_the_owner(register, "UPDATE access.key SET retired_at = NULL WHERE kid = $1", old)


async def test_a_rotated_secret_is_good_beside_the_new_one_until_its_time(
    register: Register, http: httpx.AsyncClient
) -> None:
    client_id, old = await add_client(register.database, SCOPES)
    until = register.clock.now + timedelta(hours=1)
    await _of_the_owner(
        register,
        "UPDATE access.client SET previous_sha256 = secret_sha256, previous_until = $2, secret_sha256 = $3 "
        "WHERE client_id = $1",
        client_id,
        until,
        hashlib.sha256(b"new").digest(),
    )
    for secret in (old, "new"):
        assert (await http.post("/oauth/token", data=FORM, auth=(client_id, secret))).status_code == 200
    then, register.clock.now = register.clock.now, until
    try:
        refusal(await http.post("/oauth/token", data=FORM, auth=(client_id, old)), "invalid-client")
        assert (await http.post("/oauth/token", data=FORM, auth=(client_id, "new"))).status_code == 200
    finally:
        register.clock.now = then


@pytest.mark.parametrize("path", ["/v1/me", f"/v1/schools/900101/registers/{MONDAY}/AM"])
@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic YTpi", "Token abc"])
async def test_a_route_needs_a_token(http: httpx.AsyncClient, path: str, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = await http.get(path, headers=headers)
    refusal(answer, "token-required")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "value",
    ["x", "..", "a.b.c", "e30.e30.e30", "W10.W10.W10", "bnVsbA.e30.", "Zm9v.e30.e30", "\xe9.\xe9.\xe9", "A" * 9_000],
)
async def test_what_is_no_token_is_refused(http: httpx.AsyncClient, value: str) -> None:
    answer = await http.get("/v1/me", headers={b"Authorization": f"Bearer {value}".encode("latin-1")})
    refusal(answer, "invalid-token")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


async def test_a_token_runs_out(register: Register, http: httpx.AsyncClient, credentials: tuple[str, str]) -> None:
    headers = {"Authorization": f"Bearer {await token(register.address, credentials)}"}
    register.clock.set("2026-09-07T16:29:59+01:00")
    assert (await http.get("/v1/me", headers=headers)).status_code == 200
    register.clock.set("2026-09-07T16:30:00+01:00")
    refusal(await http.get("/v1/me", headers=headers), "invalid-token")
    register.clock.set("2026-09-07T15:58:59+01:00")
    refusal(await http.get("/v1/me", headers=headers), "invalid-token")


def _signed(claims: dict[str, Any], header: dict[str, Any], key: Any, algorithm: str) -> str:
    return jwt.encode(header, claims, key, algorithms=[algorithm])


def _parts(real: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, claims = (json.loads(_decoded(part)) for part in real.split(".")[:2])
    return header, claims


def _unsigned(real: str) -> str:
    header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').decode().rstrip("=")
    return f"{header}.{real.split('.')[1]}."


def _more_scope(real: str) -> str:
    _, claims = _parts(real)
    forged = base64.urlsafe_b64encode(json.dumps({**claims, "scope": "admin"}).encode()).decode().rstrip("=")
    return ".".join([real.split(".")[0], forged, real.split(".")[2]])


def _of_another_key(real: str) -> str:
    header, claims = _parts(real)
    return _signed(claims, header, OKPKey.generate_key("Ed25519"), "Ed25519")


def _by_secret(real: str) -> str:
    header, claims = _parts(real)
    secret = OctKey.import_key(header["kid"].ljust(32, "x"))
    return _signed(claims, {**header, "alg": "HS256"}, secret, "HS256")


def _cut(real: str) -> str:
    return real[:-4]


@pytest.mark.parametrize("forge", [_unsigned, _more_scope, _of_another_key, _by_secret, _cut])
async def test_a_forged_token_is_refused(
    register: Register, http: httpx.AsyncClient, credentials: tuple[str, str], forge: Callable[[str], str]
) -> None:
    real = await token(register.address, credentials)
    answer = await http.get("/v1/me", headers={"Authorization": f"Bearer {forge(real)}"})
    refusal(answer, "invalid-token")
    assert (await http.get("/v1/me", headers={"Authorization": f"Bearer {real}"})).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "http://elsewhere"},
        {"aud": "another"},
        {"exp": None},
        {"reach": None},
        {"reach": {"kind": "schools"}},
        {"scope": None},
        {"client_id": None},
        {"iat": "now"},
    ],
)
async def test_a_token_that_we_signed_for_something_else_is_refused(
    register: Register,
    http: httpx.AsyncClient,
    credentials: tuple[str, str],
    folder: Path,
    change: dict[str, Any],
) -> None:
    header, claims = _parts(await token(register.address, credentials))
    changed = {name: value for name, value in {**claims, **change}.items() if value is not None}
    key = OKPKey.import_key(json.loads((folder / "signing-key.json").read_text()))
    for head in ({**header}, {**header, "typ": "JWT"}):
        signed = _signed(changed if head == header else claims, head, key, "Ed25519")
        refusal(await http.get("/v1/me", headers={"Authorization": f"Bearer {signed}"}), "invalid-token")
    good = jws.serialize_compact(header, json.dumps(claims), key, algorithms=["Ed25519"])
    assert (await http.get("/v1/me", headers={"Authorization": f"Bearer {good}"})).status_code == 200


@pytest.mark.alone
async def test_forgeries_do_not_make_the_database_busy(register: Register, http: httpx.AsyncClient) -> None:
    began = time.perf_counter()
    for n in range(40):
        refusal(await http.get("/v1/me", headers={"Authorization": f"Bearer a.b.{n}"}), "invalid-token")
    assert time.perf_counter() - began < 10


async def test_every_scope_is_needed_for_its_own_routes(register: Register, office: Office) -> None:
    routes = {
        "roll:write": [("PUT", ""), ("PUT", "/calendar/2026-27"), ("PUT", "/pupils/x"), ("POST", "/pupils")],
        "marks:write": [("POST", f"/registers/{MONDAY}/AM/marks")],
        "amendments:write": [("POST", "/amendments")],
        "register:read": [
            *(("GET", path) for path in ("", "/calendar/2026-27", "/pupils", "/pupils/p-001", "/pupils/p-001/marks")),
            ("GET", f"/registers/{MONDAY}/AM"),
        ],
        "audit:read": [("GET", "/amendments"), ("GET", "/events")],
    }
    before = await office.head()
    for scope, guarded in routes.items():
        others = [other for other in routes if other != scope]
        async with register.client(others) as lacking, register.client([scope]) as holding:
            for method, path in guarded:
                body: dict[str, str] | None = {} if method != "GET" else None
                refusal(await lacking.request(method, office.path(path), json=body), "scope-required")
                assert (await holding.request(method, office.path(path), json=body)).status_code != 403
    assert await office.head() == before
