"""History: what the register of another system becomes in this one, as it says itself when and by whom it was made.

Nobody can be asked any more, so what the old system held is kept and flagged where a live entry would be refused; and
what it never held is said to be not recorded, never made up. Nothing here reads a clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from types import MappingProxyType
from typing import NamedTuple, Protocol

from codes.book import Bearer, known, lawful, read
from codes.refusals import Refused
from codes.register import (
    CLOCK_SKEW,
    Amended,
    Entered,
    Pupil,
    Sitting,
    Unchanged,
    arrival_refused,
    bearer_refused,
    closed_refused,
    not_begun,
    on_roll,
    stated,
)

NOT_RECORDED = "not recorded"
"""What stands for a reason, a name or a position that the old system does not give."""


@dataclass(frozen=True, slots=True)
class Flag:
    """What is doubtful about a line that was taken all the same, and on which rule the doubt rests."""

    words: str
    source: str


FLAGS: MappingProxyType[str, Flag] = MappingProxyType(
    {
        "code-not-in-force": Flag(
            "The code was not in force on the day of the session; it counts by its nearest meaning.",
            "SI 2024/208 reg 10(3); DfE daily data of 2025/26, which holds H and J",
        ),
        "code-withdrawn-since": Flag(
            "The code was in force on the day of the session and has been withdrawn since.",
            "SI 2006/1751 reg 6, replaced by SI 2024/208 reg 10(3)",
        ),
        "code-not-for-age": Flag(
            "The code is not for a pupil of the age that this one had.", "SI 2024/208 reg 10(3), Tables 2 and 3"
        ),
        "calendar-missing": Flag(
            "The school has stated no calendar of the academic year, so nobody can say whether there was a session.",
            "assumption: the old register is believed",
        ),
        "nature-not-recorded": Flag(
            "The nature of the activity or provision is not recorded.", "SI 2006/1751 reg 6(1)(c); SI 2024/208 reg 10"
        ),
        "arrival-outside-register": Flag(
            "The time of arrival does not fit the code and the times of the register.",
            "SI 2024/208 reg 10(3), Tables 1 and 3",
        ),
        "reason-not-recorded": Flag("The reason for the amendment is not recorded.", "SI 2024/208 reg 6"),
        "made-by-not-recorded": Flag("Who made the entry is not recorded.", "SI 2024/208 reg 6"),
        "position-not-recorded": Flag("The position of who made the entry is not recorded.", "SI 2024/208 reg 6"),
        "made-at-not-recorded": Flag(
            "When the entry was made is not recorded: the time at which it came in stands for it.",
            "SI 2024/208 regs 6 and 7",
        ),
        "made-at-before-session": Flag(
            "The entry is said to have been made before its register opened.", "SI 2024/208 reg 10(1)"
        ),
        "line-without-end": Flag(
            "The last line of the file has no line end: it may have been longer.", "assumption: what is whole is taken"
        ),
    }
)
"""Every doubt by its slug."""


class Told(NamedTuple):
    """What another system says of one entry, or, with `original_entry`, of one amendment. None is not stated.

    `made_at` is aware. A named tuple, for millions are made: it takes a third of the time of a frozen dataclass.
    """

    date: date
    session: str
    original_entry: str | None
    code: str
    arrived_at: time | None
    nature: str | None
    reason: str | None
    made_at: datetime | None
    name: str | None
    position: str | None


class Version(Protocol):
    """What stands, or stood, in the register: one version of an entry."""

    @property
    def version(self) -> int:
        """1 for the first entry."""

    @property
    def original_code(self) -> str | None:
        """None for the first entry."""

    @property
    def code(self) -> str:
        """What it was amended to."""

    @property
    def arrived_at(self) -> time | None:
        """The time of arrival, where stated."""

    @property
    def nature(self) -> str | None:
        """The nature of the activity, where stated."""

    @property
    def made_at(self) -> datetime:
        """When it was made."""


Decided = tuple[Entered | Amended | Unchanged | Refused, tuple[str, ...]]
"""What a line does to the register, and the slugs of `FLAGS` that it is taken with: none where it is not taken."""

_UNCHANGED: Decided = (Unchanged(), ())
_NOTHING: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Judged:
    """What the law says of one code in one session, whoever's it is."""

    known: bool
    planned: bool  # it says that the session was closed as planned, and it was
    mark_refused: Refused | None
    amendment_refused: Refused | None
    flags: tuple[str, ...]
    bearer: Bearer
    needs_nature: bool


class _Codes(dict[str, _Judged]):
    """The codes of one session, each judged when it is first asked for."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting

    def __missing__(self, code: str) -> _Judged:
        judged = self[code] = _judged(code, self._setting)
        return judged


class Setting:
    """One session as it concerns a year group, as history is judged in it at an instant: made once for many lines.

    `has_calendar` says whether the school has stated a calendar of the year; `now` is aware and in London time.
    """

    __slots__ = ("codes", "has_calendar", "now", "opens_at", "sitting")

    def __init__(self, sitting: Sitting, has_calendar: bool, now: datetime) -> None:
        self.sitting = sitting
        self.has_calendar = has_calendar
        self.now = now
        self.opens_at = datetime.combine(sitting.date, sitting.times.opens, now.tzinfo)
        self.codes = _Codes(self)


def decide_history_mark(told: Told, pupil: Pupil, setting: Setting, chain: Sequence[Version], now: datetime) -> Decided:
    """What one line about a first entry does, given every version that stands for the pupil and session, in order.

    Equal to the first entry it changes nothing, whatever has been amended since, so that a file may be sent again; a
    contradiction of it is refused, and so is what no register can hold: an unknown code, one that is not for the
    session, a pupil not on roll or boarding, a session that was closed or is to come. All else is taken and flagged.
    `now` is aware, in London time, and no earlier than the setting's. Sources: SI 2024/208 regs 6, 7 and 10.
    """
    code = told.code
    judged = setting.codes[code]
    if not judged.known:
        return _unknown(code, "code")
    if judged.planned:
        return _UNCHANGED
    nature = stated(told.nature) if told.nature else None
    if chain:
        if _same(chain[0], code, told.arrived_at, nature):
            return _UNCHANGED
        return Refused("already-entered", "code", f"{chain[-1].code} stands already; it can be amended."), _NOTHING
    if pupil.boarder:
        return Refused("boarder", "pupil", "A boarder is outside the attendance register."), _NOTHING
    if judged.mark_refused is not None:
        return judged.mark_refused, _NOTHING
    flags = _flags(told, "code", nature, judged, pupil, setting, now)
    if isinstance(flags, Refused):
        return flags, _NOTHING
    return Entered(code, told.arrived_at, nature, told.made_at or now), flags


def decide_history_amendment(
    told: Told, pupil: Pupil, setting: Setting, chain: Sequence[Version], now: datetime
) -> Decided:
    """What one line about an amendment does, given every version that stands for the pupil and session, in order.

    An amendment that the chain holds changes nothing: the same two entries, made at the same instant. ASSUMPTION: where
    the line does not say when, the same two entries are the same amendment. Otherwise `original_entry` must be what
    stands. Sources: SI 2024/208 regs 6, 7 and 10.
    """
    code = told.code
    judged = setting.codes[code]
    if not judged.known:
        return _unknown(code, "amended_entry")
    if not chain:
        return Refused("no-entry", "original_entry", "There is no entry to amend."), _NOTHING
    for version in chain[1:]:
        same = version.original_code == told.original_entry and version.code == code
        if same and told.made_at in (None, version.made_at):
            return _UNCHANGED
    current = chain[-1]
    nature = stated(told.nature) if told.nature else None
    if told.original_entry != current.code:
        # An amendment to what stood before it said nothing then, and says nothing when the file is sent again.
        if told.original_entry == code and any(_same(version, code, told.arrived_at, nature) for version in chain):
            return _UNCHANGED
        detail = f"{current.code} stands, not {told.original_entry!r}."
        return Refused("entry-changed", "original_entry", detail), _NOTHING
    if _same(current, code, told.arrived_at, nature):
        return _UNCHANGED
    if judged.amendment_refused is not None:
        return judged.amendment_refused, _NOTHING
    flags = _flags(told, "amended_entry", nature, judged, pupil, setting, now)
    if isinstance(flags, Refused):
        return flags, _NOTHING
    reason = stated(told.reason)
    if reason is None:
        reason, flags = NOT_RECORDED, (*flags, "reason-not-recorded")
    amended = Amended(current.code, code, current.version + 1, told.arrived_at, nature, reason, told.made_at or now)
    return amended, flags


def _same(version: Version, code: str, arrived_at: time | None, nature: str | None) -> bool:
    return version.code == code and version.arrived_at == arrived_at and version.nature == nature


def _flags(
    told: Told, member: str, nature: str | None, judged: _Judged, pupil: Pupil, setting: Setting, now: datetime
) -> tuple[str, ...] | Refused:
    """What is doubtful about a line that is otherwise taken; or why it cannot be taken, for this pupil or at all."""
    flags = judged.flags
    # Nearly every code is anyone's, and nearly every line says by whom and when it was made.
    if judged.bearer is not Bearer.ANYONE:
        refused = bearer_refused(told.code, member, pupil, setting.sitting)
        if refused is not None:
            if refused.slug != "code-not-for-age":
                return refused
            flags += ("code-not-for-age",)
    if judged.bearer is not Bearer.NOT_YET_ON_ROLL and not on_roll(pupil, told.date):
        return Refused("not-on-roll", "pupil", f"The pupil is not on roll on {told.date}.")
    if judged.needs_nature and nature is None:
        flags += ("nature-not-recorded",)
    if told.arrived_at is not None and arrival_refused(told.code, told.arrived_at, setting.sitting.times):
        flags += ("arrival-outside-register",)
    if told.name is None:
        flags += ("made-by-not-recorded",)
    elif told.position is None:
        flags += ("position-not-recorded",)
    if told.made_at is None:
        return (*flags, "made-at-not-recorded")
    if told.made_at > now + CLOCK_SKEW:
        return Refused("made-at-in-future", "made_at", "The entry is said to have been made in the future.")
    if told.made_at < setting.opens_at:
        return (*flags, "made-at-before-session")
    return flags


def _unknown(code: str, member: str) -> Decided:
    return Refused("unknown-code", member, f"{code!r} was never a code of the register."), _NOTHING


def _judged(code: str, setting: Setting) -> _Judged:
    if not known(code):
        return _Judged(False, False, None, None, (), Bearer.ANYONE, False)
    sitting = setting.sitting
    reading = lawful(code, sitting.date)
    flags = []
    if reading is None:
        flags.append("code-not-in-force")
        reading = read(code, sitting.date)
    elif lawful(code, setting.now.date()) is None:
        flags.append("code-withdrawn-since")
    if not setting.has_calendar:
        flags.append("calendar-missing")
    of_mark: Refused | None = None
    of_amendment = closed_refused(code, sitting)
    if of_amendment is not None:
        of_mark = Refused("session-closed", "date", f"There is no session: {sitting.closed}.")
    elif _to_come(sitting, setting.now):
        of_mark = not_begun(sitting)
    elif sitting.session not in reading.sessions:
        of_mark, of_amendment = (
            Refused("code-not-for-session", member, f"{code} is not for {sitting.session}.")
            for member in ("code", "amended_entry")
        )
    bearer = reading.bearer
    if bearer is Bearer.NOBODY and not setting.has_calendar:
        # ASSUMPTION: without a calendar nobody can say that the school was open, so # is believed.
        bearer = Bearer.ANYONE
    planned = sitting.closed is not None and code == sitting.closed_code == "#"
    return _Judged(True, planned, of_mark, of_amendment, tuple(flags), bearer, bool(reading.needs))


def _to_come(sitting: Sitting, now: datetime) -> bool:
    return (sitting.date, sitting.times.opens) > (now.date(), now.time())
