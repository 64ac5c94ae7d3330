"""A checkpoint as others can check it: a signed note of the C2SP (signed-note, tlog-checkpoint), signed with Ed25519.

    rollbook.example/register
    27
    qINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=

    — rollbook.example/register Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDe...

The text is the log's name, how many leaves it has, and its root; each signature names its key.
"""

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ED25519 = b"\x01"
_DASH = "— "


class NotANote(ValueError):
    """What was given is no checkpoint, or no key of one."""


def _decoded(text: str) -> bytes:
    try:
        read = base64.b64decode(text, validate=True)
    except binascii.Error as caught:
        raise NotANote("what should be base64 is not") from caught
    # The last character may carry bits that mean nothing: the bytes have one text, or a note could be changed unseen.
    if base64.b64encode(read).decode() != text:
        raise NotANote("what should be base64 is not as it would be written")
    return read


def _key_id(name: str, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:4]


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key under its name: 32 bytes of Ed25519."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """The four bytes by which a signature names it."""
        return _key_id(self.name, self.public)

    @classmethod
    def parse(cls, vkey: str) -> "PublicKey":
        """Read a key as it is published, `name+id+key`; raise NotANote."""
        name, _, rest = vkey.strip().partition("+")
        id_, _, encoded = rest.partition("+")
        material = _decoded(encoded)
        if not name or len(material) != 33 or material[:1] != _ED25519:
            raise NotANote("not a public key of the form name+id+key")
        key = cls(name, material[1:])
        if key.id.hex() != id_.lower():
            raise NotANote("the id of the public key is not that of its name and key")
        return key

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key under its name."""

    name: str
    private: Ed25519PrivateKey

    @property
    def public(self) -> PublicKey:
        """The key that others check with."""
        return PublicKey(self.name, self.private.public_key().public_bytes_raw())


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a note says: the log's name, how many leaves it has, and the root over them; and who has signed it."""

    origin: str
    size: int
    root: bytes
    text: str
    signatures: tuple[tuple[str, bytes], ...]

    def signed_by(self, keys: Iterable[PublicKey]) -> PublicKey | None:
        """Give the first of `keys` whose signature stands under the note and holds; None when there is none."""
        for key in keys:
            for name, signature in self.signatures:
                if name == key.name and signature[:4] == key.id and _holds(key, signature[4:], self.text):
                    return key
        return None


def _holds(key: PublicKey, signature: bytes, text: str) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, text.encode())
    except InvalidSignature:
        return False
    return True


def write(origin: str, size: int, root: bytes, keys: Sequence[SigningKey]) -> str:
    """Write and sign a checkpoint with every key given: two while one takes the other's place."""
    text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"
    lines = []
    for key in keys:
        signature = key.public.id + key.private.sign(text.encode())
        lines.append(f"{_DASH}{key.name} {base64.b64encode(signature).decode()}\n")
    return text + "\n" + "".join(lines)


def read(note: str) -> Checkpoint:
    """Read a checkpoint without judging its signatures; raise NotANote."""
    text, separator, signed = note.rpartition("\n\n")
    lines = (text + "\n").split("\n")
    if (
        not separator
        or not signed.endswith("\n")
        or len(lines) < 4
        or not lines[0]
        or not lines[1].isdecimal()
        or str(int(lines[1])) != lines[1]
    ):
        raise NotANote("not a checkpoint: name, size and root, an empty line, signatures")
    root = _decoded(lines[2])
    if len(root) != 32:
        raise NotANote("the root of the checkpoint has not 32 bytes")
    signatures = []
    for line in signed[:-1].split("\n"):
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        signature = _decoded(encoded)
        if not line.startswith(_DASH) or not name or len(signature) < 5:
            raise NotANote("a signature of the checkpoint cannot be read")
        signatures.append((name, signature))
    return Checkpoint(lines[0], int(lines[1]), root, text + "\n", tuple(signatures))
