"""A checkpoint of everything in a database, as the checkpointer makes it."""

from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kit import database as kit_database
from ledger import checkpoints, sealing
from ledger.note import PublicKey, SigningKey
from tests.support.postgres import Database

KEY = SigningKey("rollbook.example/register", Ed25519PrivateKey.generate())
AT = datetime.fromisoformat("2026-09-08T16:00:00+01:00")


async def checkpointed(database: Database, at: datetime = AT) -> PublicKey:
    """Seal every register and sign a checkpoint; give the key to check it with."""
    engine = kit_database.connect(database.register_url, name="tests", pool_size=1)
    try:
        await checkpoints.open_log(engine, KEY.name)
        for school_id, is_new in await sealing.waiting(engine):
            assert await sealing.seal(engine, school_id, is_new=is_new) == "sealed"
        assert await checkpoints.sign(engine, [KEY], at, every=timedelta(0), ended=None)
    finally:
        await engine.dispose()
    return KEY.public
