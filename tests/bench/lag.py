"""Reader 3: how long marks wait until the summaries have them, while others write and the analytics worker folds.

Told: url (of the owner), seconds. Whenever the checkpoint of a school has moved, the event that had waited longest
counts: from when it was recorded, a little before its 200, to when its fold is seen, a little after the COMMIT.
"""

import asyncio
import json
import sys
from datetime import UTC, datetime
from time import perf_counter

import asyncpg
import uvloop

from tests.bench.writing import WARM_UP, Stint, told

LOOKS = 0.02
"""Seconds between two looks."""
CHECKPOINTS = "SELECT school_id, seq FROM analysis.checkpoint"
OLDEST = """
SELECT e.recorded_at
FROM unnest($1::int[], $2::bigint[]) AS was (school_id, seq)
JOIN ledger.event e ON e.school_id = was.school_id AND e.seq = was.seq + 1
"""


async def main() -> None:
    """Look, and tell: of the waits the middle one and, in the place of the slowest in a hundred, the slowest of all."""
    wanted = told()
    connection = await asyncpg.connect(wanted["url"])
    stint = Stint(wanted["seconds"], sys.maxsize)
    waits: list[float] = []
    ends = perf_counter() + WARM_UP + wanted["seconds"]
    stood = {row["school_id"]: row["seq"] for row in await connection.fetch(CHECKPOINTS)}
    while perf_counter() < ends:
        await asyncio.sleep(LOOKS)
        stands = {row["school_id"]: row["seq"] for row in await connection.fetch(CHECKPOINTS)}
        seen, now = datetime.now(UTC), perf_counter()
        moved = [school for school, seq in stands.items() if seq > stood[school]]
        oldest = await connection.fetch(OLDEST, moved, [stood[school] for school in moved])
        waits += [(seen - row["recorded_at"]).total_seconds() for row in oldest]
        stint.answered(now, sum(stands[school] - stood[school] for school in moved))
        stood = stands
    await connection.close()
    written = stint.written()
    said = {name: getattr(written, name) for name in written.__slots__}
    waits = sorted(waits) or [0.0]
    json.dump({**said, "p50": 1000 * waits[len(waits) // 2], "p99": 1000 * waits[-1]}, sys.stdout)


if __name__ == "__main__":
    uvloop.run(main())
