"""Which registers of a day have not been taken: those in which somebody was required and nobody has an entry."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from codes import planned
from codes.book import Session
from codes.calendar import academic_year, academic_year_bounds
from codes.closures import PART, Closure
from codes.finding import Finding
from codes.planned import GRANTED, Plan
from codes.school import School
from codes.the_day import Register, Required, register_not_taken
from kit import database, pupil_ids
from kit.database import Connection
from ledger import plans

_sql = database.statements(__file__)

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class InRegister:
    """A pupil on roll on a day: the number, the id now, where placed that day, and the codes entered by session."""

    pupil_no: int
    id: str
    class_: str | None
    year_group: str | None
    boarder: bool
    entered: Mapping[Session, str]


@dataclass(slots=True)
class _Gathered:
    """A register as its pupils come: it has closed when it has for the last of them."""

    closes: time = time.min
    pupils: list[Required] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Registers:
    """What the registers of some days rest on, as it stands, or stood at one position.

    `placed` are class and year group by pupil, each from a day on, in order; `entered` the codes by day and pupil.
    """

    days: Collection[date]
    roll: Sequence[Row]
    placed: Mapping[int, Sequence[Row]]
    ids: Mapping[int, str]
    plans: plans.Standing
    entered: Mapping[date, Mapping[int, Mapping[Session, str]]]

    def pupils(self, on: date) -> list[InRegister]:
        """Give every pupil on roll on one of the days, by number; of a school that has closed for good nobody."""
        if on not in self.days:
            return []
        entered = self.entered.get(on, {})
        on_roll = {row["pupil_no"]: row["boarder"] for row in self.roll if _covers(row["on_roll"], on)}
        return [
            InRegister(no, self.ids[no], *self._place(no, on), boarder, entered.get(no, {}))
            for no, boarder in on_roll.items()
        ]

    def _place(self, pupil_no: int, on: date) -> tuple[str | None, str | None]:
        told = [row for row in self.placed.get(pupil_no, ()) if row["effective_from"] <= on]
        return (told[-1]["class"], told[-1]["year_group"]) if told else (None, None)

    def not_taken(self, school: School, on: date, at: datetime) -> list[Finding]:
        """Give the registers of a day that nobody has taken at an instant of London's, the morning's first, by class.

        None on a day that is not open, and in a session that a closure has taken.
        """
        return list(found(school, on, at, self.pupils(on), self.plans)) if on in school.open_days(on, on) else []


def _covers(spans: Any, on: date) -> bool:
    return any(span.lower <= on and (span.upper is None or on < span.upper) for span in spans)


async def load(connection: Connection, school_id: int, days: Collection[date], seq: int | None = None) -> Registers:
    """Read the registers of some days, one or more, in as many statements however many they are.

    Entries are as they were folded and roll and plans as they stand, or all of them as they stood at `seq`.
    """
    about, between = {"school_id": school_id, "seq": seq}, (min(days), max(days))
    spanned = {"first": between[0], "last": between[1]}
    rows = (_sql.entered if seq is None else _sql.entered_at)(connection, days=[*days], **about)
    entered = defaultdict[date, defaultdict[int, dict[Session, str]]](lambda: defaultdict(dict))
    async for row in rows:
        entered[row["session_date"]][row["pupil_no"]][Session(row["session"])] = row["code"]
    placed = defaultdict[int, list[Row]](list)
    async for row in _sql.placed(connection, **about, **spanned):
        placed[row["pupil_no"]].append(row)
    roll = [row async for row in _sql.roll(connection, **about, **spanned)]
    numbers = [row["pupil_no"] for row in roll]
    return Registers(
        frozenset([row["day"] async for row in _sql.lasting(connection, days=[*days], **about)]),
        roll,
        placed,
        await pupil_ids.ids(connection, school_id, numbers, seq),
        await plans.standing(connection, school_id, between, seq, numbers),
        entered,
    )


async def taken(
    connection: Connection, school_id: int, days: Collection[date], seq: int | None = None
) -> frozenset[date]:
    """Give those of some days on which the register of their academic year was being taken here at all.

    ASSUMPTION: that is from the first day on by whose end somebody, and no import, had entered a mark of it or of an
    earlier day of the year; before it nobody takes the register here yet, and nothing is missing.
    """
    if not days:
        return frozenset()
    years = defaultdict[date, list[date]](list)
    for on in sorted(days):
        years[academic_year_bounds(academic_year(on))[0]].append(on)
    of_years = {
        "begins": [*years],
        "firsts": [each[0] for each in years.values()],
        "lasts": [each[-1] for each in years.values()],
    }
    rows = _sql.taken_from(connection, school_id=school_id, seq=seq, **of_years)
    since = {row["begins"]: row["taken_from"] async for row in rows if row["taken_from"] is not None}
    return frozenset(on for begins, each in years.items() if begins in since for on in each if on >= since[begins])


def found(
    school: School, on: date, at: datetime, pupils: Sequence[InRegister], known: Mapping[int, Sequence[Plan]]
) -> Iterator[Finding]:
    """Give the findings of a day from its pupils and the plans known of them, by number; the morning's first."""
    grace = school.policy(on).register_grace_minutes
    for register in registers(school, on, pupils, known):
        if (missing := register_not_taken(register, at, grace)) is not None:
            yield missing


def registers(
    school: School, on: date, pupils: Sequence[InRegister], known: Mapping[int, Sequence[Plan]]
) -> Iterator[Register]:
    """Give the registers of a day, one a session and class, those without a class last; none of a closed session.

    ASSUMPTION: a class of two year groups with times of their own is one register, that closes with the later.
    """
    gathered: dict[tuple[Session, str | None], _Gathered] = {}
    groups = {pupil.year_group for pupil in pupils}
    for session in Session:
        sittings = {group: school.sitting(on, session, group) for group in groups}
        parts = [each for each in school.closures if not each.of_everyone and each.stands((on, session))]
        for pupil in pupils:
            sitting = sittings[pupil.year_group]
            if sitting is None or sitting.closed is not None:
                continue
            register = gathered.setdefault((session, pupil.class_), _Gathered())
            register.closes = max(register.closes, sitting.times.closes)
            code = _known(school, (on, session), pupil, known.get(pupil.pupil_no, ()), parts)
            register.pupils.append(Required(pupil.boarder, pupil.entered.get(session), code))
    for session, name in sorted(gathered, key=lambda key: (key[0], key[1] is None, key[1] or "")):
        one = gathered[session, name]
        yield Register(on, session, name, one.closes, tuple(one.pupils))


def _known(
    school: School, at: planned.At, pupil: InRegister, of_pupil: Sequence[Plan], parts: Sequence[Closure]
) -> str | None:
    """Give the code by which a pupil is known to be away from a session: a granted plan's, or that of a part closed."""
    if of_pupil:
        ahead = planned.expected(of_pupil, at, school)
        granted = [plan.code for plan, outcome in ahead.planned if outcome == GRANTED]
        if granted:
            return granted[0]
    kept_away = any(
        pupil.class_ in part.classes or pupil.year_group in part.year_groups or pupil.id in part.pupils
        for part in parts
    )
    return PART if kept_away else None
