"""The machine that was measured, and where its time went."""

import os
import platform
import resource
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import asyncpg

_TICKS = os.sysconf("SC_CLK_TCK")


async def facts(url: str, folder: Path) -> dict[str, Any]:
    """Give what a figure depends on; `folder` lies on the disk that the database is on."""
    connection = await asyncpg.connect(url)
    try:
        names = ("server_version", "fsync", "synchronous_commit", "shared_buffers", "max_wal_size")
        settings = {name: await connection.fetchval("SELECT current_setting($1)", name) for name in names}
    finally:
        await connection.close()
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "python": platform.python_version(),
        "postgresql": settings,
        "fdatasync_us": round(_fdatasync(folder / "fdatasync"), 1),
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


def _fdatasync(path: Path, times: int = 500) -> float:
    """Give the mean of microseconds that the disk takes to keep 8 KiB: a COMMIT waits at least that long."""
    page = bytes(8192)
    with path.open("wb", buffering=0) as file:
        began = perf_counter()
        for _ in range(times):
            file.seek(0)
            file.write(page)
            os.fdatasync(file.fileno())
        lasted = perf_counter() - began
    path.unlink()
    return 1e6 * lasted / times


@dataclass(frozen=True, slots=True)
class Spent:
    """Processor seconds used so far by the services, by PostgreSQL, and by the writers that have ended."""

    service: float
    postgresql: float
    writer: float

    def since(self, before: "Spent") -> dict[str, float]:
        """Give each one's share of all that was used since."""
        used = {name: getattr(self, name) - getattr(before, name) for name in Spent.__slots__}
        return {name: round(seconds / (sum(used.values()) or 1.0), 3) for name, seconds in used.items()}


def spent(services: list[int], postmaster: int) -> Spent:
    """Read what has been used, by process number; what backends that have ended used is their postmaster's."""
    times = _processes()
    backends = [pid for pid, (parent, _, _) in times.items() if parent == postmaster]
    writer = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Spent(
        sum(times[pid][1] for pid in services),
        sum(times[pid][1] for pid in backends) + sum(times[postmaster][1:]),
        writer.ru_utime + writer.ru_stime,
    )


def _processes() -> dict[int, tuple[int, float, float]]:
    """Give every process's parent, own seconds, and those of its children that have ended."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        own, childrens = (int(fields[11]) + int(fields[12])) / _TICKS, (int(fields[13]) + int(fields[14])) / _TICKS
        found[int(path.parent.name)] = (int(fields[1]), own, childrens)
    return found
