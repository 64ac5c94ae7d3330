"""The two services as processes of this machine: started, waited for, and stopped."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from onebox.postgres import last_lines, open_log

READY_WITHIN = 60.0
STOPPED_WITHIN = 10.0


class PortInUse(Exception):
    """Another program listens on a port that a service needs."""


class ServiceFailed(Exception):
    """A service ended, or was never ready; the message holds its last words."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service that was started; `url` is where it answers."""

    name: str
    url: str
    log: Path
    process: subprocess.Popen[bytes]


def require_free(name: str, port: int) -> None:
    """Raise PortInUse, with the way out, where something listens on this port of 127.0.0.1 already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise PortInUse(
                f"Port {port}, wanted for the {name} API, is in use. Choose another with --{name}-port PORT."
            ) from error


def start(name: str, app: str, port: int, log: Path, settings: Mapping[str, str]) -> Service:
    """Start the application factory `app` on `port`, told its settings by environment.

    What it says is kept in `log` until the next start.
    """
    log.unlink(missing_ok=True)
    with open_log(log) as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "onebox.serve", app, str(port), str(os.getpid())],
            env={**os.environ, **settings},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # a Ctrl-C in the terminal is ours to act upon, in order
        )
    return Service(name, f"http://127.0.0.1:{port}", log, process)


def await_ready(service: Service) -> None:
    """Wait until the service says that it is ready. Raises ServiceFailed with its last words."""
    patient_until = time.monotonic() + READY_WITHIN
    while time.monotonic() < patient_until:
        require_alive(service)
        if _is_ready(service):
            return
        time.sleep(0.05)
    raise ServiceFailed(f"{service.name} was not ready after {READY_WITHIN:.0f} s:\n{last_lines(service.log)}")


def _is_ready(service: Service) -> bool:
    connection = HTTPConnection(service.url.removeprefix("http://"), timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def require_alive(service: Service) -> None:
    """Raise ServiceFailed, with its last words, where the service has ended."""
    if service.process.poll() is not None:
        raise ServiceFailed(f"{service.name} ended ({service.process.returncode}):\n{last_lines(service.log)}")


def stop(services: list[Service]) -> None:
    """Stop services: they finish the requests they have, all at once, and are killed when they take too long."""
    for service in services:
        service.process.terminate()
    patient_until = time.monotonic() + STOPPED_WITHIN
    for service in services:
        try:
            service.process.wait(max(0.0, patient_until - time.monotonic()))
        except subprocess.TimeoutExpired:
            service.process.kill()
            service.process.wait()
