"""The sandboxes that are over: every row of them goes, whatever was written to them, and nothing of any other school.

Any number of processes may look: one has each sandbox. From its last moment on it is out of reach (kit.schools), and no
token for it is good; what is left to do here is to remove it.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from kit import database
from kit.database import TRANSACTION_TIMEOUT_MS

POLL_SECONDS = 60.0
SETTLED = timedelta(milliseconds=2 * TRANSACTION_TIMEOUT_MS)
"""How long after its last moment a sandbox is removed: nobody is still writing to it then."""
LONGEST_MS = 600_000
"""How long the removal of one may take: a day's load test may be in it."""

_log = logging.getLogger("rollbook.sandboxes")
_sql = database.statements(__file__)


async def run(engine: AsyncEngine, now: Callable[[], datetime]) -> None:
    """Look for ever whether a sandbox is over; no failure ends the service."""
    while True:
        try:
            await forget_over(engine, now())
        except Exception as caught:
            _log.error("no sandbox is removed: %s", type(caught).__name__)
        await asyncio.sleep(POLL_SECONDS)


async def forget_over(engine: AsyncEngine, now: datetime) -> int:
    """Remove the sandboxes that are over, each in a transaction of its own; give how many went here.

    One that cannot be removed stays out of reach, is tried again with the next round, and keeps no other.
    """
    moment, gone = now - SETTLED, 0
    async with database.reading(engine) as connection:
        over = [row["school_id"] async for row in _sql.over(connection, moment=moment)]
    for school_id in over:
        try:
            async with database.writing(engine, school_id) as connection:
                await connection.execute(
                    f"SET LOCAL transaction_timeout = {LONGEST_MS}; SET LOCAL statement_timeout = {LONGEST_MS}"
                )
                gone += bool(await _sql.forget(connection, school_id=school_id, moment=moment))
        except Exception as caught:
            _log.error("sandbox %d is not removed: %s", school_id, type(caught).__name__)
    return gone
