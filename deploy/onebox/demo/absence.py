"""One pupil's academic year, session by session: what the register should say in the end, and when the school knew it.

Codes occur in the DfE's own proportions for the phase, in the shape each has in life: illness in runs of days,
appointments in single sessions, holidays in weeks. How much a pupil is absent is the pupil's own rate; a shortfall or
excess is made up as the year goes on, so that a year's absence lands near the rate it was drawn with.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from random import Random

from codes.ages import of_compulsory_age
from onebox.demo.figures import ABSENCE_CODES, ENGLAND, attendance_rows
from onebox.demo.pupils import Pupil

Key = tuple[int, str]
"""A session of the year: the index of the school day, and AM or PM."""

KNOWN = -1
"""The reason was known when the register was taken."""

NEVER = 10_000
"""The reason never came: N stands."""


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one pupil in one session, where it was not plain presence.

    `minutes` is an arrival, after the register opened (L) or closed (U). `known` is the index of the school day on
    which the reason was found out, KNOWN or NEVER; `at_first` what stood for a while between N and the code, if any.
    """

    code: str
    known: int = KNOWN
    minutes: int | None = None
    nature: str | None = None
    at_first: str | None = None


@dataclass(frozen=True, slots=True)
class _Kind:
    """How absences under one code come: the shape, and the mean number of sessions of one of them."""

    code: str
    shape: str
    sessions: float


_KINDS = (
    _Kind("I", "days", 4.2),
    _Kind("M", "one", 1.0),
    _Kind("R", "days", 2.0),
    _Kind("S", "days", 3.0),
    _Kind("T", "days", 14.0),
    _Kind("E", "days", 4.0),
    _Kind("C", "days", 2.6),
    _Kind("C1", "days", 2.0),
    _Kind("J1", "one", 1.0),
    _Kind("C2", "afternoons", 12.0),
    _Kind("G", "days", 9.0),
    _Kind("U", "late", 1.0),
    _Kind("O", "days", 3.0),
    _Kind("N", "one", 1.0),
)

# How soon a reason is known: (share, school days after the first session); KNOWN with the register, 0 the same day.
_KNOWN_AFTER = {
    "I": ((0.55, KNOWN), (0.33, 0), (0.08, 1), (0.03, 3), (0.01, 5)),
    "M": ((0.75, KNOWN), (0.18, 0), (0.07, 1)),
    "G": ((0.45, KNOWN), (0.25, 2), (0.30, 5)),
    "O": ((0.20, KNOWN), (0.20, 2), (0.25, 4), (0.35, 5)),
    "N": ((1.0, NEVER),),
}
_FIRST_TAKEN_FOR_UNAUTHORISED = (
    0.3  # of illnesses learnt of on the fifth day: N was closed as O, and the letter came later
)
_START = 0.35  # the chance that an absence that is due begins on a given day
_OVERDUE = 6.0  # sessions of arrears at which it begins at once
_WHOLE_DAYS = 0.85  # the rest of illnesses begin after lunch
_APPROVED = {"B": "Taster day at the college", "K": "Tuition arranged by the authority", "P": "Area sports fixture"}
_REGULAR = 0.2  # of sessions: a pupil with education elsewhere (K) is there one day a week


def plan(pupil: Pupil, year: int, days: Sequence[date]) -> dict[Key, Line]:
    """Everything but plain presence in the academic year of `year`, whose school days are `days`, for one pupil."""
    random = Random(f"{pupil.seed}/{year}")
    present = [index for index, day in enumerate(days) if pupil.on_roll(day)]
    if not present:
        return {}
    lines: dict[Key, Line] = {}
    _attending_elsewhere(random, pupil, present, days, lines)
    _late(random, pupil, present, lines)
    _absences(random, pupil, year, present, days, lines)
    return lines


def _absences(
    random: Random, pupil: Pupil, year: int, present: Sequence[int], days: Sequence[date], lines: dict[Key, Line]
) -> None:
    """Lay the pupil's absences over the year: what is owed grows with every day, and each absence pays it off."""
    rate, last = pupil.rate(year), present[-1]
    kinds, weights = _kinds(pupil.school.phase, pupil.year_group(year), of_compulsory_age(pupil.born, days[present[0]]))
    longer = 1 + 2 * max(0.0, rate - 0.25)
    # The year begins in the middle of things: the long absences are the likelier to be the next one due.
    kind = random.choices(kinds, [weight * kind.sessions for kind, weight in zip(kinds, weights, strict=True)])[0]
    owed = random.random() * kind.sessions
    index = present[0]
    while index <= last:
        owed += 2 * rate
        if owed < kind.sessions or (owed < kind.sessions + _OVERDUE and random.random() > _START):
            index += 1
            continue
        length = _length(random, kind, longer)
        taken = _sessions(random, kind, index, last, length)
        _write(random, kind, taken, last, lines)
        ended = max((at for at, _ in taken), default=index)
        owed += 2 * rate * (ended - index) - len(taken)
        index = ended + 1
        kind = random.choices(kinds, weights)[0]


@lru_cache(maxsize=64)
def _kinds(phase: str, year_group: int, compulsory: bool) -> tuple[list[_Kind], list[float]]:
    """The kinds of absence for this year group, weighted so that their sessions come out in the DfE's proportions."""
    row = attendance_rows()[ENGLAND, phase]
    kinds, weights = [], []
    for kind in _KINDS:
        share = row.share(kind.code)
        if kind.code in ("S", "J1"):  # Year 11 has the whole phase's study leave and interviews
            share *= 0 if year_group < 11 else 5
        if (kind.code == "C2" and not compulsory) or (kind.code == "E" and year_group < 1):
            share = 0
        kinds.append(kind)
        weights.append(share / kind.sessions)
    return kinds, weights


def _length(random: Random, kind: _Kind, longer: float) -> int:
    """The sessions one absence takes: at least one, near the kind's mean, longer for those who are away most."""
    if kind.shape in ("one", "late"):
        return 1
    mean = kind.sessions * (longer if kind.code in ("I", "O") else 1.0)
    spread = random.expovariate(1.0) if kind.code in ("I", "O", "C", "E") else random.uniform(0.6, 1.4)
    return max(1, round(mean * (0.5 + 0.5 * spread)))


def _sessions(random: Random, kind: _Kind, index: int, last: int, length: int) -> list[Key]:
    """The sessions an absence takes, from the day `index`, none after the day `last`."""
    if kind.shape == "late":
        return [(index, "AM" if random.random() < 0.8 else "PM")]
    if kind.shape == "one":
        return [(index, random.choice(("AM", "PM")))]
    if kind.shape == "afternoons":
        return [(at, "PM") for at in range(index, min(index + length, last + 1))]
    every = [(at, session) for at in range(index, min(index + length, last) + 1) for session in ("AM", "PM")]
    skipped = 1 if random.random() > _WHOLE_DAYS else 0
    if kind.code != "I" and length > 1:
        length += length % 2  # whole days
        skipped = 0
    return every[skipped : skipped + length]


def _write(random: Random, kind: _Kind, taken: Sequence[Key], last: int, lines: dict[Key, Line]) -> None:
    """Write one absence, with when its reason was known: all its sessions until then are N at first."""
    if not taken:
        return
    start = taken[0][0]
    if kind.shape == "late":
        lines[taken[0]] = Line("U", known=start, minutes=random.randint(4, 70))
        return
    chances = _KNOWN_AFTER.get(kind.code, ((1.0, KNOWN),))
    after = random.choices([days for _, days in chances], [share for share, _ in chances])[0]
    line = Line(kind.code, known=after if after in (KNOWN, NEVER) else min(start + after, last))
    if kind.code == "I" and after == 5 and random.random() < _FIRST_TAKEN_FOR_UNAUTHORISED:
        line = replace(line, at_first="O")
    for at, session in taken:
        # The office learns it between the morning's register and the afternoon's.
        explained = line.known != NEVER and (at, session) >= (line.known, "PM")
        lines[at, session] = Line(kind.code) if explained else line


def _late(random: Random, pupil: Pupil, present: Sequence[int], lines: dict[Key, Line]) -> None:
    """Write the arrivals before the register closes: the DfE's share, most of them in the morning, by few pupils."""
    share = attendance_rows()[ENGLAND, pupil.school.phase].share("L")
    chances = {"AM": min(0.6, 2 * share * 0.9 * pupil.lateness), "PM": min(0.2, 2 * share * 0.1 * pupil.lateness)}
    for index in present:
        for session, chance in chances.items():
            if random.random() < chance:
                lines.setdefault((index, session), Line("L", minutes=random.randint(1, 10)))


def _attending_elsewhere(
    random: Random, pupil: Pupil, present: Sequence[int], days: Sequence[date], lines: dict[Key, Line]
) -> None:
    """Write approved activities (B, P), and the one day a week of those with education elsewhere (K, D)."""
    row = attendance_rows()[ENGLAND, pupil.school.phase]
    elsewhere = random.random()
    weekday = random.randrange(5)
    code = "K" if elsewhere < row.share("K") / _REGULAR else "D" if elsewhere > 0.998 and pupil.sen == "E" else ""
    chances = (row.share("B"), 2 * row.share("P"))  # B takes the day, P an afternoon
    for index in present:
        if code and days[index].weekday() == weekday:
            lines[index, "AM"] = lines[index, "PM"] = Line(code, nature=_APPROVED.get(code))
        elif random.random() < sum(chances):
            chosen = random.choices(("B", "P"), chances)[0]
            for session in ("PM",) if chosen == "P" else ("AM", "PM"):
                lines[index, session] = Line(chosen, nature=_APPROVED[chosen])


assert {kind.code for kind in _KINDS} == set(ABSENCE_CODES)
