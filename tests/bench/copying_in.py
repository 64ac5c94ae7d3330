"""Writer 9: the same rows by one bare COPY into a table like the book's. Told: url, school, classes, lines, seconds."""

import io
from time import perf_counter

import asyncpg
import uvloop

from tests.bench import past
from tests.bench.writing import Stint, tell, told


async def main() -> None:
    """Copy the whole year once, and tell."""
    wanted = told()
    rows = past.rows(wanted["school"], wanted["classes"], wanted["lines"])
    connection = await asyncpg.connect(wanted["url"], server_settings={"jit": "off", "timezone": "UTC"})
    stint = Stint(wanted["seconds"], 1, warm_up=0.0)
    sent = perf_counter()
    said = await connection.copy_to_table("event", schema_name="bench", source=io.BytesIO(rows), columns=past.COLUMNS)
    stint.answered(sent, int(said.removeprefix("COPY ")))
    await connection.close()
    tell(stint)


if __name__ == "__main__":
    uvloop.run(main())
