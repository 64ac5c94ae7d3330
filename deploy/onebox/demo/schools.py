"""The invented schools: real authorities, and session times and targets as five real policies set them.

No school here exists. The URNs lie beyond those given out, the establishment numbers outside the ranges in use.
"""

from dataclasses import dataclass
from datetime import time

RECEPTION = 0
"""Year groups are numbers here: 0 is Reception."""


@dataclass(frozen=True, slots=True)
class Register:
    """When one session's register opens and closes and the session ends, for these year groups (none: for everyone)."""

    session: str
    opens: time
    closes: time
    ends: time
    year_groups: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Trust:
    """A trust, or a federation acting as one."""

    uid: str
    name: str


@dataclass(frozen=True, slots=True)
class School:
    """One invented school. `classes` are names with their year groups; `entry` is how many pupils join each year."""

    urn: str
    name: str
    laestab: str
    trust: Trust | None
    phase: str
    lowest: int
    highest: int
    registers: tuple[Register, ...]
    target: int
    classes: tuple[tuple[str, tuple[int, ...]], ...]
    entry: int
    inset: tuple[str, ...]

    @property
    def la_code(self) -> str:
        """The authority it lies in."""
        return self.laestab[:3]

    def register(self, session: str, year_group: int) -> Register:
        """The register of a session that a year group is marked in."""
        for register in self.registers:
            if register.session == session and (not register.year_groups or year_group in register.year_groups):
                return register
        raise LookupError(f"{self.name} has no {session} register for year group {year_group}")

    def class_of(self, year_group: int, number: int) -> str:
        """The class of the pupil who joined as `number` of the year, once in this year group."""
        fitting = [name for name, years in self.classes if year_group in years]
        return fitting[number % len(fitting)]

    def body(self) -> dict[str, object]:
        """The school as the register takes it."""
        body: dict[str, object] = {
            "name": self.name,
            "laestab": self.laestab,
            "la_code": self.la_code,
            "phase": self.phase,
            "age_range": [self.lowest + 4, self.highest + 5],
            "policy": {
                "registers": [_register_body(register) for register in self.registers],
                "target": self.target,
                "referral_below": 90,
            },
        }
        if self.trust:
            body["trust"] = {"uid": self.trust.uid, "name": self.trust.name}
        return body


def year_group_name(year_group: int) -> str:
    """`R` for Reception, otherwise the number."""
    return "R" if year_group == RECEPTION else str(year_group)


def _register_body(register: Register) -> dict[str, object]:
    body: dict[str, object] = {
        "session": register.session,
        "opens": f"{register.opens:%H:%M}",
        "closes": f"{register.closes:%H:%M}",
        "ends": f"{register.ends:%H:%M}",
    }
    if register.year_groups:
        body["year_groups"] = [year_group_name(year) for year in register.year_groups]
    return body


# Session times and targets are those of the five policies the register was first asked to serve. Where a policy does
# not say when the afternoon register closes, it is open as long as the morning's, as the guidance asks.
_OXFORDSHIRE = (
    Register("AM", time(8, 40), time(8, 55), time(12, 0)),
    Register("PM", time(13, 0), time(13, 15), time(15, 15)),
)
_SPECIAL = (
    Register("AM", time(9, 0), time(9, 15), time(12, 0)),
    Register("PM", time(13, 30), time(13, 40), time(15, 15)),
)
_HALTON = (
    Register("AM", time(9, 0), time(9, 30), time(12, 0)),
    Register("PM", time(13, 0), time(13, 30), time(15, 15), (0, 1, 2)),
    Register("PM", time(13, 15), time(13, 45), time(15, 15), (3, 4, 5, 6)),
)
_FEDERATION = (
    Register("AM", time(8, 45), time(9, 15), time(12, 0)),
    Register("PM", time(13, 15), time(13, 45), time(15, 15)),
)
_ONE_FORM = tuple((name, (year,)) for year, name in enumerate(("Reception", *(f"Year {n}" for n in range(1, 7)))))
_VILLAGE = (("Acorns", (0, 1)), ("Saplings", (2, 3)), ("Oaks", (4, 5, 6)))
_SMALL_GROUPS = (
    ("Wrens", (0, 1, 2)),
    ("Robins", (3, 4)),
    ("Finches", (5, 6)),
    ("Kites", (7, 8)),
    ("Harriers", (9,)),
    ("Hawks", (10, 11)),
)


def _forms(letters: str) -> tuple[tuple[str, tuple[int, ...]], ...]:
    return tuple((f"{year}{letter}", (year,)) for year in range(7, 12) for letter in letters)


_VALE = Trust("99001", "Whistledown Academy Trust")
_MARCH = Trust("99002", "Goldenvale Federation")


def _village(urn: str, name: str, establishment: str, entry: int) -> School:
    return School(
        urn, name, "884" + establishment, _MARCH, "primary", 0, 6, _FEDERATION, 96, _VILLAGE, entry, ("1", "2")
    )


SCHOOLS: tuple[School, ...] = (
    School(
        "900001",
        "Whistledown Primary School",
        "9319901",
        _VALE,
        "primary",
        0,
        6,
        _OXFORDSHIRE,
        96,
        _ONE_FORM,
        27,
        ("2", "6"),
    ),
    School(
        "900002",
        "Ockmere School",
        "9319902",
        _VALE,
        "secondary",
        7,
        11,
        _OXFORDSHIRE,
        96,
        _forms("MN"),
        56,
        ("1", "3"),
    ),
    School(
        "900003",
        "Larkhollow School",
        "9199901",
        None,
        "special",
        0,
        11,
        _SPECIAL,
        100,
        _SMALL_GROUPS,
        6,
        ("1", "2", "5"),
    ),
    School("900004", "Wexmoor School", "9199902", None, "secondary", 7, 11, _OXFORDSHIRE, 96, _forms("AB"), 52, ("2",)),
    School("900005", "Canalside Row Primary", "8769901", None, "primary", 0, 6, _HALTON, 96, _ONE_FORM, 28, ("1", "6")),
    _village("900006", "Orlmarsh Primary School", "9901", 11),
    _village("900007", "Dapplecombe Primary School", "9902", 9),
    _village("900008", "Hazelwick Primary School", "9903", 10),
    _village("900009", "Sorrelford Primary School", "9904", 12),
    _village("900010", "Yarrowbank Primary School", "9905", 10),
)

AUTHORITIES = {"931": "Oxfordshire", "919": "Hertfordshire", "876": "Halton", "884": "Herefordshire"}
