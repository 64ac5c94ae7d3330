"""Checkpoints when a test wants one: every register sealed, and one signature over all of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from kit import database as kit_database
from ledger import checkpoints, sealing
from tests.support.postgres import Database
from tests.support.sealing import KEY, ORIGIN


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint and the public key, as files that an auditor has."""

    size: int
    checkpoint: Path
    key: Path


async def checkpoint(database: Database, now: datetime, folder: Path) -> Signed:
    """Seal every register that can be sealed, sign a checkpoint, and deposit it with the public key in a folder."""
    engine = kit_database.connect(database.register_url, name="checkpointer", pool_size=2)
    try:
        await checkpoints.open_log(engine, ORIGIN)
        for school_id, is_new in await sealing.waiting(engine):
            await sealing.seal(engine, school_id, is_new=is_new)
        size = await checkpoints.sign(engine, [KEY], now, every=timedelta(days=-1), ended=None)
        async with kit_database.reading(engine) as connection:
            last = await connection.fetchrow("SELECT size, note FROM ledger.checkpoint ORDER BY size DESC LIMIT 1")
    finally:
        await engine.dispose()
    assert last is not None and size in (None, last["size"])
    signed = Signed(last["size"], folder / f"{last['size']:012d}.txt", folder / "key.txt")
    signed.checkpoint.write_text(last["note"], "utf-8")
    signed.key.write_text(f"{KEY.public}\n")
    return signed
