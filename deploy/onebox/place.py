"""Where a register is: a data directory with its own server, or somebody else's server by its address."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from onebox import postgres

PATIENCE = 60.0
"""Seconds to wait for a `rollbook up` that is just starting on the same data."""


@dataclass(frozen=True, slots=True)
class Place:
    """`data` keeps keys, reports and, where `database_url` is None, the embedded server."""

    data: Path
    database_url: str | None


def chosen(data: str | None, database_url: str | None) -> Place:
    """Give the place that options and environment name; an option beats the environment, and `.data` is the default."""
    if database_url is None and data is None:
        database_url = os.environ.get("ROLLBOOK_DATABASE_URL") or None
    return Place(Path(data or os.environ.get("ROLLBOOK_DATA") or ".data").absolute(), database_url)


@contextmanager
def owner_url(place: Place) -> Iterator[str]:
    """Give the owner's address of the database for the length of the block.

    The embedded server is started for the block where no `rollbook up` runs it. Raises ServerFailed where there
    is no register yet, and DataInUse where another process holds the data and does not get its server ready.
    """
    if place.database_url:
        yield place.database_url
        return
    if not (place.data / "postgres").exists():
        raise postgres.ServerFailed(f"There is no register in {place.data}. `rollbook up` makes one.")
    with ExitStack() as stack:
        yield _reach(place.data, stack).url


def _reach(data: Path, stack: ExitStack) -> postgres.Server:
    patient_until = time.monotonic() + PATIENCE
    while True:
        if server := postgres.running(data):
            return server
        try:
            stack.enter_context(postgres.held(data))
        except postgres.DataInUse:
            if time.monotonic() > patient_until:
                raise
            time.sleep(0.2)
            continue
        server = postgres.start(data)
        stack.callback(postgres.stop, server)
        return server
