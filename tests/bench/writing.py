"""How every writer of the bench counts: a process of its own, told by JSON what to write, for how long, from where."""

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[2]
WARM_UP = 0.5
"""Seconds that a writer runs before it is measured: connections, statements and caches are then as in service."""

MOST_SECONDS = 300.0
"""A writer that takes longer hangs; ten million events are built into read models within it."""


@dataclass(frozen=True, slots=True)
class Written:
    """What one writer did. `registers` and `events` count everything; the rest is of the time after the warm-up."""

    registers: int
    events: int
    rate: float
    """Events a second."""
    p50: float
    p99: float
    """Milliseconds from the sending of a register to its answer."""
    processor: float
    """Seconds of processor time that the writer itself took."""


class Stint:
    """The time that a writer may take, and when each of its registers was sent and answered."""

    def __init__(self, seconds: float, most: int, warm_up: float = WARM_UP) -> None:
        self._processor = process_time()
        self._begins = perf_counter() + warm_up
        self._ends = self._begins + seconds
        self._left = most
        self._answered: list[tuple[float, float, int]] = []

    def goes_on(self) -> bool:
        """Say whether another register may be sent, and count it."""
        self._left -= 1
        return self._left >= 0 and perf_counter() < self._ends

    def answered(self, sent: float, events: int, at: float | None = None) -> None:
        """Note that a register that was sent at `sent` has been answered, its events committed, now or at `at`."""
        self._answered.append((at or perf_counter(), sent, events))

    def written(self) -> Written:
        """Give the figures. A stint too short to be measured has a rate of 0."""
        after = self._begins
        measured = [(at, sent, events) for at, sent, events in self._answered if at >= after]
        times = sorted(1000 * (at - sent) for at, sent, _ in measured) or [0.0]
        lasted = max((at for at, _, _ in measured), default=after) - after
        return Written(
            registers=len(self._answered),
            events=sum(events for _, _, events in self._answered),
            rate=sum(events for _, _, events in measured) / lasted if lasted else 0.0,
            p50=times[len(times) // 2],
            p99=times[len(times) * 99 // 100],
            processor=process_time() - self._processor,
        )


def told() -> dict[str, Any]:
    """Read what the bench wants of this process."""
    wanted: dict[str, Any] = json.load(sys.stdin)
    return wanted


def tell(stint: Stint) -> None:
    """Answer the bench."""
    written = stint.written()
    json.dump({name: getattr(written, name) for name in Written.__slots__}, sys.stdout)


async def run(module: str, **wanted: Any) -> Written:
    """Run one writer, `tests.bench.<module>`, to its end; raise AssertionError with what it said when it failed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"tests.bench.{module}"),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, errors = await asyncio.wait_for(process.communicate(json.dumps(wanted).encode()), MOST_SECONDS)
    except TimeoutError:
        process.kill()
        raise
    assert process.returncode == 0, f"{module} failed:\n{errors.decode()[-2000:]}"
    return Written(**json.loads(output))


def parts(url: str) -> dict[str, Any]:
    """Give a database's address in parts, as those want it who take no address."""
    split = urlsplit(url)
    return {
        "host": split.hostname,
        "port": split.port,
        "user": split.username,
        "password": split.password,
        "dbname": split.path.removeprefix("/"),
    }
