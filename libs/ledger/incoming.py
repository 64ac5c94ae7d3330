"""One event of an exported register as it is read: a leaf and its texts, held to each other, as rows of the book."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from ledger.archive import ExchangeFailed, parsed
from ledger.leaf import commitment, person

PARTS = {"reason": "reason", "nature": "nature", "by_system": "by-system", "body": "body"}
"""The members of a leaf that commit to a text, and the part that has it."""
_MARKS = ("mark-entered", "mark-amended")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNREADABLE = (KeyError, TypeError, ValueError, OverflowError, AttributeError)


class Contradiction(ExchangeFailed):
    """An event that is not what it must be, and the first of them."""

    def __init__(self, seq: int, detail: str) -> None:
        super().__init__(f"Event {seq}: {detail}.")


@dataclass(frozen=True, slots=True)
class Said:
    """A change, its body (None once it was removed), and then the rows that the file has of it."""

    seq: int
    kind: str
    subject: str
    body: str | None
    rows: tuple[tuple[str, dict[str, Any]], ...] = ()


@dataclass(slots=True)
class Rows:
    """The rows of a portion of events, table by table."""

    clients: list[tuple[Any, ...]] = field(default_factory=list)
    staff: list[tuple[Any, ...]] = field(default_factory=list)
    marks: list[tuple[Any, ...]] = field(default_factory=list)
    changes: list[tuple[Any, ...]] = field(default_factory=list)
    texts: list[tuple[Any, ...]] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)


@dataclass(slots=True)
class Incoming:
    """What is known of a stream as far as it has been read."""

    end: int
    seq: int = 0
    recorded_at: datetime = _EPOCH
    changed_seq: int = 0
    clients: dict[str, int] = field(default_factory=dict)
    staff: dict[str, int] = field(default_factory=dict)
    removed: set[tuple[int, str]] = field(default_factory=set)
    acts: set[str] = field(default_factory=set)
    gaps: bool = False
    retired: bool = False

    def read(self, line: bytes, beside: bytes, rows: Rows) -> None:
        """Read the next event into rows; raise ExchangeFailed for what does not follow, or not what it commits to."""
        leaf, held = parsed(line, f"What follows event {self.seq}"), parsed(beside, f"The texts after event {self.seq}")
        seq = leaf.get("seq")
        if type(seq) is not int or not self.seq < seq <= self.end:
            raise ExchangeFailed(
                f"After event {self.seq} the file has event {str(seq)[:20]!r}: its events are not in order."
            )
        if held.get("seq") != seq:
            raise Contradiction(seq, "its texts do not stand beside it")
        self.gaps = self.gaps or seq > self.seq + 1
        self.seq = seq
        try:
            self._read(leaf, dict(held["texts"]), rows)
        except _UNREADABLE as caught:
            raise Contradiction(seq, "it cannot be read") from caught

    def _read(self, leaf: dict[str, Any], texts: dict[str, Any], rows: Rows) -> None:
        made_at, recorded_at = _instant(leaf["made_at"]), _instant(leaf["recorded_at"])
        if recorded_at <= self.recorded_at:
            raise Contradiction(self.seq, "it was not recorded after the one before it")
        self.recorded_at = recorded_at
        client_no = self._client(leaf, texts, rows)
        staff_no = self._person(leaf, texts, rows)
        body = self._texts(leaf, texts, rows)
        if leaf["kind"] in _MARKS:
            arrived_at = leaf["arrived_at"]
            rows.marks.append(
                (
                    *(self.seq, made_at, recorded_at, date.fromisoformat(leaf["date"]), leaf["pupil_no"], staff_no),
                    *(client_no, leaf["version"], leaf["session"], leaf["original_code"], leaf["code"], leaf["source"]),
                    None if arrived_at is None else time.fromisoformat(arrived_at),
                )
            )
            return
        kind, subject = leaf["kind"], leaf["subject"]
        rows.changes.append((self.seq, made_at, recorded_at, kind, subject, staff_no, client_no))
        rows.said.append(Said(self.seq, kind, subject, body))
        self.changed_seq = self.seq
        self.retired = self.retired or kind == "year-retired"
        if kind == "text-redacted":
            self.acts.add(subject)

    def _texts(self, leaf: dict[str, Any], texts: dict[str, Any], rows: Rows) -> str | None:
        for member, part in PARTS.items():
            sealed, given = leaf.get(member), texts.pop(part, None)
            if sealed is None and given is not None:
                raise Contradiction(self.seq, f"a text stands beside it as {part} to which it does not commit")
            if sealed is None:
                continue
            salt, text = None, None
            if given is None:
                self.removed.add((self.seq, part))
            else:
                text = given["text"]
                salt = self._opened(sealed, given, text, part)
            rows.texts.append((self.seq, part, bytes.fromhex(sealed), salt, text))
        if texts:
            raise Contradiction(self.seq, "texts stand beside it to which it does not commit")
        bodies = [text for seq, part, _, _, text in rows.texts[-len(PARTS) :] if (seq, part) == (self.seq, "body")]
        return bodies[0] if bodies else None

    def _client(self, leaf: dict[str, Any], texts: dict[str, Any], rows: Rows) -> int:
        sealed, given = leaf["client"], texts.pop("client")
        salt = self._opened(sealed, given, given["text"], "client")
        if sealed not in self.clients:
            self.clients[sealed] = len(self.clients) + 1
            rows.clients.append((self.clients[sealed], salt, bytes.fromhex(sealed), given["text"]))
        return self.clients[sealed]

    def _person(self, leaf: dict[str, Any], texts: dict[str, Any], rows: Rows) -> int | None:
        sealed = leaf["made_by"]
        if sealed is None:
            return None
        given = texts.pop("made_by")
        salt = self._opened(sealed, given, person(given["name"], given["position"]), "made_by")
        if sealed not in self.staff:
            self.staff[sealed] = len(self.staff) + 1
            rows.staff.append((self.staff[sealed], salt, bytes.fromhex(sealed), given["name"], given["position"]))
        return self.staff[sealed]

    def _opened(self, sealed: str, given: dict[str, Any], text: str, part: str) -> bytes:
        """Give the salt under which a text is what the leaf commits to."""
        salt = bytes.fromhex(given["salt"])
        if commitment(salt, text).hex() != sealed:
            raise Contradiction(self.seq, f"its {part} is not what it commits to")
        return salt

    def finish(self) -> None:
        """Refuse what has gone without an act of the stream that says so."""
        if self.retired:
            return
        if self.gaps or self.seq != self.end:
            raise ExchangeFailed("Events are missing, and no event of the stream says that they were let go.")
        silent = sorted(place for place in self.removed if f"text:{place[0]}/{place[1]}" not in self.acts)
        for seq, part in silent:
            raise Contradiction(seq, f"its {part} is missing, and no event says that it was removed")


def _instant(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def columns(rows: Iterable[tuple[Any, ...]], names: tuple[str, ...]) -> dict[str, list[Any]]:
    """Give rows as the arrays that a statement takes."""
    turned = list(zip(*rows, strict=True))
    return {name: list(turned[at]) if turned else [] for at, name in enumerate(names)}
