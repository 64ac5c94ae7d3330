"""A projector in a process of its own, to be killed and put to sleep: told its address of the database and its name."""

import asyncio
import sys
from datetime import UTC, datetime

from analytics_worker import projector
from kit import database


async def main(url: str, name: str) -> None:
    """Follow every school for ever."""
    engine = database.connect(url, name=name, pool_size=2)
    await projector.run(engine, lambda: datetime.now(UTC), 0.005)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
