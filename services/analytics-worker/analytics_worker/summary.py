"""Figures as they are shown: in the DfE's words, so that a figure here can be laid beside a figure there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from analytics_worker import suppression
from analytics_worker.counting import Counted, Labels
from analytics_worker.questions import By, Question, Who, in_order
from codes import tallies
from codes.book import ABSENCES
from codes.suppression import SMALLEST_SHOWN
from codes.tallies import EMPTY, NOBODY, Group, Tally
from kit import database
from kit.database import Connection
from kit.fields import written

_sql = database.statements(__file__)

FORMULAS: Mapping[str, str] = {
    "possible_sessions": "overall_attendance + overall_absence (+ not_attending_coronavirus)",
    "overall_attendance": "present_sessions + approved_educational_activity",
    "present_sessions": "/ + \\ + L",
    "overall_absence": "authorised_absence + unauthorised_absence",
    "late_sessions": "L + U",
    "attendance_perc": "100 x overall_attendance / possible_sessions, of the sums and never a mean of rates",
    "punctuality_perc": "100 x (present_sessions - L) / (present_sessions + U)",
    "pa_perc": "100 x persistent_pupils / enrolments; persistent is 10 x absence >= possible, of one's own sessions",
    "severe_perc": "100 x severe_pupils / enrolments; severe is 2 x absence >= possible",
    "enrolments": "pupils on roll with at least one possible session; who moves school is an enrolment at each",
}
"""How the figures are made."""

_SPLIT = ("authorised_absence", "unauthorised_absence", "authorised_absence_perc", "unauthorised_absence_perc")


@dataclass(frozen=True, slots=True)
class Reader:
    """Whether who reads may see pupils; if not, fewer pupils than `smallest` are not shown."""

    sees_pupils: bool
    smallest: int = SMALLEST_SHOWN


def of_pupil(counted: Tally) -> dict[str, Any]:
    """Give one enrolment's figures, with the levels that it has reached by its own possible sessions."""
    absent, possible = counted.overall_absence, counted.possible_sessions
    return {
        **tallies.figures(counted),
        **tallies.punctuality(counted),
        "persistent": tallies.is_persistent(absent, possible),
        "severe": tallies.is_severe(absent, possible),
        **tallies.days_lost(counted),
    }


def of_group(group: Group, who: Who = Who.ON_ROLL) -> dict[str, Any]:
    """Give a group's figures: rates of the pooled sums, never means of pupils' rates."""
    figures = {
        **tallies.figures(group.total),
        **tallies.punctuality(group.total),
        "enrolments": group.enrolments,
        "persistent_pupils": group.persistent_pupils,
        "pa_perc": tallies.perc(group.persistent),
        "severe_pupils": group.severe_pupils,
        "severe_perc": tallies.perc(group.severe),
        "absence_due_to_persistent_perc": tallies.perc(group.absence_due_to_persistent),
    }
    if who is Who.AGED_FOUR:
        # The DfE publishes the overall absence of those not of compulsory school age, and nothing else of it.
        figures |= dict.fromkeys(_SPLIT)
    return figures


def of_code(group: Group, code: str) -> dict[str, Any]:
    """Give the figures of one code in a group."""
    return {
        "sessions": group.total.codes.get(code, 0),
        "perc": tallies.perc(tallies.of_code(group.total, code)),
        "share_of_absence_perc": (
            tallies.perc(tallies.share_of_absence(group.total, code)) if code in ABSENCES else None
        ),
        "enrolments": group.pupils_with.get(code, 0),
        "enrolments_perc": tallies.perc(tallies.with_one_or_more(group, code)),
    }


def shown(counted: Counted, question: Question, reader: Reader) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Give the figures of the whole, and an item for each part in order, as a reader may see them."""
    whole = of_group(counted.whole, question.who)
    parted = [*_items(counted, question)]
    if reader.sees_pupils:
        return whole, [item for _, item in parted]
    return suppression.applied(counted, whole, parted, question.by, reader.smallest)


def template(question: Question, *, one_pupil: bool) -> dict[str, Any]:
    """Give the figures of nobody: the members that every row of an answer has."""
    if By.CODE in question.by:
        return of_code(NOBODY, "/")
    return of_pupil(EMPTY) if one_pupil or By.PUPIL in question.by else of_group(NOBODY)


def of_one(counted: Counted, question: Question) -> list[dict[str, Any]]:
    """Give an item for each part in order, of a question about one pupil."""
    return [item for _, item in _items(counted, question, one_pupil=True)]


def _items(counted: Counted, question: Question, *, one_pupil: bool = False) -> Iterator[tuple[Labels, dict[str, Any]]]:
    """Give each part's labels and figures, in order; by code, each code of each part."""
    by = question.by
    if not by:
        return
    if By.CODE in by:
        at = by.index(By.CODE)
        groups = counted.parts if len(by) > 1 else {(): counted.whole}
        cells = {(*key[:at], code, *key[at:]): group for key, group in groups.items() for code in group.total.codes}
        for labels in sorted(cells, key=lambda key: order(by, key)):
            yield labels, {**_called(by, labels), **of_code(cells[labels], str(labels[at]))}
        return
    for labels in sorted(counted.parts, key=lambda key: order(by, key)):
        group = counted.parts[labels]
        figures = of_pupil(group.total) if one_pupil or By.PUPIL in by else of_group(group, question.who)
        yield labels, {**_called(by, labels), **figures}


def order(by: tuple[By, ...], labels: Labels) -> tuple[tuple[int, str], ...]:
    """Give what the parts of an answer are sorted by."""
    return tuple(in_order(each, label) for each, label in zip(by, labels, strict=True))


def _called(by: tuple[By, ...], labels: Labels) -> dict[str, Any]:
    return {each.member: label for each, label in zip(by, labels, strict=True)}


async def as_of(connection: Connection, school_id: int, now: datetime) -> dict[str, Any]:
    """Say from which position figures were made, how many events were still to come, and when that was."""
    row = await _sql.as_of(connection, school_id=school_id)
    return {"seq": row["seq"], "behind": row["behind"], "at": written(now.astimezone(UTC))}
