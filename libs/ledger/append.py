"""Append to a school's stream: lock the head, number the events, hash them, move the head."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from kit import database
from kit.database import Connection
from ledger import tree
from ledger.leaf import ChangeLeaf, Sealed, change_bytes, mark_bytes_of, micros, nonces, seal
from ledger.writers import Person, Writers, first_year

FIRST_DAY, LAST_DAY = date(2006, 8, 1), date(2036, 7, 31)
"""The sessions that the book has partitions for, from the first edition of the codes on; a migration adds more."""

_sql = database.statements(__file__)
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Head:
    """Where a school's stream stands, locked until the transaction ends."""

    school_id: int
    register: str
    seq: int
    frontier: bytes
    recorded_at: datetime
    changed_seq: int


class NewMark(NamedTuple):
    """An entry to be appended: version 1, or, with its original code, an amendment.

    A named tuple, for history makes millions: a frozen dataclass takes five times as long to make, and its columns too.
    """

    pupil_no: int
    date: date
    session: str
    version: int
    original_code: str | None
    code: str
    arrived_at: time | None
    made_at: datetime
    made_by: Person
    source: str = "live"
    reason: str | None = None
    nature: str | None = None
    by_system: str | None = None


@dataclass(frozen=True, slots=True)
class NewChange:
    """A change to be appended: what it is about (`pupil:12`, `calendar:2026-27`), and its whole body after it."""

    kind: str
    subject: str
    body: str
    made_at: datetime
    made_by: Person | None = None
    reason: str | None = None


class Recorded(NamedTuple):
    """Where an appended event stands."""

    seq: int
    recorded_at: datetime


async def open_register(connection: Connection, now: datetime) -> int:
    """Begin an empty register and give its school number, unknown to others until the transaction ends."""
    number: int = await _sql.open_register(connection, root=tree.EMPTY_ROOT, now=now)
    return number


async def lock(connection: Connection, school_id: int) -> Head:
    """Lock the head of a school's stream: others wait until this transaction ends, for as long as `lock_timeout`.

    A statement of its own: whatever decides what is appended must be read after it, or it may be stale.
    """
    row = await _sql.lock_head(connection, school_id=school_id)
    return Head(school_id, str(row["register_id"]), row["seq"], row["frontier"], row["recorded_at"], row["changed_seq"])


class _Texts:
    """The texts of one append, collected to be written in one statement."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, str, Sealed]] = []

    def keep(self, seq: int, part: str, text: str | None) -> bytes | None:
        """Seal a text as a part of event `seq`, and give the commitment to it."""
        if text is None:
            return None
        sealed = seal(text)
        self.rows.append((seq, part, sealed))
        return sealed.commitment

    def columns(self) -> dict[str, list[Any]]:
        """Give the arrays that the statement takes."""
        return {
            "text_seqs": [seq for seq, _, _ in self.rows],
            "parts": [part for _, part, _ in self.rows],
            "commitments": [sealed.commitment for _, _, sealed in self.rows],
            "salts": [sealed.salt for _, _, sealed in self.rows],
            "texts": [sealed.text for _, _, sealed in self.rows],
        }


def _moments(head: Head, now: datetime, count: int) -> list[Recorded]:
    """Number `count` events: gapless, and strictly increasing in time even when the clock stands or runs back."""
    start = max(now, head.recorded_at + _TICK)
    return [Recorded(head.seq + 1 + at, start + at * _TICK) for at in range(count)]


def _moved(head: Head, leaves: Iterable[bytes], last: Recorded) -> dict[str, Any]:
    frontier, size = tree.extend(head.frontier, head.seq, leaves)
    if size != last.seq:
        raise AssertionError(f"the tree has {size} leaves at seq {last.seq}")
    return {
        "school_id": head.school_id,
        "head_seq": size,
        "root": tree.root(frontier),
        "frontier": frontier,
        "head_recorded_at": last.recorded_at,
    }


async def append_marks(
    connection: Connection, head: Head, who: Writers, marks: Sequence[NewMark], now: datetime
) -> list[Recorded]:
    """Append entries and amendments in their order and move the head; give where each stands.

    `now` is the clock after the lock. The caller has decided that each follows lawfully from what stands.
    """
    if not marks:
        return []
    recorded = _moments(head, now, len(marks))
    texts = _Texts()
    pupil_nos, dates, sessions, versions, originals, codes, arrived_ats, made_ats, made_bys, sources = list(
        zip(*marks, strict=True)
    )[:10]
    await _sql.append_marks(
        connection,
        first_seq=recorded[0].seq,
        first_recorded_at=recorded[0].recorded_at,
        made_ats=made_ats,
        dates=_array(map(str, dates)),
        pupil_nos=_array(map(str, pupil_nos)),
        staff_nos=_array([str(who.staff[person][0]) for person in made_bys]),
        versions=_array(map(str, versions)),
        sessions=_array(sessions),
        original_codes=_array([_element(code) for code in originals]),
        codes=_array([_element(code) for code in codes]),
        sources=_array(sources),
        arrived_ats=arrived_ats,
        client_no=who.client_no,
        **_moved(head, _leaves(head.register, who, marks, recorded, texts), recorded[-1]),
        **texts.columns(),
    )
    return recorded


def _array(elements: Iterable[str]) -> str:
    return "{" + ",".join(elements) + "}"


@lru_cache(maxsize=256)
def _element(text: str | None) -> str:
    """Write a text as an element of an array in PostgreSQL's own form."""
    if text is None:
        return "NULL"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _leaves(
    register: str, who: Writers, marks: Iterable[NewMark], recorded: Sequence[Recorded], texts: _Texts
) -> Iterator[bytes]:
    """Give the leaves of entries, and keep their texts. What neighbours share is written once."""
    client = who.client.hex()
    staff = {made_by: commitment.hex() for made_by, (_, commitment) in who.staff.items()}
    keyed: dict[int, Callable[[int], str]] = {}
    days: dict[date, tuple[str, Callable[[int], str]]] = {}
    last_made_at, made_micros = None, 0
    first_seq, first_micros = recorded[0].seq, micros(recorded[0].recorded_at)
    for seq, mark in enumerate(marks, first_seq):
        (pupil_no, on, session, version, original_code, code, arrived_at, made_at) = mark[:8]
        if on not in days:
            year = first_year(on)
            if year not in keyed:
                keyed[year] = nonces(who.keys[year])
            days[on] = (str(on), keyed[year])
        day, nonce = days[on]
        if made_at is not last_made_at:
            last_made_at, made_micros = made_at, micros(made_at)
        yield mark_bytes_of(
            register,
            client,
            seq,
            nonce(seq),
            pupil_no,
            day,
            session,
            version,
            original_code,
            code,
            arrived_at,
            made_micros,
            first_micros + seq - first_seq,
            mark.source,
            staff[mark.made_by],
            texts.keep(seq, "reason", mark.reason) if mark.reason is not None else None,
            texts.keep(seq, "nature", mark.nature) if mark.nature is not None else None,
            texts.keep(seq, "by-system", mark.by_system) if mark.by_system is not None else None,
        )


async def append_changes(
    connection: Connection, head: Head, who: Writers, changes: Sequence[NewChange], now: datetime
) -> list[Recorded]:
    """Append changes of roll, calendar, policy... in their order and move the head; give where each stands."""
    if not changes:
        return []
    recorded = _moments(head, now, len(changes))
    texts = _Texts()
    leaves = []
    for change, at in zip(changes, recorded, strict=True):
        body = texts.keep(at.seq, "body", change.body)
        if body is None:
            raise AssertionError("a change has a body")
        leaf = ChangeLeaf(
            head.register,
            at.seq,
            change.kind,
            change.subject,
            change.made_at,
            at.recorded_at,
            who.staff[change.made_by][1] if change.made_by else None,
            who.client,
            body,
            texts.keep(at.seq, "reason", change.reason),
        )
        leaves.append(change_bytes(leaf))
    await _sql.append_changes(
        connection,
        seqs=[at.seq for at in recorded],
        recorded_ats=[at.recorded_at for at in recorded],
        made_ats=[change.made_at for change in changes],
        kinds=[change.kind for change in changes],
        subjects=[change.subject for change in changes],
        staff_nos=[who.staff[change.made_by][0] if change.made_by else None for change in changes],
        client_no=who.client_no,
        **texts.columns(),
        **_moved(head, leaves, recorded[-1]),
    )
    return recorded
