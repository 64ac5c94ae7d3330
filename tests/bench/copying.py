"""Reader 6: the same query by COPY TO STDOUT on one connection, one statement a school, and nothing else.

Told: url (the owner's: no row-level security), statements, seconds.
"""

from time import perf_counter

import asyncpg
import uvloop

from tests.bench.writing import Stint, tell, told

SETTINGS = {"jit": "off", "timezone": "UTC", "enable_nestloop": "off"}
"""As the service has it while it copies."""


async def copied(connection: "asyncpg.Connection[asyncpg.Record]", statements: list[str]) -> bytes:
    """Give what the statements copy out."""
    parts: list[bytes] = []

    async def keep(part: bytes) -> None:
        parts.append(part)

    for statement in statements:
        await connection.copy_from_query(statement, output=keep, format="csv")
    return b"".join(parts)


async def main() -> None:
    """Copy as long as is wanted, and tell."""
    wanted = told()
    connection = await asyncpg.connect(wanted["url"], server_settings=SETTINGS)
    stint = Stint(wanted["seconds"], 10_000)
    while stint.goes_on():
        sent = perf_counter()
        body = await copied(connection, wanted["statements"])
        stint.answered(sent, body.count(b"\n"))
    await connection.close()
    tell(stint)


if __name__ == "__main__":
    uvloop.run(main())
