"""`rollbook verify`: whether files hold against a signed checkpoint, with nothing but them and the public key."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
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
    """Check files against checkpoints signed by a key; give what holds of each, in a sentence.

    `checkpoint` is a signed note, or a directory in which they were deposited: each file is held to the one that it
    proves. `key` has a public key a line, or is what /v1/checkpoints/keys answers. `page`, where given, is written: the
    certificate of the one file of evidence. Raises DoesNotHold.
    """
    given = _Given(checkpoint, _keys(key))
    checked: dict[Path, _Checked] = {}
    for file in files:
        try:
            checked[file] = _export(file, given) if is_zipfile(file) else _evidence(file, given, page)
        except (Fault, archive.ExchangeFailed, OSError) as caught:
            raise DoesNotHold(f"{file.name}: {caught}{_where(file, checked)}") from caught
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as caught:
            raise DoesNotHold(f"{file.name}: is neither evidence nor an export, or is damaged ({caught!r})") from caught
    return [f"{file.name}: {each.sentence}" for file, each in checked.items()]


def _keys(file: Path) -> list[PublicKey]:
    try:
        text = file.read_text("utf-8")
        lines = [item["vkey"] for item in json.loads(text)["items"]] if text[:1] == "{" else text.splitlines()
        return [PublicKey.parse(line) for line in lines if line.strip()]
    except (NotANote, ValueError, KeyError, TypeError, OSError) as caught:
        raise DoesNotHold(f"{file.name}: {caught}") from caught


@dataclass(frozen=True, slots=True)
class _Given:
    """The checkpoints that were given to check with: one note, or a directory of them."""

    path: Path
    keys: Sequence[PublicKey]

    def of(self, sizes: Iterable[int]) -> dict[int, Checkpoint]:
        """Give those that may serve for a file that proves these sizes; raise DoesNotHold where one is not signed."""
        names = [self.path / f"{size:012d}.txt" for size in sizes] if self.path.is_dir() else [self.path]
        found = {}
        for name in names:
            try:
                if not self.path.is_dir() or name.exists():
                    signed = checking.signed(name.read_text("utf-8"), self.keys)
                    found[signed.size] = signed
            except (Fault, UnicodeDecodeError, OSError) as caught:
                raise DoesNotHold(f"{name.name}: {caught}") from caught
        return found


def _evidence(file: Path, given: _Given, page: Path | None) -> _Checked:
    document: dict[str, Any] = json.loads(file.read_bytes())
    if "code" in document and "detail" in document:
        raise Fault(f"is no evidence but a refusal, {document['code']}: {document['detail']}")
    (signed,) = _serving([document["standing"]], given).values()
    held = checked_evidence.check(document, checking.claim(document["standing"], signed))
    if page is not None:
        page.write_text(certificate.certificate(document), "utf-8")
    named = ["absence known ahead" if each.startswith("absence:") else each for each in held.not_shown]
    removed = f" Of {', '.join(named)} nothing is shown." if named else ""
    if held.removed:
        removed += f" Removed by recorded acts: {', '.join(held.removed)}."
    if held.said_removed:
        removed += f" Missing, and said to be removed since: {', '.join(held.said_removed)}."
    gone = f" {held.let_go} more were let go, by a recorded act." if held.let_go else ""
    sentence = (
        f"holds. {held.entries} entries of {document['pupil']} in {document['academic_year']}, unchanged and complete "
        f"as at event {held.claim.seq}, which checkpoint {signed.size} of {signed.origin} covers.{gone}{removed}"
    )
    return _Checked(sentence, held.claim.register, checked_evidence.leaf_hashes(document))


def _export(file: Path, given: _Given) -> _Checked:
    with file.open("rb") as opened, archive.Reading(opened) as reading:
        try:
            standings = reading.document("standings.json")["standings"]
            signed = _serving(standings, given)
            claims = [_claim(each, signed, given.keys) for each in standings]
            held = checked_export.check(reading, claims)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            # A file that is damaged says nothing of its events.
            reading.check()
            raise
        reading.check()
    after = f" {held.not_covered} later events are not covered by a checkpoint yet." if held.not_covered else ""
    sentence = (
        f"holds. {held.events} events of register {reading.manifest.register}, unchanged and complete as at "
        f"event {held.claims[-1].seq}, which checkpoint {held.claims[-1].checkpoint} covers.{after}"
    )
    return _Checked(sentence, reading.manifest.register, held.hashes)


def _claim(standing: Mapping[str, Any], signed: Mapping[int, Checkpoint], keys: Sequence[PublicKey]) -> Claim:
    """Give what a standing claims, by a checkpoint that was given, or else by the signed one in the file."""
    said = standing["checkpoint"]
    return checking.claim(standing, signed.get(said["size"]) or checking.signed(said["note"], keys))


def _serving(standings: Sequence[Mapping[str, Any]], given: _Given) -> dict[int, Checkpoint]:
    """Give those of the given checkpoints that a file proves: it must prove one."""
    sizes = sorted(standing["checkpoint"]["size"] for standing in standings)
    known = given.of(sizes)
    found = {size: known[size] for size in sizes if size in known}
    if not found:
        proven = ", ".join(map(str, sizes)) or "none"
        others = ", ".join(map(str, known)) or "none of these"
        raise Fault(f"proves checkpoint {proven}, and given was {others}: ask for one that proves it (size={others})")
    return found


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
