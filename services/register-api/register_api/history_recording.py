"""History recorded batch by batch, each one transaction: lock, read what stands, decide each line, append."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncEngine

from codes.calendar import academic_year
from codes.history import Version
from kit import database
from kit.problems import Problem
from ledger import append, read
from ledger.append import NewMark
from ledger.writers import writers
from register_api import facts
from register_api.history_deciding import Batch, Outcome, Settings, Tell
from register_api.history_files import MOST_ITEMS, Item, Reader
from register_api.history_lines import Line

MOST_IN_A_BATCH = 5_000
_MOST_SETTINGS = 4_096
_sql = database.statements(__file__)


@dataclass(slots=True)
class Tally:
    """What became of all lines so far, counted; `years` has the first entries by academic year, `first` to `last`."""

    entered: int = 0
    amended: int = 0
    unchanged: int = 0
    refused: int = 0
    flagged: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    years: Counter[str] = field(default_factory=Counter)
    first: date | None = None
    last: date | None = None

    def add(self, marks: Sequence[NewMark], told: Sequence[Outcome], flagged: Counter[tuple[str, ...]]) -> None:
        """Count one batch: what it wrote, what became of its other lines, and the flags of what it wrote."""
        amended = len([mark for mark in marks if mark.version > 1])
        self.amended += amended
        self.entered += len(marks) - amended
        outcomes = Counter(outcome.outcome for outcome in told)
        self.unchanged += outcomes["unchanged"]
        self.refused += outcomes["refused"]
        self.flagged["unknown-column"] += outcomes["left-out"]
        self.refusals.update(
            outcome.refused.slug for outcome in told if outcome.refused is not None and outcome.outcome == "refused"
        )
        for flags, times_ in flagged.items():
            for flag in flags:
                self.flagged[flag] += times_
        dates = Counter([mark.date for mark in marks if mark.version == 1])
        for on, count in dates.items():
            self.years[academic_year(on)] += count
            self.first = on if self.first is None else min(self.first, on)
            self.last = on if self.last is None else max(self.last, on)


class Portion(NamedTuple):
    """One batch that is committed: what is to be told of it, and where in the file reading may be resumed after it."""

    outcomes: list[Outcome]
    line: int
    offset: int
    skipped: int


class Book:
    """The register of one school as history comes into it.

    `tally` counts, `seq` is where the stream stands. A dry run writes nothing, and carries in memory what it would have
    written, for the lines that come later.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        school_id: int,
        client_id: str,
        memory: facts.Memory,
        now: Callable[[], datetime],
        *,
        tell: Tell,
        dry_run: bool = False,
    ) -> None:
        self.seq = 0
        self.tally = Tally()
        self._engine = engine
        self._school_id = school_id
        self._client_id = client_id
        self._memory = memory
        self._now = now
        self._tell = tell
        self._dry_run = dry_run
        self._carried: dict[read.Key, list[Version]] = {}
        self._carried_seqs: dict[int, int] = {}
        self._settings: Settings = {}
        self._settings_of: tuple[int, date] | None = None

    async def record(self, items: Sequence[Item]) -> list[Outcome]:
        """Record one batch in one transaction, and give what is to be told of it once it is committed."""
        lines = [item for item in items if isinstance(item, Line)]
        async with database.writing(self._engine, self._school_id, dry_run=self._dry_run) as connection:
            head = await append.lock(connection, self._school_id)
            now = self._now()
            upns = await self._ids_by_upn(connection, {line.pupil for line in lines if line.by_upn})
            remembered = self._memory.of(head)
            ids = {upns.get(line.pupil, "") if line.by_upn else line.pupil for line in lines}
            school, pupils = await facts.remember(connection, self._school_id, remembered, ids)
            start = head.seq + len(self._carried_seqs)
            settings = self._settings_at(head.changed_seq, now.date())
            batch = Batch(school, remembered.retired, pupils, upns, settings, now, start, self._carried_seqs)
            # In most sessions nobody has an entry yet, and then nobody need be asked for.
            sessions = {(line.told.date, line.told.session) for line in lines}
            begun = await read.begun(connection, self._school_id, sessions)
            among = [line for line in lines if (line.told.date, line.told.session) in begun] if begun else []
            standing = await read.chains_among(connection, self._school_id, batch.keys(among))
            batch.chains = {key: list(chain.versions) for key, chain in standing.items()}
            for key, carried in self._carried.items():
                batch.chains[key] = [*batch.chains.get(key, ()), *carried]
            told = batch.decide(items, self._tell)
            marks = batch.marks
            if marks and not self._dry_run:
                persons, dates = {mark.made_by for mark in marks}, {mark.date for mark in marks}
                who = await writers(connection, head.school_id, self._client_id, persons, dates, remembered.interned)
                await append.append_marks(connection, head, who, marks, now)
        self.seq = start + len(marks)
        self.tally.add(marks, told, batch.flagged)
        if self._dry_run:
            self._carry(marks, start)
        return told

    def _settings_at(self, changed_seq: int, today: date) -> Settings:
        """Give the sessions that are judged already, as far as neither the school nor the day has changed since."""
        if self._settings_of != (changed_seq, today) or len(self._settings) > _MOST_SETTINGS:
            self._settings, self._settings_of = {}, (changed_seq, today)
        return self._settings

    def _carry(self, marks: Sequence[NewMark], start: int) -> None:
        for seq, mark in enumerate(marks, start + 1):
            self._carried.setdefault((mark.pupil_no, mark.date, mark.session), []).append(mark)
            self._carried_seqs[id(mark)] = seq

    async def _ids_by_upn(self, connection: database.Connection, upns: set[str]) -> Mapping[str, str]:
        """Give the pupil behind each UPN: whose it is now, or, where it is nobody's, the one who had it."""
        if not upns:
            return {}
        standing: dict[str, set[str]] = {}
        former: dict[str, set[str]] = {}
        async for row in _sql.ids_by_upn(connection, school_id=self._school_id, upns=list(upns)):
            (standing if row["stands"] else former).setdefault(row["upn"], set()).add(row["id"])
        found = {**former, **standing}
        return {upn: next(iter(ids)) for upn, ids in found.items() if len(ids) == 1}


async def record_all(
    book: Book, reader: Reader, pieces: AsyncIterable[bytes], most: int | None = None
) -> AsyncIterator[Portion]:
    """Record a file that comes in pieces, while the next batch is read already; give each batch once it is committed.

    Raises, when all before is committed, `too-many-items` for more than `most` lines, and what the reader raises.
    """
    running: asyncio.Task[Portion] | None = None
    try:
        async for batch, place in _batches(reader, pieces, most):
            if running is not None:
                yield await running
            running = asyncio.create_task(_recorded(book, batch, place))
        # A file that says nothing is answered with where the stream stands all the same.
        yield await (running or _recorded(book, [], (*reader.settled, reader.skipped)))
    finally:
        # What has been begun is ended, so that nobody is told less than is committed.
        if running is not None and not running.done():
            await asyncio.wait({running})


async def _recorded(book: Book, batch: list[Item], place: tuple[int, int, int]) -> Portion:
    return Portion(await book.record(batch), *place)


async def _batches(
    reader: Reader, pieces: AsyncIterable[bytes], most: int | None
) -> AsyncIterator[tuple[list[Item], tuple[int, int, int]]]:
    batch: list[Item] = []
    count = 0
    async for piece in pieces:
        for read_ in reader.feed(piece):
            batch += read_
            count += len(read_)
            if most is not None and count > most:
                yield batch, (*reader.settled, reader.skipped)
                detail = f"{most} lines at most; those up to line {reader.line} were looked at, and no more."
                raise Problem("too-many-items", detail)
            if len(batch) > MOST_IN_A_BATCH - MOST_ITEMS:
                yield batch, (*reader.settled, reader.skipped)
                batch = []
        # The batch before this one is being recorded meanwhile: let it go on.
        await asyncio.sleep(0)
    for read_ in reader.end():
        batch += read_
    if batch:
        yield batch, (*reader.settled, reader.skipped)
