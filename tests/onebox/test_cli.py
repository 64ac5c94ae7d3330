import asyncio
import hashlib
import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from onebox import postgres
from onebox.cli import main
from tests.support.ports import free_port
from tests.support.postgres import SMALL, Database


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


Rollbook = Callable[..., Done]


@pytest.fixture
def rollbook(capsys: pytest.CaptureFixture[str]) -> Rollbook:
    """Give what runs the command and returns its exit code and what it printed."""

    def run(*arguments: str) -> Done:
        try:
            code = main(arguments)
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        return Done(code, *capsys.readouterr())

    return run


async def stored(database: Database, client_id: str) -> asyncpg.Record:
    connection = await asyncpg.connect(database.owner_url)
    try:
        row = await connection.fetchrow("SELECT * FROM access.client WHERE client_id = $1", client_id)
        assert row is not None
        return row
    finally:
        await connection.close()


@pytest.fixture
def busy_port() -> Iterator[int]:
    """Give a port that another program listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_client_is_added_and_its_secret_is_kept_only_as_a_digest(database: Database, rollbook: Rollbook) -> None:
    added = rollbook(
        *("clients", "add", "Ash MIS", "--scope", "marks:write", "amendments:write", "--scope", "register:read"),
        *("--school", "123456", "123457", "--database-url", database.owner_url),
    )
    assert added.code == 0, added.err
    credentials = json.loads(added.out)
    assert set(credentials) == {"client_id", "client_secret"}
    assert credentials["client_id"].startswith("ash-mis-")
    row = asyncio.run(stored(database, credentials["client_id"]))
    assert row["secret_sha256"] == hashlib.sha256(credentials["client_secret"].encode()).digest()
    assert row["scopes"] == ["amendments:write", "marks:write", "register:read"]
    assert (row["name"], row["reach_kind"], row["reach"]) == ("Ash MIS", "schools", ["123456", "123457"])
    assert row["revoked_at"] is None


@pytest.mark.parametrize(
    ("reach", "kind", "ids"),
    [
        (["--trust", "5143"], "trust", ["5143"]),
        (["--la", "931"], "authority", ["931"]),
        (["--national"], "national", []),
    ],
)
def test_the_reach_of_a_client_is_what_was_asked_for(
    database: Database, rollbook: Rollbook, reach: list[str], kind: str, ids: list[str]
) -> None:
    added = rollbook("clients", "add", "X", "--scope", "audit:read", *reach, "--database-url", database.owner_url)
    client_id = json.loads(added.out)["client_id"]
    client = asyncio.run(stored(database, client_id))
    assert (client["reach_kind"], client["reach"]) == (kind, ids)


def test_a_client_is_listed_rotated_and_revoked(database: Database, rollbook: Rollbook) -> None:
    at = ("--database-url", database.owner_url)
    added = json.loads(rollbook("clients", "add", "Beech", "--scope", "audit:read", "--national", *at).out)
    rotated = rollbook("clients", "rotate", added["client_id"], "--overlap", "2", *at)
    assert rotated.code == 0, rotated.err
    renewed = json.loads(rotated.out)
    assert renewed.keys() == {"client_id", "client_secret", "former_secret_until"}
    row = asyncio.run(stored(database, added["client_id"]))
    kept = [hashlib.sha256(each["client_secret"].encode()).digest() for each in (renewed, added)]
    assert [row["secret_sha256"], row["previous_sha256"]] == kept
    assert timedelta(hours=1, minutes=59) < row["previous_until"] - datetime.now(UTC) <= timedelta(hours=2)
    revoked = json.loads(rollbook("clients", "revoke", added["client_id"], *at).out)
    assert revoked["client_id"] == added["client_id"]
    # A second time says since when, and changes nothing; a revoked client gets no new secret.
    assert json.loads(rollbook("clients", "revoke", added["client_id"], *at).out) == revoked
    refused = rollbook("clients", "rotate", added["client_id"], *at)
    assert (refused.code, refused.out) == (1, "")
    assert "no client" in refused.err
    listed = [json.loads(line) for line in rollbook("clients", "list", *at).out.splitlines()]
    (mine,) = [client for client in listed if client["client_id"] == added["client_id"]]
    assert mine["revoked_at"] == revoked["revoked_at"]
    assert (mine["name"], mine["scopes"], mine["reach"]) == ("Beech", ["audit:read"], {"kind": "national", "ids": []})
    assert "secret" not in json.dumps(listed).replace("former_secret_until", "")


@pytest.mark.parametrize("act", [("clients", "rotate"), ("clients", "revoke"), ("keys", "retire")])
def test_what_does_not_exist_is_not_rotated_revoked_or_retired(
    database: Database, rollbook: Rollbook, act: tuple[str, str]
) -> None:
    done = rollbook(*act, "nobody", "--database-url", database.owner_url)
    assert (done.code, done.out) == (1, "")
    assert "nobody" in done.err


def test_a_former_key_is_retired_and_the_newest_is_not(database: Database, rollbook: Rollbook) -> None:
    at = ("--database-url", database.owner_url)
    asyncio.run(published(database, "former", "newest"))
    (newest, former) = [json.loads(line) for line in rollbook("keys", "list", *at).out.splitlines()]
    assert (newest["kid"], former["kid"], former["retired_at"]) == ("newest", "former", None)
    assert rollbook("keys", "retire", "newest", *at).code == 1
    retired = json.loads(rollbook("keys", "retire", "former", *at).out)
    (newest, former) = [json.loads(line) for line in rollbook("keys", "list", *at).out.splitlines()]
    assert (newest["retired_at"], former["retired_at"]) == (None, retired["retired_at"])


async def published(database: Database, *kids: str) -> None:
    """Publish keys, one after another."""
    connection = await asyncpg.connect(database.owner_url)
    try:
        for kid in kids:
            await connection.execute("INSERT INTO access.key (kid, public_jwk) VALUES ($1, '{}')", kid)
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--scope", "marks:erase", "--national"], "marks:erase is not a scope"),
        (["--scope", "audit:read"], "required"),
        (["--scope", "audit:read", "--la", "931", "--national"], "not allowed with"),
        (["--scope", "audit:read", "--school", "12345"], "six digits"),
        (["--scope", "audit:read", "--la", "Kent"], "three digits"),
        (["--national"], "required"),
    ],
)
def test_a_client_that_makes_no_sense_is_a_usage_error(rollbook: Rollbook, arguments: list[str], fault: str) -> None:
    refused = rollbook("clients", "add", "X", *arguments)
    assert refused.code == 2
    assert fault in refused.err


def test_a_client_for_a_register_that_is_not_there_makes_no_register(rollbook: Rollbook, tmp_path: Path) -> None:
    data = tmp_path / "nothing"
    added = rollbook("clients", "add", "X", "--scope", "audit:read", "--national", "--data", str(data))
    assert (added.code, added.out) == (1, "")
    assert "There is no register" in added.err
    assert not data.exists()


def test_a_client_for_a_register_never_migrated_is_told_so(rollbook: Rollbook, tmp_path: Path) -> None:
    data = tmp_path / "data"
    postgres.stop(postgres.start(data, SMALL))
    added = rollbook("clients", "add", "X", "--scope", "audit:read", "--national", "--data", str(data))
    assert (added.code, added.out) == (1, "")
    assert "never migrated" in added.err
    assert postgres.running(data) is None


def test_a_busy_port_is_refused_before_anything_is_started(rollbook: Rollbook, tmp_path: Path, busy_port: int) -> None:
    data = tmp_path / "data"
    refused = rollbook("up", "--data", str(data), "--analytics-port", str(busy_port), "--register-port", "0")
    assert refused.code == 2
    refused = rollbook("up", "--data", str(data), "--register-port", str(busy_port))
    assert refused.code == 1
    assert f"Port {busy_port}" in refused.err
    assert "--register-port" in refused.err
    assert not (data / "postgres").exists()


def test_a_second_up_on_the_same_data_is_refused(rollbook: Rollbook, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with postgres.held(data):
        refused = rollbook("up", "--data", str(data), "--register-port", str(free_port()))
    assert refused.code == 1
    assert "already running" in refused.err


def test_an_operators_server_that_is_away_is_reported_in_one_line(rollbook: Rollbook, tmp_path: Path) -> None:
    url = f"postgresql://someone:secret@127.0.0.1:{free_port()}/none"
    refused = rollbook("up", "--database-url", url, "--data", str(tmp_path / "data"))
    assert refused.code == 1
    assert refused.err.startswith("rollbook: The database does not let us in")
    assert "secret" not in refused.err
