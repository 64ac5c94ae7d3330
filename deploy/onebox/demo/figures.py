"""The DfE figures the demonstration is drawn from: how absence is spread over pupils, and over codes."""

import csv
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from random import Random

ENGLAND = "England"
BANDS = ((0, 5), (5, 10), (10, 15), (15, 20), (20, 25), (25, 30), (30, 35), (35, 40), (40, 45), (45, 50), (50, 80))
"""The absence bands in per cent; the last is open in the source ("50 and over")."""
# ASSUMPTION: the source says nothing of how rates lie within a band, nor where the last one ends. They are taken to
# thin out from the lower end to the upper, as they do from band to band; in the first they gather near 4 per cent.
_GATHER_AT = 4

ABSENCE_CODES = ("I", "M", "R", "S", "T", "E", "C", "C1", "J1", "C2", "G", "U", "O", "N")
APPROVED_CODES = ("B", "P", "V", "W", "K")
FEW = 12  # a cell of fewer pupils says too little by itself: the next wider one is drawn from


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the DfE's 2025/26 table: sessions by code and the totals, for an area and a phase."""

    area: str
    phase: str
    sessions: dict[str, int]
    possible: int
    attendance: int
    absence: int
    authorised: int
    unauthorised: int
    late: int
    pa_perc: float

    def share(self, code: str) -> float:
        """The sessions of a code as a fraction of possible sessions."""
        return self.sessions[code] / self.possible

    @property
    def absence_rate(self) -> float:
        """Overall absence as a fraction of possible sessions."""
        return self.absence / self.possible


@dataclass(frozen=True, slots=True)
class Cell:
    """Pupils of one kind (authority, phase, year group, FSM, SEN, sex), counted by absence band."""

    year_group: int
    fsm: bool
    sen: bool
    sex: str
    bands: tuple[int, ...]


@lru_cache(maxsize=1)
def attendance_rows() -> dict[tuple[str, str], Row]:
    """The 2025/26 table by (area, phase); area is an authority's code or `England`, phase may be `total`."""
    rows = {}
    for line in _read("attendance_by_code_2025_26.csv"):
        rows[line["area"], line["phase"]] = Row(
            area=line["area"],
            phase=line["phase"],
            sessions={code: int(line[code]) for code in ("/", "\\", "L", *ABSENCE_CODES, *APPROVED_CODES)},
            possible=int(line["possible_sessions"]),
            attendance=int(line["overall_attendance"]),
            absence=int(line["overall_absence"]),
            authorised=int(line["authorised_absence"]),
            unauthorised=int(line["unauthorised_absence"]),
            late=int(line["late_sessions"]),
            pa_perc=float(line["pa_perc"]),
        )
    return rows


@lru_cache(maxsize=64)
def cells(la_code: str, phase: str) -> tuple[Cell, ...]:
    """The distributions of one authority and phase, 2022/23."""
    return _cells()[la_code, phase]


@lru_cache(maxsize=4096)
def bands_for(la_code: str, phase: str, year_group: int, fsm: bool, sen: bool, sex: str) -> tuple[int, ...]:
    """Pupils by band for this kind of pupil; a cell with few pupils is widened by sex, then FSM, then year."""
    every = cells(la_code, phase)
    sen_too = [cell for cell in every if cell.sen == sen]
    year_too = [cell for cell in sen_too if cell.year_group == year_group]
    fsm_too = [cell for cell in year_too if cell.fsm == fsm]
    exact = [cell for cell in fsm_too if cell.sex == sex]
    for chosen in (exact, fsm_too, year_too, sen_too):
        total = _added(chosen)
        if sum(total) >= FEW:
            return total
    return _added(every)


@lru_cache(maxsize=64)
def level(la_code: str, phase: str) -> float:
    """What brings the spread of 2022/23 to the authority's own overall absence of 2025/26: a factor on every rate."""
    total = _added(cells(la_code, phase))
    means = [(low + high + _mode(low)) / 3 for low, high in BANDS]
    spread = sum(count * mean for count, mean in zip(total, means, strict=True)) / sum(total) / 100
    return attendance_rows()[la_code, phase].absence_rate / spread


def draw_kind(random: Random, la_code: str, phase: str, year_group: int) -> tuple[bool, bool, str]:
    """FSM, SEN and sex of one pupil, drawn together as they occur in that authority, phase and year group."""
    every = [cell for cell in cells(la_code, phase) if cell.year_group == year_group]
    cell = random.choices(every, [sum(cell.bands) for cell in every])[0]
    return cell.fsm, cell.sen, cell.sex


def draw_rate(random: Random, la_code: str, phase: str, year_group: int, kind: tuple[bool, bool, str]) -> float:
    """The share of sessions this pupil tends to miss (0 to about 0.8), from the band distribution of its kind."""
    counts = bands_for(la_code, phase, year_group, *kind)
    low, high = random.choices(BANDS, counts)[0]
    return random.triangular(low, high, _mode(low)) / 100 * level(la_code, phase)


def _mode(low: int) -> int:
    """Where rates gather in the band that begins at `low` per cent."""
    return _GATHER_AT if low == 0 else low


def _added(chosen: list[Cell] | tuple[Cell, ...]) -> tuple[int, ...]:
    return tuple(sum(column) for column in zip(*(cell.bands for cell in chosen), strict=True)) or (0,) * len(BANDS)


@lru_cache(maxsize=1)
def _cells() -> dict[tuple[str, str], tuple[Cell, ...]]:
    found: dict[tuple[str, str], list[Cell]] = {}
    for line in _read("absence_bands_2022_23.csv"):
        bands = tuple(int(count) for name, count in line.items() if name.startswith("band_"))
        cell = Cell(int(line["year_group"]), line["fsm"] == "true", line["sen"] == "any", line["sex"], bands)
        found.setdefault((line["la_code"], line["phase"]), []).append(cell)
    return {key: tuple(every) for key, every in found.items()}


def _read(name: str) -> list[dict[str, str]]:
    text = (files(__package__) / "data" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
