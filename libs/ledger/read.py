"""Read a school's stream: what stands, whole chains, the amendments, and the events as they were hashed."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Literal

import asyncpg

from kit import database
from kit.database import Connection
from ledger.covers import pieces
from ledger.leaf import ChangeLeaf, Event, MarkLeaf, change_bytes, mark_bytes_with, nonce
from ledger.paths import Place
from ledger.writers import first_year

_sql = database.statements(__file__)

Key = tuple[int, date, str]
"""Whose entry, and for which session: pupil number, date, AM or PM."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an entry: the first, or an amendment with its original code and reason."""

    pupil_no: int
    date: date
    session: str
    version: int
    original_code: str | None
    code: str
    arrived_at: time | None
    nature: str | None
    reason: str | None
    by_system: str | None
    seq: int
    made_at: datetime
    recorded_at: datetime
    staff_no: int
    name: str
    position: str
    client: str
    source: str

    @property
    def key(self) -> Key:
        """Whose entry, and for which session."""
        return self.pupil_no, self.date, self.session


@dataclass(frozen=True, slots=True)
class Chain:
    """All versions of one entry up to a position, in order; at least one."""

    versions: tuple[Version, ...]

    @property
    def first(self) -> Version:
        """The first entry."""
        return self.versions[0]

    @property
    def current(self) -> Version:
        """What stands."""
        return self.versions[-1]

    def out_of_order(self, at: int) -> bool:
        """Say whether version number `at` was made before the one it replaced, as in a register kept offline."""
        return at > 0 and self.versions[at].made_at < self.versions[at - 1].made_at


def _version(row: asyncpg.Record) -> Version:
    return Version(*row.values())


def _chains(versions: Iterable[Version]) -> dict[Key, Chain]:
    gathered: dict[Key, list[Version]] = {}
    for version in versions:
        gathered.setdefault(version.key, []).append(version)
    return {key: Chain(tuple(chain)) for key, chain in gathered.items()}


def seqs(chains: Iterable[Chain]) -> list[int]:
    """Give the positions of all versions of some chains."""
    return [version.seq for chain in chains for version in chain.versions]


async def chains(connection: Connection, school_id: int, keys: Sequence[Key]) -> dict[Key, Chain]:
    """Give the chains that stand for these entries now; a key without an entry is left out.

    Session by session, so that one partition is looked at and no other; and who has an entry at all is asked before
    what it is: on most days nobody in a register has one yet.
    """
    sessions: dict[tuple[date, str], list[int]] = {}
    for pupil_no, on, session in keys:
        sessions.setdefault((on, session), []).append(pupil_no)
    versions: list[Version] = []
    for (on, session), pupil_nos in sessions.items():
        asked = {"school_id": school_id, "on": on, "session": session}
        entered = [row["pupil_no"] async for row in _sql.entered(connection, pupil_nos=pupil_nos, **asked)]
        if entered:
            versions += [_version(row) async for row in _sql.chains(connection, pupil_nos=entered, **asked)]
    return _chains(versions)


async def begun(
    connection: Connection, school_id: int, sessions: Collection[tuple[date, str]]
) -> set[tuple[date, str]]:
    """Give those of many sessions in which anybody has an entry."""
    if not sessions:
        return set()
    dates, names = zip(*sessions, strict=True)
    asked = {"dates": dates, "sessions": names, "first": min(dates), "last": max(dates)}
    return {(row["on_date"], row["session"]) async for row in _sql.begun(connection, school_id=school_id, **asked)}


async def chains_among(connection: Connection, school_id: int, keys: Collection[Key]) -> dict[Key, Chain]:
    """Give the chains that stand for many entries of any dates now, in one statement; each key stands there once."""
    if not keys:
        return {}
    pupil_nos, dates, sessions = zip(*keys, strict=True)
    arrays = {"pupil_nos": pupil_nos, "dates": dates, "sessions": sessions}
    asked: dict[str, Any] = {name: "{" + ",".join(map(str, each)) + "}" for name, each in arrays.items()}
    asked |= {"first": min(dates), "last": max(dates)}
    return _chains([_version(row) async for row in _sql.chains_among(connection, school_id=school_id, **asked)])


async def session_chains(connection: Connection, school_id: int, on: date, session: str, seq: int) -> dict[Key, Chain]:
    """Give the chains of every pupil for one session, as they stood at `seq`."""
    rows = _sql.session_chains(connection, school_id=school_id, on=on, session=session, seq=seq)
    return _chains([_version(row) async for row in rows])


async def pupil_chains(
    connection: Connection, school_id: int, pupil_no: int, dates: tuple[date, date], seq: int
) -> list[Chain]:
    """Give one pupil's chains from the first to the second date inclusive, in order, as they stood at `seq`."""
    rows = _sql.pupil_chains(connection, school_id=school_id, pupil_no=pupil_no, first=dates[0], last=dates[1], seq=seq)
    return list(_chains([_version(row) async for row in rows]).values())


@dataclass(frozen=True, slots=True)
class Amended:
    """An amendment with the first entry of its chain; out of order when it was made before the entry it replaced."""

    version: Version
    first_entry: str
    out_of_order: bool


async def amendments(connection: Connection, **filters: Any) -> AsyncIterator[Amended]:
    """Give amendments newest first; the filters are the parameters in read.sql, None where there is none."""
    async for row in _sql.amendments(connection, **filters):
        *version, first_entry, out_of_order = row.values()
        yield Amended(Version(*version), first_entry, out_of_order)


@dataclass(frozen=True, slots=True)
class Total:
    """How many amendments one person made, one reason was given for, one pair of codes had, or there are in all.

    `of` is the number of rows of the same kind, those included that were too small to be given.
    """

    kind: Literal["all", "person", "reason", "codes"]
    staff_no: int | None
    name: str | None
    position: str | None
    reason: str | None
    original_code: str | None
    code: str | None
    amendments: int
    of: int


async def amendment_totals(connection: Connection, **filters: Any) -> list[Total]:
    """Give totals of amendments, the greatest of each kind first, at most `most` of a kind; filters as in read.sql."""
    return [Total(*row.values()) async for row in _sql.amendment_totals(connection, **filters)]


Span = tuple[int, date, date | None]
"""A pupil's number, a first date, and the date before which it ends; None for one without an end."""


async def differences(
    connection: Connection,
    school_id: int,
    between: tuple[int, int],
    *,
    pupil_nos: Sequence[int] | None,
    spans: Sequence[Span] | None,
    last: int | None,
    limit: int,
) -> list[Chain]:
    """Give at most `limit` entries whose code, arrival or nature differs between two positions.

    By date, session and pupil, each as its chain at the later position. None for `pupil_nos` or `spans` means
    everybody. `last` is the position of any version of an entry: those entries are given that follow it.
    """
    rows = _sql.differences(
        connection,
        school_id=school_id,
        after=between[0],
        up_to=between[1],
        pupil_nos=pupil_nos,
        span_pupil_nos=None if spans is None else [pupil_no for pupil_no, _, _ in spans],
        span_firsts=None if spans is None else [first for _, first, _ in spans],
        span_ends=None if spans is None else [ends for _, _, ends in spans],
        last=last,
        limit=limit,
    )
    return list(_chains([_version(row) async for row in rows]).values())


async def events(connection: Connection, school_id: int, after: int, limit: int) -> list[Event]:
    """Give at most `limit` events of the stream after a position, in order; none is left out but what was let go."""
    head = await _sql.head(connection, school_id=school_id)
    found = await events_of(connection, school_id, [(after + 1, after + limit)])
    if len(found) < limit and head["seq"] > after + limit:
        reached = await _sql.reach(connection, school_id=school_id, after=after, limit=limit)
        found = await events_of(connection, school_id, [(after + 1, reached)])
    return found


async def events_of(connection: Connection, school_id: int, stretches: Sequence[tuple[int, int]]) -> list[Event]:
    """Give the events of some stretches of the stream, each from a first seq to a last, in order."""
    keys: dict[int, bytes] = {
        row["academic_year"]: row["key"] async for row in _sql.nonce_keys(connection, school_id=school_id)
    }
    register = str((await _sql.head(connection, school_id=school_id))["register_id"])
    asked = {"firsts": [first for first, _ in stretches], "lasts": [last for _, last in stretches]}
    rows = [row async for row in _sql.stream(connection, school_id=school_id, **asked)]
    nonces = _sql.kept_nonces(connection, school_id=school_id, **asked)
    kept = {row["seq"]: row["nonce"].hex() async for row in nonces}
    return [_event(row, register, keys, kept) for row in rows]


async def gaps(connection: Connection, school_id: int) -> list[tuple[int, int]]:
    """Give the runs of leaves that were let go, in order: the index of the first, and the one after the last."""
    return [(row["first"] - 1, row["last"]) async for row in _sql.gaps(connection, school_id=school_id)]


async def covers(connection: Connection, school_id: int, after: int, limit: int) -> list[tuple[Place, bytes]]:
    """Give at most `limit` subtrees with their hashes that stand for leaves let go after a position, from the left."""
    places = [place for gap in await gaps(connection, school_id) for place in pieces(gap)]
    places = [place for place in places if place[1] << place[0] >= after]
    return list((await nodes(connection, school_id, places[:limit])).items())


async def nodes(connection: Connection, school_id: int, places: Sequence[Place]) -> dict[Place, bytes]:
    """Give the hashes of some subtrees as they were stored, in the order given; one never stored is left out."""
    levels, indices = [level for level, _ in places], [index for _, index in places]
    rows = _sql.nodes(connection, school_id=school_id, levels=levels, indices=indices)
    return {(row["level"], row["index"]): row["hash"] async for row in rows}


def _event(row: asyncpg.Record, register: str, keys: Mapping[int, bytes], kept: Mapping[int, str]) -> Event:
    commitments = {part: commitment for part, commitment, _, _ in row["texts"] or ()}
    texts = {part: {"salt": salt.hex(), "text": text} for part, _, salt, text in row["texts"] or () if salt is not None}
    texts["client"] = {"salt": row["client_salt"].hex(), "text": row["client_id"]}
    made_by = row["made_by"]
    if made_by is not None:
        texts["made_by"] = {"salt": row["made_by_salt"].hex(), "name": row["name"], "position": row["position"]}
    if row["pupil_no"] is None:
        change = ChangeLeaf(
            register,
            row["seq"],
            row["kind"],
            row["subject"],
            row["made_at"],
            row["recorded_at"],
            made_by,
            row["client"],
            commitments["body"],
            commitments.get("reason"),
        )
        return Event(row["seq"], change_bytes(change), texts)
    mark = MarkLeaf(
        register,
        row["seq"],
        row["pupil_no"],
        row["session_date"],
        row["session"],
        row["version"],
        row["original_code"],
        row["code"],
        row["arrived_at"],
        row["made_at"],
        row["recorded_at"],
        row["source"],
        made_by,
        row["client"],
        commitments.get("reason"),
        commitments.get("nature"),
        commitments.get("by-system"),
    )
    nonce_ = kept.get(mark.seq) or nonce(keys[first_year(mark.date)], mark.seq)
    return Event(row["seq"], mark_bytes_with(mark, nonce_), texts)
