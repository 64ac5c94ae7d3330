"""What a request asks of figures, and the answer's form: its pages, or all of it as CSV, NDJSON or Parquet."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar

from fastapi import Query, Request, Response
from pydantic import Field

from analytics_worker import questions, summary
from analytics_worker.counting import Counted
from analytics_worker.periods import Asked, Period, bounds
from analytics_worker.questions import By, Question, Who
from analytics_worker.summary import FORMULAS, Reader
from codes.school import School
from kit import formats, lists
from kit.fields import Body, Day
from kit.formats import Format
from kit.parquet import Kind
from kit.problems import Problem, invalid_parameter
from kit.tokens import Identity

MOST_BY = 2
OF_SCHOOLS = frozenset({By.SCHOOL, By.LOCAL_AUTHORITY, By.REGION, By.PHASE})
"""What figures of many schools alone may be parted by."""
_POSITIONS = {"as_of", "as_at"}
"""Members that a stream carries as headers, Rollbook-As-Of and Rollbook-As-At."""
SEES_PUPILS, SEES_GROUPS = "attendance:read", "summaries:read"
"""The scope that figures of pupils need, and the one that those of groups need, with suppression."""


class DayFilters(Body):
    """Which days: two dates, or a period and a date in it."""

    first: Day | None = Field(None, alias="from", description="The first date.")
    last: Day | None = Field(None, alias="to", description="The last date.")
    period: Period | None = Field(None, description="In place of from and to; the year without any.")
    on: Day | None = Field(None, description="A date in the period; today without it.")

    def asked(self) -> Asked:
        """Give the days that are meant."""
        return Asked(self.first, self.last, self.period, self.on)


class SummaryFilters(DayFilters):
    """Which days, whose sessions, parted by what, and in which form."""

    not_by: ClassVar[frozenset[By]] = OF_SCHOOLS
    """What figures are not parted by here."""
    by: Annotated[list[By], Field(max_length=MOST_BY)] = Field([], description="Parted by one thing, or by two.")
    who: Who = Field(Who.ON_ROLL, description="All on roll, or those whom the DfE's statistics count, or count apart.")
    format: str | None = Field(None, description="json, csv, ndjson or parquet; over `Accept`.")
    limit: Annotated[int, Query(ge=1, le=lists.MOST)] = lists.DEFAULT_LIMIT
    cursor: str | None = Field(None, description="`next` of the page before.")

    def question(self, school: School, today: Any) -> Question:
        """Give the question, at a school on a day; raise `invalid-parameter`."""
        if len(set(self.by)) < len(self.by):
            raise invalid_parameter("by", "Two things, not one twice.")
        if wrong := [by for by in self.by if by in self.not_by]:
            raise invalid_parameter("by", f"Figures are not parted by {wrong[0]} here.")
        first, last = bounds(self.asked(), school, today)
        return Question(first, last, tuple(self.by), self.who)


def reader(identity: Identity, request: Request, by: Sequence[By]) -> Reader:
    """Give who reads; raise `scope-required` where pupils are asked for by one who may not see them."""
    sees = SEES_PUPILS in identity.scopes
    if not sees and By.PUPIL in by:
        raise Problem("scope-required", f"Figures of pupils need the scope {SEES_PUPILS}.")
    return Reader(sees, request.app.state.settings.smallest_cell)


def answer(
    request: Request,
    response: Response,
    filters: SummaryFilters,
    head: Mapping[str, Any],
    counted: Counted,
    question: Question,
    who_reads: Reader,
) -> Any:
    """Give the answer with `head` as its first members: a page of the parts, or a stream of them all."""
    whole, items = summary.shown(counted, question, who_reads)
    return formed(request, response, filters, head, whole, items, question)


def of_one(
    request: Request,
    response: Response,
    filters: SummaryFilters,
    head: Mapping[str, Any],
    counted: Counted,
    question: Question,
) -> Any:
    """Give the answer about one pupil: the whole and every part are figures of one enrolment."""
    whole = summary.of_pupil(counted.whole.total)
    items = summary.of_one(counted, question)
    return formed(request, response, filters, head, whole, items, question, one_pupil=True)


def formed(
    request: Request,
    response: Response,
    filters: SummaryFilters,
    head: Mapping[str, Any],
    whole: Mapping[str, Any],
    items: Sequence[Mapping[str, Any]],
    question: Question,
    *,
    one_pupil: bool = False,
) -> Any:
    """Give an answer of a whole and its parts as they are shown, `head` before them."""
    format_ = formats.chosen(request, filters.format)
    if format_ is not Format.JSON:
        rows = items if question.by else [{**_dates(question), **whole}]
        columns = _columns(rows, question, summary.template(question, one_pupil=one_pupil))
        positions = {
            f"Rollbook-{name.replace('_', '-').title()}": json.dumps(head[name]) for name in _POSITIONS & head.keys()
        }
        return formats.stream(_values(rows, columns), columns, format_, positions)
    told = {**head, **_dates(question), "who": question.who, **whole, "formulas": FORMULAS}
    if not question.by:
        return told
    position = lists.position(filters.cursor, frozenset({"after"}))
    after = None if position is None else _after(question, position)
    page = items if after is None else [item for item in items if _place(question, item) > after]
    shown = page[: filters.limit]
    following = {"after": [shown[-1][by.member] for by in question.by]} if len(page) > filters.limit else None
    by: Any = question.by[0] if len(question.by) == 1 else [*question.by]
    return {**told, "by": by, **lists.page(request, response, shown, following)}


def _dates(question: Question) -> dict[str, Any]:
    return {"from": question.first.isoformat(), "to": question.last.isoformat()}


def _place(question: Question, item: Mapping[str, Any]) -> Any:
    return summary.order(question.by, tuple(item[by.member] for by in question.by))


def _after(question: Question, position: Mapping[str, Any]) -> Any:
    labels = position["after"]
    if not isinstance(labels, list) or len(labels) != len(question.by):
        raise lists.not_ours()
    try:
        return summary.order(question.by, tuple(map(questions.named, labels)))
    except ValueError as caught:
        raise lists.not_ours() from caught


_TRUE_OR_FALSE = {"persistent", "severe", "suppressed"}


def _columns(rows: Sequence[Mapping[str, Any]], question: Question, template: Mapping[str, Any]) -> dict[str, Kind]:
    """Give what each member of the rows holds, in order, whether there are any rows or none."""
    columns: dict[str, Kind] = {by.member: by.kind for by in question.by}
    names = [*({} if question.by else _dates(question)), *template, *(name for row in rows for name in row)]
    return {**columns, **{name: _kind(name) for name in names if name not in columns}}


def _kind(name: str) -> Kind:
    if name in ("from", "to"):
        return "date"
    if name in _TRUE_OR_FALSE:
        return "yes-no"
    if name == "codes":
        return "text"
    return "figure" if name.endswith("_perc") or name.startswith("days_lost") else "number"


async def _values(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, Kind]) -> AsyncIterator[Sequence[Any]]:
    for row in rows:
        yield [row.get(column) for column in columns]
