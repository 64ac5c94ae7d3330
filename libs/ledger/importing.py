"""Take in a register that another Rollbook exported: the same register, root for root, or nothing at all."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import zip_longest
from typing import Any

import asyncpg

from kit import database
from kit.database import Connection
from ledger import read, streams, tree
from ledger.archive import ExchangeFailed, Reading, parsed
from ledger.covers import Folded, Uncovered
from ledger.exporting import PORTION, Told, described, reference, settings
from ledger.incoming import Contradiction, Incoming, Rows, Said, columns
from ledger.paths import Place

MOST_ROWS_OF_A_CHANGE = 8

_sql = database.statements(__file__)

Keep = Callable[[Connection, int, Sequence[Said]], Awaitable[None]]
"""Writes the rows of `register` that some changes make; see register_api.derived."""

_NOT_KEPT = (
    *(asyncpg.IntegrityConstraintViolationError, asyncpg.DataError, asyncpg.ProgramLimitExceededError),
    asyncpg.InterfaceError,
)
_MARKS = (
    *("seqs", "made_ats", "recorded_ats", "dates", "pupil_nos", "staff_nos", "client_nos", "versions", "sessions"),
    *("original_codes", "codes", "sources", "arrived_ats"),
)
_CHANGES = ("seqs", "made_ats", "recorded_ats", "kinds", "subjects", "staff_nos", "client_nos")


async def take_in(connection: Connection, file: Reading, keep: Keep, told: Told) -> int:
    """Take the register in and give its school's number here.

    The connection is its owner's, in a transaction that the caller undoes when this raises. Raises ExchangeFailed
    for a register that is here already, and for whatever in the file is torn, out of order, or contradicts itself. What
    was written is read back, and its root is the manifest's.
    """
    manifest = file.manifest
    standing = await _sql.standing(connection, register_id=manifest.register, urn=manifest.urn)
    if standing["register"]:
        raise ExchangeFailed(f"The register {manifest.register} is here already.")
    if standing["urn"]:
        raise ExchangeFailed(f"A register of a school with the URN {manifest.urn} is here already.")
    file.check()
    await settings(connection)
    intake = _Intake(connection, file, keep, told)
    try:
        return await intake.run()
    except asyncpg.UniqueViolationError as caught:
        if caught.table_name == "urn":
            raise ExchangeFailed(
                f"A URN that the school had before event {intake.incoming.seq} is another register's here."
            ) from caught
        raise intake.refused_by_the_database(caught) from caught
    except _NOT_KEPT as caught:
        raise intake.refused_by_the_database(caught) from caught


class _Intake:
    def __init__(self, connection: Connection, file: Reading, keep: Keep, told: Told) -> None:
        self.connection = connection
        self.file = file
        self.keep = keep
        self.told = told
        self.school_id = 0
        self.incoming = Incoming(file.manifest.seq)

    async def run(self) -> int:
        manifest = self.file.manifest
        self.school_id = await _sql.begin(
            self.connection, register_id=manifest.register, root=tree.EMPTY_ROOT, now=manifest.recorded_at
        )
        await database.enter(self.connection, self.school_id)
        await self._take_keys()
        covers = await self._take_covers()
        await self._take_events()
        self.incoming.finish()
        if (stray := await _sql.stray(self.connection, school_id=self.school_id)) is not None:
            raise Contradiction(stray, "its pupil is not of the roll, or it does not follow from the entry before it")
        await self._hold_reference()
        for line in self.file.lines("holds.ndjson"):
            parsed(line, "holds.ndjson")
            await _sql.add_hold(self.connection, school_id=self.school_id, said=line.decode())
        folded = await self._read_back(covers)
        if folded.root != manifest.root:
            raise ExchangeFailed(
                f"The events hash to {folded.root.hex()}, and the manifest says {manifest.root.hex()}: "
                "this is not the register that it names."
            )
        self._hold_moment()
        await _sql.arrive(
            self.connection,
            school_id=self.school_id,
            seq=manifest.seq,
            root=folded.root,
            frontier=folded.frontier,
            recorded_at=manifest.recorded_at,
            changed_seq=self.incoming.changed_seq,
        )
        return self.school_id

    def refused_by_the_database(self, caught: Exception) -> ExchangeFailed:
        """Say what the database does not keep, without what it holds."""
        what = getattr(caught, "constraint_name", None) or type(caught).__name__
        return ExchangeFailed(f"Up to event {self.incoming.seq} the file holds what no register can ({what}).")

    async def _take_keys(self) -> None:
        document = self.file.document("keys.json")
        try:
            keys = {int(year): bytes.fromhex(key) for year, key in document["nonce_keys"].items()}
            kept = {int(seq): bytes.fromhex(nonce) for seq, nonce in document["kept_nonces"].items()}
        except (KeyError, TypeError, ValueError, AttributeError) as caught:
            raise ExchangeFailed("keys.json does not say what it must.") from caught
        of = {"school_id": self.school_id}
        await _sql.add_nonce_keys(self.connection, years=list(keys), keys=list(keys.values()), **of)
        await _sql.keep_nonces(self.connection, seqs=list(kept), nonces=list(kept.values()), **of)

    async def _take_covers(self) -> dict[Place, bytes]:
        covers: dict[Place, bytes] = {}
        for line in self.file.lines("covers.ndjson"):
            row = parsed(line, "covers.ndjson")
            try:
                covers[int(row["level"]), int(row["index"])] = bytes.fromhex(row["hash"])
            except (KeyError, TypeError, ValueError, OverflowError) as caught:
                raise ExchangeFailed("covers.ndjson does not say what it must.") from caught
        if covers:
            levels, indexes = zip(*covers, strict=True)
            await _sql.add_nodes(
                self.connection,
                school_id=self.school_id,
                levels=list(levels),
                indexes=list(indexes),
                hashes=list(covers.values()),
            )
        return covers

    async def _take_events(self) -> None:
        rows, given = Rows(), _Given(self.file.lines("reference.ndjson"))
        for count, (line, beside) in enumerate(zip_longest(streams.leaves(self.file), streams.texts(self.file)), 1):
            if line is None or beside is None:
                raise ExchangeFailed(f"After event {self.incoming.seq} events and texts do not stand side by side.")
            self.incoming.read(line, beside, rows)
            if count % PORTION == 0:
                await self._write(rows, given)
                rows = Rows()
                self.told(self.incoming.seq, 2 * self.incoming.end)
        await self._write(rows, given)

    async def _write(self, rows: Rows, given: "_Given") -> None:
        async def add(block: Any, listed: list[tuple[Any, ...]], *names: str) -> None:
            if listed:
                await block(self.connection, school_id=self.school_id, **columns(listed, names))

        await add(_sql.add_clients, rows.clients, "nos", "salts", "commitments", "client_ids")
        await add(_sql.add_staff, rows.staff, "nos", "salts", "commitments", "names", "positions")
        await add(_sql.add_marks, rows.marks, *_MARKS)
        await add(_sql.add_changes, rows.changes, *_CHANGES)
        await add(_sql.add_texts, rows.texts, "seqs", "parts", "commitments", "salts", "texts")
        said = [change if change.body is not None else given.beside(change) for change in rows.said]
        await self.keep(self.connection, self.school_id, said)

    async def _hold_reference(self) -> None:
        """Refuse rows that are not what the changes say."""
        given = self.file.lines("reference.ndjson")
        async for derived in reference(self.connection, self.school_id, 0, self.incoming.end):
            line = next(given, None)
            if line != derived:
                raise _not_said(line, derived)
        if (line := next(given, None)) is not None:
            raise _not_said(line, None)
        about, manifest = await described(self.connection, self.school_id), self.file.manifest
        if (about["urn"], about["name"]) != (manifest.urn, manifest.name):
            raise ExchangeFailed("The manifest does not name the school as its last change does.")

    async def _read_back(self, covers: dict[Place, bytes]) -> Folded:
        folded, expected, end = Folded(covers), streams.leaves(self.file), self.incoming.end
        try:
            for after in range(0, end, PORTION):
                stretch = (after + 1, min(after + PORTION, end))
                for event in await read.events_of(self.connection, self.school_id, [stretch]):
                    if next(expected, None) != event.leaf:
                        raise Contradiction(event.seq, "taken in, it is not byte for byte what was exported")
                    folded.pass_over(event.seq - 1)
                    folded.add(event.leaf)
                self.told(end + min(after + PORTION, end), 2 * end)
            folded.pass_over(end)
            folded.finish()
        except Uncovered as caught:
            raise ExchangeFailed(str(caught)) from caught
        except KeyError as caught:
            raise ExchangeFailed(f"keys.json has no key of the academic year that begins in {caught}.") from caught
        return folded

    def _hold_moment(self) -> None:
        incoming, stated = self.incoming, self.file.manifest.recorded_at
        last_is_here = incoming.seq == incoming.end and incoming.seq > 0
        if stated < incoming.recorded_at or (last_is_here and stated != incoming.recorded_at):
            raise ExchangeFailed("The manifest's recorded_at is not that of the last event.")


class _Given:
    """The rows of the file, looked through once, for those changes whose bodies are gone."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._rows = self._by_change(lines)
        self._next = next(self._rows, None)

    @staticmethod
    def _by_change(lines: Iterator[bytes]) -> Iterator[tuple[int, str, dict[str, Any]]]:
        for line in lines:
            whole = parsed(line, "reference.ndjson")
            try:
                table, row = whole["table"], dict(whole["row"])
                seq = 0 if table == "urn" else int(row["seq"])
            except (KeyError, TypeError, ValueError, OverflowError) as caught:
                raise ExchangeFailed("reference.ndjson does not say what it must.") from caught
            yield seq, table, row

    def beside(self, change: Said) -> Said:
        """Give a change with its rows."""
        rows = []
        while self._next is not None and self._next[0] <= change.seq:
            seq, table, row = self._next
            if seq == change.seq:
                rows.append((table, row))
            if len(rows) > MOST_ROWS_OF_A_CHANGE:
                raise Contradiction(change.seq, "reference.ndjson has more rows of it than it can have made")
            self._next = next(self._rows, None)
        return Said(change.seq, change.kind, change.subject, None, tuple(rows))


def _not_said(line: bytes | None, derived: bytes | None) -> ExchangeFailed:
    told = parsed(line if line is not None else derived or b"", "reference.ndjson")
    row = told.get("row")
    seq = row.get("seq") if isinstance(row, dict) else None
    what = "has" if line is not None else "lacks"
    where = "" if seq is None else f" at event {seq}"
    return ExchangeFailed(
        f"reference.ndjson {what} a row of {str(told.get('table'))[:20]!r}{where} that contradicts the changes."
    )
