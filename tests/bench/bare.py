"""Writer 2: the same entries by a bare `unnest` insert on one connection, one register a commit, and nothing else.

The table is like ledger.event in columns, checks, primary key, index and partitions; it has no row-level security and
no trigger, and nobody decides, hashes or moves a head. Told: url, schools (how many), start, most, seconds.
"""

from datetime import UTC, datetime, time
from time import perf_counter
from typing import Any

import asyncpg
import uvloop

from tests.bench.world import CLASS_OF, ClassRegister, registers
from tests.bench.writing import Stint, tell, told

CREATE = """
CREATE SCHEMA bench;
CREATE TABLE bench.event (LIKE ledger.event INCLUDING ALL) PARTITION BY RANGE (session_date);
DO $$
DECLARE
    p record;
BEGIN
    FOR p IN SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) AS bounds
             FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
             WHERE i.inhparent = 'ledger.event'::regclass LOOP
        EXECUTE format('CREATE TABLE bench.%I PARTITION OF bench.event %s', p.relname, p.bounds);
    END LOOP;
END
$$;
"""
INSERT = """
INSERT INTO bench.event (school_id, client_no, seq, recorded_at, made_at, session_date, pupil_no, staff_no, version,
                         session, original_code, code, source, arrived_at)
SELECT $1::int, $2::int, *
FROM unnest($3::bigint[], $4::timestamptz[], $5::timestamptz[], $6::date[], $7::int[], $8::int[], $9::smallint[],
            $10::text[], $11::text[], $12::text[], $13::text[], $14::time[])
"""


def columns(register: ClassRegister, number: int, schools: int) -> tuple[Any, ...]:
    """Give the parameters that insert register `number` of all."""
    # A school's turn comes once in so many registers, so this is where its stream would stand.
    seq = number // schools * CLASS_OF
    made_at = datetime.combine(register.on, time(9, 2, 10), UTC)
    codes = register.codes()
    return (
        *(register.school + 1, 1),
        [seq + at for at in range(1, CLASS_OF + 1)],
        [datetime.now(UTC)] * CLASS_OF,
        [made_at] * CLASS_OF,
        [register.on] * CLASS_OF,
        list(register.pupils),
        [register.klass + 1] * CLASS_OF,
        [1] * CLASS_OF,
        [register.session] * CLASS_OF,
        [None] * CLASS_OF,
        codes,
        ["live"] * CLASS_OF,
        [time(8, 58) if code == "L" else None for code in codes],
    )


async def main() -> None:
    """Write what is wanted, and tell."""
    wanted = told()
    schools, start = wanted["schools"], wanted["start"]
    coming = enumerate(registers(schools, start), start)
    built = [
        columns(register, number, schools) for (number, register), _ in zip(coming, range(wanted["most"]), strict=False)
    ]
    connection = await asyncpg.connect(wanted["url"], server_settings={"jit": "off"})
    insert = await connection.prepare(INSERT)
    queue = iter(built)
    stint = Stint(wanted["seconds"], len(built))
    while stint.goes_on():
        parameters = next(queue)
        sent = perf_counter()
        await insert.fetch(*parameters)
        stint.answered(sent, CLASS_OF)
    await connection.close()
    tell(stint)


if __name__ == "__main__":
    uvloop.run(main())
