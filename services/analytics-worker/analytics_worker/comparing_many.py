"""Figures of many schools beside others: of the period or the year before, and what the DfE publishes.

A target is a school's own, and so is an action: they are laid beside its figures, and not beside those of many.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

from analytics_worker import comparing, counting, periods, summary
from analytics_worker.comparing import Compare
from analytics_worker.counting import Counted
from analytics_worker.periods import Asked as Days
from analytics_worker.questions import Question
from analytics_worker.summary import Reader
from codes.phases import EducationPhase, education_phase
from codes.school import School
from codes.tallies import EMPTY, Group, Tally, pooled
from kit import database
from kit.database import Connection

_sql = database.statements(__file__)

CompareMany = Literal[Compare.PERIOD_BEFORE, Compare.YEAR_BEFORE, Compare.PUBLISHED]
Window = tuple[date, date]


@dataclass(slots=True)
class Earlier:
    """What was counted of other days, school after school, each by its own calendar, and what the schools are."""

    compare: Sequence[CompareMany]
    windows: defaultdict[Compare, list[Window]] = field(default_factory=lambda: defaultdict(list))
    wholes: defaultdict[Compare, list[Group]] = field(default_factory=lambda: defaultdict(list))
    phases: set[EducationPhase | None] = field(default_factory=set)
    la_codes: set[str | None] = field(default_factory=set)

    async def count(
        self,
        connection: Connection,
        school_id: int,
        facts: School,
        question: Question,
        days: Days,
        today: date,
        **at: Any,
    ) -> None:
        """Count a school over the days that its question is laid beside."""
        for compare, (first, last) in _windows(self.compare, facts, question, days, today):
            over = replace(question, first=first, last=last, by=())
            self.wholes[compare].append((await counting.ask(connection, school_id, facts, over, **at)).whole)
            self.windows[compare].append((first, last))
        if Compare.PUBLISHED in self.compare:
            own = await _sql.own(connection, school_id=school_id, today=today)
            self.phases.add(education_phase(own["phase"], own["age_from"], own["age_to"]))
            self.la_codes.add(own["la_code"])

    async def told(
        self, connection: Connection, question: Question, whole: Group, reader: Reader, la_code: str | None
    ) -> dict[str, Any]:
        """Give the member `compared`; nothing where nothing was asked for. Without `la_code` the schools' own is meant.

        ASSUMPTION: schools of several phases are laid beside what is published of all three together.
        """
        these = whole.total if _is_shown(whole, reader) else EMPTY
        told: dict[str, Any] = {}
        for compare, groups in self.wholes.items():
            window = (min(first for first, _ in self.windows[compare]), max(last for _, last in self.windows[compare]))
            those = pooled(groups)
            figures = summary.shown(Counted(those), replace(question, by=()), reader)[0]
            told[compare.member] = comparing.beside(window, figures, those.total, these)
        if Compare.PUBLISHED in self.compare:
            only = {*self.phases} - {None}
            phase = only.pop() if len(only) == 1 else EducationPhase.TOTAL
            la_code = la_code or (next(iter(self.la_codes)) if len(self.la_codes) == 1 else None)
            assert phase is not None
            told[Compare.PUBLISHED] = await comparing.of_the_dfe(
                connection, these, phase, question.last, la_code=la_code
            )
        return {"compared": told} if self.compare else {}


def _is_shown(whole: Group, reader: Reader) -> bool:
    """Say whether figures may be told: how far they lie from others would tell them."""
    return reader.sees_pupils or not 0 < whole.enrolments < reader.smallest


def _windows(
    compare: Sequence[CompareMany], facts: School, question: Question, days: Days, today: date
) -> list[tuple[Compare, Window]]:
    found: list[tuple[Compare, Window]] = []
    if Compare.PERIOD_BEFORE in compare:
        found.append((Compare.PERIOD_BEFORE, periods.before(days, facts, question.first, question.last)))
    if Compare.YEAR_BEFORE in compare:
        found.append((Compare.YEAR_BEFORE, periods.year_before(days, facts, question.first, question.last, today)))
    return found


async def of_area(
    connection: Connection,
    compare: Sequence[CompareMany],
    windows: Mapping[Compare, Window],
    question: Question,
    whole: tuple[Mapping[str, Any], Tally],
    over: Callable[[Question], Awaitable[tuple[dict[str, Any], Tally]]],
    region: str | None,
) -> dict[str, Any]:
    """Give the member `compared` of an area, whose figures over other days `over` gives; beside all its phases."""
    these = whole[1] if whole[0]["attendance_perc"] is not None else EMPTY
    told: dict[str, Any] = {}
    for each, window in windows.items():
        figures, those = await over(replace(question, first=window[0], last=window[1], by=()))
        told[each.member] = comparing.beside(window, figures, those, these)
    if Compare.PUBLISHED in compare:
        phase = EducationPhase.TOTAL
        told[Compare.PUBLISHED] = await comparing.of_the_dfe(connection, these, phase, question.last, region=region)
    return {"compared": told} if told else {}
