"""What may be stated of an absence known ahead: why a plan cannot be kept, and what in one is advised against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from codes.ages import of_compulsory_age
from codes.book import Bearer, lawful
from codes.planned import GRANTED, KINDS, At, Plan, plan_from_body, within
from codes.register import Pupil
from codes.school import School

_A_WEEK = timedelta(days=7)
_DAY = timedelta(days=1)
_GUIDANCE = "Working together to improve school attendance (statutory guidance, DfE)"

OF_A_KIND = frozenset({"agreed_with", "length_days", "other_school", "review_on", "times"})
"""The members that belong to some kinds of plan and to no other."""


@dataclass(frozen=True, slots=True)
class PlanFault:
    """Why a plan cannot be kept: the path of the member at fault, such as "decision/decided_by", and a sentence."""

    member: str
    detail: str


@dataclass(frozen=True, slots=True)
class PlanWarning:
    """Something accepted that law or guidance advises against: a slug, where in the plan, what, and who says so."""

    slug: str
    member: str
    detail: str
    source: str


def first_day(body: Mapping[str, Any]) -> date:
    """The day of the first session that is asked for."""
    return plan_from_body(body).asked_first[0]


def faults(body: Mapping[str, Any], pupil: Pupil, urn: str, today: date) -> tuple[PlanFault, ...]:
    """Everything for which a plan cannot be kept; none when it can.

    `body` has the members of a recorded body, `pupil` what the roll says on the first day, `urn` is the school's own.
    Sources: SI 2024/208 regs 10(3) and 11.
    """
    plan = plan_from_body(body)
    return (
        *_of_the_code(body, plan, pupil),
        *_of_the_bounds(body, plan, pupil),
        *_of_the_kind(body, plan, urn),
        *_of_the_decision(body, plan, today),
    )


def _of_the_code(body: Mapping[str, Any], plan: Plan, pupil: Pupil) -> Iterator[PlanFault]:
    allowed, on = KINDS[plan.kind].codes, plan.asked_first[0]
    if plan.code not in allowed:
        yield PlanFault("code", f"Of this kind are {', '.join(allowed)}.")
        return
    reading = lawful(plan.code, on)
    if reading is None:
        yield PlanFault("code", f"{plan.code} is not in force on {on}.")
        return
    if reading.needs and body.get("nature") is None:
        yield PlanFault("nature", f"Code {plan.code} needs the nature of the activity or provision.")
    days = (on, (plan.asked_last or plan.asked_first)[0])
    if reading.bearer is Bearer.COMPULSORY_AGE and not all(of_compulsory_age(pupil.date_of_birth, day) for day in days):
        yield PlanFault("code", f"{plan.code} is for a pupil of compulsory school age throughout.")


def _of_the_bounds(body: Mapping[str, Any], plan: Plan, pupil: Pupil) -> Iterator[PlanFault]:
    first, last, ends_on = plan.asked_first, plan.asked_last, body.get("ends_on")
    if not any(starts <= first[0] and (ends is None or first[0] <= ends) for starts, ends in pupil.on_roll):
        yield PlanFault("from", f"The pupil is not on roll on {first[0]}.")
    if last is None:
        if KINDS[plan.kind].must_end:
            yield PlanFault("to", "This kind of absence has an end: state `to` or `ends_on`.")
    elif last < first:
        yield PlanFault("to" if body.get("to") else "ends_on", "It ends before it begins.")
    elif not _meets(plan, first, last):
        yield PlanFault("pattern", "No session of the pattern lies between its first and its last.")
    if ends_on is not None and last is not None and last[0].isoformat() > ends_on:
        yield PlanFault("to", f"It is to end on {ends_on}.")
    for n, day in enumerate(body.get("review_on") or ()):
        if not first[0] <= date.fromisoformat(day) <= (last or (date.max,))[0]:
            yield PlanFault(f"review_on/{n}", "It is reviewed while it lasts.")


def _meets(plan: Plan, first: At, last: At) -> bool:
    """Whether a plan's pattern has a session between two; after a week it begins anew."""
    span = min(last[0] - first[0], _A_WEEK)
    days = [first[0] + n * _DAY for n in range(span.days + 1)]
    sessions = [(day, session) for day in days for weekday, session in plan.pattern if weekday == day.weekday()]
    return not plan.pattern or any(within(at, first, last) for at in sessions)


def _of_the_kind(body: Mapping[str, Any], plan: Plan, urn: str) -> Iterator[PlanFault]:
    kind = KINDS[plan.kind]
    for member in sorted(kind.needs):
        if not body.get(member):
            yield PlanFault(member, f"A plan of the kind {plan.kind} states it.")
    for member in sorted(OF_A_KIND - kind.needs - kind.takes):
        if body.get(member):
            yield PlanFault(member, f"A plan of the kind {plan.kind} has no such member.")
    if body.get("other_school") == urn:
        yield PlanFault("other_school", "The other school is not this one.")
    for n, row in enumerate(body.get("times") or ()):
        if row["ends"] <= row["starts"]:
            yield PlanFault(f"times/{n}/ends", "It ends after it starts.")
    hours = body.get("session_times")
    if hours and hours["ends"] <= hours["starts"]:
        yield PlanFault("session_times/ends", "It ends after it starts.")


def _of_the_decision(body: Mapping[str, Any], plan: Plan, today: date) -> Iterator[PlanFault]:
    requested_on, decision = body.get("requested_on"), body.get("decision")
    if requested_on is not None and requested_on > today.isoformat():
        yield PlanFault("requested_on", "It lies in the future.")
    if decision is None:
        return
    decided_on = decision["decided_on"]
    if decided_on > today.isoformat():
        yield PlanFault("decision/decided_on", "It lies in the future.")
    if requested_on is not None and decided_on < requested_on:
        yield PlanFault("decision/decided_on", "It was decided before it was requested.")
    if plan.outcome == GRANTED:
        yield from _of_the_grant(decision, plan)
        return
    for member in ("from", "to"):
        if decision.get(member):
            yield PlanFault(f"decision/{member}", "Only what is granted has bounds of its own.")


def _of_the_grant(decision: Mapping[str, Any], plan: Plan) -> Iterator[PlanFault]:
    """What is wrong with a grant: leave is given by a person whom the proprietor has authorised (reg 11(1))."""
    if not decision.get("decided_by"):
        yield PlanFault("decision/decided_by", "A grant names who decided it: name and position.")
    if not within(plan.first, plan.asked_first, plan.asked_last):
        yield PlanFault("decision/from", "No more is granted than was asked for.")
    if plan.last is not None and not within(plan.last, plan.asked_first, plan.asked_last):
        yield PlanFault("decision/to", "No more is granted than was asked for.")
    elif plan.last is not None and plan.last < plan.first:
        yield PlanFault("decision/to", "What is granted ends before it begins.")


def warnings(body: Mapping[str, Any], year_group: str | None, school: School) -> tuple[PlanWarning, ...]:
    """What in a plan that can be kept law or guidance advises against.

    `not-in-advance` (leave is asked for and given before it begins), `more-than-one-day` (religious observance),
    `year-group` (study leave), `length-differs` (a suspension whose days are not the school days between its bounds).
    """
    plan = plan_from_body(body)
    return (*_retrospective(body, plan), *_of_the_span(body, plan, school), *_of_the_year_group(plan, year_group))


def _retrospective(body: Mapping[str, Any], plan: Plan) -> Iterator[PlanWarning]:
    kind = KINDS[plan.kind]
    if plan.code not in kind.in_advance:
        return
    begins, requested_on, decision = plan.first[0].isoformat(), body.get("requested_on"), body.get("decision")
    detail = f"Leave is never given retrospectively, and this begins on {begins}."
    if requested_on is not None and requested_on > begins:
        yield PlanWarning("not-in-advance", "requested_on", detail, kind.source)
    if plan.outcome == GRANTED and decision is not None and decision["decided_on"] > begins:
        yield PlanWarning("not-in-advance", "decision/decided_on", detail, kind.source)


def _of_the_span(body: Mapping[str, Any], plan: Plan, school: School) -> Iterator[PlanWarning]:
    if plan.last is None:
        return
    if plan.kind == "religious-observance" and plan.last[0] > plan.first[0]:
        detail = "R is for a day that the religious body sets apart; a further day needs leave or is unauthorised."
        yield PlanWarning("more-than-one-day", "to", detail, _GUIDANCE + ", on code R")
    length = body.get("length_days")
    days = len(school.open_days(plan.asked_first[0], plan.last[0]))
    known = all(school.calendar(at[0]) is not None for at in (plan.asked_first, plan.last))
    if length is not None and known and length != days:
        detail = f"There are {days} school days between its first and its last."
        yield PlanWarning("length-differs", "length_days", detail, "The school's own calendar")


def _of_the_year_group(plan: Plan, year_group: str | None) -> Iterator[PlanWarning]:
    # ASSUMPTION: the regulation says any public examination; that it is for Year 11 is guidance, so not refused.
    if plan.kind == "study-leave" and year_group != "11":
        detail = "Study leave is given sparingly, and for the public examinations of Year 11."
        yield PlanWarning("year-group", "code", detail, _GUIDANCE + ", on code S")
