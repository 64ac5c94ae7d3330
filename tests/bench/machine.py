"""The machine that was measured, and where its time went."""

import os
import platform
import resource
from dataclasses import dataclass
from pathlib import Path
from statistics import median
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
    """Give the median of microseconds that the disk takes to keep 8 KiB: a COMMIT waits about that long."""
    page, lasted = bytes(8192), []
    with path.open("wb", buffering=0) as file:
        for _ in range(times):
            file.seek(0)
            file.write(page)
            began = perf_counter()
            os.fdatasync(file.fileno())
            lasted.append(perf_counter() - began)
    path.unlink()
    return 1e6 * median(lasted)


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of processor time used so far by the services and by PostgreSQL."""

    service: float
    postgresql: float


def spent(services: list[int], postmaster: int) -> Spent:
    """Read what has been used, by process number; what backends that have ended used is their postmaster's."""
    times = _processes()
    backends = [pid for pid, (parent, _, _) in times.items() if parent == postmaster]
    return Spent(
        sum(times[pid][1] for pid in services),
        sum(times[pid][1] for pid in backends) + sum(times[postmaster][1:]),
    )


def shares(before: Spent, after: Spent, writer: float) -> dict[str, float]:
    """Give the share of each in the processor time used between two readings, and by the writer."""
    used = {
        "service": after.service - before.service,
        "postgresql": after.postgresql - before.postgresql,
        "writer": writer,
    }
    return {name: round(seconds / sum(used.values()), 3) for name, seconds in used.items()}


def elsewhere(before: tuple[float, float, float], after: tuple[float, float, float]) -> float:
    """Give the share of the cores that programs which have no part in this took between two readings of `busy`."""
    lasted, all_of_it, ours = (late - early for early, late in zip(before, after, strict=True))
    return max(0.0, (all_of_it - ours) / lasted)


def busy(services: list[int], postmaster: int) -> tuple[float, float, float]:
    """Read the seconds of the cores that have gone by, that were used by anything, and that were used by us."""
    fields = [int(field) / _TICKS for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    idle = fields[3] + fields[4]
    own = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    used = spent(services, postmaster)
    ours = used.service + used.postgresql + sum(each.ru_utime + each.ru_stime for each in own)
    return sum(fields), sum(fields) - idle, ours


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
