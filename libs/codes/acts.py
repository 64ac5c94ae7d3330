"""What people do about an alert: the words for it, which of them end which alert, and what they tell the rules.

Pure. An act says on which alert it was done, by whom and when, and with which evidence before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from codes.alerts import Alert
from codes.book import Session
from codes.calendar import academic_year_bounds
from codes.sickness import Answer


class Action(StrEnum):
    """What somebody did about an alert."""

    ACKNOWLEDGED = "acknowledged"
    # the staged approach, and support
    CALL_UNANSWERED = "call-unanswered"
    TELEPHONE_CALL = "telephone-call"
    LETTER = "letter"
    FURTHER_LETTER = "further-letter"
    MEETING = "meeting"
    HOME_VISIT = "home-visit"
    ATTENDANCE_CONTRACT = "attendance-contract"
    EARLY_HELP = "early-help"
    PLAN_OF_SUPPORT = "plan-of-support"
    REFERRAL = "referral"
    # what one kind of alert or another asks for
    REASON_GIVEN = "reason-given"
    PARENTS_TOLD = "parents-told"
    WORKER_TOLD = "worker-told"
    RETURN_MADE = "return-made"
    NOT_DUE = "not-due"
    EVIDENCE_SEEN = "evidence-seen"
    EVIDENCE_NOT_NEEDED = "evidence-not-needed"
    REVIEW_HELD = "review-held"
    SET_APART = "set-apart"
    EXAMINATION_STATED = "examination-stated"
    TRANSPORT_LATE = "transport-late"
    ENQUIRIES_MADE = "enquiries-made"
    LOOKED_INTO = "looked-into"
    DEALT_WITH = "dealt-with"


_GUIDANCE = "Working together to improve school attendance (statutory guidance, DfE)"
_STAGED = "School policies: letter, further letter, meeting"
_REG_13 = "SI 2024/208 reg 13"

MEANS: Mapping[Action, tuple[str, str]] = MappingProxyType(
    {
        Action.ACKNOWLEDGED: ("Somebody has seen the alert; it ends nothing.", "The school"),
        Action.CALL_UNANSWERED: ("A parent was called, and nobody answered.", f"{_GUIDANCE}, on unexplained absence"),
        Action.TELEPHONE_CALL: ("Somebody spoke with a parent by telephone.", f"{_GUIDANCE}, on unexplained absence"),
        Action.LETTER: ("A letter went to a parent.", _STAGED),
        Action.FURTHER_LETTER: ("A further letter went to a parent.", _STAGED),
        Action.MEETING: ("A meeting was held: with a parent, or about what the alert says.", _STAGED),
        Action.HOME_VISIT: ("Somebody went to the pupil's home.", "School policies, in line with " + _GUIDANCE),
        Action.ATTENDANCE_CONTRACT: ("An attendance contract was agreed.", "Anti-social Behaviour Act 2003 s.19"),
        Action.EARLY_HELP: ("Early help was asked for or agreed.", _GUIDANCE),
        Action.PLAN_OF_SUPPORT: ("School and authority agreed a plan of support.", f"{_GUIDANCE}, on severe absence"),
        Action.REFERRAL: ("The pupil was referred to the authority or another service.", _GUIDANCE),
        Action.REASON_GIVEN: ("Somebody gave the reason for the absence: the note.", f"{_GUIDANCE}, on first contact"),
        Action.PARENTS_TOLD: ("The parents were told of the absence.", f"{_GUIDANCE}, on informing parents"),
        Action.WORKER_TOLD: ("The social worker, or youth offending worker, was told.", _GUIDANCE),
        Action.RETURN_MADE: ("The return was made to the authority.", _REG_13),
        Action.NOT_DUE: ("No return is due, or no meeting needed, for the reason in the note.", _REG_13),
        Action.EVIDENCE_SEEN: ("Evidence of the illness is there.", f"{_GUIDANCE}, paragraphs 365 and 366"),
        Action.EVIDENCE_NOT_NEEDED: ("Evidence is not asked for.", f"{_GUIDANCE}, paragraphs 365 and 366"),
        Action.REVIEW_HELD: ("The part-time timetable was reviewed.", "SI 2024/208 reg 11(6)"),
        Action.SET_APART: ("The religious body set these days apart.", f"{_GUIDANCE}, on code R"),
        Action.EXAMINATION_STATED: ("It is for the public examination in the note.", "SI 2024/208 reg 11(5)"),
        Action.TRANSPORT_LATE: ("The school's own transport was late.", "School policies, on lateness"),
        Action.ENQUIRIES_MADE: ("Enquiries were made, jointly with the authority.", "SI 2024/208 reg 9(1)(h) and (i)"),
        Action.LOOKED_INTO: ("Somebody looked into it; the note says what came of it.", f"{_GUIDANCE}, on analysis"),
        Action.DEALT_WITH: ("It was dealt with otherwise, as the note says.", "The school"),
    }
)
"""What each means, and who says that it is done."""

NEEDS_NOTE = frozenset(
    {Action.REASON_GIVEN, Action.NOT_DUE, Action.EXAMINATION_STATED, Action.LOOKED_INTO, Action.DEALT_WITH}
)
"""Acts that say nothing without a note."""

LEVELS = frozenset({Alert.AT_RISK, Alert.REFERRAL_LINE, Alert.PERSISTENT_ABSENCE, Alert.SEVERE_ABSENCE})
"""Kinds that an act ends only once their academic year is over: until then the pupil's attendance does."""

SETTLES: Mapping[Alert, frozenset[Action]] = MappingProxyType(
    {
        Alert.SOCIAL_WORKER_NOTIFY: frozenset({Action.WORKER_TOLD}),
        Alert.YOUTH_OFFENDING_NOTIFY: frozenset({Action.WORKER_TOLD}),
        Alert.AT_RISK: frozenset({Action.DEALT_WITH}),
        Alert.REFERRAL_LINE: frozenset({Action.DEALT_WITH}),
        Alert.PERSISTENT_ABSENCE: frozenset({Action.DEALT_WITH}),
        Alert.SEVERE_ABSENCE: frozenset({Action.DEALT_WITH}),
        Alert.SEVERE_WITHOUT_PLAN: frozenset({Action.PLAN_OF_SUPPORT, Action.ATTENDANCE_CONTRACT}),
        Alert.UNAUTHORISED_10_DAYS: frozenset({Action.RETURN_MADE}),
        Alert.SICKNESS_RETURN: frozenset({Action.RETURN_MADE, Action.NOT_DUE}),
        Alert.NEW_PUPIL_RETURN: frozenset({Action.RETURN_MADE}),
        Alert.DELETION_RETURN: frozenset({Action.RETURN_MADE}),
        Alert.ILLNESS_EVIDENCE: frozenset({Action.EVIDENCE_SEEN, Action.EVIDENCE_NOT_NEEDED}),
        Alert.PART_TIME_REVIEW: frozenset({Action.REVIEW_HELD}),
        Alert.RELIGIOUS_EXTRA_DAY: frozenset({Action.SET_APART}),
        Alert.RETURN_MEETING: frozenset({Action.MEETING, Action.NOT_DUE}),
        Alert.STUDY_LEAVE: frozenset({Action.EXAMINATION_STATED}),
        Alert.ABSENT_ON_REFUSED_DATES: frozenset({Action.DEALT_WITH}),
        Alert.AMENDMENT_PATTERN: frozenset({Action.LOOKED_INTO}),
    }
)
"""Which acts end an alert for good: what is of the same kind, pupil and period is not raised again."""

# ASSUMPTION: whom somebody spoke with, wrote to or met about an absence has been told of it; a visit may find nobody.
_TELLING = frozenset({Action.TELEPHONE_CALL, Action.LETTER, Action.FURTHER_LETTER, Action.MEETING, Action.PARENTS_TOLD})
_UNEXPLAINED = frozenset({Alert.FIRST_DAY_UNEXPLAINED, Alert.NOT_BACK_AFTER_LUNCH, Alert.UNEXPLAINED_DAY_3})
_TOLD_OF = _UNEXPLAINED | {Alert.PARENTS_NOT_TOLD, Alert.PENALTY_APPROACHING, Alert.PENALTY_THRESHOLD}
STEPS = (Action.LETTER, Action.FURTHER_LETTER, Action.MEETING)
"""The steps of the staged approach, in their order."""

INFORMS: Mapping[Alert, frozenset[Action]] = MappingProxyType(
    {
        **dict.fromkeys(_UNEXPLAINED, frozenset({Action.REASON_GIVEN})),
        Alert.PARENTS_NOT_TOLD: _TELLING,
        Alert.PENALTY_THRESHOLD: frozenset({Action.DEALT_WITH}),
        Alert.LATE_REPEATED: frozenset({Action.TRANSPORT_LATE}),
        Alert.NEXT_STEP_DUE: frozenset(STEPS),
    }
)
"""Which acts end an alert as far as they go: for the sessions, or the step, that they are about, and for no others."""

_CASEWORK = frozenset(
    {
        *(Action.CALL_UNANSWERED, Action.TELEPHONE_CALL, *STEPS, Action.HOME_VISIT, Action.ATTENDANCE_CONTRACT),
        *(Action.EARLY_HELP, Action.PLAN_OF_SUPPORT, Action.REFERRAL),
    }
)
_OF_THE_SCHOOL = frozenset(
    {
        *(Alert.REGISTER_NOT_TAKEN, Alert.BELOW_TARGET, Alert.SCHOOL_UNAUTHORISED_RISING, Alert.COHORT_GAP),
        Alert.AMENDMENT_PATTERN,
    }
)
_ALSO: Mapping[Alert, frozenset[Action]] = MappingProxyType(
    {
        **dict.fromkeys(_OF_THE_SCHOOL, frozenset({Action.LOOKED_INTO, Action.MEETING})),
        **dict.fromkeys(_TOLD_OF, frozenset({Action.PARENTS_TOLD})),
        Alert.ABSENT_20_DAYS: frozenset({Action.ENQUIRIES_MADE}),
        Alert.NOT_RETURNED_FROM_LEAVE: frozenset({Action.ENQUIRIES_MADE}),
        Alert.DELETION_RETURN: frozenset({Action.ENQUIRIES_MADE}),
        Alert.PATTERN: frozenset({Action.LOOKED_INTO}),
        Alert.EHCP_FALLING: frozenset({Action.LOOKED_INTO}),
    }
)
_NONE: frozenset[Action] = frozenset()


@dataclass(frozen=True, slots=True)
class Act:
    """Something done on a day about an alert, told by its kind and period, by a named person.

    `evidence` is what the alert rested on when it was done, in plain values; of its `sessions` those that are meant.
    """

    kind: Alert
    period: str
    action: Action
    done_on: date
    name: str
    note: str | None
    evidence: Mapping[str, Any]

    @property
    def ends(self) -> str | None:
        """What it does to its alert: "for-good", "as-far-as-it-goes", or None where it ends nothing."""
        if self.action in SETTLES.get(self.kind, _NONE):
            return "for-good"
        return "as-far-as-it-goes" if self.action in INFORMS.get(self.kind, _NONE) else None

    def sessions(self) -> Iterator[tuple[date, Session]]:
        """The sessions that it is about."""
        for row in self.evidence.get("sessions", ()):
            yield date.fromisoformat(row["date"]), Session(row["session"])


def allowed(kind: Alert) -> frozenset[Action]:
    """What can be done about an alert of a kind; seeing it is no act."""
    of_the_kind = SETTLES.get(kind, _NONE) | INFORMS.get(kind, _NONE) | _ALSO.get(kind, _NONE)
    return of_the_kind if kind in _OF_THE_SCHOOL else of_the_kind | _CASEWORK


def faults(act: Act, today: date) -> Iterator[tuple[str, str]]:
    """Why an act cannot be kept, if at all: the member that is at fault, and a sentence."""
    if act.action not in allowed(act.kind):
        can = ", ".join(sorted(allowed(act.kind)))
        yield "action", f"Not for {act.kind}; for that there are: {can}."
    elif act.kind in LEVELS and act.action is Action.DEALT_WITH and not _is_over(act.period, act.done_on):
        yield "action", f"{act.kind} ends by the pupil's attendance until its academic year is over."
    if act.action in NEEDS_NOTE and not act.note:
        yield "note", f"{act.action} needs a note."
    if act.done_on > today:
        yield "done_on", "Not in the future."


def settled(acts: Iterable[Act]) -> frozenset[tuple[Alert, str]]:
    """The kinds and periods of the alerts of a pupil, or of a school, that acts have ended for good.

    A plan that was stated with an alert of low attendance is a plan where severe absence asks for one.
    """
    return frozenset(alert for act in acts for alert in _settled(act))


def _settled(act: Act) -> Iterator[tuple[Alert, str]]:
    if act.kind in LEVELS and act.action in SETTLES[Alert.SEVERE_WITHOUT_PLAN]:
        yield Alert.SEVERE_WITHOUT_PLAN, act.period
    if act.action in SETTLES.get(act.kind, _NONE) and (act.kind not in LEVELS or _is_over(act.period, act.done_on)):
        yield act.kind, act.period


def _is_over(year: str, on: date) -> bool:
    return on > academic_year_bounds(year)[1]


def answers(acts: Iterable[Act]) -> tuple[Answer, ...]:
    """What was answered to the sickness returns of a pupil."""
    return tuple(
        Answer(
            date.fromisoformat(act.period), act.done_on, act.name, act.note if act.action is Action.NOT_DUE else None
        )
        for act in acts
        if act.kind is Alert.SICKNESS_RETURN and act.action in SETTLES[Alert.SICKNESS_RETURN]
    )


def told(acts: Iterable[Act]) -> frozenset[tuple[date, Session]]:
    """The sessions that the parents of a pupil were told of, whatever code stood then."""
    return _sessions(act for act in acts if act.kind in _TOLD_OF and act.action in _TELLING)


def explained(acts: Iterable[Act]) -> frozenset[tuple[date, Session]]:
    """The sessions for which somebody gave the reason, so that nobody need call, whatever code stands."""
    return _sessions(act for act in acts if act.action is Action.REASON_GIVEN)


def by_school_transport(acts: Iterable[Act]) -> frozenset[tuple[date, Session]]:
    """The sessions for which the school's own transport was late."""
    return _sessions(act for act in acts if act.action is Action.TRANSPORT_LATE)


def dealt_with(acts: Iterable[Act]) -> frozenset[tuple[date, Session]]:
    """The sessions of thresholds that were dealt with otherwise than by a notice: they are spent."""
    return _sessions(act for act in acts if act.kind is Alert.PENALTY_THRESHOLD and act.action is Action.DEALT_WITH)


def _sessions(acts: Iterable[Act]) -> frozenset[tuple[date, Session]]:
    return frozenset(session for act in acts for session in act.sessions())


def reviews_held(acts: Iterable[Act], plan_id: str) -> int:
    """How many of the reviews of a part-time timetable were held; one that is stated twice is one."""
    reviews = (act for act in acts if act.kind is Alert.PART_TIME_REVIEW and act.action is Action.REVIEW_HELD)
    return len({act.period for act in reviews if act.evidence.get("absence") == plan_id})


def steps_taken(acts: Iterable[Act], year: str, steps: Sequence[str] = STEPS) -> tuple[date, ...]:
    """The days of the steps taken about a pupil's low attendance in an academic year, in the order of `steps`.

    Whatever line the pupil was below, and whether the step was due: a line that is passed does not begin them anew. A
    step that was taken twice counts on its first day. ASSUMPTION: one that was left out counts with the next that was
    taken, so that after a meeting nobody is asked for a letter.
    """
    first: dict[str, date] = {}
    for act in acts:
        if act.action in steps and _is_about_attendance(act, year):
            first[act.action] = min(act.done_on, first.get(act.action, act.done_on))
    if not first:
        return ()
    last = max(steps.index(step) for step in first)
    days = [first[steps[last]]]
    for step in reversed(steps[:last]):
        days.append(first.get(step, days[-1]))
    return tuple(reversed(days))


def _is_about_attendance(act: Act, year: str) -> bool:
    if act.kind is Alert.NEXT_STEP_DUE:
        return act.period.startswith(f"{year} ")
    return act.kind in LEVELS | {Alert.SEVERE_WITHOUT_PLAN} and act.period == year
