"""The one table: every row with its median, its spread, what it is laid beside, the ratio and the aim."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from tests.bench.writing import Written

MOST_ELSEWHERE = 0.05
"""A busier machine slows what needs both cores more than what needs one: the ratios themselves are then wrong."""


@dataclass(slots=True)
class Row:
    """One thing that is measured in every round."""

    name: str
    unit: str
    timed: bool = True
    """Whether the time of a single one means something."""
    events: list[int] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    shares: list[dict[str, float]] = field(default_factory=list)

    def add(self, written: Written, shares: dict[str, float]) -> None:
        """Add a round."""
        self.events.append(written.events)
        self.rates.append(written.rate)
        self.p50.append(written.p50)
        self.p99.append(written.p99)
        self.shares.append(shares)

    def share(self, name: str) -> float:
        """Give the median share of the processor time."""
        return median(share[name] for share in self.shares)


@dataclass(frozen=True, slots=True)
class Ratio:
    """A row laid beside another, round by round, and what is aimed at."""

    of: Row
    to: Row
    aim: float

    @property
    def rounds(self) -> list[float]:
        """The ratio in each round: neighbours in time, so that the machine's moods fall out."""
        return [mine / theirs for mine, theirs in zip(self.of.rates, self.to.rates, strict=True)]

    @property
    def value(self) -> float:
        """The median of the rounds."""
        return median(self.rounds)


@dataclass(frozen=True, slots=True)
class Limit:
    """A row whose single one is to take no longer than so many milliseconds, in the median."""

    of: Row
    most: float
    slowest: bool = False
    """Whether it is the slowest ones that are to take no longer: p99 in the place of p50."""

    @property
    def rounds(self) -> list[float]:
        """The milliseconds of each round."""
        return self.of.p99 if self.slowest else self.of.p50

    @property
    def value(self) -> float:
        """The median of the rounds."""
        return median(self.rounds)


@dataclass(frozen=True, slots=True)
class Floor:
    """A row of which there are to be no fewer than so many a second, in the median."""

    of: Row
    least: float

    @property
    def value(self) -> float:
        """The median of the rounds."""
        return median(self.of.rates)


@dataclass(slots=True)
class Table:
    """All that one run measures."""

    facts: dict[str, Any] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    ratios: list[Ratio] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)
    floors: list[Floor] = field(default_factory=list)

    def add(
        self,
        facts: dict[str, Any],
        rows: Sequence[Row],
        ratios: Sequence[Ratio] = (),
        limits: Sequence[Limit] = (),
        floors: Sequence[Floor] = (),
    ) -> None:
        """Add what was measured together; of what others took meanwhile, the most is kept."""
        elsewhere = max(facts["elsewhere"], self.facts.get("elsewhere", 0.0))
        self.facts = {**self.facts, **facts, "elsewhere": elsewhere}
        self.rows += rows
        self.ratios += ratios
        self.limits += limits
        self.floors += floors

    def as_json(self) -> dict[str, Any]:
        """Give everything that was measured, round by round."""
        return {
            "machine": self.facts,
            "rows": [
                {
                    "name": row.name,
                    "unit": row.unit,
                    "median": median(row.rates),
                    "rounds": row.rates,
                    "p50_ms": row.p50,
                    "p99_ms": row.p99,
                    "processor_shares": row.shares,
                }
                for row in self.rows
            ],
            "ratios": [
                {"of": each.of.name, "to": each.to.name, "median": each.value, "rounds": each.rounds, "aim": each.aim}
                for each in self.ratios
            ],
            "limits": [
                {"of": each.of.name, "median_ms": each.value, "rounds_ms": each.rounds, "aim_ms": each.most}
                for each in self.limits
            ],
            "floors": [
                {"of": each.of.name, "median": each.value, "rounds": each.of.rates, "aim": each.least}
                for each in self.floors
            ],
        }

    def as_text(self) -> str:
        """Give the table, and under it the machine that it holds for."""
        lines = [("", "median", "lowest-highest", "", "p50 ms", "p99 ms", "service/postgresql/writer")]
        for row in self.rows:
            spread = f"{min(row.rates):,.0f}-{max(row.rates):,.0f}"
            shares = (
                "/".join(f"{row.share(name):.0%}" for name in ("service", "postgresql", "writer")) if row.shares else ""
            )
            times = (f"{median(row.p50):.2f}", f"{median(row.p99):.2f}") if row.timed else ("", "")
            lines.append((row.name, f"{median(row.rates):,.0f}", spread, row.unit, *times, shares))
        ratios = [("", "ratio", "lowest-highest", "aim", "")]
        for ratio in self.ratios:
            met = "met" if ratio.value >= ratio.aim else "not met"
            spread = f"{min(ratio.rounds):.2f}-{max(ratio.rounds):.2f}"
            ratios.append((f"{ratio.of.name} : {ratio.to.name}", f"{ratio.value:.2f}", spread, f"{ratio.aim:.2f}", met))
        limits = [("", "ms", "lowest-highest", "aim", "")]
        for limit in self.limits:
            met = "met" if limit.value <= limit.most else "not met"
            spread = f"{min(limit.rounds):.1f}-{max(limit.rounds):.1f}"
            limits.append((limit.of.name, f"{limit.value:.1f}", spread, f"{limit.most:.0f}", met))
        floors = [("", "a second", "lowest-highest", "aim", "")]
        for floor in self.floors:
            met = "met" if floor.value >= floor.least else "not met"
            spread = f"{min(floor.of.rates):,.0f}-{max(floor.of.rates):,.0f}"
            floors.append((floor.of.name, f"{floor.value:,.0f}", spread, f"{floor.least:,.0f}", met))
        parts: list[Sequence[tuple[str, ...]]] = [lines]
        parts += [each for each in (ratios, limits, floors) if len(each) > 1]
        return "\n\n".join((*("\n".join(_aligned(part)) for part in parts), self._machine()))

    def _machine(self) -> str:
        server, elsewhere = self.facts["postgresql"], self.facts["elsewhere"]
        return (
            f"{self.facts['cores']} cores, {self.facts['processor']}; Python {self.facts['python']}; "
            f"PostgreSQL {server['server_version']}, fsync {server['fsync']}, "
            f"synchronous_commit {server['synchronous_commit']}, shared_buffers {server['shared_buffers']}; "
            f"fdatasync of 8 KiB {self.facts['fdatasync_us']:.0f} us\n"
            f"Other programs took up to {elsewhere:.0%} of the cores meanwhile"
            + (": do not quote these figures." if elsewhere > MOST_ELSEWHERE else ".")
        )


def _aligned(lines: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    return [
        "  ".join(
            cell.ljust(width) if at == 0 or cell.isalpha() or "/s" in cell else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
