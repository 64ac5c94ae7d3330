"""Check evidence of a pupil and year, offline, and read from it the entries that it proves, each with every version."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from codes.calendar import academic_year_bounds
from ledger import tree
from ledger.checking import Chains, Claim, Fault, Json, Texts, proven, subject_of

FORMAT, VERSION = "rollbook-evidence", 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Held:
    """What held: the claim of the checkpoint, and how many events and entries were shown.

    Beside them, what a reader should know: texts that a proven act has removed, texts said to have been
    removed by acts that the checkpoint does not cover, how many entries of the year were let go, and
    subjects of which no change was shown.
    """

    claim: Claim
    events: int
    entries: int
    removed: tuple[str, ...]
    said_removed: tuple[str, ...]
    let_go: int
    not_shown: tuple[str, ...]


def instant(micros: int) -> str:
    """Write microseconds since 1970 as an instant, as the API does."""
    return (_EPOCH + timedelta(microseconds=micros)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def entries_of(events: Sequence[Json]) -> list[dict[str, Any]]:
    """Give the entries that events make up, by date and session, each with every version in order."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for event in events:
        leaf, texts = json.loads(event["leaf"]), event["texts"]
        if "pupil_no" not in leaf:
            continue
        entry = found.setdefault(
            (leaf["date"], leaf["session"]),
            {"date": leaf["date"], "session": leaf["session"], "first_entry": leaf["code"], "versions": []},
        )
        entry["entry"] = leaf["code"]
        entry["versions"].append(
            {
                "seq": leaf["seq"],
                "version": leaf["version"],
                "original_entry": leaf["original_code"],
                "code": leaf["code"],
                "arrived_at": leaf["arrived_at"],
                "made_at": instant(leaf["made_at"]),
                "recorded_at": instant(leaf["recorded_at"]),
                "made_by": {name: texts["made_by"][name] for name in ("name", "position")},
                "client": texts["client"]["text"],
                "source": leaf["source"],
                "reason": texts.get("reason", {}).get("text"),
                "nature": texts.get("nature", {}).get("text"),
                "removed": [
                    part
                    for part, member in (("reason", "reason"), ("nature", "nature"), ("by-system", "by_system"))
                    if leaf[member] is not None and part not in texts
                ],
            }
        )
    return [found[key] for key in sorted(found)]


def bodies(events: Sequence[Json], subject: str) -> list[dict[str, Any]]:
    """Give what the changes about a subject said, in order, as {seq, body}; the body is null where it was removed."""
    found = []
    for event in events:
        if json.loads(event["leaf"]).get("subject") == subject:
            text = event["texts"].get("body")
            found.append({"seq": event["seq"], "body": None if text is None else json.loads(text["text"])})
    return found


def applied(events: Sequence[Json], pupil_no: int, academic_year: str) -> dict[str, Any]:
    """Give what was applied to the entries, from the changes shown.

    Who the pupil is, which absence was known ahead and each change of it, calendar, registers, school.
    """

    def last(subject: str) -> dict[str, Any] | None:
        return next(reversed(bodies(events, subject)), None)

    return {
        "identity": last(f"pupil:{pupil_no}"),
        "planned": bodies(events, f"absence:{pupil_no}"),
        "calendar": last(f"calendar:{academic_year}"),
        "policies": bodies(events, "policy"),
        "school": last("school"),
    }


def check(document: Json, claim: Claim) -> Held:
    """Check evidence against what a checkpoint says of its register; raise Fault for what does not hold.

    Every event is under the register's root, its texts are those that were recorded or an act of removing them is
    shown, the versions of each entry follow one another, the counts under the contents' root say that nothing is left
    out, and what the document says in plain words follows from the events.
    """
    events, pupil_no, year = document["events"], document["pupil_no"], document["academic_year"]
    if (document["register"], document["format"], document["version"]) != (claim.register, FORMAT, VERSION):
        raise Fault("the evidence is of another register or form than the checkpoint that was given with it")
    texts, chains, counts = Texts(), Chains(), dict[str, int]()
    first, last = (day.isoformat() for day in academic_year_bounds(year))
    for event in events:
        leaf, root = proven({**event, "index": event["seq"] - 1, "size": claim.seq}, f"event {event['seq']}")
        seq = leaf["seq"]
        if root != claim.root or seq != event["seq"] or leaf["register"] != claim.register:
            raise Fault("is not the event that was recorded under this number", event["seq"])
        if leaf.get("pupil_no", pupil_no) != pupil_no or not first <= leaf.get("date", first) <= last:
            raise Fault("is of another pupil or year", seq)
        texts.check(leaf, event["texts"])
        chains.follow(leaf)
        counts[subject_of(leaf)] = counts.get(subject_of(leaf), 0) + 1
    let_go = _complete(document, claim, counts, {f"pupil:{pupil_no}", f"pupil:{pupil_no}/{year}"})
    unexplained = texts.removed.keys() - counts.keys() - {act["subject"] for act in document["removed_since"]}
    if unexplained:
        part = min(unexplained, key=lambda subject: texts.removed[subject])
        raise Fault(f"{part} is missing, and no act of removing it is shown", texts.removed[part])
    if document["entries"] != entries_of(events):
        raise Fault("what is written as entries does not follow from the events")
    for name, value in applied(events, pupil_no, year).items():
        # Evidence from before absence was known ahead does not say that there is none.
        if document["applied"].get(name, []) != value:
            raise Fault(f"what is written as {name} does not follow from the events")
    others = {f"absence:{pupil_no}", f"calendar:{year}", "policy", "school"} - counts.keys()
    proven_acts, others_said = texts.removed.keys() & counts.keys(), texts.removed.keys() - counts.keys()
    return Held(
        claim,
        len(events),
        len(document["entries"]),
        tuple(sorted(proven_acts)),
        tuple(sorted(others_said)),
        let_go,
        tuple(sorted(others)),
    )


def _complete(document: Json, claim: Claim, shown: Mapping[str, int], required: set[str]) -> int:
    """Check that as many events are shown about each subject as the contents say there are; give how many were let go.

    Entries may be let go six years after they were made: the act is then shown among the events.
    """
    year, said, let_go = document["academic_year"], dict[str, int](), 0
    for written in document["contents"]:
        leaf, root = proven(written, "a subject in the contents")
        subject = leaf["subject"]
        if root != claim.contents:
            raise Fault(f"the contents do not say what is written of {subject}")
        gone = written["let_go"] if f"year:{year}" in shown and subject.endswith(f"/{year}") else 0
        said[subject] = leaf["events"] - gone
        let_go += gone
    for subject in sorted(shown.keys() | said.keys() | required):
        if subject not in said:
            raise Fault(f"how many events there are about {subject} is not proven")
        if shown.get(subject, 0) != said[subject]:
            raise Fault(f"{shown.get(subject, 0)} events about {subject} are shown, and there are {said[subject]}")
    return let_go


def leaf_hashes(document: Json) -> dict[int, bytes]:
    """Give the hashes of the events shown, by seq, to be compared with those of another file."""
    return {event["seq"]: tree.leaf_hash(event["leaf"].encode()) for event in document["events"]}
