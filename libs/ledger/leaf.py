"""What is hashed, for each event and above the events: canonical JSON (RFC 8785) of strings, integers and null.

A leaf holds no number that is local to one database, and no text: it commits to texts and persons by salted hashes,
so that they can be redacted, and it carries a nonce, so that a sibling hash in a proof cannot be guessed back to a
pupil and a code. Version 1 of the leaf is fixed for ever: golden vectors stand in tests/ledger.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from hashlib import sha256

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class MarkLeaf:
    """An entry, as its leaf has it; the four commitments are 32 bytes each, or None where there is nothing."""

    register: str
    seq: int
    pupil_no: int
    date: date
    session: str
    version: int
    original_code: str | None
    code: str
    arrived_at: time | None
    made_at: datetime
    recorded_at: datetime
    source: str
    made_by: bytes
    client: bytes
    reason: bytes | None = None
    nature: bytes | None = None
    by_system: bytes | None = None


@dataclass(frozen=True, slots=True)
class ChangeLeaf:
    """A change of the roll, the calendar, the policy...: its salted body makes a nonce needless."""

    register: str
    seq: int
    kind: str
    subject: str
    made_at: datetime
    recorded_at: datetime
    made_by: bytes | None
    client: bytes
    body: bytes
    reason: bytes | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the stream as it was hashed, and the texts that it commits to, each with its salt (hex)."""

    seq: int
    leaf: bytes
    texts: Mapping[str, Mapping[str, str]]


def micros(instant: datetime) -> int:
    """Give an instant as whole microseconds since 1970 in UTC."""
    return (instant - _EPOCH) // _MICROSECOND


def kind_of(version: int) -> str:
    """Give the kind of an entry: what is not the first is an amendment."""
    return "mark-entered" if version == 1 else "mark-amended"


def nonces(key: bytes) -> Callable[[int], str]:
    """Give what makes, of a position, 16 bytes in hex that nobody can compute without this key of register and year.

    HMAC-SHA-256; the key is taken in once, which takes as long as a nonce.
    """
    keyed = HMAC(key, SHA256())

    def of(seq: int) -> str:
        one = keyed.copy()
        one.update(b"%d" % seq)
        return one.finalize().hex()[:32]

    return of


def nonce(key: bytes, seq: int) -> str:
    """Give one nonce; of many under one key ask `nonces`."""
    return nonces(key)(seq)


def _hex(commitment: bytes | None) -> str:
    return "null" if commitment is None else f'"{commitment.hex()}"'


@lru_cache(maxsize=256)
def _quoted(code: str | None) -> str:
    return _canonical(code)


def mark_bytes(leaf: MarkLeaf, key: bytes) -> bytes:
    """Give the canonical bytes of an entry's leaf; `key` is that of the register and the session's academic year."""
    return mark_bytes_with(leaf, nonce(key, leaf.seq))


def mark_bytes_with(leaf: MarkLeaf, nonce_: str) -> bytes:
    """Give the canonical bytes of an entry's leaf by its nonce, which may outlive the key of its year."""
    return mark_bytes_of(
        leaf.register,
        leaf.client.hex(),
        leaf.seq,
        nonce_,
        leaf.pupil_no,
        str(leaf.date),
        leaf.session,
        leaf.version,
        leaf.original_code,
        leaf.code,
        leaf.arrived_at,
        micros(leaf.made_at),
        micros(leaf.recorded_at),
        leaf.source,
        leaf.made_by.hex(),
        leaf.reason,
        leaf.nature,
        leaf.by_system,
    )


def mark_bytes_of(
    register: str,
    client: str,
    seq: int,
    nonce_: str,
    pupil_no: int,
    on: str,
    session: str,
    version: int,
    original_code: str | None,
    code: str,
    arrived_at: time | None,
    made_at: int,
    recorded_at: int,
    source: str,
    made_by: str,
    reason: bytes | None,
    nature: bytes | None,
    by_system: bytes | None,
) -> bytes:
    """Give the canonical bytes of an entry's leaf from its members, instants in microseconds, persons in hex.

    Plain arguments, for millions are written: an object of them takes as long to make as the bytes.
    """
    arrived = "null" if arrived_at is None else f'"{arrived_at:%H:%M}"'
    # Written out in the order of the names: twice as fast as a general writer, and held against one in the tests.
    return (
        f'{{"arrived_at":{arrived},"by_system":{_hex(by_system)},"client":"{client}",'
        f'"code":{_quoted(code)},"date":"{on}","kind":"{"mark-entered" if version == 1 else "mark-amended"}",'
        f'"made_at":{made_at},"made_by":"{made_by}","nature":{_hex(nature)},'
        f'"nonce":"{nonce_}","original_code":{_quoted(original_code)},'
        f'"pupil_no":{pupil_no},"reason":{_hex(reason)},"recorded_at":{recorded_at},'
        f'"register":"{register}","seq":{seq},"session":"{session}","source":"{source}",'
        f'"v":1,"version":{version}}}'
    ).encode()


def change_bytes(leaf: ChangeLeaf) -> bytes:
    """Give the canonical bytes of a change's leaf."""
    return _canonical(
        {
            "body": leaf.body.hex(),
            "client": leaf.client.hex(),
            "kind": leaf.kind,
            "made_at": micros(leaf.made_at),
            "made_by": None if leaf.made_by is None else leaf.made_by.hex(),
            "reason": None if leaf.reason is None else leaf.reason.hex(),
            "recorded_at": micros(leaf.recorded_at),
            "register": leaf.register,
            "seq": leaf.seq,
            "subject": leaf.subject,
            "v": 1,
        }
    ).encode()


def contents_bytes(subject: str, events: int, key: bytes) -> bytes:
    """Give the canonical bytes that say how many events a register has about a subject; `key` is the subject's own."""
    return _canonical({"events": events, "nonce": nonce(key, events), "subject": subject, "v": 1}).encode()


def head_bytes(register: str, seq: int, root: bytes, contents: bytes) -> bytes:
    """Give the canonical bytes that say how a register stands: its position and the roots of its two trees."""
    return f'{{"contents":"{contents.hex()}","register":"{register}","root":"{root.hex()}","seq":{seq},"v":1}}'.encode()


def log_bytes(at: datetime, closes: date | None, heads: int, root: bytes) -> bytes:
    """Give the canonical bytes of a checkpoint: `root` is that of the tree over `heads` registers."""
    day = None if closes is None else str(closes)
    return _canonical({"at": micros(at), "closes": day, "heads": heads, "root": root.hex(), "v": 1}).encode()


@dataclass(frozen=True, slots=True)
class Sealed:
    """A text with its salt and the commitment that stands for both in a leaf."""

    text: str
    salt: bytes
    commitment: bytes


def seal(text: str) -> Sealed:
    """Commit to a text under a fresh salt of 16 bytes: SHA-256(salt || UTF-8 text)."""
    salt = secrets.token_bytes(16)
    return Sealed(text, salt, commitment(salt, text))


def commitment(salt: bytes, text: str) -> bytes:
    """Give the commitment to a text under a salt."""
    return sha256(salt + text.encode()).digest()


def canonical(value: Mapping[str, object]) -> str:
    """Write an object of strings, integers, null and the like in canonical form, to be sealed as one text."""
    return _canonical(value)


def person(name: str, position: str) -> str:
    """Write who made an entry, as the text that a leaf commits to."""
    return _canonical({"name": name, "position": position})
