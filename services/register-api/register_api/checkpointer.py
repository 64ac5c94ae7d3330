"""The checkpointer: at every interval, and at the end of the day, seal what has moved, sign, and lay it down outside.

Any number of processes may run it: each seals what no other has, and one signs. It is a guest in a service that answers
requests: nothing it does holds the others up for more than some milliseconds, and no failure of it ends the service.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from sqlalchemy.ext.asyncio import AsyncEngine

from kit import database
from kit.database import TRANSACTION_TIMEOUT_MS
from kit.fields import written
from kit.schools import LONDON
from kit.settings import IssuerSettings
from ledger import checkpoints, deposits, sealing
from ledger.deposits import Place
from ledger.note import SigningKey

POLL_SECONDS = 5.0
"""How long the checkpointer rests at the most before it looks whether anything is due."""
PATIENCE, PAUSE = 10, 0.3
"""How often registers that another process has are asked for again, and seconds in between, before signing without."""

_log = logging.getLogger("rollbook.checkpoints")


class NotConfigured(ValueError):
    """The settings of the checkpoints do not fit together."""


@dataclass(slots=True)
class Checkpointer:
    """What the checkpointer works with; `failed` counts the rounds that failed since the last that did not."""

    engine: AsyncEngine
    now: Callable[[], datetime]
    keys: Sequence[SigningKey]
    every: timedelta
    places: Sequence[Place] = ()
    failed: int = 0


async def configured(engine: AsyncEngine, now: Callable[[], datetime], settings: IssuerSettings) -> Checkpointer | None:
    """Give the checkpointer that the settings want, its log opened; None without a key.

    Raises NotConfigured, NotAPlace, AnotherLog or OSError where it cannot be what they say.
    """
    if not settings.checkpoint_key:
        return None
    if not settings.checkpoint_origin:
        raise NotConfigured("ROLLBOOK_CHECKPOINT_KEY needs ROLLBOOK_CHECKPOINT_ORIGIN, the name of the log")
    keys = [_key(Path(path), settings.checkpoint_origin) for path in settings.checkpoint_key.split(":")]
    places = [Place.parse(address) for address in settings.checkpoint_deposits.split()]
    await checkpoints.open_log(engine, settings.checkpoint_origin)
    return Checkpointer(engine, now, keys, timedelta(seconds=settings.checkpoint_interval), places)


def _key(path: Path, origin: str) -> SigningKey:
    try:
        private = OKPKey.import_key(json.loads(path.read_text())).private_key
    except (ValueError, KeyError, JoseError):
        private = None
    if not isinstance(private, Ed25519PrivateKey):
        raise NotConfigured("a file of ROLLBOOK_CHECKPOINT_KEY holds no private Ed25519 JWK")
    return SigningKey(origin, private)


async def run(checkpointer: Checkpointer) -> None:
    """Look for ever whether anything is due; a round that fails is counted, and tried again."""
    rest = min(POLL_SECONDS, checkpointer.every.total_seconds())
    while True:
        try:
            await round_of(checkpointer)
            checkpointer.failed = 0
        except Exception as caught:
            checkpointer.failed += 1
            _log.error("no checkpoint: %s", type(caught).__name__)
        await asyncio.sleep(rest)


async def round_of(checkpointer: Checkpointer) -> int | None:
    """Seal and sign if a checkpoint is due, and lay down what has not been; give the number of the new checkpoint."""
    ended = _ended(checkpointer.now())
    async with database.reading(checkpointer.engine) as connection:
        last = await checkpoints.last(connection)
    signed = None
    if last is None or last.is_due(checkpointer.now(), checkpointer.every, ended):
        whole = await _seal(checkpointer.engine)
        signed = await checkpoints.sign(
            checkpointer.engine,
            checkpointer.keys,
            checkpointer.now(),
            every=checkpointer.every,
            ended=ended if whole else None,
        )
    await deposits.deliver(checkpointer.engine, checkpointer.places, checkpointer.now)
    return signed


def _ended(now: datetime) -> date:
    """Give the last London day that is over, with nobody still writing what was recorded in it."""
    settled = now - timedelta(milliseconds=TRANSACTION_TIMEOUT_MS)
    return settled.astimezone(LONDON).date() - timedelta(days=1)


async def _seal(engine: AsyncEngine) -> bool:
    """Seal every register that waits; False when another process was still at one of them in the end."""
    waiting = await sealing.waiting(engine)
    for _ in range(PATIENCE):
        busy = []
        for school_id, is_new in waiting:
            if await sealing.seal(engine, school_id, is_new=is_new) == "busy":
                busy.append((school_id, False))
        if not busy:
            return True
        waiting = busy
        await asyncio.sleep(PAUSE)
    return False


async def faring(checkpointer: Checkpointer) -> dict[str, Any]:
    """Say how the checkpoints fare: the last, rounds that failed, registers that cannot be sealed, places that lag."""
    async with database.reading(checkpointer.engine) as connection:
        last = await checkpoints.last(connection)
        failing = await sealing.failing(connection)
        lags = await deposits.lagging(connection, checkpointer.places)
    return {
        "checkpoint": None if last is None else {"size": last.size, "at": written(last.at)},
        "checkpoints_failed": checkpointer.failed,
        "registers_not_sealed": failing,
        "deposits_behind": [{"place": lag.place, "behind": lag.behind, "failing": lag.failing} for lag in lags],
    }
