"""What a school's own paper says of what is national: it decides nothing, and is compared with the law of a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from fractions import Fraction
from itertools import chain
from typing import Any

from codes.book import ABSENCES, Kind, Session, edition, known, read, withdrawn
from codes.calendar import EXPECTED_DAYS
from codes.deadlines import N_SCHOOL_DAYS
from codes.members import PolicyFault, Warning, all_chosen, chosen, day_of, items, number, only, share, time_of
from codes.national import FRAMEWORK, MEMBERS, METHODOLOGY, in_force
from codes.reading import STARTS_2024

N_DAYS = ("school-days", "working-days", "days")
PERIODS = ("school-weeks", "calendar-weeks", "term", "academic-year", "rolling-academic-year")
AMENDMENT = ("original-entry", "amended-entry", "reason", "date", "name-and-position")
CLASSES = tuple(str(kind) for kind in Kind if kind is not Kind.NOT_ATTENDING_COVID)

_REGULATIONS = "School Attendance (Pupil Registration) (England) Regulations 2024 (SI 2024/208)"
_NO_SESSION = frozenset({Kind.NOT_POSSIBLE, Kind.ADMINISTRATIVE})
_GROUPS = frozenset(member.partition("/")[0] for member in MEMBERS if "/" in member)
OTHERS = (
    *("n_limit", "amendment_shows", "codes", "classes", "registers_close"),
    *("part_time_absence", "days_lost", "in_force_from"),
)
"""What may be stated besides numbers."""
_OF_THRESHOLD = frozenset({"within", "codes"})


@dataclass(frozen=True, slots=True)
class NLimit:
    """How long an N may stand by the paper; `days` None where it names no limit."""

    days: int | None
    of: str


@dataclass(frozen=True, slots=True)
class Stated:
    """What the paper says; of what it is silent nothing is here, and nothing is said."""

    numbers: tuple[tuple[str, int], ...] = ()
    n_limit: NLimit | None = None
    threshold_within: str | None = None
    threshold_codes: frozenset[str] | None = None
    amendment_shows: tuple[str, ...] | None = None
    codes: tuple[str, ...] = ()
    classes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    registers_close: tuple[tuple[Session, frozenset[time]], ...] = ()
    part_time_authorised: bool = False
    days_lost: tuple[tuple[Fraction, Fraction], ...] = ()
    in_force_from: date | None = None


def stated_in(body: Any, member: str) -> Stated:
    """What the paper says, from its body; raises `PolicyFault` for a member there is not, or a value of another kind.

    The numbers are the members of `codes.national`; `n_limit` {days, of?}, days null for none; of `penalty_threshold`
    also `within` and `codes`; `amendment_shows`, `codes`, `classes` {class: codes}, `registers_close` {session: times},
    `part_time_absence` "authorised", `days_lost` [{attendance, days}], `in_force_from`.
    """
    only(body, member, {*OTHERS, *(each.partition("/")[0] for each in MEMBERS)})
    for name in _GROUPS & body.keys():
        last = {each.partition("/")[2] for each in MEMBERS if each.startswith(f"{name}/")}
        only(body[name], f"{member}/{name}", last | _OF_THRESHOLD if name == "penalty_threshold" else last)
    threshold, under = body.get("penalty_threshold", {}), f"{member}/penalty_threshold"
    counting, absence = threshold.get("codes"), body.get("part_time_absence")
    shows, since = body.get("amendment_shows"), body.get("in_force_from")
    return Stated(
        tuple(_numbers(body, member)),
        _n_limit(body["n_limit"], f"{member}/n_limit") if "n_limit" in body else None,
        chosen(threshold["within"], f"{under}/within", PERIODS) if "within" in threshold else None,
        None if counting is None else frozenset(_codes(counting, f"{under}/codes")),
        None if shows is None else all_chosen(shows, f"{member}/amendment_shows", AMENDMENT),
        _codes(body.get("codes", ()), f"{member}/codes"),
        tuple(_classes(body.get("classes", {}), f"{member}/classes")),
        tuple(_closes(body.get("registers_close", {}), f"{member}/registers_close")),
        absence is not None and bool(chosen(absence, f"{member}/part_time_absence", ("authorised",))),
        tuple(_days_lost(body.get("days_lost", ()), f"{member}/days_lost")),
        None if since is None else day_of(since, f"{member}/in_force_from"),
    )


def contradictions(stated: Stated, closes: Mapping[Session, frozenset[time]], on: date) -> Iterator[Warning]:
    """Where the paper says something else than the law of a day, or than the registers, which close at `closes`.

    Each quotes what holds, whatever the paper says. Of what was no law yet on that day nothing is said.
    """
    of_2024 = (_n_standing(stated), _threshold(stated, on), _amending(stated), _part_time(stated), _since(stated))
    return chain(
        _other_numbers(stated, on),
        chain.from_iterable(of_2024) if on >= STARTS_2024 else (),
        _withdrawn(stated, on),
        _other_classes(stated, on),
        _other_closing(stated, closes),
        _other_days_lost(stated),
    )


def _contradicts(member: str, paper: str, law: str, source: str) -> Warning:
    wins = "and so is it counted here" if source.startswith(METHODOLOGY) else "and the law wins"
    return Warning(f"stated/{member}", f"The school's paper says {paper}; nationally {law}, {wins}.", source)


def _other_numbers(stated: Stated, on: date) -> Iterator[Warning]:
    for member, value in stated.numbers:
        law = in_force(member, on)
        if law is not None and law.contradicts(value):
            yield _contradicts(member, str(value), law.says, law.source)


def _n_standing(stated: Stated) -> Iterator[Warning]:
    # ASSUMPTION: a paper that says 5 days and not which means school days; one that says fewer asks for more.
    limit = stated.n_limit
    if limit is not None and (limit.days is None or limit.days > N_SCHOOL_DAYS or limit.of == "working-days"):
        paper = "no limit" if limit.days is None else f"{limit.days} {limit.of.replace('-', ' ')}"
        law = f"N gives way to the true code within {N_SCHOOL_DAYS} school days, and to O after them"
        yield _contradicts("n_limit", paper, law, f"{_REGULATIONS}, regulation 10(7) to (9)")


def _threshold(stated: Stated, on: date) -> Iterator[Warning]:
    if stated.threshold_within not in (None, "school-weeks"):
        law = "it is 10 sessions in 10 rolling school weeks, across terms and years"
        paper = str(stated.threshold_within).replace("-", " ")
        yield _contradicts("penalty_threshold/within", paper, law, FRAMEWORK)
    counting = frozenset(code for code in ABSENCES if read(code, on).threshold)
    if stated.threshold_codes not in (None, counting):
        paper, law = _spoken(stated.threshold_codes or ["no code"]), f"{_spoken(counting)} count, N while it stands"
        yield _contradicts("penalty_threshold/codes", f"{paper} count", law, FRAMEWORK)


def _amending(stated: Stated) -> Iterator[Warning]:
    shows = stated.amendment_shows
    if shows is not None and (missing := [each for each in AMENDMENT if each not in shows]):
        law = "original entry, amended entry, reason, date, and name and position of who made it"
        paper = f"nothing of {', '.join(missing).replace('-', ' ')}"
        yield _contradicts("amendment_shows", paper, f"an amendment shows {law}", f"{_REGULATIONS}, regulation 6")


def _part_time(stated: Stated) -> Iterator[Warning]:
    if stated.part_time_authorised:
        law = "C2 is authorised at the times and dates agreed and nowhere else"
        paper = "absence on a part-time timetable must be authorised"
        yield _contradicts("part_time_absence", paper, law, f"{_REGULATIONS}, regulation 11(6)")


def _since(stated: Stated) -> Iterator[Warning]:
    if stated.in_force_from not in (None, STARTS_2024):
        law = "regulations and guidance are in force from 19 August 2024"
        yield _contradicts("in_force_from", str(stated.in_force_from), law, _REGULATIONS)


def _withdrawn(stated: Stated, on: date) -> Iterator[Warning]:
    if gone := [code for code in stated.codes if withdrawn(code, on)]:
        law = f"the {edition(on)} code set is in force, without them"
        yield _contradicts("codes", f"{_spoken(gone)} are codes", law, "SI 2006/1751 reg 6; SI 2024/208 reg 10")


def _other_classes(stated: Stated, on: date) -> Iterator[Warning]:
    for kind, filed in stated.classes:
        other: dict[str, list[str]] = defaultdict(list)
        for code in filed:
            actual = read(code, on, compulsory=False).kind
            if actual != kind and not {actual, kind} <= _NO_SESSION:
                other["no possible session" if actual in _NO_SESSION else str(actual).replace("-", " ")].append(code)
        for law, codes in other.items():
            paper = f"{_spoken(codes)} count as {kind.replace('-', ' ')}"
            yield _contradicts(f"classes/{kind}", paper, f"each is {law}", METHODOLOGY)


def _other_closing(stated: Stated, closes: Mapping[Session, frozenset[time]]) -> Iterator[Warning]:
    for session, paper in stated.registers_close:
        if paper != closes[session]:
            said, here = (_spoken(f"{each:%H:%M}" for each in times) for times in (paper, closes[session]))
            detail = (
                f"The school's paper says {session} closes at {said}. Here it closes at {here}: that decides L or U."
            )
            yield Warning(
                f"stated/registers_close/{session}", detail, f"{_REGULATIONS}, regulation 10(3), Tables 1 and 3"
            )


def _other_days_lost(stated: Stated) -> Iterator[Warning]:
    for n, (attendance, days) in enumerate(stated.days_lost):
        if days != (lost := (1 - attendance) * EXPECTED_DAYS):
            paper = f"{float(days):g} days lost at {float(attendance * 100):g} %"
            law = f"it is {float(lost):.1f} of {EXPECTED_DAYS} days"
            yield _contradicts(f"days_lost/{n}", paper, law, f"{METHODOLOGY}, 1.1")


def _spoken(words: Iterable[str]) -> str:
    return ", ".join(words if isinstance(words, list) else sorted(words))


def _numbers(body: Mapping[str, Any], member: str) -> Iterator[tuple[str, int]]:
    for each in sorted(MEMBERS):
        first, _, last = each.partition("/")
        row, name = (body.get(first, {}), last) if last else (body, first)
        if name in row:
            yield each, number(row[name], f"{member}/{each}", "what the law counts", 0)


def _n_limit(row: Any, member: str) -> NLimit:
    only(row, member, {"days", "of"})
    if "days" not in row:
        raise PolicyFault(f"{member}/days", "This is a number of days, or null where there is no limit.")
    days = None if row["days"] is None else number(row["days"], f"{member}/days", "days")
    return NLimit(days, chosen(row.get("of", "school-days"), f"{member}/of", N_DAYS))


def _codes(value: Any, member: str) -> tuple[str, ...]:
    for n, code in enumerate(items(value, member)):
        if not isinstance(code, str) or not known(code):
            raise PolicyFault(f"{member}/{n}", "This was never a code of the register.")
    return tuple(value)


def _classes(value: Any, member: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    only(value, member, CLASSES)
    for kind, filed in value.items():
        yield kind, _codes(filed, f"{member}/{kind}")


def _closes(value: Any, member: str) -> Iterator[tuple[Session, frozenset[time]]]:
    only(value, member, tuple(Session))
    for name, times in value.items():
        at = f"{member}/{name}"
        said = frozenset(time_of(each, f"{at}/{n}") for n, each in enumerate(items(times, at)))
        if not said:
            raise PolicyFault(at, "This is a list of at least one time.")
        yield Session(name), said


def _days_lost(value: Any, member: str) -> Iterator[tuple[Fraction, Fraction]]:
    for n, row in enumerate(items(value, member)):
        at = f"{member}/{n}"
        only(row, at, {"attendance", "days"})
        days = row.get("days")
        if isinstance(days, bool) or not isinstance(days, int | float) or not 0 <= days <= EXPECTED_DAYS:
            raise PolicyFault(f"{at}/days", f"This is a number of days, 0 to {EXPECTED_DAYS}.")
        yield share(row.get("attendance"), f"{at}/attendance"), Fraction(str(days))
