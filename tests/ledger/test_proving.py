"""Proofs of a sealed register lead to its roots, whatever of its tree is kept and whatever is hashed again."""

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from kit import database as kit_database
from ledger import checkpoints, paths, proving, read, sealing, tree
from tests.support.book import NOON, mark, write

ENDS = (1, 5, 37, 64, 70, 200, 333)
"""Where the register is sealed: before, at and beyond the nodes that are kept."""


@pytest.fixture
async def sealed(engine: AsyncEngine, school: int) -> list[bytes]:
    """Give the leaves of a register that was sealed at several positions."""
    await checkpoints.open_log(engine, "rollbook.example/register")
    start = 0
    for end in ENDS:
        entries = [mark(no, session="AM" if no % 2 else "PM") for no in range(start + 1, end + 1)]
        await write(engine, school, *entries, now=NOON + timedelta(minutes=end))
        assert await sealing.seal(engine, school, is_new=start == 0) == "sealed"
        start = end
    async with kit_database.reading(engine, school) as connection:
        return [event.leaf for event in await read.events(connection, school, 0, 1_000)]


def root(leaves: list[bytes]) -> bytes:
    return tree.root(tree.extend(b"", 0, leaves)[0])


async def test_every_event_is_proven_under_every_sealed_root(
    engine: AsyncEngine, school: int, sealed: list[bytes]
) -> None:
    async with kit_database.reading(engine, school) as connection:
        for size in ENDS:
            found = await proving.inclusion(connection, school, range(1, size + 1), size)
            roots = {paths.root_by(tree.leaf_hash(sealed[seq - 1]), seq - 1, size, path) for seq, path in found.items()}
            assert roots == {root(sealed[:size])}
            assert len(found) == size


async def test_every_sealed_root_is_proven_to_continue_the_ones_before(
    engine: AsyncEngine, school: int, sealed: list[bytes]
) -> None:
    async with kit_database.reading(engine, school) as connection:
        for new in ENDS:
            for old in range(1, new + 1):
                path = await proving.consistency(connection, school, old, new)
                assert paths.continues(old, root(sealed[:old]), new, root(sealed[:new]), path)


async def test_an_event_that_is_not_there_cannot_be_proven(
    engine: AsyncEngine, school: int, sealed: list[bytes]
) -> None:
    async with kit_database.reading(engine, school) as connection:
        with pytest.raises(ValueError, match="has no leaf"):
            await proving.inclusion(connection, school, [len(sealed) + 1], len(sealed))


async def test_what_is_not_sealed_cannot_be_proven(engine: AsyncEngine, school: int) -> None:
    await write(engine, school, *(mark(no) for no in range(1, 70)))
    async with kit_database.reading(engine, school) as connection:
        with pytest.raises(LookupError, match="not sealed"):
            await proving.inclusion(connection, school, [1], 69)
