"""What holds of one pupil at the end of a day: every rule of the alerts, asked once, over what was known by then.

Pure: what is known is an argument, and so is the instant. Most pupils were in school most of the time, so a rule is
asked only where an entry of its kind is there at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any, Protocol

from codes import acts, conduct, continuous, notices, penalty, returns, sickness, the_day
from codes.acts import Act
from codes.alerts import Alert, Standing
from codes.book import ABSENCES, Session
from codes.calendar import academic_year, academic_year_bounds, school_weeks
from codes.foretelling import foretold
from codes.grounds import DAYS_ABSENT, LEAVE
from codes.leave import CHECKED, unfitting
from codes.levels import Lines, level, severe_without_plan
from codes.notices import Notice
from codes.planned import GRANTED, Plan
from codes.policy import Policy
from codes.returns import Deletion
from codes.rising import ehcp_falling
from codes.school import School
from codes.the_day import Marked

UNAUTHORISED = ("G", "N", "O", "U")
"""The codes that a threshold, a deadline or a run looks for, however long ago they were entered."""
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


@dataclass(frozen=True)
class Setting:
    """A school as it is known at the end of a day; `groups` are its year groups, each since it was known to have it.

    `register_since` is the day on which its register began.
    """

    school: School
    groups: tuple[tuple[date, str], ...] = ()
    register_since: date = date.min

    def year_groups(self, on: date) -> frozenset[str]:
        """The year groups that it was known to have on a day."""
        return frozenset(group for since, group in self.groups if since <= on)

    @cached_property
    def open_days(self) -> frozenset[date]:
        """The days with sessions."""
        return frozenset(self.school.all_open_days())

    @cached_property
    def school_days(self) -> Sequence[date]:
        """The open days that no closure took, in order."""
        return self.school.all_school_days()

    @cached_property
    def school_weeks(self) -> Sequence[date]:
        """The Mondays of weeks with a school day, in order."""
        return school_weeks(self.school_days)


@dataclass(frozen=True, slots=True)
class Placed:
    """Class, year group and facts of a pupil from a day on."""

    starts: date
    year_group: str
    class_: str | None
    facts: Mapping[str, Any]


NOWHERE = Placed(date.min, "", None, MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, the days on which it is to be reviewed, and the day on which it was stated as it stands."""

    plan: Plan
    review_on: tuple[date, ...] = ()
    stated_on: date = date.min


@dataclass(frozen=True, slots=True)
class Admission:
    """The last enrolment as the admission register has it: when the name was entered, and the day it starts."""

    name_entered_on: date
    starting_day: date


@dataclass(frozen=True)
class Known:
    """What is known of a pupil at the end of a day, but for the entries; `placed` in order."""

    date_of_birth: date
    on_roll: tuple[tuple[date, date | None], ...]
    placed: tuple[Placed, ...] = ()
    boarder: bool = False
    plans: tuple[Planned, ...] = ()
    admission: Admission | None = None
    deletion: Deletion | None = None
    acts: tuple[Act, ...] = ()
    notices: tuple[Notice, ...] = ()

    def was_on_roll(self, on: date) -> bool:
        """Whether the pupil is on roll on a day."""
        return any(first <= on and (end is None or on < end) for first, end in self.on_roll)

    def at(self, on: date) -> Placed:
        """Where the pupil is placed on a day."""
        return next((each for each in reversed(self.placed) if each.starts <= on), NOWHERE)

    def first_at(self, on: date) -> Placed:
        """Where the pupil is placed on a day, else at first after it."""
        by_then = self.at(on)
        return next(iter(self.placed), NOWHERE) if by_then is NOWHERE else by_then


@dataclass(frozen=True, slots=True)
class Entries:
    """The entries of a pupil that stand, in order, on open days and on roll.

    `standing` are all of some academic years, `replaced` beside each the first entry, where it is another;
    `unauthorised` every G, N, O and U of any year; `codes` counts `standing` by academic year and code. Of those in
    `waiting` the register is still open.
    """

    standing: Sequence[Standing]
    replaced: Sequence[str | None]
    unauthorised: Sequence[Standing]
    codes: Mapping[str, Counter[str]]
    waiting: frozenset[tuple[date, Session]] = frozenset()

    def any_of(self, codes: str | frozenset[str], least: int = 1) -> bool:
        """Whether at least so many entries with one of these codes stand."""
        return sum(n for of_year in self.codes.values() for code, n in of_year.items() if code in codes) >= least

    def with_codes(self, codes: frozenset[str]) -> Sequence[Standing]:
        """Those entries that have one of these codes."""
        return [each for each in self.standing if each[2] in codes]

    def since_attendance(self, explained: frozenset[tuple[date, Session]]) -> Sequence[Marked]:
        """The entries from the last day on which the pupil attended on: a spell of absence that lasts is in them.

        None where the last entry is an attendance. `explained` are the sessions for which somebody gave a reason.
        """
        last = len(self.standing) - 1
        while last >= 0 and not _attended(self.standing[last][2], self.standing[last][0]):
            last -= 1
        if last == len(self.standing) - 1:
            return ()
        while last > 0 and self.standing[last - 1][0] == self.standing[last][0]:
            last -= 1
        return [
            Marked(on, session, code, replaced, (on, session) in explained, (on, session) not in self.waiting)
            for (on, session, code), replaced in zip(
                self.standing[max(last, 0) :], self.replaced[max(last, 0) :], strict=True
            )
        ]


@lru_cache(maxsize=4_096)
def _attended(code: str, on: date) -> bool:
    return Marked(on, Session.AM, code).attended


_ABSENCES = frozenset(ABSENCES)
_ATTENDING = frozenset({"/", "\\", "L"})
_LATE = frozenset({"L", "U"})
_UNTOLD = frozenset({"G", "O", "U"})


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
    return absent > 0 and lines.gravest(absent, max(absent, codes.total() - _never_possible(codes))) is not None


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
        yield from sickness.sickness_returns(entries.standing, born, acts.answers(asked.known.acts), forecasts)


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
    standing, setting = entries.standing, asked.setting
    late = policy.staged_approach.late
    times, weeks = (late.times, late.within_weeks) if late else (conduct.LATE_TIMES, conduct.LATE_WEEKS)
    if entries.any_of(_LATE, times):
        transport = acts.by_school_transport(asked.known.acts)
        lates = entries.with_codes(_LATE)
        yield from _one(conduct.late_repeated(lates, transport, setting.school_weeks, today, times, weeks))
    if policy.illness_evidence_after_days is not None and entries.any_of("I"):
        yield from conduct.illness_evidence(standing, policy.illness_evidence_after_days)
    if entries.any_of("R", 2):
        yield from conduct.religious_extra_day(standing)
    if entries.any_of("E", 1):
        yield from _one(conduct.excluded_day_6(standing))
    if entries.any_of(_ABSENCES, conduct.RETURN_MEETING_AFTER_DAYS):
        yield from conduct.return_meeting(standing)
    if entries.any_of("S"):
        year = academic_year(today)
        of_year = [each for each in standing if academic_year(each[0]) == year]
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
