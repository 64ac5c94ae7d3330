"""Entering and amending: what a mark or an amendment does to the register, decided from facts that are passed in.

`decide_mark` and `decide_amendment` answer with an event, with `Unchanged`, or with the reason to refuse; `evolve`
folds events into the entry that stands. Nothing here reads a clock: `now` is aware and in London time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from codes.ages import of_compulsory_age
from codes.book import Bearer, Session, known, lawful
from codes.policy import RegisterTimes
from codes.refusals import Refused

CLOCK_SKEW = timedelta(minutes=5)

_MINUTES_A_DAY = 24 * 60
# Looked up once: a member of an enum costs more than the comparison, and every mark asks.
_ANYONE, _NOT_YET_ON_ROLL = Bearer.ANYONE, Bearer.NOT_YET_ON_ROLL


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands in the register for one pupil and session; version 1 is the entry first made."""

    code: str
    version: int
    arrived_at: time | None = None
    nature: str | None = None


@dataclass(frozen=True, slots=True)
class Pupil:
    """The facts about a pupil that decide what may be entered; each span on roll has both days inclusive."""

    date_of_birth: date
    on_roll: tuple[tuple[date, date | None], ...]
    year_group: str | None
    boarder: bool


@dataclass(frozen=True, slots=True)
class Sitting:
    """One session of one school as it concerns the pupil: its day, why it is closed if it is, and the times.

    `closed_code` is the one code that may stand in a closed session: # as planned, Y4 where the closure was not.
    """

    date: date
    session: Session
    closed: str | None
    times: RegisterTimes
    closed_code: str = "#"


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark to be entered. `minutes_late` counts from the opening of the register; `made_at` is aware."""

    code: str
    arrived_at: time | None = None
    minutes_late: int | None = None
    nature: str | None = None
    made_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Amendment:
    """An entry to be amended. What stands becomes exactly what is stated: an arrival or a nature left out is none."""

    original_entry: str
    amended_entry: str
    reason: str
    version: int | None = None
    arrived_at: time | None = None
    minutes_late: int | None = None
    nature: str | None = None
    made_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entered:
    """An entry was made: version 1."""

    code: str
    arrived_at: time | None
    nature: str | None
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Amended:
    """An entry was amended; `version` is the number of the entry that stands from now on."""

    original_code: str
    code: str
    version: int
    arrived_at: time | None
    nature: str | None
    reason: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The register says so already; nothing is written."""


_UNCHANGED = Unchanged()


def decide_mark(
    mark: Mark, pupil: Pupil, sitting: Sitting, first: Entry | None, current: Entry | None, now: datetime
) -> Entered | Unchanged | Refused:
    """What entering a mark does, given the first and the current entry for that pupil and session (None where none is).

    A mark equal to the first entry is a retry and unchanged, whatever has been amended since; `#` on a closed day is
    unchanged too. In a session closed by Y4 that code alone is entered. `now` is aware, in London time.
    Sources: SI 2024/208 reg 10.
    """
    code = mark.code
    if not known(code):
        return Refused("unknown-code", "code", f"{code!r} was never a code of the register.")
    if sitting.closed is not None and code == sitting.closed_code == "#":
        return _UNCHANGED
    arrived_at = _arrival(mark, sitting)
    if isinstance(arrived_at, Refused):
        return arrived_at
    nature = stated(mark.nature)
    if first is not None:
        if code == first.code and arrived_at == first.arrived_at and nature == first.nature:
            return _UNCHANGED
        stands = (current or first).code
        return Refused("already-entered", "code", f"{stands} stands already; it can be amended.")
    if pupil.boarder:
        return Refused("boarder", "pupil", "A boarder is outside the attendance register.")
    if sitting.closed is not None and code != sitting.closed_code:
        return Refused("session-closed", "date", f"There is no session: {sitting.closed}.")
    today = now.date()
    if sitting.date > today or (sitting.date == today and now.time() < sitting.times.opens):
        return _not_begun(sitting)
    refused = (
        _code_refused(code, "code", pupil, sitting, nature)
        or _arrival_refused(code, arrived_at, sitting.times)
        or _made_at_refused(mark.made_at, sitting, now)
    )
    return refused or Entered(code, arrived_at, nature, mark.made_at or now)


def decide_amendment(
    amendment: Amendment, pupil: Pupil, sitting: Sitting, current: Entry | None, now: datetime
) -> Amended | Unchanged | Refused:
    """What an amendment does, given the entry that stands (None where none is).

    An amendment to what stands already is a retry and unchanged. `original_entry`, and `version` when given, must be
    what stands. On a closed day an entry may be amended to `#` alone. A boarder's entry may be amended: what stands can
    always be put right. Sources: SI 2024/208 regs 6 and 10.
    """
    code = amendment.amended_entry
    if not known(code):
        return Refused("unknown-code", "amended_entry", f"{code!r} was never a code of the register.")
    if current is None:
        return Refused("no-entry", "original_entry", "There is no entry to amend.")
    arrived_at = _arrival(amendment, sitting)
    if isinstance(arrived_at, Refused):
        return arrived_at
    nature = stated(amendment.nature)
    if code == current.code and arrived_at == current.arrived_at and nature == current.nature:
        return _UNCHANGED
    if amendment.original_entry != current.code:
        return Refused("entry-changed", "original_entry", f"{current.code} stands, not {amendment.original_entry!r}.")
    if amendment.version not in (None, current.version):
        return Refused("entry-changed", "version", f"Version {current.version} stands, not {amendment.version}.")
    reason = stated(amendment.reason)
    if reason is None:
        return Refused("reason-required", "reason", "An amendment needs a reason in words.")
    refused = (
        _closed_refused(code, sitting)
        or _code_refused(code, "amended_entry", pupil, sitting, nature)
        or _arrival_refused(code, arrived_at, sitting.times)
        or _made_at_refused(amendment.made_at, sitting, now)
    )
    made_at = amendment.made_at or now
    return refused or Amended(current.code, code, current.version + 1, arrived_at, nature, reason, made_at)


def evolve(current: Entry | None, event: Entered | Amended) -> Entry:
    """The entry that stands after an event; fold a pupil's session by starting from None."""
    version = event.version if isinstance(event, Amended) else 1
    return Entry(event.code, version, event.arrived_at, event.nature)


def _not_begun(sitting: Sitting) -> Refused:
    opens = f"The register opens at {sitting.times.opens:%H:%M} on {sitting.date}."
    return Refused("session-not-begun", "date", opens)


def stated(text: str | None) -> str | None:
    """The text, trimmed, or None when it says nothing: without a letter or digit it is no reason and no nature."""
    if text is None or not any(character.isalnum() for character in text):
        return None
    return text.strip()


def _closed_refused(code: str, sitting: Sitting) -> Refused | None:
    # A day closed after its entries were made: the entries are facts and stay, and # (or Y4) is what they may become.
    if sitting.closed is None or code == sitting.closed_code:
        return None
    detail = f"There is no session ({sitting.closed}); its entries can become {sitting.closed_code} alone."
    return Refused("session-closed", "date", detail)


def _code_refused(code: str, member: str, pupil: Pupil, sitting: Sitting, nature: str | None) -> Refused | None:
    """Whether the code may stand for this pupil in this session."""
    on = sitting.date
    reading = lawful(code, on)
    if reading is None:
        return Refused("code-withdrawn", member, f"{code} is not in force on {on}.")
    if sitting.session not in reading.sessions:
        return Refused("code-not-for-session", member, f"{code} is not for {sitting.session}.")
    # Nearly every code is anyone's, and then the age need not be worked out.
    if reading.bearer is not _ANYONE and (refused := _bearer_refused(code, member, pupil, sitting)):
        return refused
    if reading.bearer is not _NOT_YET_ON_ROLL and not _on_roll(pupil, on):
        return Refused("not-on-roll", "pupil", f"The pupil is not on roll on {on}.")
    if reading.needs and nature is None:
        return Refused("nature-required", "nature", f"Code {code} needs the nature of the activity or provision.")
    return None


def _bearer_refused(code: str, member: str, pupil: Pupil, sitting: Sitting) -> Refused | None:
    """Whether a code that is not anyone's is this pupil's."""
    compulsory = of_compulsory_age(pupil.date_of_birth, sitting.date)
    reading = lawful(code, sitting.date, compulsory)
    bearer = _ANYONE if reading is None else reading.bearer
    if bearer is _NOT_YET_ON_ROLL:
        return _prospective_refused(code, member, pupil, sitting.date)
    if bearer is Bearer.NOBODY and sitting.closed is None:
        return Refused("code-not-for-session", member, f"{code} is for a day when the school is closed.")
    if bearer is Bearer.COMPULSORY_AGE and not compulsory:
        return Refused("code-not-for-age", member, f"{code} is for pupils of compulsory school age.")
    if bearer is Bearer.NOT_COMPULSORY_AGE and compulsory:
        return Refused("code-not-for-age", member, f"{code} is for pupils not of compulsory school age.")
    return None


def _prospective_refused(code: str, member: str, pupil: Pupil, on: date) -> Refused | None:
    """Whether Z, which comes before a starting day and at no other time, may stand."""
    if _on_roll(pupil, on):
        return Refused("code-not-for-pupil", member, f"The pupil is on roll on {on}; {code} is for before that.")
    if any(on < starts for starts, _ in pupil.on_roll):
        return None
    return Refused("not-on-roll", "pupil", f"The pupil is not on roll on {on}, and has no later starting day.")


def _on_roll(pupil: Pupil, on: date) -> bool:
    # A loop and no generator: every mark asks, and it takes half the time.
    for starts, ends in pupil.on_roll:  # noqa: SIM110
        if starts <= on and (ends is None or on <= ends):
            return True
    return False


def _arrival(item: Mark | Amendment, sitting: Sitting) -> time | Refused | None:
    """The time of arrival stated, in either of the two ways."""
    if item.minutes_late is None:
        return item.arrived_at
    opens = sitting.times.opens
    minute = opens.hour * 60 + opens.minute + item.minutes_late
    if item.minutes_late < 0 or minute >= _MINUTES_A_DAY:
        return Refused("arrival-outside-register", "minutes_late", "That is not a time on the day of the session.")
    arrived_at = time(minute // 60, minute % 60)
    if item.arrived_at not in (None, arrived_at):
        detail = f"{item.minutes_late} minutes late is {arrived_at:%H:%M}, not {item.arrived_at:%H:%M}."
        return Refused("arrival-contradictory", "minutes_late", detail)
    return arrived_at


def _arrival_refused(code: str, arrived_at: time | None, times: RegisterTimes) -> Refused | None:
    """Whether L and U fit the time of arrival; with any other code it is kept and decides nothing."""
    if arrived_at is None:
        return None
    if code == "L" and not times.opens < arrived_at < times.closes:
        detail = f"L is for after {times.opens:%H:%M} and before {times.closes:%H:%M}."
        return Refused("arrival-outside-register", "arrived_at", detail)
    if code == "U" and not times.closes <= arrived_at < times.ends:
        detail = f"U is for {times.closes:%H:%M} or later and before {times.ends:%H:%M}."
        return Refused("arrival-outside-register", "arrived_at", detail)
    return None


def _made_at_refused(made_at: datetime | None, sitting: Sitting, now: datetime) -> Refused | None:
    """Whether the entry can have been made when it is said to have been: not ahead of now, nor of its session."""
    if made_at is None:
        return None
    if made_at > now + CLOCK_SKEW:
        return Refused("made-at-in-future", "made_at", "The entry is said to have been made in the future.")
    local = made_at.astimezone(now.tzinfo)
    if (local.date(), local.time()) < (sitting.date, sitting.times.opens):
        detail = f"No entry is made before its register opens, at {sitting.times.opens:%H:%M} on {sitting.date}."
        return Refused("made-at-before-session", "made_at", detail)
    return None
