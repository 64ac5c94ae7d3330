"""What a day asks for: unexplained absence to be followed up and told, and registers that have not been taken.

Pure rules over the entries of one pupil, or over one register, as they stand at the end of a day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from codes.alerts import Alert, Standing, n_overdue
from codes.book import Kind, Session, read
from codes.finding import Finding, Rule, days, plain

_GUIDANCE = "Working together to improve school attendance (statutory guidance, DfE)"
_DAY = timedelta(days=1)
_ATTENDED = frozenset({Kind.PRESENT, Kind.APPROVED})
_NEUTRAL = frozenset({Kind.NOT_POSSIBLE, Kind.ADMINISTRATIVE})
VISIT_ON_DAY = 3
"""The unexplained day on which a home visit is due, where the school's policy says no other."""
GRACE_MINUTES = 30
"""How long after its closing a register may still be handed in before anybody is told."""

FIRST_DAY = Rule(
    Alert.FIRST_DAY_UNEXPLAINED,
    "Absent at the close of the register and nobody has said why: a call is due, and one more each further day.",
    _GUIDANCE + ", on absence that is not explained",
    "A reason is known for each of these sessions, or the pupil attends.",
)
AFTER_LUNCH = Rule(
    Alert.NOT_BACK_AFTER_LUNCH,
    "Attended in the morning, and N in the afternoon.",
    _GUIDANCE + ", on absence that is not explained",
    "The afternoon's entry is no longer unexplained, or the pupil attends.",
)
DAY_3 = Rule(
    Alert.UNEXPLAINED_DAY_3,
    "Unexplained on so many school days in a row: a home visit is due. O in place of an unanswered N explains nothing.",
    "School policies, in line with " + _GUIDANCE,
    "A reason is known, so that fewer days are unexplained, or the pupil attends.",
)
NOT_TAKEN = Rule(
    Alert.REGISTER_NOT_TAKEN,
    "The register has closed, and no pupil who is required in it has an entry.",
    "SI 2024/208 reg 10(1)",
    "The register is taken, or nobody turns out to be required in it.",
)
OVERDUE = Rule(
    Alert.N_OVERDUE,
    "N gives way to the true code by the fifth school day after its session; past it, it must be O.",
    "SI 2024/208 reg 10(7) to (9)",
    "Each of these entries is amended: to the true code where it is known, otherwise to O.",
)
SOCIAL_WORKER = Rule(
    Alert.SOCIAL_WORKER_NOTIFY,
    "A pupil with a social worker is absent without a known reason, or leaves the register: the social worker is told.",
    _GUIDANCE + ", on pupils with a social worker",
    "Somebody states that the social worker was told, or the reason is known, or the pupil is on the register again.",
)
# ASSUMPTION: sources say that a youth offending worker is told of unexplained absence; of deletion too is our reading.
YOUTH_OFFENDING = Rule(
    Alert.YOUTH_OFFENDING_NOTIFY,
    "A pupil with a youth offending worker is absent without a known reason, or leaves the register: who is told.",
    _GUIDANCE + " (2024), on pupils with a youth offending worker",
    "Somebody states that the worker was told, or the reason is known, or the pupil is on the register again.",
)


@dataclass(frozen=True, slots=True)
class Marked:
    """An entry that stands, and what is known behind it.

    `replaced` is the code that it took the place of, if any; `explained` says that somebody has given a reason,
    whatever the code; `settled` that its register was taken and has closed.
    """

    on: date
    session: Session
    code: str
    replaced: str | None = None
    explained: bool = False
    settled: bool = True

    @property
    def standing(self) -> Standing:
        """The entry alone."""
        return self.on, self.session, self.code

    @property
    def unexplained(self) -> bool:
        """Whether no reason is known: N, and O that only took the place of an N that nobody answered."""
        # ASSUMPTION: such an O is unexplained until somebody states that a reason was given.
        return not self.explained and (self.code == "N" or (self.code == "O" and self.replaced == "N"))

    @property
    def attended(self) -> bool:
        """Whether the pupil attended, here or at an approved activity, or came after the register had closed."""
        return self.code == "U" or read(self.code, self.on).kind in _ATTENDED


@dataclass(frozen=True, slots=True)
class Spell:
    """School days in a row on which a pupil was absent and nobody knew why; `running` until it ended."""

    marks: tuple[Marked, ...]
    running: bool

    @property
    def days(self) -> tuple[date, ...]:
        """Its days, in order."""
        return tuple(dict.fromkeys(mark.on for mark in self.marks))


def spells(entries: Iterable[Marked], today: date) -> Iterator[Spell]:
    """The spells of unexplained absence of one pupil up to a day; of `entries`, in order, those that are settled count.

    An attendance ends a spell, and so does a day of absence whose reason is known. ASSUMPTION: a day without an entry,
    and one that was no possible session, neither ends nor lengthens it.
    """
    held: list[Marked] = []
    for mark in (each for each in entries if each.on <= today and each.settled):
        if mark.unexplained:
            held.append(mark)
        elif held and _ends(mark, held[-1]):
            yield Spell(tuple(held), running=False)
            held = []
    if held:
        yield Spell(tuple(held), running=True)


def _ends(mark: Marked, last: Marked) -> bool:
    if mark.attended:
        return True
    # The reason for one session of a day leaves the other unexplained, and so the day.
    return mark.on != last.on and read(mark.code, mark.on).kind not in _NEUTRAL


def _running(entries: Iterable[Marked], today: date) -> Spell | None:
    return next((spell for spell in spells(entries, today) if spell.running), None)


def first_day_unexplained(entries: Sequence[Marked], today: date) -> Finding | None:
    """The unexplained absence of a pupil that lasts, with a call due for each of its days (policies, day 1).

    An afternoon after an attended morning is `not_back_after_lunch` and asked about there; its further days are here.
    """
    spell = _running(entries, today)
    if spell is None:
        return None
    lunch = _lunch(entries, spell.days[0])
    due = tuple(day for day in spell.days if lunch is None or day != lunch.on)
    if not due:
        return None
    marks = plain(mark.standing for mark in spell.marks if mark.on in due)
    return FIRST_DAY.finds(due[0], due[0], sessions=marks, calls_due=days(due))


def _lunch(entries: Iterable[Marked], on: date) -> Marked | None:
    """The unexplained afternoon of a day whose morning was attended."""
    of_day = {mark.session: mark for mark in entries if mark.on == on and mark.settled}
    morning, afternoon = of_day.get(Session.AM), of_day.get(Session.PM)
    return afternoon if morning and morning.attended and afternoon and afternoon.unexplained else None


def not_back_after_lunch(entries: Sequence[Marked], today: date) -> Finding | None:
    """The afternoon, today or where the spell that lasts began, from which a pupil did not come back.

    ASSUMPTION: U in the morning and an approved activity are mornings from which one comes back, too.
    """
    spell = _running(entries, today)
    missing = None if spell is None else _lunch(entries, spell.days[0])
    if missing is None:
        return None
    marks = plain(mark.standing for mark in entries if mark.on == missing.on)
    return AFTER_LUNCH.finds(missing.on, f"{missing.on} {missing.session}", sessions=marks)


def unexplained_day_3(entries: Sequence[Marked], today: date, visit_on_day: int = VISIT_ON_DAY) -> Finding | None:
    """The spell of unexplained absence that has reached the day of the visit, since that day."""
    spell = _running(entries, today)
    if spell is None or len(spell.days) < visit_on_day:
        return None
    marks = plain(mark.standing for mark in spell.marks)
    return DAY_3.finds(spell.days[visit_on_day - 1], spell.days[0], sessions=marks, visit_on_day=visit_on_day)


def workers_to_notify(
    entries: Sequence[Marked], today: date, *, social_worker: bool, youth_offending: bool, left_on: date | None = None
) -> tuple[Finding, ...]:
    """Who beside the parents is to be told of a pupil: of the unexplained absence that lasts, and of the deletion.

    `left_on` is the last day on roll of a pupil whose name was deleted. One alert a spell, however long it grows.
    """
    rules = [rule for rule, has in ((SOCIAL_WORKER, social_worker), (YOUTH_OFFENDING, youth_offending)) if has]
    spell = _running(entries, today) if rules else None
    found = []
    for rule in rules:
        if spell is not None:
            marks = plain(mark.standing for mark in spell.marks)
            found.append(rule.finds(spell.days[0], spell.days[0], because="unexplained-absence", sessions=marks))
        if left_on is not None and left_on <= today:
            found.append(rule.finds(left_on, f"deletion {left_on}", because="deletion", left_on=left_on.isoformat()))
    return tuple(found)


def overdue(entries: Sequence[Standing], school_days: Sequence[date], today: date) -> Finding | None:
    """The N entries of a pupil past their day, since the day after the oldest was due, each with what it must be.

    `school_days` are those on which a session took place (`School.all_school_days`), in order.
    """
    late = n_overdue(entries, school_days, today)
    if late is None:
        return None
    on, session, due = late.sessions[0]
    sessions = [
        {
            "date": on.isoformat(),
            "session": str(session),
            "due": due.isoformat(),
            "overdue_since": (due + _DAY).isoformat(),
            "must_be": "O",
        }
        for on, session, due in late.sessions
    ]
    return OVERDUE.finds(due + _DAY, f"{on} {session}", sessions=sessions)


@dataclass(frozen=True, slots=True)
class Required:
    """A pupil in a register: a boarder or not, the code entered, and what a granted plan or a closure offers."""

    boarder: bool = False
    entered: str | None = None
    known: str | None = None


@dataclass(frozen=True, slots=True)
class Register:
    """One register of one session: its class, None where there is none; when it closes; who is in it."""

    on: date
    session: Session
    name: str | None
    closes: time
    pupils: tuple[Required, ...]

    def required(self) -> tuple[Required, ...]:
        """The pupils for whom the register must be taken here and now."""
        return tuple(pupil for pupil in self.pupils if _is_required(pupil, self.on))


def _is_required(pupil: Required, on: date) -> bool:
    """Whether a pupil is required: no boarder, no session that is not possible (X, D, Y4...), no known activity (V...).

    ASSUMPTION: every approved educational activity that is known is as a trip is; known leave excuses no register.
    """
    if pupil.boarder:
        return False
    code = pupil.entered or pupil.known
    if code is None:
        return True
    kind = read(code, on).kind
    return kind not in _NEUTRAL and kind is not Kind.APPROVED


def not_taken_from(register: Register, grace_minutes: int = GRACE_MINUTES) -> datetime:
    """The local time from which a register that nobody has taken is said to be missing."""
    return datetime.combine(register.on, register.closes) + timedelta(minutes=grace_minutes)


def register_not_taken(register: Register, at: datetime, grace_minutes: int = GRACE_MINUTES) -> Finding | None:
    """The register that has closed, and its grace passed, without an entry of anybody required; `at` is local time.

    One that was taken in part is not said to be missing: its missing entries are shown where the day is read.
    """
    due = not_taken_from(register, grace_minutes)
    required = register.required()
    if at.replace(tzinfo=None) < due or not required or any(pupil.entered for pupil in required):
        return None
    period = f"{register.on} {register.session}" + ("" if register.name is None else f" {register.name}")
    return NOT_TAKEN.finds(
        register.on,
        period,
        date=register.on.isoformat(),
        session=str(register.session),
        register=register.name,
        closed_at=register.closes.isoformat("minutes"),
        due_at=due.isoformat(timespec="minutes"),
        grace_minutes=grace_minutes,
        required=len(required),
    )
