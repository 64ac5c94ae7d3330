"""Evidence of one pupil and academic year: every event about them, proven to be there and to be all."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from codes.calendar import academic_year_bounds
from kit import database
from kit.database import Connection
from kit.fields import written
from ledger import leaves, paths, proving, read, tree
from ledger.checking import subject_of
from ledger.checkpoints import Standing
from ledger.leaf import contents_bytes

_sql = database.statements(__file__)


async def gather(
    connection: Connection, school_id: int, pupil_no: int, academic_year: str, standing: Standing
) -> dict[str, Any]:
    """Give the events of a pupil and year as at a checkpoint, each with its proof, and the proof that they are all.

    Beside the entries these are the changes that say who the pupil is, which absence was known ahead, which sessions
    the year had, when registers opened and closed, whose register it is, and each act that removed a text of any of
    them.
    """
    first, last = academic_year_bounds(academic_year)
    rows = _sql.about(
        connection,
        school_id=school_id,
        pupil_no=pupil_no,
        first=first,
        last=last,
        pupil=f"pupil:{pupil_no}",
        absence=f"absence:{pupil_no}",
        calendar=f"calendar:{academic_year}",
        year=f"year:{academic_year}",
        up_to=standing.seq,
    )
    events = await read.events_of(connection, school_id, [(row["seq"], row["seq"]) async for row in rows])
    removed = [f"text:{event.seq}/{part}" for event in events for part in ("reason", "nature", "by-system", "body")]
    acts = [row async for row in _sql.acts(connection, school_id=school_id, subjects=removed)]
    covered_acts = [(row["seq"], row["seq"]) for row in acts if row["seq"] <= standing.seq]
    events = sorted([*events, *await read.events_of(connection, school_id, covered_acts)], key=lambda event: event.seq)
    seqs = [event.seq for event in events]
    found = await proving.inclusion(connection, school_id, seqs, standing.seq)
    covered = {
        row["seq"]: {"size": row["size"], "at": written(row["at"])}
        async for row in _sql.first_covered(connection, school_id=school_id, seqs=seqs)
    }
    return {
        "standing": standing.written(),
        "events": [
            {
                "seq": event.seq,
                "leaf": event.leaf.decode(),
                "texts": event.texts,
                "path": [step.hex() for step in found[event.seq]],
                "first_checkpoint": covered[event.seq],
            }
            for event in events
        ],
        # Acts that the checkpoint does not cover yet: the text is gone all the same.
        "removed_since": [dict(row) for row in acts if row["seq"] > standing.seq],
        "contents": await _contents(
            connection, school_id, standing, Counter(subject_of(json.loads(event.leaf)) for event in events)
        ),
    }


async def _contents(
    connection: Connection, school_id: int, standing: Standing, shown: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Prove how many events there are about each subject shown, as at a checkpoint, and say how many were let go."""
    rows = [row async for row in _sql.contents(connection, school_id=school_id)]
    since = await _events_since(connection, school_id, standing.seq)
    hashes: list[bytes] = []
    wanted: dict[int, tuple[bytes, int]] = {}
    for subject, events, key, hash_ in rows:
        then = events - since.get(subject, 0)
        if then == 0:
            continue
        if subject in shown:
            wanted[len(hashes)] = contents_bytes(subject, then, key), then - shown[subject]
        hashes.append(tree.leaf_hash(contents_bytes(subject, then, key)) if subject in since else hash_)
    whole = b"".join(hashes)
    if paths.root_over(whole) != standing.contents:
        raise AssertionError("the contents of the register are not those that were sealed")
    return [
        {
            "leaf": leaf.decode(),
            "index": index,
            "size": len(hashes),
            "path": [step.hex() for step in paths.path_in(whole, index)],
            "let_go": let_go,
        }
        for index, (leaf, let_go) in wanted.items()
    ]


async def _events_since(connection: Connection, school_id: int, seq: int) -> Mapping[str, int]:
    """Count the events by subject that have been sealed after a position."""
    last = await _sql.sealed_seq(connection, school_id=school_id)
    counts: dict[str, int] = {}
    if last > seq:
        for row in (await leaves.rows(connection, school_id, [(seq + 1, last)])).events:
            subject = leaves.subject_of(row)
            counts[subject] = counts.get(subject, 0) + 1
    return counts
