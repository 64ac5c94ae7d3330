"""The grounds on which a name is deleted from the admission register (regulation 9), and what the entries say to them.

A ground by itself is taken from the school. What the register holds can contradict three of them: (h), (i) and (l).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from codes.ages import compulsory_school_age, of_compulsory_age
from codes.book import Kind, Session, read

_REG_9 = "SI 2024/208 reg 9(1)"
_MISSING = "Education Act 1996 s.436A: children missing education"

DAYS_ABSENT = 20
"""School days of continual absence before ground (i)."""
DAYS_NOT_BACK = 10
"""School days without a return after a leave of absence before ground (h)."""

# U is an attendance after the register closed, so it breaks the run here, though it counts to the return of absence.
_ABSENT = frozenset({"G", "N", "O"})
# ASSUMPTION: M counts as a leave beside those that regulation 11 names: Table 3 calls it one.
LEAVE = frozenset({"C", "C1", "C2", "J1", "M", "S"})
"""The codes of a leave of absence."""
CHECKED = frozenset({"h", "i", "l"})
"""The grounds that the register can contradict."""
_ATTENDED = frozenset({Kind.PRESENT, Kind.APPROVED})
_NO_SESSION = frozenset({"#", "Y4"})


@dataclass(frozen=True, slots=True)
class Test:
    """What must be so beside the heading of a ground, which the register cannot see and the school affirms."""

    __test__ = False

    slug: str
    question: str
    source: str


@dataclass(frozen=True, slots=True)
class Ground:
    """One ground: `edge` is one that is met at an end of compulsory age, and so used for a pupil outside it too.

    `destination` is what a destination names, None where the ground needs none.
    """

    letter: str
    heading: str
    destination: str | None
    tests: tuple[Test, ...] = ()
    edge: bool = False

    @property
    def source(self) -> str:
        """Where the ground stands."""
        return f"{_REG_9}({self.letter})"


_NOT_ORDERED = Test("no-order-names-this-school", "Does no school attendance order name this school?", _REG_9)
_NOT_MAIN = Test("not-main-school-of-mobile-child", "Is this not the main school of a mobile child?", _REG_9)
# ASSUMPTION: the words of 2006 (SI 2006/1751 reg 8(1)(f) and (h), as amended in 2016) were carried over.
_NOT_SICK = Test(
    "no-ground-to-believe-sick",
    "Is there no reasonable ground to believe that sickness or an unavoidable cause keeps the pupil away?",
    _REG_9,
)
_NOT_FOUND = Test(
    "joint-enquiries-failed",
    "Have school and local authority jointly made reasonable enquiries, and failed to find the pupil?",
    _REG_9,
)

GROUNDS: MappingProxyType[str, Ground] = MappingProxyType(
    {
        ground.letter: ground
        for ground in (
            Ground(
                "a",
                "Registered at another school",
                "the other school",
                (
                    _NOT_ORDERED,
                    _NOT_MAIN,
                    Test("dual-registration-not-agreed", "Was it not agreed that both schools register?", _REG_9),
                ),
            ),
            Ground(
                "b",
                "Nursery education completed",
                "the next school, if there is one",
                (Test("not-continuing-here", "Does the pupil not go on to a class of this school?", _REG_9),),
                edge=True,
            ),
            Ground(
                "c",
                "Registered at more than one school, and not expected to return here",
                "the other school",
                (
                    Test("no-expectation-of-return", "Is there no ground to expect a return?", _REG_9),
                    Test("other-schools-consent", "Does every other school consent?", _REG_9),
                    _NOT_ORDERED,
                    _NOT_MAIN,
                ),
            ),
            Ground("d", "A school attendance order now names another school", "the school that the order names"),
            Ground("e", "The school attendance order was revoked", "where the child is educated instead"),
            Ground(
                "f",
                "Educated otherwise than at school",
                None,
                (Test("written-notification", "Has a parent notified the school of it in writing?", _REG_9),),
            ),
            Ground("g", "No longer lives within a reasonable distance", "the new address and school"),
            Ground("h", "Not back after a leave of absence", "where the pupil is", (_NOT_SICK, _NOT_FOUND)),
            Ground("i", "Continually absent for 20 school days", "where the pupil is", (_NOT_SICK, _NOT_FOUND)),
            Ground("j", "Detained under a sentence of detention", None),
            Ground("k", "Died", None),
            Ground(
                "l",
                "Over compulsory school age, and not continuing into the sixth form",
                None,
                (Test("not-continuing-to-sixth-form", "Does the pupil not continue here?", _REG_9),),
                edge=True,
            ),
            Ground("m", "Boarding fees unpaid", "the next school"),
            Ground("n", "No longer a pupil of the independent or non-maintained special school", "the next school"),
            Ground(
                "o",
                "Permanently excluded",
                "the next school or provision",
                # ASSUMPTION: an exclusion is permanent once its review is over or was not asked for in time.
                (Test("exclusion-is-final", "Is every review of the exclusion over, or out of time?", _REG_9),),
            ),
        )
    }
)


@dataclass(frozen=True, slots=True)
class Warned:
    """Something allowed that the school should look at: which member, what, and who says so."""

    member: str
    detail: str
    source: str


@dataclass(frozen=True, slots=True)
class Case:
    """What the register holds about a pupil who leaves.

    `days` are the school days on roll up to the leaving date, in order, and `complete` says whether calendars state
    all of them; `next_day` is the first stated after it. `entries` are the codes that stand. `leave_ended` is the last
    day of a leave of absence that was granted.
    """

    leaving: date
    date_of_birth: date
    days: Sequence[date]
    complete: bool
    next_day: date | None
    entries: Mapping[tuple[date, Session], str]
    leave_ended: date | None = None


@dataclass(frozen=True, slots=True)
class Contradicted:
    """A ground that the register says is not met, and the entries that say so."""

    detail: str
    entries: tuple[tuple[date, Session, str], ...] = ()


def contradicted(letter: str, case: Case) -> Contradicted | None:
    """What of the register contradicts a ground, or None: what is missing never does.

    (h): ten school days after a leave of absence without an attendance; (i): twenty school days of G, N or O and
    nothing else; (l): of compulsory age no more when the school next meets.
    """
    if letter == "h":
        return _came_back(case)
    if letter == "i":
        return _was_not_absent(case)
    if letter == "l":
        last = compulsory_school_age(case.date_of_birth)[1]
        if case.next_day is not None and case.next_day <= last:
            return Contradicted(f"On {case.next_day}, the next school day, the pupil is of compulsory school age.")
    return None


def warnings(
    letter: str | None, affirmed: frozenset[str], date_of_birth: date, leaving: date, destination: str | None
) -> tuple[Warned, ...]:
    """What a leaving leaves open: the ground, tests that nobody affirmed, a destination that nobody knows."""
    return tuple(_warned(letter, affirmed, of_compulsory_age(date_of_birth, leaving), destination))


def _warned(
    letter: str | None, affirmed: frozenset[str], compulsory: bool, destination: str | None
) -> Iterator[Warned]:
    if letter is None:
        if compulsory:
            yield Warned("ground", "A pupil of compulsory school age is deleted on one of the grounds alone.", _REG_9)
            if destination is None:
                yield Warned("destination", "Nobody knows where the pupil goes.", _MISSING)
        return
    ground = GROUNDS[letter]
    if not compulsory and not ground.edge:
        detail = f"Ground ({letter}) is for pupils of compulsory school age; for others regulation 9(3) has a list."
        yield Warned("ground", detail, "SI 2024/208 reg 9(3)")
    for test in ground.tests:
        if test.slug not in affirmed:
            yield Warned(f"tests/{test.slug}", f"Nobody has affirmed: {test.question}", test.source)
    if compulsory and ground.destination is not None and destination is None:
        yield Warned("destination", f"Nobody knows where the pupil goes: {ground.destination}.", _MISSING)


def _counted(case: Case) -> list[date]:
    """The school days of a case; one whose entries all say that no session took place is none."""
    taken = {
        day
        for day in case.days
        if (codes := [code for (on, _), code in case.entries.items() if on == day]) and _NO_SESSION.issuperset(codes)
    }
    return [day for day in case.days if day not in taken]


def _was_not_absent(case: Case) -> Contradicted | None:
    days = _counted(case)[-DAYS_ABSENT:]
    breaking = tuple(
        (on, session, code)
        for (on, session), code in sorted(case.entries.items())
        if on in set(days) and code not in _ABSENT
    )
    if breaking:
        return Contradicted(f"Not G, N or O throughout the last {len(days)} school days.", breaking)
    if case.complete and len(days) < DAYS_ABSENT:
        return Contradicted(f"On roll for {len(days)} school days, not {DAYS_ABSENT}.")
    return None


def _came_back(case: Case) -> Contradicted | None:
    days = _counted(case)
    on_leave = [key for key, code in sorted(case.entries.items()) if code in LEAVE]
    granted = [] if case.leave_ended is None else [(case.leave_ended, Session.PM)]
    ended = max([*on_leave[-1:], *granted], default=None)
    # Without a leave that the register knows of, the pupil must at least have been away for as long.
    since = [day for day in days if ended is None or day > ended[0]]
    waited = since if ended is not None else days[-DAYS_NOT_BACK:]
    back = tuple(
        (on, session, code)
        for (on, session), code in sorted(case.entries.items())
        if read(code, on).kind in _ATTENDED and ((on, session) > ended if ended is not None else on in set(waited))
    )
    if back:
        return Contradicted("The pupil has attended since the leave of absence.", back)
    if ended is not None and case.complete and len(waited) < DAYS_NOT_BACK:
        return Contradicted(
            f"{len(waited)} school days have passed since the leave ended on {ended[0]}, not {DAYS_NOT_BACK}."
        )
    return None
