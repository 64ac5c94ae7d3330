"""The file of a whole register: a zip whose manifest names every member with its hash, written and read in a stream.

Whoever reads one trusts nothing of it: members and their sizes are bounded, and nothing in it becomes a path.
"""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import IO, Any, BinaryIO, Literal, Self
from uuid import UUID

from ledger.leaf import canonical

FORMAT, VERSION = "rollbook-register", 2
MANIFEST = "manifest.json"
CASEWORK = "casework.ndjson"

Form = Literal["ndjson", "parquet"]
"""What events and texts are written as; everything else is JSON or NDJSON."""

_FIRST = (
    *("standings.json", "covers.ndjson", "contents.ndjson", "fingerprints.ndjson"),
    *("keys.json", "reference.ndjson", "holds.ndjson"),
)
_ALWAYS: dict[int, tuple[str, ...]] = {1: _FIRST, VERSION: (*_FIRST, CASEWORK)}
"""The members of a file beside the streams, by its version."""
STREAMS: dict[Form, tuple[str, str]] = {
    "ndjson": ("events.ndjson", "texts.ndjson"),
    "parquet": ("events.parquet", "texts.parquet"),
}

LONGEST_LINE = 4 << 20
"""Bytes of a line: more than the greatest body that the API takes, written in JSON, can be."""
LARGEST_DOCUMENT = 64 << 20
"""Bytes of a member that is read as a whole."""
LARGEST = 64 << 30
"""Bytes of all members together, unpacked."""
_CHUNK = 1 << 20
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)


class ExchangeFailed(Exception):
    """A file that is not taken in; the message says why, in a sentence."""


class Hashed:
    """A member as it is written: bytes go in, and their hash and the number of lines or rows are kept."""

    def __init__(self, member: IO[bytes]) -> None:
        self._member = member
        self._hash = hashlib.sha256()
        self._at = 0
        self.lines = 0
        self.closed = False

    def write(self, data: bytes) -> int:
        """Write bytes that are no line by themselves."""
        written = bytes(data)
        self._member.write(written)
        self._hash.update(written)
        self._at += len(written)
        return len(written)

    def line(self, line: bytes) -> None:
        """Write a line."""
        self.write(line + b"\n")
        self.lines += 1

    def tell(self) -> int:
        """Give how many bytes were written."""
        return self._at

    def flush(self) -> None:
        """Do nothing: the member is flushed when it ends."""

    def close(self) -> None:
        """Do nothing: the member is closed by whoever opened it."""

    def facts(self) -> dict[str, Any]:
        """Describe the member as the manifest does."""
        return {"sha256": self._hash.hexdigest(), "lines": self.lines}


class Writing:
    """A file that is being written, one member after another, and the manifest last."""

    def __init__(self, file: BinaryIO, at: datetime) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self._at = at.timetuple()[:6]
        self.files: dict[str, dict[str, Any]] = {}

    @contextmanager
    def member(self, name: str) -> Iterator[Hashed]:
        """Open the member of this name for as long as the block runs."""
        with self._open(name) as opened:
            hashed = Hashed(opened)
            yield hashed
        self.files[name] = hashed.facts()

    def document(self, name: str, document: dict[str, Any]) -> None:
        """Write a member that is one JSON object, in one line."""
        with self.member(name) as member:
            member.line(canonical(document).encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            # What was not finished is thrown away: nothing more is written to a file that may be closed by then.
            self._zip.fp = None

    def finish(self, manifest: dict[str, Any]) -> dict[str, Any]:
        """Write the manifest with every member's hash, and give it; nothing may be written after it."""
        whole = {"format": FORMAT, "version": VERSION, **manifest, "files": self.files}
        with self._open(MANIFEST) as opened:
            opened.write(json.dumps(whole, ensure_ascii=False, indent=1).encode() + b"\n")
        self._zip.close()
        return whole

    def _open(self, name: str) -> IO[bytes]:
        info = zipfile.ZipInfo(name, (max(self._at[0], 1980), *self._at[1:]))
        # What is compressed already is stored, so that whoever reads it can go to any place in it.
        info.compress_type = zipfile.ZIP_STORED if name.endswith(".parquet") else zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        return self._zip.open(info, "w", force_zip64=True)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a file says of itself; nothing of it holds until it has been checked."""

    register: str
    urn: str
    name: str
    seq: int
    root: bytes
    recorded_at: datetime
    lines: dict[str, int]
    sha256: dict[str, str]


class Reading:
    """A file that is being read; what it says of its members is checked by `check`, or as their lines are read.

    Raises ExchangeFailed, then and at any line, for what is torn, unknown, too large or not what was hashed.
    """

    def __init__(self, file: BinaryIO) -> None:
        try:
            self._zip = zipfile.ZipFile(file)
        except _BROKEN as caught:
            raise ExchangeFailed("This is not a whole zip file: it was cut short or damaged.") from caught
        self.form = self._known_members()
        self.manifest = _manifest(self._document(MANIFEST), {*self._zip.namelist()} - {MANIFEST}, self.form)
        self._whole: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def _known_members(self) -> Form:
        members = self._zip.infolist()
        names = [member.filename for member in members]
        found: Form | None = None
        for form, streams in STREAMS.items():
            if any(sorted(names) == sorted((MANIFEST, *always, *streams)) for always in _ALWAYS.values()):
                found = form
        if found is None:
            raise ExchangeFailed("This is no register that Rollbook exported: its members are not the documented ones.")
        kinds = {member.compress_type for member in members}
        stored = [member.compress_type for member in members if member.filename.endswith(".parquet")]
        if kinds - {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} or any(kind != zipfile.ZIP_STORED for kind in stored):
            raise ExchangeFailed("A member of the file is compressed in a way that Rollbook does not write.")
        if sum(member.file_size for member in members) > LARGEST:
            raise ExchangeFailed(f"The file unpacks to more than {LARGEST >> 30} GiB.")
        return found

    def check(self) -> None:
        """Read every member that has not been read to its end, and refuse the first that is torn or not as hashed."""
        for name in self.manifest.sha256.keys() - self._whole:
            for _ in self._chunks(name):
                pass

    def open(self, name: str) -> IO[bytes]:
        """Open a member for reading."""
        try:
            return self._zip.open(name)
        except _BROKEN as caught:
            raise ExchangeFailed(f"{name} cannot be read: the file was cut short or damaged.") from caught

    def _chunks(self, name: str) -> Iterator[bytes]:
        """Read a member, and refuse at its end what is not what the manifest says."""
        digest = hashlib.sha256()
        with self.open(name) as member:
            while chunk := _read(member, name, _CHUNK):
                digest.update(chunk)
                yield chunk
        if digest.hexdigest() != self.manifest.sha256[name]:
            raise ExchangeFailed(f"{name} is not what the manifest says: its SHA-256 differs.")
        self._whole.add(name)

    def document(self, name: str) -> dict[str, Any]:
        """Read a member that is one JSON object."""
        return self._document(name)

    def _document(self, name: str) -> dict[str, Any]:
        with self.open(name) as member:
            text = _read(member, name, LARGEST_DOCUMENT + 1)
        if len(text) > LARGEST_DOCUMENT:
            raise ExchangeFailed(f"{name} is longer than {LARGEST_DOCUMENT >> 20} MiB.")
        return parsed(text, name)

    def lines(self, name: str) -> Iterator[bytes]:
        """Read the lines of a member, without their LF; as many as the manifest says, and hashed as it says."""
        count, rest = 0, b""
        # Cut from chunks: one by one, the reader of zipfile gives them five times as slowly.
        for chunk in self._chunks(name):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                count += 1
                if len(line) >= LONGEST_LINE:
                    raise _no_line(name, count)
                yield line
            if len(rest) >= LONGEST_LINE:
                break
        if rest:
            raise _no_line(name, count + 1)
        if count != self.manifest.lines[name]:
            raise ExchangeFailed(f"{name} has {count} lines, and {self.manifest.lines[name]} by the manifest.")


def parsed(text: bytes, where: str) -> dict[str, Any]:
    """Read a JSON object, or refuse with the place where it stands."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as caught:
        raise ExchangeFailed(f"{where} is not JSON.") from caught
    if not isinstance(found, dict):
        raise ExchangeFailed(f"{where} is not a JSON object.")
    return found


def _no_line(name: str, count: int) -> ExchangeFailed:
    return ExchangeFailed(f"Line {count} of {name} is cut short, or longer than {LONGEST_LINE >> 20} MiB.")


def _read(member: IO[bytes], name: str, size: int) -> bytes:
    try:
        return member.read(size)
    except _BROKEN as caught:
        raise ExchangeFailed(f"{name} cannot be read: the file was cut short or damaged.") from caught


def _manifest(document: dict[str, Any], members: set[str], form: Form) -> Manifest:
    if document.get("format") != FORMAT:
        raise ExchangeFailed(f"The manifest is not of the format {FORMAT}.")
    version = document.get("version")
    if type(version) is not int or version not in _ALWAYS:
        known = " and ".join(map(str, _ALWAYS))
        raise ExchangeFailed(f"The export is of version {str(version)[:20]!r}; this Rollbook reads versions {known}.")
    try:
        files = dict(document["files"])
        found = Manifest(
            register=str(UUID(document["register"])),
            urn=str(document["urn"]),
            name=str(document["name"]),
            seq=int(document["seq"]),
            root=bytes.fromhex(document["root"]),
            recorded_at=datetime.fromisoformat(document["recorded_at"]),
            lines={name: int(facts["lines"]) for name, facts in files.items()},
            sha256={name: str(facts["sha256"]) for name, facts in files.items()},
        )
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as caught:
        raise ExchangeFailed("The manifest does not say what it must.") from caught
    if not found.sha256.keys() == members == {*_ALWAYS[version], *STREAMS[form]}:
        raise ExchangeFailed("The manifest does not name every member of the file, and no other.")
    if found.seq < 0 or len(found.root) != 32 or found.recorded_at.tzinfo is None:
        raise ExchangeFailed("The manifest does not say what it must.")
    return found
