"""What one line of history says: its members held against the documented form, from JSON and from cells alike."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from codes.history import Told
from codes.identifiers import shaped_like_upn, upn_normalised

Dates = Literal["yyyy-mm-dd", "dd/mm/yyyy"]
Encoding = Literal["utf-8", "windows-1252"]

LONDON = ZoneInfo("Europe/London")
_PUPIL_ID = re.compile("[A-Za-z0-9._~-]{1,64}")
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_BRITISH = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_MOST_REMEMBERED = 20_000
_Dated = TypeVar("_Dated", bound=date)

MEMBERS = (
    *("kind", "pupil", "upn", "date", "session", "code", "original_entry", "amended_entry", "reason", "made_at"),
    *("name", "position", "arrived_at", "nature"),
)
"""What a line may say, by the names that its cells have in CSV."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a file is to be read: as the API documents it, unless a mapping says otherwise."""

    kind: Literal["ndjson", "csv"]
    encoding: Encoding = "utf-8"
    dates: Dates = "yyyy-mm-dd"
    local: bool = False
    """Whether an instant without an offset is London's time."""
    delimiter: str = ","
    columns: Mapping[str, str] = field(default_factory=dict)
    """The name that the column of a member has, where it is not the member's own."""
    by_upn: bool = False
    """Whether the column of `pupil` holds UPNs."""
    ignored: frozenset[str] = frozenset()
    """Columns that are known and not wanted."""
    constants: Mapping[str, str] = field(default_factory=dict)
    """What every line says of a member that has no column."""
    codes: Mapping[str, str] = field(default_factory=dict)
    """The code behind each of the file's own; an empty one is no entry at all."""
    sessions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({"AM": "AM", "PM": "PM"}))
    layout: Mapping[str, str] = field(default_factory=dict)
    """Where one row holds both sessions of a day: the column of each, `{"AM": ..., "PM": ...}`."""

    def column(self, member: str) -> str:
        """Give the name of the column of a member."""
        return self.columns.get(member, member)


class Line(NamedTuple):
    """One line that has the documented form: where it stands, whose it is by id or UPN, and what it says.

    `unended` says that a file's last row has no line end, so that its last cell may have been longer.
    """

    number: int
    pupil: str
    by_upn: bool
    told: Told
    unended: bool = False


class Unfit(Exception):
    """A line that does not have the documented form: which member is at fault, and why."""

    def __init__(self, member: str, detail: str) -> None:
        super().__init__(detail)
        self.member = member
        self.detail = detail


class _Remembered(dict[Any, Any]):
    """Texts that were read before, each with what it came to: a file says few different things, many times."""

    def __init__(self, read: Any) -> None:
        self._read = read

    def __missing__(self, text: Any) -> Any:
        if len(self) >= _MOST_REMEMBERED:
            self.clear()
        value = self._read(text)
        self[text] = value
        return value


class Members:
    """Reads the members of lines, as a form has them. Everything raises `Unfit`; nothing is guessed."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._days = _Remembered(self._day)
        self._times = _Remembered(_time_of_day)
        self._pupils = _Remembered(_pupil)
        self._upns = _Remembered(_upn)
        self._names = _Remembered(lambda text: _text(text, "name", 200))
        self._positions = _Remembered(lambda text: _text(text, "position", 200))
        self._codes = _Remembered(self._code)
        self._instants = _Remembered(self._instant)
        self._sessions = form.sessions

    def line(self, number: int, said: Mapping[str, Any], amends: bool, code: str, session: Any) -> Line:
        """Give the line that says this; members that are None, or not there, are not stated."""
        get = said.get
        pupil, upn = get("pupil"), get("upn")
        if (pupil is None) == (upn is None):
            raise Unfit("pupil", "A line names its pupil, by `pupil` or by `upn`.")
        try:
            session = self._sessions[session]
        except (KeyError, TypeError):
            raise Unfit("session", "A session is AM or PM.") from None
        made_at, arrived_at, nature = get("made_at"), get("arrived_at"), get("nature")
        name, position = get("name"), get("position")
        try:
            named = self._pupils[pupil] if upn is None else self._upns[upn]
            told = Told(
                self._days[get("date")],
                session,
                _original(get("original_entry"), self._codes) if amends else None,
                code,
                None if arrived_at is None else self._times[arrived_at],
                None if nature is None else _text(nature, "nature", 200),
                _text(get("reason"), "reason", 2_000) if amends else None,
                None if made_at is None else self._instants[made_at],
                None if name is None else self._names[name],
                None if position is None else self._positions[position],
            )
        except TypeError:
            raise Unfit("", "A member that is a text, a date or a time is written as a text.") from None
        return Line(number, named, upn is not None, told)

    def code(self, text: Any, member: str) -> str:
        """Give the code behind one of the file's own; "" is no entry at all."""
        try:
            found: str = self._codes[text]
        except (Unfit, TypeError):
            raise Unfit(member, "A code is a text of 1 to 4 characters.") from None
        return found

    def _code(self, text: Any) -> str:
        if not isinstance(text, str):
            raise Unfit("code", "A code is a text.")
        found = self._form.codes.get(text, text)
        if len(found) > 4 or not found.isprintable() or (not found and text not in self._form.codes):
            raise Unfit("code", "A code is a text of 1 to 4 characters.")
        return found

    def _day(self, text: Any) -> date:
        british = isinstance(text, str) and _BRITISH.fullmatch(text)
        try:
            if self._form.dates == "dd/mm/yyyy" and british:
                return _lately(date(int(british[3]), int(british[2]), int(british[1])), "date")
            if self._form.dates == "yyyy-mm-dd" and isinstance(text, str) and _ISO.fullmatch(text):
                return _lately(date.fromisoformat(text), "date")
        except ValueError:
            raise Unfit("date", "There is no such day.") from None
        if british:
            raise Unfit("date", "A date is written like 2026-09-07, not like 07/09/2026; a mapping may say otherwise.")
        written = "2026-09-07" if self._form.dates == "yyyy-mm-dd" else "07/09/2026"
        raise Unfit("date", f"A date is written like {written}.")

    def _instant(self, text: Any) -> datetime:
        if self._form.dates == "dd/mm/yyyy" and isinstance(text, str) and _BRITISH.match(text):
            text = f"{text[6:10]}-{text[3:5]}-{text[:2]}T{text[11:]}"
        elif self._form.local and isinstance(text, str) and text[10:11] == " ":
            text = f"{text[:10]}T{text[11:]}"
        if not isinstance(text, str) or not _INSTANT.fullmatch(text):
            raise Unfit("made_at", "An instant is written like 2026-09-07T08:59:10+01:00.")
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            raise Unfit("made_at", "There is no such instant.") from None
        if instant.tzinfo is None:
            if not self._form.local:
                raise Unfit("made_at", "An instant has an offset, like 2026-09-07T08:59:10+01:00.")
            instant = instant.replace(tzinfo=LONDON)
        return _lately(instant, "made_at")


def _lately(when: _Dated, member: str) -> _Dated:
    if not 1900 <= when.year <= 2200:
        raise Unfit(member, "A date lies between 1900 and 2200.")
    return when


def _original(text: Any, codes: Mapping[Any, str]) -> str:
    try:
        return codes[text]
    except (Unfit, TypeError):
        raise Unfit("original_entry", "An amendment names the entry that it amends.") from None


def _time_of_day(text: Any) -> time:
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        raise Unfit("arrived_at", "A time of day is written like 08:58.")
    return time(int(text[:2]), int(text[3:]))


def _pupil(text: Any) -> str:
    if not isinstance(text, str) or not _PUPIL_ID.fullmatch(text):
        raise Unfit("pupil", "This cannot be a pupil's id: 1 to 64 of A-Z a-z 0-9 . _ ~ -.")
    return text


def _upn(text: Any) -> str:
    if not isinstance(text, str) or not shaped_like_upn(text):
        raise Unfit("upn", "This is not a UPN.")
    return upn_normalised(text)


def _text(text: Any, member: str, most: int) -> str | None:
    """Give a text without blanks around it, or None where it is empty."""
    if text is None:
        return None
    if not isinstance(text, str):
        raise Unfit(member, "This is a text.")
    text = text.strip()
    if len(text) > most:
        raise Unfit(member, f"A text of {most} characters at most.")
    if not text.isascii() or "\0" in text:
        try:
            text.encode()
        except UnicodeEncodeError:
            raise Unfit(member, "A text holds no half of a character.") from None
        if "\0" in text:
            raise Unfit(member, "A text holds no null byte.")
    return text or None
