"""Check the file of an exported register, offline, against what was signed; the first event at fault is named."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ledger import paths, streams, tree
from ledger.archive import Reading
from ledger.checking import SAID, Chains, Claim, Fault, Json, Texts, subject_of
from ledger.covers import Folded, Uncovered
from ledger.leaf import contents_bytes
from ledger.tree import BLOCK, PRINT

_parsed = json.JSONDecoder().decode
_NOTHING = [None] * len(SAID)

Subjects = Mapping[str, tuple[bytes, int]]
"""By subject of the contents: its key, and how many of its events have been let go."""


@dataclass(frozen=True, slots=True)
class Held:
    """What held: the checkpoints' claims, the events in the file, and how many the last claim does not cover yet."""

    claims: tuple[Claim, ...]
    events: int
    not_covered: int
    removed: int
    hashes: Mapping[int, bytes]


@dataclass(slots=True)
class _Followed:
    """What has been read of the stream so far."""

    folded: Folded
    prints: Mapping[int, bytes]
    texts: Texts = field(default_factory=Texts)
    chains: Chains = field(default_factory=Chains)
    counts: dict[str, int] = field(default_factory=dict)
    hashes: dict[int, bytes] = field(default_factory=dict)
    ids: dict[int, tuple[str, str]] = field(default_factory=dict)
    counted: list[tuple[Claim, dict[str, int]]] = field(default_factory=list)
    whose: dict[int, int] = field(default_factory=dict)
    known: set[tuple[bytes, str, str | None]] = field(default_factory=set)
    let_go: int = 0
    suspect: Fault | None = None

    def take(self, line: bytes, leaf: Json, beside: bytes) -> None:
        """Take the next event; raise Fault, or remember the first whose hash is not that of its sealing."""
        seq = leaf["seq"]
        if seq > self.folded.size + 1:
            self._pass_over(seq - 1)
        self.chains.follow(leaf)
        hash_ = tree.leaf_hash(line)
        block, at = divmod(seq - 1, BLOCK)
        known = self.prints.get(block, b"")[at * PRINT : (at + 1) * PRINT]
        if self.suspect is None and known and known != hash_[:PRINT]:
            self.suspect = Fault("is not the event that was sealed under this number", seq)
        texts = self._beside(leaf, beside)
        self.folded.add_hash(hash_)
        self.hashes[seq] = hash_
        subject = subject_of(leaf)
        self.counts[subject] = self.counts.get(subject, 0) + 1
        if leaf["kind"] == "year-retired":
            self.let_go = seq
        if leaf["kind"] in ("roll-changed", "absence-planned"):
            self.whose[seq] = int(subject.partition(":")[2])
        if leaf["kind"] == "roll-changed" and "body" in texts:
            self.ids[seq] = (subject, json.loads(texts["body"]["text"])["id"])

    def _beside(self, leaf: Json, line: bytes) -> Json:
        """Check the texts beside an event, and give them; none where they are only who made it, and known to hold."""
        start, _, rest = line.partition(b',"texts":')
        who = (rest, leaf["client"], leaf["made_by"])
        is_plain = start == b'{"seq":%d' % leaf["seq"] and rest.endswith(b"}")
        if is_plain and who in self.known and [*map(leaf.get, SAID)] == _NOTHING:
            return {}
        given = {"seq": leaf["seq"], "texts": _parsed(rest[:-1].decode())} if is_plain else json.loads(line)
        if given["seq"] != leaf["seq"]:
            raise Fault(f"has the texts of event {given['seq']} beside it", leaf["seq"])
        texts: Json = given["texts"]
        self.texts.check(leaf, texts)
        if is_plain and texts.keys() == {"client", "made_by"}:
            self.known.add(who)
        return texts

    def _pass_over(self, end: int) -> None:
        try:
            self.folded.pass_over(end)
        except Uncovered as caught:
            raise Fault("is missing", self.folded.size + 1) from caught


def check(file: Reading, claims: Sequence[Claim]) -> Held:
    """Check an export against what checkpoints say of its register; raise Fault with the first event at fault."""
    claims = sorted(claims, key=lambda each: each.seq)
    if any(claim.register != file.manifest.register for claim in claims):
        raise Fault("the file is of another register than the checkpoint that was given with it")
    covers = {(row["level"], row["index"]): bytes.fromhex(row["hash"]) for row in _rows(file, "covers.ndjson")}
    prints = {row["block"]: bytes.fromhex(row["prints"]) for row in _rows(file, "fingerprints.ndjson")}
    subjects = {row["subject"]: (bytes.fromhex(row["key"]), row["let_go"]) for row in _rows(file, "contents.ndjson")}
    read = _Followed(Folded(covers), prints)
    waiting = list(claims)
    try:
        for line, beside in zip(streams.leaves(file), streams.texts(file), strict=True):
            leaf = _parsed(line.decode())
            while waiting and leaf["seq"] > waiting[0].seq:
                _holds(read, waiting.pop(0))
            read.take(line, leaf, beside)
        while waiting:
            _holds(read, waiting.pop(0))
    except Fault as fault:
        raise read.suspect or fault from fault
    _ends(file, read, subjects)
    last = claims[-1].seq if claims else 0
    return Held(
        tuple(claims),
        len(read.hashes),
        sum(1 for seq in read.hashes if seq > last),
        len(read.texts.removed),
        read.hashes,
    )


def _rows(file: Reading, name: str) -> Iterable[Json]:
    return (json.loads(line) for line in file.lines(name))


def _holds(read: _Followed, claim: Claim) -> None:
    """Compare what has been read so far with what a checkpoint says that there was up to here."""
    if read.folded.size != claim.seq:
        raise Fault(f"is missing: checkpoint {claim.checkpoint} covers events up to {claim.seq}", read.folded.size + 1)
    if read.folded.root != claim.root:
        what = f"the events up to {claim.seq} are not those that checkpoint {claim.checkpoint} was signed over"
        raise read.suspect or Fault(what)
    if read.suspect is not None:
        raise Fault("the fingerprints in the file are not those of its events, though the events are those signed over")
    read.counted.append((claim, dict(read.counts)))


def _contents(counts: Mapping[str, int], subjects: Subjects) -> Iterator[bytes]:
    """Give the leaves of the contents: what was counted, and what has been let go by acts that the stream records."""
    for subject in sorted(counts.keys() | subjects.keys()):
        if subject not in subjects:
            raise Fault(f"the file has no key for the contents of {subject}")
        key, let_go = subjects[subject]
        if let_go and f"year:{subject.partition('/')[2]}" not in counts:
            raise Fault(f"{let_go} events about {subject} are missing, and no act of letting that year go is recorded")
        if events := counts.get(subject, 0) + let_go:
            yield tree.leaf_hash(contents_bytes(subject, events, key))


def _ends(file: Reading, read: _Followed, subjects: Subjects) -> None:
    """Check what can be said only of the whole: its end, texts that are gone, and whose numbers the pupils' are."""
    if (read.folded.size, read.folded.root) != (file.manifest.seq, file.manifest.root):
        raise Fault("the events after the last checkpoint do not make up the register that the manifest names")
    for claim, counts in read.counted:
        # What has been let go since was counted then, and cannot be counted now.
        if claim.seq >= read.let_go and paths.root_over(b"".join(_contents(counts, subjects))) != claim.contents:
            what = f"checkpoint {claim.checkpoint} was signed over other numbers of events about each subject"
            raise Fault(what)
    of_pupils = {row["row"]["pupil_no"] for row in _rows(file, "reference.ndjson") if row["table"] == "pupil_id"}
    unexplained = {
        part
        for part in read.texts.removed.keys() - read.counts.keys()
        # What was said of a pupil goes with the pupil, when a year is let go.
        if read.texts.removed[part] > read.let_go or read.whose.get(read.texts.removed[part], 0) in {0, *of_pupils}
    }
    if unexplained:
        part = min(unexplained, key=lambda subject: read.texts.removed[subject])
        raise Fault(f"{part} is missing, and no act of removing it is recorded", read.texts.removed[part])
    for row in _rows(file, "reference.ndjson"):
        said = row["row"]
        if row["table"] == "pupil_id" and read.ids.get(said["seq"]) not in (
            None,
            (f"pupil:{said['pupil_no']}", said["id"]),
        ):
            raise Fault(f"does not say that {said['id']} is pupil {said['pupil_no']}", said["seq"])
