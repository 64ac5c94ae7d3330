"""Check what a register claims of itself, offline: with files, a checkpoint and a public key, trusting nobody."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from hashlib import sha256
from typing import Any

from codes.calendar import academic_year
from ledger import note, paths, tree
from ledger.leaf import person
from ledger.note import Checkpoint, PublicKey

Json = Mapping[str, Any]

_ENTRIES = frozenset({"mark-entered", "mark-amended"})
# As a leaf names what it commits to, and as the text beside it is named, also by the act of removing it.
_PARTS = tuple(
    (name.replace("-", "_"), name) for name in ("reason", "nature", "by-system", "body", "client", "made_by")
)
SAID = tuple(member for member, _ in _PARTS[:4])
"""The members of a leaf that commit to what was said, not to who said it."""


class Fault(ValueError):
    """The first thing found that does not hold, and the event that it is about, where it is about one."""

    def __init__(self, what: str, seq: int | None = None) -> None:
        super().__init__(what if seq is None else f"event {seq}: {what}")
        self.seq = seq


@dataclass(frozen=True, slots=True)
class Claim:
    """What a signed checkpoint says of a register: how far it went, the roots over its events and its contents."""

    register: str
    seq: int
    root: bytes
    contents: bytes
    checkpoint: int


def signed(text: str, keys: Sequence[PublicKey]) -> Checkpoint:
    """Read a checkpoint that one of `keys` has signed; raise Fault."""
    try:
        read = note.read(text)
    except note.NotANote as caught:
        raise Fault(str(caught)) from caught
    if read.signed_by(keys) is None:
        raise Fault(f"checkpoint {read.size} of {read.origin} is not signed by the key given")
    return read


def proven(written: Json, what: str) -> tuple[dict[str, Any], bytes]:
    """Give what a leaf says, and the root to which its path leads; raise Fault when it leads nowhere."""
    leaf = written["leaf"].encode()
    steps = [bytes.fromhex(step) for step in written["path"]]
    root = paths.root_by(tree.leaf_hash(leaf), written["index"], written["size"], steps)
    if root is None:
        raise Fault(f"the path of {what} has not the length that its tree asks for")
    return json.loads(leaf), root


def claim(standing: Json, checkpoint: Checkpoint) -> Claim:
    """Give what a checkpoint says of the register whose standing this is; raise Fault where the proof does not hold."""
    size = standing["checkpoint"]["size"]
    if size != checkpoint.size:
        raise Fault(f"the file proves checkpoint {size}, and checkpoint {checkpoint.size} was given to check it with")
    log, root = proven(standing["log"], "the checkpoint in the log")
    if (standing["log"]["index"], standing["log"]["size"], root) != (size - 1, size, checkpoint.root):
        raise Fault(f"the file's checkpoint {size} is not the one that was signed")
    heads, root = proven(standing["heads"], "the register among all registers")
    if root.hex() != log["root"] or standing["heads"]["size"] != log["heads"]:
        raise Fault(f"checkpoint {size} was signed over other registers than the file says")
    return Claim(heads["register"], heads["seq"], bytes.fromhex(heads["root"]), bytes.fromhex(heads["contents"]), size)


def subject_of(leaf: Json) -> str:
    """Give what an event is counted under in the contents: a pupil and academic year, or the subject of a change."""
    if leaf["kind"] in _ENTRIES:
        return f"pupil:{leaf['pupil_no']}/{_year(leaf['date'])}"
    return str(leaf["subject"])


@lru_cache(maxsize=4_096)
def _year(on: str) -> str:
    return academic_year(date.fromisoformat(on))


def _words(part: str, text: Json) -> str:
    return person(text["name"], text["position"]) if part == "made_by" else text["text"]


@dataclass(slots=True)
class Texts:
    """The texts beside the leaves: each is what its leaf commits to, or was removed by an act in the stream."""

    removed: dict[str, int] = field(default_factory=dict)
    _held: set[tuple[str | None, ...]] = field(default_factory=set)

    def check(self, leaf: Json, texts: Json) -> None:
        """Check the texts of one event; raise Fault when one is not what the leaf commits to, or is one too many."""
        seq, found = leaf["seq"], 0
        for member, part in _PARTS:
            commitment, text = leaf.get(member), texts.get(part)
            if text is None:
                if commitment is not None:
                    self.removed[f"text:{seq}/{part}"] = seq
                continue
            found += 1
            # All that is hashed: the few who write stand beside every event, and are hashed once.
            whole = (part, commitment, text["salt"], text.get("text"), text.get("name"), text.get("position"))
            if whole not in self._held:
                if sha256(bytes.fromhex(text["salt"]) + _words(part, text).encode()).hexdigest() != commitment:
                    raise Fault(f"the {member.replace('_', ' ')} is not the one that was recorded", seq)
                if part in ("client", "made_by"):
                    self._held.add(whole)
        if found < len(texts):
            more = ", ".join(sorted(texts.keys() - {part for _, part in _PARTS})) or "null"
            raise Fault(f"a text that the event does not have: {more}", seq)


@dataclass(slots=True)
class Chains:
    """The versions of every entry: without a gap, each amending the code that the one before had."""

    standing: dict[tuple[int, str, str], tuple[int, str]] = field(default_factory=dict)
    last: tuple[int, int] = (0, 0)

    def follow(self, leaf: Json) -> None:
        """Take the next event; raise Fault when it does not follow from those before."""
        seq = leaf["seq"]
        if seq <= self.last[0]:
            raise Fault(f"stands after event {self.last[0]}", seq)
        if leaf["recorded_at"] <= self.last[1]:
            raise Fault(f"was recorded no later than event {self.last[0]}", seq)
        self.last = (seq, leaf["recorded_at"])
        if leaf["kind"] not in _ENTRIES:
            return
        key = (leaf["pupil_no"], leaf["date"], leaf["session"])
        version, code = self.standing.get(key, (0, None))
        if leaf["version"] != version + 1 or leaf["original_code"] != code:
            raise Fault(f"is version {leaf['version']} of an entry of which version {version} stands as {code}", seq)
        self.standing[key] = (leaf["version"], leaf["code"])
