"""Read models made anew: from a school's first event, beside the live ones, compared with them, and put in their place.

What lies beside belongs to the connection and is empty at the end of each transaction. Only rows that are not as they
should be are written: where all are, nothing is, and readers see the old until the new is whole (docs/adr/0011).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from analytics_worker import area_sums, evaluation, moves, projector, spells, weeks, year_totals
from analytics_worker.spells import Spell
from kit import database
from kit.database import Connection
from kit.schools import LONDON

SETTINGS = (
    "SET LOCAL work_mem = '128MB'; SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0; "
    "SET LOCAL enable_nestloop = off"
)
"""One school is sorted and hashed in memory, by one core: the others have schools of their own. All of a school is
asked for, so to search row by row would be the server's wrong guess of how much that is."""
KNOW_SPELLS = "ANALYZE rebuilt_spell"
"""Knowing nothing of a connection's table, the planner would hash the many entries to search them by the spells."""

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
    await connection.execute(await _sql.beside(connection))


async def rebuild(connection: Connection, school_id: int) -> Rebuilt:
    """Fold a school anew in one transaction, compare, and leave what was folded anew.

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
        found = await spells.load(connection, school_id, seq=head)
        differences = [
            await _spells(connection, school_id, found),
            await _entries(connection, school_id, head, is_new),
            await _weeks(connection, school_id, is_new),
            await _totals(connection, school_id),
            await _years(connection, school_id, head, found),
        ]
        await _sql.stand_at(connection, school_id=school_id, seq=head)
        if is_new or failure is not None or any(each.removed or each.added for each in differences):
            await area_sums.owe(connection, school_id, None)
    return Rebuilt(school_id, head, is_new, failure, tuple(each for each in differences if each.removed or each.added))


async def _brought_to(connection: Connection, school_id: int, at: Mapping[str, int], head: int) -> str | None:
    """Fold the live models on to the head as a worker does; give the kind of error where that cannot be done."""
    seq = at["seq"]
    try:
        async with connection.transaction():
            while seq < head:
                most = min(projector.MOST_EVENTS, head - seq)
                await projector.fold_after(connection, school_id, seq, most)
                seq += most
            await weeks.lay(connection, school_id, at["weeks_seq"], head)
            await projector.total_years(connection, school_id, at["totals_seq"], head)
    except Exception as caught:
        if connection.is_closed():
            raise
        return type(caught).__name__
    return None


async def _spells(connection: Connection, school_id: int, found: Sequence[Spell]) -> Difference:
    of = {"school_id": school_id}
    await _sql.fold_spells(connection, **of, **moves.columns(moves.stretches(found)))
    await connection.execute(KNOW_SPELLS)
    return _difference("spell", await _sql.remove_spells(connection, **of), await _sql.add_spells(connection, **of))


async def _entries(connection: Connection, school_id: int, head: int, is_new: bool) -> Difference:
    """Compare by digest, for entries are as many as the events; where they differ, row by row."""
    of = {"school_id": school_id, "seq": head}
    if not is_new and await _sql.entries_are_the_same(connection, **of):
        return Difference("entry", 0, 0)
    return _difference("entry", await _sql.remove_entries(connection, **of), await _sql.add_entries(connection, **of))


async def _weeks(connection: Connection, school_id: int, is_new: bool) -> Difference:
    """Compare by digest with the entries, which by now are those made anew; where they differ, row by row."""
    of = {"school_id": school_id}
    if not is_new and await _sql.weeks_are_the_same(connection, **of):
        return Difference("pupil_week", 0, 0)
    await _sql.lay_weeks(connection, **of)
    return _difference("pupil_week", await _sql.remove_weeks(connection, **of), await _sql.add_weeks(connection, **of))


async def _totals(connection: Connection, school_id: int) -> Difference:
    """Sum the weeks that stand: by now they are those made anew."""
    of = {"school_id": school_id}
    await _sql.sweep_totals(connection, **of)
    await _sql.fold_totals(connection, **of)
    return _difference("day_total", await _sql.remove_totals(connection, **of), await _sql.add_totals(connection, **of))


async def _years(connection: Connection, school_id: int, head: int, found: Sequence[Spell]) -> Difference:
    """Make the sums of every academic year anew in their place, and compare them with what was there.

    They are a few rows, made of the other models alone, and nobody sees them before the end of the transaction.
    """
    of = {"school_id": school_id}
    years = await year_totals.every(connection, school_id)
    await _sql.keep_years(connection, **of)
    await _sql.forget_years(connection, years=sorted(years), **of)
    await year_totals.make(connection, school_id, head, years, found)
    said = await _sql.year_differences(connection, **of)
    return Difference("year_total", said["removed"], said["added"])


def _difference(model: str, removed: str, added: str) -> Difference:
    """Read how many rows two statements were about."""
    return Difference(model, *(int(done.rpartition(" ")[2]) for done in (removed, added)))


async def alerts(connection: Connection, school_id: int, now: datetime) -> Difference:
    """Raise a school's alerts anew, day by day from the first event, compare, and leave them as they should be.

    First they are looked at as a worker looks, to the instant `now`; in a transaction of its own, after `rebuild`.
    """
    async with connection.transaction():
        await database.enter(connection, school_id)
        at = await _sql.take(connection, school_id=school_id)
        names = ("seq", "alerts_seq", "alerts_on", "acts_no", "last_change", "weeks_seq")
        local = now.astimezone(LONDON)
        position = evaluation.Position(*(at[name] for name in names))
        await evaluation.evaluate(connection, school_id, position, local, evaluation.EVERY_DAY)
        removed, added = await evaluation.anew(connection, school_id, position, local)
    return Difference("alert", removed, added)
