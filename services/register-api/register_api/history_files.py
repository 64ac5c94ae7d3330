"""A file of history read as it comes, in constant memory: NDJSON or CSV, each line standing or falling by itself."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from kit.problems import Fault, Problem
from register_api.history_lines import MEMBERS, Form, Line, Members, Unfit

MOST_BYTES = 65_536
"""Bytes that one line has at the most, and one row of CSV with line ends in its cells."""
MOST_LINES = 50
"""Lines that one row of CSV has at the most."""
MOST_ITEMS = 2 * MOST_LINES + 1
"""Items that one step of reading gives at the most."""

_CODECS = {"utf-8": "utf-8", "windows-1252": "cp1252"}
_BOM = b"\xef\xbb\xbf"
_SHARED = frozenset({"kind", "pupil", "upn", "date", "session", "made_at", "made_by", "arrived_at", "nature"})
_MARK, _AMENDMENT = _SHARED | {"code"}, _SHARED | {"original_entry", "amended_entry", "reason"}
_PERSON = frozenset({"name", "position"})
_decoder = json.JSONDecoder()


class Faulty(NamedTuple):
    """A line, or a column, that cannot be taken: a slug of the catalogue, where the fault lies, and why."""

    number: int
    slug: Literal[
        "invalid-item", "malformed-line", "invalid-encoding", "too-long-line", "truncated-line", "unknown-column"
    ]
    detail: str
    member: str | None = None
    column: str | int | None = None


Item = Line | Faulty
Read = tuple[Item, ...]
"""What one line of a file says: one item mostly, two where a row holds two sessions, none where it says nothing."""
_NOTHING: Read = ()
_TOO_LONG = f"A line has {MOST_BYTES} bytes at most."


class Reader:
    """Reads one file that is fed to it piece by piece.

    `line` is the number of the last line that was read, from 1; `settled` the last one, and the bytes up to its end,
    from which reading may be resumed; `skipped` how many entries were none by the form's codes.
    """

    def __init__(self, form: Form) -> None:
        self.form = form
        self.line = 0
        self.settled = (0, 0)
        self.skipped = 0
        self._offset = 0
        self._carried = b""
        self._dropping = False
        self._codec = _CODECS[form.encoding]
        self._members = Members(form)
        self._open: list[bytes] = []
        self._header: Sequence[str] | None = None
        self._at: Mapping[str, int] = {}
        self._read = self._json if form.kind == "ndjson" else self._row

    def feed(self, piece: bytes) -> Iterator[Read]:
        """Read the lines that end in this piece. Raises Problem for a header that cannot be used."""
        lines = (self._carried + piece).split(b"\n")
        self._carried = b""
        last = lines.pop()
        for raw in lines:
            self.line += 1
            self._offset += len(raw) + 1
            if self._dropping or len(raw) > MOST_BYTES:
                self._dropping = False
                read = (*self._given_up(), Faulty(self.line, "too-long-line", _TOO_LONG))
            elif raw and raw != b"\r":
                read = self._read(raw)
            else:
                read = _NOTHING
            if not self._open:
                self.settled = (self.line, self._offset)
            if read:
                yield read
        if self._dropping or len(last) > MOST_BYTES:
            # What is too long is not kept: only how long it is.
            self._dropping = True
            self._offset += len(last)
        else:
            self._carried = last

    def end(self) -> Iterator[Read]:
        """Read what is left when the file has ended: the last line, where it has no end of its own."""
        raw, self._carried = self._carried, b""
        read: Read = _NOTHING
        if self._dropping:
            self.line += 1
            read = (Faulty(self.line, "too-long-line", _TOO_LONG),)
        elif raw:
            self.line += 1
            self._offset += len(raw)
            read = tuple(self._truncated(item) for item in (*self._read(raw), *self._given_up()))
        yield (*read, *self._given_up())
        self.settled = (self.line, self._offset)

    def resume(self, header: bytes, line: int, offset: int) -> None:
        """Go on after so many lines and bytes of a file; `header` is its beginning, up to the first row at least."""
        for _ in self.feed(header):
            if self._header is not None:
                break
        self.line, self._offset, self._carried, self._open = line, offset, b"", []
        self.settled, self.skipped = (line, offset), 0

    def column(self, item: Line, member: str) -> str | None:
        """Give the name of the column that a member of a line stands in; None in NDJSON."""
        if self.form.kind == "ndjson":
            return None
        if member in ("code", "amended_entry", "session") and self.form.layout:
            return self.form.layout[item.told.session]
        name = "upn" if member == "pupil" and item.by_upn and "upn" in self._at else member
        if name == "amended_entry" and name not in self._at:
            name = "code"
        return self.form.column(name) if name in self._at else None

    def _text(self, raw: bytes, number: int) -> str | Faulty:
        if self.line == 1 or self._header is None:
            raw = raw.removeprefix(_BOM)
        try:
            return raw.decode(self._codec)
        except UnicodeDecodeError as caught:
            before = raw[: caught.start].decode(self._codec)
            column: str | int = len(before) + 1
            if self._header is not None and '"' not in before:
                column = self._header[min(before.count(self.form.delimiter), len(self._header) - 1)]
            detail = f"Byte {caught.start + 1} of the line is not {self.form.encoding.upper()}."
            if self.form.encoding == "utf-8":
                detail += (
                    " If the file is Windows-1252, declare that: charset=windows-1252, or `encoding` in a mapping."
                )
            return Faulty(number, "invalid-encoding", detail, column=column)

    def _truncated(self, item: Item) -> Item:
        """Say of a last line without an end that it breaks off, or, where it can be read, that it may."""
        if isinstance(item, Line):
            return item._replace(unended=self.form.kind == "csv")
        if item.slug == "unknown-column" or (item.slug == "invalid-item" and self.form.kind == "ndjson"):
            return item
        return item._replace(slug="truncated-line", detail=f"The last line breaks off. {item.detail}")

    def _json(self, raw: bytes) -> Read:
        try:
            text: str | Faulty = raw.decode(self._codec) if self.line > 1 else self._text(raw, 1)
        except UnicodeDecodeError:
            text = self._text(raw, self.line)
        if isinstance(text, Faulty):
            return (text,)
        try:
            return (self._said(self.line, _parsed(text)),)
        except Unfit as caught:
            return (Faulty(self.line, "invalid-item", caught.detail, caught.member),)
        except json.JSONDecodeError as caught:
            if not text.strip():
                return _NOTHING
            detail = f"The line is not JSON: {caught.msg} at character {caught.colno}."
            return (Faulty(self.line, "malformed-line", detail, column=caught.colno),)
        except (ValueError, RecursionError):
            return (Faulty(self.line, "malformed-line", "The line is not JSON that can be read."),)

    def _said(self, number: int, item: Any) -> Line:
        if type(item) is not dict:
            raise Unfit("", "A line is one JSON object.")
        kind = item.get("kind")
        if kind not in ("mark", "amendment"):
            raise Unfit("kind", "A line is a mark or an amendment.")
        amends = kind == "amendment"
        known = _AMENDMENT if amends else _MARK
        if not item.keys() <= known:
            raise Unfit(next(name for name in item if name not in known), f"{kind.capitalize()}s have no such member.")
        made_by = item.pop("made_by", None)
        if made_by is not None:
            if type(made_by) is not dict:
                raise Unfit("made_by", "This is an object.")
            item |= made_by
            if not made_by.keys() <= _PERSON:
                unknown = next(name for name in made_by if name not in _PERSON)
                raise Unfit(f"made_by/{unknown}", "Who made an entry has a name and a position.")
        member = "amended_entry" if amends else "code"
        code = self._members.code(item.get(member), member)
        return self._members.line(number, item, amends, code, item.get("session"))

    def _row(self, raw: bytes) -> Read:
        """Read one line: a row, or a part of one whose cells have line ends."""
        if not self._open and b'"' not in raw:
            return self._cells(raw, self.line)
        self._open.append(raw)
        whole = b"\n".join(self._open)
        if len(whole) > MOST_BYTES or len(self._open) > MOST_LINES:
            return self._reread()
        if _unclosed(whole, self.form.delimiter.encode()):
            return _NOTHING
        number, self._open = self.line - len(self._open) + 1, []
        return self._cells(whole, number)

    def _given_up(self) -> Read:
        """Refuse every line whose quotation mark is not closed by now; those between them are lines of their own."""
        read: list[Item] = []
        while self._open:
            read += self._reread()
        return tuple(read)

    def _reread(self) -> Read:
        """Refuse the line whose quotation mark is never closed, and read those after it as lines of their own."""
        waiting, self._open, last = self._open, [], self.line
        first = last - len(waiting) + 1
        read: list[Item] = [Faulty(first, "malformed-line", "A quotation mark is opened and never closed.")]
        for self.line, raw in enumerate(waiting[1:], first + 1):
            read += self._row(raw)
        self.line = last
        return tuple(read)

    def _cells(self, raw: bytes, number: int) -> Read:
        text = self._text(raw, number)
        if isinstance(text, Faulty):
            if self._header is None:
                raise Problem("invalid-request", f"The header cannot be read. {text.detail}")
            return (text,)
        text = text.removesuffix("\r")
        if '"' in text:
            try:
                cells = next(csv.reader([text], delimiter=self.form.delimiter, strict=True))
            except csv.Error:
                return (Faulty(number, "malformed-line", "A quotation mark stands where none can."),)
        else:
            cells = text.split(self.form.delimiter)
        if self._header is None:
            return self._begun(number, [cell.strip() for cell in cells])
        if len(cells) != len(self._header):
            if not any(cell.strip() for cell in cells):
                return _NOTHING
            return (
                Faulty(number, "malformed-line", f"The line has {len(cells)} cells, the header {len(self._header)}."),
            )
        said = {member: cells[at].strip() or None for member, at in self._at.items()}
        if self.form.constants:
            said = {**self.form.constants, **{member: cell for member, cell in said.items() if cell is not None}}
        if not self.form.layout:
            item = self._entry(number, said, said.get("session"), said.get("code"))
            return _NOTHING if item is None else (item,)
        items = [self._entry(number, said, session, said.get(name)) for session, name in self.form.layout.items()]
        return tuple(item for item in items if item is not None)

    def _entry(self, number: int, said: Mapping[str, Any], session: Any, code: Any) -> Item | None:
        """Give what a row says of one entry; None where its code is none by the mapping."""
        try:
            kind = said.get("kind") or ("mark" if said.get("original_entry") is None else "amendment")
            if kind not in ("mark", "amendment"):
                raise Unfit("kind", "A line is a mark or an amendment.")
            amends, member = kind == "amendment", "code"
            if amends and said.get("amended_entry") is not None:
                member, code = "amended_entry", said["amended_entry"]
            known = self._members.code("" if code is None and "" in self.form.codes else code, member)
            if not known:
                self.skipped += 1
                return None
            return self._members.line(number, said, amends, known, session)
        except Unfit as caught:
            column = self.form.layout.get(str(session)) if caught.member == "code" else None
            return Faulty(
                number, "invalid-item", caught.detail, caught.member, column or self.form.column(caught.member)
            )

    def _begun(self, number: int, header: Sequence[str]) -> Read:
        """Take the first line as the names of the columns; those that are not known are named, once."""
        form = self.form
        names = {form.column(member): member for member in MEMBERS}
        if form.by_upn:
            names[form.column("pupil")] = "upn"
        if form.layout:
            names |= {name: name for name in form.layout.values()}
        self._header = header
        self._at = {names[name]: at for at, name in enumerate(header) if name in names}
        if len(set(header)) != len(header):
            raise Problem("invalid-request", "The header names a column twice.")
        there = self._at.keys() | form.constants.keys()
        coded = set(form.layout.values()) if form.layout else {"session", "code"}
        missing = sorted(form.column(name) for name in {"date", *coded} - there)
        if not there & {"pupil", "upn"}:
            missing.append(form.column("pupil"))
        if missing:
            faults = tuple(Fault(f"There is no column {name!r}.") for name in missing)
            raise Problem("invalid-request", f"The header lacks {', '.join(missing)}.", faults)
        detail = "The column is not known: what stands in it is not kept."
        return tuple(
            Faulty(number, "unknown-column", detail, column=name)
            for name in header
            if name not in names and name not in form.ignored
        )


def _parsed(text: str) -> Any:
    """Give what a line says as JSON; `decode` skips blanks by expressions that take as long as the rest."""
    try:
        value, end = _decoder.scan_once(text, 0)  # type: ignore[attr-defined]
    except StopIteration:
        end = -1
        value = None
    return value if end == len(text) else _decoder.decode(text)


def _unclosed(record: bytes, delimiter: bytes) -> bool:
    """Say whether a row ends inside a cell in quotation marks, which begin where a cell does and nowhere else."""
    inside = False
    for cell in record.split(delimiter):
        if inside:
            inside = cell.count(b'"') % 2 == 0
        elif cell.lstrip(b" ").startswith(b'"'):
            inside = cell.count(b'"') % 2 == 1
    return inside
