"""Read models made anew: from a school's first event, beside the live ones, compared with them, and put in their place.

The side tables belong to the connection and are empty at the end of each transaction. Only rows that are not as they
should be are written: where all are, nothing is, and readers see the old until the new is whole (docs/adr/0011).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from analytics_worker import moves, projector, spells, year_totals
from kit import database
from kit.database import Connection

SETTINGS = "SET LOCAL work_mem = '128MB'; SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0"
"""One school is sorted and hashed in memory, by one core: the others have schools of their own."""

_sql = database.statements(__file__)


@dataclass(frozen=True, slots=True)
class Difference:
    """Rows of a read model that should not have stood, and rows that should and did not; a wrong one is both."""

    model: str
    removed: int
    added: int


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came of a school: up to which position, whether anything stood before, and what was not as it should be.

    `failure` is the kind of error where the live models could not be brought to that position.
    """

    school_id: int
    seq: int
    is_new: bool
    failure: str | None
    differences: tuple[Difference, ...]

    @property
    def same(self) -> bool:
        """Whether the live models were the fold of the events."""
        return self.is_new or (self.failure is None and not self.differences)


async def prepare(connection: Connection) -> None:
    """Give a connection its side tables; once for all the schools that it will rebuild."""
    await connection.execute(await _sql.side_tables(connection))


async def rebuild(connection: Connection, school_id: int) -> Rebuilt:
    """Fold a school anew in one transaction, compare, and leave what was folded anew; its alerts are looked at again.

    Waits for a worker that has the school, and keeps it from others meanwhile; writers go on.
    """
    async with connection.transaction():
        await database.enter(connection, school_id)
        await connection.execute(SETTINGS)
        await projector.begin(connection, school_id)
        standing = await _sql.take(connection, school_id=school_id)
        head = await _sql.head(connection, school_id=school_id)
        is_new = standing["seq"] == 0
        failure = None if is_new else await _brought_to(connection, school_id, standing, head)
        await _fold(connection, school_id, head)
        differences = [*await _put_in_place(connection, school_id), *await _years(connection, school_id, head)]
        await _sql.stand_at(connection, school_id=school_id, seq=head)
    return Rebuilt(school_id, head, is_new, failure, tuple(differences))


async def _brought_to(connection: Connection, school_id: int, at: Mapping[str, int], head: int) -> str | None:
    """Fold the live models on to the head as a worker does; give the kind of error where that cannot be done."""
    seq = at["seq"]
    try:
        async with connection.transaction():
            while seq < head:
                most = min(projector.MOST_EVENTS, head - seq)
                await projector.fold_after(connection, school_id, seq, most)
                seq += most
            await projector.total_years(connection, school_id, at["totals_seq"], head)
    except Exception as caught:
        if connection.is_closed():
            raise
        return type(caught).__name__
    return None


async def _fold(connection: Connection, school_id: int, head: int) -> None:
    found = moves.stretches(await spells.load(connection, school_id, seq=head))
    await _sql.fold_spells(connection, school_id=school_id, **moves.columns(found))
    await _sql.fold_entries(connection, school_id=school_id, seq=head)
    await _sql.fold_totals(connection, school_id=school_id)


async def _years(connection: Connection, school_id: int, head: int) -> list[Difference]:
    """Make the sums of every academic year anew in their place, and compare them with what was there.

    They are a few rows, made of the other models alone, and nobody sees them before the end of the transaction.
    """
    of = {"school_id": school_id}
    await _sql.keep_years(connection, **of)
    await _sql.forget_years(connection, **of)
    await year_totals.make(connection, school_id, head, await year_totals.every(connection, school_id))
    said = await _sql.year_differences(connection, **of)
    return [Difference("year_total", said["removed"], said["added"])] if said["removed"] or said["added"] else []


async def _put_in_place(connection: Connection, school_id: int) -> list[Difference]:
    """Compare by digest; of a model that differs, remove the rows that should not stand and add those that should."""
    of = {"school_id": school_id}
    await _sql.sweep_totals(connection, **of)
    found = []
    for model, digests, remove, add in (
        ("spell", _sql.spell_digests, _sql.remove_spells, _sql.add_spells),
        ("entry", _sql.entry_digests, _sql.remove_entries, _sql.add_entries),
        ("day_total", _sql.total_digests, _sql.remove_totals, _sql.add_totals),
    ):
        said = await digests(connection, **of)
        if said["live"] != said["anew"]:
            removed, added = await remove(connection, **of), await add(connection, **of)
            found.append(Difference(model, *(int(done.rpartition(" ")[2]) for done in (removed, added))))
    return found
