"""Writer 10: every pupil of some schools judged from nothing, as a worker's first look does it.

Told: url (of the owner), most (how many schools are judged), part and of (which of them: every `of`th from `part`
on).
"""

from datetime import UTC, datetime
from time import perf_counter

import uvloop

from analytics_worker.evaluation import Position, evaluate
from kit import database as kit_database
from kit.schools import LONDON
from onebox import database
from tests.bench.writing import Stint, tell, told


async def main() -> None:
    """Judge, and tell."""
    wanted = told()
    stint = Stint(0.0, 1, warm_up=0.0)
    now = datetime.now(UTC).astimezone(LONDON)
    connection = await database.connect(wanted["url"])
    schools = await connection.fetch("SELECT school_id, seq, weeks_seq FROM analysis.checkpoint ORDER BY school_id")
    pupils, sent = 0, perf_counter()
    for row in schools[wanted["part"] : wanted["most"] : wanted["of"]]:
        async with connection.transaction():
            await kit_database.enter(connection, row["school_id"])
            await connection.execute("DELETE FROM analysis.alert WHERE school_id = $1", row["school_id"])
            await connection.execute("DELETE FROM analysis.awaited WHERE school_id = $1", row["school_id"])
            at = Position(row["seq"], 0, None, 0, 0, row["weeks_seq"])
            await evaluate(connection, row["school_id"], at, now)
            pupils += await connection.fetchval(
                "SELECT count(DISTINCT pupil_no) FROM register.pupil WHERE school_id = $1", row["school_id"]
            )
    stint.answered(sent, pupils, perf_counter())
    await connection.close()
    tell(stint)


if __name__ == "__main__":
    uvloop.run(main())
