"""What holds of one pupil at the end of a day: every rule of the alerts, asked once, over what was known by then.

Pure: what is known is an argument, and so is the instant. Most pupils were in school most of the time, so a rule is
asked only where an entry of its kind is there at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any, Protocol

from codes import acts, conduct, continuous, notices, penalty, returns, sickness, the_day
from codes.alerts import Alert
from codes.book import ABSENCES, Session
from codes.calendar import academic_year, academic_year_bounds
from codes.foretelling import foretold
from codes.grounds import DAYS_ABSENT, LEAVE
from codes.known import Entries, Known, Setting
from codes.leave import CHECKED, unfitting
from codes.levels import Lines, level, severe_without_plan
from codes.planned import GRANTED
from codes.policy import Policy
from codes.rising import ehcp_falling

DEFAULT_REFERRAL = Lines().referral_below


class Held(Protocol):
    """What a rule found: its kind, since when, what makes it the same again, and its evidence in plain values."""

    @property
    def kind(self) -> Alert: ...  # noqa: D102
    @property
    def since(self) -> date: ...  # noqa: D102
    @property
    def period(self) -> str: ...  # noqa: D102
    def evidence(self) -> dict[str, Any]: ...  # noqa: D102


_ABSENCES = frozenset(ABSENCES)
_ATTENDING = frozenset({"/", "\\", "L"})
_LATE = frozenset({"L", "U"})
_UNTOLD = frozenset({"G", "O", "U"})
_STUDY = frozenset({"S"})


@dataclass(frozen=True)
class Asked:
    """One question: what holds of a pupil at an instant of a local day, and of which years levels are spoken of."""

    setting: Setting
    known: Known
    entries: Entries
    today: date
    years: tuple[str, ...]

    @cached_property
    def policy(self) -> Policy:
        """The policy of the day."""
        return self.setting.school.policy(self.today)

    @cached_property
    def spent(self) -> frozenset[tuple[date, Session]]:
        """The sessions that notices rely on or an act has dealt with."""
        children = {notice.child for notice in self.known.notices}
        relied = [notices.spent(self.known.notices, child, self.today) for child in children]
        return acts.dealt_with(self.known.acts).union(*relied)


def judged(asked: Asked) -> tuple[Held, ...]:
    """What holds, by every rule about a single pupil, but for what people have settled.

    An alert is settled by an act that ends its kind, for that pupil and period.
    """
    settled = acts.settled(asked.known.acts)
    return tuple(held for rule in _RULES for held in rule(asked) if (held.kind, held.period) not in settled)


def _day(asked: Asked) -> Iterator[Held]:
    known, today = asked.known, asked.today
    entries = asked.entries.since_attendance(acts.explained(known.acts))
    if any(mark.unexplained for mark in entries):
        approach = asked.policy.staged_approach
        if approach.call_on_day is not None:
            yield from _one(the_day.first_day_unexplained(entries, today))
        yield from _one(the_day.not_back_after_lunch(entries, today))
        if approach.visit_on_day is not None:
            yield from _one(the_day.unexplained_day_3(entries, today, approach.visit_on_day))
    facts = known.at(today).facts
    worker, offending = facts.get("social_worker") is True, facts.get("youth_offending") is True
    if worker or offending:
        left_on = None if known.deletion is None else known.deletion.leaving
        yield from the_day.workers_to_notify(
            entries, today, social_worker=worker, youth_offending=offending, left_on=left_on
        )
    if asked.entries.any_of("N"):
        yield from _one(the_day.overdue(asked.entries.unauthorised, asked.setting.school_days, today))


def _levels(asked: Asked) -> Iterator[Held]:
    known, policy = asked.known, asked.policy
    lines = Lines(policy.at_risk_below, policy.referral_below or DEFAULT_REFERRAL, policy.levels_from_sessions)
    for year in asked.years:
        if not _may_have_level(asked.entries.codes.get(year), lines):
            continue
        on = min(asked.today, academic_year_bounds(year)[1])
        found = level(asked.entries.standing, known.date_of_birth, known.at(on).year_group or None, on, lines)
        yield from _one(found)
        yield from _one(severe_without_plan(found, has_plan=False))
        if found is not None and year == academic_year(asked.today):
            yield from _step(asked, found)
    if known.at(asked.today).facts.get("ehcp") is True:
        days = asked.setting.school_days
        yield from _one(ehcp_falling(asked.entries.standing, known.date_of_birth, days, asked.today))


def _may_have_level(codes: Counter[str] | None, lines: Lines) -> bool:
    """Whether so many absences, were all of them possible and little else, could reach a line: most pupils' cannot."""
    if codes is None:
        return False
    absent = sum(n for code, n in codes.items() if code in _ABSENCES)
    at_once = replace(lines, levels_from_sessions=1)
    return absent > 0 and at_once.gravest(absent, max(absent, codes.total() - _never_possible(codes))) is not None


def _never_possible(codes: Counter[str]) -> int:
    return sum(n for code, n in codes.items() if code not in _ABSENCES and code not in _ATTENDING)


def _step(asked: Asked, concern: Any) -> Iterator[Held]:
    """The next step of the school's staged approach to low attendance, where it has stated one."""
    steps = asked.policy.staged_approach.steps
    words = tuple(step.step for step in steps)
    taken = acts.steps_taken(asked.known.acts, concern.period, words)
    following = steps[len(taken)] if len(taken) < len(steps) else None
    if following is None or (following.after_weeks is None and taken):
        return
    possible, absent = concern.facts["possible_sessions"], concern.facts["absent_sessions"]
    if following.below is None or (possible - absent) < following.below * possible:
        after_days = 5 * (following.after_weeks or 0)
        days = asked.setting.school_days
        yield from _one(conduct.next_step_due(concern, taken, days, asked.today, words, after_days))


def _threshold(asked: Asked) -> Iterator[Held]:
    entries = asked.entries.unauthorised
    near = penalty.APPROACHING_SESSIONS
    if len(entries) < near:
        return
    weeks, born = asked.setting.school_weeks, asked.known.date_of_birth
    yield from penalty.penalty_met(entries, weeks, born, asked.spent)
    yield from _one(penalty.penalty_approaching(entries, weeks, born, asked.today, asked.spent, near))


def _absence(asked: Asked) -> Iterator[Held]:
    days, born, entries = asked.setting.school_days, asked.known.date_of_birth, asked.entries
    if entries.any_of(continuous.UNAUTHORISED, continuous.RETURN_DAYS):
        yield from continuous.unauthorised_10_days(entries.standing, days, born)
    if entries.any_of(continuous.ABSENT, 2 * DAYS_ABSENT):
        yield from _one(continuous.absent_20_days(entries.standing, days, born))
    if entries.any_of(LEAVE) and entries.standing[-1][2] in continuous.ABSENT:
        yield from _one(continuous.not_returned_from_leave(entries.standing, days, born, asked.today, _leave(asked)))
    forecasts = foretold(((each.plan, each.stated_on) for each in asked.known.plans), days)
    if forecasts or entries.any_of("I", sickness.SICK_SESSIONS):
        yield from sickness.sickness_returns(entries.spelling(), born, acts.answers(asked.known.acts), forecasts)


def _leave(asked: Asked) -> date | None:
    """The last day of the granted leave that covers the last entry of leave."""
    on, _, code = next(each for each in reversed(asked.entries.standing) if each[2] in LEAVE)
    bounds = [
        each.plan.last[0]
        for each in asked.known.plans
        if each.plan.outcome == GRANTED and each.plan.last is not None and each.plan.code == code
        if each.plan.first[0] <= on <= each.plan.last[0]
    ]
    return max(bounds, default=None)


def _conduct(asked: Asked) -> Iterator[Held]:
    entries, policy, today = asked.entries, asked.policy, asked.today
    spelling, setting = entries.spelling(), asked.setting
    late = policy.staged_approach.late
    times, weeks = (late.times, late.within_weeks) if late else (conduct.LATE_TIMES, conduct.LATE_WEEKS)
    if entries.any_of(_LATE, times):
        transport = acts.by_school_transport(asked.known.acts)
        lates = entries.with_codes(_LATE)
        yield from _one(conduct.late_repeated(lates, transport, setting.school_weeks, today, times, weeks))
    if policy.illness_evidence_after_days is not None and entries.any_of("I"):
        yield from conduct.illness_evidence(spelling, policy.illness_evidence_after_days)
    if entries.any_of("R", 2):
        yield from conduct.religious_extra_day(spelling)
    if entries.any_of("E", 1):
        yield from _one(conduct.excluded_day_6(spelling))
    if entries.any_of(_ABSENCES, conduct.RETURN_MEETING_AFTER_DAYS):
        yield from conduct.return_meeting(spelling)
    if entries.any_of(_STUDY):
        year = academic_year(today)
        of_year = [each for each in entries.with_codes(_STUDY) if academic_year(each[0]) == year]
        yield from _one(conduct.study_leave(of_year, asked.known.at(today).year_group or None, today))
    if entries.any_of(_UNTOLD):
        told = acts.told(asked.known.acts)
        absences = entries.with_codes(_UNTOLD)
        yield from _one(conduct.parents_not_told(absences, told, setting.school_days, today))


def _plans(asked: Asked) -> Iterator[Held]:
    for each in asked.known.plans:
        held = acts.reviews_held(asked.known.acts, each.plan.id)
        yield from _one(conduct.part_time_review(each.plan, each.review_on, held, asked.today))
    if asked.known.plans or asked.entries.any_of(CHECKED):
        yield from unfitting(asked.entries.standing, [each.plan for each in asked.known.plans])


def _returns(asked: Asked) -> Iterator[Held]:
    known, setting, today = asked.known, asked.setting, asked.today
    enrolled, left = known.admission, known.deletion
    # ASSUMPTION: of pupils who were there when this register began the returns were made long ago.
    if enrolled is not None and enrolled.name_entered_on >= setting.register_since:
        entered, starts = enrolled.name_entered_on, enrolled.starting_day
        group, calendar = known.first_at(starts).year_group, setting.school.calendar(starts)
        yield from _one(returns.new_pupil_return(entered, starts, group, _groups(asked, starts), calendar, today))
    if left is not None and left.stated_on >= setting.register_since:
        calendar = setting.school.calendar(left.leaving)
        yield from _one(returns.deletion_return(left, _groups(asked, left.leaving), calendar, today))


def _groups(asked: Asked, on: date) -> frozenset[str]:
    """The year groups that the school was known to have by the end of a day's academic year, if that is over.

    A nursery that is opened later makes Reception the most junior class no less.
    """
    return asked.setting.year_groups(min(asked.today, academic_year_bounds(academic_year(on))[1]))


def _one(held: Held | None) -> Iterator[Held]:
    if held is not None:
        yield held


_RULES: tuple[Callable[[Asked], Iterator[Held]], ...] = (
    _day,
    _levels,
    _threshold,
    _absence,
    _conduct,
    _plans,
    _returns,
)
