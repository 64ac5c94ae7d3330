"""A database of millions of events: one school whose year is appended, sealed and signed, and others with the same.

The year of the one goes through `ledger.append`, session by session, with amendments up to a month later. Set-based,
day by day as it grows, every row is copied to the other schools, so that the events of all of them lie mixed on the
disk as they do in service. The others can be read, but not proven: their registers have another UUID.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import asyncpg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.ext.asyncio import AsyncEngine

from kit import database as kit_database
from kit.database import Connection
from ledger import append, checkpoints, exporting, sealing
from ledger.append import NewMark
from ledger.note import SigningKey
from ledger.writers import Person, writers
from tests.bench.world import CLASS_OF
from tests.support.postgres import Database

KEY = SigningKey("bench.invalid/register", Ed25519PrivateKey.generate())
OFFICES = [Person("B. Office", "Attendance officer"), Person("H. Deputy", "Deputy head teacher")]
RARELY = Person("S. Cover", "Cover supervisor")
"""Who makes one amendment in fifty."""
LAGS = (0, 0, 1, 2, 4, 25)
"""School days after which the six in three hundred are amended; the first of them once more after another two."""
REASONS = (
    "Parent telephoned at 09:40: sickness",
    "Note from the parent handed in: doctor's appointment, card seen by the office",
    "Marked absent in error: was with the music teacher when the register was taken",
    "Parent wrote by the school's app the evening before; the message was read after the register had closed",
)
WEEK = 5

# All that a school holds beside its head, URN and dated facts.
COPIED = (
    *(f"ledger.{name}" for name in ("change", "staff", "client", "nonce_key", "node", "fingerprint", "contents")),
    *(f"register.{name}" for name in ("policy", "calendar", "pupil_id", "pupil", "placing")),
)
OTHERS = """
INSERT INTO ledger.head (seq, root, frontier, recorded_at)
SELECT 0, sha256(''), '', now() FROM generate_series(1, $1::int) RETURNING school_id
"""
ADMITTED = """
WITH named AS (
    INSERT INTO register.urn (urn, school_id) SELECT (910000 + o.n)::text, o.school_id
    FROM unnest($2::int[]) WITH ORDINALITY AS o (school_id, n) RETURNING urn, school_id
)
INSERT INTO register.school_facts (school_id, urn, laestab, seq, effective_from, name, phase, age_from, age_to, la_code,
                                   trust_uid, trust_name, continues, closed_on)
SELECT n.school_id, n.urn, f.la_code || right(n.urn, 4), f.seq, f.effective_from, f.name, f.phase, f.age_from, f.age_to,
       f.la_code, f.trust_uid, f.trust_name, f.continues, f.closed_on
FROM named n CROSS JOIN register.school_facts f WHERE f.school_id = $1
"""
# A register of a class is one commit, so its rows lie together.
EVENTS = """
INSERT INTO ledger.event (seq, made_at, recorded_at, school_id, session_date, pupil_no, staff_no, client_no, version,
                          session, original_code, code, source, arrived_at)
SELECT seq, made_at, recorded_at, other, session_date, pupil_no, staff_no, client_no, version,
       session, original_code, code, source, arrived_at
FROM ledger.event CROSS JOIN unnest($3::int[]) AS other
WHERE school_id = $1 AND seq > $2
ORDER BY (seq - $2) / $4::int, other, seq
"""
TEXTS = """
INSERT INTO ledger.text (school_id, seq, part, commitment, salt, text)
SELECT other, seq, part, commitment, salt, text
FROM ledger.text CROSS JOIN unnest($3::int[]) AS other
WHERE school_id = $1 AND seq > $2
"""
COLUMNS = """
SELECT string_agg(column_name, ', ' ORDER BY ordinal_position) FROM information_schema.columns
WHERE table_schema || '.' || table_name = $1 AND column_name <> 'school_id'
"""
# Sealed as the one is, under the UUID of each, for the next checkpoint to cover.
SEALED = """
WITH sealed AS (
    INSERT INTO ledger.sealed (school_id, register_id, seq, frontier, leaf)
    SELECT h.school_id, h.register_id, s.seq, s.frontier, sha256(decode('00', 'hex') || convert_to(format(
        '{"contents":"%s","register":"%s","root":"%s","seq":%s,"v":1}', encode(s.contents, 'hex'), h.register_id,
        encode(s.root, 'hex'), s.seq), 'UTF8'))
    FROM (SELECT frontier, seal.* FROM ledger.sealed JOIN ledger.seal USING (school_id, seq) WHERE school_id = $1) AS s
    CROSS JOIN ledger.head h WHERE h.school_id = ANY ($2::int[])
)
INSERT INTO ledger.seal (school_id, seq, checkpoint, root, contents)
SELECT other, seq, (SELECT size + 1 FROM ledger.log), root, contents
FROM ledger.sealed JOIN ledger.seal USING (school_id, seq) CROSS JOIN unnest($2::int[]) AS other WHERE school_id = $1
"""
HEADS = """
UPDATE ledger.head h SET seq = o.seq, root = o.root, frontier = o.frontier, recorded_at = o.recorded_at
FROM ledger.head o WHERE o.school_id = $1 AND h.school_id = ANY ($2::int[])
"""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What stands: all the events of the database, and the amendments of one school."""

    events: int
    amendments: int


def entered(number: int, on: date, session: str, pupils: int) -> Iterator[NewMark]:
    """Give the registers of a session of day `number`: six pupils in 300 have an entry that will be amended."""
    first = "/" if session == "AM" else "\\"
    made_at = datetime.combine(on, time(9, 2) if session == "AM" else time(13, 12), UTC)
    wrong = {pupil for pupil, _ in _wrong(number, session, pupils)}
    for pupil in range(1, pupils + 1):
        teacher = Person(f"Teacher {(pupil - 1) // CLASS_OF + 1}", "Class teacher")
        code = "N" if pupil in wrong else "I" if (pupil * 31 + number) % 29 == 0 else first
        yield NewMark(pupil, on, session, 1, None, code, None, made_at, teacher)


def amended(days: Sequence[date], number: int, pupils: int) -> Iterator[NewMark]:
    """Give the amendments that are made on day `number`, of sessions of that day and of days before."""
    made_at = datetime.combine(days[number], time(15, 30), UTC)
    for session in ("AM", "PM"):
        for place, lag in enumerate(LAGS):
            for version in (2, 3) if place == 0 else (2,):
                of = number - lag - (2 if version == 3 else 0)
                for pupil in [who for who, at in _wrong(of, session, pupils) if at == place] if of >= 0 else []:
                    rarely = (of + pupil) % 50 == 0
                    yield NewMark(
                        pupil,
                        days[of],
                        session,
                        version,
                        "N" if version == 2 else "I",
                        "ICMIOI"[place] if version == 2 else "M",
                        None,
                        made_at + timedelta(seconds=pupil),
                        RARELY if rarely else OFFICES[pupil % 2],
                        reason=REASONS[(of + place) % len(REASONS)],
                    )


def _wrong(number: int, session: str, pupils: int) -> list[tuple[int, int]]:
    """Give the pupils whose entry of a session is amended later, each with its place among the lags."""
    step = max(1, pupils // len(LAGS))
    shift = (2 * number + (session == "PM")) % step
    return [(place * step + shift + 1, place) for place in range(min(len(LAGS), pupils))]


async def load(database: Database, urn: str, days: Sequence[date], *, schools: int, pupils: int) -> Loaded:
    """Give a school that was set up its year, and others the same; sealed and signed at the end of each week."""
    engine = kit_database.connect(database.register_url, name="bench", pool_size=1)
    # Two copy at a time: the loading is to take minutes, not tens of them.
    both = [await asyncpg.connect(database.owner_url, server_settings={"synchronous_commit": "off"}) for _ in "ab"]
    owner = both[0]
    try:
        await checkpoints.open_log(engine, KEY.name)
        school = await owner.fetchval("SELECT school_id FROM register.urn WHERE urn = $1", urn)
        others = [row["school_id"] for row in await owner.fetch(OTHERS, schools - 1)]
        shares = others[::2], others[1::2]
        await owner.execute(TEXTS, school, 0, others)
        now = datetime.now(UTC)
        for number in range(len(days)):
            before = await _day(engine, school, days, number, pupils, now)
            await asyncio.gather(
                *(
                    each.execute(EVENTS, school, before, share, CLASS_OF)
                    for each, share in zip(both, shares, strict=True)
                )
            )
            await owner.execute(TEXTS, school, before, others)
            if number % WEEK == 0 or number == len(days) - 1:
                await sealing.seal(engine, school, is_new=number == 0)
                await _sign(engine)
        await _copy(owner, school, others)
        await _sign(engine)
        amendments = "SELECT count(*) FROM ledger.event WHERE school_id = $1 AND version > 1"
        return Loaded(
            await owner.fetchval("SELECT sum(seq)::bigint FROM ledger.head"), await owner.fetchval(amendments, school)
        )
    finally:
        for each in both:
            await each.close()
        await engine.dispose()


async def _sign(engine: AsyncEngine) -> None:
    assert await checkpoints.sign(engine, [KEY], datetime.now(UTC), every=timedelta(0), ended=None)


async def _day(engine: AsyncEngine, school: int, days: Sequence[date], number: int, pupils: int, now: datetime) -> int:
    """Append one day, session by session, and give where the stream stood before it."""
    marks = [list(entered(number, days[number], session, pupils)) for session in ("AM", "PM")]
    before = None
    for each in (*marks, list(amended(days, number, pupils))):
        async with kit_database.writing(engine, school) as connection:
            head = await append.lock(connection, school)
            before = head.seq if before is None else before
            persons, dates = {mark.made_by for mark in each}, {mark.date for mark in each}
            who = await writers(connection, school, "a-mis", persons, dates)
            await append.append_marks(connection, head, who, each, now)
    assert before is not None
    return before


async def _copy(owner: Connection, school: int, others: Sequence[int]) -> None:
    """Give the other schools all else that the one holds, and bring what the planner knows up to date."""
    for statement in (HEADS, SEALED):
        await owner.execute(statement, school, others)
    for table in COPIED:
        columns = await owner.fetchval(COLUMNS, table)
        await owner.execute(
            f"INSERT INTO {table} (school_id, {columns}) SELECT other, {columns} "
            f"FROM {table} CROSS JOIN unnest($2::int[]) AS other WHERE school_id = $1",
            school,
            others,
        )
    await owner.execute("VACUUM ANALYZE")


async def admit(database: Database, urn: str) -> None:
    """Let the other schools be of the authority that the one is in, under URNs of their own."""
    owner = await asyncpg.connect(database.owner_url)
    school = await owner.fetchval("SELECT school_id FROM register.urn WHERE urn = $1", urn)
    others = [
        row["school_id"] for row in await owner.fetch("SELECT school_id FROM ledger.head WHERE school_id <> $1", school)
    ]
    await owner.execute(ADMITTED, school, others)
    await owner.execute("ANALYZE register.urn, register.school_facts")
    await owner.close()


async def seen(database: Database) -> None:
    """Let no alert be still to be raised: what is measured next is not to be disturbed."""
    owner = await asyncpg.connect(database.owner_url)
    await owner.execute(
        "UPDATE analysis.checkpoint SET alerts_seq = seq, alerts_on = current_date, totals_on = current_date"
    )
    await owner.close()


@dataclass(frozen=True, slots=True)
class Exported:
    """A register in a file, what it is to be checked against, and how many events it has."""

    export: Path
    checkpoint: Path
    key: Path
    events: int

    def told(self) -> dict[str, str | int]:
        """Give it as a process is told of it."""
        return {
            "export": str(self.export),
            "checkpoint": str(self.checkpoint),
            "key": str(self.key),
            "events": self.events,
        }


async def exported(database: Database, urn: str, folder: Path) -> Exported:
    """Export the register of the school, and write down the last checkpoint and the key that it was signed with."""
    files = [folder / name for name in ("register.zip", "checkpoint", "key")]
    engine = kit_database.connect(database.register_url, name="bench", pool_size=1)
    try:
        async with kit_database.reading(engine) as connection:
            school = await connection.fetchval("SELECT school_id FROM register.urn WHERE urn = $1", urn)
            note = await connection.fetchval("SELECT note FROM ledger.checkpoint ORDER BY size DESC LIMIT 1")
        async with kit_database.reading(engine, school) as connection:
            with files[0].open("wb") as file:
                manifest = await exporting.export(connection, school, file, datetime.now(UTC), exporting.Wanted())
    finally:
        await engine.dispose()
    files[1].write_text(note)
    files[2].write_text(f"{KEY.public}\n")
    return Exported(files[0], files[1], files[2], manifest["seq"])
