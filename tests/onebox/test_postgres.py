import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from onebox import database, postgres
from tests.support.postgres import SMALL, server

Start = Callable[[], postgres.Server]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Give a directory for data that is not there yet."""
    return tmp_path / "data"


@pytest.fixture
def start(data: Path) -> Iterator[Start]:
    """Give what starts or takes over the server of `data`; none is left running when the test ends."""
    started = []

    def start_small() -> postgres.Server:
        started.append(postgres.start(data, SMALL))
        return started[-1]

    yield start_small
    for server_ in started:
        postgres.stop(server_)


def ask(url: str, question: str) -> object:
    async def answer() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()

    return asyncio.run(answer())


def test_what_was_committed_is_there_after_a_stop_and_a_start(data: Path, start: Start) -> None:
    first = start()
    ask(first.url, "CREATE TABLE kept AS SELECT 7 AS n")
    postgres.stop(first)
    assert postgres.running(data) is None
    second = start()
    assert ask(second.url, "SELECT n FROM kept") == 7
    assert second.password == first.password


def test_a_server_whose_postmaster_was_killed_recovers_at_the_next_start(data: Path, start: Start) -> None:
    first = start()
    ask(first.url, "CREATE TABLE kept AS SELECT 7 AS n")
    os.kill(first.pid, signal.SIGKILL)
    second = start()
    assert first.process is not None
    assert first.process.wait() == -signal.SIGKILL
    assert ask(second.url, "SELECT n FROM kept") == 7


def test_a_server_left_running_is_taken_over_and_can_be_stopped(data: Path, start: Start) -> None:
    left = start()
    taken = start()
    assert (taken.pid, taken.port, taken.process) == (left.pid, left.port, None)
    assert ask(taken.url, "SELECT 7") == 7
    postgres.stop(taken)
    assert not postgres.alive(left)
    assert left.process is not None
    assert left.process.wait() == 0


def test_a_pid_file_whose_number_another_program_has_by_now_is_stale(data: Path, start: Start) -> None:
    first = start()
    postgres.stop(first)
    (data / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n0\n1\n\n\n\nready\n")
    assert postgres.running(data) is None
    assert ask(start().url, "SELECT 7") == 7


def test_a_cluster_half_made_is_made_anew(data: Path, start: Start) -> None:
    (data / "postgres.new" / "base").mkdir(parents=True)
    assert ask(start().url, "SELECT current_database()") == "rollbook"


def test_a_port_taken_meanwhile_is_changed_for_another(data: Path, start: Start) -> None:
    first = start()
    postgres.stop(first)
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", first.port))
        taken.listen()
        second = start()
        assert second.port != first.port
        assert ask(second.url, "SELECT 7") == 7


def test_settings_that_make_no_sense_are_reported_with_the_servers_own_words(data: Path) -> None:
    with pytest.raises(postgres.ServerFailed, match="shared_buffers"):
        postgres.start(data, {"shared_buffers": "plenty"})


def test_nobody_else_can_read_what_belongs_to_the_server(data: Path, start: Start) -> None:
    start()
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert stat.S_IMODE((data / "server.json").stat().st_mode) == 0o600
    assert set(json.loads((data / "server.json").read_text())) == {"password", "port"}
    assert not (data / "password").exists()


async def test_the_server_is_durable_local_and_asks_for_a_password(tmp_path: Path) -> None:
    with server(tmp_path / "data") as running:
        connection = await asyncpg.connect(running.url)
        settings = {
            name: await connection.fetchval("SELECT current_setting($1)", name)
            for name in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums", "listen_addresses")
        }
        settings["sockets"] = await connection.fetchval("SHOW unix_socket_directories")
        locale = await connection.fetchval("SELECT datlocale FROM pg_database WHERE datname = current_database()")
        await connection.close()
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(database.address(running.url, postgres.OWNER, "guess"))
    assert settings == {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "data_checksums": "on",
        "listen_addresses": "127.0.0.1",
        "sockets": "",
    }
    assert locale == "C.UTF-8"


def test_the_servers_processes_are_out_of_reach_of_the_terminal(data: Path, start: Start) -> None:
    assert os.getsid(start().pid) != os.getsid(0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another way to be nobody")
def test_root_without_namespaces_runs_the_server_under_a_second_uid(
    data: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = start()
    ask(first.url, "CREATE TABLE kept AS SELECT 7 AS n")
    postgres.stop(first)
    monkeypatch.setattr(postgres, "_works", lambda command: False)
    second = start()
    assert ask(second.url, "SELECT n FROM kept") == 7
    assert Path(f"/proc/{second.pid}").stat().st_uid == (data / "postgres").stat().st_uid != 0
    postgres.stop(second)
    monkeypatch.undo()
    third = start()  # namespaces are allowed again, but the cluster is another's now
    assert ask(third.url, "SELECT n FROM kept") == 7


def test_the_data_directory_is_held_by_one_process_at_a_time(data: Path) -> None:
    with postgres.held(data), pytest.raises(postgres.DataInUse, match=str(os.getpid())), postgres.held(data):
        pass
    with postgres.held(data):
        pass


def test_the_recipe_for_an_operators_server_lets_both_roles_log_in(data: Path, start: Start) -> None:
    running = start()
    database.migrate(running.url)
    psql = Path(postgres.binary("psql"))
    recipe = Path(__file__).parents[2] / "deploy" / "roles.sql"
    secrets = {"REGISTER_PASSWORD": "it's", "ANALYTICS_PASSWORD": "b"}
    for _ in range(2):  # a deployment runs it every time
        subprocess.run([psql, "-X", "-f", recipe, running.url], env=secrets, check=True, capture_output=True)
    for role, password in ((database.REGISTER, "it's"), (database.ANALYTICS, "b")):
        assert ask(database.address(running.url, role, password), "SELECT current_user") == role
