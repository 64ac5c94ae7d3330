import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from ledger import note
from onebox import postgres
from tests.support.ports import free_port
from tests.support.school import POLICY

RUNNING = "Ctrl-C stops everything"


class Up:
    """A `rollbook up --no-demo` in a process group of its own, as a terminal would start it."""

    def __init__(self, data: Path, ports: tuple[int, int]) -> None:
        self.register, self.analytics = (f"http://127.0.0.1:{port}" for port in ports)
        where = ["--data", str(data), "--register-port", str(ports[0]), "--analytics-port", str(ports[1])]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "onebox.cli", "up", "--no-demo", *where],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def said(self, until: str) -> str:
        """Return what it printed up to the line that holds `until`, or to its end."""
        assert self.process.stdout
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if until in line:
                break
        return "".join(lines)

    def signal(self, number: signal.Signals) -> None:
        """Signal the whole group, as a terminal does."""
        os.killpg(self.process.pid, number)

    def ended(self) -> tuple[int, str]:
        """Wait for the end and return the exit code and what was still printed."""
        rest, _ = self.process.communicate()
        return self.process.returncode, rest


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Give a directory for data under a home that nobody else can read."""
    tmp_path.chmod(0o700)
    return tmp_path / "data"


@pytest.fixture
def up(data: Path) -> Iterator[Callable[[], Up]]:
    """Give what runs `rollbook up` on `data`; nothing is left running when the test ends."""
    ports = free_port(), free_port()
    started: list[Up] = []

    def start() -> Up:
        started.append(Up(data, ports))
        return started[-1]

    yield start
    for one_up in started:
        if one_up.process.poll() is None:
            one_up.signal(signal.SIGTERM)
        with one_up.process:
            pass
    if left := postgres.running(data):
        postgres.stop(left)


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def test_everything_runs_until_a_signal_and_then_nothing_does(up: Callable[[], Up], data: Path) -> None:
    running = up()
    directions = running.said(RUNNING)
    assert f"{running.register}/docs" in directions, directions
    assert answers(running.register)
    assert answers(running.analytics)
    running.signal(signal.SIGINT)
    assert running.ended() == (0, "Stopped.\n")
    assert not answers(running.register)
    assert not answers(running.analytics)
    assert postgres.running(data) is None
    keys, logs = ("signing-key.json", "checkpoint-key.json"), ("register-api.log", "analytics-worker.log")
    for secret in ("server.json", "postgres.log", *keys, *logs):
        assert (data / secret).stat().st_mode & 0o077 == 0, f"{secret} can be read by others"


def test_a_client_added_while_it_runs_gets_a_token_and_still_does_after_a_restart(
    up: Callable[[], Up], data: Path
) -> None:
    running = up()
    running.said(RUNNING)
    command = ["clients", "add", "X", "--scope", "audit:read", "--national", "--data", str(data)]
    added = subprocess.run([sys.executable, "-m", "onebox.cli", *command], check=True, capture_output=True, text=True)
    client = json.loads(added.stdout)

    def token() -> httpx.Response:
        return httpx.post(
            f"{running.register}/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(client["client_id"], client["client_secret"]),
        )

    assert "access_token" in (answer := token().text), answer
    running.signal(signal.SIGTERM)
    assert running.ended() == (0, "Stopped.\n")
    running = up()
    running.said(RUNNING)
    assert "access_token" in (answer := token().text), answer


def test_an_up_that_was_killed_leaves_nothing_in_the_way_of_the_next(up: Callable[[], Up], data: Path) -> None:
    killed = up()
    killed.said(RUNNING)
    killed.signal(signal.SIGKILL)
    killed.ended()
    left = postgres.running(data)
    assert left
    following = up()
    assert RUNNING in (said := following.said(RUNNING)), said
    taken = postgres.running(data)
    assert taken
    assert taken.pid == left.pid
    assert answers(following.register)
    following.signal(signal.SIGHUP)
    assert following.ended() == (0, "Stopped.\n")
    assert not postgres.alive(left)


def test_a_service_that_ends_takes_everything_down_and_says_so(up: Callable[[], Up], data: Path) -> None:
    running = up()
    running.said(RUNNING)
    (service,) = (
        int(pid)
        for pid in Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children").read_text().split()
        if b"analytics_worker.app" in Path(f"/proc/{pid}/cmdline").read_bytes()
    )
    os.kill(service, signal.SIGKILL)
    code, rest = running.ended()
    assert code == 1
    assert "analytics-worker ended (-9)" in rest
    assert not answers(running.register)
    assert postgres.running(data) is None


def test_a_signal_while_it_starts_stops_it_as_cleanly(up: Callable[[], Up], data: Path) -> None:
    starting = up()
    starting.said("PostgreSQL runs")
    starting.signal(signal.SIGINT)
    code, rest = starting.ended()
    assert (code, rest.splitlines()[-1]) == (0, "Stopped.")
    assert postgres.running(data) is None


def test_what_is_written_is_soon_in_a_checkpoint_beside_the_data_and_the_log_goes_on_after_a_restart(
    up: Callable[[], Up], data: Path
) -> None:
    running = up()
    running.said(RUNNING)
    command = ["clients", "add", "X", "--scope", "admin", "roll:write", "audit:read", "--national", "--data", str(data)]
    added = subprocess.run([sys.executable, "-m", "onebox.cli", *command], check=True, capture_output=True, text=True)
    client = json.loads(added.stdout)
    with httpx.Client(base_url=running.register, verify=False) as http:
        form, auth = {"grant_type": "client_credentials"}, (client["client_id"], client["client_secret"])
        bearer = http.post("/oauth/token", data=form, auth=auth).json()["access_token"]
        school = {"name": "Invented", "phase": "primary", "age_range": [4, 11], "policy": POLICY}
        answer = http.put("/v1/schools/900001", json=school, headers={"Authorization": f"Bearer {bearer}"})
        assert answer.status_code == 200, answer.text
        first = data / "checkpoints" / "000000000001.txt"
        patient_until = time.monotonic() + 60
        while not first.exists():
            assert time.monotonic() < patient_until
            time.sleep(0.1)
        (vkey,) = (item["vkey"] for item in http.get("/v1/checkpoints/keys").json()["items"])
    checkpoint = note.read(first.read_text())
    assert checkpoint.origin.startswith("onebox.rollbook.invalid/")
    assert checkpoint.signed_by([note.PublicKey.parse(vkey)])
    running.signal(signal.SIGINT)
    assert running.ended() == (0, "Stopped.\n")
    again = up()
    assert RUNNING in (said := again.said(RUNNING)), said
    assert httpx.get(f"{again.register}/v1/checkpoints/1").text == first.read_text()
