"""`rollbook verify`: whether files hold against a signed checkpoint, with nothing but them and the public key."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

from ledger import archive, certificate, checked_evidence, checked_export, checking, streams, tree
from ledger.checking import Claim, Fault
from ledger.note import Checkpoint, NotANote, PublicKey


class DoesNotHold(Exception):
    """A file does not hold; the message names it and the first fault found."""


@dataclass(frozen=True, slots=True)
class _Checked:
    """What a file proves, in a sentence, and the hashes of its events by seq."""

    sentence: str
    register: str
    hashes: Mapping[int, bytes]


def verify(files: Sequence[Path], checkpoint: Path, key: Path, page: Path | None) -> list[str]:
    """Check files against a checkpoint signed by a key; give what holds of each, in a sentence.

    `page`, where given, is written: the certificate of the one file of evidence. Raises DoesNotHold.
    """
    keys = _keys(key)
    try:
        signed = checking.signed(checkpoint.read_text("utf-8"), keys)
    except (Fault, UnicodeDecodeError, OSError) as caught:
        raise DoesNotHold(f"{checkpoint.name}: {caught}") from caught
    checked: dict[Path, _Checked] = {}
    for file in files:
        try:
            checked[file] = _export(file, signed, keys) if is_zipfile(file) else _evidence(file, signed, page)
        except (Fault, archive.ExchangeFailed, OSError) as caught:
            raise DoesNotHold(f"{file.name}: {caught}{_where(file, checked)}") from caught
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as caught:
            raise DoesNotHold(f"{file.name}: is neither evidence nor an export, or is damaged ({caught!r})") from caught
    return [f"{file.name}: {each.sentence}" for file, each in checked.items()]


def _keys(file: Path) -> list[PublicKey]:
    try:
        return [PublicKey.parse(line) for line in file.read_text("utf-8").splitlines() if line.strip()]
    except (NotANote, UnicodeDecodeError, OSError) as caught:
        raise DoesNotHold(f"{file.name}: {caught}") from caught


def _evidence(file: Path, signed: Checkpoint, page: Path | None) -> _Checked:
    document: dict[str, Any] = json.loads(file.read_bytes())
    held = checked_evidence.check(document, checking.claim(document["standing"], signed))
    if page is not None:
        page.write_text(certificate.certificate(document), "utf-8")
    removed = f" Removed by recorded acts: {', '.join(held.removed)}." if held.removed else ""
    gone = f" {held.let_go} more were let go, by a recorded act." if held.let_go else ""
    sentence = (
        f"holds. {held.entries} entries of {document['pupil']} in {document['academic_year']}, unchanged and complete "
        f"as at event {held.claim.seq}, which checkpoint {signed.size} of {signed.origin} covers.{gone}{removed}"
    )
    return _Checked(sentence, held.claim.register, checked_evidence.leaf_hashes(document))


def _export(file: Path, signed: Checkpoint, keys: Sequence[PublicKey]) -> _Checked:
    with file.open("rb") as opened, archive.Reading(opened) as reading:
        try:
            held = checked_export.check(reading, _claims(reading.document("standings.json"), signed, keys))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            # A file that is damaged says nothing of its events.
            reading.check()
            raise
        reading.check()
    after = f" {held.not_covered} later events are not covered by a checkpoint yet." if held.not_covered else ""
    sentence = (
        f"holds. {held.events} events of register {reading.manifest.register}, unchanged and complete as at "
        f"event {held.claims[-1].seq}, which checkpoint {held.claims[-1].checkpoint} of {signed.origin} covers.{after}"
    )
    return _Checked(sentence, reading.manifest.register, held.hashes)


def _claims(document: Mapping[str, Any], signed: Checkpoint, keys: Sequence[PublicKey]) -> list[Claim]:
    """Give what every checkpoint in an export says; the one given from outside must be among them."""
    standings = {standing["checkpoint"]["size"]: standing for standing in document["standings"]}
    if signed.size not in standings:
        sizes = ", ".join(map(str, sorted(standings))) or "none"
        raise Fault(
            f"proves the checkpoints {sizes}; ask for an export that proves {signed.size} (--size {signed.size})"
        )
    return [
        checking.claim(each, signed if size == signed.size else checking.signed(each["checkpoint"]["note"], keys))
        for size, each in standings.items()
    ]


def _where(file: Path, checked: Mapping[Path, _Checked]) -> str:
    """Say at which event a file that does not hold departs from one that does, where that can be seen."""
    for other, each in checked.items():
        for seq, hash_ in _shown(file).items():
            if each.hashes.get(seq, hash_) != hash_:
                return f"; event {seq} is the first that is another than in {other.name}"
    return ""


def _shown(file: Path) -> dict[int, bytes]:
    """Give the hashes of the events that an export shows, whether they hold or not."""
    if not is_zipfile(file):
        return {}
    with file.open("rb") as opened, archive.Reading(opened) as reading:
        return {json.loads(line)["seq"]: tree.leaf_hash(line) for line in streams.leaves(reading)}


def run(files: Sequence[Path], checkpoint: Path, key: Path, page: Path | None) -> None:
    """Print what holds, one line a file; raise DoesNotHold."""
    for line in verify(files, checkpoint, key, page):
        sys.stdout.write(f"{line}\n")
