"""`rollbook up`: everything on one machine, from the database to the demonstration, until it is told to stop."""

import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from joserfc.jwk import OKPKey
from rich.console import Console

from onebox import database, demonstration, postgres, services
from onebox.place import Place

CHECKPOINT_SECONDS = 60
"""How far apart the checkpoints of one machine are: whoever tries things out does not wait."""

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line asks of `up`."""

    place: Place
    register_port: int
    analytics_port: int
    demo: bool


class DatabaseEnded(Exception):
    """The embedded server ended while the services ran."""


def up(wishes: Wishes, console: Console) -> None:
    """Run everything until a signal says stop; then stop the services, and after them the server.

    Raises DataInUse, PortInUse, ServerFailed, DatabaseFailed, ServiceFailed or DatabaseEnded.
    """
    place = wishes.place
    try:
        with _signals_raise(), postgres.held(place.data):
            services.require_free("register", wishes.register_port)
            services.require_free("analytics", wishes.analytics_port)
            with _server(place, console) as (url, server):
                _prepare(url, console)
                with _services(wishes, url) as (register, analytics):
                    if wishes.demo and demonstration.due(place.data, url):
                        demonstration.play(place.data, url, register, analytics, console)
                    _say(console, demonstration.directions(place.data, register, analytics))
                    _say(console, "\nCtrl-C stops everything; the data stays.")
                    _watch([register, analytics], server)
    except KeyboardInterrupt:
        _say(console, "Stopped.")


@contextmanager
def _signals_raise() -> Iterator[None]:
    """Make every request to stop a KeyboardInterrupt, wherever we are."""
    before = [signal.signal(number, signal.default_int_handler) for number in _STOPPING]
    try:
        yield
    finally:
        for number, handler in zip(_STOPPING, before, strict=True):
            signal.signal(number, handler)


def _heed_no_more() -> None:
    """Stopping has begun: a second Ctrl-C must not leave half of it undone."""
    for number in _STOPPING:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def _server(place: Place, console: Console) -> Iterator[tuple[str, postgres.Server | None]]:
    if place.database_url:
        yield place.database_url, None
        return
    began = time.monotonic()
    server = postgres.start(place.data)
    try:
        _say(console, f"PostgreSQL runs in {place.data} (port {server.port}, {time.monotonic() - began:.1f} s).")
        yield server.url, server
    finally:
        _heed_no_more()
        postgres.stop(server)


def _prepare(url: str, console: Console) -> None:
    began = time.monotonic()
    database.wait_for(database.require_version(url))
    database.migrate(url)
    _say(console, f"The database is at its newest migration ({time.monotonic() - began:.1f} s).")


@contextmanager
def _services(wishes: Wishes, url: str) -> Iterator[tuple[services.Service, services.Service]]:
    data = wishes.place.data
    public_url = f"http://127.0.0.1:{wishes.register_port}"
    plan = (
        ("register-api", "register_api.app:create_app", wishes.register_port, database.REGISTER),
        ("analytics-worker", "analytics_worker.app:create_app", wishes.analytics_port, database.ANALYTICS),
    )
    own = {"register-api": _of_the_register(data, url)}
    started: list[services.Service] = []
    try:
        for name, app, port, role in plan:
            role_url = database.wait_for(database.admit(url, role))
            settings: Mapping[str, str] = {
                "ROLLBOOK_DATABASE_URL": role_url,
                "ROLLBOOK_PUBLIC_URL": public_url,
                **own.get(name, {}),
            }
            started.append(services.start(name, app, port, data / f"{name}.log", settings))
        for service in started:
            services.await_ready(service)
        register, analytics = started
        yield register, analytics
    finally:
        _heed_no_more()
        services.stop(started)


def _of_the_register(data: Path, url: str) -> Mapping[str, str]:
    """The settings of the register API alone: its keys, and the checkpoints laid down beside the data."""
    deposits = data / "checkpoints"
    deposits.mkdir(mode=0o700, exist_ok=True)
    return {
        "ROLLBOOK_SIGNING_KEY": str(_private_key(data / "signing-key.json")),
        "ROLLBOOK_CHECKPOINT_KEY": str(_private_key(data / "checkpoint-key.json")),
        "ROLLBOOK_CHECKPOINT_ORIGIN": database.wait_for(database.log_origin(url)),
        "ROLLBOOK_CHECKPOINT_INTERVAL": str(CHECKPOINT_SECONDS),
        "ROLLBOOK_CHECKPOINT_DEPOSITS": deposits.as_uri(),
    }


def _private_key(path: Path) -> Path:
    """The file of a private key to sign with, made on first use."""
    if not path.exists():
        postgres.write_private(path, OKPKey.generate_key("Ed25519", auto_kid=True).as_dict(private=True))
    return path


def _watch(running: list[services.Service], server: postgres.Server | None) -> None:
    """Wait for a signal, and speak up when something ends that should not."""
    while True:
        for service in running:
            services.require_alive(service)
        if server and not postgres.alive(server):
            log = server.cluster.parent / "postgres.log"
            raise DatabaseEnded(f"PostgreSQL ended:\n{postgres.last_lines(log)}")
        time.sleep(1)


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
