"""Signer: checkpoints over many heads, one of which has moved since the last; sealing it is not measured.

Told: url (the register API's), owner_url, heads, seconds.
"""

from datetime import UTC, datetime, timedelta
from time import perf_counter

import asyncpg
import uvloop
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kit import database
from ledger import append, checkpoints, sealing
from ledger.note import SigningKey
from tests.bench.writing import Stint, tell, told
from tests.support.book import mark, write

# Registers without an event, as sealing begins them.
BEGIN = """
WITH new AS (
    INSERT INTO ledger.head (seq, root, frontier, recorded_at)
    SELECT 0, sha256(''), '', $2 FROM generate_series(1, $1::int)
    RETURNING school_id, register_id
), sealed AS (
    INSERT INTO ledger.sealed (school_id, register_id, seq, frontier, leaf)
    SELECT school_id, register_id, 0, '', sha256(decode('00', 'hex') || convert_to(format(
        '{"contents":"%1$s","register":"%2$s","root":"%1$s","seq":0,"v":1}', encode(sha256(''), 'hex'), register_id),
        'UTF8'))
    FROM new
)
INSERT INTO ledger.seal (school_id, seq, checkpoint, root, contents)
SELECT school_id, 0, (SELECT size + 1 FROM ledger.log), sha256(''), sha256('') FROM new
"""
KEY = SigningKey("bench.invalid/register", Ed25519PrivateKey.generate())


async def main() -> None:
    """Sign as long as is wanted, and tell; the last checkpoint must be proven for the register that moved."""
    wanted = told()
    now = datetime.now(UTC)
    engine = database.connect(wanted["url"], name="bench", pool_size=1)
    await checkpoints.open_log(engine, KEY.name)
    async with database.writing(engine, 0) as connection:
        school = await append.open_register(connection, now)
    await sealing.seal(engine, school, is_new=True)
    owner = await asyncpg.connect(wanted["owner_url"])
    more = wanted["heads"] - await owner.fetchval("SELECT count(*) FROM ledger.sealed")
    await owner.execute(BEGIN, max(0, more), now)
    now = await owner.fetchval("SELECT coalesce(max(at), $1) FROM ledger.checkpoint", now)
    await owner.execute("ANALYZE ledger.head, ledger.sealed, ledger.seal")
    await owner.close()
    stint, signed = Stint(wanted["seconds"], wanted.get("most", 10_000)), 0
    while stint.goes_on():
        signed += 1
        await write(engine, school, mark(signed), now=now)
        await sealing.seal(engine, school)
        now += timedelta(minutes=10)
        sent = perf_counter()
        size = await checkpoints.sign(engine, [KEY], now, every=timedelta(minutes=1), ended=None)
        stint.answered(sent, 1)
        assert size is not None
    async with database.reading(engine, school) as connection:
        stood = await checkpoints.standing(connection, school)
    assert stood is not None
    assert (stood.seq, stood.heads.size) == (signed, wanted["heads"] + max(0, -more))
    await engine.dispose()
    tell(stint)


if __name__ == "__main__":
    uvloop.run(main())
