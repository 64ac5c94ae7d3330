"""What is answered about checkpoints, proofs and evidence."""

from typing import Annotated, Any, Literal

from pydantic import Field

from codes.book import Session
from kit.fields import Absent, Body, Clock, Date, Utc
from register_api.answers.parts import Page
from register_api.bodies import AsAtRead, MadeBy

Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="SHA-256, in hex.")]


class CheckpointOf(Body):
    """A checkpoint: how many there were with it, when it was made, the day that it closes, and the signed note."""

    size: int
    at: Utc
    closes: Date | None
    note: str


class CheckpointItem(CheckpointOf):
    """A checkpoint, and how many registers it covers."""

    heads: int


class Checkpoints(Page):
    """Checkpoints, newest first."""

    items: list[CheckpointItem]


class Key(Body):
    """A public key, and the checkpoint from which on it signed."""

    vkey: str
    since: int


class Keys(Body):
    """The keys that checkpoints were signed with."""

    items: list[Key]
    next: None


class Continuation(Body):
    """The path that proves that one checkpoint continues another."""

    from_: Annotated[int, Field(alias="from")]
    to: int
    path: list[Hash]


class ProvenLeaf(Body):
    """A leaf to the letter, its place in a tree of so many, and the path to the root."""

    leaf: str
    index: int
    size: int
    path: list[Hash]


class StandingOf(Body):
    """A register at a checkpoint, and the proofs that lead from its root to what is signed."""

    checkpoint: CheckpointOf
    seq: int
    root: Hash
    contents: Hash
    heads: ProvenLeaf
    log: ProvenLeaf


class StandingRead(StandingOf):
    """How the register stood at a checkpoint."""

    register_: Annotated[str, Field(alias="register", description="The UUID that the register keeps for life.")]
    as_at: AsAtRead


class Inclusion(ProvenLeaf):
    """That an event is in the register."""

    seq: int
    standing: StandingOf


class Sealed(Body):
    """A position at which the register was sealed."""

    seq: int
    root: Hash


class Consistency(Body):
    """That nothing was changed between two positions."""

    from_: Annotated[Sealed, Field(alias="from")]
    to: Sealed
    path: list[Hash]


class CheckpointAt(Body):
    """The first checkpoint that covered an event."""

    size: int
    at: Utc


class Complete(Body):
    """Up to where the evidence is all there is."""

    seq: int
    checkpoint: int
    at: Utc


class Said(Body):
    """What a change said, in the form of docs/events.md; null where its text was removed."""

    seq: int
    body: dict[str, Any] | None


class Applied(Body):
    """What was applied to the entries: who the pupil is, what was known ahead, calendar, registers and school."""

    identity: Said | None
    planned: list[Said]
    calendar: Said | None
    policies: list[Said]
    school: Said | None


class CodeMeant(Body):
    """What a code meant, by the edition of the law."""

    edition: str
    code: str
    meaning: str
    class_: Annotated[str, Field(alias="class")]
    source: str


class EvidenceVersion(Body):
    """A version of an entry, read from the event that proves it."""

    seq: int
    version: int
    original_entry: str | None
    code: str
    arrived_at: Clock | None
    made_at: Utc
    recorded_at: Utc
    made_by: MadeBy
    client: str
    source: Literal["live", "history", "adapter", "closure"]
    reason: str | None
    nature: str | None
    removed: list[Literal["reason", "nature", "by-system"]]


class EvidenceEntry(Body):
    """An entry with every version of it, the first entry first."""

    date: Date
    session: Session
    first_entry: str
    entry: str
    versions: list[EvidenceVersion]


class TextRead(Body):
    """A text, and the salt with which it was committed to."""

    salt: str
    text: str | Absent = None
    name: str | Absent = None
    position: str | Absent = None


class ProvenEvent(Body):
    """An event: the bytes that were hashed, what they commit to, the path to the root, and since when it is covered."""

    seq: int
    leaf: str
    texts: dict[str, TextRead]
    path: list[Hash]
    first_checkpoint: CheckpointAt


class RemovedSince(Body):
    """An act of removing a text that the checkpoint does not cover yet."""

    seq: int
    subject: str


class ContentsLeaf(ProvenLeaf):
    """How many events there are about a subject; `let_go` of them went after six years."""

    let_go: int


class EvidenceRead(Body):
    """One pupil's year, in plain words and with the proof of them (docs/events.md)."""

    format: Literal["rollbook-evidence"]
    version: Literal[1]
    written_at: Utc
    as_at: AsAtRead
    register_: Annotated[str, Field(alias="register", description="The UUID that the register keeps for life.")]
    urn: str
    school: str | None
    pupil: str
    pupil_no: int
    academic_year: str
    complete: Complete
    applied: Applied
    codes: list[CodeMeant]
    entries: list[EvidenceEntry]
    standing: StandingOf
    events: list[ProvenEvent]
    removed_since: list[RemovedSince]
    contents: list[ContentsLeaf]
