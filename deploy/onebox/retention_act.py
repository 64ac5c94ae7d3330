"""Let one academic year go: one transaction over every school that it concerns, or nothing (docs/adr/0008)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from codes.calendar import academic_year_bounds
from kit import database as kit_database
from kit.database import Connection
from kit.schools import LONDON
from ledger import append, covers, read, tree
from ledger.append import Head, NewChange
from ledger.leaf import canonical, nonce
from ledger.paths import Place, Span
from ledger.writers import writers
from onebox import retention
from onebox.database import DatabaseFailed
from onebox.retention import School, SchoolYear

CLIENT = "rollbook-retention"
"""The client under which the stream has the act: nobody's token does it."""

LOCK_TIMEOUT = "10s"
_MOST_EVENTS = 10_000
Clock = Callable[[], datetime]
_sql = kit_database.statements(__file__)


class Altered(DatabaseFailed):
    """What should go is not what was sealed: it is evidence of that, and stays; the message names the event."""


async def let_go(connection: Connection, year: str, clock: Clock, years: int) -> list[SchoolYear]:
    """Let go what is past keeping of a year, and, with a school's last year past, the pupils of whom nothing is left.

    Gives what went of each school. Nothing went when it raises: asyncpg.LockNotAvailableError where the registers are
    too busy, or Altered.
    """
    today = clock().astimezone(LONDON).date()
    async with connection.transaction():
        await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        # No hold is put on or lifted while it is decided what goes.
        await connection.execute("LOCK TABLE register.hold IN SHARE MODE")
        concerned = [each.school for each in await _judged(connection, year, today, years, None)]
        # In the order of their numbers. What is judged before the locks may be stale, so it is judged again after them.
        heads = {school.school_id: await append.lock(connection, school.school_id) for school in concerned}
        going = await _judged(connection, year, today, years, heads)
        for each in going:
            await _stand_in(connection, each)
        # What takes long lies behind: the act is recorded close to the instant at which others can see it.
        for each in going:
            await _record(connection, heads[each.school.school_id], each, clock())
        if emptied := [each.school for each in going if each.going]:
            await _swap(connection, year, emptied)
        for each in going:
            await _drop_what_hung_on_it(connection, each)
            await _drop_pupils(connection, each.school.school_id, each.pupils)
    return going


async def _judged(
    connection: Connection, year: str, today: date, years: int, among: Mapping[int, Head] | None
) -> list[SchoolYear]:
    """Give the schools of which something goes, in the order of their numbers; `among` those locked, or all."""
    found = []
    for school in await retention.schools(connection, today, years):
        if among is not None and school.school_id not in among:
            continue
        judged = await retention.judge(connection, school, year, today)
        if retention.pupils_leave_with(year, school, today):
            judged = replace(judged, pupils=await retention.leaving(connection, school, today, judged.going))
        if judged.is_let_go:
            found.append(judged)
    return found


async def _stand_in(connection: Connection, each: SchoolYear) -> None:
    """Store what stands for the leaves that go, now and at every seal, and the nonces that outlive their key."""
    school_id = each.school.school_id
    seals = [row["seq"] async for row in _sql.seals(connection, school_id=school_id)]
    before = await read.gaps(connection, school_id)
    pieces = await read.nodes(connection, school_id, _places(before, seals))
    leaves = await _leaf_hashes(connection, school_id, each.going)
    await _hold_against_seals(connection, each.school, leaves)
    pieces |= leaves
    places = _places(covers.joined([*before, *((seq - 1, seq) for seq in each.going)]), seals)
    await _sql.add_nodes(
        connection,
        school_id=school_id,
        levels=[level for level, _ in places],
        indices=[index for _, index in places],
        hashes=[covers.hash_at(place, pieces) for place in places],
    )
    first, last = academic_year_bounds(each.academic_year)
    key = await _sql.years_key(connection, school_id=school_id, year=first.year)
    if key is None:
        return
    gone = set(each.going)
    entries = _sql.seqs(connection, school_id=school_id, first=first, last=last)
    staying = [row["seq"] async for row in entries if row["seq"] not in gone]
    nonces = [bytes.fromhex(nonce(key, seq)) for seq in staying]
    await _sql.keep_nonces(connection, school_id=school_id, seqs=staying, nonces=nonces)


def _places(gaps: Sequence[Span], seals: Sequence[int]) -> list[Place]:
    """Give the subtrees to be stored for gaps: those of the tree as it is, and those of the tree as it was sealed."""
    spans = [*gaps, *covers.split(gaps, seals)]
    return list(dict.fromkeys(place for span in spans for place in covers.pieces(span)))


async def _leaf_hashes(connection: Connection, school_id: int, seqs: Sequence[int]) -> dict[Place, bytes]:
    """Give the hashes of some leaves."""
    wanted = set(seqs)
    found: dict[Place, bytes] = {}
    after = min(wanted, default=0) - 1
    while len(found) < len(wanted):
        events = await read.events(connection, school_id, after, _MOST_EVENTS)
        found |= {(0, event.seq - 1): tree.leaf_hash(event.leaf) for event in events if event.seq in wanted}
        after = events[-1].seq
    return found


async def _hold_against_seals(connection: Connection, school: School, leaves: Mapping[Place, bytes]) -> None:
    """Raise Altered for a leaf that is not the one of which the fingerprint was taken when it was sealed."""
    blocks = sorted({index // tree.BLOCK for _, index in leaves})
    rows = _sql.fingerprints(connection, school_id=school.school_id, blocks=blocks)
    prints = {row["block"]: row["prints"] async for row in rows}
    for (_, index), hash_ in sorted(leaves.items()):
        at = index % tree.BLOCK * tree.PRINT
        if prints[index // tree.BLOCK][at : at + tree.PRINT] != hash_[: tree.PRINT]:
            raise Altered(
                f"Event {index + 1} of school {school.urn} is not what was sealed: nothing of that year goes."
            )


async def _record(connection: Connection, head: Head, each: SchoolYear, now: datetime) -> None:
    """Append the act: what may go by which day, how much went, how much stays and why."""
    held = sum(staying.hold is not None for staying in each.staying)
    body = {
        "years": each.school.years,
        "latest": each.school.latest.isoformat(),
        "events": len(each.going),
        "texts": each.texts,
        "pupils": len(each.pupils),
        "staying": {"held": held, "under_years": len(each.staying) - held},
    }
    change = NewChange("year-retired", f"year:{each.academic_year}", canonical(body), now)
    who = await writers(connection, head.school_id, CLIENT, (), ())
    await append.append_changes(connection, head, who, [change], now)


async def _swap(connection: Connection, year: str, schools: Sequence[School]) -> None:
    first, last = academic_year_bounds(year)
    script = await _sql.swap(
        connection,
        year=first.year,
        first=first,
        last=last,
        schools=[school.school_id for school in schools],
        befores=[school.before for school in schools],
    )
    await connection.execute(script)


async def _drop_what_hung_on_it(connection: Connection, each: SchoolYear) -> None:
    """Remove the texts, nonces and key of what has gone, and what was folded from it."""
    first, last = academic_year_bounds(each.academic_year)
    of = {"school_id": each.school.school_id}
    within = {**of, "first": first, "last": last}
    await _sql.drop_texts(connection, seqs=list(each.going), **of)
    await _sql.drop_nonces(connection, seqs=list(each.going), **of)
    await _sql.drop_key(connection, year=first.year, **of)
    await _sql.claim(connection, **of)
    await _sql.drop_entries(connection, **within)
    await _sql.drop_weeks(connection, **within)
    await _sql.add_weeks(connection, **within)
    await _sql.drop_totals(connection, **within)
    await _sql.add_totals(connection, **within)
    await _sql.drop_years_totals(connection, academic_year=each.academic_year, **of)
    await _sql.drop_alerts(connection, academic_year=each.academic_year, **within)


async def _drop_pupils(connection: Connection, school_id: int, pupil_nos: Sequence[int]) -> None:
    """Remove pupils from the admission register, with what was said, read and folded of them."""
    for drop in (
        *(_sql.drop_placings, _sql.drop_pupils, _sql.drop_ids, _sql.drop_plans, _sql.forget_words),
        *(_sql.drop_reads, _sql.drop_spells, _sql.drop_alerts_of, _sql.drop_awaited, _sql.drop_acts, _sql.drop_notices),
    ):
        await drop(connection, school_id=school_id, pupil_nos=list(pupil_nos))
