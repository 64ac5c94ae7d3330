"""Which registers of a day have not been taken: those in which somebody was required and nobody has an entry."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time

from codes import planned
from codes.book import Session
from codes.closures import PART, Closure
from codes.finding import Finding
from codes.planned import GRANTED, Plan
from codes.school import School
from codes.the_day import Register, Required, register_not_taken
from kit import database, pupil_ids
from kit.database import Connection
from ledger import plans

_sql = database.statements(__file__)


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


async def not_taken(
    connection: Connection, school_id: int, school: School, on: date, at: datetime, seq: int | None = None
) -> list[Finding]:
    """Give the registers of a day that nobody has taken at an instant in London's time, the morning's first, by class.

    Entries are as they were folded and roll and plans as they stand, or all of them as they stood at `seq`. None on a
    day that is not open, in a session that a closure has taken, and after the school has closed for good.
    """
    if on not in school.open_days(on, on):
        return []
    pupils = await in_register(connection, school_id, on, seq)
    known = await plans.standing(connection, school_id, (on, on), seq, [pupil.pupil_no for pupil in pupils])
    return list(found(school, on, at, pupils, known))


async def in_register(connection: Connection, school_id: int, on: date, seq: int | None = None) -> list[InRegister]:
    """Give every pupil on roll on a day with what is entered, by number, now or as at a position."""
    about = {"school_id": school_id, "on": on}
    rows = _sql.entered(connection, **about) if seq is None else _sql.entered_at(connection, **about, seq=seq)
    entered = defaultdict[int, dict[Session, str]](dict)
    async for row in rows:
        entered[row["pupil_no"]][Session(row["session"])] = row["code"]
    placed = {
        row["pupil_no"]: (row["class"], row["year_group"]) async for row in _sql.placed(connection, **about, seq=seq)
    }
    roll = {row["pupil_no"]: row["boarder"] async for row in _sql.roll(connection, **about, seq=seq)}
    ids = await pupil_ids.ids(connection, school_id, roll, seq)
    return [
        InRegister(no, ids[no], *placed.get(no, (None, None)), boarder, entered.get(no, {}))
        for no, boarder in roll.items()
    ]


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
